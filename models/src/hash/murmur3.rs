//! MurmurHash3, x64, 128 bits, of which the first 64 (Appleby 2011), in the variant of Cassandra.
//!
//! Cassandra reads the bytes of the last block as signed ones (`MurmurHash.hash3_x64_128`), so that its hashes of what
//! is not ASCII differ from the reference's; all drivers follow it.

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

/// The first half of the hash with seed zero, the last block's bytes signed.
#[must_use]
pub fn murmur3(bytes: &[u8]) -> u64 {
    let (mut h1, mut h2) = (0_u64, 0_u64);
    let (blocks, tail) = bytes.as_chunks::<16>();
    for block in blocks {
        h1 ^= first(word(&block[..8]));
        h1 = h1.rotate_left(27).wrapping_add(h2).wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 ^= second(word(&block[8..]));
        h2 = h2.rotate_left(31).wrapping_add(h1).wrapping_mul(5).wrapping_add(0x3849_5ab5);
    }
    h2 ^= second(signed(tail.get(8..).unwrap_or_default()));
    h1 ^= first(signed(&tail[..tail.len().min(8)]));
    let length = bytes.len() as u64;
    (h1, h2) = (h1 ^ length, h2 ^ length);
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    super::mix(h1).wrapping_add(super::mix(h2))
}

/// Cassandra's token of a `bigint`, as an unsigned number: tokens in order are numbers in order.
#[inline]
pub(super) fn token(key: u64) -> u64 {
    let hash = short(key);
    // `Murmur3Partitioner.normalize`: the smallest token is nobody's.
    let token = if hash == 1 << 63 { i64::MAX } else { hash.cast_signed() };
    token.cast_unsigned() ^ 1 << 63
}

/// [`murmur3`] of the eight bytes of a number, highest first.
#[inline]
fn short(key: u64) -> u64 {
    let h1 = first(signed(&key.to_be_bytes())) ^ 8;
    let h2 = 8_u64;
    let h1 = h1.wrapping_add(h2);
    super::mix(h1).wrapping_add(super::mix(h2.wrapping_add(h1)))
}

fn first(block: u64) -> u64 {
    block.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2)
}

fn second(block: u64) -> u64 {
    block.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1)
}

fn word(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().expect("a block has two halves of eight bytes"))
}

fn signed(bytes: &[u8]) -> u64 {
    let extended =
        |(place, &byte): (usize, &u8)| i64::from(byte.cast_signed()).cast_unsigned() << (8 * place);
    bytes.iter().enumerate().map(extended).fold(0, |sum, byte| sum ^ byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_cassandras() {
        // Cassandra's own and its drivers' tests of Murmur3Partitioner.
        let blob = [
            0x00, 0x10, 0x43, 0x27, 0x52, 0x9f, 0xb6, 0x45, 0xdd, 0x00, 0xb8, 0x83, 0xec, 0x39, 0xae, 0x44,
            0x8b, 0xb8, 0x00, 0x00, 0x04, 0x00, 0x06, 0x6a, 0x6b, 0x00,
        ];
        let tokens: [(&[u8], i64); 5] = [
            (b"test", -6_017_608_668_500_074_083),
            (b"xd", 4_507_812_186_440_344_727),
            (b"primary_key", -1_632_642_444_691_073_360),
            ("kremówki".as_bytes(), 4_354_931_215_268_080_151),
            (&blob, -9_223_371_632_693_506_265),
        ];
        for (bytes, token) in tokens {
            assert_eq!(murmur3(bytes).cast_signed(), token, "{bytes:?}");
        }
    }

    #[test]
    fn the_short_form_is_the_long_one() {
        for key in [0, 1, 127, 128, 255, 0x00ff_00ff_00ff_00ff, u64::MAX, 1 << 63] {
            assert_eq!(short(key), murmur3(&key.to_be_bytes()), "{key}");
        }
        assert!(token(1) > 0);
    }
}
