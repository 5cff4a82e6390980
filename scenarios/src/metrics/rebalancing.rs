//! The bill for rebalancing: what moved, how long it took, and what clients felt meanwhile.

use std::ops::Range;

use shardlab_consistency::Outcome;
use shardlab_models::client::pool_of;
use shardlab_models::cluster::pool_places;
use shardlab_models::node::Cause;
use shardlab_models::rebalancing::MembershipChange;
use shardlab_models::world::{CommandCosts, MoveCosts, Run};
use shardlab_sim::{Receipt, Time};

use super::clients::p99_ms;
use super::{Call, Metrics, calls, milliseconds, put, ratio, seconds};
use crate::fill::sealed_for;
use crate::scenario::Scenario;

/// Measures the moves of the whole run; nothing where no server came or went.
pub(super) fn measure(scenario: &Scenario, run: &Run, metrics: &mut Metrics) {
    let costs = &run.rebalancing;
    copies(scenario, run, metrics);
    reshaped(scenario, run, metrics);
    let done = || costs.moves.iter().filter(|of| of.published.is_some());
    if !costs.moves.is_empty() {
        put(metrics, "rebalance.unavailable_ms", unavailable_ms(run));
        put(metrics, "rebalance.longest_seal_ms", done().filter_map(sealed_ms).reduce(f64::max));
    }
    let of_operator = |plan: &&CommandCosts| matches!(plan.cause, Cause::Command(_));
    let mut commands = costs.commands.iter().filter(of_operator);
    let Some(first) = commands.next() else { return };
    let last = commands.next_back().unwrap_or(first);
    let done = || done().filter(|of| !of.by_reference);
    let keys: u64 = done().map(|of| of.keys).sum();
    put(metrics, "rebalance.moves", done().count() as f64);
    put(metrics, "rebalance.keys_moved", keys as f64);
    put(metrics, "rebalance.bytes_moved", bytes_moved(run));
    put(metrics, "rebalance.moved_fraction", ratio(keys as f64, first.loaded as f64));
    put(metrics, "rebalance.optimal_fraction", costs.commands.iter().map(least).sum::<f64>());
    put(metrics, "rebalance.duration_s", duration_s(run));
    put(metrics, "rebalance.redirects", costs.redirects as f64);
    put(metrics, "rebalance.write_amplification", write_amplification(run));
    if scenario.config().rebalancing.protocol.writes_twice() {
        put(metrics, "rebalance.second_writes", costs.second_writes as f64);
        put(metrics, "rebalance.second_writes_missed", costs.second_writes_missed as f64);
        put(
            metrics,
            "rebalance.differing_rows",
            costs.moves.iter().map(|of| of.differing as f64).sum::<f64>(),
        );
    }
    let end = last.ended.map_or(run.duration, |ended| ended.min(run.duration));
    let during = first.began.max(run.warmup)..end;
    let is_alone = !has_other_fault(scenario, run, end);
    felt_by_workload(scenario, run, &during, metrics);
    felt(run, during, is_alone, metrics);
}

fn bytes_moved(run: &Run) -> f64 {
    let keys = run.rebalancing.moves.iter().map(|of| of.bytes as f64);
    keys.chain(run.rebalancing.relocations.iter().map(|of| of.bytes as f64)).sum()
}

