//! Sharding: which shard a key lives in.
//!
//! A strategy maps a key to a shard; [`placement`](crate::placement) maps a shard to servers. Where a strategy has no
//! number of shards of its own there is one for each server, which then holds the shard of its own number, and adding
//! a server changes the mapping. Survey: Pavlo et al., *Skew-aware automatic database partitioning*, SIGMOD 2012, §2;
//! Karger et al., *Consistent hashing and random trees*, STOC 1997.
//!
//! To add a strategy: a file with its `Spec`, which is a `Scheme`, and its function, which is [`Shards`]; a line in
//! [`Strategy`] and its match; a line in [`Partitioner`] and its match.

pub mod bounded_load;
mod by_column;
pub mod composite;
pub mod consistent_hash;
pub mod directory;
pub mod dynamic_range;
pub mod geographic;
pub mod jump;
pub mod key_ranges;
pub mod list;
pub mod maglev;
mod maintenance;
pub mod modulo;
pub mod multi_probe;
mod partitioner;
mod place;
mod probes;
pub mod ranges;
pub mod rendezvous;
mod ring;
mod scheme;
pub mod slots;
pub mod static_ranges;
mod table;
pub mod tenant;
#[cfg(test)]
pub(crate) mod tests;
pub mod time_partitions;
mod weights;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use bounded_load::BoundedLoad;
pub use by_column::{ByColumn, Partitioning};
pub use composite::Composite;
pub use consistent_hash::ConsistentHash;
pub use directory::Directory;
pub use dynamic_range::DynamicRange;
pub use geographic::Geographic;
pub use jump::Jump;
pub use list::List;
pub use maglev::Maglev;
pub use maintenance::{Expiry, MOST_IN_THE_END, Maintenance};
pub use modulo::Modulo;
pub use multi_probe::MultiProbe;
pub use partitioner::Partitioner;
pub use place::Place;
pub use probes::first_keys;
pub(crate) use probes::{PROBE_KEYS, first_keys_among, first_keys_of};
pub use ranges::Ranges;
pub use rendezvous::Rendezvous;
pub(crate) use scheme::Scheme;
pub use slots::Slots;
pub use tenant::Tenant;
pub use time_partitions::TimePartitions;
pub use weights::Weights;

use crate::config::{Checks, Config};
use crate::residency::Residency;
use crate::shard_map::ShardId;

/// A function from keys to shards.
pub trait Shards {
    /// The shard that `key` lives in.
    fn shard_of(&self, key: u64) -> ShardId;

    /// The shards that keys may live in, ascending; some numbers may be missing, of servers that are gone.
    fn shards(&self) -> Vec<ShardId>;

    /// One more than the largest number of a shard.
    fn count(&self) -> u32 {
        self.shards().last().map_or(0, |last| last.0 + 1)
    }

    /// Keys by which shards are found that no look at keys in a row would find: where ranges begin, values of lists.
    fn landmarks(&self) -> Vec<u64> {
        Vec::new()
    }
}

