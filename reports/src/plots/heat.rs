//! Operations by slice of the key space and time, a panel a variant; under it the hottest single key over time.
//!
//! A row of the map stands for thousands of keys: one of them may take a third of the load, and its row is still one
//! among hundreds.

use super::{
    Drawn, Shown,
    canvas::{Rect, units},
    elements::{Stroke, raster},
    palette::{SOLID, VERMILION},
    panel::{Chart, Columns, TICK, broken_line},
    scale::{Scale, Spread},
    sheet::{Frame, Sheet},
    time::TimeAxis,
    words::NOTE,
};
use crate::numbers::{number, rough_percent};
use plotters::{
    chart::{ChartBuilder, LabelAreaPosition},
    coord::ranged1d::Ranged,
    style::{BLACK, Color, TRANSPARENT, colors::colormaps::ViridisRGB},
};
use shardlab_scenarios::tables::{HeatMap, VariantReport};

/// When the hottest cell has more than this many times the median cell, a linear scale shows one spot on black.
const LOG_RATIO: f64 = 30.0;
const HOTTEST: Stroke = (VERMILION, 2.0, SOLID);
/// Room right of the maps for the colour bar and its labels.
const BAR_ROOM: f64 = 92.0;
/// Labels at the colour bar.
const BAR_TICKS: usize = 5;
/// Colours in the bar.
const BAR_STEPS: usize = 128;

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    let whole = |variant: &&VariantReport| is_whole(&variant.heat);
    let mut variants: Vec<&VariantReport> = shown.variants.iter().copied().filter(whole).collect();
    let same = variants.len() > 1 && variants.windows(2).all(|pair| same_load(&pair[0].heat, &pair[1].heat));
    if same {
        variants.truncate(1);
    }
    let Some(colours) = Colours::over(&variants) else {
        return Ok(false);
    };
    let last_s = variants.iter().map(|variant| width_s(&variant.heat)).fold(0.0, f64::max);
    let time = TimeAxis::new(shown.report, &variants, last_s);

    let hottest_rates = variants.iter().flat_map(|variant| hottest(&variant.heat)).map(|key| key.rate);
    let rate_scale = Scale::from_zero(hottest_rates);

    let scale = if colours.log { "logarithmic colours" } else { "linear colours" };
    let subtitle = format!("Operations a second by slice of the key space, {scale} · {}", shown.scope());
    sheet.title("Where in the key space the load falls", &subtitle)?;
    for (index, variant) in variants.iter().enumerate() {
        let title = if same { "all variants: the same load".to_owned() } else { shown.label(variant) };
        let note = format!("key; a row is {} keys", number(variant.heat.keys_per_row as f64));
        let frame = Frame { right: BAR_ROOM, below: None, ..time.frame(index, title, note, 200.0) };
        let panel = sheet.panel(frame)?;
        let mut chart = panel.chart(time.scale(), key_scale(&variant.heat))?;
        panel.mesh(&mut chart, Columns::Bare)?;
        draw_map(&mut chart, &variant.heat, &colours)?;
        time.mark(&mut chart, &panel, variant)?;
        if index == 0 {
            draw_bar(sheet, &panel.area, &colours)?;
        }
        draw_hottest(sheet, &time, index, variant, &rate_scale)?;
    }
    time.key(sheet)?;
    Ok(true)
}

fn same_load(one: &HeatMap, other: &HeatMap) -> bool {
    one.counts == other.counts && one.hottest_counts == other.hottest_counts
}

fn key_scale(heat: &HeatMap) -> Scale {
    let keys = (heat.rows as u64).saturating_mul(heat.keys_per_row).max(1);
    Scale::new(Spread::Linear, 0.0, keys as f64)
}

fn is_whole(heat: &HeatMap) -> bool {
    let cells = heat.columns.checked_mul(heat.rows);
    let whole = [heat.counts.len(), heat.hottest_keys.len(), heat.hottest_counts.len()];
    heat.interval_s > 0.0 && !heat.counts.is_empty() && whole.iter().all(|length| cells == Some(*length))
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
        viridis(self.scale().share(rate))
    }
}

fn rates(heat: &HeatMap) -> Vec<f64> {
    heat.counts.iter().map(|count| f64::from(*count) / heat.interval_s).collect()
}

