//! Small register histories, every one or a seeded choice, and the models by definition.

mod definitions;
mod skeletons;

pub(crate) use definitions::{guarantees, is_causal, is_linearizable, is_pram, is_sequential};
pub(crate) use skeletons::{Skeleton, strided};

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
            let values: Vec<ValueId> = here.filter_map(definitions::left).chain([ValueId::NIL]).collect();
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
