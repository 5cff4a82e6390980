//! Histories as Jepsen writes them: EDN, one operation a line, in the order in which clients saw things happen.
//!
//! A register operation has the value `[key id]` (an independent key, as `jepsen.independent` has it), where `id` is
//! the unique id of the write and `nil` the initial value; a read-modify-write and a transaction are `:txn` with
//! `[:r key value]`, `[:w key id]` and `[:add key delta]`. What is still open at the end is `:info`.

use std::io::{self, Write};

use shardlab_consistency::{History, INITIAL_VALUE, MicroOperation, Operation, OperationKind, Outcome, Time};

/// Writes a history.
///
/// # Errors
/// Those of `out`.
pub fn write_history(history: &History, out: &mut dyn Write) -> io::Result<()> {
    let mut events = events(history);
    events.sort_unstable();
    let end = events.iter().map(|event| event.time).filter(|&time| time != Time::MAX).max().unwrap_or(0);
    for (index, event) in events.into_iter().enumerate() {
        let time = event.time.min(end);
        write!(out, "{{:index {index}, ")?;
        let call = event.call as usize;
        match history.operations.get(call) {
            Some(operation) => write_operation(operation, event.edge, out)?,
            None => write_transaction(history, call - history.operations.len(), event.edge, out)?,
        }
        writeln!(out, ", :time {time}}}")?;
    }
    Ok(())
}

/// Which end of a call. A process completes before it invokes again in the same nanosecond; a call that takes no time
/// is still invoked before it completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Complete,
    Invoke,
    CompleteAtOnce,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Event {
    time: Time,
    edge: Edge,
    /// Operations first, then transactions.
    call: u32,
}

fn events(history: &History) -> Vec<Event> {
    let operations = history.operations.iter().map(|operation| (operation.invoked, operation.completed));
    let transactions =
        history.transactions.iter().map(|transaction| (transaction.invoked, transaction.completed));
    let calls = operations.chain(transactions).zip(0..);
    calls
        .flat_map(|((invoked, completed), call)| {
            let edge = if completed == invoked { Edge::CompleteAtOnce } else { Edge::Complete };
            [Event { time: invoked, edge: Edge::Invoke, call }, Event { time: completed, edge, call }]
        })
        .collect()
}

fn kind(edge: Edge, outcome: Outcome) -> &'static str {
    match (edge, outcome) {
        (Edge::Invoke, _) => "invoke",
        (_, Outcome::Ok) => "ok",
        (_, Outcome::Fail) => "fail",
        (_, Outcome::Info) => "info",
    }
}

fn write_operation(operation: &Operation, edge: Edge, out: &mut dyn Write) -> io::Result<()> {
    let kind = kind(edge, operation.outcome);
    let Operation { process, key, value, previous, .. } = *operation;
    let known = kind == "ok";
    write!(out, ":type :{kind}, :process {process}, ")?;
    match operation.kind {
        OperationKind::Read => write!(out, ":f :read, :value [{key} {}]", Seen(value, known)),
        OperationKind::Write | OperationKind::Insert => write!(out, ":f :write, :value [{key} {value}]"),
        OperationKind::ReadModifyWrite => {
            write!(out, ":f :txn, :value [[:r {key} {}] [:w {key} {value}]]", Seen(previous, known))
        }
        OperationKind::Scan => write!(out, ":f :scan, :value [{key} {}]", Counted(value, known)),
    }
}

