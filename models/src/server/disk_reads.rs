//! What is copied to another server comes from the disk first: no loaded row is taken to be in memory, and every row
//! that was written since is. It waits for the disk together with the commits of all the server's shards.

use std::collections::VecDeque;

use shardlab_sim::{Context, WriteId};

use super::Server;
use crate::message::{CopyMessage, Message, MoveMessage};
use crate::rebalancing::Pair;
use crate::shard_map::{Epoch, ShardId};

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// A move of keys, for its next chunk.
    Move(Pair, Epoch),
    /// The copy of a shard, for its next piece.
    Snapshot(ShardId, Epoch),
}

/// The reads that are under way, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct DiskReads {
    // Volatile.
    waiting: VecDeque<(WriteId, Reader)>,
}

impl DiskReads {
    pub fn crash(&mut self) {
        self.waiting.clear();
    }

    pub fn is_waiting(&self, reader: Reader) -> bool {
        self.waiting.iter().any(|&(_, waiting)| waiting == reader)
    }
}

impl Reader {
    /// What gets a core's time when the bytes are in memory.
    const fn message(self) -> Message {
        match self {
            Self::Move(pair, epoch) => Message::Move(MoveMessage::Read { pair, epoch }),
            Self::Snapshot(shard, epoch) => Message::Copy(CopyMessage::Read { shard, epoch }),
        }
    }
}

impl Server {
    /// Reads so many bytes, and then lets a core work on them.
    pub(super) fn read_bulk(&mut self, reader: Reader, bytes: u64, cx: &mut Context<'_, Message>) {
        if bytes == 0 {
            return cx.send(cx.me(), reader.message());
        }
        let read = cx.read(bytes);
        self.disk_reads.waiting.push_back((read, reader));
    }

    /// The disk has done everything up to `through`.
    pub(super) fn bulk_was_read(&mut self, through: WriteId, cx: &mut Context<'_, Message>) {
        while let Some((_, reader)) = self.disk_reads.waiting.pop_front_if(|(read, _)| *read <= through) {
            cx.send(cx.me(), reader.message());
        }
    }
}
