//! `counter`: `:add` of an amount, `:read` of the sum.

use super::rules::invoked;
use super::{Stamp, Told, Workload};
use crate::Outcome;
use crate::jepsen::error::Fault;
use crate::jepsen::forms::{Forms, Token};
use crate::workload_judges::{CounterAction, CounterHistory, WorkloadOperation};

/// Reads counters.
#[derive(Default)]
pub(in crate::jepsen) struct Counters(CounterHistory);

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jepsen) enum Function {
    Add,
    Read,
}

const NUMBERS: &str = "the value of :add is a whole number, and so is what :read returns";

impl Workload for Counters {
    type Function = Function;
    /// None of `nil`.
    type Value = Option<i64>;
    type Record = WorkloadOperation<CounterAction>;
    type History = CounterHistory;

    const NAME: &'static str = "counter";
    const FUNCTIONS: &'static str = "counters have :add and :read";

    fn function(name: &[u8]) -> Option<Function> {
        match name {
            b"add" => Some(Function::Add),
            b"read" => Some(Function::Read),
            _ => None,
        }
    }

    fn value<'a>(&mut self, _: Function, forms: &mut impl Forms<'a>) -> Result<Option<i64>, Box<Fault>> {
        match forms.token()? {
            Token::Nil => Ok(None),
            Token::Integer(value) => Ok(Some(value)),
            token => {
                Err(forms.wrong(format!("expected a whole number, found {}", token.describe()), NUMBERS))
            }
        }
    }

    fn invoke(
        &mut self,
        function: Function,
        value: Option<Option<i64>>,
        stamp: Stamp,
    ) -> Result<(), Box<Fault>> {
        let action = match (function, value.flatten()) {
            (Function::Add, Some(amount)) => CounterAction::Add(amount),
            (Function::Add, None) => return Err(stamp.wrong("the addition has no :value", NUMBERS)),
            (Function::Read, _) => CounterAction::Read(0),
        };
        self.0.operations.push(invoked(stamp, action));
        Ok(())
    }

    fn complete(&mut self, place: usize, value: Option<Option<i64>>, told: Told) -> Result<(), Box<Fault>> {
        let action = &mut self.0.operations[place].action;
        if told.outcome == Outcome::Ok && matches!(action, CounterAction::Read(_)) {
            let value =
                value.flatten().ok_or_else(|| told.wrong("a read that is ok has no :value", NUMBERS))?;
            *action = CounterAction::Read(value);
        }
        Ok(())
    }

    fn records(&mut self) -> &mut Vec<Self::Record> {
        &mut self.0.operations
    }

    fn finish(self) -> CounterHistory {
        self.0
    }
}
