//! A server whose copies take writes whatever the others do.
//!
//! It composes the version-replicated family as [`Server`](super::Server) composes the other: copies share cores and
//! disk, effects go down through a port, and what has become effective is pulled up in `pump`. What is not here is the
//! difference between the families: there is no primary, and so no epoch, no lease, no fence and no word with the
//! control plane; there is no log, and so no state machine, no lock and no vote. Rows are read where they are kept.

use shardlab_sim::{Context, NodeId, Time, TimerSlot, WriteId};

use super::{refuse, written};
use crate::message::{
    Action, Message, OperationId, Request, Response, SiblingMessage, Status, VersionMessage,
};
use crate::replication::{
    Port, Replica, SyncQueue, VersionPort, VersionReplica, VersionSettings, VersionThen, VersionWrite,
};
use crate::shard_map::{Epoch, ShardId, ShardMap};
use crate::world::ShardOperations;

const EXCHANGE: TimerSlot = TimerSlot(0);

/// How a server of versions is configured.
#[derive(Clone, Debug)]
pub struct VersionServerSettings {
    /// Its replicas' settings.
    pub replica: VersionSettings,
    /// Time between exchanges of a copy with one of the others, in ns.
    pub exchange: Time,
}

/// One copy of one shard.
#[derive(Clone, Debug)]
pub struct HostedVersions {
    /// Which shard.
    pub shard: ShardId,
    /// Takes writes and keeps the rows.
    pub replica: VersionReplica,
    /// How often it served clients.
    pub operations: ShardOperations,
}

/// A server of versions.
#[derive(Clone, Debug)]
pub struct VersionServer {
    // Durable in part: each replica says what.
    hosted: Vec<HostedVersions>,
    // Volatile.
    syncs: SyncQueue<VersionThen>,
    // Configuration.
    settings: VersionServerSettings,
}

impl VersionServer {
    /// A server that hosts `shards`, which are those that `map` gives it, ascending, at the beginning of time.
    #[must_use]
    pub fn new(settings: VersionServerSettings, map: &ShardMap, shards: &[ShardId]) -> Self {
        let hosted = shards.iter().map(|&shard| HostedVersions {
            shard,
            replica: VersionReplica::new(settings.replica.clone(), &map.assignment(shard).copies),
            operations: ShardOperations::default(),
        });
        Self { hosted: hosted.collect(), syncs: SyncQueue::new(), settings }
    }

    /// Its copies of shards, by shard.
    #[must_use]
    pub fn hosted(&self) -> &[HostedVersions] {
        &self.hosted
    }

