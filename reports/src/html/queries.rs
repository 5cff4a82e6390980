//! The section on queries over tables: what each asks of whom with each variant, and what that comes to.

use super::{figures, head, metric_table};
use crate::{
    MetricInfo, compare,
    numbers::{self, number, rough_percent},
    plots::Picture,
    winners::listed,
};
use maud::{Markup, html};
use shardlab_scenarios::tables::{QueryRow, RunReport, VariantReport};

/// The picture that stands here.
pub(super) const PICTURES: [&str; 1] = ["queries"];

/// What the first table shows: of all queries together.
const METRICS: [&str; 9] = [
    "queries.single_shard_fraction",
    "fanout.mean",
    "latency.all.p99_ms",
    "queries.bytes_mean",
    "server.hottest_utilization",
    "server.imbalance",
    "storage.amplification",
    "writes.amplification",
    "summary.staleness_max_ms",
];

/// Nothing where keys are no rows of tables.
pub(super) fn section(report: &RunReport, info: &[MetricInfo], pictures: &[&Picture]) -> Markup {
    html! {
        @if is_worth(report) {
            section #queries {
                h2 { "Queries" }
                p {
                    "A query that says what its rows are sharded by asks one shard; any other asks all that may have rows, and is "
                    "answered when the slowest has. What it asks of servers is work: the more shards a frequent query asks, the "
                    "busier everybody is."
                }
                @if let Some(words) = least(report) { p { (words) } }
                (metric_table(report, &compare::rows_of(report, info, &METRICS), false))
                (figures(pictures))
                (costs(report))
                p.note {
                    "Shards asked, rounds of requests, rows found, bytes shipped and rows written are means a call; of one shard, "
                    "the share of calls that asked a single one."
                    @if report.seeds > 1 { " This table is of seed " (report.seed) ", the first." }
                }
            }
        }
    }
}

/// Whether there were any.
pub(super) fn is_worth(report: &RunReport) -> bool {
    report.variants.iter().any(|variant| !variant.queries.is_empty())
}

/// Values that differ by less are called equal.
const ALIKE: f64 = 0.05;

/// With which variant queries ask the fewest shards, and with which the busiest server does least: a key has to be good at
/// both.
fn least(report: &RunReport) -> Option<String> {
    let (shards, few, most_shards, many) = extremes(report, "fanout.mean", numbers::short)?;
    let (work, idle, most_work, busy) = extremes(report, "server.hottest_utilization", rough_percent)?;
    Some(format!(
        "A query asks fewest shards with {few}, {shards} on average, and most with {many}, {most_shards}. The busiest server \
         does least with {idle}, where it works {work} of its time, and most with {busy}, {most_work}."
    ))
}

/// The least of a metric and the variants that have it, the most and those that have that.
fn extremes(
    report: &RunReport,
    metric: &str,
    words: impl Fn(f64) -> String,
) -> Option<(String, String, String, String)> {
    let means: Vec<(f64, &VariantReport)> = report
        .variants
        .iter()
        .map(|variant| Some((mean(variant, metric)?, variant)))
        .collect::<Option<_>>()?;
    let least = means.iter().map(|(mean, _)| *mean).reduce(f64::min)?;
    let most = means.iter().map(|(mean, _)| *mean).reduce(f64::max)?;
    let named = |is_meant: &dyn Fn(f64) -> bool| {
        let meant = means.iter().filter(|(mean, _)| is_meant(*mean));
        meant.map(|(_, variant)| compare::named(report, variant)).collect::<Vec<_>>()
    };
    let (few, many) =
        (named(&|mean| mean <= least * (1.0 + ALIKE)), named(&|mean| mean * (1.0 + ALIKE) >= most));
    (most > least * (1.0 + ALIKE)).then(|| (words(least), few.join(" and "), words(most), many.join(" and ")))
}

fn mean(variant: &VariantReport, metric: &str) -> Option<f64> {
    variant.metrics.get(metric).map(|figure| figure.mean)
}

/// For the first screen: with whom the load costs the busiest server least, if that is clear, and what each other variant
/// does worse.
pub(crate) fn line(report: &RunReport, info: &[MetricInfo]) -> Option<String> {
    const WORK: &str = "server.hottest_utilization";
    if !is_worth(report) || report.sweep.is_some() {
        return None;
    }
    let rows = compare::rows_of(report, info, &[WORK]);
    let row = rows.first()?;
    let mut best = row.best.iter().enumerate().filter(|(_, is_best)| **is_best);
    let (winner, None) = (best.next()?.0, best.next()) else { return None };
    let winner = &report.variants[winner];
    // Those that lose for the same reason are named together.
    let mut told: Vec<(Option<String>, Vec<String>)> = Vec::new();
    for variant in report.variants.iter().filter(|variant| variant.name != winner.name) {
        let named = format!("{} {}", compare::quoted(&variant.name), rough_percent(mean(variant, WORK)?));
        let reason = reason(winner, variant);
        match told.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => names.push(named),
            None => told.push((reason, vec![named])),
        }
    }
    let words = |(reason, names): (Option<String>, Vec<String>)| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        listed(&names) + &reason.map_or_else(String::new, |reason| format!(": {reason}"))
    };
    let told: Vec<String> = told.into_iter().map(words).collect();
    let work = rough_percent(mean(winner, WORK)?);
    let winner = compare::quoted(&winner.name);
    Some(format!(
        "{winner} costs the busiest server least, {work} of its time. The others: {}",
        told.join("; ")
    ))
}

