//! By region: a row lives in a shard of the region that it belongs to, and its copies are where its users are.
//!
//! Each region has as many shards, and within it keys are dealt by hash. Where copies may be is the business of
//! [`placement::ByRegion`](crate::placement::ByRegion), which keeps to `sharding.residency`. What users gain who are at
//! home they lose when they roam, unless copies may be near them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cluster::Cluster;
use crate::config::Checks;
use crate::hash::mix;
use crate::placement::Residence;
use crate::residency::{Homes, Residency};
use crate::shard_map::ShardId;
use crate::sharding::scheme::check_shards;
use crate::sharding::{Partitioner, Scheme, Shards};

/// `strategy = { geographic = { … } }`; needs `sharding.residency`, which says where rows belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// How many shards each region has.
    pub shards: u32,
    /// Where the copies of a shard are, of the regions where they may be.
    pub copies: Copies,
}

impl Default for Spec {
    fn default() -> Self {
        Self { shards: 1, copies: Copies::Home }
    }
}

/// Where the copies of a shard are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Copies {
    /// In the region that its rows belong to; where that has too few servers, in others that a rule names for them.
    #[default]
    Home,
    /// The first at home, the others in as many other regions as they may be.
    NearReaders,
}

/// How many shards there are, and which key lives where, takes the regions: see [`Sharding`](crate::sharding::Sharding).
impl Scheme for Spec {
    fn check(&self, at: &str, _servers: u32, checks: &mut Checks) {
        check_shards(format!("{at}.geographic.shards"), Some(self.shards), checks);
    }

    /// Of one region.
    fn own_shards(&self) -> Option<u32> {
        Some(self.shards)
    }

    fn over(&self, _shards: &[ShardId], _seed: u64) -> Partitioner {
        panic!("shards of regions are made where the regions of rows are known")
    }
}

impl Spec {
    /// Whether copies go where readers are.
    #[must_use]
    pub fn is_near_readers(&self) -> bool {
        self.copies == Copies::NearReaders
    }

    /// Where the copies of each shard may be, in a cluster of these regions.
    #[must_use]
    pub fn residence(&self, residency: &Residency, names: &[String]) -> Residence {
        let homes =
            || (0..residency.homes.len()).flat_map(|home| std::iter::repeat_n(home, self.shards as usize));
        let regions = homes().map(|home| residency.region(home, names)).collect();
        Residence::new(regions, homes().map(|home| self.regions(residency, home, names)).collect())
    }

    /// The regions that the shards of one home are kept in.
    fn regions(&self, residency: &Residency, home: usize, names: &[String]) -> Vec<usize> {
        match residency.allowed.contains_key(&residency.homes[home].region) || self.is_near_readers() {
            true => residency.allowed(home, names),
            false => vec![residency.region(home, names)],
        }
    }

    /// Refuses regions in which there is no room for all copies.
    pub(crate) fn check_room(
        &self,
        residency: Option<&Residency>,
        cluster: &Cluster,
        replicas: u32,
        checks: &mut Checks,
    ) {
        let Some(residency) = residency else {
            let help = "add [sharding.residency] with keys and homes";
            return checks.refuse(
                "sharding.strategy.geographic",
                "nothing says which region a row belongs to",
                help,
            );
        };
        for home in 0..residency.homes.len() {
            self.check_home(residency, home, cluster, replicas, checks);
        }
    }

