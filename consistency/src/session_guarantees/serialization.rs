//! A search for one order of all operations that keeps every session's order.
//!
//! Reads are placed as soon as they can be: that rules out nothing later. Among writes the one invoked first is tried
//! first; where none leads on, the last is taken back, and what was placed then, with what the registers held, is
//! remembered as a dead end. Where it is known what every read saw, a version still to be seen is not overwritten.

use super::execution::{Execution, Seen};
use super::graph::Edge;
use crate::Outcome;
use crate::history::index;
use crate::linearizability::{initial_value, visited::Visited};
use crate::recorded::{RegisterAction, RegisterHistory, RegisterOperation, ValueId};
use crate::register_check::Initial;

/// What the search found.
pub(crate) enum Serialized {
    /// There is an order.
    Order,
    /// There is none. The longest ended where these were next, by place in the history, after so many operations.
    Stuck {
        placed: u32,
        next: Vec<u32>,
    },
    OutOfBudget,
}

/// Dead ends take so many words at most: half a gibibyte.
const MOST_WORDS: usize = 1 << 27;

/// What is known beforehand, by place in the history; nothing where values are written twice.
#[derive(Default)]
pub(crate) struct Known {
    /// Which operations must come before which, sorted.
    demands: Vec<(u32, u32)>,
    /// Of every operation, the version that it saw: the place of the write; of an initial value, a number above all
    /// places for each register.
    saw: Vec<Option<u32>>,
}

impl Known {
    /// What an execution and the demands on its events tell.
    pub(crate) fn new(history: &RegisterHistory, execution: &Execution, edges: &[Edge]) -> Self {
        let place = |event: u32| execution.events[event as usize].place;
        let mut demands: Vec<(u32, u32)> =
            edges.iter().map(|edge| (place(edge.from), place(edge.to))).collect();
        demands.sort_unstable();
        let mut saw = vec![None; history.operations.len()];
        for event in &execution.events {
            saw[event.place as usize] = match event.seen {
                Seen::Nothing => None,
                Seen::Initial => Some(initially(history, event.key)),
                Seen::Version(writer) => Some(place(writer)),
            };
        }
        Self { demands, saw }
    }

    fn saw(&self, place: u32) -> Option<u32> {
        self.saw.get(place as usize).copied().flatten()
    }
}

/// The number of a register's initial version.
fn initially(history: &RegisterHistory, key: u32) -> u32 {
    index(history.operations.len()) + key
}

/// Looks for an order that keeps what is known; tries at most `budget` writes.
pub(crate) fn serialize(
    history: &RegisterHistory,
    initial: Initial,
    known: &Known,
    budget: u64,
) -> Serialized {
    Search::new(history, initial, known).run(budget)
}

struct Search<'a> {
    history: &'a RegisterHistory,
    sessions: Vec<Session>,
    session_of: Vec<u32>,
    known: &'a Known,
    /// How many demands of each operation are not met yet.
    waits: Vec<u32>,
    /// What every register holds, and which version that is.
    held: Vec<Held>,
    /// How many operations that saw a version are not placed yet, where that is known.
    awaited: Vec<u32>,
    /// What was placed, with what its register held before.
    placed: Vec<(u32, Held)>,
    /// Operations that must be placed and are not.
    missing: usize,
    frames: Vec<Frame>,
    dead_ends: Visited,
    words: Vec<u32>,
    furthest: (u32, Vec<u32>),
}

/// A session's operations that count, or a single one that may be left out.
struct Session {
    places: Vec<u32>,
    next: usize,
    optional: bool,
    /// It begins after so many operations of that session.
    after: Option<(u32, usize)>,
}

/// What a register holds.
#[derive(Clone, Copy)]
struct Held {
    value: ValueId,
    version: u32,
}

/// What was placed when a write had to be chosen, and the last one that was.
struct Frame {
    placed: usize,
    tried: Option<u32>,
}

