//! Tables: rows with columns, spread over shards by one of them.
//!
//! A row's key is its table's number and its own (see [`keys`]), and **every column is a pure function of the schema's
//! seed, the table and the row**, for rows that were loaded and for rows that are inserted later. So any node, and any
//! partitioner, knows any column of any row from its key, and nothing is stored but an index of what was loaded.
//! Columns correlate as their rules say: a column that is copied through a reference is that of the row referred to.
//! What a write changes is the row's version; columns never change.

pub(crate) mod checks;
mod find;
mod index;
mod inserted;
pub mod keys;
mod query;
pub(crate) mod query_checks;
mod rules;
mod scatter;
pub(crate) mod schema;
mod statement;

use std::sync::Arc;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use find::Within;
pub use find::{Bound, Found, Matching};
pub use index::ColumnIndex;
pub use inserted::Inserted;
pub use query::{Join, JoinWay, Pick, Predicate, Query, QueryKind};
pub use schema::{ColumnId, Schema, TableId};
pub use statement::{Statement, Wanted};

use crate::config::{Checks, Config};
use crate::sharding::{Partitioner, Shards, Strategy};

/// All that is known of tables and never changes; shared by everyone in a world.
#[derive(Clone, Debug)]
pub struct Tables {
    /// What rows are.
    pub schema: Arc<Schema>,
    /// All queries of all workloads.
    pub statements: Vec<Statement>,
    /// Of every column that a query goes by.
    pub indices: Vec<ColumnIndex>,
    /// The shard that each loaded row of each table lives in at the beginning.
    placed: Vec<Vec<u32>>,
    /// How many of each table's that are, by shard.
    counts: Vec<Vec<u64>>,
}

impl Tables {
    /// Of a checked configuration, whose rows live where `partitioner` says at the beginning.
    #[must_use]
    pub fn new(config: &Config, schema: &Arc<Schema>, partitioner: &Partitioner) -> Self {
        let statements = Statement::all(config, schema);
        let embedded = schema.tables().flat_map(|table| schema.embeds(table).to_vec());
        let mut columns: Vec<ColumnId> =
            statements.iter().flat_map(Statement::columns).chain(embedded).collect();
        columns.sort_unstable();
        columns.dedup();
        let indices = columns.into_iter().map(|column| ColumnIndex::new(schema, column)).collect();
        let shard_of = |table, row| partitioner.shard_of(keys::row_key(table, row)).0;
        let place = |table| (0..schema.rows(table)).map(|row| shard_of(table, row)).collect();
        let placed: Vec<Vec<u32>> = schema.tables().map(place).collect();
        let counts = placed.iter().map(|shards| {
            let mut counts = vec![0; partitioner.count() as usize];
            shards.iter().for_each(|&shard| counts[shard as usize] += 1);
            counts
        });
        Self { counts: counts.collect(), schema: Arc::clone(schema), statements, indices, placed }
    }

    /// The index of a column, by its number.
    pub(crate) fn index_of(&self, column: ColumnId) -> Option<usize> {
        self.indices.iter().position(|index| index.column == column)
    }
}

/// Refuses tables that are none, and queries that ask for what is not there.
pub(crate) fn check(config: &Config, checks: &mut Checks) {
    let before = checks.count_so_far();
    checks::check(config, checks);
    // Queries are looked up in tables that can be built.
    if checks.count_so_far() == before {
        query_checks::check(config, checks);
    }
}

/// How many rows are loaded.
pub(crate) fn loaded_rows(tables: &[Table]) -> u64 {
    tables.iter().map(|table| rules::rows(tables, table)).fold(0, u64::saturating_add)
}

/// One `[[table]]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Table {
    /// Its name, for queries and references.
    pub name: String,
    /// Rows that are there at the start; of a table whose rows belong to others' (`parent`) it follows from those.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rows: u64,
    /// Size of a row, without what is kept apart.
    #[serde(default = "default_row_bytes")]
    pub row_bytes: u32,
    /// Size of the part of each row that is kept in another shard: a vertical split over two stores.
    #[serde(default, skip_serializing_if = "is_zero_bytes")]
    pub far_bytes: u32,
    /// How rows get their ids.
    #[serde(default)]
    pub ids: Ids,
    /// Its columns by name.
    #[serde(default)]
    pub columns: IndexMap<String, Column>,
    /// The column that decides which shard a row lives in, where that is not the one of `sharding.key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_by: Option<String>,
    /// How its rows find their shard, where that is not `sharding.strategy`; over the same shards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// Columns whose referred rows are copied into this table's rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub embeds: Vec<String>,
    /// Whether every shard has a copy of the whole table; a write goes to all of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reference: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(rows: &u64) -> bool {
    *rows == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero_bytes(bytes: &u32) -> bool {
    *bytes == 0
}

