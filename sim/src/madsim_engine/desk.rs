//! What the engine keeps for a node beside madsim's own: its inbox, timers, processors, and the faults upon it.

use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;

use super::cores::Cores;
use crate::key::Key;
use crate::node::TimerSlot;
use crate::random::Random;
use crate::samplers::Samplers;
use crate::sampling::Load;
use crate::time::Time;
use crate::topology::Machine;

#[derive(Debug)]
pub(super) struct Desk {
    /// First in, first out; the node's task takes from it.
    pub inbox: VecDeque<Envelope>,
    /// Of the node's task, while it waits for the inbox.
    pub reader: Option<Waker>,
    /// Of whoever waits for an empty inbox.
    pub emptied: Option<Waker>,
    /// Whether madsim was told to kill the node's task, and not yet to restart it.
    pub killed: bool,
    /// Whether the process has booted and not stopped since.
    pub running: bool,
    /// The event of the next start, while one is to come.
    pub start: Option<Key>,
    pub cores: Option<Cores>,
    /// The first of the events that a pause held up last, as it comes up again: nothing of the same nanosecond
    /// overtakes it.
    pub caught_up_from: Option<Key>,
    /// Faults that keep it down.
    pub down_by: Vec<usize>,
    /// Faults that keep it paused.
    pub paused_by: Vec<usize>,
}

/// An event in an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Envelope {
    pub key: Key,
    /// It came during a pause, or behind what did.
    pub deferred: bool,
}

impl Desk {
    pub fn new(seed: u64, id: u32, machine: &Machine, boot: Key, samplers: &mut Samplers) -> Self {
        let cores = |cpu| Cores::new(cpu, Random::new(seed, "cpu", u64::from(id)), samplers);
        Self {
            inbox: VecDeque::new(),
            reader: None,
            emptied: None,
            killed: false,
            running: false,
            start: Some(boot),
            cores: machine.cpu.as_ref().map(cores),
            caught_up_from: None,
            down_by: Vec::new(),
            paused_by: Vec::new(),
        }
    }

    pub fn is_paused(&self) -> bool {
        !self.paused_by.is_empty()
    }

    /// Puts an event in and wakes the reader.
    pub fn hand_in(&mut self, envelope: Envelope) {
        self.inbox.push_back(envelope);
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    pub fn load(&mut self, now: Time) -> Load {
        self.cores.as_mut().map_or_else(Load::default, |cores| cores.load(now))
    }
}

/// A node's timers: those that are to run out, and those that are set.
#[derive(Clone, Debug, Default)]
pub(super) struct Timers {
    /// Which slot each event runs out.
    slots: BTreeMap<Key, TimerSlot>,
    keys: BTreeMap<TimerSlot, Key>,
    /// A planted bug: what was replaced or cancelled runs out all the same.
    keep_stale: bool,
}

impl Timers {
    pub fn new(keep_stale: bool) -> Self {
        Self { keep_stale, ..Self::default() }
    }

    pub fn set(&mut self, slot: TimerSlot, key: Key) {
        self.cancel(slot);
        self.slots.insert(key, slot);
        self.keys.insert(slot, key);
    }

    pub fn cancel(&mut self, slot: TimerSlot) {
        if let Some(key) = self.keys.remove(&slot).filter(|_| !self.keep_stale) {
            self.slots.remove(&key);
        }
    }

    /// Whether this event still runs a timer out.
    pub fn expect(&self, key: Key) -> bool {
        self.slots.contains_key(&key)
    }

    /// Which timer runs out; it is set no more.
    pub fn run_out(&mut self, key: Key) -> Option<TimerSlot> {
        let slot = self.slots.remove(&key)?;
        if self.keys.get(&slot) == Some(&key) {
            self.keys.remove(&slot);
        }
        Some(slot)
    }

    pub fn postpone(&mut self, from: Key, to: Key) {
        if let Some(slot) = self.run_out(from) {
            self.set(slot, to);
        }
    }

    /// None runs out any more; returns how many were set.
    pub fn clear(&mut self) -> u64 {
        let set = self.keys.len() as u64;
        self.keys.clear();
        if !self.keep_stale {
            self.slots.clear();
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::Timers;
    use crate::key::{Key, Tag};
    use crate::node::TimerSlot;

    fn event(sequence: u64) -> Key {
        Key::new(9, sequence, Tag::Timer, 0)
    }

    #[test]
    fn a_slot_that_is_set_again_runs_out_once() {
        let mut timers = Timers::default();
        timers.set(TimerSlot(1), event(1));
        timers.set(TimerSlot(1), event(2));
        assert_eq!(timers.run_out(event(1)), None);
        assert_eq!(timers.run_out(event(2)), Some(TimerSlot(1)));
        assert_eq!(timers.run_out(event(2)), None);
    }

    #[test]
    fn cancelled_cleared_and_postponed_timers_do_not_run_out_at_their_old_time() {
        let mut timers = Timers::default();
        for slot in 0..3 {
            timers.set(TimerSlot(slot), event(u64::from(slot)));
        }
        timers.cancel(TimerSlot(0));
        timers.postpone(event(1), event(7));
        assert!(!timers.expect(event(0)) && !timers.expect(event(1)));
        assert!(timers.expect(event(7)) && timers.expect(event(2)));
        assert_eq!(timers.clear(), 2);
        assert!(!timers.expect(event(7)) && !timers.expect(event(2)));
    }
}
