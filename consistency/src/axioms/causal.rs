//! Effects are seen with their causes.
//!
//! Biswas & Enea 2019: if `t3` reads `x` from `t1`, and `t2`, which wrote `x` too, is in `t3`'s causal past,
//! then `t2` committed before `t1`. The causal past is what reads and the order of sessions lead back to, in any number
//! of steps.
//!
//! Of each session only the last write of `x` in the causal past asks for anything, and as a session goes on its past
//! only grows: O(n k) for `n` steps and `k` sessions (Møldrup & Pavlogiannis 2025). Sessions are taken in blocks,
//! so that the vector clocks of all transactions need little memory however many sessions there are.

use super::constraints::Constraint;
use super::execution::{Execution, NOBODY};
use super::reads::INITIAL;

/// Sessions a block: a clock of 32 entries is two cache lines.
const BLOCK: usize = 32;

/// All constraints of the axiom, but for those that others imply. `order` is an order of all nodes in which causes come
/// before effects.
pub(super) fn constraints(execution: &Execution, order: &[u32]) -> Vec<Constraint> {
    let mut constraints = Vec::new();
    let mut clocks = Vec::new();
    for first in (0..execution.sessions.len()).step_by(BLOCK) {
        let block = Block::new(execution, first);
        block.run_clocks(order, &mut clocks);
        block.saturate(&clocks, &mut constraints);
    }
    constraints
}

/// Some of the sessions: `width` of them from `first` on.
struct Block<'a> {
    execution: &'a Execution,
    first: usize,
    width: usize,
    /// Of each node of these sessions, its session less `first`, and its place in that session; of others, nothing.
    positions: Vec<(u32, u32)>,
    slots: Slots,
}

impl<'a> Block<'a> {
    fn new(execution: &'a Execution, first: usize) -> Self {
        let width = BLOCK.min(execution.sessions.len() - first);
        let mut positions = vec![(NOBODY, 0); execution.len()];
        for column in 0..width as u32 {
            for (place, &node) in (0..).zip(execution.sessions.row(first as u32 + column)) {
                positions[node as usize] = (column, place);
            }
        }
        let slots = Slots::new(execution, first, width);
        Self { execution, first, width, positions, slots }
    }

    /// Of each node, how many transactions of each session are in its causal past.
    fn run_clocks(&self, order: &[u32], clocks: &mut Vec<u32>) {
        clocks.clear();
        clocks.resize(order.len() * self.width, 0);
        let mut clock = [0; BLOCK];
        for &node in order {
            clock.fill(0);
            for cause in self.execution.causes(node) {
                for (entry, &other) in clock.iter_mut().zip(self.clock(clocks, cause)) {
                    *entry = other.max(*entry);
                }
                let (column, place) = self.positions[cause as usize];
                if column != NOBODY {
                    clock[column as usize] = clock[column as usize].max(place + 1);
                }
            }
            let row = node as usize * self.width;
            clocks[row..row + self.width].copy_from_slice(&clock[..self.width]);
        }
    }

    fn clock<'c>(&self, clocks: &'c [u32], node: u32) -> &'c [u32] {
        &clocks[node as usize * self.width..][..self.width]
    }

    fn saturate(&self, clocks: &[u32], constraints: &mut Vec<Constraint>) {
        let mut last_writer = vec![NOBODY; self.slots.count()];
        for session in 0..self.execution.sessions.len() as u32 {
            last_writer.fill(NOBODY);
            let mut passed = [0; BLOCK];
            for &reader in self.execution.sessions.row(session) {
                if self.execution.reads.row(reader).is_empty() {
                    continue;
                }
                self.advance(self.clock(clocks, reader), &mut passed, &mut last_writer);
                self.constrain(reader, clocks, &last_writer, constraints);
            }
        }
    }

    /// Enters the writes of all that came into the causal past.
    fn advance(&self, clock: &[u32], passed: &mut [u32; BLOCK], last_writer: &mut [u32]) {
        for (column, (&through, passed)) in clock.iter().zip(passed).enumerate() {
            let session = self.execution.sessions.row((self.first + column) as u32);
            for &node in &session[*passed as usize..through as usize] {
                for &slot in &self.slots.of_writes[self.execution.writes.span(node)] {
                    last_writer[slot as usize] = node;
                }
            }
            *passed = through;
        }
    }

    fn constrain(&self, reader: u32, clocks: &[u32], last_writer: &[u32], constraints: &mut Vec<Constraint>) {
        for read in self.execution.reads.row(reader) {
            for &before in &last_writer[self.slots.of_key(read.key)] {
                if before != NOBODY
                    && before != read.source
                    && !self.happens_before(clocks, before, read.source)
                {
                    constraints.push(Constraint { before, after: read.source, reader, key: read.key });
                }
            }
        }
    }

    /// Whether a node of these sessions is in another's causal past.
    fn happens_before(&self, clocks: &[u32], before: u32, after: u32) -> bool {
        let (column, place) = self.positions[before as usize];
        after != INITIAL && clocks[after as usize * self.width + column as usize] > place
    }
}

/// A slot for each pair of a key and a session of the block that writes it.
struct Slots {
    /// Of each key, where its slots begin.
    starts: Vec<u32>,
    /// Of each write of the execution, its slot; of writes of other sessions, nothing.
    of_writes: Vec<u32>,
}

impl Slots {
    fn new(execution: &Execution, first: usize, width: usize) -> Self {
        let mut starts = vec![0; execution.keys + 1];
        each_write(execution, first, width, |key, _, new| starts[key as usize + 1] += u32::from(new));
        for key in 0..execution.keys {
            starts[key + 1] += starts[key];
        }
        let mut next = starts.clone();
        let mut of_writes = vec![NOBODY; execution.writes.items().len()];
        each_write(execution, first, width, |key, write, new| {
            next[key as usize] += u32::from(new);
            of_writes[write] = next[key as usize] - 1;
        });
        Self { starts, of_writes }
    }

    fn of_key(&self, key: u32) -> std::ops::Range<usize> {
        self.starts[key as usize] as usize..self.starts[key as usize + 1] as usize
    }

    fn count(&self) -> usize {
        self.starts.last().map_or(0, |&end| end as usize)
    }
}

/// Every write of the block's sessions, session after session: its key, its place among all writes, and whether it is
/// its session's first of that key.
fn each_write(execution: &Execution, first: usize, width: usize, mut visit: impl FnMut(u32, usize, bool)) {
    let mut writer = vec![NOBODY; execution.keys];
    for session in first as u32..(first + width) as u32 {
        for &node in execution.sessions.row(session) {
            for write in execution.writes.span(node) {
                let key = execution.writes.items()[write];
                let known = &mut writer[key as usize];
                visit(key, write, *known != session);
                *known = session;
            }
        }
    }
}
