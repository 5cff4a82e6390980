//! What clients felt: throughput, latency, availability.

use std::ops::Range;

use shardlab_consistency::Outcome;
use shardlab_models::client::pool_of;
use shardlab_models::cluster::pool_places;
use shardlab_models::node::ObservedQuery;
use shardlab_models::world::Run;
use shardlab_sim::Time;

use super::{Call, KINDS, Metrics, Sorted, calls, milliseconds, put, ratio, seconds};
use crate::catalogue::{LATENCIES, OPERATIONS};
use crate::scenario::Scenario;

/// Measures the calls made between warm-up and the load's end.
pub(super) fn measure(scenario: &Scenario, run: &Run, metrics: &mut Metrics) {
    let window = run.warmup..run.duration;
    counts(run, &window, metrics);
    latencies(run, &window, metrics);
    by_workload(scenario, run, &window, metrics);
    put(metrics, "outage.longest_ms", longest_outage(run, &window));
    if let Some(surge) = surge(scenario) {
        during_surge(run, &window, &surge, metrics);
    }
}

fn counts(run: &Run, window: &Range<Time>, metrics: &mut Metrics) {
    if run.tables.is_some() {
        return counts_of_queries(run, window, metrics);
    }
    let called = || calls(&run.history).filter(|call| window.contains(&call.invoked));
    let operations = called().count() as f64;
    let ok = called().filter(|call| call.outcome == Outcome::Ok).count() as f64;
    put(metrics, "operations", operations);
    put(metrics, "errors", operations - ok);
    put(metrics, "availability.fraction", ratio(ok, operations));
    put(metrics, "throughput.ops_per_s", completed_per_second(run, window));
}

/// Where keys are rows of tables, what counts is the query, and not how many rows it writes.
fn counts_of_queries(run: &Run, window: &Range<Time>, metrics: &mut Metrics) {
    let queries = || run.queries.iter().filter(|query| !query.is_refresh);
    let called = || queries().filter(|query| window.contains(&query.invoked));
    let is_ok = |query: &&ObservedQuery| query.outcome == Outcome::Ok;
    let (operations, ok) = (called().count() as f64, called().filter(is_ok).count() as f64);
    put(metrics, "operations", operations);
    put(metrics, "errors", operations - ok);
    put(metrics, "availability.fraction", ratio(ok, operations));
    let answered = queries().filter(is_ok).filter(|query| window.contains(&query.completed)).count() as f64;
    let lasted = seconds(window.end.saturating_sub(window.start));
    put(metrics, "throughput.ops_per_s", ratio(answered, lasted));
}

/// Calls answered ok in a window, a second.
pub(super) fn completed_per_second(run: &Run, window: &Range<Time>) -> Option<f64> {
    let is_answered = |call: &Call| call.outcome == Outcome::Ok && window.contains(&call.completed);
    let answered = calls(&run.history).filter(is_answered).count() as f64;
    ratio(answered, seconds(window.end.saturating_sub(window.start)))
}

fn latencies(run: &Run, window: &Range<Time>, metrics: &mut Metrics) {
    let mut by_kind: [Vec<Time>; KINDS] = Default::default();
    for call in calls(&run.history).filter(|call| window.contains(&call.invoked)) {
        by_kind[call.kind as usize].extend(call.latency());
    }
    let all = Sorted::from(by_kind.concat());
    let kinds = by_kind.into_iter().map(Sorted::from);
    for (operation, sorted) in OPERATIONS.iter().zip(std::iter::once(all).chain(kinds)) {
        for (suffix, quantile, _) in LATENCIES {
            let value = quantile.map_or_else(|| sorted.mean_ms(), |share| sorted.quantile_ms(share));
            put(metrics, &format!("latency.{operation}.{suffix}"), value);
        }
    }
}

/// What clients of each workload felt, where there are several.
fn by_workload(scenario: &Scenario, run: &Run, window: &Range<Time>, metrics: &mut Metrics) {
    if scenario.workload.len() < 2 {
        return;
    }
    let places = pool_places(&scenario.config());
    let mut latencies_of: Vec<Vec<Time>> = vec![Vec::new(); scenario.workload.len()];
    for call in calls(&run.history).filter(|call| window.contains(&call.invoked)) {
        let Some(place) = places.get(pool_of(call.process, places.len() as u32)) else { continue };
        latencies_of[place.workload].extend(call.latency());
    }
    for (workload, latencies) in scenario.workload.iter().zip(latencies_of) {
        let sorted = Sorted::from(latencies);
        for (suffix, quantile, _) in LATENCIES {
            let value = quantile.map_or_else(|| sorted.mean_ms(), |share| sorted.quantile_ms(share));
            put(metrics, &format!("workload.{}.{suffix}", workload.name), value);
        }
    }
}

fn longest_outage(run: &Run, window: &Range<Time>) -> Option<f64> {
    let ok = calls(&run.history).filter(|call| call.outcome == Outcome::Ok);
    let mut answered: Vec<Time> = ok.map(|call| call.completed).filter(|at| window.contains(at)).collect();
    if answered.is_empty() {
        return None;
    }
    answered.extend([window.start, window.end]);
    answered.sort_unstable();
    answered.windows(2).map(|pair| milliseconds(pair[1] - pair[0])).reduce(f64::max)
}

/// The first surge of any workload.
fn surge(scenario: &Scenario) -> Option<Range<Time>> {
    let surges = scenario.workload.iter().filter_map(|workload| workload.surge.as_ref());
    let first = surges.min_by_key(|surge| surge.at)?;
    let end = first.lasts.map_or(Time::MAX, |lasts| first.at.as_ns().saturating_add(lasts.as_ns()));
    Some(first.at.as_ns()..end.min(scenario.duration.as_ns()))
}

fn during_surge(run: &Run, window: &Range<Time>, surge: &Range<Time>, metrics: &mut Metrics) {
    let during = surge.start.max(window.start)..surge.end;
    let p99 = |span: &Range<Time>| p99_ms(run, |call| span.contains(&call.invoked));
    let (before, surging) = (p99(&(window.start..surge.start)), p99(&during));
    put(metrics, "surge.p99_before_ms", before);
    put(metrics, "surge.p99_during_ms", surging);
    put(
        metrics,
        "surge.p99_penalty",
        before.zip(surging).and_then(|(before, surging)| ratio(surging, before)),
    );
    put(metrics, "surge.throughput_during_ops_per_s", completed_per_second(run, &during));
}

/// The 99th percentile of the latency of some calls.
pub(super) fn p99_ms(run: &Run, wanted: impl Fn(&Call) -> bool) -> Option<f64> {
    let latencies = calls(&run.history).filter(wanted).filter_map(|call| call.latency());
    Sorted::from(latencies.collect::<Vec<_>>()).quantile_ms(0.99)
}
