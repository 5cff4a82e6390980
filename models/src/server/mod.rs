//! A server: hosts copies of many shards, which compete for its cores and its disk.
//!
//! It composes the axes: a [`Replica`] orders commands, a [`StateMachine`] applies what is committed and durable,
//! reads and two-phase commit sit on top. Effects go down through the replica's port; results are pulled up in
//! `Server::pump`, the one place where state changes become visible. This is the server of the log-replicated family;
//! [`VersionServer`] is that of the other.

mod assignments;
mod disk_reads;
mod expiry;
mod hosted;
mod moves;
mod participant;
mod queries;
mod reads;
mod reports;
mod slots;
mod snapshots;
mod versions;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use shardlab_sim::{Context, NodeId, Time, TimerSlot, WriteId};

use crate::concurrency::Concurrency;
use crate::config::Bug;
use crate::message::{
    Action, ChunkId, Command, Entries, LogMessage, Message, OperationId, Request, Response, Status,
};
use crate::node::Observation;
use crate::rebalancing::Pair;
use crate::replication::{Effective, LogReplica, Port, Reads, Replica, Settings, SyncQueue, Then};
use crate::shard_map::{Epoch, ShardId, ShardMap};
use crate::sharding::Expiry;
use crate::state_machine::{Closed, Effect, StateMachine};
use crate::tables::Tables;
use crate::world::ShardOperations;

use disk_reads::DiskReads;
use moves::Exports;
use reads::Asked;
use slots::{Round, Rounds, Slots};
use snapshots::Snapshots;

pub use hosted::Hosted;
pub use moves::MoveSettings;
pub use reports::ReportSettings;
pub use versions::{HostedVersions, VersionServer, VersionServerSettings};

const HEARTBEAT: TimerSlot = TimerSlot(0);
const TICK: TimerSlot = TimerSlot(1);
const INQUIRY: TimerSlot = TimerSlot(2);
const MOVES: TimerSlot = TimerSlot(3);
const COPIES: TimerSlot = TimerSlot(4);
const REPORT: TimerSlot = TimerSlot(5);

/// How a server is configured.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Its replicas' settings.
    pub replica: Settings,
    /// Whom to report to.
    pub control_plane: NodeId,
    /// Who may answer a read, and after what.
    pub reads: Reads,
    /// Who waits for a lock.
    pub concurrency: Concurrency,
    /// Time between heartbeats, in ns.
    pub heartbeat_interval: Time,
    /// How long an answered heartbeat lets a primary answer reads, in ns of its own clock; `None`: for ever.
    pub lease: Option<Time>,
    /// Time between checks for lost messages, in ns.
    pub tick: Time,
    /// How long a participant stays in doubt before it asks, in ns.
    pub inquiry_interval: Time,
    /// What its work costs, where a balancer wants to know: it reports that with its heartbeats.
    pub costs: Option<WorkCosts>,
    /// How it moves keys; `None` in a cluster whose servers neither come nor go.
    pub moves: Option<MoveSettings>,
    /// How it reports of its shards; `None` in a cluster that neither splits nor merges any.
    pub reports: Option<ReportSettings>,
    /// What rows are, where keys stand for rows of tables.
    pub tables: Option<Arc<Tables>>,
    /// What becomes of partitions that are too old, where there are any.
    pub expiry: Option<Expiry>,
    /// The shard of what no partition is there for, where nobody is to keep that.
    pub rest: Option<ShardId>,
}

impl ServerSettings {
    /// The state machine of a shard, empty.
    fn machine(&self, shard: ShardId) -> StateMachine {
        let tables = self.tables.as_ref().map(Arc::clone);
        let machine = StateMachine::new(self.concurrency, self.replica.bugs).with_tables(tables);
        if self.rest == Some(shard) { machine.without_partition() } else { machine }
    }
}

/// The time on a core that each kind of work usually takes, in ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkCosts {
    /// A point read.
    pub read: Time,
    /// A write.
    pub write: Time,
    /// A scan.
    pub scan: Time,
    /// Entries for a backup.
    pub append: Time,
    /// A transaction's prepare.
    pub prepare: Time,
}

/// A server.
#[derive(Clone, Debug)]
pub struct Server {
    // Durable in part: each replica says what.
    hosted: Vec<Hosted>,
    // Volatile.
    syncs: SyncQueue<Then>,
    disk_reads: DiskReads,
    lease_until: Time,
    map: Option<Arc<ShardMap>>,
    effects: Vec<Effect>,
    rounds: Rounds,
    exports: Exports,
    snapshots: Snapshots,
    owners_to_tell: BTreeMap<Pair, (NodeId, ChunkId)>,
    expiring: BTreeMap<ShardId, Epoch>,
    // Measures: they survive crashes, since they are ours and not the server's.
    transaction_forces: u64,
    redirects: u64,
    without_partition: u64,
    second_writes: (u64, u64),
    left: Vec<(ShardId, ShardOperations)>,
    // Configuration.
    slots: Slots,
    moves_keys: bool,
    settings: ServerSettings,
}

