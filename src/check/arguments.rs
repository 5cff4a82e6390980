//! What `check` takes.

use std::path::PathBuf;

use clap::Args;
use shardlab_consistency::recorded::Workload;
use shardlab_consistency::{Assumptions, Model};

use crate::cli::Format;

// Eighty columns are the narrowest terminal in use: examples that wrap cannot be copied.
const EXAMPLES: &str = "\
A history has two lines an operation: what a client asked for, and what it was
told. First example: process 1 reads what process 0's write has overwritten.
Save as stale.edn:
  {:process 0, :type :invoke, :f :write, :value 1}
  {:process 0, :type :ok,     :f :write, :value 1}
  {:process 1, :type :invoke, :f :read,  :value nil}
  {:process 1, :type :ok,     :f :read,  :value nil}
Ask whether all happened in one order that keeps real time:
  shardlab check --workload register --consistency-model linearizable stale.edn
The answer is `broken: linearizable, by nonlinearizable`, in which order the
operations stood, and exit code 1. The read began after the write had ended.

Second example: two transactions each read what the other overwrites. Save as
skew.edn:
  {:process 0, :type :invoke, :f :txn, :value [[:r :x nil] [:append :y 1]]}
  {:process 1, :type :invoke, :f :txn, :value [[:r :y nil] [:append :x 1]]}
  {:process 0, :type :ok,     :f :txn, :value [[:r :x []] [:append :y 1]]}
  {:process 1, :type :ok,     :f :txn, :value [[:r :y []] [:append :x 1]]}
Ask whether they could have run one after the other:
  shardlab check --workload list-append --consistency-model serializable \\
    --out skew skew.edn
The answer is `broken: serializable, by G2-item`: write skew, with the cycle in
words, and drawn in skew/cycle-G2-item.svg. Snapshot isolation still holds.

:type is :invoke, :ok (it happened), :fail (it did not) or :info (nobody knows).
JSON has the same: {\"process\": 0, \"type\": \"invoke\", \"f\": \"write\", \"value\": 1}

Exit codes:
  0 the model holds, 1 it is broken, 2 unknown, 64 usage,
  65 the history is malformed, 74 input/output";

/// What `check` takes.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CheckArguments {
    /// What the clients did: register, list-append, rw-register, bank, set, counter, long-fork or unique-ids.
    #[arg(long, short, value_name = "W", value_parser = workload)]
    pub workload: Workload,
    /// What the history is held against, for example linearizable, serializable or snapshot-isolation. If left out: the
    /// strongest, linearizable or strict-serializable; bank, set, counter, long-fork and unique-ids have rules of their
    /// own.
    #[arg(long, short = 'm', value_name = "M", value_parser = model)]
    pub consistency_model: Option<Model>,
    /// What may be assumed of each key of an rw-register history, where its versions' order must be inferred:
    /// sequential-keys, linearizable-keys or wfr-keys (writes follow reads). More than one may be given.
    #[arg(long, value_name = "A", value_parser = assumption)]
    pub assume: Vec<String>,
    /// What the accounts of a bank add up to. If left out, the first read tells.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub total: Option<i64>,
    /// Accounts of the bank may be overdrawn; else a negative balance is an anomaly.
    #[arg(long)]
    pub overdraft: bool,
    /// What a counter begins with; 0 if left out.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub initial: Option<i64>,
    /// How to show the result on standard output.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// A folder for report.json and a drawing of each cycle, cycle-*.svg.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How many steps a search may take before the verdict is unknown.
    #[arg(long, value_name = "N")]
    pub budget: Option<u64>,
    /// The history: Jepsen's EDN, or JSON lines; `-` is standard input.
    pub history: String,
}

fn workload(text: &str) -> Result<Workload, String> {
    let names = Workload::all().map(Workload::name).collect();
    Workload::named(text).ok_or_else(|| suggest(text, "workload", names))
}

fn model(text: &str) -> Result<Model, String> {
    let names = Model::all().map(Model::name).collect();
    Model::named(text).ok_or_else(|| suggest(text, "model", names))
}

fn assumption(text: &str) -> Result<String, String> {
    match Assumptions::default().with(text) {
        Some(_) => Ok(text.to_owned()),
        None => Err(suggest(text, "assumption", Assumptions::NAMES.to_vec())),
    }
}

/// The nearest name, or all there are.
fn suggest(given: &str, what: &str, names: Vec<&str>) -> String {
    // A slip is no more than one edit in four letters, as for the names in scenario files.
    let allowed = 1 + given.chars().count() / 4;
    let distances = names.iter().map(|name| (strsim::damerau_levenshtein(given, name), name));
    match distances.min() {
        Some((distance, near)) if distance <= allowed => {
            format!("there is no such {what}: did you mean `{near}`?")
        }
        _ => format!("there is no such {what}; there are {}", names.join(", ")),
    }
}
