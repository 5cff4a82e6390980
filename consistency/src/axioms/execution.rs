//! Committed transactions, densely numbered: what each read and wrote, and what came before it in its session.

use super::reads::{ExternalRead, INITIAL, Reads};
use super::rows::Rows;
use crate::Outcome;
use crate::history::index;
use crate::recorded::{Rank, TransactionHistory};

/// No transaction.
pub(super) const NOBODY: u32 = u32::MAX;

/// The transactions that committed, by *node* in order of invocation: those that said so, and those of unknown outcome
/// whose writes were seen. What was never seen may as well have never happened.
pub(super) struct Execution {
    /// Of each node, its place in the history.
    pub(super) places: Vec<u32>,
    /// Of each node, when its client heard that it had committed, if ever.
    pub(super) completed: Vec<Rank>,
    /// Of each node, its external reads in program order; sources are nodes.
    pub(super) reads: Rows<ExternalRead>,
    /// Of each node, the keys it wrote, ascending, each once.
    pub(super) writes: Rows<u32>,
    /// The sessions' nodes, in their order; see [`Execution::previous`].
    pub(super) sessions: Rows<u32>,
    /// Of each node, the node that its session ran before it. A transaction of unknown outcome has one, but comes
    /// before none: it may have taken effect at any later time.
    pub(super) previous: Vec<u32>,
    /// Known orders of two versions: (earlier writer, later writer, key).
    pub(super) versions: Vec<(u32, u32, u32)>,
    /// How many keys there are.
    pub(super) keys: usize,
}

impl Execution {
    pub(super) fn new(history: &TransactionHistory, reads: Reads) -> Self {
        let places = committed(history, &reads.observed);
        let mut nodes = vec![NOBODY; history.transactions.len()];
        for (node, &place) in (0..).zip(&places) {
            nodes[place as usize] = node;
        }
        let node = |place: u32| if place == INITIAL { INITIAL } else { nodes[place as usize] };
        let (sessions, previous) = sessions(history, &places);
        Self {
            reads: renumbered(&reads.external, &places, node),
            writes: written_keys(history, &places),
            versions: reads.versions.iter().map(|&(one, other, key)| (node(one), node(other), key)).collect(),
            keys: history.keys.len(),
            completed: places.iter().map(|&place| history.transactions[place as usize].completed).collect(),
            places,
            sessions,
            previous,
        }
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Nodes that are known to come before a node: its predecessor in the session, and those it read from.
    pub(super) fn causes(&self, node: u32) -> impl Iterator<Item = u32> + '_ {
        let previous = self.previous[node as usize];
        let sources = self.reads.row(node).iter().map(|read| read.source);
        std::iter::once(previous).chain(sources).filter(|&node| node != NOBODY)
    }
}

fn committed(history: &TransactionHistory, observed: &[bool]) -> Vec<u32> {
    let happened = |place: usize| match history.transactions[place].outcome {
        Outcome::Ok => true,
        Outcome::Fail => false,
        Outcome::Info => observed[place],
    };
    (0..history.transactions.len()).filter(|&place| happened(place)).map(index).collect()
}

fn renumbered(reads: &Rows<ExternalRead>, places: &[u32], node: impl Fn(u32) -> u32) -> Rows<ExternalRead> {
    let mut rows = Rows::with_capacity(places.len(), reads.items().len());
    for &place in places {
        for read in reads.row(place) {
            rows.push(ExternalRead { source: node(read.source), ..*read });
        }
        rows.close();
    }
    rows
}

fn written_keys(history: &TransactionHistory, places: &[u32]) -> Rows<u32> {
    let mut rows = Rows::with_capacity(places.len(), history.steps.len() / 2);
    for &place in places {
        for step in history.steps(&history.transactions[place as usize]) {
            if step.written().is_some() {
                rows.push(step.key());
            }
        }
        let distinct = sort_distinct(rows.open_mut());
        rows.truncate_open(distinct);
        rows.close();
    }
    rows
}

/// Sorts, moves one of each to the front, and says how many those are.
fn sort_distinct(keys: &mut [u32]) -> usize {
    keys.sort_unstable();
    let mut distinct = 0;
    for place in 0..keys.len() {
        if distinct == 0 || keys[distinct - 1] != keys[place] {
            keys[distinct] = keys[place];
            distinct += 1;
        }
    }
    distinct
}

/// The chains of nodes that are known to follow one another, and each node's predecessor.
///
/// A transaction of unknown outcome that its session outlived is a chain of its own.
fn sessions(history: &TransactionHistory, places: &[u32]) -> (Rows<u32>, Vec<u32>) {
    let processes = dense_processes(history, places);
    let count = processes.iter().max().map_or(0, |&last| last as usize + 1);
    let nodes = || processes.iter().copied().zip(0..);
    let by_process = Rows::grouped(count, nodes, NOBODY);
    let mut sessions = Rows::with_capacity(count, places.len());
    let mut previous = vec![NOBODY; places.len()];
    let mut loose = Vec::new();
    for process in 0..count as u32 {
        let mut last = NOBODY;
        for &node in by_process.row(process) {
            previous[node as usize] = last;
            if history.transactions[places[node as usize] as usize].outcome == Outcome::Ok {
                sessions.push(node);
                last = node;
            } else {
                loose.push(node);
            }
        }
        sessions.close();
    }
    for node in loose {
        sessions.push(node);
        sessions.close();
    }
    (sessions, previous)
}

/// Of each node, its process, numbered without gaps.
fn dense_processes(history: &TransactionHistory, places: &[u32]) -> Vec<u32> {
    let process = |&place: &u32| history.transactions[place as usize].process;
    let mut names: Vec<u32> = places.iter().map(process).collect();
    names.sort_unstable();
    names.dedup();
    let number = |place| names.binary_search(&process(place)).expect("every process is in the list");
    places.iter().map(|place| index(number(place))).collect()
}
