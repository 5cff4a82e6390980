//! Judges a register history by every model that speaks of single-key operations.

use std::collections::BTreeMap;

use crate::linearizability;
use crate::recorded::RegisterHistory;
use crate::session_guarantees::{self, Execution, Known, Saturated, Serialized, Unfit};
use crate::{Anomaly, Explanation, Found, Model, ModelVerdict, Report};

/// What to judge a register history by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegisterOptions {
    /// The models to give a verdict on; those that are not about single registers are left out of the report.
    pub models: Vec<Model>,
    /// How many states searches may visit in all before a verdict is unknown; about 30 bytes each.
    pub budget: u64,
    /// What a register holds before its first write.
    pub initial: Initial,
}

/// What a register holds before its first write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Initial {
    /// Nil. Any other value that was read and that nobody wrote is an anomaly.
    #[default]
    Nil,
    /// The value, nil or not, that was read first of those that nobody wrote: the history began on a register that was
    /// in use. Only one value can be: a second unwritten one is an anomaly.
    Unwritten,
}

/// The models that [`check_registers`] judges, weakest first.
pub const REGISTER_MODELS: [Model; 8] = [
    Model::ReadYourWrites,
    Model::MonotonicReads,
    Model::MonotonicWrites,
    Model::WritesFollowReads,
    Model::Pram,
    Model::Causal,
    Model::Sequential,
    Model::Linearizable,
];

/// 4 million states: seconds of search and a few hundred megabytes at most.
const BUDGET: u64 = 1 << 22;

impl Default for RegisterOptions {
    fn default() -> Self {
        Self { models: vec![Model::Linearizable], budget: BUDGET, initial: Initial::Nil }
    }
}

/// Judges a history of single-key reads, writes and compare-and-sets.
///
/// ```
/// use shardlab_consistency::recorded::RegisterHistory;
/// use shardlab_consistency::*;
///
/// // Process 1 reads what was there before the write that process 0 was told is done.
/// let operation = |process, kind, value, invoked, completed| Operation {
///     process,
///     node: NO_NODE,
///     kind,
///     outcome: Outcome::Ok,
///     key: 42,
///     value,
///     previous: INITIAL_VALUE,
///     invoked,
///     completed,
/// };
/// let mut history = History::default();
/// history.push(operation(0, OperationKind::Write, 7, 10, 20));
/// history.push(operation(1, OperationKind::Read, INITIAL_VALUE, 30, 40));
///
/// let models = vec![Model::Sequential, Model::Linearizable];
/// let options = RegisterOptions { models, ..RegisterOptions::default() };
/// let report = check_registers(&RegisterHistory::from_operations(&history), &options);
/// assert_eq!(report.verdict(Model::Sequential), Some(&ModelVerdict::Holds));
/// assert_eq!(report.found[0].anomaly, Anomaly::NonLinearizable);
/// assert_eq!(
///     report.found[0].explanation.words[1],
///     "process 0's write of 7 to 42 was over before process 1's read of nil from 42 was invoked.",
/// );
/// ```
pub fn check_registers(history: &RegisterHistory, options: &RegisterOptions) -> Report {
    let mut desk = Desk { history, options, found: Vec::new(), verdicts: BTreeMap::new() };
    let asked = |model: &Model| options.models.contains(model);
    if asked(&Model::Linearizable) {
        desk.judge_linearizability();
    }
    if REGISTER_MODELS.iter().any(|model| asked(model) && *model != Model::Linearizable) {
        desk.judge_sessions();
    }
    desk.report()
}

/// Verdicts so far.
struct Desk<'a> {
    history: &'a RegisterHistory,
    options: &'a RegisterOptions,
    found: Vec<Found>,
    verdicts: BTreeMap<Model, ModelVerdict>,
}

