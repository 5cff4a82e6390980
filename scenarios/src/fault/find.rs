//! Finds the nodes that a fault names.

use shardlab_models::world::Layout;
use shardlab_sim::{NodeId, Random, Target};

use super::target::TargetSpec;

/// The cluster as faults see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finder<'a> {
    pub layout: &'a Layout,
    pub regions: &'a [String],
    /// How many shards there are.
    pub shards: u32,
    /// Whether a copy can be the primary of its shard: not where each takes writes by itself.
    pub primaries: bool,
}

impl Finder<'_> {
    /// Whom the kernel is to strike.
    pub fn target(&self, target: &TargetSpec, random: &mut Random) -> Result<Target, String> {
        Ok(match target {
            TargetSpec::Server(number) => Target::Nodes(vec![nth("server", &self.layout.servers, *number)?]),
            TargetSpec::Coordinator(number) => {
                Target::Nodes(vec![nth("coordinator", &self.layout.coordinators, *number)?])
            }
            TargetSpec::OneServer => Target::Nodes(drawn(&self.layout.servers, random)),
            TargetSpec::Servers => Target::Nodes(self.layout.servers.clone()),
            TargetSpec::OnePrimary => Target::OneOf(self.role("primary")?),
            TargetSpec::Primaries => Target::Role(self.role("primary")?),
            TargetSpec::OneBackup => Target::OneOf(self.role("backup")?),
            TargetSpec::PrimaryOf(shard) => {
                Target::OneOf(self.role(&format!("primary:{}", self.shard(*shard)?))?)
            }
            TargetSpec::BackupOf(shard) => {
                Target::OneOf(self.role(&format!("backup:{}", self.shard(*shard)?))?)
            }
            TargetSpec::OneCoordinator => Target::Nodes(drawn(&self.layout.coordinators, random)),
            TargetSpec::Coordinators => Target::Nodes(self.layout.coordinators.clone()),
            TargetSpec::Directory(number) => {
                Target::Nodes(vec![nth("directory", &self.layout.directories, *number)?])
            }
            TargetSpec::OneDirectory => Target::Nodes(drawn(self.directories()?, random)),
            TargetSpec::Directories => Target::Nodes(self.directories()?.to_vec()),
            TargetSpec::ControlPlane => Target::Nodes(vec![self.layout.control_plane]),
            TargetSpec::Cache(number) => Target::Nodes(vec![nth("cache", &self.layout.caches, *number)?]),
            TargetSpec::Caches => Target::Nodes(self.layout.caches.clone()),
            TargetSpec::Clients => Target::Nodes(self.layout.clients.clone()),
            TargetSpec::Marker => Target::Marker,
            TargetSpec::Zone(zone) => Target::Nodes(self.zone(*zone)?),
            TargetSpec::Region(name) => Target::Nodes(self.machines_in(name)?),
        })
    }

    /// The kernel's name for a part that some copies of a shard play, where there are such parts.
    pub fn role(&self, role: &str) -> Result<String, String> {
        if self.primaries {
            return Ok(role.into());
        }
        Err("with several masters no copy is a primary or a backup: name a server, `servers`, a zone or a region".into())
    }

    fn directories(&self) -> Result<&[NodeId], String> {
        if self.layout.directories.is_empty() {
            return Err("the cluster has no directory: clients know every shard by themselves".into());
        }
        Ok(&self.layout.directories)
    }

    fn shard(&self, number: u32) -> Result<u32, String> {
        if number < self.shards {
            return Ok(number);
        }
        Err(format!("there is no shard {number}: the cluster has {}, counted from 0", self.shards))
    }

    /// The server of that name.
    pub fn server(&self, name: &str) -> Result<NodeId, String> {
        let number = name.strip_prefix("server ").and_then(|digits| digits.parse().ok());
        let number = number.ok_or_else(|| format!("`{name}` is not a server: write \"server 0\""))?;
        nth("server", &self.layout.servers, number)
    }

    /// Every node of a region, clients included.
    pub fn region(&self, name: &str) -> Result<Vec<NodeId>, String> {
        let index = self.regions.iter().position(|region| region == name);
        let index = index.ok_or_else(|| {
            format!("there is no region `{name}`: the cluster has {}", quoted(self.regions))
        })?;
        Ok(self.everybody().filter(|node| self.layout.region[node.index()] == index).collect())
    }

    /// Every node there is.
    pub fn everybody(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.layout.names.len() as u32).map(NodeId)
    }

    fn machines_in(&self, region: &str) -> Result<Vec<NodeId>, String> {
        let nodes = self.region(region)?;
        Ok(nodes.into_iter().filter(|node| !self.layout.clients.contains(node)).collect())
    }

    fn zone(&self, zone: u32) -> Result<Vec<NodeId>, String> {
        let in_zone = self.everybody().filter(|node| self.layout.zone[node.index()] == zone);
        let nodes: Vec<NodeId> = in_zone.filter(|node| !self.layout.clients.contains(node)).collect();
        if nodes.is_empty() {
            return Err(format!(
                "there is nothing in zone {zone}: zones are numbered from 0 over all regions"
            ));
        }
        Ok(nodes)
    }
}

/// One of them, or nobody where there is nobody.
fn drawn(nodes: &[NodeId], random: &mut Random) -> Vec<NodeId> {
    let drawn = nodes.get(random.below(nodes.len().max(1) as u64) as usize);
    drawn.copied().into_iter().collect()
}

fn nth(role: &str, nodes: &[NodeId], number: u32) -> Result<NodeId, String> {
    let node = nodes.get(number as usize).copied();
    node.ok_or_else(|| match nodes.len() {
        0 => format!("there is no `{role} {number}`: the cluster has no {role}"),
        1 => format!("there is no `{role} {number}`: the cluster has only `{role} 0`"),
        count => {
            format!("there is no `{role} {number}`: the cluster has `{role} 0` to `{role} {}`", count - 1)
        }
    })
}

fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
