//! What clients called, one record a call whether it was a single operation or a transaction.

use shardlab_consistency::{History, MicroOperation, Operation, OperationKind, Outcome, Time, Transaction};
use shardlab_sim::NodeId;

/// The kinds of call, in the catalogue's order after `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum CallKind {
    /// Point read.
    Read,
    /// Overwrite.
    Write,
    /// Write of a new key.
    Insert,
    /// Read, then write.
    ReadModifyWrite,
    /// Read of several keys.
    Scan,
    /// A transaction that changes something.
    Transfer,
    /// A transaction that only reads.
    Audit,
}

/// The number of kinds.
pub(crate) const KINDS: usize = 7;

/// One call of one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    pub kind: CallKind,
    /// Whose it was.
    pub process: u32,
    pub outcome: Outcome,
    pub invoked: Time,
    pub completed: Time,
    /// Who served it; nobody in particular for transactions.
    pub node: Option<NodeId>,
}

impl Call {
    /// From call to ok, in ns.
    pub fn latency(&self) -> Option<Time> {
        (self.outcome == Outcome::Ok).then(|| self.completed - self.invoked)
    }
}

/// Every call: first the operations, then the transactions.
pub(crate) fn calls(history: &History) -> impl Iterator<Item = Call> {
    let transactions = history.transactions.iter().map(|transaction| of_transaction(history, transaction));
    history.operations.iter().map(of_operation).chain(transactions)
}

fn of_operation(operation: &Operation) -> Call {
    let kind = match operation.kind {
        OperationKind::Read => CallKind::Read,
        OperationKind::Write => CallKind::Write,
        OperationKind::Insert => CallKind::Insert,
        OperationKind::ReadModifyWrite => CallKind::ReadModifyWrite,
        OperationKind::Scan => CallKind::Scan,
    };
    let node = (operation.node != shardlab_consistency::NO_NODE).then(|| NodeId(operation.node.into()));
    let Operation { process, outcome, invoked, completed, .. } = *operation;
    Call { kind, process, outcome, invoked, completed, node }
}

fn of_transaction(history: &History, transaction: &Transaction) -> Call {
    let steps = history.steps(transaction);
    let only_reads = !steps.is_empty() && !steps.iter().any(MicroOperation::writes);
    let kind = if only_reads { CallKind::Audit } else { CallKind::Transfer };
    let Transaction { process, outcome, invoked, completed, .. } = *transaction;
    Call { kind, process, outcome, invoked, completed, node: None }
}
