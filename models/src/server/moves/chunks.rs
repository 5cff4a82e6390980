//! What a source sends: the snapshot, the changes since, and the last of them under the seal.

use std::sync::Arc;

use shardlab_sim::Context;

use super::Waiting;
use crate::config::Bug;
use crate::message::{Chunk, ChunkId, Message, MoveCommand, MoveMessage, MoveStep};
use crate::node::MoveEvent;
use crate::rebalancing::{Pair, Plan};
use crate::server::Server;
use crate::shard_map::Epoch;
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
        match self.departure(slot, pair, plan.number) {
            Some(Departure::Copying) if (cursor as usize) < plan.keys(pair).len() => {
                self.send_snapshot(slot, pair, cursor, cx);
            }
            Some(Departure::Copying) => self.catch_up(slot, pair, cursor, cx),
            Some(Departure::Sealed { attempt }) if self.hosted[slot].machine.is_drained(pair) => {
                self.send_changes(slot, pair, (usize::MAX, Some(attempt)), cx);
                cx.mark("move.cut-over");
            }
            _ => {}
        }
    }

    fn rows_in_a_chunk(&self, plan: &Plan) -> usize {
        usize::try_from(self.exports.settings.chunk_bytes / u64::from(plan.row_bytes.max(1)))
            .unwrap_or(1)
            .max(1)
    }

    fn send_snapshot(&mut self, slot: usize, pair: Pair, cursor: u32, cx: &mut Context<'_, Message>) {
        let plan = Arc::clone(&self.exports.by_pair[&pair].plan);
        let rest = &plan.keys(pair)[cursor as usize..];
        let keys = &rest[..rest.len().min(self.rows_in_a_chunk(&plan))];
        let machine = &self.hosted[slot].machine;
        let row = |&key: &u32| machine.rows().row(u64::from(key)).map(|row| (u64::from(key), *row));
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
        let streamed = self.exports.by_pair[&pair].streamed;
        self.send_chunk(pair, chunk, streamed, cx);
    }

    /// Everything that was loaded is there: what has changed since follows, and when that is little, the cut-over.
    fn catch_up(&mut self, slot: usize, pair: Pair, cursor: u32, cx: &mut Context<'_, Message>) {
        let machine = &self.hosted[slot].machine;
        let changed = machine.moves().map_or(0, |moves| moves.changed(pair.1).len());
        let Some(export) = self.exports.by_pair.get_mut(&pair) else { return };
        let first_time = !std::mem::replace(&mut export.caught_up_once, true);
        let (behind, plan) = (changed.saturating_sub(export.streamed), Arc::clone(&export.plan));
        if first_time {
            self.note_move(&plan, pair, MoveEvent::Copied { keys: cursor }, cx);
            cx.mark("move.catch-up");
        }
        // What fits into one chunk is little: it is sent under the seal.
        if behind > self.rows_in_a_chunk(&plan) || (first_time && behind > 0) {
            let most = self.rows_in_a_chunk(&plan);
            self.send_changes(slot, pair, (most, None), cx);
        } else if self.has(Bug::NoMoveFence) {
            self.send_changes(slot, pair, (usize::MAX, Some(0)), cx);
            cx.mark("move.cut-over");
        } else {
            self.submit(slot, pair, MoveStep::Seal, cx);
        }
    }

    /// Sends at most so many of the changes that the destination has not; with the last of them go the sessions.
    fn send_changes(
        &mut self,
        slot: usize,
        pair: Pair,
        (most, completes): (usize, Option<u32>),
        cx: &mut Context<'_, Message>,
    ) {
        let machine = &self.hosted[slot].machine;
        let changed = machine.moves().map_or(&[][..], |moves| moves.changed(pair.1));
        let export = &self.exports.by_pair[&pair];
        let rest = &changed[export.streamed.min(changed.len())..];
        let taken = &rest[..rest.len().min(most)];
        let mut keys = taken.to_vec();
        keys.sort_unstable();
        keys.dedup();
        let rows: Vec<_> = keys.into_iter().map(|key| (key, machine.row(key))).collect();
        let loaded = export.plan.keys(pair).len() as u32;
        let chunk = Chunk {
            id: ChunkId::default(),
            source: cx.me(),
            first: loaded,
            next: loaded,
            bytes: rows.len() as u64 * u64::from(export.plan.row_bytes),
            rows,
            sessions: if completes.is_some() { machine.sessions().collect() } else { Vec::new() },
            completes,
        };
        let streamed = export.streamed + taken.len();
        self.send_chunk(pair, chunk, streamed, cx);
    }

    fn send_chunk(&mut self, pair: Pair, mut chunk: Chunk, streamed: usize, cx: &mut Context<'_, Message>) {
        // Nobody leads the destination now, or nobody that is known: the next tick tries again.
        let Some(to) = self.destination(pair) else { return };
        let export = &self.exports.by_pair[&pair];
        let (plan, epoch) = (Arc::clone(&export.plan), export.epoch);
        chunk.id = self.next_id(epoch);
        let (now, bytes) = (cx.now(), chunk.bytes);
        let waiting = Waiting { id: chunk.id, sent: now, bytes, streamed, completes: chunk.completes };
        self.wait_for(pair, waiting);
        self.exports.free_at = self.exports.free_at.max(now) + self.exports.settings.copy_time(bytes);
        let command = MoveCommand { plan, pair, step: MoveStep::Import(Box::new(chunk)) };
        cx.send(to, Message::Move(MoveMessage::Import(Box::new(command))));
    }
}
