//! A folder of its own for every test: the program runs in it, and nothing else does.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use snapbox::cmd::{Command, OutputAssert, cargo_bin};
use tempfile::TempDir;

/// Two variants, a crash, two seconds to measure: small enough to run a dozen times.
pub const SMALL: &str = r#"
schema = 1
question = "What does the program leave?"
seed = 5
duration = "3s"
warmup = "1s"
drain = "4s"

[cluster]
servers = 3

[sharding]
strategy = { modulo = { shards = 2 } }

[replication]
mode = { primary = { replicas = 3, ack = "quorum", failover = "1s" } }

[[workload]]
name = "register"
arrivals = { open = "200/s" }
keys = { count = 50, distribution = "uniform" }
mix = { read = 0.5, update = 0.5 }
timeout = "500ms"

[[fault]]
name = "crash"
at = "2s"
crash = { target = "server 0", restart = "500ms" }

[[variant]]
name = "quorum"

[[variant]]
name = "all"
set = { "replication.mode.primary.ack" = "all" }

[[expect]]
metric = "writes.lost"
at_most = 0
"#;

/// A folder to run the program in.
pub struct Workbench(TempDir);

impl Workbench {
    /// An empty one.
    pub fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// One with [`SMALL`] in `small.toml`.
    pub fn with_small() -> Self {
        let bench = Self::new();
        bench.write("small.toml", SMALL);
        bench
    }

    /// The place of a file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Reads a file as JSON.
    pub fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The program, about to be run with these words, which blanks part.
    pub fn command(&self, words: &str) -> Command {
        // Settings of whoever runs the tests would colour the output.
        Command::new(cargo_bin!("shardlab"))
            .args(words.split_whitespace())
            .current_dir(self.0.path())
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
    }

    /// Runs the program.
    pub fn shardlab(&self, words: &str) -> OutputAssert {
        self.command(words).assert()
    }

    /// Every file, link and empty folder in it, sorted; links are not followed.
    pub fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        collect(self.0.path(), self.0.path(), &mut files);
        files.sort();
        files
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) {
    let name = |path: &Path| path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
    let before = files.len();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            collect(root, &entry.path(), files)
        } else {
            files.push(name(&entry.path()))
        }
    }
    if files.len() == before && folder != root {
        files.push(name(folder) + "/");
    }
}

/// What stands on standard output.
pub fn stdout(output: &OutputAssert) -> String {
    String::from_utf8(output.get_output().stdout.clone()).unwrap()
}

/// What stands on standard error.
pub fn stderr(output: &OutputAssert) -> String {
    String::from_utf8(output.get_output().stderr.clone()).unwrap()
}
