//! Operations by slice of the key space and time, a panel a variant; under it the hottest single key over time.
//!
//! A row of the map stands for thousands of keys: one of them may take a third of the load, and its row is still one
//! among hundreds.

use super::{
    Drawn, PANELS, Shown,
    colours::{BAR_ROOM, Colours},
    elements::{Stroke, raster},
    move_marks,
    palette::{SOLID, VERMILION},
    panel::{Chart, Columns, broken_line},
    scale::{Scale, Spread},
    sheet::{Frame, Sheet},
    time::TimeAxis,
};
use crate::{
    compare,
    numbers::{number, rough_percent},
};
use shardlab_scenarios::tables::{HeatMap, RunReport, VariantReport};

const HOTTEST: Stroke = (VERMILION, 2.0, SOLID);

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    let groups = groups(shown.report);
    let drawn = || groups.iter().take(PANELS);
    let shown = Shown {
        variants: drawn().flatten().copied().collect(),
        left_out: groups.iter().skip(PANELS).flatten().copied().collect(),
        ..shown.clone()
    };
    let variants: Vec<&VariantReport> = drawn().map(|alike| alike[0]).collect();
    let rates_of = |variant: &&VariantReport| rates(&variant.heat);
    let Some(colours) = Colours::over(variants.iter().flat_map(rates_of), "ops/s") else {
        return Ok(false);
    };
    let last_s = variants.iter().map(|variant| width_s(&variant.heat)).fold(0.0, f64::max);
    let time = TimeAxis::new(shown.report, &variants, last_s);

    let hottest_rates = variants.iter().flat_map(|variant| hottest(&variant.heat)).map(|key| key.rate);
    let rate_scale = Scale::from_zero(hottest_rates);

    let scale = colours.describe();
    let subtitle = format!("Operations a second by slice of the key space, {scale} · {}", shown.scope());
    sheet.title("Where in the key space the load falls", &subtitle)?;
    for (index, variant) in variants.iter().enumerate() {
        let title = title(&shown, &groups[index]);
        let mut note = format!("key; a row is {} keys", number(variant.heat.keys_per_row as f64));
        if variant.heat.nameless_fraction > 0.0 {
            let share = rough_percent(variant.heat.nameless_fraction);
            note = format!("{note}; {share} of operations name no key and are not drawn");
        }
        let frame = Frame { right: BAR_ROOM, below: None, ..time.frame(index, title, note, 200.0) };
        let panel = sheet.panel(frame)?;
        let mut chart = panel.chart(time.scale(), key_scale(&variant.heat))?;
        panel.mesh(&mut chart, Columns::Bare)?;
        draw_map(&mut chart, &variant.heat, &colours)?;
        time.mark(&mut chart, &panel, variant)?;
        move_marks::draw(&mut chart, variant)?;
        if index == 0 {
            colours.draw_bar(sheet, &panel.area)?;
        }
        draw_hottest(sheet, &time, index, variant, &rate_scale)?;
    }
    time.key(sheet)?;
    move_marks::key(sheet, &variants)?;
    Ok(true)
}

/// Variants that have the same map, in the order of the first of each.
fn groups(report: &RunReport) -> Vec<Vec<&VariantReport>> {
    let mut groups: Vec<Vec<&VariantReport>> = Vec::new();
    for variant in report.variants.iter().filter(|variant| is_whole(&variant.heat)) {
        match groups.iter_mut().find(|alike| are_alike(alike[0], variant)) {
            Some(alike) => alike.push(variant),
            None => groups.push(vec![variant]),
        }
    }
    groups
}

/// Moves are marked in the map, and are the variants' own.
fn are_alike(one: &VariantReport, other: &VariantReport) -> bool {
    let is_settled = one.moves.is_empty() && other.moves.is_empty();
    let heat = |of: &VariantReport| (of.heat.counts.clone(), of.heat.hottest_counts.clone());
    is_settled && heat(one) == heat(other)
}

