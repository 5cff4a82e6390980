//! Quantiles in an integer table that is fine where the tails are.
//!
//! Both tails are cut into octaves of their probability, one half of it each, and every octave into equal cells with
//! straight lines between: a tail of one in a million is as exact as the middle.

use std::sync::Arc;

use crate::time::Time;

/// Octaves a tail; beyond the last (one draw in 2⁴¹) the quantile stays.
const OCTAVES: usize = 40;
/// Cells an octave, a power of two: the error of a straight line in an exponential tail is `(1/64)² / 8` of its mean.
const CELL_BITS: u32 = 6;
const CELLS: usize = 1 << CELL_BITS;
/// The last octave's end, as a word.
const SMALLEST_TAIL: u64 = 1 << (63 - OCTAVES);
/// Values are kept in 1/256 ns where they fit, so that short times keep their mean.
const MOST_FRACTION_BITS: u32 = 8;
/// Longer times, 73 years, are cut: with their differences they must fit an `i64`.
const LONGEST_NS: f64 = (1_u64 << 61) as f64;

/// The quantiles of one distribution.
#[derive(Clone, Debug)]
pub(crate) struct QuantileTable {
    /// At rising tail probabilities, from the lower end and from the upper end.
    tails: [Vec<i64>; 2],
    fraction_bits: u32,
}

impl QuantileTable {
    /// Builds from the quantile functions of the lower and of the upper tail's probability, in ns, up to a half.
    pub fn new(lower: impl Fn(f64) -> f64, upper: impl Fn(f64) -> f64) -> Arc<Self> {
        let (lower, upper) = (quantiles(lower), quantiles(upper));
        let fraction_bits = fraction_bits(upper[0]);
        Arc::new(Self {
            tails: [to_fixed(&lower, fraction_bits), to_fixed(&upper, fraction_bits)],
            fraction_bits,
        })
    }

    /// The quantile of `word / 2⁶⁴`, in ns.
    #[inline]
    pub fn at(&self, word: u64) -> Time {
        let upper = word >> 63;
        // Below a half the word is the lower tail; above, its complement is the upper tail.
        let tail = (word ^ 0_u64.wrapping_sub(upper)).max(SMALLEST_TAIL);
        // The top bit is zero now: one octave a further leading zero.
        let octave = tail.leading_zeros() as usize - 1;
        let after_leading_one = tail << (octave + 2);
        let cell = (after_leading_one >> (64 - CELL_BITS)) as usize;
        let along = (after_leading_one << CELL_BITS >> 1) as i64;
        let values = &self.tails[upper as usize];
        let index = (OCTAVES - 1 - octave) * CELLS + cell;
        let (from, to) = (values[index], values[index + 1]);
        let value = from + ((i128::from(to - from) * i128::from(along)) >> 63) as i64;
        let half = 1_i64 << self.fraction_bits >> 1;
        ((value + half) >> self.fraction_bits) as Time
    }
}

fn quantiles(quantile: impl Fn(f64) -> f64) -> Vec<f64> {
    (0..=OCTAVES * CELLS).map(|point| quantile(tail_probability(point)).clamp(0.0, LONGEST_NS)).collect()
}

/// How fine the values can be when the longest is this.
fn fraction_bits(longest_ns: f64) -> u32 {
    let fits = |bits: &u32| longest_ns * f64::from(1_u32 << bits) <= LONGEST_NS;
    (0..=MOST_FRACTION_BITS).rev().find(fits).unwrap_or(0)
}

/// The tail probability at a grid point: 2⁻⁴¹ at the first, a half at the last.
fn tail_probability(point: usize) -> f64 {
    let (octave, cell) = (point / CELLS, point % CELLS);
    let smallest = 1.0 / (1_u64 << (OCTAVES + 1)) as f64;
    smallest * (1_u64 << octave) as f64 * (1.0 + cell as f64 / CELLS as f64)
}

fn to_fixed(quantiles_ns: &[f64], fraction_bits: u32) -> Vec<i64> {
    let scale = f64::from(1_u32 << fraction_bits);
    quantiles_ns.iter().map(|ns| (ns * scale).round() as i64).collect()
}
