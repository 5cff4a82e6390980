//! The time axis that several pictures share, with what is not measured and when faults were at work.

use super::{
    font::Weight,
    palette::{INK, MUTED, PAPER, UNMEASURED, VERMILION},
    picture::{Anchor, Dash, Ink, Picture, Rect, TextStyle},
    scale::{Scale, Spread},
    sheet::{Panel, Sample, Sheet},
};
use crate::numbers;
use shardlab_scenarios::tables::{FaultRow, RunReport, VariantReport};

/// Colour of the time during which a fault is at work.
const FAULT: Ink = VERMILION.faded(0.13);
/// Dashes of the line at which a fault strikes.
const EDGE: Dash = &[3.0, 3.0];
/// More faults than this are left to `faults.csv`.
const KEY_LINES: usize = 6;

/// Time from 0 to the end of the rows, and the names of the faults in order of appearance.
pub(super) struct TimeAxis<'a> {
    report: &'a RunReport,
    variants: &'a [&'a VariantReport],
    end_s: f64,
    faults: Vec<&'a str>,
}

impl<'a> TimeAxis<'a> {
    /// For the variants that are shown; `last_row_s` is where their rows end.
    pub(super) fn new(report: &'a RunReport, variants: &'a [&'a VariantReport], last_row_s: f64) -> Self {
        let mut faults = Vec::new();
        for row in variants.iter().flat_map(|variant| &variant.faults).filter(|row| row.struck_s.is_some()) {
            if !faults.contains(&row.fault.as_str()) {
                faults.push(&row.fault);
            }
        }
        let end_s = [report.duration_s, last_row_s, 1e-3].into_iter().fold(0.0, f64::max);
        Self { report, variants, end_s, faults }
    }

    /// The horizontal axis.
    pub(super) fn scale(&self) -> Scale {
        Scale::new(Spread::Linear, 0.0, self.end_s)
    }

    /// Paints what lies behind the lines of one variant: unmeasured time, grid, faults; their letters stand above.
    pub(super) fn frame(&self, picture: &mut Picture, panel: &Panel, variant: &VariantReport) {
        for (from, to) in [(0.0, self.report.warmup_s), (self.report.duration_s, self.end_s)] {
            if to > from {
                picture.block(stretch(panel, from, to), UNMEASURED);
            }
        }
        panel.frame(picture);
        for (from, to) in self.bands(variant).map(|(_, from, to)| (from, to)) {
            picture.block(stretch(panel, from, to), FAULT);
            self.edge(picture, panel, from, VERMILION);
        }
        self.letters(picture, panel, variant);
    }

    /// The same on top of a picture that fills its panel: edges only.
    pub(super) fn mark(&self, picture: &mut Picture, panel: &Panel, variant: &VariantReport) {
        for (_, from, to) in self.bands(variant) {
            self.edge(picture, panel, from, PAPER);
            self.edge(picture, panel, to, PAPER);
        }
        self.letters(picture, panel, variant);
    }

    /// Explains shades and letters under the last panel.
    fn key(&self, sheet: &mut Sheet, shaded: bool) {
        if shaded && (self.report.warmup_s > 0.0 || self.end_s > self.report.duration_s) {
            sheet.key(Some(Sample::Area(UNMEASURED)), "warm-up and drain: not in the metrics");
        }
        let sample = if shaded { Sample::Area(FAULT) } else { Sample::Line(MUTED, 1.2, EDGE) };
        for (index, name) in self.faults.iter().take(KEY_LINES).enumerate() {
            sheet.key(Some(sample), &format!("{}  {}", letter(index), self.describe(name)));
        }
        if self.faults.len() > KEY_LINES {
            sheet.key(None, &format!("and {} more faults: see faults.csv", self.faults.len() - KEY_LINES));
        }
    }

    /// Labels the axis under the last panel, adds the key, and hands over the picture.
    pub(super) fn finish(&self, mut sheet: Sheet, last: Panel, shaded: bool) -> Option<Picture> {
        last.x_labels(&mut sheet.picture);
        let middle = (last.area.left + last.area.right) / 2.0;
        sheet.below_labels();
        sheet.axis_titles(&[(middle, "simulated time, s")]);
        self.key(&mut sheet, shaded);
        Some(sheet.finish())
    }

    /// (number of the fault, from, to) for each time that it struck.
    fn bands(&self, variant: &'a VariantReport) -> impl Iterator<Item = (usize, f64, f64)> {
        variant.faults.iter().filter_map(|row| {
            let from = row.struck_s?;
            let number = self.faults.iter().position(|name| *name == row.fault)?;
            let to = row.healed_s.unwrap_or(self.end_s.max(from));
            Some((number, from, to.max(from)))
        })
    }

    fn edge(&self, picture: &mut Picture, panel: &Panel, time_s: f64, ink: Ink) {
        let x = panel.x.place(time_s);
        picture.line(vec![(x, panel.area.top), (x, panel.area.bottom)], ink, 1.2, EDGE);
    }

    /// Letters that would touch are written as one: "A, B".
    fn letters(&self, picture: &mut Picture, panel: &Panel, variant: &'a VariantReport) {
        let style = TextStyle { size: 12.0, weight: Weight::Bold, ink: INK, anchor: Anchor::Start };
        let mut bands: Vec<(usize, f64, f64)> = self.bands(variant).collect();
        bands.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        let mut labels: Vec<(f64, String)> = Vec::new();
        for (number, from, _) in bands {
            let x = panel.x.place(from);
            match labels.last_mut() {
                Some((left, label)) if *left + style.width(label) + 6.0 > x => join(label, &letter(number)),
                _ => labels.push((x, letter(number))),
            }
        }
        for (left, label) in labels {
            let label = style.fit(&label, 120.0);
            let left = left.min(panel.area.right - style.width(&label));
            picture.text(label, (left, panel.area.top - 4.0), style);
        }
    }

    fn describe(&self, name: &str) -> String {
        let of = |variant: &&'a VariantReport| -> Vec<&'a FaultRow> {
            variant.faults.iter().filter(|row| row.fault == name && row.struck_s.is_some()).collect()
        };
        let strikes: Vec<Vec<&FaultRow>> = self.variants.iter().map(of).collect();
        let spans =
            |rows: &Vec<&FaultRow>| rows.iter().map(|row| (row.struck_s, row.healed_s)).collect::<Vec<_>>();
        let first = strikes.iter().find(|rows| !rows.is_empty());
        let Some([row]) = first.map(Vec::as_slice) else {
            return format!("{name}: struck several times, see faults.csv");
        };
        if strikes.iter().any(|rows| spans(rows) != [(row.struck_s, row.healed_s)]) {
            return format!("{name}: at different times, see faults.csv");
        }
        let span = span(row.struck_s.unwrap_or_default(), row.healed_s);
        if row.nodes.is_empty() {
            format!("{name}, {span}")
        } else {
            format!("{name}, {span}: {}", row.nodes)
        }
    }
}

fn join(label: &mut String, letter: &str) {
    let known = label.split(", ").any(|part| part == letter);
    if !known {
        *label += &format!(", {letter}");
    }
}

fn stretch(panel: &Panel, from_s: f64, to_s: f64) -> Rect {
    Rect { left: panel.x.place(from_s), right: panel.x.place(to_s), ..panel.area }
}

fn span(from_s: f64, to_s: Option<f64>) -> String {
    match to_s {
        Some(to_s) if to_s > from_s => format!("{}–{} s", numbers::number(from_s), numbers::number(to_s)),
        Some(_) => format!("at {} s", numbers::number(from_s)),
        None => format!("from {} s", numbers::number(from_s)),
    }
}

/// A, B, …, Z, then 27, 28, …
fn letter(index: usize) -> String {
    let letter = u8::try_from(index).ok().filter(|index| *index < 26).map(|index| char::from(b'A' + index));
    letter.map_or_else(|| (index + 1).to_string(), String::from)
}
