//! Moves of keys between shards, as the primaries at both ends make them.
//!
//! The source begins (`Begin` in its log: from here on it notes changes) and sends the loaded keys chunk by chunk; what
//! comes next, and when the keys are refused, is a choice ([`Protocol`](crate::rebalancing::Protocol)). The cut-over is the same for all: the keys are
//! sealed (new operations are refused, prepared transactions end), and when nothing on them is under way the last of
//! them are sent together with the client sessions. When the destination has that in its log, the source gives the keys
//! away (`Give`, the point of no return) and tells the destination to serve them (`Own`); then the control plane is told
//! and the rows are dropped.
//!
//! Safety claim: of the two shards at most one serves a key, and the one that does has every acknowledged write of it.
//! The fence is the seal: it is an entry of the source's log, so that no deposed primary can have it committed, and it
//! stops exactly the keys that move, where another epoch would stop the whole shard. Seal, unseal and give are entries
//! of one log, so that a source that takes its keys back after the deadline cannot also have given them away.
//!
//! What is here is volatile. After a failover the new primary asks the destination how far it is and goes on there.

mod arrivals;
mod chunks;
mod second_writes;
mod verification;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use shardlab_sim::{Context, NodeId, SECOND, Time};

use super::disk_reads::Reader;
use super::{MOVES, Server};
use crate::message::{
    Arrived, ChunkId, Command, Message, MoveCommand, MoveMessage, MoveStep, Request, Response, Status,
};
use crate::node::{MoveEvent, Observation};
use crate::rebalancing::{Pair, Plan};
use crate::replication::Replica;
use crate::shard_map::{Epoch, ShardId};
use crate::state_machine::{Departure, MoveEffect};

/// How a server moves keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct MoveSettings {
    /// How many bytes it copies out in a second.
    pub bytes_per_s: u64,
    /// How many bytes go into one chunk.
    pub chunk_bytes: u64,
    /// How long a seal may last, in ns.
    pub seal_deadline: Time,
    /// How long rows that clients have written twice are kept after they were given away, in ns.
    pub grace: Time,
}

/// How long a message of a move may go unanswered before it counts as lost: five times what a stream takes to send a
/// lost packet again, by default.
pub(super) const ANSWER_TIMEOUT: Time = SECOND;

/// The moves that a server's primaries make.
#[derive(Clone, Debug)]
pub(super) struct Exports {
    // Volatile.
    by_pair: BTreeMap<Pair, Export>,
    /// Not before this may the next chunk be read, of keys or of a copy.
    pub free_at: Time,
    /// Sent so far in this life.
    messages: u32,
    // Configuration.
    pub settings: MoveSettings,
}

/// One move under way.
#[derive(Clone, Debug)]
struct Export {
    plan: Arc<Plan>,
    epoch: Epoch,
    /// How many of the loaded keys the destination has; `None`: it is to be asked.
    cursor: Option<u32>,
    /// How many of the noted changes it has.
    streamed: usize,
    /// How many of the loaded keys have been compared.
    compared: usize,
    waiting: Option<Waiting>,
    /// A command is on its way through the log.
    submitted: bool,
    /// The next chunk's reading has a place in the processor's queue.
    reading: Option<Time>,
    caught_up_once: bool,
    sealed_at: Option<Time>,
    /// The destination serves the keys, and the rows are kept until then.
    kept_until: Option<Time>,
}

/// A message whose answer is awaited.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    id: ChunkId,
    sent: Time,
    bytes: u64,
    streamed: usize,
    compared: usize,
    completes: Option<u32>,
    /// Rows whose digests the destination has been sent.
    questioned: u32,
}

impl Exports {
    pub fn new(settings: MoveSettings) -> Self {
        Self { by_pair: BTreeMap::new(), free_at: 0, messages: 0, settings }
    }

    pub fn crash(&mut self) {
        *self = Self::new(self.settings);
    }
}

impl Export {
    fn new(plan: Arc<Plan>, epoch: Epoch) -> Self {
        Self {
            plan,
            epoch,
            cursor: None,
            streamed: 0,
            compared: 0,
            waiting: None,
            submitted: false,
            reading: None,
            caught_up_once: false,
            sealed_at: None,
            kept_until: None,
        }
    }
}

impl Server {
    /// A message about a move.
    pub(super) fn on_move(&mut self, from: NodeId, message: MoveMessage, cx: &mut Context<'_, Message>) {
        match message {
            MoveMessage::Order { plan, pair } => self.ordered(plan, pair, cx),
            MoveMessage::Read { pair, epoch } => self.read_chunk(pair, epoch, cx),
            MoveMessage::Ask { plan, pair, id } => self.answer_standing(from, plan, pair, id, cx),
            MoveMessage::Import(command) => self.import(from, *command, cx),
            MoveMessage::Own { plan, pair, id } => self.own(from, plan, pair, id, cx),
            MoveMessage::Standing { pair, id, arrived } => self.answered(pair, id, arrived, cx),
            MoveMessage::Compare(comparison) => self.compare(from, &comparison, cx),
            MoveMessage::Compared { pair, id, differing } => self.compared(pair, id, &differing, cx),
            // The control plane's business.
            MoveMessage::Done { .. } => {}
        }
    }

