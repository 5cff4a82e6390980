//! Whether topology, nodes and faults fit together: checked once, so that a run cannot fail.

use std::fmt;

use super::Config;
use crate::distribution::Distribution;
use crate::fault::{Action, Fault, Target, Trigger};
use crate::node::NodeId;
use crate::topology::{LinkProfile, Machine, Topology};

/// Why a world cannot be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where the objection lies: "fault 2 `split`".
    pub place: String,
    /// What is wrong there.
    pub reason: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

impl std::error::Error for ConfigError {}

/// A probability of one, in parts per billion.
const CERTAIN_PPB: u64 = 1_000_000_000;
/// A clock that runs twice as fast or stands still; anything further is a typing error.
const MOST_DRIFT_PPB: i64 = 1_000_000_000;

/// Checks everything that a run takes for granted.
pub(super) fn check(
    config: &Config,
    topology: &Topology,
    nodes: usize,
    faults: &[Fault],
) -> Result<(), ConfigError> {
    let machines = topology.machines.len();
    at("topology", || {
        require(machines == nodes, || format!("there are {machines} machines for {nodes} nodes"))
    })?;
    at("topology", || require(nodes < 1 << 24, || format!("{nodes} nodes are too many")))?;
    at("sample_every", || {
        require(config.sample_every != Some(0), || "an interval of zero never ends".into())
    })?;
    for machine in &topology.machines {
        at(&format!("machine `{}`", machine.name), || check_machine(machine, topology.zone_links.len()))?;
    }
    at("zone_links", || check_zones(topology))?;
    for (index, profile) in topology.profiles.iter().enumerate() {
        at(&format!("link profile {index}"), || check_profile(profile))?;
    }
    at("link_overrides", || check_overrides(topology))?;
    for (index, fault) in faults.iter().enumerate() {
        at(&format!("fault {index} `{}`", fault.name), || check_fault(fault, nodes))?;
    }
    Ok(())
}

fn at(place: &str, check: impl FnOnce() -> Result<(), String>) -> Result<(), ConfigError> {
    check().map_err(|reason| ConfigError { place: place.into(), reason })
}

fn require(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

fn check_machine(machine: &Machine, zones: usize) -> Result<(), String> {
    require((machine.zone as usize) < zones, || {
        format!("zone {} does not exist; there are {zones}", machine.zone)
    })?;
    require(machine.clock.drift_ppb.abs_diff(0) <= MOST_DRIFT_PPB as u64, || {
        format!("a drift of {} parts per billion is more than the clock's own speed", machine.clock.drift_ppb)
    })?;
    if let Some(cpu) = &machine.cpu {
        require(cpu.cores > 0, || "a processor without cores serves nothing".into())?;
        cpu.service.iter().flatten().try_for_each(Distribution::validate)?;
    }
    if let Some(disk) = &machine.disk {
        require(disk.bandwidth_bytes_per_s != Some(0), || "a disk of bandwidth zero reads nothing".into())?;
        [&disk.write, &disk.sync].into_iter().try_for_each(Distribution::validate)?;
    }
    Ok(())
}

fn check_zones(topology: &Topology) -> Result<(), String> {
    let (zones, profiles) = (topology.zone_links.len(), topology.profiles.len());
    for (from, row) in topology.zone_links.iter().enumerate() {
        require(row.len() == zones, || format!("row {from} has {} columns for {zones} zones", row.len()))?;
        for profile in row {
            require(*profile < profiles, || {
                format!("row {from}: profile {profile} does not exist; there are {profiles}")
            })?;
        }
    }
    Ok(())
}

fn check_profile(profile: &LinkProfile) -> Result<(), String> {
    profile.latency.validate()?;
    let shares =
        [("loss", profile.loss_ppb), ("duplicate", profile.duplicate_ppb), ("reorder", profile.reorder_ppb)];
    for (name, ppb) in shares {
        require(ppb <= CERTAIN_PPB, || format!("{name}: {ppb} parts per billion are more than always"))?;
    }
    require(profile.bandwidth_bytes_per_s != Some(0), || {
        "a bandwidth of zero carries nothing: cut the link".into()
    })
}

fn check_overrides(topology: &Topology) -> Result<(), String> {
    let (nodes, profiles) = (topology.machines.len(), topology.profiles.len());
    for &(from, to, profile) in &topology.link_overrides {
        require(from.max(to) < nodes as u32, || format!("link {from} to {to}: there are {nodes} nodes"))?;
        require(profile < profiles, || format!("profile {profile} does not exist; there are {profiles}"))?;
    }
    Ok(())
}

fn check_fault(fault: &Fault, nodes: usize) -> Result<(), String> {
    if let Trigger::When { nth, .. } = &fault.trigger {
        require(*nth > 0, || "occurrences of a mark are counted from one".into())?;
    }
    if matches!(fault.action, Action::Lose { .. }) {
        require(fault.duration.is_none(), || "what is lost for ever does not come back".into())?;
    }
    let has_marker = matches!(fault.trigger, Trigger::When { .. });
    let known = |target: &Target| check_target(target, nodes, has_marker);
    match &fault.action {
        Action::Cut { from, to, .. } => known(from).and_then(|()| known(to)),
        Action::CutLinks { links, .. } => {
            links.iter().try_for_each(|(from, to)| check_nodes(&[*from, *to], nodes))
        }
        Action::Crash { target, .. }
        | Action::Lose { target }
        | Action::Pause { target }
        | Action::ClockJump { target, .. } => known(target),
        Action::Slow { target, factor_thousandths } => {
            require(*factor_thousandths > 0, || "a factor of zero makes everything instantaneous".into())?;
            known(target)
        }
        Action::Links { target, loss_ppb, duplicate_ppb, .. } => {
            let most = *loss_ppb.max(duplicate_ppb);
            require(most <= CERTAIN_PPB, || format!("{most} parts per billion are more than always"))?;
            known(target)
        }
    }
}

fn check_target(target: &Target, nodes: usize, has_marker: bool) -> Result<(), String> {
    match target {
        Target::Nodes(listed) => check_nodes(listed, nodes),
        Target::Marker => {
            require(has_marker, || "a fault at a fixed time has no node that emitted a mark".into())
        }
        Target::Role(_) | Target::OneOf(_) => Ok(()),
    }
}

fn check_nodes(listed: &[NodeId], nodes: usize) -> Result<(), String> {
    let unknown = listed.iter().find(|node| node.index() >= nodes);
    unknown.map_or(Ok(()), |node| Err(format!("node {} does not exist; there are {nodes}", node.0)))
}
