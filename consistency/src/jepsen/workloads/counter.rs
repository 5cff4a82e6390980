//! `counter`: `:add` of an amount, `:read` of the sum; of many counters as `[key number]`, or `:txn` of one step.

use super::counting::{CountingStep, steps};
use super::keys::{Function, KEYS, Keys};
use super::rules::{echoed, invoked};
use super::{Stamp, Told, Workload};
use crate::Outcome;
use crate::jepsen::error::Fault;
use crate::jepsen::foreign::Foreign;
use crate::jepsen::forms::{Forms, Token};
use crate::workload_judges::{ByKey, CounterAction, CounterHistory, Keyed, WorkloadOperation};

/// Reads counters.
#[derive(Default)]
pub(in crate::jepsen) struct Counters {
    operations: Vec<WorkloadOperation<Keyed<CounterAction>>>,
    keys: Keys,
}

/// The key, if there is one, and the number, none of `nil`.
#[derive(Clone, Copy, Debug)]
pub(in crate::jepsen) struct Value {
    key: Option<u32>,
    number: Option<i64>,
    adds: bool,
}

const NUMBERS: &str =
    "the value of :add is a whole number, and so is what :read returns; of many counters, [key number]";
const STEPS: &str = "a transaction of one counter is [[:add key number]] or [[:r key number]]";

impl Workload for Counters {
    type Function = Function;
    type Value = Value;
    type Record = WorkloadOperation<Keyed<CounterAction>>;
    type History = ByKey<CounterHistory>;

    const NAME: &'static str = "counter";
    const FUNCTIONS: &'static str = "counters have :add and :read, or :txn of one step";

    fn function(name: &[u8]) -> Option<Function> {
        Function::named(name)
    }

    fn value<'a>(&mut self, function: Function, forms: &mut impl Forms<'a>) -> Result<Value, Box<Fault>> {
        let adds = function == Function::Add;
        if function == Function::Transact {
            return self.transaction(forms);
        }
        let token = forms.token()?;
        match token.opens_sequence() {
            Some(bracket) => {
                let key = forms.token()?;
                let key = Some(forms.named(&mut self.keys.names, key)?);
                let token = forms.token()?;
                let number = number(token, forms)?;
                forms.close(bracket, NUMBERS)?;
                Ok(Value { key, number, adds })
            }
            None => Ok(Value { key: None, number: number(token, forms)?, adds }),
        }
    }

    fn invoke(&mut self, function: Function, value: Option<Value>, stamp: Stamp) -> Result<(), Box<Fault>> {
        let adds = value.map_or(function == Function::Add, |value| value.adds);
        let key = value.and_then(|value| value.key);
        let action = match value.and_then(|value| value.number) {
            Some(amount) if adds => CounterAction::Add(amount),
            None if adds => return Err(stamp.wrong("the addition has no :value", NUMBERS)),
            _ => CounterAction::Read(0),
        };
        // A read may be invoked without a value: its answer says what it read.
        if adds || key.is_some() {
            self.keys.note(key, |message| stamp.wrong(message, KEYS))?;
        }
        self.operations.push(invoked(stamp, Keyed { key, action }));
        Ok(())
    }

    fn complete(&mut self, place: usize, value: Option<Value>, told: Told) -> Result<(), Box<Fault>> {
        let Keyed { key, action } = &mut self.operations[place].action;
        if told.outcome == Outcome::Ok && matches!(action, CounterAction::Read(_)) {
            let number = value.and_then(|value| value.number);
            let number = number.ok_or_else(|| told.wrong("a read that is ok has no :value", NUMBERS))?;
            let named = value.and_then(|value| value.key);
            self.keys.note_again(*key, named, |message| told.wrong(message, KEYS))?;
            (*key, *action) = (named, CounterAction::Read(number));
            return Ok(());
        }
        let said = value.filter(|value| value.adds).map(|value| (value.key, value.number));
        match *action {
            CounterAction::Add(amount) if told.outcome == Outcome::Ok => {
                echoed((*key, Some(amount)), said, &told)
            }
            _ => Ok(()),
        }
    }

    fn reads_only(&self, place: usize) -> bool {
        matches!(self.operations[place].action.action, CounterAction::Read(_))
    }

    fn records(&mut self) -> &mut Vec<Self::Record> {
        &mut self.operations
    }

    fn finish(self) -> ByKey<CounterHistory> {
        let Self { operations, keys } = self;
        if keys.are_named() {
            let part = |operations: &[_]| CounterHistory { operations: operations.to_vec() };
            return ByKey::split(&keys.names, &operations, part);
        }
        let lines = operations.iter().map(|operation| operation.line).collect();
        let operations = operations.iter().map(|operation| operation.with(operation.action.action)).collect();
        ByKey::one(CounterHistory { operations }, lines)
    }
}

impl Counters {
    fn transaction<'a>(&mut self, forms: &mut impl Forms<'a>) -> Result<Value, Box<Fault>> {
        match steps(&mut self.keys.names, forms)?[..] {
            [CountingStep::Read { key, value }] => Ok(Value { key: Some(key), number: value, adds: false }),
            [CountingStep::Add { key, amount }] => {
                Ok(Value { key: Some(key), number: Some(amount), adds: true })
            }
            _ => {
                let message = "the transaction does more than one counter can".into();
                Err(forms.wrong(message, STEPS).of(Foreign::TRANSACTION))
            }
        }
    }
}

fn number<'a>(token: Token<'a>, forms: &impl Forms<'a>) -> Result<Option<i64>, Box<Fault>> {
    match token {
        Token::Nil => Ok(None),
        Token::Integer(value) => Ok(Some(value)),
        token => Err(forms.wrong(format!("expected a whole number, found {}", token.describe()), NUMBERS)),
    }
}
