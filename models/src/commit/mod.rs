//! Commit: how a transaction over several shards becomes one decision.
//!
//! Survey: Gray & Reuter, *Transaction processing*, 1993, §7 and §12. The participants' side is commands in the shards'
//! replicated logs: see [`crate::state_machine`] and [`crate::server`].

mod coordinator;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shardlab_sim::Duration;

pub use coordinator::{CommitRecord, Coordinator, CoordinatorMeasures, CoordinatorSettings};

use crate::concurrency::Concurrency;

/// `[transactions]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Transactions {
    /// The commit protocol.
    pub commit: Commit,
    /// Who waits and who gives way when two transactions want one key.
    pub concurrency: Concurrency,
    /// What transactions may see of each other.
    pub isolation: Isolation,
    /// How long a coordinator waits for votes before it aborts.
    pub vote_timeout: Duration,
    /// How long a prepared participant waits before it asks for the decision, again and again.
    pub inquiry_interval: Duration,
}

impl Default for Transactions {
    fn default() -> Self {
        Self {
            commit: Commit::TwoPhase,
            concurrency: Concurrency::WaitDie,
            isolation: Isolation::Serializable,
            vote_timeout: Duration::from_ns(2_000_000_000),
            inquiry_interval: Duration::from_ns(500_000_000),
        }
    }
}

/// The commit protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Commit {
    /// Two phases, presumed abort (Mohan, Lindsay & Obermarck 1986).
    TwoPhase,
}

/// What transactions may see of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// Strict two-phase locking to the end of the transaction.
    Serializable,
}
