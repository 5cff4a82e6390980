//! Graphs in compressed rows: the edges of one node lie side by side, four bytes each.

use super::versions::NONE;
use crate::Dependency;

/// Why one node comes after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    WriteWrite,
    WriteRead,
    ReadWrite,
    Process,
    Realtime,
    /// Out of a node that stands for no transaction: it carries on the edge that led there.
    Onward,
}

impl Kind {
    const ALL: [Self; 6] =
        [Self::WriteWrite, Self::WriteRead, Self::ReadWrite, Self::Process, Self::Realtime, Self::Onward];

    pub fn dependency(self) -> Option<Dependency> {
        match self {
            Self::WriteWrite => Some(Dependency::WriteWrite),
            Self::WriteRead => Some(Dependency::WriteRead),
            Self::ReadWrite => Some(Dependency::ReadWrite),
            Self::Process => Some(Dependency::Process),
            Self::Realtime => Some(Dependency::Realtime),
            Self::Onward => None,
        }
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds(u8);

impl Kinds {
    /// These, and the edges onward of nodes that stand for no transaction.
    pub fn of(kinds: &[Kind]) -> Self {
        Self(kinds.iter().chain([&Kind::Onward]).fold(0, |set, &kind| set | 1 << kind as u8))
    }

    pub fn with(self, kind: Kind) -> Self {
        Self(self.0 | 1 << kind as u8)
    }

    pub fn has(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}

/// An edge's end and its kind, in one word: 29 bits and 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge(u32);

const KIND_BITS: u32 = 3;

impl Edge {
    pub fn new(to: u32, kind: Kind) -> Self {
        assert!(to < NONE >> KIND_BITS, "a graph has at most 2^29 nodes");
        Self(to << KIND_BITS | kind as u32)
    }

    pub fn to(self) -> u32 {
        self.0 >> KIND_BITS
    }

    pub fn kind(self) -> Kind {
        Kind::ALL[(self.0 & ((1 << KIND_BITS) - 1)) as usize]
    }
}

/// A directed graph with kinds of edges.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Where each node's edges begin, and one entry more: where the last ones end.
    starts: Vec<u32>,
    edges: Vec<Edge>,
}

impl Graph {
    /// The graph of these edges, by counting sort: each node's edges in the order in which they come here.
    pub fn new(nodes: usize, pairs: &[(u32, Edge)]) -> Self {
        let mut starts = vec![0_u32; nodes + 2];
        pairs.iter().for_each(|&(from, _)| starts[from as usize + 2] += 1);
        for node in 2..starts.len() {
            starts[node] += starts[node - 1];
        }
        let mut edges = vec![Edge(0); pairs.len()];
        for &(from, edge) in pairs {
            let slot = &mut starts[from as usize + 1];
            edges[*slot as usize] = edge;
            *slot += 1;
        }
        starts.pop();
        Self { starts, edges }
    }

    pub fn nodes(&self) -> usize {
        self.starts.len() - 1
    }

    pub fn out(&self, node: u32) -> &[Edge] {
        &self.edges[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }
}
