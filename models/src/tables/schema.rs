//! The schema: every column as a function of the row.

use super::find::{Bound, Matching};
use super::keys::{Address, address, named_key, row_key, value_key};
use super::rules::{Rule, ShardRule, TableRules, below, scattered_rank, unit, word};
use super::scatter::{gather, scatter};
use super::{Ids, Table};
use crate::rebalancing::Loaded;
use crate::shard_map::ShardId;
use crate::sharding::TimePartitions;

/// A table, numbered from zero in the order of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub u8);

impl TableId {
    /// The table's place in a dense vector.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A column of a table, numbered from zero in the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId {
    /// The table.
    pub table: TableId,
    /// Its place in it.
    pub column: u8,
}

/// All tables, ready to be asked for any column of any row.
#[derive(Clone, Debug)]
pub struct Schema {
    tables: Vec<TableRules>,
}

impl Schema {
    /// Of tables that were checked, sharded by the column `key` or by their own; its columns differ from seed to seed.
    #[must_use]
    pub fn new(tables: &[Table], key: Option<&str>, seed: u64) -> Self {
        let rules = |table| TableRules::new(tables, table, key, seed);
        Self { tables: tables.iter().map(rules).collect() }
    }

    /// The same where partitions by time are cut into parts by a hash of that column.
    #[must_use]
    pub(crate) fn cut_by(mut self, by: &str, parts: u32) -> Self {
        for table in &mut self.tables {
            let place = table.columns.iter().position(|(name, _)| name == by);
            if let (ShardRule::Column(date), Some(by)) = (table.shards, place) {
                table.shards = ShardRule::Parts { date, by: by as u8, parts };
            }
        }
        self
    }

    /// The column by which the partitions of a table are cut into parts, and how many those are.
    #[must_use]
    pub(crate) fn parts_of(&self, table: TableId) -> Option<(ColumnId, u32)> {
        match self.tables[table.index()].shards {
            ShardRule::Parts { by, parts, .. } => Some((ColumnId { table, column: by }, parts)),
            _ => None,
        }
    }

    /// The tables.
    pub fn tables(&self) -> impl ExactSizeIterator<Item = TableId> + use<> {
        (0..self.tables.len()).map(|table| TableId(table as u8))
    }