    /// Whether this server leads `shard` and knows all that earlier reigns left.
    pub(super) fn leads(&self, shard: ShardId) -> Option<usize> {
        self.slot(shard).filter(|&slot| self.hosted[slot].replica.may_answer())
    }

    fn ordered(&mut self, plan: Arc<Plan>, pair: Pair, cx: &mut Context<'_, Message>) {
        let Some(slot) = self.leads(pair.0) else { return };
        let moves = self.hosted[slot].machine.moves();
        if moves.is_some_and(|moves| moves.plan().number > plan.number) {
            return;
        }
        let epoch = self.hosted[slot].replica.epoch();
        let export =
            self.exports.by_pair.entry(pair).or_insert_with(|| Export::new(Arc::clone(&plan), epoch));
        if export.epoch != epoch || export.plan.number != plan.number {
            *export = Export::new(plan, epoch);
        } else if export.kept_until.is_some() {
            return self.report_done(plan.number, pair, cx);
        }
        self.drive(pair, cx);
    }

    /// Takes the next step of a move, unless something is awaited.
    fn drive(&mut self, pair: Pair, cx: &mut Context<'_, Message>) {
        let Some(export) = self.exports.by_pair.get(&pair) else { return };
        let Some(slot) = self.leads(pair.0).filter(|&slot| self.hosted[slot].replica.epoch() == export.epoch)
        else {
            self.exports.by_pair.remove(&pair);
            return;
        };
        let (number, protocol, kept_until) = (export.plan.number, export.plan.protocol, export.kept_until);
        let (waits, submitted) = (export.waiting.is_some() || export.reading.is_some(), export.submitted);
        match self.departure(slot, pair, number) {
            _ if submitted => {}
            None => self.submit(slot, pair, MoveStep::Begin, cx),
            Some(Departure::Sealed { attempt }) if protocol.unseals() && self.seal_is_old(pair, cx) => {
                self.submit(slot, pair, MoveStep::Unseal { attempt }, cx);
            }
            Some(Departure::Sealed { .. }) if !self.hosted[slot].machine.is_drained(pair) => {}
            Some(Departure::Copying | Departure::Sealed { .. }) if !waits => self.want_chunk(pair, cx),
            Some(Departure::Given { .. }) if kept_until.is_some_and(|until| until <= cx.now()) => {
                self.submit(slot, pair, MoveStep::Drop, cx);
            }
            Some(Departure::Given { .. }) if kept_until.is_some() => {}
            Some(Departure::Given { .. }) if !waits => self.send_own(pair, cx),
            Some(Departure::Copying | Departure::Sealed { .. } | Departure::Given { .. }) => {}
            Some(Departure::Dropped { .. }) => {
                self.exports.by_pair.remove(&pair);
                self.report_done(number, pair, cx);
            }
        }
    }

    /// How far the move is by the log, if the log has heard of its plan.
    fn departure(&self, slot: usize, pair: Pair, plan: u32) -> Option<Departure> {
        let moves = self.hosted[slot].machine.moves().filter(|moves| moves.plan().number == plan)?;
        moves.departure(pair.1)
    }

    /// By the primary's own clock; a seal that was found after a failover counts from then on.
    fn seal_is_old(&mut self, pair: Pair, cx: &mut Context<'_, Message>) -> bool {
        let (now, deadline) = (cx.clock(), self.exports.settings.seal_deadline);
        let Some(export) = self.exports.by_pair.get_mut(&pair) else { return false };
        *export.sealed_at.get_or_insert(now) + deadline <= now
    }

    fn submit(&mut self, slot: usize, pair: Pair, step: MoveStep, cx: &mut Context<'_, Message>) {
        let Some(export) = self.exports.by_pair.get_mut(&pair) else { return };
        export.submitted = true;
        let command = MoveCommand { plan: Arc::clone(&export.plan), pair, step };
        self.order_step(slot, command, cx);
    }

    fn order_step(&mut self, slot: usize, command: MoveCommand, cx: &mut Context<'_, Message>) {
        let command = Command::Move(Box::new(command));
        // Refused: it leads no more, and whoever does will be told by the control plane.
        if self.with_port(slot, cx, |replica, port| replica.submit(command, port)).is_ok() {
            self.pump(slot, cx);
        }
    }

