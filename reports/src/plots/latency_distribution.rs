//! Latency distribution, a panel a kind of operation and a line a variant; the vertical axis counts nines.

use super::{
    Drawn, Shown,
    palette::series,
    panel::{Chart, Columns, line},
    scale::{Scale, Spread},
    sheet::{Frame, LABELS_AND_TITLE, Sample, Sheet},
};
use shardlab_scenarios::tables::{LatencyRow, VariantReport};

/// Kinds of operation that fit on a sheet.
const OPERATIONS: usize = 4;
/// Latencies beneath this are zero for the eye and have no logarithm.
const LEAST_MS: f64 = 1e-6;
/// A hundred years: no run is longer.
const MOST_MS: f64 = 3.2e12;

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    let operations = operations(shown);
    let usable = |row: &&LatencyRow| usable(row) && operations.contains(&row.operation.as_str());
    let rows = || shown.variants.iter().flat_map(|variant| &variant.latency).filter(usable);
    if rows().next().is_none() {
        return Ok(false);
    }
    let low = rows().map(|row| row.latency_ms).fold(f64::INFINITY, f64::min);
    let high = rows().map(|row| row.latency_ms).fold(0.0, f64::max);
    let most = rows().map(|row| row.quantile).fold(0.9, f64::max);
    let x = Scale::new(Spread::Log, low * 0.9, high * 1.1);
    let y = Scale::new(Spread::Nines, 0.0, most);

    let subtitle = format!("% of answered operations that are at least this fast · {}", shown.scope());
    sheet.title("Latency distribution", &subtitle)?;
    sheet.legend(&legend(shown))?;
    let columns = if operations.len() == OPERATIONS { 2 } else { operations.len() };
    for pair in operations.chunks(columns) {
        let panels = sheet.row(pair.iter().map(|operation| frame(operation)).collect(), columns)?;
        for (operation, panel) in pair.iter().zip(&panels) {
            let mut chart = panel.chart(x.clone(), y.clone())?;
            panel.mesh(&mut chart, Columns::Ruled)?;
            draw_lines(&mut chart, shown, operation)?;
        }
    }
    Ok(true)
}

fn frame(operation: &str) -> Frame<'static> {
    let title = if operation == "all" { "all operations".into() } else { operation.into() };
    let below = Some((LABELS_AND_TITLE, "latency, ms (logarithmic)"));
    Frame { title, note: "% of operations".into(), height: 210.0, strip: 0.0, right: 0.0, below }
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

fn legend(shown: &Shown) -> Vec<(Sample, String)> {
    let entry = |(index, variant): (usize, &&VariantReport)| {
        let (ink, dash) = series(index);
        (Sample::Line((ink, 2.0, dash)), shown.label(variant))
    };
    shown.variants.iter().enumerate().map(entry).collect()
}

fn draw_lines(chart: &mut Chart, shown: &Shown, operation: &str) -> Drawn {
    for (index, variant) in shown.variants.iter().enumerate() {
        let of_kind = variant.latency.iter().filter(|row| usable(row) && row.operation == operation);
        let (ink, dash) = series(index);
        let points: Vec<(f64, f64)> = of_kind.map(|row| (row.latency_ms, row.quantile)).collect();
        line(chart, steps(&points), (ink, 2.0, dash))?;
    }
    Ok(())
}

/// As a distribution of a sample is: level until the next value, and then up.
fn steps(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let corners = points.windows(2).flat_map(|pair| [pair[0], (pair[1].0, pair[0].1)]);
    corners.chain(points.last().copied()).collect()
}
