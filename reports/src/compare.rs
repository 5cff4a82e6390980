//! Variants side by side, metric by metric, and which of them is best: the model of every table.

use crate::winners::{self, Bar};
use crate::{Better, MetricInfo};
use shardlab_scenarios::catalogue::{self, Presupposed};
use shardlab_scenarios::tables::{Figure, RunReport, VariantReport, VerdictKind};

/// One metric (at one point of the sweep) over all variants.
pub(crate) struct Row {
    /// The metric.
    pub(crate) metric: MetricInfo,
    /// "0.99" or "0.99, 3": where on the sweep's axes; empty without a sweep.
    pub(crate) point: String,
    /// One a variant name; `None` where the variant does not have it.
    pub(crate) cells: Vec<Option<Figure>>,
    /// Which of them are best; none when the row has no winner.
    pub(crate) best: Vec<bool>,
    /// What differs between the variants, so that this metric, whatever the catalogue says, has no better way.
    pub(crate) blurred_by: Option<Presupposed>,
    /// One a variant name: why it cannot win.
    pub(crate) barred: Vec<Option<Bar>>,
}

/// The names that head the columns, each once, in file order.
pub(crate) fn names(report: &RunReport) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for variant in &report.variants {
        if !names.contains(&variant.name.as_str()) {
            names.push(&variant.name);
        }
    }
    names
}

/// The worst verdict of a name over the points of a sweep.
pub(crate) fn verdict(report: &RunReport, name: &str) -> VerdictKind {
    let verdicts =
        report.variants.iter().filter(|variant| variant.name == name).map(|variant| variant.verdict);
    verdicts.max().unwrap_or(VerdictKind::Unknown)
}

/// Rows of the short table: headline metrics that somebody has, and those that the scenario expects something of, since
/// it is about them; or all when there is no headline.
pub(crate) fn headline_rows(report: &RunReport, info: &[MetricInfo]) -> Vec<Row> {
    let all = metrics(report, info);
    let is_measured = |name: &str| all.iter().any(|metric| metric.name == name);
    let is_headline = |metric: &MetricInfo| metric.headline || is_expected(report, &metric.name);
    let is_shown =
        |metric: &&MetricInfo| is_headline(metric) && !catalogue::is_left_out(&metric.name, is_measured);
    let headline: Vec<MetricInfo> = all.iter().filter(is_shown).cloned().collect();
    rows(report, if headline.is_empty() { all } else { headline })
}

/// Of anomalies only what was seen: that nothing was is the judges' to say.
fn is_expected(report: &RunReport, metric: &str) -> bool {
    let was_seen =
        |variant: &VariantReport| variant.metrics.get(metric).is_some_and(|figure| figure.mean > 0.0);
    // Its words begin with the metric.
    report.expectations.iter().any(|row| row.expectation.split(' ').next() == Some(metric))
        && (!metric.starts_with("anomalies.") || report.variants.iter().any(was_seen))
}

/// Rows of the long table: every metric that somebody has, the catalogue's order first.
pub(crate) fn all_rows(report: &RunReport, info: &[MetricInfo]) -> Vec<Row> {
    rows(report, metrics(report, info))
}

/// Rows of these metrics, in this order, as far as somebody has them.
pub(crate) fn rows_of(report: &RunReport, info: &[MetricInfo], names: &[&str]) -> Vec<Row> {
    let all = metrics(report, info);
    let wanted = names.iter().filter_map(|name| all.iter().find(|metric| metric.name == *name).cloned());
    rows(report, wanted.collect())
}

/// The values of the sweep's axes at a point, as they were written.
pub(crate) fn point_label(report: &RunReport, point: Option<usize>) -> String {
    let values = report.sweep.as_ref().zip(point).and_then(|(sweep, point)| sweep.points.get(point));
    values.map(|values| values.join(", ")).unwrap_or_default()
}

/// The last parts of the swept paths: "zipfian".
pub(crate) fn short_axes(report: &RunReport) -> String {
    let axes = report.sweep.iter().flat_map(|sweep| &sweep.axes);
    axes.map(|path| path.rsplit('.').next().unwrap_or(path)).collect::<Vec<_>>().join(", ")
}

/// What to call a variant where points of a sweep stand beside each other.
pub(crate) fn label(report: &RunReport, variant: &VariantReport) -> String {
    match point_label(report, variant.sweep_point) {
        point if point.is_empty() => variant.name.clone(),
        point => format!("{} · {point}", variant.name),
    }
}

/// The same in a sentence, where a variant called `none` would else read as a word.
pub(crate) fn named(report: &RunReport, variant: &VariantReport) -> String {
    quoted(&label(report, variant))
}

/// A name within a sentence.
pub(crate) fn quoted(name: &str) -> String {
    format!("“{name}”")
}

fn metrics(report: &RunReport, info: &[MetricInfo]) -> Vec<MetricInfo> {
    let exists = |name: &str| report.variants.iter().any(|variant| variant.metrics.contains_key(name));
    let mut metrics: Vec<MetricInfo> = info.iter().filter(|metric| exists(&metric.name)).cloned().collect();
    for name in report.variants.iter().flat_map(|variant| variant.metrics.keys()) {
        if !metrics.iter().any(|metric| metric.name == *name) {
            metrics.push(unlisted(name));
        }
    }
    metrics
}

/// For a metric that the catalogue does not know: shown, but it wins nothing.
pub(crate) fn unlisted(name: &str) -> MetricInfo {
    MetricInfo {
        name: name.to_owned(),
        unit: "",
        definition: String::new(),
        better: Better::Neither,
        headline: false,
        plot: None,
    }
}

fn rows(report: &RunReport, metrics: Vec<MetricInfo>) -> Vec<Row> {
    let points: Vec<Option<usize>> = match &report.sweep {
        Some(sweep) => (0..sweep.points.len()).map(Some).collect(),
        None => vec![None],
    };
    let row = |metric: &MetricInfo, point| row(report, metric, point);
    metrics.iter().flat_map(|metric| points.iter().map(move |&point| row(metric, point))).collect()
}

fn row(report: &RunReport, metric: &MetricInfo, point: Option<usize>) -> Row {
    let variants: Vec<Option<&VariantReport>> = names(report)
        .into_iter()
        .map(|name| {
            report.variants.iter().find(|variant| variant.name == name && variant.sweep_point == point)
        })
        .collect();
    let cells: Vec<Option<Figure>> =
        variants.iter().map(|variant| (*variant)?.metrics.get(&metric.name).copied()).collect();
    let blurred_by = winners::blurred_by(report, metric);
    let better = if blurred_by.is_some() { Better::Neither } else { metric.better };
    let metric = MetricInfo { better, ..metric.clone() };
    let barred = winners::barred(&metric, &variants);
    let best = winners::best(&metric, &cells, &barred);
    Row { metric, point: point_label(report, point), cells, best, blurred_by, barred }
}
