//! What is said about moves: commands in the logs of both ends, and messages between them.

use std::sync::Arc;

use shardlab_sim::NodeId;

use crate::message::OperationId;
use crate::rebalancing::{Pair, Plan};
use crate::shard_map::Epoch;
use crate::storage::Row;

/// One step of a move, in the log of its source or of its destination.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MoveCommand {
    /// The plan that the move is part of.
    pub plan: Arc<Plan>,
    /// From which shard to which.
    pub pair: Pair,
    /// The step.
    pub step: MoveStep,
}

/// The steps of a move. Whatever comes twice or too late changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MoveStep {
    /// Source: from here on, note which of the keys change.
    Begin,
    /// Source: refuse new operations on the keys; prepared transactions may still end.
    Seal,
    /// Source: that took too long; serve the keys again.
    Unseal {
        /// Which seal it takes back.
        attempt: u32,
    },
    /// Source: the destination has everything; the keys are its own. This is the point of no return.
    Give {
        /// Under which seal.
        attempt: u32,
        /// Whether they are refused from now on: always, but for the bug `no-move-fence`.
        fenced: bool,
    },
    /// Source: forget the rows.
    Drop,
    /// Destination: keep these rows until they are given.
    Import(Box<Chunk>),
    /// Destination: serve the keys.
    Own,
    /// Destination: these rows were compared and differ; the source's are right.
    Repair(Box<Chunk>),
    /// Destination: a client's second write.
    Second {
        /// Which operation, for the answer.
        operation: OperationId,
        /// Whom to answer.
        client: NodeId,
        /// The key.
        key: u64,
        /// The row that the first write left.
        row: Row,
    },
}

/// Digests of rows at the source, to be compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Comparison {
    /// The plan, by number.
    pub plan: u32,
    /// The move.
    pub pair: Pair,
    /// For the answer.
    pub id: ChunkId,
    /// Keys, and digests of their rows.
    pub rows: Vec<(u64, u64)>,
}

impl MoveStep {
    /// The rows that it carries, if it carries a chunk of them.
    #[must_use]
    pub const fn chunk(&self) -> Option<&Chunk> {
        match self {
            Self::Import(chunk) | Self::Repair(chunk) => Some(chunk),
            _ => None,
        }
    }

    /// What its rows weigh on a disk.
    #[must_use]
    pub fn bulk_bytes(&self) -> u64 {
        self.chunk().map_or(0, |chunk| chunk.bytes)
    }

    /// Whether it is for the destination's log, and not for the source's.
    #[must_use]
    pub const fn is_for_destination(&self) -> bool {
        matches!(self, Self::Import(_) | Self::Own | Self::Repair(_) | Self::Second { .. })
    }
}

/// Which message of a source is answered: unique over its reigns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkId {
    /// The source's epoch.
    pub epoch: Epoch,
    /// Counted from one.
    pub number: u32,
}

/// Some rows on their way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chunk {
    /// For the answer.
    pub id: ChunkId,
    /// Whom to answer.
    pub source: NodeId,
    /// Where in the list of the move's loaded keys it begins.
    pub first: u32,
    /// Where the next one begins. Keys in between that have no row were never written.
    pub next: u32,
    /// Rows, with their keys.
    pub rows: Vec<(u64, Row)>,
    /// Size of all of it, never-written rows included.
    pub bytes: u64,
    /// Client sessions and their last operations: with the last chunk.
    pub sessions: Vec<(u32, u32)>,
    /// Nothing follows: the seal under which that is so.
    pub completes: Option<u32>,
}

impl Chunk {
    /// Whether it only names rows, which lie where they are to be.
    #[must_use]
    pub const fn is_by_reference(&self) -> bool {
        self.bytes == 0 && (self.next > self.first || !self.rows.is_empty())
    }
}

/// How far a destination is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Arrived {
    /// It has the loaded keys up to this place in their list.
    pub cursor: u32,
    /// It has everything, as of this seal.
    pub complete: Option<u32>,
    /// It serves the keys.
    pub owned: bool,
}

/// Messages about a move.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum MoveMessage {
    /// Control plane → source: see to it that this move is made, and say when it is done.
    Order {
        /// The plan.
        plan: Arc<Plan>,
        /// The move.
        pair: Pair,
    },
    /// Source → itself: the work of reading the next chunk.
    Read {
        /// The move.
        pair: Pair,
        /// The reign that it was begun in.
        epoch: Epoch,
    },
    /// Source → destination: how far are you?
    Ask {
        /// The plan, by number.
        plan: u32,
        /// The move.
        pair: Pair,
        /// For the answer.
        id: ChunkId,
    },
    /// Source → destination: rows, to be imported.
    Import(Box<MoveCommand>),
    /// Source → destination: the keys are yours.
    Own {
        /// The plan.
        plan: Arc<Plan>,
        /// The move.
        pair: Pair,
        /// For the answer.
        id: ChunkId,
    },
    /// Destination → source: so far.
    Standing {
        /// The move.
        pair: Pair,
        /// What is answered.
        id: ChunkId,
        /// So far.
        arrived: Arrived,
    },
    /// Source → control plane: the destination serves the keys.
    Done {
        /// The plan, by number.
        plan: u32,
        /// The move.
        pair: Pair,
    },
    /// Source → destination: are your rows the same?
    Compare(Box<Comparison>),
    /// Destination → source: these are not.
    Compared {
        /// The move.
        pair: Pair,
        /// What is answered.
        id: ChunkId,
        /// The keys whose rows differ, ascending.
        differing: Vec<u64>,
    },
}
