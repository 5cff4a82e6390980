//! The headline metrics over the swept setting, a line a variant with its 95 % confidence interval.

use super::{
    PANELS, Picture, Point,
    palette::series,
    picture::{Anchor, TextStyle},
    scale::{Scale, Spread},
    sheet::{NOTE, Panel, Sample, Sheet},
};
use crate::{
    Better, MetricInfo,
    compare::{self, Row},
    words,
};
use shardlab_scenarios::tables::{Figure, RunReport, Sweep};

/// Metrics that fit on a sheet.
const METRICS: usize = 8;

pub(super) fn draw(report: &RunReport, info: &[MetricInfo]) -> Option<Picture> {
    let sweep = report.sweep.as_ref().filter(|sweep| !sweep.points.is_empty())?;
    let axis = Axis::of(compare::short_axes(report), sweep);
    let names: Vec<&str> = compare::names(report).into_iter().take(PANELS).collect();
    let rows = compare::headline_rows(report, info);
    let metrics: Vec<&[Row]> = rows.chunks(sweep.points.len()).take(METRICS).collect();

    let seeds = if report.seeds > 1 {
        format!("mean and 95 % interval of {} seeds", report.seeds)
    } else {
        "one seed".into()
    };
    let subtitle = format!("Headline metrics · {}, {seeds}", report.scenario);
    let mut sheet = Sheet::new("sweep", &format!("Sweep over {}", sweep.axes.join(", ")), &subtitle);
    let entry = |(index, name): (usize, &&str)| {
        (Sample::Line(series(index).0, 2.0, series(index).1), (*name).to_owned())
    };
    sheet.legend(&names.iter().enumerate().map(entry).collect::<Vec<_>>());
    for pair in metrics.chunks(2) {
        let titles: Vec<(String, String)> = pair.iter().map(|rows| title(&rows[0].metric)).collect();
        let areas = sheet.row(&titles, 150.0, 2);
        for (rows, area) in pair.iter().zip(&areas) {
            draw_metric(&mut sheet.picture, *area, rows, names.len(), &axis);
        }
        let middle = |area: &super::Rect| ((area.left + area.right) / 2.0, axis.title.as_str());
        sheet.below_labels();
        sheet.axis_titles(&areas.iter().map(middle).collect::<Vec<_>>());
    }
    Some(sheet.finish())
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
        Scale::new(Spread::Linear, low - air, high + air)
    }
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

fn draw_metric(picture: &mut Picture, area: super::Rect, rows: &[Row], variants: usize, axis: &Axis) {
    let figures = rows.iter().flat_map(|row| row.cells.iter().take(variants).flatten());
    let ends = figures.flat_map(|figure| [figure.low, figure.high]);
    let panel = Panel::new(area, axis.scale(), Scale::close_around(ends));
    panel.y_axis(picture);
    draw_point_labels(picture, &panel, axis);
    for index in 0..variants {
        draw_variant(picture, &panel, rows, index, axis);
    }
}

fn draw_point_labels(picture: &mut Picture, panel: &Panel, axis: &Axis) {
    let style = TextStyle { anchor: Anchor::Middle, ..NOTE };
    let mut order: Vec<usize> = (0..axis.values.len()).collect();
    order.sort_by(|a, b| axis.values[*a].total_cmp(&axis.values[*b]));
    let mut free_from = f64::NEG_INFINITY;
    for index in order {
        let (x, label) = (panel.x.place(axis.values[index]), style.fit(&axis.labels[index], 90.0));
        if style.start(&label, x) > free_from {
            free_from = style.start(&label, x) + style.width(&label) + 6.0;
            picture.text(label, (x, panel.area.bottom + 18.0), style);
        }
    }
}

fn draw_variant(picture: &mut Picture, panel: &Panel, rows: &[Row], variant: usize, axis: &Axis) {
    let (ink, dash) = series(variant);
    let mut figures: Vec<(f64, Figure)> = Vec::new();
    for (row, value) in rows.iter().zip(&axis.values) {
        figures.extend(
            row.cells[variant].filter(|figure| figure.mean.is_finite()).map(|figure| (*value, figure)),
        );
    }
    figures.sort_by(|a, b| a.0.total_cmp(&b.0));
    let place = |of: fn(&Figure) -> f64| figures.iter().map(move |(x, figure)| panel.place(*x, of(figure)));
    if figures.iter().any(|(_, figure)| figure.high > figure.low) {
        let back: Vec<Point> = place(|figure| figure.low).collect();
        picture.polygon(place(|figure| figure.high).chain(back.into_iter().rev()).collect(), ink.faded(0.18));
    }
    picture.line(place(|figure| figure.mean).collect(), ink, 2.0, dash);
    for point in place(|figure| figure.mean) {
        picture.dot(point, 3.0, ink);
    }
}
