//! Share of the load on each shard, most loaded first, a panel a variant.

use super::{
    Drawn, Shown,
    canvas::units,
    elements::Stroke,
    palette::{BLUE, DASHED, INK, VERMILION},
    panel::{Chart, Columns, Panel, base, line},
    scale::{Scale, Spread, Tick},
    sheet::{Frame, LABELS_AND_TITLE, Sample, Sheet, TITLE_ALONE},
    words::{NOTE, Words},
};
use crate::numbers::{number, percent};
use plotters::{
    element::{EmptyElement, Rectangle, Text},
    style::{Color, text_anchor::HPos},
};
use shardlab_scenarios::tables::{ShardRow, VariantReport};

/// Share of a bar's slot that stays empty, while bars are wide enough to show it.
const GAP: f64 = 0.2;

/// More bars than this leave no room for their numbers.
const MOST_NUMBERED: usize = 32;

const FAIR_SHARE: Stroke = (INK, 1.4, DASHED);

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    let shards = || shown.variants.iter().flat_map(|variant| &variant.shards);
    let most = shown.variants.iter().map(|variant| variant.shards.len()).fold(0, usize::max);
    // A single shard has everything, whatever happens.
    if most < 2 {
        return Ok(false);
    }
    let y = Scale::from_zero(shards().map(|shard| shard.share * 100.0));
    let x = Scale::new(Spread::Linear, 0.0, most as f64);
    let numbered = most <= MOST_NUMBERED;

    let subtitle =
        format!("% of all operations that clients sent after warm-up, answered or not · {}", shown.scope());
    sheet.title("Share of the load per shard", &subtitle)?;
    sheet.legend(&[
        (Sample::Area(VERMILION), "hottest shard".into()),
        (Sample::Area(BLUE), "other shards".into()),
        (Sample::Line(FAIR_SHARE), "fair share".into()),
    ])?;
    for (index, variant) in shown.variants.iter().enumerate() {
        let sorted = sorted(variant);
        let is_last = index + 1 == shown.variants.len();
        let x = x.clone().labelled(if numbered { numbers(&sorted) } else { Vec::new() });
        let below = below(numbered, is_last);
        let (title, note) = (shown.label(variant), describe(&sorted));
        let panel = sheet.panel(Frame { title, note, height: 120.0, strip: 0.0, right: 0.0, below })?;
        let mut chart = panel.chart(x, y.clone())?;
        panel.mesh(&mut chart, Columns::Bare)?;
        draw_bars(&mut chart, &panel, &sorted, most)?;
    }
    Ok(true)
}

/// The room under a panel, and what its horizontal axis is; every panel has shards in an order of its own.
fn below(numbered: bool, is_last: bool) -> Option<(f64, &'static str)> {
    match (numbered, is_last) {
        (true, true) => Some((LABELS_AND_TITLE, "number of the shard, most loaded first")),
        (true, false) => Some((TITLE_ALONE, "")),
        (false, true) => Some((TITLE_ALONE, "shards, most loaded first")),
        (false, false) => None,
    }
}

/// The numbers under the middles of the bars.
fn numbers(sorted: &[&ShardRow]) -> Vec<Tick> {
    let tick = |(index, shard): (usize, &&ShardRow)| Tick {
        value: index as f64 + 0.5,
        label: shard.shard.to_string(),
    };
    sorted.iter().enumerate().map(tick).collect()
}

fn sorted(variant: &VariantReport) -> Vec<&ShardRow> {
    let mut shards: Vec<&ShardRow> = variant.shards.iter().collect();
    shards.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.shard.cmp(&b.shard)));
    shards
}

fn describe(sorted: &[&ShardRow]) -> String {
    let Some(hottest) = sorted.first() else {
        return "no shards".into();
    };
    let fair = 1.0 / sorted.len() as f64;
    let times = number(libm::round(hottest.share / fair * 10.0) / 10.0);
    format!("shard {} has {}, {times} × the fair share", hottest.shard, short_percent(hottest.share))
}

fn draw_bars(chart: &mut Chart, panel: &Panel, sorted: &[&ShardRow], most: usize) -> Drawn {
    let gap = if panel.area.width() / most as f64 >= 4.0 { GAP } else { 0.0 };
    let bar = |(index, shard): (usize, &&ShardRow)| {
        let left = index as f64 + gap / 2.0;
        let ink = if index == 0 { VERMILION } else { BLUE };
        Rectangle::new([(left, 0.0), (left + 1.0 - gap, shard.share * 100.0)], ink.filled())
    };
    chart.draw_series(sorted.iter().enumerate().map(bar))?;
    base(chart, INK)?;
    if sorted.is_empty() {
        return Ok(());
    }
    draw_fair_share(chart, 1.0 / sorted.len() as f64)
}

/// The label stands at the right end, where the bars are lowest.
fn draw_fair_share(chart: &mut Chart, fair: f64) -> Drawn {
    let (x, y) = (chart.x_range(), fair * 100.0);
    line(chart, vec![(x.start, y), (x.end, y)], FAIR_SHARE)?;
    let words = Words { ink: INK, anchor: HPos::Right, ..NOTE };
    let label = Text::new(format!("fair share {}", short_percent(fair)), (0, units(-5.0)), words.style());
    chart.draw_series([EmptyElement::at((x.end, y)) + label]).map(drop)
}

fn short_percent(share: f64) -> String {
    percent(libm::round(share * 1e4) / 1e4)
}
