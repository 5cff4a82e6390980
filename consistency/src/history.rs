//! What clients did and were told: single-key operations and multi-key transactions.
//!
//! Both are flat records in vectors, so that a history of millions costs no allocation each.

/// Nanoseconds of simulated or real time since the run began.
pub type Time = u64;

/// The value every key holds before its first write.
pub const INITIAL_VALUE: u64 = 0;

/// The node of an operation that no server answered.
pub const NO_NODE: u16 = u16::MAX;

/// What the client was told, in Jepsen's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// It happened, between invocation and completion.
    Ok,
    /// It did not happen and never will.
    Fail,
    /// It may have happened, or not, or may happen at any later time.
    Info,
}

/// What a single-key operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum OperationKind {
    /// Reads one key.
    Read,
    /// Overwrites one key.
    Write,
    /// Writes a key for the first time.
    Insert,
    /// Reads one key and overwrites it, as one atomic step.
    ReadModifyWrite,
    /// Reads a range of keys from `key` on; `value` counts the records. No judge looks into it.
    Scan,
}

impl OperationKind {
    /// Whether it leaves a new version of its key.
    pub fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Insert | Self::ReadModifyWrite)
    }

    /// Whether it tells the client one version of its key.
    pub fn reads(self) -> bool {
        matches!(self, Self::Read | Self::ReadModifyWrite)
    }
}

/// One single-key operation of one client process: 48 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The client that invoked it; a process has one operation open at a time.
    pub process: u32,
    /// Who served it, or [`NO_NODE`].
    pub node: u16,
    /// What it does.
    pub kind: OperationKind,
    /// What the client was told.
    pub outcome: Outcome,
    /// The key.
    pub key: u64,
    /// The id written, unique within the key and never [`INITIAL_VALUE`]; of a read, the id read.
    pub value: u64,
    /// The id that a read-modify-write read before it wrote, judged as a read of its own; of every
    /// other kind, nothing. Where the two steps are separate requests, record a read and a write.
    pub previous: u64,
    /// When the client sent it.
    pub invoked: Time,
    /// When the client heard the outcome; [`Time::MAX`] where it is [`Outcome::Info`].
    pub completed: Time,
}

impl Operation {
    /// The id this operation writes, whatever came of it.
    pub fn written(&self) -> Option<u64> {
        self.kind.writes().then_some(self.value)
    }

    /// The id this operation read, where the client was told one.
    pub fn observed(&self) -> Option<u64> {
        match (self.outcome, self.kind) {
            (Outcome::Ok, OperationKind::Read) => Some(self.value),
            (Outcome::Ok, OperationKind::ReadModifyWrite) => Some(self.previous),
            _ => None,
        }
    }

    /// When the client was told `ok`.
    pub fn acknowledged(&self) -> Option<Time> {
        (self.outcome == Outcome::Ok).then_some(self.completed)
    }
}

/// One step of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MicroOperation {
    /// Read `value` from `key`.
    Read {
        /// The account.
        key: u64,
        /// Its balance as the transaction saw it.
        value: i64,
    },
    /// Added `delta` to `key`.
    Add {
        /// The account.
        key: u64,
        /// What was added; negative is taken away.
        delta: i64,
    },
    /// Read the id of a register's last write; [`INITIAL_VALUE`] before the first.
    ReadRegister {
        /// The register.
        key: u64,
        /// The id.
        value: u64,
    },
    /// Overwrote a register.
    Write {
        /// The register.
        key: u64,
        /// The id, unique within the key.
        value: u64,
    },
    /// Read a list: what it held lies in [`History::elements`].
    ReadList {
        /// The list.
        key: u64,
        /// Where its elements begin.
        start: u32,
        /// How many there are.
        length: u32,
    },
    /// Appended to a list.
    Append {
        /// The list.
        key: u64,
        /// The element, unique within the list.
        value: u64,
    },
}

impl MicroOperation {
    /// The key it touches.
    pub fn key(&self) -> u64 {
        match *self {
            Self::Read { key, .. }
            | Self::Add { key, .. }
            | Self::ReadRegister { key, .. }
            | Self::Write { key, .. }
            | Self::ReadList { key, .. }
            | Self::Append { key, .. } => key,
        }
    }

    /// Whether it leaves a trace.
    pub fn writes(&self) -> bool {
        matches!(self, Self::Add { .. } | Self::Write { .. } | Self::Append { .. })
    }
}

