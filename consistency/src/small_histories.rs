//! Small register histories, every one or a seeded choice, and the models by definition: every order is tried.

use crate::Outcome;
use crate::recorded::{NEVER, Names, RegisterAction, RegisterHistory, RegisterOperation, ValueId};

/// Which histories to make.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub operations: usize,
    pub processes: u32,
    pub keys: u32,
    /// The `n`th write of a history writes `n`; else any value below 2.
    pub unique: bool,
    pub compare_and_set: bool,
    /// Whether operations may fail or stay without an answer.
    pub outcomes: bool,
    /// Whether reads see only what had been written to their register, or nil.
    pub known: bool,
    /// Every history with up to so many operations where `None`; else so many chosen ones of exactly so many.
    pub chosen: Option<u32>,
}

impl Shape {
    pub(crate) const EVERY_UNIQUE: Self = Self {
        operations: 4,
        processes: 3,
        keys: 1,
        unique: true,
        compare_and_set: false,
        outcomes: true,
        known: false,
        chosen: None,
    };
    pub(crate) const EVERY_COMPARE_AND_SET: Self =
        Self { operations: 3, keys: 1, compare_and_set: true, ..Self::EVERY_UNIQUE };
    pub(crate) const SEVEN_UNIQUE: Self =
        Self { operations: 7, keys: 2, chosen: Some(100_000), ..Self::EVERY_UNIQUE };
    pub(crate) const EVERY_SESSION: Self = Self { keys: 2, outcomes: false, ..Self::EVERY_UNIQUE };
    pub(crate) const SEVEN_KNOWN: Self = Self { known: true, ..Self::SEVEN_UNIQUE };
    pub(crate) const SEVEN_REPEATED: Self = Self { unique: false, ..Self::SEVEN_UNIQUE };
    pub(crate) const SEVEN_COMPARE_AND_SET: Self = Self { compare_and_set: true, ..Self::SEVEN_UNIQUE };
}

/// Calls `judge` with every history of a shape, or with the chosen ones: the same ones in every run.
pub(crate) fn of(shape: Shape, mut judge: impl FnMut(&RegisterHistory)) {
    let mut choices = Choices { taken: Vec::new(), at: 0, dice: shape.chosen.map(|_| 1) };
    let mut made = 0;
    loop {
        choices.at = 0;
        if let Some(history) = make(shape, &mut choices) {
            judge(&history);
            made += 1;
        }
        let more = shape.chosen.map_or_else(|| choices.advance(), |chosen| made < chosen);
        if !more {
            return;
        }
    }
}

/// Choices from small ranges: an odometer that runs through all, or dice.
struct Choices {
    /// What was chosen, and out of how many.
    taken: Vec<(u32, u32)>,
    at: usize,
    dice: Option<u64>,
}

impl Choices {
    fn below(&mut self, options: u32) -> u32 {
        if let Some(state) = &mut self.dice {
            // SplitMix64 (Steele, Lea & Flood 2014).
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = *state;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            return ((word ^ (word >> 31)) % u64::from(options)) as u32;
        }
        if self.at == self.taken.len() {
            self.taken.push((0, options));
        }
        self.at += 1;
        self.taken[self.at - 1].0
    }

    /// The next combination; `false` after the last.
    fn advance(&mut self) -> bool {
        while let Some((taken, options)) = self.taken.pop() {
            if taken + 1 < options {
                self.taken.push((taken + 1, options));
                return true;
            }
        }
        false
    }
}

/// One history: a step at a time, a process invokes an operation or hears of its own.
fn make(shape: Shape, choices: &mut Choices) -> Option<RegisterHistory> {
    let mut history =
        RegisterHistory { keys: numbers(shape.keys), values: numbers(20), ..Default::default() };
    let mut open: Vec<Option<usize>> = vec![None; shape.processes as usize];
    let mut used = 0;
    let target = if shape.chosen.is_some() {
        shape.operations
    } else {
        choices.below(shape.operations as u32) as usize + 1
    };
    let mut rank = 0;
    while history.operations.len() < target || open.iter().any(Option::is_some) {
        // Processes that have done nothing are alike: only the first of them may begin.
        let process = choices.below((used + 1).min(shape.processes));
        rank += 1;
        match open[process as usize].take() {
            Some(place) => history.operations[place].completed = rank,
            None if history.operations.len() == target => return None,
            None => {
                used = used.max(process + 1);
                let operation = invoke(shape, choices, &history, process, rank);
                if operation.outcome != Outcome::Info {
                    open[process as usize] = Some(history.operations.len());
                }
                history.operations.push(operation);
            }
        }
    }
    Some(history)
}

