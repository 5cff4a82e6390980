//! The pen for SVG: letters are outlines, defined once a picture and used where they occur.

use super::{
    Picture,
    canvas::{Label, Pen, Point, Rect},
    font::{self, Placed, Step, Weight},
    palette::Dash,
    png,
};
use ab_glyph::GlyphId;
use plotters_backend::BackendColor;
use std::{collections::BTreeSet, fmt::Write};

/// Draws a picture as an SVG document that needs no fonts and no other file.
#[must_use]
pub fn svg(picture: &Picture) -> String {
    document(picture.name, &picture.title, (picture.width, picture.height), |pen| picture.draw(pen))
}

/// What is drawn, as a document; `name` begins its identifiers, so that two can stand on one page.
pub(super) fn document(
    name: &str,
    title: &str,
    (width, height): (f64, f64),
    draw: impl FnOnce(&mut dyn Pen),
) -> String {
    let mut pen = SvgPen { name, letters: BTreeSet::new(), body: String::new() };
    draw(&mut pen);
    let (width, height, title) = (coordinate(width), coordinate(height), escape(title));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n\
         <defs>\n{}</defs>\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
        pen.letter_definitions(),
        pen.body
    )
}

struct SvgPen<'a> {
    name: &'a str,
    letters: BTreeSet<(Weight, GlyphId)>,
    body: String,
}

impl Pen for SvgPen<'_> {
    fn block(&mut self, area: Rect, colour: BackendColor) {
        self.body += &format!("<rect {} {}/>\n", placed(area), paint("fill", colour));
    }

    fn polygon(&mut self, points: &[Point], colour: BackendColor) {
        self.body += &format!("<path d=\"{}Z\" {}/>\n", path(points), paint("fill", colour));
    }

    fn line(&mut self, points: &[Point], colour: BackendColor, width: f64, dash: Dash) {
        let lengths: Vec<String> = dash.iter().map(|length| coordinate(f64::from(*length))).collect();
        let dashes = match dash {
            [] => String::new(),
            _ => format!(" stroke-dasharray=\"{}\"", lengths.join(" ")),
        };
        self.body += &format!(
            "<path d=\"{}\" fill=\"none\" {} stroke-width=\"{}\" stroke-linejoin=\"round\"{dashes}/>\n",
            path(points),
            paint("stroke", colour),
            coordinate(width)
        );
    }

    fn dot(&mut self, centre: Point, radius: f64, colour: BackendColor) {
        let (x, y, r) = (coordinate(centre.0), coordinate(centre.1), coordinate(radius));
        self.body += &format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\" {}/>\n", paint("fill", colour));
    }

    fn label(&mut self, label: &Label) {
        let em = font::units_per_em(label.weight);
        let scale = label.size / em;
        self.body += &format!(
            "<g role=\"img\" aria-label=\"{}\" transform=\"translate({} {}) scale({scale:.5} -{scale:.5})\" {}>",
            escape(&label.text),
            coordinate(label.left),
            coordinate(label.baseline),
            paint("fill", label.colour)
        );
        for Placed { glyph, x } in font::lay_out(&label.text, label.weight) {
            if !font::outline(glyph, label.weight).is_empty() {
                let id = letter_id(self.name, label.weight, glyph);
                self.body += &format!("<use href=\"#{id}\" x=\"{}\"/>", coordinate(x * em));
                self.letters.insert((label.weight, glyph));
            }
        }
        self.body += "</g>\n";
    }

    /// Cells would be a rectangle each; one embedded PNG is fifty times smaller.
    fn raster(&mut self, area: Rect, columns: usize, cells: &[[u8; 3]]) {
        self.body += &format!(
            "<image {} preserveAspectRatio=\"none\" style=\"image-rendering:pixelated\" \
             href=\"data:image/png;base64,{}\"/>\n",
            placed(area),
            base64(&png::encode_cells(columns, cells))
        );
    }
}

impl SvgPen<'_> {
    fn letter_definitions(&self) -> String {
        let definition = |(weight, glyph): &(Weight, GlyphId)| {
            let outline = outline_path(&font::outline(*glyph, *weight));
            format!("<path id=\"{}\" d=\"{outline}\"/>\n", letter_id(self.name, *weight, *glyph))
        };
        self.letters.iter().map(definition).collect()
    }
}

fn letter_id(name: &str, weight: Weight, glyph: GlyphId) -> String {
    let weight = match weight {
        Weight::Regular => 'r',
        Weight::Bold => 'b',
    };
    format!("{name}-{weight}{}", glyph.0)
}

fn placed(area: Rect) -> String {
    let lengths = [area.left, area.top, area.width(), area.height()];
    let [x, y, width, height] = lengths.map(coordinate);
    format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"")
}

fn outline_path(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        let result = match step {
            Step::Move([x, y]) => write!(path, "M{x} {y}"),
            Step::Line([x, y]) => write!(path, "L{x} {y}"),
            Step::Quadratic([a, b], [x, y]) => write!(path, "Q{a} {b} {x} {y}"),
            Step::Cubic([a, b], [c, d], [x, y]) => write!(path, "C{a} {b} {c} {d} {x} {y}"),
            Step::Close => write!(path, "Z"),
        };
        result.expect("writing to a string cannot fail");
    }
    path
}

fn path(points: &[Point]) -> String {
    let mut path = String::new();
    for (index, &(x, y)) in points.iter().enumerate() {
        path.push(if index == 0 { 'M' } else { 'L' });
        path += &format!("{} {}", coordinate(x), coordinate(y));
    }
    path
}

fn paint(property: &str, BackendColor { alpha, rgb: (red, green, blue) }: BackendColor) -> String {
    let colour = format!("{property}=\"#{red:02x}{green:02x}{blue:02x}\"");
    if alpha < 1.0 { format!("{colour} {property}-opacity=\"{}\"", coordinate(alpha)) } else { colour }
}

/// Hundredths of a pixel are finer than any screen.
fn coordinate(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// Escapes for XML text and attributes; control characters, which XML 1.0 forbids, become spaces.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            // XML 1.0, §2.2: these are no characters.
            '\u{fffe}' | '\u{ffff}' => escaped.push(' '),
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// RFC 4648, §4.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = (0..3).fold(0u32, |word, index| word << 8 | u32::from(*group.get(index).unwrap_or(&0)));
        for place in 0..4 {
            let sextet = (word >> (18 - 6 * place)) & 63;
            text.push(if place <= group.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_matches_rfc_4648_section_10() {
        let encoded = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(encoded, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }

    #[test]
    fn coordinates_carry_no_noise() {
        assert_eq!([1.0, 0.5, -0.001, 12.345].map(coordinate), ["1", "0.5", "0", "12.35"].map(String::from));
    }
}
