//! The sheet that all pictures share: title, legend, panels one under another, key; nothing overlaps.

use super::{
    font::Weight,
    palette::{AXIS, GRID, INK, MUTED},
    picture::{Anchor, Dash, Ink, Picture, Rect, TextStyle},
    scale::Scale,
};

/// Width of every picture, in logical pixels.
pub(super) const WIDTH: f64 = 960.0;
/// Room for the labels of the vertical axis.
const LEFT: f64 = 76.0;
/// Room for the half of the last label of the horizontal axis.
const RIGHT: f64 = 28.0;

/// Ordinary text.
pub(super) const BODY: TextStyle =
    TextStyle { size: 13.0, weight: Weight::Regular, ink: INK, anchor: Anchor::Start };
/// Notes and labels of axes.
pub(super) const NOTE: TextStyle = TextStyle { size: 12.0, ink: MUTED, ..BODY };
const TITLE: TextStyle = TextStyle { size: 19.0, weight: Weight::Bold, ..BODY };
const PANEL_TITLE: TextStyle = TextStyle { size: 14.0, weight: Weight::Bold, ..BODY };

/// How a legend shows an entry.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sample {
    /// A piece of line.
    Line(Ink, f64, Dash),
    /// A piece of area.
    Area(Ink),
}

/// A picture that grows downwards.
pub(super) struct Sheet {
    pub(super) picture: Picture,
    cursor: f64,
}

impl Sheet {
    /// With a title that says what is shown, and a line that says how to read it.
    pub(super) fn new(name: &'static str, title: &str, subtitle: &str) -> Self {
        let mut picture = Picture::new(name, title.to_owned(), WIDTH, 0.0);
        let room = WIDTH - 2.0 * RIGHT;
        picture.text(TITLE.fit(title, room), (RIGHT, 34.0), TITLE);
        picture.text(BODY.fit(subtitle, room), (RIGHT, 56.0), TextStyle { ink: MUTED, ..BODY });
        Self { picture, cursor: 66.0 }
    }

    /// Entries side by side, in as many lines as they need.
    pub(super) fn legend(&mut self, entries: &[(Sample, String)]) {
        const SAMPLE: f64 = 28.0;
        let mut x = RIGHT;
        self.cursor += 18.0;
        for (sample, words) in entries {
            let words = BODY.fit(words, WIDTH - 2.0 * RIGHT - SAMPLE - 8.0);
            let width = SAMPLE + 8.0 + BODY.width(&words);
            if x > RIGHT && x + width > WIDTH - RIGHT {
                (x, self.cursor) = (RIGHT, self.cursor + 20.0);
            }
            self.sample(*sample, x, SAMPLE);
            self.picture.text(words, (x + SAMPLE + 8.0, self.cursor), BODY);
            x += width + 24.0;
        }
        self.cursor += 6.0;
    }

    /// Room for a panel under its title; a note stands at the right end of the title's line.
    pub(super) fn panel(&mut self, title: &str, note: &str, height: f64) -> Rect {
        let area = Rect { left: LEFT, top: 0.0, right: WIDTH - RIGHT, bottom: 0.0 };
        self.head(area, title, note);
        self.cursor += 40.0;
        self.body(area, height)
    }

    /// The same with a strip above the panel for marks.
    pub(super) fn panel_with_strip(&mut self, title: &str, note: &str, height: f64) -> Rect {
        let area = Rect { left: LEFT, top: 0.0, right: WIDTH - RIGHT, bottom: 0.0 };
        self.head(area, title, note);
        self.cursor += 48.0;
        self.body(area, height)
    }

    /// Room for a row of panels with a title each.
    pub(super) fn row(&mut self, titles: &[(String, String)], height: f64, columns: usize) -> Vec<Rect> {
        let pitch = WIDTH / columns as f64;
        let column = |index: usize| {
            let left = pitch * index as f64;
            Rect { left: left + LEFT, top: 0.0, right: left + pitch - RIGHT, bottom: 0.0 }
        };
        for (index, (title, note)) in titles.iter().enumerate() {
            self.head(column(index), title, note);
        }
        self.cursor += 40.0;
        let (top, bottom) = (self.cursor, self.cursor + height);
        self.cursor = bottom + 4.0;
        (0..titles.len()).map(|index| Rect { top, bottom, ..column(index) }).collect()
    }

    fn body(&mut self, area: Rect, height: f64) -> Rect {
        let top = self.cursor;
        self.cursor = top + height + 4.0;
        Rect { top, bottom: top + height, ..area }
    }

