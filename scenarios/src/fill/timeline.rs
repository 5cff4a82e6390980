//! What clients felt over time, and the distribution of their waiting.

use shardlab_models::world::Run;
use shardlab_sim::Time;

use super::interval;
use crate::catalogue::OPERATIONS;
use crate::metrics::{Call, KINDS, Sorted, calls, seconds};
use crate::tables::{LatencyRow, TimelineRow};

/// Client-side measures by interval, to the load's end. What was answered counts when it was answered; what was never
/// answered, when it was called.
pub(crate) fn timeline(run: &Run) -> Vec<TimelineRow> {
    let step = interval(run.duration);
    let mut intervals = vec![Interval::default(); run.duration.div_ceil(step) as usize];
    for call in calls(&run.history) {
        let at = if call.completed == Time::MAX { call.invoked } else { call.completed };
        if let Some(interval) = intervals.get_mut((at / step) as usize) {
            interval.add(&call);
        }
    }
    let rows = intervals.into_iter().enumerate();
    rows.map(|(index, interval)| interval.row(index as Time * step, step)).collect()
}

#[derive(Clone, Default)]
struct Interval {
    latencies: Vec<Time>,
    failed: u64,
}

impl Interval {
    fn add(&mut self, call: &Call) {
        match call.latency() {
            Some(latency) => self.latencies.push(latency),
            None => self.failed += 1,
        }
    }

    fn row(self, start: Time, step: Time) -> TimelineRow {
        let ok = self.latencies.len() as f64;
        let sorted = Sorted::from(self.latencies);
        TimelineRow {
            time_s: seconds(start),
            ok_per_s: ok / seconds(step),
            failed_per_s: self.failed as f64 / seconds(step),
            p50_ms: sorted.quantile_ms(0.5),
            p95_ms: sorted.quantile_ms(0.95),
            p99_ms: sorted.quantile_ms(0.99),
            max_ms: sorted.quantile_ms(1.0),
        }
    }
}

/// Every second percentile, and the tail to one in 10⁵.
fn quantiles() -> impl Iterator<Item = f64> {
    const TAIL: [f64; 9] = [0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999, 0.999_99, 1.0];
    (0..=49).map(|fiftieth| f64::from(fiftieth) / 50.0).chain(TAIL)
}

/// Latency quantiles by kind of operation, of calls between warm-up and the load's end.
pub(crate) fn latency(run: &Run) -> Vec<LatencyRow> {
    let mut by_kind: [Vec<Time>; KINDS] = Default::default();
    for call in calls(&run.history).filter(|call| (run.warmup..run.duration).contains(&call.invoked)) {
        by_kind[call.kind as usize].extend(call.latency());
    }
    let all = Sorted::from(by_kind.concat());
    let sorted = std::iter::once(all).chain(by_kind.into_iter().map(Sorted::from));
    OPERATIONS.iter().zip(sorted).flat_map(|(operation, sorted)| rows(operation, &sorted)).collect()
}

fn rows(operation: &str, sorted: &Sorted) -> Vec<LatencyRow> {
    let row = |quantile| {
        let latency_ms = sorted.quantile_ms(quantile)?;
        Some(LatencyRow { operation: operation.into(), quantile, latency_ms })
    };
    quantiles().filter_map(row).collect()
}
