//! The control plane's part in rebalancing: takes the operator's commands, plans, orders moves and writes down what is
//! done.
//!
//! What it has to remember is short: the commands, and the moves that are done. Both are on its disk before anyone
//! hears of them. The plan itself follows from the commands, and how far a move is stands in the logs of its two ends:
//! so a control plane that comes back orders again what is not done, and the source says how it stands.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use shardlab_sim::{Context, NodeId, WriteId};

use super::ControlPlane;
use crate::config::Bug;
use crate::message::{ControlMessage, Message, MoveMessage};
use crate::node::{MoveEvent, Observation};
use crate::placement::{Placement, Residence, Spread};
use crate::rebalancing::{MembershipChange, Pair, Plan, Protocol};
use crate::shard_map::{Assignment, Epoch, FIRST_EPOCH, ShardId};
use crate::sharding::Strategy;

/// How the control plane rebalances.
#[derive(Clone, Debug)]
pub struct RebalanceSettings {
    /// Which key lives in which shard, given the servers.
    pub strategy: Strategy,
    /// The world's seed, which may salt the strategy.
    pub seed: u64,
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
    /// How many keys were loaded.
    pub loaded: u64,
    /// Size of a row.
    pub row_bytes: u32,
    /// How many moves run at once.
    pub concurrent: usize,
    /// How keys move.
    pub protocol: Protocol,
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
    present: Vec<bool>,
    // Volatile.
    writing: VecDeque<(WriteId, Record)>,
    // The bug `order-once`.
    ordered: BTreeSet<(u32, Pair)>,
    // Configuration.
    settings: RebalanceSettings,
}

impl Rebalance {
    pub fn new(settings: RebalanceSettings) -> Self {
        let present = (0..settings.zones.len()).map(|server| server < settings.servers as usize).collect();
        let (writing, ordered) = (VecDeque::new(), BTreeSet::new());
        Self { commands: Vec::new(), begun: 0, finished: 0, present, writing, ordered, settings }
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

    fn servers(&self) -> u32 {
        self.present.iter().filter(|&&there| there).count() as u32
    }

    /// Servers come or go; the number of the first one that comes is that of the first that was never there.
    fn change(&mut self, change: MembershipChange, ever: usize) {
        match change {
            MembershipChange::Add(count) => {
                self.present[ever..ever + count as usize].iter_mut().for_each(|there| *there = true);
            }
            MembershipChange::Remove(server) => self.present[server as usize] = false,
        }
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
                    cx.mark("membership.taken");
                    self.begin_next_plan(cx);
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
            self.finish_command(cx);
        }
        self.order_moves(cx);
    }

    /// A command is carried out when its keys have moved and no copy is where it should not be.
    pub(super) fn finish_command(&mut self, cx: &mut Context<'_, Message>) {
        if self.map.routing.plan.is_some() || self.misplaced().next().is_some() {
            return;
        }
        let Some(rebalance) = &mut self.rebalance else { return };
        if rebalance.finished < rebalance.begun {
            rebalance.finished = rebalance.begun;
            cx.observe(Observation::PlanFinished { number: rebalance.begun - 1 });
            self.begin_next_plan(cx);
        }
    }

