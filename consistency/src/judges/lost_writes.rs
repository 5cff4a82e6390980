//! Acknowledged writes that did not survive.

use super::{Finding, NO_VERSION_ORDER, earliest};
use crate::{Case, Operation, RegisterReport, Witness, words};

/// An acknowledged write that did not survive.
pub(super) const LOST_WRITE: &str = "lost-write";

pub(super) fn judge(case: &Case<'_>) -> Finding {
    let Some(report) = case.registers() else { return Finding::unknown(NO_VERSION_ORDER) };
    let untested = (report.acknowledged_writes == 0).then(|| "no write was acknowledged".to_string());
    Finding::new(witness(case, report), untested)
        .with("writes.acked", report.acknowledged_writes as f64)
        .with("writes.lost", report.lost_writes.len() as f64)
        .with("anomalies.lost-write", report.lost_writes.len() as f64)
}

fn witness(case: &Case<'_>, report: &RegisterReport) -> Option<Witness> {
    let position = earliest(case.history, report.lost_writes.iter().copied())?;
    let lost = &case.history.operations[position];
    let next = next_survivor(case, lost);
    let after = match next.map(|next| &case.history.operations[next]) {
        Some(next) => format!("the next surviving write to key {} is {}", lost.key, next.value),
        None => format!("no later write to key {} survives either", lost.key),
    };
    let words = format!("{}; nothing that survives holds it; {after}", words::write(lost));
    Some(Witness {
        operations: [Some(position), next].into_iter().flatten().collect(),
        ..Witness::new(LOST_WRITE, report.lost_writes.len() as u64, words)
    })
}

/// Of the surviving writes to the same key that were invoked after the lost one ended, the first.
fn next_survivor(case: &Case<'_>, lost: &Operation) -> Option<usize> {
    let versions = case.evidence.version_order.as_ref()?.of(lost.key);
    let follows = |operation: &Operation| {
        operation.key == lost.key
            && operation.invoked >= lost.completed
            && operation.written().is_some_and(|id| versions.first_rank(id).is_some())
    };
    let operations = case.history.operations.iter().enumerate();
    let later = operations.filter(|(_, operation)| follows(operation));
    later.min_by_key(|(_, operation)| operation.invoked).map(|(position, _)| position)
}

#[cfg(test)]
mod tests {
    use crate::pictures::check;

    #[test]
    fn an_acknowledged_write_must_survive() {
        let picture = "
            a  |-- w1 --| |-- w2 --|
            b                          |-- w3 --|
        ";
        check("lost-writes", picture, "1 2 3", "pass");
        check(
            "lost-writes",
            picture,
            "1 3",
            "fail: lost-write: process 0 wrote value 2 to key 42 at 0.011 s and was told ok at 0.020 s; \
             nothing that survives holds it; the next surviving write to key 42 is 3",
        );
        check(
            "lost-writes",
            picture,
            "",
            "fail: lost-write, one of 3: process 0 wrote value 1 to key 42 at 0.000 s and was told ok at \
             0.009 s; nothing that survives holds it; no later write to key 42 survives either",
        );
    }

    #[test]
    fn a_write_of_unknown_or_failed_outcome_may_be_gone() {
        check("lost-writes", "a  |- w1 -| |- w2? -| |- w3! -|", "1", "pass");
    }

    #[test]
    fn without_an_acknowledged_write_nothing_is_known() {
        check("lost-writes", "a  |- w1? -| |- r1 -|", "1", "unknown: no write was acknowledged");
    }

    #[test]
    fn an_id_that_survives_under_another_key_is_lost() {
        let lost = "fail: lost-write: process 0 wrote value 1 to key 120 at 0.000 s and was told ok at 0.009 s; \
                    nothing that survives holds it; no later write to key 120 survives either";
        check("lost-writes", "a  |- x.w1 -|", "y.1", lost);
    }
}
