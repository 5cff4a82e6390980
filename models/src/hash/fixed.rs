//! What tables and streams of our own are hashed with.

use std::hash::{BuildHasher, Hasher};

/// Mixes 64 bits so that each depends on all: the finaliser `fmix64` of MurmurHash3 (Appleby 2011, public domain).
///
/// A bijection with the fixed point zero.
#[must_use]
pub const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let value = (value ^ (value >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    value ^ (value >> 33)
}

/// FNV's 64-bit offset basis (Fowler, Noll & Vo, draft-eastlake-fnv).
const FNV_OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
/// FNV's 64-bit prime, 2⁴⁰ + 2⁸ + 0xb3.
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// YCSB's `fnvhash64`: FNV over the eight bytes from the lowest on (xor, then multiply), read as a signed number
/// whose absolute value it takes.
#[must_use]
pub const fn fnv(value: u64) -> u64 {
    let mut hash = FNV_OFFSET_BASIS;
    let mut byte = 0;
    while byte < 8 {
        hash = fnv_step(hash, (value >> (8 * byte)) as u8);
        byte += 1;
    }
    hash.cast_signed().unsigned_abs()
}

const fn fnv_step(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(FNV_PRIME)
}

/// Builds [`FixedHasher`]s: `IndexMap<u64, V, FixedState>` behaves the same in every process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FixedState;

impl BuildHasher for FixedState {
    type Hasher = FixedHasher;

    #[inline]
    fn build_hasher(&self) -> FixedHasher {
        FixedHasher(0)
    }
}

/// Mixes integers by [`mix`] and other bytes by FNV; for keys that no adversary chooses.
#[derive(Clone, Copy, Debug)]
pub struct FixedHasher(u64);

impl Hasher for FixedHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = mix(bytes.iter().fold(self.0 ^ FNV_OFFSET_BASIS, |hash, &byte| fnv_step(hash, byte)));
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        // The increment keeps the fixed point of `mix` away, so that a second field of zero still counts.
        self.0 = mix(self.0.wrapping_add(1) ^ value.wrapping_mul(FNV_PRIME));
    }

    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.write_u64(u64::from(value));
    }

    #[inline]
    fn write_usize(&mut self, value: usize) {
        self.write_u64(value as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn fnv_is_ycsbs() {
        // Computed from YCSB's definition (site.ycsb.Utils.fnvhash64).
        let vectors = [
            (0, 6_284_781_860_667_377_211),
            (1, 8_517_097_267_634_966_620),
            (2, 1_820_151_046_732_198_393),
            (3, 4_052_466_453_699_787_802),
            (10, 2_408_371_864_701_034_737),
            (255, 8_064_062_821_143_829_734),
            (256, 2_056_600_594_528_442_646),
            (1_000, 5_952_875_239_596_136_740),
            (123_456_789, 2_350_796_791_908_741_607),
        ];
        for (value, hash) in vectors {
            assert_eq!(fnv(value), hash, "fnvhash64({value})");
        }
    }

    #[test]
    fn mix_changes_half_of_the_bits() {
        let flipped: u32 = (0..64)
            .map(|bit| (mix(0x1234_5678_9abc_def0) ^ mix(0x1234_5678_9abc_def0 ^ 1 << bit)).count_ones())
            .sum();
        assert!((1_850..2_250).contains(&flipped), "{flipped} of 4096 bits flipped");
    }

    #[test]
    fn neighbouring_keys_differ_in_the_bits_that_a_table_looks_at() {
        let tops: std::collections::BTreeSet<u64> =
            (0_u64..128).map(|key| FixedState.hash_one(key) >> 57).collect();
        let bottoms: std::collections::BTreeSet<u64> =
            (0_u64..128).map(|key| FixedState.hash_one(key) & 127).collect();
        // 128 balls into 128 bins fill 81 on average.
        assert!(tops.len() > 65 && bottoms.len() > 65, "{} and {}", tops.len(), bottoms.len());
    }

    #[test]
    fn the_order_of_fields_matters() {
        assert_ne!(FixedState.hash_one((0_u64, 1_u64)), FixedState.hash_one((1_u64, 0_u64)));
        assert_ne!(FixedState.hash_one(0_u64), FixedState.hash_one((0_u64, 0_u64)));
    }
}
