//! An event's time has come: where it goes.

use madsim::runtime::Handle;

use super::bug::EngineBug;
use super::clock::Ties;
use super::desk::Envelope;
use super::state::{State, Turn};
use crate::key::{Key, Tag};
use crate::letters::Place;
use crate::node::{Node, NodeId};

impl<N: Node> State<N> {
    /// Brings an event to its node, or a fault about; returns the fault if it is to heal.
    pub fn come_up(&mut self, turn: Turn) -> Option<usize> {
        let key = self.agenda.take(turn);
        match key.tag() {
            Tag::Strike | Tag::Heal => return self.come_to_fault(key),
            Tag::Delivery => {
                self.pass(key);
                self.deliver(key);
            }
            Tag::Timer | Tag::Completion | Tag::Sync | Tag::Start => self.come_to_node(key),
        }
        None
    }

    fn pass(&mut self, key: Key) {
        self.processed += 1;
        self.turn_to(key);
    }

    fn come_to_fault(&mut self, key: Key) -> Option<usize> {
        self.pass(key);
        let fault = key.index() as usize;
        if key.tag() == Tag::Heal {
            return Some(fault);
        }
        self.strike(fault, None, None);
        None
    }

    fn deliver(&mut self, key: Key) {
        let letter = key.index();
        let place = self.world.letters.place(letter);
        if place == Place::Lost {
            return self.world.letters.discard(letter);
        }
        if place == Place::Gated && self.hold(key) {
            return;
        }
        let to = self.owner(key);
        if self.desk(to).running {
            self.hand_over(key, to);
        } else {
            self.lose_at(letter, to);
        }
    }

    /// Keeps a letter whose link holds messages now, or lets it wait for those that were held before it.
    fn hold(&mut self, key: Key) -> bool {
        let letter = key.index();
        let (from, to) = self.world.letters.address(letter);
        let holding: Vec<usize> = self.world.network.holding(from, to).collect();
        if !holding.is_empty() {
            holding.iter().for_each(|fault| self.world.faults.changes(*fault).held += 1);
            self.world.letters.move_to(letter, Place::Held);
            self.held.push(letter);
            return true;
        }
        let overtakes = self.precedes(key, self.released);
        if overtakes {
            self.reschedule(key);
        }
        overtakes
    }

    /// Nobody is up to receive it.
    fn lose_at(&mut self, letter: u32, to: NodeId) {
        self.world.counters.messages_lost += 1;
        for &fault in &self.desks[to.index()].down_by {
            self.world.faults.changes(fault).lost += 1;
        }
        self.world.letters.discard(letter);
    }

    /// Anything but a delivery: it may be outdated.
    fn come_to_node(&mut self, key: Key) {
        let index = key.index() as usize;
        let expected = match key.tag() {
            Tag::Timer => self.agenda.timers[index].expect(key),
            Tag::Completion => self.desks[index].cores.as_ref().is_some_and(|cores| cores.expect(key)),
            Tag::Sync => self.world.disks[index].expects(key),
            _ => self.desks[index].start == Some(key),
        };
        // A timer that is not set does not come up at all.
        if expected || key.tag() != Tag::Timer {
            self.pass(key);
        }
        if expected {
            self.hand_over(key, NodeId(key.index()));
        }
    }

    /// Puts an event into the node's inbox, unless it has to let others go first.
    fn hand_over(&mut self, key: Key, node: NodeId) {
        let is_paused = self.desk(node).is_paused();
        if is_paused {
            if key.tag() == Tag::Delivery && self.has(EngineBug::PauseLosesMessage) {
                return self.world.letters.discard(key.index());
            }
            self.count_deferral(node);
        } else if self.precedes(key, self.desks[node.index()].caught_up_from) {
            self.reschedule(key);
            return;
        }
        if key.tag() == Tag::Delivery {
            self.world.letters.move_to(key.index(), Place::Deferred);
        }
        // Shuffled, an event may come between the end of a pause and the first look into the inbox.
        let deferred = is_paused || self.desk(node).inbox.back().is_some_and(|last| last.deferred);
        self.desk(node).hand_in(Envelope { key, deferred });
        if key.tag() == Tag::Start {
            self.boot(node);
        }
    }

    /// Whether an event would come before what was held up, whose first event is this. Shuffled, it may; what was sent
    /// over one link keeps its order anyway.
    fn precedes(&self, key: Key, held_up: Option<Key>) -> bool {
        self.ties == Ties::Lawful && held_up.is_some_and(|first| key < first)
    }

    fn count_deferral(&mut self, node: NodeId) {
        for &fault in &self.desks[node.index()].paused_by {
            self.world.faults.changes(fault).deferred += 1;
        }
    }

    /// madsim runs the node's task anew if it was killed; frozen, if the node is paused.
    fn boot(&mut self, node: NodeId) {
        if !std::mem::take(&mut self.desk(node).killed) {
            return;
        }
        let process = self.processes[node.index()];
        Handle::current().restart(process);
        if self.desk(node).is_paused() {
            Handle::current().pause(process);
        }
    }
}
