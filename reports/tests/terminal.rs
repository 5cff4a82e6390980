//! The terminal summary as people see it, and what must never reach a terminal.
//!
//! `SNAPSHOTS=overwrite cargo test -p shardlab-reports` rewrites the golden files.

mod common;

use common::{HOSTILE, flash_sale, info, swept};
use shardlab_reports::terminal::summary;
use shardlab_scenarios::tables::{RunReport, VerdictKind};
use snapbox::{assert_data_eq, file};
use std::path::Path;

fn shown(report: &RunReport, width: usize) -> String {
    anstream::adapter::strip_str(&summary(
        report,
        &info(),
        Path::new("runs/flash-sale/42/report.html"),
        width,
    ))
    .to_string()
}

#[test]
fn a_failed_run_reads_like_this() {
    let shown = shown(&flash_sale(&["modulo", "consistent-hash"], 1), 100);
    assert_data_eq!(shown, file!["golden/failed.txt"].raw());
}

#[test]
fn a_sweep_reads_like_this() {
    let shown = shown(&swept(&["modulo", "consistent-hash"]), 100);
    assert_data_eq!(shown, file!["golden/sweep.txt"].raw());
}

#[test]
fn the_first_and_the_last_line_name_the_run() {
    let shown = shown(&flash_sale(&["a"], 3), 80);
    let run = "flash-sale · seeds 42..44 · fingerprint 5d0c8b7a90e14f3b2a6f9d17c3e8b501";
    assert_eq!(shown.lines().next(), Some(run));
    assert_eq!(shown.lines().last(), Some(format!("{run} · FAIL").as_str()));
}

#[test]
fn a_run_that_cannot_be_judged_is_not_a_pass() {
    let mut report = flash_sale(&["a"], 1);
    report.verdict = VerdictKind::Unknown;
    report.variants[0].verdict = VerdictKind::Unknown;
    report.variants[0].verdicts.retain(|row| row.verdict == Some(VerdictKind::Unknown));
    let shown = shown(&report, 80);
    assert!(shown.contains("0 of 1 judgements passed"), "{shown}");
    assert!(shown.contains("UNKNOWN  a · convergence: cannot tell"), "{shown}");
    assert!(!shown.contains("PASS"), "{shown}");
}

#[test]
fn the_width_is_respected_and_no_variant_is_lost() {
    let names = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
    let shown = shown(&flash_sale(&names, 20), 80);
    for name in names {
        assert!(shown.lines().any(|line| line.contains("metric") && line.contains(name)), "{name}:\n{shown}");
    }
    for line in shown.lines() {
        assert!(line.chars().count() <= 80 || line.contains("fingerprint"), "{line}");
    }
}

#[test]
fn no_escape_sequence_of_a_file_reaches_the_terminal() {
    let mut report = flash_sale(&[HOSTILE], 1);
    report.question = HOSTILE.into();
    report.scenario = HOSTILE.into();
    let styled = summary(&report, &info(), Path::new(HOSTILE), 80);
    assert!(!styled.contains("\u{1b}[31m</") && !styled.contains("'\u{1b}[31m"), "{styled:?}");
}
