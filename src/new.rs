//! `new`: a scenario file to begin with.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::output::{complain, print};

/// Writes `NAME.toml` into the current folder; never over an existing file.
pub fn new(name: &str) -> Exit {
    let name = name.trim_end_matches(".toml");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(is_plain) {
        complain(format!(
            "error: `{name}` is no name for a scenario\nhelp: use letters, digits, `-` and `_`"
        ));
        return Exit::Usage;
    }
    let path = PathBuf::from(format!("{name}.toml"));
    match write(&path) {
        Ok(()) => print(&format!("{0}: written. Next: shardlab run {0}\n", path.display())),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            complain(format!(
                "error: {} exists already\nhelp: choose another name, or remove it",
                path.display()
            ));
            Exit::InputOutput
        }
        Err(error) => {
            complain(format!("error: cannot write {}: {error}", path.display()));
            Exit::InputOutput
        }
    }
}

/// Writes the whole file or none.
fn write(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written =
        file.write_all(shardlab_scenarios::new::starter().as_bytes()).and_then(|()| file.sync_all());
    if written.is_err() {
        // The file is ours and is not whole. The error to tell is the first one.
        let _ = fs::remove_file(path);
    }
    written
}
