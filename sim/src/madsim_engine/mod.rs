//! The second engine: the same nodes in the same world on madsim's executor, timers, kill, restart and pause.
//!
//! It has to reach the native engine's fingerprint, observations, counters and receipts. Shared with that engine are
//! the nodes, their context and the world: letters, links, disks, clocks, random streams, marks, the fault book and the
//! fingerprint. Not shared are queue, inbox, processors, timers, crash, restart, pause, and the order of simultaneous
//! events: those are madsim's, or written again here.
//!
//! Every event to come is a task that sleeps on a node of madsim's that never dies. When it wakes, it strikes a fault or
//! puts the event into the inbox of a node; the node's own task, which madsim kills and freezes, takes it out and
//! handles it. madsim's own network is left alone: it knows one range of latencies, and a mailbox that reorders.

mod arrival;
mod bug;
mod clock;
mod cores;
mod desk;
mod faulting;
mod net;
mod process;
mod state;

pub use bug::EngineBug;
pub use clock::Ties;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use madsim::Config;
use madsim::runtime::Runtime;

use crate::execution::{EngineError, Finished};
use crate::node::{Node, NodeId, Payload};
use crate::sampling::Sampling;
use crate::setup::Setup;
use crate::time::Time;
use net::Shared;
use state::State;

/// A run on madsim. It stays on the thread that began it.
pub struct MadsimSimulation<N: Node> {
    /// Here between the calls of [`MadsimSimulation::run_until`].
    state: Option<Box<State<N>>>,
    sampling: Sampling,
    shared: Arc<Shared<N>>,
    net: madsim::task::NodeId,
    runtime: Runtime,
    /// madsim's tasks must end on the thread on which they began.
    stays: PhantomData<*const ()>,
}

impl<N: Node> fmt::Debug for MadsimSimulation<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MadsimSimulation").field("state", &self.state).finish_non_exhaustive()
    }
}

impl<N: Node> MadsimSimulation<N> {
    /// Prepares a run that is to end at `end`, in ns.
    ///
    /// # Errors
    /// When madsim's clock does not reach as far.
    pub fn begin(
        setup: Setup<N>,
        end: Time,
        ties: Ties,
        bug: Option<EngineBug>,
    ) -> Result<Self, EngineError> {
        check_end(end)?;
        let runtime = Runtime::with_seed_and_config(setup.config.seed, Config::default());
        let net = runtime.create_node().name("net").build();
        let shared = Arc::new(Shared::new(net.clone(), ties));
        let sampling = Sampling::new(setup.config, setup.nodes.len());
        let names: Vec<String> = setup.topology.machines.iter().map(|machine| machine.name.clone()).collect();
        let mut state = Box::new(State::new(setup, ties, bug));
        for (name, id) in names.into_iter().zip(0..) {
            let shared = Arc::clone(&shared);
            let process = move || process::process(Arc::clone(&shared), NodeId(id));
            state.processes.push(runtime.create_node().name(name).init(process).build().id());
        }
        Ok(Self { state: Some(state), sampling, shared, net: net.id(), runtime, stays: PhantomData })
    }

    /// Handles every event up to and including `end`; it is `end` then.
    ///
    /// # Errors
    /// When madsim's clock does not reach as far, or has no room for the events; the run is of no use then.
    pub fn run_until(&mut self, end: Time) -> Result<(), EngineError> {
        check_end(end)?;
        loop {
            let due = self.sampling.next();
            let stop = due.map_or(end, |due| due.min(end));
            self.advance(stop)?;
            if due != Some(stop) {
                return Ok(());
            }
            self.sample();
        }
    }

