//! What queries must be for clients to ask them.

use super::checks::{known, target};
use super::query::{Join, JoinWay, Pick, Predicate, Query, QueryKind};
use super::{Column, Table};
use crate::config::{Checks, Config};
use crate::replication::Mode;
use crate::workload::{Keys, Workload};

pub(crate) fn check(config: &Config, checks: &mut Checks) {
    let asking = || config.workloads.iter().filter(|workload| !workload.queries.is_empty());
    for workload in asking() {
        check_workload(config, workload, checks);
    }
    check_inserts(config, checks);
    if config.tables.is_empty() {
        return;
    }
    if asking().next().is_none() {
        let help = "ask for rows with [[workload.query]], or leave the tables out";
        checks.refuse("table", "no workload has a query", help);
    }
    for workload in config.workloads.iter().filter(|workload| workload.mix.is_some_work()) {
        let other = ("table", "keys are rows of these");
        let help = "give it [[workload.query]]s instead of a `mix`";
        checks.clash(path(workload, "mix"), "has operations on keys that are no rows", other, help);
    }
    for workload in asking().filter(|workload| workload.keys != Keys::default()) {
        let other = ("table", "`rows` says how many there are");
        let help =
            "leave `keys` out; which rows are asked for, and how often, is said by each query's `where`";
        checks.clash(path(workload, "keys"), "queries ask for rows, and not for these keys", other, help);
    }
    if let Mode::MultiMaster { .. } = config.replication.mode {
        let other = ("replication.mode", "every copy takes writes by itself");
        checks.clash("table", "queries are answered by primaries", other, "set replication.mode to primary");
    }
    check_moves(config, checks);
}

fn path(workload: &Workload, setting: &str) -> String {
    format!("workload.{}.{setting}", workload.name)
}

/// What does not move between servers.
fn check_moves(config: &Config, checks: &mut Checks) {
    if !config.keys_move() {
        return;
    }
    let other = match config.sharding.strategy.maintenance() {
        Some(_) => ("sharding.strategy", "partitions come and go"),
        None => ("fault", "keys move"),
    };
    for table in &config.tables {
        let at = |setting: &str| format!("table.{}.{setting}", table.name);
        if table.reference {
            checks.clash(
                at("reference"),
                "copies for every shard do not follow the shards",
                other,
                "leave one of the two out",
            );
        }
        if table.far_bytes > 0 {
            checks.clash(
                at("far-bytes"),
                "parts that are kept apart do not follow the shards",
                other,
                "leave one of the two out",
            );
        }
    }
}

/// Rows that are inserted are numbered by the workload that inserts them.
fn check_inserts(config: &Config, checks: &mut Checks) {
    let inserts = config.workloads.iter().flat_map(|workload| {
        let inserts = workload.queries.iter().filter(|query| query.kind == QueryKind::Insert);
        inserts.map(move |query| (workload, query))
    });
    let inserts: Vec<(&Workload, &Query)> = inserts.collect();
    for (place, (workload, query)) in inserts.iter().enumerate() {
        let same = |(other, earlier): &&(&Workload, &Query)| {
            earlier.table == query.table && other.name != workload.name
        };
        if let Some((first, earlier)) = inserts[..place].iter().find(same) {
            let message = format!("the rows would have the same numbers as those of `{}`", first.name);
            let other =
                (path(first, &format!("query.{}.table", earlier.name)), "inserts into the same table");
            let at = path(workload, &format!("query.{}.table", query.name));
            checks.clash(at, message, other, "let one workload insert them all");
        }
    }
}

fn check_workload(config: &Config, workload: &Workload, checks: &mut Checks) {
    if config.tables.is_empty() {
        let message = "there is no table to ask";
        return checks.refuse(path(workload, "query"), message, "describe a [[table]]");
    }
    if workload.surge.is_some() {
        let other = (path(workload, "query"), "asks for rows by their columns");
        let help = "give a query a more unequal choice of values, or a workload a `start`";
        checks.clash(path(workload, "surge"), "turns to a key", other, help);
    }
    for (place, query) in workload.queries.iter().enumerate() {
        let at = |setting: &str| path(workload, &format!("query.{}{setting}", query.name));
        let is_plain = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
        if query.name.is_empty() || !query.name.chars().all(is_plain) {
            let help = "names are part of paths: letters, digits, `-` and `_`";
            checks.refuse(at(".name"), format!("`{}` cannot be a name", query.name), help);
        } else if let Some(first) =
            workload.queries[..place].iter().position(|earlier| earlier.name == query.name)
        {
            // By number: by name one would find the first of the two.
            let name = |place| path(workload, &format!("query.{place}.name"));
            let message = format!("two queries of `{}` are named `{}`", workload.name, query.name);
            let help = "give each a name of its own: metrics and settings are found by it";
            checks.clash(name(place), message, (name(first), "the first of them"), help);
        }
        if !(query.weight.is_finite() && query.weight >= 0.0) {
            let help = "give zero or a positive number";
            checks.refuse(at(".weight"), format!("{} is no weight", query.weight), help);
        }
        check_query(config, query, &at, checks);
    }
    let sum: f64 = workload.queries.iter().map(|query| query.weight).sum();
    if sum == 0.0 {
        checks.refuse(path(workload, "query"), "no query has a weight", "leave a `weight` out, and it is 1");
    }
}

