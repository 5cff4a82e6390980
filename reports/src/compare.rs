//! Variants side by side, metric by metric, and which of them is best: the model of every table.

use crate::{Better, MetricInfo, numbers};
use shardlab_scenarios::catalogue;
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
    /// Another metric that differs between the variants, so that this one, whatever the catalogue says, has no better
    /// way.
    pub(crate) blurred_by: Option<&'static str>,
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

/// Rows of the short table: headline metrics that somebody has, or all when the catalogue names no headline.
pub(crate) fn headline_rows(report: &RunReport, info: &[MetricInfo]) -> Vec<Row> {
    let all = metrics(report, info);
    let is_measured = |name: &str| all.iter().any(|metric| metric.name == name);
    let is_shown =
        |metric: &&MetricInfo| metric.headline && !catalogue::is_left_out(&metric.name, is_measured);
    let headline: Vec<MetricInfo> = all.iter().filter(is_shown).cloned().collect();
    rows(report, if headline.is_empty() { all } else { headline })
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
fn unlisted(name: &str) -> MetricInfo {
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

/// Which metrics of a table have no winner although they have a better way, and why; nothing when all may have one.
pub(crate) fn caveat(rows: &[Row]) -> Option<String> {
    let blurred = || rows.iter().filter_map(|row| Some((row.metric.name.as_str(), row.blurred_by?)));
    let mut others: Vec<&str> = blurred().map(|(_, other)| other).collect();
    others.sort_unstable_by_key(|other| std::cmp::Reverse(*other));
    others.dedup();
    let sentence = |other: &&str| {
        let mut names: Vec<&str> = blurred().filter(|of| of.1 == *other).map(|(name, _)| name).collect();
        names.dedup();
        let what = if *other == "writes.lost" { "what was lost does" } else { "copies of shards do" };
        format!("No winner by {}: {what} not count there, and {other} differs.", names.join(", "))
    };
    (!others.is_empty()).then(|| others.iter().map(sentence).collect::<Vec<_>>().join(" "))
}

/// The metric that `metric` presupposes to be equal, where it is not: at any point of the sweep.
fn blurred_by(report: &RunReport, metric: &MetricInfo) -> Option<&'static str> {
    let presupposed = catalogue::presupposes(&metric.name)?;
    let mean = |variant: &VariantReport| variant.metrics.get(presupposed).map(|figure| figure.mean);
    let differ = |a: &VariantReport, b: &VariantReport| {
        let means = mean(a).zip(mean(b)).filter(|_| a.sweep_point == b.sweep_point);
        means.is_some_and(|(a, b)| a.total_cmp(&b).is_ne())
    };
    let variants = &report.variants;
    variants.iter().any(|a| variants.iter().any(|b| differ(a, b))).then_some(presupposed)
}

fn row(report: &RunReport, metric: &MetricInfo, point: Option<usize>) -> Row {
    let of = |name: &str| {
        let same = |variant: &&VariantReport| variant.name == name && variant.sweep_point == point;
        report.variants.iter().find(same)?.metrics.get(&metric.name).copied()
    };
    let cells: Vec<Option<Figure>> = names(report).into_iter().map(of).collect();
    let blurred_by = blurred_by(report, metric);
    let better = if blurred_by.is_some() { Better::Neither } else { metric.better };
    let metric = MetricInfo { better, ..metric.clone() };
    let best = best(&metric, &cells);
    Row { metric, point: point_label(report, point), cells, best, blurred_by }
}

/// A difference of less than this share of the larger figure makes no winner. With one seed it is not told from luck,
/// since over twenty seeds the library's figures scatter by a few percent around their means; with many, nobody would
/// choose a design for it.
const CLEAR: f64 = 0.05;

/// Nor does a smaller difference between fractions than this: a server that is busy for 0.3 % of its time is not busier
/// than one at 0.4 %.
const SMALLEST_FRACTION: f64 = 0.002;

/// Marks the best cell, and those that show the same number, if all others are clearly worse.
fn best(metric: &MetricInfo, cells: &[Option<Figure>]) -> Vec<bool> {
    let known = || cells.iter().flatten().filter(|figure| figure.mean.is_finite());
    let by_mean = |a: &&Figure, b: &&Figure| a.mean.total_cmp(&b.mean);
    let leader = match metric.better {
        Better::Lower => known().min_by(by_mean),
        Better::Higher => known().max_by(by_mean),
        Better::Neither => None,
    };
    let Some(leader) = leader else { return vec![false; cells.len()] };
    let ties = |figure: &Figure| {
        numbers::quantity(figure.mean, metric.unit) == numbers::quantity(leader.mean, metric.unit)
    };
    let mut beaten = known().filter(|figure| !ties(figure)).peekable();
    let has_won = beaten.peek().is_some() && beaten.all(|figure| are_apart(figure, leader, metric.unit));
    cells.iter().map(|cell| has_won && cell.as_ref().is_some_and(ties)).collect()
}

/// The difference matters, and with several seeds the intervals do not meet.
fn are_apart(a: &Figure, b: &Figure, unit: &str) -> bool {
    let intervals_meet = a.seeds > 1 && b.seeds > 1 && a.low <= b.high && b.low <= a.high;
    matters(a.mean, b.mean, unit) && !intervals_meet
}

/// Of fractions what is missing to one counts as much as what is there: an availability of 0.99 is not nearly one of
/// 0.999.
fn matters(a: f64, b: f64, unit: &str) -> bool {
    let (difference, larger) = ((a - b).abs(), a.abs().max(b.abs()));
    match unit {
        "fraction" => {
            let missing = (1.0 - a).abs().max((1.0 - b).abs());
            difference > CLEAR * larger.min(missing) && difference > SMALLEST_FRACTION
        }
        _ => difference > CLEAR * larger,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(better: Better, cells: &[(f64, f64)], expected: &[bool]) {
        check_unit("", better, cells, expected);
    }

    fn check_unit(unit: &'static str, better: Better, cells: &[(f64, f64)], expected: &[bool]) {
        let metric = MetricInfo { better, unit, ..unlisted("x") };
        let figure = |&(low, high): &(f64, f64)| {
            let seeds = if low < high { 20 } else { 1 };
            Some(Figure { mean: (low + high) / 2.0, low, high, seeds })
        };
        let cells: Vec<Option<Figure>> = cells.iter().map(figure).collect();
        assert_eq!(best(&metric, &cells), expected);
    }

    #[test]
    fn the_best_wins_only_outside_the_intervals() {
        check(Better::Lower, &[(1.0, 1.0), (2.0, 2.0)], &[true, false]);
        check(Better::Higher, &[(1.0, 1.0), (2.0, 2.0)], &[false, true]);
        check(Better::Lower, &[(1.0, 3.0), (2.0, 4.0)], &[false, false]);
        check(Better::Lower, &[(1.0, 3.0), (2.0, 4.0), (5.0, 6.0)], &[false, false, false]);
        check(Better::Lower, &[(1.0, 3.0), (1.0, 3.0), (5.0, 6.0)], &[true, true, false]);
        check(Better::Neither, &[(1.0, 1.0), (2.0, 2.0)], &[false, false]);
    }

    #[test]
    fn one_seed_wins_only_by_a_clear_margin() {
        check(Better::Lower, &[(96.0, 96.0), (100.0, 100.0)], &[false, false]);
        check(Better::Lower, &[(94.0, 94.0), (100.0, 100.0)], &[true, false]);
        check(Better::Lower, &[(0.0, 0.0), (1.0, 1.0), (0.0, 0.0)], &[true, false, true]);
    }

    #[test]
    fn what_is_certain_and_trivial_wins_nothing() {
        check(Better::Lower, &[(97.9, 98.1), (99.9, 100.1)], &[false, false]);
        check(Better::Lower, &[(93.9, 94.1), (99.9, 100.1)], &[true, false]);
    }

    #[test]
    fn of_fractions_what_is_missing_counts_too_and_a_thousandth_never() {
        let one = |value: f64| (value, value);
        check_unit("fraction", Better::Lower, &[one(0.0029), one(0.0039)], &[false, false]);
        check_unit("fraction", Better::Lower, &[one(0.02), one(0.03)], &[true, false]);
        check_unit("fraction", Better::Higher, &[one(0.999), one(0.99)], &[true, false]);
        check_unit("fraction", Better::Higher, &[one(0.5), one(0.51)], &[false, false]);
        check_unit("fraction", Better::Higher, &[one(0.999_9), one(0.999)], &[false, false]);
    }

    #[test]
    fn a_lone_or_equal_figure_wins_nothing() {
        check(Better::Lower, &[(1.0, 1.0)], &[false]);
        check(Better::Lower, &[(0.0, 0.0), (0.0, 0.0)], &[false, false]);
        check(Better::Lower, &[(12.345_61, 12.345_61), (12.345_62, 12.345_62)], &[false, false]);
        check(Better::Lower, &[(f64::NAN, f64::NAN), (1.0, 1.0)], &[false, false]);
    }
}