/// `[sharding]`.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Sharding {
    /// How a key finds its shard.
    pub strategy: Strategy,
    /// Which region a row belongs to, and where copies of it may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub residency: Option<Residency>,
    /// The column of `[[table]]`s whose value is asked for instead of the key; a row's own id if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Sharding {
    /// Refuses what is impossible about it in this cluster.
    pub(crate) fn check(config: &Config, checks: &mut Checks) {
        let (cluster, replicas) = (&config.cluster, config.replication.mode.replicas());
        let Self { strategy, residency, .. } = &config.sharding;
        strategy.check("sharding.strategy", cluster.servers, checks);
        if let Strategy::Geographic(spec) = strategy {
            spec.check_room(residency.as_ref(), cluster, replicas, checks);
        }
        if let Some(residency) = residency {
            residency.check(cluster, checks);
        }
        if let Strategy::TimePartitions(spec) = strategy {
            maintenance::check(config, spec, checks);
        }
    }

    /// Says what can be run and is hardly meant.
    pub(crate) fn doubt(config: &Config, doubts: &mut Checks) {
        if let Strategy::TimePartitions(spec) = &config.sharding.strategy {
            maintenance::doubt(config, spec, doubts);
        }
    }

    /// How many shards there are over so many servers.
    #[must_use]
    pub fn shards(&self, servers: u32) -> u32 {
        match (&self.strategy, &self.residency) {
            (Strategy::Geographic(spec), Some(residency)) => spec.shards * residency.homes.len() as u32,
            (strategy, _) => strategy.shards(servers),
        }
    }

    /// The function from keys to shards, over so many servers, in a world with this seed.
    #[must_use]
    pub fn partitioner(&self, servers: u32, seed: u64) -> Partitioner {
        match (&self.strategy, &self.residency) {
            (Strategy::Geographic(spec), Some(residency)) => {
                Partitioner::Geographic(Geographic::new(residency.homes(), spec.shards))
            }
            (strategy, _) => strategy.partitioner(servers, seed),
        }
    }

    /// Whether some rows may not be everywhere.
    #[must_use]
    pub fn rules_on_regions(&self) -> bool {
        self.residency.as_ref().is_some_and(|residency| !residency.allowed.is_empty())
    }
}

/// How a key finds its shard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// The remainder of the key's number, or of its hash, by the number of shards.
    Modulo(modulo::Spec),
    /// A hash ring with virtual nodes (Karger et al. 1997).
    ConsistentHash(consistent_hash::Spec),
    /// A lookup service says which shard a group of keys lives in.
    Directory(directory::Spec),
    /// All rows of a tenant live in its home shard.
    Tenant(tenant::Spec),
    /// A row lives in a shard of the region that it belongs to.
    Geographic(geographic::Spec),
    /// Ranges of keys that are split and merged by size and by load.
    DynamicRange(dynamic_range::Spec),
    /// A hash ring on which no shard gets more than its share and a little (Mirrokni et al. 2018).
    BoundedLoad(bounded_load::Spec),
    /// The shard that scores highest for the key (Thaler & Ravishankar 1998).
    Rendezvous(rendezvous::Spec),
    /// Jump consistent hashing (Lamping & Veach 2014).
    Jump(jump::Spec),
    /// A hash ring that is probed several times for a key (Appleton & O'Reilly 2015).
    MultiProbe(multi_probe::Spec),
    /// A table that shards fill in turn (Eisenbud et al. 2016).
    Maglev(maglev::Spec),
    /// Fixed hash slots, owned by shards (Redis Cluster).
    Slots(slots::Spec),
    /// Ranges of the hashed keyspace, one a shard (Vitess).
    KeyRanges(key_ranges::Spec),
    /// Ranges of keys, one a shard.
    StaticRanges(static_ranges::Spec),
    /// Values of keys, listed for each shard.
    List(list::Spec),
    /// A first strategy picks a group of shards, a second one the shard within it.
    Composite(composite::Spec),
    /// A partition for every so many days, created ahead of time and given up when it is old.
    TimePartitions(time_partitions::Spec),
}

impl Default for Strategy {
    fn default() -> Self {
        Self::Modulo(modulo::Spec::default())
    }
}

/// The same expression for whichever strategy it is.
macro_rules! each {
    ($strategy:expr, $spec:ident => $answer:expr) => {
        match $strategy {
            Strategy::Modulo($spec) => $answer,
            Strategy::ConsistentHash($spec) => $answer,
            Strategy::BoundedLoad($spec) => $answer,
            Strategy::Rendezvous($spec) => $answer,
            Strategy::Jump($spec) => $answer,
            Strategy::MultiProbe($spec) => $answer,
            Strategy::Maglev($spec) => $answer,
            Strategy::Slots($spec) => $answer,
            Strategy::KeyRanges($spec) => $answer,
            Strategy::StaticRanges($spec) => $answer,
            Strategy::List($spec) => $answer,
            Strategy::Composite($spec) => $answer,
            Strategy::Directory($spec) => $answer,
            Strategy::Tenant($spec) => $answer,
            Strategy::Geographic($spec) => $answer,
            Strategy::DynamicRange($spec) => $answer,
            Strategy::TimePartitions($spec) => $answer,
        }
    };
}

