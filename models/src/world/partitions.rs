//! What became of partitions by time, and of which rows nobody may be asked any more.

use std::collections::BTreeMap;

use shardlab_sim::Time;

use crate::config::Config;
use crate::node::{DatabaseNode, Observation};
use crate::server::Server;
use crate::shard_map::{ShardId, ShardMap};
use crate::sharding::{Shards, TimePartitions};
use crate::state_machine::Closed;
use crate::world::MoveCosts;

/// What became of partitions by time, over the whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartitionCosts {
    /// Created while the world ran.
    pub created: u64,
    /// Given up, because they were too old.
    pub expired: u64,
    /// Rows that were written where no partition was there for them: in the default one.
    pub default_rows: u64,
    /// Of those, rows that were moved out of it.
    pub moved_rows: u64,
    /// Operations that were refused because there was no partition for their key, or none any more.
    pub refused: u64,
    /// Rows of the partitions that were given up, loaded and inserted.
    pub expired_rows: u64,
    /// Of those, rows that were to be kept: the job's clock was further ahead than clocks may be, or it had a bug.
    pub early_rows: u64,
}

/// What was seen of them so far.
#[derive(Clone, Debug, Default)]
pub(super) struct SeenPartitions {
    /// When it was decided that so many are gone.
    expired: Vec<(Time, u32)>,
    /// By shard: since when it serves no more, and how many rows had been inserted into it.
    closed: BTreeMap<ShardId, (Time, u64)>,
}

impl SeenPartitions {
    pub fn add(&mut self, at: Time, observation: &Observation) {
        match *observation {
            Observation::PartitionsExpired { expired } => self.expired.push((at, expired)),
            Observation::ShardExpired { shard, inserted } => {
                self.closed.entry(shard).or_insert((at, inserted));
            }
            _ => {}
        }
    }
}

/// Which rows may be gone, and since when: those of partitions that were rightfully given up, and no others.
#[derive(Clone, Debug)]
pub(crate) struct Expirations {
    partitions: TimePartitions,
    /// By partition that was given up: since when it may be that nobody is asked for its rows, and since when nobody
    /// answers for them; nothing if it was given up too early.
    gone: Vec<Option<(Time, Time)>>,
}

impl Expirations {
    /// Nothing where there is no job that gives any up.
    pub(super) fn new(config: &Config, map: &ShardMap, seen: &SeenPartitions) -> Option<Self> {
        let spec = config.sharding.strategy.maintenance()?;
        let partitions = map.routing.from.time_partitions()?.clone();
        let mut gone = Vec::new();
        for &(at, expired) in &seen.expired {
            let today = spec.today + (at + config.cluster.clocks.most_ahead(at)) / spec.day.as_ns();
            let outdated = spec.outdated(today, partitions.width());
            for partition in gone.len() as u32..expired {
                let is_rightful = partition < outdated;
                gone.push(is_rightful.then(|| (at, closed(&partitions, partition, seen))));
            }
        }
        Some(Self { partitions, gone })
    }

    /// Since when it may be that nobody is asked for what has this position, and since when nobody answers for it; nothing
    /// of what is to be kept.
    pub fn of(&self, position: u64) -> Option<(Time, Time)> {
        let partition = usize::try_from(self.partitions.partition_of(position)).ok()?;
        self.gone.get(partition).copied().flatten()
    }

    /// Whether what lives in a shard may be gone.
    pub fn excuses(&self, shard: ShardId) -> bool {
        let partition = self.partitions.part_of(shard).map(|(partition, _)| partition as usize);
        partition.and_then(|partition| self.gone.get(partition)).is_some_and(Option::is_some)
    }
}

/// When the last of a partition's shards ceased to serve.
fn closed(partitions: &TimePartitions, partition: u32, seen: &SeenPartitions) -> Time {
    let first = u64::from(partition) * partitions.width();
    let shards = partitions.positions(first).map(|position| partitions.shard_of(position));
    shards.map(|shard| seen.closed.get(&shard).map_or(Time::MAX, |&(at, _)| at)).max().unwrap_or(Time::MAX)
}

/// By shard, where nothing more will come.
fn closed_for_good(map: &ShardMap, shard: ShardId) -> bool {
    map.routing.from.time_partitions().is_some_and(|partitions| {
        partitions.is_expired(shard) || (shard == partitions.rest() && !partitions.has_default())
    })
}

/// Shards that take no write at the end, and are right in that.
pub(super) fn takes_writes(map: &ShardMap, expirations: Option<&Expirations>, shard: ShardId) -> bool {
    let is_excused = |expirations: &Expirations| {
        let is_rest = expirations.partitions.part_of(shard).is_none();
        closed_for_good(map, shard) && (is_rest || expirations.excuses(shard))
    };
    !expirations.is_some_and(is_excused)
}

/// Rows that were inserted into a shard and are there.
fn written_in(nodes: &[DatabaseNode], shard: ShardId) -> u64 {
    let copies = nodes.iter().filter_map(DatabaseNode::as_server).filter_map(|server| server.copy_of(shard));
    copies.map(|hosted| hosted.machine.written_rows()).max().unwrap_or(0)
}

/// Rows of tables that are on disk at the end, in one copy of each shard; those of detached partitions too.
pub(super) fn stored_rows(nodes: &[DatabaseNode], loaded: &[u64], map: &ShardMap) -> u64 {
    let is_dropped = |shard: ShardId| {
        let servers = nodes.iter().filter_map(DatabaseNode::as_server);
        let mut copies = servers.filter_map(|server| server.copy_of(shard));
        copies.any(|hosted| hosted.machine.closed() == Some(Closed::Dropped))
    };
    let is_stored = |shard: &ShardId| !is_dropped(*shard);
    // Loaded rows change their shard, and are counted where they were at the beginning.
    let shards = (0..map.shards.len() as u32).map(ShardId).filter(is_stored);
    shards.map(|shard| loaded.get(shard.index()).copied().unwrap_or(0) + written_in(nodes, shard)).sum()
}

pub(super) fn costs(
    config: &Config,
    nodes: &[DatabaseNode],
    map: &ShardMap,
    (seen, expirations, moves): (&SeenPartitions, Option<&Expirations>, &[MoveCosts]),
    loaded: &[u64],
) -> Option<PartitionCosts> {
    let first = config.sharding.strategy.time_partitions()?;
    let partitions = map.routing.from.time_partitions()?;
    let (rest, servers) = (partitions.rest(), || nodes.iter().filter_map(DatabaseNode::as_server));
    let loaded_in = |shard: ShardId| loaded.get(shard.index()).copied().unwrap_or(0);
    let moved = || moves.iter().filter(|of| of.source == rest);
    let came: u64 = moved().map(|of| of.written).sum();
    let probe = u64::from(config.tables.is_empty());
    let rows_of = |(&shard, &(_, inserted)): (&ShardId, &(Time, u64))| loaded_in(shard) + inserted;
    let is_early = |shard: ShardId| expirations.is_some_and(|expirations| !expirations.excuses(shard));
    Some(PartitionCosts {
        created: u64::from(partitions.created() - first.partitions),
        expired: u64::from(partitions.expired()),
        default_rows: came + written_in(nodes, rest).saturating_sub(probe),
        moved_rows: came + moved().map(|of| of.keys).sum::<u64>(),
        refused: servers().map(Server::without_partition).sum(),
        expired_rows: seen.closed.iter().map(rows_of).sum(),
        early_rows: seen.closed.iter().filter(|(shard, _)| is_early(**shard)).map(rows_of).sum(),
    })
}
