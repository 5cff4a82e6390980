//! Shortest cycles through given edges.

use std::collections::VecDeque;

use super::core::Core;
use super::graph::{Edge, Kind, Kinds};
use super::versions::NONE;
use super::walks::step;

/// A cycle of transactions: each with the way to the next one, the last one's way leads to the first.
pub(super) type Cycle = Vec<(u32, Kind)>;

/// Searches the core, over and over, without clearing its tables.
pub(super) struct CycleSearch<'a> {
    core: &'a Core,
    /// For each state (twice the node, and one if the last edge was rw): the search that saw it last, from where.
    seen: Vec<(u32, u32, Kind)>,
    search: u32,
    /// Edges walked so far.
    pub walked: u64,
}

/// Which edges a search may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowed<'a> {
    pub kinds: Kinds,
    /// Two rw edges in a row are allowed.
    pub adjacent: bool,
    /// A topological order of these kinds of edges, where the search may be cut short by it.
    pub order: Option<&'a [u32]>,
}

impl Allowed<'_> {
    /// Whether there may be a way from one node to another.
    pub fn may_lead(self, from: u32, to: u32) -> bool {
        self.order.is_none_or(|order| order[from as usize] <= order[to as usize])
    }

    /// The state after a cycle's first edge; before it, the last edge was not rw.
    pub fn start(self, first: Edge) -> u32 {
        first.to() * 2 + u32::from(first.kind() == Kind::ReadWrite && !self.adjacent)
    }
}

impl<'a> CycleSearch<'a> {
    pub fn new(core: &'a Core) -> Self {
        Self { core, seen: vec![(0, NONE, Kind::Onward); core.graph.nodes() * 2], search: 0, walked: 0 }
    }

    /// A shortest cycle that begins with this edge, within these components of states; `None` where there is none.
    pub fn through(
        &mut self,
        from: u32,
        edge: Edge,
        allowed: Allowed<'_>,
        component: &[u32],
    ) -> Option<Cycle> {
        self.search += 1;
        let (start, goal) = (allowed.start(edge), from * 2);
        self.seen[start as usize] = (self.search, NONE, edge.kind());
        let mut queue = VecDeque::from([start]);
        while let Some(state) = queue.pop_front() {
            if state == goal {
                return Some(self.simple(self.unwind(from, goal), allowed));
            }
            self.widen(state, from, allowed, component, &mut queue);
        }
        None
    }

    /// Nodes that stand for no transaction are no step of a cycle: what they lead to is looked at at once.
    fn widen(
        &mut self,
        state: u32,
        goal: u32,
        allowed: Allowed<'_>,
        component: &[u32],
        queue: &mut VecDeque<u32>,
    ) {
        for edge in self.core.graph.out(state / 2) {
            self.walked += 1;
            let after = if allowed.adjacent { Some(0) } else { step(state, edge.kind()) };
            let Some(after) = after.filter(|_| allowed.kinds.has(edge.kind())) else { continue };
            let next = edge.to() * 2 + after;
            let is_inside =
                component[next as usize] == component[state as usize] && allowed.may_lead(edge.to(), goal);
            if !is_inside || self.seen[next as usize].0 == self.search {
                continue;
            }
            self.seen[next as usize] = (self.search, state, edge.kind());
            if self.core.transaction(edge.to()).is_none() {
                queue.push_front(next)
            } else {
                queue.push_back(next)
            }
        }
    }

    /// The way back from the goal, without the nodes that stand for no transaction.
    fn unwind(&self, from: u32, goal: u32) -> Cycle {
        let mut way = Vec::new();
        let mut state = goal;
        while state != NONE {
            let (_, before, kind) = self.seen[state as usize];
            way.push((if before == NONE { from } else { before / 2 }, kind));
            state = before;
        }
        way.reverse();
        let named = way.iter().filter_map(|&(node, kind)| Some((self.core.transaction(node)?, kind)));
        named.collect()
    }

    /// A cycle that meets a transaction twice is two cycles; where two rw edges in a row are forbidden, one of them has
    /// none where they were parted.
    fn simple(&self, mut cycle: Cycle, allowed: Allowed<'_>) -> Cycle {
        while let Some((first, second)) = repeated(&cycle) {
            let inner: Cycle = cycle[first..second].to_vec();
            let outer: Cycle = cycle[..first].iter().chain(&cycle[second..]).copied().collect();
            let is_fine = |cycle: &Cycle| allowed.adjacent || !has_adjacent(cycle);
            let (shorter, longer) = if inner.len() <= outer.len() { (inner, outer) } else { (outer, inner) };
            cycle = if is_fine(&shorter) { shorter } else { longer };
        }
        cycle
    }
}

fn repeated(cycle: &Cycle) -> Option<(usize, usize)> {
    let mut places: Vec<(u32, usize)> =
        cycle.iter().enumerate().map(|(place, &(transaction, _))| (transaction, place)).collect();
    places.sort_unstable();
    places.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| (pair[0].1, pair[1].1))
}

/// Whether two rw edges follow each other, the last edge and the first among them.
pub(super) fn has_adjacent(cycle: &Cycle) -> bool {
    let is_rw = |place: usize| cycle[place % cycle.len()].1 == Kind::ReadWrite;
    (0..cycle.len()).any(|place| is_rw(place) && is_rw(place + 1))
}
