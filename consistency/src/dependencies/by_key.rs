//! Steps, key by key.

use crate::history::index;
use crate::recorded::{RecordedTransaction, Step, TransactionHistory, ValueId};

/// A step and its transaction, by place in the history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub step: u32,
    pub transaction: u32,
}

/// The steps of each key that were asked for, in the order of the history.
#[derive(Debug)]
pub(super) struct ByKey {
    starts: Vec<u32>,
    places: Vec<Place>,
}

impl ByKey {
    pub fn new(history: &TransactionHistory, wanted: impl Fn(&RecordedTransaction, &Step) -> bool) -> Self {
        let mut starts = vec![0_u32; history.keys.len() + 2];
        each(history, &wanted, |key, _| starts[key as usize + 2] += 1);
        for key in 2..starts.len() {
            starts[key] += starts[key - 1];
        }
        let total = starts.last().copied().unwrap_or_default();
        let mut places = vec![Place::default(); total as usize];
        each(history, &wanted, |key, place| {
            let slot = &mut starts[key as usize + 1];
            places[*slot as usize] = place;
            *slot += 1;
        });
        starts.pop();
        Self { starts, places }
    }

    pub fn keys(&self) -> u32 {
        index(self.starts.len() - 1)
    }

    /// How many steps there are, of all keys together.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn of(&self, key: u32) -> &[Place] {
        &self.places[self.starts[key as usize] as usize..self.starts[key as usize + 1] as usize]
    }
}

fn each(
    history: &TransactionHistory,
    wanted: impl Fn(&RecordedTransaction, &Step) -> bool,
    mut visit: impl FnMut(u32, Place),
) {
    for (transaction, record) in history.transactions.iter().enumerate() {
        for (step, at) in history.steps(record).iter().zip(record.first..) {
            // Nil is what a key holds before all writes: to write it installs no version that could be told apart.
            if wanted(record, step) && step.written() != Some(ValueId::NIL) {
                visit(step.key(), Place { step: at, transaction: transaction as u32 });
            }
        }
    }
}
