//! List-append histories of a million transactions, judged by what their clients saw: seconds, bytes, and the ratio to
//! a plain reference in ordered maps. Best of three.

mod generate;
mod reference;

#[expect(clippy::disallowed_types, reason = "a benchmark measures wall-clock time")]
use std::time::Instant;

use generate::{Workload, generate};
use shardlab_consistency::recorded::TransactionHistory;
use shardlab_consistency::{Model, ModelVerdict, Report, TransactionOptions, check_transactions};

const RUNS: usize = 3;

fn main() {
    let millions = Workload { transactions: 1_000_000, ..Workload::default() };
    let valid = generate(&millions);
    let valid_s = show("valid", &valid, |report| {
        assert_eq!(report.verdict(Model::StrictSerializable), Some(&ModelVerdict::Holds));
    });
    drop(valid);
    let stale = generate(&Workload { stale_reads: 3, ..millions });
    let stale_s = show("3 stale reads", &stale, |report| assert!(!report.found.is_empty()));
    println!("    ratio to valid: {:.2}", stale_s / valid_s);
    drop(stale);
    let knot = generate(&Workload { transactions: 100_000, last_reads_nothing: true, ..millions });
    show("one component of 100,000", &knot, |report| assert!(!report.found.is_empty()));
    drop(knot);
    compare(&generate(&Workload { transactions: 100_000, ..millions }));
}

/// Seconds for one history, and what was found.
fn show(name: &str, history: &TransactionHistory, test: impl Fn(&Report)) -> f64 {
    let mut report = None;
    let seconds = best(|| report = Some(check_transactions(history, &TransactionOptions::default())));
    let report = report.expect("it ran");
    test(&report);
    let (count, steps) = (history.transactions.len(), history.steps.len());
    println!(
        "{name}: {count} transactions, {steps} steps, {} elements read: {seconds:.3} s",
        history.elements.len()
    );
    for found in &report.found {
        println!("    {} × {}: a cycle of {}", found.anomaly, found.count, found.explanation.cycle.len());
    }
    if let Some(mib) = peak_mib() {
        println!("    peak memory so far, the history included: {mib} MiB");
    }
    seconds
}

fn compare(history: &TransactionHistory) {
    let ours = best(|| drop(check_transactions(history, &TransactionOptions::default())));
    let plain = best(|| assert!(reference::is_strictly_serializable(history)));
    println!(
        "100,000 transactions: {ours:.3} s; in ordered maps {plain:.3} s, {:.1} times as long",
        plain / ours
    );
}

fn best(mut work: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..RUNS {
        #[expect(clippy::disallowed_types, reason = "a benchmark measures wall-clock time")]
        let began = Instant::now();
        work();
        best = best.min(began.elapsed().as_secs_f64());
    }
    best
}

/// The most memory this process ever held, where the system tells.
fn peak_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<u64>().ok()? / 1024)
}
