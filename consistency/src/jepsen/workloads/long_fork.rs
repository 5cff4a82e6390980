//! `long-fork`: `[[:w k v]]`, once a key, and reads of groups of keys, `[[:r k v] [:r l nil]]`.

use super::micro_operations::{Scratch, Tables};
use super::rules::invoked;
use super::{Stamp, Told, Workload};
use crate::Outcome;
use crate::jepsen::error::Fault;
use crate::jepsen::forms::Forms;
use crate::recorded::{Step, ValueId, Versions};
use crate::workload_judges::{LongForkAction, LongForkHistory, WorkloadOperation};

/// Reads long forks.
#[derive(Default)]
pub(in crate::jepsen) struct LongForks {
    history: LongForkHistory,
    scratch: Scratch,
}

/// `:read`, `:write` or `:txn`: what it does, its steps say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jepsen) struct Transact;

const STEPS: &str = "an operation is one write, [[:w key value]], or reads only, [[:r key value] …]";

impl Workload for LongForks {
    type Function = Transact;
    /// The steps are in the scratch.
    type Value = ();
    type Record = WorkloadOperation<LongForkAction>;
    type History = LongForkHistory;

    const NAME: &'static str = "long-fork";
    const FUNCTIONS: &'static str = "long forks have :read and :write, or :txn for both";

    fn function(name: &[u8]) -> Option<Transact> {
        matches!(name, b"read" | b"write" | b"txn").then_some(Transact)
    }

    fn value<'a>(&mut self, Transact: Transact, forms: &mut impl Forms<'a>) -> Result<(), Box<Fault>> {
        let LongForkHistory { keys, values, .. } = &mut self.history;
        self.scratch.read(Versions::Registers, &mut Tables { keys, values }, forms)
    }

    fn invoke(&mut self, Transact: Transact, value: Option<()>, stamp: Stamp) -> Result<(), Box<Fault>> {
        let () = value.ok_or_else(|| stamp.wrong("the invocation has no :value", STEPS))?;
        let action = match self.scratch.steps[..] {
            [Step::Write { key, value }] => LongForkAction::Write { key, value },
            _ if self.reads_only() => LongForkAction::Read { first: 0, count: 0 },
            _ => return Err(stamp.wrong("this is neither one write nor reads only", STEPS)),
        };
        self.history.operations.push(invoked(stamp, action));
        Ok(())
    }

    fn complete(&mut self, place: usize, value: Option<()>, told: Told) -> Result<(), Box<Fault>> {
        let is_read = matches!(self.history.operations[place].action, LongForkAction::Read { .. });
        if told.outcome != Outcome::Ok || !is_read {
            return Ok(());
        }
        if value.is_none() || !self.reads_only() {
            return Err(told.wrong("reads that are ok have no :value of reads", STEPS));
        }
        let read = |step: &Step| match *step {
            Step::Read { key, value } => (key, value),
            step => (step.key(), ValueId::NIL),
        };
        let action = self.history.push_read(self.scratch.steps.iter().map(read));
        self.history.operations[place].action = action;
        Ok(())
    }

    fn records(&mut self) -> &mut Vec<Self::Record> {
        &mut self.history.operations
    }

    fn finish(self) -> LongForkHistory {
        self.history
    }
}

impl LongForks {
    fn reads_only(&self) -> bool {
        self.scratch.steps.iter().all(|step| step.written().is_none())
    }
}
