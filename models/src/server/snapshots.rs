//! A copy of a shard comes to another server: the snapshot, piece by piece, and then the log.
//!
//! The map names the learner. Whoever leads the shard asks it how much it has, sends the rest under the throttle that
//! moves of keys obey too, and from then on ships it the log like any copy that does not count (Ongaro 2014, §4.2.1).
//! When it is within one window of the log's end the control plane is told, which lets it join: from there on the copy
//! counts, and it is the control plane's changes of epoch that keep writes safe (`control_plane::relocation`).
//!
//! Loaded rows are pure functions and nobody stores them: a piece of the snapshot is its weight. It takes a core time
//! at both ends (`service.copy`), the link its bandwidth, the primary's disk a read and the learner's a forced write. What was written since
//! is in the log, which keeps everything, and follows with it.
//!
//! What the primary knows here is volatile; the learner's disk knows how much has arrived.

use std::collections::BTreeMap;

use shardlab_sim::{Context, NodeId, Time};

use super::disk_reads::Reader;
use super::moves::ANSWER_TIMEOUT;
use super::{COPIES, Server};
use crate::config::Bug;
use crate::message::{ChunkId, CopyMessage, Message};
use crate::node::{Observation, RelocationEvent};
use crate::replication::{Piece, Then};
use crate::shard_map::{Epoch, Learner, ShardId};

/// What a learner has of a snapshot.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Staged {
    // Durable.
    on_disk: u64,
    // Volatile.
    taken: u64,
}

impl Staged {
    pub fn crash(&mut self) {
        self.taken = self.on_disk;
    }
}

/// The snapshots that a server's primaries send, by shard.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshots {
    // Volatile.
    by_shard: BTreeMap<ShardId, Snapshot>,
}

/// One of them.
#[derive(Clone, Copy, Debug)]
struct Snapshot {
    learner: Learner,
    epoch: Epoch,
    /// How much the learner has; `None`: it is to be asked.
    sent: Option<u64>,
    /// A message whose answer is awaited, when it was sent, and what it carries.
    waiting: Option<(ChunkId, Time, u64)>,
    /// The next piece's reading has a place in the processor's queue.
    reading: Option<Time>,
    began: bool,
    /// The learner is sent the log.
    admitted: bool,
    /// When the control plane was told that it has caught up.
    told: Option<Time>,
}

impl Snapshots {
    pub fn crash(&mut self) {
        self.by_shard.clear();
    }
}

impl Snapshot {
    const fn new(learner: Learner, epoch: Epoch) -> Self {
        Self {
            learner,
            epoch,
            sent: None,
            waiting: None,
            reading: None,
            began: false,
            admitted: false,
            told: None,
        }
    }
}

impl Server {
    /// A message about a copy that is being made.
    pub(super) fn on_copy(&mut self, from: NodeId, message: CopyMessage, cx: &mut Context<'_, Message>) {
        match message {
            CopyMessage::Read { shard, epoch } => self.read_piece(shard, epoch, cx),
            CopyMessage::Ask { shard, id } => self.say_what_is_here(from, shard, id, cx),
            CopyMessage::Chunk { shard, id, first, bytes } => {
                self.stage(from, shard, id, first..first + bytes, cx);
            }
            CopyMessage::Have { shard, id, bytes } => self.learner_has(from, shard, id, bytes, cx),
            // The control plane's business.
            CopyMessage::CaughtUp { .. } => {}
        }
    }

    /// The map has changed: begins what is new, drops what is over, and as a learner tells the primary so.
    pub(super) fn learn_of_learners(&mut self, cx: &mut Context<'_, Message>) {
        let Some(map) = self.map.clone() else { return };
        let dropped = self.snapshots.by_shard.keys().copied();
        let dropped: Vec<ShardId> = dropped.filter(|shard| !map.learners.contains_key(shard)).collect();
        for shard in dropped {
            self.snapshots.by_shard.remove(&shard);
            if let Some(slot) = self.slot(shard) {
                self.hosted[slot].replica.dismiss(|node| map.hosts(shard, node));
            }
        }
        for (&shard, learner) in &map.learners {
            let primary = map.primary(shard).filter(|_| learner.node == cx.me());
            if let (Some(primary), Some(slot)) = (primary, self.slot(shard)) {
                let bytes = self.hosted[slot].staged.on_disk;
                let have = CopyMessage::Have { shard, id: ChunkId::default(), bytes };
                cx.send(primary, Message::Copy(have));
            }
        }
        self.drive_snapshots(cx);
    }

