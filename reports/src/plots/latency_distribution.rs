//! Latency distribution, a panel a kind of operation and a line a variant; the vertical axis counts nines.

use super::{
    Picture, Point, Shown,
    palette::series,
    scale::{Scale, Spread},
    sheet::{Panel, Sample, Sheet},
};
use shardlab_scenarios::tables::{LatencyRow, VariantReport};

/// Kinds of operation that fit on a sheet.
const OPERATIONS: usize = 4;
/// Latencies beneath this are zero for the eye and have no logarithm.
const LEAST_MS: f64 = 1e-6;
/// A hundred years: no run is longer.
const MOST_MS: f64 = 3.2e12;

pub(super) fn draw(shown: &Shown) -> Option<Picture> {
    let operations = operations(shown);
    let usable = |row: &&LatencyRow| usable(row) && operations.contains(&row.operation.as_str());
    let rows = || shown.variants.iter().flat_map(|variant| &variant.latency).filter(usable);
    let low = rows().map(|row| row.latency_ms).fold(f64::INFINITY, f64::min);
    let high = rows().map(|row| row.latency_ms).fold(0.0, f64::max);
    let most = rows().map(|row| row.quantile).fold(0.9, f64::max);
    rows().next()?;
    let x = Scale::new(Spread::Log, low * 0.9, high * 1.1);
    let y = Scale::new(Spread::Nines, 0.0, most);

    let subtitle = format!("% of answered operations that are at least this fast · {}", shown.scope());
    let mut sheet = Sheet::new("latency-distribution", "Latency distribution", &subtitle);
    sheet.legend(&legend(shown));
    let columns = if operations.len() == OPERATIONS { 2 } else { operations.len() };
    for pair in operations.chunks(columns) {
        let title = |operation: &&str| (operation_title(operation), "% of operations".to_owned());
        let titles: Vec<(String, String)> = pair.iter().map(title).collect();
        let areas = sheet.row(&titles, 210.0, columns);
        for (operation, area) in pair.iter().zip(&areas) {
            let panel = Panel::new(*area, x, y);
            panel.frame(&mut sheet.picture);
            panel.x_labels(&mut sheet.picture);
            draw_lines(&mut sheet.picture, &panel, shown, operation);
        }
        let middle = |area: &super::Rect| ((area.left + area.right) / 2.0, "latency, ms (logarithmic)");
        sheet.below_labels();
        sheet.axis_titles(&areas.iter().map(middle).collect::<Vec<_>>());
    }
    Some(sheet.finish())
}

/// All operations first; if there is only one kind, that is all there is to say.
fn operations<'a>(shown: &Shown<'a>) -> Vec<&'a str> {
    let mut operations: Vec<&str> = Vec::new();
    for row in shown.variants.iter().flat_map(|variant| &variant.latency).filter(|row| usable(row)) {
        if !operations.contains(&row.operation.as_str()) {
            operations.push(&row.operation);
        }
    }
    operations.sort_by_key(|operation| *operation != "all");
    let kinds = operations.len();
    operations.truncate(if kinds == 2 && operations[0] == "all" { 1 } else { OPERATIONS });
    operations
}

fn usable(row: &LatencyRow) -> bool {
    (LEAST_MS..MOST_MS).contains(&row.latency_ms) && (0.0..1.0).contains(&row.quantile)
}

fn operation_title(operation: &str) -> String {
    if operation == "all" { "all operations".into() } else { operation.into() }
}

fn legend(shown: &Shown) -> Vec<(Sample, String)> {
    let entry = |(index, variant): (usize, &&VariantReport)| {
        let (ink, dash) = series(index);
        (Sample::Line(ink, 2.0, dash), shown.label(variant))
    };
    shown.variants.iter().enumerate().map(entry).collect()
}

fn draw_lines(picture: &mut Picture, panel: &Panel, shown: &Shown, operation: &str) {
    for (index, variant) in shown.variants.iter().enumerate() {
        let of_kind = variant.latency.iter().filter(|row| usable(row) && row.operation == operation);
        let points: Vec<Point> = of_kind.map(|row| panel.place(row.latency_ms, row.quantile)).collect();
        let (ink, dash) = series(index);
        picture.line(points, ink, 2.0, dash);
    }
}
