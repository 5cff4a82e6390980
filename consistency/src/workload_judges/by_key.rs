//! Several sets or counters in one history, each judged on its own: Jepsen's `independent`.

use super::{WorkloadOperation, WorkloadReport};
use crate::history::index;
use crate::recorded::Names;
use crate::{Found, ModelVerdict};

/// What happened to each of several things.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ByKey<History> {
    /// What happened to each key, in the order in which they were first named.
    pub parts: Vec<Part<History>>,
    /// The line of every operation, by its place in the whole history.
    lines: Vec<u32>,
}

/// What happened to one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part<History> {
    /// Its name; none where there is but one thing, which has no name.
    pub key: Option<String>,
    /// What happened to it.
    pub history: History,
    /// Where each of its operations stands in the whole history.
    places: Vec<usize>,
}

/// An action and what it is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keyed<Action> {
    /// Number of the key; none of what nobody named, such as a read that was never answered.
    pub key: Option<u32>,
    pub action: Action,
}

impl<History> ByKey<History> {
    /// A history of one thing, which has no name.
    pub fn one(history: History, lines: Vec<u32>) -> Self {
        let places = (0..lines.len()).collect();
        Self { parts: vec![Part { key: None, history, places }], lines }
    }

    /// The operations of each key apart; `part` makes a history of them.
    pub(crate) fn split<Action: Copy>(
        keys: &Names,
        operations: &[WorkloadOperation<Keyed<Action>>],
        mut part: impl FnMut(&[WorkloadOperation<Action>]) -> History,
    ) -> Self {
        let mut of_keys: Vec<(Vec<WorkloadOperation<Action>>, Vec<usize>)> =
            vec![Default::default(); keys.len()];
        for (place, operation) in operations.iter().enumerate() {
            let Keyed { key, action } = operation.action;
            let Some(key) = key else { continue };
            let (of_key, places) = &mut of_keys[key as usize];
            of_key.push(operation.with(action));
            places.push(place);
        }
        let parts = of_keys.into_iter().enumerate().map(|(key, (operations, places))| Part {
            key: Some(keys.name(index(key))),
            history: part(&operations),
            places,
        });
        Self { parts: parts.collect(), lines: operations.iter().map(|operation| operation.line).collect() }
    }

    /// How many operations there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The line on which an operation was invoked, by its place in the whole history.
    pub fn line(&self, operation: usize) -> u32 {
        self.lines[operation]
    }

    /// Judges each key by itself, and sums up.
    pub fn judge(&self, judge: impl Fn(&History) -> WorkloadReport) -> WorkloadReport {
        let reports = self.parts.iter().map(|part| {
            let mut report = judge(&part.history);
            for explanation in report.found.iter_mut().map(|found| &mut found.explanation) {
                explanation.involved.iter_mut().for_each(|place| *place = part.places[*place]);
            }
            match &part.key {
                Some(key) => report.about(key),
                None => report,
            }
        });
        WorkloadReport::summed(reports)
    }
}

impl WorkloadReport {
    /// The same, saying of which key it speaks.
    pub(crate) fn about(mut self, key: &str) -> Self {
        for found in &mut self.found {
            found.explanation.words.iter_mut().for_each(|words| *words = format!("key {key}: {words}"));
        }
        self
    }

    /// One report of many: broken if any is; open if none tells anything, for the reason that the first one gives.
    pub(crate) fn summed(reports: impl IntoIterator<Item = Self>) -> Self {
        let mut found: Vec<Found> = Vec::new();
        let mut tallies: Vec<(&'static str, u64)> = Vec::new();
        let (mut untested, mut untested_keys, mut holds) = (None, 0, false);
        for report in reports {
            match report.verdict {
                ModelVerdict::Holds => holds = true,
                ModelVerdict::Unknown(reason) => {
                    untested_keys += 1;
                    untested = untested.or(Some(reason));
                }
                ModelVerdict::Broken(_) => {}
            }
            for more in report.found {
                match found.iter_mut().find(|known| known.anomaly == more.anomaly) {
                    Some(known) => known.count += more.count,
                    None => found.push(more),
                }
            }
            for (name, count) in report.tallies {
                match tallies.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, known)) => *known += count,
                    None => tallies.push((name, count)),
                }
            }
        }
        found.sort_by_key(|found| found.anomaly);
        if untested_keys > 0 && (holds || !found.is_empty()) {
            tallies.push(("keys untested", untested_keys));
        }
        let verdict = match untested {
            _ if !found.is_empty() => ModelVerdict::Broken(found.iter().map(|found| found.anomaly).collect()),
            Some(reason) if !holds => ModelVerdict::Unknown(reason),
            _ => ModelVerdict::Holds,
        };
        Self { found, verdict, tallies }
    }
}

#[cfg(test)]
mod tests {
    use super::super::pictures::ok;
    use super::super::{CounterAction, CounterHistory, CounterOptions, judge_counter};
    use super::*;
    use crate::Anomaly;

    /// Each row is a key and an action, one after the other.
    fn check(rows: &[(&str, CounterAction)]) -> WorkloadReport {
        let mut keys = Names::default();
        let operations: Vec<_> = (0..)
            .zip(rows)
            .map(|(number, &(key, action))| {
                ok(0, 2 * number, 2 * number + 1, Keyed { key: Some(keys.word(key)), action })
            })
            .collect();
        let part = |operations: &[_]| CounterHistory { operations: operations.to_vec() };
        ByKey::split(&keys, &operations, part).judge(|of| judge_counter(of, &CounterOptions::default()))
    }

    #[test]
    fn each_key_counts_for_itself_and_the_worst_verdict_stands() {
        use CounterAction::{Add, Read};
        let good = check(&[("x", Add(1)), ("y", Add(5)), ("x", Read(1)), ("y", Read(5))]);
        assert_eq!((good.verdict, good.tallies), (ModelVerdict::Holds, vec![("reads", 2)]));
        let bad = check(&[("x", Add(1)), ("y", Add(5)), ("x", Read(1)), ("y", Read(4)), ("y", Read(6))]);
        assert_eq!(bad.verdict, ModelVerdict::Broken(vec![Anomaly::WrongCount]));
        let found = &bad.found[0];
        assert_eq!((found.count, &found.explanation.involved[..]), (2, &[3][..]));
        assert_eq!(
            found.explanation.words,
            ["key y: process 0 read 4, though the counter must have been 5."]
        );
    }

    #[test]
    fn a_key_that_was_never_read_leaves_the_verdict_to_the_others() {
        use CounterAction::{Add, Read};
        let part = check(&[("x", Add(1)), ("y", Read(0))]);
        assert_eq!((part.verdict, part.tallies.last()), (ModelVerdict::Holds, Some(&("keys untested", 1))));
        let unread = ModelVerdict::Unknown("no read of the counter was answered".into());
        assert_eq!(check(&[("x", Add(1)), ("y", Add(1))]).verdict, unread);
    }
}
