//! Strokes of faults, and their healing: what is the world's is done to the world, the rest is madsim's to do.

use madsim::runtime::Handle;

use super::bug::EngineBug;
use super::state::State;
use crate::context::Context;
use crate::fault::{Action, InFlight};
use crate::fingerprint::Handled;
use crate::key::Tag;
use crate::letters::Place;
use crate::network::{Impairment, LinkEffect, LinkSet};
use crate::node::{Node, NodeId, WriteId};
use crate::striking::{ends_of, first_target};
use crate::world::Voice;

impl<N: Node> State<N> {
    /// Applies a fault; `resolved`: whom it stops, if that is decided already.
    pub(super) fn strike(&mut self, fault: usize, marker: Option<NodeId>, resolved: Option<Vec<NodeId>>) {
        if self.world.faults.is_closed() {
            return;
        }
        let description = self.world.faults.fault(fault).clone();
        let mut struck = match (resolved, &description.action) {
            (Some(nodes), _) => nodes,
            (None, Action::CutLinks { links, .. }) => ends_of(links),
            (None, action) => self.world.faults.resolve(fault, first_target(action), marker, &self.nodes),
        };
        let aimed_at = struck.len();
        self.apply(fault, &description.action, &mut struck, marker);
        self.handled += 1;
        self.world.fingerprint.fault(self.world.now, Handled::Strike { fault, nodes: &struck });
        self.world.faults.struck(fault, self.world.now, struck, aimed_at);
        if let Some(duration) = description.duration {
            let heals = self.world.key(self.world.now.saturating_add(duration), Tag::Heal, fault as u32);
            self.agenda.new.push(heals);
        }
    }

    /// Does what the fault does; a cut's other side is struck, too.
    fn apply(&mut self, fault: usize, action: &Action, struck: &mut Vec<NodeId>, marker: Option<NodeId>) {
        match action {
            Action::Cut { to, direction, in_flight, .. } => {
                let mut others = self.world.faults.resolve(fault, to, marker, &self.nodes);
                others.retain(|node| !struck.contains(node));
                let (from, to) = (struck.iter().collect(), others.iter().collect());
                self.cut(fault, LinkSet::Between { from, to, direction: *direction }, *in_flight);
                struck.append(&mut others);
            }
            Action::CutLinks { links, in_flight } => {
                self.cut(fault, LinkSet::Listed(links.iter().copied().collect()), *in_flight);
            }
            Action::Crash { keep_unsynced, .. } => {
                struck.iter().for_each(|node| self.crash(fault, *node, *keep_unsynced));
            }
            Action::Lose { .. } => struck.iter().for_each(|node| self.crash(fault, *node, false)),
            Action::Pause { .. } => struck.iter().for_each(|node| self.pause(fault, *node)),
            Action::Slow { factor_thousandths, .. } => {
                for node in struck {
                    self.world.slowed[node.index()].push((fault, *factor_thousandths));
                }
            }
            Action::Links { loss_ppb, duplicate_ppb, delay_ns, .. } => {
                let effect = LinkEffect::Degrade {
                    nodes: struck.iter().collect(),
                    loss_ppb: *loss_ppb,
                    duplicate_ppb: *duplicate_ppb,
                    delay_ns: *delay_ns,
                };
                self.world.network.impair(Impairment { fault, effect });
            }
            Action::ClockJump { by_ns, .. } => {
                struck.iter().for_each(|node| self.world.clocks[node.index()].jump(*by_ns));
                let moved = if *by_ns == 0 { 0 } else { struck.len() as u64 };
                self.world.faults.changes(fault).clocks += moved;
            }
        }
    }

    /// What is on the links is lost, or will be asked on arrival whether it may pass.
    fn cut(&mut self, fault: usize, links: LinkSet, in_flight: InFlight) {
        let under_way = self.world.letters.under_way();
        let on_links = under_way.filter(|(_, from, to, _)| from != to && links.contains(*from, *to));
        let on_links: Vec<(u32, Place)> = on_links.map(|(letter, _, _, place)| (letter, place)).collect();
        let mut lost = 0;
        for (letter, place) in on_links {
            match (in_flight, place) {
                (InFlight::Hold, Place::Flying) => self.world.letters.move_to(letter, Place::Gated),
                (InFlight::Drop, Place::Flying | Place::Gated) => {
                    self.world.letters.move_to(letter, Place::Lost);
                    lost += 1;
                }
                (InFlight::Drop, Place::Held) => {
                    self.held.retain(|held| *held != letter);
                    self.world.letters.discard(letter);
                    lost += 1;
                }
                _ => {}
            }
        }
        self.world.faults.changes(fault).lost += lost;
        self.world.counters.messages_lost += lost;
        self.world.network.impair(Impairment { fault, effect: LinkEffect::Cut { links, in_flight } });
    }

    fn crash(&mut self, fault: usize, node: NodeId, keep_unsynced: bool) {
        let process = self.processes[node.index()];
        let desk = self.desk(node);
        let was_running = std::mem::take(&mut desk.running);
        let misses_start = desk.start.take().is_some();
        desk.down_by.push(fault);
        if !std::mem::replace(&mut desk.killed, true) {
            Handle::current().kill(process);
        }
        if was_running {
            self.stop(fault, node, keep_unsynced);
        }
        // A process that was to start may have had that in its inbox.
        self.desk(node).inbox.clear();
        self.world.faults.changes(fault).stopped += u64::from(was_running || misses_start);
    }

