//! The shard map: who holds which shard, in which epoch. Versioned by the control plane, copied by everyone else.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use shardlab_sim::NodeId;

use crate::rebalancing::Routing;

/// A shard, numbered densely from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u32);

impl ShardId {
    /// The shard's place in a dense vector.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One reign over a shard: from one fence to the next. Zero is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u32);

/// The epoch that every shard begins in.
pub const FIRST_EPOCH: Epoch = Epoch(1);

/// Who holds one shard.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Assignment {
    /// Since which epoch.
    pub epoch: Epoch,
    /// Who orders its writes; `None` while a failover runs.
    pub primary: Option<NodeId>,
    /// Whose acknowledgements count in this epoch, the primary included.
    pub members: Vec<NodeId>,
    /// Every server that keeps a copy: the members and those that still catch up.
    pub copies: Vec<NodeId>,
}

/// A copy on its way to a server, which counts for nothing yet (a learner; Ongaro 2014, §4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Learner {
    /// Which of the run's relocations brings it, counted from zero.
    pub relocation: u32,
    /// The server.
    pub node: NodeId,
    /// What the loaded rows of the shard weigh, in bytes.
    pub bytes: u64,
}

/// The whole map. Cloned only when it changes; messages carry it behind an `Arc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardMap {
    /// Grows with every change.
    pub version: u64,
    /// Indexed by shard.
    pub shards: Vec<Assignment>,
    /// Which shard a key lives in.
    pub routing: Routing,
    /// Copies on their way, by shard.
    pub learners: BTreeMap<ShardId, Learner>,
}

/// Where no copy is on its way there is nothing more to tell apart.
impl Hash for ShardMap {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.version.hash(state);
        self.shards.hash(state);
        self.routing.hash(state);
        if !self.learners.is_empty() {
            self.learners.hash(state);
        }
    }
}

impl ShardMap {
    /// Who holds `shard`.
    #[must_use]
    pub fn assignment(&self, shard: ShardId) -> &Assignment {
        &self.shards[shard.index()]
    }

    /// Whether `node` keeps a copy of `shard`, or is to get one.
    #[must_use]
    pub fn hosts(&self, shard: ShardId, node: NodeId) -> bool {
        self.assignment(shard).copies.contains(&node)
            || self.learners.get(&shard).is_some_and(|learner| learner.node == node)
    }

    /// Who orders the writes of `shard`; nobody while a failover runs, or if this map has never heard of the shard.
    #[must_use]
    pub fn primary(&self, shard: ShardId) -> Option<NodeId> {
        self.shards.get(shard.index()).and_then(|assignment| assignment.primary)
    }
}