    /// The table of that name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<TableId> {
        self.tables().find(|&table| self.name(table) == name)
    }

    /// The column of that name.
    #[must_use]
    pub fn column(&self, table: TableId, name: &str) -> Option<ColumnId> {
        let columns = &self.tables[table.index()].columns;
        let column = columns.iter().position(|(other, _)| other == name)?;
        Some(ColumnId { table, column: column as u8 })
    }

    /// A column's name.
    #[must_use]
    pub fn column_name(&self, column: ColumnId) -> &str {
        &self.tables[column.table.index()].columns[usize::from(column.column)].0
    }

    /// A table's name.
    #[must_use]
    pub fn name(&self, table: TableId) -> &str {
        &self.tables[table.index()].name
    }

    /// How many rows were loaded.
    #[must_use]
    #[inline]
    pub fn rows(&self, table: TableId) -> u64 {
        self.tables[table.index()].rows
    }

    /// Size of a row without what is copied into it or kept apart.
    #[must_use]
    pub fn own_bytes(&self, table: TableId) -> u32 {
        self.tables[table.index()].row_bytes
    }

    /// Size of a row with what is copied into it, and without what is kept apart.
    #[must_use]
    pub fn row_bytes(&self, table: TableId) -> u32 {
        let embedded = self.embeds(table).iter().filter_map(|&column| self.refers_to(column));
        self.own_bytes(table) + embedded.map(|other| self.own_bytes(other)).sum::<u32>()
    }

    /// Size of the part of each row that is kept apart.
    #[must_use]
    pub fn far_bytes(&self, table: TableId) -> u32 {
        self.tables[table.index()].far_bytes
    }

    /// The columns whose referred rows are copied into this table's rows.
    #[must_use]
    pub fn embeds(&self, table: TableId) -> &[ColumnId] {
        &self.tables[table.index()].embeds
    }

    /// The columns of other tables whose rows carry copies of this table's.
    pub fn carriers(&self, table: TableId) -> impl Iterator<Item = ColumnId> + '_ {
        let embedding = self.tables.iter().flat_map(|rules| rules.embeds.iter().copied());
        embedding.filter(move |&column| self.refers_to(column) == Some(table))
    }

    /// Whether a row and the one that its `column` refers to always live in the same shard.
    #[must_use]
    pub fn is_co_located(&self, column: ColumnId) -> bool {
        let Some(other) = self.refers_to(column) else { return false };
        let mine = match self.sharded_by(column.table) {
            Some(mine) if !self.is_id(mine) => mine,
            _ => return false,
        };
        match self.sharded_by(other).filter(|&theirs| !self.is_id(theirs)) {
            // The partner lives where its id leads, and so does whoever is sharded by the reference.
            None => !self.is_everywhere(other) && mine == column,
            // Or both by the same thing, which this one has from the partner.
            Some(theirs) => match self.rule(mine) {
                Rule::Copy { through, column: copied } => *copied == theirs && *through == column.column,
                _ => false,
            },
        }
    }

    /// Whether the value of `known` says that of `column` in every row: it is the row's own id, or what is copied
    /// through it.
    #[must_use]
    pub fn determines(&self, known: ColumnId, column: ColumnId) -> bool {
        let copied = matches!(self.rule(column), Rule::Copy { through, .. } if *through == known.column);
        known == column || self.is_id(known) || copied
    }

    /// The value that `column` has in the rows in which `known`, which determines it, has this value.
    #[must_use]
    pub fn determined(&self, (known, value): (ColumnId, u64), column: ColumnId) -> Option<u64> {
        if known == column {
            return Some(value);
        }
        if self.is_id(known) {
            return Some(self.value(column, self.row_of_id(known.table, value)));
        }
        match self.rule(column) {
            Rule::Copy { through, column: copied } if *through == known.column => {
                let other = self.refers_to(known)?;
                Some(self.value(*copied, self.row_of_id(other, value)))
            }
            _ => None,
        }
    }

    /// How many values a column may have that can be drawn one like the other, and what the first is; ids are of the
    /// loaded rows of the table that they are of.
    #[must_use]
    pub fn domain(&self, column: ColumnId) -> Domain {
        match self.rule(column) {
            Rule::Id => Domain::Ids(column.table),
            Rule::Reference { table, .. } | Rule::Parent { table, .. } => Domain::Ids(*table),
            Rule::Copy { column: copied, .. } => self.domain(*copied),
            Rule::Sequential { days } => Domain::Numbers { low: 0, count: *days },
            Rule::Number { low, span, .. } => Domain::Numbers { low: *low, count: *span },
            Rule::Category { sums, .. } => Domain::Numbers { low: 0, count: sums.len() as u64 },
        }
    }

    /// Whether every shard has a copy of the whole table.
    #[must_use]
    pub fn is_everywhere(&self, table: TableId) -> bool {
        matches!(self.tables[table.index()].shards, ShardRule::Everywhere)
    }

    /// The column that the table is sharded by, where it is one of its own and not its row's id.
    #[must_use]
    pub fn sharded_by(&self, table: TableId) -> Option<ColumnId> {
        match self.tables[table.index()].shards {
            ShardRule::Column(column) | ShardRule::Parts { date: column, .. } => {
                Some(ColumnId { table, column })
            }
            ShardRule::Id | ShardRule::Everywhere => None,
        }
    }

    /// The id of a row.
    #[must_use]
    #[inline]
    pub fn id(&self, table: TableId, row: u64) -> u64 {
        match self.tables[table.index()].ids {
            Ids::Sequential => row,
            Ids::Random => scatter(row),
        }
    }

    /// The row that has an id.
    #[must_use]
    pub fn row_of_id(&self, table: TableId, id: u64) -> u64 {
        match self.tables[table.index()].ids {
            Ids::Sequential => id,
            Ids::Random => gather(id),
        }
    }

    /// The row that a column refers to, with its table; `None` if it refers to none.
    #[must_use]
    pub fn referred(&self, column: ColumnId, row: u64) -> Option<(TableId, u64)> {
        match self.rule(column) {
            Rule::Reference { table, law, stream } => {
                Some((*table, law.choose(word(*stream, row), self.rows(*table))))
            }
            Rule::Parent { table, per_parent } => Some((*table, row / per_parent)),
            Rule::Copy { through, column: copied } => {
                let through = ColumnId { column: *through, ..column };
                self.referred(*copied, self.referred(through, row)?.1)
            }
            Rule::Id | Rule::Sequential { .. } | Rule::Number { .. } | Rule::Category { .. } => None,
        }
    }

    /// The table that a column refers to.
    #[must_use]
    pub fn refers_to(&self, column: ColumnId) -> Option<TableId> {
        match self.rule(column) {
            Rule::Copy { column: copied, .. } => self.refers_to(*copied),
            Rule::Reference { table, .. } | Rule::Parent { table, .. } => Some(*table),
            Rule::Id | Rule::Sequential { .. } | Rule::Number { .. } | Rule::Category { .. } => None,
        }
    }

    /// Whether it is the table's own id.
    #[must_use]
    pub fn is_id(&self, column: ColumnId) -> bool {
        matches!(self.rule(column), Rule::Id)
    }

    /// What a query asks for, if it names one thing: a row by its id, the newest that it found, or all rows with one
    /// value in a column. An id goes before the column that rows are sharded by, and that before any other.
    #[must_use]
    pub fn named(&self, matching: &Matching, newest: Option<u64>) -> Option<u64> {
        let table = matching.table;
        let exact = || matching.bounds.iter().filter(|bound| bound.low == bound.high);
        if exact().any(|bound| self.is_id(bound.column)) {
            return newest.map(|row| row_key(table, row));
        }
        let is_place = |bound: &&Bound| matches!(self.tables[table.index()].shards, ShardRule::Column(column) if column == bound.column.column);
        match exact().find(is_place) {
            Some(bound) => Some(value_key(table, bound.low)),
            None => exact().next().and_then(|bound| named_key(bound.column, bound.low)),
        }
    }

    /// The value of a column in a row, loaded or not.
    #[must_use]
    #[inline]
    pub fn value(&self, column: ColumnId, row: u64) -> u64 {
        match self.rule(column) {
            Rule::Id => self.id(column.table, row),
            Rule::Reference { table, law, stream } => {
                self.id(*table, law.choose(word(*stream, row), self.rows(*table)))
            }
            Rule::Copy { through, column: copied } => {
                let through = ColumnId { column: *through, ..column };
                let (_, other) = self.referred(through, row).expect("a copy goes through a reference");
                self.value(*copied, other)
            }
            Rule::Parent { table, per_parent } => self.id(*table, row / per_parent),
            Rule::Sequential { days } => {
                (u128::from(row) * u128::from(*days) / u128::from(self.rows(column.table))) as u64
            }
            Rule::Number { low, span, stream } => low + below(word(*stream, row), *span),
            Rule::Category { sums, stream } => {
                let place = unit(word(*stream, row)) * sums[sums.len() - 1];
                sums.partition_point(|&sum| sum <= place).min(sums.len() - 1) as u64
            }
        }
    }

    /// The value by which a row finds its shard; `None` of a table that is everywhere.
    #[must_use]
    #[inline]
    pub fn shard_value(&self, table: TableId, row: u64) -> Option<u64> {
        match self.tables[table.index()].shards {
            ShardRule::Id => Some(self.id(table, row)),
            ShardRule::Column(column) => Some(self.value(ColumnId { table, column }, row)),
            ShardRule::Parts { date, by, parts } => {
                let value = |column| self.value(ColumnId { table, column }, row);
                Some(TimePartitions::position(value(date), value(by), parts))
            }
            ShardRule::Everywhere => None,
        }
    }

    /// What a partitioner is to go by, for any key.
    #[must_use]
    #[inline]
    pub(crate) fn place(&self, key: u64) -> Place {
        match address(key) {
            Address::Row { table, row, .. } if table.index() >= self.tables.len() => Place::Value(table, row),
            Address::Row { table, row, far } => match self.shard_value(table, row) {
                Some(value) if far => Place::Beside(table, value),
                Some(value) => Place::Value(table, value),
                // Whoever asks for no copy in particular is sent to the one that its id would lead to.
                None => Place::Value(table, self.id(table, row)),
            },
            Address::Copy { shard, .. } => Place::Shard(shard),
            Address::Value { table, value } => Place::Value(table, value),
            Address::Named { .. } | Address::Other => Place::Key(key),
        }
    }

    /// The row, counted from the most popular, scattered over the table: a bijection of the loaded rows.
    #[must_use]
    pub fn popular(&self, table: TableId, rank: u64) -> u64 {
        scattered_rank(rank, self.rows(table))
    }

    /// The keys of all rows that were loaded.
    #[must_use]
    pub fn loaded(&self) -> Loaded {
        Loaded::new(self.tables().map(|table| row_key(table, 0)..row_key(table, self.rows(table))))
    }

    /// Where a row stands among all of them: those that were loaded table by table, then those that were inserted.
    /// `None` for keys that are no rows.
    #[must_use]
    pub fn position(&self, key: u64) -> Option<u64> {
        let (Address::Row { table, row, .. } | Address::Copy { table, row, .. }) = address(key) else {
            return None;
        };
        let before =
            |table: TableId| self.tables[..table.index()].iter().map(|table| table.rows).sum::<u64>();
        match self.tables.get(table.index()) {
            None => None,
            Some(rules) if row < rules.rows => Some(before(table) + row),
            Some(rules) => {
                let all = before(TableId(self.tables.len() as u8));
                Some(all + (row - rules.rows) * self.tables.len() as u64 + u64::from(table.0))
            }
        }
    }

    /// Size of a loaded row, mean over all of them, at least one.
    #[must_use]
    pub fn mean_row_bytes(&self) -> u32 {
        let bytes: u128 =
            self.tables().map(|table| u128::from(self.rows(table)) * u128::from(self.row_bytes(table))).sum();
        let rows: u128 = self.tables.iter().map(|table| u128::from(table.rows)).sum();
        (bytes / rows.max(1)).max(1) as u32
    }

    fn rule(&self, column: ColumnId) -> &Rule {
        &self.tables[column.table.index()].columns[usize::from(column.column)].1
    }
}

