//! The text of a history, a window of it at a time.

use std::io::{ErrorKind, Read};

use super::error::{Fault, ReadError};

/// Bytes that are read at once: enough that operations which straddle two windows cost nothing to speak of.
const WINDOW_BYTES: usize = 256 << 10;

/// A window into the text, which moves on from operation to operation and grows where one does not fit.
pub(super) struct Source<R> {
    input: R,
    buffer: Vec<u8>,
    /// Where in the buffer the text that was not yet consumed begins.
    start: usize,
    /// Where in the buffer the text ends.
    end: usize,
    /// Nothing is left in the input.
    last: bool,
    /// The line that `start` is on, from 1.
    line: u64,
    /// Bytes of that line before `start`.
    column: u64,
}

impl<R: Read> Source<R> {
    /// The beginning of a text.
    pub fn new(input: R) -> Self {
        Self { input, buffer: vec![0; WINDOW_BYTES], start: 0, end: 0, last: false, line: 1, column: 0 }
    }

    /// What was not yet consumed, and whether that is all.
    pub fn window(&self) -> (&[u8], bool) {
        (&self.buffer[self.start..self.end], self.last)
    }

    /// Moves on.
    pub fn consume(&mut self, bytes: usize) {
        (self.line, self.column) = self.position(bytes);
        self.start += bytes;
    }

    /// The line of an offset of the window, from 1, and the bytes before it on that line.
    pub fn position(&self, offset: usize) -> (u64, u64) {
        let passed = &self.buffer[self.start..self.start + offset];
        match passed.iter().rposition(|&byte| byte == b'\n') {
            None => (self.line, self.column + offset as u64),
            Some(last) => {
                let breaks = passed.iter().filter(|&&byte| byte == b'\n').count();
                (self.line + breaks as u64, (offset - last - 1) as u64)
            }
        }
    }

    /// Reads more text behind what is left of the window.
    pub fn refill(&mut self) -> Result<(), ReadError> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.end, 0);
        }
        // Half a window at least: what straddles is read again from its beginning, each time.
        let enough = self.end + (self.buffer.len() - self.end).div_ceil(2);
        while self.end < enough && !self.last {
            match self.input.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.last = true,
                Ok(bytes) => self.end += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.unreadable(&error)),
            }
        }
        Ok(())
    }

    /// Says where a fault is.
    pub fn locate(&self, fault: Fault) -> ReadError {
        let (line, column) = self.position(fault.offset.min(self.end - self.start));
        ReadError { line, column: column + 1, message: fault.message, help: fault.help, input: None }
    }

    fn unreadable(&self, error: &std::io::Error) -> ReadError {
        let (line, column) = self.position(self.end - self.start);
        ReadError {
            line,
            column: column + 1,
            message: format!("cannot read on: {error}"),
            help: "nothing was judged".into(),
            input: Some(error.kind()),
        }
    }
}
