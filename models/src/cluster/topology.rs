//! From `[cluster]` to machines and links.
//!
//! Servers have cores and a queue in front of them. Coordinators, the control plane and clients handle messages at
//! once: what shardlab measures is the load on servers, and nobody saves on the others' cores. Directories and caches have
//! cores of their own, because a lookup and a look into the cache are part of an operation. All but clients, directories
//! and caches have disks.

use shardlab_sim::{
    ClockSkew, Cpu, Disk, Distribution, Duration, LinkProfile, Machine, NodeId, Overflow, Random, Topology,
};

use crate::cluster::{Clocks, Cluster, Service, regions};
use crate::config::{BuildError, Config};
use crate::message::Kind;
use crate::remedies::Cache;
use crate::sharding::directory;
use crate::world::Layout;

/// The machines and links of a world whose nodes are laid out so.
///
/// # Errors
/// Two regions between which no round trip is known.
pub fn topology(config: &Config, layout: &Layout, seed: u64) -> Result<Topology, BuildError> {
    let links = Links::new(&config.cluster)?;
    let machine = |node: u32| machine(config, layout, NodeId(node), seed);
    Ok(Topology {
        machines: (0..layout.names.len() as u32).map(machine).collect(),
        zone_links: links.zone_links,
        profiles: links.profiles,
        link_overrides: Vec::new(),
    })
}

fn machine(config: &Config, layout: &Layout, node: NodeId, seed: u64) -> Machine {
    let cluster = &config.cluster;
    let is_server = layout.servers.contains(&node);
    let directory = config.sharding.strategy.directory().filter(|_| layout.directories.contains(&node));
    let cache = config.remedies.cache.as_ref().filter(|_| layout.caches.contains(&node));
    let is_diskless = layout.clients.contains(&node) || directory.is_some() || cache.is_some();
    let own_cpu = directory.map(directory_cpu).or_else(|| cache.map(cache_cpu));
    Machine {
        name: layout.names[node.index()].clone(),
        zone: layout.zone[node.index()],
        cpu: own_cpu.or_else(|| is_server.then(|| cpu(cluster))),
        disk: (!is_diskless).then(|| disk(cluster)),
        clock: skew(cluster, layout.region[node.index()], node, seed),
    }
}

fn cpu(cluster: &Cluster) -> Cpu {
    Cpu {
        cores: cluster.cpu,
        queue_limit: cluster.queue_limit,
        overflow: cluster.overflow.into(),
        service: KINDS.into_iter().map(|kind| Some(service_time(&cluster.service, kind).clone())).collect(),
    }
}

/// Only lookups take a directory's time.
fn directory_cpu(spec: &directory::Spec) -> Cpu {
    let service = |kind| match kind {
        Kind::Lookup => Distribution::constant_ns(spec.service.as_ns()),
        _ => Distribution::constant_ns(0),
    };
    let service = KINDS.into_iter().map(|kind| Some(service(kind))).collect();
    Cpu { cores: spec.cpu, queue_limit: None, overflow: Overflow::DropNewest, service }
}

/// A cache node's cores take as long for any message.
fn cache_cpu(cache: &Cache) -> Cpu {
    Cpu {
        cores: cache.cpu,
        queue_limit: None,
        overflow: Overflow::DropNewest,
        service: KINDS.map(|_| Some(cache.service.clone())).into(),
    }
}

/// Every kind, in the order of the service table.
const KINDS: [Kind; 18] = [
    Kind::Read,
    Kind::Write,
    Kind::Scan,
    Kind::Response,
    Kind::Append,
    Kind::Replication,
    Kind::Control,
    Kind::Transaction,
    Kind::Prepare,
    Kind::Vote,
    Kind::Decide,
    Kind::Decided,
    Kind::Inquire,
    Kind::Copy,
    Kind::Lookup,
    Kind::Query,
    Kind::Window,
    Kind::Cache,
];

fn service_time(service: &Service, kind: Kind) -> &Distribution {
    match kind {
        Kind::Read => &service.read,
        Kind::Write => &service.write,
        Kind::Scan => &service.scan,
        Kind::Append => &service.append,
        Kind::Prepare => &service.prepare,
        Kind::Copy => &service.copy,
        Kind::Query => &service.query,
        Kind::Window => &service.window,
        Kind::Response
        | Kind::Replication
        | Kind::Control
        | Kind::Transaction
        | Kind::Vote
        | Kind::Decide
        | Kind::Decided
        | Kind::Inquire
        // Servers look nothing up, and are no caches.
        | Kind::Lookup
        | Kind::Cache => &service.control,
    }
}

