//! Operations by key range and time.

use shardlab_consistency::MicroOperation;
use shardlab_models::world::Run;
use shardlab_sim::Time;

use super::interval;
use crate::metrics::seconds;
use crate::tables::HeatMap;

/// Rows: as many as a picture of ordinary height has room for.
const MOST_ROWS: u64 = 256;

/// Every call until the load's end, by the keys it names and the time it was made; a scan by its first key. Rows of
/// tables stand in the order of the file, and those that were inserted after all of them.
pub(crate) fn heat(run: &Run) -> HeatMap {
    let step = interval(run.duration);
    let columns = run.duration.div_ceil(step) as usize;
    let mut touched_keys: Vec<Vec<u64>> = vec![Vec::new(); columns];
    for (key, at) in touched(run).filter(|(_, at)| *at < run.duration) {
        touched_keys[(at / step) as usize].push(key);
    }
    let keys = touched_keys.iter().flatten().max().map_or(1, |highest| highest + 1);
    let mut map = empty(keys, columns);
    map.interval_s = seconds(step);
    for (column, mut keys) in touched_keys.into_iter().enumerate() {
        keys.sort_unstable();
        keys.chunk_by(|a, b| a == b).for_each(|same| add(&mut map, column, same[0], same.len() as u32));
    }
    map
}

fn empty(keys: u64, columns: usize) -> HeatMap {
    let keys_per_row = keys.div_ceil(MOST_ROWS);
    let rows = keys.div_ceil(keys_per_row) as usize;
    let cells = rows * columns;
    HeatMap {
        interval_s: 0.0,
        columns,
        rows,
        keys_per_row,
        counts: vec![0; cells],
        hottest_keys: vec![0; cells],
        hottest_counts: vec![0; cells],
    }
}

/// Counts all operations on one key in one interval.
fn add(map: &mut HeatMap, column: usize, key: u64, count: u32) {
    let cell = (key / map.keys_per_row) as usize * map.columns + column;
    map.counts[cell] += count;
    if count > map.hottest_counts[cell] {
        (map.hottest_keys[cell], map.hottest_counts[cell]) = (key, count);
    }
}

fn touched(run: &Run) -> impl Iterator<Item = (u64, Time)> {
    let place = |key| run.tables.as_ref().map_or(key, |tables| tables.schema.position(key));
    let operations =
        run.history.operations.iter().map(move |operation| (place(operation.key), operation.invoked));
    let steps = run.history.transactions.iter().flat_map(|transaction| {
        let keys = run.history.steps(transaction).iter().map(MicroOperation::key);
        keys.map(|key| (key, transaction.invoked))
    });
    operations.chain(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tests::{read, run};
    use shardlab_consistency::{History, Operation, Outcome};
    use shardlab_sim::SECOND;

    #[test]
    fn a_hot_key_is_told_from_its_row() {
        let mut history = History::default();
        for (key, at) in [(4, 1), (5, 1), (5, 1), (700, 1), (4, 12)] {
            history.push(Operation { key, ..read(at * SECOND, 1, Outcome::Ok) });
        }
        let map = heat(&run(history));
        // 701 keys in 234 rows of three; 10 s in columns of 0.1 s, so 12 s is past the end.
        assert_eq!((map.keys_per_row, map.rows, map.columns), (3, 234, 100));
        let cell = |row: usize| row * map.columns + 10;
        let at = |row| (map.counts[cell(row)], map.hottest_keys[cell(row)], map.hottest_counts[cell(row)]);
        assert_eq!((at(1), at(233), at(0)), ((3, 5, 2), (1, 700, 1), (0, 0, 0)));
        assert_eq!(map.counts.iter().sum::<u32>(), 4);
    }
}
