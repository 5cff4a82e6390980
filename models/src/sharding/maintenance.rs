//! The job by which partitions by time come and go: how often, how far ahead, and what is kept for how long.
//!
//! It goes by a clock and by nothing else: where rows come faster than its days pass, they meet no partition. Left out:
//! transactions, whose locks would outlive a partition; second writes of keys that move.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shardlab_sim::Duration;

use crate::config::{Checks, Config};
use crate::replication::Mode;
use crate::sharding::time_partitions::{MOST_DAYS, Spec};
use crate::tables::checks::known;
use crate::tables::query_checks::base;
use crate::tables::{Column, Table};

/// Most shards that a run may end with: each has a log, a place in the map, and a part in every query for all days.
pub const MOST_IN_THE_END: u64 = 1 << 14;

/// The job by which partitions come and go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Maintenance {
    /// How long a day is, by the clock of whoever does the job.
    pub day: Duration,
    /// Which day it is at the beginning.
    #[serde(default)]
    pub today: u64,
    /// Time between two times that it is done, at least 1ms.
    pub every: Duration,
    /// How many partitions are to be there beyond today's.
    #[serde(default)]
    pub ahead: u32,
    /// How many days before today are kept; all of them if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<u64>,
    /// What becomes of older partitions.
    #[serde(default)]
    pub expire: Expiry,
}

/// What becomes of partitions that are too old.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Expiry {
    /// Their rows are gone.
    #[default]
    Drop,
    /// Nobody is asked for them any more, and their rows stay on disk.
    Detach,
}

impl Maintenance {
    pub(super) fn check(&self, at: &str, width: u64, checks: &mut Checks) {
        checks.positive(format!("{at}.day"), self.day, "say how long a day is: day = \"500ms\"");
        checks.interval(format!("{at}.every"), self.every, "once a `day` is usual");
        if self.today >= MOST_DAYS {
            let help = format!("count days from the first that was loaded, and to fewer than {MOST_DAYS}");
            checks.refuse(format!("{at}.today"), format!("day {} is too late", self.today), help);
        }
        if let Some(retention) = self.retention.filter(|&retention| retention < width) {
            let message = format!("{retention} days are kept, and a partition of {width} goes as a whole");
            checks.refuse(
                format!("{at}.retention"),
                message,
                "keep at least as many days as a partition has",
            );
        }
    }

    /// How many partitions of `width` days are to be there on a day, from day zero on, those that are gone included.
    #[must_use]
    pub fn wanted(&self, today: u64, width: u64) -> u32 {
        let wanted = (today / width).saturating_add(1).saturating_add(u64::from(self.ahead));
        u32::try_from(wanted).unwrap_or(u32::MAX)
    }

    /// How many of them, the oldest, are too old on a day: a partition is when its last day is before all that are kept.
    #[must_use]
    pub fn outdated(&self, today: u64, width: u64) -> u32 {
        let kept_from = self.retention.map_or(0, |retention| today.saturating_sub(retention));
        u32::try_from(kept_from / width).unwrap_or(u32::MAX)
    }
}

/// Refuses what is impossible about partitions by time in this configuration.
pub(super) fn check(config: &Config, spec: &Spec, checks: &mut Checks) {
    let at = "sharding.strategy.time-partitions";
    check_columns(config, spec, at, checks);
    check_loaded(config, spec, at, checks);
    let Some(maintenance) = &spec.maintenance else { return };
    let path = format!("{at}.maintenance");
    if let Mode::MultiMaster { .. } = config.replication.mode {
        let message =
            "partitions come and go by the logs of shards, and copies that all take writes have none";
        let help = "use `primary`, or leave the maintenance out";
        checks.clash("replication.mode", message, (&path, "this makes them come and go"), help);
    }
    if let Some(workload) = config.workloads.iter().find(|workload| workload.mix.has_transactions()) {
        let other = (format!("workload.{}.mix", workload.name), "these are transactions");
        let help = "leave the transactions out, or the maintenance";
        checks.clash(&path, "a partition could go whose keys a transaction has locked", other, help);
    }
    if config.rebalancing.protocol.writes_twice() {
        let help = "use protocol = \"live\" or \"stop-the-world\"";
        let message = "rows that move out of the default partition are not written twice";
        checks.clash("rebalancing.protocol", message, (&path, "this moves them"), help);
    }
    if spec.width > 0 && maintenance.day > Duration::ZERO {
        check_end(config, spec, maintenance, &path, checks);
    }
}

/// How many shards a run ends with, and whose fault it is that they are too many.
fn check_end(config: &Config, spec: &Spec, maintenance: &Maintenance, path: &str, checks: &mut Checks) {
    let last = maintenance.today.saturating_add(config.duration.as_ns() / maintenance.day.as_ns());
    let parts = u64::from(spec.cut_into());
    let shards = u64::from(maintenance.wanted(last, spec.width)) * parts;
    if shards <= MOST_IN_THE_END {
        return;
    }
    let message = format!("{shards} shards would be there in the end, and {MOST_IN_THE_END} are the most");
    let until_the_end = last / spec.width + 1;
    let other = match spec.parts {
        Some(_) => "longer days, more days in a partition, fewer parts",
        None => "longer days, or more days in a partition",
    };
    match (MOST_IN_THE_END / parts.max(1)).checked_sub(until_the_end) {
        Some(0) => {
            checks.refuse(format!("{path}.ahead"), message, format!("leave `ahead` out; or have {other}"))
        }
        Some(room) => checks.refuse(format!("{path}.ahead"), message, format!("set ahead = {room} or less")),
        None => {
            let message = format!("{message}: the last day is day {last}");
            checks.refuse(format!("{path}.day"), message, format!("have {other}"));
        }
    }
}

