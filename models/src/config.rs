//! The whole configuration of a world, section by section as a scenario file has it.

mod checks;
#[cfg(test)]
pub(crate) mod samples;
mod validate;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shardlab_sim::Duration;

pub use crate::cluster::Cluster;
pub use crate::commit::Transactions;
pub use crate::rebalancing::{Membership, Rebalancing};
pub use crate::replication::Replication;
pub use crate::sharding::Sharding;
pub use crate::workload::Workload;
pub(crate) use checks::Checks;
pub use checks::closest;
pub use validate::validate;

/// A protocol step left out on purpose, so that a judge can be seen to catch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Bug {
    /// A primary acknowledges a write before its disk has it.
    AckBeforeSync,
    /// A primary acknowledges as soon as it has logged a write itself, whatever `ack` says.
    AckBeforeReplication,
    /// Servers take appends and serve clients whatever epoch they carry: an old primary is not stopped.
    NoFencing,
    /// Failover appoints the first copy that answers, whatever its log holds.
    AppointAnyLog,
    /// The coordinator tells its decision before its commit record is on disk.
    DecideBeforeSync,
    /// A participant votes yes before its prepared record is on disk.
    VoteBeforeSync,
    /// A participant that waits too long for a decision aborts by itself.
    UnilateralAbort,
    /// A participant forgets the locks of prepared transactions when it restarts.
    ForgetLocks,
    /// Backups apply what they receive in pairs swapped, so that replicas drift apart.
    SwapApplies,
    /// Leases are not checked: a deposed primary goes on answering reads.
    IgnoreLease,
    /// Participants in doubt never ask for the decision.
    NeverInquire,
    /// A client takes silence for failure and reports that its write did not happen.
    FailOnTimeout,
    /// Multi-master: a merge keeps one of several concurrent versions and drops another, as if it had been superseded.
    DropSibling,
    /// Multi-master: what a copy has seen does not advance when it receives; overwritten versions come back.
    DeafClocks,
    /// The cut-over of a move does not seal its source, which goes on serving the keys that it has given away until
    /// every client has the new map.
    NoMoveFence,
}

/// A set of bugs, asked often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bugs(u32);

impl Bugs {
    /// Whether nothing is broken.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `bug` is among them.
    #[must_use]
    pub const fn contains(self, bug: Bug) -> bool {
        self.0 & (1 << bug as u32) != 0
    }
}

impl FromIterator<Bug> for Bugs {
    fn from_iter<I: IntoIterator<Item = Bug>>(bugs: I) -> Self {
        Self(bugs.into_iter().fold(0, |set, bug| set | 1 << bug as u32))
    }
}

/// Everything that a world is built from. `models` checks it; `scenarios` reads it from a file.
#[derive(Clone, Debug)]
pub struct Config {
    /// Machines and network.
    pub cluster: Cluster,
    /// Which key lives in which shard.
    pub sharding: Sharding,
    /// How copies of a shard agree.
    pub replication: Replication,
    /// How several shards commit together.
    pub transactions: Transactions,
    /// Who asks what.
    pub workloads: Vec<Workload>,
    /// How keys move when servers come or go.
    pub rebalancing: Rebalancing,
    /// When servers come or go.
    pub membership: Vec<Membership>,
    /// Broken on purpose.
    pub bugs: Vec<Bug>,
    /// Load runs this long; then faults heal.
    pub duration: Duration,
    /// Measures and marks count from here.
    pub warmup: Duration,
    /// Time to converge after the load has stopped.
    pub drain: Duration,
}

/// Why a configuration cannot be built: dotted paths into the scenario file, so that the reader is shown the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildError {
    /// The setting that is wrong: "replication.mode.primary.replicas".
    pub path: String,
    /// What is wrong with it.
    pub message: String,
    /// Another setting that it clashes with, and what to say there.
    pub other: Option<(String, String)>,
    /// How to mend it.
    pub help: String,
}
