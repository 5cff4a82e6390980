//! Once a transaction has seen part of another, it sees nothing older than any of it.
//!
//! Biswas & Enea's axiom of read committed (2019), without the order of sessions, which is Bailis et al.'s
//! monotonic atomic view (2013): if a transaction reads from `t2` and *later* reads `x` from `t1`, and `t2`
//! wrote `x`, then `t2` committed before `t1`.

use super::constraints::{Constraint, key_masks, mask};
use super::execution::{Execution, NOBODY};
use super::reads::{ExternalRead, INITIAL};

/// All constraints of the axiom, but for those that others imply.
pub(super) fn constraints(execution: &Execution) -> Vec<Constraint> {
    saturate(execution, Order::Program)
}

/// Which reads of a transaction see that another is visible.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Those that follow the read that showed it.
    Program,
    /// All of them.
    Any,
}

pub(super) fn saturate(execution: &Execution, order: Order) -> Vec<Constraint> {
    let masks = key_masks(execution);
    let mut constraints = Vec::new();
    let mut seen_by = vec![NOBODY; execution.len()];
    let mut by_key = Vec::new();
    for reader in 0..execution.len() as u32 {
        let reads = execution.reads.row(reader);
        let keys = mask(reads.iter().map(|read| read.key));
        by_key.clear();
        by_key.extend((0..).zip(reads).map(|(position, read)| (read.key, position, read.source)));
        by_key.sort_unstable();
        for (position, &ExternalRead { source, .. }) in (0..).zip(reads) {
            // A source's first read is the one that asks most.
            if source == INITIAL || seen_by[source as usize] == reader {
                continue;
            }
            seen_by[source as usize] = reader;
            if masks[source as usize] & keys != 0 {
                let from = if order == Order::Program { position + 1 } else { 0 };
                let seen = Seen { reader, source, from };
                seen.constrain(execution.writes.row(source), &by_key, &mut constraints);
            }
        }
    }
    constraints
}

/// From its read number `from` on, `reader` may see nothing older than what `source` wrote.
struct Seen {
    reader: u32,
    source: u32,
    from: u32,
}

/// A read as (key, position, source).
type KeyedRead = (u32, u32, u32);

impl Seen {
    /// Runs through the shorter of two sorted lists and looks up in the longer: the sum over all readers is
    /// O(n^{3/2}) (Møldrup & Pavlogiannis 2025).
    fn constrain(&self, writes: &[u32], by_key: &[KeyedRead], constraints: &mut Vec<Constraint>) {
        if writes.len() <= by_key.len() {
            for &key in writes {
                let start = by_key.partition_point(|read| *read < (key, self.from, 0));
                self.first_other(key, &by_key[start..], constraints);
            }
            return;
        }
        for run in by_key.chunk_by(|one, other| one.0 == other.0) {
            if writes.binary_search(&run[0].0).is_ok() {
                let start = run.partition_point(|read| read.1 < self.from);
                self.first_other(run[0].0, &run[start..], constraints);
            }
        }
    }

    /// The first read of another version asks for an order; those after it follow from that one.
    fn first_other(&self, key: u32, reads: &[KeyedRead], constraints: &mut Vec<Constraint>) {
        let mut same_key = reads.iter().take_while(|read| read.0 == key);
        if let Some(&(_, _, after)) = same_key.find(|read| read.2 != self.source) {
            constraints.push(Constraint { before: self.source, after, reader: self.reader, key });
        }
    }
}
