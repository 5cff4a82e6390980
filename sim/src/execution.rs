//! A run under way, whatever engine it is on.

use std::fmt;

use crate::counters::{Counters, NodeSample};
use crate::engine::Simulation;
use crate::fault::Receipt;
use crate::fingerprint::Fingerprint;
#[cfg(madsim)]
use crate::madsim_engine::{EngineBug, MadsimSimulation, Ties};
use crate::node::{Node, NodeId, Payload};
use crate::setup::Setup;
use crate::time::Time;

/// What runs the nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// shardlab's own: a queue of keys.
    #[default]
    Native,
    /// madsim's executor, timers, kill, restart and pause: a second opinion, by other people, and slower.
    Madsim,
    /// madsim with simultaneous events in random order, faults among them: what a protocol promises must not hang on
    /// their order. Only the messages of one link keep theirs. It does not agree with the others, and is for tests.
    Shuffled,
}

impl Engine {
    /// Its name, on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Madsim => "madsim",
            Self::Shuffled => "madsim, shuffled",
        }
    }

    /// Whether this build has it.
    ///
    /// # Errors
    /// [`EngineError::Unavailable`] if not.
    pub const fn available(self) -> Result<(), EngineError> {
        match self {
            Self::Madsim | Self::Shuffled if cfg!(not(madsim)) => Err(EngineError::Unavailable),
            Self::Native | Self::Madsim | Self::Shuffled => Ok(()),
        }
    }
}

/// Why an engine cannot run something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineError {
    /// This build is without the madsim engine.
    Unavailable,
    /// The run is longer than the madsim engine's clock.
    TooLong {
        /// Where the run ends, in ns.
        end: Time,
        /// Where the clock does, in ns.
        limit: Time,
    },
    /// More was scheduled than the madsim engine can tell apart.
    TooManyEvents {
        /// How many events it can.
        limit: u64,
    },
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable => f.write_str(
                "this build is without the madsim engine, which needs the flag `--cfg madsim`; build in shardlab's \
                 own folder, whose .cargo/config.toml sets it on Linux and macOS, with RUSTFLAGS unset in the \
                 environment (it replaces that setting), or with RUSTFLAGS='--cfg madsim'",
            ),
            Self::TooLong { end, limit } => {
                let (end_s, limit_s) = (end.div_ceil(crate::SECOND), limit / crate::SECOND);
                write!(f, "the madsim engine's clock ends after {limit_s} s, and the run after {end_s} s")
            }
            Self::TooManyEvents { limit } => {
                write!(f, "the madsim engine tells {limit} events apart, and the run has more")
            }
        }
    }
}

impl std::error::Error for EngineError {}

/// What a run leaves.
#[derive(Clone, Debug)]
pub struct Finished<N: Node> {
    /// The nodes as they were at the end.
    pub nodes: Vec<N>,
    /// What nodes saw, in order.
    pub observations: Vec<(Time, NodeId, <N::Message as Payload>::Observation)>,
    /// What each fault changed, in the order of the schedule.
    pub receipts: Vec<Receipt>,
    /// The run's fingerprint.
    pub fingerprint: Fingerprint,
    /// What was counted after the warm-up.
    pub counters: Counters,
    /// The load over time, by time and then by node.
    pub samples: Vec<NodeSample>,
}

/// A run under way, on either engine.
#[derive(Debug)]
pub enum Execution<N: Node> {
    /// On shardlab's own.
    Native(Box<Simulation<N>>),
    /// On madsim.
    #[cfg(madsim)]
    Madsim(Box<MadsimSimulation<N>>),
}

/// Does the same on either engine.
macro_rules! on_either {
    ($execution:expr, $simulation:ident => $do:expr) => {
        match $execution {
            Self::Native($simulation) => $do,
            #[cfg(madsim)]
            Self::Madsim($simulation) => $do,
        }
    };
}

impl<N: Node> Execution<N> {
    /// Begins a run that is to end at `end`, in ns.
    ///
    /// # Errors
    /// When this build is without the engine, or the run is too long for it.
    #[cfg_attr(not(madsim), expect(unused_variables, reason = "only madsim's clock has an end"))]
    pub fn begin(engine: Engine, setup: Setup<N>, end: Time) -> Result<Self, EngineError> {
        match engine {
            Engine::Native => Ok(Self::Native(Box::new(Simulation::of(setup)))),
            #[cfg(madsim)]
            Engine::Madsim => {
                Ok(Self::Madsim(Box::new(MadsimSimulation::begin(setup, end, Ties::Lawful, None)?)))
            }
            #[cfg(madsim)]
            Engine::Shuffled => {
                Ok(Self::Madsim(Box::new(MadsimSimulation::begin(setup, end, Ties::Shuffled, None)?)))
            }
            #[cfg(not(madsim))]
            Engine::Madsim | Engine::Shuffled => Err(EngineError::Unavailable),
        }
    }

    /// A run on madsim with a planted bug, so that tests can show that they would notice one.
    ///
    /// # Errors
    /// When the run is too long for madsim's clock.
    #[cfg(madsim)]
    #[doc(hidden)]
    pub fn begin_with_bug(setup: Setup<N>, end: Time, bug: EngineBug) -> Result<Self, EngineError> {
        Ok(Self::Madsim(Box::new(MadsimSimulation::begin(setup, end, Ties::Lawful, Some(bug))?)))
    }

    /// Handles every event up to and including `end`; it is `end` then.
    ///
    /// # Errors
    /// When there are more events than the engine can take; the run is of no use then.
    pub fn run_until(&mut self, end: Time) -> Result<(), EngineError> {
        match self {
            Self::Native(simulation) => {
                simulation.run_until(end);
                Ok(())
            }
            #[cfg(madsim)]
            Self::Madsim(simulation) => simulation.run_until(end),
        }
    }

    /// The present, in ns.
    #[must_use]
    pub fn now(&self) -> Time {
        on_either!(self, simulation => simulation.now())
    }

    /// The nodes as they are now, by `NodeId`.
    #[must_use]
    pub fn nodes(&self) -> &[N] {
        on_either!(self, simulation => simulation.nodes())
    }

    /// Heals every fault that goes on, and lets none strike any more: the beginning of a drain.
    pub fn heal_all(&mut self) {
        on_either!(self, simulation => simulation.heal_all());
    }

    /// How many events were handled so far, those of the warm-up too.
    #[must_use]
    pub fn events_handled(&self) -> u64 {
        on_either!(self, simulation => simulation.events_handled())
    }

    /// How many events came up so far: besides those handled, arrivals that waited for a core, and what came to
    /// nothing.
    #[must_use]
    pub fn events_processed(&self) -> u64 {
        on_either!(self, simulation => simulation.events_processed())
    }

    /// Takes what nodes have seen since this was asked last, in order; [`Execution::finish`] gives the rest.
    pub fn take_observations(&mut self) -> Vec<(Time, NodeId, <N::Message as Payload>::Observation)> {
        on_either!(self, simulation => simulation.take_observations())
    }

    /// Ends the run.
    #[must_use]
    pub fn finish(self) -> Finished<N> {
        on_either!(self, simulation => simulation.finish())
    }
}
