//! Load of many servers over time, a map a variant: where there are more servers than lines that can be told apart.

use super::{
    Drawn, Shown,
    colours::{BAR_ROOM, Colours},
    elements::raster,
    interval_s, move_marks,
    panel::Columns,
    scale::{Scale, Spread, Tick},
    servers::{Load, describe, loads, struck},
    sheet::{Frame, Sheet},
    time::TimeAxis,
};
use shardlab_scenarios::tables::VariantReport;

/// Height of a map, in logical pixels: a row a server, within these bounds.
const ROW: f64 = 8.0;
const HEIGHTS: (f64, f64) = (110.0, 260.0);

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    let rows = || shown.variants.iter().flat_map(|variant| &variant.servers);
    let interval_s = interval_s(rows().map(|row| row.time_s));
    let last_s = rows().map(|row| row.time_s + interval_s).fold(0.0, f64::max);
    let most =
        rows().map(|row| row.utilization * 100.0).filter(|percent| percent.is_finite()).fold(1.0, f64::max);
    let (time, colours) = (TimeAxis::new(shown.report, &shown.variants, last_s), Colours::up_to(most, "%"));
    let subtitle = format!(
        "Share of each server's cores that is busy, a row a server, the first below · {}",
        shown.scope()
    );
    sheet.title("Load per server over time", &subtitle)?;
    for (index, variant) in shown.variants.iter().enumerate() {
        let loads = loads(shown.report, variant);
        let busiest = loads.iter().max_by(|a, b| a.mean.total_cmp(&b.mean).then(b.name.cmp(a.name)));
        let note = busiest.map_or_else(String::new, |load| describe(load, struck(shown.report, variant)));
        let height = (loads.len() as f64 * ROW).clamp(HEIGHTS.0, HEIGHTS.1);
        let frame = time.frame(index, shown.label(variant), note, height);
        let panel = sheet.panel(Frame { right: BAR_ROOM, ..frame })?;
        let mut chart = panel.chart(time.scale(), names(&loads))?;
        panel.mesh(&mut chart, Columns::Bare)?;
        if let Some(cells) = cells(variant, &loads, interval_s, &colours) {
            let columns = cells.len() / loads.len();
            let first_s = variant.servers.iter().map(|row| row.time_s).fold(f64::INFINITY, f64::min);
            let corners = [(first_s, loads.len() as f64), (first_s + columns as f64 * interval_s, 0.0)];
            chart.draw_series([raster(corners, columns, cells)])?;
        }
        time.mark(&mut chart, &panel, variant)?;
        move_marks::ticks(&mut chart, variant)?;
        if index == 0 {
            colours.draw_bar(sheet, &panel.area)?;
        }
    }
    time.key(sheet)?;
    move_marks::edge_key(sheet, &shown.variants)?;
    Ok(true)
}

/// A row a server, some of them named.
fn names(loads: &[Load]) -> Scale {
    const LABELS: usize = 8;
    let stride = loads.len().div_ceil(LABELS).max(1);
    let tick =
        |(place, load): (usize, &Load)| Tick { value: place as f64 + 0.5, label: load.name.to_owned() };
    let ticks = loads.iter().enumerate().step_by(stride).map(tick).collect();
    Scale::new(Spread::Linear, 0.0, loads.len().max(1) as f64).labelled(ticks)
}

/// Colours row by row, the last server first; what no row tells of is as good as idle. Nothing where times are no grid.
fn cells(
    variant: &VariantReport,
    loads: &[Load],
    interval_s: f64,
    colours: &Colours,
) -> Option<Vec<[u8; 3]>> {
    /// More columns than pixels show nothing more.
    const MOST: f64 = 4_000.0;
    let times = variant.servers.iter().map(|row| row.time_s);
    let (first, last) = (times.clone().fold(f64::INFINITY, f64::min), times.fold(0.0, f64::max));
    let columns = libm::round((last - first) / interval_s) + 1.0;
    if !(1.0..=MOST).contains(&columns) {
        return None;
    }
    let row = |load: &Load| {
        let mut cells = vec![colours.of(0.0); columns as usize];
        for row in &load.rows {
            if let Some(cell) =
                cells.get_mut(libm::round((row.time_s - first) / interval_s).max(0.0) as usize)
            {
                *cell = colours.of(row.utilization * 100.0);
            }
        }
        cells
    };
    Some(loads.iter().rev().flat_map(row).collect())
}
