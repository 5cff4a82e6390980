//! `run`: load, run, write the run folder, sum up.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use shardlab_reports::{Meta, summary_json, terminal};
use shardlab_scenarios::tables::VerdictKind;
use shardlab_scenarios::{Outcome, Plan, RunError, RunOptions, catalogue, load, run_all};

use crate::cli::{Engine, Format, RunArguments};
use crate::exit::Exit;
use crate::history;
use crate::interrupt::Interrupt;
use crate::output::{complain, print, width};
use crate::progress::Bar;
use crate::wall_clock::WallClock;

/// Runs a scenario and leaves its report.
pub fn run(arguments: &RunArguments) -> Exit {
    let plan = match load(&arguments.scenario, &arguments.set) {
        Ok(plan) => plan,
        Err(error) => {
            complain(error.render(true));
            return Exit::BadInput;
        }
    };
    let options = options(arguments);
    let folder = folder(arguments, &plan, &options);
    if let Err(error) = shardlab_reports::check(&folder.path, folder.latest.as_deref()) {
        complain(format!("error: {error}\nhelp: name another folder with --out"));
        return Exit::InputOutput;
    }
    let clock = WallClock::start();
    match execute(&plan, &options) {
        Ok(outcome) => finish(&outcome, &folder, clock.meta(), arguments.format),
        Err(exit) => exit,
    }
}

/// Runs a plan under a progress bar, until it ends or the user stops it.
pub fn execute(plan: &Plan, options: &RunOptions) -> Result<Outcome, Exit> {
    let interrupt = Interrupt::listen();
    let bar = Bar::new(&plan.scenario.name);
    let run = || run_all(plan, options, &|progress| bar.show(progress), interrupt.stop());
    // Nothing that a run has left half-done is looked at afterwards.
    let outcome = catch_unwind(AssertUnwindSafe(run));
    bar.clear();
    match outcome {
        Err(_) => Err(defect(&plan.scenario.name, &replay(plan, options))),
        Ok(_) if !interrupt.close() => Err(explain(&RunError::Stopped)),
        Ok(outcome) => outcome.map_err(|error| explain(&error)),
    }
}

/// A panic has been printed already; what is missing is whose it was, and how to have it again.
fn defect(which: &str, replay: &str) -> Exit {
    complain(format!(
        "error: this is a defect of shardlab, not of the scenario; nothing was written ({which})"
    ));
    complain(format!("help: report it with what is printed above, and: {replay}"));
    Exit::Defect
}

/// The command for all runs of the plan.
fn replay(plan: &Plan, options: &RunOptions) -> String {
    let first = options.seed.unwrap_or(plan.scenario.seed);
    let last = first.saturating_add(u64::from(options.seeds.unwrap_or(plan.scenario.sweep.seeds).max(1) - 1));
    let seeds = if first == last { vec![first] } else { vec![first, last] };
    plan.replay(&seeds, options.engine)
}

fn explain(error: &RunError) -> Exit {
    let (message, exit) = match error {
        RunError::Stopped => ("stopped: nothing was written".to_owned(), Exit::Interrupted),
        RunError::Engine(_) => (
            format!(
                "error: {error}\nhelp: or use the native engine, the default of `shardlab run`: it gives the same fingerprint"
            ),
            Exit::Usage,
        ),
        RunError::SeedsOverflow => (format!("error: {error}\nhelp: begin with a smaller seed"), Exit::Usage),
        RunError::Panicked { which, replay } => return defect(which, replay),
        RunError::Build(build) => (format!("error: {error}\nhelp: {}", build.help), Exit::BadInput),
    };
    complain(message);
    exit
}

fn options(arguments: &RunArguments) -> RunOptions {
    let cores = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let jobs = arguments.jobs.unwrap_or_else(cores);
    let seeds = arguments.seeds.map(|(first, last)| u32::try_from(last - first + 1).unwrap_or(u32::MAX));
    RunOptions {
        seed: arguments.seed.or(arguments.seeds.map(|(first, _)| first)),
        seeds,
        jobs,
        engine: match arguments.engine {
            Engine::Native => shardlab_scenarios::Engine::Native,
            Engine::Madsim => shardlab_scenarios::Engine::Madsim,
        },
    }
}

/// Where the run goes, and the link that shows the latest one.
struct Folder {
    path: PathBuf,
    latest: Option<PathBuf>,
}

fn folder(arguments: &RunArguments, plan: &Plan, options: &RunOptions) -> Folder {
    match &arguments.out {
        Some(path) => Folder { path: path.clone(), latest: None },
        None => {
            let runs = Path::new("runs");
            let seed = options.seed.unwrap_or(plan.scenario.seed).to_string();
            Folder { path: runs.join(&plan.scenario.name).join(seed), latest: Some(runs.join("latest")) }
        }
    }
}

fn finish(outcome: &Outcome, folder: &Folder, meta: Meta, format: Format) -> Exit {
    let report = &outcome.report;
    let measured = report.variants.iter().flat_map(|variant| variant.metrics.keys());
    let info = catalogue::of_metrics(measured.map(String::as_str));
    let history = history::worst(outcome);
    let write_history =
        history.map(|history| move |out: &mut dyn std::io::Write| history::write(history, out));
    let write_history = write_history.as_ref().map(|write| write as shardlab_reports::WriteHistory<'_>);
    let written =
        shardlab_reports::write(report, &info, &meta, write_history, &folder.path, folder.latest.as_deref());
    let written = match written {
        Ok(written) => written,
        Err(error) => {
            complain(format!("error: {error}"));
            return Exit::InputOutput;
        }
    };
    let printed = print(&match format {
        Format::Text => terminal::summary(report, &info, &written.report, width()),
        Format::Json => summary_json(report),
    });
    if printed == Exit::Pass { of_verdict(report.verdict) } else { printed }
}

/// The exit code of a verdict.
pub const fn of_verdict(verdict: VerdictKind) -> Exit {
    match verdict {
        VerdictKind::Pass => Exit::Pass,
        VerdictKind::Fail => Exit::Fail,
        VerdictKind::Unknown => Exit::Unknown,
    }
}
