//! How the words of a picture look, and how much room they take.

use super::{
    canvas::UNITS_PER_PIXEL,
    font::{self, Weight},
    palette::{INK, Ink, MUTED},
};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, TextStyle,
    text_anchor::{HPos, Pos, VPos},
};

/// A size, a weight, a colour, and the end that is held in place.
#[derive(Clone, Copy)]
pub(super) struct Words {
    /// Height of the em square, in logical pixels.
    pub(super) size: f64,
    pub(super) weight: Weight,
    pub(super) ink: Ink,
    pub(super) anchor: HPos,
}

/// Ordinary text.
pub(super) const BODY: Words = Words { size: 13.0, weight: Weight::Regular, ink: INK, anchor: HPos::Left };
/// Notes and labels of axes.
pub(super) const NOTE: Words = Words { size: 12.0, ink: MUTED, ..BODY };
/// What stands out in a panel.
pub(super) const MARK: Words = Words { weight: Weight::Bold, ink: INK, ..NOTE };
/// The title of a sheet.
pub(super) const TITLE: Words = Words { size: 19.0, weight: Weight::Bold, ..BODY };
/// The title of a panel.
pub(super) const PANEL_TITLE: Words = Words { size: 14.0, weight: Weight::Bold, ..BODY };

impl Words {
    /// For plotters; the words stand on the line that they are placed at.
    pub(super) fn style(&self) -> TextStyle<'static> {
        let style = match self.weight {
            Weight::Regular => FontStyle::Normal,
            Weight::Bold => FontStyle::Bold,
        };
        let font = FontDesc::new(FontFamily::SansSerif, self.size * UNITS_PER_PIXEL, style);
        TextStyle { font, color: self.ink.to_backend_color(), pos: Pos::new(self.anchor, VPos::Bottom) }
    }

    /// Width of a text, in logical pixels.
    pub(super) fn width(&self, text: &str) -> f64 {
        font::width(text, self.weight) * self.size
    }

    /// The longest beginning of a text that fits, with an ellipsis when something is left out.
    pub(super) fn fit(&self, text: &str, width: f64) -> String {
        if self.width(text) <= width {
            return text.to_owned();
        }
        let mut kept: String = text.to_owned();
        while kept.pop().is_some() && self.width(&kept) + self.width("…") > width {}
        kept.push('…');
        kept
    }

    /// Lines that fit, broken at blanks; of a longer word, its beginning.
    pub(super) fn broken(&self, text: &str, width: f64) -> Vec<String> {
        let mut lines = vec![String::new()];
        for word in text.split(' ') {
            let last = lines.last_mut().expect("there is a line from the beginning");
            let longer = if last.is_empty() { word.to_owned() } else { format!("{last} {word}") };
            if last.is_empty() || self.width(&longer) <= width {
                *last = self.fit(&longer, width);
            } else {
                lines.push(self.fit(word, width));
            }
        }
        lines
    }
}
