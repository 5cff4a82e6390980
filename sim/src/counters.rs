//! What a run counts, from the end of the warm-up on.

use crate::node::NodeId;
use crate::time::Time;

/// What a run counted after its warm-up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Indexed by `NodeId`.
    pub nodes: Vec<NodeCounters>,
    /// Messages that links lost, cuts blocked, or nobody was up to receive.
    pub messages_lost: u64,
    /// Messages that arrived twice.
    pub messages_duplicated: u64,
    /// Bytes sent over each kind of link, by its place among the topology's profiles; counted where there are more than
    /// two: within a zone, and between zones.
    pub bytes_by_link: Vec<u64>,
    /// Events handled: messages, timers, syncs, starts, crashes, faults and their healing.
    pub events: u64,
}

/// What one node did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeCounters {
    /// Messages handled, by `Payload::kind`.
    pub handled: Vec<u64>,
    /// Messages sent, by `Payload::kind`; lost ones too.
    pub sent: Vec<u64>,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Forced writes asked for.
    pub forces_requested: u64,
    /// Syncs that ended.
    pub syncs: u64,
    /// Messages dropped by a full inbox.
    pub inbox_dropped: u64,
    /// Core-nanoseconds spent in service.
    pub busy_ns: u64,
}

/// A node's load over one sampling interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeSample {
    /// The interval's end, in ns.
    pub at: Time,
    /// Who.
    pub node: NodeId,
    /// Core-nanoseconds spent in service during the interval.
    pub busy_ns: u64,
    /// Messages that waited for a core at its end.
    pub queue_length: u64,
    /// Messages handled during the interval.
    pub handled: u64,
}

impl Counters {
    pub(crate) fn new(nodes: usize, kinds: usize, links: usize) -> Self {
        let node = NodeCounters { handled: vec![0; kinds], sent: vec![0; kinds], ..NodeCounters::default() };
        let bytes_by_link = if links > 2 { vec![0; links] } else { Vec::new() };
        Self { nodes: vec![node; nodes], bytes_by_link, ..Self::default() }
    }

    /// Forgets the warm-up.
    pub(crate) fn reset(&mut self) {
        let kinds = self.nodes.first().map_or(0, |n| n.handled.len());
        *self = Self::new(self.nodes.len(), kinds, self.bytes_by_link.len());
    }
}
