//! Linearizability of registers: one order of all operations that keeps real time (Herlihy & Wing 1990).
//!
//! Linearizability is local (Herlihy & Wing 1990, §3.3, Theorem 1): a history is linearizable if and only if each
//! register's part of it is. So every register is judged alone: by [`zones`] in linear time (but for one sort) where
//! what each read saw is known, because no value is written twice; else by [`search`].
//!
//! # What counts
//! - A failed operation never happened. A read of a value that only failed writes wrote is not linearizable.
//! - An indeterminate read says nothing. An indeterminate write that nobody read is left out, and that is exact: taken
//!   out of an order that has it, it leaves the order legal, since no read and no compare-and-set relies on it. One
//!   that was read did happen, at any time after its invocation: it has no completion that others must wait for.
//! - What a register holds before its first write is [`Initial`].

mod search;
mod timeline;
pub(crate) mod visited;
mod witness;
mod zones;

use crate::recorded::{RegisterAction, RegisterHistory, RegisterOperation, ValueId};
use crate::register_check::Initial;
use crate::{Explanation, Outcome};

pub(crate) use witness::{describe, key_name, unwritten};

/// What became of the registers of a history.
#[derive(Default)]
pub(crate) struct Linearizability {
    /// How many registers are not linearizable, and the shortest explanation of one.
    pub broken: Option<(u64, Explanation)>,
    /// How many registers the budget did not suffice for.
    pub undecided: u64,
}

/// The verdict on one register.
enum Verdict {
    Holds,
    Broken(Explanation),
    Undecided,
}

/// Judges every register; the search may visit `budget` states, all registers together.
pub(crate) fn check(history: &RegisterHistory, initial: Initial, budget: u64) -> Linearizability {
    let mut result = Linearizability::default();
    let mut zones = zones::Zones::new(history);
    let mut budget = budget;
    by_key(history, |register| {
        let initial = initial_value(history, register, initial);
        let verdict = match zones.check(register, initial) {
            zones::Zoned::Linearizable => Verdict::Holds,
            zones::Zoned::Clash(clash) => Verdict::Broken(witness::of_clash(history, register, &clash)),
            zones::Zoned::AmbiguousReads => search(history, register, initial, &mut budget),
        };
        result.count(verdict);
    });
    result
}

impl Linearizability {
    fn count(&mut self, verdict: Verdict) {
        match (verdict, &mut self.broken) {
            (Verdict::Holds, _) => {}
            (Verdict::Undecided, _) => self.undecided += 1,
            (Verdict::Broken(explanation), None) => self.broken = Some((1, explanation)),
            (Verdict::Broken(explanation), Some((count, shortest))) => {
                *count += 1;
                if explanation.involved.len() < shortest.involved.len() {
                    *shortest = explanation;
                }
            }
        }
    }
}

fn search(history: &RegisterHistory, register: &[u32], initial: ValueId, budget: &mut u64) -> Verdict {
    match search::search(history, register, initial, budget) {
        search::Searched::Linearizable => Verdict::Holds,
        search::Searched::Stuck(stuck) => Verdict::Broken(witness::of_stuck(history, register, &stuck)),
        search::Searched::OutOfBudget => Verdict::Undecided,
    }
}

/// Calls `judge` with the places of each register's operations, in order of invocation.
pub(crate) fn by_key(history: &RegisterHistory, mut judge: impl FnMut(&[u32])) {
    let keys = history.operations.iter().map(|operation| operation.key as usize + 1).max().unwrap_or(0);
    let mut ends = vec![0usize; keys + 1];
    history.operations.iter().for_each(|operation| ends[operation.key as usize + 1] += 1);
    (1..=keys).for_each(|key| ends[key] += ends[key - 1]);
    let mut next = ends.clone();
    let mut places = vec![0u32; history.operations.len()];
    for (place, operation) in (0..).zip(&history.operations) {
        let slot = &mut next[operation.key as usize];
        places[*slot] = place;
        *slot += 1;
    }
    ends.windows(2)
        .map(|range| &places[range[0]..range[1]])
        .filter(|part| !part.is_empty())
        .for_each(&mut judge);
}

