//! What kinds of history there are, and what each can be judged by.

use super::{RegisterHistory, TransactionHistory};
use crate::Model;
use crate::vocabulary::vocabulary;
use crate::workload_judges::{
    BankHistory, ByKey, CounterHistory, LongForkHistory, SetHistory, UniqueIdsHistory,
};

vocabulary! {
    /// What the clients of a history did: which operations it has, and how they are written.
    Workload {
        Register "register" ["cas-register", "registers"] "Reads, writes and compare-and-sets of registers: `:f :read`, `:write`, `:cas` with `value` or `[key value]`."
        ListAppend "list-append" ["append"] "Transactions that append to lists and read them whole: `:f :txn` with `[[:append k v] [:r k [v …]]]`."
        RwRegister "rw-register" ["wr", "rw"] "Transactions that overwrite and read registers, each value once: `:f :txn` with `[[:w k v] [:r k v]]`."
        Bank "bank" [] "Transfers between accounts and reads of all of them: `:f :transfer` with `{:from a, :to b, :amount n}`, `:f :read` with `{a n, b n}`."
        Set "set" ["set-full"] "Additions to a set and reads of all of it: `:f :add` with an element, `:f :read` with `[elements]`; of many sets, `[key element]` and `[key [elements]]`."
        Counter "counter" [] "Additions to a counter and reads of it: `:f :add` and `:f :read` with a number; of many counters, with `[key number]`."
        LongFork "long-fork" [] "Writes of keys, each once, and reads of groups of keys: `:f :write` with `[[:w k v]]`, `:f :read` with `[[:r k v] …]`."
        UniqueIds "unique-ids" ["unique-id"] "Ids that are handed out: `:f :generate`, with the id as `:value` when it is ok."
    }
}

/// A history of one of the workloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Of [`Workload::Register`].
    Registers(RegisterHistory),
    /// Of [`Workload::ListAppend`] or [`Workload::RwRegister`].
    Transactions(TransactionHistory),
    /// Of [`Workload::Bank`].
    Bank(BankHistory),
    /// Of [`Workload::Set`].
    Set(ByKey<SetHistory>),
    /// Of [`Workload::Counter`].
    Counter(ByKey<CounterHistory>),
    /// Of [`Workload::LongFork`].
    LongFork(LongForkHistory),
    /// Of [`Workload::UniqueIds`].
    UniqueIds(UniqueIdsHistory),
}

impl Recorded {
    /// How many operations it has.
    pub fn len(&self) -> usize {
        match self {
            Self::Registers(history) => history.operations.len(),
            Self::Transactions(history) => history.transactions.len(),
            Self::Bank(history) => history.operations.len(),
            Self::Set(history) => history.len(),
            Self::Counter(history) => history.len(),
            Self::LongFork(history) => history.operations.len(),
            Self::UniqueIds(history) => history.operations.len(),
        }
    }

    /// It has no operations.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The line of the file on which an operation was invoked, by its place in the history.
    pub fn line(&self, operation: usize) -> u32 {
        match self {
            Self::Registers(history) => history.operations[operation].line,
            Self::Transactions(history) => history.transactions[operation].line,
            Self::Bank(history) => history.operations[operation].line,
            Self::Set(history) => history.line(operation),
            Self::Counter(history) => history.line(operation),
            Self::LongFork(history) => history.operations[operation].line,
            Self::UniqueIds(history) => history.operations[operation].line,
        }
    }
}

impl Workload {
    /// The models its histories can be held against; none of those that have a rule of their own and no other.
    pub fn models(self) -> Vec<Model> {
        match self {
            Self::Register => crate::REGISTER_MODELS.to_vec(),
            Self::ListAppend | Self::RwRegister => {
                Model::all().filter(|model| *model == Model::Causal || model.is_transactional()).collect()
            }
            Self::Set => vec![Model::Linearizable],
            Self::Bank | Self::Counter | Self::LongFork | Self::UniqueIds => Vec::new(),
        }
    }

    /// What they are held against where no model is named: the strongest; of workloads with a rule of their own, the
    /// rule.
    pub fn default_model(self) -> Option<Model> {
        match self {
            Self::Register => Some(Model::Linearizable),
            Self::ListAppend | Self::RwRegister => Some(Model::StrictSerializable),
            Self::Bank | Self::Set | Self::Counter | Self::LongFork | Self::UniqueIds => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_workload_is_held_against_is_one_of_its_models() {
        let allowed = |workload: Workload, model| workload.models().contains(&model);
        assert!(Workload::all().all(|of| of.default_model().is_none_or(|model| allowed(of, model))));
    }
}
