//! The same question, answered the plain way: ordered maps of versions and dependencies, every pair of transactions
//! that real time orders and none between, and petgraph's components.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::kosaraju_scc;
use petgraph::graph::DiGraph;
use shardlab_consistency::recorded::{Step, TransactionHistory, ValueId};

pub fn is_strictly_serializable(history: &TransactionHistory) -> bool {
    let mut writers: BTreeMap<(u32, ValueId), usize> = BTreeMap::new();
    let mut longest: BTreeMap<u32, Vec<ValueId>> = BTreeMap::new();
    for (place, record) in history.transactions.iter().enumerate() {
        for step in history.steps(record) {
            match *step {
                Step::ReadList { key, elements } => {
                    let list = history.list(elements);
                    let known = longest.entry(key).or_default();
                    if known.len() < list.len() {
                        *known = list.to_vec();
                    }
                }
                _ => drop(writers.insert((step.key(), step.written().expect("an append")), place)),
            }
        }
    }
    let mut edges: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (&key, list) in &longest {
        edges.extend(list.windows(2).map(|pair| (writers[&(key, pair[0])], writers[&(key, pair[1])])));
    }
    for (place, record) in history.transactions.iter().enumerate() {
        for step in history.steps(record) {
            let Step::ReadList { key, elements } = *step else { continue };
            let list = history.list(elements);
            if !longest[&key].starts_with(list) {
                return false;
            }
            edges.extend(list.last().map(|last| (writers[&(key, *last)], place)));
            edges.extend(longest[&key].get(list.len()).map(|next| (place, writers[&(key, *next)])));
        }
    }
    realtime(history, &mut edges);
    let mut graph = DiGraph::<(), ()>::new();
    let nodes: Vec<_> = history.transactions.iter().map(|_| graph.add_node(())).collect();
    for (from, to) in edges.into_iter().filter(|(from, to)| from != to) {
        graph.add_edge(nodes[from], nodes[to], ());
    }
    kosaraju_scc(&graph).iter().all(|component| component.len() == 1)
}

fn realtime(history: &TransactionHistory, edges: &mut BTreeSet<(usize, usize)>) {
    let mut ended: BTreeMap<u32, usize> = BTreeMap::new();
    let mut frontier: Vec<usize> = Vec::new();
    for (place, record) in history.transactions.iter().enumerate() {
        while let Some(first) = ended.first_entry().filter(|first| *first.key() < record.invoked) {
            let before = first.remove();
            let begun = history.transactions[before].invoked;
            frontier.retain(|&earlier| history.transactions[earlier].completed >= begun);
            frontier.push(before);
        }
        edges.extend(frontier.iter().map(|&before| (before, place)));
        ended.insert(record.completed, place);
    }
}
