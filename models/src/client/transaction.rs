//! Transactions: steps grouped by shard, handed to a coordinator.
//!
//! After an abort a new attempt is made, with a new id and the old age, so that it is older than what begins later and
//! wins at last. After silence the same attempt is sent again to the same coordinator, which knows what it did.

use std::collections::BTreeMap;

use shardlab_consistency::Outcome;
use shardlab_sim::{Context, NodeId};

use crate::client::sessions::{Session, Work};
use crate::client::{ClientPool, observed, session_timer};
use crate::config::Bug;
use crate::message::{
    CommitMessage, Found, Message, Rollback, Step, TransactionId, TransactionRequest, TransactionResult,
};
use crate::node::Observation;
use crate::shard_map::ShardId;
use crate::workload::Content;

/// A transaction under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TransactionWork {
    /// When the application gives it up once all participants are ready.
    pub rollback: Rollback,
    /// An audit meets every transfer there is: it tries as long as there is load.
    insists: bool,
    pub steps: Vec<(ShardId, Vec<Step>)>,
    /// The attempt under way, and its coordinator; none between an abort and the next attempt.
    pub attempt: Option<(TransactionId, NodeId)>,
    pub awaits_answer: bool,
}

impl TransactionWork {
    pub fn changes_something(&self) -> bool {
        self.rollback != Rollback::Always && self.steps().any(Step::writes)
    }

    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().flat_map(|(_, steps)| steps)
    }

    /// Its keys live in these shards now. An attempt that is under way keeps to what it began with.
    pub fn regroup(&mut self, shard_of: impl Fn(u64) -> ShardId) {
        if self.attempt.is_none() {
            self.steps = by_shard(self.steps().copied().collect::<Vec<_>>().into_iter(), shard_of);
        }
    }
}

/// The last attempt's id: the session's number, then the count of its attempts. Unique in the world.
pub(super) fn transaction_id(session: &Session) -> TransactionId {
    TransactionId(u64::from(session.number) << 32 | u64::from(session.transactions))
}

impl ClientPool {
    /// Reads each account and adds to it.
    pub(super) fn begin_transfer(
        &mut self,
        slot: usize,
        changes: &[(u64, i64)],
        rolls_back: bool,
        cx: &mut Context<'_, Message>,
    ) {
        let opening_balance = self.settings.opening_balance;
        let rollback = match rolls_back {
            true => Rollback::Always,
            false if self.settings.overdraft => Rollback::Never,
            false => Rollback::Overdrawn { opening_balance },
        };
        let steps = changes.iter().flat_map(|&(key, delta)| [Step::Read { key }, Step::Add { key, delta }]);
        self.begin_transaction(slot, (rollback, false), steps, cx);
    }

    /// Reads every account below `accounts`.
    pub(super) fn begin_audit(&mut self, slot: usize, accounts: u64, cx: &mut Context<'_, Message>) {
        let steps = (0..accounts).map(|key| Step::Read { key });
        self.begin_transaction(slot, (Rollback::Never, true), steps, cx);
    }

    /// Reads and writes; every write leaves a value of its own.
    pub(super) fn begin_accesses(
        &mut self,
        slot: usize,
        (content, rolls_back): (Content, bool),
        accesses: &[(u64, bool)],
        cx: &mut Context<'_, Message>,
    ) {
        let steps: Vec<Step> =
            accesses.iter().map(|&(key, writes)| self.access(content, key, writes)).collect();
        let rollback = if rolls_back { Rollback::Always } else { Rollback::Never };
        self.begin_transaction(slot, (rollback, false), steps.into_iter(), cx);
    }

    fn access(&mut self, content: Content, key: u64, writes: bool) -> Step {
        match (content, writes) {
            (Content::List, true) => Step::Append { key, value: self.next_value() },
            (Content::List, false) => Step::ReadList { key },
            (Content::Register, true) => Step::Write { key, value: self.next_value() },
            (Content::Register, false) => Step::ReadValue { key },
            (Content::Counter, true) => Step::Add { key, delta: 1 },
            (Content::Counter, false) => Step::Read { key },
        }
    }

    /// Unique in the world and never zero: pools take turns.
    fn next_value(&mut self) -> u64 {
        self.values += 1;
        (self.values - 1) * self.settings.pools + self.settings.pool + 1
    }

    fn begin_transaction(
        &mut self,
        slot: usize,
        (rollback, insists): (Rollback, bool),
        steps: impl Iterator<Item = Step>,
        cx: &mut Context<'_, Message>,
    ) {
        let steps = self.by_shard(steps);
        let work = TransactionWork { rollback, insists, steps, attempt: None, awaits_answer: false };
        self.sessions[slot].begin(Work::Transaction(Box::new(work)), cx.now());
        self.attempt_transaction(slot, cx);
    }

    fn by_shard(&self, steps: impl Iterator<Item = Step>) -> Vec<(ShardId, Vec<Step>)> {
        by_shard(steps, |key| self.router.shard_of(key))
    }

