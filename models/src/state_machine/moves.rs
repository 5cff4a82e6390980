//! What one shard's replicated state knows of moves: which keys it gives away, which it takes, and how far each is.
//!
//! All of it follows from commands in the shard's log, so that a failover at either end forgets nothing and goes on
//! where the last primary stopped.

use std::collections::BTreeMap;
use std::sync::Arc;

use shardlab_sim::NodeId;

use crate::message::{Arrived, Chunk, ChunkId, MoveCommand, MoveStep};
use crate::rebalancing::{Pair, Plan};
use crate::shard_map::ShardId;
use crate::sharding::Shards;

/// How far the source of a move is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// It serves the keys and notes which of them change.
    Copying,
    /// It refuses new operations on them.
    Sealed {
        /// How often it has been sealed.
        attempt: u32,
    },
    /// They are the destination's.
    Given {
        /// Whether operations on them are refused here: always, but for the bug `no-move-fence`.
        fenced: bool,
    },
    /// So are the rows: none is left here.
    Dropped {
        /// As before.
        fenced: bool,
    },
}

/// What a step brought about; the primary goes on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveEffect {
    /// Source: the snapshot may begin.
    Began,
    /// Source: refuses operations.
    Sealed,
    /// Source: serves the keys again.
    Unsealed,
    /// Source: has given the keys away.
    Given,
    /// Source: has dropped the rows.
    Dropped,
    /// Destination: has taken a chunk, or did not need it.
    Imported {
        /// Which chunk.
        id: ChunkId,
        /// Whom to answer.
        source: NodeId,
    },
    /// Destination: serves the keys.
    Owned,
}

#[derive(Clone, Debug)]
struct Outgoing {
    departure: Departure,
    attempt: u32,
    /// Keys that have changed since the beginning, in order, once for each change.
    changed: Vec<u64>,
}

/// The moves of one plan, as one shard knows them. The last plan's stay until the next one begins.
#[derive(Clone, Debug)]
pub struct Moves {
    me: ShardId,
    plan: Arc<Plan>,
    outgoing: BTreeMap<ShardId, Outgoing>,
    incoming: BTreeMap<ShardId, Arrived>,
}

impl Moves {
    pub(super) fn new(command: &MoveCommand) -> Self {
        let me = match command.step {
            MoveStep::Import(_) | MoveStep::Own => command.pair.1,
            _ => command.pair.0,
        };
        let plan = Arc::clone(&command.plan);
        Self { me, plan, outgoing: BTreeMap::new(), incoming: BTreeMap::new() }
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Whether this shard serves `key`.
    #[must_use]
    pub fn owns(&self, key: u64) -> bool {
        match self.plan.pair_of(key) {
            Some((source, target)) if source == self.me => {
                self.outgoing.get(&target).is_none_or(|outgoing| outgoing.departure.serves())
            }
            Some((source, target)) if target == self.me => {
                self.incoming.get(&source).is_some_and(|arrived| arrived.owned)
            }
            Some(_) => false,
            None => self.plan.from.shard_of(key) == self.me,
        }
    }

    /// Whether this shard's row of `key` is the one that counts: it holds the key, or has not given it away yet.
    #[must_use]
    pub fn holds(&self, key: u64) -> bool {
        match self.plan.pair_of(key) {
            Some((source, target)) if source == self.me => {
                self.outgoing.get(&target).is_none_or(|outgoing| !outgoing.departure.is_over())
            }
            _ => self.owns(key),
        }
    }

    /// How often `key` had moved, or might have, when this shard held it: orders what several shards held in turn.
    #[must_use]
    pub fn generation(&self, key: u64) -> u32 {
        let after = self.plan.to.shard_of(key) == self.me;
        self.plan.number - u32::from(!after)
    }

    /// How far it is in giving keys to `target`; `None` before the beginning.
    #[must_use]
    pub fn departure(&self, target: ShardId) -> Option<Departure> {
        self.outgoing.get(&target).map(|outgoing| outgoing.departure)
    }

    /// The keys for `target` that have changed since the beginning, in order.
    #[must_use]
    pub fn changed(&self, target: ShardId) -> &[u64] {
        self.outgoing.get(&target).map_or(&[], |outgoing| &outgoing.changed)
    }

    /// How far it is in taking keys from `source`.
    #[must_use]
    pub fn arrived(&self, source: ShardId) -> Arrived {
        self.incoming.get(&source).copied().unwrap_or_default()
    }

    /// The moves that it gives to others, and how far each is.
    pub fn departures(&self) -> impl Iterator<Item = (Pair, Departure)> + '_ {
        self.outgoing.iter().map(|(&target, outgoing)| ((self.me, target), outgoing.departure))
    }

