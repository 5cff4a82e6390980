//! How many of the loaded rows live in each shard: what a copy weighs.

use crate::rebalancing::Loaded;
use crate::shard_map::ShardId;
use crate::sharding::Shards;

/// Beyond this many keys one of each few neighbours is asked, at a place that looks random, and stands for them: a
/// shard's weight is then known to about one in the root of its sampled keys.
const MOST_ASKED: u64 = 4_000_000;

/// By shard, dense: the loaded rows in it.
#[must_use]
pub fn loaded_rows(shards: &impl Shards, keys: &Loaded) -> Vec<u64> {
    let loaded = keys.len();
    let step = loaded.div_ceil(MOST_ASKED).max(1);
    let mut rows = vec![0; shards.count() as usize];
    for first in (0..loaded).step_by(usize::try_from(step).expect("steps are small")) {
        // Weyl's sequence by the golden ratio: a fixed place would be in step with a modulo.
        let place = (first / step).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let place = (first + place % step).min(loaded - 1);
        let ShardId(shard) = shards.shard_of(keys.key(place));
        if shard as usize >= rows.len() {
            rows.resize(shard as usize + 1, 0);
        }
        rows[shard as usize] += step.min(loaded - first);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sharding::Modulo;

    #[test]
    fn every_row_is_somewhere_sampled_or_not() {
        assert_eq!(loaded_rows(&Modulo::new(4), &10.into()), [3, 3, 2, 2]);
        let sampled = loaded_rows(&Modulo::new(3), &(2 * MOST_ASKED + 5).into());
        assert_eq!(sampled.iter().sum::<u64>(), 2 * MOST_ASKED + 5);
        assert!(
            sampled.iter().all(|rows| rows.abs_diff(2 * MOST_ASKED / 3) < MOST_ASKED / 100),
            "{sampled:?}"
        );
    }
}
