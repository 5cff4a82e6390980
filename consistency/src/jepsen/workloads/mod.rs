//! How the operations of each workload are written: one file a workload.

mod bank;
mod counter;
mod counting;
mod keys;
mod long_fork;
mod micro_operations;
mod register;
mod rules;
mod set;
mod transactions;
mod unique_ids;

pub(super) use bank::Bank;
pub(super) use counter::Counters;
pub(super) use long_fork::LongForks;
pub(super) use register::{ONLY_REGISTER, Registers};
pub(super) use set::Sets;
pub(super) use transactions::Transactions;
pub(super) use unique_ids::UniqueIds;

use super::error::Fault;
use super::forms::Forms;
use super::order::Stamped;
use crate::Outcome;
use crate::recorded::Rank;

/// What reading needs to know of a workload.
pub(super) trait Workload {
    /// What `:f` can be.
    type Function: Copy + PartialEq;
    /// What `:value` can be; what is large stays inside of the workload until the next is read.
    type Value;
    /// One operation.
    type Record: Stamped;
    /// All operations.
    type History;

    /// Its name.
    const NAME: &'static str;
    /// What `:f` can be, in words.
    const FUNCTIONS: &'static str;

    /// The function of a name.
    fn function(name: &[u8]) -> Option<Self::Function>;

    /// Reads the value of an operation.
    fn value<'a>(
        &mut self,
        function: Self::Function,
        forms: &mut impl Forms<'a>,
    ) -> Result<Self::Value, Box<Fault>>;

    /// Records an operation that is invoked; so far it is indeterminate.
    fn invoke(
        &mut self,
        function: Self::Function,
        value: Option<Self::Value>,
        stamp: Stamp,
    ) -> Result<(), Box<Fault>>;

    /// Adds what the client was told of the operation at that place.
    fn complete(&mut self, place: usize, value: Option<Self::Value>, told: Told) -> Result<(), Box<Fault>>;

    /// Whether the operation at that place does nothing but read, so that it is nothing without an answer.
    fn reads_only(&self, _place: usize) -> bool {
        false
    }

    /// The operations so far.
    fn records(&mut self) -> &mut Vec<Self::Record>;

    /// All was read.
    fn finish(self) -> Self::History;
}

/// When and by whom an operation is invoked, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp {
    pub process: u32,
    pub invoked: Rank,
    pub line: u32,
    pub offset: usize,
}

impl Stamp {
    /// Something is wrong with this invocation.
    pub fn wrong(&self, message: impl Into<String>, help: &str) -> Box<Fault> {
        Fault::new(self.offset, message, help)
    }
}

/// How an operation completed, where it stands, and where its invocation stood.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub outcome: Outcome,
    pub offset: usize,
    pub invoked_line: u32,
}

impl Told {
    /// Something is wrong with this completion.
    pub fn wrong(&self, message: impl Into<String>, help: &str) -> Box<Fault> {
        Fault::new(self.offset, message, help)
    }
}
