//! Keys of which copies have not seen the same writes, over time, a panel a variant.

use super::{
    Drawn, Shown,
    elements::Stroke,
    palette::{BLUE, DASHED, ORANGE, SOLID},
    panel::broken_line,
    scale::Scale,
    sheet::{Sample, Sheet},
    time::TimeAxis,
};
use crate::numbers::number;
use shardlab_scenarios::tables::{DivergenceRow, VariantReport};

type Line = (&'static str, fn(&DivergenceRow) -> f64, Stroke);

const LINES: [Line; 2] = [
    (
        "keys that some copy has a write of and another has not",
        |row| row.differing as f64,
        (BLUE, 2.0, SOLID),
    ),
    ("versions beyond the first that a copy keeps, all keys", beyond_the_first, (ORANGE, 1.8, DASHED)),
];

fn beyond_the_first(row: &DivergenceRow) -> f64 {
    ((row.versions_mean - 1.0) * row.keys as f64).max(0.0)
}

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    let rows = || shown.variants.iter().flat_map(|variant| &variant.divergence);
    if rows().next().is_none() {
        return Ok(false);
    }
    let y = Scale::from_zero(rows().flat_map(|row| LINES.map(|line| line.1(row))));
    let last_s = rows().map(|row| row.time_s).fold(0.0, f64::max);
    let time = TimeAxis::new(shown.report, &shown.variants, last_s);

    sheet.title(
        "Divergence of copies over time",
        &format!("Number of keys and of versions · {}", shown.scope()),
    )?;
    sheet.legend(&LINES.map(|(name, _, stroke)| (Sample::Line(stroke), name.into())))?;
    for (index, variant) in shown.variants.iter().enumerate() {
        let panel = sheet.panel(time.frame(index, shown.label(variant), describe(variant), 130.0))?;
        let mut chart = time.chart(&panel, y.clone(), variant)?;
        for (_, value, stroke) in LINES {
            let place = |row: &DivergenceRow| Some((row.time_s, value(row)));
            broken_line(&mut chart, variant.divergence.iter().map(place), stroke)?;
        }
    }
    time.key(sheet)?;
    Ok(true)
}

fn describe(variant: &VariantReport) -> String {
    let Some(last) = variant.divergence.last() else {
        return "its copies take no writes by themselves".into();
    };
    let most = variant.divergence.iter().max_by_key(|row| row.differing).unwrap_or(last);
    let (differing, keys) = (number(most.differing as f64), number(most.keys as f64));
    format!("at most {differing} of {keys} keys; {} at the end", last.differing)
}
