//! The replicated state machine of one shard: rows, client sessions, locks and transactions.
//!
//! It is fed the committed, durable commands of the shard's log in order, and is the same on every replica after
//! the same commands (Schneider 1990). Locks and votes live here, so that a failover rebuilds nothing: a vote is the
//! outcome of applying a prepare. Times are handed in for measurement only; nothing is decided by them.

mod expiry;
mod moves;
mod moving;
mod reads;
mod sessions;
mod transactions;

use std::sync::Arc;

use shardlab_sim::{NodeId, Time};

use crate::concurrency::{Age, Concurrency, LockTable};
use crate::config::{Bug, Bugs};
use crate::message::{Command, Found, OperationId, Prepare, Step, TransactionId};
use crate::rebalancing::Pair;
use crate::remedies::salt;
use crate::storage::{Row, Versioned};
use crate::tables::{Inserted, Tables};

pub use expiry::Closed;
pub use moves::{Departure, MoveEffect, Moves};
use reads::Snapshot;
use sessions::{Seen, Sessions};
pub use transactions::{Decision, Prepared};
use transactions::{Locking, Transactions};

/// What applying a command brought about; the primary tells those concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A client's write is in the rows, now or since an earlier try.
    Written {
        /// Which operation.
        operation: OperationId,
        /// Whom to answer.
        client: NodeId,
        /// The key.
        key: u64,
        /// The id that the write leaves.
        value: u64,
        /// It took effect just now; else this is the answer to a retry.
        first: bool,
    },
    /// A participant's vote.
    Voted {
        /// On which transaction.
        transaction: TransactionId,
        /// Whom to tell.
        coordinator: NodeId,
        /// Yes: locked and remembered. No: it aborted here.
        yes: bool,
        /// The balance changes that its reads saw.
        reads: Vec<(u64, Found)>,
    },
    /// A transaction's write of a register, or its append to a list, is in the rows.
    Applied {
        /// The key.
        key: u64,
        /// The id that it leaves.
        value: u64,
    },
    /// A decision took effect, now or earlier.
    Decided {
        /// Which transaction.
        transaction: TransactionId,
        /// Whom to tell.
        coordinator: NodeId,
        /// Committed or aborted.
        commit: bool,
    },
    /// Locks were given back.
    Released(Box<Prepared>),
    /// A write came too late: its key is on the move, or gone.
    NotOwner {
        /// Which operation.
        operation: OperationId,
        /// Whom to answer.
        client: NodeId,
    },
    /// A write came to a shard that takes none: there is no partition for its key, or none any more.
    NoPartition {
        /// Which operation.
        operation: OperationId,
        /// Whom to answer.
        client: NodeId,
    },
    /// The shard serves no more.
    Expired {
        /// Rows that were inserted into it.
        inserted: u64,
    },
    /// A move has come a step further.
    Moved {
        /// The move.
        pair: Pair,
        /// The step.
        effect: MoveEffect,
    },
}

/// A write that waits for a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
struct WaitingWrite {
    operation: OperationId,
    client: NodeId,
    key: u64,
    value: u64,
    value_bytes: u32,
}

/// Rows, sessions, locks and transactions of one shard.
#[derive(Clone, Debug)]
pub struct StateMachine {
    rows: Versioned,
    sessions: Sessions,
    locks: LockTable,
    transactions: Transactions,
    waiting_writes: Vec<WaitingWrite>,
    // None in a shard that nothing has moved from or to.
    moves: Option<Box<Moves>>,
    // Of a partition by time that is given up, and of what no partition is there for.
    closed: Option<Closed>,
    // None where keys are no rows of tables.
    inserted: Option<Box<Inserted>>,
    // The bugs `stale-snapshot` and `unrepeatable-reads`.
    snapshot: Option<Box<Snapshot>>,
    // Configuration.
    concurrency: Concurrency,
    bugs: Bugs,
    forget_locks: bool,
    keeps_rows: bool,
}

