//! When somebody had too much of the load.

use indexmap::IndexMap;
use shardlab_models::world::Run;

use super::key_name::key_name;
use crate::metrics::{self, Hotspot, Level, seconds};
use crate::scenario::Scenario;
use crate::tables::HotspotRow;

/// So many rows a level: with thousands of shards under a skewed load half of them may be hot.
const MOST: usize = 20;

/// Of servers, of shards and of keys those that had most beyond the fair share, and the longest, each by when it began;
/// and by level how many there were.
pub(crate) fn hotspots(scenario: &Scenario, run: &Run) -> (Vec<HotspotRow>, IndexMap<String, u64>) {
    let found = metrics::hotspots(scenario, run);
    let levels = || found.chunk_by(|a, b| a.level == b.level);
    let rows = levels().flat_map(worst).map(|hotspot| row(scenario, run, &hotspot)).collect();
    let counts = levels().map(|of| (name(of[0].level).to_owned(), of.len() as u64)).collect();
    (rows, counts)
}

fn worst(of_level: &[Hotspot]) -> Vec<Hotspot> {
    let length = |hotspot: &Hotspot| hotspot.to - hotspot.from;
    let mut worst = of_level.to_vec();
    worst.sort_by(|a, b| b.excess_ns.total_cmp(&a.excess_ns));
    // What is told of a level is its longest, and a long one may be mild.
    let longest = worst.iter().rev().max_by_key(|hotspot| length(hotspot)).copied();
    let left_out =
        longest.filter(|longest| worst.iter().take(MOST).all(|kept| length(kept) < length(longest)));
    worst.truncate(MOST);
    if let Some(longest) = left_out {
        worst[MOST - 1] = longest;
    }
    worst.sort_by_key(|hotspot| (hotspot.from, hotspot.which));
    worst
}

const fn name(level: Level) -> &'static str {
    match level {
        Level::Server => "server",
        Level::Shard => "shard",
        Level::Key => "key",
    }
}

fn row(scenario: &Scenario, run: &Run, hotspot: &Hotspot) -> HotspotRow {
    let whom = match hotspot.level {
        Level::Server => {
            let node = run.layout.servers[hotspot.which as usize];
            run.layout.names[node.index()].clone()
        }
        Level::Shard => hotspot.which.to_string(),
        Level::Key => key_name(scenario, hotspot.which),
    };
    HotspotRow {
        level: name(hotspot.level).into(),
        name: whom,
        from_s: seconds(hotspot.from),
        to_s: seconds(hotspot.to),
        peak_share: hotspot.peak_share,
        times_fair: hotspot.times_fair,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_is_kept_however_mild_it_is() {
        let hotspot = |which: u64, to, excess_ns| Hotspot {
            level: Level::Shard,
            which,
            from: 0,
            to,
            peak_share: 0.5,
            times_fair: 2.0,
            excess_ns,
        };
        let fierce = (0..30).map(|which| hotspot(which, 1, 100.0 + which as f64));
        let all: Vec<Hotspot> = fierce.chain([hotspot(30, 9, 1.0)]).collect();
        let kept: Vec<u64> = worst(&all).iter().map(|hotspot| hotspot.which).collect();
        assert_eq!(kept, (11..31).collect::<Vec<_>>(), "the mildest of the twenty makes room");
        let kept: Vec<u64> = worst(&all[..30]).iter().map(|hotspot| hotspot.which).collect();
        assert_eq!(kept, (10..30).collect::<Vec<_>>());
    }
}
