//! The control plane's part in giving rows a shard of their own because the operator says so: a tenant that is moved out,
//! a range that is cut.
//!
//! The command is on the control plane's disk like any other, and is carried out by a plan like any other: a new shard
//! comes with the plan, and what moves there is the difference of two partitioners. A tenant's shard is led by the server
//! that the operator names, or by the one that bears least, and its rows are copied there by the protocol of the file; a
//! range's lies on its parent's servers, so that rows only change hands. Where the new shard lies stands in the map, which
//! is durable: whoever crashes, the others go on.

use shardlab_sim::{Context, NodeId};

use super::ControlPlane;
use super::reshaping::born_of;
use crate::message::Message;
use crate::node::Cause;
use crate::rebalancing::{By, MembershipChange, ShardPicture};
use crate::shard_map::{Assignment, FIRST_EPOCH, ShardId};

impl ControlPlane {
    pub(super) fn begin_separation(
        &mut self,
        change: MembershipChange,
        cause: Cause,
        cx: &mut Context<'_, Message>,
    ) {
        let new = ShardId(u32::try_from(self.map.shards.len()).expect("fewer than 2³² shards"));
        let from = &self.map.routing.from;
        let separated = match change {
            MembershipChange::Isolate { tenant, .. } => from.isolate(tenant, new),
            MembershipChange::Split { key } => from.split(key, new),
            _ => None,
        };
        let servers = self.rebalance.as_ref().map_or(0, super::Rebalance::servers);
        // Rows that are alone already stay where they are; the run is told that nothing moved.
        let Some((to, parent)) = separated else {
            let stays = (**from).clone();
            self.begin_plan(cause, stays, Vec::new(), servers, cx);
            return self.finish_command(cx);
        };
        let born = match change {
            MembershipChange::Isolate { to, .. } => self.placed_apart(new, to, cx),
            _ => born_of(self.map.assignment(parent)),
        };
        if let Some(balance) = &mut self.balance {
            balance.born(parent);
        }
        self.begin_plan(cause, to, vec![born], servers, cx);
        cx.mark("separate.begun");
        self.order_moves(cx);
    }

    /// Led by the server of that number, or by the one that bears least; other copies go where a missing one would.
    fn placed_apart(&self, new: ShardId, to: Option<u32>, cx: &Context<'_, Message>) -> Assignment {
        let mut picture = self.picture(cx.now(), |_| (1, 1));
        let leader = to.map_or_else(|| self.least_loaded(new, cx), |server| server as usize);
        let alone = ShardPicture {
            copies: vec![leader],
            leader: Some(leader),
            rests: false,
            leading: 1,
            following: 1,
        };
        let shard = picture.shards.len();
        picture.shards.push(alone);
        while picture.shards[shard].copies.len() < self.wanted_copies() {
            let may_hold = |shard, server| self.place_may_hold(shard, server);
            let Some(next) = picture.place(shard, None, may_hold) else { break };
            picture.shards[shard].copies.push(next);
        }
        let copies: Vec<NodeId> =
            picture.shards[shard].copies.iter().map(|&server| self.settings.servers[server]).collect();
        Assignment { epoch: FIRST_EPOCH, primary: copies.first().copied(), members: copies.clone(), copies }
    }

    /// By what the balancer has measured, or, where there is none, by the rows of the shards that a server leads; among
    /// equals the one with the fewest copies. Never a server that is silent, leaves or may not hold the rows, unless there
    /// is no other.
    fn least_loaded(&self, new: ShardId, cx: &Context<'_, Message>) -> usize {
        let picture = match &self.balance {
            Some(balance) => self.picture(cx.now(), self.costs(By::Load, &balance.total)),
            None => self.picture(cx.now(), |shard| (self.rows(shard), 0)),
        };
        let (loads, shards) = (picture.loads(), &picture.shards);
        let copies = |server: usize| shards.iter().filter(|shard| shard.copies.contains(&server)).count();
        let order = |&server: &usize| {
            let of = &picture.servers[server];
            let takes = of.takes && self.place_may_hold(new.index(), server);
            // Millionths of a row's or a microsecond's load for a thousandth of a server's weight: an order, no measure.
            (!takes, u128::from(loads[server]) * 1_000_000 / u128::from(of.weight), copies(server), server)
        };
        (0..picture.servers.len()).min_by_key(order).expect("a cluster has servers")
    }
}
