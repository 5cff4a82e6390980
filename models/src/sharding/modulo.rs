//! Modulo: shard = key mod shards, or the key's hash mod shards.
//!
//! Perfectly even over keys in a row, and blind to how often each is used. Adding a shard to n moves a share of
//! 1 − 1/(n + 1) of the keys: of every n(n + 1) in a row, only the first n stay where they are. With a hash, keys that
//! are not in a row are spread too, and shares vary as random ones do. All shards weigh alike.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Checks;
use crate::hash::HashFunction;
use crate::shard_map::ShardId;
use crate::sharding::scheme::check_shards;
use crate::sharding::{Partitioner, Scheme, Shards};

/// `strategy = "modulo"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// How many shards; as many as servers if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<u32>,
    /// What the remainder is taken of; the key's own number if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<HashFunction>,
}

impl Scheme for Spec {
    fn check(&self, at: &str, _servers: u32, checks: &mut Checks) {
        check_shards(format!("{at}.modulo.shards"), self.shards, checks);
    }

    fn own_shards(&self) -> Option<u32> {
        self.shards
    }

    fn over(&self, shards: &[ShardId], _seed: u64) -> Partitioner {
        Partitioner::Modulo(Modulo { hash: self.hash, ..Modulo::of(shards) })
    }
}

/// `key % shards`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modulo {
    shards: u32,
    /// By remainder; empty where the shard of each remainder has its number.
    numbers: Vec<ShardId>,
    hash: Option<HashFunction>,
}

impl Modulo {
    /// Of the key itself, over this many shards, at least one.
    #[must_use]
    pub fn new(shards: u32) -> Self {
        assert!(shards > 0, "a sharding has at least one shard");
        Self { shards, numbers: Vec::new(), hash: None }
    }

    /// Over these shards, ascending: some numbers may be missing.
    #[must_use]
    pub fn of(shards: &[ShardId]) -> Self {
        let dense = shards.iter().enumerate().all(|(place, shard)| shard.index() == place);
        let numbers = if dense { Vec::new() } else { shards.to_vec() };
        Self { numbers, ..Self::new(shards.len() as u32) }
    }
}

impl Shards for Modulo {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        let number = self.hash.map_or(key, |hash| hash.number(key));
        let remainder = (number % u64::from(self.shards)) as u32;
        if self.numbers.is_empty() { ShardId(remainder) } else { self.numbers[remainder as usize] }
    }

    fn shards(&self) -> Vec<ShardId> {
        if self.numbers.is_empty() { (0..self.shards).map(ShardId).collect() } else { self.numbers.clone() }
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
