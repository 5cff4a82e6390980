//! Who wrote a value.

use super::rows::Rows;
use crate::Outcome;
use crate::recorded::{Step, TransactionHistory, ValueId};

/// The writes of a history, found by key and value.
///
/// Most workloads write no value twice, whatever the key: a table by value finds those with one look.
pub(super) struct Writers {
    /// Of each value, its write, if it has only one.
    by_value: Vec<Only>,
    /// Of each key, ascending by value: made where it is needed.
    by_key: Option<Rows<Write>>,
}

/// One write of one transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Write {
    pub(super) value: ValueId,
    /// The writer, by place in the history.
    pub(super) writer: u32,
    /// It is the writer's last write of this key.
    pub(super) last: bool,
    /// The writer aborted.
    pub(super) aborted: bool,
}

/// The only write of a value, and its key; [`NEVER_WRITTEN`] and [`REPEATED`] stand where a key would.
#[derive(Clone, Copy)]
struct Only {
    key: u32,
    writer: u32,
    last: bool,
    aborted: bool,
}

const NEVER_WRITTEN: u32 = u32::MAX;
const REPEATED: u32 = u32::MAX - 1;

/// What the history knows of a value's origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// No transaction wrote it.
    Nobody,
    /// One transaction wrote it.
    One(Write),
    /// Several wrote it: two of them.
    Several(u32, u32),
}

impl Writers {
    pub(super) fn new(history: &TransactionHistory) -> Self {
        let last = last_writes(history);
        let never = Only { key: NEVER_WRITTEN, writer: 0, last: false, aborted: false };
        let mut by_value = vec![never; history.values.len()];
        let mut repeated = false;
        // A write of nil is not told from the initial version: nobody's.
        for (key, write) in writes(history, &last).filter(|(_, write)| write.value != ValueId::NIL) {
            let Write { value, writer, last, aborted } = write;
            let only = &mut by_value[value.0 as usize];
            let first = only.key == NEVER_WRITTEN;
            repeated |= !first;
            *only = Only { key: if first { key } else { REPEATED }, writer, last, aborted };
        }
        let lists = history.steps.iter().any(|step| matches!(step, Step::Append { .. }));
        Self { by_value, by_key: (repeated || lists).then(|| sorted(history, &last)) }
    }

    /// All writes of a key, ascending by value; of histories with lists, or with values that were written twice.
    pub(super) fn of_key(&self, key: u32) -> &[Write] {
        self.by_key.as_ref().map_or(&[], |rows| rows.row(key))
    }

    /// Who wrote `value` to `key`.
    pub(super) fn origin(&self, key: u32, value: ValueId) -> Origin {
        match self.by_value.get(value.0 as usize) {
            Some(only) if only.key == key => {
                let Only { writer, last, aborted, .. } = *only;
                Origin::One(Write { value, writer, last, aborted })
            }
            Some(only) if only.key == REPEATED => self.search(key, value),
            _ => Origin::Nobody,
        }
    }

    fn search(&self, key: u32, value: ValueId) -> Origin {
        let row = self.of_key(key);
        let mut same = row[position(row, value)..].iter().take_while(|write| write.value == value);
        let Some(&first) = same.next() else { return Origin::Nobody };
        let mut last = first.last;
        for write in same {
            if write.writer != first.writer {
                return Origin::Several(first.writer, write.writer);
            }
            last |= write.last;
        }
        Origin::One(Write { last, ..first })
    }
}

fn sorted(history: &TransactionHistory, last: &[bool]) -> Rows<Write> {
    let blank = Write { value: ValueId::NIL, writer: 0, last: false, aborted: false };
    let mut rows = Rows::grouped(history.keys.len(), || writes(history, last), blank);
    for key in 0..rows.len() as u32 {
        let row = rows.row_mut(key);
        // Workloads count up, so that most rows are in order already.
        if !row.is_sorted() {
            row.sort_unstable();
        }
    }
    rows
}

/// Where a value's writes begin. Values that count up by one, the usual case, are where the first one says.
fn position(row: &[Write], value: ValueId) -> usize {
    let Some(first) = row.first() else { return 0 };
    let guess = value.0.wrapping_sub(first.value.0) as usize;
    let right = row.get(guess).is_some_and(|write| write.value == value);
    if right && (guess == 0 || row[guess - 1].value < value) {
        return guess;
    }
    row.partition_point(|write| write.value < value)
}

/// All writes as (key, write), in order of the history.
fn writes<'a>(history: &'a TransactionHistory, last: &'a [bool]) -> impl Iterator<Item = (u32, Write)> + 'a {
    history.transactions.iter().zip(0..).flat_map(move |(transaction, writer)| {
        let aborted = transaction.outcome == Outcome::Fail;
        let last = &last[transaction.first as usize..];
        history.steps(transaction).iter().zip(last).filter_map(move |(step, &last)| {
            Some((step.key(), Write { value: step.written()?, writer, last, aborted }))
        })
    })
}

/// Of each step, whether its transaction writes the same key no more.
fn last_writes(history: &TransactionHistory) -> Vec<bool> {
    let mut last = vec![false; history.steps.len()];
    let mut writer_of = vec![u32::MAX; history.keys.len()];
    for (transaction, place) in history.transactions.iter().zip(0..) {
        for (offset, step) in history.steps(transaction).iter().enumerate().rev() {
            if step.written().is_some() {
                let writer = &mut writer_of[step.key() as usize];
                last[transaction.first as usize + offset] = *writer != place;
                *writer = place;
            }
        }
    }
    last
}
