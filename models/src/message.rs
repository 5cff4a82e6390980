//! What the nodes of a database say to each other.

mod cache;
mod copies;
mod log;
mod moves;
mod queries;
mod rollback;
mod versions;
mod wire;

use std::sync::Arc;

use shardlab_sim::{NodeId, Time};

pub use cache::CacheMessage;
pub use copies::CopyMessage;
pub use log::{Command, Entries, Entry, LogMessage, Position, Prepare};
pub use moves::{Arrived, Chunk, ChunkId, Comparison, MoveCommand, MoveMessage, MoveStep};
pub use queries::{QueryAnswer, QueryMessage, QueryRequest, Wanted};
pub use rollback::Rollback;
pub use versions::{Shipped, SiblingMessage, VersionMessage};
pub use wire::Kind;

use crate::lookup::LookupMessage;
use crate::rebalancing::MembershipChange;
use crate::shard_map::{Assignment, Epoch, ShardId, ShardMap};

/// One operation of one client session. A session has one operation under way at a time and numbers them from one,
/// so that a replica can tell a retry from a new operation (Ongaro 2014, §6.3). Unique in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId {
    /// The session: Jepsen's process.
    pub session: u32,
    /// Its count, from one.
    pub sequence: u32,
}

impl OperationId {
    /// The id as the one number that a write leaves as its value; never zero, which is the initial value.
    #[must_use]
    pub const fn as_value(self) -> u64 {
        (self.session as u64) << 32 | self.sequence as u64
    }
}

/// A transaction; unique in the world.
///
/// A client names its attempts, so that its repeated requests are told apart from new ones. A coordinator names each
/// round of votes anew, so that a vote is never counted in a round that it was not given in: after a crash, or an
/// abort that it has forgotten, it may run the same attempt again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransactionId(pub u64);

/// What a client asks of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Point read.
    Read,
    /// Blind write of `Request::value`.
    Write,
    /// Read of this many rows of the shard, from the key on; answered with their number.
    Scan(u16),
    /// The second of two writes, at the shard that the key moves to: which version of the row the first one left.
    SecondWrite(u32),
}

/// A client's request to the server that it takes for the right one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// Which operation; a retry carries the same id.
    pub operation: OperationId,
    /// What.
    pub action: Action,
    /// The shard, by the client's map.
    pub shard: ShardId,
    /// The key.
    pub key: u64,
    /// The value to write: `operation.as_value()`.
    pub value: u64,
    /// Size of the value on the wire.
    pub value_bytes: u32,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Done; a read's value is in `Response::value`.
    Ok,
    /// Not here, or not now: ask `primary` if it is named, else fetch the map. Nothing was done.
    NotPrimary {
        /// Whom the server takes for the primary, and since when.
        primary: Option<NodeId>,
        /// The epoch that the server knows.
        epoch: Epoch,
    },
    /// The key does not live in that shard, or is about to leave it. Nothing was done.
    NotOwner,
    /// There is no partition for the key, or none any more. Nothing was done, and nothing will be.
    NoPartition,
    /// Done, as this version of the row. The key is moving, and whoever writes twice now writes it where it goes.
    Written {
        /// Counts the writes of the key.
        version: u32,
    },
}

/// The answer to a [`Request`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Response {
    /// To which operation.
    pub operation: OperationId,
    /// The shard that answered; scans ask many.
    pub shard: ShardId,
    /// How it ended.
    pub status: Status,
    /// Read: the id of the write that left the value, zero for the initial one.
    pub value: u64,
    /// Size of the value on the wire.
    pub value_bytes: u32,
}

/// What a read of a transaction found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Found {
    /// What transactions have added to the opening balance.
    Balance(i64),
    /// The id of the last write; zero is the initial value.
    Value(u64),
    /// All that was appended.
    List(Vec<u64>),
}

