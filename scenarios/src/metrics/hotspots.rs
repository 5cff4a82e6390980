//! When a server, a shard or a key had too much of the load, from when on and for how long.
//!
//! *Hot* is who has, in an interval, more than [`HOT`] times its fair share, which is one by the number of servers, or
//! of shards, that there were. A key has no fair share of its own: keys are not meant to be asked for equally often. It
//! is hot while it alone has more than a server's fair share, since then no placement of whole keys can be fair. What
//! chance alone would bring about does not count: the excess is more than [`SIGMAS`] standard deviations of a random
//! count (Poisson). Nor is a server hot that is idle for most of the interval ([`IDLE`]), whatever its share of the little
//! that there is to do. A *hotspot* is an uninterrupted run of intervals in which somebody is hot.

use shardlab_models::world::Run;
use shardlab_sim::{NodeSample, Time};

use super::intervals::{Intervals, server_samples, servers_at, shards_at};
use super::{Metrics, put, seconds};
use crate::scenario::Scenario;

/// From this multiple of the fair share on, a server or a shard is hot.
pub(crate) const HOT: f64 = 1.5;

/// A server that works less of an interval is not hot.
const IDLE: f64 = 0.1;

/// Once in some three million counts chance goes this far.
const SIGMAS: f64 = 5.0;

/// What can be hot, in order of importance: servers are what a load breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// By the time of its cores, as the load samples have it.
    Server,
    /// By operations that clients asked of it.
    Shard,
    /// By the same.
    Key,
}

/// An uninterrupted run of intervals in which one of them was hot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Hotspot {
    pub level: Level,
    /// Place of the server in the layout, number of the shard, key.
    pub which: u64,
    pub from: Time,
    pub to: Time,
    /// Its largest share in an interval.
    pub peak_share: f64,
    /// That share by the fair one.
    pub times_fair: f64,
    /// Shares beyond the fair one, times how long it had them, in ns.
    pub excess_ns: f64,
}

/// One interval in which something was hot.
#[derive(Clone, Copy, Debug)]
struct Hot {
    which: u64,
    interval: u64,
    share: f64,
    fair: f64,
}

/// Every hotspot from warm-up to the load's end: servers, shards, keys; each by when it began.
pub(crate) fn hotspots(scenario: &Scenario, run: &Run) -> Vec<Hotspot> {
    let intervals = Intervals::of(scenario, run);
    let (servers, step) = (hot_servers(scenario, run), intervals.step);
    let levels = [
        // Samples are taken from the warm-up's end on.
        (Level::Server, servers, (run.warmup, run.sample_every)),
        (Level::Shard, hot_shards(run, &intervals), (0, step)),
        (Level::Key, hot_keys(run, &intervals), (0, step)),
    ];
    levels.into_iter().flat_map(|(level, hot, steps)| joined(level, hot, steps, run.duration)).collect()
}

/// Puts down how many there were, and of the longest when it began and how long it lasted.
pub(super) fn measure(run: &Run, hotspots: &[Hotspot], metrics: &mut Metrics) {
    if run.history.operations.is_empty() && run.history.transactions.is_empty() {
        return;
    }
    put(metrics, "hotspot.count", hotspots.len() as f64);
    // A key that is asked for much is hot wherever it lies: no placement and no remedy changes that.
    let hotspots = || hotspots.iter().filter(|hotspot| hotspot.level != Level::Key);
    // The first of equals is the most important one that began first.
    let lasted = |hotspot: &Hotspot| hotspot.to - hotspot.from;
    let longest = hotspots().reduce(|most, next| if lasted(next) > lasted(most) { next } else { most });
    put(metrics, "hotspot.began_s", longest.map(|hotspot| seconds(hotspot.from)));
    put(metrics, "hotspot.lasted_s", longest.map_or(0.0, |hotspot| seconds(lasted(hotspot))));
    put(metrics, "hotspot.times_fair", hotspots().map(|hotspot| hotspot.times_fair).reduce(f64::max));
}

