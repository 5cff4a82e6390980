//! One register's invocations and completions in real time, and which operations are open at a moment.

use super::{observed, written};
use crate::Outcome;
use crate::recorded::{Rank, RegisterAction, RegisterHistory, RegisterOperation, ValueId};

/// What an operation does, known in full.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    Read(ValueId),
    Write(ValueId),
    CompareAndSet(ValueId, ValueId),
}

impl Effect {
    /// What the register holds afterwards, where the operation may take place.
    #[inline]
    pub(super) fn on(self, state: ValueId) -> Option<ValueId> {
        match self {
            Self::Read(value) => (value == state).then_some(state),
            Self::Write(value) => Some(value),
            Self::CompareAndSet(from, to) => (from == state).then_some(to),
        }
    }
}

/// An operation that must take place between its invocation and its completion.
#[derive(Clone, Copy)]
pub(super) struct Certain {
    pub place: u32,
    pub effect: Effect,
    /// Its bit while it is open.
    pub slot: u32,
}

/// Indeterminate operations of one effect: which of them took place makes no difference, only how many.
pub(super) struct Indeterminate {
    pub effect: Effect,
    pub places: Vec<u32>,
}

/// What happens at a moment.
#[derive(Clone, Copy)]
enum Event {
    /// A certain operation is invoked, by index.
    Invoked(u32),
    /// It completes.
    Completed(u32),
    /// One more indeterminate operation of this class is invoked.
    Possible(u32),
}

/// The events, and a cursor among them that goes both ways.
pub(super) struct Timeline {
    pub certain: Vec<Certain>,
    pub classes: Vec<Indeterminate>,
    events: Vec<Event>,
    at: usize,
    /// The certain operation open in every slot.
    open: Vec<Option<u32>>,
    /// How many indeterminate operations of each class were invoked before the cursor.
    possible: Vec<u32>,
}

/// What the cursor has passed.
pub(super) enum Passed {
    Invoked(Certain),
    Completed(Certain),
    Nothing,
    End,
}

impl Timeline {
    pub(super) fn new(history: &RegisterHistory, register: &[u32]) -> Self {
        let mut timeline = Self {
            certain: Vec::new(),
            classes: Vec::new(),
            events: Vec::new(),
            at: 0,
            open: Vec::new(),
            possible: Vec::new(),
        };
        let doubtful = needed_doubtful(history, register);
        timeline.classify(history, &doubtful);
        let events = timeline.events_of(history, register, &doubtful);
        timeline.lay_out(events);
        timeline
    }

    /// Moves on by one event.
    #[inline]
    pub(super) fn step(&mut self) -> Passed {
        let Some(&event) = self.events.get(self.at) else { return Passed::End };
        self.at += 1;
        match event {
            Event::Invoked(index) => {
                let certain = self.certain[index as usize];
                self.open[certain.slot as usize] = Some(index);
                Passed::Invoked(certain)
            }
            Event::Completed(index) => {
                let certain = self.certain[index as usize];
                self.open[certain.slot as usize] = None;
                Passed::Completed(certain)
            }
            Event::Possible(class) => {
                self.possible[class as usize] += 1;
                Passed::Nothing
            }
        }
    }

    /// Moves back by one event.
    #[inline]
    pub(super) fn step_back(&mut self) {
        self.at -= 1;
        match self.events[self.at] {
            Event::Invoked(index) => self.open[self.certain[index as usize].slot as usize] = None,
            Event::Completed(index) => self.open[self.certain[index as usize].slot as usize] = Some(index),
            Event::Possible(class) => self.possible[class as usize] -= 1,
        }
    }

    /// Moves back to an earlier position.
    pub(super) fn back_to(&mut self, position: u32) {
        while self.at > position as usize {
            self.step_back();
        }
    }

    /// Moves to any position.
    pub(super) fn go_to(&mut self, position: u32) {
        self.back_to(position);
        while self.at < position as usize {
            self.step();
        }
    }

    /// How many events the cursor has passed.
    pub(super) fn position(&self) -> u32 {
        self.at as u32
    }

    /// How many certain operations are open at once, at most.
    pub(super) fn slots(&self) -> usize {
        self.open.len()
    }

    /// The certain operation open in a slot.
    #[inline]
    pub(super) fn open(&self, slot: usize) -> Option<Certain> {
        self.open[slot].map(|index| self.certain[index as usize])
    }

    /// How many of a class were invoked so far.
    #[inline]
    pub(super) fn possible(&self, class: usize) -> u32 {
        self.possible[class]
    }

    /// The certain operation that completed last before the cursor, by place in the history.
    pub(super) fn last_completed(&self) -> Option<u32> {
        self.events[..self.at].iter().rev().find_map(|event| match event {
            Event::Completed(index) => Some(self.certain[*index as usize].place),
            _ => None,
        })
    }

