//! Which variants get no star although their figure is the best, and what the caption says of it.

mod common;

use common::flash_sale;
use shardlab_reports::terminal::summary;
use shardlab_scenarios::{
    catalogue,
    tables::{Figure, RunReport},
};
use std::path::Path;

/// A run of variants with these figures of these metrics.
fn run(metrics: &[(&str, &[f64])]) -> RunReport {
    let names = ["a", "b", "c"];
    let mut report = flash_sale(&names[..metrics[0].1.len()], 1);
    for (index, variant) in report.variants.iter_mut().enumerate() {
        let figure = |value: f64| Figure { mean: value, low: value, high: value, seeds: 1 };
        let of = metrics.iter().map(|(name, values)| ((*name).to_owned(), figure(values[index])));
        variant.metrics = of.filter(|(_, figure)| figure.mean.is_finite()).collect();
    }
    report
}

fn shown(report: &RunReport) -> String {
    let styled = summary(report, &catalogue::all(), Path::new("report.html"), 200);
    anstream::adapter::strip_str(&styled).to_string()
}

/// The variants with a star in the row of a metric.
#[track_caller]
fn check(report: &RunReport, metric: &str, stars: &str, words: &str) {
    let shown = shown(report);
    let row = shown.lines().find(|line| line.trim_start().starts_with(metric)).expect("the metric has a row");
    let cells = row.split('│').skip(2).zip(["a", "b", "c"]);
    let starred: String = cells.filter(|(cell, _)| cell.contains('*')).map(|(_, name)| name).collect();
    assert_eq!(starred, stars, "{metric}\n{shown}");
    let told = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains(words), "{words}\n{shown}");
}

const NOT_MEASURED: f64 = f64::NAN;

#[test]
fn who_answers_less_is_neither_faster_nor_cheaper() {
    let report = run(&[
        ("availability.fraction", &[1.0, 0.995, 0.34]),
        ("latency.all.p99_ms", &[4.0, 2.0, 9.0]),
        ("server.hottest_utilization", &[0.4, 0.3, 0.1]),
        ("writes.lost", &[9.0, 9.0, 0.0]),
    ]);
    let words =
        "Since “c” answers fewer operations than the best by 1 percentage point or more, it takes no part";
    check(&report, "latency.all.p99_ms", "b", words);
    check(&report, "server.hottest_utilization", "", words);
    // To refuse rather than to lose is a merit.
    check(&report, "writes.lost", "c", words);
}

#[test]
fn nobody_wins_where_a_figure_is_missing() {
    let report = run(&[("latency.all.p99_ms", &[1.0, 2.0, NOT_MEASURED])]);
    check(&report, "latency.all.p99_ms", "", "nobody gets one where a figure is missing (–)");
}

#[test]
fn who_moves_nothing_wins_nothing_by_it() {
    let report = run(&[
        ("rebalance.moves", &[0.0, 8.0, 4.0]),
        ("rebalance.copies_moved", &[0.0, 0.0, 0.0]),
        ("rebalance.moved_fraction", &[0.0, 0.8, 0.2]),
    ]);
    let words = "Since “a” moved nothing, it takes no part in what moves cost.";
    check(&report, "rebalance.moved_fraction", "c", words);
}

#[test]
fn of_more_shards_each_has_less() {
    let mut report = run(&[("shard.hottest_share", &[0.8, 0.1]), ("server.imbalance", &[3.0, 1.0])]);
    check(&report, "shard.hottest_share", "b", "");
    report.variants[1].shards.truncate(21);
    let words = "No winner by shard.hottest_share: there are 21 shards in one variant and 64 in another, and of more \
                 shards each has less.";
    check(&report, "shard.hottest_share", "", words);
    check(&report, "server.imbalance", "b", words);
}

#[test]
fn steps_are_not_compared_with_rows() {
    let report =
        run(&[("rebalance.moves_needed", &[3.0, NOT_MEASURED]), ("rebalance.thrash_index", &[9.0, 1.0])]);
    check(&report, "rebalance.thrash_index", "", "it counts steps of the balancer in variants that have one");
    let report = run(&[("rebalance.moves_needed", &[3.0, 3.0]), ("rebalance.thrash_index", &[9.0, 1.0])]);
    check(&report, "rebalance.thrash_index", "b", "");
}
