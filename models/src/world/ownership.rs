//! Which shard owned which key when.

use std::collections::BTreeMap;

use shardlab_sim::Time;

use super::moves::SeenMoves;
use crate::shard_map::ShardId;
use crate::sharding::{Partitioner, Place, Shards};

/// The owners of keys over a run: a key changes owner when its move is done. It is made from the plans that were begun,
/// and not from what the configuration would have led one to expect.
#[derive(Clone, Debug)]
pub struct Ownership {
    /// At the beginning, and after each plan.
    partitioners: Vec<Partitioner>,
    /// When the destination began to serve, by plan (counted from zero), source and destination.
    owned: BTreeMap<(u32, ShardId, ShardId), Time>,
}

impl Ownership {
    pub(super) fn new(first: Partitioner, seen: &SeenMoves) -> Self {
        let owned = seen.moves.iter().filter_map(|of| Some(((of.command, of.source, of.target), of.owned?)));
        let after = seen.plans.iter().map(|plan| plan.to.clone());
        Self { partitioners: std::iter::once(first).chain(after).collect(), owned: owned.collect() }
    }

    /// Nothing ever moves.
    #[must_use]
    pub fn settled(partitioner: Partitioner) -> Self {
        Self { partitioners: vec![partitioner], owned: BTreeMap::new() }
    }

    /// The shard that owns `key` at that time.
    #[must_use]
    pub fn shard_of(&self, key: u64, at: Time) -> ShardId {
        let mut owner = self.partitioners[0].shard_of(key);
        for (partitioner, command) in self.partitioners[1..].iter().zip(0..) {
            let next = partitioner.shard_of(key);
            let since = self.owned.get(&(command, owner, next));
            if next != owner && since.is_none_or(|&since| at < since) {
                break;
            }
            owner = next;
        }
        owner
    }

    /// The one shard that a scan from `key` on asks at that time; `None` where it asks all.
    #[must_use]
    pub fn scanned(&self, key: u64, at: Time) -> Option<ShardId> {
        self.partitioners[0].keeps_scans_together().then(|| self.shard_of(key, at))
    }

    /// Where a key lies in the space that the strategy cuts into parts, as a share of it, and whether that is a ring;
    /// of `keys` loaded ones. Nothing where a shard's keys lie scattered.
    #[must_use]
    pub fn place_of(&self, key: u64, keys: u64) -> Option<(bool, f64)> {
        let share = |position: u64| position as f64 / 2_f64.powi(64);
        match self.partitioners[0].place_of(key) {
            Place::Ring(position) => Some((true, share(position))),
            Place::Line(position) => Some((false, share(position))),
            Place::Key => Some((false, key as f64 / keys as f64)),
            Place::Scattered => None,
        }
    }

    /// How many shards keys live in at the beginning.
    #[must_use]
    pub fn shards_at_first(&self) -> u32 {
        self.partitioners[0].count()
    }
}
