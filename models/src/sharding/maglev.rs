//! Maglev hashing: every shard fills a table by its own permutation, in turn (Eisenbud et al. 2016, §3.4).
//!
//! Routing is one look into a table of M entries, M a prime, and shares are as even as entries can be dealt. A shard that
//! comes takes its share, and a few entries move between old ones besides, fewer the larger the table is (the paper's
//! figure 12). Weights are turns: a shard of weight two fills two entries when it is its turn.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Checks;
use crate::hash::{HashFunction, mix};
use crate::rebalancing::Pair;
use crate::shard_map::ShardId;
use crate::sharding::scheme::check_shards;
use crate::sharding::table::Table;
use crate::sharding::weights::{Members, Weights};
use crate::sharding::{Partitioner, Scheme, Shards};

/// Largest table: four bytes an entry.
const LARGEST: u64 = 1 << 24;

/// `strategy = "maglev"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// Entries of the table; a prime, and a hundred times the number of shards for shares that differ by 1 %.
    #[serde(default = "default_table")]
    pub table: u32,
    /// How many shards; as many as servers if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<u32>,
    /// What gives a key its entry.
    #[serde(default)]
    pub hash: HashFunction,
    /// By shard: how many entries it fills in its turn; one if left out.
    #[serde(default, skip_serializing_if = "Weights::is_empty")]
    pub weights: Weights,
}

/// The smaller of the paper's two (§5.3).
const fn default_table() -> u32 {
    65_537
}

impl Default for Spec {
    fn default() -> Self {
        let (hash, weights) = (HashFunction::default(), Weights::default());
        Self { table: default_table(), shards: None, hash, weights }
    }
}

impl Scheme for Spec {
    fn check(&self, at: &str, servers: u32, checks: &mut Checks) {
        let at = format!("{at}.maglev");
        check_shards(format!("{at}.shards"), self.shards, checks);
        let shards = self.shards.unwrap_or(servers);
        self.weights.check(&format!("{at}.weights"), shards, checks);
        let path = format!("{at}.table");
        checks.count(path.clone(), u64::from(self.table), LARGEST, "entries of the table");
        if self.table > 0 && !is_prime(self.table) {
            let message = format!("{} is no prime: a permutation would not reach every entry", self.table);
            checks.refuse(path.clone(), message, "take a prime, such as 65537");
        }
        if self.table < shards {
            let message = format!("{} entries cannot give each of {shards} shards one", self.table);
            checks.refuse(path, message, "take a prime a hundred times the number of shards, such as 65537");
        }
    }

    fn own_shards(&self) -> Option<u32> {
        self.shards
    }

    fn over(&self, shards: &[ShardId], _seed: u64) -> Partitioner {
        Partitioner::Maglev(Maglev::new(self, shards))
    }

    fn weights(&mut self) -> Option<&mut Weights> {
        Some(&mut self.weights)
    }
}

fn is_prime(number: u32) -> bool {
    number >= 2
        && (2..).take_while(|factor| factor * factor <= number).all(|factor| !number.is_multiple_of(factor))
}

/// The table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maglev {
    hash: HashFunction,
    table: Table,
}

impl Maglev {
    /// Over these shards, ascending.
    #[must_use]
    pub fn new(spec: &Spec, shards: &[ShardId]) -> Self {
        let members = spec.weights.members(shards);
        Self { hash: spec.hash, table: Table::new(fill(&permutations(&members, spec.table), spec.table)) }
    }

    /// Where a key stands along the table, as a share of 2⁶⁴.
    pub(super) fn position(&self, key: u64) -> u64 {
        self.hash.position(key)
    }

    /// Between which shards keys move when `next` takes its place.
    pub(super) fn moves_to(&self, next: &Self) -> Option<BTreeSet<Pair>> {
        (self.hash == next.hash).then(|| self.table.moves_to(&next.table)).flatten()
    }
}

impl Shards for Maglev {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        self.table.at(self.position(key))
    }

    fn shards(&self) -> Vec<ShardId> {
        self.table.shards()
    }
}

/// A shard, and the order in which it wants entries: from `offset` on in steps of `skip`.
struct Permutation {
    shard: ShardId,
    offset: u32,
    skip: u32,
    turns: u32,
}

