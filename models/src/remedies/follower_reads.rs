//! Follower reads: any copy of a shard answers, where `replication.reads = "local"` lets it.
//!
//! The nearest copy is the quickest, but where all clients are in one zone the nearest copy is always the same: a hot key
//! is then read from one copy as before, only from another one. Spreading takes a longer way for most reads and divides
//! the load by the number of copies. Freshness is promised by neither: a copy answers with what it has applied, which
//! trails the primary by a heartbeat at most while the network holds (Corbett et al., *Spanner*, OSDI 2012, §4.1.3 on
//! reads at replicas; Taft et al., *CockroachDB*, SIGMOD 2020, §3.4).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Checks, Config};
use crate::replication::Reads;

/// Which copies answer reads that any copy may answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FollowerReads {
    /// Those in the client's zone, else in its region, else all.
    #[default]
    Nearest,
    /// Those in the client's region, else all.
    Region,
    /// All.
    Everywhere,
}

impl FollowerReads {
    /// Where the primary answers every read there is nothing to spread.
    pub(super) fn check(self, config: &Config, checks: &mut Checks) {
        if self != Self::Nearest && config.replication.reads != Reads::Local {
            checks.clash(
                "remedies.follower-reads",
                "reads go to the primary, so there are none to spread over the copies",
                ("replication.reads", "only `local` lets any copy answer"),
                "set replication.reads = \"local\", or leave `follower-reads` out",
            );
        }
    }
}
