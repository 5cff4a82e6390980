//! Single-key operations, held against models of registers: from what clients saw alone.

use super::{Finding, models};
use crate::recorded::RegisterHistory;
use crate::{Anomaly, Case, Checks, History, Model, REGISTER_MODELS, RegisterOptions, check_registers};

/// Of these, the isolation judge finds some in transactions.
const ANOMALIES: [Anomaly; 10] = [
    Anomaly::GarbageRead,
    Anomaly::G1a,
    Anomaly::CausalViolation,
    Anomaly::ReadYourWrites,
    Anomaly::MonotonicReads,
    Anomaly::MonotonicWrites,
    Anomaly::WritesFollowReads,
    Anomaly::NonPipelined,
    Anomaly::NonSequential,
    Anomaly::NonLinearizable,
];

/// The names of what this judge can find.
pub(super) const NAMES: [&str; 10] = models::names(ANOMALIES);

/// It takes time, so it is done where it is asked for.
pub(super) fn is_asked(checks: &Checks) -> bool {
    checks.models.iter().any(|model| REGISTER_MODELS.contains(model) && !model.is_transactional())
}

pub(super) fn judge(case: &Case<'_>) -> Finding {
    let sampled = case.history.operations.iter().filter(|operation| case.checks.samples(operation.key));
    let sampled = History { operations: sampled.copied().collect(), ..History::default() };
    let history = RegisterHistory::from_operations(&sampled);
    if history.operations.is_empty() {
        return Finding::unknown("no operation touched a single key of the sample");
    }
    let models: Vec<Model> =
        case.checks.models.iter().copied().filter(|model| REGISTER_MODELS.contains(model)).collect();
    let options =
        RegisterOptions { models: models.clone(), budget: case.checks.budget, ..RegisterOptions::default() };
    models::finding(&check_registers(&history, &options), &models, &ANOMALIES, |_| None)
}