/// Rows are cut by a date, and their partitions by a column that they have.
fn check_columns(config: &Config, spec: &Spec, at: &str, checks: &mut Checks) {
    if let Some(parts) = &spec.parts {
        let path = format!("{at}.parts.by");
        if config.tables.is_empty() {
            let message = format!("keys have no column `{}`: they have no columns at all", parts.by);
            return checks.refuse(path, message, "describe a [[table]] that has it, or leave `parts` out");
        }
        let lacks = |table: &&Table| !table.columns.contains_key(&parts.by);
        if let Some(table) = config.tables.iter().find(lacks) {
            let message = format!("the table `{}` has no column `{}`", table.name, parts.by);
            let shared = table.columns.keys().filter(|column| {
                config.tables.iter().all(|table| table.columns.contains_key(*column))
                    && !is_key(config, column)
            });
            let help = known(&parts.by, shared, "columns that every table has");
            checks.refuse(path, message, help);
        } else if is_key(config, &parts.by) {
            let message = format!("all rows of a day would be in one part: `{}` is the day", parts.by);
            let help = "cut by another column, or leave `parts` out";
            checks.refuse(path, message, help);
        }
    }
    for table in &config.tables {
        let key = table.shard_by.as_ref().or(config.sharding.key.as_ref());
        // A column that is not there is refused elsewhere.
        if key.is_some_and(|key| !table.columns.contains_key(key) || is_date(&config.tables, table, key)) {
            continue;
        }
        let message = format!("the rows of `{}` are not sharded by a date", table.name);
        let help = "name a column that is a `date`: sharding.key = \"day\"";
        checks.refuse(at, message, help);
    }
}

/// How many days the loaded rows are of, from day zero on.
fn loaded_days(config: &Config) -> Option<u64> {
    let of_table = |table: &Table| {
        let key = table.shard_by.as_ref().or(config.sharding.key.as_ref())?;
        match base(&config.tables, table, table.columns.get(key)?) {
            Column::Date { days, .. } => Some(*days),
            _ => None,
        }
    };
    match config.tables[..] {
        [] => Some(config.loaded_rows()),
        _ => config.tables.iter().filter_map(of_table).max(),
    }
}

/// Says where the days of the rows and those of the partitions do not fit. It can be meant, and seldom is.
pub(super) fn doubt(config: &Config, spec: &Spec, doubts: &mut Checks) {
    let at = "sharding.strategy.time-partitions";
    let Some(days) = loaded_days(config).filter(|&days| days > 0) else { return };
    let last = days - 1;
    let covered = u64::from(spec.partitions).saturating_mul(spec.width);
    if days > covered {
        let message = format!("rows of day {covered} to {last} are loaded into the default partition");
        let help = format!("have partitions = {} for them at first", days.div_ceil(spec.width));
        doubts.refuse(format!("{at}.partitions"), message, help);
    }
    let Some(maintenance) = &spec.maintenance else { return };
    let (path, today) = (format!("{at}.maintenance.today"), maintenance.today);
    let help = format!(
        "set today = {days}: rows that come go on after day {last}, where their `order` is `sequential`"
    );
    let outdated = u64::from(maintenance.outdated(today, spec.width)).saturating_mul(spec.width);
    if today < last {
        let message = format!("the job begins on day {today}, and rows up to day {last} are there already");
        doubts.refuse(path, message, help);
    } else if outdated > last {
        let message =
            format!("on day {today} every row is too old, and goes at once: the last is of day {last}");
        doubts.refuse(path, message, format!("{help}; or keep more days: `retention`"));
    }
}

/// Rows that are there at the beginning are in partitions.
fn check_loaded(config: &Config, spec: &Spec, at: &str, checks: &mut Checks) {
    let days = loaded_days(config);
    let covered = u64::from(spec.partitions).saturating_mul(spec.width);
    if let Some(days) = days.filter(|&days| days > covered && !spec.default && spec.width > 0) {
        let message = format!("rows of {days} days are loaded, and there are partitions for {covered}");
        let help = "have more partitions at first, or a default one for the rest";
        checks.refuse(format!("{at}.partitions"), message, help);
    }
}

/// Whether some table's rows are sharded by this column.
fn is_key(config: &Config, column: &str) -> bool {
    let key = |table: &Table| table.shard_by.clone().or_else(|| config.sharding.key.clone());
    config.tables.iter().any(|table| key(table).is_some_and(|key| key == column))
}

fn is_date(tables: &[Table], table: &Table, key: &str) -> bool {
    matches!(base(tables, table, &table.columns[key]), Column::Date { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn maintenance(ahead: u32, retention: Option<u64>) -> Maintenance {
        let day = Duration::from_ns(1);
        Maintenance { day, today: 0, every: day, ahead, retention, expire: Expiry::Drop }
    }

    /// With 30 days kept, day 70 is asked for until the end of day 100, and its partition is too old from day 101 on.
    #[test]
    fn a_partition_is_too_old_when_its_last_day_is() {
        let keeps = maintenance(2, Some(30));
        assert_eq!([29, 30, 31, 100, 101].map(|today| keeps.outdated(today, 1)), [0, 0, 1, 70, 71]);
        assert_eq!([36, 37, 43, 44].map(|today| keeps.outdated(today, 7)), [0, 1, 1, 2]);
        assert_eq!(maintenance(0, None).outdated(1_000, 1), 0);
        assert_eq!([0, 6, 7].map(|today| keeps.wanted(today, 7)), [3, 3, 4]);
    }
}
