//! What the system itself looked like when all was over: the facts clients cannot know.
//!
//! The evidence is neutral. It says what survived, not which protocol kept it.

use std::collections::BTreeMap;

use crate::{Time, VersionOrder};

/// Everything the judges may know beside the history.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// Every surviving write of every key, overwritten ones too, in their true order; `None` where
    /// nobody can tell. Of a sampled history, the keys in the sample suffice.
    pub version_order: Option<VersionOrder>,
    /// Every replica that should exist, as it was after the drain.
    pub replicas: Vec<ReplicaDigest>,
    /// Why copies may still differ although nothing is wrong: something was under way when the run ended.
    pub restless: Option<String>,
    /// What was still unfinished after the drain.
    pub residues: Vec<Residue>,
    /// One write a shard, sent after everything was healed.
    pub probes: Vec<Probe>,
    /// One entry a transaction and shard it should have written to, single-shard ones included.
    pub transaction_effects: Vec<TransactionEffect>,
    /// Of every query over tables that was answered, how many rows it found.
    pub queries: Vec<QueryEvidence>,
    /// What every counter holds before it is first added to.
    pub counters_begin_with: i64,
    /// The accounts, where the workload was a bank.
    pub bank: Option<BankEvidence>,
    /// Where copies of rows have been, where rows belong to regions.
    pub residency: Option<ResidencyEvidence>,
    /// What was to be tested and was not, in words: faults that changed nothing, commands that were not carried out. A
    /// run that has one proves nothing.
    pub untested: Vec<String>,
}

/// The state of one replica of one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplicaDigest {
    /// The shard.
    pub shard: u32,
    /// The server that hosts the replica.
    pub node: u16,
    /// How far it has applied its log.
    pub position: u64,
    /// A hash of all keys and versions it holds, the same on every replica of equal content.
    pub digest: u64,
    /// Whether it runs; a replica that should exist and does not is listed as down.
    pub up: bool,
}

/// Something that should have ended before the drain did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Residue {
    /// The shard it holds up.
    pub shard: u32,
    /// The server where it was found.
    pub node: u16,
    /// What sort of thing it is.
    pub kind: ResidueKind,
    /// The thing itself, in a few words: "transaction 17 waits for its coordinator".
    pub what: String,
    /// Since when; 0 where nobody knows.
    pub since: Time,
}

/// The sorts of unfinished business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResidueKind {
    /// A shard refuses writes for a move that never ended.
    Sealed,
    /// A key is locked by a transaction that is over, or never will be.
    Locked,
    /// A participant voted yes and does not know the decision.
    InDoubt,
    /// A request waits in a queue that nobody empties.
    Waiting,
    /// A shard has no primary.
    NoPrimary,
}

impl ResidueKind {
    /// The name under which it is counted.
    pub fn anomaly(self) -> &'static str {
        match self {
            Self::Sealed => "sealed-shard",
            Self::Locked => "held-lock",
            Self::InDoubt => "in-doubt-transaction",
            Self::Waiting => "waiting-request",
            Self::NoPrimary => "no-primary",
        }
    }
}

/// The write that one shard was asked to take after everything was healed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The shard.
    pub shard: u32,
    /// When it was sent.
    pub sent: Time,
    /// When it was acknowledged, if ever.
    pub acknowledged: Option<Time>,
}

/// What the surviving state of one participant says about one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionEffect {
    /// [`crate::Transaction::id`].
    pub transaction: u64,
    /// The participant.
    pub shard: u32,
    /// What became of the transaction's writes there.
    pub effect: Effect,
}

/// What became of a transaction's writes at one participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// They are in the surviving state.
    Applied,
    /// They are not: aborted, presumed aborted, lost, or never heard of.
    Discarded,
    /// They are prepared, and no decision has come.
    InDoubt,
}

/// What one query found, and what it had to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryEvidence {
    /// The query's name.
    pub query: String,
    /// What it asked for, in words: "orders where customer_id = 7".
    pub asked: String,
    /// When it began.
    pub invoked: Time,
    /// When it was answered.
    pub completed: Time,
    /// How many rows it found, as far as they were wanted.
    pub found: u64,
    /// How many of those wanted were there when it began.
    pub least: u64,
    /// How many may have been there before it was answered.
    pub most: u64,
}

/// The books of a bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankEvidence {
    /// How many accounts there are; a read of fewer is no audit.
    pub accounts: u64,
    /// The sum of all balances at the start.
    pub initial_total: i128,
    /// The sum of all balances after the drain; `None` where some account could not be read.
    pub final_total: Option<i128>,
    /// Whether an account may be overdrawn.
    pub overdraft: bool,
    /// Accounts below zero after the drain, and what they held.
    pub overdrawn: Vec<(u64, i64)>,
}

/// Where copies of rows may be, and where they have been.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResidencyEvidence {
    /// By region that rows belong to: the regions that may hold copies of them. Rows of others may be anywhere.
    pub allowed: BTreeMap<String, Vec<String>>,
    /// Every copy that any server ever had, region by region of the rows in it.
    pub held: Vec<HeldRows>,
}

impl ResidencyEvidence {
    /// Whether these rows were where they may be.
    #[must_use]
    pub fn may_hold(&self, held: &HeldRows) -> bool {
        self.allowed.get(&held.home).is_none_or(|allowed| allowed.contains(&held.region))
    }
}

/// The rows of one region in one server's copy of one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldRows {
    /// The server.
    pub node: u16,
    /// The region that it is in.
    pub region: String,
    /// The shard.
    pub shard: u32,
    /// The region that the rows belong to.
    pub home: String,
    /// How many there are.
    pub rows: u64,
    /// The key of one of them.
    pub example: u64,
    /// Since when the server had its copy.
    pub since: Time,
}
