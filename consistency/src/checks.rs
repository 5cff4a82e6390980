//! What the black-box judges are asked.

use crate::Model;

/// Which models a history is held against, how much of it, and how hard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checks {
    /// Models of which a verdict is wanted; where there are none, the strongest that the configuration promises.
    pub models: Vec<Model>,
    /// Share of the keys whose single-key operations are looked at, in parts of 10⁹. Judges of single keys stay sound.
    pub sample_ppb: u32,
    /// How many states a search may visit before it says `unknown`.
    pub budget: u64,
}

/// All keys.
pub const ALL_PPB: u32 = 1_000_000_000;

impl Default for Checks {
    fn default() -> Self {
        Self { models: Vec::new(), sample_ppb: ALL_PPB, budget: DEFAULT_BUDGET }
    }
}

/// A few seconds of search on one core.
pub const DEFAULT_BUDGET: u64 = 10_000_000;

impl Checks {
    /// Whether this key is in the sample: by its hash, so that it is in every sample or in none.
    pub fn samples(&self, key: u64) -> bool {
        // SplitMix64's finalizer (Steele, Lea & Flood 2014): neighbouring keys fall anywhere.
        let mut hash = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
        hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (hash ^ (hash >> 31)) % u64::from(ALL_PPB) < u64::from(self.sample_ppb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_holds_its_share_of_the_keys_and_a_larger_one_holds_it_too() {
        let of = |sample_ppb| Checks { sample_ppb, ..Checks::default() };
        let (small, large) = (of(10_000_000), of(300_000_000));
        let count = |checks: &Checks| (0..100_000).filter(|&key| checks.samples(key)).count();
        assert!((900..1_100).contains(&count(&small)), "{}", count(&small));
        assert!((29_000..31_000).contains(&count(&large)), "{}", count(&large));
        assert!((0..100_000).all(|key| !small.samples(key) || large.samples(key)));
        assert!((0..1_000).all(|key| Checks::default().samples(key) && !of(0).samples(key)));
    }
}
