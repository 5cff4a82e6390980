//! A cycle as a drawing: transactions as boxes one below the other, each with its steps; to the right of them the
//! dependencies as arrows, the one that closes the cycle in a lane of its own, and below the reasons in words.

use std::fmt::Write;

use super::words;
use crate::recorded::TransactionHistory;
use crate::{CycleEdge, Dependency, Explanation};

/// Widths are reckoned for fonts in which every character has the same width, 0.6 of its height, as the usual
/// monospaced ones have.
const FONT_PX: usize = 14;
const CHARACTER_PX: usize = 9;
const LINE_PX: usize = 20;
const MARGIN_PX: usize = 16;
const GAP_PX: usize = 28;
const LANE_PX: usize = 84;

/// Of a longer cycle, the middle is left out.
const TRANSACTIONS_SHOWN: usize = 12;

/// More steps of one transaction than these are not drawn.
const STEPS_SHOWN: usize = 8;

/// Longer lines are cut: a list of many elements.
const CHARACTERS_SHOWN: usize = 72;

/// Draws the cycle of an explanation as SVG; an empty string where it has none. Of more than twelve transactions, the
/// first eleven and the last are drawn, and how many are left out stands between them.
pub fn draw_cycle(history: &TransactionHistory, explanation: &Explanation) -> String {
    let (edges, left_out) = shown(&explanation.cycle);
    let boxes = boxes(history, &edges, left_out);
    let Some(last) = boxes.last() else { return String::new() };
    let legend_px = last.top + last.height() + GAP_PX;
    let legend: Vec<String> = edges.iter().map(|edge| reason(edge)).collect();
    let text_width = legend.iter().map(|line| width_px(line)).max().unwrap_or(0);
    let box_width = boxes.iter().map(Box::width).max().unwrap_or(0);
    let lanes_width = LANE_PX * 3;
    let width = (box_width + lanes_width).max(text_width) + 2 * MARGIN_PX;
    let height = legend_px + LINE_PX * legend.len() + MARGIN_PX;
    let mut svg = header(width, height);
    boxes.iter().for_each(|drawn| drawn.draw(&mut svg, box_width));
    for (edge, pair) in edges.iter().zip(boxes.windows(2)) {
        arrow(&mut svg, [&pair[0], &pair[1]], edge, MARGIN_PX + box_width, 0);
    }
    if let Some(closing) = edges.last() {
        arrow(&mut svg, [last, &boxes[0]], closing, MARGIN_PX + box_width, 1);
    }
    for (row, line) in legend.iter().enumerate() {
        let y = legend_px + LINE_PX * row;
        text(&mut svg, MARGIN_PX, y, colour(edges[row].dependency), line);
    }
    svg.push_str("</svg>\n");
    svg
}

/// A transaction as it is drawn.
struct Box {
    lines: Vec<String>,
    top: usize,
}

impl Box {
    fn height(&self) -> usize {
        LINE_PX * self.lines.len() + 12
    }

    fn width(&self) -> usize {
        self.lines.iter().map(|line| width_px(line)).max().unwrap_or(0) + 20
    }

    fn draw(&self, svg: &mut String, width: usize) {
        let _ = writeln!(
            svg,
            r##"<rect x="{MARGIN_PX}" y="{}" width="{width}" height="{}" rx="4" fill="#f6f6f4" stroke="#555"/>"##,
            self.top,
            self.height()
        );
        for (row, line) in self.lines.iter().enumerate() {
            let colour = if row == 0 { "#000" } else { "#333" };
            text(svg, MARGIN_PX + 10, self.top + 19 + LINE_PX * row, colour, line);
        }
    }
}

/// The edges that are drawn, and how many transactions are not. Where some are not, the last but one edge leads out of
/// them, and the one before into them.
fn shown(cycle: &[CycleEdge]) -> (Vec<&CycleEdge>, usize) {
    if cycle.len() <= TRANSACTIONS_SHOWN {
        return (cycle.iter().collect(), 0);
    }
    let (first, last) = (&cycle[..TRANSACTIONS_SHOWN - 1], &cycle[cycle.len() - 2..]);
    (first.iter().chain(last).collect(), cycle.len() - TRANSACTIONS_SHOWN)
}

