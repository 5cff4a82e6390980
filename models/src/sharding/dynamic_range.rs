//! Ranges of keys that follow size and load: a shard that grows too large or too busy is split, and neighbours that are
//! small and idle are merged (Bigtable, Chang et al., OSDI 2006, §5.2; CockroachDB's load-based splitting).
//!
//! Neighbours live together, as in all ranges. The control plane decides by what primaries report of their shards: it
//! splits at the middle of the rows, or of the accesses that were sampled. A key that has most of the accesses is
//! isolated, by a split at the key and one behind it, as Spanner's load-based splitting does; a shard that consists of
//! one key cannot be split, and is left alone. The shard that a split brings forth lies on the servers of its parent;
//! that it comes to others is a balancer's business.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shardlab_sim::{Rate, Size};

use crate::config::Checks;
use crate::rebalancing::Pair;
use crate::shard_map::ShardId;
use crate::sharding::scheme::check_shards;
use crate::sharding::{PROBE_KEYS, Partitioner, Scheme, Shards};

/// `strategy = { dynamic-range = { split = { bytes = "64MiB", load = "500/s" } } }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// Where ranges begin at first, but for the first one; a single shard if left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bounds: Vec<u64>,
    /// What a shard may have and bear before it is split.
    #[serde(default, skip_serializing_if = "Threshold::is_none")]
    pub split: Threshold,
    /// What two neighbours may have and bear together to be merged.
    #[serde(default, skip_serializing_if = "Threshold::is_none")]
    pub merge: Threshold,
    /// At most so many shards.
    #[serde(default = "most")]
    pub most: u32,
}

/// A size and a load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Threshold {
    /// Size of the rows; whatever it is, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Size>,
    /// Reads and writes a second; however many, if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Rate>,
}

/// Far more than any of these worlds needs; a load that splitting does not help is stopped by it.
const fn most() -> u32 {
    256
}

impl Threshold {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

impl Scheme for Spec {
    fn check(&self, at: &str, _servers: u32, checks: &mut Checks) {
        let at = format!("{at}.dynamic-range");
        check_shards(format!("{at}.bounds"), Some(self.bounds.len() as u32 + 1), checks);
        if !self.bounds.is_sorted_by(|one, next| one < next) || self.bounds.first() == Some(&0) {
            checks.refuse(format!("{at}.bounds"), "bounds ascend, and zero is none", "write them in order");
        }
        if (self.most as usize) <= self.bounds.len() {
            let message = format!("{} shards are there from the beginning", self.bounds.len() + 1);
            checks.refuse(format!("{at}.most"), message, "allow more shards, or give fewer bounds");
        }
        if self.split.bytes.is_some_and(|size| size.as_bytes() == 0)
            || self.split.load.is_some_and(|load| load.mean_interval_ns() <= 0.0)
        {
            checks.refuse(format!("{at}.split"), "every shard would be split for ever", "allow more");
        }
        self.check_hysteresis(&at, checks);
    }

    fn own_shards(&self) -> Option<u32> {
        Some(self.bounds.len() as u32 + 1)
    }

    fn over(&self, _shards: &[ShardId], _seed: u64) -> Partitioner {
        let starts = std::iter::once(0).chain(self.bounds.iter().copied());
        Partitioner::DynamicRange(DynamicRange::new(starts.zip((0..).map(ShardId))))
    }
}

impl Spec {
    /// What is merged must not be split at once.
    fn check_hysteresis(&self, at: &str, checks: &mut Checks) {
        if self.merge != Threshold::default() {
            let missing = [
                ("bytes", self.split.bytes.is_some() && self.merge.bytes.is_none()),
                ("load", self.split.load.is_some() && self.merge.load.is_none()),
            ];
            for (what, _) in missing.into_iter().filter(|&(_, is_missing)| is_missing) {
                let message = format!("what is merged whatever its {what} would be split again at once");
                let help = format!("give merge.{what} too, at half of what is split, or less");
                checks.refuse(format!("{at}.merge"), message, help);
            }
        }
        let sizes = self.merge.bytes.zip(self.split.bytes);
        if sizes.is_some_and(|(merge, split)| merge.as_bytes() >= split.as_bytes()) {
            let message = "what is merged would be split again at once";
            let other = (format!("{at}.split.bytes"), "this is no more");
            checks.clash(
                format!("{at}.merge.bytes"),
                message,
                other,
                "merge at half of what is split, or less",
            );
        }
        let loads = self.merge.load.zip(self.split.load);
        if loads.is_some_and(|(merge, split)| merge.mean_interval_ns() <= split.mean_interval_ns()) {
            let message = "what is merged would be split again at once";
            let other = (format!("{at}.split.load"), "this is no more");
            checks.clash(
                format!("{at}.merge.load"),
                message,
                other,
                "merge at half of what is split, or less",
            );
        }
    }
}

/// All keys, cut into ranges. Two neighbours are never of one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynamicRange {
    /// Where each range begins, ascending; the first at zero.
    starts: Vec<u64>,
    /// Whose each range is.
    owners: Vec<ShardId>,
}

/// From the first key to just before the second, or to the end of all.
pub type Range = (u64, Option<u64>);

