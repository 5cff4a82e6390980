//! Protocol steps left out on purpose.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::{Checks, Config};
use crate::conflict::Conflict;
use crate::remedies::{Join, SaltedWrites};
use crate::replication::{Ack, Mode, Reads};
use crate::sharding::Strategy;

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
    /// A client takes silence for failure and reports that its write or its transaction did not happen. It acts when a
    /// client has no retries left: as long as it asks again, it learns what became of the first attempt.
    FailOnTimeout,
    /// Multi-master: a merge keeps one of several concurrent versions and drops another, as if it had been superseded.
    DropSibling,
    /// Multi-master: what a copy has seen does not advance when it receives; overwritten versions come back.
    DeafClocks,
    /// The cut-over of a move does not seal its source, which goes on serving the keys that it has given away until
    /// every client has the new map.
    NoMoveFence,
    /// A transaction locks what it writes and not what it reads.
    NoReadLocks,
    /// A transaction locks nothing.
    NoLocks,
    /// A transaction reads what others have prepared, decided or not; of several writes of one key the first.
    DirtyReads,
    /// A transaction that only reads locks nothing and is answered from a snapshot. Each shard takes one now and then, by
    /// turns for coordinators with even and with odd numbers, so that neither half is ahead everywhere.
    StaleSnapshot,
    /// A transaction that reads a key again is answered from such a snapshot.
    UnrepeatableReads,
    /// What an aborted transaction has written stays.
    KeepAbortedWrites,
    /// A transaction does not read what it has written itself.
    BlindToOwnWrites,
    /// A transaction reads what it writes itself only later.
    ReadAhead,
    /// One read in 64 is answered with the row of a neighbouring key: that which differs in the lowest bit. Where another
    /// shard has it, as by modulo of several shards, the reader is told that there is nothing, and not what nobody wrote.
    MisdirectedReads,
    /// A client that hears nothing of a transaction begins it anew, as another.
    RetryAsNew,
    /// A participant that aborts keeps the transaction's locks.
    KeepLocks,
    /// A server that has restarted does not report the shards that it was the primary of and may not lead any more.
    SilentRestart,
    /// The control plane orders each move once: a source that has forgotten it in a crash is not reminded.
    OrderOnce,
    /// A move by dual writes is not verified: what the second of two writes has missed stays missing.
    NoVerification,
    /// Copies are put, and put anew, wherever there is room, whatever region their rows may be in.
    IgnoreResidency,
    /// A copy that moves to another server takes the old one's place, and its office, without a fence: the old primary
    /// goes on until it hears of it.
    NoCopyFence,
    /// A copy that moves to another server is let in when it has the snapshot and not the log, and then leads.
    AppointNewcomer,
    /// A client takes the parts of a query's answer as they come, whichever end of a move each of them counted.
    TrustEveryPart,
    /// A shard that keys move to finds their rows for a query as soon as the move has begun, while their source serves them.
    FindArrivals,
    /// A read rides on a request that left before the read was called, though only the next was promised.
    JoinLate,
    /// A write of all ways of a salted key leaves one out.
    ForgetAWay,
    /// A cache node takes what was read before the last delete, whatever became of its token.
    SetWithVoidToken,
    /// A write is acknowledged without deleting its key from the cache.
    ForgetInvalidation,
    /// The job that gives up old partitions gives up one too many: rows that were to be kept are gone.
    DropEarly,
}

/// A set of bugs, asked often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bugs(u64);

impl Bugs {
    /// Whether nothing is broken.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `bug` is among them.
    #[must_use]
    pub const fn contains(self, bug: Bug) -> bool {
        self.0 & (1 << bug as u64) != 0
    }
}

impl FromIterator<Bug> for Bugs {
    fn from_iter<I: IntoIterator<Item = Bug>>(bugs: I) -> Self {
        Self(bugs.into_iter().fold(0, |set, bug| set | 1 << bug as u64))
    }
}