/// The values that a column may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// The ids of a table's rows.
    Ids(TableId),
    /// So many numbers from this one up.
    Numbers {
        /// The first.
        low: u64,
        /// How many.
        count: u64,
    },
}

/// Where a key lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where the table's strategy puts this.
    Value(TableId, u64),
    /// In the shard after that one.
    Beside(TableId, u64),
    /// Where the strategy puts this, which is no row.
    Key(u64),
    /// There.
    Shard(ShardId),
}

#[cfg(test)]
mod tests {
    use super::super::keys::{far_key, value_key};
    use super::*;
    use crate::tables::sample;

    fn column(schema: &Schema, table: &str, column: &str) -> ColumnId {
        schema.column(schema.table(table).expect("a table"), column).expect("a column")
    }

    #[test]
    fn columns_correlate_as_their_rules_say() {
        let schema = Schema::new(&sample(), Some("customer_id"), 7);
        let of = |table, name| column(&schema, table, name);
        assert_eq!(schema.rows(of("items", "order_id").table), 1_800);
        for order in 0..700 {
            let (table, customer) = schema.referred(of("orders", "customer_id"), order).expect("a customer");
            assert!(customer < schema.rows(table));
            assert_eq!(schema.value(of("orders", "customer_id"), order), customer);
            assert_eq!(
                schema.value(of("orders", "region"), order),
                schema.value(of("customers", "region"), customer)
            );
            for item in 3 * order..3 * order + 3 {
                assert_eq!(schema.value(of("items", "order_id"), item), order);
                assert_eq!(schema.value(of("items", "customer_id"), item), customer);
            }
        }
        let dates =
            |rows: std::ops::Range<u64>| rows.map(|row| schema.value(of("orders", "order_date"), row));
        assert!(dates(0..600).is_sorted() && dates(599..601).eq([29, 30]));
        assert_eq!(
            schema.value(of("orders", "order_date"), 600),
            30,
            "what is inserted comes after the last day"
        );
    }

