//! The load by interval: who was there, and what was asked of whom.

use std::collections::{BTreeMap, BTreeSet};

use shardlab_models::world::Run;
use shardlab_sim::{NodeSample, Time};

use super::asked::{Prices, asked_keys, asks};
use crate::fill::interval;
use crate::scenario::Scenario;

/// What clients called in each interval of a picture.
pub(crate) struct Intervals {
    /// How long one is.
    pub step: Time,
    /// The first that lies after warm-up.
    first: usize,
    /// By interval: each shard that was asked, as often as it was.
    shards: Vec<Vec<usize>>,
    /// By interval: how often every shard was asked.
    of_all: Vec<u64>,
    /// By interval: each key that a call names, as often as they do.
    keys: Vec<Vec<u64>>,
}

/// One interval.
#[derive(Clone, Copy)]
pub(crate) struct Interval<'a> {
    pub number: u64,
    pub end: Time,
    shards: &'a [usize],
    of_all: f64,
    keys: &'a [u64],
}

impl Intervals {
    pub fn of(scenario: &Scenario, run: &Run) -> Self {
        let step = interval(run.duration);
        let count = run.duration.div_ceil(step) as usize;
        let first = run.warmup.div_ceil(step) as usize;
        let mut intervals = Self {
            step,
            first,
            shards: vec![Vec::new(); count],
            of_all: vec![0; count],
            keys: vec![Vec::new(); count],
        };
        for ask in asks(run) {
            let interval = (ask.at / step) as usize;
            match ask.of {
                Some(shard) => intervals.shards[interval].push(shard),
                None => intervals.of_all[interval] += 1,
            }
        }
        for asked in asked_keys(run, &Prices::new(scenario)) {
            intervals.keys[(asked.at / step) as usize].push(asked.key);
        }
        intervals
    }

    /// Those after warm-up, in order.
    pub fn measured(&self) -> impl Iterator<Item = Interval<'_>> {
        let all = (0..).zip(self.shards.iter().zip(&self.of_all).zip(&self.keys)).skip(self.first);
        all.map(|(number, ((shards, &of_all), keys))| {
            let (end, of_all) = ((number + 1) * self.step, of_all as f64);
            Interval { number, end, shards, of_all, keys }
        })
    }
}

impl Interval<'_> {
    /// Operations asked of the shards that anybody asked, by number.
    pub fn shards(&self) -> BTreeMap<usize, f64> {
        let mut counts = BTreeMap::new();
        self.shards.iter().for_each(|shard| *counts.entry(*shard).or_insert(self.of_all) += 1.0);
        counts
    }

    /// Operations asked of each of `there` shards, in no order.
    pub fn all_shards(&self, there: usize) -> Vec<f64> {
        let mut loads: Vec<f64> = self.shards().into_values().collect();
        loads.resize(loads.len().max(there), self.of_all);
        loads
    }

    /// Operations on each key that was asked for, ascending.
    pub fn keys(&self) -> Vec<(u64, f64)> {
        let mut keys = self.keys.to_vec();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::asked;
    use crate::metrics::tests::{read, run, scenario};
    use shardlab_consistency::{History, Operation, OperationKind, Outcome};
    use shardlab_models::shard_map::ShardId;
    use shardlab_models::world::RemedyMeasures;
    use shardlab_sim::SECOND;

    fn sums(run: &Run) -> Vec<u64> {
        let mut sums = vec![0.0; run.shard_operations.len()];
        for interval in Intervals::of(&scenario(), run).measured() {
            let asked = interval.shards();
            for (shard, sum) in sums.iter_mut().enumerate() {
                *sum += asked.get(&shard).copied().unwrap_or(interval.of_all);
            }
        }
        sums.into_iter().map(|sum| sum as u64).collect()
    }

    #[test]
    fn intervals_add_up_to_what_was_asked_of_each_shard() {
        let mut history = History::default();
        for (key, at) in [(0, 1), (2, 2), (1, 2), (4, 9), (0, 0)] {
            history.push(Operation { key, ..read(at * SECOND, 1, Outcome::Ok) });
        }
        history.push(Operation { kind: OperationKind::Scan, ..read(5 * SECOND, 1, Outcome::Ok) });
        let mut run = run(history);
        assert_eq!((sums(&run), asked(&run)), (vec![4, 2], vec![4, 2]));

        // A remedy asks of another shard than the key's, and not for every call.
        let mut remedies = RemedyMeasures::default();
        remedies.clients.asked = vec![(2 * SECOND, ShardId(1)), (9 * SECOND, ShardId(1))];
        run.remedies = Some(remedies);
        assert_eq!((sums(&run), asked(&run)), (vec![1, 3], vec![1, 3]));
    }
}