    fn advance(&mut self, to: Time) -> Result<(), EngineError> {
        self.run(async |shared| {
            let mut sequences = None;
            // What comes up at the last may schedule more for the same nanosecond.
            while let Some(ends) = shared.enter(|state| {
                let now = state.world.sequences();
                (sequences.replace(now) != Some(now)).then(|| state.ties.end_of(to, now))
            }) {
                shared.sleep_until(ends).await;
            }
        });
        let state = self.state_mut();
        state.world.now = state.world.now.max(to);
        if state.agenda.is_full {
            Err(EngineError::TooManyEvents { limit: clock::MOST_SEQUENCES })
        } else {
            Ok(())
        }
    }

    /// Lets the runtime run, with the state in it, until the work is done.
    fn run(&mut self, work: impl AsyncFnOnce(&Arc<Shared<N>>)) {
        self.shared.put(self.state.take().expect("the state is here between runs"));
        self.runtime.block_on(work(&self.shared));
        self.state = Some(self.shared.take());
    }

    fn state(&self) -> &State<N> {
        self.state.as_ref().expect("the state is here between runs")
    }

    fn state_mut(&mut self) -> &mut State<N> {
        self.state.as_mut().expect("the state is here between runs")
    }

    /// The present, in ns.
    #[must_use]
    pub fn now(&self) -> Time {
        self.state().world.now
    }

    /// The nodes as they are now, by `NodeId`.
    #[must_use]
    pub fn nodes(&self) -> &[N] {
        &self.state().nodes
    }

    /// Heals every fault that goes on, and lets none strike any more: the beginning of a drain.
    pub fn heal_all(&mut self) {
        self.run(async |shared| {
            for fault in shared.enter(|state| state.world.faults.close()) {
                shared.heal(fault).await;
            }
        });
    }

    /// How many events were handled so far, those of the warm-up too.
    #[must_use]
    pub fn events_handled(&self) -> u64 {
        self.state().handled
    }

    /// How many events came up so far: besides those handled, arrivals that waited for a core, and what came to
    /// nothing.
    #[must_use]
    pub fn events_processed(&self) -> u64 {
        self.state().processed
    }

    /// Takes what nodes have seen since this was asked last, in order; [`MadsimSimulation::finish`] gives the rest.
    pub fn take_observations(&mut self) -> Vec<(Time, NodeId, <N::Message as Payload>::Observation)> {
        std::mem::take(&mut self.state_mut().world.observations)
    }

    fn sample(&mut self) {
        let state = self.state.as_mut().expect("the state is here between runs");
        let now = state.world.now;
        let loads = state.desks.iter_mut().map(|desk| desk.load(now));
        self.sampling.note(now, state.handled, &mut state.world.counters, loads);
    }

    /// Ends the run.
    #[must_use]
    pub fn finish(mut self) -> Finished<N> {
        let mut state = self.state.take().expect("the state is here between runs");
        self.end_tasks(&state);
        let now = state.world.now;
        let loads = state.desks.iter_mut().map(|desk| desk.load(now));
        self.sampling.settle(state.handled, &mut state.world.counters, loads);
        let State { nodes, world, .. } = *state;
        Finished {
            nodes,
            observations: world.observations,
            receipts: world.faults.receipts(),
            fingerprint: world.fingerprint.value(),
            counters: world.counters,
            samples: std::mem::take(&mut self.sampling).into_samples(),
        }
    }

    /// Kills everything: a task that is left over would keep the whole run in memory.
    fn end_tasks(&self, state: &State<N>) {
        let handle = self.runtime.handle();
        state.processes.iter().for_each(|process| handle.kill(*process));
        handle.kill(self.net);
        // The runtime lets go of the killed when it runs next.
        self.runtime.block_on(std::future::ready(()));
    }
}

impl<N: Node> Drop for MadsimSimulation<N> {
    fn drop(&mut self) {
        // After a panic in a task the runtime is not to be entered again.
        if let Some(state) = self.state.take().filter(|_| !std::thread::panicking()) {
            self.end_tasks(&state);
        }
    }
}

fn check_end(end: Time) -> Result<(), EngineError> {
    if end > clock::LAST { Err(EngineError::TooLong { end, limit: clock::LAST }) } else { Ok(()) }
}
