//! Client sessions: which operation each has had applied last, so that a retry is not applied twice
//! (Ongaro, *Consensus: bridging theory and practice*, 2014, §6.3).

use crate::message::OperationId;

/// What a session's last applied operation says about another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// It comes after everything applied.
    New,
    /// It is the last one applied: a retry, to be answered again.
    Last,
    /// The client has long gone on: nobody waits for an answer.
    Earlier,
}

/// The last operation applied, by session. Sessions are numbered densely over the world, so a plain vector holds them.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    last: Vec<u32>,
}

impl Sessions {
    pub(super) fn seen(&self, operation: OperationId) -> Seen {
        let last = self.last.get(operation.session as usize).copied().unwrap_or(0);
        match operation.sequence.cmp(&last) {
            std::cmp::Ordering::Greater => Seen::New,
            std::cmp::Ordering::Equal => Seen::Last,
            std::cmp::Ordering::Less => Seen::Earlier,
        }
    }

    /// Every session with an operation, and its last.
    pub(super) fn all(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        (0..).zip(self.last.iter().copied()).filter(|&(_, last)| last > 0)
    }

    /// What another shard has seen counts here too, for its keys come here: the later of two operations is the last.
    pub(super) fn merge(&mut self, session: u32, sequence: u32) {
        let operation = OperationId { session, sequence };
        if self.seen(operation) == Seen::New {
            self.note(operation);
        }
    }

    pub(super) fn note(&mut self, operation: OperationId) {
        let session = operation.session as usize;
        if session >= self.last.len() {
            self.last.resize(session + 1, 0);
        }
        self.last[session] = operation.sequence;
    }
}
