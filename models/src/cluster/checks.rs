//! What a cluster must be for a world to be built on it.

use shardlab_sim::Share;

use crate::cluster::topology::round_trip;
use crate::cluster::{Cluster, LOCAL, Network, regions};
use crate::config::{Checks, closest};

/// Histories number nodes in 16 bits; four roles share them.
pub(crate) const MOST_NODES: u64 = 10_000;
/// Most cores and zones, beyond which somebody mistook a unit.
const MOST_CORES: u64 = 100_000;
const MOST_ZONES: u64 = 1_000;

pub(crate) fn check(cluster: &Cluster, checks: &mut Checks) {
    checks.count("cluster.servers", u64::from(cluster.servers), MOST_NODES, "servers");
    checks.count("cluster.cpu", u64::from(cluster.cpu), MOST_CORES, "cores");
    checks.count("cluster.zones", u64::from(cluster.zones), MOST_ZONES, "zones");
    // None at all is refused only where there are transactions.
    if cluster.coordinators > 0 {
        checks.count("cluster.coordinators", u64::from(cluster.coordinators), MOST_NODES, "coordinators");
    }
    check_service_and_disk(cluster, checks);
    check_network(&cluster.network, checks);
    check_regions(cluster, checks);
}

fn check_service_and_disk(cluster: &Cluster, checks: &mut Checks) {
    let service = &cluster.service;
    checks.distribution("cluster.service.read", &service.read);
    checks.distribution("cluster.service.write", &service.write);
    checks.distribution("cluster.service.scan", &service.scan);
    checks.distribution("cluster.service.append", &service.append);
    checks.distribution("cluster.service.prepare", &service.prepare);
    checks.distribution("cluster.service.copy", &service.copy);
    checks.distribution("cluster.service.query", &service.query);
    checks.distribution("cluster.service.window", &service.window);
    checks.distribution("cluster.service.control", &service.control);
    checks.distribution("cluster.disk.write", &cluster.disk.write);
    checks.distribution("cluster.disk.sync", &cluster.disk.sync);
    if cluster.disk.bandwidth_per_s.as_bytes() == 0 {
        let help = "write how many bytes it reads or writes a second, like \"1GB\"";
        checks.refuse("cluster.disk.bandwidth-per-s", "nothing could be copied", help);
    }
}

fn check_network(network: &Network, checks: &mut Checks) {
    checks.distribution("cluster.network.same-zone", &network.same_zone);
    checks.distribution("cluster.network.cross-zone", &network.cross_zone);
    if network.loss == Share::ONE {
        let help = "a stream would send for ever; cut links by a fault instead";
        checks.refuse("cluster.network.loss", "every message would be lost", help);
    }
    let jitter = network.region_jitter_p99;
    if !(jitter.is_finite() && jitter >= 1.0) {
        let help = "1.0 is no jitter; 1.08 makes one message in a hundred 8 % slower than the median";
        checks.refuse("cluster.network.region-jitter-p99", format!("{jitter} is not 1 or more"), help);
    }
    if network.bandwidth_per_s.is_some_and(|size| size.as_bytes() == 0) {
        let help = "leave it out for links without bound";
        checks.refuse("cluster.network.bandwidth-per-s", "nothing would get through", help);
    }
}

fn check_regions(cluster: &Cluster, checks: &mut Checks) {
    let regions = &cluster.regions;
    checks.count("cluster.regions", regions.len() as u64, MOST_ZONES, "regions");
    for (place, name) in regions.iter().enumerate() {
        if regions[..place].contains(name) {
            checks.refuse("cluster.regions", format!("`{name}` stands there twice"), "name each region once");
        }
    }
    for (from, to, time) in &cluster.network.round_trips {
        for name in [from, to] {
            check_known(cluster, name, "cluster.network.round-trips", checks);
        }
        checks.positive("cluster.network.round-trips", *time, &format!("{from} and {to} are some way apart"));
    }
    cluster.clocks.ahead.keys().for_each(|name| check_known(cluster, name, "cluster.clocks.ahead", checks));
    check_round_trips(cluster, checks);
    check_lone_region(cluster, checks);
}

/// A region alone needs no round trip, so that nothing else would notice that its name is misspelt.
fn check_lone_region(cluster: &Cluster, checks: &mut Checks) {
    let [only] = &cluster.regions[..] else { return };
    let own = || cluster.network.round_trips.iter().any(|(from, to, _)| from == only || to == only);
    if only == LOCAL || regions::NAMES.contains(&only.as_str()) || own() {
        return;
    }
    let help = match closest(only, regions::NAMES) {
        Some(known) => format!("did you mean `{known}`?"),
        None => {
            format!("built in are {}; leave it out for a place of no name", regions::NAMES.join(", "))
        }
    };
    checks.refuse("cluster.regions", format!("there is no region `{only}`"), help);
}

/// The first pair without a round trip stands for all: the others mostly have the same cause.
fn check_round_trips(cluster: &Cluster, checks: &mut Checks) {
    let count = cluster.regions.len();
    let pairs = (0..count).flat_map(|from| (from + 1..count).map(move |to| (from, to)));
    let mut different = pairs.filter(|&(from, to)| cluster.regions[from] != cluster.regions[to]);
    if let Some(error) = different.find_map(|(from, to)| round_trip(cluster, from, to).err()) {
        checks.push(error);
    }
}

/// A region that another setting names must be one of the cluster's.
pub(crate) fn check_known(cluster: &Cluster, name: &str, path: impl Into<String>, checks: &mut Checks) {
    if cluster.regions.iter().any(|region| region == name) {
        return;
    }
    let help = match closest(name, cluster.regions.iter().map(String::as_str)) {
        Some(known) => format!("did you mean `{known}`?"),
        None => format!("add it to cluster.regions, or take one of {}", cluster.regions.join(", ")),
    };
    let other = ("cluster.regions", "these are the cluster's regions");
    checks.clash(path, format!("there is no region `{name}`"), other, help);
}
