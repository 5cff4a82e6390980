//! By lookup: which group of keys lives in which shard stands in a directory.
//!
//! Any group can be in any shard, so that related keys stay together and a single group could be moved; no command does
//! so here: groups move when servers come or go, the least that evens them out, and `assigned` says where some are at
//! first. The price is a service that has to be asked, and that has to be there: see [`lookup`](crate::lookup). At first groups are dealt out
//! in rounds, one to each shard and each round in another rotation: every shard has as many groups, to within one, and
//! neighbours do not follow each other round.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shardlab_sim::Duration;

use crate::cluster::checks::MOST_NODES;
use crate::config::Checks;
use crate::hash::mix;
use crate::shard_map::ShardId;
use crate::sharding::scheme::check_shards;
use crate::sharding::{Partitioner, Scheme, Shards};

/// `strategy = { directory = { … } }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// How many shards; as many as servers if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shards: Option<u32>,
    /// How many keys in a row are one group, which lives in one shard.
    pub group: u64,
    /// Groups that are not where they would be dealt at first; no command moves a single one later.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assigned: Vec<Assigned>,
    /// How many directories there are, each with all of it; dealt to regions in turn, and within one to its zones.
    pub nodes: u32,
    /// Cores of a directory.
    pub cpu: u32,
    /// What one lookup takes a core.
    pub service: Duration,
    /// What clients remember of the answers.
    pub cache: CacheSpec,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            shards: None,
            group: 1,
            assigned: Vec::new(),
            nodes: 1,
            cpu: 4,
            // A quarter of a point read: one row of a small table that is always in memory.
            service: Duration::from_ns(20_000),
            cache: CacheSpec::default(),
        }
    }
}

/// One group's shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Assigned {
    /// The group, counted from zero.
    pub group: u64,
    /// Its shard.
    pub shard: u32,
}

/// What each client pool remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct CacheSpec {
    /// How many groups; none at all is no cache.
    pub entries: u32,
    /// For how long an answer is believed, by the client's clock.
    pub ttl: Duration,
}

impl Default for CacheSpec {
    fn default() -> Self {
        // Half a minute, within which a name server's answer may be cached where addresses change often.
        Self { entries: 100_000, ttl: Duration::from_ns(30_000_000_000) }
    }
}

impl Scheme for Spec {
    fn check(&self, at: &str, servers: u32, checks: &mut Checks) {
        let at = format!("{at}.directory");
        check_shards(format!("{at}.shards"), self.shards, checks);
        checks.count(format!("{at}.group"), self.group, 1 << 40, "keys in a group");
        checks.count(format!("{at}.nodes"), u64::from(self.nodes), MOST_NODES, "directories");
        checks.count(format!("{at}.cpu"), u64::from(self.cpu), 100_000, "cores of a directory");
        if self.cache.entries > 0 {
            let help = "to remember nothing set entries = 0";
            checks.positive(format!("{at}.cache.ttl"), self.cache.ttl, help);
        }
        self.check_assigned(&at, self.shards.unwrap_or(servers), checks);
    }

    fn own_shards(&self) -> Option<u32> {
        self.shards
    }

    fn over(&self, shards: &[ShardId], _seed: u64) -> Partitioner {
        let assigned = self.assigned.iter().map(|assigned| (assigned.group, ShardId(assigned.shard)));
        Partitioner::Directory(Directory::new(shards.len() as u32, self.group, assigned.collect()))
    }

    /// Groups stay where they are: a shard that comes is given its share of them, and those of one that goes are dealt
    /// to the others.
    fn next(&self, current: &Partitioner, shards: &[ShardId], seed: u64) -> Partitioner {
        let Partitioner::Directory(directory) = current else { return self.over(shards, seed) };
        let mut next = directory.clone();
        let there = directory.shards();
        for &gone in there.iter().filter(|shard| !shards.contains(shard)) {
            next.remove(gone);
        }
        for &new in shards.iter().filter(|shard| !there.contains(shard)) {
            next.add(new);
        }
        Partitioner::Directory(next)
    }
}

impl Spec {
    fn check_assigned(&self, at: &str, shards: u32, checks: &mut Checks) {
        for (place, assigned) in self.assigned.iter().enumerate() {
            let path = format!("{at}.assigned.{place}");
            if assigned.shard >= shards {
                let help = format!("there are {shards}, counted from 0");
                checks.refuse(format!("{path}.shard"), format!("there is no shard {}", assigned.shard), help);
            }
            if self.assigned[..place].iter().any(|earlier| earlier.group == assigned.group) {
                let message = format!("group {} is assigned twice", assigned.group);
                checks.refuse(
                    format!("{path}.group"),
                    message,
                    "a group lives in one shard: drop one of them",
                );
            }
        }
    }
}

/// Groups dealt to shards, some of them by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    group: u64,
    /// How many shards there were at first.
    dealt: u32,
    assigned: BTreeMap<u64, ShardId>,
    /// What has come and gone since, in order.
    changes: Vec<Change>,
    /// The shards that are there, ascending.
    shards: Vec<ShardId>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    /// A shard has come as the last of so many, and was given its share.
    Came(ShardId, u64),
    /// A shard has gone, and these were there to take what it had.
    Went(ShardId, Vec<ShardId>),
}

