//! The sheet that all pictures share: title, legend, panels one under another, key; nothing overlaps.

use super::{
    Area, Drawn,
    canvas::{Rect, WIDTH, units},
    elements::{self, Stroke},
    palette::{Ink, MUTED},
    panel::Panel,
    words::{BODY, NOTE, PANEL_TITLE, TITLE, Words},
};
use plotters::{
    element::{Polygon, Rectangle},
    style::{Color, text_anchor::HPos},
};

/// Room for the labels of the vertical axis.
pub(super) const LEFT: f64 = 76.0;
/// Room for the half of the last label of the horizontal axis.
pub(super) const RIGHT: f64 = 28.0;
/// Room under a panel for the labels of its horizontal axis and for the axis's title.
pub(super) const LABELS_AND_TITLE: f64 = 38.0;
/// Room under a panel for the title of its horizontal axis alone.
pub(super) const TITLE_ALONE: f64 = 18.0;

/// Between a panel's title and the note beside it.
const BESIDE: f64 = 24.0;

/// How a legend shows an entry.
#[derive(Clone, Copy)]
pub(super) enum Sample {
    /// A piece of line.
    Line(Stroke),
    /// A piece of area.
    Area(Ink),
}

/// What stands around a panel.
pub(super) struct Frame<'a> {
    /// Above it, at its left.
    pub(super) title: String,
    /// Above it, at its right.
    pub(super) note: String,
    /// Its height, in logical pixels.
    pub(super) height: f64,
    /// Room above it for marks.
    pub(super) strip: f64,
    /// Room at its right for a colour bar.
    pub(super) right: f64,
    /// Room for its horizontal axis and the axis's title; without them, the axis has no labels.
    pub(super) below: Option<(f64, &'a str)>,
}

/// A drawing area that is filled downwards.
pub(super) struct Sheet<'pen> {
    root: Area<'pen>,
    title: String,
    cursor: f64,
}

impl<'pen> Sheet<'pen> {
    pub(super) fn new(root: Area<'pen>) -> Self {
        Self { root, title: String::new(), cursor: 0.0 }
    }

    /// The title, and the height that the sheet has come to.
    pub(super) fn finish(self) -> (String, f64) {
        (self.title, libm::ceil(self.cursor + 16.0))
    }

    /// What is shown, and a line that says how to read it.
    pub(super) fn title(&mut self, title: &str, subtitle: &str) -> Drawn {
        let room = WIDTH - 2.0 * RIGHT;
        title.clone_into(&mut self.title);
        self.cursor = 66.0;
        self.write(&TITLE.fit(title, room), (RIGHT, 34.0), TITLE)?;
        for line in BODY.broken(subtitle, room) {
            self.write(&line, (RIGHT, self.cursor - 10.0), Words { ink: MUTED, ..BODY })?;
            self.cursor += 18.0;
        }
        self.cursor -= 18.0;
        Ok(())
    }

    /// Entries side by side, in as many lines as they need.
    pub(super) fn legend(&mut self, entries: &[(Sample, String)]) -> Drawn {
        const SAMPLE: f64 = 28.0;
        let mut x = RIGHT;
        self.cursor += 18.0;
        for (sample, words) in entries {
            let words = BODY.fit(words, WIDTH - 2.0 * RIGHT - SAMPLE - 8.0);
            let width = SAMPLE + 8.0 + BODY.width(&words);
            if x > RIGHT && x + width > WIDTH - RIGHT {
                (x, self.cursor) = (RIGHT, self.cursor + 20.0);
            }
            self.sample(*sample, x, SAMPLE)?;
            self.write(&words, (x + SAMPLE + 8.0, self.cursor), BODY)?;
            x += width + 24.0;
        }
        self.cursor += 6.0;
        Ok(())
    }

