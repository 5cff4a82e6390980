//! What a shard's log holds, and what its copies say to each other about it.

use shardlab_sim::{NodeId, Time};

use super::{MoveCommand, OperationId, Step, TransactionId};
use crate::shard_map::{Epoch, ShardId};
use crate::sharding::Expiry;

/// A place in a shard's log: the entry's epoch and its index from one; `(0, 0)` is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Epoch of the entry.
    pub epoch: Epoch,
    /// Its index, from one.
    pub index: u32,
}

/// What a log entry tells the state machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// First entry of an epoch: commits what earlier epochs left (Ongaro 2014, §3.6.2).
    Barrier,
    /// Write one key.
    Write {
        /// Whose operation, for the answer and against double application.
        operation: OperationId,
        /// Whom to answer.
        client: NodeId,
        /// The key.
        key: u64,
        /// The value.
        value: u64,
        /// Its size.
        value_bytes: u32,
    },
    /// Lock the keys, remember the steps, vote.
    Prepare(Box<Prepare>),
    /// Make the steps take effect, or not, and unlock.
    Decide {
        /// Which transaction.
        transaction: TransactionId,
        /// Commit or abort.
        commit: bool,
        /// Who wants to know that it is done.
        coordinator: NodeId,
    },
    /// A step of a move of keys between shards.
    Move(Box<MoveCommand>),
    /// The shard's partition is too old: from here on it serves nobody.
    Expire(Expiry),
}

/// One participant's part of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Prepare {
    /// The transaction: the coordinator's round.
    pub transaction: TransactionId,
    /// The client's attempt that it belongs to.
    pub attempt: TransactionId,
    /// Its age: when its first attempt began.
    pub age: Time,
    /// The coordinator, to vote to and to ask when in doubt.
    pub coordinator: NodeId,
    /// The shard.
    pub shard: ShardId,
    /// What to do there.
    pub steps: Vec<Step>,
    /// Size of a record on the wire.
    pub value_bytes: u32,
}

/// A log entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The epoch whose primary wrote it.
    pub epoch: Epoch,
    /// What it says.
    pub command: Command,
}

/// The entries of an append: one travels in the message itself, more are boxed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Entries {
    /// None: a heartbeat that carries the commit index.
    None,
    /// The usual case.
    One(Entry),
    /// Catching up.
    Many(Box<[Entry]>),
}

/// Messages between the copies of a shard that keeps a log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LogMessage {
    /// Primary → backup: what follows `previous`.
    Append {
        /// The primary's epoch.
        epoch: Epoch,
        /// The entry before the first of these.
        previous: Position,
        /// How far the primary knows the log committed.
        committed: u32,
        /// What follows.
        entries: Entries,
    },
    /// Backup → primary: the log up to `durable` equals yours and is on disk.
    Appended {
        /// The epoch answered.
        epoch: Epoch,
        /// Up to here.
        durable: u32,
        /// How far the backup knows it committed.
        committed: u32,
    },
    /// Backup → primary: `previous` does not match; go back to `retry_after`.
    Mismatch {
        /// The epoch answered.
        epoch: Epoch,
        /// The last index that may match.
        retry_after: u32,
    },
    /// Copy → primary: your epoch is over.
    Deposed {
        /// The epoch that is promised now.
        epoch: Epoch,
    },
    /// Primary → members: is my epoch still the highest you promised?
    Confirm {
        /// The primary's epoch.
        epoch: Epoch,
        /// Which round of reads asks.
        round: u32,
    },
    /// Member → primary: it is.
    Confirmed {
        /// The epoch confirmed.
        epoch: Epoch,
        /// The round.
        round: u32,
    },
}

impl Command {
    /// What it weighs on a disk beyond a record: the rows that are copied with it.
    #[must_use]
    pub fn bulk_bytes(&self) -> u64 {
        match self {
            Self::Move(command) => command.step.bulk_bytes(),
            _ => 0,
        }
    }
}