    /// Whether nothing that it has taken still waits for the disk.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.syncs.is_empty()
    }

    fn slot(&self, shard: ShardId) -> Option<usize> {
        self.hosted.binary_search_by_key(&shard, |hosted| hosted.shard).ok()
    }

    fn with_port<R>(
        &mut self,
        slot: usize,
        cx: &mut Context<'_, Message>,
        act: impl FnOnce(&mut VersionReplica, &mut VersionPort<'_, '_>) -> R,
    ) -> R {
        let hosted = &mut self.hosted[slot];
        let mut port = Port { cx, shard: hosted.shard, syncs: &mut self.syncs, wrap: Message::Versions };
        act(&mut hosted.replica, &mut port)
    }

    /// Boot, and every restart. Servers begin somewhere in an interval, or all would exchange at once.
    pub fn on_start(&mut self, cx: &mut Context<'_, Message>) {
        let first = cx.rng().below(self.settings.exchange);
        cx.set_timer(EXCHANGE, first);
    }

    /// A message.
    pub fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Message>) {
        match message {
            Message::Request(request) => self.request(from, &request, cx),
            Message::Siblings(message) => self.siblings(from, *message, cx),
            Message::Versions(shard, message) => self.exchange(from, shard, message, cx),
            // Clients' business, and the other family's.
            Message::Response(_)
            | Message::Log(..)
            | Message::Control(_)
            | Message::Commit(_)
            | Message::Move(_)
            | Message::Copy(_)
            | Message::Query(_)
            | Message::Lookup(_)
            | Message::Cache(_) => {}
        }
    }

    /// The next exchange of every copy.
    pub fn on_timer(&mut self, _slot: TimerSlot, cx: &mut Context<'_, Message>) {
        for slot in 0..self.hosted.len() {
            self.with_port(slot, cx, |replica, port| replica.tick(port));
        }
        cx.set_timer(EXCHANGE, self.settings.exchange);
    }

    /// The disk has everything up to `through`.
    pub fn on_synced(&mut self, through: WriteId, cx: &mut Context<'_, Message>) {
        while self.syncs.front().is_some_and(|sync| sync.write <= through) {
            let sync = self.syncs.pop_front().expect("it was just looked at");
            let slot = self.slot(sync.shard).expect("only hosted shards write");
            self.with_port(slot, cx, |replica, port| replica.synced(sync.then, port));
            self.pump(slot, cx);
        }
    }

    /// Forgets what is volatile.
    pub fn on_crash(&mut self) {
        self.syncs.clear();
        self.hosted.iter_mut().for_each(|hosted| hosted.replica.crash());
    }

    fn exchange(
        &mut self,
        from: NodeId,
        shard: ShardId,
        message: VersionMessage,
        cx: &mut Context<'_, Message>,
    ) {
        if let Some(slot) = self.slot(shard) {
            self.with_port(slot, cx, |replica, port| replica.receive(from, message, port));
        }
    }

    /// Tells clients of writes that have been taken.
    fn pump(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        while let Some(done) = self.hosted[slot].replica.next_effective() {
            self.hosted[slot].operations.writes += 1;
            cx.send(done.client, written(done.operation, self.hosted[slot].shard));
            cx.mark("write.acked");
        }
    }

    fn request(&mut self, from: NodeId, request: &Request, cx: &mut Context<'_, Message>) {
        let Some(slot) = self.slot(request.shard) else {
            return refuse(from, (request.operation, request.shard), None, Epoch(0), cx);
        };
        match request.action {
            Action::Read | Action::Scan(_) => self.read(slot, from, request, cx),
            // Nothing moves here.
            Action::SecondWrite(_) => {}
            Action::Write => {
                let Request { operation, key, value, value_bytes, .. } = *request;
                let write = VersionWrite { operation, client: from, key, value, value_bytes, context: None };
                self.write(slot, write, cx);
            }
        }
    }

    fn write(&mut self, slot: usize, write: VersionWrite, cx: &mut Context<'_, Message>) {
        let taken = self.with_port(slot, cx, |replica, port| replica.submit(write, port));
        assert!(taken.is_ok(), "every copy takes writes");
        cx.mark("write.logged");
    }

    /// Answers at once with one version; the others, if there are any, travel along.
    fn read(&mut self, slot: usize, from: NodeId, request: &Request, cx: &mut Context<'_, Message>) {
        let hosted = &mut self.hosted[slot];
        hosted.operations.reads += 1;
        let state = hosted.replica.store().get(request.key);
        let (value, value_bytes) = match (request.action, state) {
            (Action::Scan(rows), _) => (u64::from(rows), request.value_bytes.saturating_mul(rows.into())),
            (_, None) => (0, request.value_bytes),
            (_, Some(state)) => {
                let bytes = state.versions().iter().map(|version| version.value_bytes);
                (state.shown().map_or(0, |version| version.value), bytes.fold(0, u32::saturating_add))
            }
        };
        let (operation, shard) = (request.operation, request.shard);
        let response = Response { operation, shard, status: Status::Ok, value, value_bytes };
        cx.send(from, Message::Response(response));
    }

    fn siblings(&mut self, from: NodeId, message: SiblingMessage, cx: &mut Context<'_, Message>) {
        match message {
            SiblingMessage::Fetch { operation, shard, key } => match self.slot(shard) {
                Some(slot) => self.fetch(slot, from, operation, key, cx),
                None => not_here(from, operation, shard, cx),
            },
            SiblingMessage::Put { operation, shard, key, value, value_bytes, context } => {
                let Some(slot) = self.slot(shard) else { return not_here(from, operation, shard, cx) };
                let context = Some(context);
                let write = VersionWrite { operation, client: from, key, value, value_bytes, context };
                self.write(slot, write, cx);
            }
            // The client's business.
            SiblingMessage::Fetched { .. } => {}
        }
    }

    fn fetch(
        &mut self,
        slot: usize,
        from: NodeId,
        operation: OperationId,
        key: u64,
        cx: &mut Context<'_, Message>,
    ) {
        let hosted = &mut self.hosted[slot];
        hosted.operations.reads += 1;
        let state = hosted.replica.store().get_or_default(key);
        let value_bytes = state.versions().iter().map(|version| u64::from(version.value_bytes)).sum();
        let fetched = SiblingMessage::Fetched { operation, context: state.context(), value_bytes };
        cx.send(from, Message::Siblings(Box::new(fetched)));
    }
}

fn not_here(to: NodeId, operation: OperationId, shard: ShardId, cx: &mut Context<'_, Message>) {
    let status = Status::NotPrimary { primary: None, epoch: Epoch(0) };
    cx.send(to, Message::Response(Response { operation, shard, status, value: 0, value_bytes: 0 }));
}
