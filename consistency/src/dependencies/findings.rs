//! What was found so far, one row a kind, the smallest explained.

use std::collections::BTreeMap;

use crate::{Anomaly, Explanation, Found};

/// Anomalies found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    rows: BTreeMap<Anomaly, Row>,
}

#[derive(Debug)]
struct Row {
    count: u64,
    size: usize,
    explanation: Explanation,
}

impl Findings {
    /// Counts one; explains it if none of its kind was smaller.
    pub fn note(&mut self, anomaly: Anomaly, size: usize, explain: impl FnOnce() -> Explanation) {
        self.note_many(anomaly, 1, size, explain);
    }

    /// Counts many, the smallest of which has this size.
    pub fn note_many(
        &mut self,
        anomaly: Anomaly,
        count: u64,
        size: usize,
        explain: impl FnOnce() -> Explanation,
    ) {
        match self.rows.get_mut(&anomaly) {
            None => drop(self.rows.insert(anomaly, Row { count, size, explanation: explain() })),
            Some(row) => {
                row.count += count;
                if size < row.size {
                    (row.size, row.explanation) = (size, explain());
                }
            }
        }
    }

    pub fn anomalies(&self) -> impl Iterator<Item = Anomaly> {
        self.rows.keys().copied()
    }

    pub fn into_found(self) -> Vec<Found> {
        let found = |(anomaly, row): (Anomaly, Row)| Found {
            anomaly,
            count: row.count,
            explanation: row.explanation,
        };
        self.rows.into_iter().map(found).collect()
    }
}
