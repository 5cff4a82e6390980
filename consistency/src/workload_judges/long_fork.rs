//! Keys that are written once, and reads of groups of them: no two reads see two writes in opposite orders.
//!
//! Of two reads of the same keys, one must have seen all that the other saw. Sorted by how much they saw, each must
//! have seen all that the one before it saw: neighbours show every fork. Jepsen's `long-fork`.

use std::collections::BTreeMap;

use super::{Findings, WorkloadOperation, WorkloadReport, acknowledged};
use crate::history::index;
use crate::recorded::{Names, ValueId};
use crate::{Anomaly, Outcome};

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongForkAction {
    /// Writes a key for the only time.
    Write {
        /// The key.
        key: u32,
        /// Its value.
        value: ValueId,
    },
    /// Reads a group of keys.
    Read {
        /// Where they begin in [`LongForkHistory::values_read`].
        first: u32,
        /// How many there are.
        count: u32,
    },
}

/// What clients did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LongForkHistory {
    /// The operations, `invoked` ascending.
    pub operations: Vec<WorkloadOperation<LongForkAction>>,
    /// What all reads returned: keys and their values, [`ValueId::NIL`] before the write.
    pub values_read: Vec<(u32, ValueId)>,
    /// The keys' names.
    pub keys: Names,
    /// The values' names.
    pub values: Names,
}

impl LongForkHistory {
    /// Records what one read returned.
    pub fn push_read(&mut self, values: impl IntoIterator<Item = (u32, ValueId)>) -> LongForkAction {
        let first = index(self.values_read.len());
        self.values_read.extend(values);
        LongForkAction::Read { first, count: index(self.values_read.len()) - first }
    }
}

/// Judges the reads of groups of keys. Reads of different groups are not compared.
///
/// ```
/// use shardlab_consistency::recorded::ValueId;
/// use shardlab_consistency::workload_judges::*;
/// use shardlab_consistency::{Anomaly, ModelVerdict, Outcome};
///
/// let mut history = LongForkHistory::default();
/// let (x, y) = (history.keys.word("x"), history.keys.word("y"));
/// let one = ValueId(history.values.integer(1));
/// let saw_x = history.push_read([(x, one), (y, ValueId::NIL)]);
/// let saw_y = history.push_read([(x, ValueId::NIL), (y, one)]);
/// let (write_x, write_y) = (LongForkAction::Write { key: x, value: one }, LongForkAction::Write { key: y, value: one });
/// for (process, action) in (0..).zip([write_x, write_y, saw_x, saw_y]) {
///     let (outcome, invoked, completed, line) = (Outcome::Ok, process, 4 + process, 0);
///     history.operations.push(WorkloadOperation { process, outcome, invoked, completed, line, action });
/// }
///
/// let report = judge_long_fork(&history);
/// assert_eq!(report.verdict, ModelVerdict::Broken(vec![Anomaly::LongFork]));
/// assert_eq!(
///     report.found[0].explanation.words,
///     ["process 2 saw the write of x but not that of y; process 3 saw that of y but not that of x."],
/// );
/// ```
pub fn judge_long_fork(history: &LongForkHistory) -> WorkloadReport {
    let mut findings = Findings::default();
    let written = match history.written() {
        Ok(written) => written,
        Err(reason) => return findings.report(Some(&reason), Vec::new()),
    };
    let mut groups: BTreeMap<Vec<u32>, Vec<Read>> = BTreeMap::new();
    for (place, _) in acknowledged(&history.operations) {
        if let Some((keys, read)) = history.read(place, &written, &mut findings) {
            groups.entry(keys).or_default().push(read);
        }
    }
    let compared = groups.iter().filter(|(keys, reads)| keys.len() > 1 && reads.len() > 1).count();
    for (keys, reads) in &mut groups {
        compare(history, keys, reads, &mut findings);
    }
    let untested = (compared == 0).then_some("no two reads of the same two keys were answered");
    findings.report(untested, vec![("groups", groups.len() as u64), ("compared-groups", compared as u64)])
}

/// Of each key of a group, in its order, whether the read saw its write.
struct Read {
    place: usize,
    saw: Vec<bool>,
}

impl Read {
    fn count(&self) -> usize {
        self.saw.iter().filter(|saw| **saw).count()
    }

    /// The first key whose write this one saw and the other did not.
    fn beyond(&self, other: &Self) -> Option<usize> {
        self.saw.iter().zip(&other.saw).position(|(mine, theirs)| *mine && !theirs)
    }
}

/// What was written to each key, if it was not aborted.
type Written = BTreeMap<u32, ValueId>;

impl LongForkHistory {
    /// # Errors
    /// Where a key may have been written twice: the workload is another one then.
    fn written(&self) -> Result<Written, String> {
        let mut written = Written::new();
        for operation in self.operations.iter().filter(|operation| operation.outcome != Outcome::Fail) {
            let LongForkAction::Write { key, value } = operation.action else { continue };
            if written.insert(key, value).is_some() {
                return Err(format!("key {} is written more than once", self.keys.name(key)));
            }
        }
        Ok(written)
    }