impl Server {
    /// A server that hosts `shards`, which are those that `map` gives it, at the beginning of time.
    #[must_use]
    pub fn new(settings: ServerSettings, map: &Arc<ShardMap>, shards: &[ShardId]) -> Self {
        let host = |&shard: &ShardId| {
            let replica = LogReplica::new(settings.replica.clone(), map.assignment(shard));
            Hosted::new(shard, replica, &settings)
        };
        Self {
            hosted: shards.iter().map(host).collect(),
            syncs: SyncQueue::new(),
            disk_reads: DiskReads::default(),
            lease_until: 0,
            map: Some(Arc::clone(map)),
            effects: Vec::new(),
            rounds: Rounds::all(shards.len()),
            exports: Exports::new(settings.moves.unwrap_or_default()),
            snapshots: Snapshots::default(),
            owners_to_tell: BTreeMap::new(),
            expiring: BTreeMap::new(),
            transaction_forces: 0,
            redirects: 0,
            without_partition: 0,
            second_writes: (0, 0),
            left: Vec::new(),
            slots: Slots::of(shards.iter().copied()),
            moves_keys: settings.moves.is_some(),
            settings,
        }
    }

    /// Its copies of shards.
    #[must_use]
    pub fn hosted(&self) -> &[Hosted] {
        &self.hosted
    }

    /// Its copy of `shard`.
    #[must_use]
    pub fn copy_of(&self, shard: ShardId) -> Option<&Hosted> {
        self.slot(shard).map(|slot| &self.hosted[slot])
    }

    /// Forced writes that it asked for on behalf of transactions.
    #[must_use]
    pub fn transaction_forces(&self) -> u64 {
        self.transaction_forces
    }

    /// How often it served clients as primary of shards that it has no copy of any more.
    #[must_use]
    pub fn left(&self) -> &[(ShardId, ShardOperations)] {
        &self.left
    }

    /// Operations that it sent elsewhere, because their key is on the move or gone.
    #[must_use]
    pub fn redirects(&self) -> u64 {
        self.redirects
    }

    /// Operations that it refused because there is no partition for their key, or none any more.
    #[must_use]
    pub fn without_partition(&self) -> u64 {
        self.without_partition
    }

    /// Second writes that it took of clients that write twice: how many, and how many bytes.
    #[must_use]
    pub fn second_writes(&self) -> (u64, u64) {
        self.second_writes
    }

    /// Whether it plays `role`: "server", "primary" (of any shard), "primary:7" (of shard 7), "backup:7".
    #[must_use]
    pub fn plays(&self, role: &str) -> bool {
        let shard_of = |shard: &str| shard.parse().ok().and_then(|shard| self.copy_of(ShardId(shard)));
        match role.split_once(':') {
            None if role == "server" => true,
            None if role == "primary" => self.hosted.iter().any(|hosted| hosted.replica.is_primary()),
            None if role == "backup" => self.hosted.iter().any(|hosted| !hosted.replica.is_primary()),
            Some(("primary", shard)) => shard_of(shard).is_some_and(|hosted| hosted.replica.is_primary()),
            Some(("backup", shard)) => shard_of(shard).is_some_and(|hosted| !hosted.replica.is_primary()),
            _ => false,
        }
    }

    fn slot(&self, shard: ShardId) -> Option<usize> {
        self.slots.get(shard)
    }

    fn has(&self, bug: Bug) -> bool {
        self.settings.replica.bugs.contains(bug)
    }

    /// Lets the replica in `slot` act on the world.
    fn with_port<R>(
        &mut self,
        slot: usize,
        cx: &mut Context<'_, Message>,
        act: impl FnOnce(&mut LogReplica, &mut Port<'_, '_, LogMessage, Then>) -> R,
    ) -> R {
        self.rounds.note(slot);
        let hosted = &mut self.hosted[slot];
        let mut port = Port { cx, shard: hosted.shard, syncs: &mut self.syncs, wrap: Message::Log };
        act(&mut hosted.replica, &mut port)
    }

    /// Boot, and every restart.
    pub fn on_start(&mut self, cx: &mut Context<'_, Message>) {
        self.beat(cx);
        cx.set_timer(TICK, self.settings.tick);
        cx.set_timer(INQUIRY, self.settings.inquiry_interval);
        self.schedule_report(cx);
    }

