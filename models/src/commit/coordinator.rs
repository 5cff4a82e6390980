//! The coordinator of two-phase commit with presumed abort.
//!
//! Mohan, Lindsay & Obermarck, *Transaction management in the R\* distributed database management system*, TODS 1986,
//! §3: no record is written for an abort, and whoever asks about a transaction that the coordinator does not remember
//! is told that it aborted; a commit record is forced before anyone hears of the commit, and kept until every
//! participant has acknowledged.
//!
//! Safety claim: no two participants end a transaction differently. Price: a participant that has voted yes is in
//! doubt until it hears, however long the coordinator is down.
//! Left out: the read-only vote (a participant that only read would release its locks before the others have taken
//! theirs, which breaks two-phase locking), and log truncation: a commit record is kept for repeated requests.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use shardlab_sim::{Context, NodeId, Time, TimerSlot, WriteId};

use crate::config::{Bug, Bugs};
use crate::hash::FixedState;
use crate::message::{
    CommitMessage, ControlMessage, Found, Message, Prepare, Rollback, Step, TransactionId,
    TransactionRequest, TransactionResult,
};
use crate::shard_map::{ShardId, ShardMap};

const TICK: TimerSlot = TimerSlot(0);

/// How a coordinator is configured.
#[derive(Clone, Debug)]
pub struct CoordinatorSettings {
    /// Itself.
    pub me: NodeId,
    /// Whom to ask for the map.
    pub control_plane: NodeId,
    /// How long it waits for votes, in ns.
    pub vote_timeout: Time,
    /// How long before it sends a prepare or a decision again, in ns.
    pub retry_interval: Time,
    /// What is broken.
    pub bugs: Bugs,
}

/// A transaction that is known to have committed.
#[derive(Clone, Debug)]
pub struct CommitRecord {
    /// What the client is told; names its attempt.
    pub result: TransactionResult,
    /// Who took part.
    pub participants: Vec<ShardId>,
}

#[derive(Clone, Debug)]
enum Phase {
    /// Votes are coming in.
    Voting { yes: BTreeSet<ShardId> },
    /// All said yes; the commit record is on its way to the disk.
    Forcing,
    /// Committed; these have not acknowledged yet.
    Acknowledging { missing: BTreeSet<ShardId> },
}

#[derive(Clone, Debug)]
struct Active {
    request: TransactionRequest,
    client: Option<NodeId>,
    began: Time,
    sent: Time,
    reads: Vec<(u64, Found)>,
    phase: Phase,
}

impl Active {
    /// Whether the application changes its mind, now that it knows what its transaction has read.
    fn is_rolled_back(&self) -> bool {
        match self.request.rollback {
            Rollback::Never => false,
            Rollback::Always => true,
            Rollback::Overdrawn { opening_balance } => {
                self.reads.iter().any(|(key, found)| self.overdraws(*key, found, opening_balance))
            }
        }
    }

    fn overdraws(&self, account: u64, found: &Found, opening_balance: i64) -> bool {
        let Found::Balance(change) = found else { return false };
        let steps = self.request.steps.iter().flat_map(|(_, steps)| steps);
        let added: i64 = steps
            .filter_map(|step| match *step {
                Step::Add { key, delta } if key == account => Some(delta),
                _ => None,
            })
            .sum();
        added < 0 && opening_balance + change + added < 0
    }
}

/// What a coordinator has done; ours to measure, so crashes do not touch it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CoordinatorMeasures {
    /// Decided to commit.
    pub committed: u64,
    /// Decided to abort.
    pub aborted: u64,
    /// Forced writes asked for.
    pub forced_writes: u64,
}

/// A coordinator.
#[derive(Clone, Debug)]
pub struct Coordinator {
    // Durable. By round; and the round by attempt.
    records: IndexMap<TransactionId, CommitRecord, FixedState>,
    committed_attempts: IndexMap<TransactionId, TransactionId, FixedState>,
    ended: BTreeSet<TransactionId>,
    // Volatile. Attempts that have had their round, so that a late repetition does not get another.
    attempts: IndexSet<TransactionId, FixedState>,
    active: BTreeMap<TransactionId, Active>,
    forcing: VecDeque<(WriteId, TransactionId)>,
    ending: VecDeque<(WriteId, TransactionId)>,
    map: Arc<ShardMap>,
    // Measures.
    measures: CoordinatorMeasures,
    // Configuration.
    settings: CoordinatorSettings,
}

