//! What looking shards up cost, and how far from their users rows were.

use shardlab_models::world::Run;

use super::{Metrics, Sorted, put, ratio, seconds};

/// Measures the lookups whose answers came after warm-up; nothing where clients know every shard.
pub(super) fn measure(run: &Run, metrics: &mut Metrics) {
    let Some(costs) = &run.lookups else { return };
    let answers = costs.latencies_ns.len() as f64;
    put(metrics, "directory.lookups_per_s", ratio(answers, seconds(run.duration.saturating_sub(run.warmup))));
    let asked = costs.hits + costs.misses;
    put(metrics, "directory.hit_fraction", ratio(costs.hits as f64, asked as f64));
    let latencies = Sorted::from(costs.latencies_ns.clone());
    put(metrics, "directory.latency.p99_ms", latencies.quantile_ms(0.99));
}
