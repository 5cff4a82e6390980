//! A picture as data: a list of shapes in logical pixels, y downwards, drawn later as SVG and as PNG.
//!
//! Kept as data rather than drawn at once, so that tests can ask whether labels overlap or leave the sheet.

use super::font::{self, Weight};

/// A finished picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// File stem and prefix of identifiers: `latency`.
    pub name: &'static str,
    /// What it shows, in words.
    pub title: String,
    /// Logical pixels.
    pub width: f64,
    /// Logical pixels.
    pub height: f64,
    /// In the order of painting.
    pub shapes: Vec<Shape>,
}

/// A point in logical pixels.
pub type Point = (f64, f64);

/// A colour and how much of what lies under it is hidden.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ink {
    /// Red, green, blue.
    pub rgb: [u8; 3],
    /// `0.0..=1.0`.
    pub alpha: f64,
}

impl Ink {
    /// Hides what lies under it.
    #[must_use]
    pub const fn solid(rgb: [u8; 3]) -> Self {
        Self { rgb, alpha: 1.0 }
    }

    /// The same colour, partly transparent.
    #[must_use]
    pub const fn faded(self, alpha: f64) -> Self {
        Self { rgb: self.rgb, alpha }
    }
}

/// An upright rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Lower edge.
    pub bottom: f64,
}

impl Rect {
    /// From edge to edge.
    #[must_use]
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    /// From edge to edge.
    #[must_use]
    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

/// Lengths of dashes and gaps; empty for an unbroken line.
pub type Dash = &'static [f32];

/// Which point of a text lies at its position; upright text stands on its baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Its left end.
    Start,
    /// Its middle.
    Middle,
    /// Its right end.
    End,
}

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextStyle {
    /// Height of the em square.
    pub size: f64,
    /// Regular or bold.
    pub weight: Weight,
    /// Colour.
    pub ink: Ink,
    /// Horizontal alignment.
    pub anchor: Anchor,
}

/// One thing on the sheet.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A filled rectangle, with sharp edges.
    Block {
        /// Where.
        area: Rect,
        /// Its filling.
        ink: Ink,
    },
    /// A filled outline.
    Polygon {
        /// Its corners.
        points: Vec<Point>,
        /// Its filling.
        ink: Ink,
    },
    /// A line through points.
    Line {
        /// At least two.
        points: Vec<Point>,
        /// Colour.
        ink: Ink,
        /// Stroke width.
        width: f64,
        /// Dashes.
        dash: Dash,
    },
    /// A filled disc.
    Dot {
        /// Its middle.
        centre: Point,
        /// Its radius.
        radius: f64,
        /// Its filling.
        ink: Ink,
    },
    /// One line of text.
    Text {
        /// What it says.
        text: String,
        /// End of the baseline that `anchor` names.
        at: Point,
        /// How it looks.
        style: TextStyle,
    },
    /// A raster of sharp cells.
    Raster {
        /// Where.
        area: Rect,
        /// Cells across.
        columns: usize,
        /// Colours, row by row from the top.
        cells: Vec<[u8; 3]>,
    },
}

impl Picture {
    /// An empty sheet.
    #[must_use]
    pub fn new(name: &'static str, title: String, width: f64, height: f64) -> Self {
        Self { name, title, width, height, shapes: Vec::new() }
    }

    /// Fills a rectangle.
    pub fn block(&mut self, area: Rect, ink: Ink) {
        self.shapes.push(Shape::Block { area, ink });
    }

    /// Fills an outline.
    pub fn polygon(&mut self, points: Vec<Point>, ink: Ink) {
        self.shapes.push(Shape::Polygon { points, ink });
    }

    /// Draws a line; fewer than two points draw nothing.
    pub fn line(&mut self, points: Vec<Point>, ink: Ink, width: f64, dash: Dash) {
        if points.len() > 1 {
            self.shapes.push(Shape::Line { points, ink, width, dash });
        }
    }

    /// Draws a disc.
    pub fn dot(&mut self, centre: Point, radius: f64, ink: Ink) {
        self.shapes.push(Shape::Dot { centre, radius, ink });
    }

    /// Writes a line of text; an empty one is left out, and control characters become spaces.
    pub fn text(&mut self, text: impl AsRef<str>, at: Point, style: TextStyle) {
        let text = text.as_ref().replace(char::is_control, " ");
        if !text.is_empty() {
            self.shapes.push(Shape::Text { text, at, style });
        }
    }

    /// Places a raster.
    pub fn raster(&mut self, area: Rect, columns: usize, cells: Vec<[u8; 3]>) {
        assert!(columns > 0 && cells.len().is_multiple_of(columns), "a raster has whole rows");
        self.shapes.push(Shape::Raster { area, columns, cells });
    }
}

impl TextStyle {
    /// Width of a text in this style, in logical pixels.
    #[must_use]
    pub fn width(&self, text: &str) -> f64 {
        font::width(text, self.weight) * self.size
    }

    /// The longest beginning of a text that fits, with an ellipsis when something is left out.
    #[must_use]
    pub fn fit(&self, text: &str, width: f64) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let mut kept: String = text.to_owned();
        while kept.pop().is_some() && self.width(&kept) + self.width("…") > width {}
        kept.push('…');
        kept
    }

    /// Where a text starts when `anchor` lies at `x`.
    pub(super) fn start(&self, text: &str, x: f64) -> f64 {
        match self.anchor {
            Anchor::Start => x,
            Anchor::Middle => x - self.width(text) / 2.0,
            Anchor::End => x - self.width(text),
        }
    }
}
