//! Reads of values that nobody wrote, or whose write was reported as failed (Adya 1999: G1a).

use super::{Finding, NO_VERSION_ORDER, earliest};
use crate::{Case, RegisterReport, Witness, words};

/// A read of a value that nobody wrote, or whose write was reported as failed.
pub(super) const DIRTY_READ: &str = "dirty-read";

pub(super) fn judge(case: &Case<'_>) -> Finding {
    let Some(report) = case.registers() else { return Finding::unknown(NO_VERSION_ORDER) };
    let untested = (report.reads == 0).then(|| "no read returned a value".to_string());
    Finding::new(witness(case, report), untested)
        .with("anomalies.dirty-read", report.dirty_reads.len() as f64)
}

fn witness(case: &Case<'_>, report: &RegisterReport) -> Option<Witness> {
    let position = earliest(case.history, report.dirty_reads.iter().copied())?;
    let read = &case.history.operations[position];
    let observed = read.observed().expect("only reads are dirty");
    let writer = words::writer(case.history, read.key, observed);
    let origin = match writer.map(|writer| &case.history.operations[writer]) {
        Some(write) => format!("yet {}", words::write(write)),
        None => "which nobody wrote".into(),
    };
    let words = format!("{}, {origin}", words::read(read, observed));
    Some(Witness {
        operations: [Some(position), writer].into_iter().flatten().collect(),
        ..Witness::new(DIRTY_READ, report.dirty_reads.len() as u64, words)
    })
}

#[cfg(test)]
mod tests {
    use crate::pictures::check;

    #[test]
    fn a_value_nobody_wrote_is_dirty() {
        let picture = "
            a  |- w1 -|
            b            |- r7 -|
        ";
        let dirty = "fail: dirty-read: process 1 read value 7 from key 42 between 0.010 s and 0.017 s, \
                     which nobody wrote";
        check("dirty-reads", picture, "1", dirty);
    }

    #[test]
    fn a_value_whose_write_failed_is_dirty_even_if_it_survived() {
        let picture = "
            a  |- w1! -|
            b             |- r1 -|
        ";
        let dirty = "fail: dirty-read: process 1 read value 1 from key 42 between 0.011 s and 0.018 s, yet \
                     process 0 wrote value 1 to key 42 at 0.000 s and was told at 0.008 s that it failed";
        check("dirty-reads", picture, "", dirty);
        check("dirty-reads", picture, "1", dirty);
    }

    #[test]
    fn a_value_of_unknown_outcome_is_not_dirty() {
        check("dirty-reads", "a  |- w1? -| |- r1 -|", "", "pass");
        check("dirty-reads", "a  |- w1? -| |- r1 -| |- r0 -|", "1", "pass");
    }

    #[test]
    fn without_reads_nothing_is_known() {
        check("dirty-reads", "a  |- w1 -| |- r1? -| |- r1! -|", "1", "unknown: no read returned a value");
    }
}