/// What is hot in consecutive intervals is one hotspot; `steps` are when the first interval begins, and their length.
fn joined(level: Level, mut hot: Vec<Hot>, steps: (Time, Time), end: Time) -> Vec<Hotspot> {
    hot.sort_by_key(|hot| (hot.which, hot.interval));
    let is_one = |a: &Hot, b: &Hot| a.which == b.which && a.interval + 1 == b.interval;
    let mut hotspots: Vec<Hotspot> =
        hot.chunk_by(is_one).map(|spell| hotspot(level, spell, steps, end)).collect();
    hotspots.sort_by_key(|hotspot| (hotspot.from, hotspot.which));
    hotspots
}

fn hotspot(level: Level, spell: &[Hot], (origin, step): (Time, Time), end: Time) -> Hotspot {
    let (first, last) = (spell[0], spell[spell.len() - 1]);
    let most = spell.iter().fold(first, |most, hot| if hot.share > most.share { *hot } else { most });
    Hotspot {
        level,
        which: first.which,
        from: origin + first.interval * step,
        to: (origin + (last.interval + 1) * step).min(end),
        peak_share: most.share,
        times_fair: most.share / most.fair,
        excess_ns: spell.iter().map(|hot| (hot.share - hot.fair) * step as f64).sum(),
    }
}

/// Whether a load is beyond what is fair, and beyond what chance makes of the fair load; `count` is how many things
/// the fair load consists of.
fn is_hot(load: f64, fair: f64, count: f64, multiple: f64) -> bool {
    load > multiple * fair && load - fair > SIGMAS * fair / count.sqrt()
}

fn hot_shards(run: &Run, intervals: &Intervals) -> Vec<Hot> {
    let mut hot = Vec::new();
    for interval in intervals.measured() {
        let there = shards_at(run, interval.end);
        let sum: f64 = interval.all_shards(there).into_iter().sum();
        let fair = sum / there as f64;
        let beyond = interval.shards().into_iter().filter(|&(_, count)| is_hot(count, fair, fair, HOT));
        hot.extend(beyond.map(|(shard, count)| Hot {
            which: shard as u64,
            interval: interval.number,
            share: count / sum,
            fair: 1.0 / there as f64,
        }));
    }
    hot
}

fn hot_keys(run: &Run, intervals: &Intervals) -> Vec<Hot> {
    let mut hot = Vec::new();
    for interval in intervals.measured() {
        let (keys, servers) = (interval.keys(), servers_at(run, interval.end) as f64);
        let sum: f64 = keys.iter().map(|(_, count)| count).sum();
        let fair = sum / servers;
        let beyond = keys.into_iter().filter(|&(_, count)| is_hot(count, fair, fair, 1.0));
        hot.extend(beyond.map(|(key, count)| Hot {
            which: key,
            interval: interval.number,
            share: count / sum,
            fair: 1.0 / servers,
        }));
    }
    hot
}

/// By the time of cores in each sample.
fn hot_servers(scenario: &Scenario, run: &Run) -> Vec<Hot> {
    let idle_ns = IDLE * run.sample_every as f64 * f64::from(scenario.cluster.cpu);
    let mut hot = Vec::new();
    for now in server_samples(run).chunk_by(|a, b| a.at == b.at) {
        let servers = servers_at(run, now[0].at) as f64;
        let busy: u64 = now.iter().map(|sample| sample.busy_ns).sum();
        let handled: u64 = now.iter().map(|sample| sample.handled).sum();
        let fair = busy as f64 / servers;
        let is_hot = |of: &&&NodeSample| {
            let busy = of.busy_ns as f64;
            busy > idle_ns && is_hot(busy, fair, handled as f64 / servers, HOT)
        };
        for sample in now.iter().filter(is_hot) {
            let place = run.layout.servers.iter().position(|&server| server == sample.node);
            let which = place.expect("the samples are those of servers") as u64;
            let interval = (sample.at - run.warmup) / run.sample_every - 1;
            hot.push(Hot {
                which,
                interval,
                share: sample.busy_ns as f64 / busy as f64,
                fair: 1.0 / servers,
            });
        }
    }
    hot
}