fn default_row_bytes() -> u32 {
    // YCSB's default record: 10 fields of 100 bytes.
    1_000
}

/// How rows get their ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ids {
    /// From zero up, as an auto-increment gives them: what is new is neighbours.
    #[default]
    Sequential,
    /// Scattered over 40 bits, each once, as random UUIDs are: what is new is anywhere.
    Random,
}

/// Where a column's values come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Column {
    /// The row's own id.
    Id,
    /// The id of a row of another table, which was loaded.
    #[serde(rename_all = "kebab-case")]
    Reference {
        /// That table.
        table: String,
        /// How popular each of its rows is.
        #[serde(default)]
        chooser: Popularity,
    },
    /// A column of the row that another column refers to.
    #[serde(rename_all = "kebab-case")]
    Copy {
        /// The column of this table that refers to it.
        through: String,
        /// The column of that table.
        column: String,
    },
    /// The id of the row that this one belongs to: the first few rows to the first, and so on.
    #[serde(rename_all = "kebab-case")]
    Parent {
        /// That row's table.
        table: String,
        /// How many rows belong to each.
        per_parent: u64,
    },
    /// A day, counted from zero.
    #[serde(rename_all = "kebab-case")]
    Date {
        /// Over how many days the loaded rows are spread: days 0 to `days` − 1.
        days: u64,
        /// Row by row, or drawn; it decides what day rows are of that come later.
        #[serde(default)]
        order: DateOrder,
    },
    /// One of these, by weight; as a number, its place in this list.
    Category(IndexMap<String, f64>),
    /// A whole number from `low` up to and including `high`, each alike.
    #[serde(rename_all = "kebab-case")]
    Number {
        /// The least.
        low: u64,
        /// The most.
        high: u64,
    },
}

/// How popular each row is that is referred to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Popularity {
    /// All alike.
    #[default]
    Uniform,
    /// Zipf's law by Gray et al.'s approximation, with an exponent below one; popular rows are scattered over the table.
    Zipfian(f64),
}

/// In which order dates come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DateOrder {
    /// Later rows have later dates; what is inserted goes on after the last day, at as many rows a day.
    #[default]
    Sequential,
    /// Each day is as likely, for rows that are inserted too: none is of a later day. Where partitions by time are given
    /// up, such rows may be of days that are gone, and are refused.
    Random,
}

/// A schema of a few small tables that refer to each other, for unit tests.
#[cfg(test)]
pub(crate) fn sample() -> Vec<Table> {
    let table = |name: &str, rows, columns: &[(&str, Column)]| Table {
        name: name.into(),
        rows,
        row_bytes: 100,
        far_bytes: 0,
        ids: Ids::Sequential,
        columns: columns.iter().map(|(name, column)| ((*name).into(), column.clone())).collect(),
        shard_by: None,
        strategy: None,
        embeds: Vec::new(),
        reference: false,
    };
    let refer = |table: &str, chooser: Popularity| Column::Reference { table: table.into(), chooser };
    let regions = [("eu", 5.0), ("us", 3.0), ("asia", 2.0)].map(|(name, weight)| (name.to_owned(), weight));
    vec![
        table("customers", 50, &[("customer_id", Column::Id), ("region", Column::Category(regions.into()))]),
        table("products", 40, &[("product_id", Column::Id), ("price", Column::Number { low: 1, high: 9 })]),
        table(
            "orders",
            600,
            &[
                ("order_id", Column::Id),
                ("customer_id", refer("customers", Popularity::Zipfian(0.8))),
                ("product_id", refer("products", Popularity::Uniform)),
                ("order_date", Column::Date { days: 30, order: DateOrder::Sequential }),
                ("region", Column::Copy { through: "customer_id".into(), column: "region".into() }),
            ],
        ),
        table(
            "items",
            0,
            &[
                ("order_id", Column::Parent { table: "orders".into(), per_parent: 3 }),
                ("customer_id", Column::Copy { through: "order_id".into(), column: "customer_id".into() }),
                ("seen", Column::Date { days: 30, order: DateOrder::Random }),
            ],
        ),
    ]
}
