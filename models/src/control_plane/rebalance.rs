//! The control plane's part in rebalancing: takes the operator's commands, plans, orders moves and writes down what is
//! done.
//!
//! What it has to remember is short: the commands, and the moves that are done. Both are on its disk before anyone
//! hears of them. The plan itself follows from the commands, and how far a move is stands in the logs of its two ends:
//! so a control plane that comes back orders again what is not done, and the source says how it stands.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use shardlab_sim::{Context, NodeId, Time, WriteId};

use super::ControlPlane;
use crate::config::Bug;
use crate::message::{ControlMessage, Message, MoveMessage};
use crate::node::{Cause, MoveEvent, Observation};
use crate::placement::{Placement, Residence, Spread};
use crate::rebalancing::{Balancer, Loaded, MembershipChange, Pair, Plan, Protocol};
use crate::shard_map::{Assignment, FIRST_EPOCH, ShardId};
use crate::sharding::{Partitioner, Partitioning, Shards};

/// How the control plane rebalances.
#[derive(Clone, Debug)]
pub struct RebalanceSettings {
    /// Which key lives in which shard, given the servers.
    pub partitioning: Partitioning,
    /// By server: its zone.
    pub zones: Vec<u32>,
    /// By server: its region.
    pub regions: Vec<usize>,
    /// Where the copies of each shard may be, where that is not everywhere.
    pub residence: Option<Residence>,
    /// How many servers there are at the beginning; the others stand by.
    pub servers: u32,
    /// Copies of a shard.
    pub replicas: u32,
    /// The keys that were loaded.
    pub loaded: Loaded,
    /// Size of a row.
    pub row_bytes: u32,
    /// How many moves run at once.
    pub concurrent: usize,
    /// How keys move.
    pub protocol: Protocol,
    /// What moves copies without being told to.
    pub balancer: Option<Balancer>,
    /// By shard: how many of the loaded rows live there at the beginning.
    pub loaded_rows: Vec<u64>,
    /// When the load stops, and with it what follows from it, in ns.
    pub until: Time,
}

/// What is to be remembered.
#[derive(Clone, Copy, Debug)]
enum Record {
    Taken { number: u32, change: MembershipChange, operator: NodeId },
    Done { plan: u32, pair: Pair },
}

/// The state of rebalancing.
#[derive(Clone, Debug)]
pub(super) struct Rebalance {
    // Durable.
    commands: Vec<MembershipChange>,
    begun: u32,
    finished: u32,
    // How many servers have ever been there; the next that comes has this number.
    ever: usize,
    // By server: whether it is to hold copies, and whether it is gone for ever.
    pub present: Vec<bool>,
    pub lost: Vec<bool>,
    /// By server: how much it is to bear, in thousandths of a usual server, where copies are shared out by that.
    pub weights: Vec<u64>,
    /// By shard: what it weighs since the last plan, where keys are shared out by that; see [`Partitioning::weights_of`].
    shard_weights: Vec<u32>,
    /// By shard: how many of the loaded rows live there.
    pub rows: Vec<u64>,
    /// How many plans were made, of commands or by ourselves.
    plans: u32,
    // Volatile.
    writing: VecDeque<(WriteId, Record)>,
    // The bug `order-once`.
    ordered: BTreeSet<(u32, Pair)>,
    // Configuration.
    pub settings: RebalanceSettings,
}

impl Rebalance {
    pub fn new(settings: RebalanceSettings) -> Self {
        let present = (0..settings.zones.len()).map(|server| server < settings.servers as usize).collect();
        let shards: Vec<ShardId> = (0..settings.servers).map(ShardId).collect();
        Self {
            commands: Vec::new(),
            begun: 0,
            finished: 0,
            plans: 0,
            ever: settings.servers as usize,
            present,
            lost: vec![false; settings.zones.len()],
            weights: vec![1_000; settings.zones.len()],
            shard_weights: settings.partitioning.weights_of(&shards),
            rows: settings.loaded_rows.clone(),
            writing: VecDeque::new(),
            ordered: BTreeSet::new(),
            settings,
        }
    }

    pub fn crash(&mut self) {
        self.writing.clear();
    }

