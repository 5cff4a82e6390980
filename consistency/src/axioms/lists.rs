//! Lists as registers: a read of a list is a read of its last element, and it shows the order of the versions before.
//!
//! What a transaction appended itself stands at the end of what it reads afterwards; the rest, the *base*, is what it
//! read from others. Only bases tell of the order of versions: what is not committed yet may still move.

use super::findings::Findings;
use super::reads::{INITIAL, Reads, Version, classify};
use super::words::Words;
use super::writers::{Origin, Writers};
use crate::recorded::{Elements, Step, TransactionHistory, ValueId};
use crate::{Anomaly, Outcome};

/// Reads of lists, gathered until the order of their versions can be told.
pub(super) struct Lists<'a> {
    history: &'a TransactionHistory,
    writers: &'a Writers,
    /// What the transaction at hand has appended so far.
    own: Vec<(u32, ValueId)>,
    /// Of each key, the last transaction that appended to it.
    appender: Vec<u32>,
    /// Of each key, the last transaction that read it, and what base it read first.
    seen: Vec<(u32, Elements)>,
    /// Of each key, the longest base of all, and who read it.
    longest: Vec<(u32, Elements)>,
    bases: Vec<Base>,
}

#[derive(Clone, Copy)]
struct Base {
    place: u32,
    key: u32,
    elements: Elements,
}

const EMPTY: Elements = Elements { start: 0, length: 0 };

impl<'a> Lists<'a> {
    pub(super) fn new(history: &'a TransactionHistory, writers: &'a Writers) -> Self {
        let keys = history.keys.len();
        let unseen = vec![(u32::MAX, EMPTY); keys];
        let (own, bases, appender) = (Vec::new(), Vec::new(), vec![u32::MAX; keys]);
        Self { history, writers, own, appender, seen: unseen.clone(), longest: unseen, bases }
    }

    /// A transaction begins.
    pub(super) fn begin(&mut self) {
        self.own.clear();
    }

    pub(super) fn append(&mut self, place: u32, key: u32, value: ValueId) {
        self.own.push((key, value));
        self.appender[key as usize] = place;
    }

    /// The source of one read, where it can have one.
    pub(super) fn read(
        &mut self,
        place: u32,
        key: u32,
        elements: Elements,
        findings: &mut Findings,
    ) -> Option<u32> {
        let words = Words::new(self.history);
        let Some(elements) = self.base(place, key, elements) else {
            findings.fatal(Anomaly::Internal, || words.without_own_appends(place, key, elements));
            return None;
        };
        self.compare(place, key, elements, findings);
        self.bases.push(Base { place, key, elements });
        if elements.length > self.longest[key as usize].1.length {
            self.longest[key as usize] = (place, elements);
        }
        let Some(&value) = self.history.list(elements).last() else { return Some(INITIAL) };
        let origin = self.writers.origin(key, value);
        if origin == Origin::Nobody {
            findings.fatal(Anomaly::GarbageRead, || words.garbage(place, key, value));
            return None;
        }
        classify(self.history, Version { place, key, value }, origin, findings)
    }

    /// What was read but for the transaction's own appends, which must stand at the end.
    fn base(&self, place: u32, key: u32, elements: Elements) -> Option<Elements> {
        if self.appender[key as usize] != place {
            return Some(elements);
        }
        let mut list = self.history.list(elements);
        for (_, value) in self.own.iter().rev().filter(|(of, _)| *of == key) {
            let (last, rest) = list.split_last()?;
            if last != value {
                return None;
            }
            list = rest;
        }
        Some(Elements { length: list.len() as u32, ..elements })
    }

    fn compare(&mut self, place: u32, key: u32, elements: Elements, findings: &mut Findings) {
        let seen = &mut self.seen[key as usize];
        if seen.0 != place {
            *seen = (place, elements);
        } else if self.history.list(seen.1) != self.history.list(elements) {
            let first = seen.1;
            let words = Words::new(self.history);
            // Whoever has written in between may read another version, though not this one.
            if self.appender[key as usize] == place {
                let explain = || words.list_not_repeated_but_for_its_own(place, key, first, elements);
                findings.unrepeatable(Anomaly::Internal, explain);
            } else {
                let explain = || words.list_not_repeated(place, key, first, elements);
                findings.unrepeatable(Anomaly::Internal, explain);
                findings.unrepeatable(Anomaly::NonRepeatableRead, explain);
            }
        }
    }

