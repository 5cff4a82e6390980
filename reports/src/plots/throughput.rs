//! Operations a second over time, answered and failed, a panel a variant.

use super::{
    Picture, Shown, broken_line, interval_s,
    palette::{BLUE, DASHED, SOLID, VERMILION},
    picture::{Dash, Ink},
    scale::Scale,
    sheet::{Panel, Sample, Sheet},
    time::TimeAxis,
};
use shardlab_scenarios::tables::TimelineRow;

type Outcome = (&'static str, fn(&TimelineRow) -> f64, Ink, f64, Dash);

const OUTCOMES: [Outcome; 2] = [
    ("answered with ok", |row| row.ok_per_s, BLUE, 2.0, SOLID),
    ("failed or timed out", |row| row.failed_per_s, VERMILION, 1.8, DASHED),
];

pub(super) fn draw(shown: &Shown) -> Option<Picture> {
    let rows = || shown.variants.iter().flat_map(|variant| &variant.timeline);
    rows().next()?;
    let y = Scale::from_zero(rows().flat_map(|row| OUTCOMES.map(|outcome| outcome.1(row))));
    let interval_s = interval_s(rows().map(|row| row.time_s));
    let last_s = rows().map(|row| row.time_s + interval_s).fold(0.0, f64::max);
    let time = TimeAxis::new(shown.report, &shown.variants, last_s);

    let subtitle = format!("Operations a second, by outcome · {}", shown.scope());
    let mut sheet = Sheet::new("throughput", "Throughput over time", &subtitle);
    sheet.legend(&OUTCOMES.map(|(name, _, ink, width, dash)| (Sample::Line(ink, width, dash), name.into())));
    let mut last = None;
    for variant in &shown.variants {
        let area = sheet.panel_with_strip(&shown.label(variant), "operations/s", 130.0);
        let panel = Panel::new(area, time.scale(), y);
        time.frame(&mut sheet.picture, &panel, variant);
        for (_, value, ink, width, dash) in OUTCOMES {
            let place = |row: &TimelineRow| Some(panel.place(row.time_s + interval_s / 2.0, value(row)));
            broken_line(&mut sheet.picture, variant.timeline.iter().map(place), (ink, width, dash));
        }
        last = Some(panel);
    }
    time.finish(sheet, last?, true)
}