    /// The throttle lets go, or it is time to look.
    pub(super) fn drive_snapshots(&mut self, cx: &mut Context<'_, Message>) {
        let Some(map) = self.map.clone().filter(|map| !map.learners.is_empty()) else { return };
        for (&shard, &learner) in &map.learners {
            let Some(slot) = self.leads(shard) else {
                self.snapshots.by_shard.remove(&shard);
                continue;
            };
            let epoch = self.hosted[slot].replica.epoch();
            let fresh = Snapshot::new(learner, epoch);
            let snapshot = self.snapshots.by_shard.entry(shard).or_insert(fresh);
            if snapshot.epoch != epoch || snapshot.learner != learner {
                *snapshot = fresh;
            }
            self.drive_snapshot(shard, slot, cx);
        }
    }

    /// At every tick: what was not answered is asked again.
    pub(super) fn tick_snapshots(&mut self, cx: &mut Context<'_, Message>) {
        let now = cx.now();
        for (&shard, snapshot) in &mut self.snapshots.by_shard {
            if snapshot.waiting.is_some_and(|(_, sent, _)| sent + ANSWER_TIMEOUT <= now) {
                snapshot.waiting = None;
                snapshot.sent = None;
            }
            // A full queue may have dropped it.
            let is_late = snapshot.reading.is_some_and(|since| since + ANSWER_TIMEOUT <= now);
            if is_late && !self.disk_reads.is_waiting(Reader::Snapshot(shard, snapshot.epoch)) {
                snapshot.reading = None;
            }
            snapshot.told = snapshot.told.filter(|since| since + ANSWER_TIMEOUT > now);
        }
        self.drive_snapshots(cx);
    }

    /// Takes the next step of a snapshot, unless something is awaited.
    fn drive_snapshot(&mut self, shard: ShardId, slot: usize, cx: &mut Context<'_, Message>) {
        let Some(&snapshot) = self.snapshots.by_shard.get(&shard) else { return };
        match snapshot.sent {
            _ if snapshot.waiting.is_some() || snapshot.reading.is_some() => {}
            None => {
                let id = self.next_id(snapshot.epoch);
                cx.send(snapshot.learner.node, Message::Copy(CopyMessage::Ask { shard, id }));
                self.await_learner(shard, (id, cx.now(), 0));
            }
            Some(sent) if sent < snapshot.learner.bytes => self.want_piece(shard, snapshot, cx),
            Some(_) => self.ship_log(shard, slot, cx),
        }
    }

    fn await_learner(&mut self, shard: ShardId, waiting: (ChunkId, Time, u64)) {
        if let Some(snapshot) = self.snapshots.by_shard.get_mut(&shard) {
            snapshot.waiting = Some(waiting);
        }
    }

    /// Gets the next piece's reading into the queues of disk and processor, when the throttle allows.
    fn want_piece(&mut self, shard: ShardId, snapshot: Snapshot, cx: &mut Context<'_, Message>) {
        let (now, epoch) = (cx.now(), snapshot.epoch);
        if now < self.exports.free_at {
            return cx.set_timer(COPIES, self.exports.free_at - now);
        }
        let rest = snapshot.learner.bytes - snapshot.sent.unwrap_or(0);
        let bytes = self.exports.settings.chunk_bytes.min(rest);
        self.exports.free_at = now + self.exports.settings.copy_time(bytes);
        if let Some(snapshot) = self.snapshots.by_shard.get_mut(&shard) {
            snapshot.reading = Some(now);
        }
        self.read_bulk(Reader::Snapshot(shard, epoch), bytes, cx);
    }

    /// A core has had time to read.
    fn read_piece(&mut self, shard: ShardId, epoch: Epoch, cx: &mut Context<'_, Message>) {
        let Some(snapshot) = self.snapshots.by_shard.get_mut(&shard).filter(|of| of.epoch == epoch) else {
            return;
        };
        snapshot.reading = None;
        let (learner, first) = (snapshot.learner, snapshot.sent);
        let is_first = !std::mem::replace(&mut snapshot.began, true);
        let (Some(_), Some(first)) = (self.leads(shard), first) else { return };
        let bytes = self.exports.settings.chunk_bytes.min(learner.bytes - first);
        let id = self.next_id(epoch);
        cx.send(learner.node, Message::Copy(CopyMessage::Chunk { shard, id, first, bytes }));
        self.await_learner(shard, (id, cx.now(), bytes));
        if is_first {
            cx.mark("relocate.snapshot");
        }
    }

