//! Ranges of keys that stand in the file, with a default shard for what they leave out.
//!
//! Neighbours live together, so that a scan of a range asks few shards; and keys that are inserted in order all go to the
//! last one. The bounds follow no server: a server that comes gets nothing until somebody splits a range or moves a
//! shard (Kossmann, Kraska & Loesing 2010, *An evaluation of alternative architectures*, on range partitioning's upkeep).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Checks;
use crate::shard_map::ShardId;
use crate::sharding::ranges::{Range, Ranges, fill, flaw};
use crate::sharding::scheme::{check_default, check_shards, with_default};
use crate::sharding::{Partitioner, Scheme};

/// `strategy = { static-ranges = { shards = [{ to = 500 }, { from = 500 }] } }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// The range of each shard.
    pub shards: Vec<KeyRange>,
    /// The shard of all keys that no range has: one of those above, or one more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<u32>,
}

/// A range of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KeyRange {
    /// Its first key; from the beginning if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// The first key beyond it; to the end if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

impl KeyRange {
    fn range(&self) -> Range {
        (self.from.unwrap_or(0), self.to)
    }

    fn name(&self) -> String {
        match (self.from, self.to) {
            (Some(from), Some(to)) => format!("from {from} to {to}"),
            (None, Some(to)) => format!("up to {to}"),
            (Some(from), None) => format!("from {from} on"),
            (None, None) => "of all keys".into(),
        }
    }
}

impl Scheme for Spec {
    fn check(&self, at: &str, _servers: u32, checks: &mut Checks) {
        let at = format!("{at}.static-ranges");
        check_shards(format!("{at}.shards"), Some(self.shards.len() as u32), checks);
        check_default(&at, self.shards.len(), self.default, checks);
        let names: Vec<String> = self.shards.iter().map(KeyRange::name).collect();
        let ranges = || self.shards.iter().map(KeyRange::range).zip(names.iter().map(String::as_str));
        if let Some(flaw) = flaw(ranges(), self.default.is_some()) {
            let help = "let each range begin where the one before ends, or name a `default` shard for what is left out";
            flaw.refuse(&format!("{at}.shards"), help, checks);
        } else if self.default.is_some_and(|default| default as usize == self.shards.len())
            && flaw(ranges(), false).is_none()
        {
            let message = "the ranges have every key: nothing is left for one more shard";
            checks.refuse(format!("{at}.default"), message, "leave `default` out");
        }
    }

    fn own_shards(&self) -> Option<u32> {
        Some(with_default(self.shards.len(), self.default))
    }

    fn over(&self, _shards: &[ShardId], _seed: u64) -> Partitioner {
        let ranges = self.shards.iter().map(KeyRange::range).zip((0..).map(ShardId));
        Partitioner::Ranges(Ranges::new(None, &fill(ranges, self.default.map(ShardId))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sharding::Shards;

    #[test]
    fn what_no_range_has_is_the_defaults() {
        let range = |from, to| KeyRange { from: Some(from), to: Some(to) };
        let spec = Spec { shards: vec![range(30, 40), range(10, 20)], default: Some(2) };
        let ranges = spec.over(&[], 0);
        let shards = [0, 9, 10, 19, 20, 29, 30, 39, 40, u64::MAX >> 2].map(|key| ranges.shard_of(key).0);
        assert_eq!(shards, [2, 2, 1, 1, 2, 2, 0, 0, 2, 2]);
    }
}
