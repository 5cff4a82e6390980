//! Cycles of dependencies as rows.

use shardlab_consistency::{CycleEdge, ToldCycle, ToldStep, ToldTransaction};

use crate::tables::{CycleEdgeRow, CycleRow, CycleStepRow, CycleTransactionRow};

impl From<&ToldCycle> for CycleRow {
    fn from(cycle: &ToldCycle) -> Self {
        Self {
            transactions: cycle.transactions.iter().map(transaction).collect(),
            edges: cycle.edges.iter().map(edge).collect(),
        }
    }
}

fn transaction(told: &ToldTransaction) -> CycleTransactionRow {
    let step = |step: &ToldStep| CycleStepRow { key: step.key.clone(), words: step.words.clone() };
    let steps = told.steps.iter().map(step).collect();
    CycleTransactionRow { transaction: told.place, process: told.process, steps }
}

fn edge(edge: &CycleEdge) -> CycleEdgeRow {
    CycleEdgeRow {
        from: edge.from,
        to: edge.to,
        dependency: edge.dependency.name().into(),
        key: edge.key.clone(),
        words: edge.words.clone(),
    }
}
