//! A search for a legal order of one register's operations, for when reads may have seen one of several writes.
//!
//! Wing & Gong 1993 try every order that real time allows; Lowe 2017 ("Testing for linearizability") remembers the
//! configurations that were tried, and lets an operation take place no earlier than it must: just before the next
//! completion of one that has not yet taken place. Here both are combined, depth first. Besides,
//! - a read takes place as soon as the register holds its value: that rules out nothing later;
//! - indeterminate operations of one effect are alike: only how many of them took place is remembered, and a
//!   configuration that spent no more of them than another can do all that the other can.
//!
//! A configuration is small: it holds bits for open operations only, since all earlier ones took place.

use super::timeline::{Certain, Effect, Passed, Timeline};
use super::visited::Visited;
use crate::recorded::{RegisterHistory, ValueId};

/// What the search found.
pub(super) enum Searched {
    Linearizable,
    Stuck(Stuck),
    OutOfBudget,
}

/// The furthest any order came: all orders of the operations that completed before end in one of these states, and in
/// none can `next` take place any more.
pub(super) struct Stuck {
    /// The operation whose completion no order reaches, by place in the history.
    pub next: u32,
    /// The operation that completed last before it.
    pub last: Option<u32>,
    /// What the register could hold.
    pub states: Vec<ValueId>,
    /// The operations that were open then and could take place, certain or not.
    pub open: Vec<u32>,
}

/// Looks for an order of the operations at these places; visits at most `budget` configurations and counts them off.
pub(super) fn search(
    history: &RegisterHistory,
    register: &[u32],
    initial: ValueId,
    budget: &mut u64,
) -> Searched {
    let timeline = Timeline::new(history, register);
    let words = timeline.slots().div_ceil(32);
    let visited = Visited::new(2 + words, timeline.classes.len());
    let current =
        Configuration { state: initial, took_place: vec![0; words], spent: vec![0; timeline.classes.len()] };
    let furthest = Furthest::default();
    Search { timeline, visited, current, furthest, frames: Vec::new(), words: Vec::new() }.run(budget)
}

struct Search {
    timeline: Timeline,
    visited: Visited,
    current: Configuration,
    furthest: Furthest,
    frames: Vec<Frame>,
    /// The current configuration as words.
    words: Vec<u32>,
}

struct Configuration {
    state: ValueId,
    /// A bit for every slot.
    took_place: Vec<u32>,
    /// How many indeterminate operations of each class took place.
    spent: Vec<u32>,
}

/// A configuration that must decide what takes place next.
struct Frame {
    configuration: u32,
    /// The completion that cannot be passed yet.
    completing: Certain,
    /// The next choice: the completing operation, then the slots, then the classes.
    choice: u32,
}

/// The furthest completion that was not passed at once, and what the register could hold there.
#[derive(Default)]
struct Furthest {
    position: u32,
    completing: Option<Certain>,
    states: Vec<ValueId>,
}

impl Search {
    fn run(mut self, budget: &mut u64) -> Searched {
        loop {
            let Some(completing) = self.advance() else { return Searched::Linearizable };
            if *budget == 0 {
                return Searched::OutOfBudget;
            }
            *budget -= 1;
            self.push(completing);
            if !self.choose() {
                return Searched::Stuck(self.furthest.told(self.timeline));
            }
        }
    }

    /// Passes events until a completion of what has not taken place: the cursor stays before it.
    fn advance(&mut self) -> Option<Certain> {
        loop {
            match self.timeline.step() {
                Passed::End => return None,
                Passed::Nothing => {}
                Passed::Invoked(certain) => {
                    if certain.effect == Effect::Read(self.current.state) {
                        self.current.set(certain.slot);
                    }
                }
                Passed::Completed(certain) if self.current.took_place(certain.slot) => {
                    self.current.unset(certain.slot);
                }
                Passed::Completed(certain) => {
                    self.timeline.step_back();
                    return Some(certain);
                }
            }
        }
    }