    /// As many servers as copies must be where the copies may be.
    fn check_home(
        &self,
        residency: &Residency,
        home: usize,
        cluster: &Cluster,
        replicas: u32,
        checks: &mut Checks,
    ) {
        if self.is_told_elsewhere(residency, home, cluster) {
            return;
        }
        let names = &cluster.regions;
        let region = &residency.homes[home].region;
        let regions = self.regions(residency, home, names);
        // Servers are dealt to regions in turn.
        let room =
            (0..cluster.servers as usize).filter(|server| regions.contains(&(server % names.len()))).count();
        if room >= replicas as usize {
            return;
        }
        let path = match residency.allowed.contains_key(region) {
            true => format!("sharding.residency.allowed.{region}"),
            false => format!("sharding.residency.homes.{home}"),
        };
        let where_: Vec<&str> = regions.iter().map(|&place| names[place].as_str()).collect();
        let message = match room {
            0 => format!("no server satisfies this: there is none in {}", where_.join(", ")),
            1 => {
                format!("one server cannot keep {replicas} copies, and there is one in {}", where_.join(", "))
            }
            _ => format!(
                "{room} servers cannot keep {replicas} copies, and there are as many in {}",
                where_.join(", ")
            ),
        };
        let other = (
            "cluster.servers",
            format!("{} servers are dealt to {} regions in turn", cluster.servers, names.len()),
        );
        checks.clash(path, message, other, "add servers, allow one more region, or keep fewer copies");
    }

    /// Misspelt regions are, and so is a rule that forbids a region itself.
    fn is_told_elsewhere(&self, residency: &Residency, home: usize, cluster: &Cluster) -> bool {
        let region = &residency.homes[home].region;
        let rule = residency.allowed.get(region);
        let mut named = std::iter::once(region).chain(rule.into_iter().flatten());
        rule.is_some_and(|rule| !rule.contains(region)) || named.any(|name| !cluster.regions.contains(name))
    }

    /// What is wrong with taking `server` from those that are there, by number, if some rows then have too few servers
    /// where they may be; and the way out.
    pub(crate) fn objection_to_less(
        &self,
        residency: &Residency,
        cluster: &Cluster,
        replicas: u32,
        there: &[bool],
        server: u32,
    ) -> Option<(String, String)> {
        let names = &cluster.regions;
        let region_of = |server: usize| server % names.len();
        let left = |regions: &[usize]| {
            let others = (0..there.len()).filter(|&other| there[other] && other != server as usize);
            others.filter(|&other| regions.contains(&region_of(other))).count()
        };
        (0..residency.homes.len()).filter(|&home| !self.is_told_elsewhere(residency, home, cluster)).find_map(|home| {
            let regions = self.regions(residency, home, names);
            let room = left(&regions);
            if !regions.contains(&region_of(server as usize)) || room >= replicas as usize {
                return None;
            }
            let region = &residency.homes[home].region;
            let where_: Vec<&str> = regions.iter().map(|&place| names[place].as_str()).collect();
            let where_ = where_.join(", ");
            let servers = if room == 1 { "one server".to_owned() } else { format!("{room} servers") };
            let message = format!(
                "{servers} in {where_} cannot keep {replicas} copies of a shard, and rows of `{region}` may be nowhere else"
            );
            let help = format!(
                "allow `{region}` one more region in sharding.residency.allowed, have more servers (they are dealt to \
                 regions in turn), or keep fewer copies"
            );
            Some((message, help))
        })
    }
}

/// Shards of regions: the first so many are the first region's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Geographic {
    homes: Homes,
    each: u32,
}

impl Geographic {
    /// So many shards for each region, at least one.
    #[must_use]
    pub fn new(homes: Homes, each: u32) -> Self {
        assert!(each > 0, "every region has a shard");
        Self { homes, each }
    }
}

