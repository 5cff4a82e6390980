//! Writes where concurrent versions are kept: fetch the siblings, merge them, write the union with the context that
//! came along. Values are sets, and each write adds its own element, so that the union of siblings loses nothing.
//!
//! It is one operation, from its first request to its last answer. A retry begins with a new fetch: what an earlier
//! attempt may have left is merged then, like anyone else's.

use shardlab_consistency::Outcome;
use shardlab_sim::{Context as World, NodeId};

use crate::client::sessions::Work;
use crate::client::single::{Purpose, Single};
use crate::client::{ClientPool, session_timer};
use crate::conflict::Context;
use crate::message::{Message, Response, SiblingMessage, Status};

/// A write of a set under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Merge {
    pub single: Single,
    /// Whether the answer that is awaited brings the siblings, or else says that the union is written.
    is_fetching: bool,
    /// Some attempt got as far as writing.
    pub has_put: bool,
}

impl ClientPool {
    pub(super) fn begin_merge(
        &mut self,
        slot: usize,
        purpose: Purpose,
        key: u64,
        cx: &mut World<'_, Message>,
    ) {
        let single = Single::new(purpose, key, self.router.shard_of(key));
        let merge = Merge { single, is_fetching: true, has_put: false };
        self.sessions[slot].begin(Work::Merge(Box::new(merge)), cx.now());
        self.attempt_merge(slot, cx);
    }

    /// Asks a copy for the siblings.
    pub(super) fn attempt_merge(&mut self, slot: usize, cx: &mut World<'_, Message>) {
        if self.lookups.is_some() && !self.find_shards(slot, cx) {
            return;
        }
        let session = &mut self.sessions[slot];
        let (operation, has_failed) = (session.operation(), session.failures > 0);
        let Work::Merge(merge) = &mut session.work else { return };
        let Single { key, shard, .. } = merge.single;
        merge.is_fetching = true;
        merge.single.asked = self.router.whom(shard, true, has_failed, &mut self.routes);
        let Some(server) = merge.single.asked else { return self.nobody_to_ask(slot, cx) };
        cx.send(server, Message::Siblings(Box::new(SiblingMessage::Fetch { operation, shard, key })));
        cx.set_timer(session_timer(slot), self.settings.timeout);
    }

    /// The siblings have come: write their union with this operation's element in it.
    pub(super) fn on_siblings(&mut self, from: NodeId, message: SiblingMessage, cx: &mut World<'_, Message>) {
        let SiblingMessage::Fetched { operation, context, .. } = message else { return };
        let Some(slot) = self.sessions.find(operation) else { return };
        let Work::Merge(merge) = &mut self.sessions[slot].work else { return };
        // What an earlier attempt asked for is out of date.
        if !merge.is_fetching || merge.single.asked != Some(from) {
            return;
        }
        merge.is_fetching = false;
        merge.has_put = true;
        let single = merge.single;
        self.put(from, slot, single, context, cx);
    }

    fn put(
        &mut self,
        to: NodeId,
        slot: usize,
        single: Single,
        context: Context,
        cx: &mut World<'_, Message>,
    ) {
        let operation = self.sessions[slot].operation();
        let put = SiblingMessage::Put {
            operation,
            shard: single.shard,
            key: single.key,
            value: operation.as_value(),
            value_bytes: self.settings.value_bytes,
            context,
        };
        cx.send(to, Message::Siblings(Box::new(put)));
        cx.set_timer(session_timer(slot), self.settings.timeout);
    }

    /// The union is written, by this attempt or by an earlier one; or the copy has moved away.
    pub(super) fn on_merge_response(
        &mut self,
        slot: usize,
        from: NodeId,
        response: &Response,
        cx: &mut World<'_, Message>,
    ) {
        let Work::Merge(merge) = &self.sessions[slot].work else { return };
        match response.status {
            Status::Ok => self.end_single(slot, Outcome::Ok, response.value, from.0 as u16, cx),
            Status::NotPrimary { .. } if merge.single.asked == Some(from) => self.attempt_failed(slot, cx),
            // Where copies take writes by themselves nothing moves.
            Status::NotPrimary { .. } | Status::NotOwner | Status::NoPartition | Status::Written { .. } => {}
        }
    }
}
