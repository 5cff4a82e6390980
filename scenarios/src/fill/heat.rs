//! Operations by key range and time.

use shardlab_consistency::MicroOperation;
use shardlab_models::world::Run;
use shardlab_sim::Time;

use super::interval;
use crate::metrics::seconds;
use crate::tables::HeatMap;

/// Rows: as many as a picture of ordinary height has room for.
const MOST_ROWS: u64 = 256;

/// Every call until the load's end, by the keys it names and the time it was made; a scan by its first key.
pub(crate) fn heat(run: &Run) -> HeatMap {
    let step = interval(run.duration);
    let touched = || touched(run).filter(|(_, at)| *at < run.duration);
    let keys = touched().map(|(key, _)| key + 1).max().unwrap_or(1);
    let keys_per_row = keys.div_ceil(MOST_ROWS);
    let (rows, columns) = (keys.div_ceil(keys_per_row) as usize, run.duration.div_ceil(step) as usize);
    let mut counts = vec![0_u32; rows * columns];
    for (key, at) in touched() {
        counts[(key / keys_per_row) as usize * columns + (at / step) as usize] += 1;
    }
    HeatMap { interval_s: seconds(step), columns, rows, keys_per_row, counts }
}

fn touched(run: &Run) -> impl Iterator<Item = (u64, Time)> {
    let operations = run.history.operations.iter().map(|operation| (operation.key, operation.invoked));
    let steps = run.history.transactions.iter().flat_map(|transaction| {
        let keys = run.history.steps(transaction).iter().map(|step| match step {
            MicroOperation::Read { key, .. } | MicroOperation::Add { key, .. } => *key,
        });
        keys.map(|key| (key, transaction.invoked))
    });
    operations.chain(steps)
}
