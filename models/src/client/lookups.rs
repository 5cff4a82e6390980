//! Where keys live that only a directory can tell: the client's memory of its answers, and operations that wait for
//! one.
//!
//! An operation whose groups are all remembered goes on at once. Else it is parked, and a directory is asked about what
//! is missing, once for all operations of the pool that wait for the same group. An operation that hears nothing was
//! never sent to a shard: it tries again and in the end it has failed, for certain.

use std::collections::{BTreeMap, BTreeSet};

use shardlab_sim::{Context, NodeId, Time};

use crate::client::sessions::Work;
use crate::client::{ClientPool, session_timer};
use crate::lookup::{Cache, LookupMessage};
use crate::message::{Message, OperationId};
use crate::node::Observation;
use crate::shard_map::ShardId;

/// What a pool knows from directories.
#[derive(Clone, Debug)]
pub(super) struct Lookups {
    // Volatile.
    cache: Cache,
    /// By group: a question that is out.
    under_way: BTreeMap<u64, Question>,
    /// By slot: an operation that waits for answers, or has them and is about to go on.
    parked: BTreeMap<usize, Parked>,
    /// Place of the directory that is asked, until it fails to answer.
    asks: usize,
    // Measures.
    measures: LookupMeasures,
    // Configuration. The nearest first.
    directories: Vec<NodeId>,
    /// A question that is older is asked again by the next who needs it.
    patience: Time,
}

#[derive(Clone, Debug)]
struct Question {
    asked: Time,
    /// Place of the directory that was.
    whom: usize,
    waiting: Vec<(usize, OperationId)>,
}

#[derive(Clone, Debug)]
struct Parked {
    operation: OperationId,
    found: BTreeMap<u64, ShardId>,
    missing: BTreeSet<u64>,
}

/// How often a pool's memory sufficed; ours to measure, so crashes do not touch it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LookupMeasures {
    /// Groups that were remembered when an operation needed them.
    pub hits: u64,
    /// Groups that were not.
    pub misses: u64,
}

impl Lookups {
    /// Asks the first of these directories, and another one when it does not answer.
    pub fn new(cache: Cache, directories: Vec<NodeId>, patience: Time) -> Self {
        let (under_way, parked) = (BTreeMap::new(), BTreeMap::new());
        let measures = LookupMeasures::default();
        Self { cache, under_way, parked, asks: 0, measures, directories, patience }
    }

    pub fn measures(&self) -> LookupMeasures {
        self.measures
    }

    /// What an operation needs, if all of it is known; else the rest of it, to be asked for.
    fn gather(
        &mut self,
        groups: &BTreeMap<u64, u64>,
        clock: Time,
    ) -> (BTreeMap<u64, ShardId>, BTreeSet<u64>) {
        let (mut found, mut missing) = (BTreeMap::new(), BTreeSet::new());
        for &group in groups.keys() {
            match self.cache.get(group, clock) {
                Some(shard) => {
                    self.measures.hits += 1;
                    found.insert(group, shard);
                }
                None => {
                    self.measures.misses += 1;
                    missing.insert(group);
                }
            }
        }
        (found, missing)
    }

    /// Answers that have come for the operation in this slot.
    fn take(&mut self, slot: usize, operation: OperationId) -> Option<BTreeMap<u64, ShardId>> {
        let parked = self.parked.get(&slot)?;
        if parked.operation == operation && parked.missing.is_empty() {
            return self.parked.remove(&slot).map(|parked| parked.found);
        }
        None
    }

    /// Waits for what is known of a group; says whom to ask, if nobody has been or too long ago.
    fn join(&mut self, group: u64, waiter: (usize, OperationId), now: Time) -> Option<NodeId> {
        let (patience, whom) = (self.patience, self.asks);
        let new = || Question { asked: now, whom, waiting: Vec::new() };
        let question = self.under_way.entry(group).or_insert_with(new);
        let is_stale = now >= question.asked.saturating_add(patience);
        if is_stale {
            (question.asked, question.whom) = (now, whom);
        }
        question.waiting.push(waiter);
        (is_stale || question.waiting.len() == 1).then(|| self.directories[whom])
    }

    /// The operation in this slot has waited in vain: whoever was asked and is still being asked is so no more.
    fn give_up(&mut self, slot: usize) {
        let Some(parked) = self.parked.remove(&slot) else { return };
        let silent =
            |group: &u64| self.under_way.get(group).is_some_and(|question| question.whom == self.asks);
        if parked.missing.iter().any(silent) {
            self.asks = (self.asks + 1) % self.directories.len();
        }
    }

    pub fn forget(&mut self, group: u64) {
        self.cache.forget(group);
    }

