//! The section on hotspots: what is fair, who was hot, and since when.

use super::{figures, metric_table};
use crate::{
    MetricInfo, compare,
    numbers::{self, number, rough_percent},
    plots::Picture,
};
use maud::{Markup, html};
use shardlab_scenarios::tables::{HotspotRow, KeyRow, RunReport, VariantReport};

/// The pictures that stand here.
pub(super) const PICTURES: [&str; 2] = ["shares", "imbalance"];

/// What the table shows.
const METRICS: [&str; 14] = [
    "hotspot.count",
    "hotspot.began_s",
    "hotspot.lasted_s",
    "hotspot.times_fair",
    "server.cpu.imbalance",
    "server.cpu.cv",
    "server.cpu.gini",
    "server.hottest_p99_ms",
    "shard.operations.imbalance",
    "shard.operations.cv",
    "shard.operations.gini",
    "shard.hottest_p99_ms",
    "key.operations.hottest_share",
    "key.hottest_p99_ms",
];

/// Nothing where nothing was hot.
pub(super) fn section(report: &RunReport, info: &[MetricInfo], pictures: &[&Picture]) -> Markup {
    html! {
        @if is_worth(report) {
            section #hotspots {
                h2 { "Hotspots" }
                p {
                    "Fair is an equal part for everybody. A server or a shard is hot while it has more than one and a half "
                    "times that; a key, while it alone has more than a server's fair share, for then no placement of whole "
                    "keys is fair. What chance alone brings about in an interval is not counted."
                }
                @for variant in &report.variants {
                    @let sentences = sentences(variant);
                    p {
                        strong { (compare::label(report, variant)) } ": "
                        @if sentences.is_empty() { "nothing was hot." } @else { (sentences.join(" ")) }
                    }
                }
                @if report.seeds > 1 { p.note { "The sentences are of seed " (report.seed) ", the first." } }
                (metric_table(report, &compare::rows_of(report, info, &METRICS), false))
                (keys(report))
                (figures(pictures))
            }
        }
    }
}

/// Whether there is anything to say.
pub(super) fn is_worth(report: &RunReport) -> bool {
    report.variants.iter().any(|variant| !variant.hotspots.is_empty())
}

/// One a level: of what was hot longest.
fn sentences(variant: &VariantReport) -> Vec<String> {
    let levels = ["server", "shard", "key"];
    levels.into_iter().filter_map(|level| sentence(variant, level)).collect()
}

fn sentence(variant: &VariantReport, level: &str) -> Option<String> {
    let of_level: Vec<&HotspotRow> = variant.hotspots.iter().filter(|row| row.level == level).collect();
    let longest = *of_level.iter().rev().max_by(|a, b| length(a).total_cmp(&length(b)))?;
    let (from, to) = (number(longest.from_s), number(longest.to_s));
    let (share, times) = (rough_percent(longest.peak_share), numbers::decimal(longest.times_fair, 1));
    let name = if level == "server" { longest.name.clone() } else { format!("{level} {}", longest.name) };
    let what = match level {
        "server" => format!("{share} of all core time in an interval, {times} times its fair share"),
        "shard" => format!("{share} of the operations, {times} times its fair share"),
        _ => format!("alone {share} of the operations, {times} times a server's fair share"),
    };
    let others = match of_level.len() - 1 {
        0 => String::new(),
        1 => " One hotspot more is in hotspots.csv.".into(),
        more => format!(" {more} hotspots more of {level}s are in hotspots.csv."),
    };
    let lasted = number(length(longest));
    Some(format!(
        "{} was hot from {from} s to {to} s, {lasted} s long, with up to {what}.{others}",
        capital(&name)
    ))
}

fn length(row: &HotspotRow) -> f64 {
    row.to_s - row.from_s
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What a key is called, with its digits in groups where that is a number.
fn named(row: &KeyRow) -> String {
    if row.name == row.key.to_string() { number(row.key as f64) } else { row.name.clone() }
}

/// The five keys asked for most.
fn keys(report: &RunReport) -> Markup {
    const MOST: usize = 5;
    let row = |variant: &VariantReport| {
        let keys = variant.keys.iter().take(MOST);
        keys.map(|row| format!("{} ({})", named(row), rough_percent(row.share))).collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = report.variants.iter().map(row).collect();
    let same = rows.windows(2).all(|pair| pair[0] == pair[1]);
    html! {
        @if rows.iter().any(|keys| !keys.is_empty()) {
            p {
                "Keys asked for most, with their share of all operations: "
                @if same { (rows[0].join(", ")) "." } @else {
                    @for (variant, keys) in report.variants.iter().zip(&rows) {
                        br; (compare::label(report, variant)) ": " (keys.join(", "))
                    }
                }
            }
        }
    }
}

/// For the terminal: the worst hotspot, in one line.
pub(crate) fn line(report: &RunReport) -> Option<String> {
    let all =
        report.variants.iter().flat_map(|variant| variant.hotspots.iter().map(move |row| (variant, row)));
    // Servers are what breaks.
    let rank = |row: &HotspotRow| (row.level == "server", row.level == "shard");
    let (variant, row) = all.reduce(|most, next| {
        let is_worse =
            rank(next.1).cmp(&rank(most.1)).then(length(next.1).total_cmp(&length(most.1))).is_gt();
        if is_worse { next } else { most }
    })?;
    let is_alike = |other: &HotspotRow| other.level == row.level;
    let hot = report.variants.iter().filter(|variant| variant.hotspots.iter().any(is_alike)).count();
    let name = if row.level == "server" { row.name.clone() } else { format!("{} {}", row.level, row.name) };
    let (from, to, times) = (number(row.from_s), number(row.to_s), numbers::decimal(row.times_fair, 1));
    let which = match report.variants.len() {
        1 => String::new(),
        variants => {
            let (level, label) = (&row.level, compare::label(report, variant));
            format!("a {level} in {hot} of {variants} variants; longest in {label}: ")
        }
    };
    Some(format!("{which}{name}, {from}–{to} s, up to {times} × the fair share"))
}
