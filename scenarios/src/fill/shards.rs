//! Load of shards and servers.

use shardlab_models::world::Run;

use crate::metrics::{asked, seconds};
use crate::scenario::Scenario;
use crate::tables::{ServerRow, ShardRow};

/// Load of every shard after warm-up.
pub(crate) fn shards(run: &Run) -> Vec<ShardRow> {
    let asked = asked(run);
    let total: u64 = asked.iter().sum();
    let rows = run.shard_operations.iter().zip(&run.primaries).zip(asked).enumerate();
    rows.map(|(shard, ((load, primary), operations))| ShardRow {
        shard: shard as u32,
        primary: primary.map_or_else(String::new, |node| run.layout.names[node.index()].clone()),
        keys: load.keys_written.saturating_sub(u64::from(was_probed(run, shard as u32))),
        operations,
        share: if total == 0 { 0.0 } else { operations as f64 / total as f64 },
        served: load.reads + load.writes,
    })
    .collect()
}

/// Whether the drain's probe was written: to a key that no client has.
fn was_probed(run: &Run, shard: u32) -> bool {
    run.evidence.probes.iter().any(|probe| probe.shard == shard && probe.acknowledged.is_some())
}

/// Load of every server by interval, in order of time.
pub(crate) fn servers(scenario: &Scenario, run: &Run) -> Vec<ServerRow> {
    let cores_ns = run.sample_every as f64 * f64::from(scenario.cluster.cpu);
    let mut samples: Vec<_> =
        run.samples.iter().filter(|sample| run.layout.servers.contains(&sample.node)).collect();
    samples.sort_by_key(|sample| (sample.at, sample.node));
    let row = |sample: &shardlab_sim::NodeSample| ServerRow {
        time_s: seconds(sample.at.saturating_sub(run.sample_every)),
        server: run.layout.names[sample.node.index()].clone(),
        utilization: sample.busy_ns as f64 / cores_ns,
        queue_length: sample.queue_length,
        handled_per_s: sample.handled as f64 / seconds(run.sample_every),
    };
    samples.into_iter().map(row).collect()
}
