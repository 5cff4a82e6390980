//! Read committed, read atomic and causal consistency of transactions, black box.
//!
//! A model is an axiom on the order of commits (Biswas & Enea 2019): some order of all committed transactions must
//! keep what each read saw, and what the axiom deduces from that. [`check_axioms`] gathers the deductions of each
//! axiom by the algorithms of AWDIT (Møldrup & Pavlogiannis 2025), which are near-linear, and looks for a cycle.
//!
//! - *Read committed*: no G1 (Adya 1999); with the order of sessions, *strong session read committed*.
//! - *Monotonic atomic view*: what Biswas & Enea call read committed, but without the order of sessions.
//! - *Read atomic* and *causal*: Biswas & Enea's; the order of sessions counts.
//!
//! What is assumed: a transaction of unknown outcome committed if a committed one saw a write of its own, and comes
//! before no later transaction of its session; a value that nobody wrote is the initial version of its key. Where one
//! value was written to a key twice, reads of it prove nothing, and models that are not broken are unknown.

mod causal;
mod constraints;
#[cfg(test)]
mod definitions;
mod execution;
mod findings;
mod graph;
mod levels;
mod lists;
mod monotonic_view;
#[cfg(test)]
mod pictures;
mod read_atomic;
mod reads;
mod rows;
#[cfg(test)]
mod tests;
mod witness;
mod words;
mod writers;

use execution::Execution;
use findings::{Findings, enter};
use levels::{Contradiction, LEVELS, Level};
use witness::Witness;

use crate::recorded::TransactionHistory;
use crate::{Anomaly, Model, ModelVerdict, Report};

/// What [`check_axioms`] is to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AxiomOptions {
    /// The models, of [`AxiomOptions::MODELS`]; others are left unknown.
    pub models: Vec<Model>,
}

impl AxiomOptions {
    /// All models that can be judged here, in the order of [`Model`].
    pub const MODELS: [Model; 5] = [
        Model::Causal,
        Model::ReadCommitted,
        Model::MonotonicAtomicView,
        Model::ReadAtomic,
        Model::StrongSessionReadCommitted,
    ];

    /// Only these models, which may be faster: what a stronger one proves is not proved again.
    pub fn only(models: impl IntoIterator<Item = Model>) -> Self {
        Self { models: models.into_iter().collect() }
    }
}

impl Default for AxiomOptions {
    fn default() -> Self {
        Self::only(Self::MODELS)
    }
}

/// Judges transactions over registers with unique writes, or over lists, by axioms on the order of commits.
///
/// ```
/// use shardlab_consistency::recorded::*;
/// use shardlab_consistency::{AxiomOptions, Model, ModelVerdict, Outcome, check_axioms};
///
/// let mut history = TransactionHistory { versions: Versions::Registers, ..Default::default() };
/// let (x, y) = (history.keys.word(":x"), history.keys.word(":y"));
/// let one = ValueId(history.values.integer(1));
/// let transaction = |process, invoked, completed| RecordedTransaction {
///     process,
///     outcome: Outcome::Ok,
///     invoked,
///     completed,
///     first: 0,
///     count: 0,
///     line: 0,
/// };
/// // T0 writes x and y; T1 sees its x, but not its y.
/// history.push(transaction(0, 0, 3), &[Step::Write { key: x, value: one }, Step::Write { key: y, value: one }]);
/// history.push(
///     transaction(1, 1, 2),
///     &[Step::Read { key: y, value: ValueId::NIL }, Step::Read { key: x, value: one }],
/// );
///
/// let report = check_axioms(&history, &AxiomOptions::default());
/// assert_eq!(report.verdict(Model::MonotonicAtomicView), Some(&ModelVerdict::Holds));
/// assert!(matches!(report.verdict(Model::ReadAtomic), Some(ModelVerdict::Broken(_))));
/// assert_eq!(
///     report.found[0].explanation.words,
///     [
///         "T1 read :x = 1, which T0 had written.",
///         "T1 read the initial version of :y, which T0 overwrote with 1.",
///         "So T1 should have seen T0's write.",
///     ],
/// );
/// ```
pub fn check_axioms(history: &TransactionHistory, options: &AxiomOptions) -> Report {
    let mut findings = Findings::default();
    let reads = reads::resolve(history, &mut findings);
    let execution = Execution::new(history, reads);
    let mut contradictions = contradictions(&execution, options);
    // The weaker explain first.
    contradictions.reverse();
    let mut witness = Witness::new(history, &execution);
    let explain =
        |contradiction: &Contradiction| (contradiction.level, witness.explain(contradiction, &mut findings));
    let broken: Vec<(Level, Vec<Anomaly>)> = contradictions.iter().map(explain).collect();
    let verdicts = verdicts(options, &findings, &broken);
    Report { found: findings.into_found(), verdicts }
}

/// The models asked for and broken, and all weaker ones that are, from strong to weak.
fn contradictions(execution: &Execution, options: &AxiomOptions) -> Vec<Contradiction> {
    let asked = |level: &Level| {
        options.models.iter().any(|&model| of_model(model).is_some_and(|top| top.implies(*level)))
    };
    let mut hold: Vec<Level> = Vec::new();
    let mut broken = Vec::new();
    for level in LEVELS.into_iter().rev().filter(asked) {
        if hold.iter().any(|stronger| stronger.implies(level)) {
            continue;
        }
        match level.examine(execution) {
            Some(contradiction) => broken.push(contradiction),
            None => hold.push(level),
        }
    }
    broken
}

fn of_model(model: Model) -> Option<Level> {
    LEVELS.into_iter().find(|level| level.model() == model)
}

fn verdicts(
    options: &AxiomOptions,
    findings: &Findings,
    broken: &[(Level, Vec<Anomaly>)],
) -> Vec<(Model, ModelVerdict)> {
    let mut models = options.models.clone();
    models.sort_unstable();
    models.dedup();
    let verdict = |model| match of_model(model) {
        Some(level) => judge(level, findings, broken),
        None => ModelVerdict::Unknown(format!("{model} is not judged by axioms on the order of commits")),
    };
    models.into_iter().map(|model| (model, verdict(model))).collect()
}

fn judge(level: Level, findings: &Findings, broken: &[(Level, Vec<Anomaly>)]) -> ModelVerdict {
    let mut anomalies = findings.breaking_all().to_vec();
    if level >= Level::ReadAtomic {
        findings.breaking_read_atomic().iter().for_each(|&anomaly| enter(&mut anomalies, anomaly));
    }
    let weaker = broken.iter().filter(|(other, _)| level.implies(*other));
    weaker.flat_map(|(_, names)| names).for_each(|&anomaly| enter(&mut anomalies, anomaly));
    match &findings.doubt {
        _ if !anomalies.is_empty() => ModelVerdict::Broken(anomalies),
        Some(reason) => ModelVerdict::Unknown(reason.clone()),
        None => ModelVerdict::Holds,
    }
}
