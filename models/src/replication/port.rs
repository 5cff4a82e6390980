//! The way down: what a replica may do to the world while it handles something.

use std::collections::VecDeque;

use shardlab_sim::{Context, NodeId, Time, WriteId};

use crate::message::Message;
use crate::shard_map::ShardId;

/// What waits for the disk: which replica, and what it will do then.
#[derive(Clone, Debug)]
pub struct Sync<T> {
    /// When everything up to here is on disk.
    pub write: WriteId,
    /// Which shard's replica waits.
    pub shard: ShardId,
    /// What it will do.
    pub then: T,
}

/// Everything on a server that waits for its disk, in order. A crash empties it: that is all there is to losing
/// unsynced writes.
pub type SyncQueue<T> = VecDeque<Sync<T>>;

/// One replica's hands: messages to other copies and writes to the disk it shares with the server's other replicas.
pub struct Port<'a, 'b, M, T> {
    /// The world.
    pub cx: &'a mut Context<'b, Message>,
    /// The replica's shard.
    pub shard: ShardId,
    /// What waits for the disk.
    pub syncs: &'a mut SyncQueue<T>,
    /// How this family's messages travel.
    pub wrap: fn(ShardId, M) -> Message,
}

impl<M, T> Port<'_, '_, M, T> {
    /// Sends to another copy of the same shard.
    pub fn send(&mut self, to: NodeId, message: M) {
        let message = (self.wrap)(self.shard, message);
        self.cx.send(to, message);
    }

    /// Writes to disk and goes on with `then` when it is there.
    pub fn force(&mut self, then: T) {
        self.force_bulk(then, 0);
    }

    /// As [`force`](Self::force), of so many bytes that are copied in bulk.
    pub fn force_bulk(&mut self, then: T, bytes: u64) {
        let write = self.cx.force_bulk(bytes);
        self.syncs.push_back(Sync { write, shard: self.shard, then });
    }

    /// Writes to disk without asking when: it will be there once anything later has been forced.
    pub fn write(&mut self) {
        self.cx.write();
    }

    /// True time, for measures only.
    #[must_use]
    pub fn now(&self) -> Time {
        self.cx.now()
    }
}
