//! Second writes, where clients write twice: the new owner of a key takes what the old one has acknowledged.

use std::sync::Arc;

use shardlab_sim::{Context, NodeId};

use crate::message::{Message, MoveCommand, MoveStep, OperationId, Request, Response, Status};
use crate::server::{Server, written};
use crate::storage::Row;

impl Server {
    /// A client writes a key here too, as the version that the old owner gave it.
    pub(in crate::server) fn second_write(
        &mut self,
        slot: usize,
        from: NodeId,
        request: &Request,
        version: u32,
        cx: &mut Context<'_, Message>,
    ) {
        if !self.hosted[slot].replica.may_answer() {
            return self.refuse(slot, from, (request.operation, request.shard), cx);
        }
        let plan = self.map.as_ref().and_then(|map| map.routing.plan.clone());
        let moving = plan.and_then(|plan| Some((plan.pair_of(request.key)?, plan)));
        let Some((pair, plan)) = moving.filter(|(pair, _)| pair.1 == request.shard) else {
            return self.redirect(from, request, cx);
        };
        let Request { operation, key, value, value_bytes, .. } = *request;
        let row = Row { value, balance: 0, version, value_bytes };
        let step = MoveStep::Second { operation, client: from, key, row };
        self.second_writes.0 += 1;
        self.second_writes.1 += u64::from(value_bytes);
        self.order_step(slot, MoveCommand { plan: Arc::clone(&plan), pair, step }, cx);
    }

    pub(super) fn answer_second(
        &self,
        slot: usize,
        operation: OperationId,
        client: NodeId,
        cx: &mut Context<'_, Message>,
    ) {
        cx.send(client, written(operation, self.hosted[slot].shard));
        cx.mark("move.second-written");
    }

    /// Tells a client that its write is done, and which version of the row it left, where it is to be written again.
    pub(in crate::server) fn tell_written(
        &self,
        slot: usize,
        operation: OperationId,
        client: NodeId,
        (key, value): (u64, u64),
        cx: &mut Context<'_, Message>,
    ) {
        let hosted = &self.hosted[slot];
        let Some(version) = hosted.machine.version_to_write_again(key, value) else {
            return cx.send(client, written(operation, hosted.shard));
        };
        let status = Status::Written { version };
        let response = Response { operation, shard: hosted.shard, status, value, value_bytes: 0 };
        cx.send(client, Message::Response(response));
    }
}
