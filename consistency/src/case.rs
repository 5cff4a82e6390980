//! What is laid before the judges.

use std::cell::OnceCell;

use crate::{Checks, Evidence, History, RegisterReport};

/// A history and the evidence that belongs to it.
#[derive(Debug)]
pub struct Case<'a> {
    /// What clients did and were told.
    pub history: &'a History,
    /// What the system looked like afterwards.
    pub evidence: &'a Evidence,
    /// What the judges of consistency models are asked.
    pub checks: Checks,
    registers: OnceCell<Option<RegisterReport>>,
}

impl<'a> Case<'a> {
    /// Lays a history and its evidence before the judges.
    pub fn new(history: &'a History, evidence: &'a Evidence) -> Self {
        Self { history, evidence, checks: Checks::default(), registers: OnceCell::new() }
    }

    /// The same, with other questions to the judges of consistency models.
    #[must_use]
    pub fn with_checks(self, checks: Checks) -> Self {
        Self { checks, ..self }
    }

    /// Every single-key operation held against the true version order, examined at the first call;
    /// `None` where that order is not known.
    pub fn registers(&self) -> Option<&RegisterReport> {
        let order = self.evidence.version_order.as_ref();
        self.registers.get_or_init(|| order.map(|order| RegisterReport::new(self.history, order))).as_ref()
    }
}

/// One figure of a judge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// A dotted name that ends in its unit: `staleness.overwritten_p99_ms`.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
}