    /// A read's keys, ascending, and what it saw of them. Values that nobody wrote are reported.
    fn read(&self, place: usize, written: &Written, findings: &mut Findings) -> Option<(Vec<u32>, Read)> {
        let LongForkAction::Read { first, count } = self.operations[place].action else { return None };
        let mut values = self.values_read[first as usize..][..count as usize].to_vec();
        values.sort_unstable();
        for &(key, value) in values.iter().filter(|(_, value)| *value != ValueId::NIL) {
            if written.get(&key) != Some(&value) {
                findings.add(Anomaly::GarbageRead, &[place], || {
                    let who = self.operations[place].who();
                    let (key, value) = (self.keys.name(key), self.values.value(value));
                    format!("{who} read {key} = {value}, which nobody wrote.")
                });
            }
        }
        let saw = values.iter().map(|(_, value)| *value != ValueId::NIL).collect();
        Some((values.into_iter().map(|(key, _)| key).collect(), Read { place, saw }))
    }
}

fn compare(history: &LongForkHistory, keys: &[u32], reads: &mut [Read], findings: &mut Findings) {
    reads.sort_by_key(|read| (read.count(), read.place));
    for pair in reads.windows(2) {
        // The one that saw less saw something else: then the other did too.
        let (Some(mine), Some(theirs)) = (pair[0].beyond(&pair[1]), pair[1].beyond(&pair[0])) else {
            continue;
        };
        findings.add(Anomaly::LongFork, &[pair[0].place, pair[1].place], || {
            let [one, other] = [&pair[0], &pair[1]].map(|read| history.operations[read.place].who());
            let [mine, theirs] = [mine, theirs].map(|place| history.keys.name(keys[place]));
            format!(
                "{one} saw the write of {mine} but not that of {theirs}; {other} saw that of {theirs} but not that \
                 of {mine}."
            )
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::pictures::{fail, info, ok};
    use super::*;
    use crate::ModelVerdict;

    /// Reads of four keys, `1` where the write was seen. Keys 0 to 2 were written, key 2 perhaps; key 3 was aborted.
    fn verdict(reads: &[&str]) -> (ModelVerdict, u64) {
        let mut history = LongForkHistory::default();
        let one = ValueId(history.values.integer(1));
        let keys: Vec<u32> = (0..4).map(|key| history.keys.integer(key)).collect();
        let write = |key: usize| LongForkAction::Write { key: keys[key], value: one };
        history.operations.extend([
            ok(0, 0, 1, write(0)),
            ok(0, 2, 3, write(1)),
            info(0, 4, write(2)),
            fail(0, 5, 6, write(3)),
        ]);
        for (read, rank) in reads.iter().zip((10..).step_by(2)) {
            let value = |digit| if digit == '1' { one } else { ValueId::NIL };
            let action = history.push_read(keys.iter().copied().zip(read.chars().map(value)));
            history.operations.push(ok(1, rank, rank + 1, action));
        }
        let report = judge_long_fork(&history);
        let forks = report.found.iter().find(|found| found.anomaly == Anomaly::LongFork);
        (report.verdict, forks.map_or(0, |found| found.count))
    }

    #[test]
    fn every_pair_of_three_reads_is_compared() {
        let all: Vec<String> = (0..8).map(|bits| format!("{bits:03b}")).collect();
        for one in &all {
            for other in &all {
                for third in &all {
                    let within = |a: &str, b: &str| a.chars().zip(b.chars()).all(|(a, b)| a <= b);
                    let ordered = |a: &str, b: &str| within(a, b) || within(b, a);
                    let right = ordered(one, other) && ordered(one, third) && ordered(other, third);
                    let (verdict, _) = verdict(&[one, other, third]);
                    assert_eq!(verdict == ModelVerdict::Holds, right, "{one} {other} {third}");
                }
            }
        }
    }

    #[test]
    fn values_that_nobody_wrote_are_garbage() {
        let garbage = ModelVerdict::Broken(vec![Anomaly::GarbageRead]);
        assert_eq!(verdict(&["1111", "0000"]), (garbage, 0));
    }

    #[test]
    fn too_little_is_unknown() {
        assert!(matches!(verdict(&["1000"]).0, ModelVerdict::Unknown(_)));
        // Different groups are not compared.
        assert!(matches!(verdict(&["10", "010"]).0, ModelVerdict::Unknown(_)));
    }

    #[test]
    fn a_key_written_twice_is_another_workload() {
        let mut history = LongForkHistory::default();
        let key = history.keys.word("x");
        for rank in [0, 2] {
            let value = ValueId(history.values.integer(rank.into()));
            history.operations.push(ok(0, rank, rank + 1, LongForkAction::Write { key, value }));
        }
        let reason = "key x is written more than once".into();
        assert_eq!(judge_long_fork(&history).verdict, ModelVerdict::Unknown(reason));
    }
}
