//! One participant's transactions: prepared, waiting, decided.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use shardlab_sim::Time;

use super::age;
use crate::concurrency::{Age, Concurrency, ConflictRule, LockTable, Mode, OnConflict};
use crate::hash::FixedState;
use crate::message::{Prepare, TransactionId};

/// How a transaction ended at this participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Its steps are in the rows.
    Committed,
    /// A commit came for a transaction that was never prepared here: nothing is in the rows. Only a broken
    /// protocol gets here.
    CommittedUnprepared,
    /// Nothing of it is in the rows.
    Aborted,
}

/// A transaction that voted yes and holds its locks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prepared {
    /// What it will do.
    pub prepare: Prepare,
    /// When it took its locks, by this replica's time.
    pub since: Time,
    /// When its decision became known here.
    pub decided: Option<Time>,
    /// How many operations and transactions met its locks.
    pub blocked: u32,
}

/// What is locked: everything, unless a bug says otherwise.
#[derive(Clone, Copy, Debug)]
pub(super) struct Locking {
    pub reads: bool,
    pub writes: bool,
}

impl Default for Locking {
    fn default() -> Self {
        Self { reads: true, writes: true }
    }
}

/// One participant's transactions.
#[derive(Clone, Debug, Default)]
pub(super) struct Transactions {
    locking: Locking,
    prepared: BTreeMap<TransactionId, Prepared>,
    // By age: the oldest goes first.
    waiting: BTreeMap<Age, Prepare>,
    decided: IndexMap<TransactionId, Decision, FixedState>,
}

impl Transactions {
    pub(super) fn new(locking: Locking) -> Self {
        Self { locking, ..Self::default() }
    }

    pub(super) fn decision(&self, transaction: TransactionId) -> Option<Decision> {
        self.decided.get(&transaction).copied()
    }

