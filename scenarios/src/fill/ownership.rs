//! Which shard owns which part of the keys, before anything moved and when the run ends.

use std::collections::BTreeMap;

use shardlab_models::tables::TableId;
use shardlab_models::tables::keys::row_key;
use shardlab_models::world::Run;
use shardlab_sim::Time;

use crate::scenario::Scenario;
use crate::tables::OwnershipRow;

/// Keys that are asked for their owners.
const SAMPLES: u64 = 1 << 16;

/// Parts that a line or a ring is cut into at most.
const CELLS: usize = 2_048;

/// Before the first plan of moves was begun and when the run ends; only the latter where nothing ever moved.
pub(crate) fn ownership(scenario: &Scenario, run: &Run) -> Vec<OwnershipRow> {
    let counts = scenario.workload.iter().map(|workload| workload.keys.count);
    let count = counts.max().unwrap_or_default().max(1);
    let keys = rows_of_tables(scenario, run).unwrap_or_else(|| sampled(count).collect());
    let before = run.rebalancing.commands.first().map(|command| command.began);
    let times = before.map(|at| ("before", at)).into_iter().chain([("after", Time::MAX)]);
    times.flat_map(|(when, at)| rows(run, &keys, count, when, at)).collect()
}

/// Of so many keys those that are asked for: all over them, however many there are.
fn sampled(count: u64) -> impl Iterator<Item = u64> {
    let samples = count.min(SAMPLES);
    (0..samples).map(move |index| (u128::from(index) * u128::from(count) / u128::from(samples)) as u64)
}

/// Rows that were loaded, of all tables that are not everywhere; nothing in a world without tables.
fn rows_of_tables(scenario: &Scenario, run: &Run) -> Option<Vec<u64>> {
    let schema = &run.tables.as_ref()?.schema;
    let tables = scenario.table.iter().zip(0..).filter(|(table, _)| !table.reference);
    let tables: Vec<TableId> = tables.map(|(_, number)| TableId(number)).collect();
    // Row by row through one table after another.
    let all: u64 = tables.iter().map(|&table| schema.rows(table)).sum();
    let row = |mut index: u64| {
        let table = tables.iter().find(|&&table| {
            let is_here = index < schema.rows(table);
            index -= if is_here { 0 } else { schema.rows(table) };
            is_here
        });
        table.map(|&table| row_key(table, index))
    };
    let keys: Vec<u64> = sampled(all).filter_map(row).collect();
    (!keys.is_empty()).then_some(keys)
}

fn rows(run: &Run, keys: &[u64], count: u64, when: &str, at: Time) -> Vec<OwnershipRow> {
    let (mut cells, mut shares) = (BTreeMap::new(), BTreeMap::new());
    let mut shape = "blocks";
    for &key in keys {
        let shard = run.ownership.shard_of(key, at);
        *shares.entry(shard).or_insert(0_u64) += 1;
        let Some((of_hash, place)) = run.ownership.place_of(key, count) else { continue };
        shape = if of_hash { "ring" } else { "line" };
        let cell = (place * CELLS as f64) as usize;
        cells.entry(cell.min(CELLS - 1)).or_insert(shard);
    }
    let sum = keys.len() as f64;
    let server = |shard: shardlab_models::shard_map::ShardId| {
        let primary = run.primary_at(shard, at);
        primary.map_or_else(String::new, |node| run.layout.names[node.index()].clone())
    };
    let row = |(from, to, shard): (f64, f64, shardlab_models::shard_map::ShardId)| OwnershipRow {
        when: when.into(),
        shape: shape.into(),
        from,
        to,
        shard: shard.0,
        server: server(shard),
        keys: shares[&shard] as f64 / sum,
    };
    if cells.is_empty() {
        let mut from = 0.0;
        let blocks = shares.iter().map(|(&shard, &keys)| {
            let block = (from, from + keys as f64 / sum, shard);
            from = block.1;
            block
        });
        return blocks.map(row).collect();
    }
    // What no sampled key lies in belongs to whoever comes before.
    let cells: Vec<_> = cells.into_iter().collect();
    let mut parts = Vec::new();
    for alike in cells.chunk_by(|a, b| a.1 == b.1) {
        parts.push((alike[0].0 as f64 / CELLS as f64, 1.0, alike[0].1));
    }
    parts[0].0 = 0.0;
    for index in 1..parts.len() {
        parts[index - 1].1 = parts[index].0;
    }
    parts.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tests::{run, scenario};
    use shardlab_consistency::History;
    use shardlab_models::sharding::{Strategy, consistent_hash, slots};
    use shardlab_models::world::Ownership;

    #[test]
    fn scattered_keys_are_blocks_and_arcs_cover_the_ring() {
        let mut run = run(History::default());
        let parts = |run: &Run| ownership(&scenario(), run);
        let blocks: Vec<_> =
            parts(&run).into_iter().map(|row| (row.shape, row.shard, row.from, row.to)).collect();
        let block = |shard, from, to| ("blocks".to_owned(), shard, from, to);
        assert_eq!(blocks, [block(0, 0.0, 0.5), block(1, 0.5, 1.0)]);

        let spec = consistent_hash::Spec { vnodes: 16, ..consistent_hash::Spec::default() };
        let partitioner = Strategy::ConsistentHash(spec).partitioner(2, 0);
        run.ownership = Ownership::settled(partitioner);
        let arcs = parts(&run);
        assert!(arcs.windows(2).all(|pair| pair[0].to == pair[1].from && pair[0].shard != pair[1].shard));
        assert_eq!((arcs[0].from, arcs[arcs.len() - 1].to), (0.0, 1.0));
        assert!(arcs.len() > 8 && arcs.iter().all(|arc| arc.shape == "ring" && arc.when == "after"));

        run.ownership = Ownership::settled(Strategy::Slots(slots::Spec::default()).partitioner(2, 0));
        let rows = parts(&run);
        let seam = (rows[0].to - 0.5).abs();
        assert!(rows.len() == 2 && rows[0].shape == "line" && seam < 0.01, "slots lie in rows: {rows:?}");
        assert!((rows[0].keys + rows[1].keys - 1.0).abs() < 1e-9, "{rows:?}");
    }
}
