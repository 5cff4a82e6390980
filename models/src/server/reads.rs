//! Reads: who may answer, and after what.
//!
//! *lease*: a primary that heard from the control plane lately enough, by its own clock (Gray & Cheriton 1989).
//! *quorum*: a primary whose epoch a majority has just confirmed (read-index, Ongaro 2014, §6.4).
//! *local*: any copy, at once. Only the first two promise freshness. They wait while a prepared transaction may be
//! about to change the key: its coordinator may have told the client already that it did.

use shardlab_sim::{Context, NodeId};

use super::Server;
use crate::config::Bug;
use crate::message::{Action, LogMessage, Message, OperationId, QueryRequest, Request, Response, Status};
use crate::replication::Reads;
use crate::shard_map::{Epoch, ShardId};

/// A read of one key, or a query over a table.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    One(Request),
    Query(Box<QueryRequest>),
}

impl Asked {
    /// The client's operation, and the shard that it asks.
    pub(super) fn name(&self) -> (OperationId, ShardId) {
        match self {
            Self::One(request) => (request.operation, request.shard),
            Self::Query(request) => (request.operation, request.shard),
        }
    }
}

/// Reads that wait until a majority has confirmed the primary's epoch, a round at a time.
#[derive(Clone, Debug, Default)]
pub(super) struct Confirmations {
    round: u32,
    confirmed_by: Vec<NodeId>,
    // Asked for in the round under way.
    asking: Vec<(NodeId, Asked)>,
    // Came after that round began, and need the next.
    waiting: Vec<(NodeId, Asked)>,
    ticks: u32,
}

impl Confirmations {
    pub(super) fn is_empty(&self) -> bool {
        self.asking.is_empty() && self.waiting.is_empty()
    }

    /// Whether a round is under way.
    pub(super) fn is_asking(&self) -> bool {
        !self.asking.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.asking.len() + self.waiting.len()
    }

    pub(super) fn take_all(&mut self) -> impl Iterator<Item = (NodeId, Asked)> + use<> {
        std::mem::take(&mut self.asking).into_iter().chain(std::mem::take(&mut self.waiting))
    }
}

impl Server {
    pub(super) fn read(&mut self, slot: usize, from: NodeId, request: Asked, cx: &mut Context<'_, Message>) {
        if self.settings.reads == Reads::Local {
            return self.answer_either(slot, from, request, cx);
        }
        if !self.hosted[slot].replica.may_answer() {
            return self.refuse(slot, from, request.name(), cx);
        }
        match self.settings.reads {
            Reads::Quorum => {
                self.hosted[slot].confirmations.waiting.push((from, request));
                self.ask_for_confirmation(slot, cx);
            }
            _ if self.holds_lease(cx) => self.answer_when_unlocked(slot, from, request, cx),
            _ => self.refuse(slot, from, request.name(), cx),
        }
    }

    fn holds_lease(&self, cx: &mut Context<'_, Message>) -> bool {
        self.settings.lease.is_none() || self.has(Bug::IgnoreLease) || cx.clock() < self.lease_until
    }

    fn answer_when_unlocked(
        &mut self,
        slot: usize,
        from: NodeId,
        request: Asked,
        cx: &mut Context<'_, Message>,
    ) {
        let hosted = &mut self.hosted[slot];
        match request {
            Asked::One(request)
                if request.action == Action::Read && hosted.machine.is_write_locked(request.key) =>
            {
                hosted.machine.note_blocked_read(request.key);
                hosted.blocked.push((from, request));
            }
            request => self.answer_either(slot, from, request, cx),
        }
    }

    fn answer_either(&mut self, slot: usize, from: NodeId, request: Asked, cx: &mut Context<'_, Message>) {
        match request {
            Asked::One(request) => self.answer(slot, from, &request, cx),
            Asked::Query(request) => self.answer_query(slot, from, &request, cx),
        }
    }