fn boxes(history: &TransactionHistory, edges: &[&CycleEdge], left_out: usize) -> Vec<Box> {
    let mut top = MARGIN_PX;
    let mut boxes = Vec::new();
    for (place, edge) in edges.iter().enumerate() {
        let stands_for_many = left_out > 0 && place + 2 == edges.len();
        let lines = if stands_for_many { vec![omission(left_out)] } else { lines(history, edge.from) };
        let drawn = Box { lines, top };
        top += drawn.height() + GAP_PX;
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

fn lines(history: &TransactionHistory, transaction: usize) -> Vec<String> {
    let record = &history.transactions[transaction];
    let steps = history.steps(record);
    let mut lines = vec![format!("T{transaction}, process {}", record.process)];
    lines.extend(steps.iter().take(STEPS_SHOWN).map(|step| cut(words::step(history, step))));
    if steps.len() > STEPS_SHOWN {
        lines.push(format!("… {} steps in all", steps.len()));
    }
    lines
}

fn cut(line: String) -> String {
    if line.chars().count() <= CHARACTERS_SHOWN {
        return line;
    }
    line.chars().take(CHARACTERS_SHOWN - 1).chain(['…']).collect()
}

fn reason(edge: &CycleEdge) -> String {
    format!("{}: {}", edge.dependency.name(), edge.words)
}

/// Out of one box to the lane, along it, and into the other box.
fn arrow(svg: &mut String, [from, to]: [&Box; 2], edge: &CycleEdge, left: usize, lane: usize) {
    // An edge leaves at the lower quarter of its box and enters at the upper one, so that the two never meet.
    let (y_from, y_to) = (from.top + from.height() * 3 / 4, to.top + to.height() / 4);
    let x = left + LANE_PX * (lane + 1) - LANE_PX / 2;
    let colour = colour(edge.dependency);
    let dash = if edge.dependency == Dependency::ReadWrite { r#" stroke-dasharray="6 3""# } else { "" };
    let _ = writeln!(
        svg,
        r#"<path d="M{left} {y_from} H{x} V{y_to} H{}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>"#,
        left + 10
    );
    let _ = writeln!(svg, r#"<path d="M{left} {y_to} l11 -5 v10 z" fill="{colour}"/>"#,);
    text(svg, x + 6, y_from.midpoint(y_to) + 5, colour, edge.dependency.name());
}

/// Colours that stay apart for the colour-blind (Okabe & Ito 2008), darkened where they are too pale for text.
fn colour(dependency: Dependency) -> &'static str {
    match dependency {
        Dependency::WriteWrite => "#0072b2",
        Dependency::WriteRead => "#00795a",
        Dependency::ReadWrite => "#b84a00",
        Dependency::Process => "#8a4a75",
        Dependency::Realtime => "#555555",
    }
}

fn header(width: usize, height: usize) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"monospace\" font-size=\"{FONT_PX}\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    )
}

/// The text is pressed into the width that was reckoned for it, whatever font the viewer has.
fn text(svg: &mut String, x: usize, y: usize, colour: &str, words: &str) {
    let escaped = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = writeln!(
        svg,
        r#"<text x="{x}" y="{y}" fill="{colour}" textLength="{}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">{escaped}</text>"#,
        width_px(words)
    );
}

fn width_px(words: &str) -> usize {
    words.chars().count() * CHARACTER_PX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;
    use crate::recorded::RecordedTransaction;

    #[test]
    fn an_explanation_without_a_cycle_has_no_drawing() {
        assert_eq!(draw_cycle(&TransactionHistory::default(), &Explanation::default()), "");
    }

    /// Boxes, arrows, and what is said of those left out, of a cycle of so many transactions.
    fn drawn(transactions: usize) -> (usize, usize, Option<String>) {
        let mut history = TransactionHistory::default();
        let record = RecordedTransaction {
            process: 0,
            outcome: Outcome::Ok,
            invoked: 0,
            completed: 1,
            first: 0,
            count: 0,
            line: 0,
        };
        let edge = |from: usize| CycleEdge {
            from,
            to: (from + 1) % transactions,
            dependency: Dependency::WriteWrite,
            key: None,
            words: format!("because of T{from}"),
        };
        (0..transactions).for_each(|_| history.push(record, &[]));
        let cycle: Vec<CycleEdge> = (0..transactions).map(edge).collect();
        let svg = draw_cycle(&history, &Explanation { cycle, ..Explanation::default() });
        let of = |what: &str| svg.matches(what).count();
        let omitted = svg.split('>').find_map(|text| text.strip_prefix("… ")).map(str::to_owned);
        (of("rx=\"4\""), of("<path d=\"M") / 2, omitted.map(|text| text.replace("</text", "")))
    }

    #[test]
    fn the_middle_of_a_long_cycle_is_left_out_and_counted() {
        assert_eq!(drawn(2), (2, 2, None));
        assert_eq!(drawn(12), (12, 12, None));
        assert_eq!(drawn(13), (13, 13, Some("1 transaction more".into())));
        assert_eq!(drawn(500), (13, 13, Some("488 transactions more".into())));
    }
}
