//! The bill for rebalancing: what moved, how long it took, and what clients felt meanwhile.

mod counted;
mod least;

use std::ops::Range;

use shardlab_consistency::Outcome;
use shardlab_models::client::pool_of;
use shardlab_models::cluster::pool_places;
use shardlab_models::node::Cause;
use shardlab_models::rebalancing::MembershipChange;
use shardlab_models::world::{CommandCosts, MoveCosts, Run};
use shardlab_sim::{Receipt, Time};

use self::counted::Counted;
use super::clients::p99_ms;
use super::{Call, Metrics, calls, milliseconds, put, ratio, seconds};
use crate::fill::sealed_for;
use crate::scenario::Scenario;

/// Measures what began while the load was measured; nothing where nothing could move.
pub(super) fn measure(scenario: &Scenario, run: &Run, metrics: &mut Metrics) {
    let (costs, counted) = (&run.rebalancing, Counted::of(run));
    copies(scenario, run, &counted, metrics);
    reshaped(scenario, &counted, run, metrics);
    if !counted.moves.is_empty() {
        let done = counted.moves.iter().filter(|of| of.published.is_some());
        put(metrics, "rebalance.unavailable_ms", unavailable_ms(&counted));
        put(metrics, "rebalance.longest_seal_ms", done.filter_map(|of| sealed_ms(of)).reduce(f64::max));
    }
    keys(scenario, run, &counted, metrics);
    let Some(during) = counted.during(run) else { return };
    put(metrics, "rebalance.duration_s", duration_s(run, &counted));
    put(metrics, "rebalance.redirects", costs.redirects as f64);
    let is_alone = !has_other_fault(scenario, run, during.end);
    felt_by_workload(scenario, run, &during, metrics);
    felt(run, during, is_alone, metrics);
}

/// Keys that changed owner, whatever for; nothing where no plan was made.
fn keys(scenario: &Scenario, run: &Run, counted: &Counted, metrics: &mut Metrics) {
    let costs = &run.rebalancing;
    let Some(first) = counted.plans.first() else { return };
    let keys: u64 = counted.copied().map(|of| of.keys).sum();
    put(metrics, "rebalance.moves", counted.copied().count() as f64);
    put(metrics, "rebalance.keys_moved", keys as f64);
    put(metrics, "rebalance.bytes_moved", bytes_moved(counted));
    put(metrics, "rebalance.moved_fraction", ratio(keys as f64, first.loaded as f64));
    put(metrics, "rebalance.optimal_fraction", least::of_keys(scenario, &costs.commands, counted));
    put(metrics, "rebalance.optimal_copied_fraction", least::of_copies(scenario, &costs.commands, counted));
    put(metrics, "rebalance.write_amplification", write_amplification(run, counted));
    if scenario.config().rebalancing.protocol.writes_twice() {
        put(metrics, "rebalance.second_writes", costs.second_writes as f64);
        put(metrics, "rebalance.second_writes_missed", costs.second_writes_missed as f64);
        let differing = counted.moves.iter().map(|of| of.differing as f64).sum::<f64>();
        put(metrics, "rebalance.differing_rows", differing);
    }
}

fn bytes_moved(counted: &Counted) -> f64 {
    let keys = counted.moves.iter().map(|of| of.bytes as f64);
    keys.chain(counted.relocations.iter().map(|of| of.bytes as f64)).sum()
}

/// Copies that moved between servers, and offices; nothing where none could.
fn copies(scenario: &Scenario, run: &Run, counted: &Counted, metrics: &mut Metrics) {
    let costs = &run.rebalancing;
    if costs.commands.is_empty() && !scenario.config().rebalances() {
        return;
    }
    put(metrics, "rebalance.copies_moved", counted.relocated().count() as f64);
    put(metrics, "rebalance.offices_moved", counted.hand_overs.len() as f64);
    let rows = counted.relocated().map(|of| of.rows).sum::<u64>() as f64;
    let loaded = run.loaded_rows as f64 * f64::from(scenario.replication.mode.replicas());
    put(metrics, "rebalance.copied_fraction", ratio(rows, loaded));
    let refused = counted.moves.iter().map(|of| of.refused);
    let stopped = counted.relocations.iter().map(|of| of.stopped);
    let handed = counted.hand_overs.iter().map(|of| of.stopped);
    put(metrics, "rebalance.unavailable_shard_s", seconds(refused.chain(stopped).chain(handed).sum()));
    put(metrics, "rebalance.bytes_moved", bytes_moved(counted));
    put(metrics, "rebalance.redirects", costs.redirects as f64);
    thrashing(run, counted, metrics);
    let bare = under_replicated(run);
    put(metrics, "rebalance.copies_missing_s", bare.map(seconds));
}

/// What was done, held against what would have been enough: a balancer's steps, or else rows. Where nothing was needed
/// there is nothing to divide by, and `rebalance.rows_needed` says so.
fn thrashing(run: &Run, counted: &Counted, metrics: &mut Metrics) {
    let keys: u64 = counted.copied().map(|of| of.keys).sum();
    let rows = keys + counted.relocated().map(|of| of.rows).sum::<u64>();
    if rows > 0 {
        put(metrics, "rebalance.rows_needed", run.rebalancing.rows_needed as f64);
    }
    let Some(needed) = run.rebalancing.moves_needed else {
        put(metrics, "rebalance.thrash_index", ratio(rows as f64, run.rebalancing.rows_needed as f64));
        return;
    };
    let copies = counted.relocated().filter(|of| of.command.is_none()).count();
    let steps = (copies + counted.hand_overs.len()) as f64;
    put(metrics, "rebalance.moves_needed", f64::from(needed));
    put(metrics, "rebalance.thrash_index", steps / f64::from(needed.max(1)));
}

