//! Histories out: one operation a line, in the order of real time, so that what is written reads back equal.

use std::io::{self, Write};

use super::Format;
use super::workloads::ONLY_REGISTER;
use crate::Outcome;
use crate::recorded::{
    NEVER, Names, Rank, RegisterAction, RegisterHistory, RegisterOperation, Step, TransactionHistory, ValueId,
};

/// Writes a history of single-key operations; indeterminate ones complete as `:info` at the end.
///
/// JSON has no ratios, characters, symbols and integers beyond 64 bits: as JSON, such names are strings.
///
/// # Errors
/// Those of `out`.
pub fn write_registers(history: &RegisterHistory, format: Format, out: &mut impl Write) -> io::Result<()> {
    let keyed = history.keys.len() > 1 || (history.keys.len() == 1 && history.keys.name(0) != ONLY_REGISTER);
    let mut lines = Lines { format, out, index: 0 };
    let stamps = history.operations.iter().map(|operation| (operation.invoked, operation.completed));
    for event in events(stamps) {
        let operation = &history.operations[event.record];
        let function = match operation.action {
            RegisterAction::Read(_) => "read",
            RegisterAction::Write(_) => "write",
            RegisterAction::CompareAndSet { .. } => "cas",
        };
        lines.begin(operation.process, event.kind(operation.outcome), function)?;
        if keyed {
            lines.open()?;
            lines.name(&history.keys, operation.key)?;
            lines.separate()?;
        }
        lines.register_value(history, operation, event.completes)?;
        if keyed {
            lines.close()?;
        }
        lines.end()?;
    }
    Ok(())
}

/// Writes a history of transactions; indeterminate ones complete as `:info` at the end.
///
/// JSON has no ratios, characters, symbols and integers beyond 64 bits: as JSON, such names are strings.
///
/// # Errors
/// Those of `out`.
pub fn write_transactions(
    history: &TransactionHistory,
    format: Format,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut lines = Lines { format, out, index: 0 };
    let stamps = history.transactions.iter().map(|transaction| (transaction.invoked, transaction.completed));
    for event in events(stamps) {
        let transaction = &history.transactions[event.record];
        lines.begin(transaction.process, event.kind(transaction.outcome), "txn")?;
        lines.open()?;
        for (place, step) in history.steps(transaction).iter().enumerate() {
            if place > 0 {
                lines.separate()?;
            }
            lines.step(history, *step, event.completes)?;
        }
        lines.close()?;
        lines.end()?;
    }
    Ok(())
}

/// An invocation or a completion.
struct Event {
    record: usize,
    completes: bool,
}

impl Event {
    fn kind(&self, outcome: Outcome) -> &'static str {
        match (self.completes, outcome) {
            (false, _) => "invoke",
            (true, Outcome::Ok) => "ok",
            (true, Outcome::Fail) => "fail",
            (true, Outcome::Info) => "info",
        }
    }
}

/// All invocations and completions in the order of real time.
fn events(stamps: impl Iterator<Item = (Rank, Rank)>) -> impl Iterator<Item = Event> {
    let mut ranks: Vec<(Rank, usize, bool)> = stamps
        .enumerate()
        .flat_map(|(record, (invoked, completed))| [(invoked, record, false), (completed, record, true)])
        .collect();
    // Only indeterminate operations share a rank: they complete at the end, in the order in which they were invoked.
    ranks.sort_unstable();
    debug_assert!(ranks.windows(2).all(|pair| pair[0].0 < pair[1].0 || pair[1].0 == NEVER));
    ranks.into_iter().map(|(_, record, completes)| Event { record, completes })
}

/// Whether JSON reads a name as the same name.
fn stands_in_json(name: &str) -> bool {
    match serde_json::from_str::<serde_json::Value>(name) {
        Ok(serde_json::Value::String(_)) => true,
        Ok(value) => {
            let rewritten = value.to_string();
            rewritten == name
        }
        Err(_) => false,
    }
}

/// Lines in one of the formats.
struct Lines<'o, W> {
    format: Format,
    out: &'o mut W,
    index: u64,
}

impl<W: Write> Lines<'_, W> {
    fn begin(&mut self, process: u32, kind: &str, function: &str) -> io::Result<()> {
        match self.format {
            Format::Edn => write!(self.out, "{{:process {process}, :type :{kind}, :f :{function}, :value "),
            Format::Json => {
                write!(self.out, r#"{{"process": {process}, "type": "{kind}", "f": "{function}", "value": "#)
            }
        }
    }

    fn end(&mut self) -> io::Result<()> {
        let index = self.index;
        self.index += 1;
        match self.format {
            Format::Edn => writeln!(self.out, ", :index {index}}}"),
            Format::Json => writeln!(self.out, r#", "index": {index}}}"#),
        }
    }

    fn open(&mut self) -> io::Result<()> {
        self.out.write_all(b"[")
    }

    fn close(&mut self) -> io::Result<()> {
        self.out.write_all(b"]")
    }

    fn separate(&mut self) -> io::Result<()> {
        self.out.write_all(if self.format == Format::Edn { b" " } else { b", " })
    }

    fn function(&mut self, name: &str) -> io::Result<()> {
        match self.format {
            Format::Edn => write!(self.out, ":{name}"),
            Format::Json => write!(self.out, "\"{name}\""),
        }
    }

    fn nil(&mut self) -> io::Result<()> {
        self.out.write_all(if self.format == Format::Edn { b"nil" } else { b"null" })
    }

    fn value(&mut self, values: &Names, value: ValueId) -> io::Result<()> {
        if value == ValueId::NIL { self.nil() } else { self.name(values, value.0) }
    }

    fn name(&mut self, names: &Names, number: u32) -> io::Result<()> {
        let name = names.name(number);
        if self.format == Format::Edn || stands_in_json(&name) {
            return self.out.write_all(name.as_bytes());
        }
        write!(self.out, "{}", serde_json::Value::from(name))
    }

    fn register_value(
        &mut self,
        history: &RegisterHistory,
        operation: &RegisterOperation,
        completes: bool,
    ) -> io::Result<()> {
        match operation.action {
            RegisterAction::Read(Some(value)) if completes => self.value(&history.values, value),
            RegisterAction::Read(_) => self.nil(),
            RegisterAction::Write(value) => self.value(&history.values, value),
            RegisterAction::CompareAndSet { from, to } => {
                self.open()?;
                self.value(&history.values, from)?;
                self.separate()?;
                self.value(&history.values, to)?;
                self.close()
            }
        }
    }

    fn step(&mut self, history: &TransactionHistory, step: Step, completes: bool) -> io::Result<()> {
        self.open()?;
        self.function(match step {
            Step::Append { .. } => "append",
            Step::Write { .. } => "w",
            Step::Read { .. } | Step::ReadList { .. } | Step::ReadUnknown { .. } => "r",
        })?;
        self.separate()?;
        self.name(&history.keys, step.key())?;
        self.separate()?;
        match step {
            Step::Append { value, .. } | Step::Write { value, .. } => self.value(&history.values, value)?,
            Step::Read { value, .. } if completes => self.value(&history.values, value)?,
            Step::ReadList { elements, .. } if completes => {
                self.list(&history.values, history.list(elements))?;
            }
            _ => self.nil()?,
        }
        self.close()
    }

    fn list(&mut self, values: &Names, list: &[ValueId]) -> io::Result<()> {
        self.open()?;
        for (place, value) in list.iter().enumerate() {
            if place > 0 {
                self.separate()?;
            }
            self.value(values, *value)?;
        }
        self.close()
    }
}