    fn answer(&mut self, slot: usize, from: NodeId, request: &Request, cx: &mut Context<'_, Message>) {
        if request.action == Action::Read && !self.hosted[slot].machine.answers(request.key) {
            return self.redirect(from, request, cx);
        }
        if request.action == Action::Read && self.hosted[slot].machine.closed().is_some() {
            return self.say_no_partition(from, (request.operation, request.shard), cx);
        }
        self.note_access(slot, request.key);
        let hosted = &mut self.hosted[slot];
        hosted.operations.reads += 1;
        let row = hosted.machine.row(request.key);
        let (value, value_bytes) = match request.action {
            Action::Scan(rows) => (u64::from(rows), u32::from(rows) * request.value_bytes),
            // A row that was never written has its opening value, of the usual size.
            _ if row.value_bytes == 0 => (row.value, request.value_bytes),
            _ => (row.value, row.value_bytes),
        };
        let response = Response {
            operation: request.operation,
            shard: request.shard,
            status: Status::Ok,
            value,
            value_bytes,
        };
        cx.send(from, Message::Response(response));
    }

    /// Locks were released: reads that waited for them try again.
    pub(super) fn retry_blocked_reads(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        for (from, request) in std::mem::take(&mut self.hosted[slot].blocked) {
            self.answer_when_unlocked(slot, from, Asked::One(request), cx);
        }
    }

    /// Begins a round if none is under way.
    fn ask_for_confirmation(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let confirmations = &mut self.hosted[slot].confirmations;
        if !confirmations.asking.is_empty() || confirmations.waiting.is_empty() {
            return;
        }
        confirmations.round += 1;
        confirmations.ticks = 0;
        confirmations.confirmed_by.clear();
        confirmations.asking = std::mem::take(&mut confirmations.waiting);
        self.rounds.note(slot);
        self.send_confirm(slot, cx);
        self.finish_round(slot, cx);
    }

    fn send_confirm(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let hosted = &self.hosted[slot];
        let (epoch, round) = (hosted.replica.epoch(), hosted.confirmations.round);
        for node in hosted.replica.other_members() {
            cx.send(node, Message::Log(hosted.shard, LogMessage::Confirm { epoch, round }));
        }
    }

    pub(super) fn confirm(
        &mut self,
        slot: usize,
        from: NodeId,
        epoch: Epoch,
        round: u32,
        cx: &mut Context<'_, Message>,
    ) {
        let hosted = &self.hosted[slot];
        let promised = hosted.replica.epoch();
        let answer = if epoch >= promised || self.has(Bug::NoFencing) {
            LogMessage::Confirmed { epoch, round }
        } else {
            LogMessage::Deposed { epoch: promised }
        };
        cx.send(from, Message::Log(hosted.shard, answer));
    }

    pub(super) fn confirmed(
        &mut self,
        slot: usize,
        from: NodeId,
        epoch: Epoch,
        round: u32,
        cx: &mut Context<'_, Message>,
    ) {
        let hosted = &mut self.hosted[slot];
        let current = hosted.replica.is_primary()
            && hosted.replica.epoch() == epoch
            && hosted.confirmations.round == round
            && !hosted.confirmations.confirmed_by.contains(&from);
        if current {
            hosted.confirmations.confirmed_by.push(from);
            self.finish_round(slot, cx);
        }
    }

    /// Answers the round's reads once a majority, this copy included, has confirmed; then begins the next.
    fn finish_round(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let hosted = &mut self.hosted[slot];
        let members = hosted.replica.other_members().count() + 1;
        if hosted.confirmations.confirmed_by.len() < members / 2 {
            return;
        }
        for (from, request) in std::mem::take(&mut hosted.confirmations.asking) {
            self.answer_when_unlocked(slot, from, request, cx);
        }
        self.ask_for_confirmation(slot, cx);
    }

    /// A round that takes too long has lost messages: ask again.
    pub(super) fn tick_reads(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let limit = self.settings.replica.resend_after_ticks;
        let hosted = &mut self.hosted[slot];
        if hosted.confirmations.asking.is_empty() {
            return;
        }
        hosted.confirmations.ticks += 1;
        if hosted.confirmations.ticks.is_multiple_of(limit) {
            self.send_confirm(slot, cx);
        }
    }
}
