//! MD5 (RFC 1321), as MongoDB's hashed index uses it (`src/mongo/db/hasher.cpp`): of the seed, the type and the value.

use md5::{Digest, Md5};

/// The type of all numbers in MongoDB (`BSONElement::canonicalType`).
const NUMBER: i32 = 10;

/// MongoDB's hash of a number: signed there, here with its order kept.
pub(super) fn mongo(key: u64) -> u64 {
    of_number(key.cast_signed()).cast_unsigned() ^ 1 << 63
}

fn of_number(number: i64) -> i64 {
    let seed = 0_i32;
    let mut hasher = Md5::new();
    hasher.update(seed.to_le_bytes());
    hasher.update(NUMBER.to_le_bytes());
    hasher.update(number.to_le_bytes());
    let digest = hasher.finalize();
    i64::from_le_bytes(digest[..8].try_into().expect("a digest has 16 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_mongodbs() {
        // MongoDB, `src/mongo/db/hasher_test.cpp`.
        let hashes = [
            (42, -944_302_157_085_130_861),
            (0, 4_854_801_880_128_277_513),
            (1, 5_902_408_780_260_971_510),
            (-1, 1_140_205_862_565_771_219),
            (i64::from(i32::MIN), 6_165_898_260_261_354_870),
            (i64::from(i32::MAX), 1_143_184_177_162_245_883),
            (i64::MAX, 921_523_596_458_303_250),
            (i64::MIN, 4_532_067_210_535_695_462),
        ];
        for (number, hash) in hashes {
            assert_eq!(of_number(number), hash, "{number}");
        }
    }
}
