//! What a server hears from the control plane and tells it: heartbeats and leases, fences, appointments, the map and
//! the copies that come and go with it.

use std::sync::Arc;

use shardlab_sim::Context;

use super::{HEARTBEAT, Hosted, Round, Rounds, Server, Slots};
use crate::config::Bug;
use crate::message::{ControlMessage, Message};
use crate::node::Observation;
use crate::replication::LogReplica;
use crate::shard_map::{Assignment, Epoch, ShardId, ShardMap};

impl Server {
    pub(super) fn beat(&mut self, cx: &mut Context<'_, Message>) {
        let is_silent = self.has(Bug::SilentRestart);
        let (mut caught_up, mut leaderless) = (Vec::new(), Vec::new());
        let mut from = 0;
        while let Some(slot) = self.rounds.next(Round::Beat, from) {
            let Hosted { shard, replica, .. } = &self.hosted[slot];
            let told = caught_up.len();
            caught_up.extend(replica.readmittable().map(|node| (*shard, node)));
            let has_no_primary = replica.primary().is_none();
            if has_no_primary && !is_silent {
                leaderless.push((*shard, replica.epoch()));
            }
            if caught_up.len() == told && !has_no_primary {
                self.rounds.rest(Round::Beat, slot);
            }
            from = slot + 1;
        }
        let heartbeat = ControlMessage::Heartbeat {
            caught_up,
            leaderless,
            sent: cx.clock(),
            map_version: self.map_version(),
        };
        cx.send(self.settings.control_plane, Message::Control(heartbeat));
        self.report_loads(cx);
        cx.set_timer(HEARTBEAT, self.settings.heartbeat_interval);
    }

    pub(super) fn control(&mut self, message: ControlMessage, cx: &mut Context<'_, Message>) {
        match message {
            ControlMessage::HeartbeatAck { sent } => {
                if let Some(lease) = self.settings.lease {
                    self.lease_until = self.lease_until.max(sent + lease);
                }
            }
            ControlMessage::Fence { shard, epoch } => {
                let Some(slot) = self.slot(shard) else { return };
                self.with_port(slot, cx, |replica, port| replica.fence(epoch, port));
                cx.mark("fence.promised");
            }
            ControlMessage::Appoint { shard, assignment } => self.appoint(shard, &assignment, cx),
            ControlMessage::Map(map) => self.learn(map, cx),
            ControlMessage::IsSettled { shard, epoch, copy } => {
                let Some(slot) = self.slot(shard) else { return };
                self.hosted[slot].settling = Some((epoch, copy));
                self.answer_settled(slot, cx);
            }
            // The control plane's business.
            _ => {}
        }
    }

    pub(super) fn map_version(&self) -> u64 {
        self.map.as_ref().map_or(0, |map| map.version)
    }

    fn learn(&mut self, map: Arc<ShardMap>, cx: &mut Context<'_, Message>) {
        if map.version <= self.map_version() {
            return;
        }
        self.map = Some(Arc::clone(&map));
        let known = self.hosted.len();
        self.host_new_copies(&map);
        self.hosted[known..].iter().for_each(|new| cx.observe(Observation::Hosted { shard: new.shard }));
        self.leave_copies(&map);
        for slot in 0..self.hosted.len() {
            let shard = self.hosted[slot].shard;
            self.appoint(shard, map.assignment(shard), cx);
        }
        if self.hosted.iter().any(|hosted| hosted.replica.primary().is_none()) {
            self.beat(cx);
        }
        self.learn_of_learners(cx);
        self.expire_copies(cx);
    }

    /// Says that a reign has begun and its newcomer is up to date, once that is so.
    pub(super) fn answer_settled(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let hosted = &mut self.hosted[slot];
        if let Some((epoch, copy)) = hosted.settling
            && hosted.replica.is_settled(epoch, copy)
        {
            hosted.settling = None;
            let settled = ControlMessage::Settled { shard: hosted.shard, epoch };
            cx.send(self.settings.control_plane, Message::Control(settled));
        }
    }

    /// Shards that did not exist before, or have a new copy here.
    fn host_new_copies(&mut self, map: &ShardMap) {
        let before = self.hosted.len();
        for (shard, assignment) in (0..).map(ShardId).zip(&map.shards) {
            if !map.hosts(shard, self.settings.replica.me) || self.slot(shard).is_some() {
                continue;
            }
            let replica = LogReplica::joining(self.settings.replica.clone(), assignment);
            self.hosted.push(Hosted::new(shard, replica, &self.settings));
        }
        if self.hosted.len() > before {
            self.renumber();
        }
    }

    /// Copies have come or gone.
    fn renumber(&mut self) {
        let shards: Vec<ShardId> = self.hosted.iter().map(|hosted| hosted.shard).collect();
        self.slots = Slots::of(shards.into_iter());
        self.rounds = Rounds::all(self.hosted.len());
    }

    /// Shards that have no copy here any more.
    fn leave_copies(&mut self, map: &ShardMap) {
        let me = self.settings.replica.me;
        let stays = |hosted: &Hosted| map.hosts(hosted.shard, me);
        if self.hosted.iter().all(stays) {
            return;
        }
        let (hosted, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.hosted).into_iter().partition(stays);
        self.hosted = hosted;
        self.left.extend(left.into_iter().map(|hosted| (hosted.shard, hosted.operations)));
        self.renumber();
    }

    fn appoint(&mut self, shard: ShardId, assignment: &Assignment, cx: &mut Context<'_, Message>) {
        let Some(slot) = self.slot(shard) else { return };
        self.with_port(slot, cx, |replica, port| replica.appoint(assignment, port));
        self.pump(slot, cx);
    }

    pub(super) fn report_fenced(&mut self, slot: usize, epoch: Epoch, cx: &mut Context<'_, Message>) {
        let hosted = &self.hosted[slot];
        let last = hosted.replica.log().last();
        let fenced = ControlMessage::Fenced { shard: hosted.shard, epoch, last };
        cx.send(self.settings.control_plane, Message::Control(fenced));
    }
}
