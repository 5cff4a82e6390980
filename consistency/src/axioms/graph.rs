//! What must come before what, and the cycles in it.

use super::constraints::Constraint;
use super::execution::{Execution, NOBODY};
use super::reads::INITIAL;
use super::rows::Rows;
use crate::components::{Digraph, strong_components};

/// Why one node must commit before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Its session ran it before.
    Session,
    /// The other read from it.
    Read,
    /// Reads show its version before the other's, by place in [`Execution::versions`].
    Version(u32),
    /// An axiom asks for it, by place in the list of constraints.
    Constraint(u32),
}

/// An edge, told from the node it leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) to: u32,
    pub(super) why: Why,
}

/// A cycle: each node with the edge that leaves it.
pub(super) type Cycle = Vec<(u32, Edge)>;

/// The orders that commits must keep.
pub(super) struct Graph {
    edges: Rows<Edge>,
}

impl Graph {
    /// Reads, known orders of versions and constraints; of sessions, if they count.
    pub(super) fn new(execution: &Execution, sessions: bool, constraints: &[Constraint]) -> Self {
        let blank = Edge { to: NOBODY, why: Why::Session };
        let edges = || edges(execution, sessions, constraints);
        Self { edges: Rows::grouped(execution.len(), edges, blank) }
    }

    /// What leads to the causal past and nothing else: reads and the order of sessions.
    pub(super) fn causal(execution: &Execution) -> Self {
        let blank = Edge { to: NOBODY, why: Why::Session };
        Self { edges: Rows::grouped(execution.len(), || known(execution, true), blank) }
    }

    /// All nodes, each after those that have an edge to it; nothing where there is a cycle (Kahn 1962).
    pub(super) fn order(&self) -> Option<Vec<u32>> {
        let nodes = self.edges.len();
        let mut open = vec![0u32; nodes];
        self.edges.items().iter().for_each(|edge| open[edge.to as usize] += 1);
        let mut order: Vec<u32> = (0..nodes as u32).filter(|&node| open[node as usize] == 0).collect();
        order.reserve(nodes - order.len());
        let mut done = 0;
        while let Some(&node) = order.get(done) {
            done += 1;
            for edge in self.edges.row(node) {
                let open = &mut open[edge.to as usize];
                *open -= 1;
                if *open == 0 {
                    order.push(edge.to);
                }
            }
        }
        (order.len() == nodes).then_some(order)
    }

    /// The strongly connected components of more than one node, the smaller first, nodes ascending.
    pub(super) fn components(&self) -> Vec<Vec<u32>> {
        let mut components = strong_components(&self.edges);
        components.sort_by_key(|component| (component.len(), component[0]));
        components
    }

    /// A shortest cycle of a strongly connected component, as far as a bounded search finds it.
    pub(super) fn cycle(&self, component: &[u32]) -> Cycle {
        let mut search = Breadth::new(&self.edges, component);
        for &start in component {
            search.run(start);
            if search.spent > SEARCH_LIMIT || search.best.len() == 2 {
                break;
            }
        }
        assert!(!search.best.is_empty(), "a strongly connected component has a cycle through its first node");
        search.best
    }
}

/// Edges looked at in search of a shorter cycle: some tens of milliseconds.
const SEARCH_LIMIT: usize = 5_000_000;

fn edge(to: u32, why: Why) -> Edge {
    Edge { to, why }
}

/// Whether commits may have come in the order in which clients heard of them: the usual case, and seen without a graph.
pub(super) fn keeps_completions(execution: &Execution, sessions: bool, constraints: &[Constraint]) -> bool {
    let completed = |node: u32| execution.completed[node as usize];
    edges(execution, sessions, constraints).all(|(from, edge)| completed(from) < completed(edge.to))
}

fn edges<'a>(
    execution: &'a Execution,
    sessions: bool,
    constraints: &'a [Constraint],
) -> impl Iterator<Item = (u32, Edge)> + 'a {
    let versions = (0..).zip(&execution.versions);
    let versions = versions.map(|(place, &(from, to, _))| (from, edge(to, Why::Version(place))));
    let possible = |constraint: &(u32, &Constraint)| constraint.1.after != INITIAL;
    let asked = (0..).zip(constraints).filter(possible);
    let asked =
        asked.map(|(place, constraint)| (constraint.before, edge(constraint.after, Why::Constraint(place))));
    known(execution, sessions).chain(versions).chain(asked)
}

fn known(execution: &Execution, sessions: bool) -> impl Iterator<Item = (u32, Edge)> + '_ {
    (0..execution.len() as u32).flat_map(move |node| {
        let previous = execution.previous[node as usize];
        let session = (sessions && previous != NOBODY).then_some((previous, edge(node, Why::Session)));
        let external = execution.reads.row(node).iter().filter(|read| read.source != INITIAL);
        session.into_iter().chain(external.map(move |read| (read.source, edge(node, Why::Read))))
    })
}

impl Digraph for Rows<Edge> {
    fn nodes(&self) -> usize {
        self.len()
    }

    fn end(&self, node: u32, edge: u32) -> Option<u32> {
        self.row(node).get(edge as usize).map(|edge| edge.to)
    }
}

/// Breadth-first searches inside one component, each for a way back to where it began.
struct Breadth<'a> {
    edges: &'a Rows<Edge>,
    inside: Vec<bool>,
    /// The start of the last search that met a node.
    met_from: Vec<u32>,
    /// From where, and by which edge.
    came: Vec<(u32, Edge)>,
    queue: Vec<(u32, usize)>,
    best: Cycle,
    spent: usize,
}

impl<'a> Breadth<'a> {
    fn new(edges: &'a Rows<Edge>, component: &[u32]) -> Self {
        let mut inside = vec![false; edges.len()];
        component.iter().for_each(|&node| inside[node as usize] = true);
        let came = vec![(NOBODY, edge(NOBODY, Why::Read)); edges.len()];
        let met_from = vec![NOBODY; edges.len()];
        Self { edges, inside, met_from, came, queue: Vec::new(), best: Vec::new(), spent: 0 }
    }

    fn run(&mut self, start: u32) {
        self.queue.clear();
        self.queue.push((start, 1));
        let mut done = 0;
        while let Some(&(node, length)) = self.queue.get(done) {
            done += 1;
            if !self.best.is_empty() && length >= self.best.len() {
                return;
            }
            for &edge in self.edges.row(node) {
                self.spent += 1;
                if edge.to == start {
                    return self.found(start, node, edge);
                }
                if self.inside[edge.to as usize] && self.met_from[edge.to as usize] != start {
                    self.met_from[edge.to as usize] = start;
                    self.came[edge.to as usize] = (node, edge);
                    self.queue.push((edge.to, length + 1));
                }
            }
        }
    }

    fn found(&mut self, start: u32, last: u32, closing: Edge) {
        let mut cycle = vec![(last, closing)];
        let mut node = last;
        while node != start {
            let (from, edge) = self.came[node as usize];
            cycle.push((from, edge));
            node = from;
        }
        cycle.reverse();
        self.best = cycle;
    }
}
