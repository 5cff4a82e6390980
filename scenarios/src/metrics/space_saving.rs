//! The most frequent keys of a stream, in a space that does not grow with the keys: Space-Saving (Metwally, Agrawal, El
//! Abbadi, *Efficient computation of frequent and top-k elements in data streams*, ICDT 2005, §3).
//!
//! It keeps a fixed number of counters. A key that has one is counted; one that has none takes over the least counter
//! and begins where that stood. So a count is never too low, and too high by no more than what it began with.
//!
//! Guarantee: with m counters and n keys seen, count − error ≤ true count ≤ count, error ≤ n/m, and every key that
//! was seen more than n/m times has a counter (Lemma 3, Theorem 2).

use std::collections::BTreeMap;

/// The sketch.
#[derive(Clone, Debug)]
pub(crate) struct SpaceSaving {
    capacity: usize,
    /// Highest count first.
    counters: Vec<Counter>,
    place: BTreeMap<u64, usize>,
}

/// What is known of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counter {
    pub key: u64,
    /// How often it was seen, at most.
    pub count: u64,
    /// By how much that may be too high.
    pub error: u64,
}

impl Counter {
    /// How often the key was seen, at least.
    pub const fn guaranteed(&self) -> u64 {
        self.count - self.error
    }
}

impl SpaceSaving {
    /// With room for so many keys, at least one.
    pub fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a sketch has a counter");
        Self { capacity, counters: Vec::new(), place: BTreeMap::new() }
    }

    /// Sees a key once more.
    pub fn see(&mut self, key: u64) {
        if let Some(&place) = self.place.get(&key) {
            return self.count_up(place);
        }
        if self.counters.len() < self.capacity {
            self.place.insert(key, self.counters.len());
            self.counters.push(Counter { key, count: 0, error: 0 });
            return self.count_up(self.counters.len() - 1);
        }
        let last = self.counters.len() - 1;
        let least = self.counters[last];
        self.place.remove(&least.key);
        self.place.insert(key, last);
        self.counters[last] = Counter { key, count: least.count, error: least.count };
        self.count_up(last);
    }

    /// The keys that have a counter, the most frequent first.
    pub fn counters(&self) -> &[Counter] {
        &self.counters
    }

    /// Keeps the order: who has as much and stands further ahead changes places first.
    fn count_up(&mut self, place: usize) {
        let count = self.counters[place].count;
        let first = self.counters[..place].partition_point(|counter| counter.count > count);
        self.counters.swap(first, place);
        self.counters[first].count += 1;
        for changed in [first, place] {
            self.place.insert(self.counters[changed].key, changed);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sketch(capacity: usize, keys: &[u64]) -> SpaceSaving {
        let mut sketch = SpaceSaving::new(capacity);
        keys.iter().for_each(|&key| sketch.see(key));
        sketch
    }

    #[test]
    fn a_new_key_takes_over_the_least_counter() {
        let counter = |key, count, error| Counter { key, count, error };
        let kept = |keys: &[u64]| sketch(2, keys).counters().to_vec();
        assert_eq!(kept(&[7, 7, 8]), [counter(7, 2, 0), counter(8, 1, 0)]);
        assert_eq!(kept(&[7, 7, 8, 9]), [counter(7, 2, 0), counter(9, 2, 1)]);
        assert_eq!(kept(&[7, 7, 8, 9, 9]), [counter(9, 3, 1), counter(7, 2, 0)]);
        assert_eq!(counter(9, 3, 1).guaranteed(), 2);
    }

    #[test]
    fn with_room_for_all_it_is_exact() {
        let counters = sketch(9, &[1, 2, 3, 1, 2, 1]).counters().to_vec();
        assert_eq!(
            counters.iter().map(|of| (of.key, of.count, of.error)).collect::<Vec<_>>(),
            [(1, 3, 0), (2, 2, 0), (3, 1, 0)]
        );
    }

    fn check_bounds(capacity: usize, keys: &[u64]) -> Result<(), TestCaseError> {
        let sketch = sketch(capacity, keys);
        let (seen, room) = (keys.len() as u64, capacity as u64);
        let truly = |key: u64| keys.iter().filter(|&&other| other == key).count() as u64;
        for counter in sketch.counters() {
            let truth = truly(counter.key);
            prop_assert!(counter.guaranteed() <= truth && truth <= counter.count, "{:?}: {}", counter, truth);
            prop_assert!(counter.error * room <= seen, "{:?} of {}", counter, seen);
        }
        prop_assert!(sketch.counters().windows(2).all(|pair| pair[0].count >= pair[1].count));
        prop_assert_eq!(sketch.counters().iter().map(|of| of.count).sum::<u64>(), seen);
        for &key in keys.iter().filter(|&&key| truly(key) * room > seen) {
            prop_assert!(sketch.counters().iter().any(|counter| counter.key == key), "{} is missing", key);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn counts_are_bounded_and_frequent_keys_are_kept(
            capacity in 1_usize..12, keys in prop::collection::vec(0_u64..30, 0..300)
        ) {
            check_bounds(capacity, &keys)?;
        }

        #[test]
        fn a_skewed_stream_keeps_its_bounds(
            capacity in 1_usize..20, draws in prop::collection::vec(1_u64..1_000, 1..400)
        ) {
            // About one draw in k is below 1000/k: low keys are frequent, high ones come once.
            check_bounds(capacity, &draws.iter().map(|draw| 1_000 / draw).collect::<Vec<_>>())?;
        }
    }
}