/// One step of a transaction on one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Read the balance.
    Read {
        /// Of this account.
        key: u64,
    },
    /// Add to the balance.
    Add {
        /// Of this account.
        key: u64,
        /// May be negative.
        delta: i64,
    },
    /// Read a register.
    ReadValue {
        /// Which.
        key: u64,
    },
    /// Overwrite a register.
    Write {
        /// Which.
        key: u64,
        /// Unique in the world, but for repetitions of an attempt.
        value: u64,
    },
    /// Read a list.
    ReadList {
        /// Which.
        key: u64,
    },
    /// Append to a list.
    Append {
        /// Which.
        key: u64,
        /// Unique in the world, but for repetitions of an attempt.
        value: u64,
    },
}

impl Step {
    /// The key that the step touches.
    #[must_use]
    pub const fn key(&self) -> u64 {
        match self {
            Self::Read { key }
            | Self::Add { key, .. }
            | Self::ReadValue { key }
            | Self::Write { key, .. }
            | Self::ReadList { key }
            | Self::Append { key, .. } => *key,
        }
    }

    /// Whether it leaves a trace.
    #[must_use]
    pub const fn writes(&self) -> bool {
        matches!(self, Self::Add { .. } | Self::Write { .. } | Self::Append { .. })
    }
}

/// A transaction as the client hands it to a coordinator.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TransactionRequest {
    /// The client's operation, for the answer.
    pub operation: OperationId,
    /// The client's attempt. A retry after an abort has a new one; a retry after a timeout has the same.
    pub transaction: TransactionId,
    /// When the first attempt began: the transaction's age, which wait-die goes by.
    pub age: Time,
    /// What it does, by shard.
    pub steps: Vec<(ShardId, Vec<Step>)>,
    /// When the application changes its mind.
    pub rollback: Rollback,
    /// Size of an account's record, which every step reads or writes, on the wire.
    pub value_bytes: u32,
}

/// How a transaction ended, as the coordinator tells the client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TransactionResult {
    /// The client's operation.
    pub operation: OperationId,
    /// The client's attempt.
    pub transaction: TransactionId,
    /// Whether it committed. If not, nothing of it happened, and a new attempt may be made.
    pub committed: bool,
    /// It did not commit because the application asked for that: no new attempt is wanted.
    pub rolled_back: bool,
    /// What its reads found, those of one key in the order of the steps; the client adds the opening balance.
    pub reads: Vec<(u64, Found)>,
}

/// How a shard is, as its primary reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShardReport {
    /// Which.
    pub shard: ShardId,
    /// Reads and writes a second.
    pub operations_per_s: u64,
    /// Size of its rows.
    pub bytes: u64,
    /// Where half of its rows are, among the positions of keys.
    pub middle: Option<u64>,
    /// Where half of the accesses are; where one key has most of them, the place that cuts it off from others of its
    /// range, and nowhere if it is alone there.
    pub load_middle: Option<u64>,
}

/// What one copy of a shard has cost its server since the server's last report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ShardLoad {
    /// Of this shard.
    pub shard: ShardId,
    /// Whether the copy leads.
    pub leads: bool,
    /// Requests and appends that were handled.
    pub operations: u32,
    /// The time of cores that those usually take, in µs.
    pub core_us: u32,
    /// Bytes written.
    pub bytes: u32,
}

