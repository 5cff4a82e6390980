//! A node's only way to the world.

use crate::disk::Request;
use crate::node::{NodeId, Payload, TimerSlot, WriteId};
use crate::random::Random;
use crate::time::Time;
use crate::world::{Effect, Scheduler, Voice, World};

/// What a handler may do, while it handles one event of one node.
pub struct Context<'a, M: Payload> {
    world: &'a mut World<M>,
    scheduler: &'a mut dyn Scheduler,
    me: NodeId,
}

impl<'a, M: Payload> Context<'a, M> {
    pub(crate) fn new(world: &'a mut World<M>, scheduler: &'a mut dyn Scheduler, me: NodeId) -> Self {
        Self { world, scheduler, me }
    }

    /// True time, in ns. Real processes cannot know it: for measuring, not for protocols.
    #[must_use]
    pub fn now(&self) -> Time {
        self.world.now
    }

    /// What the node's own clock shows, in ns; never below zero.
    pub fn clock(&mut self) -> Time {
        self.world.clocks[self.me.index()].read(self.world.now)
    }

    /// The node itself.
    #[must_use]
    pub const fn me(&self) -> NodeId {
        self.me
    }

    /// The node's own random stream.
    pub fn rng(&mut self) -> &mut Random {
        self.world.random(self.me)
    }

    /// How long the message that is being handled waited for a core, in ns; zero for any other event.
    #[must_use]
    pub fn waited(&self) -> Time {
        self.world.waited
    }

    /// Sends a message. To the node itself it arrives at once, as an event of its own.
    ///
    /// # Panics
    /// When there is no node `to`.
    pub fn send(&mut self, to: NodeId, message: M) {
        match self.world.voice {
            Voice::Live => self.world.send(self.me, to, message, self.scheduler),
            Voice::Withheld => self.world.withheld.push(Effect::Send(to, message)),
            Voice::Muted => {}
        }
    }

    /// Lets a timer run out `after` ns from now; one in the same slot is replaced.
    pub fn set_timer(&mut self, slot: TimerSlot, after: Time) {
        match self.world.voice {
            Voice::Live => {
                let (at, sequence) = (self.world.now.saturating_add(after), self.world.next_sequence());
                self.scheduler.set_timer(self.me, slot, at, sequence);
            }
            Voice::Withheld => self.world.withheld.push(Effect::SetTimer(slot, after)),
            Voice::Muted => {}
        }
    }

    /// Stops a timer; nothing happens if none is set.
    pub fn cancel(&mut self, slot: TimerSlot) {
        match self.world.voice {
            Voice::Live => self.scheduler.cancel_timer(self.me, slot),
            Voice::Withheld => self.world.withheld.push(Effect::Cancel(slot)),
            Voice::Muted => {}
        }
    }

    /// Writes to the disk's buffer; durable with the next sync that starts after it.
    pub fn write(&mut self) -> WriteId {
        self.ask_disk(Request::Write)
    }

    /// Writes and asks for a sync; `on_synced` comes when this write is on disk. While a sync runs it waits for the
    /// next one.
    pub fn force(&mut self) -> WriteId {
        self.force_bulk(0)
    }

    /// As [`force`](Self::force), of so many bytes beyond a record's: they take time by the disk's bandwidth.
    pub fn force_bulk(&mut self, bytes: u64) -> WriteId {
        self.ask_disk(Request::Force { bytes })
    }

    /// Reads so many bytes in bulk; `on_synced` comes when they are in memory. It waits for the disk like a write, and
    /// keeps writes waiting.
    pub fn read(&mut self, bytes: u64) -> WriteId {
        self.ask_disk(Request::Read { bytes })
    }

    /// Tells the outside what the node saw.
    pub fn observe(&mut self, observation: M::Observation) {
        match self.world.voice {
            Voice::Live => self.world.observations.push((self.world.now, self.me, observation)),
            Voice::Withheld => self.world.withheld.push(Effect::Observe(observation)),
            Voice::Muted => {}
        }
    }

    /// Names a step of the protocol, on which a fault may hang.
    ///
    /// A fault that crashes this node is applied when the handler returns, and nothing the handler does after the mark
    /// takes effect. Other faults are applied when it returns, too, and change nothing in it.
    pub fn mark(&mut self, name: &'static str) {
        match self.world.voice {
            Voice::Live => self.world.mark(self.me, name),
            Voice::Withheld => self.world.withheld.push(Effect::Mark(name)),
            Voice::Muted => {}
        }
    }

    /// False after a mark that was fatal for this node, in the same handler.
    ///
    /// A fault aimed at a role is decided after the handler, when every node can be asked for its role: until then
    /// the node takes itself to be alive.
    #[must_use]
    pub fn alive(&self) -> bool {
        self.world.voice != Voice::Muted
    }

    /// Numbers are given even to writes that never happen, so that none is given twice.
    fn ask_disk(&mut self, request: Request) -> WriteId {
        let id = self.world.disks[self.me.index()].next_id();
        self.hand_over(id, request);
        id
    }

    fn hand_over(&mut self, id: WriteId, request: Request) {
        match self.world.voice {
            Voice::Live => self.world.ask_disk(self.me, id, request, self.scheduler),
            Voice::Withheld => self.world.withheld.push(Effect::Ask(id, request)),
            Voice::Muted => {}
        }
    }

    /// Lets an effect happen that had to wait.
    pub(crate) fn release(&mut self, effect: Effect<M>) {
        match effect {
            Effect::Send(to, message) => self.send(to, message),
            Effect::SetTimer(slot, after) => self.set_timer(slot, after),
            Effect::Cancel(slot) => self.cancel(slot),
            Effect::Ask(id, request) => self.hand_over(id, request),
            Effect::Observe(observation) => self.observe(observation),
            Effect::Mark(name) => self.mark(name),
        }
    }
}
