//! How far copies that take writes by themselves were apart, from what each of them learned and when.

use std::collections::BTreeMap;

use shardlab_sim::{NodeId, Time};

use crate::conflict::{Dot, Resolver, VersionVector};
use crate::replication::{Learned, Records};
use crate::server::VersionServer;
use crate::shard_map::ShardId;

/// What copies that exchange versions met in a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Divergence {
    /// At regular times, from zero to the end of the drain.
    pub samples: Vec<DivergenceSample>,
    /// Writes taken, from the warm-up's end on; one that a client repeats counts again.
    pub writes: u64,
    /// Versions that were new to a copy and concurrent with one that it kept, from the warm-up's end on.
    pub conflicts: u64,
    /// Writes acknowledged and superseded at once by what was there already, from the warm-up's end on.
    pub invisible: u64,
    /// Bytes of clocks that a copy keeps for a key at the end, mean over copies and keys.
    pub clock_bytes_per_key: Option<f64>,
    /// Most versions that a copy kept of a key at any time.
    pub most_versions: u32,
    /// From the last heal of a fault under load until every copy knew what any had known then, in ns; `None` if there
    /// was no such heal, or some copy never came to know.
    pub after_heal_ns: Option<Time>,
}

/// How copies stood at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DivergenceSample {
    /// When.
    pub at: Time,
    /// Keys that some copy has seen a write of.
    pub keys: u64,
    /// Keys of which some copy has seen a write that another has not.
    pub differing: u64,
    /// Versions that a copy keeps of a key, mean over copies and keys.
    pub versions_mean: f64,
    /// The most.
    pub versions_max: u32,
}

/// What one copy of one shard has learned.
struct Copy<'a> {
    shard: ShardId,
    node: NodeId,
    records: &'a Records,
}

/// The times of a run that matter here.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub warmup: Time,
    pub end: Time,
    pub sample_every: Time,
    /// The last heal of a fault while there was load.
    pub healed: Option<Time>,
}

/// Reads what the servers have recorded.
pub(super) fn measure(servers: &[(NodeId, &VersionServer)], times: Times) -> Divergence {
    let copies = copies(servers);
    let learned = || copies.iter().flat_map(|copy| &copy.records.learned);
    Divergence {
        samples: samples(&copies, times),
        clock_bytes_per_key: clock_bytes_per_key(servers),
        most_versions: learned().map(|learned| learned.versions).max().unwrap_or(0),
        after_heal_ns: times.healed.and_then(|healed| converged_after(&copies, healed)),
        ..counts(servers, times.warmup)
    }
}

/// Time from each write's sync where it was taken to its sync on each other copy, from the warm-up's end on.
pub(super) fn lags(servers: &[(NodeId, &VersionServer)], warmup: Time) -> Vec<Time> {
    lags_between(&copies(servers), warmup)
}

fn lags_between(copies: &[Copy<'_>], warmup: Time) -> Vec<Time> {
    let taken = copies.iter().flat_map(|copy| &copy.records.taken);
    let taken: BTreeMap<(u64, Dot), Time> = taken.map(|taken| ((taken.key, taken.dot), taken.at)).collect();
    let mut lags = Vec::new();
    for copy in copies {
        let mut seen: BTreeMap<(u64, NodeId), u32> = BTreeMap::new();
        for learned in copy.records.learned.iter().filter(|learned| learned.node != copy.node) {
            let through = seen.insert((learned.key, learned.node), learned.through).unwrap_or(0);
            let dots = (through + 1..=learned.through).map(|counter| Dot { node: learned.node, counter });
            let times = dots.map(|dot| taken[&(learned.key, dot)]);
            lags.extend(times.filter(|&at| at >= warmup).map(|at| learned.at - at));
        }
    }
    lags
}

fn copies<'a>(servers: &[(NodeId, &'a VersionServer)]) -> Vec<Copy<'a>> {
    let hosted =
        servers.iter().flat_map(|&(node, server)| server.hosted().iter().map(move |one| (node, one)));
    let copy = |(node, hosted): (NodeId, &'a crate::server::HostedVersions)| Copy {
        shard: hosted.shard,
        node,
        records: hosted.replica.records(),
    };
    let mut copies: Vec<_> = hosted.map(copy).collect();
    copies.sort_by_key(|copy| (copy.shard, copy.node));
    copies
}

