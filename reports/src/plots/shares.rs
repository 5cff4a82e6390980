//! What each shard and each server had of the load, in fair shares: two small panels a variant, so that many variants
//! stand on one sheet.

use super::{
    Drawn, Shown,
    elements::Stroke,
    palette::{BLUE, DASHED, INK, VERMILION},
    panel::{Chart, Columns, base, line},
    scale::{Scale, Spread},
    sheet::{Frame, Sample, Sheet},
};
use crate::numbers::{number, percent};
use plotters::{element::Rectangle, style::Color};
use shardlab_scenarios::tables::{ShareRow, VariantReport};

const FAIR_SHARE: Stroke = (INK, 1.4, DASHED);

/// Share of a bar's slot that stays empty, while bars are wide enough to show it.
const GAP: f64 = 0.2;

/// Height of a panel, in logical pixels: of few variants, and of many.
const HEIGHTS: (f64, f64) = (90.0, 44.0);

/// So many variants are few.
const FEW: usize = 4;

/// Of a level: its name in the rows, its title, and which share is shown.
struct Level {
    name: &'static str,
    title: &'static str,
    share: fn(&ShareRow) -> f64,
}

const LEVELS: [Level; 2] = [
    Level { name: "shard", title: "shards", share: |row| row.operations_share },
    Level { name: "server", title: "servers", share: |row| row.cpu_share },
];

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    let shown = shown.wide();
    let is_worth = |variant: &&VariantReport| LEVELS.iter().any(|level| sorted(variant, level).len() > 1);
    if !shown.variants.iter().any(is_worth) {
        return Ok(false);
    }
    let subtitle = format!(
        "Multiples of the fair share, largest first: operations asked of shards, time of servers' cores · {}",
        shown.scope()
    );
    sheet.title("Shares of the load", &subtitle)?;
    sheet.legend(&[
        (Sample::Area(VERMILION), "the hottest".into()),
        (Sample::Area(BLUE), "the others".into()),
        (Sample::Line(FAIR_SHARE), "fair share".into()),
    ])?;
    let largest = |level: &Level| {
        let most = shown.variants.iter().flat_map(|variant| sorted(variant, level)).map(|(_, times)| times);
        Scale::from_zero(most.chain([1.0]))
    };
    let scales = [largest(&LEVELS[0]), largest(&LEVELS[1])];
    let height = if shown.variants.len() > FEW { HEIGHTS.1 } else { HEIGHTS.0 };
    for variant in &shown.variants {
        let frames = LEVELS.iter().map(|level| frame(&shown.label(variant), variant, level, height));
        let panels = sheet.row(frames.collect(), 2)?;
        for ((level, panel), scale) in LEVELS.iter().zip(&panels).zip(&scales) {
            let bars = sorted(variant, level);
            let x = Scale::new(Spread::Linear, 0.0, bars.len().max(1) as f64).labelled(Vec::new());
            let mut chart = panel.chart(x, scale.clone())?;
            panel.mesh(&mut chart, Columns::Bare)?;
            draw_bars(&mut chart, &bars, panel.area.width())?;
        }
    }
    Ok(true)
}

/// Names and multiples of the fair share, largest first.
fn sorted<'a>(variant: &'a VariantReport, level: &Level) -> Vec<(&'a str, f64)> {
    let rows: Vec<&ShareRow> = variant.shares.iter().filter(|row| row.level == level.name).collect();
    let count = rows.len() as f64;
    let mut bars: Vec<(&str, f64)> =
        rows.into_iter().map(|row| (row.name.as_str(), (level.share)(row) * count)).collect();
    bars.sort_by(|a, b| b.1.total_cmp(&a.1));
    bars
}

/// The variant's name stands above its shards; what is hottest above both.
fn frame(label: &str, variant: &VariantReport, level: &Level, height: f64) -> Frame<'static> {
    let bars = sorted(variant, level);
    let hottest = bars.first().map_or_else(String::new, |(name, times)| {
        let (count, share) = (bars.len(), times / bars.len() as f64);
        let name = if level.name == "shard" { format!("shard {name}") } else { (*name).to_owned() };
        let times = number(libm::round(times * 100.0) / 100.0);
        format!("{name} of {count}: {}, {times} × fair", percent(libm::round(share * 1e3) / 1e3))
    });
    let title = if level.name == "shard" { label.to_owned() } else { level.title.to_owned() };
    Frame { title, note: hottest, height, strip: 0.0, right: 0.0, below: None }
}

fn draw_bars(chart: &mut Chart, bars: &[(&str, f64)], width: f64) -> Drawn {
    let gap = if width / bars.len().max(1) as f64 >= 4.0 { GAP } else { 0.0 };
    let bar = |(index, (_, times)): (usize, &(&str, f64))| {
        let left = index as f64 + gap / 2.0;
        let ink = if index == 0 { VERMILION } else { BLUE };
        Rectangle::new([(left, 0.0), (left + 1.0 - gap, *times)], ink.filled())
    };
    chart.draw_series(bars.iter().enumerate().map(bar))?;
    base(chart, INK)?;
    let x = chart.x_range();
    line(chart, vec![(x.start, 1.0), (x.end, 1.0)], FAIR_SHARE)
}
