//! One door to all black-box judges: a history of any workload, and the model it is held against.

use crate::recorded::{Recorded, RegisterHistory, TransactionHistory};
use crate::workload_judges::{
    BankOptions, CounterOptions, SetOptions, WorkloadReport, judge_bank, judge_counter, judge_long_fork,
    judge_set, judge_unique_ids,
};
use crate::{
    Assumptions, AxiomOptions, Found, Model, ModelVerdict, Outcome, RegisterOptions, Report,
    TransactionOptions, TrueOrder, check_against_order, check_axioms, check_registers, check_transactions,
};

/// What a history is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckOptions {
    /// The model whose verdict is asked for; verdicts on others come along. None for the rule that the workload has of
    /// its own.
    pub model: Option<Model>,
    /// What may be assumed of the order of versions, of `rw-register` only.
    pub assume: Assumptions,
    /// How long searches may go on, in the judge's own steps, before a verdict is unknown; the judge's own default if
    /// there is none.
    pub budget: Option<u64>,
    /// What is promised of a bank.
    pub bank: BankOptions,
    /// What is known of a counter.
    pub counter: CounterOptions,
}

impl CheckOptions {
    /// Holds against one model, or the workload's own rule, without assumptions.
    pub fn new(model: impl Into<Option<Model>>) -> Self {
        Self {
            model: model.into(),
            assume: Assumptions::default(),
            budget: None,
            bank: BankOptions::default(),
            counter: CounterOptions::default(),
        }
    }
}

/// What a history was found to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// The verdict that was asked for.
    pub verdict: ModelVerdict,
    /// Everything found, and the verdicts on all models that were judged on the way.
    pub report: Report,
    /// What was counted on the way, by name.
    pub tallies: Vec<(&'static str, u64)>,
}

/// Judges a history.
///
/// ```
/// use shardlab_consistency::jepsen::{Format, read};
/// use shardlab_consistency::recorded::Workload;
/// use shardlab_consistency::{Anomaly, CheckOptions, Model, ModelVerdict, check};
///
/// // Two transactions each read what the other overwrote: write skew.
/// let text = "{:process 0, :type :invoke, :f :txn, :value [[:r :x nil] [:append :y 1]]}
///             {:process 1, :type :invoke, :f :txn, :value [[:r :y nil] [:append :x 1]]}
///             {:process 0, :type :ok, :f :txn, :value [[:r :x []] [:append :y 1]]}
///             {:process 1, :type :ok, :f :txn, :value [[:r :y []] [:append :x 1]]}";
/// let history = read(Workload::ListAppend, text.as_bytes(), Format::Edn)?;
/// let checked = check(&history, &CheckOptions::new(Model::Serializable));
/// assert_eq!(checked.verdict, ModelVerdict::Broken(vec![Anomaly::G2Item]));
/// assert_eq!(checked.report.verdict(Model::SnapshotIsolation), Some(&ModelVerdict::Holds));
/// # Ok::<(), shardlab_consistency::jepsen::ReadError>(())
/// ```
pub fn check(recorded: &Recorded, options: &CheckOptions) -> CheckReport {
    let linearizable = options.model == Some(Model::Linearizable);
    match recorded {
        Recorded::Registers(history) => by_model(options.model, |model| registers(history, model, options)),
        Recorded::Transactions(history) => by_model(options.model, |_| transactions(history, options)),
        Recorded::Bank(history) => by_rule(judge_bank(history, &options.bank)),
        Recorded::Set(sets) => by_rule(sets.judge(|set| judge_set(set, &SetOptions { linearizable }))),
        Recorded::Counter(counters) => {
            by_rule(counters.judge(|counter| judge_counter(counter, &options.counter)))
        }
        Recorded::LongFork(history) => by_rule(judge_long_fork(history)),
        Recorded::UniqueIds(history) => by_rule(judge_unique_ids(history)),
    }
}

fn by_model(model: Option<Model>, judge: impl FnOnce(Model) -> Report) -> CheckReport {
    let Some(model) = model else {
        let verdict =
            ModelVerdict::Unknown("no model was named, and the workload has no rule of its own".into());
        let report = Report { found: Vec::new(), verdicts: Vec::new() };
        return CheckReport { verdict, report, tallies: Vec::new() };
    };
    let report = judge(model);
    let unjudged = || ModelVerdict::Unknown(format!("{model} says nothing about this workload"));
    let verdict = report.verdict(model).cloned().unwrap_or_else(unjudged);
    CheckReport { verdict, report, tallies: Vec::new() }
}

fn by_rule(judged: WorkloadReport) -> CheckReport {
    let report = Report { found: judged.found, verdicts: Vec::new() };
    CheckReport { verdict: judged.verdict, report, tallies: judged.tallies }
}

/// The model asked for; and where it is broken, the weaker ones, to say what is left.
fn registers(history: &RegisterHistory, model: Model, options: &CheckOptions) -> Report {
    let defaults = RegisterOptions::default();
    let judge = |models| {
        let budget = options.budget.unwrap_or(defaults.budget);
        check_registers(history, &RegisterOptions { models, budget, ..defaults.clone() })
    };
    let asked = judge(vec![model]);
    match asked.verdict(model) {
        Some(ModelVerdict::Broken(_)) => merged(asked, judge(model.all_implied().to_vec())),
        _ => asked,
    }
}