impl Desk<'_> {
    fn judge_linearizability(&mut self) {
        let result = linearizability::check(self.history, self.options.initial, self.options.budget);
        match result.broken {
            Some((count, explanation)) => {
                self.broken(
                    Model::Linearizable,
                    Found { anomaly: Anomaly::NonLinearizable, count, explanation },
                );
            }
            None if result.undecided == 0 => self.holds(Model::Linearizable),
            None => {
                let reason = format!(
                    "the budget ended in the search of {}; a larger one may decide",
                    registers(result.undecided)
                );
                self.unknown(Model::Linearizable, &reason);
            }
        }
    }

    /// Judges what is weaker; a linearizable history keeps all of it.
    fn judge_sessions(&mut self) {
        if self.is_linearizable_at_sight() {
            return WEAKER.iter().for_each(|&model| self.holds(model));
        }
        match Execution::new(self.history, self.options.initial) {
            Ok(execution) => self.judge_execution(&execution),
            Err(unfit) => self.judge_repeated(&unfit),
        }
    }

    /// Zones tell in no time, where they can tell; most histories are healthy, and then no weaker model needs its own
    /// judge.
    fn is_linearizable_at_sight(&self) -> bool {
        if let Some(verdict) = self.verdicts.get(&Model::Linearizable) {
            return *verdict == ModelVerdict::Holds;
        }
        let result = linearizability::check(self.history, self.options.initial, 0);
        result.broken.is_none() && result.undecided == 0
    }

    /// Values are repeated: only sequential consistency can be searched for. Where it holds, so does all it implies.
    fn judge_repeated(&mut self, unfit: &Unfit) {
        if self.asked(Model::Sequential) {
            self.search_sequential(&Known::default());
        }
        if self.verdicts.get(&Model::Sequential) == Some(&ModelVerdict::Holds) {
            return WEAKER.iter().for_each(|&model| self.holds(model));
        }
        let reason = repeated(self.history, unfit);
        for &model in WEAKER.iter().filter(|model| **model != Model::Sequential) {
            if self.asked(model) {
                self.unknown(model, &reason);
            }
        }
    }

    fn judge_execution(&mut self, execution: &Execution) {
        if self.found_unwritten(execution) {
            return;
        }
        self.judge_guarantees(execution);
        if self.asked(Model::Pram) || self.asked(Model::Sequential) {
            match session_guarantees::check_pram(self.history, execution) {
                Some(Ok(())) => self.holds(Model::Pram),
                Some(Err(explanation)) => self.broken(Model::Pram, found(Anomaly::NonPipelined, explanation)),
                None => self.unknown(Model::Pram, TOO_LARGE),
            }
        }
        if self.asked(Model::Causal) || self.asked(Model::Sequential) {
            match session_guarantees::check_causal(self.history, execution) {
                Some(Ok(())) => self.holds(Model::Causal),
                Some(Err(explanation)) => {
                    self.broken(Model::Causal, found(Anomaly::CausalViolation, explanation))
                }
                None => self.unknown(Model::Causal, TOO_LARGE),
            }
        }
        if self.asked(Model::Sequential) {
            self.judge_sequential(execution);
        }
    }

    /// A value that nobody wrote, or whose write failed: no model with an order of writes allows that. The session
    /// guarantees compare versions, and this is none.
    fn found_unwritten(&mut self, execution: &Execution) -> bool {
        let Some(first) = execution.unwritten.first() else { return false };
        let explanation = linearizability::unwritten(self.history, *first);
        let failed = explanation.involved.len() > 1;
        let anomaly = if failed { Anomaly::G1a } else { Anomaly::GarbageRead };
        self.judge_guarantees(execution);
        let count = execution.unwritten.len() as u64;
        self.found.push(Found { anomaly, count, explanation });
        for model in [Model::Pram, Model::Causal, Model::Sequential] {
            self.verdicts.insert(model, ModelVerdict::Broken(vec![anomaly]));
        }
        true
    }

    fn judge_guarantees(&mut self, execution: &Execution) {
        if !GUARANTEES.iter().any(|&(model, _)| self.asked(model)) {
            return;
        }
        let found = session_guarantees::check_guarantees(self.history, execution);
        for (model, anomaly) in GUARANTEES {
            match found.iter().find(|found| found.anomaly == anomaly) {
                Some(found) => self.broken(model, found.clone()),
                None => self.holds(model),
            }
        }
    }

    fn judge_sequential(&mut self, execution: &Execution) {
        match session_guarantees::saturate(self.history, execution) {
            Saturated::Broken(explanation) => {
                self.broken(Model::Sequential, found(Anomaly::NonSequential, explanation));
            }
            Saturated::TooLarge => self.unknown(Model::Sequential, TOO_LARGE),
            Saturated::Order(edges) => {
                self.search_sequential(&Known::new(self.history, execution, &edges));
            }
        }
    }

    fn search_sequential(&mut self, known: &Known) {
        let RegisterOptions { initial, budget, .. } = *self.options;
        match session_guarantees::serialize(self.history, initial, known, budget) {
            Serialized::Order => self.holds(Model::Sequential),
            Serialized::OutOfBudget => {
                self.unknown(
                    Model::Sequential,
                    "the budget ended in the search for an order of all operations; a larger one may decide",
                );
            }
            Serialized::Stuck { placed, next } => {
                let explanation = stuck(self.history, placed, &next);
                self.broken(Model::Sequential, found(Anomaly::NonSequential, explanation));
            }
        }
    }

    fn asked(&self, model: Model) -> bool {
        self.options.models.contains(&model)
    }

    fn holds(&mut self, model: Model) {
        self.verdicts.insert(model, ModelVerdict::Holds);
    }

    fn unknown(&mut self, model: Model, reason: &str) {
        self.verdicts.insert(model, ModelVerdict::Unknown(reason.into()));
    }

    fn broken(&mut self, model: Model, found: Found) {
        self.verdicts.insert(model, ModelVerdict::Broken(vec![found.anomaly]));
        self.found.push(found);
    }

    fn report(mut self) -> Report {
        self.found.sort_by_key(|found| found.anomaly);
        Report { found: self.found, verdicts: self.verdicts.into_iter().collect() }
    }
}

