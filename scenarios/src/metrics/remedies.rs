//! What remedies for hotspots brought, and what they cost.

use shardlab_consistency::{Operation, Outcome, RegisterReport};
use shardlab_models::message::Kind;
use shardlab_models::remedies::CacheMeasures;
use shardlab_models::world::Run;
use shardlab_sim::NodeId;

use super::{Metrics, Sorted, calls, put, ratio};

/// Measures how often the database is asked, and what caches and shared requests spare it.
pub(super) fn measure(run: &Run, metrics: &mut Metrics) {
    put(metrics, "database.requests_per_op", requests_per_operation(run));
    let Some(remedies) = &run.remedies else { return };
    let clients = &remedies.clients;
    if clients.joined > 0 {
        put(metrics, "coalesce.joined_fraction", ratio(clients.joined as f64, clients.reads as f64));
    }
    if remedies.caches.is_empty() {
        return;
    }
    put(metrics, "cache.timeouts", clients.cache_timeouts as f64);
    caches(&remedies.caches, metrics);
    stale(run, metrics);
}

fn requests_per_operation(run: &Run) -> Option<f64> {
    let asks = [Kind::Read, Kind::Write, Kind::Scan, Kind::Query];
    let sent = |node: &NodeId| {
        let sent = &run.counters.nodes.get(node.index())?.sent;
        Some(asks.into_iter().filter_map(|kind| sent.get(kind as usize)).sum::<u64>())
    };
    let requests: u64 = run.layout.clients.iter().filter_map(sent).sum();
    let operations = calls(&run.history).filter(|call| call.invoked >= run.warmup).count();
    ratio(requests as f64, operations as f64)
}

fn caches(caches: &[CacheMeasures], metrics: &mut Metrics) {
    let sum = |count: fn(&CacheMeasures) -> u64| caches.iter().map(count).sum::<u64>() as f64;
    let (hits, misses) = (sum(|cache| cache.hits), sum(|cache| cache.misses));
    put(metrics, "cache.hit_fraction", ratio(hits, hits + misses));
    put(metrics, "cache.misses", misses);
    put(metrics, "cache.evictions", sum(|cache| cache.evictions));
    put(metrics, "cache.early_refreshes", sum(|cache| cache.early));
    put(metrics, "cache.refused_sets", sum(|cache| cache.refused_sets));
    let peak = caches.iter().map(|cache| cache.stampede_peak).max();
    put(metrics, "cache.stampede_peak", peak.map(|peak| peak as f64));
}

/// How old the answers of caches were; a fresh one is not old at all.
fn stale(run: &Run, metrics: &mut Metrics) {
    let Some(order) = &run.evidence.version_order else { return };
    let served = |operation: &Operation| {
        let node = NodeId(u32::from(operation.node));
        operation.kind.reads() && operation.outcome == Outcome::Ok && run.layout.caches.contains(&node)
    };
    let report = RegisterReport::new(&run.history, order);
    let stale =
        report.stale_reads.iter().filter(|stale| served(&run.history.operations[stale.read as usize]));
    let mut overwritten: Vec<u64> = stale.map(|stale| stale.overwritten_for_ns).collect();
    put(metrics, "cache.stale_reads", overwritten.len() as f64);
    let reads = run.history.operations.iter().filter(|operation| served(operation)).count();
    overwritten.resize(reads.max(overwritten.len()), 0);
    put(metrics, "cache.overwritten_p99_ms", Sorted::from(overwritten).quantile_ms(0.99));
}