/// One multi-key transaction; its steps lie in [`History::micro_operations`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Unique within the history.
    pub id: u64,
    /// The client that invoked it.
    pub process: u32,
    /// What the client was told: `Ok` is committed, `Fail` is aborted.
    pub outcome: Outcome,
    /// When the client sent it.
    pub invoked: Time,
    /// When the client heard the outcome; [`Time::MAX`] where it is [`Outcome::Info`].
    pub completed: Time,
    /// Where its steps begin in [`History::micro_operations`]; set by [`History::push_transaction`].
    pub first: u32,
    /// How many steps it has; set by [`History::push_transaction`].
    pub count: u32,
}

impl Transaction {
    /// A transaction without steps, to be handed to [`History::push_transaction`].
    pub fn new(id: u64, process: u32, outcome: Outcome, invoked: Time, completed: Time) -> Self {
        Self { id, process, outcome, invoked, completed, first: 0, count: 0 }
    }
}

/// Everything the clients of one run did, in order of recording.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Single-key operations.
    pub operations: Vec<Operation>,
    /// Multi-key transactions.
    pub transactions: Vec<Transaction>,
    /// The steps of all transactions, one after the other.
    pub micro_operations: Vec<MicroOperation>,
    /// The elements of all lists that were read, one list after the other.
    pub elements: Vec<u64>,
}

impl History {
    /// Records one operation.
    #[inline]
    pub fn push(&mut self, operation: Operation) {
        assert!(operation.invoked <= operation.completed, "an operation ends after it begins");
        assert!(operation.written() != Some(INITIAL_VALUE), "a write never writes the initial value");
        self.operations.push(operation);
    }

    /// Records one transaction and its steps; `first` and `count` are filled in here.
    pub fn push_transaction(&mut self, transaction: Transaction, steps: &[MicroOperation]) {
        self.push_transaction_with_lists(transaction, steps, &[]);
    }

    /// The same where steps read lists: their `start` counts from the first of `elements`.
    pub fn push_transaction_with_lists(
        &mut self,
        transaction: Transaction,
        steps: &[MicroOperation],
        elements: &[u64],
    ) {
        assert!(transaction.invoked <= transaction.completed, "a transaction ends after it begins");
        let (first, shift) = (index(self.micro_operations.len()), index(self.elements.len()));
        self.micro_operations.extend(steps.iter().map(|&step| match step {
            MicroOperation::ReadList { key, start, length } => {
                MicroOperation::ReadList { key, start: start + shift, length }
            }
            step => step,
        }));
        self.elements.extend_from_slice(elements);
        self.transactions.push(Transaction { first, count: index(steps.len()), ..transaction });
    }

    /// What a list held that a step read.
    pub fn list(&self, start: u32, length: u32) -> &[u64] {
        &self.elements[start as usize..][..length as usize]
    }

    /// The steps of one transaction of this history.
    pub fn steps(&self, transaction: &Transaction) -> &[MicroOperation] {
        &self.micro_operations[transaction.first as usize..][..transaction.count as usize]
    }

    /// Nobody did anything.
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty() && self.transactions.is_empty()
    }
}

/// Positions are 32 bits wide to keep the judges' indices half as large.
pub(crate) fn index(position: usize) -> u32 {
    u32::try_from(position).expect("a history holds at most 2^32 records")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_fits_in_48_bytes() {
        assert!(size_of::<Operation>() <= 48, "{} bytes", size_of::<Operation>());
    }

    #[test]
    fn each_transaction_finds_its_own_steps() {
        let mut history = History::default();
        let one = [MicroOperation::Add { key: 1, delta: 5 }];
        let two = [MicroOperation::Read { key: 1, value: 5 }, MicroOperation::Read { key: 2, value: 0 }];
        history.push_transaction(Transaction::new(1, 0, Outcome::Ok, 0, 1), &one);
        history.push_transaction(Transaction::new(2, 0, Outcome::Ok, 2, 3), &two);
        assert_eq!(history.steps(&history.transactions[0]), one);
        assert_eq!(history.steps(&history.transactions[1]), two);
    }

    #[test]
    #[should_panic(expected = "never writes the initial value")]
    fn a_write_of_the_initial_value_is_refused() {
        History::default().push(Operation {
            process: 0,
            node: NO_NODE,
            kind: OperationKind::Write,
            outcome: Outcome::Ok,
            key: 0,
            value: INITIAL_VALUE,
            previous: 0,
            invoked: 0,
            completed: 1,
        });
    }
}
