//! Client sessions: which operation each has had applied last, so that a retry is not applied twice
//! (Ongaro, *Consensus: bridging theory and practice*, 2014, §6.3).

use std::cmp::Ordering;

use hashbrown::HashTable;

use crate::hash::mix;
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

/// The last operation applied, by session.
///
/// A table, and no vector by session: sessions are numbered over the whole world, and a shard of a large one hears of few.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    last: HashTable<(u32, u32)>,
}

impl Sessions {
    pub(super) fn seen(&self, operation: OperationId) -> Seen {
        let last = self.last.find(hash(operation.session), |&(session, _)| session == operation.session);
        match operation.sequence.cmp(&last.map_or(0, |&(_, last)| last)) {
            Ordering::Greater => Seen::New,
            Ordering::Equal => Seen::Last,
            Ordering::Less => Seen::Earlier,
        }
    }

    /// Every session with an operation, ascending, and its last.
    pub(super) fn all(&self) -> Vec<(u32, u32)> {
        let mut all: Vec<(u32, u32)> = self.last.iter().copied().collect();
        all.sort_unstable();
        all
    }

    /// What another shard has seen counts here too, for its keys come here: the later of two operations is the last.
    pub(super) fn merge(&mut self, session: u32, sequence: u32) {
        let operation = OperationId { session, sequence };
        if self.seen(operation) == Seen::New {
            self.note(operation);
        }
    }

    pub(super) fn note(&mut self, operation: OperationId) {
        let is_it = |&(session, _): &(u32, u32)| session == operation.session;
        let entry = self.last.entry(hash(operation.session), is_it, |&(session, _)| hash(session));
        entry.or_insert((operation.session, 0)).into_mut().1 = operation.sequence;
    }
}

const fn hash(session: u32) -> u64 {
    mix(session as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(session: u32, sequence: u32) -> OperationId {
        OperationId { session, sequence }
    }

    #[test]
    fn a_session_s_last_operation_says_what_another_one_is() {
        let mut sessions = Sessions::default();
        assert_eq!(sessions.seen(operation(7, 1)), Seen::New);
        sessions.note(operation(7, 2));
        let seen = [1, 2, 3].map(|sequence| sessions.seen(operation(7, sequence)));
        assert_eq!(seen, [Seen::Earlier, Seen::Last, Seen::New]);
        assert_eq!(sessions.seen(operation(8, 1)), Seen::New, "another session has done nothing");
    }

    #[test]
    fn merging_keeps_the_later_operation_and_all_come_in_order() {
        let mut sessions = Sessions::default();
        (0..50).rev().for_each(|session| sessions.note(operation(session * 1_000_003, 5)));
        sessions.merge(0, 4);
        sessions.merge(1_000_003, 6);
        let all = sessions.all();
        assert!(all.is_sorted());
        assert_eq!((all.len(), all[0], all[1]), (50, (0, 5), (1_000_003, 6)));
    }

    #[test]
    fn what_is_kept_is_in_proportion_to_the_sessions_heard_of() {
        let mut sessions = Sessions::default();
        sessions.note(operation(4_000_000_000, 1));
        assert!(sessions.last.capacity() < 8, "{}", sessions.last.capacity());
    }
}
