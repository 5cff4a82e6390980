//! The models of registers by definition: every order is tried.

use crate::Outcome;
use crate::recorded::{RegisterAction, RegisterHistory, RegisterOperation, ValueId};

/// Whether some order of the operations, indeterminate ones in or out, keeps `before` and is legal.
fn has_order(
    history: &RegisterHistory,
    placed: &mut Vec<bool>,
    state: &mut Vec<ValueId>,
    before: &dyn Fn(&RegisterOperation, &RegisterOperation) -> bool,
) -> bool {
    let operations = &history.operations;
    let must = |operation: &RegisterOperation| operation.outcome == Outcome::Ok;
    if (0..operations.len()).all(|place| placed[place] || !must(&operations[place])) {
        return true;
    }
    for place in 0..operations.len() {
        let operation = operations[place];
        let waits = (0..operations.len()).any(|other| {
            !placed[other] && must(&operations[other]) && before(&operations[other], &operation)
        });
        if placed[place] || operation.outcome == Outcome::Fail || waits {
            continue;
        }
        let held = state[operation.key as usize];
        let Some(left) = effect(&operation, held) else { continue };
        (placed[place], state[operation.key as usize]) = (true, left);
        if has_order(history, placed, state, before) {
            return true;
        }
        (placed[place], state[operation.key as usize]) = (false, held);
    }
    false
}

fn effect(operation: &RegisterOperation, held: ValueId) -> Option<ValueId> {
    match operation.action {
        RegisterAction::Read(None) => Some(held),
        RegisterAction::Read(Some(seen)) => (seen == held).then_some(held),
        RegisterAction::Write(value) => Some(value),
        RegisterAction::CompareAndSet { from, to } => (from == held).then_some(to),
    }
}

/// Linearizability by definition, of all registers together.
pub(crate) fn is_linearizable(history: &RegisterHistory) -> bool {
    let mut state = vec![ValueId::NIL; history.keys.len()];
    let before = |a: &RegisterOperation, b: &RegisterOperation| a.completed < b.invoked;
    has_order(history, &mut vec![false; history.operations.len()], &mut state, &before)
}

/// Sequential consistency by definition: an operation without an answer comes before nothing of its session.
pub(crate) fn is_sequential(history: &RegisterHistory) -> bool {
    let mut state = vec![ValueId::NIL; history.keys.len()];
    let before = |a: &RegisterOperation, b: &RegisterOperation| {
        a.process == b.process && a.invoked < b.invoked && a.outcome == Outcome::Ok
    };
    has_order(history, &mut vec![false; history.operations.len()], &mut state, &before)
}

/// What an operation that took place has read, and whether what it saw is judged: the reader's side of its action.
fn seen(operation: &RegisterOperation) -> Option<ValueId> {
    match operation.action {
        RegisterAction::Read(seen) => seen,
        RegisterAction::CompareAndSet { from, .. } => Some(from),
        RegisterAction::Write(_) => None,
    }
}

pub(super) fn left(operation: &RegisterOperation) -> Option<ValueId> {
    match operation.action {
        RegisterAction::Read(_) => None,
        RegisterAction::Write(value) | RegisterAction::CompareAndSet { to: value, .. } => Some(value),
    }
}

/// PRAM by definition: for each session, all writes and its own reads have a sequential order.
pub(crate) fn is_pram(history: &RegisterHistory) -> bool {
    let view = |process: u32| {
        let mut view = history.clone();
        let own =
            |operation: &RegisterOperation| operation.process == process && operation.outcome == Outcome::Ok;
        view.operations.retain(|operation| own(operation) || left(operation).is_some());
        for operation in view.operations.iter_mut().filter(|operation| !own(operation)) {
            operation.action =
                RegisterAction::Write(left(operation).expect("only writes are left of others"));
        }
        view
    };
    (0..3).all(|process| is_sequential(&view(process)))
}

/// What took place: acknowledged, or an indeterminate write that something which took place has seen. `None` where
/// something was seen that was never there, or where a value was written twice.
fn happened(history: &RegisterHistory) -> Option<Vec<RegisterOperation>> {
    let mut happened: Vec<bool> =
        history.operations.iter().map(|operation| operation.outcome == Outcome::Ok).collect();
    for _ in 0..history.operations.len() {
        for reader in 0..happened.len() {
            let Some(seen) =
                seen(&history.operations[reader]).filter(|seen| happened[reader] && *seen != ValueId::NIL)
            else {
                continue;
            };
            let writer = (0..happened.len()).find(|&writer| {
                let writer = &history.operations[writer];
                let fits = left(writer) == Some(seen) && writer.key == history.operations[reader].key;
                fits && writer.outcome != Outcome::Fail
            });
            happened[writer?] = true;
        }
    }
    let operations = history.operations.iter().zip(happened).filter(|(_, happened)| *happened);
    Some(operations.map(|(operation, _)| *operation).collect())
}

