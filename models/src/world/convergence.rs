//! Whether the copies of every shard are the same.

use shardlab_sim::NodeId;

use super::World;
use crate::node::DatabaseNode;
use crate::server::{Hosted, HostedVersions};
use crate::shard_map::ShardId;

impl World {
    /// Nothing is under way between copies, and they are equal.
    pub(super) fn has_converged(&self) -> bool {
        self.logs_are_equal() && self.versions_are_durable() && self.are_copies_equal()
    }

    /// All copies hold the same: the log alone would not tell, since a copy may have made something else of it.
    pub(super) fn are_copies_equal(&self) -> bool {
        self.is_one_for_all(self.logs().map(|hosted| (hosted.shard, hosted.machine.rows().digest())))
            && self
                .is_one_for_all(self.versions().map(|hosted| (hosted.shard, hosted.replica.store().root())))
    }

    /// All copies that keep a log have the same, and have applied it.
    fn logs_are_equal(&self) -> bool {
        let has_applied_all = |hosted: &Hosted| hosted.replica.applied() == hosted.replica.log().last_index();
        self.logs().all(has_applied_all)
            && self.is_one_for_all(self.logs().map(|hosted| (hosted.shard, hosted.replica.log().last())))
    }

    /// No version waits for a disk.
    fn versions_are_durable(&self) -> bool {
        let mut servers = self.execution.nodes().iter().filter_map(DatabaseNode::as_version_server);
        servers.all(|server| server.is_durable())
    }

    /// Whether all copies of a shard answer the same.
    fn is_one_for_all<T: PartialEq>(&self, answers: impl Iterator<Item = (ShardId, T)>) -> bool {
        let mut firsts: Vec<Option<T>> = (0..self.shards()).map(|_| None).collect();
        for (shard, answer) in answers {
            match &firsts[shard.index()] {
                Some(first) if *first != answer => return false,
                Some(_) => {}
                None => firsts[shard.index()] = Some(answer),
            }
        }
        true
    }

    /// The copies that count: not those of learners, nor those that are lost for ever.
    fn logs(&self) -> impl Iterator<Item = &Hosted> {
        let control_plane = self.control_plane();
        let counts = move |node: NodeId, shard: ShardId| {
            control_plane.map().assignment(shard).copies.contains(&node) && !control_plane.is_lost(node)
        };
        let servers = (0..).map(NodeId).zip(self.execution.nodes());
        servers
            .filter_map(|(node, of)| Some((node, of.as_server()?)))
            .flat_map(|(node, server)| server.hosted().iter().map(move |hosted| (node, hosted)))
            .filter(move |(node, hosted)| counts(*node, hosted.shard))
            .map(|(_, hosted)| hosted)
    }

    fn versions(&self) -> impl Iterator<Item = &HostedVersions> {
        let servers = self.execution.nodes().iter().filter_map(DatabaseNode::as_version_server);
        servers.flat_map(|server| server.hosted())
    }
}
