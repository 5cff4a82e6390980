//! Queries that were looked up in the schema, ready to be drawn and asked.

use super::query::{JoinWay, Pick, Predicate, Query, QueryKind};
use super::query_checks::base;
use super::{Column, ColumnId, Schema, Table, TableId};
use crate::config::Config;

/// A query of some workload, numbered over all of them in the order of the file.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Its name.
    pub name: String,
    /// The workload's place in the configuration.
    pub workload: usize,
    /// How often it comes.
    pub weight: f64,
    /// What it does.
    pub kind: QueryKind,
    /// The table.
    pub table: TableId,
    /// Which rows.
    pub predicates: Vec<(ColumnId, Wanted)>,
    /// Columns that are said besides.
    pub also: Vec<ColumnId>,
    /// Most rows that are returned.
    pub limit: u32,
    /// The column that refers to the partner, and how that is found.
    pub join: Option<(ColumnId, JoinWay)>,
    /// Whether the parts that are kept apart are needed.
    pub far: bool,
    /// How often its summary is made anew, in ns.
    pub summary_ns: Option<u64>,
}

/// Which values of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted {
    /// So many, up to one that is drawn.
    Drawn {
        /// How many.
        width: u64,
        /// Up to which.
        pick: Pick,
    },
    /// This one.
    Fixed(u64),
}

impl Statement {
    /// All statements of a checked configuration.
    #[must_use]
    pub fn all(config: &Config, schema: &Schema) -> Vec<Self> {
        let workloads = config.workloads.iter().enumerate();
        let of = |(place, workload): (usize, &'_ crate::workload::Workload)| {
            workload.queries.iter().map(|query| Self::new(config, schema, place, query)).collect::<Vec<_>>()
        };
        workloads.flat_map(of).collect()
    }

    fn new(config: &Config, schema: &Schema, workload: usize, query: &Query) -> Self {
        let table = schema.table(&query.table).expect("a checked query is of a table");
        let column = |name: &str| schema.column(table, name).expect("a checked query names columns");
        let wanted = |(name, predicate): (&String, &Predicate)| {
            (column(name), wanted(&config.tables, &config.tables[table.index()], name, predicate))
        };
        Self {
            name: query.name.clone(),
            workload,
            weight: query.weight,
            kind: query.kind,
            table,
            predicates: query.predicates.iter().map(wanted).collect(),
            also: query.also.iter().map(|name| column(name)).collect(),
            limit: query.limit,
            join: query.join.as_ref().map(|join| (column(&join.column), join.way)),
            far: query.far,
            summary_ns: query.summary.map(|interval| interval.as_ns()),
        }
    }

    /// The columns that it goes by, those that are said besides last.
    pub fn columns(&self) -> impl Iterator<Item = ColumnId> + '_ {
        self.predicates.iter().map(|&(column, _)| column).chain(self.also.iter().copied())
    }
}

fn wanted(tables: &[Table], table: &Table, column: &str, predicate: &Predicate) -> Wanted {
    match predicate {
        Predicate::Equals(pick) => Wanted::Drawn { width: 1, pick: *pick },
        Predicate::Within { width, until } => Wanted::Drawn { width: *width, pick: *until },
        Predicate::Is(category) => {
            let Column::Category(weights) = base(tables, table, &table.columns[column]) else {
                unreachable!("a checked query names a category of a column that has them");
            };
            Wanted::Fixed(
                weights.get_index_of(category.as_str()).expect("a checked query names a category") as u64
            )
        }
    }
}
