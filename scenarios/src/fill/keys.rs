//! The keys that clients asked for most.

use std::collections::BTreeMap;

use shardlab_models::tables::keys::{Address, address};
use shardlab_models::world::Run;

use super::key_name::key_name;
use crate::metrics::{Counter, Prices, SpaceSaving, asked_keys};
use crate::scenario::Scenario;
use crate::tables::KeyRow;

/// Rows.
const MOST: usize = 20;

/// Counters of the sketch: what it says is off by a thousandth of all operations at most.
const COUNTERS: usize = 1_000;

/// The most frequent keys by the sketch, which is fed in the order of the history.
pub(crate) fn keys(scenario: &Scenario, run: &Run) -> Vec<KeyRow> {
    let (prices, mut sketch, mut sum) = (Prices::new(scenario), SpaceSaving::new(COUNTERS), 0_u64);
    for asked in asked_keys(run, &prices) {
        sketch.see(asked.key);
        sum += 1;
    }
    // Where all keys are alike, whoever came last has taken over a high count: that says nothing of the key.
    let is_certain = |counter: &&Counter| 2 * counter.guaranteed() > counter.count;
    let most: Vec<Counter> = sketch.counters().iter().filter(is_certain).take(MOST).copied().collect();
    let mut bytes: BTreeMap<u64, f64> = most.iter().map(|counter| (counter.key, 0.0)).collect();
    for asked in asked_keys(run, &prices) {
        if let Some(bytes) = bytes.get_mut(&asked.key) {
            *bytes += asked.cost.bytes;
        }
    }
    let row = |(counter, rank): (&Counter, u32)| KeyRow {
        rank,
        key: counter.key,
        name: key_name(scenario, counter.key),
        shard: shard(run, counter.key),
        operations: counter.count,
        guaranteed: counter.guaranteed(),
        share: counter.count as f64 / sum as f64,
        bytes: bytes[&counter.key],
    };
    most.iter().zip(1..).map(row).collect()
}

/// Where it lives when the load ends.
fn shard(run: &Run, key: u64) -> Option<u32> {
    let is_placed = run.tables.is_none() || !matches!(address(key), Address::Named { .. });
    is_placed.then(|| run.ownership.shard_of(key, run.duration).0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tests::{read, run, scenario};
    use shardlab_consistency::{History, Operation, Outcome};
    use shardlab_sim::SECOND;

    #[test]
    fn where_all_keys_are_alike_none_is_named() {
        let mut history = History::default();
        (0..5_000).for_each(|key| history.push(Operation { key, ..read(2 * SECOND, 1, Outcome::Ok) }));
        assert!(keys(&scenario(), &run(history)).is_empty());
    }

    #[test]
    fn the_hottest_key_comes_first_and_what_it_cost_is_added_up() {
        let mut history = History::default();
        for (key, at) in [(4, 2), (5, 2), (5, 3), (7, 4), (4, 12), (4, 0)] {
            history.push(Operation { key, ..read(at * SECOND, 1, Outcome::Fail) });
        }
        let rows = keys(&scenario(), &run(history));
        let found: Vec<_> =
            rows.iter().map(|row| (row.rank, row.key, row.shard, row.operations, row.guaranteed)).collect();
        assert_eq!(found, [(1, 5, Some(1), 2, 2), (2, 4, Some(0), 1, 1), (3, 7, Some(1), 1, 1)]);
        // Values of 100 bytes, the default.
        assert_eq!(rows.iter().map(|row| row.bytes).collect::<Vec<_>>(), [2_000.0, 1_000.0, 1_000.0]);
        assert!((rows[0].share - 0.5).abs() < 1e-12);
    }
}
