//! What tables must be for their columns to be functions of their rows.

use std::collections::BTreeSet;

use super::keys::{MOST_COPIES, MOST_TABLES, MOST_VALUES};
use super::rules::rows;
use super::{Column, Popularity, Table};
use crate::config::{Checks, Config, closest};

/// Most rows that are loaded: what is indexed is indexed with 32 bits.
const MOST_ROWS: u64 = 1 << 30;
/// Most columns of a table.
const MOST_COLUMNS: u64 = 64;
/// Most days, and the largest number: they may be what rows are sharded by.
const LARGEST: u64 = MOST_VALUES - 1;

pub(crate) fn check(config: &Config, checks: &mut Checks) {
    let tables = &config.tables;
    if tables.len() > MOST_TABLES {
        checks.refuse(
            "table",
            format!("{} tables are too many", tables.len()),
            format!("give at most {MOST_TABLES}"),
        );
    }
    let mut names = BTreeSet::new();
    for (place, table) in tables.iter().enumerate() {
        if !names.insert(&table.name) {
            let message = format!("two tables are named `{}`", table.name);
            checks.refuse(path(table, "name"), message, "give each a name of its own");
        }
        check_table(&tables[..place], table, checks);
    }
    check_key(config, checks);
    check_copies(config, checks);
    check_sharding(config, checks);
    tables.iter().for_each(|table| check_strategy(config, table, checks));
}

/// A strategy of a table's own is over the same shards.
fn check_strategy(config: &Config, table: &Table, checks: &mut Checks) {
    let Some(strategy) = &table.strategy else { return };
    let (at, before) = (path(table, "strategy"), checks.count_so_far());
    strategy.check(&at, config.cluster.servers, checks);
    if checks.count_so_far() > before {
        return;
    }
    let (mine, all) =
        (strategy.shards(config.cluster.servers), config.sharding.shards(config.cluster.servers));
    if strategy.directory().is_some() || strategy.reshapes().is_some() {
        checks.refuse(
            at,
            "rows of tables are not looked up, and their ranges do not split",
            "take another strategy",
        );
    } else if strategy.time_partitions().is_some() || config.sharding.strategy.maintenance().is_some() {
        let message = "shards come and go with all partitions by time, and with no table's own";
        checks.refuse(at, message, "give the strategy in `sharding.strategy`, for all tables");
    } else if mine != all {
        let other = ("sharding.strategy", format!("there are {all} shards"));
        checks.clash(at, format!("would be over {mine} shards"), other, "give both as many");
    }
}

/// Sharding that asks for keys where rows would have to be asked for.
fn check_sharding(config: &Config, checks: &mut Checks) {
    if config.tables.is_empty() {
        return;
    }
    let help = "take another strategy for tables, or give keys instead of tables";
    if config.sharding.strategy.directory().is_some() {
        let other = ("sharding.strategy", "groups of keys are looked up");
        checks.clash("table", "queries are not looked up in a directory", other, help);
    }
    if config.sharding.strategy.reshapes().is_some() {
        let other = ("sharding.strategy", "ranges of keys split and merge");
        checks.clash("table", "ranges of a column's values do not split", other, help);
    }
    if config.sharding.residency.is_some() {
        let other = ("sharding.residency", "rules on keys");
        checks.clash("table", "rows of tables have no residency", other, help);
    }
}

/// Every copy of a reference table has a key of its own, with the shard's number in it.
fn check_copies(config: &Config, checks: &mut Checks) {
    let shards = config.sharding.shards(config.cluster.servers);
    for table in config.tables.iter().filter(|table| table.reference) {
        if shards > MOST_COPIES {
            let other = ("sharding.strategy", format!("there are {shards} shards"));
            let help = format!("give at most {MOST_COPIES} shards, or leave `reference` out");
            checks.clash(path(table, "reference"), "every shard would have a copy", other, help);
        }
    }
}

fn path(table: &Table, setting: &str) -> String {
    format!("table.{}.{setting}", table.name)
}