impl StateMachine {
    /// An empty shard.
    #[must_use]
    pub fn new(concurrency: Concurrency, bugs: Bugs) -> Self {
        let reads = ![Bug::NoReadLocks, Bug::NoLocks, Bug::DirtyReads, Bug::StaleSnapshot]
            .into_iter()
            .any(|bug| bugs.contains(bug));
        let locking = Locking { reads, writes: !bugs.contains(Bug::NoLocks) };
        Self {
            rows: Versioned::default(),
            sessions: Sessions::default(),
            locks: LockTable::default(),
            transactions: Transactions::new(locking),
            waiting_writes: Vec::new(),
            moves: None,
            closed: None,
            inserted: None,
            snapshot: Snapshot::of(bugs),
            concurrency,
            bugs,
            forget_locks: false,
            keeps_rows: true,
        }
    }

    /// The same where keys are rows of tables.
    #[must_use]
    pub fn with_tables(self, tables: Option<Arc<Tables>>) -> Self {
        Self { inserted: tables.map(|tables| Box::new(Inserted::new(tables))), ..self }
    }

    /// The rows of tables that were inserted.
    #[must_use]
    pub fn inserted(&self) -> Option<&Inserted> {
        self.inserted.as_deref()
    }

    /// An empty shard that only finds out what takes effect in which order, and keeps no rows.
    #[must_use]
    pub fn for_order(concurrency: Concurrency, bugs: Bugs) -> Self {
        Self { keeps_rows: false, ..Self::new(concurrency, bugs) }
    }

    /// From now on prepares take no locks (the bug `forget-locks`, between a restart and the next reign).
    pub fn set_forget_locks(&mut self, forget: bool) {
        self.forget_locks = forget;
    }

    /// Applies the next command of the log.
    pub fn apply(&mut self, command: &Command, now: Time, effects: &mut Vec<Effect>) {
        match command {
            Command::Barrier => {}
            Command::Write { operation, client, key, value, value_bytes } => {
                let write = WaitingWrite {
                    operation: *operation,
                    client: *client,
                    key: *key,
                    value: *value,
                    value_bytes: *value_bytes,
                };
                self.apply_write(write, effects);
            }
            Command::Prepare(prepare) => self.apply_prepare(prepare, now, effects),
            Command::Decide { transaction, commit, coordinator } => {
                self.apply_decision(*transaction, *commit, *coordinator, effects);
                self.wake(now, effects);
            }
            Command::Move(command) => self.apply_move(command, effects),
            Command::Expire(expiry) => self.apply_expiry(*expiry, effects),
        }
    }

    fn apply_write(&mut self, write: WaitingWrite, effects: &mut Vec<Effect>) {
        if salt::is_sub_key(write.key) {
            return self.apply_stamped(&write, effects);
        }
        match self.sessions.seen(write.operation) {
            Seen::Earlier => return,
            // A retry of what waits is answered when that is done.
            Seen::Last if self.waiting_writes.iter().any(|waiting| waiting.operation == write.operation) => {
                return;
            }
            Seen::Last => return effects.push(write.done(false)),
            Seen::New if !self.owns(write.key) => {
                let WaitingWrite { operation, client, .. } = write;
                return effects.push(Effect::NotOwner { operation, client });
            }
            Seen::New if self.closed.is_some() => {
                let WaitingWrite { operation, client, .. } = write;
                return effects.push(Effect::NoPartition { operation, client });
            }
            Seen::New => self.sessions.note(write.operation),
        }
        if self.locks.is_locked(write.key) {
            self.transactions.note_blocked(write.key);
            self.waiting_writes.push(write);
        } else {
            self.write_row(&write, effects);
        }
    }

    /// A way of a salted key keeps the highest stamp (Thomas 1979). That tells retries apart too: sessions number their
    /// operations, and one operation writes several ways, of which this shard may have more than one.
    fn apply_stamped(&mut self, write: &WaitingWrite, effects: &mut Vec<Effect>) {
        let held = self.rows.row(write.key).map_or(0, |row| row.value);
        if !self.owns(write.key) {
            let (operation, client) = (write.operation, write.client);
            effects.push(Effect::NotOwner { operation, client });
        } else if write.value > held {
            self.write_row(write, effects);
        } else {
            effects.push(write.done(write.value < held));
        }
    }