/// What a register holds before its first write.
pub(crate) fn initial_value(history: &RegisterHistory, register: &[u32], initial: Initial) -> ValueId {
    let operations = || register.iter().map(|&place| &history.operations[place as usize]);
    match initial {
        Initial::Nil => ValueId::NIL,
        Initial::Unwritten => {
            let mut written: Vec<ValueId> = operations().filter_map(written).collect();
            written.sort_unstable();
            let unwritten = |value: &ValueId| written.binary_search(value).is_err();
            operations().filter_map(observed).find(unwritten).unwrap_or(ValueId::NIL)
        }
    }
}

/// What an operation writes, whatever came of it.
pub(crate) fn written(operation: &RegisterOperation) -> Option<ValueId> {
    match operation.action {
        RegisterAction::Read(_) => None,
        RegisterAction::Write(value) | RegisterAction::CompareAndSet { to: value, .. } => Some(value),
    }
}

/// What an acknowledged operation saw.
pub(crate) fn observed(operation: &RegisterOperation) -> Option<ValueId> {
    match (operation.outcome, operation.action) {
        (Outcome::Ok, RegisterAction::Read(seen)) => seen,
        (Outcome::Ok, RegisterAction::CompareAndSet { from, .. }) => Some(from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::small_histories::{self, Shape, Skeleton};

    fn zoned(history: &RegisterHistory) -> Option<bool> {
        let mut zones = zones::Zones::new(history);
        let mut all = Some(true);
        by_key(history, |register| match zones.check(register, ValueId::NIL) {
            zones::Zoned::Linearizable => {}
            zones::Zoned::Clash(_) => all = all.map(|_| false),
            zones::Zoned::AmbiguousReads => all = None,
        });
        all
    }

    fn searched(history: &RegisterHistory) -> bool {
        let mut all = true;
        by_key(history, |register| {
            all &= matches!(
                search::search(history, register, ValueId::NIL, &mut u64::MAX.clone()),
                search::Searched::Linearizable
            );
        });
        all
    }

    /// How many histories of a shape are linearizable; zones and search must agree with trying all orders.
    fn compare(shape: Shape) -> (u64, u64) {
        let (mut count, mut linearizable) = (0, 0);
        small_histories::of(shape, |history| {
            count += 1;
            linearizable += u64::from(agreed(history));
        });
        (count, linearizable)
    }

    /// Whether a history is linearizable, as zones, search and all orders say with one voice.
    fn agreed(history: &RegisterHistory) -> bool {
        let expected = small_histories::is_linearizable(history);
        assert_eq!(searched(history), expected, "search: {}", small_histories::draw(history));
        if let Some(zoned) = zoned(history) {
            assert_eq!(zoned, expected, "zones: {}", small_histories::draw(history));
        }
        expected
    }

    #[test]
    fn every_small_history_of_unique_writes_is_judged_as_by_trying_all_orders() {
        assert_eq!(compare(Shape::EVERY_UNIQUE), (200_499, 67_497));
    }

    #[test]
    fn every_small_history_of_compare_and_sets_is_judged_as_by_trying_all_orders() {
        assert_eq!(compare(Shape::EVERY_COMPARE_AND_SET), (53_450, 24_121));
    }

    #[test]
    fn every_history_of_up_to_seven_operations_is_judged_as_by_trying_all_orders() {
        let (mut judged, mut linearizable) = (0, 0);
        let count = small_histories::strided(Skeleton::orders_in_time, 7, 997, |history| {
            judged += 1;
            linearizable += u64::from(agreed(history));
        });
        eprintln!("{judged} of {count} histories judged, {linearizable} linearizable");
        assert_eq!(count, 129_643_928);
        assert!(0 < linearizable && linearizable < judged);
    }

    #[test]
    fn histories_of_seven_operations_are_judged_as_by_trying_all_orders() {
        assert_eq!(compare(Shape::SEVEN_UNIQUE), (100_000, 10_051));
        assert_eq!(compare(Shape::SEVEN_REPEATED), (100_000, 13_564));
        assert_eq!(compare(Shape::SEVEN_COMPARE_AND_SET), (100_000, 11_394));
    }
}
