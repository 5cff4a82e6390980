//! Partitions that are too old: what the map says of them, their primaries have their logs say.

use shardlab_sim::{Context, NodeId};

use super::Server;
use crate::message::{Command, Message, OperationId, Response, Status};
use crate::node::Observation;
use crate::replication::Replica;
use crate::shard_map::ShardId;

impl Server {
    /// Orders the end of each shard that this server leads and that is given up by the map, once a reign.
    pub(super) fn expire_copies(&mut self, cx: &mut Context<'_, Message>) {
        let (Some(expiry), Some(map)) = (self.settings.expiry, self.map.clone()) else { return };
        let Some(partitions) = map.routing.from.time_partitions() else { return };
        if partitions.expired() == 0 {
            return;
        }
        for slot in 0..self.hosted.len() {
            let hosted = &self.hosted[slot];
            let (shard, epoch) = (hosted.shard, hosted.replica.epoch());
            let is_open = hosted.machine.closed().is_none() && partitions.is_expired(shard);
            let is_ordered = self.expiring.get(&shard) == Some(&epoch);
            if !is_open || is_ordered || !hosted.replica.may_answer() {
                continue;
            }
            let command = Command::Expire(expiry);
            if self.with_port(slot, cx, |replica, port| replica.submit(command, port)).is_ok() {
                self.expiring.insert(shard, epoch);
                cx.mark("partition.expiring");
                self.pump(slot, cx);
            }
        }
    }

    pub(super) fn expired(&mut self, slot: usize, inserted: u64, cx: &mut Context<'_, Message>) {
        let shard = self.hosted[slot].shard;
        self.expiring.remove(&shard);
        cx.observe(Observation::ShardExpired { shard, inserted });
        cx.mark("partition.expired");
    }

    pub(super) fn say_no_partition(
        &mut self,
        to: NodeId,
        (operation, shard): (OperationId, ShardId),
        cx: &mut Context<'_, Message>,
    ) {
        self.without_partition += 1;
        let status = Status::NoPartition;
        cx.send(to, Message::Response(Response { operation, shard, status, value: 0, value_bytes: 0 }));
    }
}