    fn write_row(&mut self, write: &WaitingWrite, effects: &mut Vec<Effect>) {
        if self.keeps_rows {
            self.rows.write(write.key, write.value, write.value_bytes);
        }
        if let Some(inserted) = &mut self.inserted {
            inserted.note(write.key);
        }
        if let Some(moves) = &mut self.moves {
            moves.note_change(write.key);
        }
        effects.push(write.done(true));
    }

    fn apply_prepare(&mut self, prepare: &Prepare, now: Time, effects: &mut Vec<Effect>) {
        let transaction = prepare.transaction;
        let vote = |yes, reads| Effect::Voted { transaction, coordinator: prepare.coordinator, yes, reads };
        match self.transactions.decision(transaction) {
            // A late duplicate meets the remembered decision.
            Some(Decision::Committed | Decision::CommittedUnprepared) => effects.push(vote(true, Vec::new())),
            Some(Decision::Aborted) => effects.push(vote(false, Vec::new())),
            None if self.transactions.is_prepared(transaction) => {
                effects.push(vote(true, self.reads(prepare)));
            }
            None if self.transactions.is_waiting(transaction) => {}
            // It comes too late: its keys are on the move, or gone.
            None if !prepare.steps.iter().all(|step| self.owns(step.key())) => {
                self.transactions.decide(transaction, Decision::Aborted);
                effects.push(vote(false, Vec::new()));
            }
            None => self.try_prepare(prepare, now, effects),
        }
    }

    fn try_prepare(&mut self, prepare: &Prepare, now: Time, effects: &mut Vec<Effect>) {
        let conflicts = self.transactions.conflicts(prepare, &self.locks);
        if conflicts.is_empty() {
            self.dismiss_younger(prepare, effects);
            return self.grant(prepare, now, effects);
        }
        conflicts.iter().for_each(|age| self.transactions.note_blocked_by(age.transaction));
        if self.transactions.must_die(self.concurrency, prepare, &conflicts) {
            self.transactions.decide(prepare.transaction, Decision::Aborted);
            let (transaction, coordinator) = (prepare.transaction, prepare.coordinator);
            effects.push(Effect::Voted { transaction, coordinator, yes: false, reads: Vec::new() });
        } else {
            self.dismiss_younger(prepare, effects);
            self.transactions.wait(prepare.clone());
        }
    }

    /// Whoever waits here and is younger would wait for this one from now on: it dies instead, or waits could go both
    /// ways between two shards and close a cycle.
    fn dismiss_younger(&mut self, prepare: &Prepare, effects: &mut Vec<Effect>) {
        for younger in self.transactions.take_younger_waiters(prepare) {
            self.transactions.decide(younger.transaction, Decision::Aborted);
            let (transaction, coordinator) = (younger.transaction, younger.coordinator);
            effects.push(Effect::Voted { transaction, coordinator, yes: false, reads: Vec::new() });
        }
    }

    fn grant(&mut self, prepare: &Prepare, now: Time, effects: &mut Vec<Effect>) {
        if !self.forget_locks {
            self.transactions.lock_all(prepare, &mut self.locks);
        }
        effects.push(Effect::Voted {
            transaction: prepare.transaction,
            coordinator: prepare.coordinator,
            yes: true,
            reads: self.reads(prepare),
        });
        self.transactions.prepare(prepare.clone(), now);
    }

    /// What a prepare would read if it were applied now; `None` if it would not be granted.
    #[must_use]
    pub fn foresee(&self, prepare: &Prepare) -> Option<Vec<(u64, Found)>> {
        self.transactions.conflicts(prepare, &self.locks).is_empty().then(|| self.reads(prepare))
    }