/// Cycles of dependencies and axioms on the order of commits: what one of them breaks is broken. As with
/// Elle, a history in which no transaction was told that it is done stays undecided.
fn transactions(history: &TransactionHistory, options: &CheckOptions) -> Report {
    let defaults = TransactionOptions::default();
    let budget = options.budget.unwrap_or(defaults.budget);
    let cycles = check_transactions(history, &TransactionOptions { assume: options.assume, budget });
    let mut report = settled(merged(cycles, check_axioms(history, &AxiomOptions::default())));
    if !history.transactions.iter().any(|record| record.outcome == Outcome::Ok) {
        let holding = report.verdicts.iter_mut().filter(|(_, verdict)| *verdict == ModelVerdict::Holds);
        let reason = "no transaction was told that it is done: nothing was tested";
        holding.for_each(|(_, verdict)| *verdict = ModelVerdict::Unknown(reason.into()));
    }
    report
}

/// The same, and what the true order of versions shows.
pub(crate) fn transactions_by_order(
    history: &TransactionHistory,
    order: Option<&TrueOrder>,
    budget: u64,
) -> Report {
    let options = CheckOptions { budget: Some(budget), ..CheckOptions::new(None) };
    let inferred = transactions(history, &options);
    match order {
        Some(order) => settled(merged(inferred, check_against_order(history, order))),
        None => inferred,
    }
}

impl Report {
    /// Two histories of one system in one report: a model holds where it holds in both.
    pub(crate) fn joined(self, other: Self) -> Self {
        let of_other = |model| other.verdict(model).cloned();
        let verdicts = self.verdicts.iter();
        let verdicts =
            verdicts.map(|(model, verdict)| (*model, worse(verdict.clone(), of_other(*model)))).collect();
        let alone = |found: &Vec<Found>| Self { found: found.clone(), verdicts: Vec::new() };
        Self { verdicts, ..merged(alone(&self.found), alone(&other.found)) }
    }
}

fn worse(one: ModelVerdict, other: Option<ModelVerdict>) -> ModelVerdict {
    match (one, other) {
        (ModelVerdict::Broken(mut anomalies), Some(ModelVerdict::Broken(more))) => {
            anomalies.extend(more);
            anomalies.sort_unstable();
            anomalies.dedup();
            ModelVerdict::Broken(anomalies)
        }
        (broken @ ModelVerdict::Broken(_), _) | (_, Some(broken @ ModelVerdict::Broken(_))) => broken,
        (unknown @ ModelVerdict::Unknown(_), _) | (_, Some(unknown @ ModelVerdict::Unknown(_))) => unknown,
        (holds, _) => holds,
    }
}

/// Both reports in one.
fn merged(mut report: Report, other: Report) -> Report {
    for found in other.found {
        match report.found.iter_mut().find(|known| known.anomaly == found.anomaly) {
            Some(known) => keep_plainer(known, found),
            None => report.found.push(found),
        }
    }
    for (model, verdict) in other.verdicts {
        match report.verdicts.iter_mut().find(|(known, _)| *known == model) {
            Some((_, known)) => keep_stronger(known, verdict),
            None => report.verdicts.push((model, verdict)),
        }
    }
    report.found.sort_by_key(|found| found.anomaly);
    report.verdicts.sort_by_key(|(model, _)| *model);
    report
}

/// Of two explanations, the one with fewer operations; a cycle, which can be drawn, before none.
fn keep_plainer(known: &mut Found, other: Found) {
    let count = known.count.max(other.count);
    let cost = |found: &Found| (found.explanation.cycle.is_empty(), found.explanation.involved.len());
    if cost(&other) < cost(known) {
        *known = other;
    }
    known.count = count;
}

/// What is broken is broken; what is proven is proven.
fn keep_stronger(known: &mut ModelVerdict, other: ModelVerdict) {
    match (known, other) {
        (ModelVerdict::Broken(anomalies), ModelVerdict::Broken(more)) => {
            anomalies.extend(more);
            anomalies.sort_unstable();
            anomalies.dedup();
        }
        (ModelVerdict::Broken(_), _) | (ModelVerdict::Holds, ModelVerdict::Unknown(_)) => {}
        (known, other @ (ModelVerdict::Broken(_) | ModelVerdict::Holds)) => *known = other,
        (ModelVerdict::Unknown(_), ModelVerdict::Unknown(_)) => {}
    }
}

/// Carries verdicts along the lattice: a model is broken where a weaker one is, and holds where a stronger one does.
fn settled(mut report: Report) -> Report {
    let given = report.verdicts.clone();
    for (model, verdict) in &mut report.verdicts {
        let weaker = model.all_implied();
        for (other, known) in &given {
            let applies = match known {
                ModelVerdict::Broken(_) => weaker.contains(other),
                ModelVerdict::Holds => other.all_implied().contains(model),
                ModelVerdict::Unknown(_) => false,
            };
            if applies {
                keep_stronger(verdict, known.clone());
            }
        }
    }
    report
}
