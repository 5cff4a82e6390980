//! Rendezvous hashing, also highest random weight: of all shards the one that scores highest for the key (Thaler &
//! Ravishankar 1998, §3).
//!
//! Weighted by the logarithmic method (Schindelhauer & Schomaker 2005; Resch 2015): the score of a shard is −w/ln(u),
//! where u in (0, 1) is a hash of key and shard, so that each wins in proportion to its weight. A shard that comes takes
//! 1/(n + 1) of the keys, from all alike, and nothing else moves; so it is when a weight grows. Shares vary only as those
//! of random keys do. The price: a key is scored for every shard, so routing takes time in proportion to them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Checks;
use crate::hash::{HashFunction, mix};
use crate::shard_map::ShardId;
use crate::sharding::scheme::check_shards;
use crate::sharding::weights::{Members, Weights};
use crate::sharding::{Partitioner, Scheme, Shards};

/// `strategy = "rendezvous"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// How many shards; as many as servers if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<u32>,
    /// What a key is hashed by before it meets the shards.
    #[serde(default)]
    pub hash: HashFunction,
    /// By shard: how many times as many keys it gets; one if left out.
    #[serde(default, skip_serializing_if = "Weights::is_empty")]
    pub weights: Weights,
}

impl Scheme for Spec {
    fn check(&self, at: &str, servers: u32, checks: &mut Checks) {
        check_shards(format!("{at}.rendezvous.shards"), self.shards, checks);
        let shards = self.shards.unwrap_or(servers);
        self.weights.check(&format!("{at}.rendezvous.weights"), shards, checks);
    }

    fn own_shards(&self) -> Option<u32> {
        self.shards
    }

    fn over(&self, shards: &[ShardId], _seed: u64) -> Partitioner {
        Partitioner::Rendezvous(Rendezvous::new(self, shards))
    }

    fn weights(&mut self) -> Option<&mut Weights> {
        Some(&mut self.weights)
    }
}

/// The contest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendezvous {
    hash: HashFunction,
    members: Members,
    /// By member: what the key's hash is met with.
    seeds: Vec<u64>,
    /// Whether all weigh alike: then the highest hash wins, and no logarithm is needed.
    alike: bool,
}

impl Rendezvous {
    /// Over these shards, ascending.
    #[must_use]
    pub fn new(spec: &Spec, shards: &[ShardId]) -> Self {
        let members = spec.weights.members(shards);
        // 2⁶⁴ divided by the golden ratio sets shards apart from keys.
        let seed = |&(shard, _): &(ShardId, u32)| mix(u64::from(shard.0) ^ 0x9e37_79b9_7f4a_7c15);
        let seeds = members.iter().map(seed).collect();
        let alike = members.iter().all(|member| member.1 == members[0].1);
        Self { hash: spec.hash, members, seeds, alike }
    }

    /// Who takes part.
    pub(super) fn members(&self) -> &Members {
        &self.members
    }

    /// The place of the highest hash; the first of equals.
    fn highest(&self, hash: u64) -> usize {
        let mut best = (0, draw(hash, self.seeds[0]));
        for (place, &seed) in self.seeds.iter().enumerate().skip(1) {
            let drawn = draw(hash, seed);
            if drawn > best.1 {
                best = (place, drawn);
            }
        }
        best.0
    }

    /// The place of the highest score; the first of equals.
    fn highest_weighted(&self, hash: u64) -> usize {
        let score = |place: usize| {
            // In the middle of one of 2⁵² equal parts of the unit interval: never zero, never one.
            let unit = (draw(hash, self.seeds[place]) as f64 + 0.5) / (1_u64 << 52) as f64;
            -f64::from(self.members[place].1) / libm::log(unit)
        };
        let mut best = (0, score(0));
        for place in 1..self.members.len() {
            let scored = score(place);
            if scored > best.1 {
                best = (place, scored);
            }
        }
        best.0
    }
}

/// 52 bits, of key and shard together.
#[inline]
fn draw(hash: u64, seed: u64) -> u64 {
    mix(hash ^ seed) >> 12
}

impl Shards for Rendezvous {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        let hash = self.hash.position(key);
        let place = if self.alike { self.highest(hash) } else { self.highest_weighted(hash) };
        self.members[place].0
    }

    fn shards(&self) -> Vec<ShardId> {
        self.members.iter().map(|member| member.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_name_the_same_winner_where_all_weigh_alike() {
        let contest = Rendezvous::new(&Spec::default(), &(0..10).map(ShardId).collect::<Vec<_>>());
        for key in 0..20_000 {
            let hash = mix(key);
            assert_eq!(contest.highest(hash), contest.highest_weighted(hash), "key {key}");
        }
    }
}
