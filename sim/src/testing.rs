//! One handler of one node at a time, outside any run: what goes in, and what comes out.
//!
//! ```
//! use shardlab_sim::testing::Script;
//! use shardlab_sim::{Context, Node, NodeId, Payload, TimerSlot, WriteId};
//!
//! #[derive(Clone, Debug, PartialEq, Hash)]
//! struct Ping(u32);
//! impl Payload for Ping {
//!     type Observation = ();
//!     const KINDS: &'static [&'static str] = &["ping"];
//!     fn kind(&self) -> usize { 0 }
//!     fn bytes(&self) -> u64 { 4 }
//! }
//!
//! #[derive(Clone, Debug)]
//! struct Echo;
//! impl Node for Echo {
//!     type Message = Ping;
//!     fn on_start(&mut self, _: &mut Context<'_, Ping>) {}
//!     fn on_message(&mut self, from: NodeId, ping: Ping, cx: &mut Context<'_, Ping>) { cx.send(from, ping); }
//!     fn on_timer(&mut self, _: TimerSlot, _: &mut Context<'_, Ping>) {}
//!     fn on_synced(&mut self, _: WriteId, _: &mut Context<'_, Ping>) {}
//!     fn on_crash(&mut self) {}
//! }
//!
//! let mut script = Script::new(Echo, NodeId(0), 2);
//! let out = script.on_message(NodeId(1), Ping(7));
//! assert_eq!(out.sent, vec![(NodeId(1), Ping(7))]);
//! ```

use crate::context::Context;
use crate::distribution::Distribution;
use crate::fault::{Action, Fault, Target, Trigger};
use crate::key::{Key, Tag};
use crate::node::{Node, NodeId, Payload, TimerSlot, WriteId};
use crate::samplers::Samplers;
use crate::time::Time;
use crate::topology::{ClockSkew, Delivery, LinkProfile, Machine, Topology};
use crate::world::{Scheduler, Voice, World};

/// What one handler did.
#[derive(Clone, Debug)]
pub struct Outcome<M: Payload> {
    /// Messages, in order, with their receivers.
    pub sent: Vec<(NodeId, M)>,
    /// Timers set, in order, with their time from now, in ns.
    pub timers_set: Vec<(TimerSlot, Time)>,
    /// Timers cancelled, in order.
    pub timers_cancelled: Vec<TimerSlot>,
    /// Writes to the disk's buffer.
    pub written: Vec<WriteId>,
    /// Forced writes.
    pub forced: Vec<WriteId>,
    /// What the node saw.
    pub observed: Vec<M::Observation>,
    /// Protocol steps.
    pub marks: Vec<&'static str>,
}

/// A node and a script of events for it.
#[derive(Clone, Debug)]
pub struct Script<N: Node> {
    /// The node, to be looked at between events.
    pub node: N,
    /// Virtual time, in ns; set it as you like.
    pub now: Time,
    world: World<N::Message>,
    recorder: Recorder,
    me: NodeId,
}

impl<N: Node> Script<N> {
    /// A script for `node` as number `me` among `nodes`; messages that it sends go nowhere.
    ///
    /// # Panics
    /// When `me` is not among the nodes.
    #[must_use]
    pub fn new(node: N, me: NodeId, nodes: u32) -> Self {
        Self::with_faults(node, me, nodes, Vec::new())
    }

    /// The same, with a crash of the node at the first occurrence of a mark: what the handler does after it must
    /// not happen.
    ///
    /// # Panics
    /// When `me` is not among the nodes.
    #[must_use]
    pub fn with_crash_at(node: N, me: NodeId, nodes: u32, mark: &str) -> Self {
        let fault = Fault {
            name: format!("crash at {mark}"),
            trigger: Trigger::When { mark: mark.into(), nth: 1, not_before: 0 },
            duration: None,
            action: Action::Crash { target: Target::Marker, keep_unsynced: false },
        };
        Self::with_faults(node, me, nodes, vec![fault])
    }

