//! Queries, as a workload has them.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shardlab_sim::Duration;

use super::{Column, Table};

/// One `[[workload.query]]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Query {
    /// Its name, for tables and pictures.
    pub name: String,
    /// How often it comes; only the proportions matter.
    #[serde(default = "default_weight")]
    pub weight: f64,
    /// What it does.
    pub kind: QueryKind,
    /// The table.
    pub table: String,
    /// Which rows: all for which every column is as said.
    #[serde(default, rename = "where", skip_serializing_if = "IndexMap::is_empty")]
    pub predicates: IndexMap<String, Predicate>,
    /// Columns whose values the application knows of these rows besides, and says: a router can go by them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// Most rows that are returned, the newest.
    #[serde(default = "default_limit")]
    pub limit: u32,
    /// What each row is joined with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub join: Option<Join>,
    /// Whether it needs the part of the rows that is kept apart too (`far-bytes` of the table).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub far: bool,
    /// Of a count of everything: answered from a summary that is made anew this often, at least 1ms apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Duration>,
}

impl Query {
    /// Whether it reads what judges of single keys look at: the row with one id, or a summary.
    #[must_use]
    pub fn reads_one(&self, tables: &[Table]) -> bool {
        let table = tables.iter().find(|table| table.name == self.table);
        let is_id = |name: &String| {
            table.is_some_and(|table| matches!(table.columns.get(name.as_str()), Some(Column::Id)))
        };
        let by_id =
            self.predicates.iter().any(|(name, one)| is_id(name) && matches!(one, Predicate::Equals(_)));
        self.summary.is_some() || (self.kind == QueryKind::Select && by_id)
    }

    /// Whether it changes rows.
    #[must_use]
    pub fn writes(&self) -> bool {
        matches!(self.kind, QueryKind::Update | QueryKind::Insert)
    }
}

fn default_weight() -> f64 {
    1.0
}

fn default_limit() -> u32 {
    // As many as YCSB's longest scan.
    100
}

/// What a query does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QueryKind {
    /// Returns rows.
    Select,
    /// Returns how many there are.
    Count,
    /// Overwrites the row with this id.
    Update,
    /// Writes a new row.
    Insert,
}

/// Which values of a column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Predicate {
    /// One, which is drawn for each query.
    Equals(Pick),
    /// The last so many up to one that is drawn, itself included: days, numbers.
    #[serde(rename_all = "kebab-case")]
    Within {
        /// How many.
        width: u64,
        /// Up to which.
        #[serde(default)]
        until: Pick,
    },
    /// The category of this name.
    Is(String),
}

/// How a value is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Pick {
    /// That of a row, each alike: values are asked for as often as rows have them.
    #[default]
    Rows,
    /// Each value alike.
    Uniform,
    /// An id by Zipf's law, with the same rows popular that references find popular.
    Zipfian(f64),
    /// That of a row by Zipf's law, the newest most often.
    Latest(f64),
}

/// What each row is joined with, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Join {
    /// The column that refers to the partner.
    pub column: String,
    /// How the partner is found.
    pub way: JoinWay,
}

/// The four ways to join what may live in different shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum JoinWay {
    /// The application asks for the rows, and then for their partners where those live: a second round trip.
    Application,
    /// The rows carry a copy of their partners' columns (`embeds` of the table); who changes a partner changes them all.
    Denormalised,
    /// The partners' table is everywhere (`reference` of that table); who changes a partner changes all its copies.
    Reference,
    /// Both tables are sharded so that partners live together.
    CoLocated,
}

impl JoinWay {
    /// Its name in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Denormalised => "denormalised",
            Self::Reference => "reference",
            Self::CoLocated => "co-located",
        }
    }
}
