//! Any strategy, ready to be asked.

use std::collections::BTreeSet;

use crate::rebalancing::Pair;
use crate::shard_map::ShardId;
use crate::sharding::weights::{alike, between, monotone};
use crate::sharding::{
    BoundedLoad, ByColumn, Composite, ConsistentHash, Directory, DynamicRange, Geographic, Jump, List,
    Maglev, Modulo, MultiProbe, Ranges, Rendezvous, Shards, Slots, Tenant, TimePartitions,
};
use crate::tables::TableId;

/// Any strategy, ready to be asked; shared by all who route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Partitioner {
    /// See [`Modulo`].
    Modulo(Modulo),
    /// See [`ConsistentHash`].
    ConsistentHash(ConsistentHash),
    /// See [`Directory`].
    Directory(Directory),
    /// See [`Tenant`].
    Tenant(Tenant),
    /// See [`Geographic`].
    Geographic(Geographic),
    /// See [`DynamicRange`].
    DynamicRange(DynamicRange),
    /// See [`ByColumn`].
    ByColumn(ByColumn),
    /// See [`BoundedLoad`].
    BoundedLoad(BoundedLoad),
    /// See [`Rendezvous`].
    Rendezvous(Rendezvous),
    /// See [`Jump`].
    Jump(Jump),
    /// See [`MultiProbe`].
    MultiProbe(MultiProbe),
    /// See [`Maglev`].
    Maglev(Maglev),
    /// See [`Slots`].
    Slots(Slots),
    /// See [`Ranges`].
    Ranges(Ranges),
    /// See [`List`].
    List(List),
    /// See [`Composite`].
    Composite(Composite),
    /// See [`TimePartitions`].
    TimePartitions(TimePartitions),
}

/// The same expression for whichever strategy it is.
macro_rules! each {
    ($partitioner:expr, $strategy:ident => $answer:expr) => {
        match $partitioner {
            Partitioner::Modulo($strategy) => $answer,
            Partitioner::ConsistentHash($strategy) => $answer,
            Partitioner::Directory($strategy) => $answer,
            Partitioner::Tenant($strategy) => $answer,
            Partitioner::Geographic($strategy) => $answer,
            Partitioner::DynamicRange($strategy) => $answer,
            Partitioner::ByColumn($strategy) => $answer,
            Partitioner::BoundedLoad($strategy) => $answer,
            Partitioner::Rendezvous($strategy) => $answer,
            Partitioner::Jump($strategy) => $answer,
            Partitioner::MultiProbe($strategy) => $answer,
            Partitioner::Maglev($strategy) => $answer,
            Partitioner::Slots($strategy) => $answer,
            Partitioner::Ranges($strategy) => $answer,
            Partitioner::List($strategy) => $answer,
            Partitioner::Composite($strategy) => $answer,
            Partitioner::TimePartitions($strategy) => $answer,
        }
    };
}

impl Shards for Partitioner {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        each!(self, strategy => strategy.shard_of(key))
    }

    fn shards(&self) -> Vec<ShardId> {
        each!(self, strategy => strategy.shards())
    }

    fn count(&self) -> u32 {
        each!(self, strategy => strategy.count())
    }

    fn landmarks(&self) -> Vec<u64> {
        each!(self, strategy => strategy.landmarks())
    }
}

impl Partitioner {
    /// What `key` is looked up with: keys of one group live in one shard.
    #[must_use]
    pub fn group_of(&self, key: u64) -> u64 {
        if let Self::Directory(directory) = self { directory.group_of(key) } else { key }
    }

    /// Whether a scan stays in the shard of its first key: rows of a tenant follow each other, and a scan is of one tenant.
    /// Elsewhere neighbours are scattered, and a scan asks every shard.
    #[must_use]
    pub fn keeps_scans_together(&self) -> bool {
        matches!(self, Self::Tenant(tenant) if tenant.deals_rows())
    }

    /// The same of a table's rows in the order of the column that they are sharded by.
    #[must_use]
    pub fn keeps_neighbours_of(&self, table: TableId) -> bool {
        match self {
            Self::ByColumn(by_column) => by_column.of(table).keeps_neighbours(),
            plain => plain.keeps_neighbours(),
        }
    }

