//! By tenant: all rows of a tenant live in its home shard; a large one may have a shard to itself.
//!
//! A tenant's queries are answered by one shard, however its rows are spread elsewhere. The price is that tenants are as
//! unequal as customers are: whoever shares a shard with a whale waits behind it. So a tenant can be isolated. The
//! shards of isolated tenants come on top of those that the others share, so that isolating one moves nobody else.
//! Survey: Curino et al., *Relational Cloud*, CIDR 2011, §3; Citus, `isolate_tenant_to_new_shard`, which is what the
//! operator's `isolate` does while the tenant is served.
//!
//! The tenant is the number that a key is sharded by. Plain keys are dealt to tenants by `tenants`.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::Checks;
use crate::hash::mix;
use crate::rebalancing::Pair;
use crate::shard_map::ShardId;
use crate::sharding::scheme::check_shards;
use crate::sharding::{PROBE_KEYS, Partitioner, Scheme, Shards};

/// `strategy = { tenant = { … } }`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(inline)]
pub struct Spec {
    /// How many shards the tenants share that are not isolated.
    pub shards: u32,
    /// Which keys are whose; if left out a key is its tenant's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Tenants>,
    /// Tenants with a shard to themselves, by number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub isolate: Vec<u64>,
    /// How many of the largest have a shard to themselves; they are the first ones by number.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub isolate_largest: u32,
    /// Tenants whose home is not that of their hash.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub homes: Vec<HomeShard>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// One tenant's shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HomeShard {
    /// The tenant, counted from zero.
    pub tenant: u64,
    /// Its shard, one of those that tenants share.
    pub shard: u32,
}

/// Keys in a row belong to one tenant; tenants differ in size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Tenants {
    /// How many there are.
    pub count: u64,
    /// How many keys are dealt to them, from zero up, the largest tenant's first; later keys are dealt by hash.
    pub keys: u64,
    /// How large each is.
    #[serde(default)]
    pub size: TenantSize,
}

/// How many keys each tenant has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TenantSize {
    /// As many as any other.
    #[default]
    Equal,
    /// By Zipf's law: the n-th largest has a share in proportion to 1 / n to this power, and at least one key.
    Zipfian(f64),
}

impl Tenants {
    /// By tenant: the first key that is not its own any more.
    fn ends(&self) -> Vec<u64> {
        let power = match self.size {
            TenantSize::Equal => 0.0,
            TenantSize::Zipfian(power) => power,
        };
        let weights: Vec<f64> = (1..=self.count).map(|rank| libm::pow(rank as f64, -power)).collect();
        let total: f64 = weights.iter().sum();
        let mut so_far = 0.0;
        let end = |(tenant, weight): (u64, f64)| {
            so_far += weight;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of the keys"
            )]
            let end = libm::round(self.keys as f64 * so_far / total) as u64;
            // One key for each of those before, itself and those that follow.
            end.clamp(tenant + 1, self.keys - (self.count - tenant - 1))
        };
        (0..).zip(weights).map(end).collect()
    }

    fn check(&self, at: &str, checks: &mut Checks) {
        checks.count(format!("{at}.count"), self.count, 1 << 24, "tenants");
        if self.keys < self.count {
            let other = (format!("{at}.count"), format!("there are {} tenants", self.count));
            let message = format!("{} keys are too few", self.keys);
            checks.clash(format!("{at}.keys"), message, other, "give each tenant one at least");
        }
        if let TenantSize::Zipfian(power) = self.size
            && !(power.is_finite() && power >= 0.0)
        {
            let help = "0 makes all alike, 1 the second half as large as the first";
            checks.refuse(format!("{at}.size.zipfian"), format!("{power} is not 0 or more"), help);
        }
    }
}

impl Scheme for Spec {
    fn check(&self, at: &str, _servers: u32, checks: &mut Checks) {
        let at = format!("{at}.tenant");
        if let Some(tenants) = &self.tenants {
            tenants.check(&format!("{at}.tenants"), checks);
        }
        check_shards(format!("{at}.shards"), Some(self.shards), checks);
        if self.isolate_largest > 0 && self.tenants.is_none() {
            let help = "name them: isolate = [3]";
            checks.refuse(
                format!("{at}.isolate-largest"),
                "nothing says which tenants are the largest",
                help,
            );
        }
        let count = self.tenants.as_ref().map_or(u64::MAX, |tenants| tenants.count);
        // A shard each: those that are too many are not counted out.
        if u64::from(self.isolate_largest) > count.min(1 << 10) {
            let most = count.min(1 << 10);
            let message = format!("{} tenants cannot have a shard each", self.isolate_largest);
            return checks.refuse(
                format!("{at}.isolate-largest"),
                message,
                format!("isolate at most {most}"),
            );
        }
        self.check_numbers(&at, count, checks);
    }

    fn own_shards(&self) -> Option<u32> {
        Some(self.shards.saturating_add(self.isolated().len() as u32))
    }

