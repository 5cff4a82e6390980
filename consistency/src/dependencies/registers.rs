//! The versions of registers and who read them. Their order must be inferred (Kingsbury & Alvaro 2020, §5): for that
//! see [`super::register_order`].

use super::by_key::{ByKey, Place};
use super::findings::Findings;
use super::register_order::{Touch, known_order};
use super::versions::{Inference, NONE, Open};
use super::{Assumptions, TrueOrder, words};
use crate::recorded::{Step, TransactionHistory, ValueId};
use crate::{Anomaly, Outcome};

/// Every register's versions.
pub(super) struct Registers<'a> {
    pub history: &'a TransactionHistory,
    pub inference: Inference,
    pub findings: Findings,
    /// For each value of the key under way: its write.
    written: Vec<Written>,
    /// For each version: the first that read it and overwrote it.
    claimed: Vec<u32>,
}

/// Who wrote a value to the key under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    Nobody,
    /// What the register held at first.
    Initially,
    Aborted,
    /// Two writes of one value.
    Repeatedly,
    /// By this step: the version it installed, or that its transaction installed later, and whether it did so later.
    Committed {
        version: u32,
        intermediate: bool,
    },
}

impl<'a> Registers<'a> {
    /// Infers what it can of the order of versions.
    pub fn infer(history: &'a TransactionHistory, assume: Assumptions) -> Self {
        Self::with(history, &TrueOrder::default(), |all, key, initial, versions, touches| {
            all.line_up(key, initial, versions, known_order(history, touches, assume));
        })
    }

    /// Takes the true order.
    pub fn ordered(history: &'a TransactionHistory, order: &TrueOrder) -> Self {
        Self::with(history, order, |all, key, initial, versions, _| {
            let installed = |value: &ValueId| match all.written[value.0 as usize] {
                Written::Committed { version, intermediate: false } => Some(version),
                _ => None,
            };
            let mut line: Vec<u32> = order.of(key).iter().filter_map(installed).collect();
            // A write that was carried out twice in a row is one version.
            line.dedup();
            let pairs = line.windows(2).map(|pair| (pair[0], pair[1])).collect();
            all.line_up(key, initial, versions, pairs);
        })
    }

    fn with(
        history: &'a TransactionHistory,
        survivors: &TrueOrder,
        order: impl Fn(&mut Self, u32, u32, &[u32], &[Touch]),
    ) -> Self {
        let committed = history.transactions.iter().map(|record| record.outcome == Outcome::Ok).collect();
        let inference = Inference { committed, met: vec![NONE; history.steps.len()], ..Inference::default() };
        let written = vec![Written::Nobody; history.values.len()];
        let mut all =
            Self { history, inference, findings: Findings::default(), written, claimed: Vec::new() };
        let steps = ByKey::new(history, |_, step| !matches!(step, Step::ReadUnknown { .. }));
        (0..steps.keys()).for_each(|key| all.observe(steps.of(key), survivors.of(key)));
        for key in 0..steps.keys() {
            let places = steps.of(key);
            let (initial, versions) = all.versions(places);
            let touches = all.touches(places, initial);
            order(&mut all, key, initial, &versions, &touches);
            all.forget(places);
        }
        all
    }

    /// Whoever's write was read, or is known to survive, did commit, whatever its client was not told.
    fn observe(&mut self, places: &[Place], survivors: &[ValueId]) {
        let is_unsure = |place: &Place| self.outcome(place) == Outcome::Info;
        let unsure: Vec<(ValueId, u32)> = places
            .iter()
            .filter(|place| is_unsure(place))
            .filter_map(|place| Some((self.step(place).written()?, place.transaction)))
            .collect();
        if unsure.is_empty() {
            return;
        }
        let mut installed: Vec<ValueId> = places
            .iter()
            .filter(|place| self.outcome(place) == Outcome::Ok)
            .filter_map(|place| self.read(place))
            .chain(survivors.iter().copied())
            .collect();
        installed.sort_unstable();
        for (value, transaction) in unsure {
            self.inference.committed[transaction as usize] |= installed.binary_search(&value).is_ok();
        }
    }

    /// Gives the versions of one key their numbers, the initial one first.
    fn versions(&mut self, places: &[Place]) -> (u32, Vec<u32>) {
        let initial = self.inference.versions.push(NONE);
        let mut versions: Vec<u32> = Vec::new();
        let mut own: Vec<(u32, u32)> = Vec::new();
        for (at, place) in places.iter().enumerate() {
            let Some(value) = self.step(place).written() else { continue };
            let rewritten = places[at + 1..]
                .iter()
                .take_while(|next| next.transaction == place.transaction)
                .any(|next| self.step(next).written().is_some());
            let written = self.written_by(place, rewritten, &mut own);
            if let Written::Committed { version, intermediate: false } = written {
                versions.push(version);
                self.inference.met[place.step as usize] = version;
            }
            self.remember(value, written);
        }
        self.claimed.resize(self.inference.versions.writers.len(), NONE);
        (initial, versions)
    }

    /// `own` holds the version of the transaction under way, so that its intermediate writes have the same.
    fn written_by(&mut self, place: &Place, intermediate: bool, own: &mut Vec<(u32, u32)>) -> Written {
        if !self.inference.committed[place.transaction as usize] {
            return if self.outcome(place) == Outcome::Fail { Written::Aborted } else { Written::Nobody };
        }
        if own.last().is_none_or(|&(transaction, _)| transaction != place.transaction) {
            own.push((place.transaction, self.inference.versions.push(place.transaction)));
        }
        Written::Committed { version: own.last().expect("pushed above").1, intermediate }
    }

