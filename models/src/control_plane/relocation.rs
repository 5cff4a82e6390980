//! Copies of shards move between servers: which, when, and how safely.
//!
//! 1. The relocation is written down, and the map names the newcomer as a *learner*: the shard's primary copies the rows
//!    to it and ships it the log (`server::snapshots`). The learner counts for nothing.
//! 2. When it has caught up it *joins*: a change like any failover, behind an epoch fence, makes it a member.
//! 3. When what was committed before is committed with it, the old copy *leaves*, by another change. If that was the
//!    primary, another copy is appointed: the one with the longest log, the newcomer among equals.
//!
//! Joining and leaving are one member at a time (Ongaro 2014, §4.1), so that majorities before and after overlap, and
//! no write is ever acknowledged by fewer copies than the file asks for. A copy on a server that is lost for ever
//! leaves first, since its silence would count against every majority; then another comes in its place.
//!
//! Safety claim: at every moment, a majority of a shard's members has every acknowledged write. Only relocations that
//! are on the control plane's disk are begun, and how far each is follows from the map, which is there too: so a crash
//! of anyone at any step is gone on from.

use std::collections::VecDeque;
use std::sync::Arc;

use shardlab_sim::{Context, NodeId, Time, WriteId};

use super::{ControlPlane, Why};
use crate::config::Bug;
use crate::message::{ControlMessage, Message};
use crate::node::{Observation, RelocationEvent};
use crate::rebalancing::{Picture, ServerPicture, ShardPicture, Step};
use crate::shard_map::{Assignment, Epoch, Learner, ShardId};

/// A copy that is to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Relocation {
    number: u32,
    command: Option<u32>,
    shard: ShardId,
    /// Whose copy goes; nobody's where one is missing.
    from: Option<NodeId>,
    to: NodeId,
}

/// What is to be remembered.
#[derive(Clone, Copy, Debug)]
enum Record {
    Begin(Relocation),
    GiveUp(Relocation),
}

/// The relocations of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Relocations {
    // Durable.
    open: Vec<Relocation>,
    begun: u32,
    // Volatile.
    writing: VecDeque<(WriteId, Record)>,
}

impl Relocations {
    pub fn crash(&mut self) {
        self.writing.clear();
    }

    /// What is under way, or about to be.
    fn all(&self) -> impl Iterator<Item = &Relocation> {
        let begins = self.writing.iter().filter_map(|(_, record)| match record {
            Record::Begin(relocation) => Some(relocation),
            Record::GiveUp(_) => None,
        });
        self.open.iter().chain(begins)
    }

    fn of(&self, shard: ShardId) -> Option<&Relocation> {
        self.all().find(|relocation| relocation.shard == shard)
    }

    fn is_given_up(&self, number: u32) -> bool {
        let mut writing = self.writing.iter();
        writing.any(|(_, record)| matches!(record, Record::GiveUp(of) if of.number == number))
    }
}

impl ControlPlane {
    /// At every tick, and when something has come a step further.
    pub(super) fn relocate(&mut self, cx: &mut Context<'_, Message>) {
        if self.rebalance.is_none() || !self.settings.appoints {
            return;
        }
        self.let_lost_copies_leave(cx);
        for relocation in self.relocations.open.clone() {
            self.drive(relocation, cx);
        }
        // Keys first: what moves with them may not have to move twice.
        while self.map.routing.plan.is_none() && self.may_begin_another() {
            let Some((shard, from, to)) = self.next_relocation(cx.now()) else { break };
            self.order_relocation(shard, from, to, self.open_command(), cx);
        }
    }

    /// Writes down that a copy is to move; shard and servers by place.
    pub(super) fn order_relocation(
        &mut self,
        shard: usize,
        from: Option<usize>,
        to: usize,
        command: Option<u32>,
        cx: &mut Context<'_, Message>,
    ) {
        let waiting = self.relocations.all().count() - self.relocations.open.len();
        let relocation = Relocation {
            number: self.relocations.begun + waiting as u32,
            command,
            shard: ShardId(shard as u32),
            from: from.map(|place| self.settings.servers[place]),
            to: self.settings.servers[to],
        };
        let write = cx.force();
        self.relocations.writing.push_back((write, Record::Begin(relocation)));
    }

