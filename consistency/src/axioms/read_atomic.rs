//! A transaction is seen whole or not at all, and a session sees what it did itself.
//!
//! Biswas & Enea 2019: if `t3` reads `x` from `t1`, and `t2`, which wrote `x` too, is one that `t3` read from
//! or that its session ran before, then `t2` committed before `t1`.

use super::constraints::Constraint;
use super::execution::{Execution, NOBODY};
use super::monotonic_view::{Order, saturate};

/// All constraints of the axiom, but for those that others imply.
pub(super) fn constraints(execution: &Execution) -> Vec<Constraint> {
    let mut constraints = saturate(execution, Order::Any);
    of_sessions(execution, &mut constraints);
    constraints
}

/// Of all that a session wrote to a key before, the last write asks most.
fn of_sessions(execution: &Execution, constraints: &mut Vec<Constraint>) {
    let mut written = vec![(NOBODY, NOBODY); execution.keys];
    for session in 0..execution.sessions.len() as u32 {
        for &reader in execution.sessions.row(session) {
            for read in execution.reads.row(reader) {
                let (of, before) = written[read.key as usize];
                if of == session && before != read.source {
                    constraints.push(Constraint { before, after: read.source, reader, key: read.key });
                }
            }
            for &key in execution.writes.row(reader) {
                written[key as usize] = (session, reader);
            }
        }
    }
}
