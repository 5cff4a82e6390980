//! What each read of a list tells beyond the order of versions.

use super::lists::{List, Lists};
use super::versions::NONE;
use super::words;
use crate::Anomaly;
use crate::Outcome;
use crate::recorded::{Elements, RecordedTransaction, Step, TransactionHistory, ValueId};

/// What the transaction under way has done with a list.
#[derive(Clone, Copy, Debug)]
struct Touched {
    /// The transaction; another's notes do not count.
    transaction: u32,
    /// Its last read of the list.
    read: Option<Elements>,
    /// The version it read before it appended.
    version: u32,
    /// How often it appended since its last read, and at all.
    appended_since_read: u32,
    appended: u32,
    /// The newest version that any of its reads held, and the version it appended last; 0 for none.
    newest: u32,
    last_own: u32,
}

const UNTOUCHED: Touched = Touched {
    transaction: NONE,
    read: None,
    version: NONE,
    appended_since_read: 0,
    appended: 0,
    newest: 0,
    last_own: 0,
};

/// Walks all committed transactions once, in order.
pub(super) struct ListReads<'a, 'h> {
    all: &'a mut Lists<'h>,
    touched: Vec<Touched>,
    /// For each list: who read its last known version and appended to it, unread.
    claimed: Vec<u32>,
    /// Lists with a read that the longest one does not begin with.
    strange: Vec<u32>,
    /// Every append, once there is such a read: key, value, and what became of it; ascending.
    appends: Option<Vec<Append>>,
}

type Append = (u32, ValueId, Outcome);

fn appends(history: &TransactionHistory) -> Vec<Append> {
    let of = |record: &RecordedTransaction| {
        let outcome = record.outcome;
        let steps = history.steps(record).iter();
        steps.filter_map(move |step| Some((step.key(), step.written()?, outcome)))
    };
    let mut appends: Vec<Append> = history.transactions.iter().flat_map(of).collect();
    appends.sort_unstable();
    // Of several appends of one value the least condemned counts: outcomes are in that order.
    appends.dedup_by_key(|&mut (key, value, _)| (key, value));
    appends
}

/// Notes what reads show, and which version each met.
pub(super) fn judge_reads(all: &mut Lists<'_>) {
    let keys = all.lists.len();
    let mut reads = ListReads {
        all,
        touched: vec![UNTOUCHED; keys],
        claimed: vec![NONE; keys],
        strange: Vec::new(),
        appends: None,
    };
    for transaction in 0..reads.all.history.transactions.len() as u32 {
        if reads.all.inference.committed[transaction as usize] {
            reads.transaction(transaction);
        }
    }
    // An append that only such a read holds is not known to come after the longest one.
    for key in std::mem::take(&mut reads.strange) {
        let list = reads.all.lists[key as usize];
        reads.all.inference.versions.set_next(list.initial + list.versions, &[]);
    }
}

impl ListReads<'_, '_> {
    fn transaction(&mut self, transaction: u32) {
        let record = self.all.history.transactions[transaction as usize];
        for step in record.first..record.first + record.count {
            match self.all.history.steps[step as usize] {
                Step::Append { key, .. } => self.append(transaction, key, step),
                // What a transaction read is only told by those that were told that they committed.
                Step::ReadList { key, elements } if record.outcome == Outcome::Ok => {
                    self.read(transaction, key, step, elements);
                }
                _ => {}
            }
        }
    }

    fn touched(&mut self, transaction: u32, key: u32) -> &mut Touched {
        let touched = &mut self.touched[key as usize];
        if touched.transaction != transaction {
            *touched = Touched { transaction, ..UNTOUCHED };
        }
        touched
    }

    fn append(&mut self, transaction: u32, key: u32, step: u32) {
        let touched = self.touched(transaction, key);
        touched.appended += 1;
        touched.appended_since_read += 1;
        let Touched { version: read, appended, newest, last_own, .. } = *touched;
        let version = self.all.inference.met[step as usize];
        if version == NONE {
            return;
        }
        self.touched(transaction, key).last_own = version;
        if version <= newest {
            self.note(Anomaly::FutureRead, transaction, key, step);
        } else if version < last_own {
            self.note(Anomaly::IncompatibleOrder, transaction, key, step);
        } else if read != NONE && appended == 1 {
            self.lost_update(transaction, key, step, read, version);
        }
    }

    /// Whoever read a version and appended must come right after it.
    fn lost_update(&mut self, transaction: u32, key: u32, step: u32, read: u32, version: u32) {
        let list = self.all.lists[key as usize];
        let last = list.initial + list.versions;
        let other = match (version > last, read == last) {
            (true, true) => std::mem::replace(&mut self.claimed[key as usize], transaction),
            // Its own later appends may stand between, where they are read before an earlier one.
            _ if version != read + 1 => self.all.inference.versions.writer(read + 1),
            _ => NONE,
        };
        if other != NONE && other != transaction {
            let history = self.all.history;
            self.all.findings.note(Anomaly::LostUpdate, 2, || {
                words::lost_update(history, [other, transaction], key, step)
            });
        }
    }