    /// Every base must begin the longest one, which tells the order of its key's versions.
    pub(super) fn finish(self, reads: &mut Reads, findings: &mut Findings) {
        for base in &self.bases {
            let (longest_reader, longest) = self.longest[base.key as usize];
            if !self.history.list(longest).starts_with(self.history.list(base.elements)) {
                let words = Words::new(self.history);
                let explain =
                    || words.incompatible(base.key, (base.place, base.elements), (longest_reader, longest));
                findings.fatal(Anomaly::IncompatibleOrder, explain);
            }
        }
        for (key, &(place, longest)) in (0..).zip(&self.longest) {
            self.versions(Base { place, key, elements: longest }, reads, findings);
        }
        for (key, &(_, longest)) in (0..).zip(&self.longest) {
            self.unread(key, longest, reads);
        }
    }

    fn versions(&self, base: Base, reads: &mut Reads, findings: &mut Findings) {
        let list = self.history.list(base.elements);
        self.duplicates(base, list, findings);
        let mut before = None;
        for (position, &value) in list.iter().enumerate() {
            // The last element was looked at when it was read.
            let report = position + 1 < list.len();
            let Some(writer) = self.committed(base, value, report, findings) else { continue };
            reads.observed[writer as usize] = true;
            if let Some(before) = before.filter(|&before| before != writer) {
                reads.versions.push((before, writer, base.key));
            }
            before = Some(writer);
        }
        for run in list.chunk_by(|&one, &other| self.writer(base.key, one) == self.writer(base.key, other)) {
            if let Some(writer) = self.writer(base.key, run[0]) {
                self.in_order(base, run, writer, findings);
            }
        }
    }

    /// What is not in the longest list comes after all that is: every version of a list begins the later ones.
    fn unread(&self, key: u32, longest: Elements, reads: &mut Reads) {
        let list = self.history.list(longest);
        let last = list.iter().rev().find_map(|&value| self.writer(key, value));
        let Some(last) = last else { return };
        let mut shown = list.to_vec();
        shown.sort_unstable();
        for write in self.writers.of_key(key) {
            let committed = match self.history.transactions[write.writer as usize].outcome {
                Outcome::Ok => true,
                Outcome::Fail => false,
                Outcome::Info => reads.observed[write.writer as usize],
            };
            if committed && write.writer != last && shown.binary_search(&write.value).is_err() {
                reads.versions.push((last, write.writer, key));
            }
        }
    }

    /// Who appended an element, if one transaction did that did not abort.
    fn writer(&self, key: u32, value: ValueId) -> Option<u32> {
        let Origin::One(write) = self.writers.origin(key, value) else { return None };
        (!write.aborted).then_some(write.writer)
    }

    /// What one transaction appended stands in a list as it appended it.
    fn in_order(&self, base: Base, run: &[ValueId], writer: u32, findings: &mut Findings) {
        let steps = self.history.steps(&self.history.transactions[writer as usize]);
        let of_key = |step: &&Step| step.key() == base.key;
        let appended = steps.iter().filter(of_key).filter_map(Step::written);
        if !run.iter().copied().eq(appended.take(run.len())) {
            let words = Words::new(self.history);
            let explain = || words.shuffled(base.place, base.key, base.elements, writer);
            findings.fatal(Anomaly::IncompatibleOrder, explain);
        }
    }

    /// Who appended an element, unless that transaction aborted or nobody did.
    fn committed(&self, base: Base, value: ValueId, report: bool, findings: &mut Findings) -> Option<u32> {
        let words = Words::new(self.history);
        let Base { place, key, .. } = base;
        match self.writers.origin(key, value) {
            Origin::One(write) if write.aborted => {
                if report {
                    let explain = || words.bad_read(Anomaly::G1a, place, key, value, write.writer);
                    findings.fatal(Anomaly::G1a, explain);
                }
                None
            }
            Origin::One(write) => Some(write.writer),
            Origin::Several(one, other) => {
                findings.doubt(|| words.ambiguous(key, value, one, other));
                None
            }
            Origin::Nobody => {
                if report {
                    findings.fatal(Anomaly::GarbageRead, || words.garbage(place, key, value));
                }
                None
            }
        }
    }

    fn duplicates(&self, base: Base, list: &[ValueId], findings: &mut Findings) {
        let mut sorted = list.to_vec();
        sorted.sort_unstable();
        let repeated = sorted.windows(2).find(|pair| pair[0] == pair[1]);
        if let Some(pair) = repeated {
            let explain = || Words::new(self.history).duplicate(base.place, base.key, base.elements, pair[0]);
            findings.fatal(Anomaly::DuplicateElements, explain);
        }
    }
}
