//! Partitions by time: one for every so many days, created ahead of time and given up as a whole when they are old
//! (PostgreSQL documentation, *Table Partitioning*, with pg_partman; TimescaleDB's chunks and `drop_chunks`).
//!
//! Partition `p` has the days from `p × width` to just before `(p + 1) × width`. A maintenance job, which is the control
//! plane's, looks at its clock every so often and creates what will soon be needed. A row of a day that no partition is
//! there for goes to the default partition, from which it has to be moved when the job comes; without a default it is
//! refused. What is older than the retention is detached (nobody is asked for it any more, and it stays on disk) or
//! dropped: no row is deleted, so that it costs the same whatever it holds. A partition may be cut by a hash of another
//! column, since else today's is one hot shard.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Checks;
use crate::hash::mix;
use crate::rebalancing::Pair;
use crate::shard_map::ShardId;
use crate::sharding::probes::plain;
use crate::sharding::scheme::check_shards;
use crate::sharding::{Maintenance, Partitioner, Scheme, Shards};

/// A position is a day, and above these bits the part of its partition.
const DAY_BITS: u32 = 40;
/// Days are below this.
pub const MOST_DAYS: u64 = 1 << DAY_BITS;
/// Parts that a partition may be cut into: the position has to fit into a key.
const MOST_PARTS: u64 = 1 << 8;

/// `strategy = { time-partitions = { partitions = 90, maintenance = { day = "500ms", every = "250ms", today = 90 } } }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// Days of one partition.
    #[serde(default = "one")]
    pub width: u64,
    /// How many are there at first: from day zero on.
    pub partitions: u32,
    /// What a partition is cut by; it is one shard if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Parts>,
    /// Whether rows that no partition is there for are kept in one of their own; else they are refused.
    #[serde(default = "yes")]
    pub default: bool,
    /// The job by which partitions come and go; if left out, they stay as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<Maintenance>,
}

/// What a partition is cut by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Parts {
    /// The column whose hash leads to a part.
    pub by: String,
    /// How many there are.
    pub count: u32,
}

const fn one() -> u64 {
    1
}

const fn yes() -> bool {
    true
}

impl Spec {
    /// How many shards a partition is.
    pub(super) fn cut_into(&self) -> u32 {
        self.parts.as_ref().map_or(1, |parts| parts.count)
    }
}

impl Scheme for Spec {
    fn check(&self, at: &str, _servers: u32, checks: &mut Checks) {
        let at = format!("{at}.time-partitions");
        checks.count(format!("{at}.width"), self.width, MOST_DAYS, "days in a partition");
        check_shards(format!("{at}.partitions"), Some(self.partitions), checks);
        if let Some(parts) = &self.parts {
            checks.count(format!("{at}.parts.count"), u64::from(parts.count), MOST_PARTS, "parts");
            check_shards(format!("{at}.partitions"), self.own_shards(), checks);
        }
        if let Some(maintenance) = &self.maintenance {
            maintenance.check(&format!("{at}.maintenance"), self.width, checks);
        }
    }

    fn own_shards(&self) -> Option<u32> {
        Some(self.partitions.saturating_mul(self.cut_into()).saturating_add(1))
    }

    fn over(&self, _shards: &[ShardId], _seed: u64) -> Partitioner {
        Partitioner::TimePartitions(TimePartitions {
            width: self.width,
            parts: self.cut_into(),
            first: self.partitions,
            created: self.partitions,
            expired: 0,
            has_default: self.default,
        })
    }
}

/// All days, cut into partitions. Those from day zero on are there, some of them maybe gone; what comes after is the
/// default's.
///
/// Shards are numbered in the order in which they come: those of the first partitions, the default's, those of the
/// partitions that are created later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimePartitions {
    width: u64,
    parts: u32,
    /// How many were there from the beginning.
    first: u32,
    /// How many there are, those that are gone included.
    created: u32,
    /// How many are gone.
    expired: u32,
    has_default: bool,
}

impl TimePartitions {
    /// The position of a row of that day in the part that a value of the other column leads to.
    #[must_use]
    pub fn position(day: u64, value: u64, parts: u32) -> u64 {
        let part = mix(value) % u64::from(parts.max(1));
        part << DAY_BITS | day
    }

    /// All positions of a day.
    pub fn positions(&self, day: u64) -> impl Iterator<Item = u64> + use<> {
        (0..u64::from(self.parts)).map(move |part| part << DAY_BITS | day)
    }

    /// Days of one partition.
    #[must_use]
    pub const fn width(&self) -> u64 {
        self.width
    }

    /// How many parts a partition has.
    #[must_use]
    pub const fn parts(&self) -> u32 {
        self.parts
    }

    /// How many partitions there are, those that are gone included.
    #[must_use]
    pub const fn created(&self) -> u32 {
        self.created
    }

    /// How many are gone.
    #[must_use]
    pub const fn expired(&self) -> u32 {
        self.expired
    }

    /// The shard of what no partition is there for.
    #[must_use]
    pub const fn rest(&self) -> ShardId {
        ShardId(self.first * self.parts)
    }

    /// Whether that keeps rows.
    #[must_use]
    pub const fn has_default(&self) -> bool {
        self.has_default
    }

