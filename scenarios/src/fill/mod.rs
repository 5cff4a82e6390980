//! From a run to the rows of its tables.

mod cycles;
mod divergence;
mod heat;
mod hotspots;
mod imbalance;
mod key_name;
mod keys;
mod moves;
mod ownership;
mod queries;
mod shards;
mod shares;
mod timeline;

use std::collections::BTreeSet;

use shardlab_models::config::Workload;
use shardlab_models::world::Run;
use shardlab_sim::{Action, Fault, NodeId, Receipt, SECOND, Time};

pub(crate) use divergence::divergence;
pub(crate) use heat::heat;
pub(crate) use hotspots::hotspots;
pub(crate) use imbalance::imbalance;
pub(crate) use keys::keys;
pub(crate) use moves::{moves, sealed_for};
pub(crate) use ownership::ownership;
pub(crate) use queries::queries;
pub(crate) use shards::{servers, shards};
pub(crate) use shares::shares;
pub(crate) use timeline::{latency, timeline};

use crate::metrics::seconds;
use crate::scenario::Scenario;
use crate::tables::{FaultRow, SurgeRow};

/// What each fault did; `schedule` is what was asked for of the machines. Commands of the operator come after it.
pub(crate) fn faults(run: &Run, schedule: &[Fault], seed: u64) -> Vec<FaultRow> {
    let row = |receipt: &Receipt| FaultRow {
        seed,
        fault: receipt.name.clone(),
        struck_s: receipt.struck.map(seconds),
        healed_s: receipt.healed.map(seconds),
        nodes: sides(receipt, schedule.get(receipt.fault).map(|fault| &fault.action))
            .iter()
            .map(|side| names(run, side))
            .collect::<Vec<_>>()
            .join(" | "),
        changed: receipt.changed,
        effect: receipt.effect.clone(),
    };
    run.receipts.iter().map(row).collect()
}

/// When each workload's traffic turns to one key.
pub(crate) fn surges(scenario: &Scenario) -> Vec<SurgeRow> {
    let end = scenario.duration.as_ns();
    let row = |workload: &Workload| {
        let surge = workload.surge.as_ref()?;
        let from = surge.at.as_ns();
        let to = surge.lasts.map_or(end, |lasts| from.saturating_add(lasts.as_ns()).min(end));
        let (workload, share) = (workload.name.clone(), surge.share.as_ppb() as f64 / 1e9);
        Some(SurgeRow { workload, from_s: seconds(from), to_s: seconds(to), key: surge.key, share })
    };
    scenario.workload.iter().filter_map(row).collect()
}

fn names(run: &Run, nodes: &[NodeId]) -> String {
    let names: Vec<&str> = nodes.iter().map(|node| run.layout.names[node.index()].as_str()).collect();
    names.join(", ")
}

/// Whom a fault struck: of a cut, those on its one side and those on its other.
fn sides(receipt: &Receipt, action: Option<&Action>) -> Vec<Vec<NodeId>> {
    match action {
        Some(Action::Cut { .. }) => {
            let (one, other) = receipt.nodes.split_at(receipt.aimed_at);
            vec![one.to_vec(), other.to_vec()]
        }
        Some(Action::CutLinks { links, .. }) => groups(&receipt.nodes, links),
        _ => vec![receipt.nodes.clone()],
    }
    .into_iter()
    .filter(|side: &Vec<NodeId>| !side.is_empty())
    .collect()
}

/// The groups between which links are cut: nodes that lose the same links. In a ring everybody loses others, and there
/// are no groups to tell apart.
fn groups(nodes: &[NodeId], links: &[(NodeId, NodeId)]) -> Vec<Vec<NodeId>> {
    let lost = |node: NodeId| {
        let cut = links.iter().filter(move |(from, to)| *from == node || *to == node);
        cut.map(move |(from, to)| (*from == node, if *from == node { *to } else { *from }))
            .collect::<BTreeSet<_>>()
    };
    let mut groups: Vec<Vec<NodeId>> = Vec::new();
    for &node in nodes {
        match groups.iter_mut().find(|group| lost(group[0]) == lost(node)) {
            Some(group) => group.push(node),
            None => groups.push(vec![node]),
        }
    }
    // Those that are cut off are fewer, as a rule, and what one looks for first.
    groups.sort_by_key(Vec::len);
    if groups.len() > 2 && groups.iter().all(|group| group.len() == 1) {
        vec![nodes.to_vec()]
    } else {
        groups
    }
}

/// Intervals of a picture: about this many are as fine as its pixels.
const INTERVALS: Time = 120;

/// The shortest interval of a picture: below it a hundredth quantile would be of a handful of operations.
const SHORTEST: Time = SECOND / 10;

/// The width of an interval: 1, 2 or 5 times a power of ten ns, so that ticks fall on round numbers.
pub(crate) fn interval(duration: Time) -> Time {
    let least = (duration / INTERVALS).max(SHORTEST);
    let steps = (0..19).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
    steps.into_iter().find(|&step| step >= least).unwrap_or(duration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shardlab_sim::{Direction, InFlight, Target};

    #[test]
    fn intervals_are_round_and_about_a_hundred() {
        let milliseconds = |seconds: u64| interval(seconds * SECOND) / 1_000_000;
        assert_eq!(
            [1, 10, 12, 13, 30, 60, 61, 3_600].map(milliseconds),
            [100, 100, 100, 200, 500, 500, 1_000, 50_000]
        );
        for duration in (1..2_000).map(|seconds| seconds * SECOND) {
            assert!(duration.div_ceil(interval(duration)) <= 240, "the heat map has at most 240 columns");
        }
    }

    /// Numbers of nodes, a list a side.
    fn check_sides(nodes: &[u32], action: &Action, expected: &[&[u32]]) {
        let nodes = nodes.iter().copied().map(NodeId).collect();
        let (name, effect) = (String::new(), String::new());
        let receipt =
            Receipt { fault: 0, name, struck: Some(0), healed: None, nodes, aimed_at: 1, changed: 1, effect };
        let found: Vec<Vec<u32>> = sides(&receipt, Some(action))
            .iter()
            .map(|side| side.iter().map(|node| node.0).collect())
            .collect();
        assert_eq!(found, expected);
    }

    fn links(pairs: &[(u32, u32)]) -> Action {
        let links = pairs.iter().map(|(from, to)| (NodeId(*from), NodeId(*to))).collect();
        Action::CutLinks { links, in_flight: InFlight::Drop }
    }

    #[test]
    fn a_cut_names_those_on_its_sides() {
        let (from, to) = (Target::Nodes(vec![NodeId(3)]), Target::Nodes(vec![NodeId(1), NodeId(2)]));
        let cut = Action::Cut { from, to, direction: Direction::Both, in_flight: InFlight::Drop };
        check_sides(&[3, 1, 2], &cut, &[&[3], &[1, 2]]);
        check_sides(&[1, 2, 3], &links(&[(1, 3), (3, 1), (2, 3), (3, 2)]), &[&[3], &[1, 2]]);
        check_sides(&[1, 2, 3], &links(&[(3, 1), (3, 2)]), &[&[3], &[1, 2]]);
        // A ring of three: everybody misses one neighbour.
        check_sides(&[1, 2, 3], &links(&[(1, 2), (2, 3), (3, 1)]), &[&[1, 2, 3]]);
        let crash = Action::Crash { target: Target::Marker, keep_unsynced: false };
        check_sides(&[2], &crash, &[&[2]]);
        check_sides(&[], &crash, &[]);
    }
}
