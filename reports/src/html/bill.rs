//! The section on the bill for rebalancing.

use super::{figures, metric_table};
use crate::{
    MetricInfo, compare,
    numbers::{number, percent},
    plots::Picture,
};
use maud::{Markup, html};
use shardlab_scenarios::tables::{MoveKind, MoveRow, RunReport, VariantReport};

/// The pictures that stand here.
pub(super) const PICTURES: [&str; 2] = ["bill", "moves"];

/// What the table shows.
const METRICS: [&str; 24] = [
    "rebalance.moves",
    "rebalance.copies_moved",
    "rebalance.offices_moved",
    "rebalance.moves_needed",
    "rebalance.keys_moved",
    "rebalance.bytes_moved",
    "rebalance.moved_fraction",
    "rebalance.copied_fraction",
    "rebalance.optimal_fraction",
    "rebalance.optimal_copied_fraction",
    "rebalance.rows_needed",
    "rebalance.thrash_index",
    "rebalance.duration_s",
    "rebalance.p99_before_ms",
    "rebalance.p99_during_ms",
    "rebalance.p99_after_ms",
    "rebalance.p99_penalty",
    "rebalance.unavailable_ms",
    "rebalance.unavailable_shard_s",
    "rebalance.write_amplification",
    "rebalance.longest_seal_ms",
    "rebalance.failed_operations",
    "rebalance.redirects",
    "throughput.ops_per_s",
];

/// Nothing where nothing moved.
pub(super) fn section(report: &RunReport, info: &[MetricInfo], pictures: &[&Picture]) -> Markup {
    html! {
        @if is_worth(report) {
            section #bill {
                h2 { "The bill for rebalancing" }
                p {
                    @for share in &SHARES {
                        @if let Some(range) = range(report, share) { "Of all " (share.what) " moved: " (range) ". " }
                    }
                    @if let Some(words) = newer(report) { (words) ". " }
                    @if let Some(words) = in_vain(report) { (words) ". " }
                    "What counts began while the load was measured, after warm-up and before its end, whatever caused it. Latency "
                    "before is from warm-up to the first move, during up to the end of the last, after from there to the "
                    "load's end. Point at a metric for its definition."
                }
                (metric_table(report, &compare::rows_of(report, info, &METRICS), false))
                (figures(pictures))
            }
        }
    }
}

/// Whether there is anything to pay.
pub(super) fn is_worth(report: &RunReport) -> bool {
    report.variants.iter().any(has_a_bill)
}

/// Something moved, whatever caused it.
pub(crate) fn has_a_bill(variant: &VariantReport) -> bool {
    let moved = |metric: &str| mean(variant, metric).is_some_and(|mean| mean > 0.0);
    let counts = ["rebalance.moves", "rebalance.copies_moved", "rebalance.offices_moved"];
    variant.metrics.contains_key("rebalance.failed_operations") || counts.into_iter().any(moved)
}

fn mean(variant: &VariantReport, metric: &str) -> Option<f64> {
    variant.metrics.get(metric).map(|figure| figure.mean).filter(|mean| mean.is_finite())
}

/// A share of what can move.
struct Share {
    what: &'static str,
    metric: &'static str,
    /// What servers' even shares need of it.
    least: &'static str,
}

const SHARES: [Share; 2] = [
    Share { what: "loaded keys", metric: "rebalance.moved_fraction", least: "rebalance.optimal_fraction" },
    Share {
        what: "loaded rows in copies",
        metric: "rebalance.copied_fraction",
        least: "rebalance.optimal_copied_fraction",
    },
];

/// For the terminal: what moved in the variant with the least and in that with the most, of keys and of copies.
pub(crate) fn line(report: &RunReport) -> Option<String> {
    let share = |share: &Share| Some(format!("of all {} {}", share.what, range(report, share)?));
    let told = SHARES.iter().filter_map(share).chain(newer(report)).chain(in_vain(report));
    told.reduce(|told, next| format!("{told}. {}", capital(&next)))
}

/// Rows that came after the load and were copied while it was measured: no share of the loaded keys has them.
pub(crate) fn newer_rows(report: &RunReport, variant: &VariantReport) -> u64 {
    let is_measured = |row: &&MoveRow| (report.warmup_s..report.duration_s).contains(&row.start_s);
    let copied = variant.moves.iter().filter(|row| !row.by_reference).filter(is_measured);
    copied.filter_map(|row| row.written_rows).sum()
}

/// Where such rows were copied, and how many.
fn newer(report: &RunReport) -> Option<String> {
    let counted = report.variants.iter().map(|variant| (variant, newer_rows(report, variant)));
    let words = |(variant, rows): (&VariantReport, u64)| match report.variants.len() {
        1 => number(rows as f64),
        _ => format!("{} in {}", number(rows as f64), compare::named(report, variant)),
    };
    let told: Vec<String> = counted.filter(|(_, rows)| *rows > 0).map(words).collect();
    (!told.is_empty()).then(|| format!("Copied rows that came after the load: {}", told.join(", ")))
}