fn numbers(count: u32) -> Names {
    let mut names = Names::default();
    (0..i64::from(count)).for_each(|number| assert_eq!(i64::from(names.integer(number)), number));
    names
}

fn invoke(
    shape: Shape,
    choices: &mut Choices,
    history: &RegisterHistory,
    process: u32,
    invoked: u32,
) -> RegisterOperation {
    let writes = |operation: &&RegisterOperation| !matches!(operation.action, RegisterAction::Read(_));
    let written = history.operations.iter().filter(writes).count() as u32;
    let key = choices.below(shape.keys);
    let kind = choices.below(2 + u32::from(shape.compare_and_set));
    let fresh = |choices: &mut Choices| ValueId(if shape.unique { written } else { choices.below(2) });
    // A read may see nil, any value up to now, or the next one.
    let seen = |choices: &mut Choices| {
        if shape.known {
            let here = history.operations.iter().filter(|operation| operation.key == key);
            let values: Vec<ValueId> = here.filter_map(left).chain([ValueId::NIL]).collect();
            return values[choices.below(values.len() as u32) as usize];
        }
        let known = if shape.unique { written + 2 } else { 3 };
        ValueId(choices.below(known).wrapping_sub(1))
    };
    let action = match kind {
        0 => RegisterAction::Write(fresh(choices)),
        1 => RegisterAction::Read(Some(seen(choices))),
        _ => RegisterAction::CompareAndSet { from: seen(choices), to: fresh(choices) },
    };
    let outcomes = if shape.outcomes && kind != 1 { 4 } else { 1 };
    let outcome =
        [Outcome::Ok, Outcome::Info, Outcome::Fail, Outcome::Ok][choices.below(outcomes.min(3)) as usize];
    RegisterOperation { process, key, action, outcome, invoked, completed: NEVER, line: 0 }
}

/// One operation a line, to be read in a failed assertion.
pub(crate) fn draw(history: &RegisterHistory) -> String {
    let line = |operation: &RegisterOperation| format!("\n{operation:?}");
    history.operations.iter().map(line).collect()
}

/// Whether some order of the operations, indeterminate ones in or out, keeps `before` and is legal.
fn has_order(
    history: &RegisterHistory,
    placed: &mut Vec<bool>,
    state: &mut Vec<ValueId>,
    before: &dyn Fn(&RegisterOperation, &RegisterOperation) -> bool,
) -> bool {
    let operations = &history.operations;
    let must = |operation: &RegisterOperation| operation.outcome == Outcome::Ok;
    if (0..operations.len()).all(|place| placed[place] || !must(&operations[place])) {
        return true;
    }
    for place in 0..operations.len() {
        let operation = operations[place];
        let waits = (0..operations.len()).any(|other| {
            !placed[other] && must(&operations[other]) && before(&operations[other], &operation)
        });
        if placed[place] || operation.outcome == Outcome::Fail || waits {
            continue;
        }
        let held = state[operation.key as usize];
        let Some(left) = effect(&operation, held) else { continue };
        (placed[place], state[operation.key as usize]) = (true, left);
        if has_order(history, placed, state, before) {
            return true;
        }
        (placed[place], state[operation.key as usize]) = (false, held);
    }
    false
}

fn effect(operation: &RegisterOperation, held: ValueId) -> Option<ValueId> {
    match operation.action {
        RegisterAction::Read(None) => Some(held),
        RegisterAction::Read(Some(seen)) => (seen == held).then_some(held),
        RegisterAction::Write(value) => Some(value),
        RegisterAction::CompareAndSet { from, to } => (from == held).then_some(to),
    }
}

