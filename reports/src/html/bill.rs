//! The section on the bill for rebalancing.

use super::{figures, metric_table};
use crate::{MetricInfo, compare, numbers::percent, plots::Picture};
use maud::{Markup, html};
use shardlab_scenarios::tables::{RunReport, VariantReport};

/// The pictures that stand here.
pub(super) const PICTURES: [&str; 2] = ["bill", "moves"];

/// What the table shows.
const METRICS: [&str; 22] = [
    "rebalance.moves",
    "rebalance.copies_moved",
    "rebalance.offices_moved",
    "rebalance.moves_needed",
    "rebalance.keys_moved",
    "rebalance.bytes_moved",
    "rebalance.moved_fraction",
    "rebalance.copied_fraction",
    "rebalance.optimal_fraction",
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
                    @for (what, metric, fair) in SHARES {
                        @if let Some(range) = range(report, metric, fair) { "Of all " (what) " moved: " (range) ". " }
                    }
                    "Latency before is from warm-up to the first command, during up to the end of the last move, after from "
                    "there to the load's end. Point at a metric for its definition."
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

/// Keys moved at somebody's command, or a balancer moved copies or offices.
pub(crate) fn has_a_bill(variant: &VariantReport) -> bool {
    let of_balancer = ["rebalance.copies_moved", "rebalance.offices_moved"];
    let moved = |metric: &str| variant.metrics.get(metric).is_some_and(|figure| figure.mean > 0.0);
    variant.metrics.contains_key("rebalance.moves") || of_balancer.into_iter().any(moved)
}

/// What can move, its share, and what a server's even share is of it.
const SHARES: [(&str, &str, &str); 2] = [
    ("keys", "rebalance.moved_fraction", "the least possible is"),
    ("rows in copies", "rebalance.copied_fraction", "an even share is"),
];

/// For the terminal: what moved in the variant with the least and in that with the most, in one line. Keys, where any
/// variant's can move; else copies.
pub(crate) fn line(report: &RunReport) -> Option<String> {
    SHARES
        .into_iter()
        .find_map(|(what, metric, fair)| Some(format!("of all {what} {}", range(report, metric, fair)?)))
}

/// Less is nothing, in the percents that are shown.
const NEXT_TO_NOTHING: f64 = 0.000_5;

/// The least and the most of a share, and what would be fair, of variants in which some moved: where copies of shards are
/// what moves, no keys are no merit.
fn range(report: &RunReport, metric: &str, fair: &str) -> Option<String> {
    let mean = |variant: &VariantReport, metric: &str| variant.metrics.get(metric).map(|figure| figure.mean);
    let moved = report.variants.iter().filter_map(|variant| {
        let moved = mean(variant, metric).filter(|moved| moved.is_finite() && *moved >= NEXT_TO_NOTHING)?;
        Some((variant, moved))
    });
    let mut moved: Vec<(&VariantReport, f64)> = moved.collect();
    moved.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (least, most) = (moved.first()?, moved.last()?);
    let told = |(variant, share): &(&VariantReport, f64)| {
        format!("{} in {}", percent(libm::round(share * 1e3) / 1e3), compare::label(report, variant))
    };
    let fair = mean(least.0, "rebalance.optimal_fraction")
        .map_or_else(String::new, |share| format!("; {fair} {}", percent(libm::round(share * 1e3) / 1e3)));
    let words = if moved.len() == 1 {
        percent(libm::round(least.1 * 1e3) / 1e3)
    } else {
        format!("least {}, most {}", told(least), told(most))
    };
    Some(format!("{words}{fair}"))
}