    fn read(&mut self, transaction: u32, key: u32, step: u32, elements: Elements) {
        let list = self.all.lists[key as usize];
        let read = self.all.history.list(elements);
        let longest = self.all.longest(&list);
        let is_prefix = read.len() <= longest.len() && *read == longest[..read.len()];
        if is_prefix {
            self.prefix(transaction, &list, step, elements.length);
        } else {
            self.strange(transaction, key, step, read);
        }
        let touched = *self.touched(transaction, key);
        if (touched.read.is_some() || touched.appended > 0) && !self.is_internal(touched, key, step, read) {
            self.note(Anomaly::Internal, transaction, key, step);
            if touched.appended == 0 {
                self.note(Anomaly::NonRepeatableRead, transaction, key, step);
            }
        }
        let is_external = is_prefix && touched.appended == 0 && elements.length <= list.versions;
        let version = if is_external { list.initial + elements.length } else { NONE };
        if is_external {
            self.external(transaction, &list, step, version);
        }
        let version = if touched.version == NONE { version } else { touched.version };
        let newest =
            touched.newest.max(if is_prefix { list.initial + elements.length.min(list.versions) } else { 0 });
        *self.touched(transaction, key) =
            Touched { read: Some(elements), version, appended_since_read: 0, newest, ..touched };
    }

    fn prefix(&mut self, transaction: u32, list: &List, step: u32, length: u32) {
        let key = self.all.history.steps[step as usize].key();
        if length >= list.first_aborted {
            self.note(Anomaly::G1a, transaction, key, step);
        }
        if length >= list.first_garbage {
            self.note(Anomaly::GarbageRead, transaction, key, step);
        }
        if length > list.versions {
            self.note(Anomaly::DuplicateElements, transaction, key, step);
        }
    }

    fn external(&mut self, transaction: u32, list: &List, step: u32, version: u32) {
        self.all.inference.met[step as usize] = version;
        let writer = self.all.inference.versions.writer(version);
        if version > list.initial && writer != transaction && self.all.intermediate[version as usize] {
            let history = self.all.history;
            self.all
                .findings
                .note(Anomaly::G1b, 2, || words::intermediate_read(history, transaction, writer, step));
        }
    }

    /// A read that the longest one does not begin with.
    fn strange(&mut self, transaction: u32, key: u32, step: u32, read: &[ValueId]) {
        let mut sorted = read.to_vec();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            self.note(Anomaly::DuplicateElements, transaction, key, step);
        }
        let (history, longest) = (self.all.history, self.all.longest(&self.all.lists[key as usize]));
        self.all.findings.note(Anomaly::IncompatibleOrder, read.len(), || {
            words::incompatible_order(history, transaction, step, longest)
        });
        self.strange.push(key);
        self.elements(transaction, key, step, read);
    }

    /// What the elements of such a read show by themselves: the order of versions has no place for them.
    fn elements(&mut self, transaction: u32, key: u32, step: u32, read: &[ValueId]) {
        let history = self.all.history;
        let appends = self.appends.get_or_insert_with(|| appends(history));
        let outcome = |&value: &ValueId| {
            let at = appends.binary_search_by_key(&(key, value), |&(key, value, _)| (key, value)).ok()?;
            Some(appends[at].2)
        };
        let holds = |wanted| read.iter().any(|value| outcome(value) == wanted);
        let (is_garbage, is_aborted) = (holds(None), holds(Some(Outcome::Fail)));
        if is_garbage {
            self.note(Anomaly::GarbageRead, transaction, key, step);
        }
        if is_aborted {
            self.note(Anomaly::G1a, transaction, key, step);
        }
    }

    /// Whether a read is what the transaction last read and then appended; where it only appended, whether it ends in
    /// that.
    fn is_internal(&self, touched: Touched, key: u32, step: u32, read: &[ValueId]) -> bool {
        let own = touched.appended_since_read as usize;
        let Some(base) = read.len().checked_sub(own) else { return false };
        let same_base = touched.read.is_none_or(|before| self.all.history.list(before) == &read[..base]);
        let before = self.all.history.steps[..step as usize].iter().rev();
        let appended = before.filter(|step| step.key() == key).filter_map(Step::written);
        same_base && appended.zip(read[base..].iter().rev()).take(own).all(|(own, read)| own == *read)
    }

    fn note(&mut self, anomaly: Anomaly, transaction: u32, key: u32, step: u32) {
        let history = self.all.history;
        let record: &RecordedTransaction = &history.transactions[transaction as usize];
        self.all.findings.note(anomaly, record.count as usize, || {
            words::one_step(history, anomaly, transaction, key, step)
        });
    }
}
