//! A picture as SVG: letters are outlines, defined once a picture and used where they occur.

use super::{
    font::{self, Placed, Step, Weight},
    picture::{Ink, Picture, Point, Rect, Shape, TextStyle},
    png,
};
use ab_glyph::GlyphId;
use std::{collections::BTreeSet, fmt::Write};

/// Draws a picture as an SVG document that needs no fonts and no other file.
#[must_use]
pub fn svg(picture: &Picture) -> String {
    let mut out = String::new();
    let (width, height, title) =
        (coordinate(picture.width), coordinate(picture.height), escape(&picture.title));
    out += &format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n"
    );
    define_letters(&mut out, picture);
    out += &format!("<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n");
    for shape in &picture.shapes {
        draw(&mut out, picture.name, shape);
    }
    out += "</svg>\n";
    out
}

fn draw(out: &mut String, name: &str, shape: &Shape) {
    match shape {
        Shape::Block { area, ink } => block(out, area, *ink),
        Shape::Polygon { points, ink } => {
            *out += &format!("<path d=\"{}Z\" {}/>\n", path(points), paint("fill", *ink));
        }
        Shape::Line { points, ink, width, dash } => line(out, points, *ink, *width, dash),
        Shape::Dot { centre, radius, ink } => {
            let (x, y, r) = (coordinate(centre.0), coordinate(centre.1), coordinate(*radius));
            *out += &format!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\" {}/>\n", paint("fill", *ink));
        }
        Shape::Text { text, at, style } => write_text(out, name, text, *at, style),
        Shape::Raster { area, columns, cells } => raster(out, area, *columns, cells),
    }
}

fn block(out: &mut String, area: &Rect, ink: Ink) {
    *out += &format!(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {}/>\n",
        coordinate(area.left),
        coordinate(area.top),
        coordinate(area.width()),
        coordinate(area.height()),
        paint("fill", ink)
    );
}

fn line(out: &mut String, points: &[Point], ink: Ink, width: f64, dash: &[f32]) {
    let lengths: Vec<String> = dash.iter().map(|length| coordinate(f64::from(*length))).collect();
    let dashes =
        if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{}\"", lengths.join(" ")) };
    *out += &format!(
        "<path d=\"{}\" fill=\"none\" {} stroke-width=\"{}\" stroke-linejoin=\"round\"{dashes}/>\n",
        path(points),
        paint("stroke", ink),
        coordinate(width)
    );
}

fn write_text(out: &mut String, name: &str, text: &str, at: Point, style: &TextStyle) {
    let scale = style.size / font::units_per_em(style.weight);
    *out += &format!(
        "<g role=\"img\" aria-label=\"{}\" transform=\"translate({} {}) scale({scale:.5} -{scale:.5})\" {}>",
        escape(text),
        coordinate(style.start(text, at.0)),
        coordinate(at.1),
        paint("fill", style.ink)
    );
    for Placed { glyph, x } in font::lay_out(text, style.weight) {
        if !font::outline(glyph, style.weight).is_empty() {
            let x = coordinate(x * font::units_per_em(style.weight));
            *out += &format!("<use href=\"#{}\" x=\"{x}\"/>", letter_id(name, style.weight, glyph));
        }
    }
    *out += "</g>\n";
}

/// Cells would be a rectangle each; one embedded PNG is fifty times smaller.
fn raster(out: &mut String, area: &Rect, columns: usize, cells: &[[u8; 3]]) {
    *out += &format!(
        "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" \
         style=\"image-rendering:pixelated\" href=\"data:image/png;base64,{}\"/>\n",
        coordinate(area.left),
        coordinate(area.top),
        coordinate(area.width()),
        coordinate(area.height()),
        base64(&png::encode_cells(columns, cells))
    );
}

fn define_letters(out: &mut String, picture: &Picture) {
    let mut used: BTreeSet<(Weight, GlyphId)> = BTreeSet::new();
    for shape in &picture.shapes {
        if let Shape::Text { text, style, .. } = shape {
            used.extend(
                font::lay_out(text, style.weight).into_iter().map(|placed| (style.weight, placed.glyph)),
            );
        }
    }
    *out += "<defs>\n";
    for (weight, glyph) in used {
        let steps = font::outline(glyph, weight);
        if !steps.is_empty() {
            let id = letter_id(picture.name, weight, glyph);
            *out += &format!("<path id=\"{id}\" d=\"{}\"/>\n", outline_path(&steps));
        }
    }
    *out += "</defs>\n";
}

fn letter_id(name: &str, weight: Weight, glyph: GlyphId) -> String {
    let weight = match weight {
        Weight::Regular => 'r',
        Weight::Bold => 'b',
    };
    format!("{name}-{weight}{}", glyph.0)
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

fn paint(property: &str, ink: Ink) -> String {
    let [red, green, blue] = ink.rgb;
    let colour = format!("{property}=\"#{red:02x}{green:02x}{blue:02x}\"");
    if ink.alpha < 1.0 {
        format!("{colour} {property}-opacity=\"{}\"", coordinate(ink.alpha))
    } else {
        colour
    }
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
