//! Holds what was expected against what came out.

use crate::catalogue;
use crate::load::Plan;
use crate::scenario::Expectation;
use crate::tables::{ExpectationRow, VariantReport, VerdictKind};

/// Every expectation on every variant that it is about; each weighs on the variant's verdict as a judge does.
pub(super) fn judge(plan: &Plan, variants: &mut [VariantReport]) -> Vec<ExpectationRow> {
    let mut rows = Vec::new();
    for (expectation, place) in plan.scenario.expect.iter().zip(&plan.expectation_places) {
        let concerned = |variant: &&mut VariantReport| {
            expectation.variant.as_ref().is_none_or(|wanted| *wanted == variant.name)
        };
        for variant in variants.iter_mut().filter(concerned) {
            let row = row(plan, expectation, variant, place);
            variant.verdict = variant.verdict.max(row.verdict);
            rows.push(row);
        }
    }
    rows
}

fn row(plan: &Plan, expectation: &Expectation, variant: &VariantReport, place: &str) -> ExpectationRow {
    let measured = variant.metrics.get(&expectation.metric_name()).map(|figure| figure.mean);
    ExpectationRow {
        variant: label(plan, variant),
        expectation: words(expectation),
        measured,
        needs: needs(expectation, measured),
        verdict: verdict(expectation, measured),
        place: place.to_owned(),
    }
}

/// The variant, and where in the sweep it stands.
fn label(plan: &Plan, variant: &VariantReport) -> String {
    let point = variant.sweep_point.and_then(|point| plan.points.get(point));
    point.map_or_else(|| variant.name.clone(), |values| format!("{} · {}", variant.name, values.join(" · ")))
}

/// What it would have taken to measure what was not.
fn needs(expectation: &Expectation, measured: Option<f64>) -> String {
    let needs = catalogue::needs(&expectation.metric_name()).filter(|_| measured.is_none());
    needs.map_or_else(String::new, str::to_owned)
}

/// What was not measured cannot be told, and is never shown as met.
fn verdict(expectation: &Expectation, measured: Option<f64>) -> VerdictKind {
    let Some(measured) = measured else { return VerdictKind::Unknown };
    let above = expectation.at_least.is_none_or(|least| measured >= least);
    let below = expectation.at_most.is_none_or(|most| measured <= most);
    if above && below { VerdictKind::Pass } else { VerdictKind::Fail }
}

fn words(expectation: &Expectation) -> String {
    let name = expectation.metric_name();
    match (expectation.at_least, expectation.at_most) {
        (Some(least), Some(most)) => format!("{name} at least {least} and at most {most}"),
        (Some(least), None) => format!("{name} at least {least}"),
        (None, Some(most)) => format!("{name} at most {most}"),
        (None, None) => unreachable!("loading refuses an expectation without a bound"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expectation(at_least: Option<f64>, at_most: Option<f64>) -> Expectation {
        Expectation { metric: None, anomaly: Some("lost-write".into()), variant: None, at_least, at_most }
    }

    #[test]
    fn bounds_are_allowed_themselves_and_nothing_beyond() {
        use VerdictKind::{Fail, Pass, Unknown};
        let table = [
            (Some(1.0), None, Some(1.0), Pass),
            (Some(1.0), None, Some(0.9), Fail),
            (None, Some(0.0), Some(0.0), Pass),
            (None, Some(0.0), Some(1.0), Fail),
            (Some(1.0), Some(2.0), Some(1.5), Pass),
            (Some(1.0), Some(2.0), Some(2.5), Fail),
            (Some(1.0), Some(2.0), None, Unknown),
        ];
        for (least, most, measured, expected) in table {
            assert_eq!(
                verdict(&expectation(least, most), measured),
                expected,
                "{least:?} {most:?} {measured:?}"
            );
        }
    }

    #[test]
    fn what_was_not_measured_says_what_it_takes() {
        let healed = Expectation {
            metric: Some("convergence.after_heal_ms".into()),
            anomaly: None,
            ..expectation(None, Some(5_000.0))
        };
        assert!(needs(&healed, None).contains("has to heal before the load ends"));
        assert_eq!(needs(&healed, Some(1.0)), "");
        assert_eq!(needs(&expectation(None, Some(0.0)), None), "");
    }

    #[test]
    fn an_anomaly_is_a_metric_too() {
        assert_eq!(words(&expectation(None, Some(0.0))), "anomalies.lost-write at most 0");
        assert_eq!(
            words(&expectation(Some(1.0), Some(2.0))),
            "anomalies.lost-write at least 1 and at most 2"
        );
    }
}