fn title(shown: &Shown, alike: &[&VariantReport]) -> String {
    let names: Vec<String> = alike.iter().map(|variant| compare::named(shown.report, variant)).collect();
    match alike {
        [variant] => shown.label(variant),
        all if all.len() == shown.report.variants.len() => "all variants: the same load".into(),
        _ => format!("alike in: {}", names.join(", ")),
    }
}

fn key_scale(heat: &HeatMap) -> Scale {
    let keys = (heat.rows as u64).saturating_mul(heat.keys_per_row).max(1);
    Scale::new(Spread::Linear, 0.0, keys as f64)
}

fn is_whole(heat: &HeatMap) -> bool {
    let cells = heat.columns.checked_mul(heat.rows);
    let whole = [heat.counts.len(), heat.hottest_keys.len(), heat.hottest_counts.len()];
    heat.interval_s > 0.0 && !heat.counts.is_empty() && whole.iter().all(|length| cells == Some(*length))
}

fn width_s(heat: &HeatMap) -> f64 {
    heat.columns as f64 * heat.interval_s
}

fn rates(heat: &HeatMap) -> Vec<f64> {
    heat.counts.iter().map(|count| f64::from(*count) / heat.interval_s).collect()
}

/// The lowest keys lie at the bottom, so rows are turned over.
fn draw_map(chart: &mut Chart, heat: &HeatMap, colours: &Colours) -> Drawn {
    let rates = rates(heat);
    let cells = rates.chunks(heat.columns).rev().flatten().map(|rate| colours.of(*rate)).collect();
    let corners = [(0.0, chart.y_range().end), (width_s(heat), 0.0)];
    chart.draw_series([raster(corners, heat.columns, cells)]).map(drop)
}

/// The key with most operations in one interval.
struct Hottest {
    /// Operations a second.
    rate: f64,
    /// Of all operations in the interval.
    share: f64,
    /// The interval's start.
    time_s: f64,
}

fn hottest(heat: &HeatMap) -> Vec<Hottest> {
    let column = |column: usize| {
        let cells = (0..heat.rows).map(|row| row * heat.columns + column);
        let total: u64 = cells.clone().map(|cell| u64::from(heat.counts[cell])).sum();
        let most = cells.rev().max_by_key(|cell| heat.hottest_counts[*cell]).unwrap_or(column);
        let count = f64::from(heat.hottest_counts[most]);
        Hottest {
            rate: count / heat.interval_s,
            share: if total == 0 { 0.0 } else { count / total as f64 },
            time_s: column as f64 * heat.interval_s,
        }
    };
    (0..heat.columns).map(column).collect()
}

fn draw_hottest(
    sheet: &mut Sheet,
    time: &TimeAxis,
    index: usize,
    variant: &VariantReport,
    scale: &Scale,
) -> Drawn {
    let keys = hottest(&variant.heat);
    let title = "the hottest single key of each interval, ops/s".to_owned();
    let frame = time.frame(index, title, describe(&keys, &variant.heat), 80.0);
    let panel = sheet.panel(Frame { right: BAR_ROOM, ..frame })?;
    let mut chart = time.chart(&panel, scale.clone(), variant)?;
    let half_s = variant.heat.interval_s / 2.0;
    broken_line(&mut chart, keys.iter().map(|key| Some((key.time_s + half_s, key.rate))), HOTTEST)
}

/// "most: key 4,711, 2,060 ops/s at 41 s, 34 % of all".
fn describe(keys: &[Hottest], heat: &HeatMap) -> String {
    let most = keys.iter().rev().max_by(|a, b| a.rate.total_cmp(&b.rate));
    most.filter(|most| most.rate > 0.0).map_or_else(String::new, |most| {
        let name = &heat.hottest_name;
        let key =
            name.parse().map_or_else(|_| name.clone(), |key: u64| format!("key {}", number(key as f64)));
        let rate = number(most.rate);
        let all = if heat.nameless_fraction > 0.0 { "all that name one" } else { "all" };
        format!(
            "most: {key}, {rate} ops/s at {} s, {} of {all}",
            number(most.time_s),
            rough_percent(most.share)
        )
    })
}
