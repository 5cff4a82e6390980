//! Operations a second over time, answered and failed, a panel a variant.

use super::{
    Drawn, Shown,
    elements::Stroke,
    interval_s,
    palette::{BLUE, DASHED, SOLID, VERMILION},
    panel::broken_line,
    scale::Scale,
    sheet::{Sample, Sheet},
    time::TimeAxis,
};
use shardlab_scenarios::tables::TimelineRow;

type Outcome = (&'static str, fn(&TimelineRow) -> f64, Stroke);

const OUTCOMES: [Outcome; 2] = [
    ("answered with ok", |row| row.ok_per_s, (BLUE, 2.0, SOLID)),
    ("failed or timed out", |row| row.failed_per_s, (VERMILION, 1.8, DASHED)),
];

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    let rows = || shown.variants.iter().flat_map(|variant| &variant.timeline);
    if rows().next().is_none() {
        return Ok(false);
    }
    let y = Scale::from_zero(rows().flat_map(|row| OUTCOMES.map(|outcome| outcome.1(row))));
    let interval_s = interval_s(rows().map(|row| row.time_s));
    let last_s = rows().map(|row| row.time_s + interval_s).fold(0.0, f64::max);
    let time = TimeAxis::new(shown.report, &shown.variants, last_s);

    sheet.title("Throughput over time", &format!("Operations a second, by outcome · {}", shown.scope()))?;
    sheet.legend(&OUTCOMES.map(|(name, _, stroke)| (Sample::Line(stroke), name.into())))?;
    for (index, variant) in shown.variants.iter().enumerate() {
        let frame = time.frame(index, shown.label(variant), "operations/s".into(), 130.0);
        let panel = sheet.panel(frame)?;
        let mut chart = time.chart(&panel, y.clone(), variant)?;
        for (_, value, stroke) in OUTCOMES {
            let place = |row: &TimelineRow| Some((row.time_s + interval_s / 2.0, value(row)));
            broken_line(&mut chart, variant.timeline.iter().map(place), stroke)?;
        }
    }
    time.key(sheet)?;
    Ok(true)
}
