//! Strokes of faults, and their healing.

use super::Simulation;
use crate::context::Context;
use crate::fault::{Action, InFlight};
use crate::fingerprint::Handled;
use crate::key::{Key, Tag};
use crate::letters::Place;
use crate::network::{Impairment, LinkEffect, LinkSet, NodeSet};
use crate::node::{Node, NodeId, WriteId};
use crate::striking::{ends_of, first_target};
use crate::world::{Scheduler, Voice};

impl<N: Node> Simulation<N> {
    /// Applies a fault; `resolved`: whom it stops, if that is decided already.
    pub(super) fn strike(&mut self, fault: usize, marker: Option<NodeId>, resolved: Option<Vec<NodeId>>) {
        if self.world.faults.is_closed() {
            return;
        }
        let action = self.world.faults.fault(fault).action.clone();
        let nodes = match (&action, resolved) {
            (_, Some(nodes)) => nodes,
            (Action::CutLinks { links, .. }, None) => ends_of(links),
            (action, None) => self.world.faults.resolve(fault, first_target(action), marker, &self.nodes),
        };
        let aimed_at = nodes.len();
        let nodes = self.apply(fault, &action, nodes, marker);
        self.handled += 1;
        self.world.fingerprint.fault(self.world.now, Handled::Strike { fault, nodes: &nodes });
        self.world.faults.struck(fault, self.world.now, nodes, aimed_at);
        if let Some(duration) = self.world.faults.fault(fault).duration {
            let at = self.world.now.saturating_add(duration);
            let key = self.world.key(at, Tag::Heal, fault as u32);
            self.fault_events += 1;
            self.agenda.schedule(key);
        }
    }

    /// Does what the fault does, and says to whom.
    fn apply(
        &mut self,
        fault: usize,
        action: &Action,
        nodes: Vec<NodeId>,
        marker: Option<NodeId>,
    ) -> Vec<NodeId> {
        match action {
            Action::Cut { to, direction, in_flight, .. } => {
                let mut others = self.world.faults.resolve(fault, to, marker, &self.nodes);
                others.retain(|node| !nodes.contains(node));
                let (from, to) = (nodes.iter().collect(), others.iter().collect());
                self.cut(fault, LinkSet::Between { from, to, direction: *direction }, *in_flight);
                return nodes.into_iter().chain(others).collect();
            }
            Action::CutLinks { links, in_flight } => {
                self.cut(fault, LinkSet::Listed(links.iter().copied().collect()), *in_flight);
            }
            Action::Crash { keep_unsynced, .. } => {
                nodes.iter().for_each(|n| self.crash(fault, *n, *keep_unsynced))
            }
            Action::Lose { .. } => nodes.iter().for_each(|node| self.crash(fault, *node, false)),
            Action::Pause { .. } => nodes.iter().for_each(|node| self.pause(fault, *node)),
            Action::Slow { factor_thousandths, .. } => {
                nodes
                    .iter()
                    .for_each(|node| self.world.slowed[node.index()].push((fault, *factor_thousandths)));
            }
            Action::Links { loss_ppb, duplicate_ppb, delay_ns, .. } => {
                let (loss_ppb, duplicate_ppb, delay_ns) = (*loss_ppb, *duplicate_ppb, *delay_ns);
                let nodes: NodeSet = nodes.iter().collect();
                let effect = LinkEffect::Degrade { nodes, loss_ppb, duplicate_ppb, delay_ns };
                self.world.network.impair(Impairment { fault, effect });
            }
            Action::ClockJump { by_ns, .. } => self.jump(fault, &nodes, *by_ns),
        }
        nodes
    }

    fn cut(&mut self, fault: usize, links: LinkSet, in_flight: InFlight) {
        match in_flight {
            InFlight::Drop => self.lose_in_flight(fault, &links),
            InFlight::Hold => self.gate_in_flight(&links),
            InFlight::Deliver => {}
        }
        self.world.network.impair(Impairment { fault, effect: LinkEffect::Cut { links, in_flight } });
    }

