//! A cycle of dependencies: transactions as boxes one below the other, each with its steps; to the right of them the
//! dependencies as arrows, the one that closes the cycle in a lane of its own. Of steps on keys that no arrow is about,
//! only the number is told.

use super::{
    canvas::{Label, Pen, Point, Rect},
    font::Weight,
    palette::{DASHED, INK, Ink, MUTED, SOLID},
    svg::document,
    words::{BODY, NOTE, Words},
};
use plotters::style::{Color, RGBAColor};
use shardlab_scenarios::tables::{CycleEdgeRow, CycleRow, CycleTransactionRow};

const MARGIN: f64 = 16.0;
const LINE: f64 = 19.0;
/// Above and below the lines of a box.
const PADDING: f64 = 8.0;
/// Between boxes.
const GAP: f64 = 24.0;
/// From the boxes to the first lane of arrows, and from one to the next, labels aside.
const LANE: f64 = 34.0;
/// Longer lines are cut: a list of many elements.
const WIDEST: f64 = 520.0;
/// Of a longer cycle, the middle is left out.
const TRANSACTIONS_SHOWN: usize = 12;
/// More steps of one transaction than these are counted with those that no arrow is about.
const STEPS_SHOWN: usize = 8;

const TITLE: Words = Words { weight: Weight::Bold, ..BODY };
const ASIDE: Words = Words { ink: MUTED, ..BODY };
const GROUND: Ink = RGBAColor(0xf4, 0xf5, 0xf6, 1.0);

/// Draws a cycle as an SVG document that needs no fonts; `name` begins its identifiers, so that several can stand on one
/// page. Of more than twelve transactions, the first eleven and the last are drawn, and how many are left out stands
/// between them.
#[must_use]
pub fn cycle(cycle: &CycleRow, name: &str) -> String {
    Sketch::of(cycle, Vec::new()).svg(name)
}

/// The same with the reason for each dependency in words below it, for a drawing that stands alone.
#[must_use]
pub fn cycle_with_reasons(cycle: &CycleRow, name: &str) -> String {
    let reason =
        |edge: &CycleEdgeRow| (format!("{}: {}", edge.dependency, edge.words), ink(&edge.dependency));
    Sketch::of(cycle, shown(&cycle.edges).0.into_iter().map(reason).collect()).svg(name)
}

/// A transaction, or the place of those that are left out.
struct Box {
    lines: Vec<(String, Words)>,
    top: f64,
}

impl Box {
    fn bottom(&self) -> f64 {
        self.top + LINE * self.lines.len() as f64 + 2.0 * PADDING
    }

    fn at(&self, share: f64) -> f64 {
        self.top + (self.bottom() - self.top) * share
    }
}

/// Everything at its place.
struct Sketch<'a> {
    boxes: Vec<Box>,
    edges: Vec<&'a CycleEdgeRow>,
    reasons: Vec<(String, Ink)>,
    /// The right side of the boxes.
    right: f64,
    /// Where the lane of the edge that closes the cycle is.
    closing: f64,
}

impl<'a> Sketch<'a> {
    fn of(cycle: &'a CycleRow, reasons: Vec<(String, Ink)>) -> Self {
        let (edges, left_out) = shown(&cycle.edges);
        let boxes = boxes(cycle, &edges, left_out);
        let lines = boxes.iter().flat_map(|drawn| &drawn.lines);
        let widest = lines.map(|(text, words)| words.width(text)).fold(0.0, f64::max);
        let right = MARGIN + widest + 20.0;
        let inner = edges.iter().take(edges.len().saturating_sub(1)).map(|edge| label_width(edge));
        let closing = right + 2.0 * LANE + inner.fold(0.0, f64::max);
        Self { boxes, edges, reasons, right, closing }
    }

    fn svg(&self, name: &str) -> String {
        let names = self.edges.iter().map(|edge| format!("T{}", edge.from));
        let around: Vec<String> =
            names.chain(self.edges.first().map(|edge| format!("T{}", edge.from))).collect();
        let title = format!("Cycle of dependencies: {}", around.join(" → "));
        document(name, &title, self.size(), |pen| self.draw(pen))
    }

    fn size(&self) -> (f64, f64) {
        let closing = self.edges.last().map_or(0.0, |edge| label_width(edge));
        let reasons = self.reasons.iter().map(|(words, _)| MARGIN + NOTE.width(words)).fold(0.0, f64::max);
        let width = (self.closing + 8.0 + closing).max(reasons) + MARGIN;
        (libm::ceil(width), libm::ceil(self.reason_at(self.reasons.len()) - LINE + MARGIN))
    }

    /// The baseline of a reason, below all boxes.
    fn reason_at(&self, row: usize) -> f64 {
        let bottom = self.boxes.last().map_or(MARGIN, Box::bottom);
        let above = if self.reasons.is_empty() { LINE } else { GAP + LINE / 2.0 };
        bottom + above + LINE * row as f64
    }