    /// Whether a shard stays where it is and is led by whom it is led, as far as is known.
    pub(super) fn is_settled(&self, shard: ShardId) -> bool {
        !self.is_changing(shard) && self.relocations.of(shard).is_none()
    }

    pub(super) fn may_begin_another(&self) -> bool {
        let most = self.rebalance.as_ref().map_or(0, |rebalance| rebalance.settings.concurrent);
        self.relocations.all().count() < most
    }

    /// Records are on disk: act on them, in order.
    pub(super) fn relocations_recorded(&mut self, through: WriteId, cx: &mut Context<'_, Message>) {
        while self.relocations.writing.front().is_some_and(|&(write, _)| write <= through) {
            match self.relocations.writing.pop_front().expect("it was just looked at").1 {
                Record::Begin(relocation) => self.begin_relocation(relocation, cx),
                Record::GiveUp(relocation) => self.give_up(relocation, cx),
            }
        }
    }

    fn begin_relocation(&mut self, relocation: Relocation, cx: &mut Context<'_, Message>) {
        let Some(rebalance) = &self.rebalance else { return };
        let Relocation { number, command, shard, from, to } = relocation;
        let rows = rebalance.rows.get(shard.index()).copied().unwrap_or(0);
        let bytes = rows * u64::from(rebalance.settings.row_bytes);
        self.relocations.begun = number + 1;
        self.relocations.open.push(relocation);
        let map = Arc::make_mut(&mut self.map);
        map.version += 1;
        map.learners.insert(shard, Learner { relocation: number, node: to, bytes });
        observe(number, RelocationEvent::Begun { shard, from, to, command, rows }, cx);
        cx.mark("relocate.begun");
    }

    fn give_up(&mut self, relocation: Relocation, cx: &mut Context<'_, Message>) {
        let learns = self.map.learners.get(&relocation.shard);
        if learns.is_some_and(|learner| learner.relocation == relocation.number) {
            let map = Arc::make_mut(&mut self.map);
            map.version += 1;
            map.learners.remove(&relocation.shard);
            self.close(relocation, RelocationEvent::GivenUp, cx);
            cx.mark("relocate.given-up");
        }
    }

    fn close(&mut self, relocation: Relocation, event: RelocationEvent, cx: &mut Context<'_, Message>) {
        self.relocations.open.retain(|open| open.number != relocation.number);
        observe(relocation.number, event, cx);
    }

    /// Sees to it that a relocation goes on: asks whether the newcomer is settled, or gives it up.
    fn drive(&mut self, relocation: Relocation, cx: &mut Context<'_, Message>) {
        let Relocation { number, shard, from, to, .. } = relocation;
        let assignment = self.map.assignment(shard);
        if self.map.learners.contains_key(&shard) {
            if !self.may_take(to, cx.now())
                && !self.is_changing(shard)
                && !self.relocations.is_given_up(number)
            {
                let write = cx.force();
                self.relocations.writing.push_back((write, Record::GiveUp(relocation)));
            }
        } else if !assignment.copies.contains(&to) && !self.is_changing(shard) {
            // It came, and was lost before the old copy could leave.
            self.close(relocation, RelocationEvent::GivenUp, cx);
        } else if let (Some(_), Some(primary)) = (from, assignment.primary)
            && !self.is_changing(shard)
        {
            let question = ControlMessage::IsSettled { shard, epoch: assignment.epoch, copy: to };
            cx.send(primary, Message::Control(question));
        }
    }

