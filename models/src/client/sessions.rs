//! Sessions: a slab of slots, each with at most one operation under way.

use std::ops::{Index, IndexMut};

use shardlab_sim::Time;

use crate::client::merge::Merge;
use crate::client::query::QueryWork;
use crate::client::salted::Salted;
use crate::client::scan::Scan;
use crate::client::single::Single;
use crate::client::transaction::TransactionWork;
use crate::message::OperationId;

/// One session.
#[derive(Clone, Debug)]
pub(super) struct Session {
    /// Its number, unique in the world.
    pub number: u32,
    /// Operations so far; the one under way has this number.
    pub sequence: u32,
    /// How many numbers, from that one on, are the operation's: one for each way of a salted key.
    span: u32,
    /// Attempts of transactions so far.
    pub transactions: u32,
    /// When the operation under way began.
    pub invoked: Time,
    /// Attempts at it that came to nothing.
    pub failures: u32,
    /// Some attempt at it may have been executed.
    pub in_doubt: bool,
    /// It waits for a directory: no shard has heard of this attempt yet.
    pub looks_up: bool,
    /// What is under way.
    pub work: Work,
}

/// What a session is about.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// Nothing.
    Idle,
    /// One key.
    Single(Single),
    /// One key, whose siblings are merged.
    Merge(Box<Merge>),
    /// One key that is stored several times.
    Salted(Box<Salted>),
    /// All shards.
    Scan(Box<Scan>),
    /// Rows of tables.
    Query(Box<QueryWork>),
    /// Several keys in one step.
    Transaction(Box<TransactionWork>),
}

impl Work {
    /// Whether an answer is awaited; else the session pauses.
    pub fn awaits_answer(&self) -> bool {
        match self {
            Self::Idle => false,
            Self::Single(single) => single.asked.is_some(),
            Self::Merge(merge) => merge.single.asked.is_some(),
            Self::Scan(scan) => scan.fanout.outstanding() > 0,
            Self::Query(query) => query.awaits_answer(),
            Self::Salted(salted) => salted.awaits_answer(),
            Self::Transaction(work) => work.awaits_answer,
        }
    }

    /// Gives up waiting for the answer to this attempt.
    pub fn stop_waiting(&mut self) {
        match self {
            Self::Idle => {}
            Self::Single(single) => single.asked = None,
            Self::Merge(merge) => merge.single.asked = None,
            Self::Scan(scan) => scan.fanout.stop_waiting(),
            Self::Query(query) => query.stop_waiting(),
            Self::Salted(salted) => salted.stop_waiting(),
            Self::Transaction(work) => work.awaits_answer = false,
        }
    }

    /// Whether it would leave a trace if it happened.
    pub fn changes_something(&self) -> bool {
        match self {
            // Writes of a query are operations of their own.
            Self::Idle | Self::Scan(_) | Self::Query(_) => false,
            Self::Single(single) => single.purpose.writes(),
            // Fetching leaves no trace.
            Self::Merge(merge) => merge.has_put,
            Self::Salted(salted) => salted.single.purpose.writes(),
            Self::Transaction(work) => work.changes_something(),
        }
    }

    /// What is under way on one key, in one request or in two.
    #[inline]
    pub fn single(&self) -> Option<Single> {
        match self {
            Self::Single(single) => Some(*single),
            Self::Merge(merge) => Some(merge.single),
            Self::Salted(salted) => Some(salted.single),
            Self::Idle | Self::Scan(_) | Self::Query(_) | Self::Transaction(_) => None,
        }
    }

    /// Forgets what an earlier attempt at a read has found.
    pub fn begin_anew(&mut self) {
        if let Self::Salted(salted) = self {
            salted.begin_anew();
        }
    }

    /// What is under way on one key, to be changed; merges go their own way.
    pub fn single_mut(&mut self) -> Option<&mut Single> {
        match self {
            Self::Single(single) => Some(single),
            Self::Salted(salted) => Some(&mut salted.single),
            Self::Merge(_) | Self::Idle | Self::Scan(_) | Self::Query(_) | Self::Transaction(_) => None,
        }
    }

    pub fn is_probe(&self) -> bool {
        self.single().is_some_and(|single| single.purpose.is_probe())
    }
}

impl Session {
    fn new(number: u32) -> Self {
        let work = Work::Idle;
        Self {
            number,
            sequence: 0,
            span: 1,
            transactions: 0,
            invoked: 0,
            failures: 0,
            in_doubt: false,
            looks_up: false,
            work,
        }
    }

    pub fn operation(&self) -> OperationId {
        OperationId { session: self.number, sequence: self.sequence }
    }

    pub fn is_idle(&self) -> bool {
        matches!(self.work, Work::Idle)
    }

    /// Begins a new operation.
    #[inline]
    pub fn begin(&mut self, work: Work, now: Time) {
        self.begin_several(1, now);
        self.work = work;
    }

    /// Begins a new operation of so many requests, each with a number of its own; the work is to be put in.
    #[inline]
    pub fn begin_several(&mut self, requests: u32, now: Time) {
        self.sequence += self.span;
        self.span = requests;
        self.invoked = now;
        self.failures = 0;
        self.in_doubt = false;
        self.looks_up = false;
    }

