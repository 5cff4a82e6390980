//! Every case with every seed, on several threads. Parallelism is across runs, never inside one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use shardlab_sim::{Engine, MILLISECOND};

use super::one::{SeedResult, run_one};
use super::{Progress, RunError, RunOptions};
use crate::load::Plan;

/// Results by case, and within a case by seed.
pub(super) fn run(
    plan: &Plan,
    seeds: &[u64],
    options: &RunOptions,
    progress: &(dyn Fn(Progress) + Sync),
    stop: &AtomicBool,
) -> Result<Vec<Vec<SeedResult>>, RunError> {
    let runs = plan.cases.len() * seeds.len();
    let crew =
        Crew { engine: options.engine, plan, seeds, stop, progress, meter: Meter::new(plan, seeds.len()) };
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let done = Mutex::new(Vec::new());
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= runs {
                break;
            }
            let result = crew.run_guarded(index);
            failed.fetch_or(result.is_err(), Ordering::Relaxed);
            done.lock().expect("no thread panics while it holds the lock").push((index, result));
        }
    };
    std::thread::scope(|scope| {
        (0..options.jobs.get().min(runs)).for_each(|_| drop(scope.spawn(work)));
    });
    let mut results = done.into_inner().expect("every thread has ended");
    results.sort_by_key(|(index, _)| *index);
    let results: Result<Vec<SeedResult>, RunError> = results.into_iter().map(|(_, result)| result).collect();
    Ok(by_case(results?, seeds.len()))
}

fn by_case(results: Vec<SeedResult>, seeds: usize) -> Vec<Vec<SeedResult>> {
    let mut results = results.into_iter();
    let mut cases = Vec::new();
    loop {
        let case: Vec<SeedResult> = results.by_ref().take(seeds).collect();
        if case.is_empty() {
            return cases;
        }
        cases.push(case);
    }
}

struct Crew<'a> {
    engine: Engine,
    plan: &'a Plan,
    seeds: &'a [u64],
    stop: &'a AtomicBool,
    progress: &'a (dyn Fn(Progress) + Sync),
    meter: Meter,
}

impl Crew<'_> {
    fn run(&self, index: usize) -> Result<SeedResult, RunError> {
        let (case, seed) = (&self.plan.cases[index / self.seeds.len()], index % self.seeds.len());
        let mut before = 0;
        let mut advanced = |now: u64| {
            let passed_ms = (now - before) / MILLISECOND * MILLISECOND;
            before += passed_ms;
            (self.progress)(self.meter.advance(passed_ms / MILLISECOND));
            !self.stop.load(Ordering::Relaxed)
        };
        let result = run_one(self.engine, case, self.seeds[seed], seed == 0, &mut advanced)?;
        (self.progress)(self.meter.end_run());
        Ok(result)
    }

    /// The same; a panic is an error that says which of many runs it was. Nothing that it left half-done is looked at.
    fn run_guarded(&self, index: usize) -> Result<SeedResult, RunError> {
        let result = catch_unwind(AssertUnwindSafe(|| self.run(index)));
        result.unwrap_or_else(|_| {
            let (case, seed) =
                (&self.plan.cases[index / self.seeds.len()], self.seeds[index % self.seeds.len()]);
            Err(RunError::Panicked {
                which: self.plan.describe(case, seed),
                replay: self.plan.replay_of(case, seed, self.engine),
            })
        })
    }
}

struct Meter {
    runs_done: AtomicUsize,
    runs: usize,
    virtual_ms_done: AtomicU64,
    virtual_ms: u64,
}

impl Meter {
    fn new(plan: &Plan, seeds: usize) -> Self {
        let length = |case: &crate::load::Case| case.scenario.duration.as_ns() + case.scenario.drain.as_ns();
        let virtual_ms: u64 = plan.cases.iter().map(|case| length(case) / MILLISECOND).sum();
        Self {
            runs_done: AtomicUsize::new(0),
            runs: plan.cases.len() * seeds,
            virtual_ms_done: AtomicU64::new(0),
            virtual_ms: virtual_ms * seeds as u64,
        }
    }

    fn advance(&self, ms: u64) -> Progress {
        self.virtual_ms_done.fetch_add(ms, Ordering::Relaxed);
        self.read()
    }

    fn end_run(&self) -> Progress {
        self.runs_done.fetch_add(1, Ordering::Relaxed);
        self.read()
    }

    fn read(&self) -> Progress {
        Progress {
            runs_done: self.runs_done.load(Ordering::Relaxed),
            runs: self.runs,
            virtual_ms_done: self.virtual_ms_done.load(Ordering::Relaxed).min(self.virtual_ms),
            virtual_ms: self.virtual_ms,
        }
    }
}
