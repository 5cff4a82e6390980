//! Causal consistency: see the module above for the definition.

use super::execution::{Execution, Seen};
use super::graph::{self, Edge, Reason};
use crate::Explanation;
use crate::history::index;
use crate::recorded::RegisterHistory;

/// For every event, how many events of each chain are among its causes or itself.
///
/// What an event knows of other chains it has from those before it in its own, but where an edge from another chain ends:
/// only such events have a row of their own.
pub(super) struct Clocks {
    /// Row by row; the first one is of those that know nothing of others.
    words: Vec<u32>,
    chains: usize,
    /// Of every event, its row.
    rows: Vec<u32>,
}

/// Clocks take so many words at most: half a gibibyte.
const MOST_WORDS: usize = 1 << 27;

impl Clocks {
    /// Follows the edges in an order that keeps them; `None` where the clocks would be too large.
    pub(super) fn new(execution: &Execution, order: &[u32], edges: &[Edge]) -> Option<Self> {
        let chain = |event: u32| execution.events[event as usize].chain;
        let branches = execution.chains.iter().filter_map(|chain| Some((chain.start, chain.after?)));
        let edges = edges.iter().map(|edge| (edge.to, edge.from));
        let mut into: Vec<(u32, u32)> =
            edges.filter(|&(to, from)| chain(to) != chain(from)).chain(branches).collect();
        into.sort_unstable();
        let rows = into.chunk_by(|one, other| one.0 == other.0).count() + 1;
        let chains = execution.chains.len();
        if rows.checked_mul(chains)? > MOST_WORDS {
            return None;
        }
        let mut words = Vec::with_capacity(rows * chains);
        words.resize(chains, 0);
        let mut clocks = Self { words, chains, rows: vec![0; execution.events.len()] };
        for &event in order {
            let first = into.partition_point(|&(to, _)| to < event);
            let before = into[first..].iter().take_while(|&&(to, _)| to == event).map(|&(_, from)| from);
            clocks.tick(execution, event, before);
        }
        Some(clocks)
    }

    fn tick(&mut self, execution: &Execution, event: u32, before: impl Iterator<Item = u32>) {
        let start = execution.chains[execution.events[event as usize].chain as usize].start;
        let along = if event > start { self.rows[event as usize - 1] } else { 0 };
        self.rows[event as usize] = along;
        for from in before {
            if self.rows[event as usize] == along {
                let row = self.row(along);
                self.rows[event as usize] = index(self.words.len() / self.chains);
                self.words.extend_from_within(row);
            }
            self.join(execution, event, from);
        }
    }

    fn row(&self, row: u32) -> std::ops::Range<usize> {
        row as usize * self.chains..(row as usize + 1) * self.chains
    }

    /// The event's row is the last one.
    fn join(&mut self, execution: &Execution, event: u32, from: u32) {
        let (into, known) = (self.row(self.rows[event as usize]), self.row(self.rows[from as usize]));
        let (before, into) = self.words.split_at_mut(into.start);
        into.iter_mut().zip(&before[known]).for_each(|(into, from)| *into = (*into).max(*from));
        let of_chain = &mut into[execution.events[from as usize].chain as usize];
        *of_chain = (*of_chain).max(execution.position(from) + 1);
    }

    /// How many events of a chain come before an event, itself included.
    #[inline]
    pub(super) fn count(&self, execution: &Execution, event: u32, chain: u32) -> u32 {
        if execution.events[event as usize].chain == chain {
            return execution.position(event) + 1;
        }
        self.words[self.row(self.rows[event as usize]).start + chain as usize]
    }

    /// Whether one event is among the other's causes, or is it.
    #[inline]
    pub(super) fn covers(&self, execution: &Execution, later: u32, earlier: u32) -> bool {
        self.count(execution, later, execution.events[earlier as usize].chain) > execution.position(earlier)
    }

    /// The last write of a reader's register by each chain that comes before it, itself aside.
    pub(super) fn writes_before(&self, execution: &Execution, reader: u32, mut visit: impl FnMut(u32)) {
        let event = execution.events[reader as usize];
        for writers in execution.writers(event.key) {
            let own = u32::from(writers.chain == event.chain);
            let last = execution.last_write(writers, self.count(execution, reader, writers.chain) - own);
            last.into_iter().for_each(&mut visit);
        }
    }
}

/// Why the history is not causally consistent; `None` in place of a verdict where its clocks would be too large.
pub(crate) fn check(history: &RegisterHistory, execution: &Execution) -> Option<Result<(), Explanation>> {
    let mut edges = graph::seen_edges(execution, |_| true);
    let order = match graph::topological(execution, &edges) {
        Ok(order) => order,
        Err(cycle) => return Some(Err(graph::explain(history, execution, &cycle))),
    };
    let clocks = Clocks::new(execution, &order, &edges)?;
    for reader in 0..index(execution.events.len()) {
        if let Err(write) = conflicts(execution, &clocks, reader, &mut edges) {
            return Some(Err(graph::explain_initial(history, execution, write, reader)));
        }
    }
    let ordered = graph::topological(execution, &edges).map(|_| ());
    Some(ordered.map_err(|cycle| graph::explain(history, execution, &cycle)))
}

/// Adds what must come before the write that a reader saw; a write before a read of the initial value is an error.
pub(super) fn conflicts(
    execution: &Execution,
    clocks: &Clocks,
    reader: u32,
    edges: &mut Vec<Edge>,
) -> Result<(), u32> {
    let mut too_late = Ok(());
    let seen = execution.events[reader as usize].seen;
    if seen != Seen::Nothing {
        clocks.writes_before(execution, reader, |write| match seen {
            Seen::Version(to) if !clocks.covers(execution, to, write) => {
                edges.push(Edge { from: write, to, reason: Reason::Overwritten { reader } });
            }
            Seen::Initial => too_late = Err(write),
            _ => {}
        });
    }
    too_late
}
