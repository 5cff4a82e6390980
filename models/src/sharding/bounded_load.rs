//! Consistent hashing with bounded loads: no shard gets more than its share and a little (Mirrokni, Thorup &
//! Zadimoghaddam 2018, §2).
//!
//! The paper's balls are keys that come and go, and where one lies depends on those before it. A function of the key
//! alone cannot know them. So the balls here are a fixed number of *partitions* of the hashed keys, as in the Go library
//! `consistent` (Seyfullah): each goes round the ring from its own position to the first shard that is not full, and
//! full is (1 + ε) times the mean, rounded up. Keys are found by their partition. A shard that comes takes its share
//! from its successors and, as loads shift, a few partitions move between old shards too: the paper's bound is O(1/ε²)
//! for each ball that comes. The load that is bounded is that of keys, not of operations.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use shardlab_sim::Share;

use crate::config::Checks;
use crate::hash::{HashFunction, mix};
use crate::rebalancing::Pair;
use crate::shard_map::ShardId;
use crate::sharding::consistent_hash::MOST_POINTS;
use crate::sharding::ring::Ring;
use crate::sharding::scheme::check_shards;
use crate::sharding::table::Table;
use crate::sharding::weights::{Members, Weights};
use crate::sharding::{Partitioner, Scheme, Shards};

/// Most partitions: four bytes each.
const MOST_PARTITIONS: u64 = 1 << 24;

/// `strategy = { bounded-load = { vnodes = 20, slack = "25%" } }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// Points on the ring for each shard.
    pub vnodes: u32,
    /// How far above the mean a shard may be: the paper's ε. It bounds partitions of the hashed keys, not operations: a
    /// popular key is as hot as under any other hash.
    pub slack: Share,
    /// Into how many partitions the hashed keys are cut.
    #[serde(default = "default_partitions")]
    pub partitions: u32,
    /// How many shards; as many as servers if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<u32>,
    /// What gives a key its partition.
    #[serde(default)]
    pub hash: HashFunction,
    /// By shard: how many times as much it may take; one if left out.
    #[serde(default, skip_serializing_if = "Weights::is_empty")]
    pub weights: Weights,
}

const fn default_partitions() -> u32 {
    4_096
}

impl Scheme for Spec {
    fn check(&self, at: &str, servers: u32, checks: &mut Checks) {
        let at = format!("{at}.bounded-load");
        check_shards(format!("{at}.shards"), self.shards, checks);
        let shards = self.shards.unwrap_or(servers);
        self.weights.check(&format!("{at}.weights"), shards, checks);
        let most = MOST_POINTS / self.weights.sum(shards).max(1);
        checks.count(format!("{at}.vnodes"), u64::from(self.vnodes), most, "virtual nodes a shard");
        checks.count(format!("{at}.partitions"), u64::from(self.partitions), MOST_PARTITIONS, "partitions");
        if self.partitions < shards {
            let message = format!("{} partitions cannot give each of {shards} shards one", self.partitions);
            checks.refuse(format!("{at}.partitions"), message, "give some hundred partitions a shard");
        }
        if self.slack == Share::ZERO {
            let help =
                "give some room, such as \"25%\": with none, every shard that comes moves nearly everything";
            checks.refuse(format!("{at}.slack"), "no shard may be above the mean", help);
        }
    }

    fn own_shards(&self) -> Option<u32> {
        self.shards
    }

    fn over(&self, shards: &[ShardId], _seed: u64) -> Partitioner {
        Partitioner::BoundedLoad(BoundedLoad::new(self, shards))
    }

    fn weights(&mut self) -> Option<&mut Weights> {
        Some(&mut self.weights)
    }
}

/// The partitions, dealt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundedLoad {
    hash: HashFunction,
    partitions: Table,
}

impl BoundedLoad {
    /// Over these shards, ascending.
    #[must_use]
    pub fn new(spec: &Spec, shards: &[ShardId]) -> Self {
        let members = spec.weights.members(shards);
        let ring = Ring::new(&members, spec.vnodes, 0);
        Self { hash: spec.hash, partitions: Table::new(deal(spec, &members, &ring)) }
    }

    /// Where a key's partition stands on the ring.
    pub(super) fn position(&self, key: u64) -> u64 {
        on_ring(self.partitions.part(self.hash.position(key)) as u64)
    }

    /// Between which shards keys move when `next` takes its place.
    pub(super) fn moves_to(&self, next: &Self) -> Option<BTreeSet<Pair>> {
        (self.hash == next.hash).then(|| self.partitions.moves_to(&next.partitions)).flatten()
    }
}

fn deal(spec: &Spec, members: &Members, ring: &Ring) -> Vec<ShardId> {
    let weights: u64 = members.iter().map(|&(_, weight)| u64::from(weight)).sum();
    let mut room: Vec<u64> = members.iter().map(|&(_, weight)| room(spec, weight, weights)).collect();
    let place =
        |shard: ShardId| members.binary_search_by_key(&shard, |member| member.0).expect("it is a member");
    let points = ring.points();
    let mut owner = |partition: u64| {
        let first = ring.successor(on_ring(partition));
        let round = points[first..].iter().chain(&points[..first]);
        let shard = round.map(|point| point.shard).find(|&shard| room[place(shard)] > 0);
        let shard = shard.expect("there is more room than there are partitions");
        room[place(shard)] -= 1;
        shard
    };
    (0..u64::from(spec.partitions)).map(&mut owner).collect()
}

/// Where a partition begins to look for a shard with room.
fn on_ring(partition: u64) -> u64 {
    mix(!partition)
}

/// How many partitions a member of this weight may have: (1 + ε) times its part of all, rounded up.
fn room(spec: &Spec, weight: u32, weights: u64) -> u64 {
    const ONE: u128 = 1_000_000_000;
    let most = u128::from(spec.partitions) * u128::from(weight) * (ONE + u128::from(spec.slack.as_ppb()));
    most.div_ceil(ONE * u128::from(weights)) as u64
}

impl Shards for BoundedLoad {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        self.partitions.at(self.hash.position(key))
    }

    fn shards(&self) -> Vec<ShardId> {
        self.partitions.shards()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_shard_is_above_its_bound() {
        for slack in ["1%", "10%", "25%", "100%"] {
            let weights = Weights(vec![1, 2, 1, 3]);
            let slack: Share = slack.parse().expect("a share");
            let spec =
                Spec { vnodes: 20, slack, partitions: 4_096, shards: None, hash: HashFunction::Mix, weights };
            let shards: Vec<ShardId> = (0..10).map(ShardId).collect();
            let dealt = BoundedLoad::new(&spec, &shards);
            for shard in shards {
                let has = dealt.partitions.entries().iter().filter(|&&owner| owner == shard).count() as f64;
                let mean = 4_096.0 * f64::from(spec.weights.of(shard)) / 13.0;
                let bound = (mean * (1.0 + slack.as_ppb() as f64 / 1e9)).ceil();
                assert!(has > 0.0 && has <= bound, "{shard:?} has {has} of at most {bound}");
            }
        }
    }
}