    /// Gives the operation under way new numbers: what is answered to the old ones comes too late. Only reads may have
    /// them, since a write is known by its number.
    pub fn renumber(&mut self) {
        assert!(!self.work.changes_something(), "a write keeps its number");
        self.sequence += self.span;
    }

    /// The id that the operation under way leaves, if it writes.
    pub fn written(&self) -> u64 {
        match &self.work {
            Work::Salted(salted) => salted.stamp,
            _ => self.operation().as_value(),
        }
    }
}

/// All sessions of a pool.
///
/// A session's number has the pool in its low bits, as many as the number of pools needs, and a count within the pool
/// above them: unique in the world and dense.
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    slots: Vec<Session>,
    free: Vec<u32>,
    /// By count within the pool: the slot, or [`RETIRED`].
    slot_of: Vec<u32>,
    pool: u32,
    pool_bits: u32,
}

/// Which of so many pools the session of that number is in: its place among [`Layout::clients`](crate::world::Layout).
#[must_use]
pub fn pool_of(session: u32, pools: u32) -> usize {
    (session % pools.next_power_of_two()) as usize
}

const RETIRED: u32 = u32::MAX;

impl Sessions {
    pub fn new(pool: u32, pools: u32) -> Self {
        let pool_bits = pools.next_power_of_two().trailing_zeros();
        Self { slots: Vec::new(), free: Vec::new(), slot_of: Vec::new(), pool, pool_bits }
    }

    /// An idle session's slot; a new one if none is free.
    #[inline]
    pub fn take(&mut self) -> usize {
        if let Some(slot) = self.free.pop() {
            return slot as usize;
        }
        let slot = self.slots.len();
        let number = self.next_number(slot);
        self.slots.push(Session::new(number));
        slot
    }

    /// Puts an idle session's slot back.
    pub fn give_back(&mut self, slot: usize) {
        assert!(self.slots[slot].is_idle(), "a busy session is not free");
        self.free.push(slot as u32);
    }

    /// Puts every slot back; all must be idle.
    pub fn give_all_back(&mut self) {
        self.free.clear();
        // The lowest on top, as if they had never been taken.
        (0..self.slots.len()).rev().for_each(|slot| self.give_back(slot));
    }

    /// Replaces the session in a slot by a new one, because nobody knows what became of its last operation.
    pub fn retire(&mut self, slot: usize) {
        let local = self.slots[slot].number >> self.pool_bits;
        self.slot_of[local as usize] = RETIRED;
        let number = self.next_number(slot);
        self.slots[slot] = Session::new(number);
    }

    fn next_number(&mut self, slot: usize) -> u32 {
        let local = self.slot_of.len() as u64;
        assert!(local < 1 << (32 - self.pool_bits), "session numbers have 32 bits");
        self.slot_of.push(slot as u32);
        (local as u32) << self.pool_bits | self.pool
    }

    /// The slot in which this operation is under way.
    #[inline]
    pub fn find(&self, operation: OperationId) -> Option<usize> {
        let slot = *self.slot_of.get((operation.session >> self.pool_bits) as usize)? as usize;
        let session = self.slots.get(slot)?;
        let is_own = operation.sequence.wrapping_sub(session.sequence) < session.span;
        (session.number == operation.session && is_own && !session.is_idle()).then_some(slot)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Session> {
        self.slots.iter()
    }

    pub fn count(&self) -> usize {
        self.slots.len()
    }
}

impl Index<usize> for Sessions {
    type Output = Session;

    #[inline]
    fn index(&self, slot: usize) -> &Session {
        &self.slots[slot]
    }
}

impl IndexMut<usize> for Sessions {
    #[inline]
    fn index_mut(&mut self, slot: usize) -> &mut Session {
        &mut self.slots[slot]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn numbers_are_unique_over_pools_and_never_come_back() {
        let mut numbers = BTreeSet::new();
        for pool in 0..3 {
            let mut sessions = Sessions::new(pool, 3);
            for _ in 0..4 {
                let slot = sessions.take();
                assert!(numbers.insert(sessions[slot].number));
                assert_eq!(pool_of(sessions[slot].number, 3), pool as usize);
                sessions.retire(slot);
                assert!(numbers.insert(sessions[slot].number));
            }
        }
    }

    #[test]
    fn an_operation_is_found_while_it_is_under_way_and_not_after() {
        let mut sessions = Sessions::new(1, 2);
        let slot = sessions.take();
        sessions[slot].begin(Work::Scan(Box::new(Scan::new(0, 1, 1))), 0);
        let operation = sessions[slot].operation();
        assert_eq!(sessions.find(operation), Some(slot));
        assert_eq!(sessions.find(OperationId { sequence: 2, ..operation }), None);
        assert_eq!(sessions.find(OperationId { session: 9, ..operation }), None);
        sessions.retire(slot);
        assert_eq!(sessions.find(operation), None);
    }

    #[test]
    fn slots_are_used_again() {
        let mut sessions = Sessions::new(0, 1);
        let slot = sessions.take();
        sessions.give_back(slot);
        assert_eq!(sessions.take(), slot);
        assert_ne!(sessions.take(), slot);
    }
}
