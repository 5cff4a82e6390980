//! How often each class of anomaly was seen in each variant: a row a class, a column a variant. Colour tells a broken
//! promise from what is only counted, and how many there are; a frame and bold digits tell the first without colours.

use super::{
    Drawn, Shown,
    canvas::Rect,
    palette::{INK, Ink, MUTED, PAPER, UNMEASURED},
    sheet::{Sample, Sheet},
    words::{BODY, MARK, NOTE, Words},
};
use crate::numbers::number;
use plotters::style::{RGBAColor, text_anchor::HPos};
use shardlab_scenarios::catalogue;
use shardlab_scenarios::tables::{AnomalyRow, VariantReport};

const ROW: f64 = 26.0;
const HEAD: f64 = 24.0;
/// Between cells.
const GAP: f64 = 2.0;
/// Of a cell that breaks a promise.
const FRAME: f64 = 2.0;
/// One variant's cells need not be as wide as the sheet.
const WIDEST: f64 = 200.0;
/// The room for the names of classes.
const NAMES: f64 = 280.0;
/// From this share of the scale on, digits are white: darker cells bear them better (WCAG 2, contrast).
const DARK: f64 = 0.84;

/// Okabe and Ito's vermilion, darkened so that white digits can be read on it, and a tint of it.
const BROKEN: [Ink; 2] = [RGBAColor(0xfb, 0xe1, 0xd3, 1.0), RGBAColor(0xb8, 0x4a, 0x00, 1.0)];
/// Their blue.
const COUNTED: [Ink; 2] = [RGBAColor(0xdf, 0xec, 0xf5, 1.0), RGBAColor(0x00, 0x72, 0xb2, 1.0)];

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    let matrix = Matrix::of(shown);
    if matrix.most == 0 {
        return Ok(false);
    }
    let subtitle =
        format!("How often each was seen, darker is more (logarithmic) · {}", shown.scope_of_all_seeds());
    sheet.title("Anomalies by class and variant", &subtitle)?;
    sheet.legend(&matrix.legend())?;
    let area = sheet.room(HEAD + ROW * matrix.rows.len() as f64);
    matrix.draw(sheet, &area)?;
    sheet.key(None, "0: looked for, and not seen · –: not looked for")?;
    Ok(true)
}

/// What is known of one class in one variant.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cell {
    Unmeasured,
    Seen { count: u64, promised: bool },
}

struct Matrix {
    columns: Vec<String>,
    /// A class's name, and a cell a variant.
    rows: Vec<(&'static str, Vec<Cell>)>,
    /// The highest count.
    most: u64,
}

impl Matrix {
    /// Broken promises first, and then as judges name them.
    fn of(shown: &Shown) -> Self {
        let row = |name| (name, shown.variants.iter().map(|variant| cell(variant, name)).collect());
        let mut rows: Vec<(&str, Vec<Cell>)> = catalogue::anomalies().into_iter().map(row).collect();
        rows.retain(|(_, cells)| cells.iter().any(|cell| cell.count() > 0));
        rows.sort_by_key(|(_, cells)| !cells.iter().any(Cell::is_broken));
        let most = rows.iter().flat_map(|(_, cells)| cells).map(Cell::count).max().unwrap_or(0);
        Self { columns: shown.variants.iter().map(|variant| shown.label(variant)).collect(), rows, most }
    }

    fn legend(&self) -> Vec<(Sample, String)> {
        let mut cells = self.rows.iter().flat_map(|(_, cells)| cells).filter(|cell| cell.count() > 0);
        let mut legend = Vec::new();
        if cells.clone().any(Cell::is_broken) {
            legend.push((Sample::Area(BROKEN[1]), "a broken promise (framed, in bold)".into()));
        }
        if cells.any(|cell| !cell.is_broken()) {
            legend.push((Sample::Area(COUNTED[1]), "not promised, only counted".into()));
        }
        legend
    }

    fn draw(&self, sheet: &Sheet, area: &Rect) -> Drawn {
        let widest = self.rows.iter().map(|(name, _)| BODY.width(name)).fold(0.0, f64::max);
        let left = area.left + widest.min(NAMES) + 16.0;
        let pitch = ((area.right - left) / self.columns.len() as f64).min(WIDEST);
        let centred = Words { anchor: HPos::Center, ..MARK };
        for (column, name) in self.columns.iter().enumerate() {
            let middle = left + pitch * (column as f64 + 0.5);
            sheet.write(&centred.fit(name, pitch - 8.0), (middle, area.top + HEAD - 8.0), centred)?;
        }
        for (row, (name, cells)) in self.rows.iter().enumerate() {
            let top = area.top + HEAD + ROW * row as f64;
            sheet.write(&BODY.fit(name, NAMES), (area.left, top + ROW / 2.0 + 4.5), BODY)?;
            for (column, cell) in cells.iter().enumerate() {
                let left = left + pitch * column as f64;
                let place = Rect { left, top, right: left + pitch - GAP, bottom: top + ROW - GAP };
                self.draw_cell(sheet, place, cell)?;
            }
        }
        Ok(())
    }

    fn draw_cell(&self, sheet: &Sheet, place: Rect, cell: &Cell) -> Drawn {
        let (text, ink, ground) = match *cell {
            Cell::Unmeasured => ("–".into(), MUTED, PAPER),
            Cell::Seen { count: 0, .. } => ("0".into(), MUTED, UNMEASURED),
            Cell::Seen { count, promised } => {
                let share = self.share(count);
                let ground = mixed(if promised { BROKEN } else { COUNTED }, share);
                (number(count as f64), if share >= DARK { PAPER } else { INK }, ground)
            }
        };
        let words = if cell.is_broken() { MARK } else { NOTE };
        if cell.is_broken() {
            sheet.block(place, BROKEN[1])?;
        }
        let inner = if cell.is_broken() { shrunk(place, FRAME) } else { place };
        sheet.block(inner, ground)?;
        let words = Words { ink, anchor: HPos::Center, ..words };
        let at = (f64::midpoint(place.left, place.right), f64::midpoint(place.top, place.bottom) + 4.5);
        sheet.write(&words.fit(&text, place.width() - 8.0), at, words)
    }

    /// Where a count lies between one and the most, by its logarithm.
    fn share(&self, count: u64) -> f64 {
        if self.most < 2 { 0.0 } else { libm::log10(count as f64) / libm::log10(self.most as f64) }
    }
}

impl Cell {
    fn count(&self) -> u64 {
        match *self {
            Self::Unmeasured => 0,
            Self::Seen { count, .. } => count,
        }
    }

    fn is_broken(&self) -> bool {
        matches!(self, Self::Seen { count: 1.., promised: true })
    }
}

fn cell(variant: &VariantReport, name: &str) -> Cell {
    let rows: Vec<&AnomalyRow> = variant.anomalies.iter().filter(|row| row.anomaly == name).collect();
    if rows.is_empty() && !variant.metrics.contains_key(&format!("anomalies.{name}")) {
        return Cell::Unmeasured;
    }
    let count = rows.iter().map(|row| row.count).sum();
    Cell::Seen { count, promised: rows.iter().any(|row| row.promised) }
}

fn shrunk(area: Rect, by: f64) -> Rect {
    Rect { left: area.left + by, top: area.top + by, right: area.right - by, bottom: area.bottom - by }
}

/// A colour between two.
fn mixed([from, to]: [Ink; 2], share: f64) -> Ink {
    let mix = |a: u8, b: u8| libm::round(f64::from(a) + (f64::from(b) - f64::from(a)) * share) as u8;
    RGBAColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2), 1.0)
}