    /// Makes the current configuration a frame, unless one like it was tried.
    fn push(&mut self, completing: Certain) {
        self.words.clear();
        self.words.extend([self.timeline.position(), self.current.state.0]);
        self.words.extend_from_slice(&self.current.took_place);
        self.words.extend_from_slice(&self.current.spent);
        if let Some(configuration) = self.visited.insert(&self.words) {
            self.furthest.look_at(self.timeline.position(), self.current.state, completing);
            self.frames.push(Frame { configuration, completing, choice: 0 });
        }
    }

    /// Takes the next choice of the last frame that has one left; `false` where none has.
    fn choose(&mut self) -> bool {
        while let Some(frame) = self.frames.last_mut() {
            let configuration = self.visited.get(frame.configuration);
            self.timeline.back_to(configuration[0]);
            self.current.load(configuration);
            if let Some(effect) = next_choice(frame, &self.timeline, &mut self.current) {
                self.current.state =
                    effect.on(self.current.state).expect("only what can take place is chosen");
                self.let_reads_take_place();
                return true;
            }
            self.frames.pop();
        }
        false
    }

    fn let_reads_take_place(&mut self) {
        for slot in 0..self.timeline.slots() {
            if self.timeline.open(slot).is_some_and(|open| open.effect == Effect::Read(self.current.state)) {
                self.current.set(slot as u32);
            }
        }
    }
}

/// The next operation that may take place, marked as one that has.
fn next_choice(frame: &mut Frame, timeline: &Timeline, current: &mut Configuration) -> Option<Effect> {
    let choices = 1 + timeline.slots() + timeline.classes.len();
    while (frame.choice as usize) < choices {
        let choice = frame.choice as usize;
        frame.choice += 1;
        let chosen = match choice.checked_sub(1 + timeline.slots()) {
            Some(class) => indeterminate(class, timeline, current),
            None if choice == 0 => open(frame.completing, current),
            None => {
                timeline.open(choice - 1).and_then(|certain| open_before(certain, frame.completing, current))
            }
        };
        if chosen.is_some() {
            return chosen;
        }
    }
    None
}

fn open_before(certain: Certain, completing: Certain, current: &mut Configuration) -> Option<Effect> {
    if certain.slot == completing.slot || current.took_place(certain.slot) {
        return None;
    }
    open(certain, current)
}

fn open(certain: Certain, current: &mut Configuration) -> Option<Effect> {
    certain.effect.on(current.state)?;
    current.set(certain.slot);
    Some(certain.effect)
}

/// An indeterminate operation takes place only where it changes something: else it is not needed.
fn indeterminate(class: usize, timeline: &Timeline, current: &mut Configuration) -> Option<Effect> {
    let effect = timeline.classes[class].effect;
    let changes = effect.on(current.state).is_some_and(|state| state != current.state);
    if !changes || current.spent[class] == timeline.possible(class) {
        return None;
    }
    current.spent[class] += 1;
    Some(effect)
}

impl Configuration {
    fn took_place(&self, slot: u32) -> bool {
        self.took_place[slot as usize / 32] & (1 << (slot % 32)) != 0
    }

    fn set(&mut self, slot: u32) {
        self.took_place[slot as usize / 32] |= 1 << (slot % 32);
    }

    fn unset(&mut self, slot: u32) {
        self.took_place[slot as usize / 32] &= !(1 << (slot % 32));
    }

    fn load(&mut self, words: &[u32]) {
        self.state = ValueId(words[1]);
        let (took_place, spent) = words[2..].split_at(self.took_place.len());
        self.took_place.copy_from_slice(took_place);
        self.spent.copy_from_slice(spent);
    }
}

impl Furthest {
    /// Remembers a configuration if none came further.
    fn look_at(&mut self, position: u32, state: ValueId, completing: Certain) {
        if position < self.position {
            return;
        }
        if position > self.position {
            self.states.clear();
            (self.position, self.completing) = (position, Some(completing));
        }
        if let Err(at) = self.states.binary_search(&state) {
            self.states.insert(at, state);
        }
    }

    /// Where the search ended, seen from the furthest completion.
    fn told(self, mut timeline: Timeline) -> Stuck {
        let completing = self.completing.expect("a search that failed stood somewhere");
        timeline.go_to(self.position);
        Stuck {
            next: completing.place,
            last: timeline.last_completed(),
            states: self.states,
            open: timeline.all_open(completing),
        }
    }
}
