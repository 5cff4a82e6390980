//! The native engine: a queue of keys, and a machine for every node.

mod agenda;
mod dispatch;
mod faulting;
mod machine;

use agenda::Agenda;
use machine::Machine;

use crate::execution::Finished;
use crate::fault::Fault;
use crate::fingerprint::Fingerprint;
use crate::key::{Key, Tag};
use crate::node::{Node, NodeId, Payload};
use crate::queue::EventQueue;
use crate::samplers::Samplers;
use crate::sampling::Sampling;
use crate::setup::{Config, ConfigError, Setup};
use crate::time::Time;
use crate::topology::Topology;
use crate::world::{Scheduler, World};

/// A run: nodes in a world, and what is to come.
#[derive(Clone, Debug)]
pub struct Simulation<N: Node> {
    nodes: Vec<N>,
    machines: Vec<Machine>,
    world: World<N::Message>,
    agenda: Agenda,
    /// Letters that wait for a cut to heal, in the order of their arrival.
    held: Vec<u32>,
    /// The first of those that were released last, as it comes up: no letter of the same nanosecond overtakes it.
    released: Option<Key>,
    sampling: Sampling,
    handled: u64,
    processed: u64,
    /// Strokes and healings in the queue; once everything is healed they come to nothing.
    fault_events: usize,
}

impl<N: Node> Simulation<N> {
    /// Prepares a run: every node boots at time zero, in order.
    ///
    /// # Errors
    /// When topology, nodes and faults do not fit together; says where.
    pub fn new(
        config: Config,
        topology: Topology,
        nodes: Vec<N>,
        faults: Vec<Fault>,
    ) -> Result<Self, ConfigError> {
        Setup::new(config, topology, nodes, faults).map(Self::of)
    }

    /// Prepares a run of a world that was checked.
    #[must_use]
    pub fn of(setup: Setup<N>) -> Self {
        let Setup { config, topology, nodes, faults } = setup;
        let mut samplers = Samplers::default();
        let mut world = World::new(config.seed, &topology, faults, &mut samplers);
        let mut agenda = Agenda::new(nodes.len());
        let timed: Vec<_> = world.faults.timed().collect();
        let fault_events = timed.len();
        for (fault, at) in timed {
            let key = world.key(at, Tag::Strike, fault as u32);
            agenda.schedule(key);
        }
        let mut machines = Vec::with_capacity(nodes.len());
        for (machine, id) in topology.machines.iter().zip(0..) {
            let boot = world.key(0, Tag::Start, id);
            agenda.schedule(boot);
            machines.push(Machine::new(config.seed, id, machine, boot, &mut samplers));
        }
        let sampling = Sampling::new(config, nodes.len());
        Self {
            nodes,
            machines,
            world,
            agenda,
            held: Vec::new(),
            released: None,
            sampling,
            handled: 0,
            processed: 0,
            fault_events,
        }
    }

    /// Handles every event up to and including `end`; it is `end` then.
    pub fn run_until(&mut self, end: Time) {
        loop {
            let due = self.sampling.next();
            let stop = due.map_or(end, |due| due.min(end));
            while let Some(key) = self.agenda.queue.pop_until(stop) {
                self.processed += 1;
                self.world.now = key.time();
                if let Some(soon) = self.agenda.queue.soon() {
                    self.world.letters.fetch(soon.index());
                }
                self.dispatch(key);
            }
            self.world.now = self.world.now.max(stop);
            if due != Some(stop) {
                return;
            }
            self.sample();
        }
    }

    /// The present, in ns.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.world.now
    }

    /// The nodes as they are now, by `NodeId`.
    #[must_use]
    pub fn nodes(&self) -> &[N] {
        &self.nodes
    }

    /// Heals every fault that goes on, and lets none strike any more: the beginning of a drain.
    pub fn heal_all(&mut self) {
        for fault in self.world.faults.close() {
            self.heal(fault);
        }
    }

    /// The fingerprint of what was handled so far.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.world.fingerprint.value()
    }

    /// How many events were handled so far, those of the warm-up too.
    #[must_use]
    pub const fn events_handled(&self) -> u64 {
        self.handled
    }

    /// How many events were taken from the queue so far: besides those handled, arrivals that waited for a core, and
    /// what came to nothing.
    #[must_use]
    pub const fn events_processed(&self) -> u64 {
        self.processed
    }

    /// Takes what nodes have seen since this was asked last, in order; [`Simulation::finish`] gives the rest.
    pub fn take_observations(&mut self) -> Vec<(Time, NodeId, <N::Message as Payload>::Observation)> {
        let capacity = self.world.observations.len();
        std::mem::replace(&mut self.world.observations, Vec::with_capacity(capacity))
    }

    /// Whether nothing is to come: no message, timer, sync or fault.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        let moot = if self.world.faults.is_closed() { self.fault_events } else { 0 };
        self.agenda.queue.len() == moot && self.held.is_empty() && self.machines.iter().all(Machine::is_idle)
    }

    fn sample(&mut self) {
        let now = self.world.now;
        let loads = self.machines.iter_mut().map(|machine| machine.load(now));
        self.sampling.note(now, self.handled, &mut self.world.counters, loads);
    }

    /// Ends the run.
    #[must_use]
    pub fn finish(mut self) -> Finished<N> {
        let now = self.world.now;
        let loads = self.machines.iter_mut().map(|machine| machine.load(now));
        self.sampling.settle(self.handled, &mut self.world.counters, loads);
        Finished {
            nodes: self.nodes,
            observations: self.world.observations,
            receipts: self.world.faults.receipts(),
            fingerprint: self.world.fingerprint.value(),
            counters: self.world.counters,
            samples: self.sampling.into_samples(),
        }
    }
}