/// van der Walt and Smith, 2015: even steps to the eye, in print and to any kind of colour vision.
fn viridis(share: f64) -> [u8; 3] {
    let (red, green, blue) = ViridisRGB::get_color(share).to_backend_color().rgb;
    [red, green, blue]
}

/// The lowest keys lie at the bottom, so rows are turned over.
fn draw_map(chart: &mut Chart, heat: &HeatMap, colours: &Colours) -> Drawn {
    let rates = rates(heat);
    let cells = rates.chunks(heat.columns).rev().flatten().map(|rate| colours.of(*rate)).collect();
    let corners = [(0.0, chart.y_range().end), (width_s(heat), 0.0)];
    chart.draw_series([raster(corners, heat.columns, cells)]).map(drop)
}

/// The key with most operations in one interval.
struct Hottest {
    key: u64,
    /// Operations a second.
    rate: f64,
    /// Of all operations in the interval.
    share: f64,
    /// The interval's start.
    time_s: f64,
}

fn hottest(heat: &HeatMap) -> Vec<Hottest> {
    let column = |column: usize| {
        let cells = (0..heat.rows).map(|row| row * heat.columns + column);
        let total: u64 = cells.clone().map(|cell| u64::from(heat.counts[cell])).sum();
        let most = cells.rev().max_by_key(|cell| heat.hottest_counts[*cell]).unwrap_or(column);
        let count = f64::from(heat.hottest_counts[most]);
        Hottest {
            key: heat.hottest_keys[most],
            rate: count / heat.interval_s,
            share: if total == 0 { 0.0 } else { count / total as f64 },
            time_s: column as f64 * heat.interval_s,
        }
    };
    (0..heat.columns).map(column).collect()
}

fn draw_hottest(
    sheet: &mut Sheet,
    time: &TimeAxis,
    index: usize,
    variant: &VariantReport,
    scale: &Scale,
) -> Drawn {
    let keys = hottest(&variant.heat);
    let title = "the hottest single key of each interval, ops/s".to_owned();
    let frame = time.frame(index, title, describe(&keys), 80.0);
    let panel = sheet.panel(Frame { right: BAR_ROOM, ..frame })?;
    let mut chart = time.chart(&panel, scale.clone(), variant)?;
    let half_s = variant.heat.interval_s / 2.0;
    broken_line(&mut chart, keys.iter().map(|key| Some((key.time_s + half_s, key.rate))), HOTTEST)
}

/// "most: key 4,711, 2,060 ops/s at 41 s, 34 % of all".
fn describe(keys: &[Hottest]) -> String {
    let most = keys.iter().rev().max_by(|a, b| a.rate.total_cmp(&b.rate));
    most.filter(|most| most.rate > 0.0).map_or_else(String::new, |most| {
        let (key, rate) = (number(most.key as f64), number(most.rate));
        format!(
            "most: key {key}, {rate} ops/s at {} s, {} of all",
            number(most.time_s),
            rough_percent(most.share)
        )
    })
}

fn draw_bar(sheet: &Sheet, beside: &Rect, colours: &Colours) -> Drawn {
    const WIDTH: f64 = 14.0;
    let place = Rect { left: beside.right + 20.0, right: beside.right + BAR_ROOM, ..*beside };
    let scale = colours.scale();
    let (low, high) = (scale.range().start, scale.range().end);
    let part = sheet.part(place);
    let mut chart = ChartBuilder::on(&part)
        .set_label_area_size(LabelAreaPosition::Right, units(place.width() - WIDTH))
        .build_cartesian_2d(Scale::new(Spread::Linear, 0.0, 1.0), scale.ticked(BAR_TICKS))?;
    chart
        .configure_mesh()
        .disable_mesh()
        .light_line_style(TRANSPARENT)
        .axis_style(BLACK.stroke_width(units(1.0) as u32))
        .label_style(NOTE.style())
        .set_all_tick_mark_size(units(TICK))
        .draw()?;
    let cells = (0..BAR_STEPS).rev().map(|step| viridis(step as f64 / (BAR_STEPS - 1) as f64)).collect();
    chart.draw_series([raster([(0.0, high), (1.0, low)], 1, cells)])?;
    sheet.write("ops/s", (place.left, place.top - 6.0), NOTE)
}
