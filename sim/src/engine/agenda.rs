//! What is to come, and the timers' places in it.

use std::collections::BTreeMap;

use crate::key::{Key, Tag};
use crate::node::{NodeId, TimerSlot};
use crate::queue::{EventQueue, Wheel};
use crate::time::Time;
use crate::world::Scheduler;

#[derive(Clone, Debug)]
pub(super) struct Agenda {
    pub queue: Wheel,
    timers: Timers,
}

impl Agenda {
    pub fn new(nodes: usize) -> Self {
        Self { queue: Wheel::new(), timers: Timers::new(nodes) }
    }

    /// Whose timer this is.
    pub fn timer(&self, index: u32) -> (NodeId, TimerSlot) {
        self.timers.owners[index as usize]
    }

    /// None of the node's timers runs out any more.
    pub fn cancel_all(&mut self, node: NodeId) -> u64 {
        let before = self.queue.len();
        for index in self.timers.slots[node.index()].all() {
            self.queue.cancel(index);
        }
        (before - self.queue.len()) as u64
    }
}

impl Scheduler for Agenda {
    #[inline]
    fn schedule(&mut self, key: Key) {
        self.queue.push(key);
    }

    fn set_timer(&mut self, node: NodeId, slot: TimerSlot, at: Time, sequence: u64) {
        let index = self.timers.index(node, slot);
        self.queue.push(Key::new(at, sequence, Tag::Timer, index));
    }

    fn cancel_timer(&mut self, node: NodeId, slot: TimerSlot) {
        if let Some(index) = self.timers.slots[node.index()].get(slot) {
            self.queue.cancel(index);
        }
    }
}

/// Every timer that was ever set, numbered.
#[derive(Clone, Debug)]
struct Timers {
    owners: Vec<(NodeId, TimerSlot)>,
    slots: Vec<Slots>,
}

impl Timers {
    fn new(nodes: usize) -> Self {
        Self { owners: Vec::new(), slots: vec![Slots::default(); nodes] }
    }

    fn index(&mut self, node: NodeId, slot: TimerSlot) -> u32 {
        let slots = &mut self.slots[node.index()];
        if let Some(index) = slots.get(slot) {
            return index;
        }
        let index = self.owners.len() as u32;
        self.owners.push((node, slot));
        slots.insert(slot, index);
        index
    }
}

/// Slots below this are looked up in a vector; it is never longer than what a node with that many timers needs.
const DENSE: u32 = 1 << 16;
const NONE: u32 = u32::MAX;

/// One node's timers by slot.
#[derive(Clone, Debug, Default)]
struct Slots {
    dense: Vec<u32>,
    sparse: BTreeMap<u32, u32>,
}

impl Slots {
    #[inline]
    fn get(&self, slot: TimerSlot) -> Option<u32> {
        if slot.0 < DENSE {
            return self.dense.get(slot.0 as usize).copied().filter(|index| *index != NONE);
        }
        self.sparse.get(&slot.0).copied()
    }

    fn insert(&mut self, slot: TimerSlot, index: u32) {
        if slot.0 >= DENSE {
            self.sparse.insert(slot.0, index);
            return;
        }
        let place = slot.0 as usize;
        if place >= self.dense.len() {
            self.dense.resize(place + 1, NONE);
        }
        self.dense[place] = index;
    }

    fn all(&self) -> impl Iterator<Item = u32> {
        self.dense.iter().filter(|index| **index != NONE).chain(self.sparse.values()).copied()
    }
}
