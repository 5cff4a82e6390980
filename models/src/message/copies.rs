//! What is said about a copy of a shard that comes to another server.

use shardlab_sim::NodeId;

use crate::message::ChunkId;
use crate::shard_map::{Epoch, ShardId};

/// Messages about a copy that is being made. Rows that were loaded are not stored anywhere, but what they weigh
/// travels and is paid for; what was written since follows in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CopyMessage {
    /// Primary → itself: the work of reading the next chunk.
    Read {
        /// Of this shard.
        shard: ShardId,
        /// In this reign.
        epoch: Epoch,
    },
    /// Primary → learner: how much have you?
    Ask {
        /// Of this shard.
        shard: ShardId,
        /// For the answer.
        id: ChunkId,
    },
    /// Primary → learner: the next piece of the snapshot.
    Chunk {
        /// Of this shard.
        shard: ShardId,
        /// For the answer.
        id: ChunkId,
        /// Where in the snapshot it begins, in bytes.
        first: u64,
        /// How long it is.
        bytes: u64,
    },
    /// Learner → primary: this much is on my disk.
    Have {
        /// Of this shard.
        shard: ShardId,
        /// What is answered; the default where nobody asked.
        id: ChunkId,
        /// From the snapshot's beginning, in bytes.
        bytes: u64,
    },
    /// Primary → control plane: the learner has the snapshot, and the log nearly to its end.
    CaughtUp {
        /// Of this shard.
        shard: ShardId,
        /// In this reign.
        epoch: Epoch,
        /// The learner.
        copy: NodeId,
    },
}
