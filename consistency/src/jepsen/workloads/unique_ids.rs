//! `unique-ids`: `:generate`, which returns an id; or `:txn` that draws one from a counter, `[[:r key id] [:add key n]]`.

use super::counting::{CountingStep, steps};
use super::rules::invoked;
use super::{Stamp, Told, Workload};
use crate::Outcome;
use crate::jepsen::error::Fault;
use crate::jepsen::foreign::Foreign;
use crate::jepsen::forms::Forms;
use crate::recorded::{Names, ValueId};
use crate::workload_judges::{UniqueIdsHistory, WorkloadOperation};

/// Reads generators of ids.
#[derive(Default)]
pub(in crate::jepsen) struct UniqueIds {
    history: UniqueIdsHistory,
    /// The counters that transactions draw from.
    counters: Names,
}

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jepsen) enum Function {
    Generate,
    Transact,
}

const STEPS: &str = "an id is drawn by [[:r key id] [:add key number]], from one key";

impl Workload for UniqueIds {
    type Function = Function;
    type Value = ValueId;
    type Record = WorkloadOperation<Option<ValueId>>;
    type History = UniqueIdsHistory;

    const NAME: &'static str = "unique-ids";
    const FUNCTIONS: &'static str = "ids are asked for by :generate, or drawn by :txn";

    fn function(name: &[u8]) -> Option<Function> {
        match name {
            b"generate" => Some(Function::Generate),
            b"txn" => Some(Function::Transact),
            _ => None,
        }
    }

    fn value<'a>(&mut self, function: Function, forms: &mut impl Forms<'a>) -> Result<ValueId, Box<Fault>> {
        if function == Function::Transact {
            return self.drawn(forms);
        }
        let token = forms.token()?;
        forms.value(&mut self.history.values, token)
    }

    fn invoke(&mut self, _: Function, _: Option<ValueId>, stamp: Stamp) -> Result<(), Box<Fault>> {
        self.history.operations.push(invoked(stamp, None));
        Ok(())
    }

    fn complete(&mut self, place: usize, value: Option<ValueId>, told: Told) -> Result<(), Box<Fault>> {
        if told.outcome == Outcome::Ok {
            let id = value.filter(|id| *id != ValueId::NIL);
            let id = id.ok_or_else(|| {
                told.wrong("an id was asked for, and none was given", "its :value is the id")
            })?;
            self.history.operations[place].action = Some(id);
        }
        Ok(())
    }

    fn records(&mut self) -> &mut Vec<Self::Record> {
        &mut self.history.operations
    }

    fn finish(self) -> UniqueIdsHistory {
        self.history
    }
}

impl UniqueIds {
    /// What a transaction draws. Counters count each for itself, so that an id is a number and whose it is. Where nobody
    /// was told what was read, the read may be missing.
    fn drawn<'a>(&mut self, forms: &mut impl Forms<'a>) -> Result<ValueId, Box<Fault>> {
        match steps(&mut self.counters, forms)?[..] {
            [CountingStep::Read { key, value: Some(value) }, CountingStep::Add { key: added, .. }]
                if key == added =>
            {
                let id = format!("{value} of counter {}", self.counters.name(key));
                Ok(ValueId(self.history.values.word(&id)))
            }
            [CountingStep::Read { key, value: None }, CountingStep::Add { key: added, .. }]
                if key == added =>
            {
                Ok(ValueId::NIL)
            }
            [CountingStep::Add { .. }] => Ok(ValueId::NIL),
            _ => Err(forms.wrong("the transaction draws no id".into(), STEPS).of(Foreign::TRANSACTION)),
        }
    }
}
