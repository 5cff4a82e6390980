//! Which completion belongs to which invocation, and which session each operation belongs to.

use std::collections::BTreeMap;

/// The operations that are open, and the sessions they belong to.
///
/// A session is a process up to its first indeterminate operation. Jepsen's clients go on under a new number then; one
/// that keeps its number is given a new one here, because what it left behind may still take effect at any later time,
/// after what it does next.
pub(super) struct Pairing<F> {
    /// The state of each process with a small number.
    small: Vec<Option<Process<F>>>,
    others: BTreeMap<u32, Option<Process<F>>>,
    /// The process of each session, and whether an earlier session was the same process.
    sessions: Vec<(u32, bool)>,
}

#[derive(Clone, Copy)]
struct Process<F> {
    session: u32,
    state: State<F>,
}

#[derive(Clone, Copy)]
enum State<F> {
    Idle,
    Busy(Open<F>),
    /// Its last operation is indeterminate.
    Crashed,
}

/// An operation that was invoked and not yet completed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open<F> {
    /// Its place among the records.
    pub place: usize,
    pub function: F,
    /// The line it was invoked on.
    pub line: u32,
}

/// Processes with smaller numbers are found in a vector: 32 MiB of it at most.
const SMALL: u32 = 1 << 20;

impl<F: Copy> Pairing<F> {
    /// Nothing was invoked yet.
    pub fn new() -> Self {
        Self { small: Vec::new(), others: BTreeMap::new(), sessions: Vec::new() }
    }

    /// A process invokes an operation: its session, or the operation that it has not yet completed.
    pub fn invoke(&mut self, number: u32, open: Open<F>) -> Result<u32, Open<F>> {
        let next = self.sessions.len() as u32;
        let known = self.process(number);
        let (session, continued) = match *known {
            None => (next, false),
            Some(Process { state: State::Busy(open), .. }) => return Err(open),
            Some(Process { state: State::Crashed, .. }) => (next, true),
            Some(Process { session, state: State::Idle }) => (session, false),
        };
        *known = Some(Process { session, state: State::Busy(open) });
        if session == next {
            self.sessions.push((number, continued));
        }
        Ok(session)
    }

    /// A process completes an operation: the one it has open, if it has one.
    pub fn complete(&mut self, number: u32, crashed: bool) -> Option<Open<F>> {
        let process = self.process(number).as_mut()?;
        let State::Busy(open) = process.state else { return None };
        process.state = if crashed { State::Crashed } else { State::Idle };
        Some(open)
    }

    /// The number of each session: its process's, or one that no process has.
    pub fn session_numbers(&self) -> Vec<u32> {
        let mut next = self.sessions.iter().map(|(process, _)| process + 1).max().unwrap_or(0);
        let mut number = |&(process, continued): &(u32, bool)| {
            if !continued {
                return process;
            }
            next += 1;
            next - 1
        };
        self.sessions.iter().map(&mut number).collect()
    }

    fn process(&mut self, number: u32) -> &mut Option<Process<F>> {
        if number >= SMALL {
            return self.others.entry(number).or_insert(None);
        }
        let slot = number as usize;
        if slot >= self.small.len() {
            self.small.resize_with(slot + 1, || None);
        }
        &mut self.small[slot]
    }
}
