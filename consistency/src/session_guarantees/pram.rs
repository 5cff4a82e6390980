//! PRAM, session by session.
//!
//! In the order that suits a session, each write of a read's register that comes before the read must come before the
//! one that the read saw. Each such demand may put more before the session's earlier reads, so demands are added until
//! none is new (Bouajjani et al. 2017, §4, the happened-before relation of a session, with session order and the
//! session's own reads alone in place of causality). If they are then free of cycles, there is an order: all that comes
//! before the first read, in any order that keeps the demands, then the read, then the rest of what comes before the
//! second, and so on.
//!
//! What an indeterminate compare-and-set saw is not judged.

use super::causal::{Clocks, conflicts};
use super::execution::{Execution, Seen};
use super::graph;
use crate::Explanation;
use crate::history::index;
use crate::recorded::RegisterHistory;

/// Why no order suits one of the sessions; `None` in place of a verdict where the clocks would be too large.
pub(crate) fn check(history: &RegisterHistory, execution: &Execution) -> Option<Result<(), Explanation>> {
    for chain in 0..index(execution.chains.len()) {
        if let Err(explanation) = check_session(history, execution, chain)? {
            return Some(Err(explanation));
        }
    }
    Some(Ok(()))
}

fn check_session(
    history: &RegisterHistory,
    execution: &Execution,
    chain: u32,
) -> Option<Result<(), Explanation>> {
    let own = execution.chains[chain as usize];
    let reads = |reader: &u32| {
        let event = execution.events[*reader as usize];
        event.chain == chain && event.certain && event.seen != Seen::Nothing
    };
    let readers: Vec<u32> = (own.start..own.end).filter(reads).collect();
    let mut edges = graph::seen_edges(execution, |reader| reads(&reader));
    // A session that has read nothing puts no demand on the others' writes.
    let mut known = if readers.is_empty() { edges.len() } else { usize::MAX };
    while known != edges.len() {
        known = edges.len();
        let order = match graph::topological(execution, &edges) {
            Ok(order) => order,
            Err(cycle) => return Some(Err(graph::explain(history, execution, &cycle))),
        };
        let clocks = Clocks::new(execution, &order, &edges)?;
        for &reader in &readers {
            if let Err(write) = conflicts(execution, &clocks, reader, &mut edges) {
                return Some(Err(graph::explain_initial(history, execution, write, reader)));
            }
        }
    }
    Some(Ok(()))
}
