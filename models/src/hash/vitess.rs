//! Vitess's `hash` vindex: a number's keyspace id is the number, highest byte first, enciphered by DES with a key of
//! zeros (`go/vt/vtgate/vindexes/hash.go`). A cipher is a bijection, so that ids can be read back.

use std::sync::LazyLock;

use des::Des;
use des::cipher::{Array, BlockCipherEncrypt, KeyInit};

/// The cipher with its key of zeros: a constant that cannot be computed at compile time.
static CIPHER: LazyLock<Des> = LazyLock::new(|| Des::new(&Array::from([0; 8])));

/// The keyspace id of a number, as a number: ids in order are numbers in order.
pub(super) fn hash(key: u64) -> u64 {
    let mut block = Array::from(key.to_be_bytes());
    CIPHER.encrypt_block(&mut block);
    u64::from_be_bytes(block.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyspace_ids_are_those_of_vitess() {
        // Vitess, `go/vt/vtgate/vindexes/hash_test.go`.
        let ids = [
            (1, 0x166b_40b4_4aba_4bd6),
            (2, 0x06e7_ea22_ce92_708f),
            (3, 0x4eb1_90c9_a2fa_169c),
            (4, 0xd2fd_8867_d50d_2dfe),
            (5, 0x70bb_023c_810c_a87a),
            (6, 0xf098_480a_c4c4_be71),
        ];
        for (number, id) in ids {
            assert_eq!(hash(number), id, "{number}");
        }
    }
}
