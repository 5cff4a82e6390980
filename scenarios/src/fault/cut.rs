//! Partitions of the file → cuts of the kernel.

use shardlab_sim::{Action, Direction, InFlight, Target};
use shardlab_sim::{NodeId, Random};

use super::convert::{FaultProblem, TARGET_HELP, problem};
use super::find::Finder;
use super::partition::{CutDirection, MessagesInFlight, Partition, Side, Split};
use super::{Cut, TargetSpec, split};

/// Cuts a cluster; what is left to chance is drawn from `random`.
pub(super) struct Cutter<'a> {
    pub finder: Finder<'a>,
    pub random: &'a mut Random,
}

impl Cutter<'_> {
    pub fn partition(&mut self, partition: &Partition) -> Result<Action, FaultProblem> {
        let servers = self.finder.layout.servers.clone();
        match &partition.split {
            Split::One => self.halves(partition, 1),
            Split::Minority => self.halves(partition, split::minority(servers.len())),
            Split::Majority => self.halves(partition, split::smaller_half(servers.len())),
            Split::Ring => self.ring(partition, &servers),
            Split::Primaries => self.primaries(partition, servers),
            Split::Region(name) => self.region(partition, name),
            Split::Groups(groups) => self.groups(partition, groups),
        }
    }

    /// The links between two lists of nodes.
    pub fn cut(&mut self, cut: &Cut) -> Result<Action, FaultProblem> {
        let from = self.nodes("cut.from", &cut.from)?;
        let to = self.nodes("cut.to", &cut.to)?;
        if let Some(node) = from.iter().find(|node| to.contains(node)) {
            let message = format!("{} is on both sides", self.finder.layout.names[node.index()]);
            return Err(problem("cut.to", message, "a node is on one side only"));
        }
        Ok(blocked(Target::Nodes(from), Target::Nodes(to), cut.direction, cut.in_flight))
    }

    fn nodes(&mut self, path: &str, targets: &[TargetSpec]) -> Result<Vec<NodeId>, FaultProblem> {
        let mut nodes = Vec::new();
        for target in targets {
            let found = self.finder.target(target, self.random);
            match found.map_err(|message| problem(path, message, TARGET_HELP))? {
                Target::Nodes(found) => nodes.extend(found),
                Target::Marker | Target::Role(_) | Target::OneOf(_) => {
                    let message = format!("`{target}` is found only when the fault strikes");
                    return Err(problem(
                        path,
                        message,
                        "name servers, zones, regions, `clients` or `control-plane`",
                    ));
                }
            }
        }
        nodes.sort_unstable();
        nodes.dedup();
        if nodes.is_empty() {
            return Err(problem(path, "this side of the cut is nobody", TARGET_HELP));
        }
        Ok(nodes)
    }

    fn halves(&mut self, partition: &Partition, count: usize) -> Result<Action, FaultProblem> {
        let servers = &self.finder.layout.servers;
        if count == 0 || count >= servers.len() {
            return Err(too_few(&partition.split));
        }
        let mut halves = split::draw(servers, count, self.random);
        for (side, nodes) in self.bystanders(partition) {
            match side {
                Side::Both => {}
                Side::CutOff => halves.cut_off.extend(nodes),
                Side::Rest => halves.rest.extend(nodes),
            }
        }
        Ok(cut(Target::Nodes(halves.cut_off), Target::Nodes(halves.rest), partition))
    }

    /// Who is not a server, and where they stand.
    fn bystanders(&self, partition: &Partition) -> [(Side, Vec<NodeId>); 3] {
        let layout = self.finder.layout;
        [
            (partition.clients, layout.clients.clone()),
            (partition.control_plane, vec![layout.control_plane]),
            (partition.coordinators, layout.coordinators.clone()),
        ]
    }

    fn ring(&mut self, partition: &Partition, servers: &[NodeId]) -> Result<Action, FaultProblem> {
        if servers.len() < 3 {
            return Err(too_few(&partition.split));
        }
        let links = split::ring(servers, self.random);
        Ok(Action::CutLinks { links, in_flight: in_flight(partition) })
    }

    fn primaries(&self, partition: &Partition, mut rest: Vec<NodeId>) -> Result<Action, FaultProblem> {
        for (side, nodes) in self.bystanders(partition) {
            match side {
                Side::Both => {}
                Side::Rest => rest.extend(nodes),
                Side::CutOff => {
                    let message =
                        "nobody else can be cut off with `primaries`: they are found when the fault strikes";
                    return Err(problem("partition", message, "use `both` or `rest`"));
                }
            }
        }
        let help = "cut off `one`, a `minority` or a region";
        let role = self.finder.role("primary").map_err(|message| problem("partition", message, help))?;
        Ok(cut(Target::Role(role), Target::Nodes(rest), partition))
    }

    /// A region is cut off with everything in it: where it stands is decided by geography, not by the options.
    fn region(&self, partition: &Partition, name: &str) -> Result<Action, FaultProblem> {
        let help = "name a region of `cluster.regions`";
        let cut_off = self.finder.region(name).map_err(|message| problem("partition", message, help))?;
        let rest: Vec<NodeId> = self.finder.everybody().filter(|node| !cut_off.contains(node)).collect();
        if rest.is_empty() || cut_off.is_empty() {
            return Err(problem(
                "partition",
                format!("everything is in region `{name}`: nothing is cut"),
                help,
            ));
        }
        Ok(cut(Target::Nodes(cut_off), Target::Nodes(rest), partition))
    }

    fn groups(&self, partition: &Partition, named: &[Vec<String>]) -> Result<Action, FaultProblem> {
        let mut groups = self.named_groups(named)?;
        let listed: Vec<NodeId> = groups.concat();
        let servers = self.finder.layout.servers.iter().copied();
        let unlisted: Vec<NodeId> = servers.filter(|server| !listed.contains(server)).collect();
        let mut rest = largest(&groups);
        if !unlisted.is_empty() {
            rest = groups.len();
            groups.push(unlisted);
        }
        if groups.iter().filter(|group| !group.is_empty()).count() < 2 {
            return Err(too_few(&partition.split));
        }
        for (side, nodes) in self.bystanders(partition) {
            match side {
                Side::Both => {}
                Side::CutOff => groups[0].extend(nodes),
                Side::Rest => groups[rest].extend(nodes),
            }
        }
        Ok(cut_groups(&groups, partition))
    }

    fn named_groups(&self, named: &[Vec<String>]) -> Result<Vec<Vec<NodeId>>, FaultProblem> {
        let mut seen: Vec<NodeId> = Vec::new();
        let mut groups = Vec::with_capacity(named.len());
        for names in named {
            let mut group = Vec::with_capacity(names.len());
            for name in names {
                if let Ok(other) = name.parse::<TargetSpec>()
                    && other.server().is_none()
                {
                    return Err(no_server(&other));
                }
                let server =
                    self.finder.server(name).map_err(|message| problem("partition", message, TARGET_HELP))?;
                if seen.contains(&server) {
                    let message = format!("`{name}` is listed twice");
                    return Err(problem("partition", message, "a server is on one side only"));
                }
                seen.push(server);
                group.push(server);
            }
            groups.push(group);
        }
        Ok(groups)
    }
}

