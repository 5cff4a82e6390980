//! A table of shards, looked up by the highest bits of a hash.

use std::collections::BTreeSet;

use crate::rebalancing::Pair;
use crate::shard_map::ShardId;

/// So many parts of the hashed keys, alike in size up to one in 2⁶⁴, each of one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    entries: Vec<ShardId>,
}

impl Table {
    /// At least one entry.
    pub fn new(entries: Vec<ShardId>) -> Self {
        assert!(!entries.is_empty(), "a table has an entry");
        Self { entries }
    }

    /// The shard of each part.
    pub fn entries(&self) -> &[ShardId] {
        &self.entries
    }

    /// The shard at this position of 2⁶⁴.
    #[inline]
    pub fn at(&self, position: u64) -> ShardId {
        self.entries[self.part(position)]
    }

    /// The part that this position of 2⁶⁴ lies in. A multiplication gives it, being cheaper than a remainder.
    #[inline]
    pub fn part(&self, position: u64) -> usize {
        ((u128::from(position) * self.entries.len() as u128) >> 64) as usize
    }

    /// The shards that have a part, ascending.
    pub fn shards(&self) -> Vec<ShardId> {
        let shards: BTreeSet<ShardId> = self.entries.iter().copied().collect();
        shards.into_iter().collect()
    }

    /// From which shard to which a part moves when `next` takes this one's place; nothing if their parts differ.
    pub fn moves_to(&self, next: &Self) -> Option<BTreeSet<Pair>> {
        if self.entries.len() != next.entries.len() {
            return None;
        }
        let pairs = self.entries.iter().copied().zip(next.entries.iter().copied());
        Some(pairs.filter(|(source, target)| source != target).collect())
    }
}