impl Coordinator {
    /// A coordinator that knows the first map.
    #[must_use]
    pub fn new(settings: CoordinatorSettings, map: Arc<ShardMap>) -> Self {
        Self {
            records: IndexMap::default(),
            committed_attempts: IndexMap::default(),
            attempts: IndexSet::default(),
            ended: BTreeSet::new(),
            active: BTreeMap::new(),
            forcing: VecDeque::new(),
            ending: VecDeque::new(),
            map,
            measures: CoordinatorMeasures::default(),
            settings,
        }
    }

    /// What it has done.
    #[must_use]
    pub fn measures(&self) -> CoordinatorMeasures {
        self.measures
    }

    /// Transactions that have not ended: what, and since when.
    pub fn unfinished(&self) -> impl Iterator<Item = (TransactionId, Time)> + '_ {
        self.active.iter().map(|(&transaction, active)| (transaction, active.began))
    }

    /// The transactions that it knows to have committed, by round.
    pub fn committed(&self) -> impl Iterator<Item = (TransactionId, &CommitRecord)> + '_ {
        self.records.iter().map(|(&transaction, record)| (transaction, record))
    }

    /// Boot, and every restart: what was committed and not acknowledged by all is told again; everything else that was
    /// under way is presumed aborted.
    pub fn on_start(&mut self, cx: &mut Context<'_, Message>) {
        let unended: Vec<_> = self.records.keys().filter(|&id| !self.ended.contains(id)).copied().collect();
        for transaction in unended {
            self.recover(transaction, cx);
        }
        self.request_map(cx);
        cx.set_timer(TICK, self.settings.retry_interval);
    }

    fn recover(&mut self, transaction: TransactionId, cx: &mut Context<'_, Message>) {
        let record = &self.records[&transaction];
        let request = TransactionRequest {
            operation: record.result.operation,
            transaction: record.result.transaction,
            age: 0,
            steps: record.participants.iter().map(|&shard| (shard, Vec::new())).collect(),
            rollback: Rollback::Never,
            value_bytes: 0,
        };
        let phase = Phase::Acknowledging { missing: record.participants.iter().copied().collect() };
        let now = cx.now();
        self.active.insert(
            transaction,
            Active { request, client: None, began: now, sent: now, reads: Vec::new(), phase },
        );
        self.tell_commit(transaction, cx);
    }

    /// A message.
    pub fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Message>) {
        match message {
            Message::Control(ControlMessage::Map(map)) if map.version > self.map.version => self.map = map,
            Message::Commit(CommitMessage::Begin(request)) => self.begin(from, *request, cx),
            Message::Commit(CommitMessage::Vote { transaction, shard, yes, reads }) => {
                self.vote(from, transaction, shard, yes, reads, cx);
            }
            Message::Commit(CommitMessage::Decided { transaction, shard }) => {
                self.acknowledged(transaction, shard, cx)
            }
            Message::Commit(CommitMessage::Inquire { transaction, shard }) => {
                self.answer(from, transaction, shard, cx)
            }
            Message::Commit(CommitMessage::NotPrimary { .. }) => self.request_map(cx),
            _ => {}
        }
    }

    fn request_map(&self, cx: &mut Context<'_, Message>) {
        let request = ControlMessage::MapRequest { version: self.map.version };
        cx.send(self.settings.control_plane, Message::Control(request));
    }

    fn begin(&mut self, from: NodeId, request: TransactionRequest, cx: &mut Context<'_, Message>) {
        if let Some(round) = self.committed_attempts.get(&request.transaction) {
            let result = self.records[round].result.clone();
            return cx.send(from, Message::Commit(CommitMessage::Done(Box::new(result))));
        }
        if !self.attempts.insert(request.transaction) {
            return self.repeat(from, &request, cx);
        }
        let transaction = TransactionId(cx.rng().next_u64());
        let phase = Phase::Voting { yes: BTreeSet::new() };
        let now = cx.now();
        let active = Active { request, client: Some(from), began: now, sent: now, reads: Vec::new(), phase };
        self.active.insert(transaction, active);
        self.send_prepares(transaction, cx);
    }

    /// The same attempt again: nothing while its round goes on, else it has aborted.
    fn repeat(&self, from: NodeId, request: &TransactionRequest, cx: &mut Context<'_, Message>) {
        if self.active.values().any(|active| active.request.transaction == request.transaction) {
            return;
        }
        let aborted = TransactionResult {
            operation: request.operation,
            transaction: request.transaction,
            committed: false,
            rolled_back: request.rollback == Rollback::Always,
            reads: Vec::new(),
        };
        cx.send(from, Message::Commit(CommitMessage::Done(Box::new(aborted))));
    }

    /// Asks every participant that has not voted.
    fn send_prepares(&mut self, transaction: TransactionId, cx: &mut Context<'_, Message>) {
        let Some(active) = self.active.get_mut(&transaction) else { return };
        let Phase::Voting { yes } = &active.phase else { return };
        active.sent = cx.now();
        for (shard, steps) in active.request.steps.iter().filter(|(shard, _)| !yes.contains(shard)) {
            let Some(primary) = self.map.primary(*shard) else { continue };
            let prepare = Prepare {
                transaction,
                attempt: active.request.transaction,
                age: active.request.age,
                coordinator: self.settings.me,
                shard: *shard,
                steps: steps.clone(),
                value_bytes: active.request.value_bytes,
            };
            cx.send(primary, Message::Commit(CommitMessage::Prepare(Box::new(prepare))));
        }
    }

    fn vote(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        shard: ShardId,
        yes: bool,
        reads: Vec<(u64, Found)>,
        cx: &mut Context<'_, Message>,
    ) {
        let Some(active) = self.active.get_mut(&transaction) else {
            // Nobody remembers it: whoever voted yes is told what is presumed.
            return if yes {
                self.answer(from, transaction, shard, cx)
            };
        };
        match &mut active.phase {
            // §2: one no vote decides.
            Phase::Voting { .. } if !yes => self.abort(transaction, Some(shard), false, cx),
            Phase::Voting { yes } => {
                if yes.insert(shard) {
                    active.reads.extend(reads);
                }
                if yes.len() == active.request.steps.len() {
                    self.all_prepared(transaction, cx);
                }
            }
            // A vote that comes after the decision changes nothing.
            Phase::Forcing | Phase::Acknowledging { .. } => {}
        }
    }

    fn all_prepared(&mut self, transaction: TransactionId, cx: &mut Context<'_, Message>) {
        cx.mark("2pc.prepared");
        let active = self.active.get_mut(&transaction).expect("votes are counted for active transactions");
        if active.is_rolled_back() {
            return self.abort(transaction, None, true, cx);
        }
        active.phase = Phase::Forcing;
        self.measures.forced_writes += 1;
        let write = cx.force();
        self.forcing.push_back((write, transaction));
        if self.settings.bugs.contains(Bug::DecideBeforeSync) {
            self.tell_commit(transaction, cx);
        }
    }

    /// The commit record is on disk: that is the commit.
    pub fn on_synced(&mut self, through: WriteId, cx: &mut Context<'_, Message>) {
        while self.ending.front().is_some_and(|&(write, _)| write <= through) {
            let (_, transaction) = self.ending.pop_front().expect("it was just looked at");
            self.ended.insert(transaction);
        }
        while self.forcing.front().is_some_and(|&(write, _)| write <= through) {
            let (_, transaction) = self.forcing.pop_front().expect("it was just looked at");
            self.finish_commit(transaction, cx);
        }
    }

    fn finish_commit(&mut self, transaction: TransactionId, cx: &mut Context<'_, Message>) {
        let active = self.active.get_mut(&transaction).expect("what is being forced is active");
        let participants: Vec<_> = active.request.steps.iter().map(|&(shard, _)| shard).collect();
        let attempt = active.request.transaction;
        let result = TransactionResult {
            operation: active.request.operation,
            transaction: attempt,
            committed: true,
            rolled_back: false,
            reads: std::mem::take(&mut active.reads),
        };
        active.phase = Phase::Acknowledging { missing: participants.iter().copied().collect() };
        let client = active.client;
        self.committed_attempts.insert(attempt, transaction);
        self.records.insert(transaction, CommitRecord { result: result.clone(), participants });
        self.measures.committed += 1;
        if !self.settings.bugs.contains(Bug::DecideBeforeSync) {
            self.tell_commit(transaction, cx);
        }
        if let Some(client) = client {
            cx.send(client, Message::Commit(CommitMessage::Done(Box::new(result))));
        }
    }

    /// Tells the commit to every participant that has not acknowledged it.
    fn tell_commit(&mut self, transaction: TransactionId, cx: &mut Context<'_, Message>) {
        let Some(active) = self.active.get_mut(&transaction) else { return };
        active.sent = cx.now();
        let waiting: Vec<ShardId> = match &active.phase {
            Phase::Acknowledging { missing } => missing.iter().copied().collect(),
            _ => active.request.steps.iter().map(|&(shard, _)| shard).collect(),
        };
        for shard in waiting {
            self.send_decision(transaction, shard, true, cx);
            // Between two participants: a crash here leaves one that knows and one that does not.
            cx.mark("2pc.decided");
        }
    }

    fn send_decision(
        &self,
        transaction: TransactionId,
        shard: ShardId,
        commit: bool,
        cx: &mut Context<'_, Message>,
    ) {
        if let Some(primary) = self.map.primary(shard) {
            cx.send(primary, Message::Commit(CommitMessage::Decide { transaction, shard, commit }));
        }
    }

    /// Aborts, tells all but the one that said no, and forgets: that is what presuming abort allows.
    fn abort(
        &mut self,
        transaction: TransactionId,
        refused: Option<ShardId>,
        rolled_back: bool,
        cx: &mut Context<'_, Message>,
    ) {
        let active = self.active.remove(&transaction).expect("only active transactions abort");
        self.measures.aborted += 1;
        for &(shard, _) in active.request.steps.iter().filter(|&&(shard, _)| Some(shard) != refused) {
            self.send_decision(transaction, shard, false, cx);
        }
        let (operation, attempt) = (active.request.operation, active.request.transaction);
        let result = TransactionResult {
            operation,
            transaction: attempt,
            committed: false,
            rolled_back,
            reads: Vec::new(),
        };
        if let Some(client) = active.client {
            cx.send(client, Message::Commit(CommitMessage::Done(Box::new(result))));
        }
    }

    fn acknowledged(&mut self, transaction: TransactionId, shard: ShardId, cx: &mut Context<'_, Message>) {
        let Some(active) = self.active.get_mut(&transaction) else { return };
        let Phase::Acknowledging { missing } = &mut active.phase else { return };
        missing.remove(&shard);
        if missing.is_empty() {
            self.active.remove(&transaction);
            // The end record is not forced: losing it costs a repetition (§3).
            self.ending.push_back((cx.write(), transaction));
        }
    }

    /// A participant in doubt asks: committed if it is remembered so, no answer while it is open, else aborted.
    fn answer(
        &mut self,
        from: NodeId,
        transaction: TransactionId,
        shard: ShardId,
        cx: &mut Context<'_, Message>,
    ) {
        let commit = self.records.contains_key(&transaction);
        if commit || !self.active.contains_key(&transaction) {
            cx.send(from, Message::Commit(CommitMessage::Decide { transaction, shard, commit }));
        }
    }

    /// Sends again what was not answered, and gives up votes that take too long.
    pub fn on_timer(&mut self, _slot: TimerSlot, cx: &mut Context<'_, Message>) {
        let now = cx.now();
        let old: Vec<TransactionId> = self
            .active
            .iter()
            .filter(|(_, active)| active.sent + self.settings.retry_interval <= now)
            .map(|(&transaction, _)| transaction)
            .collect();
        if !old.is_empty() {
            self.request_map(cx);
        }
        for transaction in old {
            self.retry(transaction, cx);
        }
        cx.set_timer(TICK, self.settings.retry_interval);
    }

    fn retry(&mut self, transaction: TransactionId, cx: &mut Context<'_, Message>) {
        let active = &self.active[&transaction];
        match &active.phase {
            Phase::Voting { .. } if active.began + self.settings.vote_timeout <= cx.now() => {
                self.abort(transaction, None, false, cx);
            }
            Phase::Voting { .. } => self.send_prepares(transaction, cx),
            Phase::Forcing => {}
            Phase::Acknowledging { .. } => self.tell_commit(transaction, cx),
        }
    }

    /// Forgets what is volatile.
    pub fn on_crash(&mut self) {
        self.attempts.clear();
        self.active.clear();
        self.forcing.clear();
        self.ending.clear();
    }
}
