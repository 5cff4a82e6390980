//! Key choosers: how popular each key is.
//!
//! A chooser gives ordinals below the number of keys; a [`KeySpace`] turns them into keys. To add one: a file, a
//! line in [`KeyDistribution`], a line in [`KeyChooser`] and its two matches.
//! Sources: Gray et al., *Quickly generating billion-record synthetic databases*, SIGMOD 1994, §3; YCSB's
//! `site.ycsb.generator` package.

mod gray;
mod hotspot;
mod latest;
mod rejection_inversion;
mod scrambled_zipfian;
mod sequential;
mod space;
mod uniform;
mod zeta;
mod zipfian;

use shardlab_sim::Random;

pub(crate) use gray::Gray;
pub use hotspot::Hotspot;
pub(crate) use hotspot::hot_keys;
pub use latest::Latest;
pub use scrambled_zipfian::ScrambledZipfian;
pub use sequential::Sequential;
pub use space::KeySpace;
pub use uniform::Uniform;
pub use zeta::zeta;
pub use zipfian::Zipfian;

use crate::workload::KeyDistribution;

/// Draws keys by popularity.
pub trait Chooser {
    /// An ordinal below `count`, the number of keys so far, which is at least one and never shrinks.
    fn choose(&mut self, count: u64, random: &mut Random) -> u64;
}

/// Any chooser.
#[derive(Clone, Debug)]
pub enum KeyChooser {
    /// See [`Uniform`].
    Uniform(Uniform),
    /// See [`Zipfian`].
    Zipfian(Zipfian),
    /// See [`ScrambledZipfian`].
    ScrambledZipfian(ScrambledZipfian),
    /// See [`Latest`].
    Latest(Latest),
    /// See [`Hotspot`].
    Hotspot(Hotspot),
    /// See [`Sequential`].
    Sequential(Sequential),
}

impl KeyChooser {
    /// The chooser of a distribution over `count` keys that are there at the start.
    #[must_use]
    pub fn new(distribution: &KeyDistribution, count: u64) -> Self {
        assert!(count > 0, "a chooser has a key to choose");
        match distribution {
            KeyDistribution::Uniform => Self::Uniform(Uniform),
            KeyDistribution::Zipfian(theta) => Self::Zipfian(Zipfian::new(count, *theta)),
            KeyDistribution::ScrambledZipfian => Self::ScrambledZipfian(ScrambledZipfian::new(count)),
            KeyDistribution::Latest(theta) => Self::Latest(Latest::new(count, *theta)),
            KeyDistribution::Hotspot { keys, operations } => {
                Self::Hotspot(Hotspot::new(count, *keys, *operations))
            }
            KeyDistribution::Sequential => Self::Sequential(Sequential::default()),
        }
    }
}

impl Chooser for KeyChooser {
    #[inline]
    fn choose(&mut self, count: u64, random: &mut Random) -> u64 {
        match self {
            Self::Uniform(chooser) => chooser.choose(count, random),
            Self::Zipfian(chooser) => chooser.choose(count, random),
            Self::ScrambledZipfian(chooser) => chooser.choose(count, random),
            Self::Latest(chooser) => chooser.choose(count, random),
            Self::Hotspot(chooser) => chooser.choose(count, random),
            Self::Sequential(chooser) => chooser.choose(count, random),
        }
    }
}

#[cfg(test)]
pub(crate) mod test_support {
    use super::*;

    /// How often each of the first `cells` ordinals was drawn, the rest in one more cell.
    pub fn counts(chooser: &mut impl Chooser, count: u64, cells: usize, draws: u32) -> Vec<u32> {
        let mut random = Random::new(1994, "test", 0);
        let mut counts = vec![0; cells + 1];
        for _ in 0..draws {
            counts[(chooser.choose(count, &mut random) as usize).min(cells)] += 1;
        }
        counts
    }

    /// Pearson's statistic; cells that nobody expects are left out, and must be empty.
    pub fn chi_squared(counts: &[u32], probabilities: &[f64]) -> f64 {
        let draws = f64::from(counts.iter().sum::<u32>());
        let cell = |(&count, &probability): (&u32, &f64)| {
            let expected = draws * probability;
            if expected == 0.0 {
                assert_eq!(count, 0, "a cell of probability zero was hit");
                return 0.0;
            }
            (f64::from(count) - expected) * (f64::from(count) - expected) / expected
        };
        counts.iter().zip(probabilities).map(cell).sum()
    }

    /// The given probabilities and the rest.
    pub fn with_rest(probabilities: &[f64]) -> Vec<f64> {
        let rest = 1.0 - probabilities.iter().sum::<f64>();
        probabilities.iter().copied().chain([rest]).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use shardlab_sim::Share;

    use super::*;

    fn distributions() -> impl Strategy<Value = KeyDistribution> {
        let share = |ppb| Share::from_ppb(ppb).expect("not above one");
        prop_oneof![
            Just(KeyDistribution::Uniform),
            (0.01_f64..3.0).prop_map(KeyDistribution::Zipfian),
            Just(KeyDistribution::ScrambledZipfian),
            (0.01_f64..3.0).prop_map(KeyDistribution::Latest),
            (0_u64..=1_000_000_000, 0_u64..=1_000_000_000).prop_map(move |(keys, operations)| {
                KeyDistribution::Hotspot { keys: share(keys), operations: share(operations) }
            }),
            Just(KeyDistribution::Sequential),
        ]
    }

    proptest! {
        #[test]
        fn every_choice_is_a_key_that_exists(
            distribution in distributions(), count in prop_oneof![1_u64..5, 5_u64..1_000_000_000_000], seed: u64
        ) {
            let mut chooser = KeyChooser::new(&distribution, count);
            let mut random = Random::new(seed, "test", 0);
            for inserted in 0..50 {
                prop_assert!(chooser.choose(count + inserted, &mut random) < count + inserted);
            }
        }
    }
}
