//! What a process is: a plain value that reacts to one event at a time.

use std::fmt::Debug;
use std::hash::Hash;

use crate::context::Context;

/// A process of the simulated world, numbered from zero in the order of the topology.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The node's place in a dense vector.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One of a node's own timers. Setting a slot that is set already replaces it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerSlot(pub u32);

/// A write to a node's disk, numbered from one and growing; never reused, across crashes too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteId(pub u64);

/// What travels over links: its kind chooses the service time and the counter, its size the bandwidth.
///
/// `Hash` feeds the run's fingerprint and must cover everything that a receiver can tell apart.
pub trait Payload: Clone + Debug + Hash + Send + 'static {
    /// What a node may tell the outside: an operation completed, a version applied.
    type Observation: Clone + Debug + Send + 'static;

    /// Names of the kinds, indexed by [`Payload::kind`].
    const KINDS: &'static [&'static str];

    /// Index into [`Payload::KINDS`].
    fn kind(&self) -> usize;

    /// Size on the wire, in bytes.
    fn bytes(&self) -> u64;
}

/// A process: client pool, coordinator, server, control plane.
///
/// The world is touched through the [`Context`] alone; the state can be cloned, printed, compared and asserted
/// on between any two events.
pub trait Node: Clone + Debug + Send + 'static {
    /// What this world's nodes send to each other.
    type Message: Payload;

    /// At boot, and after every restart.
    fn on_start(&mut self, cx: &mut Context<'_, Self::Message>);

    /// A message was delivered and, where its kind has a service time, served.
    fn on_message(&mut self, from: NodeId, message: Self::Message, cx: &mut Context<'_, Self::Message>);

    /// A timer set in `slot` ran out and was not cancelled.
    fn on_timer(&mut self, slot: TimerSlot, cx: &mut Context<'_, Self::Message>);

    /// Every write up to and including `through` is on disk, and what was to be read is in memory.
    fn on_synced(&mut self, through: WriteId, cx: &mut Context<'_, Self::Message>);

    /// Forget what is volatile. What was not synced is gone.
    fn on_crash(&mut self);

    /// Whether the node plays `role` now ("primary", "coordinator" …): how a fault finds a moving target.
    fn plays(&self, role: &str) -> bool {
        let _ = role;
        false
    }
}
