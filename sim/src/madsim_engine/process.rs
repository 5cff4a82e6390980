//! A node's process: the task that madsim runs, kills, restarts and freezes. It takes events from the inbox one by one.

use std::sync::Arc;
use std::task::{Poll, Waker};

use super::cores::{Arrival, Service};
use super::net::Shared;
use super::state::State;
use crate::context::Context;
use crate::fingerprint::Handled;
use crate::key::{Key, Tag};
use crate::letters::Place;
use crate::node::{Node, NodeId, Payload};
use crate::time::Time;
use crate::world::{Voice, World};

/// Never ends by itself.
pub(super) async fn process<N: Node>(shared: Arc<Shared<N>>, me: NodeId) {
    std::future::poll_fn(|cx| {
        shared.enter(|state| state.read_inbox(me, cx.waker()));
        Poll::<()>::Pending
    })
    .await;
}

impl<N: Node> State<N> {
    fn read_inbox(&mut self, me: NodeId, reader: &Waker) {
        self.desk(me).reader = Some(reader.clone());
        let mut caught_up_from = None;
        while let Some(envelope) = self.desk(me).inbox.pop_front() {
            if envelope.deferred {
                // It was frozen: its turn comes after whatever else comes now.
                let again = self.reschedule(envelope.key);
                caught_up_from.get_or_insert(again);
            } else {
                self.attend(me, envelope.key);
            }
        }
        let desk = self.desk(me);
        desk.caught_up_from = caught_up_from.or(desk.caught_up_from);
        if let Some(emptied) = desk.emptied.take() {
            emptied.wake();
        }
    }

    fn attend(&mut self, me: NodeId, key: Key) {
        match key.tag() {
            Tag::Delivery => self.receive(me, key.index()),
            Tag::Completion => self.end_service(me, key),
            Tag::Timer => self.run_out(me, key),
            Tag::Sync => self.end_sync(me, key),
            Tag::Start => self.start(me),
            Tag::Strike | Tag::Heal => unreachable!("faults come to no inbox"),
        }
    }

    fn receive(&mut self, me: NodeId, letter: u32) {
        let (kind, now) = (self.world.letters.message(letter).kind(), self.world.now);
        let Some(cores) = self.desk(me).cores.as_mut().filter(|cores| cores.serve(kind)) else {
            return self.open(me, letter);
        };
        let crowded = match cores.arrive(letter, now) {
            Arrival::Served => return self.serve(me, letter, 0),
            Arrival::Waits => None,
            Arrival::Crowds(crowded) => Some(crowded),
        };
        self.world.letters.move_to(letter, Place::Queued);
        if let Some(crowded) = crowded {
            self.world.counters.nodes[me.index()].inbox_dropped += 1;
            self.world.letters.discard(crowded);
        }
    }

    fn serve(&mut self, me: NodeId, letter: u32, waited: Time) {
        let kind = self.world.letters.message(letter).kind();
        let cores = self.desks[me.index()].cores.as_mut().expect("only a node with processors serves");
        let takes = cores.draw(kind);
        let now = self.world.now;
        let until = now.saturating_add(self.world.slow(me, takes));
        let ends = self.world.key(until, Tag::Completion, me.0);
        cores.begin(Service { ends, letter, waited }, now);
        self.world.letters.move_to(letter, Place::Serving);
        self.agenda.new.push(ends);
    }

    fn end_service(&mut self, me: NodeId, ends: Key) {
        let now = self.world.now;
        let cores = self.desk(me).cores.as_mut().expect("only a node with processors serves");
        let Some(Service { letter, waited, .. }) = cores.end(ends, now) else { return };
        if let Some((next, since)) = cores.next() {
            self.serve(me, next, now - since);
        }
        self.world.waited = waited;
        self.open(me, letter);
        self.world.waited = 0;
    }

    fn open(&mut self, me: NodeId, letter: u32) {
        let (from, message) = self.world.letters.open(letter);
        self.handled += 1;
        self.world.fingerprint.message(self.world.now, me, from, &message);
        self.world.counters.nodes[me.index()].handled[message.kind()] += 1;
        self.handle(me, |node, cx| node.on_message(from, message, cx));
    }

    fn run_out(&mut self, me: NodeId, key: Key) {
        let Some(slot) = self.agenda.timers[me.index()].run_out(key) else { return };
        self.note(me, Handled::Timer(slot));
        self.handle(me, |node, cx| node.on_timer(slot, cx));
    }

    fn end_sync(&mut self, me: NodeId, key: Key) {
        if !self.world.disks[me.index()].expects(key) {
            return;
        }
        let (through, synced) = self.world.disks[me.index()].end();
        self.world.counters.nodes[me.index()].syncs += u64::from(synced);
        self.world.start_sync(me, &mut self.agenda);
        self.note(me, Handled::Synced(through));
        self.handle(me, |node, cx| node.on_synced(through, cx));
    }

    fn start(&mut self, me: NodeId) {
        let desk = self.desk(me);
        desk.start = None;
        desk.running = true;
        self.note(me, Handled::Start);
        self.handle(me, Node::on_start);
    }

    pub(super) fn note(&mut self, node: NodeId, handled: Handled<'_>) {
        self.handled += 1;
        self.world.fingerprint.event(self.world.now, node, handled);
    }

    fn handle(&mut self, me: NodeId, react: impl FnOnce(&mut N, &mut Context<'_, N::Message>)) {
        react(&mut self.nodes[me.index()], &mut Context::new(&mut self.world, &mut self.agenda, me));
        // Until it is known who plays which role, what came after a mark waits.
        while self.world.voice == Voice::Withheld {
            let World { faults, fired, .. } = &mut self.world;
            let is_fatal = faults.resolve_roles(fired, &self.nodes, me);
            let effects = std::mem::take(&mut self.world.withheld);
            self.world.voice = if is_fatal { Voice::Muted } else { Voice::Live };
            let mut cx = Context::new(&mut self.world, &mut self.agenda, me);
            effects.into_iter().for_each(|effect| cx.release(effect));
        }
        self.world.voice = Voice::Live;
        for fired in std::mem::take(&mut self.world.fired) {
            self.strike(fired.fault, Some(fired.marker), fired.resolved);
        }
    }
}
