//! Reads of values that were written, seen, and then lost.
//!
//! To show a value is to promise it as much as to acknowledge its write, so this breaks durability
//! even where the writer was never told `ok`.

use super::{Finding, NO_VERSION_ORDER, earliest};
use crate::{Case, RegisterReport, Witness, words};

/// A read of a value that was written and did not survive.
pub(super) const VANISHED_READ: &str = "vanished-read";

pub(super) fn judge(case: &Case<'_>) -> Finding {
    let Some(report) = case.registers() else { return Finding::unknown(NO_VERSION_ORDER) };
    let untested = (report.reads == 0).then(|| "no read returned a value".to_string());
    Finding::new(witness(case, report), untested)
        .with("anomalies.vanished-read", report.vanished_reads.len() as f64)
}

fn witness(case: &Case<'_>, report: &RegisterReport) -> Option<Witness> {
    let position = earliest(case.history, report.vanished_reads.iter().copied())?;
    let read = &case.history.operations[position];
    let observed = read.observed().expect("only reads return what vanished");
    let writer = words::writer(case.history, read.key, observed).expect("what vanished had been written");
    let write = words::write(&case.history.operations[writer]);
    let words = format!("{}; {write}; nothing that survives holds it", words::read(read, observed));
    Some(Witness {
        operations: vec![position, writer],
        ..Witness::new(VANISHED_READ, report.vanished_reads.len() as u64, words)
    })
}

#[cfg(test)]
mod tests {
    use crate::pictures::check;

    #[test]
    fn a_value_that_was_seen_must_survive() {
        let picture = "
            a  |- w1? -|
            b      |- r1 -|
        ";
        check("vanished-reads", picture, "1", "pass");
        check(
            "vanished-reads",
            picture,
            "",
            "fail: vanished-read: process 1 read value 1 from key 42 between 0.004 s and 0.011 s; process 0 wrote \
             value 1 to key 42 at 0.000 s and was never told the outcome; nothing that survives holds it",
        );
    }

    #[test]
    fn what_nobody_wrote_has_not_vanished() {
        check("vanished-reads", "a  |- r1 -|", "", "pass");
    }

    #[test]
    fn without_reads_nothing_is_known() {
        check("vanished-reads", "a  |- w1 -|", "1", "unknown: no read returned a value");
    }
}
