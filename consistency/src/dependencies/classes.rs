//! Which classes of cycles there are, and a short one of each.
//!
//! Whether a class is there is decided by strongly connected components, in linear time. Cycles are then looked for
//! inside the components, through one edge after the other, within a budget.

use std::collections::BTreeMap;

use super::core::Core;
use super::cycles::{Allowed, Cycle, CycleSearch, has_adjacent};
use super::graph::{Edge, Graph, Kind, Kinds};
use super::versions::NONE;
use super::walks::{NoTwoReadWrites, Only};
use crate::Anomaly;
use crate::components::{strong_components, topological_order};

/// What cycles were found.
#[derive(Debug, Default)]
pub(super) struct Classes {
    pub rows: BTreeMap<Anomaly, Row>,
    /// The anomalies that may be there or not: the budget ended before they were found.
    pub undecided: Vec<Anomaly>,
}

/// The cycles of one name.
#[derive(Debug)]
pub(super) struct Row {
    /// How many components have one.
    pub count: u64,
    pub shortest: Cycle,
    /// Every edge was tried: no cycle of this name is shorter.
    pub is_minimal: bool,
}

/// Dependencies alone, with the order of sessions, with real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Plain,
    Process,
    Realtime,
}

impl Level {
    const ALL: [Self; 3] = [Self::Plain, Self::Process, Self::Realtime];

    fn kinds(self, dependencies: &[Kind]) -> Kinds {
        let kinds = Kinds::of(dependencies);
        match self {
            Self::Plain => kinds,
            Self::Process => kinds.with(Kind::Process),
            // What a session did one after the other it did one after the other in real time.
            Self::Realtime => kinds.with(Kind::Process).with(Kind::Realtime),
        }
    }

    fn g_single(self) -> Anomaly {
        [Anomaly::GSingle, Anomaly::GSingleProcess, Anomaly::GSingleRealtime][self as usize]
    }
}

/// Names all cycles of the core.
pub(super) fn classify(core: &Core, budget: u64) -> Classes {
    let mut classifier =
        Classifier { core, search: CycleSearch::new(core), budget, found: Classes::default() };
    if !core.is_empty() {
        Level::ALL.into_iter().for_each(|level| classifier.level(level));
    }
    classifier.found
}

struct Classifier<'a> {
    core: &'a Core,
    search: CycleSearch<'a>,
    budget: u64,
    found: Classes,
}

/// A component's edges of one kind, which a cycle may begin with.
type Beginnings = Vec<(u32, Edge)>;

