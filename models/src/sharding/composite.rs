//! Composite: a first strategy picks a group of shards, a second one the shard within it (MySQL and Oracle
//! documentation, *subpartitioning* and *composite partitioning*): range then list, list then hash.
//!
//! Every group is cut alike: shard = group × shards in a group + place within. Two strategies that look at the same thing,
//! such as two remainders of one number, can leave shards empty, which is refused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Checks;
use crate::shard_map::ShardId;
use crate::sharding::scheme::check_shards;
use crate::sharding::{Partitioner, Scheme, Shards, Strategy};

/// `strategy = { composite = { first = { list = … }, within = { modulo = { shards = 4 } } } }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// Which group of shards a key belongs to.
    pub first: Box<Strategy>,
    /// Which shard of its group.
    pub within: Box<Strategy>,
}

impl Spec {
    fn parts(&self) -> [(&'static str, &Strategy); 2] {
        [("first", &self.first), ("within", &self.within)]
    }
}

impl Scheme for Spec {
    fn check(&self, at: &str, servers: u32, checks: &mut Checks) {
        let at = format!("{at}.composite");
        for (name, strategy) in self.parts() {
            strategy.check(&format!("{at}.{name}"), servers, checks);
            if strategy.time_partitions().is_some() {
                let message = "partitions by time are no part of a composite";
                let help = "cut them by another column: parts = { by = \"type\", count = 4 }";
                checks.refuse(format!("{at}.{name}"), message, help);
            }
            if !strategy.counts_shards() {
                let message =
                    "a part of a composite cannot follow the servers: its shards are fewer than all";
                checks.refuse(format!("{at}.{name}"), message, "say how many: shards = 4");
            }
        }
        check_shards(at, self.own_shards(), checks);
    }

    fn own_shards(&self) -> Option<u32> {
        Some(self.first.shards(1).saturating_mul(self.within.shards(1)))
    }

    fn over(&self, _shards: &[ShardId], seed: u64) -> Partitioner {
        let [first, within] = self.parts().map(|(_, strategy)| Box::new(strategy.partitioner(1, seed)));
        Partitioner::Composite(Composite { group: within.count(), first, within })
    }
}

/// The two functions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composite {
    first: Box<Partitioner>,
    within: Box<Partitioner>,
    /// How many shards a group has.
    group: u32,
}

impl Shards for Composite {
    fn shard_of(&self, key: u64) -> ShardId {
        ShardId(self.first.shard_of(key).0 * self.group + self.within.shard_of(key).0)
    }

    fn shards(&self) -> Vec<ShardId> {
        let within = self.within.shards();
        let groups = self.first.shards();
        groups
            .iter()
            .flat_map(|group| within.iter().map(|shard| ShardId(group.0 * self.group + shard.0)))
            .collect()
    }

    /// Each group's, and so many keys after it that a hash within the group has met all its shards.
    fn landmarks(&self) -> Vec<u64> {
        let row = 64 * u64::from(self.group);
        let groups = self.first.landmarks().into_iter();
        let rows = groups.flat_map(|landmark| landmark..landmark.saturating_add(row));
        rows.chain(self.within.landmarks()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sharding::{list, modulo};

    #[test]
    fn a_list_picks_the_group_and_a_remainder_the_shard() {
        let first = Strategy::List(list::Spec { shards: vec![vec![6, 7]], default: 1 });
        let within = Strategy::Modulo(modulo::Spec { shards: Some(2), hash: None });
        let spec = Spec { first: Box::new(first), within: Box::new(within) };
        let composite = spec.over(&[], 0);
        assert_eq!(spec.own_shards(), Some(4));
        assert_eq!([6, 7, 8, 9].map(|key| composite.shard_of(key).0), [0, 1, 2, 3]);
    }
}
