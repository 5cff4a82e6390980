//! Modulo: shard = key mod shards.
//!
//! Perfectly even over keys, and blind to how often each is used. Adding a shard to n moves a share of 1 − 1/(n + 1)
//! of the keys: of every n(n + 1) in a row, only the first n stay where they are.

use crate::shard_map::ShardId;
use crate::sharding::Shards;

/// `key % shards`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modulo {
    shards: u32,
    /// By remainder; empty where the shard of each remainder has its number.
    numbers: Vec<ShardId>,
}

impl Modulo {
    /// Over this many shards, at least one.
    #[must_use]
    pub fn new(shards: u32) -> Self {
        assert!(shards > 0, "a sharding has at least one shard");
        Self { shards, numbers: Vec::new() }
    }

    /// Over these shards, ascending: some numbers may be missing.
    #[must_use]
    pub fn of(shards: &[ShardId]) -> Self {
        let dense = shards.iter().enumerate().all(|(place, shard)| shard.index() == place);
        let numbers = if dense { Vec::new() } else { shards.to_vec() };
        Self { numbers, ..Self::new(shards.len() as u32) }
    }

    /// The shards, ascending.
    #[must_use]
    pub fn shards(&self) -> Vec<ShardId> {
        if self.numbers.is_empty() { (0..self.shards).map(ShardId).collect() } else { self.numbers.clone() }
    }
}

impl Shards for Modulo {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        let remainder = (key % u64::from(self.shards)) as u32;
        if self.numbers.is_empty() { ShardId(remainder) } else { self.numbers[remainder as usize] }
    }

    fn count(&self) -> u32 {
        self.numbers.last().map_or(self.shards, |last| last.0 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sharding::moved_fraction;

    #[test]
    fn consecutive_keys_go_round() {
        let modulo = Modulo::new(3);
        let shards: Vec<u32> = (5..10).map(|key| modulo.shard_of(key).0).collect();
        assert_eq!(shards, [2, 0, 1, 2, 0]);
    }

    #[test]
    fn one_more_shard_moves_almost_everything() {
        for shards in [2, 4, 8, 16] {
            let moved = moved_fraction(&Modulo::new(shards), &Modulo::new(shards + 1), 0..100_000);
            let expected = 1.0 - 1.0 / f64::from(shards + 1);
            assert!((moved - expected).abs() < 0.01, "{shards} shards: {moved}, not {expected}");
        }
    }
}
