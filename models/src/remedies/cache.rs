//! Cache-aside with a time to live: a cache beside the database, which applications fill and empty themselves.
//!
//! A read asks the cache; on a miss it asks the database and sets what it found. A write goes to the database and then,
//! with `invalidate`, deletes the key from the cache (Nishtala et al., *Scaling Memcache at Facebook*, NSDI 2013, §2).
//!
//! **Stale reads** come about in two ways. Without `invalidate` an entry is old until it expires. With it, there is the
//! race of §3.2.1 there: a reader misses and reads the old row, a writer writes and deletes, and then the reader sets the
//! old row, which stays until it expires. `leases` end that race as they do there: a miss brings a token, a delete makes
//! tokens void, and a set with a void token is not taken.
//!
//! **Safety claim**, of `invalidate` with `leases`: a read that is called after a write was acknowledged returns it or a
//! newer one. For a write is acknowledged once its delete was, and after the delete nothing can be set that was read
//! before it. If the delete is not acknowledged, the write is not either: it ends as `info`. Reads are not linearizable:
//! between write and delete, one may find the new row in the database and a later one the old row in the cache. Without
//! leases a delete that nobody answers is given up and the write acknowledged, as applications do; nothing is promised.
//!
//! **Stampedes**: when the entry of a hot key expires, all who read it until it is set again miss at once. Three cures:
//! `single-flight` lets one of them ask the database and the others wait at the cache (the other half of Facebook's
//! leases); `jitter` lets entries that were set together expire apart, which helps many keys and not one; `early-refresh`
//! lets a reader renew an entry before it expires, the sooner the likelier (*XFetch*: Vattani, Chierichetti & Lowenstein,
//! *Optimal probabilistic cache stampede prevention*, PVLDB 2015).
//!
//! Cache nodes are real: they have cores, a place in the network, and forget everything in a crash. A key lives on one of
//! them by its hash. Who hears nothing from it goes to the database. Left out: replicas of hot cache entries, resizing,
//! and caches in the application's own process.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shardlab_sim::{Distribution, Duration, Share};

use crate::config::{Checks, Config};
use crate::replication::Mode;

/// A cache beside the database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cache {
    /// How long an entry is answered from, by the cache node's clock.
    pub ttl: Duration,
    /// How many entries a node holds; the one that was used longest ago makes room.
    #[serde(default = "default_entries")]
    pub entries: u32,
    /// How many cache nodes.
    #[serde(default = "default_nodes")]
    pub nodes: u32,
    /// Whether a write deletes its key from the cache before it is acknowledged.
    #[serde(default = "default_invalidate")]
    pub invalidate: bool,
    /// Whether a set needs a token that no delete has made void since.
    #[serde(default)]
    pub leases: bool,
    /// Whether only one of those who miss a key at once asks the database.
    #[serde(default)]
    pub single_flight: bool,
    /// Up to this share of the time to live, evenly drawn, is taken off each entry's.
    #[serde(default)]
    pub jitter: Share,
    /// Vattani et al.'s β, which they find best at 1: how eagerly an entry is renewed before it expires. Zero is never.
    #[serde(default)]
    pub early_refresh: f64,
    /// How long a client waits for the cache before it does without.
    #[serde(default = "default_timeout")]
    pub timeout: Duration,
    /// Time on a core of a cache node, for any message.
    #[serde(default = "default_service")]
    pub service: Distribution,
    /// Cores of a cache node.
    #[serde(default = "default_cpu")]
    pub cpu: u32,
}

fn default_entries() -> u32 {
    10_000
}
fn default_nodes() -> u32 {
    2
}
fn default_invalidate() -> bool {
    true
}
fn default_timeout() -> Duration {
    Duration::from_ns(50_000_000)
}
fn default_service() -> Distribution {
    // A core of a machine that memcached uses serves some 100,000 requests a second (Nishtala et al. 2013, fig. 8, and
    // Lim et al., *MICA*, NSDI 2014, §2.2, are of that order).
    Distribution::constant_ns(10_000)
}
fn default_cpu() -> u32 {
    4
}

impl Cache {
    /// Whether no read returns anything older than what was acknowledged before it, as long as the database does so.
    #[must_use]
    pub const fn keeps_reads_fresh(&self) -> bool {
        self.invalidate && self.leases
    }

    pub(super) fn check(&self, config: &Config, checks: &mut Checks) {
        const MOST_NODES: u64 = 1 << 12;
        const MOST_CORES: u64 = 1 << 10;
        checks.positive("remedies.cache.ttl", self.ttl, "give a time such as \"1s\", or leave `cache` out");
        let most = u64::from(u32::MAX);
        checks.count("remedies.cache.entries", u64::from(self.entries), most, "entries");
        checks.count("remedies.cache.nodes", u64::from(self.nodes), MOST_NODES, "cache nodes");
        checks.count("remedies.cache.cpu", u64::from(self.cpu), MOST_CORES, "cores");
        checks.positive("remedies.cache.timeout", self.timeout, "give a time such as \"50ms\"");
        checks.distribution("remedies.cache.service", &self.service);
        if !self.early_refresh.is_finite() || self.early_refresh < 0.0 {
            let help = "give zero for never, or a factor such as 1.0";
            checks.refuse("remedies.cache.early-refresh", "this is no factor to multiply a time with", help);
        }
        self.check_leases(checks);
        check_company(config, checks);
    }

    fn check_leases(&self, checks: &mut Checks) {
        if self.leases && !self.invalidate {
            checks.clash(
                "remedies.cache.leases",
                "a token is made void by a delete, and no write deletes anything",
                ("remedies.cache.invalidate", "it is false"),
                "set invalidate = true, or leave `leases` out",
            );
        }
    }
}

fn check_company(config: &Config, checks: &mut Checks) {
    let path = "remedies.cache";
    if let Mode::MultiMaster { .. } = config.replication.mode {
        let message = "a read may return several siblings, and a cache entry holds one value";
        let other = ("replication.mode", "every copy takes writes");
        checks.clash(path, message, other, "leave out `cache`, or set replication.mode to primary");
    }
    for workload in config.workloads.iter().filter(|workload| workload.mix.has_transactions()) {
        let mix = format!("workload.{}.mix", workload.name);
        let message = "a transaction writes past the cache, whose entries would stay old";
        checks.clash(path, message, (mix, "it has transactions"), "leave out `cache`, or the transactions");
    }
}