    /// A message.
    pub fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Message>) {
        match message {
            Message::Request(request) => self.request(from, request, cx),
            Message::Log(shard, message) => self.replication(from, shard, message, cx),
            Message::Control(message) => self.control(message, cx),
            Message::Commit(message) => self.participate(from, message, cx),
            Message::Move(message) => self.on_move(from, message, cx),
            Message::Copy(message) => self.on_copy(from, message, cx),
            Message::Query(message) => self.on_query(from, *message, cx),
            // Clients' business, and the other family's.
            Message::Response(_)
            | Message::Versions(..)
            | Message::Siblings(_)
            | Message::Lookup(_)
            | Message::Cache(_) => {}
        }
    }

    /// A timer.
    pub fn on_timer(&mut self, slot: TimerSlot, cx: &mut Context<'_, Message>) {
        match slot {
            HEARTBEAT => self.beat(cx),
            TICK => {
                self.tick(cx);
                self.tick_moves(cx);
                self.tick_snapshots(cx);
                self.expire_copies(cx);
                cx.set_timer(TICK, self.settings.tick);
            }
            MOVES => self.drive_all(cx),
            COPIES => self.drive_snapshots(cx),
            REPORT => self.report(cx),
            _ => {
                self.inquire(cx);
                cx.set_timer(INQUIRY, self.settings.inquiry_interval);
            }
        }
    }

    /// Looks for lost messages, of those copies that may wait for one.
    fn tick(&mut self, cx: &mut Context<'_, Message>) {
        let mut from = 0;
        while let Some(slot) = self.rounds.next(Round::Tick, from) {
            self.with_port(slot, cx, |replica, port| replica.tick(port));
            self.tick_reads(slot, cx);
            let hosted = &self.hosted[slot];
            if hosted.replica.is_at_rest() && !hosted.confirmations.is_asking() {
                self.rounds.rest(Round::Tick, slot);
            }
            from = slot + 1;
        }
    }

    /// The disk has everything up to `through`.
    pub fn on_synced(&mut self, through: WriteId, cx: &mut Context<'_, Message>) {
        while self.syncs.front().is_some_and(|sync| sync.write <= through) {
            let sync = self.syncs.pop_front().expect("it was just looked at");
            // The shard's copy may have left in the meantime.
            let Some(slot) = self.slot(sync.shard) else { continue };
            self.with_port(slot, cx, |replica, port| replica.synced(sync.then, port));
            match sync.then {
                Then::Fenced(epoch) => self.report_fenced(slot, epoch, cx),
                Then::Staged(piece) => self.piece_is_durable(slot, piece, cx),
                Then::Logged(_) | Then::Promised(_) => {}
            }
            self.pump(slot, cx);
        }
        self.bulk_was_read(through, cx);
    }

    /// Forgets what is volatile.
    pub fn on_crash(&mut self) {
        self.syncs.clear();
        self.disk_reads.crash();
        self.lease_until = 0;
        self.map = None;
        self.exports.crash();
        self.snapshots.crash();
        self.owners_to_tell.clear();
        self.expiring.clear();
        let forget = self.has(Bug::ForgetLocks);
        for hosted in &mut self.hosted {
            hosted.crash(&self.settings);
            hosted.machine.set_forget_locks(forget);
        }
        self.rounds = Rounds::all(self.hosted.len());
    }

    fn replication(
        &mut self,
        from: NodeId,
        shard: ShardId,
        message: LogMessage,
        cx: &mut Context<'_, Message>,
    ) {
        let Some(slot) = self.slot(shard) else { return };
        match message {
            LogMessage::Confirm { epoch, round } => self.confirm(slot, from, epoch, round, cx),
            LogMessage::Confirmed { epoch, round } => self.confirmed(slot, from, epoch, round, cx),
            message => {
                if let LogMessage::Append { entries: Entries::One(_) | Entries::Many(_), .. } = &message {
                    self.note_cost(slot, |costs| costs.append, 0);
                }
                self.transaction_forces += u64::from(participant::carries_transaction(&message));
                self.with_port(slot, cx, |replica, port| replica.receive(from, message, port));
                self.pump(slot, cx);
                self.progress_of_learner(from, shard, cx);
            }
        }
    }

    fn request(&mut self, from: NodeId, request: Request, cx: &mut Context<'_, Message>) {
        let Some(slot) = self.slot(request.shard) else {
            return refuse(from, (request.operation, request.shard), None, Epoch(0), cx);
        };
        self.note_work(slot, &request);
        match request.action {
            Action::Read | Action::Scan(_) => self.read(slot, from, Asked::One(request), cx),
            Action::Write => self.write(slot, from, &request, cx),
            Action::SecondWrite(version) => self.second_write(slot, from, &request, version, cx),
        }
    }

    fn write(&mut self, slot: usize, from: NodeId, request: &Request, cx: &mut Context<'_, Message>) {
        let hosted = &self.hosted[slot];
        if hosted.replica.may_answer() && !hosted.machine.owns(request.key) {
            return self.redirect(from, request, cx);
        }
        // An expired shard may have the write already: its log knows.
        if hosted.replica.may_answer() && hosted.machine.closed() == Some(Closed::Rest) {
            return self.say_no_partition(from, (request.operation, request.shard), cx);
        }
        let command = Command::Write {
            operation: request.operation,
            client: from,
            key: request.key,
            value: request.value,
            value_bytes: request.value_bytes,
        };
        if self.with_port(slot, cx, |replica, port| replica.submit(command, port)).is_err() {
            return self.refuse(slot, from, (request.operation, request.shard), cx);
        }
        if self.has(Bug::AckBeforeSync) {
            let shard = request.shard;
            cx.send(from, written(request.operation, shard));
        }
        cx.mark("write.logged");
        self.pump(slot, cx);
    }

    fn refuse(
        &self,
        slot: usize,
        to: NodeId,
        request: (OperationId, ShardId),
        cx: &mut Context<'_, Message>,
    ) {
        let replica = &self.hosted[slot].replica;
        let hint = replica.primary().filter(|&primary| primary != self.settings.replica.me);
        refuse(to, request, hint, replica.epoch(), cx);
    }

    /// Applies what has become committed and durable, and tells those concerned.
    fn pump(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let now = cx.now();
        let mut effects = std::mem::take(&mut self.effects);
        while let Some(effective) = self.hosted[slot].replica.next_effective() {
            match effective {
                Effective::Rewind => {
                    let shard = self.hosted[slot].shard;
                    self.hosted[slot].machine = self.settings.machine(shard);
                }
                Effective::Apply { command, speak } => {
                    self.hosted[slot].apply(command, now, &mut effects);
                    if speak {
                        self.hosted[slot].machine.set_forget_locks(false);
                        effects.iter().for_each(|effect| self.tell(slot, effect, cx));
                    }
                    effects.clear();
                }
            }
        }
        self.effects = effects;
        self.hosted[slot].refuse_waiting_reads_unless_primary(cx);
        self.answer_settled(slot, cx);
    }

    fn tell(&mut self, slot: usize, effect: &Effect, cx: &mut Context<'_, Message>) {
        match effect {
            Effect::Written { operation, client, key, value, .. } => {
                self.hosted[slot].operations.writes += 1;
                self.note_access(slot, *key);
                self.tell_written(slot, *operation, *client, (*key, *value), cx);
                cx.mark("write.acked");
            }
            Effect::NotOwner { operation, client } => {
                self.redirects += 1;
                let shard = self.hosted[slot].shard;
                let (operation, status) = (*operation, Status::NotOwner);
                let refused = Response { operation, shard, status, value: 0, value_bytes: 0 };
                cx.send(*client, Message::Response(refused));
            }
            Effect::NoPartition { operation, client } => {
                let shard = self.hosted[slot].shard;
                self.say_no_partition(*client, (*operation, shard), cx);
            }
            Effect::Expired { inserted } => self.expired(slot, *inserted, cx),
            Effect::Moved { pair, effect } => self.moved(slot, *pair, *effect, cx),
            Effect::Voted { transaction, .. } if self.hosted[slot].voted_early.remove(transaction) => {}
            Effect::Voted { transaction, coordinator, yes, reads } => {
                self.vote(slot, *transaction, *coordinator, *yes, reads.clone(), cx);
            }
            // It was told when it was decided.
            Effect::Applied { .. } => {}
            Effect::Decided { transaction, coordinator, commit } => {
                self.decided(slot, *transaction, *coordinator, *commit, cx);
            }
            Effect::Released(prepared) => {
                cx.observe(Observation::Released {
                    transaction: prepared.prepare.transaction,
                    shard: self.hosted[slot].shard,
                    since: prepared.since,
                    decided: prepared.decided.unwrap_or(cx.now()),
                    blocked: prepared.blocked,
                });
                self.retry_blocked_reads(slot, cx);
            }
        }
    }
}

fn written(operation: OperationId, shard: ShardId) -> Message {
    Message::Response(Response {
        operation,
        shard,
        status: Status::Ok,
        value: operation.as_value(),
        value_bytes: 0,
    })
}

fn refuse(
    to: NodeId,
    (operation, shard): (OperationId, ShardId),
    primary: Option<NodeId>,
    epoch: Epoch,
    cx: &mut Context<'_, Message>,
) {
    cx.send(
        to,
        Message::Response(Response {
            operation,
            shard,
            status: Status::NotPrimary { primary, epoch },
            value: 0,
            value_bytes: 0,
        }),
    );
}