    /// The learner has the snapshot, and the log nearly to its end: it joins.
    pub(super) fn caught_up(
        &mut self,
        shard: ShardId,
        epoch: Epoch,
        copy: NodeId,
        cx: &mut Context<'_, Message>,
    ) {
        let learns = self.map.learners.get(&shard).is_some_and(|learner| learner.node == copy);
        let is_present = self.map.assignment(shard).epoch == epoch && !self.is_changing(shard);
        let Some(&relocation) = self.relocations.of(shard).filter(|_| learns && is_present) else { return };
        if self.relocations.is_given_up(relocation.number) {
            return;
        }
        cx.mark("relocate.caught-up");
        if self.settings.bugs.contains(Bug::NoCopyFence) {
            return self.replace_unfenced(relocation, cx);
        }
        self.begin_change(shard, None, cx);
        self.changes.get_mut(&shard).expect("it has just begun").joining = Some(copy);
    }

    /// The bug: the newcomer takes the old copy's place and office at once.
    fn replace_unfenced(&mut self, relocation: Relocation, cx: &mut Context<'_, Message>) {
        let Relocation { shard, from, to, .. } = relocation;
        let old = self.map.assignment(shard);
        let replace = |nodes: &[NodeId]| -> Vec<NodeId> {
            nodes.iter().copied().filter(|&node| Some(node) != from).chain([to]).collect()
        };
        let primary = if old.primary == from { Some(to) } else { old.primary };
        let (members, copies) = (replace(&old.members), replace(&old.copies));
        let next = Assignment { epoch: Epoch(old.epoch.0 + 1), primary, members, copies };
        let why = Why { began: cx.now(), absent_since: None, abdicating: None };
        self.write_assignment(shard, next, why, cx);
    }

    /// The newcomer has what was committed before it came: the old copy may leave.
    pub(super) fn settled(&mut self, shard: ShardId, epoch: Epoch, cx: &mut Context<'_, Message>) {
        let Some(&relocation) = self.relocations.of(shard) else { return };
        let assignment = self.map.assignment(shard);
        let leaves = relocation.from.filter(|from| assignment.copies.contains(from));
        let (Some(leaving), true) = (leaves, assignment.members.contains(&relocation.to)) else { return };
        if assignment.epoch != epoch || self.is_changing(shard) {
            return;
        }
        let led = assignment.primary == Some(leaving);
        self.begin_change(shard, None, cx);
        let change = self.changes.get_mut(&shard).expect("it has just begun");
        change.leaving = Some(leaving);
        change.preferred = led.then_some(relocation.to);
        cx.mark("relocate.cut-over");
    }

    /// Servers that are lost for ever answer no fence: their copies leave at once, which also gives their shards other
    /// primaries.
    fn let_lost_copies_leave(&mut self, cx: &mut Context<'_, Message>) {
        if self.rebalance.as_ref().is_none_or(|rebalance| rebalance.lost.iter().all(|&lost| !lost)) {
            return;
        }
        for shard in self.shards() {
            let assignment = self.map.assignment(shard);
            let lost = assignment.copies.iter().copied().find(|&copy| self.is_lost(copy));
            let Some(leaving) = lost.filter(|_| !self.is_changing(shard)) else { continue };
            let led = assignment.primary == Some(leaving);
            let absent_since = led.then(|| self.absent_since(shard, cx.now()));
            self.begin_change(shard, absent_since, cx);
            self.changes.get_mut(&shard).expect("it has just begun").leaving = Some(leaving);
        }
    }

    /// A shard has another assignment: what that means for the relocation of its copies.
    pub(super) fn copies_changed(
        &mut self,
        shard: ShardId,
        old: &Assignment,
        why: Why,
        cx: &mut Context<'_, Message>,
    ) {
        let stopped = cx.now() - why.began;
        if let (Some(from), Some(to)) = (why.abdicating, self.map.primary(shard)) {
            cx.observe(Observation::HandedOver { shard, from, to, stopped });
            return cx.mark("balancer.handed-over");
        }
        let Some(&relocation) = self.relocations.of(shard) else { return };
        let copies = &self.map.shards[shard.index()].copies;
        let (has_come, was_there) = (copies.contains(&relocation.to), old.copies.contains(&relocation.to));
        let gone = |from: NodeId| !copies.contains(&from);
        let is_over = has_come && relocation.from.is_none_or(gone);
        if has_come && !was_there {
            Arc::make_mut(&mut self.map).learners.remove(&shard);
            observe(relocation.number, RelocationEvent::Joined { stopped }, cx);
        }
        if is_over {
            let led = relocation.from.is_some() && old.primary == relocation.from;
            // Where none leaves, the change was the joining, and that has been counted.
            let stopped = if relocation.from.is_some() { stopped } else { 0 };
            self.close(relocation, RelocationEvent::Left { stopped, led }, cx);
        }
        self.relocate(cx);
        // Last: a crash that hangs on them lets nothing of this be half done.
        if has_come && !was_there {
            cx.mark("relocate.joined");
        }
        if is_over {
            cx.mark("relocate.left");
        }
    }

