//! The processes of a database as one type, which is what a world is made of.

use std::collections::BTreeSet;
use std::sync::Arc;

use shardlab_sim::{Context, Node, NodeId, Time, TimerSlot, WriteId};

use crate::client::ClientPool;
use crate::commit::Coordinator;
use crate::control_plane::ControlPlane;
use crate::lookup::Directory;
use crate::message::{Message, TransactionId};
use crate::rebalancing::{Operator, Pair, Plan};
use crate::remedies::CacheNode;
use crate::server::{Server, VersionServer};
use crate::shard_map::{Epoch, ShardId};
use crate::tables::Matching;

/// What nodes tell the outside while the world runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// A client's operation ended.
    Operation(shardlab_consistency::Operation),
    /// A query over tables ended.
    Query(Box<ObservedQuery>),
    /// A client's transaction ended; its micro-operations are `(key, delta or balance, is_read)`.
    Transaction(Box<ObservedTransaction>),
    /// The control plane gave a shard a primary.
    Appointed {
        /// The shard.
        shard: ShardId,
        /// The new epoch.
        epoch: Epoch,
        /// When the old primary was heard last, or when the control plane began to replace it; `None` if the shard
        /// had a working one and changed for another reason.
        since: Option<Time>,
        /// Who was it before.
        before: Option<NodeId>,
    },
    /// A participant's primary gave a transaction's locks back.
    Released {
        /// The transaction.
        transaction: TransactionId,
        /// The shard.
        shard: ShardId,
        /// When the locks were taken and the vote was yes.
        since: Time,
        /// When the decision became known there: until then it was in doubt.
        decided: Time,
        /// How many operations and transactions met the locks.
        blocked: u32,
    },
    /// A probe write was sent after the load had stopped.
    ProbeSent {
        /// The shard.
        shard: ShardId,
    },
    /// It was answered.
    Probed {
        /// The shard.
        shard: ShardId,
    },
    /// The control plane has taken a command of the operator.
    MembershipTaken {
        /// Which one, counted from zero.
        number: u32,
    },
    /// The control plane has made a plan.
    PlanBegun {
        /// Why.
        cause: Cause,
        /// What it comes to.
        plan: Arc<Plan>,
        /// How many servers there were.
        servers_before: u32,
        /// How many there will be.
        servers_after: u32,
        /// By shard: what it weighed, where shards follow the servers; see [`Partitioning::weights_of`].
        ///
        /// [`Partitioning::weights_of`]: crate::sharding::Partitioning::weights_of
        weights_before: Vec<u32>,
        /// By shard: what it will weigh.
        weights_after: Vec<u32>,
    },
    /// Everything that it asked for is done.
    PlanFinished {
        /// Which plan, counted from zero.
        number: u32,
    },
    /// A server has a copy of a shard that it did not have before.
    Hosted {
        /// The shard.
        shard: ShardId,
    },
    /// A directory's answer has come.
    LookedUp {
        /// When it was asked.
        since: Time,
    },
    /// The relocation of a copy has come a step further.
    Relocation {
        /// Which, counted from zero.
        number: u32,
        /// The step.
        event: RelocationEvent,
    },
    /// The control plane has let another copy of a shard lead it, to even out the load.
    HandedOver {
        /// The shard.
        shard: ShardId,
        /// Who led it.
        from: NodeId,
        /// Who leads it now.
        to: NodeId,
        /// For how long, in ns, nobody took its writes.
        stopped: Time,
    },
    /// A shard is too busy, and consists of one key.
    Unsplittable {
        /// Which.
        shard: ShardId,
    },
    /// The control plane has given up the oldest partitions, so many since the beginning.
    PartitionsExpired {
        /// How many are gone.
        expired: u32,
    },
    /// A shard whose partition is too old serves no more, by its log.
    ShardExpired {
        /// Which.
        shard: ShardId,
        /// Rows that were inserted into it.
        inserted: u64,
    },
    /// A move has come a step further.
    Move {
        /// The plan.
        plan: u32,
        /// The move.
        pair: Pair,
        /// The step.
        event: MoveEvent,
    },
}

/// Why a plan was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// This command of the operator, counted from zero.
    Command(u32),
    /// A shard had become too large, or too busy.
    Split {
        /// Which.
        shard: ShardId,
        /// Whether its load was why, and not its size.
        by_load: bool,
    },
    /// Two neighbours had become small and idle.
    Merge {
        /// The shard that is no more.
        from: ShardId,
        /// The one that has its keys now.
        into: ShardId,
    },
    /// So many partitions by time were, or soon would be, needed.
    Partitions(u32),
}