    fn draw(&self, pen: &mut dyn Pen) {
        for drawn in &self.boxes {
            self.draw_box(pen, drawn);
        }
        for (edge, pair) in self.edges.iter().zip(self.boxes.windows(2)) {
            self.draw_arrow(pen, edge, [&pair[0], &pair[1]], self.right + LANE);
        }
        if let (Some(edge), [first, .., last]) = (self.edges.last(), &self.boxes[..]) {
            self.draw_arrow(pen, edge, [last, first], self.closing);
        }
        for (row, (words, ink)) in self.reasons.iter().enumerate() {
            write(pen, words, (MARGIN, self.reason_at(row)), Words { ink: *ink, ..NOTE });
        }
    }

    fn draw_box(&self, pen: &mut dyn Pen, drawn: &Box) {
        let area = Rect { left: MARGIN, top: drawn.top, right: self.right, bottom: drawn.bottom() };
        let corners = [(area.left, area.top), (area.right, area.top)];
        let below = [(area.right, area.bottom), (area.left, area.bottom), (area.left, area.top)];
        pen.block(area, GROUND.to_backend_color());
        pen.line(&[&corners[..], &below[..]].concat(), MUTED.to_backend_color(), 1.0, SOLID);
        for (row, (text, words)) in drawn.lines.iter().enumerate() {
            write(pen, text, (MARGIN + 10.0, drawn.top + PADDING + LINE * (row as f64 + 0.75)), *words);
        }
    }

    /// Out of one box to the lane, along it, and into the other box. An arrow leaves at the lower quarter of its box and
    /// enters at the upper one, so that the two never meet.
    fn draw_arrow(&self, pen: &mut dyn Pen, edge: &CycleEdgeRow, [from, to]: [&Box; 2], lane: f64) {
        let (ink, begin, end) = (ink(&edge.dependency), from.at(0.75), to.at(0.25));
        let dash = if edge.dependency == "rw" { DASHED } else { SOLID };
        let way: [Point; 4] = [(self.right, begin), (lane, begin), (lane, end), (self.right + 10.0, end)];
        pen.line(&way, ink.to_backend_color(), 2.0, dash);
        let head = [(self.right + 1.0, end), (self.right + 12.0, end - 5.0), (self.right + 12.0, end + 5.0)];
        pen.polygon(&head, ink.to_backend_color());
        let middle = f64::midpoint(begin, end) + 4.5;
        write(pen, &label(edge), (lane + 8.0, middle), Words { ink, weight: Weight::Bold, ..NOTE });
    }
}

/// The edges that are drawn, and how many transactions are not. Where some are not, the last but one edge leads out of
/// them, and the one before into them.
fn shown(edges: &[CycleEdgeRow]) -> (Vec<&CycleEdgeRow>, usize) {
    if edges.len() <= TRANSACTIONS_SHOWN {
        return (edges.iter().collect(), 0);
    }
    let (first, last) = (&edges[..TRANSACTIONS_SHOWN - 1], &edges[edges.len() - 2..]);
    (first.iter().chain(last).collect(), edges.len() - TRANSACTIONS_SHOWN)
}

fn boxes(cycle: &CycleRow, edges: &[&CycleEdgeRow], left_out: usize) -> Vec<Box> {
    let mut top = MARGIN;
    let mut boxes = Vec::new();
    for (place, edge) in edges.iter().enumerate() {
        let stands_for_many = left_out > 0 && place + 2 == edges.len();
        let told = cycle.transactions.iter().find(|told| told.transaction == edge.from);
        let into = edges[(place + edges.len() - 1) % edges.len()];
        let lines = match told.filter(|_| !stands_for_many) {
            Some(told) => lines(told, [into, edge]),
            None => vec![(omission(left_out), ASIDE)],
        };
        let drawn = Box { lines, top };
        top = drawn.bottom() + GAP;
        boxes.push(drawn);
    }
    boxes
}

fn omission(left_out: usize) -> String {
    match left_out {
        1 => "… 1 transaction more".into(),
        more => format!("… {more} transactions more"),
    }
}

/// Who it is, and what it did to the keys that its two edges are about.
fn lines(told: &CycleTransactionRow, edges: [&CycleEdgeRow; 2]) -> Vec<(String, Words)> {
    let matters = |key: &String| edges.iter().any(|edge| edge.key.as_ref() == Some(key));
    let mut lines = vec![(format!("T{}, process {}", told.transaction, told.process), TITLE)];
    let matter = told.steps.iter().filter(|step| matters(&step.key)).take(STEPS_SHOWN);
    lines.extend(matter.map(|step| (BODY.fit(&step.words, WIDEST), BODY)));
    match told.steps.len() + 1 - lines.len() {
        0 => {}
        1 => lines.push(("… 1 step more".into(), ASIDE)),
        more => lines.push((format!("… {more} steps more"), ASIDE)),
    }
    lines
}

/// "rw 17": of which kind it is, and about which key.
fn label(edge: &CycleEdgeRow) -> String {
    let key = edge.key.as_deref().map_or_else(String::new, |key| format!(" {key}"));
    NOTE.fit(&format!("{}{key}", edge.dependency), 120.0)
}

fn label_width(edge: &CycleEdgeRow) -> f64 {
    Words { weight: Weight::Bold, ..NOTE }.width(&label(edge))
}

