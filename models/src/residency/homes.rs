//! From a key to the region that its row belongs to.

use crate::hash::mix;

/// Keys dealt to regions: the first so many to the first, and so on; those beyond by hash, in the same proportions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Homes {
    /// By region: the first key that is not its own any more. The last is the number of keys that are dealt.
    ends: Vec<u64>,
    /// By region: where its part of all hashes ends.
    hash_ends: Vec<u64>,
}

impl Homes {
    /// So many keys, dealt by these shares; at least one of them is above zero.
    #[must_use]
    pub fn new(keys: u64, shares: &[u64]) -> Self {
        let total: u128 = shares.iter().map(|&share| u128::from(share)).sum();
        assert!(total > 0, "somebody has a share");
        let ends = |of: u64| {
            let mut so_far = 0;
            shares
                .iter()
                .map(|&share| {
                    so_far += u128::from(share);
                    (u128::from(of) * so_far / total) as u64
                })
                .collect()
        };
        Self { ends: ends(keys), hash_ends: ends(u64::MAX) }
    }

    /// The place of the key's region.
    #[inline]
    #[must_use]
    pub fn home_of(&self, key: u64) -> usize {
        let dealt = self.ends.last().copied().unwrap_or(0);
        let (ends, point) = if key < dealt { (&self.ends, key) } else { (&self.hash_ends, mix(key)) };
        // The largest hash of all is at no end's left.
        ends.partition_point(|&end| end <= point).min(ends.len() - 1)
    }

    /// How many regions there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ends.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_dealt_in_order_by_shares() {
        let homes = Homes::new(10, &[5, 3, 2]);
        let of: Vec<usize> = (0..10).map(|key| homes.home_of(key)).collect();
        assert_eq!(of, [0, 0, 0, 0, 0, 1, 1, 1, 2, 2]);
    }

    #[test]
    fn later_keys_are_dealt_by_hash_in_the_same_proportions() {
        let homes = Homes::new(10, &[5, 3, 2]);
        let mut counts = [0_u32; 3];
        (10..100_010).for_each(|key| counts[homes.home_of(key)] += 1);
        for (count, expected) in counts.into_iter().zip([50_000, 30_000, 20_000]) {
            assert!(count.abs_diff(expected) < 1_000, "{counts:?}");
        }
    }

    proptest! {
        #[test]
        fn every_key_has_a_home(keys in 1_u64..1_000, shares in prop::collection::vec(1_u64..1_000, 1..6), key: u64) {
            let homes = Homes::new(keys, &shares);
            prop_assert!(homes.home_of(key) < shares.len());
            prop_assert!(homes.home_of(key % keys) < shares.len());
            prop_assert!(homes.home_of(u64::MAX) < shares.len());
        }
    }
}
