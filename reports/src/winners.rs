//! Who is best in a row of the comparison: the rule behind the stars, and the words for it.

use crate::{
    Better, MetricInfo,
    compare::{Row, quoted},
    numbers,
};
use shardlab_scenarios::catalogue::{self, Presupposed};
use shardlab_scenarios::tables::{Figure, RunReport, VariantReport};

/// A difference of less than this share of the larger figure makes no winner: with many seeds it may be certain, and
/// still nobody would choose a design for it.
const CLEAR: f64 = 0.05;

/// The same with one seed, which has no interval. Of the stars that single seeds of thirteen of the library's scenarios
/// give by it, six seeds do not bear out one in nine; by 5 % it would be more than one in six.
const BEYOND_LUCK: f64 = 0.2;

/// Who answers fewer operations than the best by at least this share of all answers clearly fewer: enough to make the rest
/// look cheap, as half a per cent is not.
const FEWER: f64 = 0.01;

const AVAILABILITY: &str = "availability.fraction";

/// Why a variant cannot win a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bar {
    /// It answers clearly fewer operations than the best, and the metric is better for that.
    AnswersLess,
    /// It moved nothing where others did, and the metric is of moves.
    MovedNothing,
}

/// Marks the best of those that are not barred, and those that show the same number, if all others of them are clearly
/// worse, and somebody is at all. Nobody wins over the better figure of somebody who answers less: it may be bought, and
/// it may not.
pub(crate) fn best(metric: &MetricInfo, cells: &[Option<Figure>], barred: &[Option<Bar>]) -> Vec<bool> {
    let nobody = vec![false; cells.len()];
    let is_measured = |cell: &Option<Figure>| cell.is_some_and(|figure| figure.mean.is_finite());
    if !cells.iter().all(is_measured) {
        return nobody;
    }
    let in_it =
        || cells.iter().flatten().zip(barred).filter(|(_, bar)| bar.is_none()).map(|(figure, _)| figure);
    let by_mean = |a: &&Figure, b: &&Figure| a.mean.total_cmp(&b.mean);
    let leader = match metric.better {
        Better::Lower => in_it().min_by(by_mean),
        Better::Higher => in_it().max_by(by_mean),
        Better::Neither => None,
    };
    let Some(leader) = leader else { return nobody };
    let ties = |figure: &Figure| {
        numbers::quantity(figure.mean, metric.unit) == numbers::quantity(leader.mean, metric.unit)
    };
    let is_beaten = |figure: &Figure| !ties(figure) && are_apart(metric, figure, leader);
    let is_worse = |figure: &Figure| (figure.mean > leader.mean) == (metric.better == Better::Lower);
    let has_won = in_it().all(|figure| ties(figure) || is_beaten(figure))
        && cells.iter().flatten().any(|figure| is_beaten(figure) && is_worse(figure));
    let is_better = |figure: &Figure| figure.mean != leader.mean && !is_worse(figure);
    let is_doubtful = cells.iter().zip(barred).any(|(cell, bar)| {
        *bar == Some(Bar::AnswersLess) && cell.is_some_and(|figure| !ties(&figure) && is_better(&figure))
    });
    let is_best = |(cell, bar): (&Option<Figure>, &Option<Bar>)| {
        has_won && !is_doubtful && bar.is_none() && cell.as_ref().is_some_and(ties)
    };
    cells.iter().zip(barred).map(is_best).collect()
}

/// The difference matters, and with several seeds the intervals do not meet.
fn are_apart(metric: &MetricInfo, a: &Figure, b: &Figure) -> bool {
    let has_intervals = a.seeds > 1 && b.seeds > 1;
    let intervals_meet = has_intervals && a.low <= b.high && b.low <= a.high;
    let clear = if has_intervals { CLEAR } else { BEYOND_LUCK };
    let difference = (a.mean - b.mean).abs();
    let least = catalogue::least_difference(&metric.name, metric.unit);
    relative(a.mean, b.mean, metric.unit) > clear && difference > least && !intervals_meet
}

