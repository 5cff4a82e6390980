//! Sharding: which shard a key lives in.
//!
//! A strategy maps a key to a shard; [`placement`](crate::placement) maps a shard to servers. Where the number of
//! shards is left out there is one for each server, which then holds the shard of its own number, and adding a
//! server changes the mapping. Survey: Pavlo et al., *Skew-aware automatic database partitioning*, SIGMOD 2012, §2;
//! Karger et al., *Consistent hashing and random trees*, STOC 1997.
//!
//! To add a strategy: a file, a line in [`Strategy`], a line in [`Partitioner`] and its two matches.

mod consistent_hash;
mod modulo;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use consistent_hash::ConsistentHash;
pub use modulo::Modulo;

use crate::shard_map::ShardId;

/// A function from keys to shards.
pub trait Shards {
    /// The shard that `key` lives in.
    fn shard_of(&self, key: u64) -> ShardId;

    /// How many shards there are, numbered densely from zero.
    fn count(&self) -> u32;
}

/// `[sharding]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Sharding {
    /// How a key finds its shard.
    pub strategy: Strategy,
}

impl Default for Sharding {
    fn default() -> Self {
        Self { strategy: Strategy::Modulo { shards: None } }
    }
}

/// How a key finds its shard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The key's number modulo the number of shards.
    #[serde(rename_all = "kebab-case")]
    Modulo {
        /// How many shards; as many as servers if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shards: Option<u32>,
    },
    /// A hash ring with virtual nodes (Karger et al. 1997).
    #[serde(rename_all = "kebab-case")]
    ConsistentHash {
        /// Points on the ring for each shard.
        vnodes: u32,
        /// How many shards; as many as servers if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shards: Option<u32>,
        /// Whether each seed has points of its own: for means over many rings. Else all seeds share one ring.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        salted: bool,
    },
}

impl Strategy {
    /// Whether the file says how many shards there are; else they follow the servers.
    #[must_use]
    pub fn counts_shards(&self) -> bool {
        matches!(self, Self::Modulo { shards: Some(_) } | Self::ConsistentHash { shards: Some(_), .. })
    }

    /// How many shards there are over so many servers.
    #[must_use]
    pub fn shards(&self, servers: u32) -> u32 {
        match self {
            Self::Modulo { shards } | Self::ConsistentHash { shards, .. } => shards.unwrap_or(servers),
        }
    }

    /// The function itself, over so many servers, in a world with this seed.
    #[must_use]
    pub fn partitioner(&self, servers: u32, seed: u64) -> Partitioner {
        let shards: Vec<ShardId> = (0..self.shards(servers)).map(ShardId).collect();
        self.partitioner_of(&shards, seed)
    }

    /// The function over these shards, ascending: some numbers may be missing, of servers that are gone.
    #[must_use]
    pub fn partitioner_of(&self, shards: &[ShardId], seed: u64) -> Partitioner {
        match self {
            Self::Modulo { .. } => Partitioner::Modulo(Modulo::of(shards)),
            Self::ConsistentHash { vnodes, salted, .. } => {
                let salt = if *salted { seed } else { 0 };
                Partitioner::ConsistentHash(ConsistentHash::of(shards, *vnodes, salt))
            }
        }
    }
}

/// Any strategy, ready to be asked; shared by all who route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Partitioner {
    /// See [`Modulo`].
    Modulo(Modulo),
    /// See [`ConsistentHash`].
    ConsistentHash(ConsistentHash),
}

impl Partitioner {
    /// The shards that keys may live in, ascending.
    #[must_use]
    pub fn shards(&self) -> Vec<ShardId> {
        match self {
            Self::Modulo(modulo) => modulo.shards(),
            Self::ConsistentHash(ring) => ring.shards(),
        }
    }

    /// Whether keys move only to shards that come and from shards that go (Karger et al. 1997, monotonicity).
    #[must_use]
    pub const fn is_monotone(&self) -> bool {
        matches!(self, Self::ConsistentHash(_))
    }
}

impl Shards for Partitioner {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        match self {
            Self::Modulo(modulo) => modulo.shard_of(key),
            Self::ConsistentHash(ring) => ring.shard_of(key),
        }
    }

    fn count(&self) -> u32 {
        match self {
            Self::Modulo(modulo) => modulo.count(),
            Self::ConsistentHash(ring) => ring.count(),
        }
    }
}

/// Share of `keys` that live in another shard after than before, in `0.0..=1.0`; copies do not count.
///
/// The least that any strategy can move is `1 − before / after` when shards are added (Karger et al. 1997,
/// monotonicity). Zero for no keys.
#[must_use]
pub fn moved_fraction(before: &impl Shards, after: &impl Shards, keys: std::ops::Range<u64>) -> f64 {
    let all = keys.end.saturating_sub(keys.start);
    let moved = keys.filter(|&key| before.shard_of(key) != after.shard_of(key)).count();
    if all == 0 { 0.0 } else { moved as f64 / all as f64 }
}

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

    #[test]
    fn shards_follow_servers_unless_they_are_counted() {
        assert_eq!(Strategy::Modulo { shards: None }.partitioner(5, 0).count(), 5);
        assert_eq!(
            Strategy::ConsistentHash { vnodes: 8, shards: Some(64), salted: false }.partitioner(5, 0).count(),
            64
        );
    }

    #[test]
    fn every_shard_has_a_key_beyond_the_workloads() {
        let ring =
            Strategy::ConsistentHash { vnodes: 128, shards: Some(64), salted: false }.partitioner(8, 0);
        let keys = first_keys(&ring, 1 << 62).expect("128 points own something");
        for (shard, key) in keys.into_iter().enumerate() {
            assert!(key >= 1 << 62 && ring.shard_of(key).index() == shard);
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

    #[test]
    fn nothing_moves_between_equals() {
        let modulo = Modulo::new(4);
        assert_eq!(moved_fraction(&modulo, &modulo, 0..100), 0.0);
        assert_eq!(moved_fraction(&modulo, &modulo, 5..5), 0.0);
    }
}
