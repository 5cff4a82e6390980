//! Sharding by a column: rows live where the strategy puts the value that they have there.
//!
//! It wraps any strategy. Rows of several tables that have the same value live together, which is co-location; ranges
//! over a date see the date. The wrapped strategy sees values, and of keys that are no rows the keys themselves.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::config::Config;
use crate::rebalancing::Pair;
use crate::shard_map::ShardId;
use crate::sharding::{Maintenance, Partitioner, Sharding, Shards, Strategy, dynamic_range};
use crate::tables::schema::Place;
use crate::tables::{Schema, TableId};

/// A strategy that is asked for values of columns; some tables may have one of their own, over the same shards.
#[derive(Clone, Debug)]
pub struct ByColumn {
    inner: Box<Partitioner>,
    own: Vec<(TableId, Partitioner)>,
    schema: Arc<Schema>,
    /// The wrapped strategy's shards, for what is kept beside another.
    shards: Arc<[ShardId]>,
}

/// Schemas of one world are one.
impl PartialEq for ByColumn {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.schema, &other.schema) && self.inner == other.inner && self.own == other.own
    }
}

impl Eq for ByColumn {}

impl ByColumn {
    /// Wraps a strategy, and those that tables have of their own.
    #[must_use]
    pub fn new(inner: Partitioner, own: Vec<(TableId, Partitioner)>, schema: Arc<Schema>) -> Self {
        Self { shards: inner.shards().into(), inner: Box::new(inner), own, schema }
    }

    /// The same around another strategy.
    #[must_use]
    pub(super) fn with_inner(&self, inner: Partitioner) -> Self {
        Self::new(inner, self.own.clone(), Arc::clone(&self.schema))
    }

    /// The strategy that it wraps.
    #[must_use]
    pub const fn inner(&self) -> &Partitioner {
        &self.inner
    }

    /// The strategy of a table.
    #[must_use]
    #[inline]
    pub fn of(&self, table: TableId) -> &Partitioner {
        self.own.iter().find(|(other, _)| *other == table).map_or(&self.inner, |(_, own)| own)
    }

    /// Between which shards rows may move when `next` takes its place.
    #[must_use]
    pub fn moves_to(&self, next: &Self) -> BTreeSet<Pair> {
        let own = self.own.iter().map(|(table, own)| own.moves_to(next.of(*table)));
        own.fold(self.inner.moves_to(&next.inner), |mut pairs, more| {
            pairs.extend(more);
            pairs
        })
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
            Place::Value(table, value) => self.of(table).shard_of(value),
            Place::Beside(table, value) => self.after(self.of(table).shard_of(value)),
            Place::Key(key) => self.inner.shard_of(key),
            Place::Shard(shard) => shard,
        }
    }

    fn count(&self) -> u32 {
        self.inner.count()
    }

    fn shards(&self) -> Vec<ShardId> {
        self.shards.to_vec()
    }

    /// Elsewhere the first keys in a row meet every shard.
    fn landmarks(&self) -> Vec<u64> {
        self.inner.time_partitions().map_or_else(Vec::new, Shards::landmarks)
    }
}

/// How the partitioners of a world are made: by its strategy, and where there are tables by their columns.
#[derive(Clone, Debug)]
pub struct Partitioning {
    sharding: Sharding,
    /// Of tables that have one of their own.
    own: Vec<(TableId, Strategy)>,
    seed: u64,
    schema: Option<Arc<Schema>>,
}

