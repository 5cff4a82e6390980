//! The part of the graph that has cycles, with nodes numbered anew.

use super::graph::{Edge, Graph, Kind, Kinds};
use super::versions::NONE;
use super::walks::Only;
use crate::Outcome;
use crate::components::strong_components;
use crate::recorded::TransactionHistory;

/// Everything that lies on a cycle of the whole graph.
#[derive(Debug)]
pub(super) struct Core {
    pub graph: Graph,
    /// Which node of the whole graph each one is, ascending; below [`Core::transactions`] a transaction.
    names: Vec<u32>,
    transactions: u32,
}

impl Core {
    /// Of a graph with real time; the order of sessions is added here.
    pub fn new(history: &TransactionHistory, whole: &Graph) -> Self {
        let components = strong_components(&Only(whole, all_kinds()));
        let mut component_of: Vec<(u32, u32)> = components
            .iter()
            .zip(0_u32..)
            .flat_map(|(members, component)| members.iter().map(move |&node| (node, component)))
            .collect();
        component_of.sort_unstable();
        let names: Vec<u32> = component_of.iter().map(|&(node, _)| node).collect();
        let transactions = history.transactions.len() as u32;
        let mut pairs = Vec::new();
        for (from, &(name, component)) in (0_u32..).zip(&component_of) {
            for edge in whole.out(name) {
                let Ok(to) = names.binary_search(&edge.to()) else { continue };
                if component_of[to].1 == component {
                    pairs.push((from, Edge::new(to as u32, edge.kind())));
                }
            }
        }
        process_edges(history, &names, &mut pairs);
        Self { graph: Graph::new(names.len(), &pairs), names, transactions }
    }

    /// The transaction that a node stands for.
    pub fn transaction(&self, node: u32) -> Option<u32> {
        Some(self.names[node as usize]).filter(|&name| name < self.transactions)
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// Whoever was never told an outcome may have taken effect after what its session did next.
fn process_edges(history: &TransactionHistory, names: &[u32], pairs: &mut Vec<(u32, Edge)>) {
    let transactions = names.iter().zip(0_u32..).filter_map(|(&name, node)| {
        history.transactions.get(name as usize).map(|record| (record.process, node, record.outcome))
    });
    let mut by_process: Vec<(u32, u32, Outcome)> = transactions.collect();
    by_process.sort_unstable_by_key(|&(process, node, _)| (process, node));
    let (mut last_process, mut last) = (NONE, NONE);
    for (process, node, outcome) in by_process {
        if process == last_process && last != NONE {
            pairs.push((last, Edge::new(node, Kind::Process)));
        }
        if process != last_process {
            last = NONE;
        }
        last = if outcome == Outcome::Ok { node } else { last };
        last_process = process;
    }
}

pub(super) fn all_kinds() -> Kinds {
    Kinds::of(&[Kind::WriteWrite, Kind::WriteRead, Kind::ReadWrite, Kind::Process, Kind::Realtime])
}