/// What is most times worse than with the winner: shards that queries ask, the spread over servers, writes.
fn reason(winner: &VariantReport, other: &VariantReport) -> Option<String> {
    const CLEARLY: f64 = 1.2;
    let times = |metric: &str| Some(mean(other, metric)? / mean(winner, metric)?);
    let causes = ["fanout.mean", "server.imbalance", "writes.amplification"];
    let worse = causes.into_iter().filter_map(|metric| Some((times(metric)?, metric)));
    let (_, metric) = worse.filter(|(times, _)| *times > CLEARLY).max_by(|a, b| a.0.total_cmp(&b.0))?;
    let of = |variant: &VariantReport| mean(variant, metric).map(numbers::short);
    let (theirs, its) = (of(other)?, of(winner)?);
    match metric {
        "fanout.mean" => widest(winner, other),
        "server.imbalance" => {
            Some(format!("the busiest server bears {theirs} times the mean instead of {its}"))
        }
        _ => Some(format!("{theirs} times the bytes of a row are written instead of {its}")),
    }
}

/// The query that adds most to the shards asked, compared with the winner.
fn widest(winner: &VariantReport, other: &VariantReport) -> Option<String> {
    let sum: u64 = other.queries.iter().map(|row| row.count).sum();
    let more = other.queries.iter().filter_map(|row| {
        let same = winner.queries.iter().find(|of| of.query == row.query)?;
        let (theirs, its) = (row.fanout_mean?, same.fanout_mean?);
        Some(((theirs - its) * row.count as f64, row, theirs, its))
    });
    let (_, row, theirs, its) = more.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(more, ..)| *more > 0.0)?;
    let share = rough_percent(row.count as f64 / sum as f64);
    let (theirs, its) = (numbers::short(theirs), numbers::short(its));
    Some(format!("{} ({share} of all queries) asks {theirs} shards instead of {its}", row.query))
}

/// Query by query, the variants one under another.
fn costs(report: &RunReport) -> Markup {
    let mut names: Vec<&str> = Vec::new();
    for row in report.variants.iter().flat_map(|variant| &variant.queries) {
        if !names.contains(&row.query.as_str()) {
            names.push(&row.query);
        }
    }
    html! {
        div.scroll { table.by-query {
            (head(&["Query", "Variant", "#Calls", "#Shards", "#One shard", "#Rounds", "#Median", "#p99", "#Rows", "#Shipped",
                "#Writes"]))
            tbody { @for name in names {
                @for (place, (variant, row)) in of(report, name).enumerate() {
                    (cost(&compare::label(report, variant), row, place == 0))
                }
            } }
        } }
    }
}

fn of<'a>(report: &'a RunReport, name: &'a str) -> impl Iterator<Item = (&'a VariantReport, &'a QueryRow)> {
    let row = move |variant: &'a VariantReport| {
        variant.queries.iter().find(|row| row.query == name).map(|row| (variant, row))
    };
    report.variants.iter().filter_map(row)
}

/// Only the first of a query's rows names it.
fn cost(variant: &str, row: &QueryRow, is_first: bool) -> Markup {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "–".into());
    let mean = |value: Option<f64>| or_dash(value.map(|value| numbers::decimal(value, 2)));
    let ms = |value: Option<f64>| or_dash(value.map(|ms| format!("{}\u{a0}ms", numbers::short(ms))));
    html! {
        tr {
            th { @if is_first { (row.query) } }
            td { (variant) }
            td.number { (number(row.count as f64)) }
            td.number { (mean(row.fanout_mean)) }
            td.number { (or_dash(row.single_shard_share.map(rough_percent))) }
            td.number { (mean(row.rounds_mean)) }
            td.number { (ms(row.p50_ms)) }
            td.number { (ms(row.p99_ms)) }
            td.number { (mean(row.rows_mean)) }
            td.number { (or_dash(row.bytes_mean.map(|bytes| numbers::quantity(libm::round(bytes), "bytes").replace(' ', "\u{a0}")))) }
            td.number { (mean(row.writes_mean)) }
        }
    }
}
