//! Ids that are handed out: no two requests that were answered got the same.

use super::{Findings, WorkloadOperation, WorkloadReport, acknowledged};
use crate::Anomaly;
use crate::recorded::{Names, ValueId};

/// What clients of a generator of ids were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UniqueIdsHistory {
    /// The requests, `invoked` ascending, and the id each was given.
    pub operations: Vec<WorkloadOperation<Option<ValueId>>>,
    /// The ids' names.
    pub values: Names,
}

/// Judges ids. Only those that were acknowledged count: what a client never heard, it never used.
///
/// ```
/// use shardlab_consistency::recorded::ValueId;
/// use shardlab_consistency::workload_judges::*;
/// use shardlab_consistency::{Anomaly, ModelVerdict, Outcome};
///
/// let mut history = UniqueIdsHistory::default();
/// let id = ValueId(history.values.integer(7));
/// for process in 0..2 {
///     let (outcome, invoked, completed, line) = (Outcome::Ok, process, 2 + process, 0);
///     history.operations.push(WorkloadOperation { process, outcome, invoked, completed, line, action: Some(id) });
/// }
///
/// let report = judge_unique_ids(&history);
/// assert_eq!(report.verdict, ModelVerdict::Broken(vec![Anomaly::DuplicateId]));
/// assert_eq!(report.found[0].explanation.words, ["process 0 and process 1 were both given the id 7."]);
/// ```
pub fn judge_unique_ids(history: &UniqueIdsHistory) -> WorkloadReport {
    let mut findings = Findings::default();
    let mut owner: Vec<Option<usize>> = vec![None; history.values.len()];
    let mut answered = 0;
    for (place, operation) in acknowledged(&history.operations) {
        // An answer without an id is none.
        let Some(id) = operation.action.filter(|&id| id != ValueId::NIL) else { continue };
        answered += 1;
        let Some(first) = owner[id.0 as usize] else {
            owner[id.0 as usize] = Some(place);
            continue;
        };
        findings.add(Anomaly::DuplicateId, &[first, place], || {
            let [one, other] = [&history.operations[first], operation].map(WorkloadOperation::who);
            format!("{one} and {other} were both given the id {}.", history.values.value(id))
        });
    }
    let untested = (answered == 0).then_some("no id was handed out");
    findings.report(untested, vec![("acknowledged", answered)])
}

#[cfg(test)]
mod tests {
    use super::super::pictures::{fail, info, ok};
    use super::*;
    use crate::ModelVerdict;

    /// `7` is an answer, `7?` and `7!` are none, `-` is an answer without an id.
    fn check(text: &str, duplicates: u64, verdict: &ModelVerdict) {
        let mut history = UniqueIdsHistory::default();
        for (word, rank) in text.split_whitespace().zip((0..).step_by(2)) {
            let number = word.trim_end_matches(['?', '!']).parse().ok();
            let id = number.map(|number| ValueId(history.values.integer(number)));
            history.operations.push(match word.chars().last() {
                Some('?') => info(0, rank, id),
                Some('!') => fail(0, rank, rank + 1, id),
                _ => ok(0, rank, rank + 1, id),
            });
        }
        let report = judge_unique_ids(&history);
        assert_eq!(&report.verdict, verdict, "{text}");
        assert_eq!(report.found.first().map_or(0, |found| found.count), duplicates, "{text}");
    }

    #[test]
    fn an_id_is_handed_out_once() {
        let broken = ModelVerdict::Broken(vec![Anomaly::DuplicateId]);
        check("1 2 3", 0, &ModelVerdict::Holds);
        check("1 2 1 1 2", 3, &broken);
        check("1 1? 1!", 0, &ModelVerdict::Holds);
        let unknown = ModelVerdict::Unknown("no id was handed out".into());
        check("", 0, &unknown);
        check("1? - -", 0, &unknown);
    }
}
