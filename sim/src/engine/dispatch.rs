//! From a key to a handler.

use super::Simulation;
use super::machine::State;
use crate::context::Context;
use crate::cpu::{Admission, Waiting};
use crate::fingerprint::Handled;
use crate::key::{Key, Tag};
use crate::letters::Place;
use crate::node::{Node, NodeId, Payload};
use crate::time::Time;
use crate::world::{Scheduler, Voice, World};

impl<N: Node> Simulation<N> {
    #[inline]
    pub(super) fn dispatch(&mut self, key: Key) {
        match key.tag() {
            Tag::Delivery => self.deliver(key),
            Tag::Completion => self.complete(key),
            Tag::Timer => self.run_out(key),
            Tag::Sync => self.end_sync(key),
            Tag::Start => self.start(key),
            Tag::Strike | Tag::Heal => self.dispatch_fault(key),
        }
    }

    fn dispatch_fault(&mut self, key: Key) {
        self.fault_events -= 1;
        let fault = key.index() as usize;
        match key.tag() {
            Tag::Strike => self.strike(fault, None, None),
            _ => self.heal(fault),
        }
    }

    #[inline]
    fn deliver(&mut self, key: Key) {
        let letter = key.index();
        match self.world.letters.place(letter) {
            Place::Lost => return self.world.letters.discard(letter),
            Place::Gated if self.hold(key) => return,
            _ => {}
        }
        let (_, to) = self.world.letters.address(letter);
        let state = self.machines[to.index()].state;
        match state {
            State::Behind if self.must_wait(key, to) => {}
            State::Up | State::Behind => self.receive(letter, to),
            State::Down => self.lose_at(letter, to),
        }
    }

    #[inline]
    fn receive(&mut self, letter: u32, to: NodeId) {
        match self.machines[to.index()].station {
            None => self.open(letter, to),
            Some(_) => self.admit(letter, to),
        }
    }

    /// Keeps a letter whose link holds messages now, or lets it wait for those that were held before it.
    fn hold(&mut self, key: Key) -> bool {
        let letter = key.index();
        let (from, to) = self.world.letters.address(letter);
        let mut holds = false;
        for fault in self.world.network.holding(from, to) {
            self.world.faults.changes(fault).held += 1;
            holds = true;
        }
        if holds {
            self.world.letters.move_to(letter, Place::Held);
            self.held.push(letter);
            return true;
        }
        let overtakes = self.released.is_some_and(|released| key < released);
        if overtakes {
            self.reschedule(key, to);
        }
        overtakes
    }

    /// Nobody is up to receive it.
    fn lose_at(&mut self, letter: u32, to: NodeId) {
        self.world.counters.messages_lost += 1;
        for &fault in &self.machines[to.index()].down_by {
            self.world.faults.changes(fault).lost += 1;
        }
        self.world.letters.discard(letter);
    }

    fn admit(&mut self, letter: u32, to: NodeId) {
        let kind = self.world.letters.message(letter).kind();
        let station =
            self.machines[to.index()].station.as_mut().expect("only a machine with processors admits");
        if !station.serves(kind) {
            return self.open(letter, to);
        }
        match station.admit(self.world.now, letter) {
            Admission::Serve => self.serve(letter, to, 0),
            Admission::Wait => self.world.letters.move_to(letter, Place::Queued),
            Admission::Replace(Waiting { letter: oldest, .. }) => {
                self.world.letters.move_to(letter, Place::Queued);
                self.drop_from_inbox(oldest, to);
            }
            Admission::Refuse => self.drop_from_inbox(letter, to),
        }
    }

    fn drop_from_inbox(&mut self, letter: u32, to: NodeId) {
        self.world.counters.nodes[to.index()].inbox_dropped += 1;
        self.world.letters.discard(letter);
    }

    fn serve(&mut self, letter: u32, to: NodeId, waited: Time) {
        let kind = self.world.letters.message(letter).kind();
        let station =
            self.machines[to.index()].station.as_mut().expect("only a machine with processors serves");
        let takes = station.begin(self.world.now, kind);
        let until = self.world.now.saturating_add(self.world.slow(to, takes));
        self.world.letters.move_to(letter, Place::Serving);
        self.world.letters.note_wait(letter, waited);
        let completion = self.world.key(until, Tag::Completion, letter);
        self.agenda.schedule(completion);
    }

