//! A graph of dependencies as it is walked: along some kinds of edges, and never along two rw edges in a row.

use super::graph::{Graph, Kind, Kinds};
use crate::components::Digraph;

/// A graph of which only some kinds of edges count.
pub(super) struct Only<'a>(pub &'a Graph, pub Kinds);

impl Digraph for Only<'_> {
    fn nodes(&self) -> usize {
        self.0.nodes()
    }

    fn end(&self, node: u32, edge: u32) -> Option<u32> {
        let edge = self.0.out(node).get(edge as usize)?;
        Some(if self.1.has(edge.kind()) { edge.to() } else { node })
    }
}

/// A graph as it is walked by who takes no two rw edges in a row: node `2 n` is node `n` after another edge, `2 n + 1`
/// is node `n` after an rw edge. Its cycles are the cycles that no snapshot allows (Cerone & Gotsman 2016).
pub(super) struct NoTwoReadWrites<'a>(pub &'a Graph, pub Kinds);

impl Digraph for NoTwoReadWrites<'_> {
    fn nodes(&self) -> usize {
        self.0.nodes() * 2
    }

    fn end(&self, state: u32, edge: u32) -> Option<u32> {
        let edge = self.0.out(state / 2).get(edge as usize)?;
        Some(
            step(state, edge.kind())
                .filter(|_| self.1.has(edge.kind()))
                .map_or(state, |after| edge.to() * 2 + after),
        )
    }
}

/// Whether the last edge is an rw edge after one more edge; `None` where that would be two in a row.
pub(super) fn step(state: u32, kind: Kind) -> Option<u32> {
    match (kind, state % 2) {
        (Kind::Onward, after) => Some(after),
        (Kind::ReadWrite, 0) => Some(1),
        (Kind::ReadWrite, _) => None,
        _ => Some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::Edge;
    use super::*;
    use crate::components::strong_components;

    #[test]
    fn two_rw_edges_in_a_row_are_no_way_for_a_snapshot() {
        let skew = [(0, Edge::new(1, Kind::ReadWrite)), (1, Edge::new(0, Kind::ReadWrite))];
        let fork = [skew[0], (1, Edge::new(2, Kind::WriteRead)), (2, Edge::new(0, Kind::WriteRead))];
        let kinds = Kinds::of(&[Kind::ReadWrite, Kind::WriteRead]);
        assert!(strong_components(&NoTwoReadWrites(&Graph::new(3, &skew), kinds)).is_empty());
        assert_eq!(strong_components(&NoTwoReadWrites(&Graph::new(3, &fork), kinds)), [[0, 3, 4]]);
    }
}