    fn is_writing(&self, pair: Pair) -> bool {
        self.writing.iter().any(|(_, record)| matches!(record, Record::Done { pair: of, .. } if *of == pair))
    }

    fn shards(&self) -> Vec<ShardId> {
        (0..).map(ShardId).zip(&self.present).filter(|&(_, &there)| there).map(|(shard, _)| shard).collect()
    }

    /// Shards weigh what they will when the plan is done.
    pub(super) fn weigh(&mut self, plan: &Plan) {
        for &pair in plan.pairs() {
            let keys = plan.keys(pair).len() as u64;
            let most = pair.0.index().max(pair.1.index()) + 1;
            self.rows.resize(self.rows.len().max(most), 0);
            self.rows[pair.0.index()] = self.rows[pair.0.index()].saturating_sub(keys);
            self.rows[pair.1.index()] += keys;
        }
    }

    pub fn servers(&self) -> u32 {
        self.present.iter().filter(|&&there| there).count() as u32
    }

    /// Servers come or go; the number of the first one that comes is that of the first that was never there.
    fn change(&mut self, change: MembershipChange) {
        match change {
            MembershipChange::Add(count) => {
                let next = self.ever + count as usize;
                self.present[self.ever..next].iter_mut().for_each(|there| *there = true);
                self.ever = next;
            }
            MembershipChange::Remove(server) | MembershipChange::Lose(server) => {
                self.present[server as usize] = false;
            }
            MembershipChange::Reweight { server, thousandths } => {
                // Where each server has the shard of its number, the strategy shares keys out, not the placement copies.
                if self.settings.partitioning.counts_shards() {
                    self.weights[server as usize] = u64::from(thousandths);
                }
            }
            MembershipChange::Isolate { .. } | MembershipChange::Split { .. } => {}
        }
    }

    /// How keys are shared out by all commands that were begun.
    fn partitioning(&self) -> Partitioning {
        let weights = self.commands[..self.begun as usize].iter().filter_map(|change| match *change {
            MembershipChange::Reweight { server, thousandths } => {
                Some((ShardId(server), thousandths / 1_000))
            }
            _ => None,
        });
        self.settings.partitioning.weighing(weights)
    }

    /// The command that is being carried out.
    pub fn open_change(&self) -> Option<MembershipChange> {
        let last = self.begun.checked_sub(1).filter(|_| self.finished < self.begun)?;
        self.commands.get(last as usize).copied()
    }
}

impl ControlPlane {
    /// A command of the operator.
    pub(super) fn change_membership(
        &mut self,
        operator: NodeId,
        number: u32,
        change: MembershipChange,
        cx: &mut Context<'_, Message>,
    ) {
        let Some(rebalance) = &mut self.rebalance else { return };
        if (number as usize) < rebalance.commands.len() {
            return cx.send(operator, Message::Control(ControlMessage::MembershipTaken { number }));
        }
        let is_new = |(_, record): &(WriteId, Record)| !matches!(record, Record::Taken { .. });
        if rebalance.writing.iter().all(is_new) {
            let write = cx.force();
            rebalance.writing.push_back((write, Record::Taken { number, change, operator }));
        }
    }

    /// A source says that a move is done.
    pub(super) fn move_done(&mut self, plan: u32, pair: Pair, cx: &mut Context<'_, Message>) {
        let is_open = self.map.routing.open().any(|(open, of)| open.number == plan && of == pair);
        let Some(rebalance) = &mut self.rebalance else { return };
        if is_open && !rebalance.is_writing(pair) {
            let write = cx.force();
            rebalance.writing.push_back((write, Record::Done { plan, pair }));
        }
    }

    /// Records are on disk: act on them, in order.
    pub(super) fn recorded(&mut self, through: WriteId, cx: &mut Context<'_, Message>) {
        while let Some((_, record)) = self.next_recorded(through) {
            match record {
                Record::Taken { number, change, operator } => {
                    let Some(rebalance) = &mut self.rebalance else { return };
                    rebalance.commands.push(change);
                    cx.observe(Observation::MembershipTaken { number });
                    cx.send(operator, Message::Control(ControlMessage::MembershipTaken { number }));
                    if let MembershipChange::Lose(server) = change {
                        // Whatever else is under way, nobody waits for it any more.
                        rebalance.lost[server as usize] = true;
                    }
                    self.begin_next_plan(cx);
                    cx.mark("membership.taken");
                }
                Record::Done { plan, pair } => self.publish(plan, pair, cx),
            }
        }
    }

