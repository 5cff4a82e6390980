//! Single-key operations: read, write and compare-and-set of registers.

use super::{Names, Rank, ValueId};
use crate::Outcome;

/// What an operation does to its register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterAction {
    /// Read this value; `None` where the client never heard which.
    Read(Option<ValueId>),
    /// Write this value.
    Write(ValueId),
    /// If the register holds `from`, make it `to`; else fail.
    CompareAndSet {
        /// What the register must hold.
        from: ValueId,
        /// What it holds afterwards.
        to: ValueId,
    },
}

/// One operation of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegisterOperation {
    /// The client that invoked it: a session. It has one operation open at a time.
    pub process: u32,
    /// The register, numbered by [`RegisterHistory::keys`].
    pub key: u32,
    /// What it does.
    pub action: RegisterAction,
    /// What the client was told.
    pub outcome: Outcome,
    /// When it was invoked.
    pub invoked: Rank,
    /// When the client heard the outcome; [`super::NEVER`] where it is [`Outcome::Info`].
    pub completed: Rank,
    /// The line of its invocation in the file it was read from, from 1; 0 where there is no file.
    pub line: u32,
}

/// Operations on registers, in order of invocation. Failed ones are left in: they tell of dirty reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisterHistory {
    /// The operations, `invoked` ascending.
    pub operations: Vec<RegisterOperation>,
    /// The registers' names.
    pub keys: Names,
    /// The values' names.
    pub values: Names,
}
