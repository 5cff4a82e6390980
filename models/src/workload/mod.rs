//! Workloads: who asks for what, how often and of which keys.
//!
//! YCSB (Cooper et al., *Benchmarking cloud serving systems with YCSB*, SoCC 2010) and bank transfers. All workloads
//! of a world work on the same keys, from zero up, or on parts of them. Arrivals, keys and kinds of operation are drawn from streams of
//! their own, so that variants of a scenario see the same ones.

mod arrivals;
pub(crate) mod checks;
mod generator;
pub mod keys;
mod mix;
mod queries;
pub mod ycsb;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shardlab_sim::{Duration, Rate, Share};

pub use arrivals::Poisson;
pub use generator::{Content, Generator, Intent};
pub use mix::{MixChooser, OperationType};
pub use queries::Drawn;

use crate::tables::Query;

/// One `[[workload]]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Workload {
    /// Its name, for paths and tables.
    pub name: String,
    /// Open or closed load.
    pub arrivals: Arrivals,
    /// Which keys, and how popular each is.
    #[serde(default)]
    pub keys: Keys,
    /// Weights of the operations, where keys are asked for.
    #[serde(default)]
    pub mix: Mix,
    /// Queries, where rows of tables are asked for.
    #[serde(default, rename = "query", skip_serializing_if = "Vec::is_empty")]
    pub queries: Vec<Query>,
    /// From when on this workload issues operations.
    #[serde(default)]
    pub start: Duration,
    /// Until when; the run's duration if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Duration>,
    /// A key that becomes hot in the middle of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surge: Option<Surge>,
    /// Size of a value, for bandwidth and copying.
    #[serde(default = "default_value_bytes")]
    pub value_bytes: u32,
    /// How long a client waits for an answer.
    #[serde(default = "default_timeout")]
    pub timeout: Duration,
    /// How often it tries again, to the same operation, before it gives up.
    #[serde(default = "default_retries")]
    pub retries: u32,
    /// Wait before a retry; doubles each time, with jitter.
    #[serde(default = "default_backoff")]
    pub backoff: Duration,
    /// Which region the clients are in; dealt over all regions if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Opening balance of every account, for `transfer` and `audit`; what counters begin with, for `counter` and
    /// `unique-ids`.
    #[serde(default = "default_balance")]
    pub balance: i64,
    /// Whether a `transfer` may overdraw the account that it debits; else it is rolled back when it would.
    #[serde(default = "default_overdraft")]
    pub overdraft: bool,
    /// Keys that one `transfer` touches: one is debited, the others credited.
    #[serde(default = "default_transfer_keys")]
    pub transfer_keys: u32,
    /// Share of transactions that write which the application rolls back once all votes are in.
    #[serde(default)]
    pub rollback: Share,
    /// Most steps of a transaction of `list-append` or `rw-register`; registers of a group of `long-fork`.
    #[serde(default = "default_transaction_steps")]
    pub transaction_steps: u32,
}

fn default_transaction_steps() -> u32 {
    // Elle's `max-txn-length` for both of its workloads.
    4
}

fn default_value_bytes() -> u32 {
    // YCSB's default record: 10 fields of 100 bytes.
    1_000
}
fn default_timeout() -> Duration {
    Duration::from_ns(1_000_000_000)
}
fn default_retries() -> u32 {
    5
}
fn default_backoff() -> Duration {
    Duration::from_ns(20_000_000)
}
fn default_balance() -> i64 {
    100
}
fn default_overdraft() -> bool {
    true
}
fn default_transfer_keys() -> u32 {
    2
}

/// How operations arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Arrivals {
    /// A Poisson stream that does not wait for answers.
    Open(Rate),
    /// Clients that issue the next operation when the last has been answered.
    #[serde(rename_all = "kebab-case")]
    Closed {
        /// How many clients.
        clients: u32,
        /// Pause between an answer and the next operation.
        #[serde(default)]
        think: Duration,
    },
}

/// Which keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Keys {
    /// The first of them: several workloads may use parts of the keys that differ.
    #[serde(skip_serializing_if = "is_zero")]
    pub from: u64,
    /// How many there are at the start; inserts add to them.
    pub count: u64,
    /// How popular each is.
    pub distribution: KeyDistribution,
    /// Whether what is popular changes while the run lasts; it stays if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wander: Option<Wander>,
}

impl Default for Keys {
    fn default() -> Self {
        Self { from: 0, count: 10_000, distribution: KeyDistribution::Uniform, wander: None }
    }
}

/// Popularity goes from keys to keys: in each city the evening comes at another time, and each has its own rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Wander {
    /// How long it stays.
    pub every: Duration,
    /// How many keys further it is then; behind the last one the first follows. New keys are left out.
    pub by: u64,
}

impl Wander {
    /// The key of `count` that is as popular at that time as `key` is at the beginning.
    #[must_use]
    pub fn at(&self, now: shardlab_sim::Time, key: u64, count: u64) -> u64 {
        let steps = u128::from(now / self.every.as_ns());
        ((u128::from(key) + steps * u128::from(self.by)) % u128::from(count)) as u64
    }
}

impl Keys {
    /// The first key that is not among them at the start.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.from.saturating_add(self.count)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// How popular each key is; YCSB's choosers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyDistribution {
    /// All alike.
    Uniform,
    /// Zipf's law by Gray et al.'s approximation, most popular first.
    Zipfian(f64),
    /// The same, popular keys scattered over the key space by a hash.
    ScrambledZipfian,
    /// Zipfian from the newest key backwards.
    Latest(f64),
    /// A share of operations on a share of the keys.
    #[serde(rename_all = "kebab-case")]
    Hotspot {
        /// Share of the keys that is hot.
        keys: Share,
        /// Share of the operations that goes there.
        operations: Share,
    },
    /// One after the other, from the first, round and round.
    Sequential,
}

/// Weights of the operations; only their proportions matter.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Mix {
    /// Point reads.
    pub read: f64,
    /// Overwrites of an existing key.
    pub update: f64,
    /// Writes of a new key.
    pub insert: f64,
    /// Reads of up to 100 keys from a starting key on.
    pub scan: f64,
    /// A read, then a write of the same key.
    pub read_modify_write: f64,
    /// Moves money between accounts in one transaction.
    pub transfer: f64,
    /// Reads every account in one transaction.
    pub audit: f64,
    /// Transactions of up to `transaction-steps` steps that append to lists and read them (Elle's list-append).
    pub list_append: f64,
    /// Transactions of up to `transaction-steps` steps that write registers and read them (Elle's rw-register).
    pub rw_register: f64,
    /// Transactions that write one register, or read a group of `transaction-steps` of them (Jepsen's long-fork).
    pub long_fork: f64,
    /// Transactions that add an element to a set, or read all of it (Jepsen's set).
    pub set: f64,
    /// Transactions that add to a counter, or read it (Jepsen's counter).
    pub counter: f64,
    /// Transactions that draw an id: each reads a counter and adds one to it, and what it read is its id.
    pub unique_ids: f64,
}

/// A key that takes a share of all operations for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Surge {
    /// From when on.
    pub at: Duration,
    /// How long; to the end if left out.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Duration>,
    /// Which key.
    pub key: u64,
    /// Share of the operations that goes to it.
    pub share: Share,
}
