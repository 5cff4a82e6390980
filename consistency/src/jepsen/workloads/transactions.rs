//! `list-append` and `rw-register`: `:f :txn` with a vector of steps.

use super::micro_operations::{Scratch, Tables};
use super::{Stamp, Told, Workload};
use crate::Outcome;
use crate::jepsen::error::Fault;
use crate::jepsen::forms::Forms;
use crate::recorded::{Elements, NEVER, RecordedTransaction, Step, TransactionHistory, ValueId, Versions};

/// Reads transactions.
pub(in crate::jepsen) struct Transactions {
    history: TransactionHistory,
    scratch: Scratch,
}

impl Transactions {
    /// Reads transactions on keys that hold lists or registers.
    pub fn new(versions: Versions) -> Self {
        let history = TransactionHistory { versions, ..TransactionHistory::default() };
        Self { history, scratch: Scratch::default() }
    }
}

const STEPS: &str = "a transaction's value is the vector of its steps, when invoked and when completed";

/// The only function there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jepsen) struct Transact;

impl Workload for Transactions {
    type Function = Transact;
    /// The steps are in the scratch.
    type Value = ();
    type Record = RecordedTransaction;
    type History = TransactionHistory;

    const NAME: &'static str = "of transactions";
    const FUNCTIONS: &'static str = "transactions are written :f :txn";

    fn function(name: &[u8]) -> Option<Transact> {
        (name == b"txn").then_some(Transact)
    }

    #[inline]
    fn value<'a>(&mut self, Transact: Transact, forms: &mut impl Forms<'a>) -> Result<(), Box<Fault>> {
        let TransactionHistory { versions, keys, values, .. } = &mut self.history;
        self.scratch.read(*versions, &mut Tables { keys, values }, forms)
    }

    fn invoke(&mut self, Transact: Transact, value: Option<()>, stamp: Stamp) -> Result<(), Box<Fault>> {
        let () = value.ok_or_else(|| stamp.wrong("the invocation has no :value", STEPS))?;
        let Stamp { process, invoked, line, .. } = stamp;
        let history = &mut self.history;
        let (Ok(first), Ok(count)) =
            (u32::try_from(history.steps.len()), u32::try_from(self.scratch.steps.len()))
        else {
            return Err(stamp.wrong("the history has more than 2^32 steps", "judge a part of it"));
        };
        // What an invocation says it read, nobody can have told it.
        history.steps.extend(self.scratch.steps.iter().map(|step| match step {
            Step::Read { key, .. } | Step::ReadList { key, .. } => Step::ReadUnknown { key: *key },
            step => *step,
        }));
        history.transactions.push(RecordedTransaction {
            process,
            outcome: Outcome::Info,
            invoked,
            completed: NEVER,
            first,
            count,
            line,
        });
        Ok(())
    }

    /// What was read is taken from the completion; what was written stays as it was invoked.
    fn complete(&mut self, place: usize, value: Option<()>, told: Told) -> Result<(), Box<Fault>> {
        let transaction = self.history.transactions[place];
        if value.is_none() && told.outcome == Outcome::Ok {
            return Err(told.wrong("a transaction that is ok has no :value", STEPS));
        }
        if value.is_none() {
            return Ok(());
        }
        let steps = &mut self.history.steps[transaction.first as usize..][..transaction.count as usize];
        if steps.len() != self.scratch.steps.len() {
            let (now, then, line) = (self.scratch.steps.len(), steps.len(), told.invoked_line);
            let message =
                format!("the transaction has {now} steps, and had {then} when invoked on line {line}");
            return Err(told.wrong(message, STEPS));
        }
        let Ok(shift) = u32::try_from(self.history.elements.len() + self.scratch.elements.len()) else {
            return Err(told.wrong("the history reads more than 2^32 elements", "judge a part of it"));
        };
        let shift = shift - self.scratch.elements.len() as u32;
        for (step, read) in steps.iter_mut().zip(&self.scratch.steps) {
            *step = completed(*step, *read, shift, self.history.versions, told)?;
        }
        self.history.elements.extend_from_slice(&self.scratch.elements);
        Ok(())
    }

    fn reads_only(&self, place: usize) -> bool {
        let steps = self.history.steps(&self.history.transactions[place]);
        steps.iter().all(|step| step.written().is_none())
    }

    fn records(&mut self) -> &mut Vec<RecordedTransaction> {
        &mut self.history.transactions
    }

    fn finish(self) -> TransactionHistory {
        self.history
    }
}

/// A step as invoked, with what its completion adds.
#[inline]
fn completed(
    invoked: Step,
    told: Step,
    shift: u32,
    versions: Versions,
    by: Told,
) -> Result<Step, Box<Fault>> {
    let same = match (invoked, told) {
        (Step::ReadUnknown { key }, Step::ReadUnknown { key: told } | Step::Read { key: told, .. })
        | (Step::ReadUnknown { key }, Step::ReadList { key: told, .. }) => key == told,
        (invoked, told) => invoked == told,
    };
    if !same {
        let line = by.invoked_line;
        let message = format!("the transaction is another than the one invoked on line {line}");
        return Err(by.wrong(message, "a completion repeats its invocation and fills in what was read"));
    }
    Ok(match told {
        Step::ReadList { key, elements: Elements { start, length } } => {
            Step::ReadList { key, elements: Elements { start: start + shift, length } }
        }
        Step::ReadUnknown { key } if by.outcome == Outcome::Ok => match versions {
            Versions::Lists => Step::ReadList { key, elements: Elements { start: shift, length: 0 } },
            Versions::Registers => Step::Read { key, value: ValueId::NIL },
        },
        told => told,
    })
}
