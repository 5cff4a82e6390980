//! What transactions cost.

use shardlab_consistency::{Operation, OperationKind, Outcome, Transaction};
use shardlab_models::world::Run;

use super::asked::touched;
use super::{Metrics, Sorted, put, ratio, seconds};

/// Measures transactions, and how many shards an operation asks.
pub(super) fn measure(run: &Run, metrics: &mut Metrics) {
    if run.tables.is_none() {
        put(metrics, "fanout.mean", fanout(run));
    }
    if run.history.transactions.is_empty() {
        return;
    }
    let costs = &run.transactions;
    let (committed, decided) = (costs.committed as f64, (costs.committed + costs.aborted) as f64);
    put(metrics, "txn.committed_per_s", committed_per_second(run));
    put(metrics, "txn.abort_fraction", ratio(costs.aborted as f64, decided));
    put(metrics, "txn.messages_per_commit", ratio(costs.messages as f64, committed));
    put(metrics, "txn.forced_writes_per_commit", ratio(costs.forced_writes as f64, committed));
    put(metrics, "txn.blocked", costs.blocked as f64);
    let in_doubt = Sorted::from(costs.in_doubt_ns.clone());
    for (name, share) in [("p50_ms", 0.5), ("p99_ms", 0.99), ("max_ms", 1.0)] {
        put(metrics, &format!("txn.in_doubt.{name}"), in_doubt.quantile_ms(share));
    }
    put(metrics, "txn.lock_held.p99_ms", Sorted::from(costs.lock_held_ns.clone()).quantile_ms(0.99));
}

fn committed_per_second(run: &Run) -> Option<f64> {
    let window = run.warmup..run.duration;
    let is_committed = |txn: &&Transaction| txn.outcome == Outcome::Ok && window.contains(&txn.completed);
    let committed = run.history.transactions.iter().filter(is_committed).count();
    ratio(committed as f64, seconds(window.end - window.start))
}

/// A scan asks every shard, since neighbouring keys are scattered; or the one in which a tenant's rows are together.
fn fanout(run: &Run) -> Option<f64> {
    let history = &run.history;
    let shards = f64::from(run.ownership.shards_at_first());
    let operations = history.operations.iter();
    let asks_all = |of: &Operation| {
        of.kind == OperationKind::Scan && run.ownership.scanned(of.key, of.invoked).is_none()
    };
    let asked_by_operations: f64 = operations.map(|of| if asks_all(of) { shards } else { 1.0 }).sum();
    let transactions = history.transactions.iter();
    let asked_by_transactions: f64 =
        transactions.map(|txn| touched(&run.ownership, history, txn).len() as f64).sum();
    let calls = history.operations.len() + history.transactions.len();
    ratio(asked_by_operations + asked_by_transactions, calls as f64)
}
