//! The order of invocations and completions in real time.

use std::collections::BTreeMap;

use crate::Outcome;
use crate::recorded::{NEVER, Rank, RecordedTransaction, RegisterOperation};
use crate::workload_judges::WorkloadOperation;

/// What every kind of record says of its own place in time.
pub(super) trait Stamped {
    /// The fields, to be filled in.
    fn stamp(&mut self) -> StampMut<'_>;
    /// When it was invoked.
    fn invoked(&self) -> Rank;
}

/// The fields that say when, by whom, and with what outcome.
pub(super) struct StampMut<'a> {
    pub process: &'a mut u32,
    pub outcome: &'a mut Outcome,
    pub invoked: &'a mut Rank,
    pub completed: &'a mut Rank,
    pub line: u32,
}

/// A record with a process, an outcome, ranks and a line, under these names.
macro_rules! stamped {
    ($(<$parameter:ident>)? for $record:ty) => {
        impl$(<$parameter>)? Stamped for $record {
            fn stamp(&mut self) -> StampMut<'_> {
                StampMut {
                    process: &mut self.process,
                    outcome: &mut self.outcome,
                    invoked: &mut self.invoked,
                    completed: &mut self.completed,
                    line: self.line,
                }
            }

            fn invoked(&self) -> Rank {
                self.invoked
            }
        }
    };
}

stamped!(for RegisterOperation);
stamped!(for RecordedTransaction);
stamped!(<Action> for WorkloadOperation<Action>);

/// Gives out ranks, in the order of the file, and remembers the times as long as they may differ from it.
pub(super) struct Clock {
    ranks: usize,
    /// The time of each rank; left empty once one has none.
    times: Vec<i64>,
    timed: bool,
    ascending: bool,
}

impl Clock {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        Self { ranks: 0, times: Vec::new(), timed: true, ascending: true }
    }

    /// The rank of what happens next; none if there are too many.
    pub fn next(&mut self, time: Option<i64>) -> Option<Rank> {
        let rank = Rank::try_from(self.ranks).ok().filter(|rank| *rank < NEVER)?;
        self.ranks += 1;
        match time {
            Some(time) if self.timed => {
                self.ascending &= self.times.last().is_none_or(|last| *last <= time);
                self.times.push(time);
            }
            _ => (self.timed, self.times) = (false, Vec::new()),
        }
        Some(rank)
    }

    /// Puts the records, which are in the order of the file, into the order of their times: every operation has a time,
    /// and some stand in the file before earlier ones.
    ///
    /// # Errors
    /// The line of an operation that, after its time, its process invoked before it had completed the one before.
    pub fn settle<S: Stamped>(self, records: &mut [S]) -> Result<(), u32> {
        if !self.timed || self.ascending {
            return Ok(());
        }
        let ranks = self.ranks_by_time();
        for record in &mut *records {
            let stamp = record.stamp();
            *stamp.invoked = ranks[*stamp.invoked as usize];
            if *stamp.completed != NEVER {
                *stamp.completed = ranks[*stamp.completed as usize];
            }
        }
        let overlapping = overlapping(records);
        records.sort_by_key(S::invoked);
        overlapping.map_or(Ok(()), Err)
    }

    fn ranks_by_time(&self) -> Vec<Rank> {
        let mut sorted: Vec<Rank> = (0..self.ranks as Rank).collect();
        // A stable sort: the order of the file among equal times.
        sorted.sort_by_key(|&rank| self.times[rank as usize]);
        let mut ranks = vec![0; sorted.len()];
        for (new, &old) in sorted.iter().enumerate() {
            ranks[old as usize] = new as Rank;
        }
        ranks
    }
}

/// The line of the first operation, in the order of the file, that does not lie behind its process's last one.
fn overlapping<S: Stamped>(records: &mut [S]) -> Option<u32> {
    let mut free_from = BTreeMap::new();
    records.iter_mut().find_map(|record| {
        let stamp = record.stamp();
        let free = free_from.insert(*stamp.process, *stamp.completed).unwrap_or(0);
        let overlaps = *stamp.invoked < free || *stamp.completed <= *stamp.invoked;
        overlaps.then_some(stamp.line)
    })
}
