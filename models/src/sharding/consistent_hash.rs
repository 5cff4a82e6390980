//! Consistent hashing: shards own arcs of a ring of hashes (Karger et al. 1997, §4).
//!
//! Each shard has `vnodes` points on the ring; a key belongs to the first point at or after its own hash. Adding a
//! shard to n moves a share of 1/(n + 1) of the keys, all of them to the new one (monotonicity). The price is
//! unevenness: the points are random, so the shares have a coefficient of variation of √((n − 1)/(nV + 1)).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Checks;
use crate::hash::mix;
use crate::shard_map::ShardId;
use crate::sharding::scheme::check_shards;
use crate::sharding::{Partitioner, Scheme, Shards};

/// Most points on a ring: 16 bytes each, 256 MiB in all.
const MOST_POINTS: u64 = 1 << 24;

/// `strategy = { consistent-hash = { … } }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
}

impl Scheme for Spec {
    fn check(&self, at: &str, servers: u32, checks: &mut Checks) {
        check_shards(format!("{at}.consistent-hash.shards"), self.shards, checks);
        let most = MOST_POINTS / u64::from(self.shards.unwrap_or(servers).max(1));
        let path = format!("{at}.consistent-hash.vnodes");
        checks.count(path, u64::from(self.vnodes), most, "virtual nodes a shard");
    }

    fn own_shards(&self) -> Option<u32> {
        self.shards
    }

    fn over(&self, shards: &[ShardId], seed: u64) -> Partitioner {
        let salt = if self.salted { seed } else { 0 };
        Partitioner::ConsistentHash(ConsistentHash::of(shards, self.vnodes, salt))
    }
}

/// The ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistentHash {
    shards: u32,
    /// Sorted by hash.
    points: Vec<Point>,
    /// By the top bits of a hash: the first point that is not below that range.
    starts: Vec<u32>,
    /// How far a hash is shifted to give its top bits.
    shift: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Point {
    hash: u64,
    shard: ShardId,
}

impl ConsistentHash {
    /// A ring of `shards` with `vnodes` points each; both at least one.
    #[must_use]
    pub fn new(shards: u32, vnodes: u32) -> Self {
        Self::salted(shards, vnodes, 0)
    }

    /// One of many rings of the same size; `new` takes salt zero.
    #[must_use]
    pub fn salted(shards: u32, vnodes: u32, salt: u64) -> Self {
        let shards: Vec<ShardId> = (0..shards).map(ShardId).collect();
        Self::of(&shards, vnodes, salt)
    }

    /// A ring of these shards, ascending: some numbers may be missing.
    #[must_use]
    pub fn of(shards: &[ShardId], vnodes: u32, salt: u64) -> Self {
        assert!(!shards.is_empty() && vnodes > 0, "a ring has at least one point");
        let mut points: Vec<Point> = shards
            .iter()
            .flat_map(|&shard| {
                (0..vnodes).map(move |vnode| Point { hash: point(salt, shard.0, vnode), shard })
            })
            .collect();
        points.sort_unstable();
        // At least two ranges, because a shift by 64 bits is none.
        let ranges = points.len().next_power_of_two().max(2);
        let shift = 64 - ranges.trailing_zeros();
        let starts = starts(&points, ranges as u64, shift);
        let shards = shards[shards.len() - 1].0 + 1;
        Self { shards, points, starts, shift }
    }
}

/// Where a virtual node stands. The constant, 2⁶⁴ divided by the golden ratio, sets points apart from keys.
fn point(salt: u64, shard: u32, vnode: u32) -> u64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    mix(mix(salt.wrapping_add(GOLDEN)) ^ mix((u64::from(shard) << 32 | u64::from(vnode)) ^ GOLDEN))
}

fn starts(points: &[Point], ranges: u64, shift: u32) -> Vec<u32> {
    (0..ranges).map(|range| points.partition_point(|point| point.hash >> shift < range) as u32).collect()
}

impl Shards for ConsistentHash {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        let hash = mix(key);
        let start = self.starts[(hash >> self.shift) as usize] as usize;
        let successor = self.points[start..].iter().find(|point| point.hash >= hash);
        // Past the last point the ring begins again.
        successor.unwrap_or(&self.points[0]).shard
    }

    fn count(&self) -> u32 {
        self.shards
    }

    fn shards(&self) -> Vec<ShardId> {
        let mut shards: Vec<ShardId> = self.points.iter().map(|point| point.shard).collect();
        shards.sort_unstable();
        shards.dedup();
        shards
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sharding::moved_fraction;

    /// The share of the ring that each shard owns, from the arcs themselves.
    fn shares(ring: &ConsistentHash) -> Vec<f64> {
        let mut shares = vec![0.0; ring.shards as usize];
        let mut previous = ring.points.last().expect("a ring has points").hash;
        for point in &ring.points {
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
            let squares: f64 = (0..rings)
                .map(|salt| variation(&shares(&ConsistentHash::salted(shards, vnodes, salt))).powi(2))
                .sum();
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
                let before = ConsistentHash::salted(shards, 256, salt);
                let after = ConsistentHash::salted(shards + 1, 256, salt);
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
            let ring = ConsistentHash::salted(shards, vnodes, salt);
            for key in keys {
                let hash = mix(key);
                let nearest = ring.points.iter().min_by_key(|point| point.hash.wrapping_sub(hash));
                prop_assert_eq!(ring.shard_of(key), nearest.expect("a ring has points").shard);
            }
        }
    }
}
