//! What clients felt over time, and the distribution of their waiting.

use shardlab_consistency::Outcome;
use shardlab_models::world::Run;
use shardlab_sim::Time;

use super::interval;
use crate::catalogue::OPERATIONS;
use crate::metrics::{Call, KINDS, Sorted, calls, seconds};
use crate::tables::{LatencyRow, TimelineRow};

/// Client-side measures by interval, to the load's end. Outcomes count when they came (what was never answered, when it
/// was called), times when the call was made.
pub(crate) fn timeline(run: &Run) -> Vec<TimelineRow> {
    let step = interval(run.duration);
    let mut intervals = vec![Interval::default(); run.duration.div_ceil(step) as usize];
    for (call, &ended) in calls(&run.history).zip(&run.ended) {
        let at = if call.completed == Time::MAX { call.invoked } else { call.completed };
        if let Some(interval) = intervals.get_mut((at / step) as usize) {
            interval.count(&call);
        }
        if let Some(interval) = intervals.get_mut((call.invoked / step) as usize) {
            interval.waited.push(ended.saturating_sub(call.invoked));
        }
    }
    let rows = intervals.into_iter().enumerate();
    rows.map(|(index, interval)| interval.row(index as Time * step, step)).collect()
}

#[derive(Clone, Default)]
struct Interval {
    ok: u64,
    failed: u64,
    /// How long those that called now waited, for an answer or until they gave up: during a cut, what is answered at
    /// all is answered fast, and would hide everybody who waits.
    waited: Vec<Time>,
}

impl Interval {
    fn count(&mut self, call: &Call) {
        match call.outcome {
            Outcome::Ok => self.ok += 1,
            Outcome::Fail | Outcome::Info => self.failed += 1,
        }
    }

    fn row(self, start: Time, step: Time) -> TimelineRow {
        let waited = Sorted::from(self.waited);
        TimelineRow {
            time_s: seconds(start),
            ok_per_s: self.ok as f64 / seconds(step),
            failed_per_s: self.failed as f64 / seconds(step),
            p50_ms: waited.quantile_ms(0.5),
            p95_ms: waited.quantile_ms(0.95),
            p99_ms: waited.quantile_ms(0.99),
            max_ms: waited.quantile_ms(1.0),
        }
    }
}

/// Every percentile, and then nine for each further nine: enough for a smooth curve where a sample has something to
/// say, which is up to the share that its largest value leaves below it.
fn quantiles(count: usize) -> impl Iterator<Item = f64> {
    const SCALES: [f64; 7] = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
    let tail = SCALES
        .into_iter()
        .flat_map(|scale| (1..=9).map(move |digit| (scale - f64::from(10 - digit)) / scale));
    let percentiles = (0..=99).map(|percent| f64::from(percent) / 100.0);
    let most = count.saturating_sub(1) as f64 / count as f64;
    percentiles.chain(tail).take_while(move |&share| share <= most).chain([1.0])
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
    quantiles(sorted.len()).filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tests::{read, run};
    use shardlab_consistency::History;
    use shardlab_sim::SECOND;

    #[test]
    fn who_waits_is_not_hidden_by_who_is_served() {
        let mut history = History::default();
        history.push(read(2 * SECOND, 1, Outcome::Ok));
        history.push(read(2 * SECOND, 1, Outcome::Ok));
        history.push(read(2 * SECOND, 700, Outcome::Fail));
        // Given up after two seconds.
        history.push(read(2 * SECOND, 0, Outcome::Info));
        let rows = timeline(&run(history));
        let row = |time_s: f64| rows.iter().find(|row| (row.time_s - time_s).abs() < 1e-9).unwrap();
        assert_eq!((row(2.0).p50_ms, row(2.0).max_ms), (Some(1.0), Some(2_000.0)));
        assert_eq!((row(2.0).ok_per_s, row(2.0).failed_per_s), (20.0, 10.0));
        // The failure came then, and nobody called.
        assert_eq!((row(2.7).failed_per_s, row(2.7).p50_ms), (10.0, None));
    }

    #[test]
    fn quantiles_rise_and_end_where_the_sample_does() {
        let shares: Vec<f64> = quantiles(1_000).collect();
        assert!(shares.windows(2).all(|pair| pair[0] < pair[1]), "{shares:?}");
        assert_eq!(shares[shares.len() - 2..], [0.999, 1.0]);
        assert_eq!(quantiles(5).collect::<Vec<_>>()[80..], [0.8, 1.0]);
        assert_eq!(quantiles(1).collect::<Vec<_>>(), [0.0, 1.0]);
    }
}
