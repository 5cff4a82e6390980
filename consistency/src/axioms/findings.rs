//! What was found so far, one entry an anomaly.

use std::collections::BTreeMap;

use crate::{Anomaly, Explanation, Found};

/// Anomalies that one transaction shows, and whether they leave read committed whole.
#[derive(Default)]
pub(super) struct Findings {
    found: BTreeMap<Anomaly, Found>,
    /// Those that no model here allows.
    fatal: Vec<Anomaly>,
    /// Those that read atomic and what is stronger do not allow.
    unrepeatable: Vec<Anomaly>,
    /// Why a history without anomalies proves nothing.
    pub(super) doubt: Option<String>,
}

impl Findings {
    /// One more of an anomaly that breaks every model; the first one is explained.
    pub(super) fn fatal(&mut self, anomaly: Anomaly, explain: impl FnOnce() -> Explanation) {
        self.add(anomaly, explain);
        enter(&mut self.fatal, anomaly);
    }

    /// One more of an anomaly that breaks read atomic.
    pub(super) fn unrepeatable(&mut self, anomaly: Anomaly, explain: impl FnOnce() -> Explanation) {
        self.add(anomaly, explain);
        enter(&mut self.unrepeatable, anomaly);
    }

    /// One more of an anomaly; what it breaks is the caller's to say.
    pub(super) fn add(&mut self, anomaly: Anomaly, explain: impl FnOnce() -> Explanation) {
        let entry = self.found.entry(anomaly);
        entry.or_insert_with(|| Found { anomaly, count: 0, explanation: explain() }).count += 1;
    }

    pub(super) fn doubt(&mut self, reason: impl FnOnce() -> String) {
        self.doubt.get_or_insert_with(reason);
    }

    pub(super) fn breaking_all(&self) -> &[Anomaly] {
        &self.fatal
    }

    pub(super) fn breaking_read_atomic(&self) -> &[Anomaly] {
        &self.unrepeatable
    }

    pub(super) fn into_found(self) -> Vec<Found> {
        self.found.into_values().collect()
    }
}

/// Adds an anomaly to a list that is kept in order.
pub(super) fn enter(list: &mut Vec<Anomaly>, anomaly: Anomaly) {
    if let Err(place) = list.binary_search(&anomaly) {
        list.insert(place, anomaly);
    }
}
