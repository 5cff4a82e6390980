//! The bill for rebalancing: a row a variant, a column of bars a cost, with 95 % intervals over seeds as whiskers.

use super::{
    Drawn, Shown,
    canvas::Rect,
    elements::Stroke,
    palette::{BLUE, DASHED, INK, Ink, MUTED, ORANGE, SOLID, VERMILION},
    sheet::{Sample, Sheet},
    words::{BODY, MARK, NOTE, Words},
};
use crate::html::bill::{has_a_bill, made_anew, newer_rows};
use crate::numbers;
use plotters::style::text_anchor::HPos;
use shardlab_scenarios::tables::{Figure, VariantReport};

/// What one column shows: bars of one or three metrics, and what they are held against.
struct Cost {
    title: &'static str,
    bars: &'static [(&'static str, Ink)],
    least: Option<&'static str>,
    /// From the metric's unit to the column's.
    factor: f64,
}

const fn cost(title: &'static str, bars: &'static [(&'static str, Ink)], factor: f64) -> Cost {
    Cost { title, bars, least: None, factor }
}

const LATENCY: Cost = cost(
    "p99 of latency, ms",
    &[
        ("rebalance.p99_before_ms", BLUE),
        ("rebalance.p99_during_ms", VERMILION),
        ("rebalance.p99_after_ms", ORANGE),
    ],
    1.0,
);

const COSTS: [Cost; 11] = [
    Cost {
        title: "loaded keys moved, %",
        bars: &[("rebalance.moved_fraction", BLUE)],
        least: Some("rebalance.optimal_fraction"),
        factor: 100.0,
    },
    Cost {
        title: "copies moved, % of rows",
        bars: &[("rebalance.copied_fraction", BLUE)],
        least: Some("rebalance.optimal_copied_fraction"),
        factor: 100.0,
    },
    cost(BYTES_MOVED, &[("rebalance.bytes_moved", BLUE)], 1.0),
    cost("duration, s", &[("rebalance.duration_s", BLUE)], 1.0),
    LATENCY,
    cost("a moved key refused, ms", &[("rebalance.unavailable_ms", BLUE)], 1.0),
    cost("operations failed", &[("rebalance.failed_operations", BLUE)], 1.0),
    cost("redirects", &[("rebalance.redirects", BLUE)], 1.0),
    cost("offices handed over", &[("rebalance.offices_moved", BLUE)], 1.0),
    cost(DONE_BY_NEEDED, &[("rebalance.thrash_index", BLUE)], 1.0),
    cost("bytes written ÷ moved", &[("rebalance.write_amplification", BLUE)], 1.0),
];

const BYTES_MOVED: &str = "bytes moved";
const DONE_BY_NEEDED: &str = "done ÷ its own map needs";

const LEAST: Stroke = (INK, 1.6, DASHED);
const WHISKER: Stroke = (INK, 1.2, SOLID);

/// Room for names at the left, for the figures right of the bars, and between columns, in logical pixels.
const NAMES: f64 = 150.0;
const FIGURES: f64 = 64.0;
const FIGURES_OF_THREE: f64 = 104.0;
const BETWEEN: f64 = 14.0;
/// Height of a row, and what its bars have of it.
const ROW: f64 = 27.0;
const BARS: f64 = 18.0;
/// Columns side by side.
const COLUMNS: usize = 4;

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    let mut shown = shown.wide();
    shown.variants.retain(|variant| has_a_bill(variant));
    let costs: Vec<&Cost> = COSTS.iter().filter(|cost| is_known(cost, &shown.variants)).collect();
    if shown.variants.is_empty() || costs.is_empty() {
        return Ok(false);
    }
    let whiskers = if shown.report.seeds > 1 { "means and 95 % intervals" } else { "one seed" };
    sheet.title(
        "The bill for rebalancing",
        &format!("Less is better, {whiskers} · {}", shown.scope_of_all_seeds()),
    )?;
    let legend = legend(&costs, &shown.variants);
    if !legend.is_empty() {
        sheet.legend(&legend)?;
    }
    for costs in costs.chunks(COLUMNS) {
        draw_block(&shown, costs, sheet)?;
    }
    notes(&shown, sheet)?;
    Ok(true)
}

/// What the figures are not.
fn notes(shown: &Shown, sheet: &mut Sheet) -> Drawn {
    let has = |name: &'static str| move |variant: &&&VariantReport| figure(variant, name).is_some();
    let thrashing: Vec<&&VariantReport> =
        shown.variants.iter().filter(has("rebalance.thrash_index")).collect();
    let balanced = thrashing.iter().copied().filter(has("rebalance.moves_needed")).count();
    if balanced < thrashing.len() {
        sheet.key(
            None,
            "its own map needs: rows that lie elsewhere in the end than before, however few an even share needs",
        )?;
    }
    if balanced > 0 {
        sheet.key(None, "of a balancer: steps done ÷ steps that would have been enough")?;
    }
    if shown.variants.iter().any(|variant| newer_rows(shown.report, variant) > 0) {
        sheet.key(None, "rows that came after the load are in the bytes moved, not in the share of keys")?;
    }
    Ok(())
}

/// What is drawn, and nothing else.
fn legend(costs: &[&Cost], variants: &[&VariantReport]) -> Vec<(Sample, String)> {
    let mut legend = Vec::new();
    if costs.iter().any(|cost| variants.iter().any(|variant| least(cost, variant).is_some())) {
        legend.push((Sample::Line(LEAST), "the least that an even share needs".to_owned()));
    }
    for (words, (metric, ink)) in ["before", "during", "after"].iter().zip(LATENCY.bars) {
        if variants.iter().any(|variant| figure(variant, metric).is_some()) {
            legend.push((Sample::Area(*ink), format!("latency {words} the moves")));
        }
    }
    legend
}

/// Where the other kind moved, none of this one had to; after a loss what the server had is to be made anew.
fn least(cost: &Cost, variant: &VariantReport) -> Option<Figure> {
    let moved = |(metric, _): &(&str, Ink)| figure(variant, metric).is_some_and(|figure| figure.mean > 0.0);
    cost.least
        .and_then(|metric| figure(variant, metric))
        .filter(|_| cost.bars.iter().any(moved) && made_anew(variant) == 0)
}

fn is_known(cost: &Cost, variants: &[&VariantReport]) -> bool {
    variants.iter().any(|variant| cost.bars.iter().any(|(metric, _)| figure(variant, metric).is_some()))
}

fn figure(variant: &VariantReport, metric: &str) -> Option<Figure> {
    variant.metrics.get(metric).copied().filter(|figure| figure.mean.is_finite() && figure.mean >= 0.0)
}

/// So many columns, all variants one under another.
fn draw_block(shown: &Shown, costs: &[&Cost], sheet: &mut Sheet) -> Drawn {
    let room = sheet.room(22.0 + ROW * shown.variants.len() as f64);
    let pitch = (room.width() - NAMES) / COLUMNS as f64;
    for (index, cost) in costs.iter().enumerate() {
        let left = room.left + NAMES + pitch * index as f64;
        let column = Rect { left, right: left + pitch - BETWEEN, ..room };
        sheet.write(
            &MARK.fit(title(cost, &shown.variants), column.width()),
            (left, room.top + 10.0),
            MARK,
        )?;
        let most = most(cost, &shown.variants);
        for (row, variant) in shown.variants.iter().enumerate() {
            let top = room.top + 22.0 + ROW * row as f64;
            draw_cell(sheet, cost, variant, most, Rect { top, bottom: top + ROW, ..column })?;
        }
    }
    for (row, variant) in shown.variants.iter().enumerate() {
        let baseline = room.top + 22.0 + ROW * row as f64 + BARS - 4.0;
        sheet.write(&BODY.fit(&shown.label(variant), NAMES - BETWEEN), (room.left, baseline), BODY)?;
    }
    Ok(())
}

/// Balancers count steps, and what they need is no map's.
fn title(cost: &Cost, variants: &[&VariantReport]) -> &'static str {
    let has = |metric: &'static str| move |variant: &&&VariantReport| figure(variant, metric).is_some();
    let mut counted = variants.iter().filter(has("rebalance.thrash_index"));
    match cost.title {
        DONE_BY_NEEDED if counted.all(|variant| has("rebalance.moves_needed")(&variant)) => {
            "steps done ÷ enough"
        }
        title => title,
    }
}

