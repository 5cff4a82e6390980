//! Salting: a hot key is stored under several sub-keys, its *ways*, which live in different shards.
//!
//! Two honest ways of doing it. `writes = "all"` writes every way and reads one: for a key that is read much. `writes =
//! "one"` writes one way and reads all, of which the newest counts: for a key that is written much, such as a counter or
//! a feed. (Kleppmann, *Designing Data-Intensive Applications*, 2017, ch. 6; DynamoDB's "write sharding".)
//!
//! **Sub-keys are keys.** Way *w* of the *i*-th salted key is the key `2⁶³ + i × ways + w`: beyond all keys of workloads
//! and probes, and in a row, so that modulo deals the ways of a key to shards in turn and a hash throws them. Strategies
//! that keep neighbours together would keep them in one shard; that is refused.
//!
//! **Ways are stamped registers.** A write carries one value to every way that it writes: the client's clock in ns,
//! raised above the pool's last stamp, and the number of the pool below it. A way keeps the highest stamp that it was
//! given (last writer wins: Thomas, *A majority consensus approach*, TODS 1979), which makes writes idempotent and their
//! order at different ways the same, without any agreement between shards. The order of versions of a salted key is
//! therefore that of stamps.
//!
//! **Safety claim.** A read that is called after a write was acknowledged returns that write or a higher stamp: with
//! `all`, every way has it; with `one`, some way has it and all are asked. With `one` and clocks that agree, operations
//! are linearizable besides, since ways only rise and the order of stamps is that of real time. With `all` they are not:
//! while a write is on its way to the ways, one read may find it and a later read of another way may not, which is a
//! regular register and no atomic one (Lamport 1986). Writing back what was read would mend that (Attiya, Bar-Noy & Dolev
//! 1995); it is left out, since it turns reads of a hot key into writes.
//!
//! A write that was given up half-way leaves the ways apart until the next write; its outcome is `info`. Clocks that
//! disagree let a later write have a lower stamp, and then nobody ever sees it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cluster::pool_places;
use crate::config::{Checks, Config};
use crate::replication::Mode;
use crate::sharding::Shards;

/// Hot keys that are stored several times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Salt {
    /// Which keys.
    pub keys: Vec<u64>,
    /// Under how many sub-keys each.
    pub ways: u32,
    /// What a write does, and thus what a read has to do.
    #[serde(default)]
    pub writes: SaltedWrites,
}

/// What a write of a salted key does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SaltedWrites {
    /// Writes every way; a read asks one.
    #[default]
    All,
    /// Writes one way; a read asks all, and the newest counts.
    One,
}

/// Sub-keys begin here: beyond the keys of workloads and of probes.
const SUB_KEYS: u64 = 1 << 63;

/// Most ways of a key: each operation may ask all of them.
const MOST_WAYS: u64 = 1 << 10;

/// Most pools: their numbers are the low bits of stamps, beside the nanoseconds of a year.
const MOST_POOLS: usize = 1 << 8;

/// Whether a key is a way of a salted one, and so a stamped register.
#[inline]
pub(crate) const fn is_sub_key(key: u64) -> bool {
    key >= SUB_KEYS
}

/// Which keys are salted, ready to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salting {
    keys: Vec<u64>,
    ways: u32,
    writes: SaltedWrites,
}

impl Salting {
    /// By a specification that was checked.
    #[must_use]
    pub fn new(salt: &Salt) -> Self {
        let mut keys = salt.keys.clone();
        keys.sort_unstable();
        Self { keys, ways: salt.ways, writes: salt.writes }
    }

    /// Whether `key` is stored several times.
    #[inline]
    #[must_use]
    pub fn salts(&self, key: u64) -> bool {
        self.keys.binary_search(&key).is_ok()
    }

    /// How many sub-keys a salted key has.
    #[must_use]
    pub const fn ways(&self) -> u32 {
        self.ways
    }

    /// What a write does.
    #[must_use]
    pub const fn writes(&self) -> SaltedWrites {
        self.writes
    }

    /// The sub-key of a way.
    ///
    /// # Panics
    /// If `key` is not salted.
    #[must_use]
    pub fn sub_key(&self, key: u64, way: u32) -> u64 {
        let place = self.keys.binary_search(&key).expect("only salted keys have ways");
        SUB_KEYS + place as u64 * u64::from(self.ways) + u64::from(way)
    }

    /// The key that a sub-key is a way of; `None` of any other key.
    #[must_use]
    pub fn key_of(&self, sub_key: u64) -> Option<u64> {
        let place = sub_key.checked_sub(SUB_KEYS)? / u64::from(self.ways);
        self.keys.get(usize::try_from(place).ok()?).copied()
    }
}

impl Salt {
    pub(super) fn check(&self, config: &Config, checks: &mut Checks) {
        self.check_ways(checks);
        self.check_keys(config, checks);
        check_company(config, checks);
    }

    fn check_ways(&self, checks: &mut Checks) {
        let path = "remedies.salt.ways";
        if self.ways == 1 {
            checks.refuse(path, "one way is the key itself", "give two ways or more, or leave `salt` out");
        } else {
            checks.count(path, u64::from(self.ways), MOST_WAYS, "ways");
        }
    }

