//! Moves over time, a line a move, above what clients felt; a pair of panels a variant. What moved is told by the colour
//! of the head that each line has.

use super::{
    Drawn, Shown,
    elements::Stroke,
    interval_s, move_marks,
    palette::{BACKGROUND_LINE, BLUE, GREEN, INK, Ink, MUTED, ORANGE, PURPLE, SKY, SOLID, VERMILION},
    panel::{Chart, broken_line, line},
    scale::{Scale, Spread},
    sheet::{Sample, Sheet},
    time::TimeAxis,
};
use crate::numbers::number;
use shardlab_scenarios::tables::{MoveKind, MoveRow, TimelineRow};

const COPYING: Stroke = (BLUE, 3.0, SOLID);
const CATCHING_UP: Stroke = (ORANGE, 3.0, SOLID);
const SEALED: Stroke = (VERMILION, 3.0, SOLID);
const FELT: Stroke = (VERMILION, 2.0, SOLID);

/// Shorter phases are not seen, in logical pixels.
const LEAST: f64 = 3.0;

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

    sheet.title(
        "Moves of keys, copies and offices",
        &format!("A line a move, and what clients felt, by time of call: who calls shortly before a fault may wait for its end · {}", shown.scope()),
    )?;
    sheet.legend(&[
        (Sample::Line(COPYING), "snapshot".into()),
        (Sample::Line(CATCHING_UP), "change stream".into()),
        (Sample::Line(SEALED), "cut-over (short ones are drawn wider)".into()),
    ])?;
    for (index, variant) in shown.variants.iter().enumerate() {
        let count = variant.moves.len().max(1) as f64;
        let height = (count * LINE).clamp(LOWEST, TALLEST);
        let above = time.upper_frame(shown.label(variant), describe(&variant.moves), height);
        let panel = sheet.panel(above)?;
        let mut chart = time.chart(&panel, Scale::new(Spread::Linear, 0.0, count), variant)?;
        for (place, row) in variant.moves.iter().enumerate() {
            let least_s = LEAST * time.scale_s(panel.area.width());
            if !row.is_of_nothing() {
                draw_move(&mut chart, row, count - place as f64 - 0.5, (last_s, least_s))?;
            }
            draw_head(&mut chart, row, count - place as f64 - 0.5, (last_s, least_s))?;
        }
        let scale = if latency.is_log() { "ms, logarithmic" } else { "ms" };
        let panel =
            sheet.panel(time.frame(index, "99th percentile of latency".into(), scale.into(), 90.0))?;
        let mut chart = time.chart(&panel, latency.clone(), variant)?;
        let place = |row: &TimelineRow| row.p99_ms.map(|ms| (row.time_s + interval_s / 2.0, ms));
        broken_line(&mut chart, variant.timeline.iter().map(place), FELT)?;
    }
    time.key(sheet)?;
    if shown.variants.iter().flat_map(|variant| &variant.moves).any(MoveRow::is_of_nothing) {
        sheet.key(None, "a head without a line: nothing was there to be moved")?;
    }
    for kind in move_marks::kinds(&shown.variants) {
        let what = move_marks::words(kind, &shown.variants);
        sheet.key(Some(Sample::Line((head(kind), 4.0, SOLID))), &format!("head of a line: {what}"))?;
    }
    Ok(true)
}

/// What moved, at the beginning of its line.
fn draw_head(chart: &mut Chart, row: &MoveRow, y: f64, (last_s, least_s): (f64, f64)) -> Drawn {
    let [start, ..] = phases(row, last_s, least_s);
    line(chart, vec![(start, y), (start + 0.6 * least_s, y)], (head(row.kind), LINE, SOLID))
}

/// Colours that no phase has.
const fn head(kind: MoveKind) -> Ink {
    match kind {
        MoveKind::Keys => INK,
        MoveKind::Split | MoveKind::Partition => GREEN,
        MoveKind::Merge => BACKGROUND_LINE,
        MoveKind::Isolation => PURPLE,
        MoveKind::Copy => SKY,
        MoveKind::Office => MUTED,
    }
}

/// Snapshot, then changes, then the cut-over; what never came is drawn to the end.
fn draw_move(chart: &mut Chart, row: &MoveRow, y: f64, (last_s, least_s): (f64, f64)) -> Drawn {
    let [start, copied, sealed, end] = phases(row, last_s, least_s);
    for (from, to, stroke) in [(start, copied, COPYING), (copied, sealed, CATCHING_UP), (sealed, end, SEALED)]
    {
        if to > from {
            line(chart, vec![(from, y), (to, y)], stroke)?;
        }
    }
    Ok(())
}