    fn complete(&mut self, key: Key) {
        let letter = key.index();
        if self.world.letters.place(letter) == Place::Lost {
            return self.world.letters.discard(letter);
        }
        let (_, to) = self.world.letters.address(letter);
        if self.must_wait(key, to) {
            return;
        }
        let waited = self.world.letters.waited(letter);
        let station =
            self.machines[to.index()].station.as_mut().expect("only a machine with processors serves");
        if let Some(Waiting { letter: next, arrived }) = station.end(self.world.now) {
            self.serve(next, to, self.world.now - arrived);
        }
        self.world.waited = waited;
        self.open(letter, to);
        self.world.waited = 0;
    }

    #[inline]
    fn open(&mut self, letter: u32, to: NodeId) {
        let (from, message) = self.world.letters.open(letter);
        self.handled += 1;
        self.world.fingerprint.message(self.world.now, to, from, &message);
        self.world.counters.nodes[to.index()].handled[message.kind()] += 1;
        self.handle(to, |node, cx| node.on_message(from, message, cx));
    }

    fn run_out(&mut self, key: Key) {
        let (owner, slot) = self.agenda.timer(key.index());
        if self.must_wait(key, owner) {
            return;
        }
        self.note(owner, Handled::Timer(slot));
        self.handle(owner, |node, cx| node.on_timer(slot, cx));
    }

    fn end_sync(&mut self, key: Key) {
        let node = NodeId(key.index());
        // A crash outdates the sync that runs.
        if !self.world.disks[node.index()].expects(key) {
            return;
        }
        if self.must_wait(key, node) {
            return;
        }
        let (through, synced) = self.world.disks[node.index()].end();
        self.world.counters.nodes[node.index()].syncs += u64::from(synced);
        self.world.start_sync(node, &mut self.agenda);
        self.note(node, Handled::Synced(through));
        self.handle(node, |node, cx| node.on_synced(through, cx));
    }

    fn start(&mut self, key: Key) {
        let node = NodeId(key.index());
        if self.machines[node.index()].start != Some(key) || self.must_wait(key, node) {
            return;
        }
        let machine = &mut self.machines[node.index()];
        machine.start = None;
        machine.running = true;
        machine.refresh();
        self.note(node, Handled::Start);
        self.handle(node, Node::on_start);
    }

    /// Whether an event's turn has not come: its node is paused, or has to catch up with what was deferred first.
    fn must_wait(&mut self, key: Key, node: NodeId) -> bool {
        let machine = &mut self.machines[node.index()];
        if machine.is_paused() {
            self.defer(key, node);
            return true;
        }
        let overtakes = machine.resumed.is_some_and(|resumed| key < resumed);
        if overtakes {
            self.reschedule(key, node);
        } else if machine.resumed.take().is_some() {
            machine.refresh();
        }
        overtakes
    }

    /// Keeps an event until the pause ends.
    fn defer(&mut self, key: Key, node: NodeId) {
        let machine = &mut self.machines[node.index()];
        machine.deferred.push(key);
        for &fault in &machine.paused_by {
            self.world.faults.changes(fault).deferred += 1;
        }
        if matches!(key.tag(), Tag::Delivery | Tag::Completion) {
            self.world.letters.move_to(key.index(), Place::Deferred);
        }
    }

    pub(super) fn note(&mut self, node: NodeId, handled: Handled<'_>) {
        self.handled += 1;
        self.world.fingerprint.event(self.world.now, node, handled);
    }

    #[inline]
    fn handle(&mut self, id: NodeId, react: impl FnOnce(&mut N, &mut Context<'_, N::Message>)) {
        let mut cx = Context::new(&mut self.world, &mut self.agenda, id);
        react(&mut self.nodes[id.index()], &mut cx);
        if !self.world.fired.is_empty() {
            self.settle(id);
        }
    }

    /// Decides whether marks in the handler were fatal, lets its later effects happen or not, and applies the faults.
    #[cold]
    fn settle(&mut self, id: NodeId) {
        while self.world.voice == Voice::Withheld {
            let World { faults, fired, .. } = &mut self.world;
            let fatal = faults.resolve_roles(fired, &self.nodes, id);
            let effects = std::mem::take(&mut self.world.withheld);
            self.world.voice = if fatal { Voice::Muted } else { Voice::Live };
            let mut cx = Context::new(&mut self.world, &mut self.agenda, id);
            effects.into_iter().for_each(|effect| cx.release(effect));
        }
        self.world.voice = Voice::Live;
        for fired in std::mem::take(&mut self.world.fired) {
            self.strike(fired.fault, Some(fired.marker), fired.resolved);
        }
    }
}
