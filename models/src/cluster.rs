//! `[cluster]`: servers, coordinators, zones, CPU, disk, network and clocks.

pub(crate) mod checks;
mod layout;
pub mod regions;
mod topology;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shardlab_sim::{Delivery, Distribution, Duration, Overflow, Share, Size, Time};

pub use crate::config::validate;
pub use layout::{PoolPlace, layout, pool_places};
pub(crate) use topology::round_trip;
pub use topology::topology;

/// `[cluster]`: the machines and the network between them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Cluster {
    /// Regions by name; built-in names bring their measured round trips.
    pub regions: Vec<String>,
    /// Availability zones in each region; servers are dealt to zones in turn. Copies of a shard stay in as many different
    /// zones as they can, at the beginning and whenever one moves: what a server hands over goes to its own zone or to one
    /// without a copy of the shard, however much the servers there bear. With one zone every server takes its part.
    #[schemars(range(min = 1))]
    pub zones: u32,
    /// Servers that hold data.
    #[schemars(range(min = 1))]
    pub servers: u32,
    /// Transaction coordinators, each on a node of its own.
    pub coordinators: u32,
    /// Cores of a server.
    #[schemars(range(min = 1))]
    pub cpu: u32,
    /// How many messages may wait for a core; none is without bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_limit: Option<u32>,
    /// What a full queue does with one more message.
    pub overflow: OverflowPolicy,
    /// Time on a core, by kind of work.
    pub service: Service,
    /// Disks of servers, coordinators and the control plane.
    pub disk: DiskSpec,
    /// Links.
    pub network: Network,
    /// How far clocks differ from true time.
    pub clocks: Clocks,
}

/// The region of a cluster that names none.
pub const LOCAL: &str = "local";

impl Default for Cluster {
    fn default() -> Self {
        Self {
            regions: vec![LOCAL.into()],
            zones: 3,
            servers: 3,
            coordinators: 1,
            cpu: 4,
            queue_limit: None,
            overflow: OverflowPolicy::DropNewest,
            service: Service::default(),
            disk: DiskSpec::default(),
            network: Network::default(),
            clocks: Clocks::default(),
        }
    }
}

/// What a full queue does with one more message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OverflowPolicy {
    /// The arriving message is dropped.
    DropNewest,
    /// The one that has waited longest is dropped.
    DropOldest,
}

impl From<OverflowPolicy> for Overflow {
    fn from(policy: OverflowPolicy) -> Self {
        match policy {
            OverflowPolicy::DropNewest => Self::DropNewest,
            OverflowPolicy::DropOldest => Self::DropOldest,
        }
    }
}

/// Time on a core for each kind of work. Defaults are round figures of the order a key-value store on one NVMe
/// machine shows; set your own where you have measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Service {
    /// A point read.
    pub read: Distribution,
    /// A write at its primary.
    pub write: Distribution,
    /// A scan.
    pub scan: Distribution,
    /// Appending to a backup's log.
    pub append: Distribution,
    /// A transaction's prepare at a participant.
    pub prepare: Distribution,
    /// One chunk of a move, at its source, its destination and the destination's backups.
    pub copy: Distribution,
    /// A query over a table: looking it up and reading up to 64 KiB of rows.
    pub query: Distribution,
    /// Reading another 64 KiB of rows for it; between two of these other requests have their turn.
    pub window: Distribution,
    /// Everything else: acknowledgements, votes, decisions, heartbeats.
    pub control: Distribution,
}

impl Default for Service {
    fn default() -> Self {
        let micros = |us: u64| Distribution::constant_ns(us * 1_000);
        Self {
            read: micros(80),
            write: micros(120),
            scan: micros(400),
            append: micros(20),
            prepare: micros(150),
            // 64 KiB, `rebalancing.chunk`, at a quarter of a gigabyte a second and core: read, packed and checked.
            copy: micros(250),
            // A little more than a point read, and 64 KiB at 400 MB a second and core. Neither has a source: a table scan
            // of a row store is of this order.
            query: micros(120),
            window: micros(160),
            control: micros(5),
        }
    }
}