    /// Shards with a copy on a server that is to be empty.
    fn misplaced(&self) -> impl Iterator<Item = (ShardId, NodeId)> + '_ {
        let gone = |node: &NodeId| self.is_gone(*node);
        let shards = (0..).map(ShardId).zip(&self.map.shards);
        shards.filter_map(move |(shard, assignment)| {
            assignment.copies.iter().copied().find(gone).map(|node| (shard, node))
        })
    }

    /// Whether `node` is a server that the operator has removed, or not added yet.
    fn is_gone(&self, node: NodeId) -> bool {
        let server = self.settings.servers.iter().position(|&server| server == node);
        let present = |rebalance: &Rebalance| server.is_some_and(|server| rebalance.present[server]);
        self.rebalance.as_ref().is_some_and(|rebalance| !present(rebalance))
    }

    /// Copies leave servers that are removed, once the keys are where they belong: for each shard first another server
    /// joins, and when what was committed before is committed with it, the old one leaves. Each is a change like any
    /// other, of one member at a time (Ongaro 2014, §4.1), so that majorities before and after overlap.
    pub(super) fn move_copies(&mut self, cx: &mut Context<'_, Message>) {
        if self.map.routing.plan.is_some() || self.rebalance.is_none() {
            return;
        }
        let misplaced: Vec<(ShardId, NodeId)> = self.misplaced().collect();
        for (shard, leaving) in misplaced {
            if self.is_changing(shard) {
                continue;
            }
            let assignment = self.map.assignment(shard);
            let (Some(primary), epoch) = (assignment.primary, assignment.epoch) else { continue };
            match self.newcomer(shard) {
                Some(copy) => {
                    let question = ControlMessage::IsSettled { shard, epoch, copy };
                    cx.send(primary, Message::Control(question));
                }
                None => self.join(shard, leaving, cx),
            }
        }
    }

    /// The copy that has come so that another may leave: there is one more than there should be.
    fn newcomer(&self, shard: ShardId) -> Option<NodeId> {
        let replicas = self.rebalance.as_ref()?.settings.replicas as usize;
        let copies = &self.map.assignment(shard).copies;
        if copies.len() > replicas { copies.last().copied() } else { None }
    }

    /// Another server gets a copy: in a zone with the fewest of the shard's copies, then the one with the fewest of all.
    fn join(&mut self, shard: ShardId, leaving: NodeId, cx: &mut Context<'_, Message>) {
        let copies = &self.map.assignment(shard).copies;
        let zone = |node: NodeId| {
            let server = self.settings.servers.iter().position(|&server| server == node)?;
            self.rebalance.as_ref().map(|rebalance| rebalance.settings.zones[server])
        };
        let in_zone =
            |node: NodeId| copies.iter().filter(|&&copy| copy != leaving && zone(copy) == zone(node)).count();
        let load = |node: NodeId| self.map.shards.iter().filter(|of| of.copies.contains(&node)).count();
        let may = |node: &NodeId| {
            self.may_hold(shard, *node)
                && !self.is_gone(*node)
                && !copies.contains(node)
                && !self.is_suspected(*node, cx.now())
        };
        let candidates = self.settings.servers.iter().copied().filter(may);
        let Some(joining) = candidates.min_by_key(|&node| (in_zone(node), load(node), node)) else { return };
        self.begin_change(shard, None, cx);
        self.changes.get_mut(&shard).expect("it has just begun").joining = Some(joining);
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

    /// The newcomer has what was committed before it came: the old copy may leave.
    pub(super) fn settled(&mut self, shard: ShardId, epoch: Epoch, cx: &mut Context<'_, Message>) {
        let assignment = self.map.assignment(shard);
        let counts = self.newcomer(shard).is_some_and(|copy| assignment.members.contains(&copy));
        if assignment.epoch != epoch || !counts || self.is_changing(shard) {
            return;
        }
        let leaving = assignment.copies.iter().copied().find(|&copy| self.is_gone(copy));
        if let Some(leaving) = leaving {
            self.begin_change(shard, None, cx);
            self.changes.get_mut(&shard).expect("it has just begun").leaving = Some(leaving);
        }
    }

    /// The next command is carried out when the last one's moves are done.
    fn begin_next_plan(&mut self, cx: &mut Context<'_, Message>) {
        let Some(rebalance) = &mut self.rebalance else { return };
        if rebalance.finished < rebalance.begun {
            return;
        }
        let Some(&change) = rebalance.commands.get(rebalance.begun as usize) else { return };
        let before = rebalance.servers();
        rebalance.begun += 1;
        rebalance.change(change, self.map.shards.len());
        let settings = &rebalance.settings;
        let from = (*self.map.routing.from).clone();
        let to = settings.strategy.next(&from, &rebalance.shards(), settings.seed);
        let plan = Plan::new(rebalance.begun, from, to, settings.loaded, settings.row_bytes);
        let plan = Arc::new(plan.by(settings.protocol));
        cx.observe(Observation::PlanBegun {
            number: plan.number - 1,
            plan: Arc::clone(&plan),
            servers_before: before,
            servers_after: rebalance.servers(),
        });
        let new_shards = self.new_shards();
        let map = Arc::make_mut(&mut self.map);
        map.version += 1;
        map.shards.extend(new_shards);
        if !plan.pairs().is_empty() {
            map.routing.begin(plan);
        }
    }

    /// Shards of servers that are new: their first copies are on those servers, the others where the placement puts
    /// them. They own nothing until keys have moved there.
    fn new_shards(&self) -> Vec<Assignment> {
        let Some(rebalance) = &self.rebalance else { return Vec::new() };
        let settings = &rebalance.settings;
        let there: Vec<u32> = rebalance.shards().iter().map(|shard| shard.0).collect();
        let zones: Vec<u32> = there.iter().map(|&server| settings.zones[server as usize]).collect();
        let placed = Spread.place(there.len() as u32, settings.replicas, &zones);
        let known = self.map.shards.len() as u32;
        let assignment = |copies: &Vec<u32>| {
            let copies: Vec<NodeId> =
                copies.iter().map(|&place| self.settings.servers[there[place as usize] as usize]).collect();
            Assignment {
                epoch: FIRST_EPOCH,
                primary: copies.first().copied(),
                members: copies.clone(),
                copies,
            }
        };
        there
            .iter()
            .zip(&placed)
            .filter(|&(&shard, _)| shard >= known)
            .map(|(_, copies)| assignment(copies))
            .collect()
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

    /// Commands whose moves are not all done.
    #[must_use]
    pub fn open_commands(&self) -> usize {
        let Some(rebalance) = &self.rebalance else { return 0 };
        rebalance.commands.len() - rebalance.finished as usize
    }
}