    /// Sends the attempt, a new one if the last was aborted.
    pub(super) fn attempt_transaction(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        if self.lookups.is_some() && self.begins_attempt(slot) && !self.find_shards(slot, cx) {
            return;
        }
        self.ensure_attempt(slot);
        let session = &mut self.sessions[slot];
        let (operation, age) = (session.operation(), session.invoked);
        let Work::Transaction(work) = &mut session.work else { return };
        let Some((transaction, coordinator)) = work.attempt else { return };
        work.awaits_answer = true;
        let (steps, value_bytes) = (work.steps.clone(), self.settings.value_bytes);
        let rollback = work.rollback;
        let request = TransactionRequest { operation, transaction, age, steps, rollback, value_bytes };
        cx.send(coordinator, Message::Commit(CommitMessage::Begin(Box::new(request))));
        cx.set_timer(session_timer(slot), self.settings.timeout);
    }

    /// Whether the next attempt is a new one.
    fn begins_attempt(&self, slot: usize) -> bool {
        matches!(&self.sessions[slot].work, Work::Transaction(work) if work.attempt.is_none())
    }

    /// The bug `retry-as-new`: what was asked before is not asked about again.
    pub(super) fn forget_attempt_if_buggy(&mut self, slot: usize) {
        if self.settings.bugs.contains(Bug::RetryAsNew)
            && let Work::Transaction(work) = &mut self.sessions[slot].work
        {
            work.attempt = None;
        }
    }

    fn ensure_attempt(&mut self, slot: usize) {
        let session = &self.sessions[slot];
        if !matches!(&session.work, Work::Transaction(work) if work.attempt.is_none()) {
            return;
        }
        if self.settings.keys_move
            && self.lookups.is_none()
            && let Work::Transaction(work) = &session.work
        {
            let steps: Vec<Step> = work.steps().copied().collect();
            let steps = self.by_shard(steps.into_iter());
            if let Work::Transaction(work) = &mut self.sessions[slot].work {
                work.steps = steps;
            }
        }
        let session = &mut self.sessions[slot];
        session.transactions += 1;
        let transaction = transaction_id(session);
        let coordinators = &self.settings.coordinators;
        let coordinator = coordinators[self.routes.below(coordinators.len() as u64) as usize];
        if let Work::Transaction(work) = &mut session.work {
            work.attempt = Some((transaction, coordinator));
        }
    }

    pub(super) fn on_done(&mut self, result: &TransactionResult, cx: &mut Context<'_, Message>) {
        let Some(slot) = self.sessions.find(result.operation) else { return };
        let Work::Transaction(work) = &self.sessions[slot].work else { return };
        // The end of an attempt that was given up long ago says nothing about this one.
        if work.attempt.map(|(transaction, _)| transaction) != Some(result.transaction) {
            return;
        }
        if result.committed {
            self.end_transaction(slot, Outcome::Ok, &result.reads, cx);
        } else if result.rolled_back {
            self.end_transaction(slot, Outcome::Fail, &[], cx);
        } else {
            self.aborted(slot, cx);
        }
    }

    fn aborted(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let stop = self.settings.stop;
        let session = &mut self.sessions[slot];
        let Work::Transaction(work) = &mut session.work else { return };
        // The request was sent again: should the coordinator have crashed in between, the copy may be taken for new.
        if session.in_doubt && work.changes_something() {
            return self.give_up_transaction(slot, Outcome::Info, cx);
        }
        (work.attempt, work.awaits_answer) = (None, false);
        // Whatever became of the messages, this attempt did not happen.
        session.in_doubt = false;
        let insists = work.insists;
        if self.settings.keys_move {
            self.router.request_map(cx);
            self.forget_shards(slot);
        }
        if insists && cx.now() < stop {
            return self.pause(slot, cx);
        }
        self.retry_or_give_up(slot, cx);
    }

    pub(super) fn give_up_transaction(
        &mut self,
        slot: usize,
        outcome: Outcome,
        cx: &mut Context<'_, Message>,
    ) {
        self.end_transaction(slot, outcome, &[], cx);
    }

    fn end_transaction(
        &mut self,
        slot: usize,
        outcome: Outcome,
        reads: &[(u64, Found)],
        cx: &mut Context<'_, Message>,
    ) {
        let opening_balance = self.settings.opening_balance;
        let session = &mut self.sessions[slot];
        let Work::Transaction(work) = std::mem::replace(&mut session.work, Work::Idle) else { return };
        let seen = observed::transaction(session, &work, outcome, (reads, opening_balance), cx.now());
        cx.observe(Observation::Transaction(Box::new(seen)));
        self.end_operation(slot, outcome, cx);
    }
}

fn by_shard(
    steps: impl Iterator<Item = Step>,
    shard_of: impl Fn(u64) -> ShardId,
) -> Vec<(ShardId, Vec<Step>)> {
    let mut by_shard: BTreeMap<ShardId, Vec<Step>> = BTreeMap::new();
    steps.for_each(|step| by_shard.entry(shard_of(step.key())).or_default().push(step));
    by_shard.into_iter().collect()
}