/// Linearizability by definition, of all registers together.
pub(crate) fn is_linearizable(history: &RegisterHistory) -> bool {
    let mut state = vec![ValueId::NIL; history.keys.len()];
    let before = |a: &RegisterOperation, b: &RegisterOperation| a.completed < b.invoked;
    has_order(history, &mut vec![false; history.operations.len()], &mut state, &before)
}

/// Sequential consistency by definition: an operation without an answer comes before nothing of its session.
pub(crate) fn is_sequential(history: &RegisterHistory) -> bool {
    let mut state = vec![ValueId::NIL; history.keys.len()];
    let before = |a: &RegisterOperation, b: &RegisterOperation| {
        a.process == b.process && a.invoked < b.invoked && a.outcome == Outcome::Ok
    };
    has_order(history, &mut vec![false; history.operations.len()], &mut state, &before)
}

/// What an operation that took place has read, and whether what it saw is judged: the reader's side of its action.
fn seen(operation: &RegisterOperation) -> Option<ValueId> {
    match operation.action {
        RegisterAction::Read(seen) => seen,
        RegisterAction::CompareAndSet { from, .. } => Some(from),
        RegisterAction::Write(_) => None,
    }
}

fn left(operation: &RegisterOperation) -> Option<ValueId> {
    match operation.action {
        RegisterAction::Read(_) => None,
        RegisterAction::Write(value) | RegisterAction::CompareAndSet { to: value, .. } => Some(value),
    }
}

/// PRAM by definition: for each session, all writes and its own reads have a sequential order.
pub(crate) fn is_pram(history: &RegisterHistory) -> bool {
    let view = |process: u32| {
        let mut view = history.clone();
        let own =
            |operation: &RegisterOperation| operation.process == process && operation.outcome == Outcome::Ok;
        view.operations.retain(|operation| own(operation) || left(operation).is_some());
        for operation in view.operations.iter_mut().filter(|operation| !own(operation)) {
            operation.action =
                RegisterAction::Write(left(operation).expect("only writes are left of others"));
        }
        view
    };
    (0..3).all(|process| is_sequential(&view(process)))
}

/// What took place: acknowledged, or an indeterminate write that something which took place has seen. `None` where
/// something was seen that was never there, or where a value was written twice.
fn happened(history: &RegisterHistory) -> Option<Vec<RegisterOperation>> {
    let mut happened: Vec<bool> =
        history.operations.iter().map(|operation| operation.outcome == Outcome::Ok).collect();
    for _ in 0..history.operations.len() {
        for reader in 0..happened.len() {
            let Some(seen) =
                seen(&history.operations[reader]).filter(|seen| happened[reader] && *seen != ValueId::NIL)
            else {
                continue;
            };
            let writer = (0..happened.len()).find(|&writer| {
                let writer = &history.operations[writer];
                let fits = left(writer) == Some(seen) && writer.key == history.operations[reader].key;
                fits && writer.outcome != Outcome::Fail
            });
            happened[writer?] = true;
        }
    }
    let operations = history.operations.iter().zip(happened).filter(|(_, happened)| *happened);
    Some(operations.map(|(operation, _)| *operation).collect())
}

/// Causes by place: the closure of session order and of seeing. `None` where one is its own cause.
fn causes(operations: &[RegisterOperation]) -> Option<Vec<Vec<bool>>> {
    let count = operations.len();
    let direct = |a: &RegisterOperation, b: &RegisterOperation| {
        let session = a.process == b.process && a.invoked < b.invoked && a.outcome == Outcome::Ok;
        session || (a.key == b.key && left(a).is_some() && left(a) == seen(b))
    };
    let mut causes: Vec<Vec<bool>> =
        operations.iter().map(|a| operations.iter().map(|b| direct(a, b)).collect()).collect();
    for middle in 0..count {
        for a in 0..count {
            for b in 0..count {
                causes[a][b] |= causes[a][middle] && causes[middle][b];
            }
        }
    }
    (0..count).all(|at| !causes[at][at]).then_some(causes)
}