    fn remember(&mut self, value: ValueId, written: Written) {
        let slot = &mut self.written[value.0 as usize];
        if *slot == Written::Nobody {
            *slot = written;
        } else if written != Written::Nobody {
            *slot = Written::Repeatedly;
            self.inference.leave_open(Open::RepeatedWrites);
        }
    }

    fn forget(&mut self, places: &[Place]) {
        for place in places {
            let value =
                self.step(place).written().or(self.read(place)).filter(|&value| value != ValueId::NIL);
            value.into_iter().for_each(|value| self.written[value.0 as usize] = Written::Nobody);
        }
    }

    /// What each committed transaction did with the key: the version it read first, the one it installed.
    fn touches(&mut self, places: &[Place], initial: u32) -> Vec<Touch> {
        let mut first_value = None;
        let by_transaction = places.chunk_by(|a, b| a.transaction == b.transaction);
        by_transaction.filter_map(|own| self.touch(own, initial, &mut first_value)).collect()
    }

    fn touch(&mut self, own: &[Place], initial: u32, first_value: &mut Option<ValueId>) -> Option<Touch> {
        let transaction = own[0].transaction;
        if !self.inference.committed[transaction as usize] {
            return None;
        }
        let is_ok = self.outcome(&own[0]) == Outcome::Ok;
        let (mut known, mut wrote, mut read) = (None, NONE, NONE);
        for place in own {
            let step = *self.step(place);
            if let Step::Read { value, .. } = step {
                if !is_ok {
                    continue;
                }
                self.internal(place, known, wrote != NONE || matches!(known, Some((_, true))), value);
                let external = !matches!(known, Some((_, true)));
                if external {
                    let version = self.meet(place, value, initial, first_value);
                    read = if read == NONE { version } else { read };
                }
                known = Some((value, !external));
            } else if let Some(value) = step.written() {
                let version = self.inference.met[place.step as usize];
                wrote = if version == NONE { wrote } else { version };
                known = Some((value, true));
            }
        }
        if read != NONE && own.iter().any(|place| self.step(place).written().is_some()) {
            self.lost_update(own, read);
        }
        Some(Touch { transaction, read, wrote })
    }

    /// The version that a read of others' writes met.
    fn meet(
        &mut self,
        place: &Place,
        value: ValueId,
        initial: u32,
        first_value: &mut Option<ValueId>,
    ) -> u32 {
        let written = if value == ValueId::NIL { Written::Initially } else { self.written[value.0 as usize] };
        let version = match written {
            Written::Committed { version, .. }
                if self.inference.versions.writer(version) == place.transaction =>
            {
                self.note(Anomaly::FutureRead, place);
                NONE
            }
            Written::Committed { version, intermediate } => {
                if intermediate {
                    let (history, writer) = (self.history, self.inference.versions.writer(version));
                    let explain = || words::intermediate_read(history, place.transaction, writer, place.step);
                    self.findings.note(Anomaly::G1b, 2, explain);
                }
                version
            }
            Written::Aborted => {
                self.note(Anomaly::G1a, place);
                NONE
            }
            Written::Repeatedly => NONE,
            // A value that nobody wrote is what the register held at first; it can have held only one.
            Written::Nobody | Written::Initially => {
                if *first_value.get_or_insert(value) != value {
                    self.note(Anomaly::GarbageRead, place);
                    return NONE;
                }
                initial
            }
        };
        self.inference.met[place.step as usize] = version;
        version
    }

    /// `known` is the value that the transaction must find, and whether it wrote that itself.
    fn internal(&mut self, place: &Place, known: Option<(ValueId, bool)>, has_written: bool, value: ValueId) {
        if known.is_none_or(|(expected, _)| expected == value) {
            return;
        }
        self.note(Anomaly::Internal, place);
        if !has_written {
            self.note(Anomaly::NonRepeatableRead, place);
        }
    }

    /// Of two transactions that read one version and overwrite it, the later one did not see the earlier one's write.
    fn lost_update(&mut self, own: &[Place], read: u32) {
        let other = std::mem::replace(&mut self.claimed[read as usize], own[0].transaction);
        if other != NONE {
            let write = own.iter().find(|place| self.step(place).written().is_some()).expect("it writes");
            let (history, key) = (self.history, self.step(write).key());
            let explain = || words::lost_update(history, [other, write.transaction], key, write.step);
            self.findings.note(Anomaly::LostUpdate, 2, explain);
        }
    }

    /// Enters what is known of the order of one key's versions: pairs of an earlier and a later one.
    fn line_up(&mut self, key: u32, initial: u32, versions: &[u32], pairs: Vec<(u32, u32)>) {
        let order = super::register_order::line_up(initial, versions, pairs);
        if let Some(cycle) = order.cycle {
            let writers: Vec<u32> =
                cycle.iter().map(|&version| self.inference.versions.writer(version)).collect();
            let history = self.history;
            self.findings.note(Anomaly::CyclicVersions, cycle.len(), || {
                words::cyclic_versions(history, key, &writers)
            });
        }
        if !order.is_total {
            self.inference.leave_open(Open::PartialOrder);
        }
        for (version, after) in order.after {
            self.inference.versions.set_next(version, &after);
        }
    }

    fn note(&mut self, anomaly: Anomaly, place: &Place) {
        let (history, key) = (self.history, self.step(place).key());
        let size = history.transactions[place.transaction as usize].count as usize;
        self.findings
            .note(anomaly, size, || words::one_step(history, anomaly, place.transaction, key, place.step));
    }

    fn outcome(&self, place: &Place) -> Outcome {
        self.history.transactions[place.transaction as usize].outcome
    }

    fn step(&self, place: &Place) -> &'a Step {
        &self.history.steps[place.step as usize]
    }

    fn read(&self, place: &Place) -> Option<ValueId> {
        match *self.step(place) {
            Step::Read { value, .. } => Some(value),
            _ => None,
        }
    }
}
