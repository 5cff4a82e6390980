//! What stands around the operations: nothing, or one vector or list of them all.

use super::forms::Bracket;

/// Where the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Before everything.
    Start,
    /// Between operations that stand for themselves, usually one a line.
    Loose,
    /// Inside the vector of all operations; `after` one of them.
    Inside { bracket: Bracket, after: bool },
    /// Behind that vector.
    Closed,
}

impl Frame {
    /// The frame behind an operation.
    pub fn after_operation(self) -> Self {
        match self {
            Self::Inside { bracket, .. } => Self::Inside { bracket, after: true },
            _ => Self::Loose,
        }
    }
}

/// What a step through the text came to.
#[derive(Debug)]
pub(super) enum Step<E> {
    /// An operation of a client, which begins at this offset.
    Event(usize, E),
    /// Nothing of interest: a bracket, an operation of the nemesis.
    Passed,
    /// The end of the history.
    End,
}
