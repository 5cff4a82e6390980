//! Transactions over lists and registers, held against consistency models.
//!
//! The order of versions is known here, so that nothing has to be inferred from what clients saw; what clients saw is
//! judged all the same, and whatever either way of looking finds broken is broken.

use super::{Finding, models};
use crate::check::transactions_by_order;
use crate::recorded::{TransactionHistory, Versions};
use crate::{Anomaly, Case, Checks, Found, Model, Report, ToldCycle, TrueOrder};

const ANOMALIES: [Anomaly; 30] = [
    Anomaly::DuplicateElements,
    Anomaly::IncompatibleOrder,
    Anomaly::CyclicVersions,
    Anomaly::FutureRead,
    Anomaly::Internal,
    Anomaly::GarbageRead,
    Anomaly::DirtyUpdate,
    Anomaly::G1a,
    Anomaly::G1b,
    Anomaly::LostUpdate,
    Anomaly::FracturedRead,
    Anomaly::NonRepeatableRead,
    Anomaly::G0,
    Anomaly::G1c,
    Anomaly::GSingle,
    Anomaly::GNonadjacent,
    Anomaly::G2Item,
    Anomaly::LongFork,
    Anomaly::G0Process,
    Anomaly::G1cProcess,
    Anomaly::GSingleProcess,
    Anomaly::GNonadjacentProcess,
    Anomaly::G2ItemProcess,
    Anomaly::G0Realtime,
    Anomaly::G1cRealtime,
    Anomaly::GSingleRealtime,
    Anomaly::GNonadjacentRealtime,
    Anomaly::G2ItemRealtime,
    Anomaly::CausalViolation,
    Anomaly::ReadYourWrites,
];

/// The names of what this judge can find.
pub(super) const NAMES: [&str; 30] = models::names(ANOMALIES);

pub(super) fn judge(case: &Case<'_>) -> Finding {
    let kinds = [Versions::Lists, Versions::Registers];
    let judged: Vec<Judged> = kinds.into_iter().filter_map(|kind| judged(case, kind)).collect();
    let Some(report) = judged.iter().map(|judged| judged.report.clone()).reduce(Report::joined) else {
        return Finding::unknown("no transaction touched a list or a register");
    };
    let told = |found: &Found| judged.iter().find_map(|judged| judged.told(found));
    models::finding(&report, &wanted(&case.checks), &ANOMALIES, told)
}

/// A history, and what was found in it.
struct Judged {
    history: TransactionHistory,
    report: Report,
}

impl Judged {
    /// The cycle of an explanation, if it is of this history.
    fn told(&self, found: &Found) -> Option<ToldCycle> {
        let mut own = self.report.found.iter();
        let is_own = own.any(|own| own.anomaly == found.anomaly && own.explanation == found.explanation);
        is_own.then(|| ToldCycle::of(&self.history, &found.explanation)).flatten()
    }
}

/// What was asked for; else what strict two-phase locking promises.
fn wanted(checks: &Checks) -> Vec<Model> {
    let asked: Vec<Model> = checks.models.iter().copied().filter(|model| model.is_transactional()).collect();
    if asked.is_empty() { vec![Model::StrictSerializable] } else { asked }
}

fn judged(case: &Case<'_>, versions: Versions) -> Option<Judged> {
    let history = TransactionHistory::of(case.history, versions);
    if history.transactions.is_empty() {
        return None;
    }
    let order = case.evidence.version_order.as_ref().map(|order| TrueOrder::surviving(&history, order));
    let report = transactions_by_order(&history, order.as_ref(), case.checks.budget);
    Some(Judged { history, report })
}
