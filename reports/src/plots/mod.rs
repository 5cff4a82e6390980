//! Pictures of a run, made with plotters: one drawing function a file, drawn once as SVG and once as PNG.
//!
//! The charts, axes and elements are the library's. Ours are the axis that counts decades and nines without the
//! platform's logarithm, the layout of the sheet, and the backend, whose letters need no viewer's fonts.

mod anomalies;
mod bill;
mod canvas;
mod colours;
mod cycle;
mod divergence;
mod elements;
mod font;
mod heat;
mod imbalance;
mod latency;
mod latency_distribution;
mod move_marks;
mod moves;
mod ownership;
mod palette;
mod panel;
mod png;
mod queries;
mod scale;
mod servers;
mod servers_map;
mod shards;
mod shares;
mod sheet;
mod svg;
mod sweep;
mod throughput;
mod time;
mod words;

pub use canvas::Label;
pub use cycle::{cycle, cycle_with_reasons};
pub use png::png;
pub use svg::svg;

use crate::{MetricInfo, compare, winners::listed, words as words_of_run};
use canvas::{Canvas, Pen};
use plotters::{
    coord::Shift,
    drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea},
};
use shardlab_scenarios::tables::{RunReport, VariantReport};
use sheet::Sheet;
use std::convert::Infallible;

/// More variants than this do not fit on one sheet; tables have them all.
const PANELS: usize = 6;
/// So many of those that have no room are named.
const NAMED: usize = 12;
/// The same where a variant takes a line, not panels of its own.
const LINES: usize = 20;

type Area<'pen> = DrawingArea<Canvas<'pen>, Shift>;
type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<Infallible>>;
/// Says whether there was anything to draw.
type Plot = fn(&Shown, &mut Sheet) -> Drawn<bool>;

const PLOTS: [(&str, Plot); 15] = [
    ("anomalies", anomalies::draw),
    ("sweep", sweep::draw),
    ("latency", latency::draw),
    ("throughput", throughput::draw),
    ("divergence", divergence::draw),
    ("queries", queries::draw),
    ("bill", bill::draw),
    ("moves", moves::draw),
    ("imbalance", imbalance::draw),
    ("shares", shares::draw),
    ("ownership", ownership::draw),
    ("servers", servers::draw),
    ("shards", shards::draw),
    ("heat", heat::draw),
    ("latency-distribution", latency_distribution::draw),
];

/// A picture that is drawn whenever a file is made of it.
pub struct Picture<'a> {
    /// File stem and prefix of identifiers: `latency`.
    pub name: &'static str,
    /// What it shows, in words.
    pub title: String,
    /// Logical pixels.
    pub width: f64,
    /// Logical pixels.
    pub height: f64,
    /// Everything that is written on it.
    pub labels: Vec<Label>,
    shown: Shown<'a>,
    plot: Plot,
}

/// Every picture that the run has rows for.
#[must_use]
pub fn pictures<'a>(report: &'a RunReport, info: &'a [MetricInfo]) -> Vec<Picture<'a>> {
    let shown = Shown::of(report, info);
    PLOTS.into_iter().filter_map(|(name, plot)| Picture::of(name, plot, &shown)).collect()
}

impl<'a> Picture<'a> {
    /// Draws it once with a pen that only reads, to learn how high it is and what it says.
    fn of(name: &'static str, plot: Plot, shown: &Shown<'a>) -> Option<Self> {
        let mut labels: Vec<Label> = Vec::new();
        let (title, height) = draw(plot, shown, &mut labels)?;
        Some(Self { name, title, width: canvas::WIDTH, height, labels, shown: shown.clone(), plot })
    }

    fn draw(&self, pen: &mut dyn Pen) {
        draw(self.plot, &self.shown, pen);
    }
}

/// The title and the height of what was drawn, if there was anything.
fn draw(plot: Plot, shown: &Shown, pen: &mut dyn Pen) -> Option<(String, f64)> {
    let mut sheet = Sheet::new(Canvas { pen }.into_drawing_area());
    let drawn = plot(shown, &mut sheet).expect("a canvas in memory takes whatever is drawn");
    drawn.then(|| sheet.finish())
}

/// The variants that fit on a sheet.
#[derive(Clone)]
struct Shown<'a> {
    report: &'a RunReport,
    info: &'a [MetricInfo],
    variants: Vec<&'a VariantReport>,
    /// Those that there is no room for.
    left_out: Vec<&'a VariantReport>,
}

impl<'a> Shown<'a> {
    fn of(report: &'a RunReport, info: &'a [MetricInfo]) -> Self {
        Self::first(report, info, PANELS)
    }

    fn first(report: &'a RunReport, info: &'a [MetricInfo], room: usize) -> Self {
        let mut variants: Vec<&VariantReport> = report.variants.iter().collect();
        let left_out = variants.split_off(room.min(variants.len()));
        Self { report, info, variants, left_out }
    }

    /// The same with as many variants as have room where each takes a line.
    fn wide(&self) -> Self {
        Self::first(self.report, self.info, LINES)
    }

    fn label(&self, variant: &VariantReport) -> String {
        compare::label(self.report, variant)
    }

    /// What the title says about whose rows these are.
    fn scope(&self) -> String {
        let seed = match self.report.seeds {
            0 | 1 => format!("seed {}", self.report.seed),
            seeds => format!("seed {}, the first of {seeds}", self.report.seed),
        };
        format!("{}, {seed}{}", self.report.scenario, self.left_out())
    }

    /// The same where the rows are those of all seeds.
    fn scope_of_all_seeds(&self) -> String {
        format!("{}, {}{}", self.report.scenario, words_of_run::seeds(self.report), self.left_out())
    }

    fn left_out(&self) -> String {
        let names: Vec<String> =
            self.left_out.iter().map(|variant| compare::named(self.report, variant)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match names.len() {
            0 => String::new(),
            // A sweep's points are many.
            more if more > NAMED => format!("; {more} more variants in the tables"),
            _ => format!("; only in the tables: {}", listed(&names)),
        }
    }
}

/// Length of the intervals of a timeline, from its first two rows.
fn interval_s(times: impl Iterator<Item = f64>) -> f64 {
    let mut first = None;
    for time in times {
        match first {
            None => first = Some(time),
            Some(first) if time > first => return time - first,
            Some(_) => {}
        }
    }
    0.0
}
