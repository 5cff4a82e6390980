//! A counter that is added to: every read lies between the least and the most that may have been added by then.
//!
//! At least all that was acknowledged before the read began has been added, and at most all that was invoked before it
//! ended and did not fail. An addition of unknown outcome may take effect at any later time, or never. With negative
//! amounts each sign counts for its own bound. Jepsen's `counter`.

use super::{Findings, WorkloadOperation, WorkloadReport, acknowledged};
use crate::recorded::Rank;
use crate::{Anomaly, Outcome};

/// What an operation on a counter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CounterAction {
    /// Adds an amount, which may be negative.
    Add(i64),
    /// Reads the counter.
    Read(i64),
}

/// What clients of one counter did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CounterHistory {
    /// The operations, `invoked` ascending.
    pub operations: Vec<WorkloadOperation<CounterAction>>,
}

/// What a counter promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CounterOptions {
    /// What it begins with.
    pub initial: i64,
}

/// Judges the reads of a counter, each in logarithmic time.
///
/// ```
/// use shardlab_consistency::workload_judges::*;
/// use shardlab_consistency::{Anomaly, ModelVerdict, Outcome};
///
/// let operation = |invoked, action| WorkloadOperation {
///     process: 0,
///     outcome: Outcome::Ok,
///     invoked,
///     completed: invoked + 1,
///     line: 0,
///     action,
/// };
/// let operations = vec![operation(0, CounterAction::Add(5)), operation(2, CounterAction::Read(3))];
/// let report = judge_counter(&CounterHistory { operations }, &CounterOptions::default());
/// assert_eq!(report.verdict, ModelVerdict::Broken(vec![Anomaly::WrongCount]));
/// assert_eq!(report.found[0].explanation.words, ["process 0 read 3, though the counter must have been 5."]);
/// ```
pub fn judge_counter(history: &CounterHistory, options: &CounterOptions) -> WorkloadReport {
    let mut findings = Findings::default();
    let bounds = Bounds::new(history, options.initial);
    let mut reads = 0;
    for (place, operation) in acknowledged(&history.operations) {
        let CounterAction::Read(value) = operation.action else { continue };
        reads += 1;
        let (least, most) = bounds.at(operation);
        if !(least..=most).contains(&i128::from(value)) {
            findings.add(Anomaly::WrongCount, &[place], || {
                let range =
                    if least == most { format!("{least}") } else { format!("from {least} to {most}") };
                format!("{} read {value}, though the counter must have been {range}.", operation.who())
            });
        }
    }
    let untested = (reads == 0).then_some("no read of the counter was answered");
    findings.report(untested, vec![("reads", reads)])
}

/// Sums of positive and of negative amounts, up to any rank.
struct Bounds {
    initial: i128,
    /// By completion, of additions that were acknowledged.
    certain: Sums,
    /// By invocation, of additions that did not fail.
    possible: Sums,
}

impl Bounds {
    fn new(history: &CounterHistory, initial: i64) -> Self {
        let adds = || {
            history.operations.iter().filter_map(|operation| match operation.action {
                CounterAction::Add(amount) => Some((operation, amount)),
                CounterAction::Read(_) => None,
            })
        };
        let certain = adds().filter(|(operation, _)| operation.outcome == Outcome::Ok);
        let possible = adds().filter(|(operation, _)| operation.outcome != Outcome::Fail);
        Self {
            initial: initial.into(),
            certain: Sums::new(certain.map(|(operation, amount)| (operation.completed, amount))),
            possible: Sums::new(possible.map(|(operation, amount)| (operation.invoked, amount))),
        }
    }

    /// The least and the most a read may return.
    fn at(&self, read: &WorkloadOperation<CounterAction>) -> (i128, i128) {
        let certain = self.certain.before(read.invoked);
        let possible = self.possible.before(read.completed);
        (
            self.initial + certain.positive + possible.negative,
            self.initial + possible.positive + certain.negative,
        )
    }
}

/// Running sums, by rank ascending.
struct Sums(Vec<Sum>);

#[derive(Clone, Copy, Default)]
struct Sum {
    /// This amount is the last one that is in it.
    rank: Rank,
    positive: i128,
    negative: i128,
}

