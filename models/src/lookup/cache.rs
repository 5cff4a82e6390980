//! What a client remembers of a directory's answers: so many, each for so long, the least recently used forgotten first.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use shardlab_sim::Time;

use crate::hash::FixedState;
use crate::shard_map::ShardId;

/// See the module.
#[derive(Clone, Debug)]
pub struct Cache {
    // Volatile.
    entries: IndexMap<u64, Entry, FixedState>,
    /// Groups by when they were last used, the one unused for longest first.
    by_use: BTreeMap<u64, u64>,
    uses: u64,
    // Configuration.
    capacity: usize,
    ttl: Time,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    shard: ShardId,
    version: u64,
    /// By the client's own clock.
    expires: Time,
    used: u64,
}

impl Cache {
    /// Room for `capacity` groups, none of which is believed for longer than `ttl` ns.
    #[must_use]
    pub fn new(capacity: usize, ttl: Time) -> Self {
        Self { entries: IndexMap::default(), by_use: BTreeMap::new(), uses: 0, capacity, ttl }
    }

    /// Where a group lives, if that is known and was learnt lately enough by the client's clock.
    pub fn get(&mut self, group: u64, clock: Time) -> Option<ShardId> {
        let entry = self.entries.get_mut(&group)?;
        if clock >= entry.expires {
            return None;
        }
        self.by_use.remove(&entry.used);
        self.uses += 1;
        entry.used = self.uses;
        self.by_use.insert(self.uses, group);
        Some(entry.shard)
    }

    /// Takes an answer, unless one by a newer map has overtaken it.
    pub fn put(&mut self, group: u64, shard: ShardId, version: u64, clock: Time) {
        if self.capacity == 0 || self.entries.get(&group).is_some_and(|known| known.version > version) {
            return;
        }
        self.forget(group);
        if self.entries.len() == self.capacity
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.entries.swap_remove(&oldest);
        }
        self.uses += 1;
        let expires = clock.saturating_add(self.ttl);
        self.entries.insert(group, Entry { shard, version, expires, used: self.uses });
        self.by_use.insert(self.uses, group);
    }

    /// The shard refused: what was known is out of date.
    pub fn forget(&mut self, group: u64) {
        if let Some(entry) = self.entries.swap_remove(&group) {
            self.by_use.remove(&entry.used);
        }
    }

    /// A crash.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.by_use.clear();
    }

    /// How many groups it knows of, those included that are not believed any more.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it knows of none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_entry_is_believed_until_its_time_is_over() {
        let mut cache = Cache::new(2, 100);
        cache.put(7, ShardId(1), 1, 1_000);
        assert_eq!(cache.get(7, 1_099), Some(ShardId(1)));
        assert_eq!(cache.get(7, 1_100), None);
        assert_eq!(cache.get(8, 1_000), None);
    }

    #[test]
    fn the_least_recently_used_makes_room() {
        let mut cache = Cache::new(2, 100);
        cache.put(1, ShardId(1), 1, 0);
        cache.put(2, ShardId(2), 1, 0);
        cache.get(1, 0);
        cache.put(3, ShardId(3), 1, 0);
        assert_eq!([1, 2, 3].map(|group| cache.get(group, 0)), [Some(ShardId(1)), None, Some(ShardId(3))]);
    }

    #[test]
    fn an_older_answer_that_comes_later_changes_nothing() {
        let mut cache = Cache::new(2, 100);
        cache.put(1, ShardId(5), 4, 0);
        cache.put(1, ShardId(2), 3, 50);
        assert_eq!(cache.get(1, 50), Some(ShardId(5)));
        cache.forget(1);
        assert_eq!(cache.get(1, 50), None);
    }

    #[test]
    fn nothing_fits_into_no_room() {
        let mut cache = Cache::new(0, 100);
        cache.put(1, ShardId(1), 1, 0);
        assert!(cache.is_empty() && cache.get(1, 0).is_none());
    }

    proptest! {
        #[test]
        fn it_never_holds_more_than_it_may_and_knows_what_it_was_told_last(
            capacity in 1_usize..6, steps in prop::collection::vec((0_u64..10, 0_u32..4, any::<bool>()), 1..100),
        ) {
            let mut cache = Cache::new(capacity, 1_000);
            let mut told = BTreeMap::new();
            for (clock, (group, shard, puts)) in (0..).zip(steps) {
                if puts {
                    cache.put(group, ShardId(shard), clock, clock);
                    told.insert(group, ShardId(shard));
                } else if let Some(found) = cache.get(group, clock) {
                    prop_assert_eq!(Some(&found), told.get(&group));
                }
                prop_assert!(cache.len() <= capacity);
                prop_assert_eq!(cache.entries.len(), cache.by_use.len());
            }
        }
    }
}
