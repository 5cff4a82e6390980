//! The hash functions that a sharding can use.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{crc16, digits, md5, mix, murmur3, sha256, vitess, xxhash64};

/// A hash function of keys, by the name of its algorithm; each says which bytes of a key it hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HashFunction {
    /// The finaliser of MurmurHash3, of the key's number. A bijection, and the fastest.
    #[default]
    Mix,
    /// MurmurHash3, as the token that Cassandra gives a `bigint`: its eight bytes, highest first.
    Murmur3,
    /// xxHash64 of the key in decimal digits, which is what Vitess's `xxhash` hashes of a number.
    Xxhash64,
    /// CRC-16/XMODEM of the key in decimal digits, as Redis Cluster hashes a key's text. Has 16 bits.
    Crc16,
    /// The first eight bytes of SHA-256 of the key's eight bytes, highest first.
    #[serde(rename = "sha-256")]
    Sha256,
    /// The first eight bytes of MD5 of the key as a number, as MongoDB's hashed index has it.
    Md5,
    /// Vitess's `hash`: the key's eight bytes, highest first, enciphered by DES with a key of zeros. A bijection.
    Vitess,
}

impl HashFunction {
    /// The hash as a number of as many bits as the function has.
    #[inline]
    #[must_use]
    pub fn number(self, key: u64) -> u64 {
        match self {
            Self::Mix => mix(key),
            Self::Murmur3 => murmur3::token(key),
            Self::Xxhash64 => digits::with(key, xxhash64),
            Self::Crc16 => u64::from(digits::with(key, crc16)),
            Self::Sha256 => sha256::first_eight(key),
            Self::Md5 => md5::mongo(key),
            Self::Vitess => vitess::hash(key),
        }
    }

    /// The hash as a position on a ring of 2⁶⁴: a shorter one fills the highest bits.
    #[inline]
    #[must_use]
    pub fn position(self, key: u64) -> u64 {
        let number = self.number(key);
        if self == Self::Crc16 { number << 48 } else { number }
    }

    /// How many different hashes there are at most, as a power of two.
    #[must_use]
    pub const fn bits(self) -> u32 {
        if matches!(self, Self::Crc16) { 16 } else { 64 }
    }
}