    /// The moves that it takes from others, and how far each is.
    pub fn arrivals(&self) -> impl Iterator<Item = (Pair, Arrived)> + '_ {
        self.incoming.iter().map(|(&source, &arrived)| ((source, self.me), arrived))
    }

    pub(super) fn note_change(&mut self, key: u64) {
        if self.outgoing.is_empty() {
            return;
        }
        if let Some((source, target)) = self.plan.pair_of(key)
            && source == self.me
            && let Some(outgoing) = self.outgoing.get_mut(&target)
            && !outgoing.departure.is_over()
        {
            outgoing.changed.push(key);
        }
    }

    /// Begins to note changes; `inserted` are the keys of the move beyond those that were loaded, ascending.
    pub(super) fn begin(&mut self, target: ShardId, inserted: Vec<u64>) -> bool {
        if self.outgoing.contains_key(&target) {
            return false;
        }
        let outgoing = Outgoing { departure: Departure::Copying, attempt: 0, changed: inserted };
        self.outgoing.insert(target, outgoing);
        true
    }

    /// The next state of a departure, if the step changes it.
    pub(super) fn depart(&mut self, target: ShardId, step: &MoveStep) -> Option<MoveEffect> {
        let outgoing = self.outgoing.get_mut(&target)?;
        let (next, effect) = match (step, outgoing.departure) {
            (MoveStep::Seal, Departure::Copying) => {
                outgoing.attempt += 1;
                (Departure::Sealed { attempt: outgoing.attempt }, MoveEffect::Sealed)
            }
            (MoveStep::Unseal { attempt }, Departure::Sealed { attempt: sealed }) if *attempt == sealed => {
                (Departure::Copying, MoveEffect::Unsealed)
            }
            (MoveStep::Give { attempt, .. }, Departure::Sealed { attempt: sealed }) if *attempt == sealed => {
                (Departure::Given { fenced: true }, MoveEffect::Given)
            }
            // The bug, and a source that has lost its seal with an asynchronous primary.
            (MoveStep::Give { attempt: 0, fenced }, Departure::Copying | Departure::Sealed { .. }) => {
                (Departure::Given { fenced: *fenced }, MoveEffect::Given)
            }
            (MoveStep::Drop, Departure::Given { fenced }) => {
                outgoing.changed = Vec::new();
                (Departure::Dropped { fenced }, MoveEffect::Dropped)
            }
            _ => return None,
        };
        outgoing.departure = next;
        Some(effect)
    }

    /// Whether a chunk is new: the rows are to be taken.
    pub(super) fn import(&mut self, source: ShardId, chunk: &Chunk) -> bool {
        let arrived = self.incoming.entry(source).or_default();
        if arrived.owned || chunk.first > arrived.cursor {
            return false;
        }
        arrived.cursor = arrived.cursor.max(chunk.next);
        arrived.complete = chunk.completes;
        true
    }

    /// From now on the keys are served here.
    pub(super) fn own(&mut self, source: ShardId) -> bool {
        !std::mem::replace(&mut self.incoming.entry(source).or_default().owned, true)
    }
}

impl Departure {
    const fn serves(self) -> bool {
        match self {
            Self::Copying => true,
            Self::Sealed { .. } => false,
            Self::Given { fenced } | Self::Dropped { fenced } => !fenced,
        }
    }

    const fn is_over(self) -> bool {
        matches!(self, Self::Given { .. } | Self::Dropped { .. })
    }
}
