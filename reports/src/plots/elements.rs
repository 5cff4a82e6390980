//! Elements that plotters lacks: lines with any dashes, and rasters between two corners.

use super::{
    canvas::{Canvas, point, rect},
    palette::{Dash, Ink},
};
use plotters::{
    element::{Drawable, PointCollection},
    style::Color,
};
use plotters_backend::{BackendCoord, DrawingErrorKind};
use std::{convert::Infallible, slice};

/// How a line looks: colour, width in logical pixels, dashes.
pub(super) type Stroke = (Ink, f64, Dash);

/// Points of any coordinate system, and what is drawn at them.
pub(super) struct Element<Coord> {
    points: Vec<Coord>,
    shape: Shape,
}

enum Shape {
    Line(Stroke),
    Raster { columns: usize, cells: Vec<[u8; 3]> },
}

/// A line through points, which the file format dashes (the library's own dashes are a path each).
///
/// Fewer than two points draw nothing.
pub(super) fn line<Coord>(points: Vec<Coord>, stroke: Stroke) -> Element<Coord> {
    Element { points, shape: Shape::Line(stroke) }
}

/// Sharp cells, row by row from the top, stretched between two corners.
pub(super) fn raster<Coord>(corners: [Coord; 2], columns: usize, cells: Vec<[u8; 3]>) -> Element<Coord> {
    assert!(columns > 0 && cells.len().is_multiple_of(columns), "a raster has whole rows");
    Element { points: corners.into(), shape: Shape::Raster { columns, cells } }
}

impl<'a, Coord> PointCollection<'a, Coord> for &'a Element<Coord> {
    type Point = &'a Coord;
    type IntoIter = slice::Iter<'a, Coord>;

    fn point_iter(self) -> Self::IntoIter {
        self.points.iter()
    }
}

impl<Coord> Drawable<Canvas<'_>> for Element<Coord> {
    fn draw<I: Iterator<Item = BackendCoord>>(
        &self,
        places: I,
        canvas: &mut Canvas<'_>,
        _: (u32, u32),
    ) -> Result<(), DrawingErrorKind<Infallible>> {
        let places: Vec<BackendCoord> = places.collect();
        match (&self.shape, &places[..]) {
            (Shape::Line(_), [] | [_]) => {}
            (Shape::Line((ink, width, dash)), places) => {
                let points: Vec<_> = places.iter().copied().map(point).collect();
                canvas.pen.line(&points, ink.to_backend_color(), *width, dash);
            }
            (Shape::Raster { columns, cells }, places) => {
                canvas.pen.raster(rect(places[0], places[1]), *columns, cells);
            }
        }
        Ok(())
    }
}
