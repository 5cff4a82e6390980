//! Sharding by a column: rows live where the strategy puts the value that they have there.
//!
//! It wraps any strategy. Rows of several tables that have the same value live together, which is co-location; ranges
//! over a date see the date. The wrapped strategy sees values, and of keys that are no rows the keys themselves.

use std::sync::Arc;

use crate::config::Config;
use crate::shard_map::ShardId;
use crate::sharding::{Partitioner, Sharding, Shards, dynamic_range};
use crate::tables::Schema;
use crate::tables::schema::Place;

/// A strategy that is asked for values of columns.
#[derive(Clone, Debug)]
pub struct ByColumn {
    inner: Box<Partitioner>,
    schema: Arc<Schema>,
    /// The wrapped strategy's shards, for what is kept beside another.
    shards: Arc<[ShardId]>,
}

/// Schemas of one world are one.
impl PartialEq for ByColumn {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.schema, &other.schema) && self.inner == other.inner
    }
}

impl Eq for ByColumn {}

impl ByColumn {
    /// Wraps a strategy.
    #[must_use]
    pub fn new(inner: Partitioner, schema: Arc<Schema>) -> Self {
        Self { shards: inner.shards().into(), inner: Box::new(inner), schema }
    }

    /// The strategy that it wraps.
    #[must_use]
    pub const fn inner(&self) -> &Partitioner {
        &self.inner
    }

    /// The shard after this one, round and round.
    fn after(&self, shard: ShardId) -> ShardId {
        let place = self.shards.binary_search(&shard).map_or(0, |place| (place + 1) % self.shards.len());
        self.shards[place]
    }
}

impl Shards for ByColumn {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        match self.schema.place(key) {
            Place::Value(value) => self.inner.shard_of(value),
            Place::Beside(value) => self.after(self.inner.shard_of(value)),
            Place::Shard(shard) => shard,
        }
    }

    fn count(&self) -> u32 {
        self.inner.count()
    }

    fn shards(&self) -> Vec<ShardId> {
        self.shards.to_vec()
    }

    fn landmarks(&self) -> Vec<u64> {
        self.inner.landmarks()
    }
}

/// How the partitioners of a world are made: by its strategy, and where there are tables by their columns.
#[derive(Clone, Debug)]
pub struct Partitioning {
    sharding: Sharding,
    seed: u64,
    schema: Option<Arc<Schema>>,
}

impl Partitioning {
    /// Of a world with this seed.
    #[must_use]
    pub fn new(config: &Config, seed: u64) -> Self {
        let schema = || Arc::new(Schema::new(&config.tables, config.sharding.key.as_deref(), seed));
        let schema = (!config.tables.is_empty()).then(schema);
        Self { sharding: config.sharding.clone(), seed, schema }
    }

    /// The tables, where there are any.
    #[must_use]
    pub const fn schema(&self) -> Option<&Arc<Schema>> {
        self.schema.as_ref()
    }

    /// Whether the strategy has a number of shards of its own; else they follow the servers.
    #[must_use]
    pub fn counts_shards(&self) -> bool {
        self.sharding.strategy.counts_shards()
    }

    /// What it does by itself while it serves, if it does.
    #[must_use]
    pub fn reshapes(&self) -> Option<dynamic_range::Spec> {
        self.sharding.strategy.reshapes()
    }

    /// Over so many servers.
    #[must_use]
    pub fn over(&self, servers: u32) -> Partitioner {
        self.wrap(self.sharding.partitioner(servers, self.seed))
    }

    /// The one that follows `current` when shards have come or gone, so that these are there, ascending: some numbers
    /// may be missing, of servers that are gone.
    #[must_use]
    pub fn next(&self, current: &Partitioner, shards: &[ShardId]) -> Partitioner {
        let current = match current {
            Partitioner::ByColumn(by_column) => by_column.inner(),
            plain => plain,
        };
        self.wrap(self.sharding.strategy.next(current, shards, self.seed))
    }

    fn wrap(&self, inner: Partitioner) -> Partitioner {
        match &self.schema {
            None => inner,
            Some(schema) => Partitioner::ByColumn(ByColumn::new(inner, Arc::clone(schema))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sharding::first_keys;
    use crate::tables::keys::{copy_key, far_key, row_key, value_key};
    use crate::tables::sample;

    #[test]
    fn rows_follow_their_column_under_every_strategy() {
        let schema = Arc::new(Schema::new(&sample(), Some("customer_id"), 1));
        let orders = schema.table("orders").expect("it is there");
        let column = schema.column(orders, "customer_id").expect("it is there");
        for strategy in crate::sharding::tests::strategies() {
            let plain = strategy.partitioner(4, 0);
            let by_column = ByColumn::new(plain.clone(), Arc::clone(&schema));
            for row in 0..600 {
                let customer = schema.value(column, row);
                let home = plain.shard_of(customer);
                assert_eq!(by_column.shard_of(row_key(orders, row)), home);
                assert_eq!(by_column.shard_of(value_key(customer)), home);
                assert_ne!(by_column.shard_of(far_key(orders, row)), home);
                assert_eq!(by_column.shard_of(copy_key(orders, row, ShardId(3))), ShardId(3));
            }
            first_keys(&by_column).expect("every shard has a key beyond the tables");
        }
    }
}
