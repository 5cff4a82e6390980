//! Ranges of a hashed keyspace, as Vitess has them: "-40", "40-80", "80-c0", "c0-" (Vitess documentation, *Sharding*,
//! "Key ranges").
//!
//! A bound is a row of bytes in hexadecimal, and a keyspace id, here the hash's eight bytes, lies in a range as text lies
//! between two words. Hashing spreads keys in order, and ranges keep shards splittable: "-40" becomes "-20" and "20-40",
//! and no other shard notices. Here it is split at the id of a key that a command names (`split = { key = 7 }`), by
//! nothing else: no bound such as "-20" can be asked for, and no range splits by itself. Shares are even where the ranges are. A scan of neighbouring keys asks every shard.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Checks;
use crate::hash::HashFunction;
use crate::shard_map::ShardId;
use crate::sharding::ranges::{Range, Ranges, fill, flaw};
use crate::sharding::scheme::check_shards;
use crate::sharding::{Partitioner, Scheme};

/// `strategy = { key-ranges = { shards = ["-80", "80-"] } }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// The range of each shard, as Vitess writes it. One is split later only by a command that names a key, at that
    /// key's id, and not at a bound of one's choice.
    pub shards: Vec<String>,
    /// What gives a key its keyspace id.
    #[serde(default = "default_hash")]
    pub hash: HashFunction,
}

const fn default_hash() -> HashFunction {
    HashFunction::Vitess
}

impl Scheme for Spec {
    fn check(&self, at: &str, _servers: u32, checks: &mut Checks) {
        let path = format!("{at}.key-ranges.shards");
        check_shards(path.clone(), Some(self.shards.len() as u32), checks);
        if let Some(place) = self.shards.iter().position(|text| range(text).is_none()) {
            let help =
                "write two bounds of up to eight bytes in hexadecimal, such as \"40-80\", \"-40\" or \"c0-\"";
            let message = format!("`{}` is no range of keyspace ids", self.shards[place]);
            return checks.refuse(format!("{path}.{place}"), message, help);
        }
        let ranges = self.shards.iter().filter_map(|text| Some((range(text)?, text.as_str())));
        if let Some(flaw) = flaw(ranges, false) {
            let help = "let each range begin where the one before ends, from \"-…\" to \"…-\"";
            flaw.refuse(&path, help, checks);
        }
    }

    fn own_shards(&self) -> Option<u32> {
        Some(self.shards.len() as u32)
    }

    fn over(&self, _shards: &[ShardId], _seed: u64) -> Partitioner {
        let ranges = self.shards.iter().filter_map(|text| range(text)).zip((0..).map(ShardId));
        Partitioner::Ranges(Ranges::new(Some(self.hash), &fill(ranges, None)))
    }
}

/// "40-80" is from 0x4000… to just before 0x8000….
fn range(text: &str) -> Option<Range> {
    let (from, to) = text.split_once('-')?;
    Some((bound(from)?.unwrap_or(0), bound(to)?))
}

/// A bound's bytes are the highest ones of a position; none for no bound.
fn bound(digits: &str) -> Option<Option<u64>> {
    if digits.is_empty() {
        return Some(None);
    }
    let are_bytes = digits.len() <= 16 && digits.len().is_multiple_of(2);
    let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let number = u64::from_str_radix(digits, 16).ok().filter(|_| are_bytes && are_digits)?;
    Some(Some(number << (64 - 4 * digits.len())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sharding::Shards;

    #[test]
    fn keyspace_ids_fall_into_the_ranges_of_vitess() {
        let shards = ["-40", "40-80", "80-c0", "c0-"].map(String::from).to_vec();
        let ranges = Spec { shards, hash: default_hash() }.over(&[], 0);
        // Ids 166b…, 06e7…, 4eb1…, d2fd…, 70bb…, f098…: Vitess, `hash_test.go`.
        let shards = [1, 2, 3, 4, 5, 6].map(|key| ranges.shard_of(key).0);
        assert_eq!(shards, [0, 0, 1, 3, 1, 3]);
    }

    #[test]
    fn bounds_are_bytes() {
        assert_eq!(range("-"), Some((0, None)));
        assert_eq!(range("40-8080"), Some((0x40 << 56, Some(0x8080 << 48))));
        for text in ["", "40", "4-8", "zz-", "-+1", "112233445566778899-"] {
            assert_eq!(range(text), None, "{text}");
        }
    }
}