/// Okabe and Ito's colours, darkened where they are too pale for text.
fn ink(dependency: &str) -> Ink {
    match dependency {
        "ww" => RGBAColor(0x00, 0x72, 0xb2, 1.0),
        "wr" => RGBAColor(0x00, 0x79, 0x5a, 1.0),
        "rw" => RGBAColor(0xb8, 0x4a, 0x00, 1.0),
        "process" => RGBAColor(0x8a, 0x4a, 0x75, 1.0),
        _ => INK,
    }
}

fn write(pen: &mut dyn Pen, text: &str, (left, baseline): Point, words: Words) {
    let Words { size, weight, ink, .. } = words;
    let text = text.replace(char::is_control, " ");
    pen.label(&Label { text, left, baseline, size, weight, colour: ink.to_backend_color() });
}

#[cfg(test)]
mod tests {
    use super::*;
    use shardlab_scenarios::tables::CycleStepRow;

    /// Each transaction overwrites what the one before wrote, with a name that breaks what forgets to escape it.
    fn ring(transactions: usize) -> CycleRow {
        let value = "y".repeat(300);
        let step =
            |key: &str| CycleStepRow { key: key.into(), words: format!("wrote <1> & \"{value}\" to {key}") };
        let transaction = |place: usize| CycleTransactionRow {
            transaction: place,
            process: 7,
            steps: vec![step("x"), step("y")],
        };
        let edge = |from: usize| CycleEdgeRow {
            from,
            to: (from + 1) % transactions,
            dependency: ["ww", "wr", "rw", "process", "realtime"][from % 5].into(),
            key: Some("x".into()),
            words: format!("because of T{from}"),
        };
        CycleRow {
            transactions: (0..transactions).map(transaction).collect(),
            edges: (0..transactions).map(edge).collect(),
        }
    }

    fn labels(sketch: &Sketch) -> Vec<Label> {
        let mut labels: Vec<Label> = Vec::new();
        sketch.draw(&mut labels);
        labels
    }

    /// Boxes, arrows, and what is said of those left out, of a cycle of so many transactions.
    fn drawn(transactions: usize) -> (usize, usize, Option<String>) {
        let ring = ring(transactions);
        let sketch = Sketch::of(&ring, Vec::new());
        let omitted =
            labels(&sketch).into_iter().map(|label| label.text).find(|text| text.contains("transaction"));
        let arrows = sketch.svg("ring").matches("stroke-width=\"2\"").count();
        (sketch.boxes.len(), arrows, omitted)
    }

    #[test]
    fn the_middle_of_a_long_cycle_is_left_out_and_counted() {
        assert_eq!(drawn(2), (2, 2, None));
        assert_eq!(drawn(12), (12, 12, None));
        assert_eq!(drawn(13), (13, 13, Some("… 1 transaction more".into())));
        assert_eq!(drawn(500), (13, 13, Some("… 488 transactions more".into())));
    }

    #[test]
    fn no_label_leaves_the_drawing_or_touches_another() {
        for transactions in [2, 3, 13] {
            let ring = ring(transactions);
            for reasons in [vec![], vec![("because ".repeat(20), INK), ("so".into(), INK)]] {
                let sketch = Sketch::of(&ring, reasons);
                let (width, height) = sketch.size();
                let labels = labels(&sketch);
                for (index, label) in labels.iter().enumerate() {
                    let [left, top, right, bottom] = label.bounds();
                    let inside = left >= 0.0 && top >= 0.0 && right <= width && bottom <= height;
                    assert!(inside, "{transactions}: {:?} leaves the drawing", label.text);
                    for other in &labels[index + 1..] {
                        let [l, t, r, b] = other.bounds();
                        let apart = right <= l || r <= left || bottom <= t || b <= top;
                        assert!(apart, "{transactions}: {:?} touches {:?}", label.text, other.text);
                    }
                }
            }
        }
    }

    #[test]
    fn steps_that_no_arrow_is_about_are_counted() {
        let mut ring = ring(2);
        let more = |ring: &CycleRow, shown: usize| {
            let lines = &Sketch::of(ring, Vec::new()).boxes[0].lines;
            assert_eq!(lines.len(), 1 + shown + 1, "who, what, and how much more");
            lines[1 + shown].0.clone()
        };
        assert_eq!(more(&ring, 1), "… 1 step more");
        ring.transactions[0].steps = vec![ring.transactions[0].steps.clone(); 10].concat();
        assert_eq!(more(&ring, STEPS_SHOWN), "… 12 steps more");
    }

    #[test]
    fn a_drawing_needs_no_font_and_says_what_it_shows() {
        let svg = cycle_with_reasons(&ring(2), "ring");
        assert!(!svg.contains("<text") && !svg.contains("font"));
        assert!(svg.contains("<title>Cycle of dependencies: T0 → T1 → T0</title>"));
        assert!(svg.contains("aria-label=\"ww: because of T0\"") && !svg.contains("<1>"));
        assert!(!cycle(&ring(2), "ring").contains("because of"));
    }
}