/// Copies of shards that were made anew because the server that had them was lost.
pub(crate) fn made_anew(variant: &VariantReport) -> usize {
    variant.moves.iter().filter(|row| is_made_anew(row)).count()
}

fn is_made_anew(row: &MoveRow) -> bool {
    row.kind == MoveKind::Copy && row.from.is_empty()
}

/// Variants in which everything that was copied is back where it was.
fn in_vain(report: &RunReport) -> Option<String> {
    let is_back = |variant: &&VariantReport| mean(variant, "rebalance.rows_needed") == Some(0.0);
    let names: Vec<String> =
        report.variants.iter().filter(is_back).map(|variant| compare::named(report, variant)).collect();
    let which =
        if report.variants.len() == 1 { String::new() } else { format!(" in {}", names.join(" and ")) };
    let words = format!("Nothing that was copied{which} had to be: in the end all of it is where it was");
    (!names.is_empty()).then_some(words)
}

fn capital(words: &str) -> String {
    words[..1].to_uppercase() + &words[1..]
}

/// The least and the most of a share, and what is least possible, of variants in which some moved or had to: where
/// copies of shards are what moves, no keys are no merit.
fn range(report: &RunReport, share: &Share) -> Option<String> {
    let told = report.variants.iter().filter(|variant| has_a_bill(variant)).filter_map(|variant| {
        let moved = mean(variant, share.metric)?;
        let is_needed = mean(variant, share.least).is_some_and(|needed| needed > 0.0);
        (moved > 0.0 || is_needed).then_some((variant, moved))
    });
    let mut told: Vec<(&VariantReport, f64)> = told.collect();
    told.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (least, most) = (*told.first()?, *told.last().filter(|(_, most)| *most > 0.0)?);
    // Who stands for others that show the same number does not hide them.
    let named = |(variant, moved): (&VariantReport, f64)| {
        let others = match told.iter().filter(|(_, other)| rounded(*other) == rounded(moved)).count() - 1 {
            0 => String::new(),
            1 => " and 1 other".into(),
            more => format!(" and {more} others"),
        };
        format!("{} in {}{others}", rounded(moved), compare::named(report, variant))
    };
    let words = match told.len() {
        _ if report.variants.len() == 1 => rounded(least.1),
        1 => named(least),
        count if rounded(least.1) == rounded(most.1) && count == report.variants.len() => {
            format!("{} in every variant", rounded(least.1))
        }
        count if rounded(least.1) == rounded(most.1) => {
            format!("{} in {count} variants alike", rounded(least.1))
        }
        _ => format!("least {}, most {}", named(least), named(most)),
    };
    if told.iter().any(|(variant, _)| made_anew(variant) > 0) {
        // An even share is not what a loss needs: what was lost is, however much that was.
        let is_all = told.iter().all(|(variant, _)| variant.moves.iter().all(is_made_anew));
        return Some(
            words + if is_all { ", all made anew after the loss of the server that had them" } else { "" },
        );
    }
    let needed = mean(least.0, share.least).filter(|needed| *needed > 0.0);
    let who = if told.len() == 1 { "this" } else { "the least" };
    Some(words + &needed.map_or_else(String::new, |needed| against(who, least.1, needed)))
}

/// The least possible is so for even shares only: who moves less is not even.
fn against(who: &str, moved: f64, needed: f64) -> String {
    let points = libm::round((needed - moved) * 1e3) / 10.0;
    let short = if points > 0.0 {
        format!(
            ", and {who} falls {} percentage {} short of even",
            number(points),
            if points == 1.0 { "point" } else { "points" }
        )
    } else {
        String::new()
    };
    format!("; an even share needs {}{short}", rounded(needed))
}

fn rounded(share: f64) -> String {
    if share > 0.0 && share < 0.000_5 { "< 0.1 %".into() } else { percent(libm::round(share * 1e3) / 1e3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_moves_less_than_an_even_share_needs_is_said_to_fall_short() {
        let short = "; an even share needs 20 %, and the least falls 0.2 percentage points short of even";
        assert_eq!(against("the least", 0.198, 0.2), short);
        let alone = "; an even share needs 20 %, and this falls 1 percentage point short of even";
        assert_eq!(against("this", 0.19, 0.2), alone);
        assert_eq!(against("this", 0.2, 0.2), "; an even share needs 20 %");
        assert_eq!([0.0, 0.000_027, 0.75].map(rounded), ["0 %", "< 0.1 %", "75 %"]);
    }
}