    fn apply_decision(
        &mut self,
        transaction: TransactionId,
        commit: bool,
        coordinator: NodeId,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(prepared) = self.transactions.end(transaction, commit) {
            if commit || self.bugs.contains(Bug::KeepAbortedWrites) {
                let value_bytes = prepared.prepare.value_bytes;
                let steps = prepared.prepare.steps.iter();
                steps.for_each(|step| self.write_step(step, value_bytes, effects));
                self.age_snapshot();
            }
            if commit || !self.bugs.contains(Bug::KeepLocks) {
                self.transactions.unlock_all(&prepared.prepare, &mut self.locks);
            }
            effects.push(Effect::Released(prepared));
        }
        effects.push(Effect::Decided { transaction, coordinator, commit });
    }

    fn write_step(&mut self, step: &Step, value_bytes: u32, effects: &mut Vec<Effect>) {
        match *step {
            Step::Add { key, delta } => self.rows.add(key, delta),
            Step::Write { key, value } | Step::Append { key, value } => {
                effects.push(Effect::Applied { key, value });
                match step {
                    _ if !self.keeps_rows => {}
                    Step::Append { .. } => self.rows.append(key, value),
                    _ => self.rows.write(key, value, value_bytes),
                }
            }
            Step::Read { .. } | Step::ReadValue { .. } | Step::ReadList { .. } => return,
        }
        if let Some(moves) = &mut self.moves {
            moves.note_change(step.key());
        }
    }

    /// Lets go on what waited for locks that are free now: transactions by age, then writes in order.
    fn wake(&mut self, now: Time, effects: &mut Vec<Effect>) {
        while let Some(prepare) = self.transactions.next_grantable(&self.locks) {
            self.grant(&prepare, now, effects);
        }
        let (waiting, free): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting_writes)
            .into_iter()
            .partition(|write| self.locks.is_locked(write.key));
        self.waiting_writes = waiting;
        for write in free {
            self.write_row(&write, effects);
        }
    }

    /// The row of `key`; the default if it was never written.
    #[must_use]
    pub fn row(&self, key: u64) -> Row {
        self.rows.row(key).copied().unwrap_or_default()
    }

    /// Whether a transaction may be about to change `key`: a fresh read must wait.
    #[must_use]
    pub fn is_write_locked(&self, key: u64) -> bool {
        !self.locks.is_empty() && self.locks.is_write_locked(key)
    }

    /// Transactions that are prepared and not decided, oldest first.
    pub fn prepared(&self) -> impl Iterator<Item = &Prepared> {
        self.transactions.prepared()
    }

    /// Notes, for the measures, that the decision on `transaction` is known here since `now`.
    pub fn note_decision(&mut self, transaction: TransactionId, now: Time) {
        self.transactions.note_decision(transaction, now);
    }

    /// Notes, for the measures, that a read waits for whoever holds `key`.
    pub fn note_blocked_read(&mut self, key: u64) {
        self.transactions.note_blocked(key);
    }

    /// How the transaction ended here, if it did.
    #[must_use]
    pub fn decision(&self, transaction: TransactionId) -> Option<Decision> {
        self.transactions.decision(transaction)
    }

    /// Every transaction that ended here, in the order in which they did.
    pub fn decisions(&self) -> impl Iterator<Item = (TransactionId, Decision)> + '_ {
        self.transactions.decisions()
    }

    /// Locks of transactions that are over: the key, and whose it was.
    pub fn stale_locks(&self) -> impl Iterator<Item = (u64, TransactionId)> {
        let over = |&(_, holder): &(u64, Age)| !self.transactions.is_prepared(holder.transaction);
        self.locks.holders().filter(over).map(|(key, holder)| (key, holder.transaction))
    }

    /// How many transactions and writes wait for locks.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.transactions.waiting() + self.waiting_writes.len()
    }

    /// The rows.
    #[must_use]
    pub fn rows(&self) -> &Versioned {
        &self.rows
    }
}

impl WaitingWrite {
    fn done(&self, first: bool) -> Effect {
        Effect::Written {
            operation: self.operation,
            client: self.client,
            key: self.key,
            value: self.value,
            first,
        }
    }
}

/// A transaction's age, by its prepare.
pub(crate) fn age(prepare: &Prepare) -> Age {
    Age { began: prepare.age, transaction: prepare.transaction }
}

#[cfg(test)]
mod moves_tests;
#[cfg(test)]
mod tests;
