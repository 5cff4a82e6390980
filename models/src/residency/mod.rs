//! Residency: which region a row belongs to, and in which regions copies of it may be.
//!
//! The region is a pure function of the key, so that every node, and whoever judges afterwards, knows it. A rule
//! (*rows of eu-west-1 stay in eu-west-1 and eu-central-1*) is kept by the strategy `geographic`, which gives every region
//! shards of its own; under any other the copies are counted that are where they may not be, and nothing is promised.
//! Source of the problem: Corbett et al., *Spanner*, OSDI 2012, §2.1 and §2.3 (placement by directory, chosen by the
//! application); CockroachDB's `REGIONAL BY ROW` tables and super regions.

mod homes;
mod remains;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shardlab_sim::Share;

use crate::cluster::Cluster;
use crate::cluster::checks::check_known;
use crate::config::Checks;

pub use homes::Homes;
pub(crate) use remains::evidence;

/// `[sharding.residency]`: where rows belong, and where they may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Residency {
    /// How many keys are dealt to the regions, from zero up; later ones are dealt by hash.
    pub keys: u64,
    /// The regions that rows belong to, each with its share of the keys, which are dealt in this order: the first so many
    /// keys to the first region, and so on.
    pub homes: Vec<Home>,
    /// By region: the regions that may hold copies of its rows, itself among them. Rows of a region that is
    /// left out may be anywhere; the strategy `geographic` keeps them at home all the same, unless its `copies` are
    /// `near-readers`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub allowed: BTreeMap<String, Vec<String>>,
}

/// A region that rows belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Home {
    /// Its name, one of the cluster's.
    pub region: String,
    /// Its share of the keys. All shares are 100 % together, give or take one for what was rounded; keys are dealt in
    /// their proportions.
    pub share: Share,
}

impl Residency {
    /// The function from keys to places in `homes`.
    #[must_use]
    pub fn homes(&self) -> Homes {
        let shares: Vec<u64> = self.homes.iter().map(|home| home.share.as_ppb()).collect();
        Homes::new(self.keys, &shares)
    }

    /// The region at that place in `homes`, as an index into these names; the configuration has been checked.
    #[must_use]
    pub fn region(&self, home: usize, names: &[String]) -> usize {
        index(names, &self.homes[home].region)
    }

    /// The regions that may hold rows of the region at that place in `homes`, as indices into these names.
    #[must_use]
    pub fn allowed(&self, home: usize, names: &[String]) -> Vec<usize> {
        match self.allowed.get(&self.homes[home].region) {
            Some(allowed) => allowed.iter().map(|region| index(names, region)).collect(),
            None => (0..names.len()).collect(),
        }
    }

    /// What is impossible about it in this cluster.
    pub(crate) fn check(&self, cluster: &Cluster, checks: &mut Checks) {
        checks.count("sharding.residency.keys", self.keys, 1 << 40, "keys");
        checks.count(
            "sharding.residency.homes",
            self.homes.len() as u64,
            1_000,
            "regions that rows belong to",
        );
        for (place, home) in self.homes.iter().enumerate() {
            let path = format!("sharding.residency.homes.{place}");
            check_known(cluster, &home.region, format!("{path}.region"), checks);
            if home.share == Share::ZERO {
                let help = "give it some, or leave it out";
                checks.refuse(format!("{path}.share"), format!("`{}` has no rows", home.region), help);
            }
            if self.homes[..place].iter().any(|earlier| earlier.region == home.region) {
                let message = format!("`{}` stands there twice", home.region);
                checks.refuse(format!("{path}.region"), message, "name each region once");
            }
        }
        self.check_shares(checks);
        for (region, allowed) in &self.allowed {
            self.check_rule(region, allowed, cluster, checks);
        }
    }

    /// Shares that leave something over were meant for a region that is missing; those of a region without any were told.
    fn check_shares(&self, checks: &mut Checks) {
        let shares = || self.homes.iter().map(|home| home.share.as_ppb());
        let total: u64 = shares().sum();
        let all = Share::ONE.as_ppb();
        if shares().any(|share| share == 0) || self.homes.is_empty() || total.abs_diff(all) <= all / 100 {
            return;
        }
        let percent = |part: u64, whole: u64| {
            let tenths = (u128::from(part) * 1_000 + u128::from(whole) / 2) / u128::from(whole);
            format!("{}.{} %", tenths / 10, tenths % 10)
        };
        let of = |home: &Home| format!("`{}` {}", home.region, percent(home.share.as_ppb(), total));
        let as_they_are: Vec<String> = self.homes.iter().map(of).collect();
        let missing = if total < all { "add the region that is missing, or " } else { "" };
        checks.refuse(
            "sharding.residency.homes",
            format!("the regions' shares are {} together, not 100 %", percent(total, all)),
            format!("{missing}keep the proportions: {}", as_they_are.join(", ")),
        );
    }

    fn check_rule(&self, region: &str, allowed: &[String], cluster: &Cluster, checks: &mut Checks) {
        let path = format!("sharding.residency.allowed.{region}");
        if !self.homes.iter().any(|home| home.region == region) {
            let mut homes: Vec<&str> = Vec::new();
            for home in &self.homes {
                if !homes.contains(&home.region.as_str()) {
                    homes.push(&home.region);
                }
            }
            let other = ("sharding.residency.homes", "these regions have rows");
            let help = format!("take one of {}, or give it rows", homes.join(", "));
            checks.clash(&path, format!("no row belongs to `{region}`"), other, help);
        }
        if allowed.is_empty() {
            let message = format!("no server satisfies this: rows of `{region}` may be nowhere");
            checks.refuse(&path, message, "name the regions that may hold them, the region itself first");
        } else if !allowed.iter().any(|name| name == region) {
            let message = format!("rows of `{region}` may not be in `{region}`, where they belong");
            // What is misspelt is told below, and is nothing to recommend.
            let known = allowed.iter().filter(|name| cluster.regions.contains(name));
            let others = known.map(|name| format!(", \"{name}\"")).collect::<String>();
            let help = format!(
                "allow it: {region} = [\"{region}\"{others}]; or let the rows belong to another region"
            );
            // That no row belongs to it was told.
            if let Some(home) = self.homes.iter().position(|home| home.region == region) {
                let other = (format!("sharding.residency.homes.{home}"), "this is their home");
                checks.clash(&path, message, other, help);
            }
        }
        allowed.iter().for_each(|name| check_known(cluster, name, &path, checks));
    }
}

fn index(names: &[String], name: &str) -> usize {
    names.iter().position(|known| known == name).expect("the configuration has been checked")
}
