//! Which node is who, and where it stands.
//!
//! Nodes are numbered densely: the control plane, servers, coordinators, client pools, the operator, directories, caches.
//! Servers, coordinators, directories and caches are dealt to regions in turn, and within a region to its zones in turn, so
//! that neighbours in number are in different
//! zones. The control plane is in the first zone of all.

use shardlab_sim::NodeId;

use crate::config::Config;
use crate::rebalancing::standby_servers;
use crate::workload::{Arrivals, Workload};
use crate::world::Layout;

/// One client pool: the clients of one workload in one region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolPlace {
    /// Index into the configuration's workloads.
    pub workload: usize,
    /// Index into the configuration's regions.
    pub region: usize,
    /// Which of the workload's pools this is.
    pub pool: u64,
    /// How many pools the workload has.
    pub pools: u64,
}

/// The pools of all workloads, in the order of their nodes: workload by workload, region by region.
///
/// A closed load has no pool without a client.
#[must_use]
pub fn pool_places(config: &Config) -> Vec<PoolPlace> {
    let regions = &config.cluster.regions;
    let of_workload = |(workload, spec): (usize, &Workload)| {
        let mut places = regions_of(spec, regions);
        if let Arrivals::Closed { clients, .. } = spec.arrivals {
            places.truncate(clients as usize);
        }
        let pools = places.len() as u64;
        let place = move |(region, pool)| PoolPlace { workload, region, pool, pools };
        places.into_iter().zip(0..).map(place)
    };
    config.workloads.iter().enumerate().flat_map(of_workload).collect()
}

fn regions_of(workload: &Workload, regions: &[String]) -> Vec<usize> {
    let here = |name: &String| workload.region.as_ref().is_none_or(|wanted| wanted == name);
    (0..regions.len()).filter(|&region| here(&regions[region])).collect()
}

/// The nodes of a world.
#[must_use]
pub fn layout(config: &Config) -> Layout {
    let mut builder = Builder::new(config);
    let control_plane = builder.add("control plane".into(), 0, 0);
    let servers = builder.deal(config.cluster.servers + standby_servers(&config.membership), "server");
    let coordinators = builder.deal(config.cluster.coordinators, "coordinator");
    let clients = pool_places(config)
        .into_iter()
        .map(|place| {
            let workload = &config.workloads[place.workload].name;
            let name = format!("clients {}/{workload}", config.cluster.regions[place.region]);
            builder.add(name, place.region, place.workload as u32)
        })
        .collect();
    let operator = (!config.membership.is_empty()).then(|| builder.add("operator".into(), 0, 0));
    let directories = config.sharding.strategy.directory().map_or(0, |spec| spec.nodes);
    let directories = builder.deal(directories, "directory");
    let caches = config.remedies.cache.as_ref().map_or(0, |cache| cache.nodes);
    let caches = builder.deal(caches, "cache");
    let Builder { names, region, zone, .. } = builder;
    Layout {
        control_plane,
        servers,
        coordinators,
        clients,
        operator,
        directories,
        caches,
        names,
        region,
        zone,
    }
}

/// Nodes so far.
struct Builder {
    regions: usize,
    zones: u32,
    names: Vec<String>,
    region: Vec<usize>,
    zone: Vec<u32>,
}

impl Builder {
    fn new(config: &Config) -> Self {
        let (regions, zones) = (config.cluster.regions.len(), config.cluster.zones);
        Self { regions, zones, names: Vec::new(), region: Vec::new(), zone: Vec::new() }
    }

    /// The next node, in the `turn`-th zone of a region, counting round.
    fn add(&mut self, name: String, region: usize, turn: u32) -> NodeId {
        let id = NodeId(self.names.len() as u32);
        self.names.push(name);
        self.region.push(region);
        self.zone.push(region as u32 * self.zones + turn % self.zones);
        id
    }

    fn deal(&mut self, count: u32, role: &str) -> Vec<NodeId> {
        let regions = self.regions as u32;
        let node =
            |number: u32| self.add(format!("{role} {number}"), (number % regions) as usize, number / regions);
        (0..count).map(node).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::samples::{config, workload};

    #[test]
    fn nodes_are_numbered_densely_and_dealt_to_regions_then_zones() {
        let mut config = config();
        config.cluster.regions = vec!["east".into(), "west".into()];
        config.cluster.zones = 2;
        config.cluster.servers = 5;
        config.cluster.coordinators = 2;
        config.workloads = vec![workload("a"), workload("b")];
        config.workloads[1].region = Some("west".into());
        let layout = layout(&config);
        assert_eq!(layout.servers.iter().map(|node| node.0).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert_eq!(layout.coordinators, [NodeId(6), NodeId(7)]);
        assert_eq!(layout.names[8..], ["clients east/a", "clients west/a", "clients west/b"]);
        assert_eq!(layout.region, [0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 1]);
        assert_eq!(layout.zone, [0, 0, 2, 1, 3, 0, 0, 2, 0, 2, 3]);
    }

    #[test]
    fn a_closed_load_has_no_pool_without_a_client() {
        let mut config = config();
        config.cluster.regions = vec!["east".into(), "west".into(), "north".into()];
        config.workloads[0].arrivals = Arrivals::Closed { clients: 2, think: shardlab_sim::Duration::ZERO };
        let places = pool_places(&config);
        assert_eq!(
            places.iter().map(|place| (place.region, place.pool, place.pools)).collect::<Vec<_>>(),
            [(0, 0, 2), (1, 1, 2)]
        );
    }
}
