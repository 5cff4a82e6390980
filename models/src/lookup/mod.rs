//! The directory: a lookup service that says which shard a group of keys lives in.
//!
//! It is a node like any other: a lookup takes a round trip and a core's time, and while no directory answers, clients
//! have only what they remember. A client asks once for all its operations that wait for the same group, keeps answers
//! for a while ([`Cache`]), and forgets one when the shard that it names refuses the key. The scheme is as old as the
//! location servers of AFS's volumes (Howard et al., *Scale and performance in a distributed file system*, ACM TOCS
//! 1988, §4.4) and what is now called directory-based or lookup sharding.
//!
//! Safety claim: a directory, however stale, makes nobody read or write where a key is not; it only sends a client to a
//! shard that refuses. Who owns a key stands in the shards' own logs.
//!
//! A directory keeps nothing on disk. What it says is the control plane's map, which it is sent whenever that changes
//! and asks for when it starts: until it has one it is silent. Left out: a directory that is a database of its own, with
//! a log and failover; several of them are copies of the one map.

mod cache;

use std::sync::Arc;

use shardlab_sim::{Context, Node, NodeId, Time, TimerSlot, WriteId};

use crate::message::{ControlMessage, Message};
use crate::shard_map::{ShardId, ShardMap};

pub use cache::Cache;

/// What clients and directories say to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LookupMessage {
    /// Client → directory: where does this group live?
    Find {
        /// The group.
        group: u64,
        /// One of its keys: all of them live in one shard.
        key: u64,
    },
    /// Directory → client.
    Found {
        /// The group.
        group: u64,
        /// The shard that it lives in.
        shard: ShardId,
        /// By which map: answers may overtake each other.
        version: u64,
    },
}

/// How long a directory without a map waits before it asks for one again.
const ASK_AGAIN: Time = 100_000_000;
const ASK: TimerSlot = TimerSlot(0);

/// One directory.
#[derive(Clone, Debug)]
pub struct Directory {
    // Volatile.
    map: Option<Arc<ShardMap>>,
    // Configuration.
    control_plane: NodeId,
}

impl Directory {
    /// A directory that knows the first map.
    #[must_use]
    pub fn new(control_plane: NodeId, map: Arc<ShardMap>) -> Self {
        Self { map: Some(map), control_plane }
    }

    fn ask(&self, cx: &mut Context<'_, Message>) {
        let version = self.map.as_ref().map_or(0, |map| map.version);
        cx.send(self.control_plane, Message::Control(ControlMessage::MapRequest { version }));
        cx.set_timer(ASK, ASK_AGAIN);
    }

    /// A directory without a map cannot tell, and says nothing: the client asks again, or asks another.
    fn find(&self, from: NodeId, group: u64, key: u64, cx: &mut Context<'_, Message>) {
        let Some(map) = &self.map else { return };
        let (shard, version) = (map.routing.shard_of(key), map.version);
        cx.send(from, Message::Lookup(LookupMessage::Found { group, shard, version }));
    }

    fn take_map(&mut self, map: Arc<ShardMap>) {
        if self.map.as_ref().is_none_or(|known| known.version < map.version) {
            self.map = Some(map);
        }
    }
}

impl Node for Directory {
    type Message = Message;

    /// Boot, and every restart: what has changed in the meantime is asked for.
    fn on_start(&mut self, cx: &mut Context<'_, Message>) {
        self.ask(cx);
    }

    /// A message.
    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Message>) {
        match message {
            Message::Lookup(LookupMessage::Find { group, key }) => self.find(from, group, key, cx),
            Message::Control(ControlMessage::Map(map)) => self.take_map(map),
            // Nothing else is sent to a directory.
            _ => {}
        }
    }

    /// The map that was asked for has not come.
    fn on_timer(&mut self, _slot: TimerSlot, cx: &mut Context<'_, Message>) {
        if self.map.is_none() {
            self.ask(cx);
        }
    }

    /// It writes nothing.
    fn on_synced(&mut self, _through: WriteId, _cx: &mut Context<'_, Message>) {}

    /// What it knew is gone.
    fn on_crash(&mut self) {
        self.map = None;
    }
}

#[cfg(test)]
mod tests;