/// Copies that moved between servers, and offices; nothing where none could.
fn copies(scenario: &Scenario, run: &Run, metrics: &mut Metrics) {
    let costs = &run.rebalancing;
    if costs.commands.is_empty() && !scenario.config().rebalances() {
        return;
    }
    let done = || costs.relocations.iter().filter(|of| of.is_done());
    put(metrics, "rebalance.copies_moved", done().count() as f64);
    put(metrics, "rebalance.offices_moved", costs.hand_overs.len() as f64);
    let rows = done().map(|of| of.rows).sum::<u64>() as f64;
    let loaded = run.loaded_rows as f64 * f64::from(scenario.replication.mode.replicas());
    put(metrics, "rebalance.copied_fraction", ratio(rows, loaded));
    let refused = costs.moves.iter().map(|of| of.refused);
    let stopped = costs.relocations.iter().map(|of| of.stopped);
    let handed = costs.hand_overs.iter().map(|of| of.stopped);
    put(metrics, "rebalance.unavailable_shard_s", seconds(refused.chain(stopped).chain(handed).sum()));
    if let Some(needed) = costs.moves_needed {
        let by_itself = done().filter(|of| of.command.is_none()).count() + costs.hand_overs.len();
        put(metrics, "rebalance.moves_needed", f64::from(needed));
        put(metrics, "rebalance.thrash_index", by_itself as f64 / f64::from(needed.max(1)));
    }
    if !costs.commands.iter().any(|plan| matches!(plan.cause, Cause::Command(_))) {
        put(metrics, "rebalance.bytes_moved", bytes_moved(run));
        put(metrics, "rebalance.redirects", costs.redirects as f64);
    }
    let bare = under_replicated(run);
    put(metrics, "rebalance.copies_missing_s", bare.map(seconds));
}

/// From the first loss of a server until the last missing copy was there again; nothing where none was lost, or where
/// some are still missing.
fn under_replicated(run: &Run) -> Option<Time> {
    let missing = || run.rebalancing.relocations.iter().filter(|of| of.from.is_none());
    let began = run.rebalancing.lost_at?;
    let ended = missing().filter_map(|of| of.joined).max()?;
    (run.rebalancing.open == 0).then(|| ended.saturating_sub(began))
}

/// Splits and merges, where the strategy has any.
fn reshaped(scenario: &Scenario, run: &Run, metrics: &mut Metrics) {
    if scenario.config().sharding.strategy.reshapes().is_none() {
        return;
    }
    let costs = &run.rebalancing;
    let count = |is: fn(&Cause) -> bool| costs.commands.iter().filter(|plan| is(&plan.cause)).count() as f64;
    put(metrics, "rebalance.splits", count(|cause| matches!(cause, Cause::Split { .. })));
    put(metrics, "rebalance.merges", count(|cause| matches!(cause, Cause::Merge { .. })));
    put(metrics, "rebalance.unsplittable", costs.unsplittable as f64);
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

/// The least share of the keys that any strategy has to move (Karger et al. 1997, monotonicity); of a tenant that is moved
/// out, its own.
fn least(command: &CommandCosts) -> f64 {
    let (before, after) = (command.servers_before, command.servers_after);
    if matches!(command.change, Some(MembershipChange::Isolate { .. })) {
        return ratio(command.moving as f64, command.loaded as f64).unwrap_or(0.0);
    }
    if !matches!(command.cause, Cause::Command(_)) {
        return 0.0;
    }
    f64::from(before.abs_diff(after)) / f64::from(before.max(after))
}

/// For how long a key that moved was refused, on average; keys that none of them is count for nothing.
fn unavailable_ms(run: &Run) -> Option<f64> {
    let moves = || run.rebalancing.moves.iter();
    let keys: f64 = moves().map(|of| of.keys as f64).sum();
    ratio(moves().map(|of| of.keys as f64 * milliseconds(of.refused)).sum(), keys)
}

/// How often a byte that moved was written where it went.
fn write_amplification(run: &Run) -> Option<f64> {
    let costs = &run.rebalancing;
    let written = costs.moves.iter().map(|of| of.bytes).sum::<u64>() + costs.second_bytes;
    let row_bytes = costs.commands.first()?.row_bytes;
    let copied = costs.moves.iter().filter(|of| !of.by_reference);
    let moved = copied.map(|of| of.keys).sum::<u64>() * u64::from(row_bytes);
    ratio(written as f64, moved as f64)
}

fn sealed_ms(of: &MoveCosts) -> Option<f64> {
    sealed_for(of).map(milliseconds)
}

/// From each command's beginning to its end, together; nothing, while one is open.
fn duration_s(run: &Run) -> Option<f64> {
    let costs = &run.rebalancing;
    let commands = costs.commands.iter().filter(|plan| matches!(plan.cause, Cause::Command(_)));
    let spans = commands.map(|command| Some(seconds(command.ended? - command.began)));
    if costs.open > 0 { None } else { spans.sum() }
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
