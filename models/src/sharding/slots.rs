//! Fixed hash slots: keys hash to one of 16,384 slots, and shards own slots (*Redis Cluster specification*, "Key
//! distribution model").
//!
//! Slots are dealt evenly, by weight, and in rows of neighbours at the beginning. When shards come or go as few slots
//! move as an even deal allows: those that have too many give some up to those that have too few. So the function depends
//! on the one before it, and moves the least possible, 1/(n + 1), though a key moves together with its slot only.
//! Keys are numbers here and have no text in which a tag could stand: that keys share one, as `{group}.key` does, and so a
//! slot, is said by `group`, and a tag is the group's number in digits.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Checks;
use crate::hash::HashFunction;
use crate::rebalancing::Pair;
use crate::shard_map::ShardId;
use crate::sharding::scheme::check_shards;
use crate::sharding::table::Table;
use crate::sharding::weights::{Members, Weights};
use crate::sharding::{Partitioner, Scheme, Shards};

/// Most slots: four bytes each.
const MOST_SLOTS: u64 = 1 << 24;

/// `strategy = "slots"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// How many slots there are, for ever.
    #[serde(default = "default_slots")]
    pub slots: u32,
    /// How many neighbouring keys share a hash tag. Keys are numbers, without `{tag}`s in them.
    #[serde(default = "default_group")]
    pub group: u64,
    /// What gives a tag its slot.
    #[serde(default = "default_hash")]
    pub hash: HashFunction,
    /// How many shards; as many as servers if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<u32>,
    /// By shard: how many times as many slots it gets; one if left out.
    #[serde(default, skip_serializing_if = "Weights::is_empty")]
    pub weights: Weights,
}

/// Redis Cluster's.
const fn default_slots() -> u32 {
    16_384
}

const fn default_group() -> u64 {
    1
}

const fn default_hash() -> HashFunction {
    HashFunction::Crc16
}

impl Default for Spec {
    fn default() -> Self {
        let (slots, group, hash) = (default_slots(), default_group(), default_hash());
        Self { slots, group, hash, shards: None, weights: Weights::default() }
    }
}

impl Scheme for Spec {
    fn check(&self, at: &str, servers: u32, checks: &mut Checks) {
        let at = format!("{at}.slots");
        check_shards(format!("{at}.shards"), self.shards, checks);
        let shards = self.shards.unwrap_or(servers);
        self.weights.check(&format!("{at}.weights"), shards, checks);
        let most = MOST_SLOTS.min(1 << self.hash.bits().min(63));
        checks.count(format!("{at}.slots"), u64::from(self.slots), most, "slots");
        if self.group == 0 {
            let help = "say how many neighbouring keys share a slot: 1 for each by itself";
            checks.refuse(format!("{at}.group"), "a group without a key", help);
        }
        if shards > self.slots && self.slots > 0 {
            let message = format!("{shards} shards are more than there are slots");
            let other = (format!("{at}.slots"), format!("there are {}", self.slots));
            let path = if self.shards.is_some() { format!("{at}.shards") } else { "cluster.servers".into() };
            checks.clash(
                path,
                message,
                other,
                "have fewer shards, or more slots: a slot is the least that a shard can own",
            );
        }
    }

    fn own_shards(&self) -> Option<u32> {
        self.shards
    }

    fn over(&self, shards: &[ShardId], _seed: u64) -> Partitioner {
        Partitioner::Slots(Slots::new(self, shards))
    }

    fn next(&self, current: &Partitioner, shards: &[ShardId], seed: u64) -> Partitioner {
        match current {
            Partitioner::Slots(slots) => Partitioner::Slots(slots.with(&self.weights.members(shards))),
            _ => self.over(shards, seed),
        }
    }

    fn weights(&mut self) -> Option<&mut Weights> {
        Some(&mut self.weights)
    }
}

/// Who owns which slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slots {
    hash: HashFunction,
    group: u64,
    slots: Table,
}

impl Slots {
    /// Dealt in rows of neighbours to these shards, ascending.
    #[must_use]
    pub fn new(spec: &Spec, shards: &[ShardId]) -> Self {
        let members = spec.weights.members(shards);
        let owed = owed(&members, spec.slots as usize, |_| 0);
        let slots = owed.into_iter().flat_map(|(shard, count)| std::iter::repeat_n(shard, count));
        Self { hash: spec.hash, group: spec.group, slots: Table::new(slots.collect()) }
    }

