//! What each query costs with each variant: shards asked and latency side by side, so that one sees of each query who
//! serves it well, and of each variant which queries it pays for.

use super::{
    Drawn, Shown,
    canvas::Rect,
    palette::{BLUE, Ink, MUTED, PAPER, VERMILION},
    sheet::{Sample, Sheet},
    words::{BODY, MARK, NOTE, Words},
};
use crate::numbers;
use plotters::style::text_anchor::HPos;
use shardlab_scenarios::tables::{QueryRow, VariantReport};

/// A block of cells: a row a query, a column a variant.
struct Cost {
    title: &'static str,
    /// The metric of a query, after its name.
    of_query: &'static str,
    /// The same of all queries together.
    of_all: &'static str,
}

const COSTS: [Cost; 2] = [
    Cost { title: "Shards asked, mean", of_query: "fanout_mean", of_all: "fanout.mean" },
    Cost { title: "99th percentile of latency, ms", of_query: "p99_ms", of_all: "latency.all.p99_ms" },
];

/// Who is no further from the best of its row is as good.
const AS_GOOD: f64 = 1.05;
/// So many times the best is as dark as it gets.
const DARKEST: f64 = 8.0;

/// Room for the queries' names, between the blocks, and for the heads of columns, in logical pixels.
const NAMES: f64 = 178.0;
const BETWEEN: f64 = 22.0;
const HEADS: f64 = 56.0;
const ROW: f64 = 26.0;

/// A row of both blocks.
struct Line {
    name: String,
    /// "60 %" of all queries.
    share: String,
    metrics: [String; 2],
}

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    let mut shown = shown.clone();
    shown.variants.retain(|variant| !variant.queries.is_empty());
    let lines = lines(&shown);
    if lines.is_empty() {
        return Ok(false);
    }
    let subtitle = format!("Queries in order of frequency · {}", shown.scope_of_all_seeds());
    sheet.title("What each query costs", &subtitle)?;
    sheet.legend(&[
        (Sample::Area(mix(BLUE, 0.25)), "best of its row, within 5 %".into()),
        (Sample::Area(fill(2.0)), "twice the best".into()),
        (Sample::Area(fill(DARKEST)), "eight times and more".into()),
    ])?;
    let room = sheet.room(HEADS + ROW * lines.len() as f64);
    let width = (room.width() - NAMES - BETWEEN) / 2.0;
    for (row, line) in lines.iter().enumerate() {
        let baseline = room.top + HEADS + ROW * row as f64 + 17.0;
        let name = BODY.fit(&line.name, NAMES - 48.0);
        sheet.write(&name, (room.left, baseline), BODY)?;
        let right = Words { anchor: HPos::Right, ..NOTE };
        sheet.write(&line.share, (room.left + NAMES - 10.0, baseline), right)?;
    }
    for (place, cost) in COSTS.iter().enumerate() {
        let left = room.left + NAMES + (width + BETWEEN) * place as f64;
        let block = Rect { left, right: left + width, ..room };
        sheet.write(&MARK.fit(cost.title, width), (left, room.top + 10.0), MARK)?;
        draw_heads(sheet, &shown, block)?;
        for (row, line) in lines.iter().enumerate() {
            let top = room.top + HEADS + ROW * row as f64;
            draw_row(sheet, &shown, &line.metrics[place], Rect { top, bottom: top + ROW - 2.0, ..block })?;
        }
    }
    Ok(true)
}

/// The most frequent first, and all together at the end.
fn lines(shown: &Shown) -> Vec<Line> {
    let mut rows: Vec<&QueryRow> =
        shown.variants.first().map_or(Vec::new(), |of| of.queries.iter().collect());
    let sum: u64 = rows.iter().map(|row| row.count).sum();
    if sum == 0 {
        return Vec::new();
    }
    rows.sort_by_key(|row| std::cmp::Reverse(row.count));
    let line = |row: &&QueryRow| Line {
        name: row.query.clone(),
        share: numbers::rough_percent(row.count as f64 / sum as f64),
        metrics: COSTS.each_ref().map(|cost| format!("query.{}.{}", row.query, cost.of_query)),
    };
    let all = Line {
        name: "all together".into(),
        share: String::new(),
        metrics: COSTS.each_ref().map(|cost| cost.of_all.to_owned()),
    };
    rows.iter().map(line).chain([all]).collect()
}

