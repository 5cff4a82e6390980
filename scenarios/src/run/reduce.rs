//! From the results of all runs to one report.

use indexmap::IndexMap;
use shardlab_consistency::{Judgement, Verdict, Witness};

use super::one::SeedResult;
use super::{Outcome, RunOptions, expectations};
use crate::catalogue::{self, MetricInfo};
use crate::fill::surges;
use crate::load::{Case, Plan};
use crate::metrics::seconds;
use crate::student::figure;
use crate::tables::{
    AnomalyRow, CycleRow, Figure, JudgementRow, RunReport, Sweep, VariantReport, VerdictKind,
};

/// Reduces the results, which are by case and seed.
pub(super) fn reduce(
    plan: &Plan,
    seeds: &[u64],
    options: &RunOptions,
    mut results: Vec<Vec<SeedResult>>,
) -> Outcome {
    let fingerprint = combined(&results);
    let histories = plan.cases.iter().zip(&mut results).filter_map(|(case, seeds)| {
        let history = seeds.first_mut()?.history.take()?;
        Some((case.variant.clone(), history))
    });
    let histories = histories.collect();
    let cases = plan.cases.iter().zip(results);
    let mut variants: Vec<VariantReport> = cases.map(|(case, results)| variant(case, results)).collect();
    let expectations = expectations::judge(plan, &mut variants);
    let verdict = variants.iter().map(|variant| variant.verdict).max().unwrap_or(VerdictKind::Unknown);
    let scenario = &plan.scenario;
    let report = RunReport {
        scenario: scenario.name.clone(),
        question: scenario.question.clone(),
        seed: seeds[0],
        seeds: seeds.len() as u32,
        engine: options.engine.name().into(),
        fingerprint,
        verdict,
        duration_s: seconds(scenario.duration.as_ns()),
        warmup_s: seconds(scenario.warmup.as_ns()),
        drain_s: seconds(scenario.drain.as_ns()),
        variants,
        sweep: sweep(plan),
        expectations,
        resolved: plan.resolved.clone(),
        replay: plan.replay(seeds, options.engine),
    };
    Outcome { report, histories }
}

/// The fingerprint of a single run; of several, one that changes when any of them or their order does: FNV-1a with 128
/// bits (RFC 9923) over their words.
fn combined(results: &[Vec<SeedResult>]) -> String {
    const PRIME: u128 = (1 << 88) + 0x13b;
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    let mut fingerprints = results.iter().flatten().map(|result| result.fingerprint.0);
    let fold = |hash: u128, fingerprint: u128| {
        fingerprint
            .to_le_bytes()
            .iter()
            .fold(hash, |hash, &byte| (hash ^ u128::from(byte)).wrapping_mul(PRIME))
    };
    let hash = match (fingerprints.next(), fingerprints.next()) {
        (Some(only), None) => only,
        _ => results.iter().flatten().map(|result| result.fingerprint.0).fold(BASIS, fold),
    };
    format!("{hash:032x}")
}

fn sweep(plan: &Plan) -> Option<Sweep> {
    let axes: Vec<String> = plan.scenario.sweep.axes.keys().cloned().collect();
    (!axes.is_empty()).then(|| Sweep { axes, points: plan.points.clone() })
}

fn variant(case: &Case, mut results: Vec<SeedResult>) -> VariantReport {
    let rows = results[0].rows.take().expect("the first seed keeps its rows");
    VariantReport {
        name: case.variant.clone(),
        sweep_point: case.point,
        verdict: results.iter().map(|result| kind(&result.verdict)).max().unwrap_or(VerdictKind::Unknown),
        fingerprint: results[0].fingerprint.to_string(),
        metrics: figures(&results),
        verdicts: judgements(&results),
        timeline: rows.timeline,
        shards: rows.shards,
        shares: rows.shares,
        keys: rows.keys,
        hotspots: rows.hotspots,
        hotspots_found: rows.hotspots_found,
        ownership: rows.ownership,
        imbalance: rows.imbalance,
        servers: rows.servers,
        moves: rows.moves,
        faults: results.iter_mut().flat_map(|result| std::mem::take(&mut result.faults)).collect(),
        surges: surges(&case.scenario),
        anomalies: anomalies(&results),
        latency: rows.latency,
        heat: rows.heat,
        divergence: rows.divergence,
        queries: rows.queries,
    }
}

const fn kind(verdict: &Verdict) -> VerdictKind {
    match verdict {
        Verdict::Pass => VerdictKind::Pass,
        Verdict::Unknown(_) => VerdictKind::Unknown,
        Verdict::Fail(_) => VerdictKind::Fail,
    }
}

