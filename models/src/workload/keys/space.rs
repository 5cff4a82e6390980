//! The keys that a client pool knows of.

/// Keys from zero up are there at the start; those that pools insert follow them.
///
/// Pools that insert for one workload take turns: the k-th insert of pool `p` of `n` has the key
/// `loaded + k·n + p`, so that no two write the same new key and none has to ask another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySpace {
    loaded: u64,
    inserted: u64,
    pool: u64,
    pools: u64,
}

impl KeySpace {
    /// `loaded` keys, seen from pool `pool` of `pools`.
    #[must_use]
    pub fn new(loaded: u64, pool: u64, pools: u64) -> Self {
        assert!(pool < pools, "a pool is one of the pools");
        Self { loaded, inserted: 0, pool, pools }
    }

    /// How many keys the pool knows of: those at the start and its own.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.loaded + self.inserted
    }

    /// How many keys were there at the start.
    #[must_use]
    pub fn loaded(&self) -> u64 {
        self.loaded
    }

    /// The key of an ordinal below [`KeySpace::count`], oldest first.
    #[must_use]
    #[inline]
    pub fn key(&self, ordinal: u64) -> u64 {
        match ordinal.checked_sub(self.loaded) {
            None => ordinal,
            Some(insert) => self.loaded + insert * self.pools + self.pool,
        }
    }

    /// A new key.
    pub fn insert(&mut self) -> u64 {
        self.inserted += 1;
        self.key(self.count() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pools_insert_different_keys_without_gaps() {
        let mut pools: Vec<KeySpace> = (0..3).map(|pool| KeySpace::new(10, pool, 3)).collect();
        let mut keys: Vec<u64> =
            (0..4).flat_map(|_| pools.iter_mut().map(KeySpace::insert).collect::<Vec<_>>()).collect();
        keys.sort_unstable();
        assert_eq!(keys, (10..22).collect::<Vec<_>>());
        assert_eq!(pools[1].key(9), 9);
        assert_eq!(pools[1].key(11), 14);
    }
}
