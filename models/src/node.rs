//! The processes of a database as one type, which is what a world is made of.

use shardlab_sim::{Context, Node, NodeId, Time, TimerSlot, WriteId};

use crate::client::ClientPool;
use crate::commit::Coordinator;
use crate::control_plane::ControlPlane;
use crate::message::{Message, TransactionId};
use crate::server::{Server, VersionServer};
use crate::shard_map::{Epoch, ShardId};

/// What nodes tell the outside while the world runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// A client's operation ended.
    Operation(shardlab_consistency::Operation),
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
    /// A probe write was answered after the load had stopped.
    Probed {
        /// The shard.
        shard: ShardId,
    },
}

/// A transaction as its client saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedTransaction {
    /// The transaction.
    pub transaction: shardlab_consistency::Transaction,
    /// What it did.
    pub micro_operations: Vec<shardlab_consistency::MicroOperation>,
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
}

macro_rules! each {
    ($self:expr, $node:ident => $body:expr) => {
        match $self {
            DatabaseNode::ControlPlane($node) => $body,
            DatabaseNode::Server($node) => $body,
            DatabaseNode::VersionServer($node) => $body,
            DatabaseNode::Coordinator($node) => $body,
            DatabaseNode::Clients($node) => $body,
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

    /// The client pool that it is, if it is one.
    #[must_use]
    pub fn as_clients(&self) -> Option<&ClientPool> {
        match self {
            Self::Clients(clients) => Some(clients),
            _ => None,
        }
    }
}
