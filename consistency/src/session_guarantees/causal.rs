//! Causal consistency: see the module above for the definition.

use super::execution::{Execution, Seen};
use super::graph::{self, Edge, Reason};
use crate::Explanation;
use crate::history::index;
use crate::recorded::RegisterHistory;

/// For every event, how many events of each chain are among its causes or itself.
pub(super) struct Clocks {
    words: Vec<u32>,
    chains: usize,
}

/// Clocks take so many words at most: half a gibibyte.
const MOST_WORDS: usize = 1 << 27;

impl Clocks {
    /// Follows the edges in an order that keeps them; `None` where the clocks would be too large.
    pub(super) fn new(execution: &Execution, order: &[u32], edges: &[Edge]) -> Option<Self> {
        let chains = execution.chains.len();
        if execution.events.len().checked_mul(chains)? > MOST_WORDS {
            return None;
        }
        let mut clocks = Self { words: vec![0; execution.events.len() * chains], chains };
        let mut into: Vec<(u32, u32)> = edges.iter().map(|edge| (edge.to, edge.from)).collect();
        into.sort_unstable();
        for &event in order {
            let first = into.partition_point(|&(to, _)| to < event);
            let before = into[first..].iter().take_while(|&&(to, _)| to == event).map(|&(_, from)| from);
            clocks.tick(execution, event, before);
        }
        Some(clocks)
    }

    fn tick(&mut self, execution: &Execution, event: u32, before: impl Iterator<Item = u32>) {
        let chain_number = execution.events[event as usize].chain as usize;
        let chain = execution.chains[chain_number];
        let along = if event > chain.start { Some(event - 1) } else { chain.after };
        before.chain(along).for_each(|from| self.join(event, from));
        self.words[event as usize * self.chains + chain_number] = event - chain.start + 1;
    }

    fn join(&mut self, event: u32, from: u32) {
        let row = |event: u32| event as usize * self.chains..(event as usize + 1) * self.chains;
        let (into, from) = (row(event), row(from));
        let (into, from) = if into.start < from.start {
            let (low, high) = self.words.split_at_mut(from.start);
            (&mut low[into], &high[..self.chains])
        } else {
            let (low, high) = self.words.split_at_mut(into.start);
            (&mut high[..self.chains], &low[from])
        };
        into.iter_mut().zip(from).for_each(|(into, from)| *into = (*into).max(*from));
    }

    /// How many events of a chain come before an event, itself included.
    #[inline]
    pub(super) fn count(&self, event: u32, chain: u32) -> u32 {
        self.words[event as usize * self.chains + chain as usize]
    }

    /// Whether one event is among the other's causes, or is it.
    #[inline]
    pub(super) fn covers(&self, execution: &Execution, later: u32, earlier: u32) -> bool {
        self.count(later, execution.events[earlier as usize].chain) > execution.position(earlier)
    }

    /// The last write of a reader's register by each chain that comes before it, itself aside.
    pub(super) fn writes_before(&self, execution: &Execution, reader: u32, mut visit: impl FnMut(u32)) {
        let event = execution.events[reader as usize];
        for writers in execution.writers(event.key) {
            let own = u32::from(writers.chain == event.chain);
            let last = execution.last_write(writers, self.count(reader, writers.chain) - own);
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
