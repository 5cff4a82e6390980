//! Colours that people with any kind of colour vision can tell apart.

use super::picture::{Dash, Ink};

/// Text.
pub(super) const INK: Ink = Ink::solid([0x22, 0x22, 0x22]);
/// Text of second rank.
pub(super) const MUTED: Ink = Ink::solid([0x5f, 0x63, 0x68]);
/// Grid lines.
pub(super) const GRID: Ink = Ink::solid([0xe3, 0xe5, 0xe8]);
/// Axis lines.
pub(super) const AXIS: Ink = Ink::solid([0x9a, 0xa0, 0xa6]);
/// What is there but not the point.
pub(super) const BACKGROUND_LINE: Ink = Ink::solid([0xb8, 0xbc, 0xc2]);
/// Time that is not measured.
pub(super) const UNMEASURED: Ink = Ink::solid([0xf1, 0xf3, 0xf4]);
/// White.
pub(super) const PAPER: Ink = Ink::solid([0xff, 0xff, 0xff]);

/// Okabe and Ito, "Color Universal Design", 2008; its yellow is left out, as it cannot be seen on white.
pub(super) const BLUE: Ink = Ink::solid([0x00, 0x72, 0xb2]);
/// Of the same palette.
pub(super) const VERMILION: Ink = Ink::solid([0xd5, 0x5e, 0x00]);
/// Of the same palette.
pub(super) const ORANGE: Ink = Ink::solid([0xe6, 0x9f, 0x00]);
const GREEN: Ink = Ink::solid([0x00, 0x9e, 0x73]);
const PURPLE: Ink = Ink::solid([0xcc, 0x79, 0xa7]);
const SKY: Ink = Ink::solid([0x56, 0xb4, 0xe9]);
const BLACK: Ink = Ink::solid([0x00, 0x00, 0x00]);

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

/// The viridis map (van der Walt and Smith, 2015, CC0), linear between the nine anchors that viridisLite gives.
pub(super) fn viridis(share: f64) -> [u8; 3] {
    const ANCHORS: [[u8; 3]; 9] = [
        [0x44, 0x01, 0x54],
        [0x47, 0x2d, 0x7b],
        [0x3b, 0x52, 0x8b],
        [0x2c, 0x72, 0x8e],
        [0x21, 0x91, 0x8c],
        [0x28, 0xae, 0x80],
        [0x5e, 0xc9, 0x62],
        [0xad, 0xdc, 0x30],
        [0xfd, 0xe7, 0x25],
    ];
    let place = share.clamp(0.0, 1.0) * (ANCHORS.len() - 1) as f64;
    let below = (place as usize).min(ANCHORS.len() - 2);
    let between = place - below as f64;
    let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * between + 0.5) as u8;
    let (low, high) = (ANCHORS[below], ANCHORS[below + 1]);
    [mix(low[0], high[0]), mix(low[1], high[1]), mix(low[2], high[2])]
}
