//! Draws from a [`Distribution`]: one word a draw, integers only, the same on every machine.

use std::sync::Arc;

use crate::distribution::{Distribution, Weighted, lognormal_sigma, segments};
use crate::quantile_table::QuantileTable;
use crate::time::Time;

/// A distribution made ready for drawing. Clones share their tables.
///
/// Constants and uniform ranges are exact; the other families are looked up in integer tables of their quantiles
/// ([`Sampler::sample`] documents how exact).
#[derive(Clone, Debug)]
pub struct Sampler {
    family: Family,
}

#[derive(Clone, Debug)]
enum Family {
    Constant(Time),
    Uniform { low: Time, choices: u64 },
    Table(Arc<QuantileTable>),
    Parts(Arc<[Part]>),
}

/// One part of a mixture: it owns the words from `first` on, and stretches them to all words again.
#[derive(Clone, Debug)]
struct Part {
    first: u64,
    /// Leading zeros of how many words it owns.
    shift: u32,
    /// 2¹²⁷ divided by that many, shifted left by `shift`.
    reciprocal: u64,
    of: Sampler,
}

impl Sampler {
    /// Makes a distribution ready.
    ///
    /// # Panics
    /// When [`Distribution::validate`] objects: whoever reads a distribution in must ask it first.
    #[must_use]
    pub fn new(distribution: &Distribution) -> Self {
        if let Err(objection) = distribution.validate() {
            panic!("a distribution is validated before it is sampled: {objection}");
        }
        Self { family: family(distribution) }
    }

    /// The quantile that belongs to `word / 2⁶⁴`, in ns.
    ///
    /// Tables are within a thousandth of the exact quantile (or 1 ns) down to tails of one in 10⁶ and beyond; past
    /// one in 2⁴¹ they stay at that quantile.
    #[must_use]
    #[inline]
    pub fn sample(&self, word: u64) -> Time {
        match &self.family {
            Family::Constant(value) => *value,
            Family::Uniform { low, choices } => low + scale(word, *choices),
            Family::Table(table) => table.at(word),
            Family::Parts(parts) => sample_parts(parts, word),
        }
    }
}

fn family(distribution: &Distribution) -> Family {
    match distribution {
        Distribution::Constant(value) => Family::Constant(value.as_ns()),
        Distribution::Uniform { low, high } => uniform(low.as_ns(), high.as_ns()),
        Distribution::Exponential { mean } => exponential(mean.as_ns() as f64),
        Distribution::Lognormal { median, p99 } => {
            lognormal(median.as_ns() as f64, lognormal_sigma(*median, *p99))
        }
        Distribution::Pareto { scale, shape } => pareto(scale.as_ns() as f64, *shape),
        Distribution::Mixture(mixed) => {
            let weighed = |Weighted { weight, of }: &Weighted| (*weight, Sampler::new(of));
            parts(mixed.iter().map(weighed).collect())
        }
        Distribution::Empirical(knots) => {
            let lines = segments(knots).filter(|(mass, ..)| mass.as_ppb() > 0);
            let line = |low: Time, high: Time| Sampler { family: uniform(low, high) };
            parts(
                lines
                    .map(|(mass, low, high)| (mass.as_fraction(), line(low.as_ns(), high.as_ns())))
                    .collect(),
            )
        }
    }
}

fn uniform(low: Time, high: Time) -> Family {
    // From 0 to u64::MAX there is one choice more than fits; that one is left out.
    Family::Uniform { low, choices: (high - low).saturating_add(1) }
}

fn exponential(mean: f64) -> Family {
    Family::Table(QuantileTable::new(|lower| -mean * libm::log1p(-lower), |upper| -mean * libm::log(upper)))
}

fn lognormal(median: f64, sigma: f64) -> Family {
    let at = |tail: f64, side: f64| median * libm::exp(side * sigma * normal_upper_quantile(tail));
    Family::Table(QuantileTable::new(|lower| at(lower, -1.0), |upper| at(upper, 1.0)))
}

fn pareto(scale: f64, shape: f64) -> Family {
    let at = |log_of_tail: f64| scale * libm::exp(-log_of_tail / shape);
    Family::Table(QuantileTable::new(|lower| at(libm::log1p(-lower)), |upper| at(libm::log(upper))))
}

fn parts(weighed: Vec<(f64, Sampler)>) -> Family {
    let total: f64 = weighed.iter().map(|(weight, _)| weight).sum();
    let mut below = 0.0;
    let mut firsts = Vec::with_capacity(weighed.len());
    for (weight, _) in &weighed {
        // The cast saturates, so that rounding can at most leave a last part without words.
        firsts.push((below / total * TWO_TO_64) as u64);
        below += weight;
    }
    let ends = firsts.iter().skip(1).copied().chain([u64::MAX]);
    let owned: Vec<u64> = firsts.iter().zip(ends).map(|(first, end)| (end - first).max(1)).collect();
    let part = |((first, owned), (_, of)): ((u64, u64), (f64, Sampler))| {
        let shift = owned.leading_zeros();
        let reciprocal = u64::try_from(((1_u128 << 127) - 1) / u128::from(owned << shift))
            .expect("a half at least is divided into one");
        Part { first, shift, reciprocal, of }
    };
    Family::Parts(firsts.into_iter().zip(owned).zip(weighed).map(part).collect())
}

fn sample_parts(parts: &[Part], word: u64) -> Time {
    let index = parts.partition_point(|part| part.first <= word).max(1) - 1;
    let part = &parts[index];
    // A part's last word may lie past its count by rounding: the shift must not lose its top bit.
    let position = (word - part.first).min(u64::MAX >> part.shift) << part.shift;
    let stretched = (u128::from(position) * u128::from(part.reciprocal)) >> 63;
    part.of.sample(u64::try_from(stretched).unwrap_or(u64::MAX))
}

const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;

#[inline]
const fn scale(word: u64, choices: u64) -> u64 {
    ((word as u128 * choices as u128) >> 64) as u64
}

/// The `z` beyond which a standard normal variable lies with probability `tail`, at most a half.
///
/// Newton's method on the logarithm of the tail, which is concave: every step but the first comes from the right.
fn normal_upper_quantile(tail: f64) -> f64 {
    let goal = libm::log(tail);
    let mut z = 0.0;
    // It converges quadratically: even the farthest tail of a table, 2⁻⁴¹, needs about ten steps.
    for _ in 0..24 {
        let beyond = 0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2);
        let density = libm::exp(-0.5 * z * z) / libm::sqrt(2.0 * std::f64::consts::PI);
        z += (libm::log(beyond) - goal) * beyond / density;
    }
    z
}

#[cfg(test)]
mod tests;
