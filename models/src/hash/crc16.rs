//! CRC-16/XMODEM, as Redis Cluster uses it (*Redis Cluster specification*, appendix A): polynomial 0x1021, from zero,
//! neither reflected nor inverted.

const POLYNOMIAL: u16 = 0x1021;

const TABLE: [u16; 256] = table();

const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut remainder = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            let carries = remainder & 0x8000 != 0;
            remainder = (remainder << 1) ^ if carries { POLYNOMIAL } else { 0 };
            bit += 1;
        }
        table[byte] = remainder;
        byte += 1;
    }
    table
}

/// The checksum of these bytes.
#[must_use]
pub fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| (crc << 8) ^ TABLE[usize::from((crc >> 8) as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::digits;

    /// What Redis hashes of a key: what stands between the first brace and the next closing one, if anything does
    /// (*Redis Cluster specification*, "Hash tags").
    fn tag(key: &str) -> &str {
        let Some((_, rest)) = key.split_once('{') else { return key };
        match rest.split_once('}') {
            Some((tag, _)) if !tag.is_empty() => tag,
            _ => key,
        }
    }

    #[test]
    fn the_check_value_is_the_catalogues() {
        // CRC-16/XMODEM in the Catalogue of parametrised CRC algorithms (Cook), and the specification of Redis Cluster.
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!(digits::with(123_456_789, crc16), 0x31c3);
        assert_eq!(digits::with(0, crc16), crc16(b"0"));
        assert_eq!(digits::with(u64::MAX, crc16), crc16(b"18446744073709551615"));
    }

    #[test]
    fn slots_are_those_of_redis() {
        // CLUSTER KEYSLOT in Redis's documentation and tests.
        let slots = [
            ("foo", 12_182),
            ("bar", 5_061),
            ("hello", 866),
            ("123456789", 12_739),
            ("{user1000}.following", 3_443),
            ("{user1000}.followers", 3_443),
            ("foo{}{bar}", 8_363),
            ("foo{{bar}}zap", 4_015),
            ("foo{bar}{zap}", 5_061),
            ("", 0),
            ("{}foo", 9_500),
            ("somekey", 11_058),
            ("foo{hash_tag}", 2_515),
            ("bar{hash_tag}", 2_515),
        ];
        for (key, slot) in slots {
            assert_eq!(crc16(tag(key).as_bytes()) % 16_384, slot, "{key}");
        }
    }
}