    fn head(&mut self, area: Rect, title: &str, note: &str) {
        let title_left = area.left - LEFT + RIGHT;
        let room = area.right - title_left;
        let title = PANEL_TITLE.fit(title, room);
        let left_for_note = room - PANEL_TITLE.width(&title) - 24.0;
        self.picture.text(title, (title_left, self.cursor + 24.0), PANEL_TITLE);
        if left_for_note > 60.0 {
            let end = TextStyle { anchor: Anchor::End, ..NOTE };
            self.picture.text(end.fit(note, left_for_note), (area.right, self.cursor + 24.0), end);
        }
    }

    /// Makes room under the last panel for labels of its horizontal axis.
    pub(super) fn below_labels(&mut self) {
        self.cursor += 16.0;
    }

    /// Titles of horizontal axes, each with the place of its middle.
    pub(super) fn axis_titles(&mut self, titles: &[(f64, &str)]) {
        self.cursor += 18.0;
        for (middle, title) in titles {
            self.picture.text(*title, (*middle, self.cursor), TextStyle { anchor: Anchor::Middle, ..NOTE });
        }
        self.cursor += 8.0;
    }

    /// One line of explanation with its sample.
    pub(super) fn key(&mut self, sample: Option<Sample>, words: &str) {
        self.cursor += 20.0;
        if let Some(sample) = sample {
            self.sample(sample, RIGHT, 20.0);
        }
        let left = RIGHT + if sample.is_some() { 28.0 } else { 0.0 };
        self.picture.text(NOTE.fit(words, WIDTH - RIGHT - left), (left, self.cursor), NOTE);
    }

    /// The picture at the height that it has come to.
    pub(super) fn finish(mut self) -> Picture {
        self.picture.height = libm::ceil(self.cursor + 16.0);
        self.picture
    }

    fn sample(&mut self, sample: Sample, left: f64, width: f64) {
        let middle = self.cursor - 4.5;
        match sample {
            Sample::Line(ink, stroke, dash) => {
                self.picture.line(vec![(left, middle), (left + width, middle)], ink, stroke, dash);
            }
            Sample::Area(ink) => {
                let area = Rect { left, top: middle - 5.0, right: left + width, bottom: middle + 5.0 };
                self.picture.block(area, ink);
            }
        }
    }
}

/// A rectangle with two axes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Panel {
    pub(super) area: Rect,
    pub(super) x: Scale,
    pub(super) y: Scale,
}

impl Panel {
    /// Lays the axes along the edges of the area.
    pub(super) fn new(area: Rect, x: Scale, y: Scale) -> Self {
        Self { area, x: x.between(area.left, area.right), y: y.between(area.bottom, area.top) }
    }

    /// Where a pair of values lies.
    pub(super) fn place(&self, x: f64, y: f64) -> (f64, f64) {
        (self.x.place(x), self.y.place(y))
    }

    /// Grid, labels of the vertical axis, and the line that values stand on.
    pub(super) fn frame(&self, picture: &mut Picture) {
        for tick in self.x.ticks(self.x_ticks()) {
            let x = self.x.place(tick.value);
            picture.line(vec![(x, self.area.top), (x, self.area.bottom)], GRID, 1.0, &[]);
        }
        self.y_axis(picture);
        let base = vec![(self.area.left, self.area.bottom), (self.area.right, self.area.bottom)];
        picture.line(base, AXIS, 1.0, &[]);
    }

    /// Horizontal grid lines with their labels.
    pub(super) fn y_axis(&self, picture: &mut Picture) {
        for tick in self.y.ticks(self.y_ticks()) {
            let y = self.y.place(tick.value);
            picture.line(vec![(self.area.left, y), (self.area.right, y)], GRID, 1.0, &[]);
            let style = TextStyle { anchor: Anchor::End, ..NOTE };
            picture.text(tick.label, (self.area.left - 8.0, y + 4.5), style);
        }
    }

    /// Labels of the horizontal axis.
    pub(super) fn x_labels(&self, picture: &mut Picture) {
        let style = TextStyle { anchor: Anchor::Middle, ..NOTE };
        let mut free_from = f64::NEG_INFINITY;
        for tick in self.x.ticks(self.x_ticks()) {
            let x = self.x.place(tick.value);
            let left = style.start(&tick.label, x);
            picture.line(vec![(x, self.area.bottom), (x, self.area.bottom + 4.0)], AXIS, 1.0, &[]);
            if left > free_from {
                free_from = left + style.width(&tick.label) + 6.0;
                picture.text(tick.label, (x, self.area.bottom + 18.0), style);
            }
        }
    }

    fn x_ticks(&self) -> usize {
        ((self.area.width() / 64.0) as usize).max(3)
    }

    fn y_ticks(&self) -> usize {
        ((self.area.height() / 22.0) as usize).max(2)
    }
}
