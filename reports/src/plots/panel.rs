//! A panel of a sheet: the place of one chart, and the mesh that all charts share.

use super::{
    Area, Drawn,
    canvas::{Canvas, Rect, units},
    elements::{self, Stroke},
    palette::{AXIS, GRID, Ink, SOLID},
    scale::{Scale, Tick},
    sheet::LEFT,
    words::NOTE,
};
use plotters::{
    chart::{ChartBuilder, ChartContext, LabelAreaPosition},
    coord::cartesian::Cartesian2d,
    element::Circle,
    style::{Color, TRANSPARENT},
};

/// Two axes with what is drawn between them.
pub(super) type Chart<'area, 'pen> = ChartContext<'area, Canvas<'pen>, Cartesian2d<Scale, Scale>>;

/// Least distance between labels of the horizontal axis that lie side by side.
const BETWEEN_LABELS: f64 = 6.0;
/// Length of the marks at labels.
pub(super) const TICK: f64 = 4.0;

/// The place of a chart, labels of its axes included.
pub(super) struct Panel<'pen> {
    whole: Area<'pen>,
    /// Where values lie, in logical pixels.
    pub(super) area: Rect,
    /// Under it, in logical pixels.
    room: f64,
    axis_title: String,
}

impl<'pen> Panel<'pen> {
    /// Around an area for values; `below` is the room under it and the title of the horizontal axis.
    pub(super) fn new(root: &Area<'pen>, area: Rect, below: Option<(f64, &str)>) -> Self {
        let (room, axis_title) = below.unwrap_or_default();
        let corner = (units(area.left - LEFT), units(area.top));
        let size = (units(area.width() + LEFT), units(area.height() + room));
        Self { whole: root.clone().shrink(corner, size), area, room, axis_title: axis_title.to_owned() }
    }

    /// Axes along the edges of the area; what has no ticks yet gets round ones.
    pub(super) fn chart(&self, x: Scale, y: Scale) -> Drawn<Chart<'_, 'pen>> {
        let x = thinned(x.ticked(((self.area.width() / 64.0) as usize).max(3)), self.area.width());
        let y = y.ticked(y_ticks(&self.area));
        ChartBuilder::on(&self.whole)
            .set_label_area_size(LabelAreaPosition::Left, units(LEFT))
            .set_label_area_size(LabelAreaPosition::Bottom, units(self.room))
            .build_cartesian_2d(x, y)
    }

    /// Grid, labels, and the line that values stand on.
    pub(super) fn mesh(&self, chart: &mut Chart<'_, 'pen>, columns: Columns) -> Drawn {
        let mut mesh = chart.configure_mesh();
        if columns == Columns::Bare {
            mesh.disable_x_mesh();
        }
        mesh.x_desc(&self.axis_title)
            .axis_style(AXIS.stroke_width(units(1.0) as u32))
            .bold_line_style(GRID.stroke_width(units(1.0) as u32))
            .light_line_style(TRANSPARENT)
            .label_style(NOTE.style())
            .axis_desc_style(NOTE.style())
            .set_all_tick_mark_size(units(TICK))
            .draw()?;
        base(chart, AXIS)
    }
}

/// Whether a chart has vertical grid lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Columns {
    /// It has.
    Ruled,
    /// It has not: what it shows stands for itself.
    Bare,
}

/// Draws the line that values stand on.
pub(super) fn base(chart: &mut Chart, ink: Ink) -> Drawn {
    let (x, low) = (chart.x_range(), chart.y_range().start);
    line(chart, vec![(x.start, low), (x.end, low)], (ink, 1.0, SOLID))
}

/// Draws a line between values.
pub(super) fn line(chart: &mut Chart, points: Vec<(f64, f64)>, stroke: Stroke) -> Drawn {
    chart.draw_series([elements::line(points, stroke)]).map(drop)
}

/// Draws the pieces of a line between gaps; a lone value becomes a dot.
pub(super) fn broken_line(
    chart: &mut Chart,
    points: impl Iterator<Item = Option<(f64, f64)>>,
    stroke: Stroke,
) -> Drawn {
    let mut piece = Vec::new();
    for point in points.chain([None]) {
        match point {
            Some(point) => piece.push(point),
            None => match std::mem::take(&mut piece) {
                lone if lone.len() == 1 => dot(chart, lone[0], stroke.1, stroke.0)?,
                piece => line(chart, piece, stroke)?,
            },
        }
    }
    Ok(())
}

/// Draws a disc around a value.
pub(super) fn dot(chart: &mut Chart, at: (f64, f64), radius: f64, ink: Ink) -> Drawn {
    chart.draw_series([Circle::new(at, units(radius), ink.filled())]).map(drop)
}

/// How many ticks a vertical axis has room for.
pub(super) fn y_ticks(area: &Rect) -> usize {
    ((area.height() / 22.0) as usize).max(2)
}

/// Labels that would touch their left neighbour are left out; their ticks stay.
fn thinned(scale: Scale, width: f64) -> Scale {
    let mut free_from = f64::NEG_INFINITY;
    let thin = |tick: &Tick| {
        let (middle, half) = (scale.share(tick.value) * width, NOTE.width(&tick.label) / 2.0);
        if middle - half <= free_from {
            return Tick { label: String::new(), ..*tick };
        }
        free_from = middle + half + BETWEEN_LABELS;
        tick.clone()
    };
    let ticks = scale.ticks().iter().map(thin).collect();
    scale.labelled(ticks)
}
