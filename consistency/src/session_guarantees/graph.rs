//! Orders of events: chains, and further edges with their reasons; cycles in them.

use super::execution::{Execution, Seen};
use crate::linearizability::describe;
use crate::recorded::RegisterHistory;
use crate::{CycleEdge, Dependency, Explanation, history::index};

/// Why one event must come before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// They are of one session.
    Session,
    /// The later one saw what the earlier one wrote.
    Seen,
    /// Both wrote one register, and this event, after the earlier one, saw the later one's value.
    Overwritten { reader: u32 },
    /// The earlier one saw what was there before the later one wrote.
    NotYetSeen,
}

/// One demand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub from: u32,
    pub to: u32,
    pub reason: Reason,
}

/// All events in an order that keeps chains and edges, or a cycle of these.
pub(crate) fn topological(execution: &Execution, edges: &[Edge]) -> Result<Vec<u32>, Vec<Edge>> {
    let graph = Graph::new(execution, edges);
    let mut waits = graph.indegrees();
    let mut order: Vec<u32> =
        (0..index(execution.events.len())).filter(|&event| waits[event as usize] == 0).collect();
    let mut next = 0;
    while let Some(&event) = order.get(next) {
        next += 1;
        graph.each_successor(event, |to, _| {
            waits[to as usize] -= 1;
            if waits[to as usize] == 0 {
                order.push(to);
            }
        });
    }
    if order.len() == execution.events.len() { Ok(order) } else { Err(graph.short_cycle(&waits)) }
}

/// The edges by which events are seen, for the readers that `of` admits.
pub(crate) fn seen_edges(execution: &Execution, of: impl Fn(u32) -> bool) -> Vec<Edge> {
    let edge = |to: u32| match execution.events[to as usize].seen {
        Seen::Version(from) if of(to) => Some(Edge { from, to, reason: Reason::Seen }),
        _ => None,
    };
    (0..index(execution.events.len())).filter_map(edge).collect()
}

/// Successors in compressed rows; those along chains are implied.
struct Graph<'a> {
    execution: &'a Execution,
    edges: &'a [Edge],
    /// Chains that begin after an event of another.
    branches: Vec<Edge>,
    starts: Vec<u32>,
    targets: Vec<u32>,
}

impl<'a> Graph<'a> {
    fn new(execution: &'a Execution, edges: &'a [Edge]) -> Self {
        let branch = |chain: &super::execution::Chain| {
            Some(Edge { from: chain.after?, to: chain.start, reason: Reason::Session })
        };
        let branches: Vec<Edge> = execution.chains.iter().filter_map(branch).collect();
        let mut starts = vec![0; execution.events.len() + 1];
        edges.iter().chain(&branches).for_each(|edge| starts[edge.from as usize + 1] += 1);
        (1..starts.len()).for_each(|event| starts[event] += starts[event - 1]);
        let mut next = starts.clone();
        let mut targets = vec![0; edges.len() + branches.len()];
        for (number, edge) in (0..).zip(edges.iter().chain(&branches)) {
            targets[next[edge.from as usize] as usize] = number;
            next[edge.from as usize] += 1;
        }
        Self { execution, edges, branches, starts, targets }
    }

    fn edge(&self, number: u32) -> Edge {
        let number = number as usize;
        if number < self.edges.len() { self.edges[number] } else { self.branches[number - self.edges.len()] }
    }

    #[inline]
    fn each_successor(&self, event: u32, mut visit: impl FnMut(u32, Reason)) {
        let chain = &self.execution.chains[self.execution.events[event as usize].chain as usize];
        if event + 1 < chain.end {
            visit(event + 1, Reason::Session);
        }
        for at in self.starts[event as usize]..self.starts[event as usize + 1] {
            let edge = self.edge(self.targets[at as usize]);
            visit(edge.to, edge.reason);
        }
    }

    fn indegrees(&self) -> Vec<u32> {
        let mut waits = vec![0; self.execution.events.len()];
        for chain in &self.execution.chains {
            (chain.start + 1..chain.end).for_each(|event| waits[event as usize] += 1);
        }
        self.edges.iter().chain(&self.branches).for_each(|edge| waits[edge.to as usize] += 1);
        waits
    }

