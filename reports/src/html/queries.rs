//! The section on queries over tables: what each asks of whom with each variant, and what that comes to.

use super::{figures, head, metric_table};
use crate::{
    MetricInfo, compare,
    numbers::{self, number, rough_percent},
    plots::Picture,
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
    let (shards, most_shards, few) = extremes(report, "fanout.mean", numbers::short)?;
    let (work, most_work, idle) = extremes(report, "server.hottest_utilization", rough_percent)?;
    Some(format!(
        "A query asks fewest shards with {few}: {shards} on average, and up to {most_shards}. The busiest server does least \
         with {idle}: it works {work} of its time, and up to {most_work}."
    ))
}

/// The least and the most of a metric, and the variants that have the least.
fn extremes(
    report: &RunReport,
    metric: &str,
    words: impl Fn(f64) -> String,
) -> Option<(String, String, String)> {
    let mean = |variant: &VariantReport| variant.metrics.get(metric).map(|figure| figure.mean);
    let means: Vec<(f64, &VariantReport)> =
        report.variants.iter().map(|variant| Some((mean(variant)?, variant))).collect::<Option<_>>()?;
    let least = means.iter().map(|(mean, _)| *mean).reduce(f64::min)?;
    let most = means.iter().map(|(mean, _)| *mean).reduce(f64::max)?;
    let best = means.iter().filter(|(mean, _)| *mean <= least * (1.0 + ALIKE));
    let names: Vec<String> = best.map(|(_, variant)| compare::label(report, variant)).collect();
    (names.len() < means.len()).then(|| (words(least), words(most), names.join(" and ")))
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