    /// As a learner: a piece has come, and goes to the disk if it is the next one.
    fn stage(
        &mut self,
        from: NodeId,
        shard: ShardId,
        id: ChunkId,
        piece: std::ops::Range<u64>,
        cx: &mut Context<'_, Message>,
    ) {
        let Some(slot) = self.slot(shard) else { return };
        if self.hosted[slot].staged.taken != piece.start {
            return self.say_what_is_here(from, shard, id, cx);
        }
        let bytes = piece.end - piece.start;
        self.hosted[slot].staged.taken = piece.end;
        let then = Then::Staged(Piece { end: piece.end, id, from });
        self.with_port(slot, cx, |_, port| port.force_bulk(then, bytes));
    }

    pub(super) fn piece_is_durable(&mut self, slot: usize, piece: Piece, cx: &mut Context<'_, Message>) {
        let hosted = &mut self.hosted[slot];
        hosted.staged.on_disk = hosted.staged.on_disk.max(piece.end);
        let shard = hosted.shard;
        self.say_what_is_here(piece.from, shard, piece.id, cx);
    }

    /// As a learner; one that has not heard of it yet says nothing, and is asked again.
    fn say_what_is_here(&self, to: NodeId, shard: ShardId, id: ChunkId, cx: &mut Context<'_, Message>) {
        if let Some(slot) = self.slot(shard) {
            let bytes = self.hosted[slot].staged.on_disk;
            cx.send(to, Message::Copy(CopyMessage::Have { shard, id, bytes }));
        }
    }

    fn learner_has(
        &mut self,
        from: NodeId,
        shard: ShardId,
        id: ChunkId,
        bytes: u64,
        cx: &mut Context<'_, Message>,
    ) {
        let Some(slot) = self.leads(shard) else { return };
        let Some(snapshot) = self.snapshots.by_shard.get_mut(&shard) else { return };
        let is_answer = snapshot.waiting.is_some_and(|(awaited, ..)| awaited == id);
        // It has just heard of it, and the question came too early.
        let is_greeting = id == ChunkId::default() && snapshot.sent.is_none();
        if snapshot.learner.node != from || !(is_answer || is_greeting) {
            return;
        }
        let carried = snapshot.waiting.take().map_or(0, |(_, _, carried)| carried);
        snapshot.sent = Some(bytes.min(snapshot.learner.bytes));
        let learner = snapshot.learner;
        if carried > 0 {
            let event = RelocationEvent::Bytes(carried);
            cx.observe(Observation::Relocation { number: learner.relocation, event });
        }
        self.drive_snapshot(shard, slot, cx);
    }

    /// The learner has the snapshot: the log follows, and when that is nearly there the control plane is told.
    fn ship_log(&mut self, shard: ShardId, slot: usize, cx: &mut Context<'_, Message>) {
        let Some(snapshot) = self.snapshots.by_shard.get_mut(&shard) else { return };
        let learner = snapshot.learner;
        let is_first = !std::mem::replace(&mut snapshot.admitted, true);
        let (epoch, told) = (snapshot.epoch, snapshot.told.is_some());
        if is_first {
            let event = RelocationEvent::Copied;
            cx.observe(Observation::Relocation { number: learner.relocation, event });
            self.with_port(slot, cx, |replica, port| replica.admit(learner.node, port));
            cx.mark("relocate.catch-up");
        }
        // The bug: the snapshot alone is taken for the whole copy.
        let is_near = self.hosted[slot].replica.is_near(learner.node) || self.has(Bug::AppointNewcomer);
        if is_near && !told {
            let caught_up = CopyMessage::CaughtUp { shard, epoch, copy: learner.node };
            cx.send(self.settings.control_plane, Message::Copy(caught_up));
            if let Some(snapshot) = self.snapshots.by_shard.get_mut(&shard) {
                snapshot.told = Some(cx.now());
            }
        }
    }

    /// Another copy has said something: if it is a learner, it may have caught up.
    pub(super) fn progress_of_learner(
        &mut self,
        from: NodeId,
        shard: ShardId,
        cx: &mut Context<'_, Message>,
    ) {
        let Some(snapshot) = self.snapshots.by_shard.get(&shard) else { return };
        if snapshot.learner.node == from
            && snapshot.admitted
            && snapshot.told.is_none()
            && let Some(slot) = self.leads(shard)
        {
            self.ship_log(shard, slot, cx);
        }
    }
}
