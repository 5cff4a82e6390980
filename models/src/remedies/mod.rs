//! Remedies for hotspots: what an application does about a key that is asked more than its shard's primary can serve.
//!
//! Sharding spreads keys, and no sharding splits one key. What is left is to store the key several times, to ask for it
//! less often, or to let more copies answer. Survey: Kleppmann, *Designing Data-Intensive Applications*, 2017, ch. 6
//! ("skewed workloads and relieving hot spots"); Nishtala et al., *Scaling Memcache at Facebook*, NSDI 2013; Hong &
//! Thottethodi, *Understanding and mitigating the impact of load imbalance in the memory caching tier*, SoCC 2013.
//!
//! | remedy | what it relieves | what it costs | what it takes from reads of one key |
//! | --- | --- | --- | --- |
//! | [`Salt`], `writes = "all"` | reads | every write is one of each way | linearizability; they stay fresh |
//! | [`Salt`], `writes = "one"` | writes | every read asks all ways | nothing, if clocks agree |
//! | [`Coalesce`], `join = "next"` | reads | up to one more round trip | nothing |
//! | [`Coalesce`], `join = "any"` | reads | nothing | freshness |
//! | [`Cache`] | reads | nodes, invalidations | freshness; with `leases` only linearizability |
//! | [`FollowerReads`] with `reads = "local"` | reads | nothing | freshness |
//!
//! Salt, shared requests and a cache are refused together with a directory, with tables and with dual writes, whose clients
//! are out of the ordinary already.
//!
//! All of them are off unless a scenario asks for them, and then draw nothing and send nothing. Which promises are left
//! is derived in [`crate::evidence`].
//!
//! To add one: a file with its specification and its `check`, and a field of [`Remedies`].

pub mod cache;
mod cache_node;
mod coalesce;
mod follower_reads;
pub mod salt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use cache::Cache;
pub use cache_node::{CacheMeasures, CacheNode};
pub use coalesce::{Coalesce, Join};
pub use follower_reads::FollowerReads;
pub use salt::{Salt, SaltedWrites, Salting};

use crate::config::{Checks, Config};

/// `[remedies]`. Salt, shared requests and a cache change what clients do, and are refused beside whatever else changes
/// it: a directory, tables, dual writes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Remedies {
    /// Hot keys that are stored several times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt: Option<Salt>,
    /// Concurrent reads of one key that become one request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coalesce: Option<Coalesce>,
    /// A cache beside the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<Cache>,
    /// Which copies answer reads that any copy may answer.
    pub follower_reads: FollowerReads,
}

impl Remedies {
    /// Whether clients do anything else than ask the database, each for itself.
    #[must_use]
    pub const fn change_clients(&self) -> bool {
        self.salt.is_some() || self.coalesce.is_some() || self.cache.is_some()
    }
}

/// Clients do one thing out of the ordinary at a time.
fn check_company(config: &Config, checks: &mut Checks) {
    if !config.remedies.change_clients() {
        return;
    }
    if config.sharding.strategy.directory().is_some() {
        checks.clash(
            "remedies",
            "clients that look shards up have no remedies for hotspots yet",
            ("sharding.strategy", "shards are found by lookup"),
            "leave out `salt`, `coalesce` and `cache`, or choose another strategy",
        );
    }
    if !config.tables.is_empty() {
        checks.clash(
            "remedies",
            "queries over tables know nothing of ways, shared requests and caches",
            ("table", "there are tables"),
            "leave out `salt`, `coalesce` and `cache`, or the tables",
        );
    }
    if config.keys_move() && config.rebalancing.protocol.writes_twice() {
        checks.clash(
            "remedies",
            "clients that write twice while keys move have no remedies for hotspots yet",
            ("rebalancing.protocol", "it writes twice"),
            "leave out `salt`, `coalesce` and `cache`, or let keys move live",
        );
    }
}

/// What is impossible about the remedies.
pub(crate) fn check(config: &Config, checks: &mut Checks) {
    let remedies = &config.remedies;
    check_company(config, checks);
    if let Some(salt) = &remedies.salt {
        salt.check(config, checks);
    }
    if let Some(coalesce) = &remedies.coalesce {
        coalesce.check(config, checks);
    }
    if let Some(cache) = &remedies.cache {
        cache.check(config, checks);
    }
    remedies.follower_reads.check(config, checks);
}
