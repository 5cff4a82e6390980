//! Operations of a workload as tests write them.

use super::WorkloadOperation;
use crate::Outcome;
use crate::recorded::NEVER;

/// One operation, between two ranks.
pub(super) fn ok<Action>(
    process: u32,
    invoked: u32,
    completed: u32,
    action: Action,
) -> WorkloadOperation<Action> {
    WorkloadOperation { process, outcome: Outcome::Ok, invoked, completed, line: 0, action }
}

/// The same, failed.
pub(super) fn fail<Action>(
    process: u32,
    invoked: u32,
    completed: u32,
    action: Action,
) -> WorkloadOperation<Action> {
    WorkloadOperation { outcome: Outcome::Fail, ..ok(process, invoked, completed, action) }
}

/// The same, of unknown outcome.
pub(super) fn info<Action>(process: u32, invoked: u32, action: Action) -> WorkloadOperation<Action> {
    WorkloadOperation { outcome: Outcome::Info, ..ok(process, invoked, NEVER, action) }
}
