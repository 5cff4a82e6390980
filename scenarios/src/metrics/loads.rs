//! How much of the load each shard, server and key has: operations, bytes, and time of a core.

use shardlab_consistency::{OperationKind, Outcome};
use shardlab_models::message::Kind;
use shardlab_models::world::Run;
use shardlab_sim::NodeId;

use super::asked::{Asked, Cost, Prices, asked_keys, shard_costs};
use super::load::busy_ns;
use super::{Metrics, Sorted, asked, put};
use crate::catalogue::{LEVELS, MEASURES};
use crate::metrics::spread::Spread;
use crate::scenario::Scenario;

/// What somebody or something has of the load, from warm-up on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Load {
    pub operations: f64,
    pub bytes: f64,
    pub cpu_ns: f64,
}

impl Load {
    /// In the order of the catalogue's measures.
    pub const fn measures(&self) -> [f64; 3] {
        [self.operations, self.bytes, self.cpu_ns]
    }

    fn add(&mut self, asked: &Asked) {
        self.operations += 1.0;
        self.pay(asked.cost);
    }

    fn pay(&mut self, cost: Cost) {
        self.bytes += cost.bytes;
        self.cpu_ns += cost.cpu_ns;
    }
}

/// Everybody's load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loads {
    /// By number: what clients asked of it.
    pub shards: Vec<Load>,
    /// By place in the layout: what it did.
    pub servers: Vec<Load>,
    /// Every key that was asked for, ascending: what clients asked of it.
    pub keys: Vec<(u64, Load)>,
}

impl Loads {
    pub fn of(scenario: &Scenario, run: &Run) -> Self {
        let prices = Prices::new(scenario);
        let mut shards = vec![Load::default(); run.shard_operations.len()];
        let mut keys: Vec<Asked> = asked_keys(run, &prices).collect();
        // A transaction is one operation of a shard, however many keys it has there.
        for (load, operations) in shards.iter_mut().zip(asked(run)) {
            load.operations = operations as f64;
        }
        for (shard, cost) in shard_costs(run, &prices) {
            shards[shard].pay(cost);
        }
        // The order of sums must not hang on how equal keys are sorted.
        keys.sort_by_key(|asked| asked.key);
        let of_key = |same: &[Asked]| {
            let mut load = Load::default();
            same.iter().for_each(|asked| load.add(asked));
            (same[0].key, load)
        };
        let keys = keys.chunk_by(|a, b| a.key == b.key).map(of_key).collect();
        let servers = run.layout.servers.iter().map(|&server| of_server(run, server)).collect();
        Self { shards, servers, keys }
    }
}

/// Requests of clients and coordinators that it handled, bytes that it sent to anybody, time that its cores were busy.
fn of_server(run: &Run, server: NodeId) -> Load {
    const REQUESTS: [Kind; 5] = [Kind::Read, Kind::Write, Kind::Scan, Kind::Prepare, Kind::Query];
    let Some(counters) = run.counters.nodes.get(server.index()) else { return Load::default() };
    let handled = |kind: Kind| counters.handled.get(kind as usize).copied().unwrap_or_default();
    Load {
        operations: REQUESTS.into_iter().map(handled).sum::<u64>() as f64,
        bytes: counters.bytes_sent as f64,
        cpu_ns: busy_ns(run, server) as f64,
    }
}

/// Four measures of how evenly each of three things lies on shards, on servers and on keys, and what those felt who
/// asked the hottest.
pub(super) fn measure(run: &Run, loads: &Loads, metrics: &mut Metrics) {
    let keys: Vec<Load> = loads.keys.iter().map(|(_, load)| *load).collect();
    for (level, loads) in LEVELS.iter().zip([&loads.shards, &loads.servers, &keys]) {
        for (index, measure) in MEASURES.iter().enumerate() {
            let spread = Spread::of(loads.iter().map(|load| load.measures()[index]).collect());
            let Some(spread) = spread else { continue };
            let name = |statistic: &str| format!("{}.{}.{statistic}", level.name, measure.name);
            put(metrics, &name("imbalance"), spread.imbalance);
            put(metrics, &name("cv"), spread.cv);
            put(metrics, &name("gini"), spread.gini);
            put(metrics, &name("hottest_share"), spread.hottest_share);
        }
    }
    let shard = hottest(loads.shards.iter().map(|load| load.operations));
    let key = hottest(keys.iter().map(|load| load.operations)).map(|place| loads.keys[place].0);
    let shard_of = |key, at| run.ownership.shard_of(key, at).index();
    put(metrics, "shard.hottest_p99_ms", p99_ms(run, |key, at| Some(shard_of(key, at)) == shard));
    put(metrics, "key.hottest_p99_ms", p99_ms(run, |asked, _| Some(asked) == key));
}

/// The place of the largest, the first of equals; nothing where there is no load.
fn hottest(loads: impl Iterator<Item = f64>) -> Option<usize> {
    let largest = loads.enumerate().reduce(|most, next| if next.1 > most.1 { next } else { most })?;
    (largest.1 > 0.0).then_some(largest.0)
}

/// The 99th percentile of the latency of operations on some keys, called between warm-up and the load's end.
fn p99_ms(run: &Run, is_wanted: impl Fn(u64, u64) -> bool) -> Option<f64> {
    let measured = run
        .history
        .operations
        .iter()
        .filter(|of| of.kind != OperationKind::Scan && (run.warmup..run.duration).contains(&of.invoked));
    let answered = measured.filter(|of| of.outcome == Outcome::Ok && is_wanted(of.key, of.invoked));
    Sorted::from(answered.map(|of| of.completed - of.invoked).collect::<Vec<_>>()).quantile_ms(0.99)
}