    /// Whether neighbouring keys are mostly in the same shard, so that a range of keys lies in few.
    #[must_use]
    pub fn keeps_neighbours(&self) -> bool {
        match self {
            Self::ByColumn(by_column) => by_column.inner().keeps_neighbours(),
            Self::DynamicRange(_) | Self::TimePartitions(_) => true,
            Self::Ranges(ranges) => ranges.keeps_neighbours(),
            _ => false,
        }
    }

    /// Where the first range of a shard begins, where shards have ranges of keys.
    #[must_use]
    pub fn first_key_of(&self, shard: ShardId) -> Option<u64> {
        match self {
            Self::DynamicRange(ranges) => ranges.ranges_of(shard).first().map(|range| range.0),
            Self::Ranges(ranges) if ranges.keeps_neighbours() => {
                ranges.ranges_of(shard).first().map(|range| range.0)
            }
            _ => None,
        }
    }

    /// The same, but this tenant has the shard `new` to itself: that, and where it was before. Nothing where it has one
    /// already, or where there are no tenants.
    #[must_use]
    pub fn isolate(&self, tenant: u64, new: ShardId) -> Option<(Self, ShardId)> {
        let Self::Tenant(tenants) = self else { return None };
        Some((Self::Tenant(tenants.isolate(tenant, new)?), tenants.home_of(tenant)))
    }

    /// The same, but from `key` on the rest of its range is the shard `new`'s: that, and whose it was before. Nothing where
    /// a range begins with it, or where there are no ranges.
    #[must_use]
    pub fn split(&self, key: u64, new: ShardId) -> Option<(Self, ShardId)> {
        let shard = self.shard_of(key);
        let next = match self {
            Self::DynamicRange(ranges) => {
                Self::DynamicRange(ranges.split(shard, DynamicRange::position(key), new)?)
            }
            Self::Ranges(ranges) => Self::Ranges(ranges.split(shard, ranges.position(key), new)?),
            _ => return None,
        };
        Some((next, shard))
    }

    /// Its partitions by time, of keys or of a column's values.
    #[must_use]
    pub fn time_partitions(&self) -> Option<&TimePartitions> {
        match self {
            Self::ByColumn(by_column) => by_column.inner().time_partitions(),
            Self::TimePartitions(partitions) => Some(partitions),
            _ => None,
        }
    }

    /// The same with other partitions by time, where it has any.
    #[must_use]
    pub fn with_time_partitions(&self, partitions: TimePartitions) -> Self {
        match self {
            Self::ByColumn(by_column) => {
                Self::ByColumn(by_column.with_inner(by_column.inner().with_time_partitions(partitions)))
            }
            Self::TimePartitions(_) => Self::TimePartitions(partitions),
            other => other.clone(),
        }
    }

    /// Between which shards keys may move when `next` takes its place: every key, loaded or not, that moves is part of
    /// one of these pairs, or it would stay behind. Any two, unless the strategy knows better.
    #[must_use]
    pub fn moves_to(&self, next: &Self) -> BTreeSet<Pair> {
        let known = match (self, next) {
            (Self::ConsistentHash(old), Self::ConsistentHash(new)) => {
                Some(monotone(old.members(), new.members()))
            }
            (Self::Rendezvous(old), Self::Rendezvous(new)) => Some(monotone(old.members(), new.members())),
            (Self::MultiProbe(old), Self::MultiProbe(new)) => Some(monotone(old.members(), new.members())),
            (Self::Jump(old), Self::Jump(new)) => old.moves_to(new),
            (Self::BoundedLoad(old), Self::BoundedLoad(new)) => old.moves_to(new),
            (Self::Maglev(old), Self::Maglev(new)) => old.moves_to(new),
            (Self::Slots(old), Self::Slots(new)) => old.moves_to(new),
            (Self::Ranges(old), Self::Ranges(new)) => old.moves_to(new),
            (Self::Directory(old), Self::Directory(new)) => {
                Some(monotone(&alike(old.shards()), &alike(new.shards())))
            }
            (Self::DynamicRange(before), Self::DynamicRange(after)) => Some(before.moves_to(after)),
            (Self::Tenant(old), Self::Tenant(new)) => Some(old.moves_to(new)),
            (Self::TimePartitions(old), Self::TimePartitions(new)) => Some(old.moves_to(new)),
            (Self::ByColumn(old), Self::ByColumn(new)) => Some(old.moves_to(new)),
            _ => None,
        };
        known.unwrap_or_else(|| between(&self.shards(), &next.shards()).collect())
    }
}