impl Partitioning {
    /// Of a world with this seed.
    #[must_use]
    pub fn new(config: &Config, seed: u64) -> Self {
        let schema = || {
            let schema = Schema::new(&config.tables, config.sharding.key.as_deref(), seed);
            let partitions = config.sharding.strategy.time_partitions();
            Arc::new(match partitions.and_then(|spec| spec.parts.as_ref()) {
                Some(parts) => schema.cut_by(&parts.by, parts.count),
                None => schema,
            })
        };
        let schema = (!config.tables.is_empty()).then(schema);
        let own = (0..).map(TableId).zip(&config.tables);
        let own = own.filter_map(|(table, spec)| Some((table, spec.strategy.clone()?))).collect();
        Self { sharding: config.sharding.clone(), own, seed, schema }
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

    /// The same, where these shards have got other weights: of every strategy in it that has weights.
    #[must_use]
    pub fn weighing(&self, weights: impl Iterator<Item = (ShardId, u32)>) -> Self {
        let mut next = self.clone();
        for (shard, weight) in weights {
            let own = next.own.iter_mut().map(|(_, own)| own);
            for strategy in own.chain([&mut next.sharding.strategy]) {
                if let Some(weights) = strategy.weights() {
                    weights.set(shard, weight);
                }
            }
        }
        next
    }

    /// By shard: how many times as many keys it is to have as one that weighs one, when these shards are there; zero for
    /// those that are not. Nothing where the shards do not follow the servers.
    #[must_use]
    pub fn weights_of(&self, shards: &[ShardId]) -> Vec<u32> {
        if self.counts_shards() { Vec::new() } else { self.sharding.strategy.weights_of(shards) }
    }

    /// What it does by itself while it serves, if it does.
    #[must_use]
    pub fn reshapes(&self) -> Option<dynamic_range::Spec> {
        self.sharding.strategy.reshapes()
    }

    /// The job by which its partitions come and go, if there is one.
    #[must_use]
    pub fn maintenance(&self) -> Option<&Maintenance> {
        self.sharding.strategy.maintenance()
    }

    /// Over so many servers.
    #[must_use]
    pub fn over(&self, servers: u32) -> Partitioner {
        let own = self.own.iter().map(|(table, own)| (*table, own.partitioner(servers, self.seed)));
        self.wrap(self.sharding.partitioner(servers, self.seed), own.collect())
    }

    /// The one that follows `current` when shards have come or gone, so that these are there, ascending: some numbers
    /// may be missing, of servers that are gone.
    #[must_use]
    pub fn next(&self, current: &Partitioner, shards: &[ShardId]) -> Partitioner {
        let inner = match current {
            Partitioner::ByColumn(by_column) => by_column.inner(),
            plain => plain,
        };
        let own = |(table, own): &(TableId, Strategy)| match current {
            Partitioner::ByColumn(by_column) => {
                Some((*table, own.next(by_column.of(*table), shards, self.seed)))
            }
            _ => None,
        };
        let own = self.own.iter().filter_map(own).collect();
        self.wrap(self.sharding.strategy.next(inner, shards, self.seed), own)
    }

    fn wrap(&self, inner: Partitioner, own: Vec<(TableId, Partitioner)>) -> Partitioner {
        match &self.schema {
            None => inner,
            Some(schema) => Partitioner::ByColumn(ByColumn::new(inner, own, Arc::clone(schema))),
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
            let by_column = ByColumn::new(plain.clone(), Vec::new(), Arc::clone(&schema));
            for row in 0..600 {
                let customer = schema.value(column, row);
                let home = plain.shard_of(customer);
                assert_eq!(by_column.shard_of(row_key(orders, row)), home);
                assert_eq!(by_column.shard_of(value_key(orders, customer)), home);
                assert_ne!(by_column.shard_of(far_key(orders, row)), home);
                assert_eq!(by_column.shard_of(copy_key(orders, row, ShardId(3))), ShardId(3));
            }
            first_keys(&by_column).expect("every shard has a key beyond the tables");
        }
    }
    #[test]
    fn a_table_may_have_a_strategy_of_its_own() {
        let schema = Arc::new(Schema::new(&sample(), None, 1));
        let [customers, orders] =
            ["customers", "orders"].map(|name| schema.table(name).expect("it is there"));
        let [modulo, ring] =
            [0, 1].map(|place| crate::sharding::tests::strategies()[place].partitioner(4, 0));
        let mixed = ByColumn::new(modulo.clone(), vec![(orders, ring.clone())], schema);
        for row in 0..50 {
            assert_eq!(mixed.shard_of(row_key(customers, row)), modulo.shard_of(row));
            assert_eq!(mixed.shard_of(row_key(orders, row)), ring.shard_of(row));
        }
    }
}
