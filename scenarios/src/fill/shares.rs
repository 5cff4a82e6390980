//! What each shard and each server had of the whole load.

use shardlab_models::world::Run;

use crate::metrics::{Load, Loads};
use crate::scenario::Scenario;
use crate::tables::ShareRow;

/// Shards by number, then servers in order.
pub(crate) fn shares(scenario: &Scenario, run: &Run) -> Vec<ShareRow> {
    let loads = Loads::of(scenario, run);
    let shards = (0..loads.shards.len()).map(|shard| shard.to_string()).collect();
    let servers = run.layout.servers.iter().map(|node| run.layout.names[node.index()].clone()).collect();
    [rows("shard", shards, &loads.shards), rows("server", servers, &loads.servers)].concat()
}

fn rows(level: &str, names: Vec<String>, loads: &[Load]) -> Vec<ShareRow> {
    let sums = [0, 1, 2].map(|measure| loads.iter().map(|load| load.measures()[measure]).sum::<f64>());
    let share = |load: &Load, measure: usize| match sums[measure] {
        0.0 => 0.0,
        sum => load.measures()[measure] / sum,
    };
    let row = |(name, load): (String, &Load)| ShareRow {
        level: level.into(),
        name,
        operations: load.operations,
        operations_share: share(load, 0),
        bytes: load.bytes,
        bytes_share: share(load, 1),
        cpu_s: load.cpu_ns / 1e9,
        cpu_share: share(load, 2),
    };
    names.into_iter().zip(loads).map(row).collect()
}
