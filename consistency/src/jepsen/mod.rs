//! Histories as Jepsen writes them, from files and to files: EDN, and the same as JSON lines.
//!
//! An operation is a map, two a step: one when the client invokes it, one when it hears what came of it.
//!
//! ```text
//! {:process 0, :type :invoke, :f :write, :value 1}
//! {:process 0, :type :ok,     :f :write, :value 1}
//! {"process": 1, "type": "invoke", "f": "read", "value": null}
//! ```
//!
//! They stand one after the other, or all in one vector. `:type` is `:invoke`, `:ok` (it happened), `:fail` (it did not
//! and never will) or `:info` (nobody knows); an operation that never completes is `:info` too. Processes that are no
//! numbers (`:nemesis`) are passed over, and so are keys that are not known here. Where every operation has a `:time`,
//! that is the order of real time; else the order of the file is.
//!
//! A process that goes on under its own number after an `:info` counts as a new session under a new number: what it
//! left behind may still happen at any later time.
//!
//! In JSON, a string that begins with a colon is a keyword: `":x"` is what EDN writes as `:x`.
//!
//! ```
//! use shardlab_consistency::jepsen::{Format, read_registers};
//! use shardlab_consistency::recorded::{RegisterAction, ValueId};
//!
//! let text = "{:process 0, :type :invoke, :f :write, :value 7}
//!             {:process 0, :type :ok, :f :write, :value 7}";
//! let history = read_registers(text.as_bytes(), Format::Edn)?;
//! assert_eq!(history.operations[0].action, RegisterAction::Write(ValueId(0)));
//! assert_eq!(history.values.name(0), "7");
//!
//! let error = read_registers("{:process 0, :type :invoke, :f :wriet}".as_bytes(), Format::Edn).unwrap_err();
//! assert_eq!(error.to_string(), "line 1, column 32: the workload register has no function `:wriet`");
//! # Ok::<(), shardlab_consistency::jepsen::ReadError>(())
//! ```

mod edn;
mod error;
mod foreign;
mod format;
mod forms;
mod frame;
mod json;
#[cfg(test)]
mod key_tests;
mod operation;
mod order;
mod pairing;
mod reader;
mod source;
#[cfg(test)]
mod tests;
mod workloads;
mod write;

pub use error::ReadError;
pub use foreign::Skipped;
pub use format::Format;
pub use write::{write_registers, write_transactions};

use std::io::Read;

use crate::recorded::{Recorded, RegisterHistory, TransactionHistory, Versions, Workload};
use reader::Others;
use workloads::{Registers, Transactions};

/// Reads a history of any workload. Operations of another workload are wrong.
///
/// # Errors
/// The first thing that is wrong with the text, and where.
pub fn read(workload: Workload, input: impl Read, format: Format) -> Result<Recorded, ReadError> {
    read_any(workload, input, format, Others::Wrong).map(|(recorded, _)| recorded)
}

/// Reads the operations of a workload out of a history that may hold those of others, which are passed over and
/// counted. Functions that no workload has are wrong all the same.
///
/// ```
/// use shardlab_consistency::jepsen::{Format, read_among_others};
/// use shardlab_consistency::recorded::Workload;
///
/// let text = "{:process 0, :type :invoke, :f :txn, :value [[:append :x 1]]}
///             {:process 0, :type :ok, :f :txn, :value [[:append :x 1]]}
///             {:process 0, :type :invoke, :f :scan, :value [7 nil]}
///             {:process 0, :type :ok, :f :scan, :value [7 9]}";
/// let (history, skipped) = read_among_others(Workload::ListAppend, text.as_bytes(), Format::Edn)?;
/// assert_eq!((history.len(), skipped.to_string()), (1, "1 :scan".to_owned()));
/// # Ok::<(), shardlab_consistency::jepsen::ReadError>(())
/// ```
///
/// # Errors
/// The first thing that is wrong with the text, and where.
pub fn read_among_others(
    workload: Workload,
    input: impl Read,
    format: Format,
) -> Result<(Recorded, Skipped), ReadError> {
    read_any(workload, input, format, Others::PassedOver)
}

fn read_any(
    workload: Workload,
    input: impl Read,
    format: Format,
    others: Others,
) -> Result<(Recorded, Skipped), ReadError> {
    use Workload::{Bank, Counter, ListAppend, LongFork, Register, RwRegister, Set, UniqueIds};
    use workloads as of;
    match workload {
        Register => with(Recorded::Registers, reader::read(input, format, of::Registers::default(), others)),
        ListAppend => {
            let lists = Transactions::new(Versions::Lists);
            with(Recorded::Transactions, reader::read(input, format, lists, others))
        }
        RwRegister => {
            let registers = Transactions::new(Versions::Registers);
            with(Recorded::Transactions, reader::read(input, format, registers, others))
        }
        Bank => with(Recorded::Bank, reader::read(input, format, of::Bank::default(), others)),
        Set => with(Recorded::Set, reader::read(input, format, of::Sets::default(), others)),
        Counter => with(Recorded::Counter, reader::read(input, format, of::Counters::default(), others)),
        LongFork => with(Recorded::LongFork, reader::read(input, format, of::LongForks::default(), others)),
        UniqueIds => with(Recorded::UniqueIds, reader::read(input, format, of::UniqueIds::default(), others)),
    }
}

fn with<H>(
    record: impl Fn(H) -> Recorded,
    read: Result<(H, Skipped), ReadError>,
) -> Result<(Recorded, Skipped), ReadError> {
    read.map(|(history, skipped)| (record(history), skipped))
}

/// Counts the tokens of an EDN text, for the benchmark that holds reading against it: a history cannot be read faster.
#[doc(hidden)]
pub fn count_tokens(text: &[u8]) -> usize {
    let mut tokenizer = edn::Tokenizer::new(text, true);
    std::iter::from_fn(|| tokenizer.token_or_end().ok().flatten()).count()
}

/// Reads a history of single-key operations: `:read`, `:write`, `:cas`, with values, or with `[key value]`.
///
/// # Errors
/// The first thing that is wrong with the text, and where.
pub fn read_registers(input: impl Read, format: Format) -> Result<RegisterHistory, ReadError> {
    reader::read(input, format, Registers::default(), Others::Wrong).map(|(history, _)| history)
}

/// Reads a history of transactions: `:f :txn` with steps such as `[:append k v]`, `[:w k v]` and `[:r k v]`.
///
/// # Errors
/// The first thing that is wrong with the text, and where.
pub fn read_transactions(
    input: impl Read,
    format: Format,
    versions: Versions,
) -> Result<TransactionHistory, ReadError> {
    reader::read(input, format, Transactions::new(versions), Others::Wrong).map(|(history, _)| history)
}