fn check_table(earlier: &[Table], table: &Table, checks: &mut Checks) {
    check_rows(earlier, table, checks);
    let count = table.columns.len() as u64;
    if count > MOST_COLUMNS {
        let message = format!("{count} columns are too many");
        checks.refuse(path(table, "columns"), message, format!("give at most {MOST_COLUMNS}"));
    }
    for (name, column) in &table.columns {
        check_column(earlier, table, name, column, checks);
    }
    if let Some(wanted) = &table.shard_by
        && !table.columns.contains_key(wanted)
    {
        let message = format!("`{}` has no column `{wanted}`", table.name);
        checks.refuse(path(table, "shard-by"), message, known(wanted, table.columns.keys(), "columns"));
    }
    for name in &table.embeds {
        match table.columns.get(name.as_str()) {
            None => {
                let message = format!("`{}` has no column `{name}`", table.name);
                checks.refuse(path(table, "embeds"), message, known(name, table.columns.keys(), "columns"));
            }
            Some(column) if target(column).is_none() => {
                let message = format!("`{name}` refers to no row of another table");
                checks.refuse(path(table, "embeds"), message, "name a column that is a `reference`");
            }
            Some(_) => {}
        }
    }
    if table.reference && table.far_bytes > 0 {
        let other = (path(table, "reference"), "every shard has a copy");
        checks.clash(
            path(table, "far-bytes"),
            "nothing would be kept apart",
            other,
            "leave one of the two out",
        );
    }
    if table.reference && table.shard_by.is_some() {
        let other = (path(table, "reference"), "every shard has a copy");
        checks.clash(path(table, "shard-by"), "nothing would be sharded", other, "leave one of the two out");
    }
}

fn parents(table: &Table) -> impl Iterator<Item = &str> {
    table
        .columns
        .iter()
        .filter(|(_, column)| matches!(column, Column::Parent { .. }))
        .map(|(name, _)| name.as_str())
}

fn check_rows(earlier: &[Table], table: &Table, checks: &mut Checks) {
    let mut parents = parents(table);
    match (parents.next(), parents.next()) {
        (Some(_), Some(second)) => {
            let message = "a row belongs to one other row";
            checks.refuse(
                path(table, &format!("columns.{second}")),
                message,
                "make the second a `reference`",
            );
        }
        (Some(parent), None) if table.rows > 0 => {
            let other = (path(table, &format!("columns.{parent}")), "how many there are follows from this");
            checks.clash(path(table, "rows"), "is said twice", other, "leave `rows` out");
        }
        (Some(_), None) => {
            let rows = rows(earlier, table);
            if rows > MOST_ROWS {
                checks.refuse(
                    path(table, "columns"),
                    format!("{rows} rows are too many"),
                    format!("give at most {MOST_ROWS}"),
                );
            }
        }
        (None, _) => checks.count(path(table, "rows"), table.rows, MOST_ROWS, "rows"),
    }
}

/// The table that a column itself refers to.
pub(super) fn target(column: &Column) -> Option<&str> {
    match column {
        Column::Reference { table, .. } | Column::Parent { table, .. } => Some(table),
        Column::Copy { .. }
        | Column::Id
        | Column::Date { .. }
        | Column::Category(_)
        | Column::Number { .. } => None,
    }
}

fn check_column(earlier: &[Table], table: &Table, name: &str, column: &Column, checks: &mut Checks) {
    let path = |setting: &str| path(table, &format!("columns.{name}{setting}"));
    if name.is_empty() || name.contains('.') {
        let help = "paths find it by this name, and their parts end at dots";
        checks.refuse(path(""), format!("`{name}` is no name for a column"), help);
    }
    match column {
        Column::Id => {}
        Column::Reference { table: other, chooser } => {
            check_other(earlier, table, other, path(".reference.table"), checks);
            if let Popularity::Zipfian(theta) = chooser
                && !(*theta > 0.0 && *theta < 1.0)
            {
                let help = "0.99 is YCSB's; the larger, the more unequal; for equal rows take \"uniform\"";
                checks.refuse(
                    path(".reference.chooser.zipfian"),
                    format!(
                        "an exponent of {theta} is not above 0 and below 1: references are drawn by Gray's approximation, \
                         which ends there; popular keys and sizes of tenants are drawn otherwise and may have more"
                    ),
                    help,
                );
            }
        }
        Column::Parent { table: other, per_parent } => {
            check_other(earlier, table, other, path(".parent.table"), checks);
            checks.count(path(".parent.per-parent"), *per_parent, MOST_ROWS, "rows for each");
        }
        Column::Copy { through, column: copied } => {
            check_copy(earlier, table, (through, copied), &path, checks)
        }
        Column::Date { days, .. } => checks.count(path(".date.days"), *days, LARGEST, "days"),
        Column::Category(weights) => check_weights(weights.iter(), &path, checks),
        Column::Number { low, high } => {
            if low > high {
                let message = format!("nothing is at least {low} and at most {high}");
                checks.refuse(path(".number"), message, "exchange the bounds");
            } else if *high > LARGEST {
                checks.refuse(
                    path(".number.high"),
                    format!("{high} is too large"),
                    format!("give at most {LARGEST}"),
                );
            }
        }
    }
}

