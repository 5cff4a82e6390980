//! What the reads of a transaction find: the rows, and what the transaction itself has written before.

use super::StateMachine;
use crate::config::{Bug, Bugs};
use crate::hash::mix;
use crate::message::{Found, Prepare, Step};
use crate::storage::Versioned;

/// After so many commits a shard that answers from snapshots takes a new one, by turns one of each half.
const SNAPSHOT_COMMITS: u32 = 16;
/// Coordinators with an even number are answered from one, those with an odd number from the other. With one snapshot
/// for all, readers would see one shard or another late, but never disagree on which of two writes came first.
const HALVES: usize = 2;
/// One read in so many is misdirected by the bug of that name.
const MISDIRECTED: u64 = 64;

/// Rows as they were some time ago, for each half of the coordinators: for the bugs `stale-snapshot` and
/// `unrepeatable-reads`.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    rows: [Versioned; HALVES],
    commits: u32,
    taken: usize,
}

impl Snapshot {
    /// An empty one where a bug asks for it.
    pub(super) fn of(bugs: Bugs) -> Option<Box<Self>> {
        let asked = [Bug::StaleSnapshot, Bug::UnrepeatableReads].into_iter().any(|bug| bugs.contains(bug));
        asked.then(Box::default)
    }
}

impl StateMachine {
    /// What the reads of a prepare find, in the order of its steps.
    pub(super) fn reads(&self, prepare: &Prepare) -> Vec<(u64, Found)> {
        let reads = prepare.steps.iter().enumerate().filter(|(_, step)| !step.writes());
        reads.map(|(place, step)| (step.key(), self.read(prepare, place))).collect()
    }

    /// A commit took effect.
    pub(super) fn age_snapshot(&mut self) {
        if let Some(snapshot) = &mut self.snapshot {
            snapshot.commits += 1;
            if snapshot.commits == SNAPSHOT_COMMITS {
                snapshot.rows[snapshot.taken % HALVES].clone_from(&self.rows);
                snapshot.taken += 1;
                snapshot.commits = 0;
            }
        }
    }

    fn rows_for(&self, prepare: &Prepare, place: usize) -> &Versioned {
        match &self.snapshot {
            Some(snapshot) if self.is_stale(prepare, place) => {
                &snapshot.rows[prepare.coordinator.0 as usize % HALVES]
            }
            _ => &self.rows,
        }
    }

    fn is_stale(&self, prepare: &Prepare, place: usize) -> bool {
        let key = prepare.steps[place].key();
        let reads_again = || prepare.steps[..place].iter().any(|step| !step.writes() && step.key() == key);
        (self.bugs.contains(Bug::StaleSnapshot) && !prepare.steps.iter().any(Step::writes))
            || (self.bugs.contains(Bug::UnrepeatableReads) && reads_again())
    }

    fn read(&self, prepare: &Prepare, place: usize) -> Found {
        let step = &prepare.steps[place];
        let mut found = found(self.rows_for(prepare, place), step, self.address(prepare, step.key()));
        if self.bugs.contains(Bug::DirtyReads) {
            self.see_prepared(prepare, step.key(), &mut found);
        }
        let own = match () {
            () if self.bugs.contains(Bug::BlindToOwnWrites) => &[][..],
            () if self.bugs.contains(Bug::ReadAhead) => &prepare.steps[..],
            () => &prepare.steps[..place],
        };
        own.iter().filter(|own| own.key() == step.key()).for_each(|own| write_over(own, &mut found));
        found
    }

    /// Which row a read of `key` is answered from: its own, but for the bug `misdirected-reads`.
    fn address(&self, prepare: &Prepare, key: u64) -> u64 {
        let misdirected = self.bugs.contains(Bug::MisdirectedReads)
            && mix(prepare.transaction.0 ^ key).is_multiple_of(MISDIRECTED);
        if misdirected { key ^ 1 } else { key }
    }

    /// The bug `dirty-reads`: what others have prepared is seen, and of several writes of one key only the first, as if
    /// the others were yet to come.
    fn see_prepared(&self, prepare: &Prepare, key: u64, found: &mut Found) {
        let others = self.transactions.prepared().map(|prepared| &prepared.prepare);
        for other in others.filter(|other| other.transaction != prepare.transaction) {
            let first = other.steps.iter().find(|step| step.writes() && step.key() == key);
            first.into_iter().for_each(|step| write_over(step, found));
        }
    }
}

/// What a read of the row of `key` finds.
fn found(rows: &Versioned, step: &Step, key: u64) -> Found {
    match step {
        Step::Read { .. } | Step::Add { .. } => Found::Balance(rows.balance(key)),
        Step::ReadValue { .. } | Step::Write { .. } => Found::Value(rows.row(key).map_or(0, |row| row.value)),
        Step::ReadList { .. } | Step::Append { .. } => Found::List(rows.list(key).to_vec()),
    }
}

fn write_over(step: &Step, found: &mut Found) {
    match (step, found) {
        (Step::Add { delta, .. }, Found::Balance(balance)) => *balance += delta,
        (Step::Write { value, .. }, Found::Value(found)) => *found = *value,
        (Step::Append { value, .. }, Found::List(list)) => list.push(*value),
        _ => {}
    }
}
