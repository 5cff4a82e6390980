//! Messages of copies that exchange versions, and of clients that merge siblings.

use super::OperationId;
use crate::conflict::{Context, KeyState};
use crate::replication::RANGES;
use crate::shard_map::ShardId;

/// Messages between the copies of a shard that exchange versions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum VersionMessage {
    /// What the sender knows of some keys.
    States(Box<[Shipped]>),
    /// The digest of all that the sender has; is yours another?
    Root(u64),
    /// It is: these are mine, by range.
    Ranges(Box<[u64; RANGES]>),
    /// Send what you have in these ranges, a bit a range.
    Want(u64),
}

/// What a copy knows of one key, on its way to another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shipped {
    /// The key.
    pub key: u64,
    /// What is known of it.
    pub state: KeyState,
    /// Size on the wire: values, and as much of the clocks as the resolver needs.
    pub bytes: u64,
}

/// Messages of a client that merges siblings: it fetches them, and writes the union with the context that came along.
/// A [`Response`](super::Response) says that the write is done, or that the server has no such shard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SiblingMessage {
    /// Client → copy.
    Fetch {
        /// The operation.
        operation: OperationId,
        /// The shard, by the client's map.
        shard: ShardId,
        /// The key.
        key: u64,
    },
    /// Copy → client: the siblings, as their dots, and what I have seen.
    Fetched {
        /// The operation.
        operation: OperationId,
        /// What the client has before it now.
        context: Context,
        /// Size of all siblings' values on the wire.
        value_bytes: u64,
    },
    /// Client → copy: the union of what you gave me and of this value.
    Put {
        /// The operation.
        operation: OperationId,
        /// The shard, by the client's map.
        shard: ShardId,
        /// The key.
        key: u64,
        /// The value to add: `operation.as_value()`.
        value: u64,
        /// Size of the union on the wire.
        value_bytes: u32,
        /// What the client had before it.
        context: Context,
    },
}

impl SiblingMessage {
    /// Which client's operation it belongs to.
    #[must_use]
    pub const fn operation(&self) -> OperationId {
        match self {
            Self::Fetch { operation, .. } | Self::Fetched { operation, .. } | Self::Put { operation, .. } => {
                *operation
            }
        }
    }
}
