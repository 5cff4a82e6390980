//! What is wrong with a history file, and where.

use std::fmt;
use std::io;

use super::foreign::Foreign;

/// Why a history could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// The line, from 1.
    pub line: u64,
    /// The column in bytes, from 1.
    pub column: u64,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub help: String,
    /// Set where the file itself could not be read on.
    pub input: Option<io::ErrorKind>,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for ReadError {}

/// Something wrong at an offset of the text that is at hand; its line and column are only looked up when it is told.
#[derive(Debug)]
pub(super) struct Fault {
    pub offset: usize,
    /// The text at hand ends here: with more of it, all may be well.
    pub incomplete: bool,
    /// It is wrong here and right in another workload.
    pub foreign: Option<Foreign>,
    pub message: String,
    pub help: String,
}

impl Fault {
    /// Boxed, so that the results of the hot path stay small.
    pub fn new(offset: usize, message: impl Into<String>, help: impl Into<String>) -> Box<Self> {
        let (message, help) = (message.into(), help.into());
        Box::new(Self { offset, incomplete: false, foreign: None, message, help })
    }

    /// The same, where another workload would have it so.
    pub fn of(mut self: Box<Self>, foreign: impl Into<Option<Foreign>>) -> Box<Self> {
        self.foreign = foreign.into();
        self
    }

    /// The text at hand ends inside something.
    pub fn incomplete(offset: usize) -> Box<Self> {
        Box::new(Self {
            offset,
            incomplete: true,
            foreign: None,
            message: "the text ends inside an operation".into(),
            help: "the history is cut off: record or copy it again, whole".into(),
        })
    }
}
