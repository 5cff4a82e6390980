//! Colours that stand for rates, and the bar that explains them.

use super::{
    Drawn,
    canvas::{Rect, units},
    elements::raster,
    panel::TICK,
    scale::{Scale, Spread},
    sheet::Sheet,
    words::NOTE,
};
use plotters::{
    chart::{ChartBuilder, LabelAreaPosition},
    coord::ranged1d::Ranged,
    style::{BLACK, Color, TRANSPARENT, colors::colormaps::ViridisRGB},
};

/// When the hottest cell has more than this many times the median cell, a linear scale shows one spot on black.
const LOG_RATIO: f64 = 30.0;
/// Room right of a map for the colour bar and its labels.
pub(super) const BAR_ROOM: f64 = 92.0;
/// Labels at the colour bar.
const BAR_TICKS: usize = 5;
/// Colours in the bar.
const BAR_STEPS: usize = 128;

/// From values to colours, the same for all panels.
pub(super) struct Colours {
    scale: Scale,
    unit: &'static str,
}

impl Colours {
    /// Over all that is shown: logarithmic where one of them would outshine all others. Nothing above zero, no colours.
    pub(super) fn over(values: impl Iterator<Item = f64>, unit: &'static str) -> Option<Self> {
        let mut values: Vec<f64> = values.filter(|value| *value > 0.0).collect();
        values.sort_by(f64::total_cmp);
        let (low, high) = (*values.first()?, *values.last()?);
        let is_log = high / values[values.len() / 2] > LOG_RATIO;
        let scale =
            if is_log { Scale::new(Spread::Log, low, high) } else { Scale::new(Spread::Linear, 0.0, high) };
        Some(Self { scale, unit })
    }

    /// From zero to here.
    pub(super) fn up_to(high: f64, unit: &'static str) -> Self {
        Self { scale: Scale::new(Spread::Linear, 0.0, high), unit }
    }

    /// "logarithmic colours".
    pub(super) fn describe(&self) -> &'static str {
        if self.scale.is_log() { "logarithmic colours" } else { "linear colours" }
    }

    pub(super) fn of(&self, value: f64) -> [u8; 3] {
        viridis(self.scale.share(value))
    }

    /// The bar, right of a map.
    pub(super) fn draw_bar(&self, sheet: &Sheet, beside: &Rect) -> Drawn {
        const WIDTH: f64 = 14.0;
        let place = Rect { left: beside.right + 20.0, right: beside.right + BAR_ROOM, ..*beside };
        let (low, high) = (self.scale.range().start, self.scale.range().end);
        let part = sheet.part(place);
        let mut chart = ChartBuilder::on(&part)
            .set_label_area_size(LabelAreaPosition::Right, units(place.width() - WIDTH))
            .build_cartesian_2d(Scale::new(Spread::Linear, 0.0, 1.0), self.scale.clone().ticked(BAR_TICKS))?;
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
        sheet.write(self.unit, (place.left, place.top - 6.0), NOTE)
    }
}

/// van der Walt and Smith, 2015: even steps to the eye, in print and to any kind of colour vision.
fn viridis(share: f64) -> [u8; 3] {
    let (red, green, blue) = ViridisRGB::get_color(share).to_backend_color().rgb;
    [red, green, blue]
}