impl<'a> Search<'a> {
    fn new(history: &'a RegisterHistory, initial: Initial, known: &'a Known) -> Self {
        let sessions = sessions(history);
        let mut session_of = vec![u32::MAX; history.operations.len()];
        for (number, session) in (0..).zip(&sessions) {
            session.places.iter().for_each(|&place| session_of[place as usize] = number);
        }
        let keys = history.operations.iter().map(|operation| operation.key as usize + 1).max().unwrap_or(0);
        let mut held = vec![Held { value: ValueId::NIL, version: u32::MAX }; keys];
        crate::linearizability::by_key(history, |register| {
            let key = history.operations[register[0] as usize].key;
            let (value, version) = (initial_value(history, register, initial), initially(history, key));
            held[key as usize] = Held { value, version };
        });
        let mut waits = vec![0; history.operations.len()];
        known.demands.iter().for_each(|&(_, to)| waits[to as usize] += 1);
        let mut awaited = vec![0; history.operations.len() + keys];
        known.saw.iter().flatten().for_each(|&version| awaited[version as usize] += 1);
        let missing =
            sessions.iter().filter(|session| !session.optional).map(|session| session.places.len()).sum();
        let dead_ends = Visited::new(sessions.len() + keys, 0);
        Self {
            history,
            sessions,
            session_of,
            known,
            waits,
            held,
            awaited,
            placed: Vec::new(),
            missing,
            frames: Vec::new(),
            dead_ends,
            words: Vec::new(),
            furthest: (0, Vec::new()),
        }
    }

    fn run(mut self, budget: u64) -> Serialized {
        self.place_reads();
        self.frames.push(Frame { placed: self.placed.len(), tried: None });
        for _ in 0..budget {
            if self.missing == 0 {
                return Serialized::Order;
            }
            if self.dead_ends.size() > MOST_WORDS {
                return Serialized::OutOfBudget;
            }
            if !self.try_next() {
                let (placed, next) = self.furthest;
                return Serialized::Stuck { placed, next };
            }
        }
        Serialized::OutOfBudget
    }

    /// Places the next write that was not tried here, or gives up the last one; `false` where nothing is left.
    fn try_next(&mut self) -> bool {
        let Some(frame) = self.frames.last() else { return false };
        let (placed, tried) = (frame.placed, frame.tried);
        self.take_back(placed);
        let Some(write) = self.first_write_after(tried) else {
            self.note_dead_end();
            self.frames.pop();
            return true;
        };
        self.frames.last_mut().expect("it was there").tried = Some(write);
        self.place(write);
        self.place_reads();
        self.spell();
        if !self.dead_ends.contains(&self.words) {
            self.frames.push(Frame { placed: self.placed.len(), tried: None });
        }
        true
    }

    fn note_dead_end(&mut self) {
        if self.placed.len() as u32 >= self.furthest.0 {
            let next =
                |session: &Session| session.places.get(session.next).copied().filter(|_| !session.optional);
            self.furthest = (index(self.placed.len()), self.sessions.iter().filter_map(next).collect());
        }
        self.spell();
        self.dead_ends.insert(&self.words);
    }

    /// The present state as words.
    fn spell(&mut self) {
        self.words.clear();
        self.words.extend(self.sessions.iter().map(|session| session.next as u32));
        self.words.extend(self.held.iter().map(|held| held.value.0));
    }

    /// Of all writes that can be placed, the one invoked first after `tried`.
    fn first_write_after(&self, tried: Option<u32>) -> Option<u32> {
        let next = (0..self.sessions.len()).filter_map(|session| self.ready(session));
        let later = next.filter(|&place| tried.is_none_or(|tried| place > tried));
        later.filter(|&place| self.left(place).is_some() && self.may_overwrite(place)).min()
    }

    /// Places reads until no session has one next that can be.
    fn place_reads(&mut self) {
        let mut again = true;
        while again {
            again = false;
            for session in 0..self.sessions.len() {
                while let Some(read) = self.ready(session).filter(|&place| self.is_read(place)) {
                    if self.left(read).is_none() {
                        break;
                    }
                    self.place(read);
                    again = true;
                }
            }
        }
    }

