//! Ids that transactions draw from counters: each reads one and adds to it, and what it read is its id.

use super::{Finding, models};
use crate::recorded::ValueId;
use crate::recorded::ranking::{Span, ranks};
use crate::workload_judges::{UniqueIdsHistory, WorkloadOperation, judge_unique_ids};
use crate::{Anomaly, Case, History, MicroOperation, Transaction};

const ANOMALIES: [Anomaly; 1] = [Anomaly::DuplicateId];

/// The names of what this judge can find.
pub(super) const NAMES: [&str; 1] = models::names(ANOMALIES);

pub(super) fn judge(case: &Case<'_>) -> Finding {
    let history = drawn(case.history);
    if history.operations.is_empty() {
        return Finding::unknown("no transaction drew an id");
    }
    let report = judge_unique_ids(&history);
    models::of_rule(&report.verdict, &report.found, &ANOMALIES)
}

/// The transactions that draw ids, of which only those matter whose client was told one. The counters count each for
/// itself: an id is a number and whose it is.
fn drawn(history: &History) -> UniqueIdsHistory {
    let draws: Vec<(&Transaction, Draw)> = history
        .transactions
        .iter()
        .filter_map(|transaction| Some((transaction, draw(history.steps(transaction))?)))
        .collect();
    let spans: Vec<Span> = draws.iter().map(|(transaction, _)| Span::of(transaction)).collect();
    let mut drawn = UniqueIdsHistory::default();
    for ((transaction, draw), (invoked, completed)) in draws.into_iter().zip(ranks(&spans)) {
        let &Transaction { process, outcome, .. } = transaction;
        let Draw { counter, value } = draw;
        let action = Some(ValueId(drawn.values.word(&format!("{value} of counter {counter}"))));
        drawn.operations.push(WorkloadOperation { process, outcome, invoked, completed, line: 0, action });
    }
    drawn.operations.sort_by_key(|operation| operation.invoked);
    drawn
}

struct Draw {
    counter: u64,
    value: i64,
}

/// One counter, read and added to.
fn draw(steps: &[MicroOperation]) -> Option<Draw> {
    match *steps {
        [MicroOperation::Read { key, value }, MicroOperation::Add { key: added, .. }] if key == added => {
            Some(Draw { counter: key, value })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Evidence, Outcome};

    fn check(rows: &[(u64, i64, Outcome)], expected: &str) {
        let mut history = History::default();
        for (id, &(key, value, outcome)) in (1..).zip(rows) {
            let transaction = Transaction::new(id, id as u32, outcome, id * 10, id * 10 + 5);
            let steps = [MicroOperation::Read { key, value }, MicroOperation::Add { key, delta: 1 }];
            history.push_transaction(transaction, &steps);
        }
        // Whoever only reads draws nothing, and a transfer touches two accounts.
        let other = |id| Transaction::new(id, 0, Outcome::Ok, 0, 1);
        history.push_transaction(other(98), &[MicroOperation::Read { key: 1, value: 5 }]);
        let transfer = [MicroOperation::Read { key: 1, value: 5 }, MicroOperation::Add { key: 2, delta: 1 }];
        history.push_transaction(other(99), &transfer);
        assert_eq!(judge(&Case::new(&history, &Evidence::default())).verdict.to_string(), expected);
    }

    #[test]
    fn a_number_is_drawn_once_from_each_counter() {
        use Outcome::{Fail, Info, Ok};
        check(&[(1, 5, Ok), (1, 6, Ok), (2, 5, Ok)], "pass");
        check(
            &[(1, 5, Ok), (2, 5, Ok), (1, 5, Ok)],
            "fail: duplicate-id: process 1 and process 3 were both given the id 5 of counter 1.",
        );
        check(&[(1, 5, Ok), (1, 5, Fail), (1, 5, Info)], "pass");
        check(&[(1, 5, Info)], "unknown: no id was handed out");
        check(&[], "unknown: no transaction drew an id");
    }
}
