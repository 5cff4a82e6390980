//! Gray et al.'s quick approximation of Zipf's law (SIGMOD 1994, §3), as YCSB draws it.
//!
//! One word a draw. The two most popular ranks are exact; the others come from the inverse of an integral and are a
//! little off: the third rank of ten million keys is drawn 20 % too often. Good for `0 < theta < 1` only.

use shardlab_sim::Random;

use crate::workload::keys::zeta;

/// Ranks below `items` with probability about `1 / (rank + 1)^theta`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gray {
    items: u64,
    theta: f64,
    zetan: f64,
    /// The sum's first two terms.
    zeta2: f64,
    alpha: f64,
    eta: f64,
}

impl Gray {
    /// Over so many items.
    #[must_use]
    pub fn new(items: u64, theta: f64) -> Self {
        Self::with_zeta(items, theta, zeta(items, theta))
    }

    /// With the sum given.
    #[must_use]
    pub fn with_zeta(items: u64, theta: f64, zetan: f64) -> Self {
        assert!(0.0 < theta && theta < 1.0, "Gray's formula divides by 1 - theta and takes its root");
        let zeta2 = 1.0 + libm::pow(0.5, theta);
        let alpha = 1.0 / (1.0 - theta);
        Self { items, theta, zetan, zeta2, alpha, eta: eta(items, theta, zetan, zeta2) }
    }

    /// Adds items up to `items`; the sum grows term by term, as in YCSB.
    pub fn grow_to(&mut self, items: u64) {
        if items <= self.items {
            return;
        }
        self.zetan += (self.items + 1..=items).map(|i| libm::pow(i as f64, -self.theta)).sum::<f64>();
        self.items = items;
        self.eta = eta(items, self.theta, self.zetan, self.zeta2);
    }

    /// A rank, the most popular being zero.
    #[inline]
    pub fn draw(&self, random: &mut Random) -> u64 {
        let u = random.unit();
        let scaled = u * self.zetan;
        if scaled < 1.0 {
            return 0;
        }
        if scaled < self.zeta2 {
            return 1;
        }
        // A power by logarithm is wrong by a few units in the last place and takes a third of `pow`'s time.
        let base = self.eta * u - self.eta + 1.0;
        let rank = self.items as f64 * libm::exp(self.alpha * libm::log(base));
        (rank as u64).min(self.items - 1)
    }
}

fn eta(items: u64, theta: f64, zetan: f64, zeta2: f64) -> f64 {
    // One or two items never get as far as the formula, whose denominator is zero for them.
    if items <= 2 {
        return 0.0;
    }
    (1.0 - libm::pow(2.0 / items as f64, 1.0 - theta)) / (1.0 - zeta2 / zetan)
}