    pub fn crash(&mut self) {
        self.cache.clear();
        self.under_way.clear();
        self.parked.clear();
    }
}

impl ClientPool {
    /// Finds the shards of the operation in `slot` and writes them into it; says whether it may go on. If not, it is
    /// parked until a directory answers.
    pub(super) fn find_shards(&mut self, slot: usize, cx: &mut Context<'_, Message>) -> bool {
        let operation = self.sessions[slot].operation();
        let groups = self.groups(slot);
        let Some(lookups) = &mut self.lookups else { return true };
        if let Some(found) = lookups.take(slot, operation) {
            self.send_to(slot, &found);
            return true;
        }
        let (found, missing) = lookups.gather(&groups, cx.clock());
        if missing.is_empty() {
            self.send_to(slot, &found);
            return true;
        }
        for &group in &missing {
            if let Some(directory) = lookups.join(group, (slot, operation), cx.now()) {
                let find = LookupMessage::Find { group, key: groups[&group] };
                cx.send(directory, Message::Lookup(find));
            }
        }
        lookups.parked.insert(slot, Parked { operation, found, missing });
        self.sessions[slot].looks_up = true;
        cx.set_timer(session_timer(slot), self.settings.timeout);
        false
    }

    /// The groups that the operation's keys are in, each with one of its keys.
    fn groups(&self, slot: usize) -> BTreeMap<u64, u64> {
        if self.lookups.is_none() {
            return BTreeMap::new();
        }
        let group = |key| (self.router.group_of(key), key);
        match &self.sessions[slot].work {
            Work::Single(single) => BTreeMap::from([group(single.key)]),
            Work::Merge(merge) => BTreeMap::from([group(merge.single.key)]),
            Work::Transaction(work) => work.steps().map(|step| group(step.key())).collect(),
            // Rows of tables are not looked up, and remedies are refused where shards are.
            Work::Idle | Work::Scan(_) | Work::Query(_) | Work::Salted(_) => BTreeMap::new(),
        }
    }

    fn send_to(&mut self, slot: usize, found: &BTreeMap<u64, ShardId>) {
        let router = &self.router;
        let shard_of = |key: u64| found[&router.group_of(key)];
        match &mut self.sessions[slot].work {
            Work::Single(single) => single.shard = shard_of(single.key),
            Work::Merge(merge) => merge.single.shard = shard_of(merge.single.key),
            Work::Transaction(work) => work.regroup(shard_of),
            Work::Idle | Work::Scan(_) | Work::Query(_) | Work::Salted(_) => {}
        }
    }

    /// A directory has answered: whoever waited for nothing else goes on.
    pub(super) fn on_found(
        &mut self,
        (group, shard, version): (u64, ShardId, u64),
        cx: &mut Context<'_, Message>,
    ) {
        let Some(lookups) = &mut self.lookups else { return };
        lookups.cache.put(group, shard, version, cx.clock());
        // An answer to what was asked twice has come before.
        let Some(question) = lookups.under_way.remove(&group) else { return };
        cx.observe(Observation::LookedUp { since: question.asked });
        for (slot, operation) in question.waiting {
            let Some(lookups) = &mut self.lookups else { return };
            let Some(parked) = lookups.parked.get_mut(&slot) else { continue };
            if parked.operation != operation || !parked.missing.remove(&group) {
                continue;
            }
            parked.found.insert(group, shard);
            if parked.missing.is_empty() {
                self.sessions[slot].looks_up = false;
                self.resume(slot, cx);
            }
        }
    }

    /// No directory has answered in time. No shard has heard of this attempt.
    pub(super) fn lookup_timed_out(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        self.sessions[slot].looks_up = false;
        if let Some(lookups) = &mut self.lookups {
            lookups.give_up(slot);
        }
        self.retry_or_give_up(slot, cx);
    }

    /// A transaction was aborted: a shard may have refused it because what is remembered is out of date.
    pub(super) fn forget_shards(&mut self, slot: usize) {
        let groups = self.groups(slot);
        if let Some(lookups) = &mut self.lookups {
            groups.keys().for_each(|&group| lookups.forget(group));
        }
    }

    /// A shard does not own the key that a directory sent there: what is remembered is out of date. Says whether to ask
    /// again at once: the first time; after that the directory may be as far behind as the client was.
    pub(super) fn forget_shard(&mut self, slot: usize, key: u64) -> bool {
        let group = self.router.group_of(key);
        let Some(lookups) = &mut self.lookups else { return false };
        lookups.forget(group);
        let session = &mut self.sessions[slot];
        let is_first = session.failures == 0;
        session.failures += u32::from(is_first);
        is_first
    }
}
