//! `register`: `:read`, `:write` and `:cas`, on one register or, as `[key value]`, on many; and `:txn` of one key, which
//! reads, writes, or reads and then writes.

use super::micro_operations::{Scratch, Tables};
use super::rules::echoed;
use super::{Stamp, Told, Workload};
use crate::Outcome;
use crate::jepsen::error::Fault;
use crate::jepsen::foreign::Foreign;
use crate::jepsen::forms::{Bracket, Forms, Token};
use crate::recorded::{NEVER, RegisterAction, RegisterHistory, RegisterOperation, Step, ValueId, Versions};

/// Reads registers.
#[derive(Default)]
pub(in crate::jepsen) struct Registers {
    history: RegisterHistory,
    /// Whether values come with keys; known from the first invocation on.
    keyed: Option<bool>,
    scratch: Scratch,
}

/// What a register operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jepsen) enum Function {
    Read,
    Write,
    CompareAndSet,
    /// A transaction of one key.
    Transact,
}

/// The key, if there is one, and the value or the two values.
#[derive(Clone, Copy, Debug)]
pub(in crate::jepsen) struct Value {
    key: Option<u32>,
    first: ValueId,
    /// Of a compare-and-set.
    second: ValueId,
    kind: Kind,
}

/// What an operation does, whichever function says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
    CompareAndSet,
    /// Writes, whatever it reads: a compare-and-set once it is known what that was.
    ReadModifyWrite,
}

/// The name of the only register, where operations name none.
pub(in crate::jepsen) const ONLY_REGISTER: &str = "register";

const OTHER: &str = "the transaction is another than the one that was invoked";
const OTHER_KEYS: &str = "the transaction does more than one register can";
const READS: &str = "a read's value is what was read, or [key value]; nil where the register is empty";
const WRITES: &str = "a write's value is what is written, or [key value]";
const SWAPS: &str = "a cas's value is [from to], or [key [from to]]";
const TRANSACTIONS: &str =
    "a transaction of one register is [[:r key value]], [[:w key value]] or both in this order";
const KEYS: &str = "name a key in every operation, as in [key value], or in none";

impl Function {
    fn help(self) -> &'static str {
        match self {
            Self::Read => READS,
            Self::Write => WRITES,
            Self::CompareAndSet => SWAPS,
            Self::Transact => TRANSACTIONS,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Read => Kind::Read,
            Self::Write => Kind::Write,
            Self::CompareAndSet => Kind::CompareAndSet,
            Self::Transact => Kind::ReadModifyWrite,
        }
    }
}

impl Workload for Registers {
    type Function = Function;
    type Value = Value;
    type Record = RegisterOperation;
    type History = RegisterHistory;

    const NAME: &'static str = "register";
    const FUNCTIONS: &'static str = "registers have :read, :write and :cas, or :txn of one key";

    fn function(name: &[u8]) -> Option<Function> {
        match name {
            b"read" | b"r" => Some(Function::Read),
            b"write" | b"w" => Some(Function::Write),
            b"cas" => Some(Function::CompareAndSet),
            b"txn" => Some(Function::Transact),
            _ => None,
        }
    }

