//! The section on anomalies: how many of each class, and the first witness of each in words and as a drawing.

use super::badge_of;
use crate::{
    compare, numbers,
    plots::{self, Picture},
};
use maud::{Markup, PreEscaped, html};
use shardlab_scenarios::tables::{AnomalyRow, RunReport, VariantReport, VerdictKind};

/// Nothing where none was seen.
pub(super) fn section(report: &RunReport, picture: Option<&Picture>) -> Markup {
    let seen: Vec<&VariantReport> =
        report.variants.iter().filter(|variant| !variant.anomalies.is_empty()).collect();
    let mut drawings = 0;
    html! {
        @if !seen.is_empty() {
            section #anomalies {
                h2 { "Anomalies" }
                @if let Some(picture) = picture { figure { (PreEscaped(plots::svg(picture))) } }
                p.note {
                    "Of each class, the first witness. "
                    @if seen.iter().any(|variant| variant.anomalies.iter().any(|row| row.cycle.is_some())) {
                        "Transactions are numbered in the order in which they were invoked. In a drawing, an arrow "
                        "leads from one transaction to another that must have come after it, because that one "
                        "overwrote its version or appended to it (" code { "ww" } "), read it (" code { "wr" }
                        "), overwrote what it had read (" code { "rw" } "), followed in its session ("
                        code { "process" } "), or began after it had ended (" code { "realtime" } "). Of cycles, one is "
                        "counted for every group of transactions that all depend on each other."
                    }
                }
                @for variant in seen {
                    h3 { (compare::label(report, variant)) }
                    @for (place, row) in in_order(variant).into_iter().enumerate() {
                        (witness(row, place == 0, &mut drawings))
                    }
                }
            }
        }
    }
}

/// Broken promises first; else as the table has them, weak models' before strong ones'.
fn in_order(variant: &VariantReport) -> Vec<&AnomalyRow> {
    let mut rows: Vec<&AnomalyRow> = variant.anomalies.iter().collect();
    rows.sort_by_key(|row| !row.promised);
    rows
}

fn witness(row: &AnomalyRow, is_open: bool, drawings: &mut usize) -> Markup {
    html! {
        details.witness open[is_open] {
            summary {
                @if row.promised { (badge_of(Some(VerdictKind::Fail), "PROMISE BROKEN")) }
                @else { (badge_of(None, "COUNTED")) }
                " " span.class { (row.anomaly) } " "
                small { (numbers::number(row.count as f64)) " seen, by " (row.judge) }
            }
            p.note { (row.meaning) " Seen with seed " (row.witness_seed) ":" }
            div.words { @for sentence in &row.witness { p { (sentence) } } }
            @if let Some(cycle) = &row.cycle {
                @let name = { *drawings += 1; format!("cycle-{drawings}") };
                figure.cycle { (PreEscaped(plots::cycle(cycle, &name))) }
            }
        }
    }
}