    pub(super) fn decisions(&self) -> impl Iterator<Item = (TransactionId, Decision)> + '_ {
        self.decided.iter().map(|(&transaction, &decision)| (transaction, decision))
    }

    pub(super) fn is_prepared(&self, transaction: TransactionId) -> bool {
        self.prepared.contains_key(&transaction)
    }

    pub(super) fn is_waiting(&self, transaction: TransactionId) -> bool {
        self.waiting.keys().any(|age| age.transaction == transaction)
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn prepared(&self) -> impl Iterator<Item = &Prepared> {
        self.prepared.values()
    }

    /// Who holds or waits, in front of it, for a key that `prepare` wants. Whoever waits counts as a holder for
    /// all that are younger, or an old transaction would wait for ever behind a stream of young ones.
    pub(super) fn conflicts(&self, prepare: &Prepare, locks: &LockTable) -> Vec<Age> {
        let mine = age(prepare);
        let mut found = Vec::new();
        for (key, mode) in self.wanted(prepare) {
            locks.conflicts(key, mode, mine, &mut found);
        }
        let older = self.waiting.range(..mine).map(|(&age, waiting)| (age, waiting));
        found.extend(older.filter(|(_, waiting)| self.overlap(waiting, prepare)).map(|(age, _)| age));
        found
    }

    /// Takes out the younger ones that wait for a key that `prepare` wants.
    pub(super) fn take_younger_waiters(&mut self, prepare: &Prepare) -> Vec<Prepare> {
        let mine = age(prepare);
        let younger = self.waiting.range(mine..).filter(|(_, waiting)| self.overlap(waiting, prepare));
        let ages: Vec<Age> = younger.map(|(&age, _)| age).collect();
        ages.iter().filter_map(|age| self.waiting.remove(age)).collect()
    }

    /// Takes out those that wait and touch such a key.
    pub(super) fn take_waiters(&mut self, touches: impl Fn(u64) -> bool) -> Vec<Prepare> {
        let hit = |prepare: &Prepare| prepare.steps.iter().any(|step| touches(step.key()));
        let ages: Vec<Age> =
            self.waiting.iter().filter(|(_, prepare)| hit(prepare)).map(|(&age, _)| age).collect();
        ages.iter().filter_map(|age| self.waiting.remove(age)).collect()
    }

    /// Whether one that is prepared touches such a key.
    pub(super) fn any_prepared(&self, touches: impl Fn(u64) -> bool) -> bool {
        self.prepared.values().any(|prepared| prepared.prepare.steps.iter().any(|step| touches(step.key())))
    }

    pub(super) fn must_die(&self, rule: Concurrency, prepare: &Prepare, conflicts: &[Age]) -> bool {
        rule.on_conflict(age(prepare), conflicts) == OnConflict::Die
    }

    pub(super) fn wait(&mut self, prepare: Prepare) {
        self.waiting.insert(age(&prepare), prepare);
    }

    pub(super) fn prepare(&mut self, prepare: Prepare, since: Time) {
        let prepared = Prepared { since, decided: None, blocked: 0, prepare };
        self.prepared.insert(prepared.prepare.transaction, prepared);
    }

    pub(super) fn lock_all(&self, prepare: &Prepare, locks: &mut LockTable) {
        self.wanted(prepare).for_each(|(key, mode)| locks.lock(key, mode, age(prepare)));
    }

    pub(super) fn unlock_all(&self, prepare: &Prepare, locks: &mut LockTable) {
        self.wanted(prepare).for_each(|(key, _)| locks.unlock(key, age(prepare)));
    }

    /// The keys that a prepare locks; a key that is read and written is asked for twice, which the table allows.
    fn wanted<'p>(&self, prepare: &'p Prepare) -> impl Iterator<Item = (u64, Mode)> + use<'p> {
        let locking = self.locking;
        prepare.steps.iter().filter_map(move |step| match step.writes() {
            true => locking.writes.then_some((step.key(), Mode::Exclusive)),
            false => locking.reads.then_some((step.key(), Mode::Shared)),
        })
    }

    fn overlap(&self, one: &Prepare, other: &Prepare) -> bool {
        self.wanted(one).any(|(key, mode)| {
            self.wanted(other).any(|(other_key, other_mode)| {
                key == other_key && (mode == Mode::Exclusive || other_mode == Mode::Exclusive)
            })
        })
    }

    /// Removes the oldest waiting transaction that nothing stands in the way of any more.
    pub(super) fn next_grantable(&mut self, locks: &LockTable) -> Option<Prepare> {
        let free = |prepare: &Prepare| self.conflicts(prepare, locks).is_empty();
        let age = self.waiting.iter().find(|(_, prepare)| free(prepare)).map(|(&age, _)| age)?;
        self.waiting.remove(&age)
    }

    /// Ends a transaction; gives back what was prepared, if it was.
    pub(super) fn end(&mut self, transaction: TransactionId, commit: bool) -> Option<Box<Prepared>> {
        if self.decided.contains_key(&transaction) {
            return None;
        }
        self.waiting.retain(|age, _| age.transaction != transaction);
        let prepared = self.prepared.remove(&transaction);
        self.decide(
            transaction,
            match (commit, &prepared) {
                (true, Some(_)) => Decision::Committed,
                (true, None) => Decision::CommittedUnprepared,
                (false, _) => Decision::Aborted,
            },
        );
        prepared.map(Box::new)
    }

    pub(super) fn decide(&mut self, transaction: TransactionId, decision: Decision) {
        self.decided.insert(transaction, decision);
    }

    pub(super) fn note_decision(&mut self, transaction: TransactionId, now: Time) {
        if let Some(prepared) = self.prepared.get_mut(&transaction) {
            prepared.decided.get_or_insert(now);
        }
    }

    pub(super) fn note_blocked_by(&mut self, transaction: TransactionId) {
        if let Some(prepared) = self.prepared.get_mut(&transaction) {
            prepared.blocked += 1;
        }
    }

    pub(super) fn note_blocked(&mut self, key: u64) {
        let holders = self.prepared.values_mut();
        holders
            .filter(|prepared| prepared.prepare.steps.iter().any(|step| step.key() == key))
            .for_each(|prepared| prepared.blocked += 1);
    }
}
