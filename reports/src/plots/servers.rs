//! Load of each server over time, a panel a variant; the busiest stands out and is named.

use super::{
    Picture, Point, Shown, interval_s,
    palette::{BACKGROUND_LINE, DASHED, INK, SOLID, VERMILION},
    scale::{Scale, Spread},
    sheet::{Panel, Sample, Sheet},
    time::TimeAxis,
};
use crate::numbers::rough_percent;
use shardlab_scenarios::tables::{RunReport, ServerRow, VariantReport};

pub(super) fn draw(shown: &Shown) -> Option<Picture> {
    let rows = || shown.variants.iter().flat_map(|variant| &variant.servers);
    rows().next()?;
    let interval_s = interval_s(rows().map(|row| row.time_s));
    let last_s = rows().map(|row| row.time_s + interval_s).fold(0.0, f64::max);
    let time = TimeAxis::new(shown.report, &shown.variants, last_s);

    let subtitle = format!("Share of each server's cores that is busy, % · {}", shown.scope());
    let mut sheet = Sheet::new("servers", "Load per server over time", &subtitle);
    sheet.legend(&[
        (Sample::Line(VERMILION, 2.2, SOLID), "busiest server (highest mean after warm-up)".into()),
        (Sample::Line(INK, 1.4, DASHED), "mean of all servers".into()),
        (Sample::Line(BACKGROUND_LINE, 1.2, SOLID), "other servers".into()),
    ]);
    let mut last = None;
    for variant in &shown.variants {
        let loads = loads(shown.report, variant);
        let busiest = loads.iter().max_by(|a, b| a.mean.total_cmp(&b.mean).then(b.name.cmp(a.name)));
        let note = busiest.map_or_else(|| "utilization, %".to_owned(), describe);
        let area = sheet.panel_with_strip(&shown.label(variant), &note, 130.0);
        let panel = Panel::new(area, time.scale(), Scale::new(Spread::Linear, 0.0, 100.0));
        time.frame(&mut sheet.picture, &panel, variant);
        draw_loads(&mut sheet.picture, &panel, &loads, busiest, interval_s);
        last = Some(panel);
    }
    time.finish(sheet, last?, true)
}

/// One server's rows, and its mean utilization while load is measured.
struct Load<'a> {
    name: &'a str,
    rows: Vec<&'a ServerRow>,
    mean: f64,
    peak: f64,
}

fn loads<'a>(report: &RunReport, variant: &'a VariantReport) -> Vec<Load<'a>> {
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

fn describe(load: &Load) -> String {
    let (mean, peak) = (rough_percent(load.mean), rough_percent(load.peak));
    format!("busiest: {}, mean {mean}, peak {peak}", load.name)
}

fn draw_loads(picture: &mut Picture, panel: &Panel, loads: &[Load], busiest: Option<&Load>, interval_s: f64) {
    let line = |load: &Load| -> Vec<Point> {
        let place = |row: &&ServerRow| panel.place(row.time_s + interval_s / 2.0, row.utilization * 100.0);
        load.rows.iter().map(place).collect()
    };
    let is_busiest = |load: &&Load| busiest.is_some_and(|busiest| busiest.name == load.name);
    for load in loads.iter().filter(|load| !is_busiest(load)) {
        picture.line(line(load), BACKGROUND_LINE, 1.2, SOLID);
    }
    picture.line(mean_line(panel, loads, interval_s), INK, 1.4, DASHED);
    if let Some(load) = busiest {
        picture.line(line(load), VERMILION, 2.2, SOLID);
    }
}

fn mean_line(panel: &Panel, loads: &[Load], interval_s: f64) -> Vec<Point> {
    let mut sums: Vec<(f64, f64, u32)> = Vec::new();
    for row in loads.iter().flat_map(|load| &load.rows) {
        match sums.binary_search_by(|sum| sum.0.total_cmp(&row.time_s)) {
            Ok(index) => sums[index] = (row.time_s, sums[index].1 + row.utilization, sums[index].2 + 1),
            Err(index) => sums.insert(index, (row.time_s, row.utilization, 1)),
        }
    }
    let place = |(time_s, sum, count): &(f64, f64, u32)| {
        panel.place(time_s + interval_s / 2.0, sum / f64::from(*count) * 100.0)
    };
    sums.iter().map(place).collect()
}