fn check_query(config: &Config, query: &Query, at: &dyn Fn(&str) -> String, checks: &mut Checks) {
    let Some(place) = config.tables.iter().position(|table| table.name == query.table) else {
        let help = known(&query.table, config.tables.iter().map(|table| &table.name), "tables");
        return checks.refuse(at(".table"), format!("there is no table `{}`", query.table), help);
    };
    let table = &config.tables[place];
    for (name, predicate) in &query.predicates {
        check_predicate(config, table, name, predicate, at, checks);
    }
    check_also(table, query, at, checks);
    if query.limit == 0 {
        checks.refuse(at(".limit"), "no row would be returned", "give at least 1, or count them");
    }
    check_kind(table, query, at, checks);
    if let Some(join) = &query.join {
        check_join(config, table, query, join, at, checks);
    }
    if query.far && table.far_bytes == 0 {
        let other = (format!("table.{}", table.name), "keeps its rows in one place");
        checks.clash(
            at(".far"),
            "no part is kept apart",
            other,
            "give the table `far-bytes`, or leave it out",
        );
    }
    check_summary(query, at, checks);
}

fn check_summary(query: &Query, at: &dyn Fn(&str) -> String, checks: &mut Checks) {
    let Some(interval) = query.summary else { return };
    checks.interval(at(".summary"), interval, "it is made anew every so often: summary = \"5s\"");
    if query.kind != QueryKind::Count || !query.predicates.is_empty() {
        let message = "only counts of everything have a summary";
        checks.refuse(at(".summary"), message, "make it a `count` without `where`, or leave it out");
    }
}

fn check_kind(table: &Table, query: &Query, at: &dyn Fn(&str) -> String, checks: &mut Checks) {
    let is_id = |name: &String| matches!(table.columns.get(name), Some(Column::Id));
    let is_one = |predicate: &Predicate| matches!(predicate, Predicate::Equals(_));
    match query.kind {
        QueryKind::Select | QueryKind::Count => {}
        QueryKind::Update => {
            let by_id = query.predicates.len() == 1
                && query.predicates.iter().all(|(name, one)| is_id(name) && is_one(one));
            if !by_id {
                let message = "an update is of the row with one id";
                checks.refuse(at(".where"), message, "such as { order_id = { equals = \"uniform\" } }");
            }
        }
        QueryKind::Insert => {
            if !query.predicates.is_empty() {
                checks.refuse(at(".where"), "a new row is not looked for", "leave it out");
            }
            if let Some((name, _)) =
                table.columns.iter().find(|(_, column)| matches!(column, Column::Parent { .. }))
            {
                let message = format!("rows of `{}` come with the rows that they belong to", table.name);
                let other = (format!("table.{}.columns.{name}", table.name), "they belong to these");
                checks.clash(at(".table"), message, other, "insert into that table");
            }
        }
    }
    if query.join.is_some() && query.kind != QueryKind::Select {
        checks.refuse(at(".join"), "only rows that are returned are joined", "make it a `select`");
    }
}

fn check_predicate(
    config: &Config,
    table: &Table,
    name: &str,
    predicate: &Predicate,
    at: &dyn Fn(&str) -> String,
    checks: &mut Checks,
) {
    let path = at(&format!(".where.{name}"));
    let Some(column) = table.columns.get(name) else {
        let help = known(name, table.columns.keys(), "columns");
        return checks.refuse(path, format!("`{}` has no column `{name}`", table.name), help);
    };
    let is_of_ids = match base(&config.tables, table, column) {
        Column::Id | Column::Reference { .. } | Column::Parent { .. } => true,
        Column::Copy { .. } | Column::Date { .. } | Column::Category(_) | Column::Number { .. } => false,
    };
    match predicate {
        Predicate::Equals(pick) => check_pick(pick, is_of_ids, &path, checks),
        Predicate::Within { width, until } => {
            checks.count(format!("{path}.within.width"), *width, 1 << 40, "values");
            check_pick(until, is_of_ids, &path, checks);
        }
        Predicate::Is(category) => match base(&config.tables, table, column) {
            Column::Category(weights) if !weights.contains_key(category.as_str()) => {
                let help = known(category, weights.keys(), "categories");
                checks.refuse(path, format!("`{name}` is never `{category}`"), help);
            }
            Column::Category(_) => {}
            _ => {
                let help = "draw a value: { equals = \"rows\" }";
                checks.refuse(path, format!("`{name}` has no categories"), help);
            }
        },
    }
}