/// Where the phases of a move begin, and where the last of them ends. One that came is at least `least_s` long: a cut-over
/// of some milliseconds would not be seen. The room for it is taken from the phase before, and where that is too short,
/// from the time after the move: it never begins before it does.
fn phases(row: &MoveRow, last_s: f64, least_s: f64) -> [f64; 4] {
    let end = row.end_s.unwrap_or(last_s);
    let sealed = row.sealed_s.map_or(end, |sealed| sealed.min(end - least_s));
    let copied = row.copied_s.map_or(sealed, |copied| copied.min(sealed - least_s));
    let late = (row.start_s - copied).max(0.0);
    [row.start_s, copied + late, sealed + late, end + late]
}

/// How much was copied, and how many moves copied nothing.
fn describe(moves: &[MoveRow]) -> String {
    let copied = || moves.iter().filter(|row| !row.by_reference);
    let keys: u64 = copied().map(|row| row.keys).sum();
    let newer: u64 = copied().filter_map(|row| row.written_rows).sum();
    let by_reference = moves.iter().filter(|row| row.by_reference && !row.is_of_nothing()).count() as u64;
    let of_nothing = moves.iter().filter(|row| row.is_of_nothing()).count() as u64;
    let plural = |count: u64, one: &str, many: &str| {
        format!("{} {}", number(count as f64), if count == 1 { one } else { many })
    };
    let mut parts = vec![plural(moves.len() as u64, "move", "moves")];
    let counts = [
        (keys, "key copied", "keys copied"),
        (newer, "newer row copied", "newer rows copied"),
        (by_reference, "by reference", "by reference"),
        (of_nothing, "of nothing", "of nothing"),
    ];
    parts.extend(
        counts.iter().filter(|(count, ..)| *count > 0).map(|&(count, one, many)| plural(count, one, many)),
    );
    let longest = moves.iter().filter_map(|row| row.sealed_ms).fold(0.0, f64::max);
    format!("{} · longest seal {} ms", parts.join(", "), number(longest))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn a_move(copied_s: Option<f64>, sealed_s: Option<f64>, end_s: Option<f64>) -> MoveRow {
        MoveRow {
            kind: MoveKind::Keys,
            command: Some(0),
            source_shard: 0,
            target_shard: 1,
            from: String::new(),
            to: String::new(),
            start_s: 10.0,
            copied_s,
            sealed_s,
            served_s: None,
            end_s,
            sealed_ms: None,
            keys: 0,
            written_rows: Some(0),
            first_key: None,
            last_key: None,
            bytes: 0,
            attempts: 1,
            refused_ms: 0.0,
            compared: 0,
            differing: 0,
            by_reference: false,
        }
    }

    #[test]
    fn a_short_phase_is_wide_enough_to_be_seen_and_one_that_never_came_is_not_drawn() {
        let phases = |row: MoveRow| phases(&row, 60.0, 0.25);
        assert_eq!(phases(a_move(Some(15.0), Some(17.0), Some(18.0))), [10.0, 15.0, 17.0, 18.0]);
        assert_eq!(phases(a_move(Some(17.999), Some(17.999), Some(18.0))), [10.0, 17.5, 17.75, 18.0]);
        assert_eq!(phases(a_move(Some(15.0), None, None)), [10.0, 15.0, 60.0, 60.0]);
        assert_eq!(phases(a_move(None, None, None)), [10.0, 60.0, 60.0, 60.0]);
        assert_eq!(phases(a_move(Some(10.0), Some(10.0), Some(10.0))), [10.0, 10.0, 10.25, 10.5]);
    }

    #[test]
    fn only_what_was_copied_is_counted_and_moves_of_nothing_are_told() {
        let done = || a_move(Some(11.0), Some(12.0), Some(13.0));
        let copied = MoveRow { keys: 2_000, written_rows: Some(30), ..done() };
        let newer = MoveRow { written_rows: Some(9_587), ..done() };
        let by_reference = MoveRow { keys: 50_000, by_reference: true, ..done() };
        assert_eq!(
            describe(&[copied, newer, by_reference, done()]),
            "4 moves, 2,000 keys copied, 9,617 newer rows copied, 1 by reference, 1 of nothing · longest seal 0 ms"
        );
        let one = MoveRow { keys: 1, ..done() };
        assert_eq!(describe(&[one]), "1 move, 1 key copied · longest seal 0 ms");
        assert!(!a_move(None, None, None).is_of_nothing(), "it is not over");
    }
}