fn check_other(earlier: &[Table], table: &Table, other: &str, path: String, checks: &mut Checks) {
    if earlier.iter().any(|known| known.name == other) {
        return;
    }
    let help = known(other, earlier.iter().map(|known| &known.name), "tables before it");
    let message = match other == table.name {
        true => format!("a row of `{other}` cannot belong to `{other}`"),
        false => format!("there is no table `{other}` before `{}`", table.name),
    };
    checks.refuse(path, message, help);
}

fn check_copy(
    earlier: &[Table],
    table: &Table,
    (through, copied): (&String, &String),
    path: &impl Fn(&str) -> String,
    checks: &mut Checks,
) {
    let Some(column) = table.columns.get(through.as_str()) else {
        let help = known(through, table.columns.keys(), "columns");
        return checks.refuse(
            path(".copy.through"),
            format!("`{}` has no column `{through}`", table.name),
            help,
        );
    };
    let Some(name) = target(column) else {
        let message = format!("`{through}` refers to no row of another table");
        let references = table.columns.iter().filter(|(_, column)| target(column).is_some());
        let help = known(through, references.map(|(name, _)| name), "references");
        return checks.refuse(path(".copy.through"), message, help);
    };
    let Some(other) = earlier.iter().find(|other| other.name == name) else { return };
    if !other.columns.contains_key(copied.as_str()) {
        let help = known(copied, other.columns.keys(), "columns");
        checks.refuse(path(".copy.column"), format!("`{name}` has no column `{copied}`"), help);
    }
}

fn check_weights<'a>(
    weights: impl Iterator<Item = (&'a String, &'a f64)>,
    path: &impl Fn(&str) -> String,
    checks: &mut Checks,
) {
    let mut sum = 0.0;
    for (name, &weight) in weights {
        if !(weight.is_finite() && weight >= 0.0) {
            let place = path(&format!(".category.{name}"));
            return checks.refuse(place, format!("{weight} is no weight"), "give zero or a positive number");
        }
        sum += weight;
    }
    if !(sum > 0.0 && sum.is_finite()) {
        checks.refuse(
            path(".category"),
            "no category has a weight",
            "such as { category = { eu = 5, us = 3 } }",
        );
    }
}

fn check_key(config: &Config, checks: &mut Checks) {
    let Some(key) = &config.sharding.key else { return };
    if config.tables.is_empty() {
        let message = format!("keys have no column `{key}`: they have no columns at all");
        checks.refuse("sharding.key", message, "describe a [[table]] that has it, or leave it out");
    }
    for table in &config.tables {
        let places_itself = table.reference || table.shard_by.is_some();
        if places_itself || table.columns.contains_key(key) {
            continue;
        }
        let message = format!("the table `{}` has no column `{key}`", table.name);
        let other = (path(table, "columns"), "these are all it has");
        let help = match closest(key, table.columns.keys().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "give `{}` a `shard-by` of its own, `reference = true`, or the column, copied through a reference",
                table.name
            ),
        };
        checks.clash("sharding.key", message, other, help);
    }
}

/// "did you mean", or what there is.
pub(crate) fn known<'a>(given: &str, known: impl Iterator<Item = &'a String>, what: &str) -> String {
    let known: Vec<&str> = known.map(String::as_str).collect();
    match (closest(given, known.iter().copied()), &known[..]) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, []) => format!("there are no {what}"),
        (None, known) => format!("{what} are `{}`", known.join("`, `")),
    }
}
