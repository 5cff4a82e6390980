//! The load by interval: who was there, and what was asked of whom.

use std::collections::{BTreeMap, BTreeSet};

use shardlab_consistency::{Operation, OperationKind};
use shardlab_models::world::Run;
use shardlab_sim::{NodeSample, Time};

use super::asked::{Prices, asked_keys};
use crate::fill::interval;
use crate::scenario::Scenario;

/// What clients called in each interval of a picture.
pub(crate) struct Intervals {
    /// How long one is.
    pub step: Time,
    /// The first that lies after warm-up.
    first: usize,
    /// By interval: (shard, key), unsorted.
    asked: Vec<Vec<(usize, u64)>>,
    /// By interval: scans, which ask every shard.
    scans: Vec<u64>,
}

/// One interval.
#[derive(Clone, Copy)]
pub(crate) struct Interval<'a> {
    pub number: u64,
    pub end: Time,
    asked: &'a [(usize, u64)],
    scans: f64,
}

impl Intervals {
    pub fn of(scenario: &Scenario, run: &Run) -> Self {
        let step = interval(run.duration);
        let count = run.duration.div_ceil(step) as usize;
        let first = run.warmup.div_ceil(step) as usize;
        let mut intervals = Self { step, first, asked: vec![Vec::new(); count], scans: vec![0; count] };
        for asked in asked_keys(run, &Prices::new(scenario)) {
            intervals.asked[(asked.at / step) as usize].push((asked.shard, asked.key));
        }
        let is_scan = |of: &&Operation| of.kind == OperationKind::Scan && of.invoked < run.duration;
        for scan in run.history.operations.iter().filter(is_scan) {
            let interval = (scan.invoked / step) as usize;
            match run.ownership.scanned(scan.key, scan.invoked) {
                Some(shard) => intervals.asked[interval].push((shard.index(), scan.key)),
                None => intervals.scans[interval] += 1,
            }
        }
        intervals
    }

    /// Those after warm-up, in order.
    pub fn measured(&self) -> impl Iterator<Item = Interval<'_>> {
        let all = (0..).zip(&self.asked).zip(&self.scans).skip(self.first);
        all.map(|((number, asked), &scans)| {
            let (end, scans) = ((number + 1) * self.step, scans as f64);
            Interval { number, end, asked, scans }
        })
    }
}

impl Interval<'_> {
    /// Operations asked of the shards that anybody asked, by number.
    pub fn shards(&self) -> BTreeMap<usize, f64> {
        let mut counts = BTreeMap::new();
        self.asked.iter().for_each(|(shard, _)| *counts.entry(*shard).or_insert(self.scans) += 1.0);
        counts
    }

    /// Operations asked of each of `there` shards, in no order.
    pub fn all_shards(&self, there: usize) -> Vec<f64> {
        let mut loads: Vec<f64> = self.shards().into_values().collect();
        loads.resize(loads.len().max(there), self.scans);
        loads
    }

    /// Operations on each key that was asked for, ascending.
    pub fn keys(&self) -> Vec<(u64, f64)> {
        let mut keys: Vec<u64> = self.asked.iter().map(|(_, key)| *key).collect();
        keys.sort_unstable();
        keys.chunk_by(|a, b| a == b).map(|same| (same[0], same.len() as f64)).collect()
    }
}

/// The load samples of servers between warm-up and the load's end: by time, and within one by node.
pub(crate) fn server_samples(run: &Run) -> Vec<&NodeSample> {
    let is_measured = |of: &&NodeSample| of.at >= run.warmup + run.sample_every && of.at <= run.duration;
    let servers = run.samples.iter().filter(|of| run.layout.servers.contains(&of.node));
    let mut samples: Vec<&NodeSample> = servers.filter(is_measured).collect();
    samples.sort_by_key(|sample| (sample.at, sample.node));
    samples
}

/// How many shards there were: those of the beginning, and those that keys had begun to move to.
pub(crate) fn shards_at(run: &Run, at: Time) -> usize {
    let first = run.ownership.shards_at_first() as usize;
    let targets = run.rebalancing.moves.iter().filter(|of| of.began < at).map(|of| of.target.index());
    let newcomers: BTreeSet<usize> = targets.filter(|&shard| shard >= first).collect();
    (first + newcomers.len()).max(1)
}

/// How many servers there were: those of the beginning, and those that a command had added. Who leaves is counted on,
/// since it had a share for some time.
pub(crate) fn servers_at(run: &Run, at: Time) -> usize {
    let begun = run.rebalancing.commands.iter().filter(|command| command.began < at);
    let most = begun.map(|command| command.servers_before.max(command.servers_after)).max();
    let first = run.rebalancing.commands.first().map(|command| command.servers_before);
    most.or(first).map_or(run.layout.servers.len(), |servers| servers as usize).max(1)
}
