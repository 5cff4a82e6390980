//! Jump consistent hashing: a key jumps from bucket to bucket, and where it comes to rest it lives (Lamping & Veach
//! 2014, §2).
//!
//! No table and perfectly balanced; when a bucket comes at the end it takes 1/(n + 1) of the keys, and nothing else
//! moves. Buckets can come and go at the end alone. When a server in the middle goes, that at the end takes its bucket:
//! then all keys of both move, 2/n. All shards weigh alike.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Checks;
use crate::hash::HashFunction;
use crate::rebalancing::Pair;
use crate::shard_map::ShardId;
use crate::sharding::scheme::check_shards;
use crate::sharding::weights::{Members, monotone};
use crate::sharding::{Partitioner, Scheme, Shards};

/// `strategy = "jump"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// How many shards; as many as servers if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shards: Option<u32>,
    /// What a key is hashed by before it jumps.
    #[serde(default)]
    pub hash: HashFunction,
}

impl Scheme for Spec {
    fn check(&self, at: &str, _servers: u32, checks: &mut Checks) {
        check_shards(format!("{at}.jump.shards"), self.shards, checks);
    }

    fn own_shards(&self) -> Option<u32> {
        self.shards
    }

    fn over(&self, shards: &[ShardId], _seed: u64) -> Partitioner {
        Partitioner::Jump(Jump { hash: self.hash, buckets: shards.to_vec() })
    }

    fn next(&self, current: &Partitioner, shards: &[ShardId], seed: u64) -> Partitioner {
        match current {
            Partitioner::Jump(jump) => Partitioner::Jump(jump.with(shards)),
            _ => self.over(shards, seed),
        }
    }
}

/// The buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jump {
    hash: HashFunction,
    buckets: Vec<ShardId>,
}

impl Jump {
    /// Over this many shards, at least one.
    #[must_use]
    pub fn new(shards: u32) -> Self {
        Self { hash: HashFunction::default(), buckets: (0..shards).map(ShardId).collect() }
    }

    /// These shards are there now: the last takes the bucket of one that goes, and those that come are put at the end.
    fn with(&self, shards: &[ShardId]) -> Self {
        let mut buckets = self.buckets.clone();
        for shard in self.buckets.iter().rev().filter(|shard| shards.binary_search(shard).is_err()) {
            let place = buckets.iter().position(|bucket| bucket == shard).expect("it is still there");
            buckets.swap_remove(place);
        }
        buckets.extend(shards.iter().filter(|shard| !self.buckets.contains(shard)));
        Self { hash: self.hash, buckets }
    }

    /// Between which shards keys move when `next` takes its place, if buckets came or went at the end alone.
    pub(super) fn moves_to(&self, next: &Self) -> Option<BTreeSet<Pair>> {
        let is_the_end = self.buckets.starts_with(&next.buckets) || next.buckets.starts_with(&self.buckets);
        let members = |jump: &Self| jump.shards().into_iter().map(|shard| (shard, 1)).collect::<Members>();
        (is_the_end && self.hash == next.hash).then(|| monotone(&members(self), &members(next)))
    }
}

/// The bucket of a key, of so many: figure 1 of the paper. Whole numbers and divisions that are exact to the last bit
/// everywhere.
#[inline]
#[must_use]
#[expect(
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    reason = "the paper's own: below 2⁶³ and positive"
)]
pub fn jump(key: u64, buckets: u32) -> u32 {
    let (mut key, mut bucket, mut next) = (key, 0, 0_i64);
    while next < i64::from(buckets) {
        bucket = next;
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        next = ((bucket + 1) as f64 * ((1_u64 << 31) as f64 / ((key >> 33) + 1) as f64)) as i64;
    }
    bucket as u32
}

impl Shards for Jump {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        self.buckets[jump(self.hash.position(key), self.buckets.len() as u32) as usize]
    }

    fn shards(&self) -> Vec<ShardId> {
        let mut shards = self.buckets.clone();
        shards.sort_unstable();
        shards
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_are_those_of_the_reference() {
        // dgryski/go-jump, `jump_test.go`: keys 0 to 19 in 100 buckets.
        let golden = [0, 55, 62, 8, 45, 59, 86, 97, 82, 59, 73, 37, 17, 56, 86, 21, 90, 37, 38, 83];
        let jumps: Vec<u32> = (0..20).map(|key| jump(key, 100)).collect();
        assert_eq!(jumps, golden);
        // Guava's and other implementations' tests: key, buckets, bucket.
        let compatible = [
            (10_863_919_174_838_991, 11, 6),
            (2_016_238_256_797_177_309, 11, 3),
            (1_673_758_223_894_951_030, 11, 5),
            (2, 100_001, 80_343),
            (2_201, 100_001, 22_152),
            (2_202, 100_001, 15_018),
            (256, 1_024, 520),
            (42, 57, 43),
            (3_735_883_980, 666, 361),
            (1, 1, 0),
        ];
        for (key, buckets, bucket) in compatible {
            assert_eq!(jump(key, buckets), bucket, "{key} in {buckets}");
        }
    }

    #[test]
    fn keys_go_on_to_the_newest_bucket_or_stay() {
        // In 1, 2, 3, … buckets.
        let ways: [(u64, &[u32]); 4] = [
            (0, &[0; 20]),
            (1, &[0, 0, 0, 0, 0, 0, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 17, 17]),
            (0xdead_beef, &[0, 1, 2, 3, 3, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 16, 16, 16]),
            (0x0ddc_0ffe_ebad_f00d, &[0, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 15, 15, 15, 15]),
        ];
        for (key, way) in ways {
            let went: Vec<u32> = (1..=way.len() as u32).map(|buckets| jump(key, buckets)).collect();
            assert_eq!(went, way, "{key}");
        }
    }

    #[test]
    fn the_last_takes_the_bucket_of_one_that_goes() {
        let gone = Jump::new(4).with(&[ShardId(0), ShardId(2), ShardId(3)]);
        assert_eq!(gone.buckets, [ShardId(0), ShardId(3), ShardId(2)]);
        let come = gone.with(&[ShardId(0), ShardId(2), ShardId(3), ShardId(4)]);
        assert_eq!(come.buckets, [ShardId(0), ShardId(3), ShardId(2), ShardId(4)]);
    }
}
