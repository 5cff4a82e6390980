//! Consistent hashing: shards own arcs of a ring of hashes (Karger et al. 1997, §4).
//!
//! Each shard has `vnodes` points on the ring, times its weight; a key belongs to the first point at or after its own
//! hash. Adding a shard to n moves a share of 1/(n + 1) of the keys, all of them to the new one (monotonicity). The
//! price is unevenness: the points are random, so the shares have a coefficient of variation of √((n − 1)/(nV + 1)).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Checks;
use crate::hash::HashFunction;
use crate::shard_map::ShardId;
use crate::sharding::ring::Ring;
use crate::sharding::scheme::check_shards;
use crate::sharding::weights::{Members, Weights};
use crate::sharding::{Partitioner, Scheme, Shards};

/// Most points on a ring: 16 bytes each, 256 MiB in all.
pub(super) const MOST_POINTS: u64 = 1 << 24;

/// `strategy = { consistent-hash = { vnodes = 128 } }`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// Points on the ring for each shard.
    pub vnodes: u32,
    /// How many shards; as many as servers if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<u32>,
    /// Whether each seed has points of its own: for means over many rings. Else all seeds share one ring.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub salted: bool,
    /// What gives a key its position.
    #[serde(default)]
    pub hash: HashFunction,
    /// By shard: how many times as many points it has; one if left out.
    #[serde(default, skip_serializing_if = "Weights::is_empty")]
    pub weights: Weights,
}

impl Scheme for Spec {
    fn check(&self, at: &str, servers: u32, checks: &mut Checks) {
        check_shards(format!("{at}.consistent-hash.shards"), self.shards, checks);
        let shards = self.shards.unwrap_or(servers);
        self.weights.check(&format!("{at}.consistent-hash.weights"), shards, checks);
        let most = MOST_POINTS / self.weights.sum(shards).max(1);
        let path = format!("{at}.consistent-hash.vnodes");
        checks.count(path, u64::from(self.vnodes), most, "virtual nodes a shard");
    }

    fn own_shards(&self) -> Option<u32> {
        self.shards
    }

    fn over(&self, shards: &[ShardId], seed: u64) -> Partitioner {
        Partitioner::ConsistentHash(ConsistentHash::new(self, shards, seed))
    }

    fn weights(&mut self) -> Option<&mut Weights> {
        Some(&mut self.weights)
    }
}

/// The ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistentHash {
    members: Members,
    hash: HashFunction,
    ring: Ring,
}

impl ConsistentHash {
    /// A ring of these shards, ascending: some numbers may be missing.
    #[must_use]
    pub fn new(spec: &Spec, shards: &[ShardId], seed: u64) -> Self {
        let members = spec.weights.members(shards);
        let ring = Ring::new(&members, spec.vnodes, if spec.salted { seed } else { 0 });
        Self { members, hash: spec.hash, ring }
    }

    /// Where a key stands on the ring.
    #[inline]
    #[must_use]
    pub fn position(&self, key: u64) -> u64 {
        self.hash.position(key)
    }

    /// Who shares the ring.
    pub(super) fn members(&self) -> &Members {
        &self.members
    }
}

impl Shards for ConsistentHash {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        self.ring.owner(self.position(key))
    }

    fn shards(&self) -> Vec<ShardId> {
        self.members.iter().map(|member| member.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sharding::moved_fraction;

    fn ring(shards: u32, vnodes: u32, salt: u64) -> ConsistentHash {
        let spec = Spec { vnodes, shards: Some(shards), salted: true, ..Spec::default() };
        ConsistentHash::new(&spec, &(0..shards).map(ShardId).collect::<Vec<_>>(), salt)
    }

    /// The share of the ring that each shard owns, from the arcs themselves.
    fn shares(ring: &ConsistentHash) -> Vec<f64> {
        let mut shares = vec![0.0; ring.members.len()];
        let mut previous = ring.ring.points().last().expect("a ring has points").hash;
        for point in ring.ring.points() {
            shares[point.shard.index()] += point.hash.wrapping_sub(previous) as f64 / 2_f64.powi(64);
            previous = point.hash;
        }
        shares
    }

    /// Standard deviation of the population over its mean.
    fn variation(shares: &[f64]) -> f64 {
        let mean = shares.iter().sum::<f64>() / shares.len() as f64;
        let variance =
            shares.iter().map(|share| (share - mean) * (share - mean)).sum::<f64>() / shares.len() as f64;
        variance.sqrt() / mean
    }

    #[test]
    fn shares_vary_as_random_arcs_do() {
        for (shards, vnodes) in [(4, 1), (4, 16), (8, 128), (16, 64), (100, 10)] {
            let rings = 200;
            let squares: f64 =
                (0..rings).map(|salt| variation(&shares(&ring(shards, vnodes, salt))).powi(2)).sum();
            let measured = (squares / rings as f64).sqrt();
            let (n, v) = (f64::from(shards), f64::from(vnodes));
            // Variance of the sum of V of nV uniform spacings: a beta distribution with (V, nV − V).
            let expected = ((n - 1.0) / (n * v + 1.0)).sqrt();
            assert!((measured / expected - 1.0).abs() < 0.1, "{shards}×{vnodes}: {measured}, not {expected}");
        }
    }

    #[test]
    fn one_more_shard_takes_its_share_and_nothing_else_moves() {
        for shards in [4, 8] {
            let mut sum = 0.0;
            for salt in 0..20 {
                let before = ring(shards, 256, salt);
                let after = ring(shards + 1, 256, salt);
                sum += moved_fraction(&before, &after, 0..20_000);
                for key in 0..20_000 {
                    let (old, new) = (before.shard_of(key), after.shard_of(key));
                    assert!(
                        new == old || new.0 == shards,
                        "key {key} moved from {old:?} to {new:?}, both old"
                    );
                }
            }
            let (moved, expected) = (sum / 20.0, 1.0 / f64::from(shards + 1));
            assert!((moved / expected - 1.0).abs() < 0.05, "{shards} shards: {moved}, not {expected}");
        }
    }

    proptest! {
        #[test]
        fn the_owner_is_the_first_point_at_or_after_the_key(
            shards in 1_u32..20, vnodes in 1_u32..40, salt: u64, keys in prop::collection::vec(any::<u64>(), 100)
        ) {
            let ring = ring(shards, vnodes, salt);
            for key in keys {
                let hash = crate::hash::mix(key);
                let nearest = ring.ring.points().iter().min_by_key(|point| point.hash.wrapping_sub(hash));
                prop_assert_eq!(ring.shard_of(key), nearest.expect("a ring has points").shard);
            }
        }
    }
}
