//! Moves of keys over time, a line a move, above what clients felt; a pair of panels a variant.

use super::{
    Drawn, Shown,
    elements::Stroke,
    interval_s,
    palette::{BLUE, ORANGE, SOLID, VERMILION},
    panel::{Chart, broken_line, line},
    scale::{Scale, Spread},
    sheet::{Sample, Sheet},
    time::TimeAxis,
};
use crate::numbers::number;
use shardlab_scenarios::tables::{MoveRow, TimelineRow, VariantReport};

const COPYING: Stroke = (BLUE, 3.0, SOLID);
const CATCHING_UP: Stroke = (ORANGE, 3.0, SOLID);
const SEALED: Stroke = (VERMILION, 3.0, SOLID);
const FELT: Stroke = (VERMILION, 2.0, SOLID);

/// Height of a move's line, and of the panel at most, in logical pixels.
const LINE: f64 = 6.0;
const TALLEST: f64 = 160.0;
const LOWEST: f64 = 50.0;

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    if shown.variants.iter().all(|variant| variant.moves.is_empty()) {
        return Ok(false);
    }
    let rows = || shown.variants.iter().flat_map(|variant| &variant.timeline);
    let interval_s = interval_s(rows().map(|row| row.time_s));
    // Moves go on when the load has ended.
    let moved_s = shown.variants.iter().flat_map(|variant| &variant.moves).filter_map(|row| row.end_s);
    let last_s = rows().map(|row| row.time_s + interval_s).chain(moved_s).fold(0.0, f64::max);
    let time = TimeAxis::new(shown.report, &shown.variants, last_s);
    let latency = Scale::around(rows().filter_map(|row| row.p99_ms));

    sheet.title("Moves of keys", &format!("A line a move, and what clients felt · {}", shown.scope()))?;
    sheet.legend(&[
        (Sample::Line(COPYING), "snapshot".into()),
        (Sample::Line(CATCHING_UP), "change stream".into()),
        (Sample::Line(SEALED), "cut-over".into()),
    ])?;
    for (index, variant) in shown.variants.iter().enumerate() {
        let count = variant.moves.len().max(1) as f64;
        let height = (count * LINE).clamp(LOWEST, TALLEST);
        let above = time.upper_frame(shown.label(variant), describe(variant), height);
        let panel = sheet.panel(above)?;
        let mut chart = time.chart(&panel, Scale::new(Spread::Linear, 0.0, count), variant)?;
        for (place, row) in variant.moves.iter().enumerate() {
            draw_move(&mut chart, row, count - place as f64 - 0.5, last_s)?;
        }
        let scale = if latency.is_log() { "ms, logarithmic" } else { "ms" };
        let panel =
            sheet.panel(time.frame(index, "99th percentile of latency".into(), scale.into(), 90.0))?;
        let mut chart = time.chart(&panel, latency.clone(), variant)?;
        let place = |row: &TimelineRow| row.p99_ms.map(|ms| (row.time_s + interval_s / 2.0, ms));
        broken_line(&mut chart, variant.timeline.iter().map(place), FELT)?;
    }
    time.key(sheet)?;
    Ok(true)
}

/// Snapshot, then changes, then the cut-over; what never came is drawn to the end.
fn draw_move(chart: &mut Chart, row: &MoveRow, y: f64, last_s: f64) -> Drawn {
    let end = row.end_s.unwrap_or(last_s);
    let copied = row.copied_s.unwrap_or(end);
    let sealed = row.sealed_s.unwrap_or(end).max(copied);
    for (from, to, stroke) in
        [(row.start_s, copied, COPYING), (copied, sealed, CATCHING_UP), (sealed, end, SEALED)]
    {
        if to > from {
            line(chart, vec![(from, y), (to, y)], stroke)?;
        }
    }
    Ok(())
}

fn describe(variant: &VariantReport) -> String {
    let moves = &variant.moves;
    let keys: u64 = moves.iter().map(|row| row.keys).sum();
    let longest = moves.iter().filter_map(|row| row.sealed_ms).fold(0.0, f64::max);
    format!("{} moves, {} keys · longest seal {} ms", moves.len(), number(keys as f64), number(longest))
}