    /// Dealt again to these members, with as few moves as an even deal allows.
    fn with(&self, members: &Members) -> Self {
        let owns = |shard: ShardId| self.slots.entries().iter().filter(|&&owner| owner == shard).count();
        let mut owed = owed(members, self.slots.entries().len(), owns);
        let mut slots = self.slots.entries().to_vec();
        let mut homeless = Vec::new();
        // From the last slot on, so that what a shard keeps stays one row.
        for (place, owner) in slots.iter().enumerate() {
            match owed.binary_search_by_key(owner, |of| of.0) {
                Ok(member) if owed[member].1 > 0 => owed[member].1 -= 1,
                _ => homeless.push(place),
            }
        }
        let mut takers = owed.into_iter().flat_map(|(shard, count)| std::iter::repeat_n(shard, count));
        for place in homeless {
            slots[place] = takers.next().expect("as many slots are owed as there are");
        }
        Self { slots: Table::new(slots), ..self.clone() }
    }

    #[inline]
    fn slot_of(&self, key: u64) -> u64 {
        self.hash.number(key / self.group) % self.slots.entries().len() as u64
    }

    /// Where a key's slot stands in the row of all, as a share of 2⁶⁴.
    pub(super) fn position(&self, key: u64) -> u64 {
        ((u128::from(self.slot_of(key)) << 64) / self.slots.entries().len() as u128) as u64
    }

    /// Between which shards keys move when `next` takes its place.
    pub(super) fn moves_to(&self, next: &Self) -> Option<BTreeSet<Pair>> {
        let comparable = self.hash == next.hash && self.group == next.group;
        comparable.then(|| self.slots.moves_to(&next.slots)).flatten()
    }
}

/// How many slots each member should have: its part rounded down, and one more for those that own the most now, in order
/// of number among equals.
fn owed(members: &Members, slots: usize, owns: impl Fn(ShardId) -> usize) -> Vec<(ShardId, usize)> {
    let weights: u64 = members.iter().map(|&(_, weight)| u64::from(weight)).sum();
    let part = |weight: u32| (slots as u64 * u64::from(weight) / weights) as usize;
    let mut owed: Vec<(ShardId, usize)> =
        members.iter().map(|&(shard, weight)| (shard, part(weight))).collect();
    let rest = slots - owed.iter().map(|of| of.1).sum::<usize>();
    let mut surplus: Vec<(usize, usize)> =
        owed.iter().map(|&(shard, part)| owns(shard).saturating_sub(part)).zip(0..).collect();
    surplus.sort_by_key(|&(surplus, place)| (std::cmp::Reverse(surplus), place));
    surplus.into_iter().take(rest).for_each(|(_, place)| owed[place].1 += 1);
    owed
}

impl Shards for Slots {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        self.slots.entries()[self.slot_of(key) as usize]
    }

    fn shards(&self) -> Vec<ShardId> {
        self.slots.shards()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(shards: &[u32]) -> Members {
        shards.iter().map(|&shard| (ShardId(shard), 1)).collect()
    }

    fn counts(slots: &Slots) -> Vec<usize> {
        let of = |shard| slots.slots.entries().iter().filter(|&&owner| owner == shard).count();
        slots.shards().into_iter().map(of).collect()
    }

    #[test]
    fn slots_are_dealt_as_redis_deals_them() {
        let slots = Slots::new(&Spec::default(), &[ShardId(0), ShardId(1), ShardId(2)]);
        assert_eq!(counts(&slots), [5_462, 5_461, 5_461]);
        // CLUSTER KEYSLOT 123456789 is 12739, in the last third.
        assert_eq!(slots.shard_of(123_456_789), ShardId(2));
    }

    #[test]
    fn no_more_slots_move_than_must() {
        let four = Slots::new(&Spec::default(), &(0..4).map(ShardId).collect::<Vec<_>>());
        let five = four.with(&members(&[0, 1, 2, 3, 4]));
        assert_eq!(counts(&five), [3_277, 3_277, 3_277, 3_277, 3_276]);
        let moved = |from: &Slots, to: &Slots| {
            from.slots.entries().iter().zip(to.slots.entries()).filter(|(old, new)| old != new).count()
        };
        assert_eq!(moved(&four, &five), 3_276);
        let gone = five.with(&members(&[0, 2, 3, 4]));
        assert_eq!((counts(&gone), moved(&five, &gone)), (vec![4_096; 4], 3_277));
    }

    #[test]
    fn keys_of_a_group_share_a_slot() {
        let spec = Spec { group: 10, ..Spec::default() };
        let slots = Slots::new(&spec, &(0..7).map(ShardId).collect::<Vec<_>>());
        assert!((0..1_000).all(|key| slots.shard_of(key) == slots.shard_of(key / 10 * 10)));
    }
}