    /// Whether `node` is a server that the operator has removed, or not added yet.
    pub(super) fn is_gone(&self, node: NodeId) -> bool {
        let present = |rebalance: &super::Rebalance| {
            self.place_of(node).is_some_and(|server| rebalance.present[server])
        };
        self.rebalance.as_ref().is_some_and(|rebalance| !present(rebalance))
    }

    /// Whether `node` is a server that is lost for ever.
    #[must_use]
    pub fn is_lost(&self, node: NodeId) -> bool {
        let lost = |rebalance: &super::Rebalance| {
            rebalance.lost.iter().any(|&lost| lost)
                && self.place_of(node).is_some_and(|server| rebalance.lost[server])
        };
        self.rebalance.as_ref().is_some_and(lost)
    }

    /// Servers are numbered densely, one after the other.
    fn place_of(&self, node: NodeId) -> Option<usize> {
        let first = self.settings.servers.first()?;
        let place = node.index().checked_sub(first.index())?;
        (self.settings.servers.get(place) == Some(&node)).then_some(place)
    }

    /// Whether a server may be given copies: it is to stay, and not silent.
    fn may_take(&self, node: NodeId, now: Time) -> bool {
        !self.is_gone(node) && !self.is_lost(node) && !self.is_suspected(node, now)
    }

    /// The same question by places, as the planner asks it: the seam for rules of residency.
    pub(super) fn place_may_hold(&self, shard: usize, server: usize) -> bool {
        self.may_hold(ShardId(shard as u32), self.settings.servers[server])
    }

    /// Whether copies are where they should not be, or are missing, or are under way for the command that is open.
    pub(super) fn has_copies_to_relocate(&self, now: Time) -> bool {
        let command = self.open_command();
        let under_way = self.relocations.all().any(|relocation| relocation.command == command);
        let picture = self.picture(now, |_| (1, 1));
        under_way
            || self.shards().any(|shard| self.is_unsound(shard))
            || (self.is_evening_out() && self.evening_step(&picture).is_some())
    }

    /// Whether a copy is missing, or on a server that is to be empty.
    fn is_unsound(&self, shard: ShardId) -> bool {
        let copies = &self.map.assignment(shard).copies;
        copies.len() < self.wanted_copies()
            || copies.iter().any(|&copy| self.is_gone(copy) || self.is_lost(copy))
    }

    pub(super) fn wanted_copies(&self) -> usize {
        let wanted = |rebalance: &super::Rebalance| {
            let there = rebalance.present.iter().filter(|&&there| there).count();
            there.min(rebalance.settings.replicas as usize)
        };
        self.rebalance.as_ref().map_or(0, wanted)
    }

    /// Whether the open command makes copies even out over the servers: where shards are counted, they do not follow.
    fn is_evening_out(&self) -> bool {
        let counts = |rebalance: &super::Rebalance| {
            let change = rebalance.open_change();
            rebalance.settings.partitioning.counts_shards()
                && change.is_some_and(|change| !change.adds_a_shard())
        };
        self.rebalance.as_ref().is_some_and(counts)
    }

