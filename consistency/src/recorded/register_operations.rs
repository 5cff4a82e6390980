//! Single-key operations of the simulator's own histories, as any other recorder would have written them down.

use super::ranking::{Span, ranks};
use super::{Names, RegisterAction, RegisterHistory, RegisterOperation, ValueId};
use crate::{History, INITIAL_VALUE, Operation, OperationKind, Outcome};

impl RegisterHistory {
    /// The single-key operations of a simulated run; scans and transactions are left out.
    ///
    /// Times become ranks; operations that touch at one instant are concurrent.
    ///
    /// A read-modify-write is a compare-and-set from what it read to what it wrote. Where the client was never told
    /// what it read, it may have read anything, and is a write.
    pub fn from_operations(history: &History) -> Self {
        let mut recorded = Self::default();
        let spans: Vec<Span> = history.operations.iter().map(span).collect();
        for (operation, (invoked, completed)) in history.operations.iter().zip(ranks(&spans)) {
            let Some(action) = action(operation, &mut recorded.values) else { continue };
            recorded.operations.push(RegisterOperation {
                process: operation.process,
                key: recorded.keys.unsigned(operation.key),
                action,
                outcome: operation.outcome,
                invoked,
                completed,
                line: 0,
            });
        }
        recorded.operations.sort_unstable_by_key(|operation| operation.invoked);
        recorded
    }
}

fn span(operation: &Operation) -> Span {
    let &Operation { process, invoked, completed, outcome, .. } = operation;
    Span { process, invoked, completed: (outcome != Outcome::Info).then_some(completed) }
}

fn action(operation: &Operation, values: &mut Names) -> Option<RegisterAction> {
    let mut id = |value| if value == INITIAL_VALUE { ValueId::NIL } else { ValueId(values.unsigned(value)) };
    match (operation.kind, operation.outcome) {
        (OperationKind::Scan, _) => None,
        (OperationKind::Read, Outcome::Ok) => Some(RegisterAction::Read(Some(id(operation.value)))),
        (OperationKind::Read, _) => Some(RegisterAction::Read(None)),
        (OperationKind::ReadModifyWrite, Outcome::Ok) => {
            Some(RegisterAction::CompareAndSet { from: id(operation.previous), to: id(operation.value) })
        }
        (OperationKind::Write | OperationKind::Insert | OperationKind::ReadModifyWrite, _) => {
            Some(RegisterAction::Write(id(operation.value)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures;
    use crate::recorded::NEVER;

    /// Every operation as `process:action invoked-completed`, in order of invocation.
    fn told(picture: &str) -> Vec<String> {
        let recorded = RegisterHistory::from_operations(&pictures::history(picture));
        let tell = |operation: &RegisterOperation| {
            let value = |value| recorded.values.value(value);
            let action = match operation.action {
                RegisterAction::Read(seen) => format!("r{}", seen.map_or("?".into(), value)),
                RegisterAction::Write(written) => format!("w{}", value(written)),
                RegisterAction::CompareAndSet { from, to } => format!("c{}>{}", value(from), value(to)),
            };
            let end = if operation.completed == NEVER { "?".into() } else { operation.completed.to_string() };
            format!("{}:{action} {}-{end}", operation.process, operation.invoked)
        };
        recorded.operations.iter().map(tell).collect()
    }

    #[test]
    fn operations_become_reads_writes_and_compare_and_sets() {
        let told = told(
            "
            a  |- w7 -| |- m7>9 -| |- r0 -|  |- w3! -|
            b  |- m1>2? -|
        ",
        );
        assert_eq!(told, ["0:w7 0-2", "1:w2 1-?", "0:c7>9 3-4", "0:rnil 5-6", "0:w3 7-8"]);
    }

    #[test]
    fn operations_that_touch_are_concurrent_except_within_a_process() {
        let write = |process, value, invoked, completed| Operation {
            process,
            node: crate::NO_NODE,
            kind: OperationKind::Write,
            outcome: Outcome::Ok,
            key: u64::MAX,
            value,
            previous: 0,
            invoked,
            completed,
        };
        let mut history = History::default();
        history.push(write(0, 1, 0, 5));
        history.push(write(1, 2, 5, 9));
        history.push(write(0, 3, 5, 5));
        history.push(write(0, 4, 5, 7));
        let recorded = RegisterHistory::from_operations(&history);
        let ranks: Vec<_> =
            recorded.operations.iter().map(|op| (op.process, op.invoked, op.completed)).collect();
        // Process 1 begins before process 0 is answered, at the same instant.
        assert_eq!(ranks, [(0, 0, 2), (1, 1, 7), (0, 3, 4), (0, 5, 6)]);
        assert_eq!(recorded.keys.name(0), u64::MAX.to_string());
    }
}