    fn over(&self, _shards: &[ShardId], _seed: u64) -> Partitioner {
        Partitioner::Tenant(self.build())
    }
}

impl Spec {
    /// Tenants with a shard to themselves, ascending.
    fn isolated(&self) -> Vec<u64> {
        let largest = 0..u64::from(self.isolate_largest.min(1 << 10));
        let mut isolated: Vec<u64> = largest.chain(self.isolate.clone()).collect();
        isolated.sort_unstable();
        isolated.dedup();
        isolated
    }

    /// Whether a tenant has a shard to itself from the beginning.
    pub(crate) fn is_isolated(&self, tenant: u64) -> bool {
        self.isolated().binary_search(&tenant).is_ok()
    }

    fn build(&self) -> Tenant {
        let ends = self.tenants.as_ref().map_or(Vec::new(), Tenants::ends);
        let mut homes: BTreeMap<u64, ShardId> =
            self.homes.iter().map(|home| (home.tenant, ShardId(home.shard))).collect();
        let isolated = self.isolated();
        let count = self.shards + isolated.len() as u32;
        homes.extend(isolated.into_iter().zip((self.shards..).map(ShardId)));
        Tenant { ends, shared: self.shards, count, homes, born: Vec::new() }
    }

    fn check_numbers(&self, at: &str, count: u64, checks: &mut Checks) {
        let isolated = self.isolated();
        let unknown = |tenant: u64| {
            (tenant >= count).then(|| {
                (format!("there is no tenant {tenant}"), format!("there are {count}, counted from 0"))
            })
        };
        for &tenant in &self.isolate {
            if let Some((message, help)) = unknown(tenant) {
                checks.refuse(format!("{at}.isolate"), message, help);
            }
        }
        for (place, home) in self.homes.iter().enumerate() {
            let at = format!("{at}.homes.{place}");
            if let Some((message, help)) = unknown(home.tenant) {
                checks.refuse(format!("{at}.tenant"), message, help);
            }
            if home.shard >= self.shards {
                let help = format!("they share {}, counted from 0", self.shards);
                checks.refuse(format!("{at}.shard"), format!("tenants share no shard {}", home.shard), help);
            }
            if isolated.contains(&home.tenant) {
                let message = format!("tenant {} has a shard to itself already", home.tenant);
                checks.refuse(format!("{at}.tenant"), message, "leave out one of the two");
            }
        }
    }
}

/// Tenants' homes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// By tenant: where its keys end; empty where a key is its tenant's number.
    ends: Vec<u64>,
    /// Shards that tenants share, the first ones.
    shared: u32,
    /// Shards that are there from the beginning.
    count: u32,
    /// Tenants that are not where their hash says.
    homes: BTreeMap<u64, ShardId>,
    /// Shards that have come since, each behind the one that its tenant was in before.
    born: Vec<Pair>,
}

impl Tenant {
    /// Whether a tenant has many rows, one after the other.
    #[must_use]
    pub fn deals_rows(&self) -> bool {
        !self.ends.is_empty()
    }

    /// The tenant that a key belongs to.
    #[inline]
    #[must_use]
    pub fn tenant_of(&self, key: u64) -> u64 {
        match self.ends.last() {
            None => key,
            Some(&dealt) if key < dealt => self.ends.partition_point(|&end| end <= key) as u64,
            Some(_) => mix(key) % self.ends.len() as u64,
        }
    }

    /// The shard that a tenant lives in.
    #[inline]
    #[must_use]
    pub fn home_of(&self, tenant: u64) -> ShardId {
        let by_hash = || ShardId((mix(tenant.wrapping_add(1)) % u64::from(self.shared)) as u32);
        self.homes.get(&tenant).copied().unwrap_or_else(by_hash)
    }
}

impl Tenant {
    /// The same, but this tenant has the shard `new` to itself; nothing where it has one already. Nobody else moves.
    #[must_use]
    pub fn isolate(&self, tenant: u64, new: ShardId) -> Option<Self> {
        let home = self.home_of(tenant);
        if home.0 >= self.shared {
            return None;
        }
        let mut next = self.clone();
        next.homes.insert(tenant, new);
        next.born.push((home, new));
        Some(next)
    }

    /// Between which shards keys move when `next` takes its place: each tenant's old home and its new one.
    pub(super) fn moves_to(&self, next: &Self) -> BTreeSet<Pair> {
        let tenants = self.homes.keys().chain(next.homes.keys());
        let homes = tenants.map(|&tenant| (self.home_of(tenant), next.home_of(tenant)));
        homes.filter(|(source, target)| source != target).collect()
    }