/// Somebody who is not one server, in a list of servers.
fn no_server(target: &TargetSpec) -> FaultProblem {
    let message = format!("`{target}` is no single server, and a partition parts servers from servers");
    let help = match target {
        TargetSpec::Clients | TargetSpec::ControlPlane | TargetSpec::Coordinators => format!(
            "say on which side others stand, as in {{ split = [\"server 0\"], {target} = \"cut-off\" }}; or cut their \
             links alone: cut = {{ from = [\"{target}\"], to = [\"servers\"] }}"
        ),
        _ => format!(
            "list servers, \"server 0\"; or cut links: cut = {{ from = [\"{target}\"], to = [\"servers\"] }}"
        ),
    };
    problem("partition", message, &help)
}

fn too_few(split: &Split) -> FaultProblem {
    let message = format!("there are too few servers to split them as `{split}` says");
    problem("partition", message, "add servers, or choose another split")
}

fn largest(groups: &[Vec<NodeId>]) -> usize {
    let first_of_the_longest = (0..groups.len()).rev().max_by_key(|&index| groups[index].len());
    first_of_the_longest.unwrap_or(0)
}

fn cut(cut_off: Target, rest: Target, partition: &Partition) -> Action {
    blocked(cut_off, rest, partition.direction, partition.in_flight)
}

fn blocked(one: Target, other: Target, direction: CutDirection, in_flight: MessagesInFlight) -> Action {
    let (from, to, direction) = match direction {
        CutDirection::Both => (one, other, Direction::Both),
        CutDirection::Outbound => (one, other, Direction::OneWay),
        CutDirection::Inbound => (other, one, Direction::OneWay),
    };
    Action::Cut { from, to, direction, in_flight: fate(in_flight) }
}

/// With several groups, one-way cuts are those from, or to, the first.
fn cut_groups(groups: &[Vec<NodeId>], partition: &Partition) -> Action {
    let mut links = split::between(groups);
    match partition.direction {
        CutDirection::Both => {}
        CutDirection::Outbound => links.retain(|(from, _)| groups[0].contains(from)),
        CutDirection::Inbound => links.retain(|(_, to)| groups[0].contains(to)),
    }
    Action::CutLinks { links, in_flight: in_flight(partition) }
}

const fn in_flight(partition: &Partition) -> InFlight {
    fate(partition.in_flight)
}

const fn fate(in_flight: MessagesInFlight) -> InFlight {
    match in_flight {
        MessagesInFlight::Drop => InFlight::Drop,
        MessagesInFlight::Deliver => InFlight::Deliver,
        MessagesInFlight::Hold => InFlight::Hold,
    }
}
