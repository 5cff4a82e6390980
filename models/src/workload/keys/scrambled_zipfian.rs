//! Scrambled zipfian: popular keys scattered over the key space by a hash.
//!
//! As YCSB's `ScrambledZipfianGenerator`, which is what its core workloads mean by "zipfian": a rank among ten billion
//! items, whatever the number of keys, hashed by FNV. So the hottest key gets 3.8 % of the operations however few
//! keys there are, plus what collides with it.

use shardlab_sim::Random;

use crate::hash::fnv;
use crate::workload::keys::Chooser;
use crate::workload::keys::gray::Gray;

/// Ranks are drawn from zero to this one, both included (YCSB's `ITEM_COUNT`).
const ITEM_COUNT: u64 = 10_000_000_000;
/// The sum for that many items, as YCSB has it (`ZETAN`).
pub(crate) const ZETAN: f64 = 26.469_028_201_783_02;
/// YCSB's `ZIPFIAN_CONSTANT`.
const THETA: f64 = 0.99;

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct ScrambledZipfian {
    law: Gray,
    keys: u64,
}

impl ScrambledZipfian {
    /// Over `keys` keys; those inserted later are not drawn.
    #[must_use]
    pub fn new(keys: u64) -> Self {
        Self { law: Gray::with_zeta(ITEM_COUNT + 1, THETA, ZETAN), keys }
    }
}

impl Chooser for ScrambledZipfian {
    #[inline]
    fn choose(&mut self, _count: u64, random: &mut Random) -> u64 {
        fnv(self.law.draw(random)) % self.keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hottest_two_keys_have_ycsbs_shares_wherever_they_are() {
        // With a million keys, what collides with the two is below a thousandth of their shares.
        let (keys, draws) = (1_000_000, 10_000_000);
        let (mut chooser, mut random) = (ScrambledZipfian::new(keys), Random::new(1994, "test", 0));
        let hottest = [fnv(0) % keys, fnv(1) % keys];
        let mut counts = [0_u32; 2];
        for _ in 0..draws {
            let key = chooser.choose(keys, &mut random);
            (0..2).filter(|&place| hottest[place] == key).for_each(|place| counts[place] += 1);
        }
        for (count, share) in counts.iter().zip([0.037_780_004_327_194_66, 0.019_021_392_519_217_76]) {
            let expected = share * draws as f64;
            // 3.3 standard deviations of a binomial: 0.001 on both sides together.
            let tolerance = 3.3 * (expected * (1.0 - share)).sqrt();
            assert!((f64::from(*count) - expected).abs() < tolerance, "{count}, not {expected}");
        }
    }
}
