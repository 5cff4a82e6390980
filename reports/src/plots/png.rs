//! A picture as PNG, rendered by tiny-skia at twice the logical size.

use super::{
    font::{self, Step},
    picture::{Ink, Picture, Point, Rect, Shape, TextStyle},
};
use tiny_skia::{
    Color, ColorU8, FillRule, FilterQuality, LineJoin, Paint, Path, PathBuilder, Pixmap, PixmapPaint, Stroke,
    StrokeDash, Transform,
};

/// Pixels to a logical pixel: sharp on dense screens and in print.
const SCALE: f32 = 2.0;

/// Draws a picture as a PNG file.
#[must_use]
pub fn png(picture: &Picture) -> Vec<u8> {
    let (width, height) = (picture.width as f32 * SCALE, picture.height as f32 * SCALE);
    let mut pixels = Pixmap::new(width as u32, height as u32).expect("a sheet has a size");
    pixels.fill(Color::WHITE);
    for shape in &picture.shapes {
        draw(&mut pixels, shape);
    }
    encode(&pixels)
}

/// Encodes raw cells, one pixel a cell.
pub(super) fn encode_cells(columns: usize, cells: &[[u8; 3]]) -> Vec<u8> {
    encode(&cell_pixels(columns, cells))
}

fn encode(pixels: &Pixmap) -> Vec<u8> {
    pixels.encode_png().expect("encoding into memory cannot fail")
}

fn cell_pixels(columns: usize, cells: &[[u8; 3]]) -> Pixmap {
    let rows = cells.len() / columns;
    let mut pixels = Pixmap::new(columns as u32, rows as u32).expect("a raster has a size");
    for (pixel, [red, green, blue]) in pixels.pixels_mut().iter_mut().zip(cells) {
        *pixel = ColorU8::from_rgba(*red, *green, *blue, u8::MAX).premultiply();
    }
    pixels
}

fn draw(pixels: &mut Pixmap, shape: &Shape) {
    match shape {
        Shape::Block { area, ink } => block(pixels, area, *ink),
        Shape::Polygon { points, ink } => {
            if let Some(path) = path(points, true) {
                fill(pixels, &path, *ink);
            }
        }
        Shape::Line { points, ink, width, dash } => line(pixels, points, *ink, *width, dash),
        Shape::Dot { centre, radius, ink } => {
            if let Some(path) = PathBuilder::from_circle(centre.0 as f32, centre.1 as f32, *radius as f32) {
                fill(pixels, &path, *ink);
            }
        }
        Shape::Text { text, at, style } => write_text(pixels, text, *at, style),
        Shape::Raster { area, columns, cells } => raster(pixels, area, *columns, cells),
    }
}

/// Without anti-aliasing, so that neighbouring blocks have no seams.
fn block(pixels: &mut Pixmap, area: &Rect, ink: Ink) {
    let edges = [area.left, area.top, area.right, area.bottom].map(|edge| edge as f32);
    if let Some(rect) = tiny_skia::Rect::from_ltrb(edges[0], edges[1], edges[2], edges[3]) {
        let paint = Paint { anti_alias: false, ..paint(ink) };
        pixels.fill_rect(rect, &paint, scaled(), None);
    }
}

fn line(pixels: &mut Pixmap, points: &[Point], ink: Ink, width: f64, dash: &[f32]) {
    let stroke = Stroke {
        width: width as f32,
        line_join: LineJoin::Round,
        dash: StrokeDash::new(dash.to_vec(), 0.0),
        ..Stroke::default()
    };
    if let Some(path) = path(points, false) {
        pixels.stroke_path(&path, &paint(ink), &stroke, scaled(), None);
    }
}

fn write_text(pixels: &mut Pixmap, text: &str, at: Point, style: &TextStyle) {
    let scale = (style.size / font::units_per_em(style.weight)) as f32;
    let start = style.start(text, at.0);
    for placed in font::lay_out(text, style.weight) {
        let x = (start + placed.x * style.size) as f32;
        let place = Transform::from_row(scale, 0.0, 0.0, -scale, x, at.1 as f32);
        if let Some(path) = letter(&font::outline(placed.glyph, style.weight)) {
            let transform = place.post_concat(scaled());
            pixels.fill_path(&path, &paint(style.ink), FillRule::Winding, transform, None);
        }
    }
}

fn letter(steps: &[Step]) -> Option<Path> {
    let mut path = PathBuilder::new();
    for step in steps {
        match *step {
            Step::Move([x, y]) => path.move_to(x, y),
            Step::Line([x, y]) => path.line_to(x, y),
            Step::Quadratic([a, b], [x, y]) => path.quad_to(a, b, x, y),
            Step::Cubic([a, b], [c, d], [x, y]) => path.cubic_to(a, b, c, d, x, y),
            Step::Close => path.close(),
        }
    }
    path.finish()
}

fn raster(pixels: &mut Pixmap, area: &Rect, columns: usize, cells: &[[u8; 3]]) {
    let source = cell_pixels(columns, cells);
    let (across, down) =
        (area.width() as f32 / source.width() as f32, area.height() as f32 / source.height() as f32);
    let place = Transform::from_row(across, 0.0, 0.0, down, area.left as f32, area.top as f32);
    let paint = PixmapPaint { quality: FilterQuality::Nearest, ..PixmapPaint::default() };
    pixels.draw_pixmap(0, 0, source.as_ref(), &paint, place.post_concat(scaled()), None);
}

fn path(points: &[Point], closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (index, &(x, y)) in points.iter().enumerate() {
        if index == 0 { path.move_to(x as f32, y as f32) } else { path.line_to(x as f32, y as f32) }
    }
    if closed {
        path.close();
    }
    path.finish()
}

fn fill(pixels: &mut Pixmap, path: &Path, ink: Ink) {
    pixels.fill_path(path, &paint(ink), FillRule::Winding, scaled(), None);
}

fn paint(ink: Ink) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    let [red, green, blue] = ink.rgb;
    paint.set_color(Color::from_rgba8(red, green, blue, (ink.alpha * 255.0) as u8));
    paint
}

fn scaled() -> Transform {
    Transform::from_scale(SCALE, SCALE)
}
