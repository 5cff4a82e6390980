//! Partitions by time: how many came and went, and what the job was late for.

use shardlab_models::world::Run;

use super::{Metrics, put};

/// Measures them over the whole run; nothing where there are none.
pub(super) fn measure(run: &Run, metrics: &mut Metrics) {
    put(metrics, "storage.bytes", run.stored_bytes.map(|bytes| bytes as f64));
    let Some(costs) = &run.partitions else { return };
    put(metrics, "partitions.created", costs.created as f64);
    put(metrics, "partitions.expired", costs.expired as f64);
    put(metrics, "partitions.expired_rows", costs.expired_rows as f64);
    put(metrics, "partitions.early_rows", costs.early_rows as f64);
    put(metrics, "partitions.default_rows", costs.default_rows as f64);
    put(metrics, "partitions.moved_rows", costs.moved_rows as f64);
    put(metrics, "partitions.refused", costs.refused as f64);
}
