//! What every sequential order must keep, to a fixpoint.

use super::causal::{Clocks, conflicts};
use super::execution::{Execution, Seen};
use super::graph::{self, Edge, Reason};
use crate::Explanation;
use crate::history::index;
use crate::recorded::RegisterHistory;

/// What the saturation came to.
pub(crate) enum Saturated {
    /// There is no order, for this reason.
    Broken(Explanation),
    /// Every order keeps these, besides the chains.
    Order(Vec<Edge>),
    /// The clocks would be too large.
    TooLarge,
}

/// Rounds after which the rest is left to the search: real histories need fewer than ten.
const ROUNDS: u32 = 64;

/// Adds demands until none is new. Of a read that saw `w`, and another write `v` of its register: if `v` comes before
/// the read, it comes before `w`; if it comes after `w`, it comes after the read.
pub(crate) fn saturate(history: &RegisterHistory, execution: &Execution) -> Saturated {
    let mut edges = graph::seen_edges(execution, |_| true);
    for _ in 0..ROUNDS {
        let order = match graph::topological(execution, &edges) {
            Ok(order) => order,
            Err(cycle) => return Saturated::Broken(graph::explain(history, execution, &cycle)),
        };
        let Some(clocks) = Clocks::new(execution, &order, &edges) else { return Saturated::TooLarge };
        let known = edges.len();
        for reader in 0..index(execution.events.len()) {
            if let Err(write) = conflicts(execution, &clocks, reader, &mut edges) {
                return Saturated::Broken(graph::explain_initial(history, execution, write, reader));
            }
            overwriters(execution, &clocks, reader, &mut edges);
        }
        if edges.len() == known {
            break;
        }
    }
    Saturated::Order(edges)
}

/// Adds the first write of each chain that must come after what a reader saw, and so after the reader.
fn overwriters(execution: &Execution, clocks: &Clocks, reader: u32, edges: &mut Vec<Edge>) {
    let event = execution.events[reader as usize];
    for writers in execution.writers(event.key) {
        let writes = execution.writes(writers);
        let first = match event.seen {
            Seen::Nothing => return,
            Seen::Initial => writes.iter().find(|&&write| write != reader),
            Seen::Version(seen) => {
                let after = writes.partition_point(|&write| !clocks.covers(execution, write, seen));
                writes[after..].iter().find(|&&write| write != seen && write != reader)
            }
        };
        if let Some(&to) = first.filter(|&&to| !clocks.covers(execution, to, reader)) {
            edges.push(Edge { from: reader, to, reason: Reason::NotYetSeen });
        }
    }
}
