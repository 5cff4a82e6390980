//! Which servers held copies of which region's rows, as the run left it.

use std::collections::{BTreeMap, BTreeSet};

use shardlab_consistency::{HeldRows, ResidencyEvidence};
use shardlab_sim::Time;

use crate::config::Config;
use crate::residency::Residency;
use crate::shard_map::ShardId;
use crate::sharding::PROBE_KEYS;
use crate::world::{Holding, Layout, Ownership};

/// Rows of one region in one shard.
#[derive(Clone, Copy, Debug)]
struct Rows {
    count: u64,
    first: u64,
}

/// Every copy that any server ever had, with the rows of each region that were in its shard at any time; nothing where
/// the configuration says nothing of regions.
///
/// Rows are the keys that were dealt, and those that were `written` beyond them, by shard.
pub(crate) fn evidence(
    config: &Config,
    layout: &Layout,
    holdings: &[Holding],
    ownership: &Ownership,
    written: impl FnOnce() -> BTreeMap<ShardId, BTreeSet<u64>>,
) -> Option<ResidencyEvidence> {
    let residency = config.sharding.residency.as_ref()?;
    let names = &config.cluster.regions;
    let rows = rows(residency, ownership, &written());
    let name = |region: usize| names[region].clone();
    let mut held = Vec::new();
    for holding in holdings {
        let region = name(layout.region[holding.node.index()]);
        for (home, of) in residency.homes.iter().enumerate() {
            let Some(rows) = rows.get(&(holding.shard, home)) else { continue };
            held.push(HeldRows {
                node: u16::try_from(holding.node.0).expect("a world has fewer than 65,536 nodes"),
                region: region.clone(),
                shard: holding.shard.0,
                home: of.region.clone(),
                rows: rows.count,
                example: rows.first,
                since: holding.since,
            });
        }
    }
    Some(ResidencyEvidence { allowed: residency.allowed.clone(), held })
}

/// By shard and home: the rows that ever lived there.
fn rows(
    residency: &Residency,
    ownership: &Ownership,
    written: &BTreeMap<ShardId, BTreeSet<u64>>,
) -> BTreeMap<(ShardId, usize), Rows> {
    let homes = residency.homes();
    let mut rows: BTreeMap<(ShardId, usize), Rows> = BTreeMap::new();
    let mut add = |shard: ShardId, key: u64| {
        let of = rows.entry((shard, homes.home_of(key))).or_insert(Rows { count: 0, first: key });
        of.count += 1;
    };
    for key in 0..residency.keys {
        let first = ownership.shard_of(key, 0);
        add(first, key);
        let last = ownership.shard_of(key, Time::MAX);
        if last != first {
            add(last, key);
        }
    }
    for (&shard, keys) in written {
        keys.iter()
            .filter(|&&key| (residency.keys..PROBE_KEYS).contains(&key))
            .for_each(|&key| add(shard, key));
    }
    rows
}
