//! How far copies were apart over time.

use shardlab_models::world::{DivergenceSample, Run};

use crate::metrics::seconds;
use crate::tables::DivergenceRow;

/// A row a sample, to the end of the drain; none where primaries order writes.
pub(crate) fn divergence(run: &Run) -> Vec<DivergenceRow> {
    let row = |sample: &DivergenceSample| DivergenceRow {
        time_s: seconds(sample.at),
        keys: sample.keys,
        differing: sample.differing,
        versions_mean: sample.versions_mean,
        versions_max: sample.versions_max,
    };
    run.divergence.iter().flat_map(|divergence| &divergence.samples).map(row).collect()
}
