//! Colours that people with any kind of colour vision can tell apart.

use plotters::style::RGBAColor;

/// A colour, and how much of what lies under it is hidden.
pub(super) type Ink = RGBAColor;
/// Lengths of dashes and gaps in logical pixels; empty for an unbroken line.
pub(super) type Dash = &'static [f32];

/// Text.
pub(super) const INK: Ink = RGBAColor(0x22, 0x22, 0x22, 1.0);
/// Text of second rank.
pub(super) const MUTED: Ink = RGBAColor(0x5f, 0x63, 0x68, 1.0);
/// Grid lines.
pub(super) const GRID: Ink = RGBAColor(0xe3, 0xe5, 0xe8, 1.0);
/// Axis lines.
pub(super) const AXIS: Ink = RGBAColor(0x9a, 0xa0, 0xa6, 1.0);
/// What is there but not the point.
pub(super) const BACKGROUND_LINE: Ink = RGBAColor(0xb8, 0xbc, 0xc2, 1.0);
/// Time that is not measured.
pub(super) const UNMEASURED: Ink = RGBAColor(0xf1, 0xf3, 0xf4, 1.0);
/// White.
pub(super) const PAPER: Ink = RGBAColor(0xff, 0xff, 0xff, 1.0);

/// Okabe and Ito, "Color Universal Design", 2008; its yellow is left out, as it cannot be seen on white.
pub(super) const BLUE: Ink = RGBAColor(0x00, 0x72, 0xb2, 1.0);
/// Of the same palette.
pub(super) const VERMILION: Ink = RGBAColor(0xd5, 0x5e, 0x00, 1.0);
/// Of the same palette.
pub(super) const ORANGE: Ink = RGBAColor(0xe6, 0x9f, 0x00, 1.0);
/// Of the same palette.
pub(super) const GREEN: Ink = RGBAColor(0x00, 0x9e, 0x73, 1.0);
/// Of the same palette.
pub(super) const PURPLE: Ink = RGBAColor(0xcc, 0x79, 0xa7, 1.0);
/// Of the same palette.
pub(super) const SKY: Ink = RGBAColor(0x56, 0xb4, 0xe9, 1.0);
const BLACK: Ink = RGBAColor(0x00, 0x00, 0x00, 1.0);

/// An unbroken line.
pub(super) const SOLID: Dash = &[];
/// A dashed line.
pub(super) const DASHED: Dash = &[6.0, 3.0];
/// A dotted line.
pub(super) const DOTTED: Dash = &[2.0, 2.5];
const DASH_DOT: Dash = &[8.0, 3.0, 2.0, 3.0];

/// How the line of the variant with this number looks: colour and dashes both differ.
pub(super) fn series(index: usize) -> (Ink, Dash) {
    const INKS: [Ink; 7] = [BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK];
    const DASHES: [Dash; 4] = [SOLID, DASHED, DASH_DOT, DOTTED];
    (INKS[index % INKS.len()], DASHES[index % DASHES.len()])
}
