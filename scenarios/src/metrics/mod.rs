//! From a run to its metrics: the numbers of the catalogue.

mod asked;
mod calls;
mod clients;
mod divergence;
mod hotspots;
mod intervals;
mod load;
mod loads;
mod lookups;
mod partitions;
mod quantiles;
pub(crate) mod queries;
mod rebalancing;
mod remedies;
mod space_saving;
mod spread;
mod transactions;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use shardlab_consistency::Judgement;
use shardlab_models::tables::Query;
use shardlab_models::workload::Mix;
use shardlab_models::world::Run;

pub(crate) use asked::{Prices, asked, asked_keys};
pub(crate) use calls::{Call, KINDS, calls};
pub(crate) use hotspots::{Hotspot, Level, hotspots};
pub(crate) use intervals::{Intervals, server_samples, servers_at, shards_at};
pub(crate) use loads::{Load, Loads};
pub(crate) use quantiles::{Sorted, milliseconds, seconds};
pub(crate) use space_saving::{Counter, SpaceSaving};
pub(crate) use spread::Spread;

use crate::catalogue;
use crate::scenario::Scenario;

/// Metrics by name, before they are put in order.
pub(crate) type Metrics = BTreeMap<String, f64>;

/// The metrics of one run, in the catalogue's order. A metric without anything to measure is left out.
#[must_use]
pub fn measure(scenario: &Scenario, run: &Run, judgements: &[Judgement]) -> IndexMap<String, f64> {
    let mut metrics = Metrics::new();
    clients::measure(scenario, run, &mut metrics);
    load::measure(scenario, run, &mut metrics);
    loads::measure(run, &Loads::of(scenario, run), &mut metrics);
    hotspots::measure(run, &hotspots(scenario, run), &mut metrics);
    transactions::measure(run, &mut metrics);
    divergence::measure(run, &mut metrics);
    rebalancing::measure(scenario, run, &mut metrics);
    lookups::measure(run, &mut metrics);
    partitions::measure(run, &mut metrics);
    queries::measure(run, &mut metrics);
    remedies::measure(run, &mut metrics);
    judged(judgements, &mut metrics);
    drop_what_nobody_asks(scenario, &mut metrics);
    in_order(scenario, metrics)
}

/// What several judges count under one name, each in operations of its own, is added up.
fn judged(judgements: &[Judgement], metrics: &mut Metrics) {
    for metric in judgements.iter().flat_map(|judgement| &judgement.finding.metrics) {
        *metrics.entry(metric.name.into()).or_default() += metric.value;
    }
    if let Some(&stale) = metrics.get("anomalies.stale-read") {
        metrics.insert("reads.stale".into(), stale);
    }
}

/// A load of transfers alone writes and reads no single key: that none of them was lost would be an empty boast.
fn drop_what_nobody_asks(scenario: &Scenario, metrics: &mut Metrics) {
    let mixes = || scenario.workload.iter().map(|workload| &workload.mix);
    let queries = || scenario.workload.iter().flat_map(|workload| &workload.queries);
    let writes = |query: &Query| query.writes() || query.summary.is_some();
    if !mixes().any(Mix::has_plain_writes) && !queries().any(writes) {
        metrics.remove("writes.acked");
        metrics.remove("writes.lost");
    }
    let reads_keys = |mix: &Mix| mix.read > 0.0 || mix.read_modify_write > 0.0 || mix.scan > 0.0;
    if !mixes().any(reads_keys) && !queries().any(|query| query.reads_one(&scenario.table)) {
        metrics.remove("reads.stale");
    }
}

fn in_order(scenario: &Scenario, mut metrics: Metrics) -> IndexMap<String, f64> {
    metrics.retain(|_, value| value.is_finite());
    let workloads = scenario.workload.iter().map(|workload| workload.name.as_str());
    let known = catalogue::with_workloads(workloads).into_iter();
    let mut ordered: IndexMap<String, f64> =
        known.filter_map(|info| metrics.remove(&info.name).map(|value| (info.name, value))).collect();
    // Those of single queries are named after them, and come last.
    let of_queries = metrics.extract_if(.., |name, _| catalogue::find(name).is_some());
    ordered.extend(of_queries);
    assert!(metrics.is_empty(), "every metric is in the catalogue, but {:?} are not", metrics.keys());
    ordered
}

/// Puts a metric down, if there is anything to put.
pub(crate) fn put(metrics: &mut Metrics, name: &str, value: impl Into<Option<f64>>) {
    if let Some(value) = value.into() {
        // A sum of no floating-point numbers is minus zero.
        metrics.insert(name.into(), value + 0.0);
    }
}

/// A part of a whole; nothing, where there is no whole.
pub(crate) fn ratio(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

#[cfg(test)]
pub(crate) mod tests;
