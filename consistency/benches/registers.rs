//! Linearizability of registers, in memory, on one thread, beside the plainest program that does the same work.
//!
//! Prints the best of five in seconds, and the plain program's time as a multiple of it.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
#[expect(clippy::disallowed_types, reason = "a benchmark measures wall-clock time")]
use std::time::Instant;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use shardlab_consistency::recorded::{RegisterAction, RegisterHistory, RegisterOperation, ValueId};
use shardlab_consistency::{Model, ModelVerdict, Outcome, RegisterOptions, check_registers};

fn main() {
    zones();
    search();
}

fn zones() {
    let history = simulated(1_000_000, 10, None);
    let ours = best(|| verdict(&history));
    let plain = best(|| plain_zones(&history));
    report(
        "unique values, 1 key, 10 clients, 1,000,000 operations, zones",
        ours,
        plain,
        "zones in a BTreeMap",
    );
}

fn search() {
    let history = simulated(10_000, 5, Some(5));
    let ours = best(|| verdict(&history));
    let plain = best(|| plain_search(&history));
    report("5 values, 1 key, 5 clients, 10,000 operations, search", ours, plain, "a BTreeSet of bit sets");
    let history = with_stale_reads(&history);
    let broken = best(|| assert!(matches!(linearizable(&history), ModelVerdict::Broken(_))));
    println!("the same with a read that is wrong at the end: {broken:.4} s");
}

fn report(work: &str, ours_s: f64, plain_s: f64, plain: &str) {
    println!("{work}: {ours_s:.4} s; {plain}: {plain_s:.4} s, {:.1} times as long", plain_s / ours_s);
}

fn verdict(history: &RegisterHistory) {
    assert_eq!(linearizable(history), ModelVerdict::Holds);
}

fn linearizable(history: &RegisterHistory) -> ModelVerdict {
    let report = check_registers(history, &RegisterOptions::default());
    report.verdict(Model::Linearizable).expect("it was asked for").clone()
}

#[expect(clippy::disallowed_types, reason = "a benchmark measures wall-clock time")]
fn best(mut work: impl FnMut()) -> f64 {
    let mut time = || {
        let began = Instant::now();
        work();
        black_box(());
        began.elapsed().as_secs_f64()
    };
    (0..5).map(|_| time()).fold(f64::INFINITY, f64::min)
}

/// Clients that read and write a register by turns of a die; each operation takes effect at some moment while it is
/// open. Values are unique, or below `values`.
fn simulated(operations: u32, clients: u32, values: Option<u64>) -> RegisterHistory {
    let mut dice = ChaCha8Rng::seed_from_u64(1);
    let mut history = RegisterHistory::default();
    history.keys.word("x");
    let mut held = ValueId::NIL;
    let mut open: Vec<Option<(usize, bool)>> = vec![None; clients as usize];
    let (mut rank, mut written) = (0, 0);
    while history.operations.len() < operations as usize || open.iter().any(Option::is_some) {
        let process = (dice.next_u64() % u64::from(clients)) as usize;
        match &mut open[process] {
            None if history.operations.len() == operations as usize => {}
            None => {
                written += 1;
                let value = values.map_or(written, |values| dice.next_u64() % values);
                let action = if dice.next_u64().is_multiple_of(2) {
                    RegisterAction::Read(None)
                } else {
                    RegisterAction::Write(ValueId(history.values.integer(value as i64)))
                };
                open[process] = Some((history.operations.len(), false));
                let process = process as u32;
                let outcome = Outcome::Ok;
                let operation = RegisterOperation {
                    process,
                    key: 0,
                    action,
                    outcome,
                    invoked: rank,
                    completed: 0,
                    line: 0,
                };
                history.operations.push(operation);
                rank += 1;
            }
            Some((place, effective @ false)) => {
                match &mut history.operations[*place].action {
                    RegisterAction::Write(value) => held = *value,
                    seen => *seen = RegisterAction::Read(Some(held)),
                }
                *effective = true;
            }
            Some((place, true)) => {
                history.operations[*place].completed = rank;
                rank += 1;
                open[process] = None;
            }
        }
    }
    history
}

/// The last read sees nil, which nobody writes.
fn with_stale_reads(history: &RegisterHistory) -> RegisterHistory {
    let mut history = history.clone();
    let read = |operation: &&mut RegisterOperation| matches!(operation.action, RegisterAction::Read(_));
    let last = history.operations.iter_mut().rev().find(read).expect("there is a read");
    last.action = RegisterAction::Read(Some(ValueId::NIL));
    history
}

/// Gibbons & Korach's zones with the containers nearest at hand.
fn plain_zones(history: &RegisterHistory) {
    let mut zones: BTreeMap<ValueId, (u32, u32)> = BTreeMap::new();
    for operation in &history.operations {
        let (RegisterAction::Read(Some(value)) | RegisterAction::Write(value)) = operation.action else {
            continue;
        };
        let zone = zones.entry(value).or_insert((u32::MAX, 0));
        *zone = (zone.0.min(operation.completed), zone.1.max(operation.invoked));
    }
    let mut ends: Vec<(u32, u32, bool)> =
        zones.values().map(|&(first, last)| (first.min(last), first.max(last), first < last)).collect();
    ends.sort_unstable();
    let mut forward = 0;
    for (low, high, is_forward) in ends {
        assert!(low >= forward || (!is_forward && high > forward), "the history is linearizable");
        forward = if is_forward { high } else { forward };
    }
}

/// Wing & Gong's search that remembers whole sets of operations, as Lowe describes first.
fn plain_search(history: &RegisterHistory) {
    let operations = &history.operations;
    let mut visited: BTreeSet<(Vec<u64>, ValueId)> = BTreeSet::new();
    let mut placed = vec![0u64; operations.len().div_ceil(64)];
    let (mut state, mut first) = (ValueId::NIL, 0);
    // The operations placed so far, each with the state before it.
    let mut stack: Vec<(usize, ValueId)> = Vec::new();
    let mut from = 0;
    while first < operations.len() {
        match next(operations, &placed, state, first.max(from), first) {
            Some((place, left)) => {
                placed[place / 64] |= 1 << (place % 64);
                if visited.insert((placed.clone(), left)) {
                    stack.push((place, state));
                    (state, from) = (left, 0);
                    while first < operations.len() && placed[first / 64] & (1 << (first % 64)) != 0 {
                        first += 1;
                    }
                } else {
                    placed[place / 64] &= !(1 << (place % 64));
                    from = place + 1;
                }
            }
            None => {
                let (place, before) = stack.pop().expect("the history is linearizable");
                placed[place / 64] &= !(1 << (place % 64));
                (state, from, first) = (before, place + 1, first.min(place));
            }
        }
    }
}

/// The next operation at `from` or later that was invoked before all that are not placed completed, and is legal.
fn next(
    operations: &[RegisterOperation],
    placed: &[u64],
    state: ValueId,
    from: usize,
    first: usize,
) -> Option<(usize, ValueId)> {
    let mut horizon = u32::MAX;
    for (place, operation) in operations.iter().enumerate().skip(first) {
        if operation.invoked > horizon {
            return None;
        }
        if placed[place / 64] & (1 << (place % 64)) != 0 {
            continue;
        }
        horizon = horizon.min(operation.completed);
        match operation.action {
            _ if place < from => {}
            RegisterAction::Write(value) => return Some((place, value)),
            RegisterAction::Read(Some(seen)) if seen == state => return Some((place, state)),
            _ => {}
        }
    }
    None
}
