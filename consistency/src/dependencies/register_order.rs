//! What is known of the order of one register's versions.

use super::Assumptions;
use super::graph::{Edge, Graph, Kind, Kinds};
use super::versions::NONE;
use super::walks::Only;
use crate::components::strong_components;
use crate::recorded::{NEVER, TransactionHistory};

/// What one committed transaction did with the key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Touch {
    pub transaction: u32,
    /// The version that it read before it wrote, [`NONE`] where it read none.
    pub read: u32,
    /// The version that it installed, [`NONE`] where it installed none.
    pub wrote: u32,
}

impl Touch {
    fn first(&self) -> u32 {
        if self.read == NONE { self.wrote } else { self.read }
    }

    fn last(&self) -> u32 {
        if self.wrote == NONE { self.read } else { self.wrote }
    }
}

/// Pairs of an earlier and a later version that the assumptions give; the initial version comes first without them.
pub(super) fn known_order(
    history: &TransactionHistory,
    touches: &[Touch],
    assume: Assumptions,
) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    if assume.wfr_keys || assume.sequential_keys || assume.linearizable_keys {
        pairs.extend(touches.iter().map(|touch| (touch.read, touch.wrote)));
    }
    if assume.sequential_keys {
        sequential(history, touches, &mut pairs);
    }
    if assume.linearizable_keys {
        linearizable(history, touches, &mut pairs);
    }
    pairs.retain(|&(earlier, later)| earlier != later && earlier != NONE && later != NONE);
    pairs
}

fn sequential(history: &TransactionHistory, touches: &[Touch], pairs: &mut Vec<(u32, u32)>) {
    let mut by_process: Vec<&Touch> = touches.iter().filter(|touch| touch.first() != NONE).collect();
    by_process.sort_by_key(|touch| history.transactions[touch.transaction as usize].process);
    for pair in by_process.windows(2) {
        let [earlier, later] =
            [pair[0], pair[1]].map(|touch| history.transactions[touch.transaction as usize]);
        if earlier.process == later.process && earlier.completed < later.invoked {
            pairs.push((pair[0].last(), pair[1].first()));
        }
    }
}

/// Pairs of what ended before the other began, but for those that follow from two others: at any time only the touches
/// that ended last, and overlap each other, need to be remembered.
fn linearizable(history: &TransactionHistory, touches: &[Touch], pairs: &mut Vec<(u32, u32)>) {
    let record = |touch: &Touch| &history.transactions[touch.transaction as usize];
    let met = |touch: &&Touch| touch.first() != NONE;
    let begun: Vec<&Touch> = touches.iter().filter(met).collect();
    let mut ended: Vec<&Touch> =
        begun.iter().copied().filter(|touch| record(touch).completed != NEVER).collect();
    ended.sort_by_key(|touch| record(touch).completed);
    let mut ended = ended.into_iter().peekable();
    let mut frontier: Vec<&Touch> = Vec::new();
    for touch in begun {
        while let Some(before) = ended.next_if(|before| record(before).completed < record(touch).invoked) {
            frontier.retain(|earlier| record(earlier).completed >= record(before).invoked);
            frontier.push(before);
        }
        pairs.extend(frontier.iter().map(|before| (before.last(), touch.first())));
    }
}

/// The order of one key's versions as far as it is known.
pub(super) struct Order {
    /// For each version, the initial one too: those known to come right after it.
    pub after: Vec<(u32, Vec<u32>)>,
    /// The versions are in one line.
    pub is_total: bool,
    /// Versions each of which is known to come before the next, and the last before the first.
    pub cycle: Option<Vec<u32>>,
}

/// Puts the versions (ascending) in order; where what is known is a cycle, nothing is.
pub(super) fn line_up(initial: u32, versions: &[u32], mut pairs: Vec<(u32, u32)>) -> Order {
    let place = |version: u32| versions.binary_search(&version).expect("a version of this key") as u32;
    pairs.sort_unstable();
    pairs.dedup();
    // Nothing comes before the initial version: what is said to is a cycle with it.
    let before_initial = pairs.iter().find(|pair| pair.1 == initial).copied();
    let later: Vec<(u32, u32)> = pairs.into_iter().filter(|&(a, b)| a != initial && b != initial).collect();
    let edges: Vec<(u32, Edge)> =
        later.iter().map(|&(a, b)| (place(a), Edge::new(place(b), Kind::WriteWrite))).collect();
    let graph = Graph::new(versions.len(), &edges);
    let component = strong_components(&Only(&graph, Kinds::of(&[Kind::WriteWrite]))).into_iter().next();
    let cycle = before_initial
        .map(|(version, initial)| vec![initial, version])
        .or(component.map(|members| members.iter().map(|&at| versions[at as usize]).collect()));
    if cycle.is_some() {
        return Order { after: Vec::new(), is_total: false, cycle };
    }
    let mut after: Vec<(u32, Vec<u32>)> = versions.iter().map(|&version| (version, Vec::new())).collect();
    let mut is_first = vec![true; versions.len()];
    for &(a, b) in &later {
        after[place(a) as usize].1.push(b);
        is_first[place(b) as usize] = false;
    }
    let first =
        versions.iter().zip(&is_first).filter(|(_, first)| **first).map(|(&version, _)| version).collect();
    after.push((initial, first));
    Order { is_total: is_line(&graph), after, cycle: None }
}

/// Whether an acyclic graph has only one topological order (Kahn 1962): never are two nodes free at once.
fn is_line(graph: &Graph) -> bool {
    let nodes = graph.nodes() as u32;
    let mut before = vec![0_u32; nodes as usize];
    (0..nodes).flat_map(|node| graph.out(node)).for_each(|edge| before[edge.to() as usize] += 1);
    let mut free: Vec<u32> = (0..nodes).filter(|&node| before[node as usize] == 0).collect();
    while let Some(node) = free.pop() {
        if !free.is_empty() {
            return false;
        }
        for edge in graph.out(node) {
            before[edge.to() as usize] -= 1;
            if before[edge.to() as usize] == 0 {
                free.push(edge.to());
            }
        }
    }
    true
}