/// The models that linearizability implies.
const WEAKER: &[Model] = REGISTER_MODELS.split_at(7).0;

/// The session guarantees, and what a breach of each is called.
const GUARANTEES: [(Model, Anomaly); 4] = [
    (Model::ReadYourWrites, Anomaly::ReadYourWrites),
    (Model::MonotonicReads, Anomaly::MonotonicReads),
    (Model::MonotonicWrites, Anomaly::MonotonicWrites),
    (Model::WritesFollowReads, Anomaly::WritesFollowReads),
];

const TOO_LARGE: &str = "too many sessions for so many operations: their clocks would not fit in memory";

fn found(anomaly: Anomaly, explanation: Explanation) -> Found {
    Found { anomaly, count: 1, explanation }
}

fn registers(count: u64) -> String {
    if count == 1 { "1 register".into() } else { format!("{count} registers") }
}

fn repeated(history: &RegisterHistory, unfit: &Unfit) -> String {
    let value = history.values.value(unfit.value);
    let key = linearizability::key_name(history, unfit.key);
    format!(
        "{value} was written to {key} more than once, or was there at first: which write a read saw is not known"
    )
}

/// Operations that are listed by name where a search ended.
const LISTED: usize = 8;

fn stuck(history: &RegisterHistory, placed: u32, next: &[u32]) -> Explanation {
    let listed: Vec<String> = next
        .iter()
        .take(LISTED)
        .map(|&place| format!("{}.", linearizability::describe(history, place)))
        .collect();
    let mut words = vec![format!(
        "All orders were tried: none places more than {placed} operations. Then would be next:"
    )];
    words.extend(listed);
    let mut involved: Vec<usize> = next.iter().map(|&place| place as usize).collect();
    involved.sort_unstable();
    Explanation { words, cycle: Vec::new(), involved }
}

#[cfg(test)]
mod tests;
