//! Zipfian: the k-th most popular key has a probability of about `1 / k^theta`; key zero is the most popular.
//!
//! Below one as YCSB draws it, by Gray's approximation, so that figures compare; from one on, where that formula
//! breaks, exactly. Keys that are inserted later are not drawn: popularity is that of the loaded keys.

use shardlab_sim::Random;

use crate::workload::keys::Chooser;
use crate::workload::keys::gray::Gray;
use crate::workload::keys::rejection_inversion::RejectionInversion;

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Zipfian(Law);

#[derive(Clone, Debug, PartialEq)]
enum Law {
    Gray(Gray),
    Exact(RejectionInversion),
}

impl Zipfian {
    /// Over `count` keys; `theta` is above zero.
    #[must_use]
    pub fn new(count: u64, theta: f64) -> Self {
        Self(if theta < 1.0 {
            Law::Gray(Gray::new(count, theta))
        } else {
            Law::Exact(RejectionInversion::new(count, theta))
        })
    }

    /// Adds keys, the least popular ones, up to `count`.
    pub(crate) fn grow_to(&mut self, count: u64) {
        match &mut self.0 {
            Law::Gray(law) => law.grow_to(count),
            Law::Exact(law) => law.grow_to(count),
        }
    }

    /// A rank below the number of keys, the most popular being zero.
    #[inline]
    pub(crate) fn rank(&self, random: &mut Random) -> u64 {
        match &self.0 {
            Law::Gray(law) => law.draw(random),
            Law::Exact(law) => law.draw(random),
        }
    }
}

impl Chooser for Zipfian {
    #[inline]
    fn choose(&mut self, _count: u64, random: &mut Random) -> u64 {
        self.rank(random)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::keys::test_support::{chi_squared, counts, with_rest};
    use crate::workload::keys::zeta;

    const DRAWS: u32 = 1_000_000;

    #[test]
    fn the_top_ten_come_as_often_as_from_ycsbs_generator() {
        // What Gray's formula with theta 0.99 gives, computed from its inverse; ranks 0 and 1 are Zipf's own.
        let hundred = [
            0.188_872_792_449_822_83,
            0.095_093_253_306_029_93,
            0.072_919_539_112_991_15,
            0.051_916_837_373_444_99,
            0.040_372_807_827_968_65,
            0.033_053_926_789_435_97,
            0.027_993_751_801_186_87,
            0.024_284_195_733_795_13,
            0.021_447_111_263_239_95,
            0.019_206_511_650_505_242,
        ];
        let ten_thousand = [
            0.097_805_618_859_601_6,
            0.049_242_955_368_703_96,
            0.038_979_470_034_629_427,
            0.027_752_380_655_548_997,
            0.021_581_467_355_487_244,
            0.017_669_126_334_153_157,
            0.014_964_186_866_299_356,
            0.012_981_226_862_092_52,
            0.011_464_650_503_611_173,
            0.010_266_927_828_364_47,
        ];
        let ten_million = [
            0.055_351_852_818_885_355,
            0.027_868_427_700_949_664,
            0.022_333_161_431_277_63,
            0.015_900_636_841_188_71,
            0.012_365_032_001_352_583,
            0.010_123_468_852_185_652,
            0.008_573_682_522_516_89,
            0.007_437_551_994_154_523,
            0.006_568_634_468_936_407,
            0.005_882_403_131_453_745,
        ];
        for (keys, top) in [(100, hundred), (10_000, ten_thousand), (10_000_000, ten_million)] {
            let drawn = counts(&mut Zipfian::new(keys, 0.99), keys, 10, DRAWS);
            let statistic = chi_squared(&drawn, &with_rest(&top));
            // χ² at 0.001 with 10 degrees of freedom.
            assert!(statistic < 29.59, "{keys} keys: {statistic}, {drawn:?}");
        }
    }

    #[test]
    fn from_one_on_it_is_zipfs_law_itself() {
        for theta in [1.0, 1.2, 2.0] {
            let weights: Vec<f64> = (1..=50).map(|rank| libm::pow(f64::from(rank), -theta)).collect();
            let sum: f64 = weights.iter().sum();
            let expected: Vec<f64> = weights.iter().map(|weight| weight / sum).chain([0.0]).collect();
            let statistic = chi_squared(&counts(&mut Zipfian::new(50, theta), 50, 50, DRAWS), &expected);
            // χ² at 0.001 with 49 degrees of freedom.
            assert!(statistic < 85.35, "theta {theta}: {statistic}");
        }
    }

    #[test]
    fn one_and_two_keys_have_no_special_trouble() {
        assert_eq!(counts(&mut Zipfian::new(1, 0.99), 1, 1, 1_000), [1_000, 0]);
        let drawn = counts(&mut Zipfian::new(2, 0.5), 2, 2, DRAWS);
        let first = 1.0 / zeta(2, 0.5);
        // χ² at 0.001 with 1 degree of freedom.
        assert!(chi_squared(&drawn, &[first, 1.0 - first, 0.0]) < 10.83, "{drawn:?}");
    }

    #[test]
    fn growing_is_as_good_as_beginning_large() {
        for theta in [0.8, 1.3] {
            let mut grown = Zipfian::new(3, theta);
            grown.grow_to(500);
            let (mut one, mut other) = (Random::new(7, "test", 0), Random::new(7, "test", 0));
            let large = Zipfian::new(500, theta);
            assert!((0..10_000).all(|_| grown.rank(&mut one) == large.rank(&mut other)), "theta {theta}");
        }
    }
}
