//! Operations by slice of the key space and time, a panel a variant.

use super::{
    Picture, Shown,
    palette::viridis,
    picture::{Ink, Rect},
    scale::{Scale, Spread},
    sheet::{NOTE, Panel, Sheet},
    time::TimeAxis,
};
use crate::numbers;
use shardlab_scenarios::tables::{HeatMap, VariantReport};

/// When the hottest cell has more than this many times the median cell, a linear scale shows one spot on black.
const LOG_RATIO: f64 = 30.0;
/// Room right of the maps for the colour bar and its labels.
const BAR_ROOM: f64 = 92.0;
/// Colours in the bar.
const BAR_STEPS: usize = 128;

pub(super) fn draw(shown: &Shown) -> Option<Picture> {
    let whole = |variant: &&VariantReport| is_whole(&variant.heat);
    let mut variants: Vec<&VariantReport> = shown.variants.iter().copied().filter(whole).collect();
    let first = variants.first()?;
    let same = variants.len() > 1 && variants.iter().all(|variant| variant.heat.counts == first.heat.counts);
    if same {
        variants.truncate(1);
    }
    let colours = Colours::over(&variants)?;
    let last_s = variants.iter().map(|variant| width_s(&variant.heat)).fold(0.0, f64::max);
    let time = TimeAxis::new(shown.report, &variants, last_s);

    let scale = if colours.log { "logarithmic colours" } else { "linear colours" };
    let subtitle = format!("Operations a second by slice of the key space, {scale} · {}", shown.scope());
    let mut sheet = Sheet::new("heat", "Where in the key space the load falls", &subtitle);
    let mut panels = Vec::new();
    for variant in &variants {
        let label = if same { "all variants: the same load".to_owned() } else { shown.label(variant) };
        let note = format!("key; a row is {} keys", numbers::number(variant.heat.keys_per_row as f64));
        let mut area = sheet.panel_with_strip(&label, &note, 200.0);
        area.right -= BAR_ROOM;
        let keys = (variant.heat.rows as u64).saturating_mul(variant.heat.keys_per_row).max(1);
        let panel = Panel::new(area, time.scale(), Scale::new(Spread::Linear, 0.0, keys as f64));
        draw_map(&mut sheet.picture, &panel, &variant.heat, &colours);
        time.mark(&mut sheet.picture, &panel, variant);
        panels.push(panel);
    }
    draw_bar(&mut sheet.picture, panels.first()?.area, &colours);
    time.finish(sheet, *panels.last()?, false)
}

fn is_whole(heat: &HeatMap) -> bool {
    let cells = heat.columns.checked_mul(heat.rows);
    heat.interval_s > 0.0 && !heat.counts.is_empty() && cells == Some(heat.counts.len())
}

fn width_s(heat: &HeatMap) -> f64 {
    heat.columns as f64 * heat.interval_s
}

/// From operations a second to colours, the same for all panels.
struct Colours {
    log: bool,
    low: f64,
    high: f64,
}

impl Colours {
    fn over(variants: &[&VariantReport]) -> Option<Self> {
        let rates = |variant: &&VariantReport| rates(&variant.heat);
        let mut rates: Vec<f64> = variants.iter().flat_map(rates).filter(|rate| *rate > 0.0).collect();
        rates.sort_by(f64::total_cmp);
        let (low, high) = (*rates.first()?, *rates.last()?);
        let log = high / rates[rates.len() / 2] > LOG_RATIO;
        Some(Self { log, low: if log { low } else { 0.0 }, high })
    }

    fn scale(&self) -> Scale {
        let spread = if self.log { Spread::Log } else { Spread::Linear };
        Scale::new(spread, self.low, self.high)
    }

    fn of(&self, rate: f64) -> [u8; 3] {
        viridis(self.scale().place(rate))
    }
}

fn rates(heat: &HeatMap) -> Vec<f64> {
    heat.counts.iter().map(|count| f64::from(*count) / heat.interval_s).collect()
}

/// The lowest keys lie at the bottom, so rows are turned over.
fn draw_map(picture: &mut Picture, panel: &Panel, heat: &HeatMap, colours: &Colours) {
    let rates = rates(heat);
    let cells = rates.chunks(heat.columns).rev().flatten().map(|rate| colours.of(*rate)).collect();
    let right = panel.x.place(width_s(heat));
    panel.y_axis(picture);
    picture.raster(Rect { right, ..panel.area }, heat.columns, cells);
}

fn draw_bar(picture: &mut Picture, beside: Rect, colours: &Colours) {
    let bar = Rect { left: beside.right + 20.0, right: beside.right + 34.0, ..beside };
    let cells = (0..BAR_STEPS).rev().map(|step| viridis(step as f64 / (BAR_STEPS - 1) as f64)).collect();
    picture.raster(bar, 1, cells);
    let scale = colours.scale().between(bar.bottom, bar.top);
    for tick in scale.ticks(5) {
        let y = scale.place(tick.value);
        picture.line(vec![(bar.right, y), (bar.right + 4.0, y)], Ink::solid([0; 3]), 1.0, &[]);
        picture.text(tick.label, (bar.right + 7.0, y + 4.5), NOTE);
    }
    picture.text("ops/s", (bar.left, bar.top - 6.0), NOTE);
}
