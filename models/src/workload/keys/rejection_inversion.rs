//! Zipf's law exactly, by rejection-inversion (Hörmann & Derflinger, ACM TOMACS 6(3), 1996).
//!
//! A hat over the probabilities, `x^-s` integrated between half-integers, is inverted; what falls between hat and
//! step is drawn again, which happens to fewer than one in five. Good for every exponent above zero.

use shardlab_sim::Random;

/// Ranks below `items` with probability proportional to `1 / (rank + 1)^exponent`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RejectionInversion {
    items: u64,
    exponent: f64,
    /// The hat's integral up to the last item.
    last: f64,
    /// The hat's integral up to the first item, minus that item's own probability: its step needs no rejection.
    first: f64,
    /// Points this close below an integer lie under every step (the paper's `s`).
    shortcut: f64,
}

impl RejectionInversion {
    /// Over so many items.
    #[must_use]
    pub fn new(items: u64, exponent: f64) -> Self {
        assert!(items > 0 && exponent > 0.0, "Zipf's law has an item and a positive exponent");
        let mut law = Self { items, exponent, last: 0.0, first: 0.0, shortcut: 0.0 };
        law.first = law.integral(1.5) - 1.0;
        law.last = law.integral(items as f64 + 0.5);
        law.shortcut = 2.0 - law.inverse(law.integral(2.5) - law.weight(2.0));
        law
    }

    /// Adds items up to `items`.
    pub fn grow_to(&mut self, items: u64) {
        if items > self.items {
            self.items = items;
            self.last = self.integral(items as f64 + 0.5);
        }
    }

    /// A rank, the most popular being zero.
    pub fn draw(&self, random: &mut Random) -> u64 {
        loop {
            let area = self.last + random.unit() * (self.first - self.last);
            let x = self.inverse(area);
            let item = ((x + 0.5) as u64).clamp(1, self.items);
            let step = item as f64;
            if step - x <= self.shortcut || area >= self.integral(step + 0.5) - self.weight(step) {
                return item - 1;
            }
        }
    }

    /// `x^-s`.
    fn weight(&self, x: f64) -> f64 {
        libm::pow(x, -self.exponent)
    }

    /// `∫ t^-s dt` from 1 to x: `(x^(1-s) - 1) / (1 - s)`, and `ln x` for an exponent of one.
    fn integral(&self, x: f64) -> f64 {
        let log = libm::log(x);
        log * expm1_over((1.0 - self.exponent) * log)
    }

    /// The x whose integral is `area`.
    fn inverse(&self, area: f64) -> f64 {
        // Rounding may carry the argument below −1, the integral's limit at x = 0.
        let scaled = (area * (1.0 - self.exponent)).max(-1.0);
        libm::exp(area * log1p_over(scaled))
    }
}

/// `(e^x - 1) / x`, which is one at zero.
fn expm1_over(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { libm::expm1(x) / x }
}

/// `ln(1 + x) / x`, which is one at zero.
fn log1p_over(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { libm::log1p(x) / x }
}