/// The variants' names, in two lines where one is too short.
fn draw_heads(sheet: &Sheet, shown: &Shown, block: Rect) -> Drawn {
    const SMALL: Words = Words { size: 11.0, anchor: HPos::Center, ..NOTE };
    let width = block.width() / shown.variants.len() as f64;
    for (column, variant) in shown.variants.iter().enumerate() {
        let middle = block.left + width * (column as f64 + 0.5);
        let (upper, lower) = in_two(&shown.label(variant), |text| SMALL.width(text) <= width - 4.0);
        for (text, baseline) in [(upper, 34.0), (lower, 48.0)] {
            sheet.write(&SMALL.fit(&text, width - 4.0), (middle, block.top + baseline), SMALL)?;
        }
    }
    Ok(())
}

/// The longest beginning that fits and ends where a word does, and the rest; what fits stands in the lower line.
fn in_two(text: &str, fits: impl Fn(&str) -> bool) -> (String, String) {
    if fits(text) {
        return (String::new(), text.to_owned());
    }
    let ends = text.char_indices().filter(|(_, letter)| !letter.is_alphanumeric());
    let end = ends.map(|(at, letter)| at + letter.len_utf8()).rfind(|&end| fits(text[..end].trim_end()));
    let (upper, lower) = text.split_at(end.unwrap_or(0));
    (upper.trim_end().to_owned(), lower.to_owned())
}

fn draw_row(sheet: &Sheet, shown: &Shown, metric: &str, row: Rect) -> Drawn {
    let value = |variant: &VariantReport| {
        variant.metrics.get(metric).map(|figure| figure.mean).filter(|mean| mean.is_finite() && *mean > 0.0)
    };
    let best = shown.variants.iter().filter_map(|variant| value(variant)).fold(f64::INFINITY, f64::min);
    let width = row.width() / shown.variants.len() as f64;
    for (column, variant) in shown.variants.iter().enumerate() {
        let left = row.left + width * column as f64;
        let cell = Rect { left, right: left + width - 2.0, ..row };
        let at = (f64::midpoint(cell.left, cell.right), row.top + 17.0);
        let Some(value) = value(variant) else {
            sheet.write("–", at, Words { anchor: HPos::Center, ink: MUTED, ..BODY })?;
            continue;
        };
        let times = value / best;
        sheet.block(cell, if times <= AS_GOOD { mix(BLUE, 0.25) } else { fill(times) })?;
        let words = if times <= AS_GOOD { MARK } else { NOTE };
        let words = Words { anchor: HPos::Center, ink: MARK.ink, size: BODY.size, ..words };
        sheet.write(&NOTE.fit(&numbers::short(value), width - 4.0), at, words)?;
    }
    Ok(())
}

/// The colour of so many times the best: the darker, the more; never so dark that words on it cannot be read.
fn fill(times: f64) -> Ink {
    let share = (libm::log(times) / libm::log(DARKEST)).clamp(0.0, 1.0);
    mix(VERMILION, 0.08 + 0.62 * share)
}

/// A share of the ink on paper.
fn mix(ink: Ink, share: f64) -> Ink {
    let channel =
        |ink: u8, paper: u8| libm::round(f64::from(ink) * share + f64::from(paper) * (1.0 - share)) as u8;
    plotters::style::RGBAColor(channel(ink.0, PAPER.0), channel(ink.1, PAPER.1), channel(ink.2, PAPER.2), 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_parted_where_words_end() {
        let parted = |text: &str| in_two(text, |part| part.chars().count() <= 9);
        let own = |(upper, lower): (&str, &str)| (upper.to_owned(), lower.to_owned());
        assert_eq!(parted("region"), own(("", "region")));
        assert_eq!(parted("customer_id"), own(("customer_", "id")));
        assert_eq!(parted("order · 3 · 4"), own(("order · 3", "· 4")));
        assert_eq!(parted("denormalised"), own(("", "denormalised")));
    }
}
