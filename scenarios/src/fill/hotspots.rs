//! When somebody had too much of the load.

use shardlab_models::world::Run;

use super::key_name::key_name;
use crate::metrics::{self, Hotspot, Level, seconds};
use crate::scenario::Scenario;
use crate::tables::HotspotRow;

/// So many rows a level: with thousands of shards under a skewed load half of them may be hot.
const MOST: usize = 20;

/// Of servers, of shards and of keys those that had most beyond the fair share, each by when it began.
pub(crate) fn hotspots(scenario: &Scenario, run: &Run) -> Vec<HotspotRow> {
    let found = metrics::hotspots(scenario, run);
    let levels = found.chunk_by(|a, b| a.level == b.level);
    levels.flat_map(worst).map(|hotspot| row(scenario, run, &hotspot)).collect()
}

fn worst(of_level: &[Hotspot]) -> Vec<Hotspot> {
    let mut worst = of_level.to_vec();
    worst.sort_by(|a, b| b.excess_ns.total_cmp(&a.excess_ns));
    worst.truncate(MOST);
    worst.sort_by_key(|hotspot| (hotspot.from, hotspot.which));
    worst
}

fn row(scenario: &Scenario, run: &Run, hotspot: &Hotspot) -> HotspotRow {
    let (level, name) = match hotspot.level {
        Level::Server => {
            let node = run.layout.servers[hotspot.which as usize];
            ("server", run.layout.names[node.index()].clone())
        }
        Level::Shard => ("shard", hotspot.which.to_string()),
        Level::Key => ("key", key_name(scenario, hotspot.which)),
    };
    HotspotRow {
        level: level.into(),
        name,
        from_s: seconds(hotspot.from),
        to_s: seconds(hotspot.to),
        peak_share: hotspot.peak_share,
        times_fair: hotspot.times_fair,
    }
}