    /// A version that was seen by what is not placed yet must stay: no other write brings its value back.
    fn may_overwrite(&self, place: u32) -> bool {
        let version = self.held[self.operation(place).key as usize].version;
        self.awaited[version as usize] == u32::from(self.known.saw(place) == Some(version))
    }

    fn is_read(&self, place: u32) -> bool {
        matches!(self.operation(place).action, RegisterAction::Read(_))
    }

    /// A session's next operation, if all that must come before it is placed.
    fn ready(&self, session: usize) -> Option<u32> {
        let session = &self.sessions[session];
        let begun = session.after.is_none_or(|(other, count)| self.sessions[other as usize].next >= count);
        let place = *session.places.get(session.next)?;
        (begun && self.waits[place as usize] == 0).then_some(place)
    }

    /// What the register holds after an operation, if that can be placed.
    fn left(&self, place: u32) -> Option<ValueId> {
        let operation = self.operation(place);
        let held = self.held[operation.key as usize].value;
        match operation.action {
            RegisterAction::Read(seen) => (seen == Some(held)).then_some(held),
            RegisterAction::Write(value) => Some(value),
            RegisterAction::CompareAndSet { from, to } => (from == held).then_some(to),
        }
    }

    fn place(&mut self, place: u32) {
        let left = self.left(place).expect("it can be placed");
        let (key, reads) = (self.operation(place).key as usize, self.is_read(place));
        self.placed.push((place, self.held[key]));
        if !reads {
            self.held[key] = Held { value: left, version: place };
        }
        self.count(place, true);
    }

    fn take_back(&mut self, placed: usize) {
        while self.placed.len() > placed {
            let (place, held) = self.placed.pop().expect("it is longer");
            let key = self.operation(place).key as usize;
            self.held[key] = held;
            self.count(place, false);
        }
    }

    fn count(&mut self, place: u32, placed: bool) {
        let session = &mut self.sessions[self.session_of[place as usize] as usize];
        session.next = if placed { session.next + 1 } else { session.next - 1 };
        if !session.optional {
            self.missing = if placed { self.missing - 1 } else { self.missing + 1 };
        }
        if let Some(version) = self.known.saw(place) {
            let awaited = &mut self.awaited[version as usize];
            *awaited = if placed { *awaited - 1 } else { *awaited + 1 };
        }
        let demands = &self.known.demands;
        let first = demands.partition_point(|&(from, _)| from < place);
        for &(_, to) in demands[first..].iter().take_while(|&&(from, _)| from == place) {
            let waits = &mut self.waits[to as usize];
            *waits = if placed { *waits - 1 } else { *waits + 1 };
        }
    }

    fn operation(&self, place: u32) -> &RegisterOperation {
        &self.history.operations[place as usize]
    }
}

/// Each process's acknowledged operations; each indeterminate write by itself.
fn sessions(history: &RegisterHistory) -> Vec<Session> {
    let operation = |place: &u32| &history.operations[*place as usize];
    let counts = |place: &u32| {
        let unread = matches!(operation(place).action, RegisterAction::Read(None));
        let read = matches!(operation(place).action, RegisterAction::Read(_));
        match operation(place).outcome {
            Outcome::Ok => !unread,
            Outcome::Info => !read,
            Outcome::Fail => false,
        }
    };
    let mut places: Vec<u32> = (0..index(history.operations.len())).filter(counts).collect();
    places.sort_by_key(|place| operation(place).process);
    let mut sessions = Vec::new();
    for session in places.chunk_by(|a, b| operation(a).process == operation(b).process) {
        let number = index(sessions.len());
        sessions.push(Session { places: Vec::new(), next: 0, optional: false, after: None });
        for &place in session {
            let done = sessions[number as usize].places.len();
            if operation(&place).outcome == Outcome::Ok {
                sessions[number as usize].places.push(place);
            } else {
                let after = Some((number, done));
                sessions.push(Session { places: vec![place], next: 0, optional: true, after });
            }
        }
    }
    sessions
}
