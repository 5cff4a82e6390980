//! A plan: the difference of two partitioners, pair by pair of shards.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use crate::rebalancing::{Loaded, Protocol};
use crate::shard_map::ShardId;
use crate::sharding::{Partitioner, Shards};

/// From which shard to which.
pub type Pair = (ShardId, ShardId);

/// What moves when one partitioner takes another's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Counted from one.
    pub number: u32,
    /// Where keys are.
    pub from: Partitioner,
    /// Where they are to be.
    pub to: Partitioner,
    /// Size of a row that was loaded and never written since.
    pub row_bytes: u32,
    /// The keys that were loaded.
    pub loaded: Loaded,
    /// How they move.
    pub protocol: Protocol,
    /// The last plan before it by which keys have moved; zero if there was none.
    pub after: u32,
    /// The places of each move's loaded keys among all of them, ascending; a pair that moves none of them may still move
    /// inserted ones.
    keys: BTreeMap<Pair, Vec<u32>>,
    order: Vec<Pair>,
}

/// A plan is known by its number: it follows from that and the configuration.
impl Hash for Plan {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.number.hash(state);
    }
}

impl Plan {
    /// The difference of two partitioners over the `loaded` keys of `row_bytes` each.
    #[must_use]
    pub fn new(
        number: u32,
        from: Partitioner,
        to: Partitioner,
        loaded: impl Into<Loaded>,
        row_bytes: u32,
    ) -> Self {
        let loaded = loaded.into();
        let mut keys: BTreeMap<Pair, Vec<u32>> =
            from.moves_to(&to).into_iter().map(|pair| (pair, Vec::new())).collect();
        assert!(u32::try_from(loaded.len()).is_ok(), "a checked configuration moves fewer than 2³² keys");
        for (place, key) in (0..).zip(loaded.keys()) {
            let pair = (from.shard_of(key), to.shard_of(key));
            if pair.0 != pair.1 {
                keys.entry(pair).or_default().push(place);
            }
        }
        let order = in_turn(keys.keys().copied());
        Self { number, from, to, row_bytes, loaded, protocol: Protocol::Live, after: 0, keys, order }
    }

    /// The same, made by this protocol.
    #[must_use]
    pub fn by(self, protocol: Protocol) -> Self {
        Self { protocol, ..self }
    }

    /// The same, made when so many plans were over.
    #[must_use]
    pub fn after(self, finished: u32) -> Self {
        Self { after: finished, ..self }
    }

    /// A plan that moves no keys: copies move between servers, and keys stay in their shards.
    #[must_use]
    pub fn nothing(number: u32, stays: Partitioner, loaded: Loaded, row_bytes: u32) -> Self {
        let (from, protocol) = (stays.clone(), Protocol::Live);
        Self {
            number,
            from,
            to: stays,
            row_bytes,
            loaded,
            protocol,
            after: 0,
            keys: BTreeMap::new(),
            order: Vec::new(),
        }
    }

    /// The move that `key` is part of, if it moves.
    #[must_use]
    pub fn pair_of(&self, key: u64) -> Option<Pair> {
        let pair = (self.from.shard_of(key), self.to.shard_of(key));
        (pair.0 != pair.1).then_some(pair)
    }

    /// The moves, in the order in which they are made: neighbours in it have different sources and destinations as far
    /// as there are any, so that moves that run at once compete little.
    #[must_use]
    pub fn pairs(&self) -> &[Pair] {
        &self.order
    }

    /// The places of a move's loaded keys among all that were loaded, ascending; see [`Loaded::key`].
    #[must_use]
    pub fn keys(&self, pair: Pair) -> &[u32] {
        self.keys.get(&pair).map_or(&[], Vec::as_slice)
    }

    /// How many loaded keys move, all pairs together.
    #[must_use]
    pub fn moving(&self) -> u64 {
        self.keys.values().map(|keys| keys.len() as u64).sum()
    }
}

fn in_turn(pairs: impl Iterator<Item = Pair>) -> Vec<Pair> {
    let mut pairs: Vec<Pair> = pairs.collect();
    let most = pairs.iter().map(|pair| pair.0.0.max(pair.1.0)).max().unwrap_or(0) + 1;
    pairs.sort_by_key(|&(source, target)| ((target.0 + most - source.0) % most, source));
    pairs
}