/// By the larger of the two. Of fractions what is missing to one counts as much as what is there: an availability of
/// 0.99 is not nearly one of 0.999.
fn relative(a: f64, b: f64, unit: &str) -> f64 {
    let by_larger = |a: f64, b: f64| {
        let larger = a.abs().max(b.abs());
        if larger > 0.0 { (a - b).abs() / larger } else { 0.0 }
    };
    match unit {
        "fraction" => by_larger(a, b).max(by_larger(1.0 - a, 1.0 - b)),
        _ => by_larger(a, b),
    }
}

/// What `metric` presupposes to be equal, where it is not: at any point of the sweep.
pub(crate) fn blurred_by(report: &RunReport, metric: &MetricInfo) -> Option<Presupposed> {
    let presupposed = catalogue::presupposes(&metric.name)?;
    let mean = |variant: &VariantReport, name: &str| variant.metrics.get(name).map(|figure| figure.mean);
    let differ = |a: &VariantReport, b: &VariantReport| match presupposed {
        Presupposed::Figure(name) => {
            mean(a, name).zip(mean(b, name)).is_some_and(|(a, b)| a.total_cmp(&b).is_ne())
        }
        Presupposed::Shards => a.shards.len() != b.shards.len(),
        Presupposed::Basis(name) => mean(a, name).is_some() != mean(b, name).is_some(),
    };
    let has = |variant: &&VariantReport| variant.metrics.contains_key(&metric.name);
    let all = || report.variants.iter().filter(has);
    let is_blurred = |a: &VariantReport| all().any(|b| a.sweep_point == b.sweep_point && differ(a, b));
    all().any(is_blurred).then_some(presupposed)
}

/// Who of these, which are compared by `metric`, cannot win.
pub(crate) fn barred(metric: &MetricInfo, variants: &[Option<&VariantReport>]) -> Vec<Option<Bar>> {
    let there = || variants.iter().flatten();
    let most = there()
        .filter_map(|variant| variant.metrics.get(AVAILABILITY))
        .max_by(|a, b| a.mean.total_cmp(&b.mean));
    let answers_less = |variant: &VariantReport| {
        let of = variant.metrics.get(AVAILABILITY);
        of.zip(most).is_some_and(|(of, most)| most.mean - of.mean >= FEWER && most.low > of.high)
    };
    let somebody_moved = there().any(|variant| has_moved(variant) == Some(true));
    let bar = |variant: &VariantReport| {
        if catalogue::flatters_who_refuses(&metric.name) && answers_less(variant) {
            Some(Bar::AnswersLess)
        } else if catalogue::is_of_moves(&metric.name) && somebody_moved && has_moved(variant) == Some(false)
        {
            Some(Bar::MovedNothing)
        } else {
            None
        }
    };
    let has = |variant: &&VariantReport| variant.metrics.contains_key(&metric.name);
    // Where nobody can win, nobody needs to be barred.
    let is_judged = metric.better != Better::Neither && there().all(has);
    variants.iter().map(|variant| variant.filter(|_| is_judged).and_then(bar)).collect()
}

/// Keys, copies of shards or offices; nothing where none of them could.
fn has_moved(variant: &VariantReport) -> Option<bool> {
    let counts = ["rebalance.moves", "rebalance.copies_moved", "rebalance.offices_moved"];
    let counted = counts.into_iter().filter_map(|name| variant.metrics.get(name));
    counted.map(|figure| figure.mean > 0.0).reduce(|a, b| a || b)
}

/// What it takes to be marked as the best of a row.
pub(crate) fn rule(seeds: u32) -> String {
    let (clear, rest) = if seeds > 1 {
        (CLEAR, "and the 95 % confidence intervals (±) are apart")
    } else {
        (BEYOND_LUCK, "for one seed has no confidence interval")
    };
    format!(
        "best of its row: every other figure differs by more than {} of the larger, {rest}. Fractions are compared by x or \
         by 1 − x, whichever differs more. Differences of up to 0.002 in a fraction, 100 ms in an outage or a convergence \
         and 1 s in a hotspot's length count as none. Equal figures share the star, and nobody gets one where a figure is \
         missing (–).",
        numbers::percent(clear)
    )
}