    fn lose_in_flight(&mut self, fault: usize, links: &LinkSet) {
        let on_link = |from, to| from != to && links.contains(from, to);
        let on_its_way = |place| matches!(place, Place::Flying | Place::Gated | Place::Held);
        let letters = self.world.letters.under_way();
        let lost: Vec<_> =
            letters.filter(|(_, from, to, place)| on_its_way(*place) && on_link(*from, *to)).collect();
        for &(letter, _, _, place) in &lost {
            match place {
                Place::Held => self.world.letters.discard(letter),
                _ => self.world.letters.move_to(letter, Place::Lost),
            }
        }
        let letters = &self.world.letters;
        self.held.retain(|letter| letters.place(*letter) == Place::Held);
        self.world.faults.changes(fault).lost += lost.len() as u64;
        self.world.counters.messages_lost += lost.len() as u64;
    }

    fn gate_in_flight(&mut self, links: &LinkSet) {
        let letters = self.world.letters.under_way();
        let on_link = |from, to| from != to && links.contains(from, to);
        let gated: Vec<u32> = letters
            .filter(|(_, from, to, place)| *place == Place::Flying && on_link(*from, *to))
            .map(|(letter, ..)| letter)
            .collect();
        gated.into_iter().for_each(|letter| self.world.letters.move_to(letter, Place::Gated));
    }

    fn crash(&mut self, fault: usize, node: NodeId, keep_unsynced: bool) {
        let machine = &mut self.machines[node.index()];
        let was_running = machine.running;
        let missed_start = machine.start.take().is_some();
        // A start that waits for a pause to end is outdated, too.
        machine.deferred.retain(|key| key.tag() != Tag::Start);
        machine.down_by.push(fault);
        machine.running = false;
        machine.refresh();
        let stopped = was_running || missed_start;
        self.world.faults.changes(fault).stopped += u64::from(stopped);
        if was_running {
            self.stop(fault, node, keep_unsynced);
        }
    }

    /// Empties the inbox, outdates timers and service, loses what is not on disk, and tells the node.
    fn stop(&mut self, fault: usize, node: NodeId, keep_unsynced: bool) {
        let dropped = self.empty_inbox(node) + self.agenda.cancel_all(node);
        self.world.faults.changes(fault).dropped += dropped;
        let unsynced = self.world.disks[node.index()].lose_unsynced();
        match unsynced {
            Some(last) if keep_unsynced => self.report_survivors(node, last),
            Some(_) => self.world.faults.changes(fault).dropped += 1,
            None => {}
        }
        self.note(node, Handled::Crash);
        self.nodes[node.index()].on_crash();
    }

    /// The machine kept its power: the node learns, too late to act, that its writes reached the disk.
    fn report_survivors(&mut self, node: NodeId, last: WriteId) {
        self.note(node, Handled::Synced(last));
        let voice = std::mem::replace(&mut self.world.voice, Voice::Muted);
        let mut cx = Context::new(&mut self.world, &mut self.agenda, node);
        self.nodes[node.index()].on_synced(last, &mut cx);
        self.world.voice = voice;
    }

    /// Drops every letter at the node and every deferred event; returns how many.
    fn empty_inbox(&mut self, node: NodeId) -> u64 {
        let machine = &mut self.machines[node.index()];
        let not_letters = |key: &&Key| !matches!(key.tag(), Tag::Delivery | Tag::Completion);
        let deferred = machine.deferred.iter().filter(not_letters).count() as u64;
        machine.deferred.clear();
        machine.resumed = None;
        if let Some(station) = &mut machine.station {
            station.clear(self.world.now);
        }
        let at_node = |place| matches!(place, Place::Queued | Place::Serving | Place::Deferred);
        let letters = self.world.letters.under_way();
        let lost: Vec<_> = letters.filter(|(_, _, to, place)| *to == node && at_node(*place)).collect();
        for &(letter, _, _, place) in &lost {
            match place {
                // Its completion is still to come up.
                Place::Serving => self.world.letters.move_to(letter, Place::Lost),
                _ => self.world.letters.discard(letter),
            }
        }
        self.world.counters.messages_lost += lost.len() as u64;
        deferred + lost.len() as u64
    }