    /// The shortest cycle through one of a few events that still wait.
    fn short_cycle(&self, waits: &[u32]) -> Vec<Edge> {
        let waiting = || (0..index(waits.len())).filter(|&event| waits[event as usize] > 0);
        // Whatever waits has a predecessor that waits: walk back until one is met again.
        let mut before = vec![u32::MAX; waits.len()];
        waiting().for_each(|event| self.each_successor(event, |to, _| before[to as usize] = event));
        let mut met = vec![false; waits.len()];
        let mut event = waiting().next().expect("there is a cycle");
        while !std::mem::replace(&mut met[event as usize], true) {
            event = before[event as usize];
        }
        let on_cycle =
            std::iter::successors(Some(event), |&at| Some(before[at as usize]).filter(|&at| at != event));
        let candidates: Vec<u32> = on_cycle.take(CANDIDATES).collect();
        candidates
            .into_iter()
            .map(|from| self.cycle_through(from))
            .min_by_key(Vec::len)
            .expect("one at least")
    }

    fn cycle_through(&self, start: u32) -> Vec<Edge> {
        let mut reached_by: Vec<Option<Edge>> = vec![None; self.execution.events.len()];
        let mut queue = vec![start];
        let mut next = 0;
        while reached_by[start as usize].is_none() {
            let from = queue[next];
            next += 1;
            self.each_successor(from, |to, reason| {
                if reached_by[to as usize].is_none() {
                    reached_by[to as usize] = Some(Edge { from, to, reason });
                    queue.push(to);
                }
            });
        }
        let mut cycle = vec![reached_by[start as usize].expect("it was reached")];
        while cycle.last().expect("it has an edge").from != start {
            let from = cycle.last().expect("it has an edge").from;
            cycle.push(reached_by[from as usize].expect("it was reached"));
        }
        cycle.reverse();
        merge_sessions(cycle)
    }
}

/// Events from which a shortest cycle is looked for: each costs one walk over the graph.
const CANDIDATES: usize = 8;

/// Steps along one session are one step.
fn merge_sessions(cycle: Vec<Edge>) -> Vec<Edge> {
    let mut merged: Vec<Edge> = Vec::new();
    for edge in cycle {
        match merged.last_mut() {
            Some(last) if last.reason == Reason::Session && edge.reason == Reason::Session => {
                last.to = edge.to
            }
            _ => merged.push(edge),
        }
    }
    merged
}

/// A cycle in words.
pub(crate) fn explain(history: &RegisterHistory, execution: &Execution, cycle: &[Edge]) -> Explanation {
    let edges: Vec<CycleEdge> = cycle.iter().map(|edge| cycle_edge(history, execution, edge)).collect();
    let mut words: Vec<String> = edges.iter().map(|edge| format!("{}.", edge.words)).collect();
    words.push("So each would have to come before itself.".into());
    let mut involved: Vec<usize> = edges.iter().flat_map(|edge| [edge.from, edge.to]).collect();
    involved.sort_unstable();
    involved.dedup();
    Explanation { words, cycle: edges, involved }
}

fn cycle_edge(history: &RegisterHistory, execution: &Execution, edge: &Edge) -> CycleEdge {
    let place = |event: u32| execution.events[event as usize].place;
    let say = |event| describe(history, place(event));
    let (from, to) = (say(edge.from), say(edge.to));
    let (dependency, words) = match edge.reason {
        Reason::Session => (Dependency::Process, format!("{from} comes before {to} in its session")),
        Reason::Seen => (Dependency::WriteRead, format!("{to} saw {from}")),
        Reason::Overwritten { reader } => (
            Dependency::WriteWrite,
            format!("{from} comes before {to}: it precedes {}, which saw the other", say(reader)),
        ),
        Reason::NotYetSeen => (Dependency::ReadWrite, format!("{from} saw what was there before {to}")),
    };
    let key = history.operations[place(edge.to) as usize].key;
    let key = (edge.reason != Reason::Session && (key as usize) < history.keys.len())
        .then(|| history.keys.name(key));
    CycleEdge { from: place(edge.from) as usize, to: place(edge.to) as usize, dependency, key, words }
}

/// A read of the initial value, though a write of the register came before it.
pub(crate) fn explain_initial(
    history: &RegisterHistory,
    execution: &Execution,
    write: u32,
    reader: u32,
) -> Explanation {
    let place = |event: u32| execution.events[event as usize].place;
    let (write, reader) = (place(write), place(reader));
    let words = vec![format!(
        "{} comes before {}, which saw what was there before the first write.",
        describe(history, write),
        describe(history, reader)
    )];
    Explanation {
        words,
        cycle: Vec::new(),
        involved: vec![write.min(reader) as usize, write.max(reader) as usize],
    }
}
