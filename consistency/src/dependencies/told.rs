//! A cycle with what its transactions did: all that it takes to draw it, without the history.

use super::words;
use crate::recorded::{Step, TransactionHistory};
use crate::{CycleEdge, Explanation};

/// A cycle of dependencies with what its transactions did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldCycle {
    /// The transactions, each at the place of the edge that leads out of it.
    pub transactions: Vec<ToldTransaction>,
    /// The dependencies; each leads to the next one's transaction, the last to the first one's.
    pub edges: Vec<CycleEdge>,
}

/// A transaction of a cycle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldTransaction {
    /// Its place in the history; words call it T followed by this number.
    pub place: usize,
    /// The client that ran it.
    pub process: u32,
    /// What it did, step by step.
    pub steps: Vec<ToldStep>,
}

/// A step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToldStep {
    /// The key it touches.
    pub key: String,
    /// `read x = [1 2]`; the middle of long lists is left out.
    pub words: String,
}

impl ToldCycle {
    /// The cycle of an explanation, where it has one.
    ///
    /// # Panics
    /// When the explanation is of another history.
    pub fn of(history: &TransactionHistory, explanation: &Explanation) -> Option<Self> {
        let edges = explanation.cycle.clone();
        let transactions = edges.iter().map(|edge| transaction(history, edge.from)).collect();
        (!edges.is_empty()).then_some(Self { transactions, edges })
    }
}

fn transaction(history: &TransactionHistory, place: usize) -> ToldTransaction {
    let record = &history.transactions[place];
    let told =
        |step: &Step| ToldStep { key: history.keys.name(step.key()), words: words::step(history, step) };
    let steps = history.steps(record).iter().map(told).collect();
    ToldTransaction { place, process: record.process, steps }
}
