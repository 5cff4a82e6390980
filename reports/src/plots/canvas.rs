//! The drawing backend that plotters draws on: it takes the library's whole pixels back to logical ones and its
//! styles to ours, and hands plain shapes to a pen. There is a pen a file format, and one that only reads labels.
//!
//! Letters are measured by the font that they are drawn with, so nothing depends on the fonts of a machine.

use super::{
    font::{self, Weight},
    palette::Dash,
};
use plotters::prelude::DrawingBackend;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind, FontStyle, FontTransform,
    text_anchor::{HPos, VPos},
};
use std::convert::Infallible;

/// Plotters places things in whole pixels; quarters of a logical pixel are finer than the eye and the PNG.
pub(super) const UNITS_PER_PIXEL: f64 = 4.0;
/// Width of every picture, in logical pixels.
pub(super) const WIDTH: f64 = 960.0;
/// Room for any picture, in logical pixels; what is not used is cut off.
const ROOM: f64 = 10_000.0;
/// Height of Noto Sans's capitals, in ems (its OS/2 table: 714 of 1000).
const CAPITALS: f64 = 0.714;
/// How far letters such as g fall beneath the baseline, in ems.
const DESCENT: f64 = 0.21;

/// A point in logical pixels.
pub(super) type Point = (f64, f64);
type Done = Result<(), DrawingErrorKind<Infallible>>;

/// An upright rectangle in logical pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Rect {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

/// A line of text where it stands.
#[derive(Clone)]
pub struct Label {
    /// What it says.
    pub text: String,
    /// Where it begins, in logical pixels.
    pub left: f64,
    /// Where its letters stand, in logical pixels.
    pub baseline: f64,
    /// Height of the em square, in logical pixels.
    pub size: f64,
    pub(super) weight: Weight,
    pub(super) colour: BackendColor,
}

impl Label {
    /// Left, top, right and bottom of its letters, in logical pixels.
    #[must_use]
    pub fn bounds(&self) -> [f64; 4] {
        let right = self.left + font::width(&self.text, self.weight) * self.size;
        [self.left, self.baseline - CAPITALS * self.size, right, self.baseline + DESCENT * self.size]
    }
}

/// What is drawn, for a file format to write down or to pass over; lengths are logical pixels.
pub(super) trait Pen {
    /// A filled rectangle with sharp edges.
    fn block(&mut self, _area: Rect, _colour: BackendColor) {}
    /// A filled outline.
    fn polygon(&mut self, _points: &[Point], _colour: BackendColor) {}
    /// A line through at least two points.
    fn line(&mut self, _points: &[Point], _colour: BackendColor, _width: f64, _dash: Dash) {}
    /// A filled disc.
    fn dot(&mut self, _centre: Point, _radius: f64, _colour: BackendColor) {}
    /// A line of text.
    fn label(&mut self, label: &Label);
    /// Sharp cells, row by row from the top.
    fn raster(&mut self, _area: Rect, _columns: usize, _cells: &[[u8; 3]]) {}
}

/// Reads labels and draws nothing.
impl Pen for Vec<Label> {
    fn label(&mut self, label: &Label) {
        self.push(label.clone());
    }
}

/// A sheet under a pen.
pub(super) struct Canvas<'pen> {
    pub(super) pen: &'pen mut dyn Pen,
}

/// From logical pixels to the whole pixels that plotters counts in.
pub(super) fn units(pixels: f64) -> i32 {
    libm::round(pixels * UNITS_PER_PIXEL) as i32
}

/// From plotters' pixels to logical ones.
pub(super) fn pixels(units: f64) -> f64 {
    units / UNITS_PER_PIXEL
}

/// The same for both coordinates.
pub(super) fn point((x, y): BackendCoord) -> Point {
    (pixels(f64::from(x)), pixels(f64::from(y)))
}

/// The rectangle between two corners.
pub(super) fn rect(a: BackendCoord, b: BackendCoord) -> Rect {
    let (a, b) = (point(a), point(b));
    Rect { left: a.0.min(b.0), top: a.1.min(b.1), right: a.0.max(b.0), bottom: a.1.max(b.1) }
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        (units(WIDTH) as u32, units(ROOM) as u32)
    }

    fn ensure_prepared(&mut self) -> Done {
        Ok(())
    }

    fn present(&mut self) -> Done {
        Ok(())
    }

    fn draw_pixel(&mut self, at: BackendCoord, colour: BackendColor) -> Done {
        self.pen.block(rect(at, (at.0 + 1, at.1 + 1)), colour);
        Ok(())
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Done {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        a: BackendCoord,
        b: BackendCoord,
        style: &S,
        fill: bool,
    ) -> Done {
        if !fill {
            return self.draw_path([a, (b.0, a.1), b, (a.0, b.1), a], style);
        }
        self.pen.block(rect(a, b), style.color());
        Ok(())
    }

    fn draw_path<S, I>(&mut self, path: I, style: &S) -> Done
    where
        S: BackendStyle,
        I: IntoIterator<Item = BackendCoord>,
    {
        let points: Vec<Point> = path.into_iter().map(point).collect();
        if points.len() > 1 && style.color().alpha > 0.0 {
            self.pen.line(&points, style.color(), pixels(f64::from(style.stroke_width())), &[]);
        }
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(&mut self, at: BackendCoord, radius: u32, style: &S, fill: bool) -> Done {
        assert!(fill, "no picture has hollow circles");
        self.pen.dot(point(at), pixels(f64::from(radius)), style.color());
        Ok(())
    }

    fn fill_polygon<S, I>(&mut self, corners: I, style: &S) -> Done
    where
        S: BackendStyle,
        I: IntoIterator<Item = BackendCoord>,
    {
        let points: Vec<Point> = corners.into_iter().map(point).collect();
        self.pen.polygon(&points, style.color());
        Ok(())
    }

    /// An empty text is left out, and control characters become spaces.
    fn draw_text<S: BackendTextStyle>(&mut self, text: &str, style: &S, at: BackendCoord) -> Done {
        assert!(matches!(style.transform(), FontTransform::None), "no picture has turned text");
        let text = text.replace(char::is_control, " ");
        let (size, weight, (x, y)) = (pixels(style.size()), weight(style), point(at));
        let width = font::width(&text, weight) * size;
        let left = match style.anchor().h_pos {
            HPos::Left => x,
            HPos::Center => x - width / 2.0,
            HPos::Right => x - width,
        };
        let baseline = match style.anchor().v_pos {
            VPos::Top => y + CAPITALS * size,
            VPos::Center => y + CAPITALS * size / 2.0,
            VPos::Bottom => y,
        };
        if !text.is_empty() {
            self.pen.label(&Label { text, left, baseline, size, weight, colour: style.color() });
        }
        Ok(())
    }

    fn estimate_text_size<S: BackendTextStyle>(
        &self,
        text: &str,
        style: &S,
    ) -> Result<(u32, u32), DrawingErrorKind<Infallible>> {
        let width = font::width(text, weight(style)) * style.size();
        Ok((libm::ceil(width) as u32, libm::ceil(style.size() * CAPITALS) as u32))
    }
}

fn weight<S: BackendTextStyle>(style: &S) -> Weight {
    match style.style() {
        FontStyle::Bold => Weight::Bold,
        _ => Weight::Regular,
    }
}