    /// Drops what the process had to do and what is not on disk, and tells the node.
    fn stop(&mut self, fault: usize, node: NodeId, keep_unsynced: bool) {
        let dropped =
            self.drop_letters(node) + self.drop_syncs(node) + self.agenda.timers[node.index()].clear();
        self.world.faults.changes(fault).dropped += dropped;
        match self.world.disks[node.index()].lose_unsynced() {
            Some(last) if keep_unsynced => self.report_survivors(node, last),
            Some(_) => self.world.faults.changes(fault).dropped += 1,
            None => {}
        }
        self.note(node, Handled::Crash);
        self.nodes[node.index()].on_crash();
    }

    /// Those on a core, in line, and deferred.
    fn drop_letters(&mut self, node: NodeId) -> u64 {
        let (now, survives) = (self.world.now, self.has(EngineBug::InboxSurvivesCrash));
        let desk = self.desk(node);
        let deferred = desk.inbox.iter().filter(|envelope| envelope.key.tag() == Tag::Delivery);
        let mut letters: Vec<u32> = deferred.map(|envelope| envelope.key.index()).collect();
        desk.caught_up_from = None;
        if let Some(cores) = &mut desk.cores {
            letters.append(&mut cores.stop(now));
            if !survives {
                letters.append(&mut cores.empty_line());
            }
        }
        for &letter in &letters {
            self.world.letters.discard(letter);
        }
        self.world.counters.messages_lost += letters.len() as u64;
        letters.len() as u64
    }

    /// Deferred ends of syncs; how many there were.
    fn drop_syncs(&mut self, node: NodeId) -> u64 {
        let inbox = &self.desk(node).inbox;
        inbox.iter().filter(|envelope| envelope.key.tag() == Tag::Sync).count() as u64
    }

    /// The machine kept its power: the node learns, too late to act, that its writes reached the disk.
    fn report_survivors(&mut self, node: NodeId, last: WriteId) {
        self.note(node, Handled::Synced(last));
        let voice = std::mem::replace(&mut self.world.voice, Voice::Muted);
        let mut cx = Context::new(&mut self.world, &mut self.agenda, node);
        self.nodes[node.index()].on_synced(last, &mut cx);
        self.world.voice = voice;
    }

    fn pause(&mut self, fault: usize, node: NodeId) {
        self.desk(node).paused_by.push(fault);
        Handle::current().pause(self.processes[node.index()]);
    }

    /// Ends a fault, if it goes on, and returns the nodes that are to resume.
    pub(super) fn heal(&mut self, fault: usize) -> Vec<NodeId> {
        if !self.world.faults.heal(fault, self.world.now) {
            return Vec::new();
        }
        self.handled += 1;
        self.world.fingerprint.fault(self.world.now, Handled::Heal { fault });
        let nodes = self.world.faults.nodes(fault).to_vec();
        match self.world.faults.fault(fault).action {
            Action::Pause { .. } => return nodes,
            Action::Cut { .. } | Action::CutLinks { .. } => {
                self.world.network.repair(fault);
                self.release_held();
            }
            Action::Links { .. } => self.world.network.repair(fault),
            Action::Crash { .. } => nodes.iter().for_each(|node| self.restart(fault, *node)),
            Action::Lose { .. } => unreachable!("what is lost for ever is never healed"),
            Action::Slow { .. } => {
                for node in nodes {
                    self.world.slowed[node.index()].retain(|(by, _)| *by != fault);
                }
            }
            Action::ClockJump { by_ns, .. } => {
                for node in nodes {
                    self.world.clocks[node.index()].jump(by_ns.saturating_neg());
                }
            }
        }
        Vec::new()
    }

    /// Lets arrive, in order, what no cut holds any more.
    fn release_held(&mut self) {
        let now = self.world.now;
        let mut first = None;
        for letter in std::mem::take(&mut self.held) {
            let (from, to) = self.world.letters.address(letter);
            if self.world.network.holding(from, to).next().is_some() {
                self.held.push(letter);
                continue;
            }
            self.world.letters.move_to(letter, Place::Flying);
            let key = self.world.key(now, Tag::Delivery, letter);
            self.agenda.deliver_again(key);
            first = first.or(Some(key));
        }
        // Two cuts may heal in one nanosecond: the first of all released letters counts.
        self.released = self.released.filter(|released| released.time() == now).or(first);
    }

    fn restart(&mut self, fault: usize, node: NodeId) {
        let desk = self.desk(node);
        desk.down_by.retain(|by| *by != fault);
        if desk.down_by.is_empty() && !desk.running {
            let key = self.world.key(self.world.now, Tag::Start, node.0);
            self.desk(node).start = Some(key);
            self.agenda.new.push(key);
        }
    }

    /// One fault fewer keeps the node paused; whether it has to catch up now.
    pub(super) fn resume(&mut self, fault: usize, node: NodeId) -> bool {
        let process = self.processes[node.index()];
        let desk = self.desk(node);
        desk.paused_by.retain(|by| *by != fault);
        if desk.is_paused() {
            return false;
        }
        Handle::current().resume(process);
        !desk.inbox.is_empty()
    }
}