/// A step of a move, as it is seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoveEvent {
    /// The source has begun.
    Began,
    /// The destination has so many bytes more.
    Bytes(u64),
    /// The destination has all loaded keys.
    Copied {
        /// How many there are.
        keys: u32,
    },
    /// Rows have changed hands without being copied.
    HandedOver {
        /// How many loaded keys there are.
        keys: u32,
    },
    /// The source refuses operations.
    Sealed,
    /// The source serves the keys again.
    Unsealed,
    /// The source has given the keys away.
    Given {
        /// Rows among them that were written here, and not only loaded.
        written: u64,
    },
    /// The destination serves them.
    Owned,
    /// The control plane has written it down and tells everyone.
    Published,
    /// The source has dropped the rows.
    Dropped,
    /// Rows of both ends were compared.
    Compared {
        /// How many.
        rows: u32,
        /// How many of them differed, and are written over.
        differing: u32,
    },
}

/// A step of the relocation of a copy, as it is seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelocationEvent {
    /// The control plane has written down that it is to be made.
    Begun {
        /// Of this shard.
        shard: ShardId,
        /// The server that loses its copy; none where a copy is missing.
        from: Option<NodeId>,
        /// The server that gets one.
        to: NodeId,
        /// The command of the operator that it is part of, counted from zero; `None`: the balancer's.
        command: Option<u32>,
        /// Loaded rows of the shard.
        rows: u64,
    },
    /// The newcomer has so many bytes more.
    Bytes(u64),
    /// It has the whole snapshot, and the log follows.
    Copied,
    /// It counts.
    Joined {
        /// For how long, in ns, the change of epoch let nobody take writes.
        stopped: Time,
    },
    /// The old copy counts no more: it is done.
    Left {
        /// For how long, in ns, the change of epoch let nobody take writes.
        stopped: Time,
        /// Whether the shard had its primary there.
        led: bool,
    },
    /// It was given up: the newcomer is silent or gone.
    GivenUp,
}

/// A transaction as its client saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedTransaction {
    /// The transaction.
    pub transaction: shardlab_consistency::Transaction,
    /// What it did.
    pub micro_operations: Vec<shardlab_consistency::MicroOperation>,
    /// The elements of the lists that it read.
    pub elements: Vec<u64>,
}

/// A query as its client saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedQuery {
    /// Which, of all queries of all workloads.
    pub statement: u16,
    /// What it asked for.
    pub matching: Matching,
    /// Whether it returns or counts rows; else it writes one.
    pub reads_rows: bool,
    /// When it began, in ns.
    pub invoked: Time,
    /// When it ended, in ns.
    pub completed: Time,
    /// How.
    pub outcome: shardlab_consistency::Outcome,
    /// Every shard that it asked.
    pub shards: BTreeSet<ShardId>,
    /// What each shard did that was asked for rows, ascending by shard. Writes are operations of their own.
    pub parts: Vec<QueryPart>,
    /// Requests that it sent, those that were sent again included.
    pub requests: u32,
    /// Rounds of requests.
    pub rounds: u32,
    /// Size of all answers.
    pub bytes: u64,
    /// Rows that it found, as far as they were wanted.
    pub found: u64,
    /// The newest of them; a count names none.
    pub first_row: Option<u64>,
    /// Rows that it wrote, copies included.
    pub writes: u32,
    /// Their size.
    pub bytes_written: u64,
    /// Of a summary: what was read or written there.
    pub value: u64,
    /// Some of it, or all, was operations of sessions of their own.
    pub has_parts: bool,
    /// It made a summary, and is no operation of the workload.
    pub is_refresh: bool,
}

/// One shard's part of a query, over all rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryPart {
    /// The shard.
    pub shard: ShardId,
    /// Requests that were sent to it, those that were sent again included.
    pub requests: u32,
    /// Answers of it that came and were taken.
    pub answers: u32,
    /// Their size.
    pub bytes: u64,
    /// Windows of the disk's read-ahead that it read for them.
    pub windows: u64,
}

impl ObservedQuery {
    /// A shard's part.
    pub(crate) fn part(&mut self, shard: ShardId) -> &mut QueryPart {
        let place = match self.parts.binary_search_by_key(&shard, |part| part.shard) {
            Ok(place) => place,
            Err(place) => {
                let part = QueryPart { shard, requests: 0, answers: 0, bytes: 0, windows: 0 };
                self.parts.insert(place, part);
                place
            }
        };
        &mut self.parts[place]
    }

