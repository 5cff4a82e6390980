//! How fresh reads were: the share of fresh ones, and how far behind the others lay.

use crate::{Metric, RegisterReport};

/// The distribution of staleness over all reads whose version has a place in the true order.
///
/// Quantiles are exact, by nearest rank; fresh reads count as zero versions and zero nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staleness {
    reads: u64,
    /// Of stale reads only, ascending.
    versions_behind: Vec<u64>,
    overwritten_for_ns: Vec<u64>,
}

impl Staleness {
    /// Measures a report; `None` where no read can be judged.
    pub fn new(report: &RegisterReport) -> Option<Self> {
        let sorted = |mut figures: Vec<u64>| {
            figures.sort_unstable();
            figures
        };
        let stale = || report.stale_reads.iter();
        (report.placed_reads() > 0).then(|| Self {
            reads: report.placed_reads(),
            versions_behind: sorted(stale().map(|read| u64::from(read.versions_behind)).collect()),
            overwritten_for_ns: sorted(stale().map(|read| read.overwritten_for_ns).collect()),
        })
    }

    /// The share of reads that returned the newest version acknowledged before them, or a newer one.
    pub fn p_fresh(&self) -> f64 {
        1.0 - self.versions_behind.len() as f64 / self.reads as f64
    }

    /// How many versions behind the best `share` of reads lay at most, `0.99` for the 99th percentile.
    pub fn versions_behind(&self, share: f64) -> u64 {
        self.quantile(&self.versions_behind, share)
    }

    /// For how long the best `share` of reads had been overwritten at most, in nanoseconds.
    pub fn overwritten_for_ns(&self, share: f64) -> u64 {
        self.quantile(&self.overwritten_for_ns, share)
    }

    /// The catalogue's figures: the share of fresh reads, and 50th, 99th and 99.9th percentiles.
    pub fn metrics(&self) -> Vec<Metric> {
        let behind = |share| self.versions_behind(share) as f64;
        let overwritten = |share| self.overwritten_for_ns(share) as f64 / 1e6;
        vec![
            Metric { name: "staleness.p_fresh", value: self.p_fresh() },
            Metric { name: "staleness.versions_behind_p50", value: behind(0.5) },
            Metric { name: "staleness.versions_behind_p99", value: behind(0.99) },
            Metric { name: "staleness.versions_behind_max", value: behind(1.0) },
            Metric { name: "staleness.overwritten_p50_ms", value: overwritten(0.5) },
            Metric { name: "staleness.overwritten_p99_ms", value: overwritten(0.99) },
            Metric { name: "staleness.overwritten_p999_ms", value: overwritten(0.999) },
            Metric { name: "staleness.overwritten_max_ms", value: overwritten(1.0) },
        ]
    }

    fn quantile(&self, stale: &[u64], share: f64) -> u64 {
        let rank = (share.clamp(0.0, 1.0) * self.reads as f64).ceil() as u64;
        let fresh = self.reads - stale.len() as u64;
        rank.checked_sub(fresh + 1).map_or(0, |place| stale[place as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StaleRead;

    fn report(reads: u64, overwritten_for_ns: &[u64]) -> RegisterReport {
        let stale =
            |&overwritten_for_ns| StaleRead { read: 0, missed: 0, versions_behind: 2, overwritten_for_ns };
        RegisterReport {
            reads,
            stale_reads: overwritten_for_ns.iter().map(stale).collect(),
            ..RegisterReport::default()
        }
    }

    #[test]
    fn quantiles_count_fresh_reads_as_zero() {
        let staleness = Staleness::new(&report(10, &[30, 10, 20])).unwrap();
        assert_eq!(staleness.p_fresh(), 0.7);
        let at = [0.0, 0.7, 0.71, 0.8, 0.9, 1.0].map(|share| staleness.overwritten_for_ns(share));
        assert_eq!(at, [0, 0, 10, 10, 20, 30]);
        assert_eq!((staleness.versions_behind(0.7), staleness.versions_behind(1.0)), (0, 2));
    }

    #[test]
    fn a_share_that_is_none_is_taken_as_the_nearest() {
        let staleness = Staleness::new(&report(1, &[7])).unwrap();
        let at = [f64::NAN, -1.0, 2.0].map(|share| staleness.overwritten_for_ns(share));
        assert_eq!(at, [0, 0, 7]);
    }

    #[test]
    fn without_reads_there_is_no_staleness() {
        assert_eq!(Staleness::new(&report(0, &[])), None);
    }
}