    fn next_recorded(&mut self, through: WriteId) -> Option<(WriteId, Record)> {
        let writing = &mut self.rebalance.as_mut()?.writing;
        if writing.front().is_some_and(|&(write, _)| write <= through) { writing.pop_front() } else { None }
    }

    /// A move is done, and that is on disk: everyone is told.
    fn publish(&mut self, plan: u32, pair: Pair, cx: &mut Context<'_, Message>) {
        let map = Arc::make_mut(&mut self.map);
        if map.routing.plan.as_ref().is_none_or(|current| current.number != plan) {
            return;
        }
        map.version += 1;
        let over = map.routing.finish(pair);
        cx.observe(Observation::Move { plan, pair, event: MoveEvent::Published });
        cx.mark("move.published");
        if over {
            if self.finish_reshape() || self.finish_maintenance() {
                cx.observe(Observation::PlanFinished { number: plan - 1 });
                self.begin_next_plan(cx);
                self.maintain(cx);
            }
            self.finish_command(cx);
        }
        self.order_moves(cx);
    }

    /// A command is carried out when its keys have moved and no copy is where it should not be.
    pub(super) fn finish_command(&mut self, cx: &mut Context<'_, Message>) {
        if self.open_command().is_none()
            || self.map.routing.plan.is_some()
            || self.has_copies_to_relocate(cx.now())
        {
            return;
        }
        let Some(rebalance) = &mut self.rebalance else { return };
        if rebalance.finished < rebalance.begun {
            rebalance.finished = rebalance.begun;
            cx.observe(Observation::PlanFinished { number: rebalance.plans - 1 });
            self.begin_next_plan(cx);
        }
    }

    /// Whether a server may be given a copy of a shard: rows may not be in every region.
    pub(super) fn may_hold(&self, shard: ShardId, node: NodeId) -> bool {
        let Some(rebalance) = &self.rebalance else { return true };
        let RebalanceSettings { residence: Some(residence), regions, .. } = &rebalance.settings else {
            return true;
        };
        let server = self.settings.servers.iter().position(|&server| server == node);
        server.is_some_and(|server| residence.may_hold(shard, regions[server]))
    }

    /// The next command is carried out when the last one's moves are done; a range is cut when it lies still.
    pub(super) fn begin_next_plan(&mut self, cx: &mut Context<'_, Message>) {
        let Some(rebalance) = &mut self.rebalance else { return };
        if rebalance.finished < rebalance.begun || self.map.routing.plan.is_some() {
            return;
        }
        let Some(&change) = rebalance.commands.get(rebalance.begun as usize) else { return };
        if let MembershipChange::Split { key } = change
            && !self.is_settled(self.map.routing.from.shard_of(key))
        {
            return;
        }
        let Some(rebalance) = &mut self.rebalance else { return };
        let before = rebalance.servers();
        let cause = Cause::Command(rebalance.begun);
        rebalance.begun += 1;
        rebalance.change(change);
        let settings = &rebalance.settings;
        if change.adds_a_shard() {
            return self.begin_separation(change, cause, cx);
        }
        if settings.partitioning.counts_shards() {
            // Keys stay in their shards: copies move.
            let stays = (*self.map.routing.from).clone();
            self.begin_plan(cause, stays, Vec::new(), before, cx);
            return self.relocate(cx);
        }
        let to = rebalance.partitioning().next(&self.map.routing.from, &rebalance.shards());
        let born = self.new_shards();
        self.begin_plan(cause, to, born, before, cx);
    }

