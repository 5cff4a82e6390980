//! Weights: how much of the keys each shard should get.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Checks;
use crate::rebalancing::Pair;
use crate::shard_map::ShardId;

/// The largest weight: points and turns are counted by it.
const MOST: u32 = 10_000;

/// Weights by the number of the shard, which is the server's where shards follow the servers. A shard that the list does
/// not reach, such as a server's that comes later, has a weight of one; one with a weight of zero gets no keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Weights(pub Vec<u32>);

impl Weights {
    /// Whether none is given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The weight of a shard.
    #[must_use]
    pub fn of(&self, shard: ShardId) -> u32 {
        self.0.get(shard.index()).copied().unwrap_or(1)
    }

    /// Gives a shard another weight.
    pub fn set(&mut self, shard: ShardId, weight: u32) {
        if shard.index() >= self.0.len() {
            self.0.resize(shard.index() + 1, 1);
        }
        self.0[shard.index()] = weight;
    }

    /// The sum over the first so many shards.
    #[must_use]
    pub fn sum(&self, shards: u32) -> u64 {
        let known = self.0.iter().take(shards as usize).map(|&weight| u64::from(weight)).sum::<u64>();
        known + u64::from(shards).saturating_sub(self.0.len() as u64)
    }

    /// Refuses weights that leave so many shards without any key, and those beyond counting.
    pub(crate) fn check(&self, path: &str, shards: u32, checks: &mut Checks) {
        if shards > 0 && self.sum(shards) == 0 {
            let help = "give at least one of them a weight above zero, or leave `weights` out";
            checks.refuse(
                path,
                format!("a weight of zero for all {shards} shards: no key has a place"),
                help,
            );
        }
        if let Some(weight) = self.0.iter().find(|&&weight| weight > MOST) {
            checks.refuse(path, format!("a weight of {weight} is too large"), format!("give at most {MOST}"));
        }
    }

    /// Those of these shards that get keys, with their weights. Where the others have left and only weightless ones are
    /// there, each counts as one: keys must be somewhere.
    pub(super) fn members(&self, shards: &[ShardId]) -> Members {
        let weighted = shards.iter().map(|&shard| (shard, self.of(shard)));
        let members: Members = weighted.filter(|&(_, weight)| weight > 0).collect();
        if members.is_empty() { shards.iter().map(|&shard| (shard, 1)).collect() } else { members }
    }
}

/// The shards that get keys, ascending, and their weights.
pub(super) type Members = Vec<(ShardId, u32)>;

/// These shards, each with the same weight.
pub(super) fn alike(shards: Vec<ShardId>) -> Members {
    shards.into_iter().map(|shard| (shard, 1)).collect()
}

/// To members whose weight grows and from those whose weight shrinks, and no others (Karger et al. 1997, monotonicity).
pub(super) fn monotone(old: &Members, new: &Members) -> BTreeSet<Pair> {
    let weight = |members: &Members, shard: ShardId| {
        members.binary_search_by_key(&shard, |member| member.0).map_or(0, |place| members[place].1)
    };
    let grows = |shard: ShardId| weight(new, shard) > weight(old, shard);
    let shrinks = |shard: ShardId| weight(new, shard) < weight(old, shard);
    let growing: Vec<ShardId> = new.iter().map(|member| member.0).filter(|&shard| grows(shard)).collect();
    let shrinking: Vec<ShardId> = old.iter().map(|member| member.0).filter(|&shard| shrinks(shard)).collect();
    let all = |members: &Members| members.iter().map(|member| member.0).collect::<Vec<ShardId>>();
    between(&all(old), &growing).chain(between(&shrinking, &all(new))).collect()
}

/// From any of the first to any of the second.
pub(super) fn between(sources: &[ShardId], targets: &[ShardId]) -> impl Iterator<Item = Pair> {
    let pairs = sources.iter().flat_map(|&source| targets.iter().map(move |&target| (source, target)));
    pairs.filter(|(source, target)| source != target)
}
