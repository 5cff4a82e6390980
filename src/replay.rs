//! `replay`: run again what a run folder holds, and compare the fingerprints.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use serde::Deserialize;
use shardlab_scenarios::load_file;
use shardlab_scenarios::{Engine, RunOptions};

use crate::exit::Exit;
use crate::output::{complain, print};
use crate::run::execute;

/// What `summary.json` says of the run.
#[derive(Deserialize)]
struct Summary {
    scenario: String,
    seed: u64,
    seeds: Option<u32>,
    engine: String,
    fingerprint: String,
}

/// Runs it again. 0: the same fingerprint; 1: another one.
pub fn replay(folder: &Path) -> Exit {
    let summary = match read(folder) {
        Ok(summary) => summary,
        Err(message) => {
            complain(format!(
                "error: {message}\nhelp: name a run folder, as runs/SCENARIO/SEED or runs/latest"
            ));
            return Exit::BadInput;
        }
    };
    let Some(engine) = engine(&summary.engine) else {
        complain(format!(
            "error: there is no engine `{}`\nhelp: use the shardlab that made the run",
            summary.engine
        ));
        return Exit::BadInput;
    };
    let plan = match load_file(&folder.join("resolved.toml"), &[]) {
        Ok(plan) => plan,
        Err(error) => {
            complain(error.render(true));
            return Exit::BadInput;
        }
    };
    let options = RunOptions {
        seed: Some(summary.seed),
        seeds: Some(summary.seeds.unwrap_or(1)),
        jobs: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        engine,
    };
    match execute(&plan, &options) {
        Ok(outcome) => compare(&summary, &outcome.report.fingerprint),
        Err(exit) => exit,
    }
}

fn read(folder: &Path) -> Result<Summary, String> {
    let path = folder.join("summary.json");
    let text =
        fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{} is no run's summary: {error}", path.display()))
}

fn engine(name: &str) -> Option<Engine> {
    [Engine::Native, Engine::Madsim].into_iter().find(|engine| engine.name() == name)
}

fn compare(summary: &Summary, fingerprint: &str) -> Exit {
    let Summary { scenario, seed, fingerprint: before, .. } = summary;
    if before == fingerprint {
        let last = seed.saturating_add(u64::from(summary.seeds.unwrap_or(1).max(1)) - 1);
        let seeds = if last == *seed { format!("seed {seed}") } else { format!("seeds {seed}..{last}") };
        return print(&format!("{scenario} · {seeds} · the same fingerprint {fingerprint}\n"));
    }
    complain(format!("{scenario} · seed {seed} · fingerprint {fingerprint} now, {before} then"));
    complain("help: the run folder was made by another version of shardlab, or its files were changed");
    Exit::Fail
}
