//! Histories as the black-box judges read them: what clients of *any* system recorded, and nothing else.
//!
//! Every invocation and every completion has its own [`Rank`] in real time, keys are numbered densely, and values are
//! numbers whose names stand in a table. The records are flat, so that a history of millions costs no allocation each.

mod micro_operations;
mod names;
pub(crate) mod ranking;
mod register_operations;
mod registers;
mod transactions;
mod workload;

pub use names::{Names, ValueId};
pub use registers::{RegisterAction, RegisterHistory, RegisterOperation};
pub use transactions::{Elements, RecordedTransaction, Step, TransactionHistory, Versions};
pub use workload::{Recorded, Workload};

/// Where an invocation or a completion stands among all of them, in real time: no two share a rank.
///
/// Where a history's times are missing or all zero, this is the order of the file; else the order of the times, and of
/// the file among equal times.
pub type Rank = u32;

/// The completion rank of an operation whose outcome is not known: it may take effect at any later time.
pub const NEVER: Rank = Rank::MAX;
