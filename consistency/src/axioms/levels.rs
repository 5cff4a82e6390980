//! The models that are judged here, from weak to strong, and what each asks of the order of commits.

use super::constraints::Constraint;
use super::execution::Execution;
use super::graph::{Graph, keeps_completions};
use super::reads::INITIAL;
use super::{causal, monotonic_view, read_atomic};
use crate::Model;

/// One model and its axiom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    ReadCommitted,
    SessionReadCommitted,
    MonotonicView,
    ReadAtomic,
    Causal,
}

/// From weak to strong.
pub(super) const LEVELS: [Level; 5] = [
    Level::ReadCommitted,
    Level::SessionReadCommitted,
    Level::MonotonicView,
    Level::ReadAtomic,
    Level::Causal,
];

impl Level {
    pub(super) fn model(self) -> Model {
        match self {
            Self::ReadCommitted => Model::ReadCommitted,
            Self::SessionReadCommitted => Model::StrongSessionReadCommitted,
            Self::MonotonicView => Model::MonotonicAtomicView,
            Self::ReadAtomic => Model::ReadAtomic,
            Self::Causal => Model::Causal,
        }
    }

    /// Whether what this one allows, the other allows too.
    pub(super) fn implies(self, other: Self) -> bool {
        other == self || other == Self::ReadCommitted || (self >= Self::ReadAtomic && other < self)
    }

    /// Why no order of commits is right for this model, where none is.
    pub(super) fn examine(self, execution: &Execution) -> Option<Contradiction> {
        let (sessions, constraints) = match self {
            Self::ReadCommitted => (false, Vec::new()),
            Self::SessionReadCommitted => (true, Vec::new()),
            Self::MonotonicView => (false, monotonic_view::constraints(execution)),
            Self::ReadAtomic => (true, read_atomic::constraints(execution)),
            // Where causes are their own effects there is no causal past to speak of, and reads and sessions alone
            // show the contradiction.
            Self::Causal => {
                let order = Graph::causal(execution).order();
                (true, order.map_or_else(Vec::new, |order| causal::constraints(execution, &order)))
            }
        };
        let impossible = constraints.iter().any(|constraint| constraint.after == INITIAL);
        if !impossible && keeps_completions(execution, sessions, &constraints) {
            return None;
        }
        let graph = Graph::new(execution, sessions, &constraints);
        let broken = impossible || graph.order().is_none();
        broken.then_some(Contradiction { level: self, constraints, graph })
    }
}

/// Constraints that cannot all be met: they form a cycle, or one asks for a commit before the initial version.
pub(super) struct Contradiction {
    pub(super) level: Level,
    pub(super) constraints: Vec<Constraint>,
    pub(super) graph: Graph,
}
