//! What moved, marked in pictures of load: each kind in a colour and at a place of its own.
//!
//! On a map of the key space splits and merges are dashes at the keys where they were made, and a tenant that was moved
//! out is a bar over its keys. Moves of scattered keys are ticks at the upper edge, copies and offices at the lower one,
//! for they are of servers and not of keys.

use super::{
    Drawn,
    elements::Stroke,
    palette::{INK, Ink, ORANGE, PAPER, PURPLE, SKY, SOLID, VERMILION},
    panel::{Chart, line},
    sheet::{Sample, Sheet},
};
use shardlab_scenarios::tables::{MoveKind, MoveRow, VariantReport};

/// Every kind, in the order in which legends explain them.
const KINDS: [MoveKind; 7] = [
    MoveKind::Keys,
    MoveKind::Split,
    MoveKind::Merge,
    MoveKind::Partition,
    MoveKind::Isolation,
    MoveKind::Copy,
    MoveKind::Office,
];

const CUT_OVER: Ink = ORANGE;

/// Share of the panel's height that a tick at an edge has.
const TICK: f64 = 0.07;
/// Share of the panel's width that a dash has.
const DASH: f64 = 0.018;

/// More marks than this hide what they mark.
const MOST: usize = 400;

/// The colour of a kind, wherever it is drawn.
pub(super) const fn ink(kind: MoveKind) -> Ink {
    match kind {
        MoveKind::Keys | MoveKind::Split | MoveKind::Partition => PAPER,
        MoveKind::Merge => ORANGE,
        MoveKind::Isolation => PURPLE,
        MoveKind::Copy => SKY,
        MoveKind::Office => VERMILION,
    }
}

/// What a kind is, in a few words.
pub(super) fn words(kind: MoveKind, variants: &[&VariantReport]) -> &'static str {
    match kind {
        MoveKind::Keys => "keys, as servers come or go",
        MoveKind::Split => "a range is split",
        MoveKind::Merge => "ranges are merged",
        MoveKind::Partition => "a partition is created",
        MoveKind::Isolation if are_single_keys(variants) => "a key is moved out",
        MoveKind::Isolation => "a tenant is moved out",
        MoveKind::Copy => "a copy of a shard",
        MoveKind::Office => "an office of primary",
    }
}

/// Whether whoever is moved out is one key.
fn are_single_keys(variants: &[&VariantReport]) -> bool {
    all_of_single_keys(variants.iter().flat_map(|variant| &variant.moves))
}

fn all_of_single_keys<'a>(mut rows: impl Iterator<Item = &'a MoveRow>) -> bool {
    rows.all(|row| {
        row.kind != MoveKind::Isolation || (row.first_key.is_some() && row.first_key == row.last_key)
    })
}

/// The kinds that some variant has.
pub(super) fn kinds(variants: &[&VariantReport]) -> Vec<MoveKind> {
    let rows = || variants.iter().flat_map(|variant| &variant.moves);
    KINDS.into_iter().filter(|&kind| rows().any(|row| row.kind == kind)).collect()
}

/// Marks every move on a map of the key space.
pub(super) fn draw(chart: &mut Chart, variant: &VariantReport) -> Drawn {
    for row in variant.moves.iter().take(MOST) {
        draw_row(chart, row)?;
    }
    Ok(())
}

fn draw_row(chart: &mut Chart, row: &MoveRow) -> Drawn {
    let (ink, at) = (ink(row.kind), row.start_s);
    match (row.kind, row.first_key.zip(row.last_key)) {
        (MoveKind::Split | MoveKind::Merge, Some((first, _))) => dash(chart, at, first as f64, ink),
        (MoveKind::Isolation, Some((first, last))) => over_keys(chart, at, (first, last), ink),
        (MoveKind::Copy | MoveKind::Office, _) => tick(chart, at, Edge::Lower, ink),
        _ => {
            tick(chart, at, Edge::Upper, ink)?;
            row.sealed_s.map_or(Ok(()), |sealed| tick(chart, sealed, Edge::Upper, CUT_OVER))
        }
    }
}

