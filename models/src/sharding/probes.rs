//! Probes: for every shard a key that no workload uses, to be written when a run ends.

use crate::shard_map::ShardId;
use crate::sharding::Shards;

/// Keys from here on belong to no workload: probes are written there.
pub(crate) const PROBE_KEYS: u64 = 1 << 62;

/// For each shard its smallest key that is no smaller than `from`.
///
/// # Errors
/// A shard without any among the first twenty million keys: it owns next to nothing.
pub fn first_keys(shards: &impl Shards, from: u64) -> Result<Vec<u64>, ShardId> {
    let all: Vec<ShardId> = (0..shards.count()).map(ShardId).collect();
    first_keys_of(&all, |key| shards.shard_of(key), from)
}

/// The same for some of the shards, by any function from keys to shards.
///
/// # Errors
/// A shard without any among the first twenty million keys: it owns next to nothing.
pub fn first_keys_of(
    wanted: &[ShardId],
    shard_of: impl Fn(u64) -> ShardId,
    from: u64,
) -> Result<Vec<u64>, ShardId> {
    const TRIED: usize = 20_000_000;
    let found = first_keys_among(wanted, shard_of, from, TRIED);
    wanted.iter().zip(found).map(|(&shard, key)| key.ok_or(shard)).collect()
}

/// For each of these shards, ascending, its smallest key among so many from `from` on, if it has one there.
pub(crate) fn first_keys_among(
    wanted: &[ShardId],
    shard_of: impl Fn(u64) -> ShardId,
    from: u64,
    tried: usize,
) -> Vec<Option<u64>> {
    let mut first = vec![None; wanted.len()];
    let mut missing = first.len();
    for key in (from..).take(tried) {
        let Ok(slot) = wanted.binary_search(&shard_of(key)) else { continue };
        if first[slot].is_none() {
            first[slot] = Some(key);
            missing -= 1;
            if missing == 0 {
                break;
            }
        }
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sharding::{Strategy, consistent_hash};

    #[test]
    fn every_shard_has_a_key_beyond_the_workloads() {
        let spec = consistent_hash::Spec { vnodes: 128, shards: Some(64), salted: false };
        let ring = Strategy::ConsistentHash(spec).partitioner(8, 0);
        let keys = first_keys(&ring, PROBE_KEYS).expect("128 points own something");
        for (shard, key) in keys.into_iter().enumerate() {
            assert!(key >= PROBE_KEYS && ring.shard_of(key).index() == shard);
        }
    }

    #[test]
    fn a_shard_that_owns_nothing_is_named() {
        struct Lopsided;
        impl Shards for Lopsided {
            fn shard_of(&self, key: u64) -> ShardId {
                ShardId(2 * (key % 2) as u32)
            }
            fn count(&self) -> u32 {
                3
            }
        }
        assert_eq!(first_keys(&Lopsided, 0), Err(ShardId(1)));
    }
}