impl DynamicRange {
    /// Ranges that begin there, ascending and the first at zero, each with its owner.
    #[must_use]
    pub fn new(ranges: impl Iterator<Item = (u64, ShardId)>) -> Self {
        let mut joined = Self { starts: Vec::new(), owners: Vec::new() };
        for (start, owner) in ranges {
            assert!(joined.starts.last().map_or(start == 0, |&last| last < start), "ranges are in order");
            if joined.owners.last() != Some(&owner) {
                joined.starts.push(start);
                joined.owners.push(owner);
            }
        }
        joined
    }

    /// Where a key stands: a probe stands beside the keys that it stands for.
    #[inline]
    #[must_use]
    pub const fn position(key: u64) -> u64 {
        key % PROBE_KEYS
    }

    #[inline]
    fn place(&self, position: u64) -> usize {
        self.starts.partition_point(|&start| start <= position) - 1
    }

    /// The ranges of a shard, in order.
    #[must_use]
    pub fn ranges_of(&self, shard: ShardId) -> Vec<Range> {
        let range = |place: usize| (self.starts[place], self.starts.get(place + 1).copied());
        (0..self.owners.len()).filter(|&place| self.owners[place] == shard).map(range).collect()
    }

    /// Shards with neighbouring ranges, in order: the lower one first.
    #[must_use]
    pub fn neighbours(&self) -> Vec<Pair> {
        self.owners.windows(2).map(|owners| (owners[0], owners[1])).collect()
    }

    /// The same, but what `shard` owns from `at` to the end of that range is `new`'s; nothing where `at` is not within a
    /// range of `shard`, its first key excluded.
    #[must_use]
    pub fn split(&self, shard: ShardId, at: u64, new: ShardId) -> Option<Self> {
        let place = self.place(at);
        if self.owners[place] != shard || self.starts[place] == at {
            return None;
        }
        let mut ranges: Vec<(u64, ShardId)> = self.ranges().collect();
        ranges.insert(place + 1, (at, new));
        Some(Self::new(ranges.into_iter()))
    }

    /// The same, but all that `from` owns is `into`'s; nothing where they are no neighbours.
    #[must_use]
    pub fn merge(&self, from: ShardId, into: ShardId) -> Option<Self> {
        let are_neighbours = |&pair: &Pair| pair == (from, into) || pair == (into, from);
        let owner = |owner| if owner == from { into } else { owner };
        let merged = || Self::new(self.ranges().map(|(start, of)| (start, owner(of))));
        self.neighbours().iter().any(are_neighbours).then(merged)
    }

    fn ranges(&self) -> impl Iterator<Item = (u64, ShardId)> + '_ {
        self.starts.iter().copied().zip(self.owners.iter().copied())
    }

    /// Between which shards keys move when `next` takes its place.
    pub(super) fn moves_to(&self, next: &Self) -> BTreeSet<Pair> {
        let starts = self.starts.iter().chain(&next.starts);
        let pairs = starts.map(|&start| (self.owners[self.place(start)], next.owners[next.place(start)]));
        pairs.filter(|(source, target)| source != target).collect()
    }
}

impl Shards for DynamicRange {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        self.owners[self.place(Self::position(key))]
    }

    fn count(&self) -> u32 {
        self.owners.iter().max().map_or(0, |last| last.0 + 1)
    }

    fn shards(&self) -> Vec<ShardId> {
        let shards: BTreeSet<ShardId> = self.owners.iter().copied().collect();
        shards.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ShardId = ShardId(0);
    const B: ShardId = ShardId(1);
    const C: ShardId = ShardId(2);

    fn two() -> DynamicRange {
        DynamicRange::new([(0, A), (100, B)].into_iter())
    }

    #[test]
    fn a_split_gives_the_upper_part_away_and_a_merge_takes_it_back() {
        let three = two().split(B, 150, C).expect("150 is within");
        assert_eq!([99, 100, 149, 150].map(|key| three.shard_of(key)), [A, B, B, C]);
        assert_eq!(two().moves_to(&three), [(B, C)].into());
        assert_eq!(three.ranges_of(B), [(100, Some(150))]);
        assert_eq!(three.neighbours(), [(A, B), (B, C)]);
        assert_eq!(three.merge(C, B), Some(two()));
    }

    #[test]
    fn what_cannot_be_split_or_merged_is_not() {
        assert_eq!(two().split(B, 100, C), None);
        assert_eq!(two().split(A, 100, C), None);
        let three = two().split(B, 150, C).expect("150 is within");
        assert_eq!(three.merge(A, C), None);
    }

    /// A threshold alone, or one of merging that is no lower, would split and merge for ever.
    #[test]
    fn merging_needs_lower_thresholds_of_the_same_kinds() {
        let bytes = |bytes| Threshold { bytes: Some(Size(bytes)), load: None };
        let load = |rate| Threshold { bytes: None, load: Rate::from_per_second(rate).ok() };
        let refused = |split, merge| {
            let spec = Spec { bounds: Vec::new(), split, merge, most: 10 };
            let mut checks = Checks::default();
            spec.check("sharding.strategy", 1, &mut checks);
            checks.result().is_err()
        };
        assert!(!refused(bytes(100), bytes(50)));
        assert!(!refused(load(100), load(50)));
        assert!(!refused(load(100), Threshold::default()));
        assert!(refused(bytes(100), bytes(100)));
        assert!(refused(load(100), load(200)));
        assert!(refused(bytes(100), load(50)), "what is merged may be of any size");
        assert!(refused(bytes(0), Threshold::default()));
    }
}