    /// At the beginning.
    pub(crate) fn new(statement: u16, matching: Matching, reads_rows: bool, now: Time) -> Self {
        Self {
            statement,
            matching,
            reads_rows,
            invoked: now,
            completed: now,
            outcome: shardlab_consistency::Outcome::Info,
            shards: BTreeSet::new(),
            parts: Vec::new(),
            requests: 0,
            rounds: 0,
            bytes: 0,
            found: 0,
            first_row: None,
            writes: 0,
            bytes_written: 0,
            value: 0,
            has_parts: false,
            is_refresh: false,
        }
    }
}

/// One process of the database.
#[derive(Clone, Debug)]
pub enum DatabaseNode {
    /// Versions the shard map, suspects, fences, appoints.
    ControlPlane(Box<ControlPlane>),
    /// Hosts copies of shards that keep logs.
    Server(Box<Server>),
    /// Hosts copies of shards that exchange versions.
    VersionServer(Box<VersionServer>),
    /// Decides transactions.
    Coordinator(Box<Coordinator>),
    /// Many clients in one region.
    Clients(Box<ClientPool>),
    /// Adds and removes servers.
    Operator(Box<Operator>),
    /// Says which shard a group of keys lives in.
    Directory(Box<Directory>),
    /// Remembers what clients have read.
    Cache(Box<CacheNode>),
}

macro_rules! each {
    ($self:expr, $node:ident => $body:expr) => {
        match $self {
            DatabaseNode::ControlPlane($node) => $body,
            DatabaseNode::Server($node) => $body,
            DatabaseNode::VersionServer($node) => $body,
            DatabaseNode::Coordinator($node) => $body,
            DatabaseNode::Clients($node) => $body,
            DatabaseNode::Operator($node) => $body,
            DatabaseNode::Directory($node) => $body,
            DatabaseNode::Cache($node) => $body,
        }
    };
}

impl Node for DatabaseNode {
    type Message = Message;

    fn on_start(&mut self, cx: &mut Context<'_, Message>) {
        each!(self, node => node.on_start(cx));
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Message>) {
        each!(self, node => node.on_message(from, message, cx));
    }

    fn on_timer(&mut self, slot: TimerSlot, cx: &mut Context<'_, Message>) {
        each!(self, node => node.on_timer(slot, cx));
    }

    fn on_synced(&mut self, through: WriteId, cx: &mut Context<'_, Message>) {
        each!(self, node => node.on_synced(through, cx));
    }

    fn on_crash(&mut self) {
        each!(self, node => node.on_crash());
    }

    fn plays(&self, role: &str) -> bool {
        match self {
            Self::ControlPlane(_) => role == "control-plane",
            Self::Server(server) => server.plays(role),
            Self::VersionServer(_) => role == "server",
            Self::Coordinator(_) => role == "coordinator",
            Self::Clients(_) => role == "client",
            Self::Operator(_) => role == "operator",
            Self::Directory(_) => role == "directory",
            Self::Cache(_) => role == "cache",
        }
    }
}

impl DatabaseNode {
    /// The server of versions that it is, if it is one.
    #[must_use]
    pub fn as_version_server(&self) -> Option<&VersionServer> {
        match self {
            Self::VersionServer(server) => Some(server),
            _ => None,
        }
    }

    /// The server of logs that it is, if it is one.
    #[must_use]
    pub fn as_server(&self) -> Option<&Server> {
        match self {
            Self::Server(server) => Some(server),
            _ => None,
        }
    }

    /// The coordinator that it is, if it is one.
    #[must_use]
    pub fn as_coordinator(&self) -> Option<&Coordinator> {
        match self {
            Self::Coordinator(coordinator) => Some(coordinator),
            _ => None,
        }
    }

    /// The control plane, if it is that.
    #[must_use]
    pub fn as_control_plane(&self) -> Option<&ControlPlane> {
        match self {
            Self::ControlPlane(control_plane) => Some(control_plane),
            _ => None,
        }
    }

    /// The operator, if it is that.
    #[must_use]
    pub fn as_operator(&self) -> Option<&Operator> {
        match self {
            Self::Operator(operator) => Some(operator),
            _ => None,
        }
    }

    /// The cache node that it is, if it is one.
    #[must_use]
    pub fn as_cache(&self) -> Option<&CacheNode> {
        match self {
            Self::Cache(cache) => Some(cache),
            _ => None,
        }
    }

    /// The client pool that it is, if it is one.
    #[must_use]
    pub fn as_clients(&self) -> Option<&ClientPool> {
        match self {
            Self::Clients(clients) => Some(clients),
            _ => None,
        }
    }
}
