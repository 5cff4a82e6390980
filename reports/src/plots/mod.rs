//! Pictures of a run: one drawing function a file, each giving a [`Picture`] that is drawn as SVG and as PNG.
//!
//! Pictures are data of our own instead of calls to a plotting library, because a library's logarithmic axes go
//! through the platform's `ln`, its SVG leaves letters to the viewer's fonts, and a list of shapes can be asked
//! whether its labels overlap.

mod font;
mod heat;
mod latency;
mod latency_distribution;
mod palette;
mod picture;
mod png;
mod scale;
mod servers;
mod shards;
mod sheet;
mod svg;
mod sweep;
mod throughput;
mod time;

pub use font::Weight;
pub use picture::{Anchor, Dash, Ink, Picture, Point, Rect, Shape, TextStyle};
pub use png::png;
pub use svg::svg;

use crate::{MetricInfo, compare};
use shardlab_scenarios::tables::{RunReport, VariantReport};

/// More variants than this do not fit on one sheet; tables have them all.
const PANELS: usize = 6;

/// Every picture that the run has rows for.
#[must_use]
pub fn pictures(report: &RunReport, info: &[MetricInfo]) -> Vec<Picture> {
    let shown = Shown::of(report);
    let pictures = [
        sweep::draw(report, info),
        latency::draw(&shown),
        throughput::draw(&shown),
        servers::draw(&shown),
        shards::draw(&shown),
        heat::draw(&shown),
        latency_distribution::draw(&shown),
    ];
    pictures.into_iter().flatten().collect()
}

/// The variants that fit on a sheet.
struct Shown<'a> {
    report: &'a RunReport,
    variants: Vec<&'a VariantReport>,
}

impl<'a> Shown<'a> {
    fn of(report: &'a RunReport) -> Self {
        Self { report, variants: report.variants.iter().take(PANELS).collect() }
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
        let left_out = self.report.variants.len() - self.variants.len();
        let which =
            if left_out == 0 { String::new() } else { format!("; {left_out} more variants in the tables") };
        format!("{}, {seed}{which}", self.report.scenario)
    }
}

/// Draws the pieces of a line between gaps; a lone value becomes a dot.
fn broken_line(
    picture: &mut Picture,
    points: impl Iterator<Item = Option<Point>>,
    (ink, width, dash): (Ink, f64, Dash),
) {
    let mut piece: Vec<Point> = Vec::new();
    for point in points.chain([None]) {
        match point {
            Some(point) => piece.push(point),
            None => match std::mem::take(&mut piece) {
                lone if lone.len() == 1 => picture.dot(lone[0], width, ink),
                piece => picture.line(piece, ink, width, dash),
            },
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