/// The end of the longest bar or whisker.
fn most(cost: &Cost, variants: &[&VariantReport]) -> f64 {
    let metrics = cost.bars.iter().map(|(metric, _)| *metric).chain(cost.least);
    let figures =
        metrics.flat_map(|metric| variants.iter().filter_map(move |variant| figure(variant, metric)));
    figures.flat_map(|figure| [figure.mean, figure.high]).filter(|end| end.is_finite()).fold(0.0, f64::max)
}

fn draw_cell(sheet: &mut Sheet, cost: &Cost, variant: &VariantReport, most: f64, cell: Rect) -> Drawn {
    let figures = if cost.bars.len() > 1 { FIGURES_OF_THREE } else { FIGURES };
    let width = cell.width() - figures;
    let x = |value: f64| cell.left + if most > 0.0 { (value / most).clamp(0.0, 1.0) * width } else { 0.0 };
    let height = BARS / cost.bars.len() as f64;
    for (index, (metric, ink)) in cost.bars.iter().enumerate() {
        let Some(figure) = figure(variant, metric) else { continue };
        let top = cell.top + height * index as f64;
        let (right, bottom) = (x(figure.mean), top + height - 1.0);
        sheet.block(Rect { left: cell.left, top, right: right.max(cell.left + 1.0), bottom }, *ink)?;
        if figure.high > figure.low {
            let middle = f64::midpoint(top, bottom);
            sheet.stroke((x(figure.low), middle), (x(figure.high), middle), WHISKER)?;
            for end in [figure.low, figure.high] {
                sheet.stroke((x(end), middle - 3.0), (x(end), middle + 3.0), WHISKER)?;
            }
        }
    }
    if let Some(least) = least(cost, variant) {
        let x = x(least.mean);
        sheet.stroke((x, cell.top - 3.0), (x, cell.top + BARS + 2.0), LEAST)?;
    }
    let words = Words { ink: MUTED, anchor: HPos::Right, ..NOTE };
    let words_at = (cell.right, cell.top + BARS - 5.0);
    sheet.write(&NOTE.fit(&describe(cost, variant), figures - 4.0), words_at, words)
}

/// "19.8", or "12 / 30 / 13".
fn describe(cost: &Cost, variant: &VariantReport) -> String {
    let short = |figure: Figure| match figure.mean * cost.factor {
        // Three figures have room for whole numbers only.
        value if cost.bars.len() > 1 && value >= 10.0 => numbers::short(libm::round(value)),
        value if cost.title == BYTES_MOVED => numbers::quantity(value, "bytes"),
        value if value > 0.0 && value < 0.01 => "< 0.01".into(),
        value => numbers::short(value),
    };
    let shown = cost.bars.iter().map(|(metric, _)| figure(variant, metric).map_or_else(|| "–".into(), short));
    shown.collect::<Vec<String>>().join(" / ")
}
