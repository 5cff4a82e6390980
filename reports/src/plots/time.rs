//! The time axis that several pictures share, with what is not measured and when faults were at work.

use super::{
    Drawn,
    canvas::units,
    palette::{Dash, Ink, PAPER, UNMEASURED, VERMILION},
    panel::{Chart, Columns, Panel, line},
    scale::{Scale, Spread},
    sheet::{Frame, LABELS_AND_TITLE, Sample, Sheet},
    words::MARK,
};
use crate::numbers;
use plotters::{
    element::{EmptyElement, Rectangle, Text},
    style::{Color, RGBAColor},
};
use shardlab_scenarios::tables::{FaultRow, RunReport, VariantReport};

/// Colour of the time during which a fault is at work.
const FAULT: Ink = RGBAColor(VERMILION.0, VERMILION.1, VERMILION.2, 0.13);
/// Dashes of the line at which a fault strikes.
const EDGE: Dash = &[3.0, 3.0];
/// Room above a panel for the letters of faults.
const STRIP: f64 = 8.0;
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

    /// The frame of the panel of one variant; the last of them carries the labels of the axis.
    pub(super) fn frame(&self, index: usize, title: String, note: String, height: f64) -> Frame<'static> {
        let below = (index + 1 == self.variants.len()).then_some((LABELS_AND_TITLE, "simulated time, s"));
        Frame { title, note, height, strip: STRIP, right: 0.0, below }
    }

    /// Axes with what lies behind the lines of one variant: unmeasured time, grid, faults; their letters stand above.
    pub(super) fn chart<'area, 'pen>(
        &self,
        panel: &'area Panel<'pen>,
        y: Scale,
        variant: &VariantReport,
    ) -> Drawn<Chart<'area, 'pen>> {
        let mut chart = panel.chart(self.scale(), y)?;
        for (from, to) in [(0.0, self.report.warmup_s), (self.report.duration_s, self.end_s)] {
            shade(&mut chart, (from, to), UNMEASURED)?;
        }
        panel.mesh(&mut chart, Columns::Ruled)?;
        for (_, from, to) in self.bands(variant) {
            shade(&mut chart, (from, to), FAULT)?;
            edge(&mut chart, from, VERMILION)?;
        }
        self.letters(&mut chart, panel, variant)?;
        Ok(chart)
    }

    /// On top of a picture that fills its panel: edges and letters only.
    pub(super) fn mark(&self, chart: &mut Chart, panel: &Panel, variant: &VariantReport) -> Drawn {
        for (_, from, to) in self.bands(variant) {
            edge(chart, from, PAPER)?;
            edge(chart, to, PAPER)?;
        }
        self.letters(chart, panel, variant)
    }

    /// Explains shades and letters under the last panel.
    pub(super) fn key(&self, sheet: &mut Sheet) -> Drawn {
        if self.report.warmup_s > 0.0 || self.end_s > self.report.duration_s {
            sheet.key(Some(Sample::Area(UNMEASURED)), "warm-up and drain: not in the metrics")?;
        }
        for (index, name) in self.faults.iter().take(KEY_LINES).enumerate() {
            sheet.key(Some(Sample::Area(FAULT)), &format!("{}  {}", letter(index), self.describe(name)))?;
        }
        if self.faults.len() > KEY_LINES {
            sheet.key(None, &format!("and {} more faults: see faults.csv", self.faults.len() - KEY_LINES))?;
        }
        Ok(())
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

    /// Letters that would touch are written as one: "A, B".
    fn letters(&self, chart: &mut Chart, panel: &Panel, variant: &VariantReport) -> Drawn {
        let (scale, width) = (self.scale(), panel.area.width());
        let mut bands: Vec<(usize, f64, f64)> = self.bands(variant).collect();
        bands.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        let mut labels: Vec<(f64, f64, String)> = Vec::new();
        for (number, from, _) in bands {
            let x = scale.share(from) * width;
            match labels.last_mut() {
                Some((_, left, label)) if *left + MARK.width(label) + 6.0 > x => join(label, &letter(number)),
                _ => labels.push((from, x, letter(number))),
            }
        }
        let top = chart.y_range().end;
        let place = |(from, x, label): (f64, f64, String)| {
            let label = MARK.fit(&label, 120.0);
            let back = (width - MARK.width(&label) - x).min(0.0);
            EmptyElement::at((from, top)) + Text::new(label, (units(back), units(-4.0)), MARK.style())
        };
        chart.draw_series(labels.into_iter().map(place)).map(drop)
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

fn shade(chart: &mut Chart, (from_s, to_s): (f64, f64), ink: Ink) -> Drawn {
    let y = chart.y_range();
    let area = Rectangle::new([(from_s, y.start), (to_s, y.end)], ink.filled());
    chart.draw_series((to_s > from_s).then_some(area)).map(drop)
}

fn edge(chart: &mut Chart, time_s: f64, ink: Ink) -> Drawn {
    let y = chart.y_range();
    line(chart, vec![(time_s, y.start), (time_s, y.end)], (ink, 1.2, EDGE))
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
