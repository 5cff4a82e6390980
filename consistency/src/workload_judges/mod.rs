//! Workloads with a rule of their own: what an operation may return follows from what the others did, and needs no
//! model of consistency to say.
//!
//! Each workload is one file: its history, its options, its judge.

mod bank;
mod by_key;
mod counter;
mod long_fork;
mod set;
mod unique_ids;

pub use bank::{BankAction, BankHistory, BankOptions, judge_bank};
pub(crate) use by_key::Keyed;
pub use by_key::{ByKey, Part};
pub use counter::{CounterAction, CounterHistory, CounterOptions, judge_counter};
pub use long_fork::{LongForkAction, LongForkHistory, judge_long_fork};
pub use set::{SetAction, SetHistory, SetOptions, judge_set};
pub use unique_ids::{UniqueIdsHistory, judge_unique_ids};

use std::collections::BTreeMap;

use crate::recorded::Rank;
use crate::{Anomaly, Explanation, Found, ModelVerdict, Outcome};

/// One operation of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkloadOperation<Action> {
    /// The client that invoked it; it has one operation open at a time.
    pub process: u32,
    /// What the client was told.
    pub outcome: Outcome,
    /// When it was invoked.
    pub invoked: Rank,
    /// When the client heard the outcome; [`crate::recorded::NEVER`] where it is [`Outcome::Info`].
    pub completed: Rank,
    /// The line of its invocation in the file it was read from, from 1; 0 where there is no file.
    pub line: u32,
    /// What it does. What a read returned counts only where the outcome is `Ok`.
    pub action: Action,
}

/// What a workload's judge says of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkloadReport {
    /// Everything found, in the order of [`Anomaly`].
    pub found: Vec<Found>,
    /// Whether the workload's rule holds.
    pub verdict: ModelVerdict,
    /// What was counted on the way, by name.
    pub tallies: Vec<(&'static str, u64)>,
}

/// Gathers what is found, the first of each kind explained.
#[derive(Default)]
struct Findings {
    found: BTreeMap<Anomaly, Found>,
}

impl Findings {
    /// `involved` are places of operations.
    fn add(&mut self, anomaly: Anomaly, involved: &[usize], words: impl FnOnce() -> String) {
        let first = || Found {
            anomaly,
            count: 0,
            explanation: Explanation { words: vec![words()], cycle: Vec::new(), involved: involved.to_vec() },
        };
        self.found.entry(anomaly).or_insert_with(first).count += 1;
    }

    /// Broken by what was found; else unknown, where there is a reason.
    fn report(self, untested: Option<&str>, tallies: Vec<(&'static str, u64)>) -> WorkloadReport {
        let found: Vec<Found> = self.found.into_values().collect();
        let verdict = match untested {
            _ if !found.is_empty() => ModelVerdict::Broken(found.iter().map(|found| found.anomaly).collect()),
            Some(reason) => ModelVerdict::Unknown(reason.into()),
            None => ModelVerdict::Holds,
        };
        WorkloadReport { found, verdict, tallies }
    }
}

impl<Action> WorkloadOperation<Action> {
    /// The same with something else to do.
    pub(crate) fn with<Other>(&self, action: Other) -> WorkloadOperation<Other> {
        let &Self { process, outcome, invoked, completed, line, .. } = self;
        WorkloadOperation { process, outcome, invoked, completed, line, action }
    }

    /// `process 3`, with the line where there is one.
    fn who(&self) -> String {
        match self.line {
            0 => format!("process {}", self.process),
            line => format!("process {} (line {line})", self.process),
        }
    }
}

/// The operations that were told `ok`, with their places.
fn acknowledged<Action>(
    operations: &[WorkloadOperation<Action>],
) -> impl Iterator<Item = (usize, &WorkloadOperation<Action>)> {
    operations.iter().enumerate().filter(|(_, operation)| operation.outcome == Outcome::Ok)
}

#[cfg(test)]
mod pictures;