/// Marks every move at the edges of a picture whose other axis is not the key space.
pub(super) fn ticks(chart: &mut Chart, variant: &VariantReport) -> Drawn {
    for row in variant.moves.iter().take(MOST) {
        let is_of_servers = matches!(row.kind, MoveKind::Copy | MoveKind::Office);
        tick(chart, row.start_s, if is_of_servers { Edge::Lower } else { Edge::Upper }, ink(row.kind))?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum Edge {
    Upper,
    Lower,
}

fn tick(chart: &mut Chart, time_s: f64, edge: Edge, ink: Ink) -> Drawn {
    let y = chart.y_range();
    let height = (y.end - y.start) * TICK;
    let span = match edge {
        Edge::Upper => (y.end - height, y.end),
        Edge::Lower => (y.start, y.start + height),
    };
    bar(chart, time_s, span, ink)
}

/// A single key is no line: it gets one as long as a tick, around it.
fn over_keys(chart: &mut Chart, time_s: f64, (first, last): (u64, u64), ink: Ink) -> Drawn {
    let y = chart.y_range();
    let (low, high) = (first as f64, last as f64 + 1.0);
    let short = ((y.end - y.start) * TICK - (high - low)).max(0.0) / 2.0;
    bar(chart, time_s, ((low - short).max(y.start), (high + short).min(y.end)), ink)
}

fn bar(chart: &mut Chart, time_s: f64, (low, high): (f64, f64), ink: Ink) -> Drawn {
    edged(chart, vec![(time_s, low), (time_s, high)], ink)
}

fn dash(chart: &mut Chart, time_s: f64, key: f64, ink: Ink) -> Drawn {
    let x = chart.x_range();
    let half = (x.end - x.start) * DASH / 2.0;
    edged(chart, vec![((time_s - half).max(x.start), key), ((time_s + half).min(x.end), key)], ink)
}

/// With a dark edge, so that it can be seen on light cells too.
fn edged(chart: &mut Chart, points: Vec<(f64, f64)>, ink: Ink) -> Drawn {
    let (edge, mark): (Stroke, Stroke) = ((INK, 4.0, SOLID), (ink, 2.0, SOLID));
    line(chart, points.clone(), edge)?;
    line(chart, points, mark)
}

/// Explains the marks on a map of the key space.
pub(super) fn key(sheet: &mut Sheet, variants: &[&VariantReport]) -> Drawn {
    let kinds = kinds(variants);
    for &kind in &kinds {
        let place = match kind {
            MoveKind::Keys => "white ticks at the upper edge: a move of keys begins",
            MoveKind::Split => "white dashes: a range is split there",
            MoveKind::Merge => "orange dashes: ranges are merged there",
            MoveKind::Partition => "white ticks at the upper edge: a partition is created",
            MoveKind::Isolation if are_single_keys(variants) => "pink bars: a key is moved out",
            MoveKind::Isolation => "pink bars: a tenant's keys are moved out",
            MoveKind::Copy => "blue ticks at the lower edge: a copy of a shard begins to move",
            MoveKind::Office => "red ticks at the lower edge: an office is handed over",
        };
        sheet.key(Some(sample(kind)), place)?;
    }
    if kinds.iter().any(|kind| matches!(kind, MoveKind::Keys | MoveKind::Partition)) {
        sheet.key(
            Some(Sample::Line((CUT_OVER, 3.0, SOLID))),
            "orange ticks at the upper edge: it is cut over",
        )?;
    }
    Ok(())
}

/// Explains the ticks at the edges of other pictures.
pub(super) fn edge_key(sheet: &mut Sheet, variants: &[&VariantReport]) -> Drawn {
    for kind in kinds(variants) {
        let edge = match kind {
            MoveKind::Copy | MoveKind::Office => "lower",
            _ => "upper",
        };
        sheet.key(Some(sample(kind)), &format!("ticks at the {edge} edge: {}", words(kind, variants)))?;
    }
    Ok(())
}

/// White has to be seen on white.
pub(super) fn sample(kind: MoveKind) -> Sample {
    match kind {
        MoveKind::Keys | MoveKind::Split | MoveKind::Partition => Sample::Line((INK, 1.2, SOLID)),
        _ => Sample::Line((ink(kind), 3.0, SOLID)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plots::moves::tests::a_move;

    #[test]
    fn a_tenant_is_more_than_one_key() {
        let isolation = |first_key, last_key| MoveRow {
            kind: MoveKind::Isolation,
            first_key,
            last_key,
            ..a_move(Some(11.0), Some(12.0), Some(13.0))
        };
        let of = |rows: &[MoveRow]| all_of_single_keys(rows.iter());
        assert!(of(&[isolation(Some(7), Some(7)), a_move(None, None, None)]));
        assert!(!of(&[isolation(Some(7), Some(7)), isolation(Some(7), Some(8))]));
        assert!(!of(&[isolation(None, None)]), "scattered keys are several");
    }
}
