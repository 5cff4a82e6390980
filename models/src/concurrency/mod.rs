//! Concurrency control: what happens when two transactions want one key.
//!
//! Strict two-phase locking (Bernstein, Hadzilacos & Goodman 1987, §3), all locks of one shard taken at once when
//! its prepare is applied. The choices differ in who may wait. Both exclude deadlock: nobody waits, or only
//! older transactions wait for younger ones.

mod lock_table;
mod no_wait;
mod wait_die;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shardlab_sim::Time;

pub use lock_table::{LockTable, Mode};

use crate::message::TransactionId;

/// Who waits and who gives way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Concurrency {
    /// An older transaction waits for a younger one; a younger one aborts (Rosenkrantz, Stearns & Lewis 1978).
    WaitDie,
    /// Whoever comes second aborts.
    NoWait,
}

/// A transaction's age: when its first attempt began, then its id. Smaller is older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Age {
    /// When its first attempt began.
    pub began: Time,
    /// Breaks ties.
    pub transaction: TransactionId,
}

/// What a transaction that meets a conflict does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnConflict {
    /// Wait until the others have ended.
    Wait,
    /// Abort, and let the client try again.
    Die,
}

/// The rule of one choice.
pub trait ConflictRule {
    /// What `mine` does that conflicts with each of `others`, which hold locks or wait in front of it.
    fn on_conflict(&self, mine: Age, others: &[Age]) -> OnConflict;
}

impl ConflictRule for Concurrency {
    fn on_conflict(&self, mine: Age, others: &[Age]) -> OnConflict {
        match self {
            Self::WaitDie => wait_die::WaitDie.on_conflict(mine, others),
            Self::NoWait => no_wait::NoWait.on_conflict(mine, others),
        }
    }
}
