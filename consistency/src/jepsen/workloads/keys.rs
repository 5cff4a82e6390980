//! Several sets or counters in one history: every operation names a key, or none does.

use crate::jepsen::error::Fault;
use crate::recorded::Names;

/// What an operation on a set or a counter does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::jepsen) enum Function {
    Add,
    Read,
    /// A transaction of one step, which does either.
    Transact,
}

impl Function {
    pub fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"add" => Some(Self::Add),
            b"read" => Some(Self::Read),
            b"txn" => Some(Self::Transact),
            _ => None,
        }
    }
}

/// The keys of a history, if it has any.
#[derive(Default)]
pub(super) struct Keys {
    pub names: Names,
    /// Whether operations name one; known from the first on that must.
    keyed: Option<bool>,
}

pub(super) const KEYS: &str = "name a key in every operation, as in [key value], or in none";

impl Keys {
    /// Whether operations name a key.
    pub fn are_named(&self) -> bool {
        self.keyed == Some(true)
    }

    /// An operation names this key, or none: all others have to do as it does.
    pub fn note(
        &mut self,
        key: Option<u32>,
        wrong: impl FnOnce(String) -> Box<Fault>,
    ) -> Result<(), Box<Fault>> {
        if *self.keyed.get_or_insert(key.is_some()) == key.is_some() {
            return Ok(());
        }
        Err(wrong("some operations name a key, and some do not".into()))
    }

    /// The same of a completion, which names the key of its invocation.
    pub fn note_again(
        &mut self,
        invoked: Option<u32>,
        key: Option<u32>,
        wrong: impl Fn(String) -> Box<Fault>,
    ) -> Result<(), Box<Fault>> {
        self.note(key, &wrong)?;
        match (invoked, key) {
            (Some(invoked), Some(key)) if invoked != key => {
                let [invoked, key] = [invoked, key].map(|key| self.names.name(key));
                Err(wrong(format!("the key is {key}, and it was {invoked} when this was invoked")))
            }
            _ => Ok(()),
        }
    }
}
