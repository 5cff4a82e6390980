//! Gray et al.'s quick approximation of Zipf's law (SIGMOD 1994, §3), as YCSB draws it.
//!
//! One word a draw. The two most popular ranks are exact; the others come from the inverse of an integral and are a
//! little off: the third rank of ten million keys is drawn 20 % too often. Good for `0 < theta < 1` only.

use shardlab_sim::Random;

use crate::workload::keys::zeta;

/// Ranks below `items` with probability about `1 / (rank + 1)^theta`.
#[derive(Clone, Debug, PartialEq)]
pub struct Gray {
    items: u64,
    theta: f64,
    zetan: f64,
    /// The sum's first two terms.
    zeta2: f64,
    alpha: f64,
    eta: f64,
    /// The curve of the items of the beginning; none once items were added.
    curve: Option<Curve>,
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
        let eta = eta(items, theta, zetan, zeta2);
        let curve = Some(Curve::new(items as f64, alpha, eta));
        Self { items, theta, zetan, zeta2, alpha, eta, curve }
    }

    /// Adds items up to `items`; the sum grows term by term, as in YCSB.
    pub fn grow_to(&mut self, items: u64) {
        if items <= self.items {
            return;
        }
        self.zetan += (self.items + 1..=items).map(|i| libm::pow(i as f64, -self.theta)).sum::<f64>();
        self.items = items;
        self.eta = eta(items, self.theta, self.zetan, self.zeta2);
        self.curve = None;
    }

    /// A rank, the most popular being zero.
    #[inline]
    pub fn draw(&self, random: &mut Random) -> u64 {
        self.at(random.unit())
    }

    /// The rank at `u`, which is drawn from `0.0..1.0`.
    #[inline]
    pub fn at(&self, u: f64) -> u64 {
        let scaled = u * self.zetan;
        if scaled < 1.0 {
            return 0;
        }
        if scaled < self.zeta2 {
            return 1;
        }
        let rank = match self.curve.as_ref().and_then(|curve| curve.whole_at(u)) {
            Some(rank) => rank,
            None => self.power(u) as u64,
        };
        rank.min(self.items - 1)
    }

    /// The rank at `u` before it is cut to a whole number: items · (1 - eta (1 - u))^alpha.
    fn power(&self, u: f64) -> f64 {
        // A power by logarithm is wrong by a few units in the last place and takes a third of `pow`'s time.
        let base = self.eta * u - self.eta + 1.0;
        self.items as f64 * libm::exp(self.alpha * libm::log(base))
    }
}

/// Cubics between this many points.
const PIECES: usize = 1024;

/// The formula's curve in pieces: a power costs five times as much, and is left to where the pieces cannot tell on
/// which side of a whole number it is. Every rank is thus the formula's own.
#[derive(Clone, Debug, PartialEq)]
struct Curve {
    /// At each point the value, and the slope times the step.
    points: Vec<(f64, f64)>,
    /// How far a cubic or the power may be off, as a share of the value.
    tolerance: f64,
}

impl Curve {
    fn new(items: f64, alpha: f64, eta: f64) -> Self {
        let step = 1.0 / PIECES as f64;
        let point = |index: usize| {
            let base = 1.0 - eta * (1.0 - index as f64 * step);
            let value = items * libm::pow(base, alpha);
            (value, value * alpha * eta / base * step)
        };
        Self { points: (0..=PIECES).map(point).collect(), tolerance: tolerance(alpha, eta, step) }
    }

    /// The whole number below the curve at `u`, if the cubic can tell it.
    #[inline]
    fn whole_at(&self, u: f64) -> Option<u64> {
        let scaled = u * PIECES as f64;
        let piece = scaled as usize;
        let (start, slope) = self.points[piece];
        let (end, end_slope) = self.points[piece + 1];
        let t = scaled - piece as f64;
        let rise = end - start;
        let square = 3.0 * rise - 2.0 * slope - end_slope;
        let cube = slope + end_slope - 2.0 * rise;
        let value = start + t * (slope + t * (square + t * cube));
        let off = value * self.tolerance;
        let (low, high) = ((value - off) as u64, (value + off) as u64);
        (low == high).then_some(low)
    }
}

/// Hermite's cubic over a step h is off by at most h⁴/384 of the fourth derivative, which is below
/// f · (alpha·eta/base)⁴; twice that, for f changes within a step. The power is off by a few roundings of its exponent.
fn tolerance(alpha: f64, eta: f64, step: f64) -> f64 {
    let steepest = alpha * eta / (1.0 - eta) * step;
    2.0 * libm::pow(steepest, 4.0) / 384.0 + 8.0 * alpha * f64::EPSILON
}

fn eta(items: u64, theta: f64, zetan: f64, zeta2: f64) -> f64 {
    // One or two items never get as far as the formula, whose denominator is zero for them.
    if items <= 2 {
        return 0.0;
    }
    (1.0 - libm::pow(2.0 / items as f64, 1.0 - theta)) / (1.0 - zeta2 / zetan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_give_the_formula_s_own_ranks() {
        for (items, theta) in [(3, 0.5), (100, 0.01), (100_000, 0.99), (6_870_000, 0.9), (10_000_000, 0.999)]
        {
            let law = Gray::new(items, theta);
            let curve = law.curve.as_ref().expect("nothing was added");
            let mut random = Random::new(1, "test", items);
            let mut told = 0;
            for _ in 0..200_000 {
                let u = random.unit();
                if let Some(rank) = curve.whole_at(u) {
                    assert_eq!(rank, law.power(u) as u64, "{items} items, theta {theta}, u {u}");
                    told += 1;
                }
            }
            // Near the uniform the curve is steep at its foot, and the power is left with all the work.
            let fewest = if theta < 0.5 { 0 } else { 180_000 };
            assert!(told >= fewest, "{items} items, theta {theta}: only {told} ranks by pieces");
        }
    }
}
