//! Reads that returned an older version than one acknowledged before they began.

use super::{Finding, NO_VERSION_ORDER};
use crate::{Case, RegisterReport, Staleness, Witness, words};

/// A read of an older version than one acknowledged before the read began.
pub(super) const STALE_READ: &str = "stale-read";

pub(super) fn judge(case: &Case<'_>) -> Finding {
    let Some(report) = case.registers() else { return Finding::unknown(NO_VERSION_ORDER) };
    let mut finding = Finding::new(witness(case, report), untested(report))
        .with("anomalies.stale-read", report.stale_reads.len() as f64);
    finding.metrics.extend(Staleness::new(report).iter().flat_map(Staleness::metrics));
    finding
}

fn untested(report: &RegisterReport) -> Option<String> {
    let reason = match (report.reads, report.placed_reads(), report.acknowledged_writes) {
        (0, _, _) => "no read returned a value",
        (_, 0, _) => "no read returned a value that survived",
        (_, _, 0) => "no write was acknowledged, so no read could be stale",
        _ => return None,
    };
    Some(reason.into())
}

fn witness(case: &Case<'_>, report: &RegisterReport) -> Option<Witness> {
    let operations = &case.history.operations;
    let stale = report
        .stale_reads
        .iter()
        .min_by_key(|stale| (operations[stale.read as usize].invoked, stale.read))?;
    let (read, missed) = (&operations[stale.read as usize], &operations[stale.missed as usize]);
    let words = format!(
        "{}, though {}; that is {} newer, and the value read had been overwritten for {}",
        words::read(read, read.observed().expect("only reads are stale")),
        words::write(missed),
        words::counted(stale.versions_behind.into(), "version"),
        words::time(stale.overwritten_for_ns),
    );
    let count = report.stale_reads.len() as u64;
    let operations = vec![stale.read as usize, stale.missed as usize];
    Some(Witness { operations, ..Witness::new(STALE_READ, count, words) })
}

#[cfg(test)]
mod tests {
    use crate::pictures::{check, finding};

    #[test]
    fn a_read_after_the_write_was_acknowledged_must_return_it() {
        let picture = "
            a  |-- w1 --|     |-- w2 --|
            b                             |-- r1 --|
        ";
        check(
            "stale-reads",
            picture,
            "1 2",
            "fail: stale-read: process 1 read value 1 from key 42 between 0.027 s and 0.036 s, though \
             process 0 wrote value 2 to key 42 at 0.015 s and was told ok at 0.024 s; \
             that is 1 version newer, and the value read had been overwritten for 0.003 s",
        );
    }

    #[test]
    fn a_read_beside_the_write_may_return_either() {
        let either = |read: &str| {
            format!(
                "
            a  |-- w1 --|   |---- w2 -----|
            b                    |-- {read} --|
            "
            )
        };
        check("stale-reads", &either("r1"), "1 2", "pass");
        check("stale-reads", &either("r2"), "1 2", "pass");
    }

    #[test]
    fn the_true_order_decides_not_the_order_of_acknowledgement() {
        let picture = "
            a  |----- w1 -----|
            b     |- w2 -|
            c                   |- r2 -|
        ";
        check(
            "stale-reads",
            picture,
            "2 1",
            "fail: stale-read: process 2 read value 2 from key 42 between \
             0.017 s and 0.024 s, though process 0 wrote value 1 to key 42 at 0.000 s and was told ok at 0.015 s; \
             that is 1 version newer, and the value read had been overwritten for 0.002 s",
        );
        check("stale-reads", picture, "1 2", "pass");
    }

    #[test]
    fn staleness_counts_versions_and_time_since_the_first_newer_one() {
        let picture = "
            a  |- w1 -| |- w2 -| |- w3 -|
            b                             |- r0 -|
            c                             |- r3 -|
        ";
        let metrics = finding("stale-reads", picture, "1 2 3").metrics;
        let metric = |name| metrics.iter().find(|metric| metric.name == name).map(|metric| metric.value);
        assert_eq!(metric("staleness.p_fresh"), Some(0.5));
        assert_eq!(metric("staleness.versions_behind_max"), Some(3.0));
        assert_eq!(metric("staleness.overwritten_max_ms"), Some(20.0));
        assert_eq!(metric("staleness.overwritten_p50_ms"), Some(0.0));
        assert_eq!(metric("anomalies.stale-read"), Some(1.0));
    }

    #[test]
    fn a_write_that_was_never_acknowledged_obliges_nobody() {
        let picture = "
            a  |- w1 -| |- w2? -|
            b                      |- r1 -|
        ";
        check("stale-reads", picture, "1 2", "pass");
    }

    #[test]
    fn keys_do_not_mix() {
        let picture = "
            a  |- x.w1 -| |- y.w2 -|
            b                        |- x.r1 -| |- y.r2 -|
        ";
        check("stale-reads", picture, "x.1 y.2", "pass");
    }

    #[test]
    fn a_read_modify_write_reads_too() {
        let picture = "
            a  |- w1 -|
            b            |- m0>2 -|
        ";
        check(
            "stale-reads",
            picture,
            "1 2",
            "fail: stale-read: process 1 read the initial value from key 42 \
             between 0.010 s and 0.019 s, before it wrote, though process 0 wrote value 1 to key 42 at 0.000 s \
             and was told ok at 0.007 s; that is 1 version newer, and the value read had been overwritten for 0.003 s",
        );
    }

    #[test]
    fn without_reads_or_writes_nothing_is_known() {
        check("stale-reads", "a  |- w1 -|", "1", "unknown: no read returned a value");
        check(
            "stale-reads",
            "a  |- r0 -|",
            "",
            "unknown: no write was acknowledged, so no read could be stale",
        );
        let vanished = "
            a  |- w1 -|
            b            |- r1 -|
        ";
        check("stale-reads", vanished, "", "unknown: no read returned a value that survived");
    }
}
