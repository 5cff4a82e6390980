//! Rebalancing: what moves when servers come or go, by which protocol, how it is ordered and how it is paced.
//!
//! Where the shard count follows the servers, a change of membership replaces one partitioner by another: the keys
//! that live in shard `s` by the old one and in `t` by the new one are one *move*. A [`Plan`] is the difference of the
//! two. How keys are moved is a [`Protocol`]; all of them end with two commands in the source's log (seal, give) and one
//! in the destination's (own), which `server::moves` sees to.

mod balancer;
pub(crate) mod checks;
mod loaded;
mod loaded_keys;
pub(crate) mod newcomers;
mod operator;
mod picture;
mod plan;
mod protocol;
mod routing;
mod separation;
mod weights;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shardlab_sim::{Duration, Size};

pub use balancer::{Balancer, By};
pub use loaded::loaded_rows;
pub use loaded_keys::Loaded;
pub use operator::{Operator, OperatorSettings};
pub use picture::{Picture, ServerPicture, ShardPicture, Step};
pub use plan::{Pair, Plan};
pub use protocol::{Next, Progress, Protocol};
pub use routing::Routing;

/// `[rebalancing]`: how keys are moved when servers come or go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Rebalancing {
    /// By which protocol keys move.
    pub protocol: Protocol,
    /// How much a server may copy out in a second, all its moves together.
    pub throttle: Size,
    /// How much goes into one message, which is one entry of the destination's log.
    pub chunk: Size,
    /// How many moves run at once, over all servers.
    pub concurrent: u32,
    /// How long a source refuses operations on the keys that it hands over, before it takes them back and tries again.
    pub seal_deadline: Duration,
    /// With dual writes: how long a source keeps the rows that it has given away.
    pub grace: Duration,
    /// What moves copies of shards without being told to; nothing if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balancer: Option<Balancer>,
}

impl Default for Rebalancing {
    fn default() -> Self {
        const MIB: u64 = 1 << 20;
        Self {
            protocol: Protocol::Live,
            // CockroachDB's default for rebalancing (`kv.snapshot_rebalance.max_rate`) is 32 MiB/s a store.
            throttle: Size(32 * MIB),
            // The same 64 KiB that a batch of the log fills.
            chunk: Size(MIB / 16),
            // One at a time, as Cassandra adds nodes (*Adding nodes to an existing cluster*: two minutes apart).
            concurrent: 1,
            // As long as a client waits for an answer by default.
            seal_deadline: Duration::from_ns(1_000_000_000),
            // Long enough to see that nobody asks for them any more.
            grace: Duration::from_ns(1_000_000_000),
            balancer: None,
        }
    }
}

/// An operator's command: servers come or go, or rows get a shard of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Its name in receipts and pictures.
    pub name: String,
    /// Its place among the faults of the file, for messages.
    pub fault: usize,
    /// When the operator gives it.
    pub at: Duration,
    /// What it is.
    pub change: MembershipChange,
}

/// Servers come or go, or shards do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MembershipChange {
    /// So many more, which stood by from the beginning, hosting nothing.
    Add(u32),
    /// This one, by number, hands everything over and is empty then.
    Remove(u32),
    /// This one, by number, is gone for ever and hands nothing over.
    Lose(u32),
    /// This one, by number, is to bear so much from now on.
    Reweight {
        /// Which.
        server: u32,
        /// Of what a usual server bears, in thousandths.
        thousandths: u32,
    },
    /// This tenant is moved out: it gets a shard to itself.
    Isolate {
        /// Which, by number.
        tenant: u64,
        /// The server that leads the shard, by number; the one that bears least if none is given.
        to: Option<u32>,
    },
    /// The range that this key is in is cut there: from the key on it is another shard's, on the same servers.
    Split {
        /// The first key behind the cut.
        key: u64,
    },
}

impl MembershipChange {
    /// The file's words for it, dotted, below the fault that it is.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Add(_) => "membership.add",
            Self::Remove(_) => "membership.remove",
            Self::Lose(_) => "membership.lose",
            Self::Reweight { .. } => "membership.reweight",
            Self::Isolate { .. } => "isolate",
            Self::Split { .. } => "split",
        }
    }

    /// Whether there is one more shard afterwards, and nothing else is changed.
    #[must_use]
    pub const fn adds_a_shard(self) -> bool {
        matches!(self, Self::Isolate { .. } | Self::Split { .. })
    }
}

/// Servers that stand by at the beginning, to be added later.
#[must_use]
pub fn standby_servers(membership: &[Membership]) -> u32 {
    let added = membership.iter().map(|command| match command.change {
        MembershipChange::Add(servers) => servers,
        _ => 0,
    });
    added.fold(0, u32::saturating_add)
}
