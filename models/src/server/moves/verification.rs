//! Verification, where clients write twice: the rows of both ends are compared by their digests, some at a time, and
//! those that differ are written over with the source's, which is the system of record.
//!
//! Digests of single rows travel, eight bytes each and eight for the key, so that one exchange tells which rows differ.

use shardlab_sim::{Context, NodeId};

use super::Waiting;
use crate::message::{ChunkId, Comparison, Message, MoveMessage, MoveStep};
use crate::node::MoveEvent;
use crate::rebalancing::Pair;
use crate::server::Server;

impl Server {
    /// The next of the loaded rows.
    pub(super) fn compare_loaded(&mut self, slot: usize, pair: Pair, cx: &mut Context<'_, Message>) {
        let export = &self.exports.by_pair[&pair];
        let (streamed, compared) = export.reached();
        let rest = &export.plan.keys(pair)[compared..];
        let keys = &rest[..rest.len().min(self.rows_in_a_chunk(&export.plan))];
        let keys: Vec<u64> = keys.iter().map(|&place| export.plan.loaded.key(u64::from(place))).collect();
        if compared == 0 {
            cx.mark("move.verify");
        }
        self.send_comparison(slot, pair, &keys, (streamed, compared + keys.len()), cx);
    }

    /// At most so many of the rows that have changed.
    pub(super) fn compare_changed(
        &mut self,
        slot: usize,
        pair: Pair,
        most: usize,
        cx: &mut Context<'_, Message>,
    ) {
        let mut keys = self.changed(slot, pair, most).to_vec();
        let (streamed, compared) = self.exports.by_pair[&pair].reached();
        let reached = (streamed + keys.len(), compared);
        keys.sort_unstable();
        keys.dedup();
        self.send_comparison(slot, pair, &keys, reached, cx);
    }

    fn send_comparison(
        &mut self,
        slot: usize,
        pair: Pair,
        keys: &[u64],
        (streamed, compared): (usize, usize),
        cx: &mut Context<'_, Message>,
    ) {
        let Some(to) = self.destination(pair) else { return };
        let machine = &self.hosted[slot].machine;
        let rows: Vec<(u64, u64)> = keys.iter().map(|&key| (key, machine.row(key).digest())).collect();
        let export = &self.exports.by_pair[&pair];
        let (plan, epoch) = (export.plan.number, export.epoch);
        // Rows are read to be compared, as they are to be copied.
        let read = rows.len() as u64 * u64::from(export.plan.row_bytes);
        let id = self.next_id(epoch);
        let (sent, questioned) = (cx.now(), rows.len() as u32);
        let waiting = Waiting { id, sent, bytes: 0, streamed, compared, completes: None, questioned };
        self.wait_for(pair, waiting, read);
        cx.send(to, Message::Move(MoveMessage::Compare(Box::new(Comparison { plan, pair, id, rows }))));
    }

    /// The source asks whether these rows are the same here.
    pub(super) fn compare(&self, from: NodeId, comparison: &Comparison, cx: &mut Context<'_, Message>) {
        let pair = comparison.pair;
        let Some(slot) = self.leads(pair.1) else { return };
        let machine = &self.hosted[slot].machine;
        let differs = |&&(key, digest): &&(u64, u64)| machine.row(key).digest() != digest;
        let differing = comparison.rows.iter().filter(differs).map(|&(key, _)| key).collect();
        cx.send(from, Message::Move(MoveMessage::Compared { pair, id: comparison.id, differing }));
    }

    /// These rows differ at the destination.
    pub(super) fn compared(
        &mut self,
        pair: Pair,
        id: ChunkId,
        differing: &[u64],
        cx: &mut Context<'_, Message>,
    ) {
        let Some(export) = self.exports.by_pair.get_mut(&pair) else { return };
        let Some(waiting) = export.waiting.filter(|waiting| waiting.id == id) else { return };
        export.waiting = None;
        let plan = std::sync::Arc::clone(&export.plan);
        let (rows, count) = (waiting.questioned, differing.len() as u32);
        self.note_move(&plan, pair, MoveEvent::Compared { rows, differing: count }, cx);
        let Some(slot) = self.leads(pair.0) else { return };
        if differing.is_empty() {
            if let Some(export) = self.exports.by_pair.get_mut(&pair) {
                (export.streamed, export.compared) = (waiting.streamed, waiting.compared);
            }
            return self.drive(pair, cx);
        }
        let chunk = self.chunk_of(slot, pair, differing, cx);
        self.send_chunk(pair, MoveStep::Repair(Box::new(chunk)), (waiting.streamed, waiting.compared), cx);
        cx.mark("move.repaired");
    }
}