    /// Gets the next chunk's reading into the queues of disk and processor, when the throttle allows.
    fn want_chunk(&mut self, pair: Pair, cx: &mut Context<'_, Message>) {
        let now = cx.now();
        let Some(export) = self.exports.by_pair.get_mut(&pair) else { return };
        if export.cursor.is_none() {
            return self.ask(pair, cx);
        }
        if now < self.exports.free_at {
            return cx.set_timer(MOVES, self.exports.free_at - now);
        }
        let epoch = export.epoch;
        // Nothing has to be read of rows that only change hands.
        if self.is_local(pair) {
            return self.read_chunk(pair, epoch, cx);
        }
        let bytes = self.bytes_to_read(pair);
        if let Some(export) = self.exports.by_pair.get_mut(&pair) {
            export.reading = Some(now);
        }
        self.read_bulk(Reader::Move(pair, epoch), bytes, cx);
    }

    /// The throttle lets go, or something may have been lost.
    pub(super) fn drive_all(&mut self, cx: &mut Context<'_, Message>) {
        let pairs: Vec<Pair> = self.exports.by_pair.keys().copied().collect();
        pairs.into_iter().for_each(|pair| self.drive(pair, cx));
    }

    /// At every tick: what was not answered is asked again, from the beginning of what is known.
    pub(super) fn tick_moves(&mut self, cx: &mut Context<'_, Message>) {
        if !self.moves_keys {
            return;
        }
        let now = cx.now();
        for (&pair, export) in &mut self.exports.by_pair {
            if export.waiting.is_some_and(|waiting| waiting.sent + ANSWER_TIMEOUT <= now) {
                export.waiting = None;
                export.cursor = None;
            }
            // A full queue may have dropped it.
            let is_late = export.reading.is_some_and(|since| since + ANSWER_TIMEOUT <= now);
            if is_late && !self.disk_reads.is_waiting(Reader::Move(pair, export.epoch)) {
                export.reading = None;
            }
        }
        self.drive_all(cx);
        self.heal_moves(cx);
    }

    pub(super) fn next_id(&mut self, epoch: Epoch) -> ChunkId {
        self.exports.messages += 1;
        ChunkId { epoch, number: self.exports.messages }
    }

    /// Whoever leads the destination, by the map.
    fn destination(&self, pair: Pair) -> Option<NodeId> {
        self.map.as_ref().and_then(|map| map.primary(pair.1))
    }

    fn ask(&mut self, pair: Pair, cx: &mut Context<'_, Message>) {
        let (Some(to), Some(export)) = (self.destination(pair), self.exports.by_pair.get(&pair)) else {
            return;
        };
        let (plan, epoch) = (export.plan.number, export.epoch);
        let id = self.next_id(epoch);
        cx.send(to, Message::Move(MoveMessage::Ask { plan, pair, id }));
        self.wait_for_answer(pair, id, cx);
    }

    fn send_own(&mut self, pair: Pair, cx: &mut Context<'_, Message>) {
        let (Some(to), Some(export)) = (self.destination(pair), self.exports.by_pair.get(&pair)) else {
            return;
        };
        let (plan, epoch) = (Arc::clone(&export.plan), export.epoch);
        let id = self.next_id(epoch);
        cx.send(to, Message::Move(MoveMessage::Own { plan, pair, id }));
        self.wait_for_answer(pair, id, cx);
    }

    /// Waits for the answer to a message that carries nothing.
    fn wait_for_answer(&mut self, pair: Pair, id: ChunkId, cx: &mut Context<'_, Message>) {
        if let Some(export) = self.exports.by_pair.get_mut(&pair) {
            let (streamed, compared) = (export.streamed, export.compared);
            let (sent, completes) = (cx.now(), None);
            export.waiting =
                Some(Waiting { id, sent, bytes: 0, streamed, compared, completes, questioned: 0 });
        }
    }

    /// The destination has answered.
    fn answered(&mut self, pair: Pair, id: ChunkId, arrived: Arrived, cx: &mut Context<'_, Message>) {
        let Some(export) = self.exports.by_pair.get_mut(&pair) else { return };
        let Some(waiting) = export.waiting.filter(|waiting| waiting.id == id) else { return };
        export.waiting = None;
        // An asynchronous destination may have lost rows that it had: everything since is sent again.
        let lost = export.cursor.is_some_and(|cursor| arrived.cursor < cursor);
        export.streamed = if lost { 0 } else { waiting.streamed };
        export.compared = if lost { 0 } else { waiting.compared };
        export.cursor = Some(arrived.cursor);
        let plan = Arc::clone(&export.plan);
        if waiting.bytes > 0 {
            self.note_move(&plan, pair, MoveEvent::Bytes(waiting.bytes), cx);
        }
        let Some(slot) = self.leads(pair.0) else { return };
        let departure = self.departure(slot, pair, plan.number);
        if self.exports.by_pair.get(&pair).is_none_or(|export| export.submitted) {
            return;
        }
        if arrived.owned && matches!(departure, Some(Departure::Given { .. })) {
            self.report_done(plan.number, pair, cx);
            return self.drop_rows(slot, pair, cx);
        }
        let complete = waiting.completes.filter(|_| arrived.complete == waiting.completes);
        match (departure, complete) {
            (Some(Departure::Sealed { attempt: sealed }), Some(attempt)) if sealed == attempt => {
                self.submit(slot, pair, MoveStep::Give { attempt, fenced: true }, cx);
            }
            (Some(Departure::Copying), Some(0)) => {
                self.submit(slot, pair, MoveStep::Give { attempt: 0, fenced: false }, cx);
            }
            _ => self.drive(pair, cx),
        }
    }

