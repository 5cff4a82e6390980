//! A replica that takes writes whatever the others do, and exchanges versions with them: multi-master, optimistic
//! replication of state (Terry et al., *Bayou*, SOSP 1995; DeCandia et al., *Dynamo*, SOSP 2007).
//!
//! A write is given its dot, merged, acknowledged and sent when its own sync is done, and received states are merged at
//! theirs: what is in the store is on the disk, and a dot is never given twice. Records have their place in the disk's
//! order, so that a restart finds the same dots.
//!
//! Safety claim: copies that have seen the same writes hold the same versions, and any two copies that can talk to each
//! other for long enough have seen the same ones. What becomes of acknowledged writes is for the
//! [resolver](crate::conflict) to say.
//! Left out: deletions, hinted handoff, sessions (a retry is one more write of the same value), and copies that join or
//! leave.

mod exchange;
mod records;
mod store;

use std::collections::VecDeque;

use shardlab_sim::{NodeId, Time};

use super::{Port, Refused, Replica};
use crate::config::{Bug, Bugs};
use crate::conflict::{Conflict, Context, KeyState, Resolver, Version};
use crate::message::{OperationId, Shipped, VersionMessage};

pub use records::{Learned, Records, Taken};
pub use store::{RANGES, Store};

/// How a replica is configured.
#[derive(Clone, Debug)]
pub struct VersionSettings {
    /// The server that it is on.
    pub me: NodeId,
    /// What becomes of concurrent versions.
    pub conflict: Conflict,
    /// What is broken.
    pub bugs: Bugs,
}

/// A client's write of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionWrite {
    /// Whose operation, for the answer.
    pub operation: OperationId,
    /// Whom to answer.
    pub client: NodeId,
    /// The key.
    pub key: u64,
    /// The value.
    pub value: u64,
    /// Its size.
    pub value_bytes: u32,
    /// What the client had before it; without, it writes over whatever this copy shows.
    pub context: Option<Context>,
}

/// What waits for a replica's disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionThen {
    /// A client's write, and what the clock showed when it came.
    Take(Box<(VersionWrite, Time)>),
    /// What another copy knows of some keys.
    Merge(Box<[Shipped]>),
}

/// A client's write has been taken: it is on this copy's disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Whose operation.
    pub operation: OperationId,
    /// Whom to answer.
    pub client: NodeId,
}

/// One copy of one shard that exchanges versions.
#[derive(Clone, Debug)]
pub struct VersionReplica {
    // Durable.
    store: Store,
    // Volatile.
    written: VecDeque<Written>,
    next_peer: usize,
    // Measures: they survive crashes, since they are ours and not the replica's.
    records: Records,
    // Configuration.
    others: Vec<NodeId>,
    settings: VersionSettings,
}

/// The port of a version replica.
pub type VersionPort<'a, 'b> = Port<'a, 'b, VersionMessage, VersionThen>;

impl VersionReplica {
    /// A copy at the beginning of time, and the servers that hold the others.
    #[must_use]
    pub fn new(settings: VersionSettings, copies: &[NodeId]) -> Self {
        let others = copies.iter().copied().filter(|&copy| copy != settings.me).collect();
        Self {
            store: Store::default(),
            written: VecDeque::new(),
            next_peer: 0,
            records: Records::default(),
            others,
            settings,
        }
    }

    /// What it holds.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What becomes of concurrent versions here.
    #[must_use]
    pub fn conflict(&self) -> Conflict {
        self.settings.conflict
    }

    /// What it has done.
    #[must_use]
    pub fn records(&self) -> &Records {
        &self.records
    }

