//! Operations by key range and time.

use shardlab_consistency::MicroOperation;
use shardlab_models::tables::keys::row_key;
use shardlab_models::world::Run;
use shardlab_sim::Time;

use super::interval;
use super::key_name::key_name;
use crate::metrics::seconds;
use crate::scenario::Scenario;
use crate::tables::HeatMap;

/// Rows: as many as a picture of ordinary height has room for.
const MOST_ROWS: u64 = 256;

/// Every call until the load's end, by the keys it names and the time it was made. Of a world of tables the rows: those
/// that were written, and the newest of those that were asked for by an id or by a value. They stand in the order of the
/// file, and those that were inserted after all of them. A scan of other worlds stands at its first key.
pub(crate) fn heat(scenario: &Scenario, run: &Run) -> HeatMap {
    let step = interval(run.duration);
    let columns = run.duration.div_ceil(step) as usize;
    let mut touched_keys: Vec<Vec<(u64, u64)>> = vec![Vec::new(); columns];
    let (mut all, mut nameless) = (0.0, 0.0);
    for (key, at) in touched(run).filter(|(_, at)| *at < run.duration) {
        all += 1.0;
        match key.and_then(|key| Some((place(run, key)?, key))) {
            Some(touched) => touched_keys[(at / step) as usize].push(touched),
            None => nameless += 1.0,
        }
    }
    let keys = touched_keys.iter().flatten().map(|(place, _)| place).max().map_or(1, |highest| highest + 1);
    let mut map = empty(keys, columns);
    map.interval_s = seconds(step);
    map.nameless_fraction = if all > 0.0 { nameless / all } else { 0.0 };
    let mut most = (0, 0);
    for (column, mut keys) in touched_keys.into_iter().enumerate() {
        keys.sort_unstable();
        for same in keys.chunk_by(|a, b| a.0 == b.0) {
            let (place, key) = same[0];
            let count = same.len() as u32;
            add(&mut map, column, place, count);
            if count > most.0 {
                most = (count, key);
            }
        }
    }
    map.hottest_name = key_name(scenario, most.1);
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
        hottest_name: String::new(),
        nameless_fraction: 0.0,
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

/// Where a key stands in the picture.
fn place(run: &Run, key: u64) -> Option<u64> {
    run.tables.as_ref().map_or(Some(key), |tables| tables.schema.position(key))
}

/// What calls name, and when they were made.
fn touched(run: &Run) -> Box<dyn Iterator<Item = (Option<u64>, Time)> + '_> {
    if let Some(tables) = &run.tables {
        let reads = run.queries.iter().filter(|query| query.reads_rows && !query.is_refresh);
        let rows = reads.map(|query| {
            let names_one = tables.schema.named(&query.matching, query.first_row).is_some();
            let row = query.first_row.filter(|_| names_one);
            (row.map(|row| row_key(query.matching.table, row)), query.invoked)
        });
        let writes = run.history.operations.iter().filter(|of| of.kind.writes());
        return Box::new(rows.chain(writes.map(|of| (Some(of.key), of.invoked))));
    }
    let operations = run.history.operations.iter().map(|operation| (Some(operation.key), operation.invoked));
    let steps = run.history.transactions.iter().flat_map(|transaction| {
        let keys = run.history.steps(transaction).iter().map(MicroOperation::key);
        keys.map(|key| (Some(key), transaction.invoked))
    });
    Box::new(operations.chain(steps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tests::{read, run, scenario};
    use shardlab_consistency::{History, Operation, Outcome};
    use shardlab_sim::SECOND;

    #[test]
    fn a_hot_key_is_told_from_its_row() {
        let mut history = History::default();
        for (key, at) in [(4, 1), (5, 1), (5, 1), (700, 1), (4, 12)] {
            history.push(Operation { key, ..read(at * SECOND, 1, Outcome::Ok) });
        }
        let map = heat(&scenario(), &run(history));
        // 701 keys in 234 rows of three; 10 s in columns of 0.1 s, so 12 s is past the end.
        assert_eq!((map.keys_per_row, map.rows, map.columns), (3, 234, 100));
        let cell = |row: usize| row * map.columns + 10;
        let at = |row| (map.counts[cell(row)], map.hottest_keys[cell(row)], map.hottest_counts[cell(row)]);
        assert_eq!((at(1), at(233), at(0)), ((3, 5, 2), (1, 700, 1), (0, 0, 0)));
        assert_eq!(map.counts.iter().sum::<u32>(), 4);
        assert_eq!((map.hottest_name.as_str(), map.nameless_fraction), ("5", 0.0));
    }
}
