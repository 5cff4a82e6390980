//! Transactions over lists that are appended to, or over registers that are overwritten.

use super::{Names, Rank, ValueId};
use crate::Outcome;
use crate::history::index;

/// What the keys of a history hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    /// Lists, which a read returns whole: the order of versions can be read off (Kingsbury & Alvaro 2020, §3).
    #[default]
    Lists,
    /// Registers, whose writes are unique: the order of versions must be inferred.
    Registers,
}

/// Where a list that was read lies in [`TransactionHistory::elements`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elements {
    /// The first.
    pub start: u32,
    /// How many.
    pub length: u32,
}

/// One step of a transaction: 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Appended a value to a list.
    Append {
        /// The list.
        key: u32,
        /// What was appended.
        value: ValueId,
    },
    /// Read a list.
    ReadList {
        /// The list.
        key: u32,
        /// What it held.
        elements: Elements,
    },
    /// Overwrote a register.
    Write {
        /// The register.
        key: u32,
        /// What it holds then.
        value: ValueId,
    },
    /// Read a register.
    Read {
        /// The register.
        key: u32,
        /// What it held; [`ValueId::NIL`] before its first write.
        value: ValueId,
    },
    /// Read a key and was never told what it held: the transaction's outcome is not `ok`.
    ReadUnknown {
        /// The key.
        key: u32,
    },
}

impl Step {
    /// The key it touches.
    pub fn key(&self) -> u32 {
        match *self {
            Self::Append { key, .. }
            | Self::ReadList { key, .. }
            | Self::Write { key, .. }
            | Self::Read { key, .. }
            | Self::ReadUnknown { key } => key,
        }
    }

    /// The value it leaves, where it leaves one.
    pub fn written(&self) -> Option<ValueId> {
        match *self {
            Self::Append { value, .. } | Self::Write { value, .. } => Some(value),
            _ => None,
        }
    }
}

/// One transaction; its steps lie in [`TransactionHistory::steps`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedTransaction {
    /// The client that invoked it: a session. It has one transaction open at a time.
    pub process: u32,
    /// What the client was told: `Ok` is committed, `Fail` is aborted.
    pub outcome: Outcome,
    /// When it was invoked.
    pub invoked: Rank,
    /// When the client heard the outcome; [`super::NEVER`] where it is [`Outcome::Info`].
    pub completed: Rank,
    /// Where its steps begin.
    pub first: u32,
    /// How many steps it has.
    pub count: u32,
    /// The line of its invocation in the file it was read from, from 1; 0 where there is no file.
    pub line: u32,
}

/// Transactions, in order of invocation; witnesses call them T0, T1, … by their place. Aborted ones are left in: they
/// tell of aborted reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransactionHistory {
    /// What the keys hold.
    pub versions: Versions,
    /// The transactions, `invoked` ascending.
    pub transactions: Vec<RecordedTransaction>,
    /// The steps of all transactions, one after the other.
    pub steps: Vec<Step>,
    /// The elements of all lists that were read.
    pub elements: Vec<ValueId>,
    /// The keys' names.
    pub keys: Names,
    /// The values' names.
    pub values: Names,
}

impl TransactionHistory {
    /// The steps of one transaction of this history.
    pub fn steps(&self, transaction: &RecordedTransaction) -> &[Step] {
        &self.steps[transaction.first as usize..][..transaction.count as usize]
    }

    /// A list that was read.
    pub fn list(&self, elements: Elements) -> &[ValueId] {
        &self.elements[elements.start as usize..][..elements.length as usize]
    }

    /// Records one transaction and its steps; `first` and `count` are filled in here.
    pub fn push(&mut self, transaction: RecordedTransaction, steps: &[Step]) {
        let first = index(self.steps.len());
        self.steps.extend_from_slice(steps);
        self.transactions.push(RecordedTransaction { first, count: index(steps.len()), ..transaction });
    }

    /// Records a list that was read.
    pub fn push_list(&mut self, list: impl IntoIterator<Item = ValueId>) -> Elements {
        let start = index(self.elements.len());
        self.elements.extend(list);
        Elements { start, length: index(self.elements.len()) - start }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_fits_in_16_bytes_and_a_transaction_in_28() {
        assert_eq!((size_of::<Step>(), size_of::<RecordedTransaction>()), (16, 28));
    }

    #[test]
    fn each_transaction_finds_its_own_steps_and_lists() {
        let mut history = TransactionHistory::default();
        let transaction = RecordedTransaction {
            process: 0,
            outcome: Outcome::Ok,
            invoked: 0,
            completed: 1,
            first: 0,
            count: 0,
            line: 1,
        };
        let elements = history.push_list([ValueId(1), ValueId(2)]);
        history.push(transaction, &[Step::Append { key: 0, value: ValueId(1) }]);
        history.push(transaction, &[Step::ReadList { key: 0, elements }]);
        assert_eq!(history.steps(&history.transactions[1]), [Step::ReadList { key: 0, elements }]);
        assert_eq!(history.list(elements), [ValueId(1), ValueId(2)]);
    }
}
