//! What one shard's replicated state knows of moves: which keys it gives away, which it takes, and how far each is.
//!
//! All of it follows from commands in the shard's log, so that a failover at either end forgets nothing and goes on
//! where the last primary stopped.

use std::collections::BTreeMap;
use std::sync::Arc;

use shardlab_sim::NodeId;

use crate::message::{Arrived, Chunk, ChunkId, MoveCommand, MoveStep, OperationId};
use crate::rebalancing::{Pair, Plan};
use crate::shard_map::ShardId;
use crate::sharding::Shards;

/// How far the source of a move is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// It serves the keys and notes which of them change.
    Copying,
    /// It refuses new operations on them; by dual writes, new writes alone.
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
    /// Destination: has taken a second write, or did not need it.
    TookSecond {
        /// Which operation.
        operation: OperationId,
        /// Whom to answer.
        client: NodeId,
    },
}

#[derive(Clone, Debug)]
struct Outgoing {
    departure: Departure,
    attempt: u32,
    /// Keys that were inserted before the beginning: the first of those below.
    inserted: usize,
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
        let me = if command.step.is_for_destination() { command.pair.1 } else { command.pair.0 };
        let plan = Arc::clone(&command.plan);
        Self { me, plan, outgoing: BTreeMap::new(), incoming: BTreeMap::new() }
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Whether this shard takes writes of `key`.
    #[must_use]
    pub fn owns(&self, key: u64) -> bool {
        self.serves(key, Departure::takes_writes)
    }

    /// Whether this shard answers reads of `key`.
    #[must_use]
    pub fn answers(&self, key: u64) -> bool {
        self.serves(key, |departure| self.answers_while(departure))
    }

    /// Whether `key` is on its way to this shard, or has come to it.
    #[must_use]
    pub fn arrives(&self, key: u64) -> bool {
        self.plan
            .pair_of(key)
            .is_some_and(|(source, target)| target == self.me && self.incoming.contains_key(&source))
    }

    /// Whether a source that has come so far answers reads of the keys.
    fn answers_while(&self, departure: Departure) -> bool {
        match departure {
            Departure::Sealed { .. } => !self.plan.protocol.seals_reads(),
            other => other.takes_writes(),
        }
    }

    /// The moves that it has begun to take part in, and whether it answers reads of their keys.
    #[must_use]
    pub fn answering(&self) -> Vec<(Pair, bool)> {
        let given = self.departures().map(|(pair, departure)| (pair, self.answers_while(departure)));
        given.chain(self.arrivals().map(|(pair, arrived)| (pair, arrived.owned))).collect()
    }

    fn serves(&self, key: u64, while_leaving: impl Fn(Departure) -> bool) -> bool {
        match self.plan.pair_of(key) {
            Some((source, target)) if source == self.me => {
                self.outgoing.get(&target).is_none_or(|outgoing| while_leaving(outgoing.departure))
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

    /// How many of them had only been inserted before the beginning.
    #[must_use]
    pub fn inserted(&self, target: ShardId) -> usize {
        self.outgoing.get(&target).map_or(0, |outgoing| outgoing.inserted)
    }

    /// Whether clients write `key` where it goes too.
    #[must_use]
    pub fn is_written_twice(&self, key: u64) -> bool {
        let copying = |target| self.departure(target) == Some(Departure::Copying);
        self.plan.protocol.writes_twice()
            && self.plan.pair_of(key).is_some_and(|(source, target)| source == self.me && copying(target))
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

    /// Begins to note changes, sealed or not; `inserted` are the keys of the move beyond those that were loaded,
    /// ascending.
    pub(super) fn begin(&mut self, target: ShardId, inserted: Vec<u64>, sealed: bool) -> bool {
        if self.outgoing.contains_key(&target) {
            return false;
        }
        let attempt = u32::from(sealed);
        let departure = if sealed { Departure::Sealed { attempt } } else { Departure::Copying };
        let outgoing = Outgoing { departure, attempt, inserted: inserted.len(), changed: inserted };
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

    /// Whether a row that was compared, or a second write, is still of use: the keys are not served here yet.
    pub(super) fn awaits(&self, source: ShardId) -> bool {
        !self.arrived(source).owned
    }

    /// From now on the keys are served here.
    pub(super) fn own(&mut self, source: ShardId) -> bool {
        !std::mem::replace(&mut self.incoming.entry(source).or_default().owned, true)
    }
}

impl Departure {
    const fn takes_writes(self) -> bool {
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