    /// From now on keys move so that `to` takes the place of the partitioner that is; `born` are the shards that come
    /// with it.
    pub(super) fn begin_plan(
        &mut self,
        cause: Cause,
        to: Partitioner,
        born: Vec<Assignment>,
        servers_before: u32,
        cx: &mut Context<'_, Message>,
    ) {
        let Some(rebalance) = &mut self.rebalance else { return };
        rebalance.plans += 1;
        let settings = &rebalance.settings;
        let from = (*self.map.routing.from).clone();
        let (number, loaded, row_bytes) = (rebalance.plans, settings.loaded.clone(), settings.row_bytes);
        let plan = if to == from {
            Plan::nothing(number, to, loaded, row_bytes)
        } else {
            Plan::new(number, from, to, loaded, row_bytes)
                .by(settings.protocol)
                .after(self.map.routing.finished)
        };
        rebalance.weigh(&plan);
        let (plan, servers_after) = (Arc::new(plan), rebalance.servers());
        let weights_after = rebalance.partitioning().weights_of(&rebalance.shards());
        let weights_before = std::mem::replace(&mut rebalance.shard_weights, weights_after.clone());
        cx.observe(Observation::PlanBegun {
            cause,
            plan: Arc::clone(&plan),
            servers_before,
            servers_after,
            weights_before,
            weights_after,
        });
        if plan.pairs().is_empty() && born.is_empty() {
            return;
        }
        let map = Arc::make_mut(&mut self.map);
        map.version += 1;
        map.shards.extend(born);
        if !plan.pairs().is_empty() {
            map.routing.begin(plan);
        }
    }

    /// Shards of servers that are new: their first copies are on those servers, the others where the placement puts
    /// them. They own nothing until keys have moved there.
    fn new_shards(&self) -> Vec<Assignment> {
        let Some(rebalance) = &self.rebalance else { return Vec::new() };
        let there = rebalance.shards();
        let placed = self.placed(there.len() as u32);
        let known = self.map.shards.len() as u32;
        there.iter().zip(placed).filter(|(shard, _)| shard.0 >= known).map(|(_, placed)| placed).collect()
    }

    /// So many shards on the servers that are there, as the placement puts them.
    pub(super) fn placed(&self, shards: u32) -> Vec<Assignment> {
        let Some(rebalance) = &self.rebalance else { return Vec::new() };
        let settings = &rebalance.settings;
        let there: Vec<u32> = rebalance.shards().iter().map(|shard| shard.0).collect();
        let zones: Vec<u32> = there.iter().map(|&server| settings.zones[server as usize]).collect();
        let assignment = |copies: Vec<u32>| {
            let copies: Vec<NodeId> =
                copies.iter().map(|&place| self.settings.servers[there[place as usize] as usize]).collect();
            Assignment {
                epoch: FIRST_EPOCH,
                primary: copies.first().copied(),
                members: copies.clone(),
                copies,
            }
        };
        Spread.place(shards, settings.replicas, &zones).into_iter().map(assignment).collect()
    }

    /// Orders the first few moves that are not done, at every tick and whenever one is done: whoever leads a source
    /// goes on, or says that it has been done.
    pub(super) fn order_moves(&mut self, cx: &mut Context<'_, Message>) {
        let Some(rebalance) = &mut self.rebalance else { return };
        let once = self.settings.bugs.contains(Bug::OrderOnce);
        let open = self.map.routing.open().filter(|(_, pair)| !rebalance.is_writing(*pair));
        let most = if rebalance.settings.protocol.is_throttled() {
            rebalance.settings.concurrent
        } else {
            usize::MAX
        };
        let next: Vec<_> = open.take(most).collect();
        for (plan, pair) in next {
            let Some(source) = self.map.primary(pair.0) else { continue };
            if !rebalance.ordered.insert((plan.number, pair)) && once {
                continue;
            }
            let plan = Arc::clone(plan);
            cx.send(source, Message::Move(MoveMessage::Order { plan, pair }));
        }
    }

    /// The command that is being carried out, counted from zero.
    pub(super) fn open_command(&self) -> Option<u32> {
        let rebalance = self.rebalance.as_ref()?;
        (rebalance.finished < rebalance.begun).then(|| rebalance.begun - 1)
    }

    /// Commands whose moves are not all done.
    #[must_use]
    pub fn open_commands(&self) -> usize {
        let Some(rebalance) = &self.rebalance else { return 0 };
        rebalance.commands.len() - rebalance.finished as usize
    }
}
