//! The keys that were there at the beginning.

use std::ops::Range;

/// Ranges of keys, ascending and apart: zero to the number of keys, or the rows of each table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Each range, and how many keys those before it have.
    ranges: Vec<(Range<u64>, u64)>,
}

impl From<u64> for Loaded {
    /// The keys from zero up.
    fn from(keys: u64) -> Self {
        Self::new(std::iter::once(0..keys))
    }
}

impl Loaded {
    /// These ranges, ascending and apart.
    #[must_use]
    pub fn new(ranges: impl IntoIterator<Item = Range<u64>>) -> Self {
        let mut before = 0;
        let ranges = ranges.into_iter().map(|range| {
            let first = before;
            before += range.end - range.start;
            (range, first)
        });
        Self { ranges: ranges.collect() }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.ranges.last().map_or(0, |(range, before)| before + (range.end - range.start))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this key is one of them.
    #[must_use]
    pub fn contains(&self, key: u64) -> bool {
        let after = self.ranges.partition_point(|(range, _)| range.start <= key);
        after > 0 && key < self.ranges[after - 1].0.end
    }

    /// The key that so many come before.
    #[must_use]
    pub fn key(&self, place: u64) -> u64 {
        let after = self.ranges.partition_point(|&(_, before)| before <= place);
        let (range, before) = &self.ranges[after - 1];
        range.start + (place - before)
    }

    /// All of them, ascending.
    pub fn keys(&self) -> impl Iterator<Item = u64> + '_ {
        self.ranges.iter().flat_map(|(range, _)| range.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_keys_belong_together() {
        let loaded = Loaded::new([0..3, 10..10, 20..22]);
        let keys: Vec<u64> = loaded.keys().collect();
        assert_eq!(keys, [0, 1, 2, 20, 21]);
        assert_eq!((0..loaded.len()).map(|place| loaded.key(place)).collect::<Vec<_>>(), keys);
        assert!((0..30).all(|key| loaded.contains(key) == keys.contains(&key)));
        assert_eq!(Loaded::from(4).keys().collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert!(Loaded::default().is_empty());
    }
}
