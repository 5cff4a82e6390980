//! Operations on one key: read, write, insert, read then write, probe.

use shardlab_consistency::{NO_NODE, OperationKind, Outcome};
use shardlab_sim::{Context, NodeId};

use crate::client::sessions::Work;
use crate::client::{ClientPool, observed, session_timer};
use crate::message::{Action, Message, OperationId, Request, Response, Status};
use crate::node::Observation;
use crate::shard_map::ShardId;

/// What is under way on one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Single {
    pub purpose: Purpose,
    pub key: u64,
    pub shard: ShardId,
    /// Whose answer is awaited; nobody's while the session pauses.
    pub asked: Option<NodeId>,
    /// The first of two writes is done, and the answer to the second awaited.
    pub is_second: bool,
    /// How far it is, where remedies for hotspots are on.
    pub stage: Stage,
}

/// How far an operation on one key is, where remedies for hotspots are on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// At its beginning; without remedies it stays there.
    Begin,
    /// It waits for the answer to somebody else's request.
    Riding,
    /// The cache has been asked.
    Cache,
    /// The database has been asked.
    Database {
        /// The cache's token, if it wants to know the answer.
        fills: Option<u64>,
    },
    /// It is written, and is to be deleted from the cache.
    Invalidate {
        /// Who wrote it.
        node: u16,
    },
}

impl Single {
    pub const fn new(purpose: Purpose, key: u64, shard: ShardId) -> Self {
        Self { purpose, key, shard, asked: None, is_second: false, stage: Stage::Begin }
    }
}

/// What for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    /// The read of a read-modify-write; the write follows as an operation of its own.
    ReadThenWrite,
    Write,
    Insert,
    /// One of the operations that a query is made of.
    Part(Part, OperationId),
    /// The write that every shard must take after the drain; for which it is.
    Probe(ShardId),
}

/// What an operation of a query does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Read,
    Write,
    Insert,
}

impl Part {
    pub const fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Insert)
    }
}

impl Purpose {
    pub const fn writes(self) -> bool {
        match self {
            Self::Write | Self::Insert | Self::Probe(_) => true,
            Self::Read | Self::ReadThenWrite => false,
            Self::Part(part, _) => part.writes(),
        }
    }

    pub const fn is_probe(self) -> bool {
        matches!(self, Self::Probe(_))
    }

    pub const fn kind(self) -> OperationKind {
        match self {
            Self::Read | Self::ReadThenWrite | Self::Part(Part::Read, _) => OperationKind::Read,
            Self::Write | Self::Probe(_) | Self::Part(Part::Write, _) => OperationKind::Write,
            Self::Insert | Self::Part(Part::Insert, _) => OperationKind::Insert,
        }
    }
}

impl ClientPool {
    #[inline]
    pub(super) fn begin_single(
        &mut self,
        slot: usize,
        purpose: Purpose,
        key: u64,
        cx: &mut Context<'_, Message>,
    ) {
        if purpose.writes() && self.settings.merges_siblings {
            return self.begin_merge(slot, purpose, key, cx);
        }
        if self.salts(key) {
            return self.begin_salted(slot, purpose, key, cx);
        }
        let shard = self.router.shard_of(key);
        self.sessions[slot].begin(Work::Single(Single::new(purpose, key, shard)), cx.now());
        self.attempt_single(slot, cx);
    }

    /// Asks the database, unless there are remedies, which know better.
    #[inline]
    pub(super) fn attempt_single(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        if self.remedied.is_some() { self.attempt_remedied(slot, cx) } else { self.ask_database(slot, cx) }
    }

    /// Sends the request to whom it should go; pauses if nobody is known.
    #[inline]
    pub(super) fn ask_database(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        if self.lookups.is_some() && !self.find_shards(slot, cx) {
            return;
        }
        let session = &mut self.sessions[slot];
        let (operation, has_failed) = (session.operation(), session.failures > 0);
        let Work::Single(single) = &mut session.work else { return };
        let writes = single.purpose.writes();
        if self.router.is_closed(single.key) {
            single.asked = None;
            return self.nobody_to_ask(slot, cx);
        }
        single.asked = self.router.whom(single.shard, writes, has_failed, &mut self.routes);
        let single = *single;
        let Some(server) = single.asked else { return self.nobody_to_ask(slot, cx) };
        let request = Request {
            operation,
            action: if single.purpose.writes() { Action::Write } else { Action::Read },
            shard: single.shard,
            key: single.key,
            value: operation.as_value(),
            value_bytes: self.value_bytes(single.key),
        };
        cx.send(server, Message::Request(request));
        cx.set_timer(session_timer(slot), self.settings.timeout);
    }

