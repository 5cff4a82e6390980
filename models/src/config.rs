//! The whole configuration of a world, section by section as a scenario file has it.

mod bugs;
mod checks;
#[cfg(test)]
pub(crate) mod samples;
mod validate;

use shardlab_sim::Duration;

pub use crate::cluster::Cluster;
pub use crate::commit::Transactions;
pub use crate::rebalancing::{Membership, Rebalancing};
pub use crate::remedies::Remedies;
pub use crate::replication::Replication;
pub use crate::sharding::Sharding;
pub use crate::tables::Table;
pub use crate::workload::Workload;
pub use bugs::{Bug, Bugs};
pub(crate) use checks::Checks;
pub use checks::closest;
pub use validate::{doubts, validate};

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
    /// What the rows are that keys stand for; where there are none, keys have no columns.
    pub tables: Vec<Table>,
    /// Who asks what.
    pub workloads: Vec<Workload>,
    /// How keys move when servers come or go.
    pub rebalancing: Rebalancing,
    /// What is done about hotspots.
    pub remedies: Remedies,
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

impl Config {
    /// Whether keys may change their shard during the run.
    #[must_use]
    pub fn keys_move(&self) -> bool {
        let strategy = &self.sharding.strategy;
        !self.membership.is_empty() || strategy.reshapes().is_some() || strategy.maintenance().is_some()
    }

    /// Whether anything may be moved while the world runs: keys, copies or offices.
    #[must_use]
    pub fn rebalances(&self) -> bool {
        self.keys_move() || self.rebalancing.balancer.is_some()
    }

    /// How many rows are loaded before the load begins.
    #[must_use]
    pub fn loaded_rows(&self) -> u64 {
        match self.tables[..] {
            [] => self.workloads.iter().map(|workload| workload.keys.end()).max().unwrap_or(0),
            _ => crate::tables::loaded_rows(&self.tables),
        }
    }
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