    /// The rows are of no use any more: they go, or stay for a grace where clients have written them twice.
    fn drop_rows(&mut self, slot: usize, pair: Pair, cx: &mut Context<'_, Message>) {
        let grace = self.exports.settings.grace;
        if let Some(export) = self.exports.by_pair.get_mut(&pair)
            && export.plan.protocol.writes_twice()
        {
            export.kept_until = Some(cx.now() + grace);
            return;
        }
        self.submit(slot, pair, MoveStep::Drop, cx);
    }

    fn report_done(&self, plan: u32, pair: Pair, cx: &mut Context<'_, Message>) {
        cx.send(self.settings.control_plane, Message::Move(MoveMessage::Done { plan, pair }));
    }

    /// A step of a move has taken effect in a log that this server leads.
    pub(super) fn moved(
        &mut self,
        slot: usize,
        pair: Pair,
        effect: MoveEffect,
        cx: &mut Context<'_, Message>,
    ) {
        let plan = self.hosted[slot].machine.moves().map(|moves| Arc::clone(moves.plan()));
        let plan = plan.expect("a step that took effect has a plan");
        match effect {
            MoveEffect::Imported { id, source } => {
                return self.answer_standing(source, plan.number, pair, id, cx);
            }
            MoveEffect::Owned => {
                if let Some((source, id)) = self.owners_to_tell.remove(&pair) {
                    self.answer_standing(source, plan.number, pair, id, cx);
                }
                self.note_move(&plan, pair, MoveEvent::Owned, cx);
                return cx.mark("move.owned");
            }
            MoveEffect::TookSecond { operation, client } => {
                return self.answer_second(slot, operation, client, cx);
            }
            _ => {}
        }
        if let Some(export) = self.exports.by_pair.get_mut(&pair) {
            export.submitted = false;
            export.sealed_at = None;
        }
        let (event, mark) = match effect {
            MoveEffect::Began => (MoveEvent::Began, "move.snapshot"),
            MoveEffect::Sealed => (MoveEvent::Sealed, "move.sealed"),
            MoveEffect::Unsealed => (MoveEvent::Unsealed, "move.unsealed"),
            MoveEffect::Given => {
                (MoveEvent::Given { written: self.written(slot, &plan, pair) }, "move.given")
            }
            _ => (MoveEvent::Dropped, "move.done"),
        };
        self.note_move(&plan, pair, event, cx);
        cx.mark(mark);
        if matches!(
            (effect, self.departure(slot, pair, plan.number)),
            (MoveEffect::Began, Some(Departure::Sealed { .. }))
        ) {
            self.note_move(&plan, pair, MoveEvent::Sealed, cx);
            cx.mark("move.sealed");
        }
        self.drive(pair, cx);
    }

    /// How many rows of a move came after the load; loaded ones that were written are counted with the loaded.
    fn written(&self, slot: usize, plan: &Plan, pair: Pair) -> u64 {
        let changed = self.hosted[slot].machine.moves().map_or(&[][..], |moves| moves.changed(pair.1));
        let came = changed.iter().filter(|&&key| !plan.loaded.contains(key));
        came.collect::<BTreeSet<_>>().len() as u64
    }

    fn note_move(&self, plan: &Plan, pair: Pair, event: MoveEvent, cx: &mut Context<'_, Message>) {
        cx.observe(Observation::Move { plan: plan.number, pair, event });
    }

    /// A key has gone, or is going: whoever asks has to ask elsewhere, or later.
    pub(super) fn redirect(&mut self, to: NodeId, request: &Request, cx: &mut Context<'_, Message>) {
        self.redirects += 1;
        let (operation, shard, status) = (request.operation, request.shard, Status::NotOwner);
        cx.send(to, Message::Response(Response { operation, shard, status, value: 0, value_bytes: 0 }));
    }
}

impl MoveSettings {
    /// How long the throttle makes a chunk take.
    pub(super) fn copy_time(&self, bytes: u64) -> Time {
        u64::try_from(u128::from(bytes) * u128::from(SECOND) / u128::from(self.bytes_per_s))
            .unwrap_or(Time::MAX)
    }
}
