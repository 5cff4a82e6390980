//! Writing to the terminal, or to whatever stands in its place.

use std::fmt::Display;
use std::io::{ErrorKind, Write};

use crate::exit::Exit;

/// Prints to standard output, with styles as in [`complain`].
///
/// A reader that has gone (`shardlab list | head`) has read enough: no failure.
pub fn print(text: &str) -> Exit {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Exit::Pass,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Pass,
        Err(error) => {
            complain(format!("error: cannot write to standard output: {error}"));
            Exit::InputOutput
        }
    }
}

/// Prints to standard error; styles are taken out where it is no terminal, or `NO_COLOR` is set.
pub fn complain(text: impl Display) {
    // Nobody to complain to is nothing to complain about.
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Columns of the terminal; 100 where there is none.
pub fn width() -> usize {
    terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0))
}
