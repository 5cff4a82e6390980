//! One copy of one shard on a server: replica, state machine, and the reads that wait.

use std::collections::BTreeSet;

use shardlab_sim::{Context, NodeId, Time};

use super::reads::{Asked, Confirmations};
use super::reports::Accesses;
use super::snapshots::Staged;
use super::{ServerSettings, refuse};
use crate::config::Bug;
use crate::message::{Command, Message, Request, TransactionId};
use crate::replication::LogReplica;
use crate::shard_map::{Epoch, ShardId};
use crate::state_machine::{Effect, StateMachine};
use crate::world::ShardOperations;

/// What a copy has cost since its server's last report.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Work {
    pub operations: u32,
    pub core_ns: u64,
    pub bytes: u64,
}

/// One copy of one shard.
#[derive(Clone, Debug)]
pub struct Hosted {
    /// Which shard.
    pub shard: ShardId,
    /// Orders commands. Durable in part.
    pub replica: LogReplica,
    /// Applies them. Volatile: rebuilt from the log.
    pub machine: StateMachine,
    /// How often it served clients as primary.
    pub operations: ShardOperations,
    // Volatile.
    pub(super) work: Work,
    pub(super) blocked: Vec<(NodeId, Request)>,
    pub(super) confirmations: Confirmations,
    pub(super) accesses: Accesses,
    held_back: Option<Command>,
    // The bug `vote-before-sync`: who was told already.
    pub(super) voted_early: BTreeSet<TransactionId>,
    // Durable in part: the snapshot of a copy that has come later.
    pub(super) staged: Staged,
    // The control plane wants to know when this reign has begun, with that copy up to date.
    pub(super) settling: Option<(Epoch, NodeId)>,
    swap_applies: bool,
}

impl Hosted {
    pub(super) fn new(shard: ShardId, replica: LogReplica, settings: &ServerSettings) -> Self {
        Self {
            shard,
            replica,
            machine: settings.machine(shard),
            operations: ShardOperations::default(),
            work: Work::default(),
            blocked: Vec::new(),
            confirmations: Confirmations::default(),
            accesses: Accesses::default(),
            held_back: None,
            voted_early: BTreeSet::new(),
            staged: Staged::default(),
            settling: None,
            swap_applies: settings.replica.bugs.contains(Bug::SwapApplies),
        }
    }

    pub(super) fn crash(&mut self, settings: &ServerSettings) {
        use crate::replication::Replica;
        self.replica.crash();
        self.machine = settings.machine(self.shard);
        self.work = Work::default();
        self.blocked.clear();
        self.confirmations = Confirmations::default();
        self.held_back = None;
        self.voted_early.clear();
        self.staged.crash();
        self.settling = None;
    }

    pub(super) fn apply(&mut self, command: Command, now: Time, effects: &mut Vec<Effect>) {
        if !self.swap_applies || self.replica.is_primary() {
            return self.machine.apply(&command, now, effects);
        }
        // The bug: every second command goes before the first.
        match self.held_back.take() {
            None => self.held_back = Some(command),
            Some(first) => {
                self.machine.apply(&command, now, effects);
                self.machine.apply(&first, now, effects);
            }
        }
    }

    /// Whether an abort may count before it is on disk: on the only copy, where whoever it lets go on is yet to come, and
    /// will force it too. What waits for its locks already would vote, or be acknowledged, by an abort that a crash
    /// undoes, and find itself waiting again afterwards.
    pub(super) fn may_abort_lazily(&self) -> bool {
        self.replica.is_alone() && !self.replica.has_unapplied() && self.machine.waiting() == 0
    }

    /// Reads that wait here have come to the wrong copy once it is deposed.
    pub(super) fn refuse_waiting_reads_unless_primary(&mut self, cx: &mut Context<'_, Message>) {
        if self.replica.is_primary() || (self.blocked.is_empty() && self.confirmations.is_empty()) {
            return;
        }
        let blocked =
            std::mem::take(&mut self.blocked).into_iter().map(|(from, request)| (from, Asked::One(request)));
        let waiting = blocked.chain(self.confirmations.take_all());
        for (from, request) in waiting {
            refuse(from, request.name(), self.replica.primary(), self.replica.epoch(), cx);
        }
    }
}

impl Hosted {
    /// Reads that wait here for a lock or a confirmation.
    #[must_use]
    pub fn waiting_reads(&self) -> usize {
        self.blocked.len() + self.confirmations.len()
    }
}