/// Causal consistency by definition: some order of all that took place keeps causes, and each read sees the last write
/// of its register among its causes.
pub(crate) fn is_causal(history: &RegisterHistory) -> bool {
    let Some(operations) = happened(history) else { return false };
    let Some(causes) = causes(&operations) else { return false };
    arbitrate(&operations, &causes, &mut Vec::new())
}

fn arbitrate(operations: &[RegisterOperation], causes: &[Vec<bool>], order: &mut Vec<usize>) -> bool {
    if order.len() == operations.len() {
        return true;
    }
    for next in 0..operations.len() {
        let waits = (0..operations.len()).any(|other| causes[other][next] && !order.contains(&other));
        if order.contains(&next) || waits {
            continue;
        }
        let write = |&&at: &&usize| {
            causes[at][next] && operations[at].key == operations[next].key && left(&operations[at]).is_some()
        };
        let last = order.iter().rev().find(write).map_or(Some(ValueId::NIL), |&at| left(&operations[at]));
        if seen(&operations[next]).is_some() && seen(&operations[next]) != last {
            continue;
        }
        order.push(next);
        if arbitrate(operations, causes, order) {
            return true;
        }
        order.pop();
    }
    false
}

/// Which session guarantees are kept, by definition: read your writes, monotonic reads, monotonic writes, writes follow
/// reads. See the module `guarantees`.
pub(crate) fn guarantees(history: &RegisterHistory) -> Option<[bool; 4]> {
    let operations = happened(history)?;
    let told: Vec<RegisterOperation> =
        operations.iter().copied().filter(|operation| operation.outcome == Outcome::Ok).collect();
    let mut kept = [true; 4];
    for (place, read) in told.iter().enumerate() {
        let Some(version) = seen(read) else { continue };
        let earlier = || told[..place].iter().filter(|operation| operation.process == read.process);
        let here = |operation: &&RegisterOperation| operation.key == read.key;
        let older = |newer: ValueId| older(&operations, read.key, version, newer);
        let touched = |newer: ValueId| {
            // A compare-and-set reads before it writes.
            let touch = |value| {
                let mut moments = earlier().filter(here).flat_map(|it| [seen(it), left(it)]);
                moments.position(|moment| moment == Some(value))
            };
            version != newer
                && touch(version).is_some_and(|first| touch(newer).is_some_and(|second| first < second))
        };
        let versions = |of: &dyn Fn(&RegisterOperation) -> Option<ValueId>| -> Vec<ValueId> {
            earlier().filter(here).filter_map(of).filter(|value| *value != ValueId::NIL).collect()
        };
        kept[0] &= !versions(&left).into_iter().any(|own| older(own) || touched(own));
        kept[1] &= !versions(&seen).into_iter().any(|before| older(before) || touched(before));
        for known in earlier().filter_map(|it| writer(&told, it.key, seen(it)?)) {
            let of_writer =
                || told.iter().filter(move |it| it.process == known.process && it.process != read.process);
            let before = |it: &&RegisterOperation| it.key == read.key && it.invoked < known.invoked;
            let up_to = |it: &&RegisterOperation| it.key == read.key && it.invoked <= known.invoked;
            kept[2] &= !of_writer().filter(before).filter_map(left).any(older);
            let mut read_by_writer =
                of_writer().filter(up_to).filter_map(seen).filter(|value| *value != ValueId::NIL);
            kept[3] &=
                !read_by_writer.any(|value| older(value) || (value == version && known.key == read.key));
        }
    }
    Some(kept)
}

fn writer(operations: &[RegisterOperation], key: u32, value: ValueId) -> Option<&RegisterOperation> {
    operations.iter().find(|it| it.key == key && left(it) == Some(value))
}

/// Whether one version of a register is the initial one, or was written earlier by the session that wrote the other.
fn older(operations: &[RegisterOperation], key: u32, version: ValueId, newer: ValueId) -> bool {
    let certain = |value| writer(operations, key, value).filter(|writer| writer.outcome == Outcome::Ok);
    if version == ValueId::NIL {
        return newer != ValueId::NIL;
    }
    let (Some(one), Some(other)) = (certain(version), certain(newer)) else { return false };
    one.process == other.process && one.invoked < other.invoked
}