/// The column that a copy is of, in the end.
pub(crate) fn base<'a>(tables: &'a [Table], table: &'a Table, column: &'a Column) -> &'a Column {
    let Column::Copy { through, column: copied } = column else { return column };
    let other = table.columns.get(through.as_str()).and_then(target);
    let other = other.and_then(|name| tables.iter().find(|other| other.name == name));
    match other.and_then(|other| Some((other, other.columns.get(copied.as_str())?))) {
        Some((other, copied)) if other.name != table.name => base(tables, other, copied),
        _ => column,
    }
}

fn check_pick(pick: &Pick, is_of_ids: bool, path: &str, checks: &mut Checks) {
    /// As for key choosers: beyond this it is not a distribution but a single row.
    const LARGEST: f64 = 50.0;
    let (Pick::Zipfian(theta) | Pick::Latest(theta)) = pick else { return };
    if !(*theta > 0.0 && *theta <= LARGEST) {
        let help = "0.99 is YCSB's; the larger, the more unequal; for equal values take \"uniform\"";
        checks.refuse(path, format!("{theta} is not above 0 and at most {LARGEST}"), help);
    }
    if matches!(pick, Pick::Zipfian(_)) && !is_of_ids {
        let help = "take \"rows\": values are then asked for as often as rows have them";
        checks.refuse(path, "only ids are more or less popular", help);
    }
}

/// What is said besides must follow from what is drawn.
fn check_also(table: &Table, query: &Query, at: &dyn Fn(&str) -> String, checks: &mut Checks) {
    for also in &query.also {
        let Some(column) = table.columns.get(also.as_str()) else {
            let help = known(also, table.columns.keys(), "columns");
            checks.refuse(at(".also"), format!("`{}` has no column `{also}`", table.name), help);
            continue;
        };
        let follows = |(name, predicate): (&String, &Predicate)| {
            let is_id = matches!(table.columns.get(name), Some(Column::Id));
            let is_copied = matches!(column, Column::Copy { through, .. } if through == name);
            matches!(predicate, Predicate::Equals(_)) && (is_id || is_copied)
        };
        if !query.predicates.iter().any(follows) {
            let message = format!("`{also}` does not follow from what the query asks for");
            let help = "say in `where` which row it is, by its id or by the column that it is copied through";
            checks.refuse(at(".also"), message, help);
        }
    }
}

fn check_join(
    config: &Config,
    table: &Table,
    query: &Query,
    join: &Join,
    at: &dyn Fn(&str) -> String,
    checks: &mut Checks,
) {
    let Some(column) = table.columns.get(join.column.as_str()) else {
        let help = known(&join.column, table.columns.keys(), "columns");
        return checks.refuse(
            at(".join.column"),
            format!("`{}` has no column `{}`", table.name, join.column),
            help,
        );
    };
    let Some(other) = target(column).and_then(|name| config.tables.iter().find(|other| other.name == name))
    else {
        let references = table.columns.iter().filter(|(_, column)| target(column).is_some());
        let help = known(&join.column, references.map(|(name, _)| name), "references");
        return checks.refuse(
            at(".join.column"),
            format!("`{}` refers to no other table", join.column),
            help,
        );
    };
    let clash = |checks: &mut Checks, message: &str, place: String, label: &str, help: String| {
        checks.clash(at(".join.way"), message, (place, label), help);
    };
    let of = |table: &Table, setting: &str| format!("table.{}.{setting}", table.name);
    match join.way {
        JoinWay::Application => {}
        JoinWay::Denormalised if !table.embeds.contains(&join.column) => {
            let help = format!("set embeds = [\"{}\"] there", join.column);
            clash(
                checks,
                "the rows carry no copy of their partners",
                of(table, "embeds"),
                "of this table",
                help,
            );
        }
        JoinWay::Reference if !other.reference => {
            let help = "set reference = true there".to_owned();
            clash(checks, "not every shard has the partners", of(other, "reference"), "of this table", help);
        }
        JoinWay::CoLocated => {
            let schema = super::Schema::new(&config.tables, config.sharding.key.as_deref(), 0);
            let id = schema.table(&table.name).expect("the table is one of them");
            let column = schema.column(id, &join.column).expect("the column was looked up");
            if !schema.is_co_located(column) || table.strategy != other.strategy {
                let help = format!("shard both tables by the same: `{}` by `{}`", table.name, join.column);
                clash(
                    checks,
                    "partners may live in different shards",
                    "sharding.key".into(),
                    "rows live by this",
                    help,
                );
            }
        }
        JoinWay::Denormalised | JoinWay::Reference => {}
    }
    if query.far {
        checks.refuse(at(".far"), "a join looks at one part of the rows", "leave it out");
    }
}
