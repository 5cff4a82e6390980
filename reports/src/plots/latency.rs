//! Latency percentiles over time, a panel a variant.

use super::{
    Picture, Shown, broken_line, interval_s,
    palette::{BLUE, DASHED, DOTTED, ORANGE, SOLID, VERMILION},
    picture::{Dash, Ink},
    scale::Scale,
    sheet::{Panel, Sample, Sheet},
    time::TimeAxis,
};
use crate::numbers::number;
use shardlab_scenarios::tables::TimelineRow;

type Percentile = (&'static str, fn(&TimelineRow) -> Option<f64>, Ink, f64, Dash);

const PERCENTILES: [Percentile; 3] = [
    ("99th percentile", |row| row.p99_ms, VERMILION, 2.0, SOLID),
    ("95th percentile", |row| row.p95_ms, ORANGE, 1.6, DASHED),
    ("median", |row| row.p50_ms, BLUE, 1.8, DOTTED),
];

pub(super) fn draw(shown: &Shown) -> Option<Picture> {
    let rows = || shown.variants.iter().flat_map(|variant| &variant.timeline);
    let values = rows().flat_map(|row| PERCENTILES.map(|percentile| percentile.1(row))).flatten();
    values.clone().next()?;
    let y = Scale::around(values);
    let interval_s = interval_s(rows().map(|row| row.time_s));
    let last_s = rows().map(|row| row.time_s + interval_s).fold(0.0, f64::max);
    let time = TimeAxis::new(shown.report, &shown.variants, last_s);

    let scale = if y.is_log() { "ms, logarithmic" } else { "ms" };
    let title = "Latency over time";
    let mut sheet =
        Sheet::new("latency", title, &format!("Answered operations, {scale} · {}", shown.scope()));
    sheet.legend(
        &PERCENTILES.map(|(name, _, ink, width, dash)| (Sample::Line(ink, width, dash), name.into())),
    );
    let mut last = None;
    for variant in &shown.variants {
        let area = sheet.panel_with_strip(&shown.label(variant), &describe(&variant.timeline, scale), 150.0);
        let panel = Panel::new(area, time.scale(), y);
        time.frame(&mut sheet.picture, &panel, variant);
        for (_, value, ink, width, dash) in PERCENTILES {
            let place =
                |row: &TimelineRow| value(row).map(|ms| panel.place(row.time_s + interval_s / 2.0, ms));
            broken_line(&mut sheet.picture, variant.timeline.iter().map(place), (ink, width, dash));
        }
        last = Some(panel);
    }
    time.finish(sheet, last?, true)
}

fn describe(rows: &[TimelineRow], scale: &str) -> String {
    let slowest = rows
        .iter()
        .filter_map(|row| row.p99_ms.map(|ms| (ms, row.time_s)))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let Some((ms, time_s)) = slowest else {
        return "no answers".into();
    };
    format!("{scale} · highest 99th percentile: {} ms at {} s", number(ms), number(time_s))
}
