//! Second writes: while a key moves, whoever writes twice writes it where it goes, when its owner has acknowledged it.
//!
//! The owner is the system of record: with its word the operation is done, whatever becomes of the second write. One
//! that fails is not repeated, as applications that log the error and go on do not; the verification finds it.

use shardlab_consistency::Outcome;
use shardlab_sim::{Context, NodeId};

use crate::client::sessions::Work;
use crate::client::{ClientPool, session_timer};
use crate::message::{Action, Message, Request};

impl ClientPool {
    /// The owner has written the key, as this version.
    pub(super) fn write_again(
        &mut self,
        slot: usize,
        from: NodeId,
        version: u32,
        cx: &mut Context<'_, Message>,
    ) {
        let session = &mut self.sessions[slot];
        let operation = session.operation();
        let Work::Single(single) = &mut session.work else { return };
        if single.is_second {
            return;
        }
        // A map that does not know of the move: this client does not write twice yet.
        let Some(shard) = self.router.second_owner(single.key) else {
            return self.end_single(slot, Outcome::Ok, operation.as_value(), from.0 as u16, cx);
        };
        single.is_second = true;
        single.asked = self.router.primary(shard);
        let Some(server) = single.asked else { return self.second_write_missed(slot, cx) };
        let request = Request {
            operation,
            action: Action::SecondWrite(version),
            shard,
            key: single.key,
            value: operation.as_value(),
            value_bytes: self.settings.value_bytes,
        };
        cx.send(server, Message::Request(request));
        cx.set_timer(session_timer(slot), self.settings.timeout);
        cx.mark("move.second-write");
    }

    /// The new owner refuses; an older answer of the first one says nothing.
    pub(super) fn second_write_failed(&mut self, slot: usize, from: NodeId, cx: &mut Context<'_, Message>) {
        if self.sessions[slot].work.single().is_some_and(|single| single.asked == Some(from)) {
            self.second_write_missed(slot, cx);
        }
    }

    /// The second write is not known to be done: the first one is.
    pub(super) fn second_write_missed(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        self.second_writes_missed += 1;
        let operation = self.sessions[slot].operation();
        let node = shardlab_consistency::NO_NODE;
        self.end_single(slot, Outcome::Ok, operation.as_value(), node, cx);
    }
}
