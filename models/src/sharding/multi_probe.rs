//! Multi-probe consistent hashing: shards have a point each, keys have several (Appleton & O'Reilly 2015, §3).
//!
//! Of a key's k probes of the ring, that counts which is nearest to the shard after it. With 21 probes the fullest shard
//! has about 1.05 times the mean (the paper's figure 1), which a ring reaches with some 700 ln n points a shard. A shard
//! that comes takes 1/(n + 1) and nothing else moves. The price: k searches a key. Weights are points.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Checks;
use crate::hash::{HashFunction, mix};
use crate::shard_map::ShardId;
use crate::sharding::consistent_hash::MOST_POINTS;
use crate::sharding::ring::Ring;
use crate::sharding::scheme::check_shards;
use crate::sharding::weights::{Members, Weights};
use crate::sharding::{Partitioner, Scheme, Shards};

/// Most probes: each is a search.
const MOST_PROBES: u64 = 1_000;

/// `strategy = "multi-probe"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// How many probes a key has.
    #[serde(default = "default_probes")]
    pub probes: u32,
    /// How many shards; as many as servers if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<u32>,
    /// What gives a key its first position.
    #[serde(default)]
    pub hash: HashFunction,
    /// By shard: how many points it has; one if left out.
    #[serde(default, skip_serializing_if = "Weights::is_empty")]
    pub weights: Weights,
}

/// The paper's, for a fullest shard of 1.05 times the mean.
const fn default_probes() -> u32 {
    21
}

impl Default for Spec {
    fn default() -> Self {
        let (hash, weights) = (HashFunction::default(), Weights::default());
        Self { probes: default_probes(), shards: None, hash, weights }
    }
}

impl Scheme for Spec {
    fn check(&self, at: &str, servers: u32, checks: &mut Checks) {
        let at = format!("{at}.multi-probe");
        check_shards(format!("{at}.shards"), self.shards, checks);
        checks.count(format!("{at}.probes"), u64::from(self.probes), MOST_PROBES, "probes");
        let shards = self.shards.unwrap_or(servers);
        self.weights.check(&format!("{at}.weights"), shards, checks);
        if self.weights.sum(shards) > MOST_POINTS {
            let message = "the weights sum up to more points than a ring can hold";
            checks.refuse(
                format!("{at}.weights"),
                message,
                format!("let them sum up to at most {MOST_POINTS}"),
            );
        }
    }

    fn own_shards(&self) -> Option<u32> {
        self.shards
    }

    fn over(&self, shards: &[ShardId], _seed: u64) -> Partitioner {
        Partitioner::MultiProbe(MultiProbe::new(self, shards))
    }

    fn weights(&mut self) -> Option<&mut Weights> {
        Some(&mut self.weights)
    }
}

/// The ring and how often it is probed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MultiProbe {
    hash: HashFunction,
    probes: u32,
    members: Members,
    ring: Ring,
}

impl MultiProbe {
    /// Over these shards, ascending.
    #[must_use]
    pub fn new(spec: &Spec, shards: &[ShardId]) -> Self {
        let members = spec.weights.members(shards);
        let ring = Ring::new(&members, 1, 0);
        Self { hash: spec.hash, probes: spec.probes, members, ring }
    }

    /// Who shares the ring.
    pub(super) fn members(&self) -> &Members {
        &self.members
    }
}

impl Shards for MultiProbe {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        // Successive probes, a step of 2⁶⁴ divided by the golden ratio apart before they are mixed.
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut seed = self.hash.position(key);
        let mut nearest = (u64::MAX, 0);
        for _ in 0..self.probes {
            let probe = mix(seed);
            let place = self.ring.successor(probe);
            let distance = self.ring.points()[place].hash.wrapping_sub(probe);
            nearest = nearest.min((distance, place));
            seed = seed.wrapping_add(STEP);
        }
        self.ring.points()[nearest.1].shard
    }

    fn shards(&self) -> Vec<ShardId> {
        self.members.iter().map(|member| member.0).collect()
    }
}
