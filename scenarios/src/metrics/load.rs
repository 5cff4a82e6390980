//! Who carried the load: shards, servers, backups, the network, disks.

use shardlab_models::world::Run;
use shardlab_sim::NodeId;

use super::clients::p99_ms;
use super::{Metrics, Sorted, asked, calls, milliseconds, put, ratio};
use crate::scenario::Scenario;

/// Measures the load of machines and shards.
pub(super) fn measure(scenario: &Scenario, run: &Run, metrics: &mut Metrics) {
    shards(&asked(run), metrics);
    servers(scenario, run, metrics);
    replication(run, metrics);
    traffic(run, metrics);
    let changed: u64 = run.receipts.iter().map(|receipt| receipt.changed).sum();
    put(metrics, "faults.effects", changed as f64);
}

fn shards(asked: &[u64], metrics: &mut Metrics) {
    let operations: Vec<f64> = asked.iter().map(|&count| count as f64).collect();
    let total: f64 = operations.iter().sum();
    let hottest = operations.iter().copied().fold(0.0, f64::max);
    let mean = total / operations.len() as f64;
    put(metrics, "shard.imbalance", ratio(hottest, mean));
    put(metrics, "shard.hottest_share", ratio(hottest, total));
    let squares: f64 = operations.iter().map(|count| (count - mean) * (count - mean)).sum();
    put(metrics, "shard.cv", ratio((squares / operations.len() as f64).sqrt(), mean));
}

fn servers(scenario: &Scenario, run: &Run, metrics: &mut Metrics) {
    let busy: Vec<(f64, NodeId)> =
        run.layout.servers.iter().map(|&server| (busy_ns(run, server) as f64, server)).collect();
    let total: f64 = busy.iter().map(|(busy, _)| busy).sum();
    let Some((most, hottest)) = busy.iter().copied().reduce(|a, b| if b.0 > a.0 { b } else { a }) else {
        return;
    };
    let window_ns = measured_ns(run) as f64;
    put(metrics, "server.imbalance", ratio(most, total / busy.len() as f64));
    put(metrics, "server.hottest_utilization", ratio(most, window_ns * f64::from(scenario.cluster.cpu)));
    let window = run.warmup..run.duration;
    let served = p99_ms(run, |call| call.node == Some(hottest) && window.contains(&call.invoked));
    put(metrics, "server.hottest_p99_ms", served);
    put(metrics, "server.longest_queue", longest_queue(run));
}

/// Samples that lie between warm-up and the load's end.
fn measured(run: &Run) -> impl Iterator<Item = &shardlab_sim::NodeSample> {
    run.samples
        .iter()
        .filter(|sample| sample.at > run.warmup + run.sample_every - 1 && sample.at <= run.duration)
}

/// How long those samples are together.
fn measured_ns(run: &Run) -> u64 {
    let ends = measured(run).map(|sample| sample.at);
    let (first, last) = ends.fold((u64::MAX, 0), |(first, last), at| (first.min(at), last.max(at)));
    if last == 0 { 0 } else { last - first + run.sample_every }
}

pub(super) fn busy_ns(run: &Run, server: NodeId) -> u64 {
    measured(run).filter(|sample| sample.node == server).map(|sample| sample.busy_ns).sum()
}

fn longest_queue(run: &Run) -> Option<f64> {
    let of_servers = measured(run).filter(|sample| run.layout.servers.contains(&sample.node));
    of_servers.map(|sample| sample.queue_length as f64).reduce(f64::max)
}

fn replication(run: &Run, metrics: &mut Metrics) {
    let lag = Sorted::from(run.replication_lag_ns.clone());
    put(metrics, "replication.lag.p99_ms", lag.quantile_ms(0.99));
    put(metrics, "convergence.time_ms", run.convergence_ns.map(milliseconds));
    put(metrics, "failover.count", run.failovers.len() as f64);
    let durations = run.failovers.iter().map(|(_, last_heard, appointed)| appointed - last_heard);
    put(metrics, "failover.duration_ms", Sorted::from(durations.collect::<Vec<_>>()).mean_ms());
}

/// Bytes between regions, of all between nodes: links within a zone and between zones of a region come first.
fn cross_region(run: &Run) -> Option<f64> {
    const WITHIN_A_REGION: usize = 2;
    let bytes = &run.counters.bytes_by_link;
    let sum = |bytes: &[u64]| bytes.iter().sum::<u64>() as f64;
    ratio(sum(bytes.get(WITHIN_A_REGION..)?), sum(bytes))
}

fn traffic(run: &Run, metrics: &mut Metrics) {
    let operations = calls(&run.history).filter(|call| call.invoked >= run.warmup).count() as f64;
    let nodes = &run.counters.nodes;
    let sum = |count: fn(&shardlab_sim::NodeCounters) -> u64| nodes.iter().map(count).sum::<u64>() as f64;
    put(metrics, "network.bytes_per_op", ratio(sum(|node| node.bytes_sent), operations));
    put(metrics, "network.messages_per_op", ratio(sum(|node| node.sent.iter().sum()), operations));
    put(metrics, "network.cross_region_fraction", cross_region(run));
    put(metrics, "network.messages_lost", run.counters.messages_lost as f64);
    put(metrics, "disk.syncs", sum(|node| node.syncs));
    put(metrics, "disk.forced_writes", sum(|node| node.forces_requested));
}