    /// The same with so many partitions.
    #[must_use]
    pub fn with_created(&self, created: u32) -> Self {
        Self { created: created.max(self.created), ..self.clone() }
    }

    /// The same without the oldest.
    #[must_use]
    pub fn with_expired(&self, expired: u32) -> Self {
        Self { expired: expired.clamp(self.expired, self.created), ..self.clone() }
    }

    fn shard(&self, partition: u32, part: u32) -> ShardId {
        ShardId(partition * self.parts + part + u32::from(partition >= self.first))
    }

    /// The partition of a shard and the part of it; none of the default's.
    #[must_use]
    pub fn part_of(&self, shard: ShardId) -> Option<(u32, u32)> {
        let rest = self.rest();
        let place = shard.0 - u32::from(shard > rest);
        (shard != rest).then(|| (place / self.parts, place % self.parts))
    }

    /// Whether a shard's partition is gone.
    #[must_use]
    pub fn is_expired(&self, shard: ShardId) -> bool {
        self.part_of(shard).is_some_and(|(partition, _)| partition < self.expired)
    }

    /// The partition of a position, whether it is there or not.
    #[must_use]
    pub fn partition_of(&self, position: u64) -> u64 {
        (position & (MOST_DAYS - 1)) / self.width
    }

    /// The part that a position is of.
    #[must_use]
    pub fn part_of_position(&self, position: u64) -> u32 {
        (position >> DAY_BITS) as u32 % self.parts
    }

    /// Between which shards keys move when `next` takes its place: to partitions that it has more.
    pub(super) fn moves_to(&self, next: &Self) -> BTreeSet<Pair> {
        let new = (self.created..next.created).flat_map(|partition| next.shards_of(partition));
        new.map(|shard| (self.rest(), shard)).collect()
    }

    fn shards_of(&self, partition: u32) -> impl Iterator<Item = ShardId> + '_ {
        (0..self.parts).map(move |part| self.shard(partition, part))
    }
}

impl Shards for TimePartitions {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        let position = plain(key);
        match u32::try_from(self.partition_of(position)) {
            Ok(partition) if partition < self.created => {
                self.shard(partition, self.part_of_position(position))
            }
            _ => self.rest(),
        }
    }

    /// Those that have rows or may have some.
    fn shards(&self) -> Vec<ShardId> {
        let mut shards: Vec<ShardId> =
            (self.expired..self.created).flat_map(|partition| self.shards_of(partition)).collect();
        shards.extend(self.has_default.then(|| self.rest()));
        shards.sort_unstable();
        shards
    }

    fn count(&self) -> u32 {
        self.created * self.parts + 1
    }

    /// The first day of each partition, in each part.
    fn landmarks(&self) -> Vec<u64> {
        let days = (self.expired..=self.created).map(|partition| u64::from(partition) * self.width);
        days.flat_map(|day| self.positions(day)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn partitions(width: u64, first: u32, parts: u32) -> TimePartitions {
        let parts = (parts > 1).then(|| Parts { by: "type".into(), count: parts });
        let spec = Spec { width, partitions: first, parts, default: true, maintenance: None };
        match spec.over(&[], 0) {
            Partitioner::TimePartitions(partitions) => partitions,
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn days_fall_into_their_partitions_and_those_to_come_into_the_default() {
        let first = partitions(7, 3, 1);
        assert_eq!([0, 6, 7, 20, 21, 1_000].map(|day| first.shard_of(day).0), [0, 0, 1, 2, 3, 3]);
        let later = first.with_created(5);
        assert_eq!([20, 21, 27, 28, 35].map(|day| later.shard_of(day).0), [2, 4, 4, 5, 3]);
        let pairs = [(ShardId(3), ShardId(4)), (ShardId(3), ShardId(5))];
        assert_eq!(first.moves_to(&later), pairs.into());
    }

    #[test]
    fn a_shard_knows_its_partition() {
        let later = partitions(1, 4, 3).with_created(9);
        for (partition, part) in (0..9).flat_map(|partition| (0..3).map(move |part| (partition, part))) {
            let position = u64::from(part) << DAY_BITS | u64::from(partition);
            let shard = later.shard_of(position);
            assert_eq!(later.part_of(shard), Some((partition, part)), "{shard:?}");
        }
        assert_eq!(later.part_of(later.rest()), None);
        assert_eq!(later.count(), 28);
    }

    #[test]
    fn what_is_gone_is_not_asked_and_its_days_lead_nowhere_else() {
        let all = partitions(2, 5, 1);
        let younger = all.with_expired(2);
        assert_eq!(younger.shards(), [2, 3, 4, 5].map(ShardId));
        assert!(younger.is_expired(ShardId(1)) && !younger.is_expired(ShardId(2)));
        assert!((0..20).all(|day| all.shard_of(day) == younger.shard_of(day)));
    }

    #[test]
    fn every_shard_that_may_have_rows_has_a_probe() {
        for partitions in [partitions(1, 4, 3).with_created(9).with_expired(2), partitions(30, 2, 1)] {
            crate::sharding::first_keys(&partitions).expect("each has a day");
        }
    }
}