    fn with_faults(node: N, me: NodeId, nodes: u32, faults: Vec<Fault>) -> Self {
        assert!(me.0 < nodes, "node {} is not among {nodes}", me.0);
        let mut world = World::new(0, &calm(nodes), faults, &mut Samplers::default());
        world.record();
        Self { node, now: 0, world, recorder: Recorder::default(), me }
    }

    /// Boots the node, or restarts it after [`Script::crash`].
    pub fn on_start(&mut self) -> Outcome<N::Message> {
        self.react(N::on_start)
    }

    /// Delivers a message.
    pub fn on_message(&mut self, from: NodeId, message: N::Message) -> Outcome<N::Message> {
        self.react(|node, cx| node.on_message(from, message, cx))
    }

    /// Lets a timer run out, whether it was set or not.
    pub fn on_timer(&mut self, slot: TimerSlot) -> Outcome<N::Message> {
        self.react(|node, cx| node.on_timer(slot, cx))
    }

    /// Tells the node that its writes up to `through` are on disk.
    pub fn on_synced(&mut self, through: WriteId) -> Outcome<N::Message> {
        self.react(|node, cx| node.on_synced(through, cx))
    }

    /// Crashes the node.
    pub fn crash(&mut self) {
        self.node.on_crash();
    }

    /// Lets the node do anything that a handler may do.
    pub fn react(
        &mut self,
        handler: impl FnOnce(&mut N, &mut Context<'_, N::Message>),
    ) -> Outcome<N::Message> {
        self.world.now = self.now;
        let mut cx = Context::new(&mut self.world, &mut self.recorder, self.me);
        handler(&mut self.node, &mut cx);
        self.world.voice = Voice::Live;
        self.world.fired.clear();
        self.outcome()
    }

    fn outcome(&mut self) -> Outcome<N::Message> {
        let Recorder { deliveries, set, cancelled } = std::mem::take(&mut self.recorder);
        let observations = std::mem::take(&mut self.world.observations);
        let (forced, written) = self.world.take_written().into_iter().partition(|(_, forced)| *forced);
        let ids = |writes: Vec<(WriteId, bool)>| writes.into_iter().map(|(id, _)| id).collect();
        let marks = self.world.take_marks();
        let letters = &mut self.world.letters;
        let open = |letter| (letters.address(letter).1, letters.open(letter).1);
        Outcome {
            sent: deliveries.into_iter().map(open).collect(),
            timers_set: set.into_iter().map(|(slot, at)| (slot, at - self.now)).collect(),
            timers_cancelled: cancelled,
            written: ids(written),
            forced: ids(forced),
            observed: observations.into_iter().map(|(_, _, seen)| seen).collect(),
            marks,
        }
    }
}

/// Machines without processors or disks of their own, and links without loss.
fn calm(nodes: u32) -> Topology {
    let machine = |id| Machine {
        name: format!("node {id}"),
        zone: 0,
        cpu: None,
        disk: None,
        clock: ClockSkew::default(),
    };
    let link = LinkProfile {
        latency: Distribution::constant_ns(0),
        loss_ppb: 0,
        duplicate_ppb: 0,
        reorder_ppb: 0,
        bandwidth_bytes_per_s: None,
        delivery: Delivery::Stream,
        retransmit_ns: 0,
    };
    Topology {
        machines: (0..nodes).map(machine).collect(),
        zone_links: vec![vec![0]],
        profiles: vec![link],
        link_overrides: Vec::new(),
    }
}

/// A scheduler that lets nothing happen and remembers what it was asked.
#[derive(Clone, Debug, Default)]
struct Recorder {
    deliveries: Vec<u32>,
    set: Vec<(TimerSlot, Time)>,
    cancelled: Vec<TimerSlot>,
}

impl Scheduler for Recorder {
    fn schedule(&mut self, key: Key) {
        if key.tag() == Tag::Delivery {
            self.deliveries.push(key.index());
        }
    }

    fn set_timer(&mut self, _: NodeId, slot: TimerSlot, at: Time, _: u64) {
        self.set.push((slot, at));
    }

    fn cancel_timer(&mut self, _: NodeId, slot: TimerSlot) {
        self.cancelled.push(slot);
    }
}
