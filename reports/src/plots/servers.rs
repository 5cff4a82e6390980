//! Load of each server over time, a panel a variant; the busiest stands out and is named.

use super::{
    Drawn, Shown,
    elements::Stroke,
    interval_s, move_marks,
    palette::{BACKGROUND_LINE, BLUE, DASHED, INK, SOLID, VERMILION},
    panel::{Chart, line},
    scale::{Scale, Spread},
    servers_map,
    sheet::{Sample, Sheet},
    time::TimeAxis,
};
use crate::numbers::rough_percent;
use shardlab_scenarios::tables::{RunReport, ServerRow, VariantReport};

/// Percent: a fifth of the panel's height still shows what differs.
const IDLE: f64 = 20.0;

/// More lines than this cannot be told apart.
const MOST_LINES: usize = 12;

const BUSIEST: Stroke = (VERMILION, 2.2, SOLID);
const STRUCK: Stroke = (BLUE, 1.8, SOLID);
const MEAN: Stroke = (INK, 1.4, DASHED);
const OTHERS: Stroke = (BACKGROUND_LINE, 1.2, SOLID);

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    let rows = || shown.variants.iter().flat_map(|variant| &variant.servers);
    if rows().next().is_none() {
        return Ok(false);
    }
    if shown.variants.iter().any(|variant| loads(shown.report, variant).len() > MOST_LINES) {
        return servers_map::draw(shown, sheet);
    }
    let interval_s = interval_s(rows().map(|row| row.time_s));
    let last_s = rows().map(|row| row.time_s + interval_s).fold(0.0, f64::max);
    let time = TimeAxis::new(shown.report, &shown.variants, last_s);

    let subtitle = format!("Share of each server's cores that is busy, % · {}", shown.scope());
    sheet.title("Load per server over time", &subtitle)?;
    let mut legend = vec![
        (Sample::Line(BUSIEST), "busiest server (highest mean after warm-up)".into()),
        (Sample::Line(MEAN), "mean of all servers".into()),
        (Sample::Line(OTHERS), "other servers".into()),
    ];
    if shown.variants.iter().any(|variant| struck(shown.report, variant).is_some()) {
        legend.insert(1, (Sample::Line(STRUCK), "server struck, added or removed".into()));
    }
    sheet.legend(&legend)?;
    let y = scale(rows().map(|row| row.utilization * 100.0));
    for (index, variant) in shown.variants.iter().enumerate() {
        let loads = loads(shown.report, variant);
        let busiest = loads.iter().max_by(|a, b| a.mean.total_cmp(&b.mean).then(b.name.cmp(a.name)));
        let struck = struck(shown.report, variant);
        let note = busiest.map_or_else(|| "utilization, %".to_owned(), |load| describe(load, struck));
        let panel = sheet.panel(time.frame(index, shown.label(variant), note, 130.0))?;
        let mut chart = time.chart(&panel, y.clone(), variant)?;
        draw_loads(&mut chart, &loads, (busiest, struck), interval_s / 2.0)?;
        move_marks::ticks(&mut chart, variant)?;
    }
    time.key(sheet)?;
    move_marks::edge_key(sheet, &shown.variants)?;
    Ok(true)
}

/// Up to 100 %, unless the servers have so little to do that their lines would lie on the axis.
fn scale(percents: impl Iterator<Item = f64> + Clone) -> Scale {
    let most = percents.clone().fold(0.0, f64::max);
    if most < IDLE { Scale::from_zero(percents) } else { Scale::new(Spread::Linear, 0.0, 100.0) }
}

/// One server's rows, and its mean utilization while load is measured.
pub(super) struct Load<'a> {
    pub(super) name: &'a str,
    pub(super) rows: Vec<&'a ServerRow>,
    pub(super) mean: f64,
    peak: f64,
}

pub(super) fn loads<'a>(report: &RunReport, variant: &'a VariantReport) -> Vec<Load<'a>> {
    let mut loads: Vec<Load> = Vec::new();
    for row in &variant.servers {
        match loads.iter_mut().find(|load| load.name == row.server) {
            Some(load) => load.rows.push(row),
            None => loads.push(Load { name: &row.server, rows: vec![row], mean: 0.0, peak: 0.0 }),
        }
    }
    for load in &mut loads {
        let measured = |row: &&&ServerRow| row.time_s >= report.warmup_s && row.time_s < report.duration_s;
        let values: Vec<f64> = load.rows.iter().filter(measured).map(|row| row.utilization).collect();
        load.mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        load.peak = values.iter().copied().fold(0.0, f64::max);
    }
    loads
}

/// The server that the first fault struck alone, cut off from all others, added or removed.
pub(super) fn struck<'a>(report: &RunReport, variant: &'a VariantReport) -> Option<&'a str> {
    let mut faults = variant.faults_with(report.seed).filter(|row| row.struck_s.is_some());
    let smaller_side = faults.next()?.nodes.split(" | ").next()?;
    variant.servers.iter().find(|row| row.server == smaller_side).map(|row| row.server.as_str())
}

pub(super) fn describe(load: &Load, struck: Option<&str>) -> String {
    let (mean, peak) = (rough_percent(load.mean), rough_percent(load.peak));
    let struck = struck.map_or_else(String::new, |name| format!(" · struck, added or removed: {name}"));
    format!("busiest: {}, mean {mean}, peak {peak}{struck}", load.name)
}

/// Each value stands at the middle of its interval, `half_s` after its beginning.
fn draw_loads(
    chart: &mut Chart,
    loads: &[Load],
    (busiest, struck): (Option<&Load>, Option<&str>),
    half_s: f64,
) -> Drawn {
    let points = |load: &Load| -> Vec<(f64, f64)> {
        load.rows.iter().map(|row| (row.time_s + half_s, row.utilization * 100.0)).collect()
    };
    let is_busiest = |load: &&Load| busiest.is_some_and(|busiest| busiest.name == load.name);
    for load in loads.iter().filter(|load| !is_busiest(load)) {
        line(chart, points(load), OTHERS)?;
    }
    line(chart, mean_line(loads, half_s), MEAN)?;
    for load in loads.iter().filter(|load| struck == Some(load.name) && !is_busiest(load)) {
        line(chart, points(load), STRUCK)?;
    }
    busiest.map_or(Ok(()), |load| line(chart, points(load), BUSIEST))
}

fn mean_line(loads: &[Load], half_s: f64) -> Vec<(f64, f64)> {
    let mut sums: Vec<(f64, f64, u32)> = Vec::new();
    for row in loads.iter().flat_map(|load| &load.rows) {
        match sums.binary_search_by(|sum| sum.0.total_cmp(&row.time_s)) {
            Ok(index) => sums[index] = (row.time_s, sums[index].1 + row.utilization, sums[index].2 + 1),
            Err(index) => sums.insert(index, (row.time_s, row.utilization, 1)),
        }
    }
    sums.iter().map(|(time_s, sum, count)| (time_s + half_s, sum / f64::from(*count) * 100.0)).collect()
}