impl Sums {
    fn new(amounts: impl Iterator<Item = (Rank, i64)>) -> Self {
        let mut amounts: Vec<(Rank, i64)> = amounts.collect();
        amounts.sort_unstable();
        let mut sum = Sum::default();
        let add = |(rank, amount): (Rank, i64)| {
            let positive = sum.positive + i128::from(amount.max(0));
            sum = Sum { rank, positive, negative: sum.negative + i128::from(amount.min(0)) };
            sum
        };
        Self(amounts.into_iter().map(add).collect())
    }

    fn before(&self, rank: Rank) -> Sum {
        let count = self.0.partition_point(|sum| sum.rank < rank);
        count.checked_sub(1).map_or_else(Sum::default, |last| self.0[last])
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::pictures::{fail, info, ok};
    use super::*;
    use crate::ModelVerdict;
    use CounterAction::{Add, Read};

    fn verdict(operations: Vec<WorkloadOperation<CounterAction>>) -> ModelVerdict {
        judge_counter(&CounterHistory { operations }, &CounterOptions { initial: 10 }).verdict
    }

    fn broken() -> ModelVerdict {
        ModelVerdict::Broken(vec![Anomaly::WrongCount])
    }

    #[test]
    fn reads_lie_between_what_was_acknowledged_and_what_was_tried() {
        let rows: &[(i64, bool)] = &[(11, false), (12, true), (14, true), (15, false), (18, false)];
        for &(value, right) in rows {
            let operations = vec![
                ok(0, 0, 1, Add(2)),
                fail(0, 2, 3, Add(100)),
                ok(0, 4, 9, Add(2)),
                ok(1, 5, 6, Read(value)),
                ok(1, 7, 8, Add(4)),
            ];
            let expected = if right { ModelVerdict::Holds } else { broken() };
            assert_eq!(verdict(operations), expected, "{value}");
        }
    }

    #[test]
    fn an_unknown_addition_may_come_late_or_never() {
        for value in [10, 13] {
            assert_eq!(verdict(vec![info(0, 0, Add(3)), ok(1, 8, 9, Read(value))]), ModelVerdict::Holds);
        }
        assert_eq!(verdict(vec![info(0, 0, Add(-3)), ok(1, 8, 9, Read(11))]), broken());
        assert_eq!(verdict(vec![info(0, 0, Add(-3)), ok(1, 8, 9, Read(7))]), ModelVerdict::Holds);
    }

    #[test]
    fn no_read_is_unknown() {
        assert!(matches!(verdict(vec![ok(0, 0, 1, Add(1))]), ModelVerdict::Unknown(_)));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(1), ..ProptestConfig::default() })]

        /// Against every choice of the additions that may have been applied by then.
        #[test]
        fn bounds_are_those_of_all_choices(rows in vec((-3..4i64, 0..12u32, 0..6u32, 0..3u8), 0..8), value in -15..16i64) {
            let operations: Vec<_> = rows.iter().map(|&(amount, invoked, took, outcome)| {
                // Invocations are even and completions odd, so that none share a rank.
                let (invoked, completed) = (2 * invoked, 2 * (invoked + took) + 1);
                match outcome {
                    0 => info(0, invoked, Add(amount)),
                    1 => fail(0, invoked, completed, Add(amount)),
                    _ => ok(0, invoked, completed, Add(amount)),
                }
            }).collect();
            let read = ok(1, 10, 15, Read(value));
            let sums = (0..1u32 << rows.len()).filter_map(|choice| {
                let chosen = |place: usize| choice & 1 << place != 0;
                let allowed = operations.iter().enumerate().all(|(place, add)| {
                    let certain = add.outcome == Outcome::Ok && add.completed < read.invoked;
                    let possible = add.outcome != Outcome::Fail && add.invoked < read.completed;
                    if chosen(place) { possible } else { !certain }
                });
                let sum: i64 = rows.iter().enumerate().filter(|(place, _)| chosen(*place)).map(|(_, row)| row.0).sum();
                allowed.then_some(10 + sum)
            });
            let sums: Vec<i64> = sums.collect();
            let right = (sums.iter().min() <= Some(&value)) && (Some(&value) <= sums.iter().max());
            let all = operations.into_iter().chain([read]).collect();
            prop_assert_eq!(verdict(all) == ModelVerdict::Holds, right);
        }
    }
}
