//! What a server tells a balancer: how much its copies cost it, by what each kind of work usually takes.

use shardlab_sim::{Context, Time};

use super::{Server, WorkCosts};
use crate::message::{Action, ControlMessage, Message, Request, ShardLoad};

impl Server {
    pub(super) fn note_work(&mut self, slot: usize, request: &Request) {
        match request.action {
            Action::Read => self.note_cost(slot, |costs| costs.read, 0),
            Action::Write | Action::SecondWrite(_) => {
                self.note_cost(slot, |costs| costs.write, request.value_bytes);
            }
            Action::Scan(_) => self.note_cost(slot, |costs| costs.scan, 0),
        }
    }

    pub(super) fn note_cost(&mut self, slot: usize, cost: impl Fn(&WorkCosts) -> Time, bytes: u32) {
        if let Some(costs) = &self.settings.costs {
            let work = &mut self.hosted[slot].work;
            work.operations += 1;
            work.core_ns += cost(costs);
            work.bytes += u64::from(bytes);
        }
    }

    /// Goes with every heartbeat, where a balancer wants it.
    pub(super) fn report_loads(&mut self, cx: &mut Context<'_, Message>) {
        if self.settings.costs.is_none() || self.hosted.is_empty() {
            return;
        }
        let bounded = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let loads = self.hosted.iter_mut().map(|hosted| {
            let work = std::mem::take(&mut hosted.work);
            ShardLoad {
                shard: hosted.shard,
                leads: hosted.replica.is_primary(),
                operations: work.operations,
                core_us: bounded(work.core_ns / 1_000),
                bytes: bounded(work.bytes),
            }
        });
        let loads = ControlMessage::Loads(loads.collect());
        cx.send(self.settings.control_plane, Message::Control(loads));
    }
}