/// Bugs that could never act: a run with one of them proves nothing, and looks as if it proved something.
pub(super) fn check(config: &Config, checks: &mut Checks) {
    for (place, bug) in config.bugs.iter().enumerate() {
        if let Some(wanted) = bug.wants(config) {
            let message = format!("this bug could never act: it needs {wanted}");
            checks.refuse(format!("bugs.{place}"), message, "leave it out, or give it what it needs");
        }
    }
}

impl Bug {
    /// What is missing for the bug to act at all.
    fn wants(self, config: &Config) -> Option<&'static str> {
        let (replication, remedies) = (&config.replication, &config.remedies);
        let (log, copies, fails_over, waits) = match &replication.mode {
            Mode::Primary { replicas, ack, failover } => {
                (true, *replicas, failover.is_some(), *ack != Ack::Async)
            }
            Mode::MultiMaster { replicas, .. } => (false, *replicas, false, false),
        };
        let resolves = |wanted: Conflict| matches!(&replication.mode, Mode::MultiMaster { conflict, .. } if *conflict == wanted);
        let transacts = config.workloads.iter().any(|workload| workload.mix.has_transactions());
        let (acts, wanted) = match self {
            Self::AckBeforeSync => (log, "replication by a primary"),
            Self::AckBeforeReplication => {
                (copies > 1 && waits, "a primary with two copies or more that waits for them")
            }
            Self::NoFencing | Self::AppointAnyLog | Self::SilentRestart => {
                (copies > 1 && fails_over, "a primary that fails over")
            }
            Self::IgnoreLease => (
                fails_over && replication.reads == Reads::Lease,
                "reads by lease from a primary that fails over",
            ),
            Self::SwapApplies => (log && copies > 1, "a primary with two copies or more"),
            Self::DecideBeforeSync
            | Self::VoteBeforeSync
            | Self::UnilateralAbort
            | Self::ForgetLocks
            | Self::NeverInquire
            | Self::NoReadLocks
            | Self::NoLocks
            | Self::DirtyReads
            | Self::StaleSnapshot
            | Self::UnrepeatableReads
            | Self::KeepAbortedWrites
            | Self::BlindToOwnWrites
            | Self::ReadAhead
            | Self::MisdirectedReads
            | Self::RetryAsNew
            | Self::KeepLocks => (transacts, "a workload with transactions"),
            Self::FailOnTimeout => (true, ""),
            Self::DropSibling => (resolves(Conflict::Siblings), "several masters that keep siblings"),
            Self::DeafClocks => (!log, "several masters"),
            Self::NoMoveFence | Self::OrderOnce => (config.keys_move(), "keys that move"),
            Self::NoVerification => (
                config.keys_move() && config.rebalancing.protocol.writes_twice(),
                "keys that move by dual writes",
            ),
            Self::IgnoreResidency => (
                matches!(config.sharding.strategy, Strategy::Geographic(_))
                    && config.sharding.rules_on_regions(),
                "a geographic sharding with rules on where rows may be",
            ),
            Self::NoCopyFence | Self::AppointNewcomer => (config.rebalances(), "copies that move"),
            Self::TrustEveryPart | Self::FindArrivals => {
                (config.keys_move() && !config.tables.is_empty(), "queries over tables, and keys that move")
            }
            Self::DropEarly => (
                config
                    .sharding
                    .strategy
                    .maintenance()
                    .is_some_and(|maintenance| maintenance.retention.is_some()),
                "partitions by time with a retention",
            ),
            Self::JoinLate => (
                remedies.coalesce.is_some_and(|coalesce| coalesce.join == Join::Next),
                "remedies.coalesce with join = \"next\"",
            ),
            Self::ForgetAWay => (
                remedies.salt.as_ref().is_some_and(|salt| salt.writes == SaltedWrites::All),
                "remedies.salt with writes = \"all\"",
            ),
            Self::SetWithVoidToken | Self::ForgetInvalidation => {
                (remedies.cache.as_ref().is_some_and(|cache| cache.leases), "remedies.cache with leases")
            }
        };
        (!acts).then_some(wanted)
    }
}
