//! Moves on a map of the key space: when each began, was cut over and ended, and on which keys where that is known.

use super::{
    Drawn,
    elements::Stroke,
    palette::{INK, Ink, ORANGE, PAPER, SOLID},
    panel::{Chart, line},
    sheet::{Sample, Sheet},
};
use shardlab_scenarios::tables::{MoveRow, VariantReport};

/// A step of a move, or whatever else happens at one time to some keys.
struct Mark {
    time_s: f64,
    /// The lowest key and the one after the highest; all, where that is not known or they lie scattered.
    keys: Option<(f64, f64)>,
    ink: Ink,
}

const BEGAN: Ink = PAPER;
const CUT_OVER: Ink = ORANGE;

/// Share of the map's height that a mark without keys has, at its upper edge.
const TICK: f64 = 0.07;

/// More marks than this hide what they mark.
const MOST: usize = 400;

/// Marks begin and cut-over of every move.
pub(super) fn draw(chart: &mut Chart, variant: &VariantReport) -> Drawn {
    let marks: Vec<Mark> = variant.moves.iter().flat_map(marks).take(MOST).collect();
    let top = chart.y_range().end;
    for Mark { time_s, keys, ink } in marks {
        let (low, high) = keys.unwrap_or((top * (1.0 - TICK), top));
        let points = || vec![(time_s, low), (time_s, high)];
        // A dark edge, so that it can be seen on light cells too.
        let (edge, mark): (Stroke, Stroke) = ((INK, 4.0, SOLID), (ink, 2.0, SOLID));
        line(chart, points(), edge)?;
        line(chart, points(), mark)?;
    }
    Ok(())
}

fn marks(row: &MoveRow) -> impl Iterator<Item = Mark> + use<> {
    let mark = |ink| move |time_s| Mark { time_s, keys: None, ink };
    let (began, cut_over) = (Some(row.start_s).map(mark(BEGAN)), row.sealed_s.map(mark(CUT_OVER)));
    began.into_iter().chain(cut_over)
}

/// Explains them.
pub(super) fn key(sheet: &mut Sheet, variants: &[&VariantReport]) -> Drawn {
    if variants.iter().all(|variant| variant.moves.is_empty()) {
        return Ok(());
    }
    sheet
        .key(Some(Sample::Line((INK, 1.2, SOLID))), "white ticks at the upper edge: a move of keys begins")?;
    sheet.key(Some(Sample::Line((CUT_OVER, 3.0, SOLID))), "orange ticks: it is cut over")
}