    fn value<'a>(&mut self, function: Function, forms: &mut impl Forms<'a>) -> Result<Value, Box<Fault>> {
        if function == Function::Transact {
            return self.transaction(forms);
        }
        let token = forms.token()?;
        match (function, token.opens_sequence()) {
            (Function::CompareAndSet, Some(bracket)) => self.swap(bracket, forms),
            (Function::CompareAndSet, None) => {
                Err(forms.wrong(format!("expected [from to], found {}", token.describe()), SWAPS))
            }
            (_, Some(bracket)) => self.with_key(bracket, function, forms),
            (_, None) => {
                let first = forms.value(&mut self.history.values, token)?;
                Ok(Value { key: None, first, second: ValueId::NIL, kind: function.kind() })
            }
        }
    }

    fn invoke(&mut self, function: Function, value: Option<Value>, stamp: Stamp) -> Result<(), Box<Fault>> {
        let value = match (value, function) {
            (Some(value), _) => value,
            // Some clients write no `:value` where there is none.
            (None, Function::Read) if self.keyed != Some(true) => {
                Value { key: None, first: ValueId::NIL, second: ValueId::NIL, kind: Kind::Read }
            }
            (None, _) => return Err(stamp.wrong("the invocation has no :value", function.help())),
        };
        if *self.keyed.get_or_insert(value.key.is_some()) != value.key.is_some() {
            return Err(stamp.wrong("some operations name a key, and some do not", KEYS));
        }
        let action = match value.kind {
            Kind::Read => RegisterAction::Read(None),
            Kind::Write => RegisterAction::Write(value.first),
            Kind::ReadModifyWrite => RegisterAction::Write(value.second),
            Kind::CompareAndSet => RegisterAction::CompareAndSet { from: value.first, to: value.second },
        };
        let key = value.key.unwrap_or_else(|| self.history.keys.word(ONLY_REGISTER));
        let Stamp { process, invoked, line, .. } = stamp;
        let outcome = Outcome::Info;
        let operation = RegisterOperation { process, key, action, outcome, invoked, completed: NEVER, line };
        self.history.operations.push(operation);
        Ok(())
    }

    /// Only what was read, and came back, says more than its invocation did.
    fn complete(&mut self, place: usize, value: Option<Value>, told: Told) -> Result<(), Box<Fault>> {
        let operation = &mut self.history.operations[place];
        let reads = matches!(operation.action, RegisterAction::Read(_));
        let transacts = value.is_some_and(|value| value.kind == Kind::ReadModifyWrite);
        if told.outcome != Outcome::Ok {
            return Ok(());
        }
        if !(reads || transacts) {
            let wrote = match operation.action {
                RegisterAction::Write(to) => (Some(operation.key), ValueId::NIL, to),
                RegisterAction::CompareAndSet { from, to } => (Some(operation.key), from, to),
                RegisterAction::Read(_) => unreachable!("what reads was told apart"),
            };
            let said = value.map(|value| match value.kind {
                Kind::CompareAndSet => (value.key.or(Some(operation.key)), value.first, value.second),
                _ => (value.key.or(Some(operation.key)), ValueId::NIL, value.first),
            });
            return echoed(wrote, said, &told);
        }
        let value = value.ok_or_else(|| told.wrong("a read that is ok has no :value", READS))?;
        let keyed = self.keyed == Some(true);
        if keyed != value.key.is_some() || value.key.is_some_and(|key| key != operation.key) {
            let key = self.history.keys.name(operation.key);
            let line = told.invoked_line;
            let message = format!("the key is not {key}, which the read was invoked with on line {line}");
            return Err(told.wrong(if keyed { message } else { "the value names a key".into() }, KEYS));
        }
        operation.action = match (value.kind, operation.action) {
            (Kind::Read, RegisterAction::Read(_)) => RegisterAction::Read(Some(value.first)),
            (Kind::ReadModifyWrite, RegisterAction::Write(to)) if to == value.second => {
                RegisterAction::CompareAndSet { from: value.first, to }
            }
            _ => return Err(told.wrong(OTHER, TRANSACTIONS)),
        };
        Ok(())
    }

    fn records(&mut self) -> &mut Vec<RegisterOperation> {
        &mut self.history.operations
    }

    fn finish(self) -> RegisterHistory {
        self.history
    }
}

impl Registers {
    /// `[key value]`, behind its bracket.
    fn with_key<'a>(
        &mut self,
        bracket: Bracket,
        function: Function,
        forms: &mut impl Forms<'a>,
    ) -> Result<Value, Box<Fault>> {
        let key = forms.token()?;
        let key = forms.named(&mut self.history.keys, key)?;
        let first = forms.token()?;
        let first = forms.value(&mut self.history.values, first)?;
        forms.close(bracket, function.help())?;
        Ok(Value { key: Some(key), first, second: ValueId::NIL, kind: function.kind() })
    }

    /// `[from to]` or `[key [from to]]`, behind its bracket.
    fn swap<'a>(&mut self, bracket: Bracket, forms: &mut impl Forms<'a>) -> Result<Value, Box<Fault>> {
        let first = forms.token()?;
        let second = forms.token()?;
        let value = match second.opens_sequence() {
            Some(inner) => {
                let key = forms.named(&mut self.history.keys, first)?;
                let (from, to) = (forms.token()?, forms.token()?);
                forms.close(inner, SWAPS)?;
                Value { key: Some(key), ..self.swapped(from, to, forms)? }
            }
            None => self.swapped(first, second, forms)?,
        };
        forms.close(bracket, SWAPS)?;
        Ok(value)
    }

    fn swapped<'a>(
        &mut self,
        from: Token<'a>,
        to: Token<'a>,
        forms: &impl Forms<'a>,
    ) -> Result<Value, Box<Fault>> {
        let first = forms.value(&mut self.history.values, from)?;
        let second = forms.value(&mut self.history.values, to)?;
        Ok(Value { key: None, first, second, kind: Kind::CompareAndSet })
    }

    fn transaction<'a>(&mut self, forms: &mut impl Forms<'a>) -> Result<Value, Box<Fault>> {
        let RegisterHistory { keys, values, .. } = &mut self.history;
        self.scratch.read(Versions::Registers, &mut Tables { keys, values }, forms)?;
        let value = |key, first, second, kind| Value { key: Some(key), first, second, kind };
        let nil = ValueId::NIL;
        match self.scratch.steps[..] {
            [Step::Write { key, value: written }] => Ok(value(key, written, nil, Kind::Write)),
            [read] if read.written().is_none() => Ok(value(read.key(), seen(read), nil, Kind::Read)),
            [read, Step::Write { key, value: written }] if read.written().is_none() && read.key() == key => {
                Ok(value(key, seen(read), written, Kind::ReadModifyWrite))
            }
            _ => Err(forms.wrong(OTHER_KEYS.into(), TRANSACTIONS).of(Foreign::TRANSACTION)),
        }
    }
}

/// What a step read.
fn seen(read: Step) -> ValueId {
    match read {
        Step::Read { value, .. } => value,
        _ => ValueId::NIL,
    }
}
