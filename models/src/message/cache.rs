//! Between clients and cache nodes, in memcached's words.

use super::OperationId;

/// Messages between clients and cache nodes. A token names a fill: who was sent to the database may set what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CacheMessage {
    /// Client → cache: what is the value of the key?
    Get {
        /// For which read.
        operation: OperationId,
        /// Of which key.
        key: u64,
    },
    /// Cache → client: this, as far as is known here.
    Hit {
        /// The read.
        operation: OperationId,
        /// The id of the write that left the value.
        value: u64,
        /// Size of the value on the wire.
        value_bytes: u32,
    },
    /// Cache → client: not known; ask the database and tell.
    Miss {
        /// The read.
        operation: OperationId,
        /// To be told with what was found.
        token: u64,
    },
    /// Client → cache: this is what the database holds.
    Set {
        /// The key.
        key: u64,
        /// The id of the write that left the value.
        value: u64,
        /// Size of the value on the wire.
        value_bytes: u32,
        /// From the miss.
        token: u64,
    },
    /// Client → cache: forget the key, which has been written.
    Delete {
        /// By which write.
        operation: OperationId,
        /// The key.
        key: u64,
    },
    /// Cache → client: forgotten.
    Deleted {
        /// The write.
        operation: OperationId,
    },
}

impl CacheMessage {
    /// A key, an operation or a token is a word; and the value.
    pub(super) const fn bytes(&self) -> u64 {
        16 + match self {
            Self::Hit { value_bytes, .. } | Self::Set { value_bytes, .. } => *value_bytes as u64,
            Self::Get { .. } | Self::Miss { .. } | Self::Delete { .. } | Self::Deleted { .. } => 0,
        }
    }
}
