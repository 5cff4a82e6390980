//! A shard that takes nothing: the partition that it was is given up, or it stands for partitions that are not there.

use super::{Effect, StateMachine};
use crate::sharding::Expiry;
use crate::storage::Versioned;

/// Why a shard takes nothing, and answers nothing from what it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// No partition is there for its keys, and there is no default one: it never had a row.
    Rest,
    /// Its partition is given up, and its rows are on disk.
    Detached,
    /// Its partition is given up, and its rows are gone.
    Dropped,
}

impl StateMachine {
    /// The same, of the keys that no partition is there for and that nobody is to keep.
    #[must_use]
    pub fn without_partition(self) -> Self {
        Self { closed: Some(Closed::Rest), ..self }
    }

    /// Why it takes nothing; `None`: it does.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        self.closed
    }

    /// How many rows were inserted here, or written where there are no tables.
    #[must_use]
    pub fn written_rows(&self) -> u64 {
        self.inserted.as_ref().map_or(self.rows.len() as u64, |inserted| inserted.len())
    }

    /// Retries of what was written before are still told so: sessions stay. Whatever comes twice changes nothing.
    pub(super) fn apply_expiry(&mut self, expiry: Expiry, effects: &mut Vec<Effect>) {
        if self.closed.is_some() {
            return;
        }
        effects.push(Effect::Expired { inserted: self.written_rows() });
        match expiry {
            Expiry::Detach => self.closed = Some(Closed::Detached),
            Expiry::Drop => {
                self.closed = Some(Closed::Dropped);
                self.rows = Versioned::default();
                if let Some(inserted) = &mut self.inserted {
                    inserted.clear();
                }
            }
        }
    }
}
