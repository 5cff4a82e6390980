//! `summary.json`: the run in one small file for programs.

use indexmap::IndexMap;
use serde::Serialize;
use shardlab_scenarios::tables::{
    AnomalyRow, ExpectationRow, Figure, JudgementRow, RunReport, VariantReport, VerdictKind,
};

/// Writes the summary. One seed gives plain numbers, several give `{mean, low, high, seeds}`.
///
/// `seeds`, `expectations` and a variant's `sweep` and `anomalies` are there only when the run has them.
#[must_use]
pub fn summary_json(report: &RunReport) -> String {
    let summary = Summary {
        scenario: &report.scenario,
        seed: report.seed,
        seeds: (report.seeds > 1).then_some(report.seeds),
        engine: &report.engine,
        fingerprint: &report.fingerprint,
        verdict: report.verdict,
        variants: report.variants.iter().map(|variant| summary_of(report, variant)).collect(),
        expectations: &report.expectations,
    };
    let mut json = serde_json::to_string_pretty(&summary).expect("plain rows can be written as JSON");
    json.push('\n');
    json
}

#[derive(Serialize)]
struct Summary<'a> {
    scenario: &'a str,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    seeds: Option<u32>,
    engine: &'a str,
    fingerprint: &'a str,
    verdict: VerdictKind,
    variants: Vec<Variant<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    expectations: &'a [ExpectationRow],
}

#[derive(Serialize)]
struct Variant<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    sweep: IndexMap<&'a str, &'a str>,
    verdict: VerdictKind,
    fingerprint: &'a str,
    metrics: IndexMap<&'a str, Metric>,
    verdicts: &'a [JudgementRow],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    anomalies: &'a [AnomalyRow],
}

#[derive(Serialize)]
#[serde(untagged)]
enum Metric {
    OneSeed(f64),
    Seeds(Figure),
}

fn summary_of<'a>(report: &'a RunReport, variant: &'a VariantReport) -> Variant<'a> {
    Variant {
        name: &variant.name,
        sweep: sweep(report, variant),
        verdict: variant.verdict,
        fingerprint: &variant.fingerprint,
        metrics: variant
            .metrics
            .iter()
            .map(|(name, figure)| (name.as_str(), metric(figure, report.seeds)))
            .collect(),
        verdicts: &variant.verdicts,
        anomalies: &variant.anomalies,
    }
}

fn metric(figure: &Figure, seeds: u32) -> Metric {
    if seeds > 1 { Metric::Seeds(*figure) } else { Metric::OneSeed(figure.mean) }
}

fn sweep<'a>(report: &'a RunReport, variant: &VariantReport) -> IndexMap<&'a str, &'a str> {
    let Some((sweep, point)) = report.sweep.as_ref().zip(variant.sweep_point) else {
        return IndexMap::new();
    };
    let values = sweep.points.get(point).into_iter().flatten();
    sweep.axes.iter().map(String::as_str).zip(values.map(String::as_str)).collect()
}
