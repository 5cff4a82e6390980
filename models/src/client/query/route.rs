//! Where a query goes: the shards that may have rows that match.

use crate::client::ClientPool;
use crate::shard_map::ShardId;
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

/// Whether the bound is on what its table is sharded by.
fn shards_by(schema: &Schema, bound: &Bound) -> bool {
    match schema.sharded_by(bound.column.table) {
        Some(column) => bound.column == column,
        None => schema.is_id(bound.column),
    }
}
