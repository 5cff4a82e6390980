//! Which transaction each read saw, and what a single read shows to be wrong.
//!
//! A read that follows a write of its own transaction must see that write; every other read is *external* and sees
//! the last write of one committed transaction, or the initial version. What breaks these rules is an anomaly at once,
//! and tells nothing about the order of commits (Biswas & Enea 2019).

use super::findings::Findings;
use super::lists::Lists;
use super::rows::Rows;
use super::words::Words;
use super::writers::{Origin, Writers};
use crate::recorded::{RecordedTransaction, Step, TransactionHistory, ValueId};
use crate::{Anomaly, Outcome};

/// The source of a read that saw what was there before the first write.
pub(super) const INITIAL: u32 = u32::MAX;

/// A read that saw another transaction's write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ExternalRead {
    pub(super) key: u32,
    /// The writer, or [`INITIAL`].
    pub(super) source: u32,
}

/// The reads of a history, sources by place in the history.
pub(super) struct Reads {
    /// Of each transaction, in program order.
    pub(super) external: Rows<ExternalRead>,
    /// Of each transaction, whether a committed one saw a write of its own.
    pub(super) observed: Vec<bool>,
    /// Two writers of one key whose versions were read one after the other: (earlier, later, key).
    pub(super) versions: Vec<(u32, u32, u32)>,
}

/// Resolves the reads of all transactions that are known to have committed.
pub(super) fn resolve(history: &TransactionHistory, findings: &mut Findings) -> Reads {
    let writers = Writers::new(history);
    let mut resolver = Resolver::new(history, &writers, findings);
    for (place, transaction) in (0..).zip(&history.transactions) {
        if transaction.outcome == Outcome::Ok {
            resolver.transaction(place, transaction);
        }
        resolver.reads.external.close();
    }
    let Resolver { mut reads, lists, findings, .. } = resolver;
    lists.finish(&mut reads, findings);
    reads
}

struct Resolver<'a> {
    history: &'a TransactionHistory,
    writers: &'a Writers,
    findings: &'a mut Findings,
    reads: Reads,
    lists: Lists<'a>,
    /// Of each key, the last transaction that wrote it before it read it, and what.
    own: Vec<(u32, ValueId)>,
    /// Of each key, the last transaction that read it externally, and what it read first.
    seen: Vec<(u32, ValueId)>,
}

impl<'a> Resolver<'a> {
    fn new(history: &'a TransactionHistory, writers: &'a Writers, findings: &'a mut Findings) -> Self {
        let unseen = vec![(u32::MAX, ValueId::NIL); history.keys.len()];
        let external = Rows::with_capacity(history.transactions.len(), history.steps.len() / 2);
        let observed = vec![false; history.transactions.len()];
        let reads = Reads { external, observed, versions: Vec::new() };
        let lists = Lists::new(history, writers);
        Self { history, writers, findings, reads, lists, own: unseen.clone(), seen: unseen }
    }

    fn transaction(&mut self, place: u32, transaction: &RecordedTransaction) {
        self.lists.begin();
        for step in self.history.steps(transaction) {
            match *step {
                Step::Write { key, value } => self.own[key as usize] = (place, value),
                Step::Read { key, value } => self.read(place, key, value),
                Step::Append { key, value } => self.lists.append(place, key, value),
                Step::ReadList { key, elements } => {
                    let source = self.lists.read(place, key, elements, self.findings);
                    self.enter(key, source);
                }
                Step::ReadUnknown { .. } => {}
            }
        }
    }

    fn read(&mut self, place: u32, key: u32, value: ValueId) {
        match self.own[key as usize] {
            (writer, own) if writer == place => {
                if own != value {
                    let words = || Words::new(self.history).not_its_own(place, key, value, own);
                    self.findings.fatal(Anomaly::Internal, words);
                }
            }
            _ => self.external(place, key, value),
        }
    }

    fn external(&mut self, place: u32, key: u32, value: ValueId) {
        self.compare(place, key, value);
        let origin = if value == ValueId::NIL { Origin::Nobody } else { self.writers.origin(key, value) };
        let source = classify(self.history, Version { place, key, value }, origin, self.findings);
        self.enter(key, source);
    }

    /// What a transaction does not write between two reads must not change between them.
    fn compare(&mut self, place: u32, key: u32, value: ValueId) {
        let seen = &mut self.seen[key as usize];
        if seen.0 != place {
            *seen = (place, value);
        } else if seen.1 != value {
            let first = seen.1;
            let words = || Words::new(self.history).not_repeated(place, key, first, value);
            self.findings.unrepeatable(Anomaly::Internal, words);
            self.findings.unrepeatable(Anomaly::NonRepeatableRead, words);
        }
    }

    fn enter(&mut self, key: u32, source: Option<u32>) {
        let Some(source) = source else { return };
        if source != INITIAL {
            self.reads.observed[source as usize] = true;
        }
        self.reads.external.push(ExternalRead { key, source });
    }
}

/// A value of a key, as a transaction read it.
#[derive(Clone, Copy)]
pub(super) struct Version {
    /// The reader.
    pub(super) place: u32,
    pub(super) key: u32,
    pub(super) value: ValueId,
}

/// The source of an external read, where it may have one.
///
/// A value that nobody wrote is the key's initial one: histories of Jepsen's tests begin with a set-up that they do
/// not record.
pub(super) fn classify(
    history: &TransactionHistory,
    version: Version,
    origin: Origin,
    findings: &mut Findings,
) -> Option<u32> {
    let words = Words::new(history);
    let write = match origin {
        Origin::Nobody => return Some(INITIAL),
        Origin::Several(one, other) => {
            findings.doubt(|| words.ambiguous(version.key, version.value, one, other));
            return None;
        }
        Origin::One(write) => write,
    };
    let Version { place, key, value } = version;
    let anomaly = if write.writer == place {
        Anomaly::FutureRead
    } else if write.aborted {
        Anomaly::G1a
    } else if !write.last {
        Anomaly::G1b
    } else {
        return Some(write.writer);
    };
    findings.fatal(anomaly, || words.bad_read(anomaly, place, key, value, write.writer));
    None
}