    /// Probes are nobody's rows, and a shard with one tenant must take one too: they are dealt in turn, and those of one
    /// turn that were the old home's are a new shard's.
    fn probed_at(&self, key: u64) -> ShardId {
        let count = u64::from(self.count);
        let (turn, dealt) = ((key - PROBE_KEYS) / count, ShardId((key % count) as u32));
        let born = usize::try_from(turn).ok().and_then(|turn| self.born.get(turn));
        born.filter(|(home, _)| *home == dealt).map_or(dealt, |&(_, new)| new)
    }
}

impl Shards for Tenant {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        if key >= PROBE_KEYS { self.probed_at(key) } else { self.home_of(self.tenant_of(key)) }
    }

    fn shards(&self) -> Vec<ShardId> {
        let mut shards: Vec<ShardId> = (0..self.count).map(ShardId).collect();
        shards.extend(self.born.iter().map(|&(_, new)| new));
        shards
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sharding::first_keys;

    fn spec(count: u64, keys: u64, size: TenantSize, isolate: &[u64]) -> Spec {
        let tenants = Some(Tenants { count, keys, size });
        Spec { shards: 8, tenants, isolate: isolate.to_vec(), ..Spec::default() }
    }

    #[test]
    fn sizes_follow_zipfs_law() {
        let tenant = spec(4, 250, TenantSize::Zipfian(1.0), &[]).build();
        // 1 + 1/2 + 1/3 + 1/4 = 25/12: 120, 60, 40 and 30 keys.
        assert_eq!(tenant.ends, [120, 180, 220, 250]);
        assert_eq!([0, 119, 120, 219, 249].map(|key| tenant.tenant_of(key)), [0, 0, 1, 2, 3]);
        let equal = spec(4, 10, TenantSize::Equal, &[]).build();
        assert_eq!(equal.ends, [3, 5, 8, 10]);
    }

    #[test]
    fn the_smallest_have_a_key_each() {
        let tenant = spec(50, 60, TenantSize::Zipfian(2.0), &[]).build();
        let ends = &tenant.ends;
        assert!(ends.windows(2).all(|pair| pair[0] < pair[1]) && ends[0] > 0 && ends[49] == 60, "{ends:?}");
    }

    #[test]
    fn the_isolated_live_alone_in_the_last_shards() {
        let mut spec = spec(1_000, 10_000, TenantSize::Zipfian(0.99), &[7]);
        spec.isolate_largest = 2;
        let tenant = spec.build();
        assert_eq!((tenant.count(), [0, 1, 7].map(|of| tenant.home_of(of).0)), (11, [8, 9, 10]));
        assert!((0..1_000).filter(|of| ![0, 1, 7].contains(of)).all(|of| tenant.home_of(of).0 < 8));
    }

    /// One after the other, and only from the shared home to the new shard, probes too.
    #[test]
    fn tenants_are_isolated_at_run_time() {
        let tenant = spec(1_000, 10_000, TenantSize::Zipfian(0.99), &[7]).build();
        let [first, second] = [ShardId(9), ShardId(12)];
        let one = tenant.isolate(0, first).expect("it shares a shard");
        let two = one.isolate(3, second).expect("it shares a shard");
        assert_eq!(two.shards().len(), 11);
        assert_eq!([0, 3].map(|of| two.home_of(of)), [first, second]);
        for (before, after, moved) in [(&tenant, &one, 0), (&one, &two, 3)] {
            let pair = (before.home_of(moved), after.home_of(moved));
            assert_eq!(before.moves_to(after), [pair].into());
            for key in (0..20_000).chain(PROBE_KEYS..PROBE_KEYS + 100) {
                let [source, target] = [before, after].map(|tenant| tenant.shard_of(key));
                assert!(source == target || (source, target) == pair, "key {key}");
            }
            assert!(first_keys(after).is_ok());
        }
        assert_eq!(two.isolate(0, ShardId(13)), None, "it is alone already");
        assert_eq!(two.isolate(7, ShardId(13)), None, "it was alone from the beginning");
    }

    #[test]
    fn a_shard_of_one_tenant_is_probed_like_any_other() {
        let spec = Spec { shards: 3, isolate: vec![7], ..Spec::default() };
        assert!(first_keys(&spec.build()).is_ok());
    }

    proptest! {
        #[test]
        fn isolation_moves_the_tenant_and_nobody_else(
            count in 1_u64..200, factor in 1_u64..20, power in 0.0_f64..2.0, whale in any::<u64>(), key in 0..PROBE_KEYS,
        ) {
            let (whale, keys) = (whale % count, count * factor);
            let before = spec(count, keys, TenantSize::Zipfian(power), &[]).build();
            let after = spec(count, keys, TenantSize::Zipfian(power), &[whale]).build();
            for key in [key, key % keys] {
                let tenant = before.tenant_of(key);
                prop_assert!(tenant < count && before.shard_of(key).0 < 8);
                prop_assert_eq!(after.tenant_of(key), tenant);
                let expected = if tenant == whale { ShardId(8) } else { before.shard_of(key) };
                prop_assert_eq!(after.shard_of(key), expected);
            }
        }
    }
}
