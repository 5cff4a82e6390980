//! How unevenly the load lay on servers and shards, over time.

use shardlab_models::world::Run;

use crate::metrics::{Intervals, Spread, seconds, server_samples, servers_at, shards_at};
use crate::scenario::Scenario;
use crate::tables::ImbalanceRow;

/// Of shards a row an interval of a picture, of servers one a load sample; where there was no load, none.
pub(crate) fn imbalance(scenario: &Scenario, run: &Run) -> Vec<ImbalanceRow> {
    let intervals = Intervals::of(scenario, run);
    let of_shards = intervals.measured().filter_map(|interval| {
        let spread = Spread::of(interval.all_shards(shards_at(run, interval.end)))?;
        Some(row("shard", interval.end - intervals.step, spread))
    });
    let samples = server_samples(run);
    let of_servers = samples.chunk_by(|a, b| a.at == b.at).filter_map(|now| {
        let mut busy: Vec<f64> = now.iter().map(|sample| sample.busy_ns as f64).collect();
        // Who is not there yet does next to nothing.
        busy.sort_by(|a, b| b.total_cmp(a));
        busy.truncate(servers_at(run, now[0].at));
        Some(row("server", now[0].at - run.sample_every, Spread::of(busy)?))
    });
    of_servers.chain(of_shards).collect()
}

fn row(level: &str, at: shardlab_sim::Time, spread: Spread) -> ImbalanceRow {
    let Spread { imbalance, cv, gini, .. } = spread;
    ImbalanceRow { level: level.into(), time_s: seconds(at), imbalance, cv, gini }
}
