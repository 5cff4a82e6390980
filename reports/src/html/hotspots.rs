//! The section on hotspots: what is fair, who was hot, and since when.

use super::{figures, metric_table};
use crate::{
    MetricInfo, compare,
    numbers::{self, number, rough_percent},
    plots::Picture,
};
use maud::{Markup, html};
use shardlab_scenarios::tables::{HotspotRow, KeyRow, RunReport, ShareRow, VariantReport};

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
                    "keys is fair. What chance alone brings about in an interval is not counted, nor a server that is idle for "
                    "nine tenths of it."
                }
                @for variant in &report.variants {
                    @let sentences = sentences(report, variant);
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

/// One a level, of what was hot longest; and whether what is hot changes.
fn sentences(report: &RunReport, variant: &VariantReport) -> Vec<String> {
    let of_level = |level| sentence(variant, level).into_iter().chain(rotation(report, variant, level));
    ["server", "shard", "key"].into_iter().flat_map(of_level).collect()
}

/// The hottest at a time has so many times what anyone has on the whole.
const MUCH_MORE: f64 = 2.0;
/// So many take turns.
const TURNS: usize = 3;
/// For so much of the time that is measured somebody is hot.
const MOSTLY: f64 = 0.5;

/// The largest share at a time and the largest on the whole, where one after another is hot: the mean hides that.
fn turns(report: &RunReport, variant: &VariantReport, level: &str) -> Option<(f64, f64)> {
    let of_level = || variant.hotspots.iter().filter(|row| row.level == level);
    let mut names: Vec<&str> = of_level().map(|row| row.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let hot_s: f64 = of_level().map(length).sum();
    let peak = of_level().map(|row| row.peak_share).reduce(f64::max)?;
    let share = |row: &ShareRow| if level == "server" { row.cpu_share } else { row.operations_share };
    let whole = variant.shares.iter().filter(|row| row.level == level).map(share).reduce(f64::max)?;
    let measured_s = report.duration_s - report.warmup_s;
    let is_rotating = peak > MUCH_MORE * whole && names.len() >= TURNS && hot_s > MOSTLY * measured_s;
    is_rotating.then_some((peak, whole))
}

fn rotation(report: &RunReport, variant: &VariantReport, level: &str) -> Option<String> {
    let (peak, whole) = turns(report, variant, level)?;
    let (peak, whole) = (rough_percent(peak), rough_percent(whole));
    Some(format!(
        "The hot {level} changes: at a time one has up to {peak}, and on the whole no {level} has more than {whole}."
    ))
}

fn sentence(variant: &VariantReport, level: &str) -> Option<String> {
    let of_level: Vec<&HotspotRow> = variant.hotspots.iter().filter(|row| row.level == level).collect();
    let longest = *of_level.iter().rev().max_by(|a, b| length(a).total_cmp(&length(b)))?;
    let (from, to) = (number(longest.from_s), number(longest.to_s));
    let (share, times) = (rough_percent(longest.peak_share), numbers::decimal(longest.times_fair, 1));
    let name = if level == "server" { longest.name.clone() } else { format!("{level} {}", longest.name) };
    let what = match level {
        "server" => format!("{share} of the time that all cores were busy, {times} times its fair share"),
        "shard" => format!("{share} of the operations, {times} times its fair share"),
        _ => format!("{share} of the operations for itself, {times} times a server's fair share"),
    };
    let found = variant.hotspots_found.get(level).map_or(of_level.len(), |found| *found as usize);
    let others = match of_level.len() {
        kept if found > kept => {
            let found = number(found as f64);
            format!(
                " It is the longest of {found} hotspots of {level}s; the {kept} worst are in hotspots.csv."
            )
        }
        1 => String::new(),
        2 => " One hotspot more is in hotspots.csv.".into(),
        kept => format!(" {} hotspots more of {level}s are in hotspots.csv.", kept - 1),
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

/// For the terminal: the longest hotspot, in one line; as `hotspot.lasted_s` has it, of a server or a shard, and of
/// equally long ones a server's. Of a key where only keys are hot.
pub(crate) fn line(report: &RunReport) -> Option<String> {
    let all =
        report.variants.iter().flat_map(|variant| variant.hotspots.iter().map(move |row| (variant, row)));
    let rank = |level: &str| ["key", "shard", "server"].iter().position(|known| *known == level);
    let (variant, row) = all.reduce(|most, next| {
        let (is_key, was_key) = (next.1.level == "key", most.1.level == "key");
        let is_longer = length(next.1).total_cmp(&length(most.1));
        let is_worse =
            was_key.cmp(&is_key).then(is_longer).then(rank(&next.1.level).cmp(&rank(&most.1.level)));
        if is_worse.is_gt() { next } else { most }
    })?;
    let name = if row.level == "server" { row.name.clone() } else { format!("{} {}", row.level, row.name) };
    let (from, to, times) = (number(row.from_s), number(row.to_s), numbers::decimal(row.times_fair, 1));
    let which = match report.variants.len() {
        1 => String::new(),
        _ => {
            let named = compare::named(report, variant);
            format!("{}; longest in {named}{}: ", hot(report), as_long(report, variant, row))
        }
    };
    let changes = changes(report).unwrap_or_default();
    Some(format!("{which}{name}, {from}–{to} s, up to {times} × the fair share{changes}"))
}

/// In how many other variants something of the same level was hot for as long.
fn as_long(report: &RunReport, variant: &VariantReport, longest: &HotspotRow) -> String {
    let is_as_long = |row: &HotspotRow| row.level == longest.level && length(row) >= length(longest);
    let others = report.variants.iter().filter(|other| !std::ptr::eq(*other, variant));
    match others.filter(|other| other.hotspots.iter().any(is_as_long)).count() {
        0 => String::new(),
        1 => ", as long in 1 other".into(),
        more => format!(", as long in {more} others"),
    }
}

/// In how many variants the hot shard changes, and the figures of that where one has most at a time.
fn changes(report: &RunReport) -> Option<String> {
    let turning =
        report.variants.iter().filter_map(|variant| Some((variant, turns(report, variant, "shard")?)));
    let turning: Vec<(&VariantReport, (f64, f64))> = turning.collect();
    // The first of equals.
    let (variant, (peak, whole)) = *turning.iter().rev().max_by(|a, b| a.1.0.total_cmp(&b.1.0))?;
    let (peak, whole) = (rough_percent(peak), rough_percent(whole));
    let place = match (report.variants.len(), turning.len()) {
        (1, _) => String::new(),
        (all, 1) => format!(" in 1 of {all} variants, {}", compare::named(report, variant)),
        (all, count) => format!(" in {count} of {all} variants, most in {}", compare::named(report, variant)),
    };
    Some(format!(
        ". The hot shard changes{place}: at a time one has up to {peak}, and on the whole no shard has more than {whole}"
    ))
}

/// "a server in 2 of 5 variants, a shard in 3": in how many something was hot, by level; keys where nothing else was.
fn hot(report: &RunReport) -> String {
    let count = |level: &str| {
        let is_hot = |variant: &&VariantReport| variant.hotspots.iter().any(|row| row.level == level);
        report.variants.iter().filter(is_hot).count()
    };
    let told = [("server", count("server")), ("shard", count("shard"))];
    let mut told: Vec<(&str, usize)> = told.into_iter().filter(|(_, count)| *count > 0).collect();
    if told.is_empty() {
        told = vec![("key", count("key"))];
    }
    let words = |(place, (level, count)): (usize, (&str, usize))| match place {
        0 => format!("a {level} in {count} of {} variants", report.variants.len()),
        _ => format!("a {level} in {count}"),
    };
    told.into_iter().enumerate().map(words).collect::<Vec<_>>().join(", ")
}
