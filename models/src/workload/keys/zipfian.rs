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
            0.027_993_751_801_186_85,
            0.024_284_195_733_395_13,
            0.021_447_111_263_239_95,
            0.019_206_511_650_505_242,
        ];
        let thousand = [
            0.129_383_626_978_571_67,
            0.065_141_780_636_270_52,
            0.051_039_640_272_851_045,
            0.036_338_911_845_543_61,
            0.028_258_730_285_601_94,
            0.023_135_918_760_043_06,
            0.019_594_076_419_024_664,
            0.016_997_592_546_868,
            0.015_011_790_489_670_607,
            0.013_443_494_808_971_224,
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
        let hundred_thousand = [
            0.078_257_438_103_836_79,
            0.039_400_880_815_939_3,
            0.031_372_274_397_353,
            0.022_336_252_912_935_728,
            0.017_369_649_078_663_95,
            0.014_220_836_743_653_015,
            0.012_043_790_643_785_33,
            0.010_447_823_194_365_102,
            0.009_227_220_409_859_155,
            0.008_263_244_132_439_479,
        ];
        let million = [
            0.064_969_449_189_009_06,
            0.032_710_673_722_500_33,
            0.026_144_256_799_580_406,
            0.018_614_038_775_123_27,
            0.014_475_092_251_185_817,
            0.011_851_012_235_259_445,
            0.010_036_758_936_996_099,
            0.008_706_750_716_585_637,
            0.007_689_554_696_807_599,
            0.006_886_219_783_107_189,
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
        let tops = [
            (100, hundred),
            (1_000, thousand),
            (10_000, ten_thousand),
            (100_000, hundred_thousand),
            (1_000_000, million),
            (10_000_000, ten_million),
        ];
        for (keys, top) in tops {
            let drawn = counts(&mut Zipfian::new(keys, 0.99), keys, 10, 10 * DRAWS);
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
