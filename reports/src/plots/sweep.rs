//! The headline metrics over the swept setting, a line a variant with its 95 % confidence interval.

use super::{
    Drawn, PANELS, Shown,
    palette::series,
    panel::{Chart, Columns, Panel, dot, line},
    scale::{Scale, Spread, Tick},
    sheet::{Frame, LABELS_AND_TITLE, Sample, Sheet},
    words::NOTE,
};
use crate::{
    Better, MetricInfo,
    compare::{self, Row},
    words,
};
use plotters::{element::Polygon, style::Color};
use shardlab_scenarios::tables::{Figure, Sweep};

/// Metrics that fit on a sheet.
const METRICS: usize = 8;

pub(super) fn draw(shown: &Shown, sheet: &mut Sheet) -> Drawn<bool> {
    let report = shown.report;
    let Some(sweep) = report.sweep.as_ref().filter(|sweep| !sweep.points.is_empty()) else {
        return Ok(false);
    };
    let axis = Axis::of(compare::short_axes(report), sweep);
    let names: Vec<&str> = compare::names(report).into_iter().take(PANELS).collect();
    let rows = compare::headline_rows(report, shown.info);
    let metrics: Vec<&[Row]> = rows.chunks(sweep.points.len()).take(METRICS).collect();

    let seeds = if report.seeds > 1 {
        format!("mean and 95 % interval of {} seeds", report.seeds)
    } else {
        "one seed".into()
    };
    let subtitle = format!("Headline metrics · {}, {seeds}", report.scenario);
    sheet.title(&format!("Sweep over {}", sweep.axes.join(", ")), &subtitle)?;
    let entry = |(index, name): (usize, &&str)| {
        (Sample::Line((series(index).0, 2.0, series(index).1)), (*name).to_owned())
    };
    sheet.legend(&names.iter().enumerate().map(entry).collect::<Vec<_>>())?;
    for pair in metrics.chunks(2) {
        let panels = sheet.row(pair.iter().map(|rows| frame(&rows[0].metric, &axis)).collect(), 2)?;
        for (rows, panel) in pair.iter().zip(&panels) {
            draw_metric(panel, rows, names.len(), &axis)?;
        }
    }
    Ok(true)
}

/// Where the points lie: by value when one setting with numbers is swept, otherwise in file order.
struct Axis {
    title: String,
    values: Vec<f64>,
    labels: Vec<String>,
}

impl Axis {
    fn of(title: String, sweep: &Sweep) -> Self {
        let labels: Vec<String> = sweep.points.iter().map(|point| point.join(", ")).collect();
        let numbers: Option<Vec<f64>> = labels.iter().map(|label| label.parse::<f64>().ok()).collect();
        let in_order = || (0..labels.len()).map(|index| index as f64).collect();
        let values =
            numbers.filter(|values| values.iter().all(|value| value.is_finite())).unwrap_or_else(in_order);
        Self { title, values, labels }
    }

    /// With some air at both ends.
    fn scale(&self) -> Scale {
        let low = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let air = if high > low { (high - low) * 0.04 } else { 0.5 };
        let tick = |(value, label): (&f64, &String)| Tick { value: *value, label: NOTE.fit(label, 90.0) };
        let mut ticks: Vec<Tick> = self.values.iter().zip(&self.labels).map(tick).collect();
        ticks.sort_by(|a, b| a.value.total_cmp(&b.value));
        Scale::new(Spread::Linear, low - air, high + air).labelled(ticks)
    }
}

fn frame<'a>(metric: &MetricInfo, axis: &'a Axis) -> Frame<'a> {
    let (title, note) = title(metric);
    let below = Some((LABELS_AND_TITLE, axis.title.as_str()));
    Frame { title, note, height: 150.0, strip: 0.0, right: 0.0, below }
}

fn title(metric: &MetricInfo) -> (String, String) {
    let better = match metric.better {
        Better::Neither => String::new(),
        better => format!("{} is better", words::better(better)),
    };
    let note =
        [metric.unit, &better].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    (metric.name.clone(), note)
}

fn draw_metric(panel: &Panel, rows: &[Row], variants: usize, axis: &Axis) -> Drawn {
    let figures = rows.iter().flat_map(|row| row.cells.iter().take(variants).flatten());
    let ends = figures.flat_map(|figure| [figure.low, figure.high]);
    let mut chart = panel.chart(axis.scale(), Scale::close_around(ends))?;
    panel.mesh(&mut chart, Columns::Bare)?;
    (0..variants).try_for_each(|index| draw_variant(&mut chart, rows, index, axis))
}

fn draw_variant(chart: &mut Chart, rows: &[Row], variant: usize, axis: &Axis) -> Drawn {
    let (ink, dash) = series(variant);
    let mut figures: Vec<(f64, Figure)> = Vec::new();
    for (row, value) in rows.iter().zip(&axis.values) {
        figures.extend(
            row.cells[variant].filter(|figure| figure.mean.is_finite()).map(|figure| (*value, figure)),
        );
    }
    figures.sort_by(|a, b| a.0.total_cmp(&b.0));
    let points = |of: fn(&Figure) -> f64| figures.iter().map(move |(x, figure)| (*x, of(figure)));
    if figures.iter().any(|(_, figure)| figure.high > figure.low) {
        let back: Vec<(f64, f64)> = points(|figure| figure.low).collect();
        let band: Vec<(f64, f64)> = points(|figure| figure.high).chain(back.into_iter().rev()).collect();
        chart.draw_series([Polygon::new(band, ink.mix(0.18))])?;
    }
    line(chart, points(|figure| figure.mean).collect(), (ink, 2.0, dash))?;
    points(|figure| figure.mean).try_for_each(|point| dot(chart, point, 3.0, ink))
}