/// Every metric that some seed has, in the catalogue's order, over the seeds that have it.
fn figures(results: &[SeedResult]) -> IndexMap<String, Figure> {
    let measured = results.iter().flat_map(|result| result.metrics.keys());
    let known = catalogue::of_metrics(measured.map(String::as_str));
    let figure_of = |info: MetricInfo| {
        let values: Vec<f64> =
            results.iter().filter_map(|result| result.metrics.get(&info.name).copied()).collect();
        (!values.is_empty()).then(|| (info.name, within(figure(&values), info.unit)))
    };
    known.into_iter().filter_map(figure_of).collect()
}

/// Student's interval knows nothing of what can be: no metric is below zero, and no fraction above one.
fn within(figure: Figure, unit: &str) -> Figure {
    let most = if unit == "fraction" { 1.0 } else { f64::INFINITY };
    Figure { low: figure.low.max(0.0), high: figure.high.min(most), ..figure }
}

fn judgements(results: &[SeedResult]) -> Vec<JudgementRow> {
    let judges = 0..results[0].judgements.len();
    judges.map(|judge| judgement(results, judge)).collect()
}

/// One judge over all seeds: its worst word, of the first seed on which it said that.
fn judgement(results: &[SeedResult], judge: usize) -> JudgementRow {
    let said = |result: &SeedResult| result.judgements[judge].verdict().map(kind);
    let seen = |result: &SeedResult| result.judgements[judge].finding.anomalies > 0;
    let worst = results.iter().rev().max_by_key(|result| (said(result), seen(result))).unwrap_or(&results[0]);
    let failed = results.iter().filter(|result| said(result) == Some(VerdictKind::Fail));
    let chosen = &worst.judgements[judge];
    JudgementRow {
        judge: chosen.judge.into(),
        verdict: said(worst),
        anomalies: results.iter().map(|result| result.judgements[judge].finding.anomalies).sum(),
        words: words(chosen),
        words_seed: worst.seed,
        failed_seeds: failed.map(|result| result.seed).collect(),
    }
}

fn words(judgement: &Judgement) -> String {
    match (&judgement.finding.verdict, judgement.promised) {
        (Verdict::Fail(witness), true) => witness.to_string(),
        (Verdict::Fail(witness), false) => format!("not promised; seen: {witness}"),
        (Verdict::Unknown(reason), true) => reason.clone(),
        (_, false) => "not promised".into(),
        (Verdict::Pass, true) => String::new(),
    }
}

/// The first witness of every class that a judge saw, with how often it was seen on all seeds.
fn anomalies(results: &[SeedResult]) -> Vec<AnomalyRow> {
    let mut rows: Vec<AnomalyRow> = Vec::new();
    let judgements =
        results.iter().flat_map(|result| result.judgements.iter().map(|said| (result.seed, said)));
    let witnesses = judgements.flat_map(|(seed, judgement)| {
        judgement.finding.witnesses().map(move |witness| (seed, judgement, witness))
    });
    for (seed, judgement, witness) in witnesses {
        match rows.iter_mut().find(|row| row.judge == judgement.judge && row.anomaly == witness.anomaly) {
            Some(row) => {
                row.count += witness.count;
                row.promised |= judgement.promised && witness.breaks;
            }
            None => rows.push(anomaly(seed, judgement, witness)),
        }
    }
    // What is first seen with a later seed stands where it would with the first.
    let known = catalogue::anomalies();
    rows.sort_by_key(|row| known.iter().position(|known| *known == row.anomaly));
    rows
}

fn anomaly(seed: u64, judgement: &Judgement, witness: &Witness) -> AnomalyRow {
    AnomalyRow {
        judge: judgement.judge.into(),
        anomaly: witness.anomaly.into(),
        meaning: catalogue::meaning(judgement.judge, witness.anomaly).into(),
        count: witness.count,
        promised: judgement.promised && witness.breaks,
        witness: witness.words.clone(),
        witness_seed: seed,
        cycle: witness.cycle.as_ref().map(CycleRow::from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_stays_where_its_metric_can_be() {
        let wide = Figure { mean: 0.99, low: -0.5, high: 1.7, seeds: 3 };
        assert_eq!(within(wide, "fraction"), Figure { low: 0.0, high: 1.0, ..wide });
        assert_eq!(within(wide, "ms"), Figure { low: 0.0, ..wide });
    }
}
