//! From times to ranks.

use super::{NEVER, Rank};
use crate::history::index;
use crate::{Outcome, Time, Transaction};

/// When something was invoked and completed, and by whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub process: u32,
    pub invoked: Time,
    /// None where nobody heard of it.
    pub completed: Option<Time>,
}

impl Span {
    pub fn of(transaction: &Transaction) -> Self {
        let &Transaction { process, invoked, completed, outcome, .. } = transaction;
        Self { process, invoked, completed: (outcome != Outcome::Info).then_some(completed) }
    }
}

/// The ranks of each invocation and completion.
///
/// At equal times an invocation stands before a completion, so that operations of different processes that touch at one
/// instant are concurrent; only a process that goes on at the instant at which it was answered does so after its answer,
/// and several such processes follow each other as they were recorded.
pub(crate) fn ranks(spans: &[Span]) -> Vec<(Rank, Rank)> {
    let mut moments = moments(spans);
    moments.sort_unstable();
    let mut ranks = vec![(0, NEVER); spans.len()];
    for (rank, moment) in (0..).zip(&moments) {
        let ranks = &mut ranks[moment.operation as usize];
        *(if moment.invocation { &mut ranks.0 } else { &mut ranks.1 }) = rank;
    }
    ranks
}

/// Where an event stands among those of one instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Wave {
    /// An invocation by a process that was idle before.
    Invocation,
    /// An answer and the same process's next invocation, one right after the other.
    GoingOn,
    /// An answer after which the process rests.
    Completion,
}

/// One invocation or completion, sortable by real time.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Moment {
    time: Time,
    wave: Wave,
    /// The operation that was answered, by place in the record; an invocation that follows it comes after it.
    answered: u32,
    invocation: bool,
    operation: u32,
}

fn moments(spans: &[Span]) -> Vec<Moment> {
    let span = |place: u32| &spans[place as usize];
    let mut places: Vec<u32> = (0..index(spans.len())).collect();
    places.sort_by_key(|&place| (span(place).process, span(place).invoked));
    let mut moments = Vec::with_capacity(2 * places.len());
    for (at, &place) in places.iter().enumerate() {
        let Span { process, invoked, completed } = *span(place);
        let before = at.checked_sub(1).map(|before| places[before]);
        let follows = before
            .filter(|&before| span(before).process == process && span(before).completed == Some(invoked));
        let (wave, answered) = follows.map_or((Wave::Invocation, place), |before| (Wave::GoingOn, before));
        moments.push(Moment { time: invoked, wave, answered, invocation: true, operation: place });
        let Some(time) = completed else { continue };
        let goes_on = places
            .get(at + 1)
            .is_some_and(|&next| span(next).process == process && span(next).invoked == time);
        let wave = if goes_on { Wave::GoingOn } else { Wave::Completion };
        moments.push(Moment { time, wave, answered: place, invocation: false, operation: place });
    }
    moments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_have_happened_at_once_is_concurrent_but_a_process_goes_on_after_itself() {
        let span = |process, invoked, completed| Span { process, invoked, completed };
        let spans = [span(0, 0, Some(10)), span(1, 10, Some(20)), span(0, 10, Some(15)), span(2, 5, None)];
        let ranks = ranks(&spans);
        let precedes = |one: usize, other: usize| ranks[one].1 < ranks[other].0;
        assert!(precedes(0, 2) && !precedes(0, 1) && !precedes(3, 1));
        assert_eq!(ranks[3].1, NEVER);
    }
}
