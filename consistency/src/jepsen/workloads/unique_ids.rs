//! `unique-ids`: `:generate`, which returns an id.

use super::rules::invoked;
use super::{Stamp, Told, Workload};
use crate::Outcome;
use crate::jepsen::error::Fault;
use crate::jepsen::forms::Forms;
use crate::recorded::ValueId;
use crate::workload_judges::{UniqueIdsHistory, WorkloadOperation};

/// Reads generators of ids.
#[derive(Default)]
pub(in crate::jepsen) struct UniqueIds(UniqueIdsHistory);

/// The only function there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jepsen) struct Generate;

impl Workload for UniqueIds {
    type Function = Generate;
    type Value = ValueId;
    type Record = WorkloadOperation<Option<ValueId>>;
    type History = UniqueIdsHistory;

    const NAME: &'static str = "unique-ids";
    const FUNCTIONS: &'static str = "ids are asked for by :generate";

    fn function(name: &[u8]) -> Option<Generate> {
        (name == b"generate").then_some(Generate)
    }

    fn value<'a>(&mut self, Generate: Generate, forms: &mut impl Forms<'a>) -> Result<ValueId, Box<Fault>> {
        let token = forms.token()?;
        forms.value(&mut self.0.values, token)
    }

    fn invoke(&mut self, Generate: Generate, _: Option<ValueId>, stamp: Stamp) -> Result<(), Box<Fault>> {
        self.0.operations.push(invoked(stamp, None));
        Ok(())
    }

    fn complete(&mut self, place: usize, value: Option<ValueId>, told: Told) -> Result<(), Box<Fault>> {
        if told.outcome == Outcome::Ok {
            let id = value.filter(|id| *id != ValueId::NIL);
            let id = id.ok_or_else(|| {
                told.wrong("an id was asked for, and none was given", "its :value is the id")
            })?;
            self.0.operations[place].action = Some(id);
        }
        Ok(())
    }

    fn records(&mut self) -> &mut Vec<Self::Record> {
        &mut self.0.operations
    }

    fn finish(self) -> UniqueIdsHistory {
        self.0
    }
}