/// The disk under every node that must remember.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct DiskSpec {
    /// Handing a write to the disk.
    pub write: Distribution,
    /// One sync.
    pub sync: Distribution,
    /// Whether one sync carries all writes that wait for it.
    pub group_commit: bool,
    /// Bytes that it reads and writes a second, one after the other, for whoever copies in bulk: moves of keys and new
    /// copies of shards. A single row's bytes are part of `write`.
    pub bandwidth_per_s: Size,
}

impl Default for DiskSpec {
    fn default() -> Self {
        Self {
            write: Distribution::constant_ns(5_000),
            // A consumer NVMe drive's flush (see `latency.json` figures in the README's sources): 0.9 ms.
            sync: Distribution::constant_ns(900_000),
            group_commit: true,
            // The order of a consumer NVMe drive that is kept busy; without a source.
            bandwidth_per_s: Size(1_000_000_000),
        }
    }
}

/// The links.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Network {
    /// One way, within a zone.
    pub same_zone: Distribution,
    /// One way, between zones of a region.
    pub cross_zone: Distribution,
    /// Round trips between regions that have no built-in figure: `[["a", "b", "80ms"], …]`, used both ways.
    pub round_trips: Vec<(String, String, Duration)>,
    /// Between regions, latency is half the round trip times a lognormal factor whose 99th percentile is this.
    pub region_jitter_p99: f64,
    /// Chance of losing a message; a stream sends it again.
    pub loss: Share,
    /// Chance of delivering a message twice.
    pub duplicate: Share,
    /// Datagrams only: chance of being held back by one more latency.
    pub reorder: Share,
    /// What a link carries; none is without bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bandwidth_per_s: Option<Size>,
    /// Streams keep order, datagrams do not.
    pub delivery: DeliveryMode,
    /// Streams: how long until a lost packet is sent again.
    pub retransmit: Duration,
}

impl Default for Network {
    fn default() -> Self {
        // In-region round trips: 0.08–0.11 ms in a zone, 0.28–2.2 ms across (IBM Cloud VPC documentation, 2026).
        let micros = |us: u64| Duration::from_ns(us * 1_000);
        let uniform = |low: u64, high: u64| Distribution::Uniform { low: micros(low), high: micros(high) };
        Self {
            same_zone: uniform(40, 60),
            cross_zone: uniform(150, 500),
            round_trips: Vec::new(),
            region_jitter_p99: 1.08,
            loss: Share::ZERO,
            duplicate: Share::ZERO,
            reorder: Share::ZERO,
            bandwidth_per_s: None,
            delivery: DeliveryMode::Stream,
            retransmit: Duration::from_ns(200_000_000),
        }
    }
}

/// Whether links keep order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryMode {
    /// In order, as TCP.
    Stream,
    /// Each on its own, as UDP.
    Datagram,
}

impl From<DeliveryMode> for Delivery {
    fn from(mode: DeliveryMode) -> Self {
        match mode {
            DeliveryMode::Stream => Self::Stream,
            DeliveryMode::Datagram => Self::Datagram,
        }
    }
}

/// How far the nodes' clocks are from true time: as far as their region's are, and as each node draws its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Clocks {
    /// Largest offset either way, drawn for each node.
    pub max_offset: Duration,
    /// Largest drift either way, in parts per million.
    pub max_drift_ppm: u32,
    /// By region: how far all its clocks are ahead of the others, besides.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ahead: BTreeMap<String, Duration>,
}

impl Clocks {
    /// How far ahead of true time a clock may be at `at`, without a fault.
    #[must_use]
    pub fn most_ahead(&self, at: Time) -> Time {
        let ahead = self.ahead.values().map(|ahead| ahead.as_ns()).max().unwrap_or(0);
        let drift = u128::from(at) * u128::from(self.max_drift_ppm) / 1_000_000;
        let drift = Time::try_from(drift).unwrap_or(Time::MAX);
        ahead.saturating_add(self.max_offset.as_ns()).saturating_add(drift)
    }
}

impl Default for Clocks {
    fn default() -> Self {
        Self { max_offset: Duration::from_ns(0), max_drift_ppm: 0, ahead: BTreeMap::new() }
    }
}