    #[test]
    fn categories_come_by_weight_and_zipfian_references_by_popularity() {
        let mut tables = sample();
        tables[2].rows = 100_000;
        tables[0].rows = 20_000;
        let schema = Schema::new(&tables, None, 3);
        let region = column(&schema, "customers", "region");
        let mut regions = [0; 3];
        (0..20_000).for_each(|row| regions[schema.value(region, row) as usize] += 1);
        for (count, share) in regions.iter().zip([0.5, 0.3, 0.2]) {
            assert!((f64::from(*count) / 20_000.0 - share).abs() < 0.02, "{regions:?}");
        }
        let customer = column(&schema, "orders", "customer_id");
        let most = schema.id(TableId(0), schema.popular(TableId(0), 0));
        let of_most = (0..100_000).filter(|&row| schema.value(customer, row) == most).count();
        let expected = 100_000.0 / crate::workload::keys::zeta(20_000, 0.8);
        assert!((of_most as f64 / expected - 1.0).abs() < 0.1, "{of_most}, not {expected}");
    }

    #[test]
    fn rows_of_one_value_live_together_and_their_far_parts_beside_them() {
        let schema = Schema::new(&sample(), Some("customer_id"), 7);
        let [customers, orders] = ["customers", "orders"].map(|name| schema.table(name).expect("a table"));
        let customer = schema.value(column(&schema, "orders", "customer_id"), 17);
        for (table, key) in [
            (orders, row_key(orders, 17)),
            (customers, row_key(customers, customer)),
            (customers, value_key(customers, customer)),
        ] {
            assert_eq!(schema.place(key), Place::Value(table, customer));
        }
        assert_eq!(schema.place(far_key(orders, 17)), Place::Beside(orders, customer));
    }

    #[test]
    fn another_seed_has_other_rows() {
        let value = |seed| {
            let schema = Schema::new(&sample(), None, seed);
            (0..100)
                .map(|row| schema.value(column(&schema, "orders", "customer_id"), row))
                .collect::<Vec<_>>()
        };
        assert_eq!(value(1), value(1));
        assert_ne!(value(1), value(2));
    }
}