    /// The next copy to move: a missing one first, then one on a server that is to be empty, then to even out.
    fn next_relocation(&self, now: Time) -> Option<(usize, Option<usize>, usize)> {
        let evens_out = self.is_evening_out();
        if !evens_out && !self.shards().any(|shard| self.is_unsound(shard)) {
            return None;
        }
        let picture = self.picture(now, |_| (1, 1));
        self.mending(&picture).or_else(|| {
            let step = evens_out.then(|| self.evening_step(&picture)).flatten()?;
            let Step::Move { shard, from, to } = step else { return None };
            Some((shard, Some(from), to))
        })
    }

    fn mending(&self, picture: &Picture) -> Option<(usize, Option<usize>, usize)> {
        let wanted = self.wanted_copies();
        let may_hold = |shard, server| self.place_may_hold(shard, server);
        let idle = || (0..picture.shards.len()).filter(|&shard| !picture.shards[shard].rests);
        let missing = idle().filter(|&shard| picture.shards[shard].copies.len() < wanted);
        let missing = missing.map(|shard| (shard, None));
        let misplaced = idle().filter_map(|shard| {
            let gone = |&copy: &usize| self.is_gone(self.settings.servers[copy]);
            let from = picture.shards[shard].copies.iter().copied().find(gone)?;
            Some((shard, Some(from)))
        });
        missing
            .chain(misplaced)
            .find_map(|(shard, from)| Some((shard, from, picture.place(shard, from, may_hold)?)))
    }

    /// One step towards as many copies for its weight on every server.
    fn evening_step(&self, picture: &Picture) -> Option<Step> {
        picture.step(0, |shard, server| self.place_may_hold(shard, server))
    }

    /// The map as the planner sees it, with what is under way done. `costs`: of leading a shard, and of any other copy.
    pub(super) fn picture(&self, now: Time, costs: impl Fn(usize) -> (u64, u64)) -> Picture {
        let server = |&node: &NodeId| ServerPicture {
            zone: self.zone_of(node),
            // One that is to bear nothing gets the least weight, and is emptied.
            weight: self.weight_of(node).max(1),
            takes: self.may_take(node, now),
        };
        let mut picture = Picture {
            servers: self.settings.servers.iter().map(server).collect(),
            shards: self
                .map
                .shards
                .iter()
                .enumerate()
                .map(|(shard, of)| self.seen(of, costs(shard)))
                .collect(),
        };
        for &shard in self.changes.keys() {
            picture.shards[shard.index()].rests = true;
        }
        self.appointing.iter().for_each(|(_, shard, ..)| picture.shards[shard.index()].rests = true);
        for relocation in self.relocations.all() {
            self.assume_done(relocation, &mut picture.shards[relocation.shard.index()]);
        }
        picture
    }

    fn weight_of(&self, node: NodeId) -> u64 {
        let weight = |rebalance: &super::Rebalance| Some(rebalance.weights[self.place_of(node)?]);
        self.rebalance.as_ref().and_then(weight).unwrap_or(1_000)
    }

    fn zone_of(&self, node: NodeId) -> u32 {
        let zone = |rebalance: &super::Rebalance| Some(rebalance.settings.zones[self.place_of(node)?]);
        self.rebalance.as_ref().and_then(zone).unwrap_or(0)
    }

    fn seen(&self, assignment: &Assignment, (leading, following): (u64, u64)) -> ShardPicture {
        ShardPicture {
            copies: assignment.copies.iter().filter_map(|&copy| self.place_of(copy)).collect(),
            leader: assignment.primary.and_then(|primary| self.place_of(primary)),
            rests: false,
            leading,
            following,
        }
    }

    fn assume_done(&self, relocation: &Relocation, shard: &mut ShardPicture) {
        shard.rests = true;
        let (from, to) = (relocation.from.and_then(|from| self.place_of(from)), self.place_of(relocation.to));
        shard.copies.retain(|&copy| Some(copy) != from && Some(copy) != to);
        shard.copies.extend(to);
        if shard.leader == from && from.is_some() {
            shard.leader = to;
        }
    }
}

fn observe(number: u32, event: RelocationEvent, cx: &mut Context<'_, Message>) {
    cx.observe(Observation::Relocation { number, event });
}
