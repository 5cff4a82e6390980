//! Letters as outlines, so that a picture looks the same on a machine without fonts.
//!
//! Noto Sans (SIL Open Font License 1.1) comes with the `notosans` crate. Lengths are in ems, y upwards.

use ab_glyph::{Font, FontRef, GlyphId, OutlineCurve};
use std::sync::LazyLock;

/// Thickness of the letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Noto Sans Regular.
    Regular,
    /// Noto Sans Bold.
    Bold,
}

/// A letter at its place on the baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placed {
    pub(super) glyph: GlyphId,
    pub(super) x: f64,
}

/// A step of an outline, in font units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Step {
    Move([f32; 2]),
    Line([f32; 2]),
    Quadratic([f32; 2], [f32; 2]),
    Cubic([f32; 2], [f32; 2], [f32; 2]),
    Close,
}

static REGULAR: LazyLock<FontRef<'static>> = LazyLock::new(|| parse(notosans::REGULAR_TTF));
static BOLD: LazyLock<FontRef<'static>> = LazyLock::new(|| parse(notosans::BOLD_TTF));

fn parse(bytes: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(bytes).expect("the font that is compiled in can be read")
}

fn font(weight: Weight) -> &'static FontRef<'static> {
    match weight {
        Weight::Regular => &REGULAR,
        Weight::Bold => &BOLD,
    }
}

/// Font units to an em.
pub(super) fn units_per_em(weight: Weight) -> f64 {
    f64::from(font(weight).units_per_em().expect("Noto Sans states its units per em"))
}

/// The letters of a line with their kerning.
pub(super) fn lay_out(text: &str, weight: Weight) -> Vec<Placed> {
    walk(text, weight).0
}

/// Width of a line.
pub(super) fn width(text: &str, weight: Weight) -> f64 {
    walk(text, weight).1
}

fn walk(text: &str, weight: Weight) -> (Vec<Placed>, f64) {
    let font = font(weight);
    let em = units_per_em(weight);
    let mut placed: Vec<Placed> = Vec::new();
    let mut x = 0.0;
    for letter in text.chars() {
        let glyph = font.glyph_id(letter);
        if let Some(last) = placed.last() {
            x += f64::from(font.kern_unscaled(last.glyph, glyph)) / em;
        }
        placed.push(Placed { glyph, x });
        x += f64::from(font.h_advance_unscaled(glyph)) / em;
    }
    (placed, x)
}

/// The outline of a letter, contour by contour; empty for a space.
pub(super) fn outline(glyph: GlyphId, weight: Weight) -> Vec<Step> {
    let curves = font(weight).outline(glyph).map(|outline| outline.curves).unwrap_or_default();
    let mut steps = Vec::new();
    let mut pen = None;
    for curve in curves {
        let (start, step, end) = step(curve);
        if pen != Some(start) {
            if pen.is_some() {
                steps.push(Step::Close);
            }
            steps.push(Step::Move(start));
        }
        steps.push(step);
        pen = Some(end);
    }
    if pen.is_some() {
        steps.push(Step::Close);
    }
    steps
}

fn step(curve: OutlineCurve) -> ([f32; 2], Step, [f32; 2]) {
    let at = |point: ab_glyph::Point| [point.x, point.y];
    match curve {
        OutlineCurve::Line(a, b) => (at(a), Step::Line(at(b)), at(b)),
        OutlineCurve::Quad(a, b, c) => (at(a), Step::Quadratic(at(b), at(c)), at(c)),
        OutlineCurve::Cubic(a, b, c, d) => (at(a), Step::Cubic(at(b), at(c), at(d)), at(d)),
    }
}
