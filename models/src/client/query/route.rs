//! Where a query goes: the shards that may have rows that match.

use crate::client::ClientPool;
use crate::rebalancing::Routing;
use crate::shard_map::ShardId;
use crate::sharding::TimePartitions;
use crate::sharding::time_partitions::MOST_DAYS;
use crate::tables::keys::value_key;
use crate::tables::{Bound, Matching, Schema};

/// Values of a range that are asked for one by one, where the strategy keeps neighbours together.
const MOST_VALUES: u64 = 10_000;

/// The shards that may have rows that match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Targets {
    /// Ascending.
    pub shards: Vec<ShardId>,
    /// A key that lives with all rows that match, if they live together.
    pub pinned: Option<u64>,
}

impl ClientPool {
    pub(super) fn schema(&self) -> &Schema {
        &self.tables.as_ref().expect("queries are drawn where there are tables").schema
    }

    /// Prunes: by equality on what rows are sharded by, or by a range of it.
    pub(super) fn targets(&mut self, matching: &Matching) -> Targets {
        if self.schema().is_everywhere(matching.table) {
            // Any copy will do.
            let shards = self.router.routing().shards();
            let drawn = self.routes.below(shards.len() as u64) as usize;
            return Targets { shards: vec![shards[drawn]], pinned: None };
        }
        let routing = self.router.routing();
        if let Some(partitions) = routing.from.time_partitions() {
            return in_time(self.schema(), routing, partitions, matching);
        }
        match matching.bounds.iter().find(|bound| shards_by(self.schema(), bound)) {
            Some(bound) if bound.low == bound.high => {
                let pinned = value_key(matching.table, bound.low);
                Targets { shards: vec![routing.shard_of(pinned)], pinned: Some(pinned) }
            }
            Some(bound)
                if routing.from.keeps_neighbours_of(matching.table)
                    && bound.high - bound.low < MOST_VALUES =>
            {
                let mut shards: Vec<ShardId> = (bound.low..=bound.high)
                    .map(|value| routing.shard_of(value_key(matching.table, value)))
                    .collect();
                shards.sort_unstable();
                shards.dedup();
                Targets { shards, pinned: None }
            }
            _ => Targets { shards: routing.shards(), pinned: None },
        }
    }
}

/// Where rows live in partitions by time: those of the days that are asked for, of them the parts, and none that is given
/// up.
fn in_time(schema: &Schema, routing: &Routing, partitions: &TimePartitions, matching: &Matching) -> Targets {
    let table = matching.table;
    let part = schema.parts_of(table).and_then(|(by, parts)| {
        let exact = matching.bounds.iter().find(|bound| bound.column == by && bound.low == bound.high)?;
        Some(TimePartitions::position(0, exact.low, parts))
    });
    let is_one = |position: &u64| part.is_none_or(|part| *position == part | position & (MOST_DAYS - 1));
    let days = matching.bounds.iter().find(|bound| shards_by(schema, bound));
    let mut shards: Vec<ShardId> = match days {
        Some(days) if days.high - days.low < MOST_VALUES => {
            let positions = (days.low..=days.high).flat_map(|day| partitions.positions(day)).filter(is_one);
            positions.map(|position| routing.shard_of(value_key(table, position))).collect()
        }
        _ => {
            let part = part.map(|part| partitions.part_of_position(part));
            let is_one = |shard: &ShardId| match (part, partitions.part_of(*shard)) {
                (Some(part), Some((_, other))) => part == other,
                _ => true,
            };
            routing.shards().into_iter().filter(is_one).collect()
        }
    };
    shards.sort_unstable();
    shards.dedup();
    shards.retain(|&shard| !partitions.is_expired(shard));
    Targets { shards, pinned: None }
}

/// Whether the bound is on what its table is sharded by.
fn shards_by(schema: &Schema, bound: &Bound) -> bool {
    match schema.sharded_by(bound.column.table) {
        Some(column) => bound.column == column,
        None => schema.is_id(bound.column),
    }
}