    fn take(&mut self, write: VersionWrite, timestamp: Time, port: &mut VersionPort<'_, '_>) {
        let VersionWrite { key, value, value_bytes, .. } = write;
        let state = self.store.get_or_default(key);
        let Context { seen: past, merged } = write.context.unwrap_or_else(|| state.context());
        let dot = state.next_dot(self.settings.me);
        self.records.taken.push(Taken { key, dot, value, at: port.now(), over: merged });
        let version = Version { dot, past, timestamp, value, value_bytes };
        let state = self.change(key, port.now(), |state, conflict| state.take(version, &conflict));
        let is_shown = state.versions().iter().any(|version| version.dot == dot);
        if !is_shown {
            self.records.invisible.push(port.now());
        }
        self.written.push_back(Written { operation: write.operation, client: write.client });
        self.tell_others(key, &state, port);
    }

    fn tell_others(&self, key: u64, state: &KeyState, port: &mut VersionPort<'_, '_>) {
        for &other in &self.others {
            port.send(other, VersionMessage::States([self.ship(key, state)].into()));
        }
    }

    fn ship(&self, key: u64, state: &KeyState) -> Shipped {
        let values: u64 = state.versions().iter().map(|version| u64::from(version.value_bytes)).sum();
        let bytes = size_of::<u64>() as u64 + values + self.settings.conflict.clock_bytes(state);
        Shipped { key, state: state.clone(), bytes }
    }

    fn merge(&mut self, key: u64, theirs: &KeyState, now: Time) {
        if !self.can_learn(key, theirs) {
            return;
        }
        let bugs = self.settings.bugs;
        let conflicts = self.store.get(key).map_or(0, |mine| mine.conflicts(theirs));
        self.records.conflicts.extend(std::iter::repeat_n(now, conflicts));
        self.change(key, now, |state, conflict| {
            if bugs.contains(Bug::DeafClocks) {
                state.merge_versions(theirs, &conflict);
            } else {
                state.merge(theirs, &conflict);
            }
            if bugs.contains(Bug::DropSibling) {
                state.drop_sibling();
            }
        });
    }

    /// Who has seen all that another copy has knows all that it knows.
    fn can_learn(&self, key: u64, theirs: &KeyState) -> bool {
        self.store.get(key).is_none_or(|mine| !mine.seen().dominates(theirs.seen()))
    }

    fn change(&mut self, key: u64, now: Time, act: impl FnOnce(&mut KeyState, Conflict)) -> KeyState {
        let before = self.store.get_or_default(key);
        let mut after = before.clone();
        act(&mut after, self.settings.conflict);
        self.records.learn(key, &before, &after, now);
        self.store.put(key, after.clone());
        after
    }
}

impl Replica for VersionReplica {
    type Command = VersionWrite;
    type Effective = Written;
    type Message = VersionMessage;
    type Then = VersionThen;

    fn submit(&mut self, write: VersionWrite, port: &mut VersionPort<'_, '_>) -> Result<(), Refused> {
        let timestamp = port.cx.clock();
        port.force(VersionThen::Take(Box::new((write, timestamp))));
        Ok(())
    }

    fn receive(&mut self, from: NodeId, message: VersionMessage, port: &mut VersionPort<'_, '_>) {
        match message {
            VersionMessage::States(states) => {
                if states.iter().any(|shipped| self.can_learn(shipped.key, &shipped.state)) {
                    port.force(VersionThen::Merge(states));
                }
            }
            VersionMessage::Root(root) => self.compare_roots(from, root, port),
            VersionMessage::Ranges(digests) => self.compare_ranges(from, &digests, port),
            VersionMessage::Want(ranges) => self.send_ranges(from, ranges, port),
        }
    }

    fn synced(&mut self, then: VersionThen, port: &mut VersionPort<'_, '_>) {
        match then {
            VersionThen::Take(taken) => {
                let (write, timestamp) = *taken;
                self.take(write, timestamp, port);
            }
            VersionThen::Merge(states) => {
                states.iter().for_each(|shipped| self.merge(shipped.key, &shipped.state, port.now()));
                port.cx.mark("versions.merged");
            }
        }
    }

    fn tick(&mut self, port: &mut VersionPort<'_, '_>) {
        self.begin_exchange(port);
    }

    fn next_effective(&mut self) -> Option<Written> {
        self.written.pop_front()
    }

    fn crash(&mut self) {
        self.written.clear();
        self.next_peer = 0;
    }
}