/// From the first loss of a server until the last missing copy was there again; nothing where none was lost, or where
/// some are still missing.
fn under_replicated(run: &Run) -> Option<Time> {
    let missing = || run.rebalancing.relocations.iter().filter(|of| of.from.is_none());
    let began = run.rebalancing.lost_at?;
    let ended = missing().filter_map(|of| of.joined).max()?;
    (run.rebalancing.open == 0).then(|| ended.saturating_sub(began))
}

/// Splits and merges, where the strategy has any or the operator ordered one.
fn reshaped(scenario: &Scenario, counted: &Counted, run: &Run, metrics: &mut Metrics) {
    let is_split = |plan: &CommandCosts| {
        matches!(plan.cause, Cause::Split { .. })
            || matches!(plan.change, Some(MembershipChange::Split { .. }))
    };
    let splits = counted.plans.iter().filter(|plan| is_split(plan)).count();
    let reshapes = scenario.config().sharding.strategy.reshapes().is_some();
    if reshapes || splits > 0 {
        put(metrics, "rebalance.splits", splits as f64);
    }
    if reshapes {
        let merges = counted.plans.iter().filter(|plan| matches!(plan.cause, Cause::Merge { .. })).count();
        put(metrics, "rebalance.merges", merges as f64);
        put(metrics, "rebalance.unsplittable", run.rebalancing.unsplittable as f64);
    }
}

/// Whether a fault was at work between warm-up and `end`: then clients felt that too, before the moves or while they
/// lasted.
fn has_other_fault(scenario: &Scenario, run: &Run, end: Time) -> bool {
    // Receipts of commands come after those of faults.
    let faults = run.receipts.len().saturating_sub(scenario.config().membership.len());
    let overlaps = |receipt: &Receipt| {
        receipt.struck.is_some_and(|struck| struck < end)
            && receipt.healed.is_none_or(|healed| healed > run.warmup)
    };
    run.receipts[..faults].iter().any(overlaps)
}

/// For how long a key that moved was refused, on average; keys that none of them is count for nothing.
fn unavailable_ms(counted: &Counted) -> Option<f64> {
    let moves = || counted.moves.iter();
    let keys: f64 = moves().map(|of| of.keys as f64).sum();
    ratio(moves().map(|of| of.keys as f64 * milliseconds(of.refused)).sum(), keys)
}

/// How often a byte that moved was written where it went.
fn write_amplification(run: &Run, counted: &Counted) -> Option<f64> {
    let written = counted.moves.iter().map(|of| of.bytes).sum::<u64>() + run.rebalancing.second_bytes;
    let row_bytes = counted.plans.first()?.row_bytes;
    let copied = counted.moves.iter().filter(|of| !of.by_reference);
    let moved = copied.map(|of| of.keys).sum::<u64>() * u64::from(row_bytes);
    ratio(written as f64, moved as f64)
}

fn sealed_ms(of: &MoveCosts) -> Option<f64> {
    sealed_for(of).map(milliseconds)
}

/// For how long something was on the move, what overlaps counted once; nothing, while anything still is.
fn duration_s(run: &Run, counted: &Counted) -> Option<f64> {
    let (mut all, mut until) = (0, 0);
    for (began, ended) in counted.spans(run) {
        let ended = ended?;
        all += ended.saturating_sub(began.max(until));
        until = until.max(ended);
    }
    (run.rebalancing.open == 0).then(|| seconds(all))
}

/// What clients of each workload felt before and after, where there are several.
fn felt_by_workload(scenario: &Scenario, run: &Run, during: &Range<Time>, metrics: &mut Metrics) {
    if scenario.workload.len() < 2 {
        return;
    }
    let places = pool_places(&scenario.config());
    let workload =
        |call: &Call| places.get(pool_of(call.process, places.len() as u32)).map(|place| place.workload);
    for (number, spec) in scenario.workload.iter().enumerate() {
        let p99 = |span: Range<Time>| {
            p99_ms(run, |call| span.contains(&call.invoked) && workload(call) == Some(number))
        };
        put(metrics, &format!("workload.{}.p99_before_ms", spec.name), p99(run.warmup..during.start));
        put(metrics, &format!("workload.{}.p99_after_ms", spec.name), p99(during.end..run.duration));
    }
}

/// Fewer calls have no 99th percentile: it would be the slowest one.
const LEAST_CALLS: usize = 100;

fn felt(run: &Run, during: Range<Time>, is_alone: bool, metrics: &mut Metrics) {
    let p99 = |span: Range<Time>| {
        let answered =
            calls(&run.history).filter(|call| span.contains(&call.invoked) && call.latency().is_some());
        let are_enough = answered.take(LEAST_CALLS).count() == LEAST_CALLS;
        p99_ms(run, |call| span.contains(&call.invoked)).filter(|_| are_enough)
    };
    let before = p99(run.warmup..during.start);
    let moving = p99(during.clone());
    put(metrics, "rebalance.p99_before_ms", before);
    put(metrics, "rebalance.p99_during_ms", moving);
    put(metrics, "rebalance.p99_after_ms", p99(during.end..run.duration));
    let penalty = before.zip(moving).and_then(|(before, moving)| ratio(moving, before));
    put(metrics, "rebalance.p99_penalty", penalty.filter(|_| is_alone));
    let failed = calls(&run.history)
        .filter(|call| during.contains(&call.invoked) && call.outcome != Outcome::Ok)
        .count();
    put(metrics, "rebalance.failed_operations", failed as f64);
}

#[cfg(test)]
mod tests;