    fn check_keys(&self, config: &Config, checks: &mut Checks) {
        let path = "remedies.salt.keys";
        if self.keys.is_empty() {
            checks.refuse(path, "no key is salted", "name the hot keys, or leave `salt` out");
        }
        let count = config.workloads.iter().map(|workload| workload.keys.count).max().unwrap_or(0);
        for (place, key) in self.keys.iter().enumerate() {
            if self.keys[..place].contains(key) {
                checks.refuse(path, format!("key {key} stands there twice"), "name each key once");
            }
            if *key >= count {
                let message = format!("key {key} is none of the keys, and nobody asks for it");
                checks.refuse(path, message, format!("keys are numbered from zero; give one below {count}"));
            }
        }
    }

    /// Whether the ways of a key live in several shards, which can only be asked of a sharding that can be built.
    pub(crate) fn check_spread(&self, partitioner: &impl Shards, checks: &mut Checks) {
        let salting = Salting::new(self);
        let is_together = |key: &&u64| {
            let first = partitioner.shard_of(salting.sub_key(**key, 0));
            (1..self.ways).all(|way| partitioner.shard_of(salting.sub_key(**key, way)) == first)
        };
        if partitioner.count() > 1
            && let Some(key) = self.keys.iter().find(is_together)
        {
            checks.clash(
                "remedies.salt",
                format!("all ways of key {key} live in one shard, so salting it relieves nobody"),
                ("sharding.strategy", "it keeps neighbours together"),
                "choose a strategy that hashes or deals keys out, or more ways",
            );
        }
    }
}

fn check_company(config: &Config, checks: &mut Checks) {
    let path = "remedies.salt";
    if let Mode::MultiMaster { .. } = config.replication.mode {
        let message =
            "copies that take writes by themselves keep versions of their own, and not the highest stamp";
        let other = ("replication.mode", "every copy takes writes");
        checks.clash(path, message, other, "leave out `salt`, or set replication.mode to primary");
    }
    for workload in config.workloads.iter().filter(|workload| workload.mix.has_transactions()) {
        let mix = format!("workload.{}.mix", workload.name);
        let message = "a transaction locks and writes the key itself, and knows nothing of its ways";
        checks.clash(path, message, (mix, "it has transactions"), "leave out `salt`, or the transactions");
    }
    if config.sharding.rules_on_regions() {
        let message = "the ways of a key would be rows of other regions than its own";
        let other = ("sharding.residency", "it says where rows may be");
        checks.clash(path, message, other, "leave out `salt`, or the rules on regions");
    }
    if pool_places(config).len() > MOST_POOLS {
        let message = format!("stamps have room for {MOST_POOLS} pools of clients");
        checks.refuse(path, message, "give fewer workloads or fewer regions");
    }
}

/// Draws the stamps of one pool.
#[derive(Clone, Debug)]
pub(crate) struct Stamps {
    /// It outlives a crash of the pool, as if the clock had been waited for.
    last: u64,
    pool: u64,
    pool_bits: u32,
}

impl Stamps {
    pub(crate) fn new(pool: u64, pools: u64) -> Self {
        Self { last: 0, pool, pool_bits: pools.next_power_of_two().trailing_zeros() }
    }

    /// A value that is unique in the world, and higher than all of pools whose clocks were behind this one.
    pub(crate) fn next(&mut self, clock: u64) -> u64 {
        self.last = clock.max(self.last + 1);
        self.last << self.pool_bits | self.pool
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::sharding::Modulo;

    fn salting(keys: &[u64], ways: u32) -> Salting {
        Salting::new(&Salt { keys: keys.into(), ways, writes: SaltedWrites::All })
    }

    #[test]
    fn a_sub_key_names_its_key_and_no_other_key_is_one() {
        let salting = salting(&[900, 7], 3);
        let ways = |key| [0, 1, 2].map(|way| salting.sub_key(key, way));
        assert_eq!([ways(7), ways(900)].concat(), (0..6).map(|place| (1 << 63) + place).collect::<Vec<_>>());
        assert!(ways(900).iter().all(|&way| salting.key_of(way) == Some(900)));
        assert_eq!([7, 1 << 62, (1 << 63) + 6].map(|key| salting.key_of(key)), [None; 3]);
        assert_eq!([7, 8, 900].map(|key| salting.salts(key)), [true, false, true]);
    }

    #[test]
    fn modulo_deals_the_ways_to_shards_in_turn() {
        let (salting, modulo) = (salting(&[7], 8), Modulo::new(8));
        let shards: BTreeSet<_> = (0..8).map(|way| modulo.shard_of(salting.sub_key(7, way))).collect();
        assert_eq!(shards.len(), 8);
    }

    #[test]
    fn stamps_rise_and_are_unique_over_pools_whatever_the_clocks_say() {
        let mut stamps: Vec<Stamps> = (0..3).map(|pool| Stamps::new(pool, 3)).collect();
        let mut seen = BTreeSet::new();
        for clock in [0, 5, 5, 3, 6] {
            let drawn: Vec<u64> = stamps.iter_mut().map(|stamps| stamps.next(clock)).collect();
            assert!(drawn.iter().all(|&stamp| stamp > 0 && seen.insert(stamp)), "{drawn:?}");
        }
        let last: Vec<u64> = seen.into_iter().rev().take(3).collect();
        assert!(last.iter().all(|stamp| stamp >> 2 == 8), "after 5 came 6, 7 and 8: {last:?}");
    }
}
