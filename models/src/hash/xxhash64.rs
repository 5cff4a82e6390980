//! xxHash64 with seed zero (Collet, *xxHash fast digest algorithm*, 2014).

use twox_hash::XxHash64;

/// The hash of these bytes.
#[must_use]
pub fn xxhash64(bytes: &[u8]) -> u64 {
    XxHash64::oneshot(0, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyspace_ids_are_those_of_vitess() {
        // Vitess, `go/vt/vtgate/vindexes/xxhash_test.go`: the hash's bytes from the lowest on.
        let id = |bytes: &[u8]| xxhash64(bytes).swap_bytes();
        assert_eq!(id(b"test1"), 0xd01a_b7e4_d697_8f0b);
        assert_eq!(id(b"test2"), 0x87eb_1171_4c0a_0e89);
        assert_eq!(id(b"testaverylongvaluetomakesurethisworks"), 0x81d8_c38e_0d85_0e6a);
        assert_eq!(id(b""), 0x99e9_d851_37db_46ef);
        // Numbers are hashed as text there.
        assert_eq!(id(b"1"), 0xd464_0536_7612_b4b7);
        assert_eq!(id(b"-1"), 0xd8e2_a6a7_c8c7_623d);
        assert_eq!(id(b"9223372036854775807"), 0xb37e_b01f_7bff_afd8);
        assert_eq!(id(b"-9223372036854775808"), 0x102c_27dd_b26a_609e);
        assert_eq!(id(b"18446744073709551615"), 0x477c_fa8d_6d8f_1f8d);
    }
}