/// The paper's h1 and h2, of the shard's number.
fn permutations(members: &Members, size: u32) -> Vec<Permutation> {
    let hash = |shard: ShardId, which: u64| mix(mix(u64::from(shard.0) + 1) ^ which);
    let permutation = |&(shard, turns): &(ShardId, u32)| Permutation {
        shard,
        offset: (hash(shard, 1) % u64::from(size)) as u32,
        skip: (hash(shard, 2) % u64::from(size - 1).max(1)) as u32 + 1,
        turns,
    };
    members.iter().map(permutation).collect()
}

/// The paper's pseudocode 1.
fn fill(permutations: &[Permutation], size: u32) -> Vec<ShardId> {
    let mut table: Vec<Option<ShardId>> = vec![None; size as usize];
    let mut wanted: Vec<u64> = permutations.iter().map(|of| u64::from(of.offset)).collect();
    let mut left = size;
    while left > 0 {
        for (permutation, wanted) in permutations.iter().zip(&mut wanted) {
            for _ in 0..permutation.turns.min(left) {
                while table[*wanted as usize].is_some() {
                    *wanted = (*wanted + u64::from(permutation.skip)) % u64::from(size);
                }
                table[*wanted as usize] = Some(permutation.shard);
                left -= 1;
            }
        }
    }
    table.into_iter().map(|entry| entry.expect("every entry is filled")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use twox_hash::XxHash64;

    fn shard(number: u32, (offset, skip): (u32, u32)) -> Permutation {
        Permutation { shard: ShardId(number), offset, skip, turns: 1 }
    }

    fn filled(permutations: &[Permutation]) -> Vec<u32> {
        fill(permutations, 7).into_iter().map(|shard| shard.0).collect()
    }

    #[test]
    fn tables_are_filled_as_the_paper_and_its_go_version_do() {
        // dgryski/go-maglev, `maglev_test.go`: the permutations 2640415 (offset 2, skip 4), 0531642, 1350246 of seven.
        let of = [(2, 4), (0, 5), (1, 2)];
        let all: Vec<Permutation> = (0..).zip(of).map(|(number, of)| shard(number, of)).collect();
        assert_eq!(filled(&all), [1, 2, 0, 2, 0, 1, 0]);
        assert_eq!(filled(&[shard(0, of[0]), shard(2, of[2])]), [0, 2, 0, 2, 0, 2, 0]);
    }

    #[test]
    fn only_a_prime_is_one() {
        let primes: Vec<u32> = (0..20).filter(|&number| is_prime(number)).collect();
        assert_eq!(primes, [2, 3, 5, 7, 11, 13, 17, 19]);
        assert!(is_prime(65_537) && is_prime(655_373) && !is_prime(65_536));
    }

    #[test]
    fn entries_are_dealt_evenly() {
        let spec = Spec { table: 10_007, ..Spec::default() };
        let maglev = Maglev::new(&spec, &(0..100).map(ShardId).collect::<Vec<_>>());
        let mut counts = [0; 100];
        maglev.table.entries().iter().for_each(|shard| counts[shard.index()] += 1);
        // Whoever had its turn in the last round has one more than the others.
        assert!(counts.iter().all(|count| (100..=101).contains(count)), "{counts:?}");
    }

    /// Envoy, `maglev_lb_test.cc`, `Basic` and `BasicWithHostName`: six hosts in a table of seven. A host's offset is the
    /// xxHash64 of its name with seed 0, and its skip that with seed 1.
    #[test]
    fn tables_are_those_of_envoy() {
        let hashed = |number: u32, name: String| {
            let [offset, skip] =
                [(0, 7), (1, 6)].map(|(seed, of)| (XxHash64::oneshot(seed, name.as_bytes()) % of) as u32);
            shard(number, (offset, skip + 1))
        };
        let table = |prefix: &str| {
            filled(&(0..6).map(|host| hashed(host, format!("{prefix}{}", 90 + host))).collect::<Vec<_>>())
        };
        assert_eq!(table("127.0.0.1:"), [2, 4, 0, 1, 5, 0, 3]);
        assert_eq!(table(""), [2, 5, 0, 3, 4, 1, 0]);
    }
}
