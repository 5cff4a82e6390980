//! Replication: how the copies of a shard agree.
//!
//! A replica belongs to one of two families. *Log-replicated*: one primary orders commands in a log, and a state
//! machine applies what is committed ([`LogReplica`]). *Version-replicated*: every copy takes writes and versions are
//! exchanged ([`VersionReplica`]). Both fit one seam, [`Replica`]: effects go down through a [`Port`], results are
//! pulled up by [`Replica::next_effective`]. What a copy takes and what it hands up differ, and are associated types:
//! commands for a state machine in the one family, writes and their completion in the other, whose copies hold the
//! rows themselves.
//! Survey: Charron-Bost, Pedone & Schiper (eds.), *Replication: theory and practice*, 2010.

mod backup;
mod log;
mod port;
mod primary;
#[cfg(test)]
mod tests;
mod versions;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shardlab_sim::{Duration, NodeId};

pub use log::{Log, LogReplica, Piece, Settings, Standing, Then};
pub use port::{Port, Sync, SyncQueue};
pub use versions::{
    Learned, RANGES, Records, Store, Taken, VersionPort, VersionReplica, VersionSettings, VersionThen,
    VersionWrite, Written,
};

use crate::conflict::Conflict;
use crate::message::Command;

/// One copy of one shard, as its server sees it.
pub trait Replica {
    /// What it is asked to do.
    type Command;
    /// What came of it, for the server to pull up.
    type Effective;
    /// What copies say to each other.
    type Message;
    /// What waits for the disk.
    type Then;

    /// Takes a command from a client or a coordinator, or refuses: this copy may not order commands now.
    ///
    /// # Errors
    /// [`Refused`] when another copy, or none, may.
    fn submit(
        &mut self,
        command: Self::Command,
        port: &mut Port<'_, '_, Self::Message, Self::Then>,
    ) -> Result<(), Refused>;

    /// Takes a message from another copy.
    fn receive(
        &mut self,
        from: NodeId,
        message: Self::Message,
        port: &mut Port<'_, '_, Self::Message, Self::Then>,
    );

    /// What waited for the disk need wait no longer.
    fn synced(&mut self, then: Self::Then, port: &mut Port<'_, '_, Self::Message, Self::Then>);

    /// Sends again what may have been lost.
    fn tick(&mut self, port: &mut Port<'_, '_, Self::Message, Self::Then>);

    /// What has become effective and durable here; `None` when there is no more for now.
    fn next_effective(&mut self) -> Option<Self::Effective>;

    /// Forgets what is volatile.
    fn crash(&mut self);
}

/// A command of a log that is committed and durable, to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effective {
    /// Apply this; tell those concerned if `speak`.
    Apply {
        /// What to apply.
        command: Command,
        /// Whether this copy answers for it.
        speak: bool,
    },
    /// Start from an empty state: what was applied has turned out not to be in the log.
    Rewind,
}

/// This copy may not order commands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// `[replication]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Replication {
    /// The protocol between copies.
    pub mode: Mode,
    /// Which copy answers a read, and what it checks first.
    pub reads: Reads,
}

impl Default for Replication {
    fn default() -> Self {
        Self {
            mode: Mode::Primary {
                replicas: 1,
                ack: Ack::Quorum,
                failover: Some(Duration::from_ns(3_000_000_000)),
            },
            reads: Reads::Lease,
        }
    }
}

/// The protocol between copies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// One primary orders writes in a log and ships it to the others.
    #[serde(rename_all = "kebab-case")]
    Primary {
        /// How many copies there are, the primary's included.
        replicas: u32,
        /// How many copies must have a write on disk before the client is told.
        #[serde(default)]
        ack: Ack,
        /// How long a server may be silent before its shards get another primary, at least 1ms; none never fails over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failover: Option<Duration>,
    },
    /// Every copy takes writes; copies exchange versions when they can. Clients use the nearest copy.
    #[serde(rename_all = "kebab-case")]
    MultiMaster {
        /// How many copies there are.
        replicas: u32,
        /// What becomes of versions that did not know of each other.
        conflict: Conflict,
        /// How often a copy compares notes with one other, at least 1ms apart: what messages have lost is found within as many intervals
        /// as there are other copies.
        #[serde(default = "default_exchange")]
        exchange: Duration,
    },
}

/// Cassandra and Riak compare their Merkle trees by the hour, for those are built from disk. Ours are kept up to date.
fn default_exchange() -> Duration {
    Duration::from_ns(1_000_000_000)
}

impl Mode {
    /// How many copies a shard has.
    #[must_use]
    pub const fn replicas(&self) -> u32 {
        match self {
            Self::Primary { replicas, .. } | Self::MultiMaster { replicas, .. } => *replicas,
        }
    }

    /// How conflicts are resolved, where every copy takes writes.
    #[must_use]
    pub const fn conflict(&self) -> Option<Conflict> {
        match self {
            Self::Primary { .. } => None,
            Self::MultiMaster { conflict, .. } => Some(*conflict),
        }
    }
}

/// How many copies must have a write on disk before the client is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ack {
    /// The primary alone.
    Async,
    /// A majority of the epoch's members, the primary included.
    #[default]
    Quorum,
    /// Every member of the current epoch.
    All,
}

/// Which copy answers a read, and what it checks first. Without a primary there is nothing to check: any copy answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reads {
    /// The primary, while it holds a lease: fresh as long as clocks drift no more than configured.
    #[default]
    Lease,
    /// The primary, after a majority confirmed its epoch: fresh whatever the clocks do.
    Quorum,
    /// Any copy, at once: may be stale.
    Local,
}
