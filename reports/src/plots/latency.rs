//! Latency percentiles over time, a panel a variant.

use super::{
    Drawn, Shown,
    elements::Stroke,
    interval_s,
    palette::{BLUE, DASHED, DOTTED, ORANGE, SOLID, VERMILION},
    panel::broken_line,
    scale::Scale,
    sheet::{Sample, Sheet},
    time::TimeAxis,
};
use crate::numbers::number;
use shardlab_scenarios::tables::TimelineRow;

type Percentile = (&'static str, fn(&TimelineRow) -> Option<f64>, Stroke);

const PERCENTILES: [Percentile; 3] = [
    ("99th percentile", |row| row.p99_ms, (VERMILION, 2.0, SOLID)),
    ("95th percentile", |row| row.p95_ms, (ORANGE, 1.6, DASHED)),
    ("median", |row| row.p50_ms, (BLUE, 1.8, DOTTED)),
];

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    let rows = || shown.variants.iter().flat_map(|variant| &variant.timeline);
    let values = rows().flat_map(|row| PERCENTILES.map(|percentile| percentile.1(row))).flatten();
    if values.clone().next().is_none() {
        return Ok(false);
    }
    let y = Scale::around(values);
    let interval_s = interval_s(rows().map(|row| row.time_s));
    let last_s = rows().map(|row| row.time_s + interval_s).fold(0.0, f64::max);
    let time = TimeAxis::new(shown.report, &shown.variants, last_s);

    let scale = if y.is_log() { "ms, logarithmic" } else { "ms" };
    let subtitle = format!("{scale}, by time of call; without an answer: until given up · {}", shown.scope());
    sheet.title("Latency over time", &subtitle)?;
    sheet.legend(&PERCENTILES.map(|(name, _, stroke)| (Sample::Line(stroke), name.into())))?;
    for (index, variant) in shown.variants.iter().enumerate() {
        let note = describe(&variant.timeline, scale);
        let panel = sheet.panel(time.frame(index, shown.label(variant), note, 150.0))?;
        let mut chart = time.chart(&panel, y.clone(), variant)?;
        for (_, value, stroke) in PERCENTILES {
            let place = |row: &TimelineRow| value(row).map(|ms| (row.time_s + interval_s / 2.0, ms));
            broken_line(&mut chart, variant.timeline.iter().map(place), stroke)?;
        }
    }
    time.key(sheet)?;
    Ok(true)
}

fn describe(rows: &[TimelineRow], scale: &str) -> String {
    let slowest = rows
        .iter()
        .filter_map(|row| row.p99_ms.map(|ms| (ms, row.time_s)))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let Some((ms, time_s)) = slowest else {
        return "no calls".into();
    };
    format!("{scale} · highest 99th percentile: {} ms at {} s", number(ms), number(time_s))
}
