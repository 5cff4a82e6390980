//! The rules of tables: what the file says of each, with names looked up and streams drawn, ready to be asked row by row.

use std::sync::Arc;

use shardlab_sim::Random;

use super::{Column, ColumnId, DateOrder, Ids, Popularity, Table, TableId};
use crate::hash::mix;
use crate::workload::keys::Gray;

#[derive(Clone, Debug)]
pub(super) struct TableRules {
    pub name: String,
    pub rows: u64,
    pub row_bytes: u32,
    pub far_bytes: u32,
    /// Columns whose referred rows it carries along.
    pub embeds: Vec<ColumnId>,
    pub ids: Ids,
    pub columns: Vec<(String, Rule)>,
    pub shards: ShardRule,
}

/// How a table's rows find their shard.
#[derive(Clone, Copy, Debug)]
pub(super) enum ShardRule {
    /// By the row's own id.
    Id,
    Column(u8),
    /// By a day, and by a hash of another column which part of its partition.
    Parts {
        date: u8,
        by: u8,
        parts: u32,
    },
    /// In all of them.
    Everywhere,
}

#[derive(Clone, Debug)]
pub(super) enum Rule {
    Id,
    Reference {
        table: TableId,
        law: Law,
        stream: u64,
    },
    Copy {
        through: u8,
        column: ColumnId,
    },
    Parent {
        table: TableId,
        per_parent: u64,
    },
    Sequential {
        days: u64,
    },
    Number {
        low: u64,
        span: u64,
        stream: u64,
    },
    /// The sums of weights up to and including each.
    Category {
        sums: Arc<[f64]>,
        stream: u64,
    },
}

/// Which of so many rows is referred to.
#[derive(Clone, Debug)]
pub(super) enum Law {
    Uniform,
    Zipfian(Arc<Gray>),
}

impl TableRules {
    /// Of one of these tables, which were checked.
    pub fn new(tables: &[Table], table: &Table, key: Option<&str>, seed: u64) -> Self {
        Self {
            name: table.name.clone(),
            rows: rows(tables, table),
            row_bytes: table.row_bytes,
            far_bytes: table.far_bytes,
            embeds: embeds(tables, table),
            ids: table.ids,
            columns: table
                .columns
                .iter()
                .map(|(name, column)| (name.clone(), rule(tables, table, name, column, seed)))
                .collect(),
            shards: shard_rule(table, key),
        }
    }
}

/// The golden ratio of 2⁶⁴: SplitMix64's step from one word to the next (Steele, Lea & Flood 2014).
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A word for a row of a column.
pub(super) const fn word(stream: u64, row: u64) -> u64 {
    mix(stream.wrapping_add((row + 1).wrapping_mul(STEP)))
}

/// In `0.0..1.0`.
pub(super) fn unit(word: u64) -> f64 {
    (word >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
}

/// Below `bound`.
pub(super) fn below(word: u64, bound: u64) -> u64 {
    ((u128::from(word) * u128::from(bound)) >> 64) as u64
}

impl Law {
    pub fn choose(&self, word: u64, rows: u64) -> u64 {
        match self {
            Self::Uniform => below(word, rows),
            Self::Zipfian(law) => scattered_rank(law.at(unit(word)), rows),
        }
    }
}

/// Multiplies by a number near the golden section that has no divisor in common with `rows`, modulo `rows`.
pub(super) fn scattered_rank(rank: u64, rows: u64) -> u64 {
    (u128::from(rank) * u128::from(coprime_near_golden(rows)) % u128::from(rows)) as u64
}

fn coprime_near_golden(rows: u64) -> u64 {
    let golden = ((u128::from(rows) * u128::from(STEP)) >> 64) as u64;
    (golden.max(1)..).find(|&factor| gcd(factor, rows) == 1).expect("primes are without end")
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Rows at the start: the table's own number, or as many as its parents' have.
pub(super) fn rows(tables: &[Table], table: &Table) -> u64 {
    let parent = table.columns.values().find_map(|column| match column {
        Column::Parent { table, per_parent } => Some((table, *per_parent)),
        _ => None,
    });
    match parent {
        None => table.rows,
        Some((parent, per_parent)) => {
            // A parent comes earlier in the file, so that this comes to an end.
            let place = tables.iter().position(|other| other.name == *parent);
            place.map_or(0, |place| rows(&tables[..place], &tables[place]).saturating_mul(per_parent))
        }
    }
}

fn embeds(tables: &[Table], table: &Table) -> Vec<ColumnId> {
    let place = tables.iter().position(|other| other.name == table.name);
    let table_id = TableId(place.expect("the table is one of them") as u8);
    let column = |name: &String| ColumnId {
        table: table_id,
        column: table.columns.get_index_of(name).expect("a checked table embeds through its columns") as u8,
    };
    table.embeds.iter().map(column).collect()
}

fn shard_rule(table: &Table, key: Option<&str>) -> ShardRule {
    if table.reference {
        return ShardRule::Everywhere;
    }
    let column = table.shard_by.as_deref().or(key);
    let place = column.and_then(|column| table.columns.get_index_of(column));
    place.map_or(ShardRule::Id, |place| ShardRule::Column(place as u8))
}

fn rule(tables: &[Table], table: &Table, name: &str, column: &Column, seed: u64) -> Rule {
    let stream = || Random::new(seed, &format!("table.{}.{name}", table.name), 0).next_u64();
    let id_of = |name: &str| {
        let place = tables.iter().position(|other| other.name == name);
        TableId(place.expect("a checked column refers to a table") as u8)
    };
    match column {
        Column::Id => Rule::Id,
        Column::Reference { table, chooser } => {
            let table = id_of(table);
            let law = law(*chooser, rows(tables, &tables[table.index()]));
            Rule::Reference { table, law, stream: stream() }
        }
        Column::Copy { through, column } => {
            let (through, table) = through_to(table, through);
            let table = id_of(table);
            let place = tables[table.index()].columns.get_index_of(column.as_str());
            let column = place.expect("a checked copy is of a column") as u8;
            Rule::Copy { through, column: ColumnId { table, column } }
        }
        Column::Parent { table, per_parent } => Rule::Parent { table: id_of(table), per_parent: *per_parent },
        Column::Date { days, order: DateOrder::Sequential } => Rule::Sequential { days: *days },
        Column::Date { days, order: DateOrder::Random } => {
            Rule::Number { low: 0, span: *days, stream: stream() }
        }
        Column::Number { low, high } => Rule::Number { low: *low, span: high - low + 1, stream: stream() },
        Column::Category(weights) => {
            let sums = weights.values().scan(0.0, |sum, weight| {
                *sum += weight;
                Some(*sum)
            });
            Rule::Category { sums: sums.collect(), stream: stream() }
        }
    }
}

/// The place of a column that refers to another table, and that table's name.
fn through_to<'a>(table: &'a Table, through: &str) -> (u8, &'a str) {
    let (place, _, column) = table.columns.get_full(through).expect("a checked copy goes through a column");
    (place as u8, super::checks::target(column).expect("a checked copy goes through a reference"))
}

fn law(popularity: Popularity, rows: u64) -> Law {
    match popularity {
        Popularity::Uniform => Law::Uniform,
        Popularity::Zipfian(theta) => Law::Zipfian(Arc::new(Gray::new(rows, theta))),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn popularity_goes_to_every_row_once(rows in 1_u64..500) {
            let mut popular: Vec<u64> = (0..rows).map(|rank| scattered_rank(rank, rows)).collect();
            popular.sort_unstable();
            prop_assert_eq!(popular, (0..rows).collect::<Vec<_>>());
        }
    }
}