/// Causes by place: the closure of session order and of seeing. `None` where one is its own cause.
fn causes(operations: &[RegisterOperation]) -> Option<Vec<Vec<bool>>> {
    let count = operations.len();
    let direct = |a: &RegisterOperation, b: &RegisterOperation| {
        let session = a.process == b.process && a.invoked < b.invoked && a.outcome == Outcome::Ok;
        session || (a.key == b.key && left(a).is_some() && left(a) == seen(b))
    };
    let mut causes: Vec<Vec<bool>> =
        operations.iter().map(|a| operations.iter().map(|b| direct(a, b)).collect()).collect();
    for middle in 0..count {
        for a in 0..count {
            for b in 0..count {
                causes[a][b] |= causes[a][middle] && causes[middle][b];
            }
        }
    }
    (0..count).all(|at| !causes[at][at]).then_some(causes)
}

/// Causal consistency by definition: some order of all that took place keeps causes, and each read sees the last write
/// of its register among its causes.
pub(crate) fn is_causal(history: &RegisterHistory) -> bool {
    let Some(operations) = happened(history) else { return false };
    let Some(causes) = causes(&operations) else { return false };
    arbitrate(&operations, &causes, &mut Vec::new())
}

fn arbitrate(operations: &[RegisterOperation], causes: &[Vec<bool>], order: &mut Vec<usize>) -> bool {
    if order.len() == operations.len() {
        return true;
    }
    for next in 0..operations.len() {
        let waits = (0..operations.len()).any(|other| causes[other][next] && !order.contains(&other));
        if order.contains(&next) || waits {
            continue;
        }
        let write = |&&at: &&usize| {
            causes[at][next] && operations[at].key == operations[next].key && left(&operations[at]).is_some()
        };
        let last = order.iter().rev().find(write).map_or(Some(ValueId::NIL), |&at| left(&operations[at]));
        if seen(&operations[next]).is_some() && seen(&operations[next]) != last {
            continue;
        }
        order.push(next);
        if arbitrate(operations, causes, order) {
            return true;
        }
        order.pop();
    }
    false
}

/// Which session guarantees are kept, by definition: read your writes, monotonic reads, monotonic writes, writes follow
/// reads. See the module `guarantees`.
pub(crate) fn guarantees(history: &RegisterHistory) -> Option<[bool; 4]> {
    let operations = happened(history)?;
    let told: Vec<RegisterOperation> =
        operations.iter().copied().filter(|operation| operation.outcome == Outcome::Ok).collect();
    let mut kept = [true; 4];
    for (place, read) in told.iter().enumerate() {
        let Some(version) = seen(read) else { continue };
        let earlier = || told[..place].iter().filter(|operation| operation.process == read.process);
        let here = |operation: &&RegisterOperation| operation.key == read.key;
        let older = |newer: ValueId| older(&operations, read.key, version, newer);
        let touched = |newer: ValueId| {
            // A compare-and-set reads before it writes.
            let touch = |value| {
                let mut moments = earlier().filter(here).flat_map(|it| [seen(it), left(it)]);
                moments.position(|moment| moment == Some(value))
            };
            version != newer
                && touch(version).is_some_and(|first| touch(newer).is_some_and(|second| first < second))
        };
        let versions = |of: &dyn Fn(&RegisterOperation) -> Option<ValueId>| -> Vec<ValueId> {
            earlier().filter(here).filter_map(of).filter(|value| *value != ValueId::NIL).collect()
        };
        kept[0] &= !versions(&left).into_iter().any(|own| older(own) || touched(own));
        kept[1] &= !versions(&seen).into_iter().any(|before| older(before) || touched(before));
        for known in earlier().filter_map(|it| writer(&told, it.key, seen(it)?)) {
            let of_writer =
                || told.iter().filter(move |it| it.process == known.process && it.process != read.process);
            let before = |it: &&RegisterOperation| it.key == read.key && it.invoked < known.invoked;
            let up_to = |it: &&RegisterOperation| it.key == read.key && it.invoked <= known.invoked;
            kept[2] &= !of_writer().filter(before).filter_map(left).any(older);
            let mut read_by_writer =
                of_writer().filter(up_to).filter_map(seen).filter(|value| *value != ValueId::NIL);
            kept[3] &=
                !read_by_writer.any(|value| older(value) || (value == version && known.key == read.key));
        }
    }
    Some(kept)
}

fn writer(operations: &[RegisterOperation], key: u32, value: ValueId) -> Option<&RegisterOperation> {
    operations.iter().find(|it| it.key == key && left(it) == Some(value))
}

/// Whether one version of a register is the initial one, or was written earlier by the session that wrote the other.
fn older(operations: &[RegisterOperation], key: u32, version: ValueId, newer: ValueId) -> bool {
    let certain = |value| writer(operations, key, value).filter(|writer| writer.outcome == Outcome::Ok);
    if version == ValueId::NIL {
        return newer != ValueId::NIL;
    }
    let (Some(one), Some(other)) = (certain(version), certain(newer)) else { return false };
    one.process == other.process && one.invoked < other.invoked
}