    /// Everything but `completing` that is open at the cursor and writes, certain or not, by place in the history.
    pub(super) fn all_open(&self, completing: Certain) -> Vec<u32> {
        let certain = (0..self.slots()).filter_map(|slot| self.open(slot));
        let writes = |open: &Certain| open.slot != completing.slot && !matches!(open.effect, Effect::Read(_));
        let certain = certain.filter(writes).map(|open| open.place);
        let doubtful = self.classes.iter().zip(&self.possible);
        let doubtful =
            doubtful.flat_map(|(class, &possible)| class.places[..possible as usize].iter().copied());
        let mut open: Vec<u32> = certain.chain(doubtful).collect();
        open.sort_unstable();
        open
    }

    fn classify(&mut self, history: &RegisterHistory, doubtful: &[u32]) {
        let mut effects: Vec<Effect> = doubtful
            .iter()
            .map(|&place| effect(&history.operations[place as usize]).expect("it writes"))
            .collect();
        effects.sort_unstable();
        effects.dedup();
        self.possible = vec![0; effects.len()];
        self.classes =
            effects.into_iter().map(|effect| Indeterminate { effect, places: Vec::new() }).collect();
    }

    fn events_of(
        &mut self,
        history: &RegisterHistory,
        register: &[u32],
        doubtful: &[u32],
    ) -> Vec<(Rank, Event)> {
        let mut events = Vec::with_capacity(2 * register.len());
        for &place in register {
            let operation = &history.operations[place as usize];
            let Some(effect) = effect(operation).filter(|_| operation.outcome == Outcome::Ok) else {
                continue;
            };
            let index = self.certain.len() as u32;
            self.certain.push(Certain { place, effect, slot: 0 });
            events.push((operation.invoked, Event::Invoked(index)));
            events.push((operation.completed, Event::Completed(index)));
        }
        for &place in doubtful {
            let operation = &history.operations[place as usize];
            let effect = effect(operation).expect("it writes");
            let class =
                self.classes.binary_search_by_key(&effect, |class| class.effect).expect("it was classified");
            self.classes[class].places.push(place);
            events.push((operation.invoked, Event::Possible(class as u32)));
        }
        events
    }

    /// Sorts the events, and gives every operation the lowest slot that is free when it is invoked.
    fn lay_out(&mut self, mut events: Vec<(Rank, Event)>) {
        events.sort_unstable_by_key(|&(rank, _)| rank);
        let mut free = Vec::new();
        for &(_, event) in &events {
            match event {
                Event::Invoked(index) => {
                    let slot = free.pop().unwrap_or(self.open.len() as u32);
                    self.open.resize(self.open.len().max(slot as usize + 1), None);
                    self.certain[index as usize].slot = slot;
                }
                Event::Completed(index) => free.push(self.certain[index as usize].slot),
                Event::Possible(_) => {}
            }
        }
        self.events = events.into_iter().map(|(_, event)| event).collect();
    }
}

/// What is known of an operation's effect; `None` for a read that returned nothing.
pub(super) fn effect(operation: &RegisterOperation) -> Option<Effect> {
    match operation.action {
        RegisterAction::Read(seen) => seen.map(Effect::Read),
        RegisterAction::Write(value) => Some(Effect::Write(value)),
        RegisterAction::CompareAndSet { from, to } => Some(Effect::CompareAndSet(from, to)),
    }
}

/// Indeterminate writes and compare-and-sets that leave a value which something relies on.
///
/// Others can be taken out of any legal order that has them. What only a compare-and-set that is left out relied on
/// could be left out in turn; two rounds take most of them, and one too many in is no mistake.
fn needed_doubtful(history: &RegisterHistory, register: &[u32]) -> Vec<u32> {
    let operation = |place: &u32| &history.operations[*place as usize];
    let indeterminate =
        |place: &u32| operation(place).outcome == Outcome::Info && written(operation(place)).is_some();
    let mut doubtful: Vec<u32> = register.iter().copied().filter(indeterminate).collect();
    let seen: Vec<ValueId> = register.iter().filter_map(|place| observed(operation(place))).collect();
    for _ in 0..2 {
        let found = doubtful.iter().filter_map(|place| match operation(place).action {
            RegisterAction::CompareAndSet { from, .. } => Some(from),
            _ => None,
        });
        let mut needed: Vec<ValueId> = seen.iter().copied().chain(found).collect();
        needed.sort_unstable();
        needed.dedup();
        doubtful.retain(|place| {
            written(operation(place)).is_some_and(|left| needed.binary_search(&left).is_ok())
        });
    }
    doubtful
}
