//! The order of a list's versions, read off its longest read (Kingsbury & Alvaro 2020, §4.2): every element says who
//! appended it, and every list holds its own history.

use super::by_key::{ByKey, Place};
use super::findings::Findings;
use super::versions::{Inference, NONE, Open, Versions};
use super::{TrueOrder, words};
use crate::recorded::{Elements, Step, TransactionHistory, ValueId};
use crate::{Anomaly, Outcome};

/// What is known of each list.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    /// Its longest read, or its true order.
    pub longest: Elements,
    /// Its initial, empty version; the one with `n` elements has the number `initial + n`.
    pub initial: u32,
    /// How many elements of the longest read make versions: all, but none from the first repeated one on.
    pub versions: u32,
    /// From this length on, a read holds an aborted append, or an element that nobody appended.
    pub first_aborted: u32,
    pub first_garbage: u32,
}

/// Every list's versions; what reads tell about each other is for [`super::list_reads`].
pub(super) struct Lists<'a> {
    pub history: &'a TransactionHistory,
    /// The elements that [`List::longest`] points into.
    pub elements: &'a [ValueId],
    pub lists: Vec<List>,
    pub inference: Inference,
    /// For each version: its writer appended to the list again in the same transaction.
    pub intermediate: Vec<bool>,
    pub findings: Findings,
    /// Steps that append what another step appends to the same list too, ascending.
    ambiguous: Vec<u32>,
}

impl<'a> Lists<'a> {
    /// Reads the order of versions off the reads.
    pub fn infer(history: &'a TransactionHistory) -> Self {
        Self::with(history, longest_reads(history), &history.elements)
    }

    /// Takes the true order.
    pub fn ordered(history: &'a TransactionHistory, order: &'a TrueOrder) -> Self {
        let longest = (0..history.keys.len() as u32).map(|key| order.elements(key)).collect();
        Self::with(history, longest, order.all())
    }

    fn with(history: &'a TransactionHistory, longest: Vec<Elements>, elements: &'a [ValueId]) -> Self {
        let committed = history.transactions.iter().map(|record| record.outcome == Outcome::Ok).collect();
        let inference = Inference { committed, met: vec![NONE; history.steps.len()], ..Inference::default() };
        let list = |longest| List {
            longest,
            initial: NONE,
            versions: 0,
            first_aborted: u32::MAX,
            first_garbage: u32::MAX,
        };
        let lists = longest.into_iter().map(list).collect();
        let mut all = Self {
            history,
            elements,
            lists,
            inference,
            intermediate: Vec::new(),
            findings: Findings::default(),
            ambiguous: Vec::new(),
        };
        let appends = ByKey::new(history, |_, step| matches!(step, Step::Append { .. }));
        all.inference.versions = Versions::with_capacity(appends.len() + history.keys.len());
        all.intermediate.reserve(appends.len() + history.keys.len());
        all.line_up_versions(&appends);
        all.add_unread_appends(&appends);
        all
    }

    /// A list's longest read.
    pub fn longest(&self, list: &List) -> &'a [ValueId] {
        &self.elements[list.longest.start as usize..][..list.longest.length as usize]
    }

    fn line_up_versions(&mut self, appends: &ByKey) {
        let mut appended_at = vec![NONE; self.history.values.len()];
        for key in 0..appends.keys() {
            let places = appends.of(key);
            for (at, place) in places.iter().enumerate() {
                let slot = &mut appended_at[self.value(place).0 as usize];
                if *slot != NONE {
                    self.ambiguous.extend(
                        places.get(*slot as usize).into_iter().chain([place]).map(|place| place.step),
                    );
                }
                *slot = if *slot == NONE { at as u32 } else { REPEATED };
            }
            self.line_up(key, places, &appended_at);
            places.iter().for_each(|place| appended_at[self.value(place).0 as usize] = NONE);
        }
        self.ambiguous.sort_unstable();
        if !self.ambiguous.is_empty() {
            self.inference.leave_open(Open::RepeatedWrites);
        }
    }

    fn line_up(&mut self, key: u32, places: &[Place], appended_at: &[u32]) {
        let mut list = self.lists[key as usize];
        list.initial = self.push_version(NONE, false);
        let mut follows_aborted = false;
        for &element in self.longest(&list) {
            let at = appended_at.get(element.0 as usize).copied().unwrap_or(NONE);
            let Some(place) = places.get(at as usize) else {
                list.first_garbage =
                    if at == NONE { list.first_garbage.min(list.versions + 1) } else { list.first_garbage };
                self.push_version(NONE, false);
                list.versions += 1;
                continue;
            };
            if self.inference.met[place.step as usize] != NONE {
                break;
            }
            list.versions += 1;
            self.install(&mut list, place, places.get(at as usize + 1), &mut follows_aborted);
        }
        for version in list.initial..list.initial + list.versions {
            self.inference.versions.set_next(version, &[version + 1]);
        }
        self.lists[key as usize] = list;
    }

    fn install(&mut self, list: &mut List, place: &Place, next: Option<&Place>, follows_aborted: &mut bool) {
        let Place { step, transaction } = *place;
        let aborted = self.history.transactions[transaction as usize].outcome == Outcome::Fail;
        if aborted {
            list.first_aborted = list.first_aborted.min(list.versions);
            *follows_aborted = true;
        } else if *follows_aborted {
            *follows_aborted = false;
            let longest = self.longest(list);
            self.findings.note(Anomaly::DirtyUpdate, longest.len(), || {
                words::dirty_update(self.history, place, &longest[..list.versions as usize])
            });
        }
        // Whoever's append was read did commit, whatever its client was told or not told.
        self.inference.committed[transaction as usize] |= !aborted;
        let again = next.is_some_and(|next| next.transaction == transaction);
        self.inference.met[step as usize] =
            self.push_version(if aborted { NONE } else { transaction }, again);
    }

    /// Appends that nobody read come after all that was read.
    fn add_unread_appends(&mut self, appends: &ByKey) {
        for key in 0..appends.keys() {
            let unread: Vec<u32> =
                appends.of(key).iter().filter_map(|place| self.unread_version(place)).collect();
            if unread.len() > 1 {
                self.inference.leave_open(Open::UnreadAppends);
            }
            let list = self.lists[key as usize];
            self.inference.versions.set_next(list.initial + list.versions, &unread);
        }
    }

    fn unread_version(&mut self, place: &Place) -> Option<u32> {
        let is_unread = self.inference.met[place.step as usize] == NONE;
        let is_committed = self.inference.committed[place.transaction as usize];
        if !is_unread || !is_committed || self.ambiguous.binary_search(&place.step).is_ok() {
            return None;
        }
        let version = self.push_version(place.transaction, false);
        self.inference.met[place.step as usize] = version;
        Some(version)
    }

    fn push_version(&mut self, writer: u32, intermediate: bool) -> u32 {
        self.intermediate.push(intermediate);
        self.inference.versions.push(writer)
    }

    fn value(&self, place: &Place) -> ValueId {
        self.history.steps[place.step as usize].written().expect("appends write")
    }
}

/// Where an element was appended more than once: no place in any key's appends.
const REPEATED: u32 = NONE - 1;

fn longest_reads(history: &TransactionHistory) -> Vec<Elements> {
    let mut longest = vec![Elements { start: 0, length: 0 }; history.keys.len()];
    for record in history.transactions.iter().filter(|record| record.outcome == Outcome::Ok) {
        for step in history.steps(record) {
            if let Step::ReadList { key, elements } = *step
                && elements.length > longest[key as usize].length
            {
                longest[key as usize] = elements;
            }
        }
    }
    longest
}
