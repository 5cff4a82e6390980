//! SHA-256 (FIPS 180-4), cut to its first eight bytes.

use sha2::{Digest, Sha256};

/// The first eight bytes of the digest of a number's eight bytes, highest first.
pub(super) fn first_eight(key: u64) -> u64 {
    let digest = Sha256::digest(key.to_be_bytes());
    u64::from_be_bytes(digest[..8].try_into().expect("a digest has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_sha_256() {
        // FIPS 180-4's example "abc", and eight zero bytes and the number one as `sha256sum` has them.
        assert_eq!(Sha256::digest(b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(first_eight(0), 0xaf55_70f5_a181_0b7a);
        assert_eq!(first_eight(1), 0xcd26_6215_4e6d_76b2);
    }
}
