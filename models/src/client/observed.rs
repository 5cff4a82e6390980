//! What clients tell the history.

use std::collections::{BTreeMap, VecDeque};

use shardlab_consistency::{MicroOperation, NO_NODE, Operation, OperationKind, Outcome, Transaction};
use shardlab_sim::Time;

use crate::client::scan::Scan;
use crate::client::sessions::{Session, Work};
use crate::client::single::Single;
use crate::client::transaction::{TransactionWork, transaction_id};
use crate::message::{Found, Step};
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
        value: if single.purpose.writes() { session.written() } else { read },
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

/// What was not told was not read.
pub(super) fn transaction(
    session: &Session,
    work: &TransactionWork,
    outcome: Outcome,
    (reads, opening_balance): (&[(u64, Found)], i64),
    now: Time,
) -> ObservedTransaction {
    let mut reads_of: BTreeMap<u64, VecDeque<&Found>> = BTreeMap::new();
    reads.iter().for_each(|(key, found)| reads_of.entry(*key).or_default().push_back(found));
    let mut elements = Vec::new();
    let mut micro_operation = |step: &Step| {
        if let Some(written) = written(step) {
            return Some(written);
        }
        let found = reads_of.get_mut(&step.key())?.pop_front()?;
        Some(read(step.key(), found, opening_balance, &mut elements))
    };
    let micro_operations = work.steps().filter_map(&mut micro_operation).collect();
    let completed = completed(outcome, now);
    let id = transaction_id(session).0;
    let transaction = Transaction::new(id, session.number, outcome, session.invoked, completed);
    ObservedTransaction { transaction, micro_operations, elements }
}

fn written(step: &Step) -> Option<MicroOperation> {
    match *step {
        Step::Add { key, delta } => Some(MicroOperation::Add { key, delta }),
        Step::Write { key, value } => Some(MicroOperation::Write { key, value }),
        Step::Append { key, value } => Some(MicroOperation::Append { key, value }),
        Step::Read { .. } | Step::ReadValue { .. } | Step::ReadList { .. } => None,
    }
}

fn read(key: u64, found: &Found, opening_balance: i64, elements: &mut Vec<u64>) -> MicroOperation {
    match found {
        Found::Balance(change) => MicroOperation::Read { key, value: opening_balance + change },
        Found::Value(value) => MicroOperation::ReadRegister { key, value: *value },
        Found::List(list) => {
            let start = elements.len() as u32;
            elements.extend_from_slice(list);
            MicroOperation::ReadList { key, start, length: list.len() as u32 }
        }
    }
}

/// The single-key operation or scan under way; probes are nobody's operation.
pub(super) fn pending_operation(session: &Session) -> Option<Operation> {
    if let Work::Scan(under_way) = &session.work {
        return Some(scan(session, under_way, Outcome::Info, session.invoked));
    }
    if let Work::Query(under_way) = &session.work {
        return under_way.operation(session, Outcome::Info, session.invoked);
    }
    let under_way = session.work.single().filter(|single| !single.purpose.is_probe())?;
    Some(single(session, &under_way, Outcome::Info, 0, NO_NODE, session.invoked))
}

/// The transaction under way.
pub(super) fn pending_transaction(session: &Session) -> Option<ObservedTransaction> {
    match &session.work {
        Work::Transaction(work) => Some(transaction(session, work, Outcome::Info, (&[], 0), session.invoked)),
        Work::Single(_) | Work::Merge(_) | Work::Salted(_) | Work::Scan(_) | Work::Query(_) | Work::Idle => {
            None
        }
    }
}
