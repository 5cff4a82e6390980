//! What a source sends: the snapshot, what has changed since, and the last of it under the seal.

use std::sync::Arc;

use shardlab_sim::Context;

use super::{Export, Waiting};
use crate::config::Bug;
use crate::message::{Chunk, ChunkId, Message, MoveCommand, MoveMessage, MoveStep};
use crate::node::MoveEvent;
use crate::rebalancing::{Next, Pair, Plan, Progress};
use crate::server::Server;
use crate::shard_map::{Epoch, ShardId};
use crate::state_machine::Departure;

impl Server {
    /// A core has had time to read: what is sent is what the state machine has now.
    pub(super) fn read_chunk(&mut self, pair: Pair, epoch: Epoch, cx: &mut Context<'_, Message>) {
        let Some(export) = self.exports.by_pair.get_mut(&pair).filter(|export| export.epoch == epoch) else {
            return;
        };
        export.reading = None;
        let (plan, cursor) = (Arc::clone(&export.plan), export.cursor);
        let (Some(slot), Some(cursor)) = (self.leads(pair.0), cursor) else { return };
        let seal = match self.departure(slot, pair, plan.number) {
            Some(Departure::Copying) => None,
            Some(Departure::Sealed { attempt }) if self.hosted[slot].machine.is_drained(pair) => {
                Some(attempt)
            }
            _ => return,
        };
        let progress = self.progress(slot, pair, seal);
        let next = plan.protocol.next(&progress);
        if progress.copied >= progress.loaded && !progress.is_local {
            self.note_caught_up(&plan, pair, cursor, cx);
        }
        match next {
            Next::Copy => self.send_snapshot(slot, pair, cursor, cx),
            Next::Stream(most) => self.send_changes(slot, pair, (most, None), cx),
            Next::Compare => self.compare_loaded(slot, pair, cx),
            Next::CompareChanged(most) => self.compare_changed(slot, pair, most, cx),
            Next::Seal => self.submit(slot, pair, MoveStep::Seal, cx),
            Next::HandOver { seal } => self.hand_over(slot, pair, seal, cx),
            Next::Complete { seal, rows } => {
                self.send_changes(slot, pair, (rows, Some(seal)), cx);
                cx.mark("move.cut-over");
            }
        }
    }

    /// What the next chunk has to get from the disk: loaded rows. What was written since is in memory.
    pub(super) fn bytes_to_read(&self, pair: Pair) -> u64 {
        let (Some(slot), Some(export)) = (self.leads(pair.0), self.exports.by_pair.get(&pair)) else {
            return 0;
        };
        let seal = match self.departure(slot, pair, export.plan.number) {
            Some(Departure::Sealed { attempt }) => Some(attempt),
            _ => None,
        };
        let progress = self.progress(slot, pair, seal);
        let done = match export.plan.protocol.next(&progress) {
            Next::Copy => progress.copied,
            Next::Compare => progress.compared,
            _ => return 0,
        };
        let rows = progress.loaded.saturating_sub(done).min(progress.chunk);
        rows as u64 * u64::from(export.plan.row_bytes)
    }

    fn progress(&self, slot: usize, pair: Pair, seal: Option<u32>) -> Progress {
        let export = &self.exports.by_pair[&pair];
        let moves = self.hosted[slot].machine.moves();
        Progress {
            loaded: export.plan.keys(pair).len(),
            copied: export.cursor.unwrap_or(0) as usize,
            compared: export.compared,
            inserted: moves.map_or(0, |moves| moves.inserted(pair.1)),
            changed: moves.map_or(0, |moves| moves.changed(pair.1).len()),
            streamed: export.streamed,
            has_caught_up: export.caught_up_once,
            chunk: self.rows_in_a_chunk(&export.plan),
            seal,
            fences: !self.has(Bug::NoMoveFence),
            verifies: !self.has(Bug::NoVerification),
            is_local: self.is_local(pair),
        }
    }

    /// Everything that was loaded is there.
    fn note_caught_up(&mut self, plan: &Plan, pair: Pair, keys: u32, cx: &mut Context<'_, Message>) {
        let Some(export) = self.exports.by_pair.get_mut(&pair) else { return };
        if !std::mem::replace(&mut export.caught_up_once, true) {
            self.note_move(plan, pair, MoveEvent::Copied { keys }, cx);
            cx.mark("move.catch-up");
        }
    }

    pub(super) fn rows_in_a_chunk(&self, plan: &Plan) -> usize {
        usize::try_from(self.exports.settings.chunk_bytes / u64::from(plan.row_bytes.max(1)))
            .unwrap_or(1)
            .max(1)
    }

    fn send_snapshot(&mut self, slot: usize, pair: Pair, cursor: u32, cx: &mut Context<'_, Message>) {
        let plan = Arc::clone(&self.exports.by_pair[&pair].plan);
        let rest = &plan.keys(pair)[cursor as usize..];
        let keys = &rest[..rest.len().min(self.rows_in_a_chunk(&plan))];
        let machine = &self.hosted[slot].machine;
        let row = |&place: &u32| {
            let key = plan.loaded.key(u64::from(place));
            machine.rows().row(key).map(|row| (key, *row))
        };
        let chunk = Chunk {
            id: ChunkId::default(),
            source: cx.me(),
            first: cursor,
            next: cursor + keys.len() as u32,
            rows: keys.iter().filter_map(row).collect(),
            bytes: keys.len() as u64 * u64::from(plan.row_bytes),
            sessions: Vec::new(),
            completes: None,
        };
        let reached = self.exports.by_pair[&pair].reached();
        self.send_chunk(pair, MoveStep::Import(Box::new(chunk)), reached, cx);
    }

