//! Lists: each shard has the values that are named for it, and a default has the rest (MySQL and PostgreSQL
//! documentation, *LIST partitioning*).
//!
//! For values that are few and mean something, such as regions or tenants. Where an operator puts what, is as even as the
//! operator makes it; nothing follows the servers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Checks;
use crate::shard_map::ShardId;
use crate::sharding::probes::plain;
use crate::sharding::scheme::{check_default, check_shards, with_default};
use crate::sharding::{Partitioner, Scheme, Shards};

/// `strategy = { list = { shards = [[1, 2], [3]], default = 2 } }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// The values of each shard.
    pub shards: Vec<Vec<u64>>,
    /// The shard of all values that no list names: one of those above, or one more.
    pub default: u32,
}

impl Scheme for Spec {
    fn check(&self, at: &str, _servers: u32, checks: &mut Checks) {
        let at = format!("{at}.list");
        check_shards(format!("{at}.shards"), Some(self.shards.len() as u32), checks);
        check_default(&at, self.shards.len(), Some(self.default), checks);
        let named = values(&self.shards);
        if let Some(twice) = named.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            let message = format!("the value {} is named twice", twice[0].0);
            checks.refuse(format!("{at}.shards"), message, "name each value once: a key lives in one shard");
        }
        let empty =
            self.shards.iter().zip(0..).find(|(values, shard)| values.is_empty() && *shard != self.default);
        if let Some((_, shard)) = empty {
            let message = format!("shard {shard} has no value and is not the default");
            checks.refuse(format!("{at}.shards"), message, "name a value for it, or leave it out");
        }
    }

    fn own_shards(&self) -> Option<u32> {
        Some(with_default(self.shards.len(), Some(self.default)))
    }

    fn over(&self, _shards: &[ShardId], _seed: u64) -> Partitioner {
        Partitioner::List(List { values: values(&self.shards), default: ShardId(self.default) })
    }
}

/// Each value and its shard, ascending.
fn values(shards: &[Vec<u64>]) -> Vec<(u64, ShardId)> {
    let of = |(values, shard): (&Vec<u64>, u32)| {
        values.iter().map(move |&value| (value, ShardId(shard))).collect::<Vec<_>>()
    };
    let mut values: Vec<(u64, ShardId)> = shards.iter().zip(0..).flat_map(of).collect();
    values.sort_unstable();
    values
}

/// The lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Ascending.
    values: Vec<(u64, ShardId)>,
    default: ShardId,
}

impl Shards for List {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        let place = self.values.binary_search_by_key(&plain(key), |value| value.0);
        place.map_or(self.default, |place| self.values[place].1)
    }

    fn shards(&self) -> Vec<ShardId> {
        let mut shards: Vec<ShardId> =
            self.values.iter().map(|value| value.1).chain([self.default]).collect();
        shards.sort_unstable();
        shards.dedup();
        shards
    }

    fn landmarks(&self) -> Vec<u64> {
        self.values.iter().map(|value| value.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_list_names_is_the_defaults() {
        let list = Spec { shards: vec![vec![5, 1], vec![3]], default: 0 }.over(&[], 0);
        assert_eq!([0, 1, 2, 3, 4, 5, 6].map(|key| list.shard_of(key).0), [0, 0, 0, 1, 0, 0, 0]);
        let more = Spec { shards: vec![vec![5, 1], vec![3]], default: 2 };
        assert_eq!((more.own_shards(), more.over(&[], 0).shard_of(2)), (Some(3), ShardId(2)));
    }
}