fn disk(cluster: &Cluster) -> Disk {
    let spec = &cluster.disk;
    Disk {
        write: spec.write.clone(),
        sync: spec.sync.clone(),
        group_commit: spec.group_commit,
        bandwidth_bytes_per_s: Some(spec.bandwidth_per_s.as_bytes()),
    }
}

/// What the region's clocks are ahead, and what the node's own is off.
fn skew(cluster: &Cluster, region: usize, node: NodeId, seed: u64) -> ClockSkew {
    let own = own_skew(&cluster.clocks, node, seed);
    let ahead = cluster.clocks.ahead.get(&cluster.regions[region]).map_or(0, |ahead| ahead.as_ns());
    ClockSkew { offset_ns: own.offset_ns.saturating_add_unsigned(ahead), ..own }
}

/// Drawn evenly within the bounds, from a stream of the node's own; perfect clocks draw nothing.
fn own_skew(clocks: &Clocks, node: NodeId, seed: u64) -> ClockSkew {
    const PPB_PER_PPM: u64 = 1_000;
    let (offset, drift) = (clocks.max_offset.as_ns(), u64::from(clocks.max_drift_ppm) * PPB_PER_PPM);
    if offset == 0 && drift == 0 {
        return ClockSkew::default();
    }
    let mut random = Random::new(seed, "clock", u64::from(node.0));
    let mut either_way = |most: u64| random.below(2 * most + 1) as i64 - most as i64;
    ClockSkew { offset_ns: either_way(offset), drift_ppb: either_way(drift) }
}

/// Kinds of link, and which zones they join.
struct Links {
    zone_links: Vec<Vec<usize>>,
    profiles: Vec<LinkProfile>,
}

impl Links {
    const SAME_ZONE: usize = 0;
    const CROSS_ZONE: usize = 1;

    fn new(cluster: &Cluster) -> Result<Self, BuildError> {
        let network = &cluster.network;
        let within =
            [&network.same_zone, &network.cross_zone].map(|latency| profile(cluster, latency.clone()));
        let mut links = Self { zone_links: Vec::new(), profiles: within.into() };
        let between = links.add_region_pairs(cluster)?;
        let (zones, all) = (cluster.zones, cluster.regions.len() as u32 * cluster.zones);
        let kind = |from: u32, to: u32| match (from == to, from / zones == to / zones) {
            (true, _) => Self::SAME_ZONE,
            (false, true) => Self::CROSS_ZONE,
            (false, false) => between[(from / zones) as usize][(to / zones) as usize],
        };
        links.zone_links = (0..all).map(|from| (0..all).map(|to| kind(from, to)).collect()).collect();
        Ok(links)
    }

    /// One profile for each ordered pair of regions; its index, by row and column.
    fn add_region_pairs(&mut self, cluster: &Cluster) -> Result<Vec<Vec<usize>>, BuildError> {
        let count = cluster.regions.len();
        (0..count).map(|from| (0..count).map(|to| self.region_pair(cluster, from, to)).collect()).collect()
    }

    fn region_pair(&mut self, cluster: &Cluster, from: usize, to: usize) -> Result<usize, BuildError> {
        if from == to {
            return Ok(Self::CROSS_ZONE);
        }
        let latency = region_latency(round_trip(cluster, from, to)?, cluster.network.region_jitter_p99);
        self.profiles.push(profile(cluster, latency));
        Ok(self.profiles.len() - 1)
    }
}

fn profile(cluster: &Cluster, latency: Distribution) -> LinkProfile {
    let network = &cluster.network;
    LinkProfile {
        latency,
        loss_ppb: network.loss.as_ppb(),
        duplicate_ppb: network.duplicate.as_ppb(),
        reorder_ppb: network.reorder.as_ppb(),
        bandwidth_bytes_per_s: network.bandwidth_per_s.map(|size| size.as_bytes()),
        delivery: network.delivery.into(),
        retransmit_ns: network.retransmit.as_ns(),
    }
}

/// Half the round trip, times a lognormal factor with median one and the given 99th percentile.
fn region_latency(round_trip: Duration, jitter_p99: f64) -> Distribution {
    let median = round_trip.as_ns() / 2;
    let p99 = (median as f64 * jitter_p99) as u64;
    if p99 <= median {
        return Distribution::constant_ns(median);
    }
    Distribution::Lognormal { median: Duration::from_ns(median), p99: Duration::from_ns(p99) }
}

/// The configuration's own figure, either way round, before the built-in one.
pub(crate) fn round_trip(cluster: &Cluster, from: usize, to: usize) -> Result<Duration, BuildError> {
    let (from, to) = (&cluster.regions[from], &cluster.regions[to]);
    let joins = |a: &String, b: &String| (a == from && b == to) || (a == to && b == from);
    let own = cluster.network.round_trips.iter().find(|(a, b, _)| joins(a, b)).map(|(_, _, time)| *time);
    own.or_else(|| regions::round_trip(from, to)).ok_or_else(|| unknown_round_trip(from, to))
}

