//! From a run to the rows of its tables.

mod heat;
mod shards;
mod timeline;

use shardlab_models::world::Run;
use shardlab_sim::{NodeId, SECOND, Time};

pub(crate) use heat::heat;
pub(crate) use shards::{servers, shards};
pub(crate) use timeline::{latency, timeline};

use crate::metrics::seconds;
use crate::tables::FaultRow;

/// What each fault did.
pub(crate) fn faults(run: &Run) -> Vec<FaultRow> {
    let names = |nodes: &[NodeId]| {
        let names: Vec<&str> = nodes.iter().map(|node| run.layout.names[node.index()].as_str()).collect();
        names.join(", ")
    };
    let row = |receipt: &shardlab_sim::Receipt| FaultRow {
        fault: receipt.name.clone(),
        struck_s: receipt.struck.map(seconds),
        healed_s: receipt.healed.map(seconds),
        nodes: names(&receipt.nodes),
        changed: receipt.changed,
        effect: receipt.effect.clone(),
    };
    run.receipts.iter().map(row).collect()
}

/// Intervals of a picture: about this many are as fine as its pixels.
const INTERVALS: Time = 120;

/// The shortest interval of a picture: below it a hundredth quantile would be of a handful of operations.
const SHORTEST: Time = SECOND / 10;

/// The width of an interval: 1, 2 or 5 times a power of ten ns, so that ticks fall on round numbers.
pub(crate) fn interval(duration: Time) -> Time {
    let least = (duration / INTERVALS).max(SHORTEST);
    let steps = (0..19).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
    steps.into_iter().find(|&step| step >= least).unwrap_or(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_round_and_about_a_hundred() {
        let milliseconds = |seconds: u64| interval(seconds * SECOND) / 1_000_000;
        assert_eq!(
            [1, 10, 12, 13, 30, 60, 61, 3_600].map(milliseconds),
            [100, 100, 100, 200, 500, 500, 1_000, 50_000]
        );
        for duration in (1..2_000).map(|seconds| seconds * SECOND) {
            assert!(duration.div_ceil(interval(duration)) <= 240, "the heat map has at most 240 columns");
        }
    }
}
