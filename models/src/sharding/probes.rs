//! Probes: for every shard a key that no workload uses, to be written when a run ends.

use crate::shard_map::ShardId;
use crate::sharding::Shards;

/// Keys from here on belong to no workload: probes are written there. Where keys are not hashed, a probe lives where the
/// key does whose number it is beyond this one.
pub(crate) const PROBE_KEYS: u64 = 1 << 62;

/// Most keys in a row that are tried to find one of every shard.
const TRIED: usize = 20_000_000;

/// The key that a probe stands for; any other stands for itself.
#[inline]
pub(crate) const fn plain(key: u64) -> u64 {
    key & !PROBE_KEYS
}

/// For each shard, ascending, a key that no workload uses.
///
/// # Errors
/// A shard without any among its landmarks and twenty million keys in a row: it owns next to nothing.
pub fn first_keys(shards: &impl Shards) -> Result<Vec<u64>, ShardId> {
    first_keys_of(&shards.shards(), |key| shards.shard_of(key), shards.landmarks())
}

/// The same for some of the shards, by any function from keys to shards with its landmarks.
///
/// # Errors
/// A shard without any among the landmarks and twenty million keys in a row: it owns next to nothing.
pub(crate) fn first_keys_of(
    wanted: &[ShardId],
    shard_of: impl Fn(u64) -> ShardId,
    landmarks: Vec<u64>,
) -> Result<Vec<u64>, ShardId> {
    let found = first_keys_among(wanted, shard_of, landmarks, TRIED);
    wanted.iter().zip(found).map(|(&shard, key)| key.ok_or(shard)).collect()
}

/// For each of these shards, ascending, the first key among the landmarks and so many keys in a row, if it has one
/// there.
pub(crate) fn first_keys_among(
    wanted: &[ShardId],
    shard_of: impl Fn(u64) -> ShardId,
    landmarks: Vec<u64>,
    tried: usize,
) -> Vec<Option<u64>> {
    let mut first = vec![None; wanted.len()];
    let mut missing = first.len();
    let landmarks = landmarks.into_iter().map(|key| key | PROBE_KEYS);
    for key in landmarks.chain((PROBE_KEYS..).take(tried)) {
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

    #[test]
    fn a_shard_that_owns_nothing_is_named() {
        struct Lopsided;
        impl Shards for Lopsided {
            fn shard_of(&self, key: u64) -> ShardId {
                ShardId(2 * (key % 2) as u32)
            }
            fn shards(&self) -> Vec<ShardId> {
                vec![ShardId(0), ShardId(1), ShardId(2)]
            }
        }
        assert_eq!(first_keys(&Lopsided), Err(ShardId(1)));
    }
}
