//! The pen for PNG: tiny-skia, at twice the logical size.

use super::{
    Picture,
    canvas::{Label, Pen, Point, Rect},
    font::{self, Step},
    palette::Dash,
};
use plotters_backend::BackendColor;
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
    picture.draw(&mut pixels);
    encode(&pixels)
}

/// Encodes raw cells, one pixel a cell.
pub(super) fn encode_cells(columns: usize, cells: &[[u8; 3]]) -> Vec<u8> {
    encode(&cell_pixels(columns, cells))
}

/// Quickly rather than smally: a run draws a dozen sheets, and the best compression would take longer than a short run
/// does. On a run's pictures this takes a sixth of the time of the encoder's own choice, for files larger by two fifths.
fn encode(pixels: &Pixmap) -> Vec<u8> {
    // Sheets are white below everything else, so that no pixel is seen through.
    let opaque: Vec<u8> =
        pixels.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_deflate_compression(png::DeflateCompression::Level(1));
    encoder.set_filter(png::Filter::Up);
    let written = encoder.write_header().and_then(|mut image| image.write_image_data(&opaque));
    written.expect("encoding into memory cannot fail");
    file
}

fn cell_pixels(columns: usize, cells: &[[u8; 3]]) -> Pixmap {
    let rows = cells.len() / columns;
    let mut pixels = Pixmap::new(columns as u32, rows as u32).expect("a raster has a size");
    for (pixel, [red, green, blue]) in pixels.pixels_mut().iter_mut().zip(cells) {
        *pixel = ColorU8::from_rgba(*red, *green, *blue, u8::MAX).premultiply();
    }
    pixels
}

impl Pen for Pixmap {
    /// Without anti-aliasing, so that neighbouring blocks have no seams.
    fn block(&mut self, area: Rect, colour: BackendColor) {
        let [left, top, right, bottom] =
            [area.left, area.top, area.right, area.bottom].map(|edge| edge as f32);
        if let Some(rect) = tiny_skia::Rect::from_ltrb(left, top, right, bottom) {
            self.fill_rect(rect, &Paint { anti_alias: false, ..paint(colour) }, scaled(), None);
        }
    }

    fn polygon(&mut self, points: &[Point], colour: BackendColor) {
        if let Some(path) = path(points, true) {
            self.fill_path(&path, &paint(colour), FillRule::Winding, scaled(), None);
        }
    }

    fn line(&mut self, points: &[Point], colour: BackendColor, width: f64, dash: Dash) {
        let stroke = Stroke {
            width: width as f32,
            line_join: LineJoin::Round,
            dash: StrokeDash::new(dash.to_vec(), 0.0),
            ..Stroke::default()
        };
        if let Some(path) = path(points, false) {
            self.stroke_path(&path, &paint(colour), &stroke, scaled(), None);
        }
    }

    fn dot(&mut self, centre: Point, radius: f64, colour: BackendColor) {
        if let Some(path) = PathBuilder::from_circle(centre.0 as f32, centre.1 as f32, radius as f32) {
            self.fill_path(&path, &paint(colour), FillRule::Winding, scaled(), None);
        }
    }

    fn label(&mut self, label: &Label) {
        let scale = (label.size / font::units_per_em(label.weight)) as f32;
        for placed in font::lay_out(&label.text, label.weight) {
            let x = (label.left + placed.x * label.size) as f32;
            let place = Transform::from_row(scale, 0.0, 0.0, -scale, x, label.baseline as f32);
            if let Some(path) = letter(&font::outline(placed.glyph, label.weight)) {
                let transform = place.post_concat(scaled());
                self.fill_path(&path, &paint(label.colour), FillRule::Winding, transform, None);
            }
        }
    }

    fn raster(&mut self, area: Rect, columns: usize, cells: &[[u8; 3]]) {
        let source = cell_pixels(columns, cells);
        let (across, down) =
            (area.width() as f32 / source.width() as f32, area.height() as f32 / source.height() as f32);
        let place = Transform::from_row(across, 0.0, 0.0, down, area.left as f32, area.top as f32);
        let paint = PixmapPaint { quality: FilterQuality::Nearest, ..PixmapPaint::default() };
        self.draw_pixmap(0, 0, source.as_ref(), &paint, place.post_concat(scaled()), None);
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

fn paint(BackendColor { alpha, rgb: (red, green, blue) }: BackendColor) -> Paint<'static> {
    let mut paint = Paint { anti_alias: true, ..Paint::default() };
    paint.set_color(Color::from_rgba8(red, green, blue, (alpha * 255.0) as u8));
    paint
}

fn scaled() -> Transform {
    Transform::from_scale(SCALE, SCALE)
}