    #[inline]
    pub(super) fn on_response(&mut self, from: NodeId, response: Response, cx: &mut Context<'_, Message>) {
        // An answer to what has ended, or to what was retried and has gone on, changes nothing.
        let Some(slot) = self.sessions.find(response.operation) else { return };
        match (&self.sessions[slot].work, response.status) {
            (Work::Scan(_), _) => self.on_scan_response(slot, from, response, cx),
            (Work::Query(_), _) => self.on_query_refused(slot, from, &response, cx),
            (Work::Merge(_), _) => self.on_merge_response(slot, from, &response, cx),
            (Work::Salted(_), _) => self.on_salted_response(slot, from, &response, cx),
            (Work::Single(_), Status::Ok) if self.remedied.is_some() => {
                let found = (response.value, response.value_bytes);
                self.carried_out(slot, found, from.0 as u16, cx)
            }
            (Work::Single(_), Status::Ok) => {
                self.end_single(slot, Outcome::Ok, response.value, from.0 as u16, cx)
            }
            (Work::Single(_), Status::Written { version }) => self.write_again(slot, from, version, cx),
            (Work::Single(single), _) if single.is_second => self.second_write_failed(slot, from, cx),
            // Only the last server asked can refuse: an earlier one's word is out of date.
            (Work::Single(single), Status::NotPrimary { primary, epoch }) if single.asked == Some(from) => {
                let follow = self.router.learn(single.shard, primary, epoch);
                self.refused(slot, follow, cx);
            }
            (Work::Single(single), Status::NotOwner) if single.asked == Some(from) => {
                let (key, shard) = (single.key, single.shard);
                let follow = match self.lookups {
                    Some(_) => self.forget_shard(slot, key),
                    None => self.router.shard_of(key) != shard,
                };
                self.reroute(slot);
                self.refused(slot, follow, cx);
            }
            // Nothing was done, and nothing will be: no use in asking again. One server may have both shards, so that an
            // earlier refusal, of the shard that was asked first, must not end what the other is asked.
            (Work::Single(single), Status::NoPartition)
                if single.asked == Some(from) && single.shard == response.shard =>
            {
                if !single.purpose.is_probe() {
                    return self.end_single(slot, Outcome::Fail, 0, NO_NODE, cx);
                }
                self.sessions[slot].work = Work::Idle;
                self.end_operation(slot, Outcome::Fail, cx);
            }
            _ => {}
        }
    }

    /// The key may live elsewhere by now.
    pub(super) fn reroute(&mut self, slot: usize) {
        if let Work::Single(single) = &mut self.sessions[slot].work {
            single.shard = self.router.shard_of(single.key);
        }
    }

    fn refused(&mut self, slot: usize, follow: bool, cx: &mut Context<'_, Message>) {
        // Each hint that is followed has a newer epoch than the last, and a key moves seldom, so that this comes to an
        // end.
        let writes = self.sessions[slot].work.changes_something();
        if follow && !self.router.takes_any_copy(writes) {
            return self.ask_database(slot, cx);
        }
        self.attempt_failed(slot, cx);
    }

    /// `value` is what a read found.
    #[inline]
    pub(super) fn end_single(
        &mut self,
        slot: usize,
        outcome: Outcome,
        value: u64,
        node: u16,
        cx: &mut Context<'_, Message>,
    ) {
        let session = &mut self.sessions[slot];
        let Some(single) = session.work.single() else { return };
        if let Purpose::Probe(shard) = single.purpose {
            cx.observe(Observation::Probed { shard });
        } else {
            cx.observe(Observation::Operation(observed::single(
                session,
                &single,
                outcome,
                value,
                node,
                cx.now(),
            )));
        }
        session.work = Work::Idle;
        if let Purpose::Part(_, whole) = single.purpose {
            return self.end_part(slot, whole, (outcome, value), cx);
        }
        if outcome == Outcome::Ok && single.purpose == Purpose::ReadThenWrite {
            return self.begin_single(slot, Purpose::Write, single.key, cx);
        }
        self.end_operation(slot, outcome, cx);
    }
}
