//! Random numbers: one stream a concern, each keyed by the seed, a label and an index.
//!
//! **Key derivation.** A stream's ChaCha8 key of 32 bytes is, each as eight little-endian bytes: the seed, the 64-bit
//! FNV-1a hash of the label, the first index, the second index (zero where there is none). ChaCha is a pseudo-random
//! function of its key, so that streams with different keys are independent; the labels are few and fixed.
//! Words are taken in ChaCha's own order, with stream number and counter zero at the start.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// A random stream. Its helpers use whole words in a fixed way, so that what is drawn never changes with a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    chacha: ChaCha8Rng,
}

impl Random {
    /// The stream of `label` and `index` under `seed`.
    #[must_use]
    pub fn new(seed: u64, label: &str, index: u64) -> Self {
        Self::of_pair(seed, label, index, 0)
    }

    /// The stream of `label` and two indices under `seed`.
    #[must_use]
    pub fn of_pair(seed: u64, label: &str, first: u64, second: u64) -> Self {
        let mut key = [0; 32];
        let words = [seed, fnv1a(label), first, second];
        for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self { chacha: ChaCha8Rng::from_seed(key) }
    }

    /// The next word.
    pub fn next_u64(&mut self) -> u64 {
        self.chacha.next_u64()
    }

    /// A number below `bound`, each alike: Lemire's widening multiplication with rejection (2019, algorithm 5).
    ///
    /// # Panics
    /// When `bound` is zero: there is no number below it.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "a draw below zero is impossible");
        let mut product = u128::from(self.next_u64()) * u128::from(bound);
        if (product as u64) < bound {
            let threshold = bound.wrapping_neg() % bound;
            while (product as u64) < threshold {
                product = u128::from(self.next_u64()) * u128::from(bound);
            }
        }
        (product >> 64) as u64
    }

    /// A number in `0.0..1.0`, a multiple of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Whether something of this probability, in parts per billion, happens.
    pub fn chance_ppb(&mut self, ppb: u64) -> bool {
        happens(self.next_u64(), ppb)
    }

    /// Puts `items` in random order (Durstenfeld 1964, Fisher and Yates's shuffle).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// Whether a draw of this probability, in parts per billion, happens on this word.
pub(crate) fn happens(word: u64, ppb: u64) -> bool {
    (u128::from(word) * 1_000_000_000) >> 64 < u128::from(ppb)
}

/// A counter-based stream of 16 bytes, for concerns of which there are many: links.
///
/// SplitMix64 with a gamma of its own (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators",
/// figures 15 and 16): the state grows by an odd constant, and a finaliser mixes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CounterRandom {
    state: u64,
    gamma: u64,
}

impl CounterRandom {
    /// A stream keyed by the first two words of `source`.
    #[must_use]
    pub fn keyed(source: &mut Random) -> Self {
        Self { state: source.next_u64(), gamma: mix_gamma(source.next_u64()) }
    }

    /// Whether it was keyed: a gamma is odd, so that zero marks a link that was never used.
    #[must_use]
    pub(crate) const fn is_keyed(&self) -> bool {
        self.gamma != 0
    }

    /// The next word.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(self.gamma);
        mix(self.state)
    }
}

/// Stafford's variant 13 of MurmurHash3's finaliser, as SplitMix64 has it.
#[inline]
const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// An odd gamma whose bits change often enough (Steele et al. 2014, figure 16, after MurmurHash3's own finaliser).
const fn mix_gamma(word: u64) -> u64 {
    let word = (word ^ (word >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let word = (word ^ (word >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    let gamma = (word ^ (word >> 33)) | 1;
    if (gamma ^ (gamma >> 1)).count_ones() < 24 { gamma ^ 0xaaaa_aaaa_aaaa_aaaa } else { gamma }
}

/// FNV-1a with 64 bits (Fowler, Noll and Vo; RFC 9923).
const fn fnv1a(label: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let bytes = label.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        index += 1;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::{CounterRandom, Random, fnv1a};

    #[test]
    fn the_label_s_hash_is_fnv_1a() {
        // The published test vectors of FNV-1a, 64 bits (RFC 9923, appendix C).
        for (text, hash) in
            [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
        {
            assert_eq!(fnv1a(text), hash, "{text}");
        }
    }

    #[test]
    fn streams_never_change() {
        // From an implementation of its own, in Python, after Bernstein's ChaCha and Steele et al.'s figures.
        let mut random = Random::new(42, "node", 7);
        assert_eq!(
            [random.next_u64(), random.next_u64()],
            [8_780_806_386_373_875_183, 10_779_218_725_416_564_899]
        );
        let mut link = CounterRandom::keyed(&mut Random::of_pair(42, "link", 1, 2));
        assert_eq!(
            [link.next_u64(), link.next_u64()],
            [8_454_923_959_335_145_191, 13_462_616_604_449_612_855]
        );
    }

    #[test]
    fn every_part_of_a_key_makes_another_stream() {
        let first = |seed, label, a, b| Random::of_pair(seed, label, a, b).next_u64();
        let all = [
            first(1, "node", 2, 3),
            first(0, "node", 2, 3),
            first(1, "disk", 2, 3),
            first(1, "node", 3, 2),
            first(1, "node", 2, 0),
        ];
        for (index, word) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(word), "stream {index} is another one too");
        }
    }

    #[test]
    fn numbers_below_a_bound_are_alike() {
        let mut random = Random::new(1, "test", 0);
        let mut seen = [0_i32; 3];
        for _ in 0..30_000 {
            seen[random.below(3) as usize] += 1;
        }
        // Five standard deviations of a binomial count are 408.
        assert!(seen.iter().all(|count| (count - 10_000).abs() < 408), "{seen:?}");
        assert_eq!(random.below(1), 0);
        assert!((0..100).all(|_| random.below(u64::MAX) < u64::MAX));
    }

    #[test]
    fn chances_hold_at_both_ends() {
        let mut random = Random::new(2, "test", 0);
        assert!((0..1000).all(|_| !random.chance_ppb(0)));
        assert!((0..1000).all(|_| random.chance_ppb(1_000_000_000)));
        let hits = (0..100_000).filter(|_| random.chance_ppb(250_000_000)).count();
        assert!((24_300..25_700).contains(&hits), "{hits}");
        assert!((0..1000).map(|_| random.unit()).all(|unit| (0.0..1.0).contains(&unit)));
    }

    #[test]
    fn a_shuffle_is_a_permutation_and_moves_things() {
        let mut items: Vec<u32> = (0..50).collect();
        Random::new(3, "test", 0).shuffle(&mut items);
        assert!(!items.is_sorted());
        items.sort_unstable();
        assert!(items.into_iter().eq(0..50));
    }

    #[test]
    fn counter_streams_are_alike_in_every_bit() {
        let mut link = CounterRandom::keyed(&mut Random::of_pair(9, "link", 0, 1));
        let mut ones = [0_i32; 64];
        for _ in 0..10_000 {
            let word = link.next_u64();
            ones.iter_mut().enumerate().for_each(|(bit, count)| *count += (word >> bit & 1) as i32);
        }
        // Five standard deviations are 250.
        assert!(ones.iter().all(|count| (count - 5_000).abs() < 250), "{ones:?}");
    }
}
