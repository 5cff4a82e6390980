//! Where on a server a shard's copy is, and which copies a periodic round has to look at.
//!
//! A server of a large world hosts a few hundred of a hundred thousand shards: what it keeps and what it looks at is in
//! proportion to those that it hosts, and in a round to those that something has happened to.

use crate::shard_map::ShardId;

/// A server's place for each shard that it hosts: an open hash table (Knuth, *The art of computer programming*, vol. 3,
/// §6.4, linear probing), at most half full.
#[derive(Clone, Debug)]
pub(super) struct Slots {
    places: Vec<(u32, u32)>,
    /// How far a hash is shifted to be an index.
    shift: u32,
}

/// No shard has this number.
const NOBODY: u32 = u32::MAX;

/// 2³² divided by the golden ratio: neighbours are spread evenly (Knuth, vol. 3, §6.4, Fibonacci hashing).
const FIBONACCI: u32 = 0x9e37_79b9;

impl Slots {
    /// The places of these shards, in their order.
    pub fn of(shards: impl ExactSizeIterator<Item = ShardId>) -> Self {
        let bits = (2 * shards.len()).next_power_of_two().trailing_zeros().max(1);
        let mut slots = Self { places: vec![(NOBODY, 0); 1 << bits], shift: 32 - bits };
        for (shard, slot) in shards.zip(0..) {
            let index = slots.probe(shard.0);
            slots.places[index] = (shard.0, slot);
        }
        slots
    }

    /// The place of `shard`, if it is hosted.
    #[inline]
    pub fn get(&self, shard: ShardId) -> Option<usize> {
        let (found, slot) = self.places[self.probe(shard.0)];
        (found == shard.0).then_some(slot as usize)
    }

    /// Where `shard` is in the table, or would be.
    #[inline]
    fn probe(&self, shard: u32) -> usize {
        let mut index = (shard.wrapping_mul(FIBONACCI) >> self.shift) as usize;
        while self.places[index].0 != shard && self.places[index].0 != NOBODY {
            index = (index + 1) & (self.places.len() - 1);
        }
        index
    }
}

/// What a server does over and over for each copy that needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Round {
    /// Looks for lost messages.
    Tick,
    /// Tells the control plane.
    Beat,
    /// Asks coordinators.
    Inquiry,
}

const ROUNDS: usize = 3;

/// Which slots each round has to look at: those that something has happened to since it found nothing to do there.
#[derive(Clone, Debug, Default)]
pub(super) struct Rounds {
    /// By 64 slots, by round.
    words: Vec<[u64; ROUNDS]>,
}

impl Rounds {
    /// Every round looks at every one of so many slots.
    pub fn all(slots: usize) -> Self {
        let mut rounds = Self { words: vec![[0; ROUNDS]; slots.div_ceil(64)] };
        (0..slots).for_each(|slot| rounds.note(slot));
        rounds
    }

    /// Something has happened to the copy in this slot.
    #[inline]
    pub fn note(&mut self, slot: usize) {
        self.words[slot / 64].iter_mut().for_each(|word| *word |= 1 << (slot % 64));
    }

    /// The round has found nothing to do in this slot, and will not until something happens.
    pub fn rest(&mut self, round: Round, slot: usize) {
        self.words[slot / 64][round as usize] &= !(1 << (slot % 64));
    }

    /// The first slot from `from` on that the round has to look at.
    pub fn next(&self, round: Round, from: usize) -> Option<usize> {
        let mut mask = u64::MAX << (from % 64);
        for (index, word) in self.words.iter().enumerate().skip(from / 64) {
            let open = word[round as usize] & mask;
            if open != 0 {
                return Some(64 * index + open.trailing_zeros() as usize);
            }
            mask = u64::MAX;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hosted_shard_has_its_place_and_no_other_has_one() {
        let hosted = |count: u32| (0..count).map(|number| ShardId(number * 333 % 100_000));
        for count in [0, 1, 2, 300] {
            let slots = Slots::of(hosted(count).collect::<Vec<_>>().into_iter());
            for (shard, slot) in hosted(count).zip(0..) {
                assert_eq!(slots.get(shard), Some(slot));
            }
            let others =
                (0..100_000).map(ShardId).filter(|&shard| hosted(count).all(|hosted| hosted != shard));
            assert!(others.take(1_000).all(|shard| slots.get(shard).is_none()));
        }
    }

    #[test]
    fn a_table_grows_with_what_is_hosted_and_not_with_the_world() {
        let slots = Slots::of((0..300).map(|number| ShardId(number * 333)));
        assert!(slots.places.len() <= 1024, "{}", slots.places.len());
    }

    #[test]
    fn a_round_looks_again_where_something_happens() {
        let open = |rounds: &Rounds, round| {
            let next = |last: &usize| rounds.next(round, last + 1);
            std::iter::successors(rounds.next(round, 0), next).collect::<Vec<_>>()
        };
        let mut rounds = Rounds::all(130);
        assert_eq!(open(&rounds, Round::Beat), (0..130).collect::<Vec<_>>());
        (0..130).filter(|slot| slot % 60 != 5).for_each(|slot| rounds.rest(Round::Tick, slot));
        assert_eq!(open(&rounds, Round::Tick), [5, 65, 125]);
        assert_eq!(open(&rounds, Round::Inquiry).len(), 130, "each round rests by itself");
        rounds.note(64);
        assert_eq!(open(&rounds, Round::Tick), [5, 64, 65, 125]);
    }
}
