//! The command line as it is typed.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use shardlab_scenarios::sweep::MOST_SEEDS;

use crate::check::CheckArguments;

// Eighty columns are the narrowest terminal in use: examples that wrap cannot be copied.
const EXAMPLES: &str = "\
Examples:
  shardlab run flash-sale                  which sharding keeps the shop open?
  shardlab run partition --seeds 1..20     with confidence intervals
  shardlab run transfer --set drain=20s    with one setting changed
  shardlab new my-cluster && shardlab run my-cluster.toml
  shardlab check --help                    judge a history of any system

Exit codes:
  0 pass, 1 a verdict or an expectation failed, 2 unknown, 64 usage,
  65 bad input, 70 a defect of shardlab, 74 input/output, 130 stopped";

const RUN_EXAMPLES: &str = "\
Examples:
  shardlab run flash-sale
  shardlab run partition --seeds 1..20 --jobs 2
  shardlab run transfer --set drain=20s --set cluster.servers=7 --out my-run
  shardlab run transfer --set workload.bank.arrivals.closed.clients=80
  shardlab run partition --set 'sweep.\"cluster.servers\"=[5,7]' --seeds 1..5
  shardlab run my-cluster.toml --format json
  shardlab run partition --engine madsim   the same, on other people's engine

A run leaves runs/SCENARIO/SEED with report.html, summary.json, tables (CSV),
plots, history.edn, and resolved.toml, which shows every setting; runs/latest is
a link to it.

Exit codes:
  0 pass, 1 a verdict or an expectation failed, 2 unknown, 64 usage,
  65 bad input, 70 a defect of shardlab, 74 input/output, 130 stopped";

const LIST_EXAMPLES: &str = "\
Examples:
  shardlab list
  shardlab list --format json | jq -r .[].name";

const LINT_EXAMPLES: &str = "\
Examples:
  shardlab lint my-cluster.toml
  shardlab lint scenarios/*.toml

Exit codes: 0 all are fine, 64 usage, 65 something is wrong in one of them.";

const SCHEMA_EXAMPLES: &str = "\
Example:
  shardlab schema > schema.json

Then begin a scenario file with `#:schema schema.json`: an editor with a TOML
language server completes and checks it.";

const NEW_EXAMPLES: &str = "\
Example:
  shardlab new my-cluster && shardlab run my-cluster.toml";

const REPLAY_EXAMPLES: &str = "\
Examples:
  shardlab replay runs/latest
  shardlab replay runs/partition/1

Exit codes: 0 the same fingerprint, 1 another one, 64 usage, 65 no run folder.";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  source <(shardlab completions bash)
  shardlab completions zsh > ~/.zfunc/_shardlab
  shardlab completions fish > ~/.config/fish/completions/shardlab.fish";

/// A deterministic simulator of distributed databases: run a scenario, read what it costs and what goes wrong.
#[derive(Debug, Parser)]
#[command(name = "shardlab", version, after_help = EXAMPLES, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run a scenario: a file, or a name from the library.
    Run(RunArguments),
    /// Judge a recorded history, from any system, by a consistency model.
    Check(CheckArguments),
    /// Show the scenarios of the library.
    #[command(after_help = LIST_EXAMPLES)]
    List {
        /// How to show them.
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Check scenario files without running them.
    #[command(after_help = LINT_EXAMPLES)]
    Lint {
        /// Files, or names from the library.
        #[arg(required = true)]
        files: Vec<String>,
    },
    /// Print the JSON Schema of scenario files, for editors.
    #[command(after_help = SCHEMA_EXAMPLES)]
    Schema,
    /// Write a scenario file to begin with: NAME.toml.
    #[command(after_help = NEW_EXAMPLES)]
    New {
        /// Name of the scenario.
        name: String,
    },
    /// Run again what a run folder holds, and compare the fingerprints.
    #[command(after_help = REPLAY_EXAMPLES)]
    Replay {
        /// A run folder: runs/SCENARIO/SEED, or runs/latest.
        #[arg(value_name = "RUN_DIR")]
        folder: PathBuf,
    },
    /// Print a completion script for a shell.
    #[command(after_help = COMPLETIONS_EXAMPLES)]
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

/// How a result is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// Which engine runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// shardlab's own.
    Native,
    /// madsim's executor, timers, kill, restart and pause: a second opinion on the simulator itself.
    Madsim,
}

/// What `run` takes.
#[derive(Debug, Args)]
#[command(after_help = RUN_EXAMPLES)]
pub struct RunArguments {
    /// A scenario file, or a name from the library (see `shardlab list`).
    pub scenario: String,
    /// The seed, instead of the file's.
    #[arg(long, value_name = "N", conflicts_with = "seeds", allow_negative_numbers = true, value_parser = seed)]
    pub seed: Option<u64>,
    /// Seeds A to B, both included (1..3 and 1..=3 are seeds 1, 2 and 3): figures then come with 95 % confidence
    /// intervals.
    #[arg(long, value_name = "A..B", value_parser = seeds)]
    pub seeds: Option<(u64, u64)>,
    /// Replace a setting by its dotted path: `cluster.servers=12`. An element of a list (`[[workload]]`, `[[fault]]`,
    /// `[[variant]]`) is found by its name: `workload.checkout.arrivals.open=8000/s`. A key with dots in it is quoted:
    /// `'sweep."cluster.servers"=[4,8]'`.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Which engine runs it. Both give the same fingerprint and the same history; madsim is two to four times slower and
    /// ends after 9,000 simulated seconds.
    #[arg(long, value_enum, default_value_t = Engine::Native)]
    pub engine: Engine,
    /// The run folder, instead of runs/SCENARIO/SEED.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How many runs at once; as many as there are cores if left out.
    #[arg(long, value_name = "N", value_parser = jobs)]
    pub jobs: Option<NonZeroUsize>,
    /// How to show the result on standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// Reads a seed.
fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a seed is a whole number from 0 to {}, as in --seed 42", u64::MAX))
}

/// Reads how many runs go on at once.
fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "write how many runs go on at once, one at least, as in --jobs 4".to_owned())
}

/// Reads `A..B`, both ends included.
fn seeds(text: &str) -> Result<(u64, u64), String> {
    let help = "write the first and the last seed, as in 1..20";
    let (first, last) = text.split_once("..").ok_or(help)?;
    let number = |text: &str| text.parse::<u64>().map_err(|_| help.to_owned());
    let (first, last) = (number(first)?, number(last.strip_prefix('=').unwrap_or(last))?);
    if first > last {
        return Err(format!("the first seed, {first}, comes after the last, {last}"));
    }
    if last - first >= u64::from(MOST_SEEDS) {
        return Err(format!("{MOST_SEEDS} seeds are the most"));
    }
    Ok((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_range_with_both_ends() {
        assert_eq!(seeds("1..20"), Ok((1, 20)));
        assert_eq!(seeds("1..=20"), Ok((1, 20)));
        assert_eq!(seeds("7..7"), Ok((7, 7)));
        assert_eq!(seeds("1..100000"), Ok((1, u64::from(MOST_SEEDS))));
        let most = format!("0..{}", u64::MAX);
        for wrong in ["", "1", "1..", "..2", "=1..2", "1..==2", "2..1", "a..b", "1..-2", "1..100001", &most] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