impl Directory {
    /// Over so many shards, with groups of so many keys; both at least one.
    #[must_use]
    pub fn new(shards: u32, group: u64, assigned: BTreeMap<u64, ShardId>) -> Self {
        assert!(shards > 0 && group > 0, "a directory has a shard, and a group has a key");
        let there = (0..shards).map(ShardId).collect();
        Self { group, dealt: shards, assigned, changes: Vec::new(), shards: there }
    }

    /// The group that a key is looked up with.
    #[inline]
    #[must_use]
    pub fn group_of(&self, key: u64) -> u64 {
        key / self.group
    }

    fn add(&mut self, shard: ShardId) {
        self.shards.push(shard);
        self.shards.sort_unstable();
        self.changes.push(Change::Came(shard, self.shards.len() as u64));
    }

    fn remove(&mut self, shard: ShardId) {
        self.shards.retain(|&there| there != shard);
        assert!(!self.shards.is_empty(), "the last shard stays");
        self.changes.push(Change::Went(shard, self.shards.clone()));
    }

    /// Where a group was put at first.
    fn first_shard(&self, group: u64) -> ShardId {
        let dealt = u64::from(self.dealt);
        let in_turn = (group % dealt + mix(group / dealt) % dealt) % dealt;
        self.assigned.get(&group).copied().unwrap_or(ShardId(in_turn as u32))
    }
}

impl Shards for Directory {
    fn shard_of(&self, key: u64) -> ShardId {
        let group = self.group_of(key);
        let mut shard = self.first_shard(group);
        // Each change draws by a hash of its own.
        for (number, change) in (1..).zip(&self.changes) {
            let draw = || mix(mix(group.wrapping_add(1)) ^ number);
            match change {
                Change::Came(new, of) if draw() % of == 0 => shard = *new,
                Change::Went(gone, heirs) if shard == *gone => {
                    shard = heirs[(draw() % heirs.len() as u64) as usize];
                }
                Change::Came(..) | Change::Went(..) => {}
            }
        }
        shard
    }

    fn count(&self) -> u32 {
        self.shards.last().map_or(0, |last| last.0 + 1)
    }

    fn shards(&self) -> Vec<ShardId> {
        self.shards.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sharding::moved_fraction;

    #[test]
    fn every_shard_is_dealt_as_many_groups() {
        let directory = Directory::new(7, 10, BTreeMap::new());
        let mut counts = [0; 7];
        (0..700_u64).for_each(|group| counts[directory.shard_of(10 * group).index()] += 1);
        assert_eq!(counts, [100; 7]);
    }

    #[test]
    fn neighbours_do_not_follow_each_other_round() {
        let directory = Directory::new(7, 1, BTreeMap::new());
        let next = |key: u64| (directory.shard_of(key).0 + 1) % 7 == directory.shard_of(key + 7 - 6).0;
        assert!((0..700).filter(|&key| !next(key)).count() > 50);
    }

    #[test]
    fn a_shard_that_comes_takes_its_share_and_one_that_goes_leaves_it_to_the_others() {
        let spec = Spec { group: 10, ..Spec::default() };
        let ids = |numbers: &[u32]| numbers.iter().copied().map(ShardId).collect::<Vec<_>>();
        let four = spec.over(&ids(&[0, 1, 2, 3]), 0);
        let five = spec.next(&four, &ids(&[0, 1, 2, 3, 4]), 0);
        let moved = moved_fraction(&four, &five, 0..100_000);
        assert!((moved - 0.2).abs() < 0.02, "{moved}");
        assert!(
            (0..100_000).all(|key| five.shard_of(key) == four.shard_of(key) || five.shard_of(key).0 == 4)
        );
        let without = spec.next(&five, &ids(&[0, 2, 3, 4]), 0);
        assert_eq!((without.shards(), without.count()), (ids(&[0, 2, 3, 4]), 5));
        for key in 0..100_000 {
            let (before, after) = (five.shard_of(key), without.shard_of(key));
            assert!(if before.0 == 1 { after.0 != 1 } else { after == before });
        }
    }

    proptest! {
        #[test]
        fn a_group_lives_in_one_shard_and_only_what_is_assigned_moves(
            shards in 1_u32..20, group in 1_u64..50, moved in 0_u64..100, to in 0_u32..20, key in 0_u64..5_000,
        ) {
            let to = ShardId(to % shards);
            let before = Directory::new(shards, group, BTreeMap::new());
            let after = Directory::new(shards, group, BTreeMap::from([(moved, to)]));
            prop_assert!(before.shard_of(key).0 < shards);
            prop_assert_eq!(before.shard_of(key), before.shard_of(before.group_of(key) * group));
            let expected = if before.group_of(key) == moved { to } else { before.shard_of(key) };
            prop_assert_eq!(after.shard_of(key), expected);
        }
    }
}