    /// A panel as wide as the sheet.
    pub(super) fn panel(&mut self, mut frame: Frame) -> Drawn<Panel<'pen>> {
        frame.title = self.upper_lines(&frame)?;
        let mut row = self.row(vec![frame], 1)?;
        Ok(row.remove(0))
    }

    /// Writes what of a panel's title has no room beside its note; what has is left over.
    fn upper_lines(&mut self, frame: &Frame) -> Drawn<String> {
        let whole = WIDTH - 2.0 * RIGHT;
        let room = if frame.note.is_empty() { whole } else { whole - NOTE.width(&frame.note) - BESIDE };
        let fits = |line: &String| line.is_empty() || PANEL_TITLE.width(line) <= room;
        if fits(&frame.title) {
            return Ok(frame.title.clone());
        }
        let mut lines = PANEL_TITLE.broken(&frame.title, whole);
        let last = lines.pop_if(|last| fits(last)).unwrap_or_default();
        for line in lines {
            self.write(&line, (RIGHT, self.cursor + 24.0), PANEL_TITLE)?;
            self.cursor += 19.0;
        }
        Ok(last)
    }

    /// Panels side by side, with room for `columns` of them; the first says how high they are.
    pub(super) fn row(&mut self, frames: Vec<Frame>, columns: usize) -> Drawn<Vec<Panel<'pen>>> {
        let pitch = WIDTH / columns as f64;
        let height = frames.first().map_or(0.0, |frame| frame.height);
        let top = self.cursor + frames.first().map_or(0.0, |frame| frame.strip) + 40.0;
        let below = frames.first().and_then(|frame| frame.below);
        let mut panels = Vec::new();
        for (index, frame) in frames.into_iter().enumerate() {
            let left = pitch * index as f64;
            let area = Rect { left: left + LEFT, top, right: left + pitch - RIGHT, bottom: top + height };
            self.head(&area, &frame)?;
            let area = Rect { right: area.right - frame.right, ..area };
            panels.push(Panel::new(&self.root, area, frame.below));
        }
        self.cursor = top + height + below.map_or(4.0, |(room, _)| room + 8.0);
        Ok(panels)
    }

    /// A part of the sheet.
    pub(super) fn part(&self, area: Rect) -> Area<'pen> {
        let corner = (units(area.left), units(area.top));
        self.root.clone().shrink(corner, (units(area.width()), units(area.height())))
    }

    fn head(&self, area: &Rect, frame: &Frame) -> Drawn {
        let left = area.left - LEFT + RIGHT;
        let title = PANEL_TITLE.fit(&frame.title, area.right - left);
        let room = area.right - left - PANEL_TITLE.width(&title) - BESIDE;
        let baseline = self.cursor + 24.0;
        self.write(&title, (left, baseline), PANEL_TITLE)?;
        if room > 60.0 {
            let note = NOTE.fit(&frame.note, room);
            self.write(&note, (area.right, baseline), Words { anchor: HPos::Right, ..NOTE })?;
        }
        Ok(())
    }

    /// Room as wide as the sheet for something that is no chart.
    pub(super) fn room(&mut self, height: f64) -> Rect {
        let top = self.cursor + 16.0;
        self.cursor = top + height + 4.0;
        Rect { left: RIGHT, top, right: WIDTH - RIGHT, bottom: top + height }
    }

    /// A filled rectangle.
    pub(super) fn block(&self, area: Rect, ink: Ink) -> Drawn {
        let corners = [(area.left, area.top), (area.right, area.bottom)].map(|(x, y)| (units(x), units(y)));
        self.root.draw(&Rectangle::new(corners, ink.filled()))
    }

    /// One line of explanation with its sample.
    pub(super) fn key(&mut self, sample: Option<Sample>, words: &str) -> Drawn {
        self.cursor += 20.0;
        let left = RIGHT + if sample.is_some() { 28.0 } else { 0.0 };
        if let Some(sample) = sample {
            self.sample(sample, RIGHT, 20.0)?;
        }
        self.write(&NOTE.fit(words, WIDTH - RIGHT - left), (left, self.cursor), NOTE)
    }

    /// A filled outline.
    pub(super) fn polygon(&self, points: impl Iterator<Item = (f64, f64)>, ink: Ink) -> Drawn {
        let points: Vec<(i32, i32)> = points.map(|(x, y)| (units(x), units(y))).collect();
        self.root.draw(&Polygon::new(points, ink.filled()))
    }

    /// A line between two points.
    pub(super) fn stroke(&self, from: (f64, f64), to: (f64, f64), stroke: Stroke) -> Drawn {
        let points = [from, to].map(|(x, y)| (units(x), units(y)));
        self.root.draw(&elements::line(points.into(), stroke))
    }

    fn sample(&self, sample: Sample, left: f64, width: f64) -> Drawn {
        let (from, to, middle) = (units(left), units(left + width), units(self.cursor - 4.5));
        let half = units(5.0);
        match sample {
            Sample::Line(stroke) => {
                self.root.draw(&elements::line(vec![(from, middle), (to, middle)], stroke))
            }
            Sample::Area(ink) => {
                self.root.draw(&Rectangle::new([(from, middle - half), (to, middle + half)], ink.filled()))
            }
        }
    }

    /// Words on a baseline.
    pub(super) fn write(&self, text: &str, (x, baseline): (f64, f64), words: Words) -> Drawn {
        self.root.draw_text(text, &words.style(), (units(x), units(baseline)))
    }
}
