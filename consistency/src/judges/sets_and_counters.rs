//! Sets and counters, each by its own rule: no element that was acknowledged is missing later, and no counter is read
//! outside of what its additions allow.

use std::collections::BTreeMap;

use super::{Finding, models};
use crate::recorded::ValueId;
use crate::recorded::ranking::{Span, ranks};
use crate::workload_judges::{
    CounterAction, CounterHistory, CounterOptions, SetAction, SetHistory, SetOptions, WorkloadOperation,
    WorkloadReport, judge_counter, judge_set,
};
use crate::{Anomaly, Case, History, MicroOperation, Transaction};

const ANOMALIES: [Anomaly; 4] =
    [Anomaly::DuplicateElements, Anomaly::LostElement, Anomaly::UnexpectedElement, Anomaly::WrongCount];

/// The names of what this judge can find.
pub(super) const NAMES: [&str; 4] = models::names(ANOMALIES);

pub(super) fn judge(case: &Case<'_>) -> Finding {
    let by_key = ByKey::of(case.history);
    if by_key.is_more {
        return Finding::unknown("what is in the sets was not added in transactions of its own");
    }
    let initial = case.evidence.counters_begin_with;
    let sets = by_key
        .sets
        .iter()
        .map(|(key, set)| judge_set(set, &SetOptions { linearizable: true }).about(&key.to_string()));
    let counters = by_key
        .counters
        .iter()
        .map(|(key, counter)| judge_counter(counter, &CounterOptions { initial }).about(&key.to_string()));
    let reports: Vec<WorkloadReport> = sets.chain(counters).collect();
    if reports.is_empty() {
        return Finding::unknown("no set was read and no counter");
    }
    let WorkloadReport { verdict, found, .. } = WorkloadReport::summed(reports);
    models::of_rule(&verdict, &found, &ANOMALIES)
}

/// What happened to each set and to each counter.
#[derive(Default)]
struct ByKey {
    /// Lists are not sets alone: what is in them came in transactions of several steps, too.
    is_more: bool,
    sets: BTreeMap<u64, SetHistory>,
    counters: BTreeMap<u64, CounterHistory>,
}

impl ByKey {
    fn of(history: &History) -> Self {
        let spans: Vec<Span> = history.transactions.iter().map(Span::of).collect();
        let mut ranked: Vec<_> = history.transactions.iter().zip(ranks(&spans)).collect();
        ranked.sort_by_key(|&(_, (invoked, _))| invoked);
        // Transactions of several steps have models to keep, and a bank's a rule of its own.
        let mut by_key = Self::default();
        for (transaction, (invoked, completed)) in ranked {
            let &Transaction { process, outcome, .. } = transaction;
            let operation = WorkloadOperation { process, outcome, invoked, completed, line: 0, action: () };
            match history.steps(transaction) {
                [step] => {
                    by_key.take_of_set(history, &operation, step);
                    by_key.take_of_counter(&operation, step);
                }
                steps => by_key.is_more |= steps.iter().any(is_of_list),
            }
        }
        by_key
    }

    fn take_of_set(&mut self, history: &History, operation: &WorkloadOperation<()>, step: &MicroOperation) {
        let set = match step {
            MicroOperation::Append { key, .. } | MicroOperation::ReadList { key, .. } => {
                self.sets.entry(*key).or_default()
            }
            _ => return,
        };
        let action = match *step {
            MicroOperation::Append { value, .. } => SetAction::Add(ValueId(set.values.unsigned(value))),
            MicroOperation::ReadList { start, length, .. } => {
                let elements: Vec<ValueId> = history
                    .list(start, length)
                    .iter()
                    .map(|&element| ValueId(set.values.unsigned(element)))
                    .collect();
                set.push_elements(elements)
            }
            _ => return,
        };
        set.operations.push(operation.with(action));
    }

    fn take_of_counter(&mut self, operation: &WorkloadOperation<()>, step: &MicroOperation) {
        let (key, action) = match *step {
            MicroOperation::Add { key, delta } => (key, CounterAction::Add(delta)),
            MicroOperation::Read { key, value } => (key, CounterAction::Read(value)),
            _ => return,
        };
        self.counters.entry(key).or_default().operations.push(operation.with(action));
    }
}

fn is_of_list(step: &MicroOperation) -> bool {
    matches!(step, MicroOperation::Append { .. } | MicroOperation::ReadList { .. })
}