/// Messages to and from the control plane.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ControlMessage {
    /// Server → control plane: I live. Carries the server's own clock, which the answer brings back.
    Heartbeat {
        /// The sender's clock when it sent this.
        sent: Time,
        /// The map version that it has.
        map_version: u64,
        /// Shards of which it knows no primary, with the epoch that it has promised: it was fenced and nobody came,
        /// or it is named primary of an epoch that it may have led before a crash and must not lead again.
        leaderless: Vec<(ShardId, Epoch)>,
        /// Shards of which it is primary and whose non-member copies have caught up.
        caught_up: Vec<(ShardId, NodeId)>,
    },
    /// Control plane → server: heard. A lease may run from `sent` on the receiver's own clock.
    HeartbeatAck {
        /// The clock reading of the heartbeat that is answered.
        sent: Time,
    },
    /// Control plane → copies: promise this epoch, and take nothing from older ones.
    Fence {
        /// The shard.
        shard: ShardId,
        /// The epoch to promise.
        epoch: Epoch,
    },
    /// Copy → control plane: promised, on disk; my log ends here.
    Fenced {
        /// The shard.
        shard: ShardId,
        /// The epoch promised.
        epoch: Epoch,
        /// Where the log ends.
        last: Position,
    },
    /// Control plane → copies: this is how the shard stands now.
    Appoint {
        /// The shard.
        shard: ShardId,
        /// Epoch, primary, members, copies.
        assignment: Arc<Assignment>,
    },
    /// Control plane → primary: has your reign begun, with this copy up to date?
    IsSettled {
        /// The shard.
        shard: ShardId,
        /// Which reign.
        epoch: Epoch,
        /// The copy, new in it.
        copy: NodeId,
    },
    /// Primary → control plane: it has: what earlier reigns committed is committed in this one, and the copy has it.
    Settled {
        /// The shard.
        shard: ShardId,
        /// Which reign.
        epoch: Epoch,
    },
    /// Anyone → control plane: send me the map if it is newer than this.
    MapRequest {
        /// The version that the asker has.
        version: u64,
    },
    /// Control plane → anyone.
    Map(Arc<ShardMap>),
    /// Operator → control plane: servers come or go.
    ChangeMembership {
        /// Which of the operator's commands, counted from zero.
        number: u32,
        /// What it is.
        change: MembershipChange,
    },
    /// Control plane → operator: the command is on disk.
    MembershipTaken {
        /// Which.
        number: u32,
    },
    /// Server → control plane: how the shards are that it leads, where shards are split and merged.
    Report(Box<[ShardReport]>),
    /// Server → control plane, after a heartbeat: what each of its copies has cost since the last one. Where a balancer
    /// wants to know.
    Loads(Box<[ShardLoad]>),
}

/// Messages of two-phase commit, in the words of Mohan, Lindsay & Obermarck 1986.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CommitMessage {
    /// Client → coordinator.
    Begin(Box<TransactionRequest>),
    /// Coordinator → client.
    Done(Box<TransactionResult>),
    /// Coordinator → participant.
    Prepare(Box<Prepare>),
    /// Participant → coordinator.
    Vote {
        /// The transaction.
        transaction: TransactionId,
        /// The participant's shard.
        shard: ShardId,
        /// Yes: prepared, on disk. No: aborted here.
        yes: bool,
        /// What its reads found; empty if there are none.
        reads: Vec<(u64, Found)>,
    },
    /// Coordinator → participant.
    Decide {
        /// The transaction.
        transaction: TransactionId,
        /// The participant's shard.
        shard: ShardId,
        /// Commit or abort.
        commit: bool,
    },
    /// Participant → coordinator: the commit is on disk here; no more questions will come.
    Decided {
        /// The transaction.
        transaction: TransactionId,
        /// The participant's shard.
        shard: ShardId,
    },
    /// Participant → coordinator: prepared and in doubt; what was decided?
    Inquire {
        /// The transaction.
        transaction: TransactionId,
        /// The participant's shard.
        shard: ShardId,
    },
    /// Server → coordinator: I am not the primary of that shard.
    NotPrimary {
        /// The transaction.
        transaction: TransactionId,
        /// The shard.
        shard: ShardId,
    },
}

/// Everything that travels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// Client → server.
    Request(Request),
    /// Server → client.
    Response(Response),
    /// Between the copies of a shard that keeps a log.
    Log(ShardId, LogMessage),
    /// To and from the control plane.
    Control(ControlMessage),
    /// Two-phase commit.
    Commit(CommitMessage),
    /// Between the copies of a shard that exchange versions.
    Versions(ShardId, VersionMessage),
    /// A client that merges siblings, and a copy.
    Siblings(Box<SiblingMessage>),
    /// About a move of keys.
    Move(MoveMessage),
    /// A client and a directory.
    Lookup(LookupMessage),
    /// About a copy that comes to another server.
    Copy(CopyMessage),
    /// About a query over tables.
    Query(Box<QueryMessage>),
    /// Between a client and a cache node.
    Cache(CacheMessage),
}