impl Strategy {
    fn scheme(&self) -> &dyn Scheme {
        each!(self, spec => spec)
    }

    /// The weights of its shards, to change them; nothing where all weigh alike or the file says what each shard has.
    pub fn weights(&mut self) -> Option<&mut Weights> {
        let scheme: &mut dyn Scheme = each!(self, spec => spec);
        scheme.weights()
    }

    /// Whether its shards have weights, which can be changed.
    #[must_use]
    pub fn has_weights(&self) -> bool {
        self.clone().weights().is_some()
    }

    /// By shard: its weight when these are there, ascending; zero for numbers that are missing. One for each where shards
    /// have no weights.
    fn weights_of(&self, shards: &[ShardId]) -> Vec<u32> {
        let alike = Weights::default();
        let mut strategy = self.clone();
        let members = strategy.weights().map_or(&alike, |weights| weights).members(shards);
        let mut weights = vec![0; shards.last().map_or(0, |last| last.index() + 1)];
        members.into_iter().for_each(|(shard, weight)| weights[shard.index()] = weight);
        weights
    }

    /// The directory, where shards are found by lookup.
    #[must_use]
    pub fn directory(&self) -> Option<&directory::Spec> {
        if let Self::Directory(spec) = self { Some(spec) } else { None }
    }

    /// Refuses what is impossible about it over so many servers; `at` is where it stands in the file.
    pub(crate) fn check(&self, at: &str, servers: u32, checks: &mut Checks) {
        self.scheme().check(at, servers, checks);
    }

    /// Whether it has a number of shards of its own; else they follow the servers.
    #[must_use]
    pub fn counts_shards(&self) -> bool {
        self.scheme().own_shards().is_some()
    }

    /// When shards are split and merged by themselves, if they are.
    #[must_use]
    pub fn reshapes(&self) -> Option<dynamic_range::Spec> {
        match self {
            Self::DynamicRange(spec) => Some(spec.clone()),
            _ => None,
        }
    }

    /// Its partitions by time, if it has any.
    #[must_use]
    pub const fn time_partitions(&self) -> Option<&time_partitions::Spec> {
        if let Self::TimePartitions(spec) = self { Some(spec) } else { None }
    }

    /// The job by which its partitions come and go, if there is one.
    #[must_use]
    pub fn maintenance(&self) -> Option<&Maintenance> {
        self.time_partitions().and_then(|spec| spec.maintenance.as_ref())
    }

    /// How many shards there are over so many servers.
    #[must_use]
    pub fn shards(&self, servers: u32) -> u32 {
        self.scheme().own_shards().unwrap_or(servers)
    }

    /// The function itself, over so many servers, in a world with this seed.
    #[must_use]
    pub fn partitioner(&self, servers: u32, seed: u64) -> Partitioner {
        let shards: Vec<ShardId> = (0..self.shards(servers)).map(ShardId).collect();
        self.scheme().over(&shards, seed)
    }

    /// The function that follows `current` when shards have come or gone, so that these are there, ascending: some
    /// numbers may be missing, of servers that are gone. The same where the number of shards is its own.
    #[must_use]
    pub fn next(&self, current: &Partitioner, shards: &[ShardId], seed: u64) -> Partitioner {
        if self.counts_shards() { current.clone() } else { self.scheme().next(current, shards, seed) }
    }
}

/// Share of `keys` that live in another shard after than before, in `0.0..=1.0`; copies do not count.
///
/// The least that any strategy can move is `1 − before / after` when shards are added (Karger et al. 1997,
/// monotonicity). Zero for no keys.
#[must_use]
pub fn moved_fraction(before: &impl Shards, after: &impl Shards, keys: std::ops::Range<u64>) -> f64 {
    let all = keys.end.saturating_sub(keys.start);
    let moved = keys.filter(|&key| before.shard_of(key) != after.shard_of(key)).count();
    if all == 0 { 0.0 } else { moved as f64 / all as f64 }
}
