//! `set`: `:add` of an element, `:read` of all of them, as a vector, a list or a set.

use super::rules::invoked;
use super::{Stamp, Told, Workload};
use crate::Outcome;
use crate::jepsen::error::Fault;
use crate::jepsen::forms::{Bracket, Forms, Token};
use crate::recorded::ValueId;
use crate::workload_judges::{SetAction, SetHistory, WorkloadOperation};

/// Reads sets.
#[derive(Default)]
pub(in crate::jepsen) struct Sets {
    history: SetHistory,
    /// The elements read last.
    elements: Vec<ValueId>,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jepsen) enum Function {
    Add,
    Read,
}

/// A value; the elements of a read are in [`Sets::elements`].
#[derive(Clone, Copy, Debug)]
pub(in crate::jepsen) enum Value {
    Element(ValueId),
    Elements,
    Nil,
}

const ADD: &str = "the value of :add is what is added";
const READ: &str = "a read's value is all elements, [1 2 3] or #{1 2 3}";

impl Workload for Sets {
    type Function = Function;
    type Value = Value;
    type Record = WorkloadOperation<SetAction>;
    type History = SetHistory;

    const NAME: &'static str = "set";
    const FUNCTIONS: &'static str = "sets have :add and :read";

    fn function(name: &[u8]) -> Option<Function> {
        match name {
            b"add" => Some(Function::Add),
            b"read" => Some(Function::Read),
            _ => None,
        }
    }

    fn value<'a>(&mut self, function: Function, forms: &mut impl Forms<'a>) -> Result<Value, Box<Fault>> {
        let token = forms.token()?;
        match (function, token) {
            (Function::Add, token) => {
                Ok(Value::Element(ValueId(forms.named(&mut self.history.values, token)?)))
            }
            (Function::Read, Token::Nil) => Ok(Value::Nil),
            // `}` closes maps and sets alike.
            (Function::Read, Token::Open(Bracket::Set)) => self.read_elements(Bracket::Map, forms),
            (Function::Read, Token::Open(bracket @ (Bracket::Vector | Bracket::List))) => {
                self.read_elements(bracket, forms)
            }
            (Function::Read, token) => {
                Err(forms
                    .wrong(format!("expected the elements of the set, found {}", token.describe()), READ))
            }
        }
    }

    fn invoke(&mut self, function: Function, value: Option<Value>, stamp: Stamp) -> Result<(), Box<Fault>> {
        let action = match (function, value) {
            (Function::Add, Some(Value::Element(element))) => SetAction::Add(element),
            (Function::Add, _) => return Err(stamp.wrong("the addition has no :value", ADD)),
            (Function::Read, _) => SetAction::Read { first: 0, count: 0 },
        };
        self.history.operations.push(invoked(stamp, action));
        Ok(())
    }

    fn complete(&mut self, place: usize, value: Option<Value>, told: Told) -> Result<(), Box<Fault>> {
        let is_read = matches!(self.history.operations[place].action, SetAction::Read { .. });
        if told.outcome != Outcome::Ok || !is_read {
            return Ok(());
        }
        let Some(Value::Elements) = value else {
            return Err(told.wrong("a read that is ok has no :value", READ));
        };
        self.history.operations[place].action = self.history.push_elements(self.elements.drain(..));
        Ok(())
    }

    fn records(&mut self) -> &mut Vec<Self::Record> {
        &mut self.history.operations
    }

    fn finish(self) -> SetHistory {
        self.history
    }
}

impl Sets {
    /// Elements behind their bracket.
    fn read_elements<'a>(
        &mut self,
        bracket: Bracket,
        forms: &mut impl Forms<'a>,
    ) -> Result<Value, Box<Fault>> {
        self.elements.clear();
        loop {
            let token = forms.token()?;
            if token == Token::Close(bracket) {
                return Ok(Value::Elements);
            }
            self.elements.push(ValueId(forms.named(&mut self.history.values, token)?));
        }
    }
}
