//! Exact quantiles.

use shardlab_sim::Time;

/// Times in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sorted(Vec<Time>);

impl From<Vec<Time>> for Sorted {
    fn from(mut times: Vec<Time>) -> Self {
        times.sort_unstable();
        Self(times)
    }
}

impl Sorted {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The smallest value that is not less than this share of all, by nearest rank, in ms.
    pub fn quantile_ms(&self, share: f64) -> Option<f64> {
        let rank = (share * self.0.len() as f64).ceil() as usize;
        let place = rank.clamp(1, self.0.len().max(1)) - 1;
        self.0.get(place).map(|&ns| milliseconds(ns))
    }

    /// The mean, in ms.
    pub fn mean_ms(&self) -> Option<f64> {
        // The sum of all times of a run stays far below 2¹²⁸ and is exact; the order of additions does not matter.
        let sum: u128 = self.0.iter().map(|&ns| u128::from(ns)).sum();
        (!self.0.is_empty()).then(|| sum as f64 / self.0.len() as f64 / 1e6)
    }
}

/// ns → ms.
pub(crate) fn milliseconds(ns: Time) -> f64 {
    ns as f64 / 1e6
}

/// ns → s.
pub(crate) fn seconds(ns: Time) -> f64 {
    ns as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values_that_were_seen() {
        let sorted = Sorted::from((1..=100).rev().map(|ms| ms * 1_000_000).collect::<Vec<_>>());
        let quantiles = [0.0, 0.5, 0.501, 0.99, 0.999, 1.0].map(|share| sorted.quantile_ms(share).unwrap());
        assert_eq!(quantiles, [1.0, 50.0, 51.0, 99.0, 100.0, 100.0]);
        assert_eq!(sorted.mean_ms(), Some(50.5));
    }

    #[test]
    fn nothing_has_no_quantiles() {
        assert_eq!((Sorted::default().quantile_ms(0.5), Sorted::default().mean_ms()), (None, None));
        assert_eq!(Sorted::from(vec![2_000_000]).quantile_ms(0.0), Some(2.0));
    }
}