fn write_transaction(history: &History, index: usize, edge: Edge, out: &mut dyn Write) -> io::Result<()> {
    let transaction = &history.transactions[index];
    let kind = kind(edge, transaction.outcome);
    write!(out, ":type :{kind}, :process {}, :f :txn, :value [", transaction.process)?;
    for (place, step) in history.steps(transaction).iter().enumerate() {
        let gap = if place == 0 { "" } else { " " };
        match (step, kind) {
            (MicroOperation::Read { key, value }, "ok") => write!(out, "{gap}[:r {key} {value}]")?,
            (MicroOperation::Read { key, .. }, _) => write!(out, "{gap}[:r {key} nil]")?,
            (MicroOperation::Add { key, delta }, _) => write!(out, "{gap}[:add {key} {delta}]")?,
            (MicroOperation::ReadRegister { key, value }, kind) => {
                write!(out, "{gap}[:r {key} {}]", Seen(*value, kind == "ok"))?;
            }
            (MicroOperation::Write { key, value }, _) => write!(out, "{gap}[:w {key} {value}]")?,
            (&MicroOperation::ReadList { key, start, length }, "ok") => {
                write!(out, "{gap}[:r {key} {}]", List(history.list(start, length)))?;
            }
            (MicroOperation::ReadList { key, .. }, _) => write!(out, "{gap}[:r {key} nil]")?,
            (MicroOperation::Append { key, value }, _) => write!(out, "{gap}[:append {key} {value}]")?,
        }
    }
    write!(out, "]")
}

/// An id that was read; `nil` where nothing was, or not yet.
struct Seen(u64, bool);

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self(INITIAL_VALUE, _) | Self(_, false) => f.write_str("nil"),
            Self(id, true) => write!(f, "{id}"),
        }
    }
}

/// A list that was read.
struct List<'a>(&'a [u64]);

impl std::fmt::Display for List<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let elements: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        write!(f, "[{}]", elements.join(" "))
    }
}

/// How many rows a scan found, once that is known.
struct Counted(u64, bool);

impl std::fmt::Display for Counted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.1 { write!(f, "{}", self.0) } else { f.write_str("nil") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shardlab_consistency::{NO_NODE, Transaction};

    fn operation(
        process: u32,
        kind: OperationKind,
        outcome: Outcome,
        value: u64,
        span: (Time, Time),
    ) -> Operation {
        let (invoked, completed) = span;
        Operation { process, node: NO_NODE, kind, outcome, key: 7, value, previous: 3, invoked, completed }
    }

    fn written(history: &History) -> String {
        let mut out = Vec::new();
        write_history(history, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn calls_are_told_in_the_order_in_which_they_happened() {
        let mut history = History::default();
        history.push(operation(1, OperationKind::Write, Outcome::Ok, 5, (10, 30)));
        history.push(operation(2, OperationKind::Read, Outcome::Ok, 0, (20, 25)));
        history.push(operation(1, OperationKind::ReadModifyWrite, Outcome::Fail, 6, (30, 30)));
        history.push(operation(3, OperationKind::Scan, Outcome::Info, 0, (40, Time::MAX)));
        let transfer = Transaction::new(1, 4, Outcome::Ok, 35, 50);
        let steps = [MicroOperation::Add { key: 1, delta: -5 }, MicroOperation::Read { key: 2, value: 9 }];
        history.push_transaction(transfer, &steps);
        assert_eq!(
            written(&history),
            "\
{:index 0, :type :invoke, :process 1, :f :write, :value [7 5], :time 10}
{:index 1, :type :invoke, :process 2, :f :read, :value [7 nil], :time 20}
{:index 2, :type :ok, :process 2, :f :read, :value [7 nil], :time 25}
{:index 3, :type :ok, :process 1, :f :write, :value [7 5], :time 30}
{:index 4, :type :invoke, :process 1, :f :txn, :value [[:r 7 nil] [:w 7 6]], :time 30}
{:index 5, :type :fail, :process 1, :f :txn, :value [[:r 7 nil] [:w 7 6]], :time 30}
{:index 6, :type :invoke, :process 4, :f :txn, :value [[:add 1 -5] [:r 2 nil]], :time 35}
{:index 7, :type :invoke, :process 3, :f :scan, :value [7 nil], :time 40}
{:index 8, :type :ok, :process 4, :f :txn, :value [[:add 1 -5] [:r 2 9]], :time 50}
{:index 9, :type :info, :process 3, :f :scan, :value [7 nil], :time 50}
"
        );
    }
}
