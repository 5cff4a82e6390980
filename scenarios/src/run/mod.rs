//! Runs a plan: every case with every seed, several at once, and reduces each run to rows as soon as it ends.

mod expectations;
mod jobs;
mod one;
mod reduce;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use shardlab_consistency::History;
use shardlab_models::config::BuildError;
pub use shardlab_sim::Engine;
use shardlab_sim::EngineError;

use crate::load::Plan;
use crate::tables::RunReport;

/// How a plan is to be run.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions {
    /// The first seed, instead of the scenario's.
    pub seed: Option<u64>,
    /// How many seeds, counting up from the first, instead of the sweep's.
    pub seeds: Option<u32>,
    /// How many runs at once.
    pub jobs: NonZeroUsize,
    /// What runs them.
    pub engine: Engine,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { seed: None, seeds: None, jobs: NonZeroUsize::MIN, engine: Engine::Native }
    }
}

/// How far a plan is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Runs that have ended.
    pub runs_done: usize,
    /// All runs.
    pub runs: usize,
    /// Virtual time that has passed in all runs together, in ms.
    pub virtual_ms_done: u64,
    /// Virtual time of all runs together, in ms.
    pub virtual_ms: u64,
}

/// Why a plan did not run to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunError {
    /// Somebody asked it to stop.
    Stopped,
    /// The engine is not to be had in this build, or cannot take the run.
    Engine(EngineError),
    /// A world that loading had found possible cannot be built after all.
    Build(BuildError),
    /// There are not as many seeds above the first one.
    SeedsOverflow,
    /// A promise of the program's own was broken: a defect, already printed.
    Panicked {
        /// Which run: scenario, seed, variant, point of the sweep.
        which: String,
        /// The command that runs it again, without the other seeds and points.
        replay: String,
    },
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("stopped"),
            Self::Engine(error) => error.fmt(f),
            Self::Build(error) => write!(f, "{}: {}", error.path, error.message),
            Self::Panicked { which, .. } => write!(f, "a run panicked: {which}"),
            Self::SeedsOverflow => f.write_str("the last seed would be above 18446744073709551615"),
        }
    }
}

impl std::error::Error for RunError {}

/// What a plan found.
#[derive(Debug)]
pub struct Outcome {
    /// The rows.
    pub report: RunReport,
    /// The history of every variant at the first point of the sweep, with the first seed; by variant.
    pub histories: Vec<(String, History)>,
}

/// Runs a plan. `progress` is told how far it is, now and then and from several threads; when `stop` is set, the runs
/// end soon.
///
/// # Errors
/// When it was stopped, the engine is not to be had, or a run panicked.
pub fn run_all(
    plan: &Plan,
    options: &RunOptions,
    progress: &(dyn Fn(Progress) + Sync),
    stop: &AtomicBool,
) -> Result<Outcome, RunError> {
    options.engine.available().map_err(RunError::Engine)?;
    let first = options.seed.unwrap_or(plan.scenario.seed);
    let seeds = options.seeds.unwrap_or(plan.scenario.sweep.seeds).max(1);
    let last = first.checked_add(u64::from(seeds) - 1).ok_or(RunError::SeedsOverflow)?;
    let seeds: Vec<u64> = (first..=last).collect();
    let results = jobs::run(plan, &seeds, options, progress, stop)?;
    Ok(reduce::reduce(plan, &seeds, options, results))
}
