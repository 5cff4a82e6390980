//! Any strategy, ready to be asked.

use std::collections::BTreeSet;

use crate::rebalancing::Pair;
use crate::shard_map::ShardId;
use crate::sharding::{
    ByColumn, ConsistentHash, Directory, DynamicRange, Geographic, Modulo, Shards, Tenant,
};

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
        }
    };
}

impl Shards for Partitioner {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        each!(self, strategy => strategy.shard_of(key))
    }

    fn count(&self) -> u32 {
        each!(self, strategy => strategy.count())
    }

    fn shards(&self) -> Vec<ShardId> {
        each!(self, strategy => strategy.shards())
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

    /// Whether neighbouring keys are mostly in the same shard, so that a range of keys lies in few.
    #[must_use]
    pub fn keeps_neighbours(&self) -> bool {
        match self {
            Self::ByColumn(by_column) => by_column.inner().keeps_neighbours(),
            Self::DynamicRange(_) => true,
            Self::Modulo(_)
            | Self::ConsistentHash(_)
            | Self::Directory(_)
            | Self::Tenant(_)
            | Self::Geographic(_) => false,
        }
    }

    /// Between which shards keys may move when `next` takes its place: every key, loaded or not, that moves is part of
    /// one of these pairs, or it would stay behind.
    #[must_use]
    pub fn moves_to(&self, next: &Self) -> BTreeSet<Pair> {
        match (self, next) {
            (Self::ConsistentHash(_), Self::ConsistentHash(_)) | (Self::Directory(_), Self::Directory(_)) => {
                monotone(&self.shards(), &next.shards())
            }
            (Self::DynamicRange(before), Self::DynamicRange(after)) => before.moves_to(after),
            (Self::ByColumn(old), Self::ByColumn(new)) => old.inner().moves_to(new.inner()),
            _ => any(&self.shards(), &next.shards()),
        }
    }
}

/// Between any two.
fn any(old: &[ShardId], new: &[ShardId]) -> BTreeSet<Pair> {
    let all = old.iter().flat_map(|&source| new.iter().map(move |&target| (source, target)));
    all.filter(|(source, target)| source != target).collect()
}

/// To shards that come and from shards that go, and no others (Karger et al. 1997, monotonicity).
fn monotone(old: &[ShardId], new: &[ShardId]) -> BTreeSet<Pair> {
    let comes = |shard: &ShardId| old.binary_search(shard).is_err();
    let goes = |shard: &ShardId| new.binary_search(shard).is_err();
    let (coming, going): (Vec<ShardId>, Vec<ShardId>) =
        (new.iter().copied().filter(comes).collect(), old.iter().copied().filter(goes).collect());
    any(old, &coming).into_iter().chain(any(&going, new)).collect()
}