    fn pause(&mut self, fault: usize, node: NodeId) {
        let machine = &mut self.machines[node.index()];
        machine.paused_by.push(fault);
        machine.refresh();
    }

    fn jump(&mut self, fault: usize, nodes: &[NodeId], by_ns: i64) {
        nodes.iter().for_each(|node| self.world.clocks[node.index()].jump(by_ns));
        self.world.faults.changes(fault).clocks += if by_ns == 0 { 0 } else { nodes.len() as u64 };
    }

    /// Ends a fault, if it goes on.
    pub(super) fn heal(&mut self, fault: usize) {
        if !self.world.faults.heal(fault, self.world.now) {
            return;
        }
        self.handled += 1;
        self.world.fingerprint.fault(self.world.now, Handled::Heal { fault });
        let nodes = self.world.faults.nodes(fault).to_vec();
        match self.world.faults.fault(fault).action {
            Action::Cut { .. } | Action::CutLinks { .. } => {
                self.world.network.repair(fault);
                self.release_held();
            }
            Action::Links { .. } => self.world.network.repair(fault),
            Action::Crash { .. } => nodes.iter().for_each(|node| self.restart(fault, *node)),
            Action::Lose { .. } => unreachable!("what is lost for ever is never healed"),
            Action::Pause { .. } => nodes.iter().for_each(|node| self.resume(fault, *node)),
            Action::Slow { .. } => {
                nodes.iter().for_each(|node| self.world.slowed[node.index()].retain(|(by, _)| *by != fault));
            }
            Action::ClockJump { by_ns, .. } => {
                nodes.iter().for_each(|node| self.world.clocks[node.index()].jump(by_ns.saturating_neg()));
            }
        }
    }

    /// Lets arrive, in order, what no cut holds any more.
    fn release_held(&mut self) {
        let mut first = None;
        for letter in std::mem::take(&mut self.held) {
            let (from, to) = self.world.letters.address(letter);
            if self.world.network.holding(from, to).next().is_some() {
                self.held.push(letter);
                continue;
            }
            self.world.letters.move_to(letter, Place::Flying);
            let key = self.world.key(self.world.now, Tag::Delivery, letter);
            self.agenda.schedule(key);
            first = first.or(Some(key));
        }
        // Two cuts may heal in one nanosecond: the first of all released letters counts.
        self.released = self.released.filter(|released| released.time() == self.world.now).or(first);
    }

    fn restart(&mut self, fault: usize, node: NodeId) {
        let machine = &mut self.machines[node.index()];
        machine.down_by.retain(|by| *by != fault);
        if machine.down_by.is_empty() && !machine.running {
            let key = self.world.key(self.world.now, Tag::Start, node.0);
            machine.start = Some(key);
            self.agenda.schedule(key);
        }
    }

    fn resume(&mut self, fault: usize, node: NodeId) {
        let machine = &mut self.machines[node.index()];
        machine.paused_by.retain(|by| *by != fault);
        machine.refresh();
        if machine.is_paused() {
            return;
        }
        let deferred = std::mem::take(&mut machine.deferred);
        let again: Vec<Key> = deferred.into_iter().map(|key| self.reschedule(key, node)).collect();
        let machine = &mut self.machines[node.index()];
        // Two pauses may end in one nanosecond: if only the first held anything up, that still goes first.
        machine.resumed = again.first().copied().or(machine.resumed);
        machine.refresh();
    }

    /// Lets an event come up again now, after whatever else comes now.
    pub(super) fn reschedule(&mut self, key: Key, node: NodeId) -> Key {
        let again = self.world.key(self.world.now, key.tag(), key.index());
        match key.tag() {
            Tag::Delivery => self.world.letters.move_to(key.index(), Place::Flying),
            Tag::Completion => self.world.letters.move_to(key.index(), Place::Serving),
            Tag::Sync => self.world.disks[node.index()].postpone(key, again),
            Tag::Start => self.machines[node.index()].start = Some(again),
            Tag::Timer | Tag::Strike | Tag::Heal => {}
        }
        self.agenda.schedule(again);
        again
    }
}