fn unknown_round_trip(from: &str, to: &str) -> BuildError {
    let stranger = if regions::NAMES.contains(&from) { to } else { from };
    let own = format!("give it: cluster.network.round-trips = [[\"{from}\", \"{to}\", \"80ms\"]]");
    let help = match crate::config::closest(stranger, regions::NAMES) {
        Some(known) => format!("did you mean `{known}`? If not, {own}"),
        None => format!("built in are {}; or {own}", regions::NAMES.join(", ")),
    };
    BuildError {
        path: "cluster.regions".into(),
        message: format!("no round trip is known between `{from}` and `{to}`"),
        other: None,
        help,
    }
}

#[cfg(test)]
mod tests {
    use shardlab_sim::Payload;

    use super::*;
    use crate::cluster::layout;
    use crate::config::samples::config;
    use crate::message::Message;

    fn build(config: &Config) -> Topology {
        topology(config, &layout(config), 1).expect("it can be built")
    }

    #[test]
    fn the_service_table_has_a_row_for_each_kind_in_its_place() {
        assert_eq!(KINDS.len(), Message::KINDS.len());
        assert!(KINDS.into_iter().enumerate().all(|(place, kind)| kind as usize == place));
    }

    #[test]
    fn only_servers_have_cores_and_only_clients_have_no_disk() {
        let config = config();
        let layout = layout(&config);
        for (index, machine) in build(&config).machines.iter().enumerate() {
            let node = NodeId(index as u32);
            assert_eq!(machine.cpu.is_some(), layout.servers.contains(&node), "{}", machine.name);
            assert_eq!(machine.disk.is_none(), layout.clients.contains(&node), "{}", machine.name);
        }
    }

    #[test]
    fn a_link_between_regions_takes_half_the_round_trip() {
        let mut config = config();
        config.cluster.regions = vec!["us-east-1".into(), "eu-west-1".into(), "moon".into()];
        let own = |to: &str| (to.to_owned(), "moon".to_owned(), Duration::from_ns(2_000_000_000));
        config.cluster.network.round_trips = vec![own("us-east-1"), own("eu-west-1")];
        let topology = build(&config);
        let median = |from: usize, to: usize| match &topology.profiles[topology.zone_links[from][to]].latency
        {
            Distribution::Lognormal { median, .. } => median.as_ns(),
            other => panic!("not lognormal: {other:?}"),
        };
        // Three zones a region: zone 0 is in the first, 3 in the second, 8 in the third.
        assert_eq!(median(0, 3), 34_800_000);
        assert_eq!(median(3, 0), 34_850_000);
        assert_eq!(median(0, 8), 1_000_000_000);
        assert_eq!(median(8, 4), 1_000_000_000);
        assert_eq!(topology.zone_links[1][1], Links::SAME_ZONE);
        assert_eq!(topology.zone_links[1][2], Links::CROSS_ZONE);
    }

    #[test]
    fn an_unknown_pair_of_regions_is_refused_with_a_suggestion() {
        let mut config = config();
        config.cluster.regions = vec!["us-east-1".into(), "eu-wset-1".into()];
        let error = topology(&config, &layout(&config), 1).expect_err("no such region");
        assert_eq!(error.path, "cluster.regions");
        assert!(error.help.contains("did you mean `eu-west-1`?"), "{}", error.help);
    }

    #[test]
    fn a_regions_clocks_are_ahead_together() {
        let mut config = config();
        config.cluster.regions = vec!["us-east-1".into(), "eu-west-1".into()];
        config.cluster.clocks.ahead.insert("eu-west-1".into(), Duration::from_ns(500));
        let layout = layout(&config);
        for (machine, region) in build(&config).machines.iter().zip(&layout.region) {
            assert_eq!(machine.clock.offset_ns, 500 * *region as i64, "{}", machine.name);
        }
    }

    #[test]
    fn clocks_stay_within_their_bounds_and_differ() {
        let mut config = config();
        config.cluster.servers = 50;
        config.cluster.clocks =
            Clocks { max_offset: Duration::from_ns(1_000), max_drift_ppm: 10, ..Clocks::default() };
        let clocks: Vec<ClockSkew> = build(&config).machines.iter().map(|machine| machine.clock).collect();
        assert!(clocks.iter().all(|clock| clock.offset_ns.abs() <= 1_000 && clock.drift_ppb.abs() <= 10_000));
        assert!(
            clocks.iter().any(|clock| clock.offset_ns > 500)
                && clocks.iter().any(|clock| clock.offset_ns < -500)
        );
    }
}
