//! What clients tell the history.

use std::collections::BTreeMap;

use shardlab_consistency::{MicroOperation, NO_NODE, Operation, OperationKind, Outcome, Transaction};
use shardlab_sim::Time;

use crate::client::scan::Scan;
use crate::client::sessions::{Session, Work};
use crate::client::single::Single;
use crate::client::transaction::{TransactionWork, transaction_id};
use crate::message::Step;
use crate::node::ObservedTransaction;

/// `info` has no end: it may happen at any later time.
const fn completed(outcome: Outcome, now: Time) -> Time {
    match outcome {
        Outcome::Ok | Outcome::Fail => now,
        Outcome::Info => Time::MAX,
    }
}

/// `read` is what a read found, and `node` who served it.
#[inline]
pub(super) fn single(
    session: &Session,
    single: &Single,
    outcome: Outcome,
    read: u64,
    node: u16,
    now: Time,
) -> Operation {
    Operation {
        process: session.number,
        node,
        kind: single.purpose.kind(),
        outcome,
        key: single.key,
        value: if single.purpose.writes() { session.operation().as_value() } else { read },
        previous: 0,
        invoked: session.invoked,
        completed: completed(outcome, now),
    }
}

/// Its value is how many rows were found, of those asked for.
pub(super) fn scan(session: &Session, scan: &Scan, outcome: Outcome, now: Time) -> Operation {
    Operation {
        process: session.number,
        node: NO_NODE,
        kind: OperationKind::Scan,
        outcome,
        key: scan.key,
        value: scan.found.min(u64::from(scan.rows)),
        previous: 0,
        invoked: session.invoked,
        completed: completed(outcome, now),
    }
}

/// `reads` are balance changes since the opening; what was not told was not read.
pub(super) fn transaction(
    session: &Session,
    work: &TransactionWork,
    outcome: Outcome,
    (reads, opening_balance): (&[(u64, i64)], i64),
    now: Time,
) -> ObservedTransaction {
    let reads: BTreeMap<u64, i64> = reads.iter().copied().collect();
    let micro_operation = |step: &Step| match *step {
        Step::Read { key } => {
            reads.get(&key).map(|change| MicroOperation::Read { key, value: opening_balance + change })
        }
        Step::Add { key, delta } => Some(MicroOperation::Add { key, delta }),
    };
    let completed = completed(outcome, now);
    let id = transaction_id(session).0;
    ObservedTransaction {
        transaction: Transaction::new(id, session.number, outcome, session.invoked, completed),
        micro_operations: work.steps().filter_map(micro_operation).collect(),
    }
}

/// The single-key operation or scan under way; probes are nobody's operation.
pub(super) fn pending_operation(session: &Session) -> Option<Operation> {
    if let Work::Scan(under_way) = &session.work {
        return Some(scan(session, under_way, Outcome::Info, session.invoked));
    }
    let under_way = session.work.single().filter(|single| !single.purpose.is_probe())?;
    Some(single(session, &under_way, Outcome::Info, 0, NO_NODE, session.invoked))
}

/// The transaction under way.
pub(super) fn pending_transaction(session: &Session) -> Option<ObservedTransaction> {
    match &session.work {
        Work::Transaction(work) => Some(transaction(session, work, Outcome::Info, (&[], 0), session.invoked)),
        Work::Single(_) | Work::Merge(_) | Work::Scan(_) | Work::Idle => None,
    }
}
