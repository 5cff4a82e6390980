//! Read committed, read atomic and causal consistency of register transactions: `cargo bench -p shardlab-consistency
//! --bench axioms`.
//!
//! 100,000 transactions of 8 steps in 20 sessions over 1,000 keys, half of them reads, that read what was there a moment
//! ago. The reference does the same by ordered maps and vectors of vectors, without the pruning. Rounds of both
//! alternate; the medians and their ratio are reported.

// A benchmark looks at the real clock.
#![allow(clippy::disallowed_types)]

#[path = "axioms/reference.rs"]
mod reference;
#[path = "axioms/workload.rs"]
mod workload;

use std::time::Instant;

use shardlab_consistency::recorded::TransactionHistory;
use shardlab_consistency::{AxiomOptions, Model, ModelVerdict, check_axioms};
use workload::Workload;

/// Rounds of each; their median is reported.
const ROUNDS: usize = 5;

fn main() {
    println!(
        "{:<48} {:>9} {:>9} {:>11} {:>7}",
        "100,000 transactions, 20 sessions", "seconds", "goal", "reference", "ratio"
    );
    let usual = Workload { transactions: 100_000, sessions: 20, keys: 1_000, steps: 8, lag: 100 };
    run("", &usual);
    run(", 100,000 keys", &Workload { keys: 100_000, ..usual });
    run(", 100 keys, old reads", &Workload { keys: 100, lag: 10_000, ..usual });
}

fn run(name: &str, workload: &Workload) {
    let history = workload.history();
    compare(
        &format!("read committed{name}"),
        &history,
        Model::ReadCommitted,
        0.05,
        reference::read_committed,
    );
    compare(
        &format!("monotonic atomic view{name}"),
        &history,
        Model::MonotonicAtomicView,
        0.05,
        reference::monotonic_view,
    );
    compare(&format!("read atomic{name}"), &history, Model::ReadAtomic, 0.1, reference::read_atomic);
    compare(&format!("causal{name}"), &history, Model::Causal, 0.3, reference::causal);
}

fn compare(
    name: &str,
    history: &TransactionHistory,
    model: Model,
    goal: f64,
    plain: fn(&TransactionHistory) -> bool,
) {
    let options = AxiomOptions::only([model]);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let report = check_axioms(history, &options);
        let ours = start.elapsed().as_secs_f64();
        assert_eq!(report.verdict(model), Some(&ModelVerdict::Holds), "the workload keeps {model}");
        let start = Instant::now();
        assert!(plain(history), "the reference agrees on {model}");
        rounds.push((ours, start.elapsed().as_secs_f64()));
    }
    let ratio = median(rounds.iter().map(|(ours, theirs)| theirs / ours));
    let (ours, theirs) =
        (median(rounds.iter().map(|round| round.0)), median(rounds.iter().map(|round| round.1)));
    println!("{name:<48} {ours:>9.4} {goal:>9.2} {theirs:>11.4} {ratio:>7.1}");
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
