//! How witnesses speak: times, operations and values in plain words.

use crate::{History, INITIAL_VALUE, NO_NODE, Operation, OperationKind, Outcome, Time};

/// `20.310 s`: exact, in groups of three decimals, at least one group.
pub(crate) fn time(ns: Time) -> String {
    let (seconds, nanos) = (ns / 1_000_000_000, ns % 1_000_000_000);
    if nanos.is_multiple_of(1_000_000) {
        format!("{seconds}.{:03} s", nanos / 1_000_000)
    } else if nanos.is_multiple_of(1_000) {
        format!("{seconds}.{:06} s", nanos / 1_000)
    } else {
        format!("{seconds}.{nanos:09} s")
    }
}

/// `value 7`, or `the initial value`.
pub(crate) fn value(id: u64) -> String {
    if id == INITIAL_VALUE { "the initial value".into() } else { format!("value {id}") }
}

/// `process 4 wrote value 7 to key 42 at 1.000 s and was told ok at 1.002 s`.
pub(crate) fn write(operation: &Operation) -> String {
    let Operation { process, value, key, invoked, .. } = operation;
    let told = told(operation.outcome, operation.completed);
    format!("process {process} wrote value {value} to key {key} at {} and {told}", time(*invoked))
}

/// `process 4 read value 7 from key 42 on node 3 between 1.000 s and 1.002 s`.
pub(crate) fn read(operation: &Operation, observed: u64) -> String {
    let Operation { process, key, invoked, completed, .. } = operation;
    let server =
        if operation.node == NO_NODE { String::new() } else { format!(" on node {}", operation.node) };
    let then = if operation.kind == OperationKind::ReadModifyWrite { ", before it wrote" } else { "" };
    let (value, from, to) = (value(observed), time(*invoked), time(*completed));
    format!("process {process} read {value} from key {key}{server} between {from} and {to}{then}")
}

/// `was told ok at 1.002 s`.
pub(crate) fn told(outcome: Outcome, completed: Time) -> String {
    match outcome {
        Outcome::Ok => format!("was told ok at {}", time(completed)),
        Outcome::Fail => format!("was told at {} that it failed", time(completed)),
        Outcome::Info => "was never told the outcome".into(),
    }
}

/// The operation that wrote an id to a key, if the history has it.
pub(crate) fn writer(history: &History, key: u64, id: u64) -> Option<usize> {
    let wrote = |operation: &Operation| operation.key == key && operation.written() == Some(id);
    history.operations.iter().position(wrote)
}

/// `1 lock`, `2 locks`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_exact_and_no_longer_than_needed() {
        let words = [0, 20_310_000_000, 20_310_412_000, 20_310_412_007, 1].map(time);
        assert_eq!(words, ["0.000 s", "20.310 s", "20.310412 s", "20.310412007 s", "0.000000001 s"]);
    }
}
