//! The physical world: machines, their zones and the links between them.

use crate::distribution::Distribution;
use crate::time::Time;

/// What a full inbox does with one more message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// The arriving message is dropped, silently, as a full socket buffer does.
    #[default]
    DropNewest,
    /// The message that has waited longest is dropped to make room.
    DropOldest,
}

/// A node's processors: `cores` servers in front of one FIFO queue.
#[derive(Clone, Debug)]
pub struct Cpu {
    /// How many messages are served at once; at least one.
    pub cores: u32,
    /// How many may wait; `None` is without bound.
    pub queue_limit: Option<u32>,
    /// What happens to one more.
    pub overflow: Overflow,
    /// Service time per kind of message, indexed by `Payload::kind`; `None` is handled at once, without a core.
    pub service: Vec<Option<Distribution>>,
}

/// A node's disk. One forced write at a time reaches the platter.
#[derive(Clone, Debug)]
pub struct Disk {
    /// Time to hand a write to the disk, added to the sync that carries it.
    pub write: Distribution,
    /// Time for one sync.
    pub sync: Distribution,
    /// Whether one sync carries every write that waits for it.
    pub group_commit: bool,
    /// Bytes a second that bulk reads and writes get out of it and into it, one after the other; `None`: bytes take no
    /// time. What a single record weighs is part of `write`.
    pub bandwidth_bytes_per_s: Option<u64>,
}

/// How a node's own clock differs from true time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockSkew {
    /// Constant offset, in ns.
    pub offset_ns: i64,
    /// Drift in parts per billion: 100 000 gains 100 µs a second.
    pub drift_ppb: i64,
}

/// One node's machine.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Shown in tables: "server 3".
    pub name: String,
    /// Zones are numbered densely across regions.
    pub zone: u32,
    /// `None`: everything is handled at once.
    pub cpu: Option<Cpu>,
    /// `None`: a forced write is on disk at once (its `on_synced` still comes as an event of its own).
    pub disk: Option<Disk>,
    /// The node's clock.
    pub clock: ClockSkew,
}

/// Whether a link keeps order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Delivery {
    /// As TCP: in order; a lost packet is sent again after `retransmit_ns` and holds up what is behind it.
    #[default]
    Stream,
    /// As UDP: each on its own; lost is lost, random latency reorders.
    Datagram,
}

/// What one directed link is like.
#[derive(Clone, Debug)]
pub struct LinkProfile {
    /// One-way latency.
    pub latency: Distribution,
    /// Chance of losing a message (or, on a stream, of sending it again), in parts per billion.
    pub loss_ppb: u64,
    /// Chance of delivering it twice, in parts per billion.
    pub duplicate_ppb: u64,
    /// Datagrams only: chance that a message is held back by one more latency draw, in parts per billion.
    pub reorder_ppb: u64,
    /// Bytes a second that the link carries, one message after the other; `None` is without bound.
    pub bandwidth_bytes_per_s: Option<u64>,
    /// Stream or datagram.
    pub delivery: Delivery,
    /// Streams only: how long until a lost packet is sent again, in ns.
    pub retransmit_ns: Time,
}

/// Machines and links. Links are described by zone; a node's messages to itself arrive at once (next in sequence).
#[derive(Clone, Debug)]
pub struct Topology {
    /// Indexed by `NodeId`.
    pub machines: Vec<Machine>,
    /// `profiles` index for a message from a zone (row) to a zone (column).
    pub zone_links: Vec<Vec<usize>>,
    /// The kinds of link there are.
    pub profiles: Vec<LinkProfile>,
    /// Exceptions: `(from, to, profile)`, by node.
    pub link_overrides: Vec<(u32, u32, usize)>,
}