/// Which metrics of a table have no winner although they have a better way, which variants cannot win, and why; nothing
/// when all may win everything.
pub(crate) fn caveat(report: &RunReport, rows: &[Row]) -> Option<String> {
    let mut sentences = Vec::new();
    let mut others: Vec<Presupposed> = rows.iter().filter_map(|row| row.blurred_by).collect();
    others.sort_unstable();
    others.dedup();
    for other in others {
        let blurred = rows.iter().filter(|row| row.blurred_by == Some(other));
        let mut names: Vec<&str> = blurred.map(|row| row.metric.name.as_str()).collect();
        names.dedup();
        sentences.push(format!("No winner by {}: {}.", names.join(", "), why(report, other)));
    }
    for bar in [Bar::AnswersLess, Bar::MovedNothing] {
        let is_barred = |index: &usize| rows.iter().any(|row| row.barred[*index] == Some(bar));
        let names = crate::compare::names(report);
        let barred: Vec<&str> = (0..names.len()).filter(is_barred).map(|index| names[index]).collect();
        if !barred.is_empty() {
            sentences.push(because(bar, &barred));
        }
    }
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// Why nobody is best.
fn why(report: &RunReport, other: Presupposed) -> String {
    match other {
        Presupposed::Figure("writes.lost") => {
            "what was lost does not count there, and writes.lost differs".into()
        }
        Presupposed::Figure("rebalance.keys_moved") => {
            "keys that move do not count there, and rebalance.keys_moved differs".into()
        }
        Presupposed::Figure("rebalance.offices_moved") => {
            "offices that change hands do not count there, and rebalance.offices_moved differs".into()
        }
        Presupposed::Figure(other) => format!("copies of shards do not count there, and {other} differs"),
        Presupposed::Shards => {
            let counts = || report.variants.iter().map(|variant| variant.shards.len());
            let (least, most) = (counts().min().unwrap_or_default(), counts().max().unwrap_or_default());
            format!(
                "there are {least} shards in one variant and {most} in another, and of more shards each has less"
            )
        }
        Presupposed::Basis(_) => {
            "it counts steps of the balancer in variants that have one, and rows in those that have none"
                .into()
        }
    }
}

/// Why these cannot be.
fn because(bar: Bar, names: &[&str]) -> String {
    let one = names.len() == 1;
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (names, it_takes) = (listed(&names), if one { "it takes" } else { "they take" });
    let theirs = if one { "its" } else { "theirs" };
    match bar {
        Bar::AnswersLess => {
            let answer = if one { "answers" } else { "answer" };
            format!(
                "Since {names} {answer} fewer operations than the best by {} percentage point or more, {it_takes} no part \
                 in what operations cost and how long they take, and nobody wins there over a better figure of {theirs}.",
                100.0 * FEWER
            )
        }
        Bar::MovedNothing => format!("Since {names} moved nothing, {it_takes} no part in what moves cost."),
    }
}

/// "a", "a and b", "a, b and c".
pub(crate) fn listed(names: &[&str]) -> String {
    match names {
        [most @ .., last] if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::unlisted;

    const ONE: Option<Bar> = None;

    fn figures(cells: &[(f64, f64)]) -> Vec<Option<Figure>> {
        let figure = |&(low, high): &(f64, f64)| {
            let seeds = if low < high { 20 } else { 1 };
            Some(Figure { mean: (low + high) / 2.0, low, high, seeds })
        };
        cells.iter().map(figure).collect()
    }

    fn check(better: Better, cells: &[(f64, f64)], expected: &[bool]) {
        check_metric("x", "", better, cells, expected);
    }

    fn check_metric(name: &str, unit: &'static str, better: Better, cells: &[(f64, f64)], expected: &[bool]) {
        let metric = MetricInfo { better, unit, ..unlisted(name) };
        assert_eq!(best(&metric, &figures(cells), &vec![ONE; cells.len()]), expected, "{name} {cells:?}");
    }

    fn one(value: f64) -> (f64, f64) {
        (value, value)
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
    fn one_seed_wins_only_by_more_than_luck() {
        check(Better::Lower, &[one(81.0), one(100.0)], &[false, false]);
        check(Better::Lower, &[one(79.0), one(100.0)], &[true, false]);
        check(Better::Lower, &[one(22.0), one(25.0), one(56.0)], &[false, false, false]);
        check(Better::Lower, &[one(0.0), one(1.0), one(0.0)], &[true, false, true]);
    }

    #[test]
    fn what_is_certain_and_trivial_wins_nothing() {
        check(Better::Lower, &[(97.9, 98.1), (99.9, 100.1)], &[false, false]);
        check(Better::Lower, &[(93.9, 94.1), (99.9, 100.1)], &[true, false]);
    }

    #[test]
    fn a_few_milliseconds_are_no_outage_and_an_interval_is_no_hotspot() {
        check_metric("outage.longest_ms", "ms", Better::Lower, &[one(1.0), one(2.0)], &[false, false]);
        check_metric("outage.longest_ms", "ms", Better::Lower, &[one(1.0), one(200.0)], &[true, false]);
        check_metric("convergence.time_ms", "ms", Better::Lower, &[one(0.0), one(10.0)], &[false, false]);
        check_metric("hotspot.lasted_s", "s", Better::Lower, &[one(0.0), one(0.9), one(6.0)], &[false; 3]);
        check_metric("hotspot.lasted_s", "s", Better::Lower, &[one(0.0), one(4.0)], &[true, false]);
    }

    #[test]
    fn of_fractions_what_is_missing_counts_too_and_a_thousandth_never() {
        let check = |better, a, b, expected: &[bool]| {
            check_metric("x", "fraction", better, &[one(a), one(b)], expected)
        };
        check(Better::Lower, 0.0029, 0.0039, &[false, false]);
        check(Better::Lower, 0.02, 0.03, &[true, false]);
        check(Better::Higher, 0.999, 0.99, &[true, false]);
        check(Better::Higher, 0.5, 0.55, &[false, false]);
        check(Better::Higher, 0.999_9, 0.999, &[false, false]);
    }

    #[test]
    fn a_lone_or_equal_or_missing_figure_wins_nothing() {
        check(Better::Lower, &[(1.0, 1.0)], &[false]);
        check(Better::Lower, &[(0.0, 0.0), (0.0, 0.0)], &[false, false]);
        check(Better::Lower, &[(12.345_61, 12.345_61), (12.345_62, 12.345_62)], &[false, false]);
        check(Better::Lower, &[(f64::NAN, f64::NAN), (1.0, 1.0), (2.0, 2.0)], &[false; 3]);
        let metric = MetricInfo { better: Better::Lower, ..unlisted("x") };
        let cells = [figures(&[one(1.0), one(2.0)]), vec![None]].concat();
        assert_eq!(best(&metric, &cells, &[ONE; 3]), [false; 3]);
    }

    #[test]
    fn who_is_barred_does_not_win_and_who_answers_less_and_is_better_keeps_others_from_winning() {
        let metric = MetricInfo { better: Better::Lower, ..unlisted("x") };
        let cells = figures(&[one(1.0), one(2.0), one(3.0)]);
        let (less, idle) = (Some(Bar::AnswersLess), Some(Bar::MovedNothing));
        assert_eq!(best(&metric, &cells, &[idle, ONE, ONE]), [false, true, false]);
        assert_eq!(best(&metric, &cells, &[less, ONE, ONE]), [false; 3]);
        // Whom it beats may be barred, too; with nobody to beat there is no winner.
        assert_eq!(best(&metric, &cells, &[ONE, ONE, less]), [true, false, false]);
        assert_eq!(best(&metric, &cells, &[idle, ONE, less]), [false, true, false]);
        assert_eq!(best(&metric, &cells, &[idle, idle, ONE]), [false; 3]);
    }

    #[test]
    fn the_rule_says_what_the_code_does() {
        for (metric, unit, words) in [
            ("availability.fraction", "fraction", "0.002 in a fraction"),
            ("outage.longest_ms", "ms", "100 ms in an outage or a convergence"),
            ("convergence.time_ms", "ms", "100 ms in an outage or a convergence"),
            ("hotspot.lasted_s", "s", "1 s in a hotspot"),
        ] {
            let least = format!("{} ", numbers::number(catalogue::least_difference(metric, unit)));
            assert!(words.starts_with(&least) && rule(1).contains(words), "{metric}: {least}");
        }
        assert!(rule(1).contains("more than 20 %") && rule(2).contains("more than 5 %"));
        assert!(rule(2).contains("confidence intervals (±) are apart"));
    }
}