fn counts(servers: &[(NodeId, &VersionServer)], warmup: Time) -> Divergence {
    let records: Vec<&Records> = servers
        .iter()
        .flat_map(|(_, server)| server.hosted())
        .map(|hosted| hosted.replica.records())
        .collect();
    let count = |times: &mut dyn Iterator<Item = Time>| times.filter(|&at| at >= warmup).count() as u64;
    Divergence {
        writes: count(&mut records.iter().flat_map(|records| &records.taken).map(|taken| taken.at)),
        conflicts: count(&mut records.iter().flat_map(|records| &records.conflicts).copied()),
        invisible: count(&mut records.iter().flat_map(|records| &records.invisible).copied()),
        ..Divergence::default()
    }
}

fn clock_bytes_per_key(servers: &[(NodeId, &VersionServer)]) -> Option<f64> {
    let (mut keys, mut bytes) = (0, 0);
    for hosted in servers.iter().flat_map(|(_, server)| server.hosted()) {
        for (_, state) in hosted.replica.store().iter() {
            keys += 1;
            bytes += hosted.replica.conflict().clock_bytes(state);
        }
    }
    (keys > 0).then(|| bytes as f64 / keys as f64)
}

/// How long after `healed` every copy of every shard knew what any of them had known then.
fn converged_after(copies: &[Copy<'_>], healed: Time) -> Option<Time> {
    let shards = copies.chunk_by(|a, b| a.shard == b.shard);
    let times: Option<Vec<Time>> = shards.map(|shard| all_know_at(shard, healed)).collect();
    times?.into_iter().max().map(|at| at.saturating_sub(healed))
}

/// When every copy of one shard knew what any of them had known at `time`.
fn all_know_at(copies: &[Copy<'_>], time: Time) -> Option<Time> {
    let mut known: BTreeMap<(u64, NodeId), u32> = BTreeMap::new();
    let learned = copies.iter().flat_map(|copy| &copy.records.learned);
    for learned in learned.filter(|learned| learned.at <= time) {
        let through = known.entry((learned.key, learned.node)).or_default();
        *through = learned.through.max(*through);
    }
    let times: Option<Vec<Time>> = copies.iter().map(|copy| knows_at(copy, known.clone())).collect();
    times?.into_iter().max()
}

/// When a copy knew so many of the writes of these keys by these nodes.
fn knows_at(copy: &Copy<'_>, mut missing: BTreeMap<(u64, NodeId), u32>) -> Option<Time> {
    let mut last = 0;
    for learned in &copy.records.learned {
        let name = (learned.key, learned.node);
        if missing.get(&name).is_some_and(|&through| learned.through >= through) {
            missing.remove(&name);
            last = last.max(learned.at);
        }
    }
    missing.is_empty().then_some(last)
}

fn samples(copies: &[Copy<'_>], times: Times) -> Vec<DivergenceSample> {
    let mut steps: Vec<(usize, &Learned)> = copies
        .iter()
        .enumerate()
        .flat_map(|(copy, of)| of.records.learned.iter().map(move |l| (copy, l)))
        .collect();
    steps.sort_by_key(|(copy, learned)| (learned.at, *copy));
    let mut tally = Tally::new(copies);
    let mut steps = steps.into_iter().peekable();
    let sample = |at| {
        while let Some((copy, learned)) = steps.next_if(|(_, learned)| learned.at <= at) {
            tally.learn(copy, learned);
        }
        tally.sample(at)
    };
    (0..=times.end / times.sample_every).map(|index| index * times.sample_every).map(sample).collect()
}

/// What all copies know, step by step.
struct Tally {
    /// By copy: which of its shard's copies it is, and how many these are.
    place: Vec<(usize, usize)>,
    keys: BTreeMap<u64, Knowledge>,
    differing: u64,
    /// By number of versions: so many keys of copies.
    by_versions: BTreeMap<u32, u64>,
}

/// What the copies of its shard know of one key.
struct Knowledge {
    seen: Vec<VersionVector>,
    versions: Vec<u32>,
    differs: bool,
}

impl Tally {
    fn new(copies: &[Copy<'_>]) -> Self {
        let shards = copies.chunk_by(|a, b| a.shard == b.shard);
        let place = shards.flat_map(|shard| (0..shard.len()).map(|place| (place, shard.len()))).collect();
        Self { place, keys: BTreeMap::new(), differing: 0, by_versions: BTreeMap::new() }
    }

    fn learn(&mut self, copy: usize, learned: &Learned) {
        let (place, copies) = self.place[copy];
        let key = self.keys.entry(learned.key).or_insert_with(|| Knowledge {
            seen: vec![VersionVector::default(); copies],
            versions: vec![0; copies],
            differs: false,
        });
        key.seen[place].advance(Dot { node: learned.node, counter: learned.through });
        let differs = key.seen.iter().any(|seen| *seen != key.seen[0]);
        self.differing = self.differing + u64::from(differs) - u64::from(key.differs);
        key.differs = differs;
        let before = std::mem::replace(&mut key.versions[place], learned.versions);
        if let Some(count) = self.by_versions.get_mut(&before) {
            *count -= 1;
        }
        *self.by_versions.entry(learned.versions).or_default() += 1;
    }

    fn sample(&self, at: Time) -> DivergenceSample {
        let (mut copies, mut versions) = (0, 0);
        for (&each, &count) in &self.by_versions {
            copies += count;
            versions += u64::from(each) * count;
        }
        let most = self.by_versions.iter().rev().find(|(_, count)| **count > 0).map_or(0, |(&each, _)| each);
        DivergenceSample {
            at,
            keys: self.keys.len() as u64,
            differing: self.differing,
            versions_mean: if copies == 0 { 0.0 } else { versions as f64 / copies as f64 },
            versions_max: most,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replication::Taken;

    /// Two copies of one shard. The first takes two writes of key 7, of which the other hears late; the other takes one
    /// of key 8, of which the first hears at once.
    fn records() -> [Records; 2] {
        let taken = |at, key, node, counter| {
            let dot = Dot { node: NodeId(node), counter };
            Taken { key, dot, value: at, at, over: Vec::new() }
        };
        let learned =
            |at, key, node, through, versions| Learned { at, key, node: NodeId(node), through, versions };
        [
            Records {
                taken: vec![taken(10, 7, 0, 1), taken(20, 7, 0, 2)],
                learned: vec![learned(10, 7, 0, 1, 1), learned(20, 7, 0, 2, 2), learned(25, 8, 1, 1, 1)],
                ..Records::default()
            },
            Records {
                taken: vec![taken(25, 8, 1, 1)],
                learned: vec![learned(25, 8, 1, 1, 1), learned(45, 7, 0, 2, 2)],
                ..Records::default()
            },
        ]
    }

    fn copies(records: &[Records; 2]) -> Vec<Copy<'_>> {
        let numbered = [0, 1].map(NodeId).into_iter().zip(records);
        numbered.map(|(node, records)| Copy { shard: ShardId(0), node, records }).collect()
    }

    #[test]
    fn a_key_differs_from_the_first_write_that_one_copy_has_alone_until_the_last_is_heard_of() {
        let records = records();
        let times = Times { warmup: 0, end: 50, sample_every: 10, healed: None };
        let rows = samples(&copies(&records), times);
        let row = |sample: &DivergenceSample| (sample.at, sample.keys, sample.differing, sample.versions_max);
        let rows: Vec<_> = rows.iter().map(row).collect();
        assert_eq!(
            rows,
            [(0, 0, 0, 0), (10, 1, 1, 1), (20, 1, 1, 2), (30, 2, 1, 2), (40, 2, 1, 2), (50, 2, 0, 2)]
        );
    }

    #[test]
    fn copies_have_converged_when_all_know_what_any_knew_at_the_heal() {
        let records = records();
        let copies = copies(&records);
        assert_eq!(converged_after(&copies, 30), Some(15), "the other hears of key 7 at 45");
        assert_eq!(converged_after(&copies, 5), Some(0), "nobody knew anything");
        assert_eq!(converged_after(&copies[..1], 30), Some(0));
        let mut deaf = records.clone();
        deaf[1].learned.pop();
        assert_eq!(converged_after(&self::copies(&deaf), 30), None, "it never hears of key 7");
    }

    #[test]
    fn a_copy_lags_by_the_time_from_sync_to_sync_and_repeats_do_not_count() {
        let records = records();
        assert_eq!(lags_between(&copies(&records), 0), [0, 35, 25]);
        assert_eq!(lags_between(&copies(&records), 15), [0, 25]);
    }
}