impl Shards for Geographic {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        let within = (mix(key) % u64::from(self.each)) as u32;
        ShardId(self.homes.home_of(key) as u32 * self.each + within)
    }

    fn shards(&self) -> Vec<ShardId> {
        (0..self.count()).map(ShardId).collect()
    }

    fn count(&self) -> u32 {
        self.homes.count() as u32 * self.each
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use shardlab_sim::Share;

    use super::*;
    use crate::residency::Home;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn residency(allowed: &[(&str, &[&str])]) -> Residency {
        let home = |(region, percent): (&str, u64)| Home {
            region: region.into(),
            share: Share::from_ppb(percent * 10_000_000).expect("a share"),
        };
        let allowed = allowed.iter().map(|(region, may)| ((*region).to_owned(), names(may))).collect();
        Residency { keys: 100, homes: [("us", 50), ("eu", 50)].map(home).to_vec(), allowed }
    }

    #[test]
    fn a_row_lives_in_a_shard_of_its_region() {
        let geographic = Geographic::new(residency(&[]).homes(), 3);
        assert_eq!(geographic.count(), 6);
        assert!((0..50).all(|key| geographic.shard_of(key).0 < 3));
        assert!((50..100).all(|key| (3..6).contains(&geographic.shard_of(key).0)));
    }

    #[test]
    fn copies_stay_at_home_unless_a_rule_or_readers_say_otherwise() {
        let cluster = names(&["us", "eu", "de"]);
        let regions = |copies, rules: &[(&str, &[&str])], shard| {
            let residence = Spec { shards: 1, copies }.residence(&residency(rules), &cluster);
            (0..3).filter(|&region| residence.may_hold(ShardId(shard), region)).collect::<Vec<_>>()
        };
        assert_eq!(regions(Copies::Home, &[], 1), [1]);
        assert_eq!(regions(Copies::Home, &[("eu", &["eu", "de"])], 1), [1, 2]);
        assert_eq!(regions(Copies::NearReaders, &[("eu", &["eu", "de"])], 1), [1, 2]);
        assert_eq!(regions(Copies::NearReaders, &[("eu", &["eu", "de"])], 0), [0, 1, 2]);
    }

    fn check(servers: u32, allowed: &[(&str, &[&str])], replicas: u32) -> Vec<(String, String)> {
        let cluster = Cluster { regions: names(&["us", "eu", "de"]), servers, ..Cluster::default() };
        let mut checks = Checks::default();
        let residency = residency(allowed);
        residency.check(&cluster, &mut checks);
        Spec::default().check_room(Some(&residency), &cluster, replicas, &mut checks);
        let errors = checks.result().err().unwrap_or_default();
        errors.into_iter().map(|error| (error.path, error.message)).collect()
    }

    #[test]
    fn a_rule_that_no_server_satisfies_is_refused() {
        assert_eq!(check(6, &[("eu", &["eu", "de"])], 2), []);
        let (path, message) = &check(1, &[("eu", &["eu", "de"])], 1)[0];
        assert_eq!(path, "sharding.residency.allowed.eu");
        assert_eq!(message, "no server satisfies this: there is none in eu, de");
        let forbids_home = check(6, &[("eu", &["de"])], 1);
        let message = "rows of `eu` may not be in `eu`, where they belong";
        assert_eq!(forbids_home, [("sharding.residency.allowed.eu".to_owned(), message.to_owned())]);
        let (path, message) = &check(6, &[], 3)[1];
        assert_eq!(path, "sharding.residency.homes.1");
        assert_eq!(message, "2 servers cannot keep 3 copies, and there are as many in eu");
        let (path, message) = &check(6, &[("eu", &[])], 2)[0];
        assert_eq!(path, "sharding.residency.allowed.eu");
        assert_eq!(message, "no server satisfies this: rows of `eu` may be nowhere");
        assert_eq!(check(6, &[("eu", &["eu", "atlantis"])], 1)[0].1, "there is no region `atlantis`");
        assert_eq!(check(6, &[("de", &["de"])], 1)[0].1, "no row belongs to `de`");
    }

    #[test]
    fn without_regions_of_rows_there_is_no_shard() {
        let mut checks = Checks::default();
        Spec::default().check_room(None, &Cluster::default(), 1, &mut checks);
        assert_eq!(checks.result().unwrap_err()[0].message, "nothing says which region a row belongs to");
    }

    proptest! {
        #[test]
        fn every_key_lives_at_home(each in 1_u32..9, key: u64) {
            let residency = Residency { allowed: BTreeMap::new(), ..residency(&[]) };
            let geographic = Geographic::new(residency.homes(), each);
            for key in [key, key % 100] {
                let shard = geographic.shard_of(key).0;
                prop_assert!(shard < geographic.count());
                prop_assert_eq!((shard / each) as usize, residency.homes().home_of(key));
            }
        }
    }
}
