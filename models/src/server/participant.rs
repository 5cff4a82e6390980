//! A server as participant in two-phase commit: prepare and decide are commands in the shard's log.

use shardlab_sim::{Context, NodeId};

use super::{Round, Server};
use crate::config::Bug;
use crate::message::{
    Command, CommitMessage, Entries, Entry, Found, LogMessage, Message, Prepare, TransactionId,
};
use crate::replication::Replica;
use crate::shard_map::ShardId;

impl Server {
    pub(super) fn participate(
        &mut self,
        from: NodeId,
        message: CommitMessage,
        cx: &mut Context<'_, Message>,
    ) {
        match message {
            CommitMessage::Prepare(prepare) => self.prepare(from, prepare, cx),
            CommitMessage::Decide { transaction, shard, commit } => {
                self.decide(from, transaction, shard, commit, cx)
            }
            // The coordinator's and the clients' business.
            _ => {}
        }
    }

    fn prepare(&mut self, from: NodeId, prepare: Box<Prepare>, cx: &mut Context<'_, Message>) {
        let (transaction, shard) = (prepare.transaction, prepare.shard);
        let Some(slot) = self.slot(shard).filter(|&slot| self.hosted[slot].replica.may_answer()) else {
            return not_primary(from, transaction, shard, cx);
        };
        self.transaction_forces += 1;
        self.note_cost(slot, |costs| costs.prepare, 0);
        let early =
            self.has(Bug::VoteBeforeSync).then(|| self.hosted[slot].machine.foresee(&prepare)).flatten();
        let command = Command::Prepare(prepare);
        if self.with_port(slot, cx, |replica, port| replica.submit(command, port)).is_err() {
            return not_primary(from, transaction, shard, cx);
        }
        if let Some(reads) = early {
            self.hosted[slot].voted_early.insert(transaction);
            self.vote(slot, transaction, from, true, reads, cx);
        }
        self.pump(slot, cx);
    }

    fn decide(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        shard: ShardId,
        commit: bool,
        cx: &mut Context<'_, Message>,
    ) {
        let Some(slot) = self.slot(shard).filter(|&slot| self.hosted[slot].replica.may_answer()) else {
            return not_primary(from, transaction, shard, cx);
        };
        self.hosted[slot].machine.note_decision(transaction, cx.now());
        if self.hosted[slot].machine.decision(transaction).is_some() {
            return self.decided(slot, transaction, from, commit, cx);
        }
        self.order_decision(slot, transaction, from, commit, cx);
    }

    fn order_decision(
        &mut self,
        slot: usize,
        transaction: TransactionId,
        coordinator: NodeId,
        commit: bool,
        cx: &mut Context<'_, Message>,
    ) {
        let lazily = !commit && self.hosted[slot].may_abort_lazily();
        self.transaction_forces += u64::from(!lazily);
        let command = Command::Decide { transaction, commit, coordinator };
        let submitted = self.with_port(slot, cx, |replica, port| match lazily {
            true => replica.submit_lazily(command, port),
            false => replica.submit(command, port),
        });
        if submitted.is_err() {
            return not_primary(coordinator, transaction, self.hosted[slot].shard, cx);
        }
        self.pump(slot, cx);
    }

    pub(super) fn vote(
        &mut self,
        slot: usize,
        transaction: TransactionId,
        coordinator: NodeId,
        yes: bool,
        reads: Vec<(u64, Found)>,
        cx: &mut Context<'_, Message>,
    ) {
        self.hosted[slot].operations.writes += 1;
        let shard = self.hosted[slot].shard;
        cx.send(coordinator, Message::Commit(CommitMessage::Vote { transaction, shard, yes, reads }));
        if yes {
            cx.mark("2pc.voted");
        }
    }

    /// A commit is acknowledged, so that the coordinator may forget it. Aborts are presumed, and are not.
    pub(super) fn decided(
        &mut self,
        slot: usize,
        transaction: TransactionId,
        coordinator: NodeId,
        commit: bool,
        cx: &mut Context<'_, Message>,
    ) {
        if commit {
            let shard = self.hosted[slot].shard;
            cx.send(coordinator, Message::Commit(CommitMessage::Decided { transaction, shard }));
        }
        cx.mark("2pc.applied");
    }

    /// Asks the coordinators of transactions that have been in doubt for an interval or more.
    pub(super) fn inquire(&mut self, cx: &mut Context<'_, Message>) {
        if self.has(Bug::NeverInquire) {
            return;
        }
        let now = cx.now();
        let mut from = 0;
        while let Some(slot) = self.rounds.next(Round::Inquiry, from) {
            from = slot + 1;
            let hosted = &self.hosted[slot];
            if hosted.machine.prepared().next().is_none() {
                self.rounds.rest(Round::Inquiry, slot);
                continue;
            }
            if !hosted.replica.may_answer() {
                continue;
            }
            let old = |since| since + self.settings.inquiry_interval <= now;
            let in_doubt = self.hosted[slot].machine.prepared().filter(|prepared| old(prepared.since));
            let in_doubt: Vec<_> = in_doubt
                .map(|prepared| (prepared.prepare.transaction, prepared.prepare.coordinator))
                .collect();
            for (transaction, coordinator) in in_doubt {
                self.resolve(slot, transaction, coordinator, cx);
            }
        }
    }

    fn resolve(
        &mut self,
        slot: usize,
        transaction: TransactionId,
        coordinator: NodeId,
        cx: &mut Context<'_, Message>,
    ) {
        if self.has(Bug::UnilateralAbort) {
            return self.order_decision(slot, transaction, coordinator, false, cx);
        }
        let shard = self.hosted[slot].shard;
        cx.send(coordinator, Message::Commit(CommitMessage::Inquire { transaction, shard }));
    }
}

fn not_primary(to: NodeId, transaction: TransactionId, shard: ShardId, cx: &mut Context<'_, Message>) {
    cx.send(to, Message::Commit(CommitMessage::NotPrimary { transaction, shard }));
}

/// Whether a message makes a backup force something for a transaction.
pub(super) fn carries_transaction(message: &LogMessage) -> bool {
    let of_transaction =
        |entry: &Entry| matches!(entry.command, Command::Prepare(_) | Command::Decide { .. });
    match message {
        LogMessage::Append { entries: Entries::One(entry), .. } => of_transaction(entry),
        LogMessage::Append { entries: Entries::Many(entries), .. } => entries.iter().any(of_transaction),
        _ => false,
    }
}
