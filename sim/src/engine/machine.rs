//! The machine under a node: whether it is up, what it serves, what waits for a pause to end.

use crate::cpu::Station;
use crate::key::Key;
use crate::random::Random;
use crate::samplers::Samplers;
use crate::sampling::Load;
use crate::time::Time;
use crate::topology;

/// Whether events reach the node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Up,
    /// Paused, or catching up with what was deferred.
    Behind,
    /// Stopped, or not booted yet.
    Down,
}

#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub state: State,
    pub station: Option<Station>,
    /// The event of its next start, while one is to come.
    pub start: Option<Key>,
    /// Events that came up during the pause, in order.
    pub deferred: Vec<Key>,
    /// After a pause, the first of the deferred events as it comes up again: what was to come before it in the same
    /// nanosecond comes after them, or a stream would reorder.
    pub resumed: Option<Key>,
    /// Faults that keep it down.
    pub down_by: Vec<usize>,
    /// Faults that keep it paused.
    pub paused_by: Vec<usize>,
    /// Whether the process runs, though it may be paused.
    pub running: bool,
}

impl Machine {
    pub fn new(seed: u64, id: u32, machine: &topology::Machine, boot: Key, samplers: &mut Samplers) -> Self {
        let station = machine.cpu.as_ref().map(|cpu| {
            let mut sampler = |service: &Option<_>| service.as_ref().map(|s| samplers.get(s));
            let service = cpu.service.iter().map(&mut sampler).collect();
            Station::new(
                cpu.cores,
                cpu.queue_limit,
                cpu.overflow,
                service,
                Random::new(seed, "cpu", u64::from(id)),
            )
        });
        Self {
            state: State::Down,
            station,
            start: Some(boot),
            deferred: Vec::new(),
            resumed: None,
            down_by: Vec::new(),
            paused_by: Vec::new(),
            running: false,
        }
    }

    /// Brings `state` in line after a fault has come or gone.
    pub fn refresh(&mut self) {
        self.state = match () {
            () if !self.running => State::Down,
            () if self.is_paused() || self.resumed.is_some() => State::Behind,
            () => State::Up,
        };
    }

    pub fn is_paused(&self) -> bool {
        !self.paused_by.is_empty()
    }

    pub fn is_idle(&self) -> bool {
        self.deferred.is_empty()
    }

    /// What its processors have done up to now.
    pub fn load(&mut self, now: Time) -> Load {
        let Some(station) = &mut self.station else { return Load::default() };
        Load { busy_ns: station.busy_ns(now), queue_length: station.queue_length() as u64 }
    }
}
