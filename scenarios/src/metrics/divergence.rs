//! What copies that take writes by themselves met, and how far they were apart.

use shardlab_models::world::{Divergence, DivergenceSample, Run};

use super::{Metrics, milliseconds, put, ratio};

/// Measures a run whose copies exchange versions; of any other there is nothing to say.
pub(super) fn measure(run: &Run, metrics: &mut Metrics) {
    let Some(divergence) = &run.divergence else { return };
    put(metrics, "conflicts.met", divergence.conflicts as f64);
    put(metrics, "conflicts.per_write", ratio(divergence.conflicts as f64, divergence.writes as f64));
    put(metrics, "writes.invisible", divergence.invisible as f64);
    put(metrics, "siblings.per_key_max", f64::from(divergence.most_versions));
    put(metrics, "clock.bytes_per_key", divergence.clock_bytes_per_key);
    put(metrics, "convergence.after_heal_ms", divergence.after_heal_ns.map(milliseconds));
    put(metrics, "siblings.per_key_mean", mean(run, divergence, |sample| sample.versions_mean));
    put(metrics, "divergence.keys_mean", mean(run, divergence, |sample| sample.differing as f64));
    let most = divergence.samples.iter().map(|sample| sample.differing).max();
    put(metrics, "divergence.keys_max", most.map(|keys| keys as f64));
}

/// Over the samples between warm-up and the load's end.
fn mean(run: &Run, divergence: &Divergence, value: fn(&DivergenceSample) -> f64) -> Option<f64> {
    let measured = divergence.samples.iter().filter(|sample| (run.warmup..run.duration).contains(&sample.at));
    let (sum, count) = measured.fold((0.0, 0), |(sum, count), sample| (sum + value(sample), count + 1));
    ratio(sum, f64::from(count))
}