impl Classifier<'_> {
    fn level(&mut self, level: Level) {
        use Kind::{ReadWrite, WriteRead, WriteWrite};
        let graph = &self.core.graph;
        let writes = level.kinds(&[WriteWrite]);
        let reads = writes.with(WriteRead);
        let all = reads.with(ReadWrite);
        let any = |kinds| Allowed { kinds, adjacent: true, order: None };
        self.search_all(states(graph, writes), WriteWrite, any(writes));
        self.search_all(states(graph, reads), WriteRead, any(reads));
        let snapshots = strong_components(&NoTwoReadWrites(graph, all));
        self.single(level, snapshots.clone(), reads);
        self.search_all(snapshots, ReadWrite, Allowed { adjacent: false, ..any(all) });
        self.search_all(states(graph, all), ReadWrite, any(all));
    }

    /// Cycles with one rw edge. Only here no component shows that there is one, so every rw edge must be tried that may
    /// close a way of other edges.
    fn single(&mut self, level: Level, components: Vec<Vec<u32>>, kinds: Kinds) {
        if components.is_empty() {
            return;
        }
        let order = topological_order(&Only(&self.core.graph, kinds));
        let allowed = Allowed { kinds, adjacent: false, order: Some(&order) };
        let is_complete = self.search_all(components, Kind::ReadWrite, allowed);
        if !is_complete && !self.found.rows.contains_key(&level.g_single()) {
            self.found.undecided.push(level.g_single());
        }
    }

    /// Tries the edges of one kind in each component, in small ones first; whether all were tried.
    fn search_all(&mut self, mut components: Vec<Vec<u32>>, kind: Kind, allowed: Allowed<'_>) -> bool {
        components.sort_by_key(|members| members.len());
        let mut component_of = vec![NONE; self.core.graph.nodes() * 2];
        for (members, component) in components.iter().zip(0_u32..) {
            members.iter().for_each(|&state| component_of[state as usize] = component);
        }
        let until = self.search.walked + self.budget / SEARCHES;
        let (mut is_complete, mut counts) = (true, BTreeMap::new());
        for (members, left) in components.iter().zip((1..=components.len() as u64).rev()) {
            let share = until.saturating_sub(self.search.walked) / left;
            let (names, complete) = self.search_one(members, kind, allowed, &component_of, share);
            is_complete &= complete;
            for (name, cycle) in names {
                *counts.entry(name).or_insert(0) += 1;
                self.note(name, cycle, complete);
            }
        }
        // Several searches meet the same components.
        for (name, count) in counts {
            let row = self.found.rows.get_mut(&name).expect("noted above");
            row.count = row.count.max(count);
        }
        is_complete
    }

    /// Tries edges, those first that span least, until the share is used up; the first whatever it costs.
    fn search_one(
        &mut self,
        members: &[u32],
        kind: Kind,
        allowed: Allowed<'_>,
        component_of: &[u32],
        share: u64,
    ) -> (BTreeMap<Anomaly, Cycle>, bool) {
        let until = self.search.walked + share;
        let mut names: BTreeMap<Anomaly, Cycle> = BTreeMap::new();
        let beginnings = self.beginnings(members, kind, allowed, component_of);
        let mut tried = 0;
        for &(from, edge) in &beginnings {
            if tried > 0 && self.search.walked >= until {
                break;
            }
            tried += 1;
            let Some(cycle) = self.search.through(from, edge, allowed, component_of) else { continue };
            let shortest = names.entry(name(&cycle)).or_insert_with(|| cycle.clone());
            if cycle.len() < shortest.len() {
                *shortest = cycle;
            }
        }
        (names, tried == beginnings.len())
    }

    fn beginnings(
        &self,
        members: &[u32],
        kind: Kind,
        allowed: Allowed<'_>,
        component_of: &[u32],
    ) -> Beginnings {
        let graph = &self.core.graph;
        let is_inside = |from: u32, edge: &Edge| {
            let is_inside = component_of[from as usize * 2] == component_of[allowed.start(*edge) as usize];
            is_inside && allowed.may_lead(edge.to(), from)
        };
        let mut edges = Beginnings::new();
        for from in members.iter().filter(|&state| state % 2 == 0).map(|state| state / 2) {
            let own = graph.out(from).iter().filter(|edge| edge.kind() == kind && is_inside(from, edge));
            edges.extend(own.map(|&edge| (from, edge)));
        }
        edges.sort_by_key(|&(from, edge)| (from.abs_diff(edge.to()), from));
        edges
    }

    fn note(&mut self, anomaly: Anomaly, cycle: Cycle, is_minimal: bool) {
        let row = Row { count: 0, shortest: cycle.clone(), is_minimal };
        let row = self.found.rows.entry(anomaly).or_insert(row);
        row.is_minimal &= is_minimal;
        if cycle.len() < row.shortest.len() {
            row.shortest = cycle;
        }
    }
}

/// How many times the budget is shared out: five searches on each of three levels.
const SEARCHES: u64 = 15;

/// The components of a graph in which any edge may follow any, as states.
fn states(graph: &Graph, kinds: Kinds) -> Vec<Vec<u32>> {
    let mut components = strong_components(&Only(graph, kinds));
    components.iter_mut().flatten().for_each(|node| *node *= 2);
    components
}

/// What a cycle is called.
pub(super) fn name(cycle: &Cycle) -> Anomaly {
    use Anomaly::*;
    let count = |kind: Kind| cycle.iter().filter(|edge| edge.1 == kind).count();
    let level = match (count(Kind::Realtime), count(Kind::Process)) {
        (0, 0) => Level::Plain,
        (0, _) => Level::Process,
        _ => Level::Realtime,
    };
    let names = match (count(Kind::ReadWrite), count(Kind::WriteRead)) {
        (0, 0) => [G0, G0Process, G0Realtime],
        (0, _) => [G1c, G1cProcess, G1cRealtime],
        (1, _) => [GSingle, GSingleProcess, GSingleRealtime],
        _ if has_adjacent(cycle) => [G2Item, G2ItemProcess, G2ItemRealtime],
        _ => [GNonadjacent, GNonadjacentProcess, GNonadjacentRealtime],
    };
    names[level as usize]
}

/// Whether a cycle is a long fork: two readers, each of whom sees one of two writes and misses the other.
pub(super) fn is_long_fork(cycle: &Cycle) -> bool {
    let kinds: Vec<Kind> = cycle.iter().map(|edge| edge.1).collect();
    let (there, back) = ([Kind::WriteRead, Kind::ReadWrite], [Kind::ReadWrite, Kind::WriteRead]);
    kinds == [there, there].concat() || kinds == [back, back].concat()
}
