//! Open load: a Poisson stream of arrivals that does not wait for answers.

use shardlab_sim::{Random, Time};

/// Exponential gaps between arrivals, by the inverse of their distribution.
#[derive(Clone, Debug)]
pub struct Poisson {
    mean_gap_ns: f64,
    random: Random,
}

impl Poisson {
    /// Arrivals on average this far apart.
    #[must_use]
    pub fn new(mean_gap_ns: f64, random: Random) -> Self {
        assert!(mean_gap_ns.is_finite() && mean_gap_ns > 0.0, "an open load has a positive rate");
        Self { mean_gap_ns, random }
    }

    /// Time from one arrival to the next, in ns.
    #[inline]
    pub fn gap_ns(&mut self) -> Time {
        // `unit` is below one, so the logarithm's argument is above zero.
        let gap = -libm::log(1.0 - self.random.unit()) * self.mean_gap_ns;
        (gap + 0.5) as Time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_exponential() {
        let mut poisson = Poisson::new(1_000_000.0, Random::new(5, "test", 0));
        let gaps: Vec<Time> = (0..200_000).map(|_| poisson.gap_ns()).collect();
        let mean = gaps.iter().sum::<Time>() as f64 / gaps.len() as f64;
        // The standard error is 0.22 % of the mean.
        assert!((mean / 1_000_000.0 - 1.0).abs() < 0.01, "mean gap {mean} ns");
        for (times_mean, share) in [(0.5, 0.606_530_66), (1.0, 0.367_879_44), (3.0, 0.049_787_07)] {
            let longer = gaps.iter().filter(|&&gap| gap as f64 > times_mean * 1e6).count() as f64 / 200_000.0;
            assert!((longer - share).abs() < 0.005, "P(gap > {times_mean} means) is {longer}, not {share}");
        }
    }
}
