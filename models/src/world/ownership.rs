//! Which shard owned which key when.

use std::collections::BTreeMap;

use shardlab_sim::Time;

use super::MoveCosts;
use crate::config::Config;
use crate::rebalancing::MembershipChange;
use crate::shard_map::ShardId;
use crate::sharding::{Partitioner, Shards};

/// The owners of keys over a run: a key changes owner when its move is done.
#[derive(Clone, Debug)]
pub struct Ownership {
    /// At the beginning, and after each command of the operator.
    partitioners: Vec<Partitioner>,
    /// When the destination began to serve, by command, source and destination.
    owned: BTreeMap<(u32, ShardId, ShardId), Time>,
}

impl Ownership {
    pub(super) fn new(config: &Config, seed: u64, moves: &[MoveCosts]) -> Self {
        let owned = moves.iter().filter_map(|of| Some(((of.command, of.source, of.target), of.owned?)));
        Self { partitioners: partitioners(config, seed), owned: owned.collect() }
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

    /// How many shards keys live in at the beginning.
    #[must_use]
    pub fn shards_at_first(&self) -> u32 {
        self.partitioners[0].count()
    }
}

fn partitioners(config: &Config, seed: u64) -> Vec<Partitioner> {
    let strategy = &config.sharding.strategy;
    let mut partitioners = vec![strategy.partitioner(config.cluster.servers, seed)];
    let mut shards: Vec<ShardId> = (0..config.cluster.servers).map(ShardId).collect();
    let mut ever = config.cluster.servers;
    let mut commands: Vec<_> = config.membership.iter().collect();
    commands.sort_by_key(|command| command.at);
    for command in commands {
        match command.change {
            MembershipChange::Add(count) => {
                shards.extend((ever..ever + count).map(ShardId));
                ever += count;
            }
            MembershipChange::Remove(server) => shards.retain(|shard| shard.0 != server),
        }
        let current = partitioners.last().expect("there is one at the beginning");
        partitioners.push(strategy.next(current, &shards, seed));
    }
    partitioners
}
