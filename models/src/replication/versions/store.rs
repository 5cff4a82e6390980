//! The rows of a copy that exchanges versions, in ranges whose digests are kept up to date.

use std::collections::BTreeMap;

use crate::conflict::{KeyState, Version};
use crate::hash::mix;

/// Leaves of the tree of digests: as many as a word has bits, so that a set of them is a word.
pub const RANGES: usize = 64;

/// Keys by range.
#[derive(Clone, Debug)]
pub struct Store {
    ranges: Vec<Range>,
}

#[derive(Clone, Debug, Default)]
struct Range {
    /// The sum of its keys' digests: a change of one key is a subtraction and an addition.
    digest: u64,
    keys: BTreeMap<u64, KeyState>,
}

impl Default for Store {
    fn default() -> Self {
        Self { ranges: vec![Range::default(); RANGES] }
    }
}

/// Bits in the middle of the mixed key: shardings go by the key itself, or by the mixed key's highest bits.
const fn range_of(key: u64) -> usize {
    (mix(key) >> 29) as usize % RANGES
}

impl Store {
    /// What is known of `key`, if anything.
    #[must_use]
    pub fn get(&self, key: u64) -> Option<&KeyState> {
        self.ranges[range_of(key)].keys.get(&key)
    }

    /// What is known of `key`; of a key that was never written, nothing.
    #[must_use]
    pub fn get_or_default(&self, key: u64) -> KeyState {
        self.get(key).cloned().unwrap_or_default()
    }

    pub(super) fn put(&mut self, key: u64, state: KeyState) {
        let range = &mut self.ranges[range_of(key)];
        range.digest = range.digest.wrapping_add(digest(key, &state));
        if let Some(old) = range.keys.insert(key, state) {
            range.digest = range.digest.wrapping_sub(digest(key, &old));
        }
    }

    /// A digest of everything: equal stores have equal ones, and others next to never.
    #[must_use]
    pub fn root(&self) -> u64 {
        self.ranges.iter().fold(0, |root, range| mix(root ^ range.digest).wrapping_add(1))
    }

    /// A digest for each range.
    #[must_use]
    pub fn digests(&self) -> [u64; RANGES] {
        std::array::from_fn(|range| self.ranges[range].digest)
    }

    /// The ranges whose digest is another, a bit a range.
    #[must_use]
    pub fn differing(&self, theirs: &[u64; RANGES]) -> u64 {
        let differs = |&range: &usize| self.ranges[range].digest != theirs[range];
        (0..RANGES).filter(differs).fold(0, |ranges, range| ranges | 1 << range)
    }

    /// The keys of some ranges.
    pub fn of_ranges(&self, ranges: u64) -> impl Iterator<Item = (u64, &KeyState)> {
        let wanted = self.ranges.iter().enumerate().filter(move |(range, _)| ranges >> range & 1 == 1);
        wanted.flat_map(|(_, range)| range.keys.iter().map(|(&key, state)| (key, state)))
    }

    /// Every key.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &KeyState)> {
        self.of_ranges(u64::MAX)
    }
}

fn digest(key: u64, state: &KeyState) -> u64 {
    let seen = state.seen().iter().map(|dot| (dot.node.0, dot.counter));
    let versions = state.versions().iter().map(|Version { dot, .. }| (dot.node.0, dot.counter));
    let word = |(node, counter): (u32, u32)| u64::from(node) << 32 | u64::from(counter);
    // A dot names a version and all that is in it; what was seen ends where a word of ones stands.
    let words = seen.map(word).chain([u64::MAX]).chain(versions.map(word));
    words.fold(mix(key), |hash, word| mix(hash ^ word).wrapping_add(1))
}