    /// Sends at most so many of the changes that the destination has not; with the last of them go the sessions.
    fn send_changes(
        &mut self,
        slot: usize,
        pair: Pair,
        (most, completes): (usize, Option<u32>),
        cx: &mut Context<'_, Message>,
    ) {
        let taken = self.changed(slot, pair, most);
        let mut keys = taken.to_vec();
        keys.sort_unstable();
        keys.dedup();
        let export = &self.exports.by_pair[&pair];
        let reached = (export.streamed + taken.len(), export.compared);
        let mut chunk = self.chunk_of(slot, pair, &keys, cx);
        chunk.completes = completes;
        if completes.is_some() {
            chunk.sessions = self.hosted[slot].machine.sessions().collect();
        }
        self.send_chunk(pair, MoveStep::Import(Box::new(chunk)), reached, cx);
    }

    /// Whether both ends of a move lie on the same servers and are led by the same one, so that rows only change hands.
    /// Where leaders differ it is a move of keys between servers, though their copies may lie together.
    pub(super) fn is_local(&self, pair: Pair) -> bool {
        let servers = |shard| {
            let assignment = self.map.as_ref()?.shards.get(ShardId::index(shard))?;
            let mut copies = assignment.copies.clone();
            copies.sort_unstable();
            Some((assignment.primary?, copies))
        };
        servers(pair.0).is_some_and(|copies| Some(copies) == servers(pair.1))
    }

    /// Names the rows that are the destination's from now on: they lie there already.
    fn hand_over(&mut self, slot: usize, pair: Pair, seal: u32, cx: &mut Context<'_, Message>) {
        let plan = Arc::clone(&self.exports.by_pair[&pair].plan);
        let machine = &self.hosted[slot].machine;
        let keys = machine.rows().keys(|key| plan.pair_of(key) == Some(pair));
        let reached = (self.changed(slot, pair, usize::MAX).len(), 0);
        let mut chunk = self.chunk_of(slot, pair, &keys, cx);
        (chunk.first, chunk.bytes, chunk.completes) = (0, 0, Some(seal));
        chunk.sessions = self.hosted[slot].machine.sessions().collect();
        self.note_move(&plan, pair, MoveEvent::HandedOver { keys: chunk.next }, cx);
        self.send_chunk(pair, MoveStep::Import(Box::new(chunk)), reached, cx);
        cx.mark("move.cut-over");
    }

    /// At most so many of the changes that the destination has not, in order.
    pub(super) fn changed(&self, slot: usize, pair: Pair, most: usize) -> &[u64] {
        let changed = self.hosted[slot].machine.moves().map_or(&[][..], |moves| moves.changed(pair.1));
        let rest = &changed[self.exports.by_pair[&pair].streamed.min(changed.len())..];
        &rest[..rest.len().min(most)]
    }

    /// These rows as they are now, beyond the loaded ones.
    pub(super) fn chunk_of(
        &self,
        slot: usize,
        pair: Pair,
        keys: &[u64],
        cx: &mut Context<'_, Message>,
    ) -> Chunk {
        let machine = &self.hosted[slot].machine;
        let plan = &self.exports.by_pair[&pair].plan;
        let loaded = plan.keys(pair).len() as u32;
        Chunk {
            id: ChunkId::default(),
            source: cx.me(),
            first: loaded,
            next: loaded,
            bytes: keys.len() as u64 * u64::from(plan.row_bytes),
            rows: keys.iter().map(|&key| (key, machine.row(key))).collect(),
            sessions: Vec::new(),
            completes: None,
        }
    }

    /// Sends a chunk; `reached` is how many changes, and how many compared rows, the destination has with it.
    pub(super) fn send_chunk(
        &mut self,
        pair: Pair,
        mut step: MoveStep,
        reached: (usize, usize),
        cx: &mut Context<'_, Message>,
    ) {
        // Nobody leads the destination now, or nobody that is known: the next tick tries again.
        let Some(to) = self.destination(pair) else { return };
        let export = &self.exports.by_pair[&pair];
        let (plan, epoch) = (Arc::clone(&export.plan), export.epoch);
        let id = self.next_id(epoch);
        let (MoveStep::Import(chunk) | MoveStep::Repair(chunk)) = &mut step else { return };
        chunk.id = id;
        let (sent, bytes, completes) = (cx.now(), chunk.bytes, chunk.completes);
        let (streamed, compared) = reached;
        let waiting = Waiting { id, sent, bytes, streamed, compared, completes, questioned: 0 };
        self.wait_for(pair, waiting, bytes);
        let command = MoveCommand { plan, pair, step };
        cx.send(to, Message::Move(MoveMessage::Import(Box::new(command))));
    }

    /// Waits for an answer; the throttle has so many bytes that were read keep others waiting.
    pub(super) fn wait_for(&mut self, pair: Pair, waiting: Waiting, read: u64) {
        let copy_time = self.exports.settings.copy_time(read);
        let Some(export) = self.exports.by_pair.get_mut(&pair) else { return };
        export.waiting = Some(waiting);
        if export.plan.protocol.is_throttled() {
            self.exports.free_at = self.exports.free_at.max(waiting.sent) + copy_time;
        }
    }
}

impl Export {
    /// How many changes, and how many compared rows, the destination has.
    pub(super) fn reached(&self) -> (usize, usize) {
        (self.streamed, self.compared)
    }
}
