//! Ctrl-C and SIGTERM. Signals are sent by `kill`, and only once the program listens, as the kernel says it does.
#![cfg(target_os = "linux")]

use std::fs;
use std::process::{Child, Command, Stdio};

use snapbox::cmd::cargo_bin;

use crate::workbench::{SMALL, Workbench};

/// A day of virtual time: no machine ends it before it is told to, and if it is deaf, the test ends all the same.
fn endless(bench: &Workbench) -> Child {
    bench.write("endless.toml", SMALL.replace("duration = \"3s\"", "duration = \"100000s\""));
    let mut command = Command::new(cargo_bin!("shardlab"));
    command
        .args(["run", "endless.toml"])
        .current_dir(bench.path(""))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Whether the process has a handler for this signal: its bit in the mask of caught signals, see proc(5).
fn listens(process: &Child, number: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    mask.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() >> (number - 1) & 1 == 1)
}

/// Signals by name and number, see signal(7).
#[test]
fn a_run_that_is_told_to_end_is_130_and_leaves_nothing() {
    for (name, number) in [("INT", 2), ("TERM", 15)] {
        let bench = Workbench::new();
        let mut process = endless(&bench);
        while !listens(&process, number) {
            assert_eq!(process.try_wait().unwrap(), None, "{name}: it ended before it was told to");
            std::thread::yield_now();
        }
        let sent = Command::new("kill").args(["-s", name, &process.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let output = process.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{name}: {output:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "stopped: nothing was written\n", "{name}");
        assert_eq!(output.stdout, b"", "{name}");
        assert_eq!(bench.files(), ["endless.toml"], "{name}");
    }
}
