//! Histories drawn as pictures, for tests.
//!
//! ```text
//! a  |-- w1 --|            |- m1>3 -|
//! b       |-- y.w2? --|
//! ```
//! A line a process (`a` is 0), a column a millisecond, time zero at the first bar's column of a line
//! that begins there. `w1` wrote 1, `r0` read the initial value, `m1>3` read 1 and wrote 3; `!` failed,
//! `?` was never told. The key is 42, or the letter before the dot.

use crate::judges::{Finding, JUDGES};
use crate::{Case, Evidence, History, NO_NODE, Operation, OperationKind, Outcome, Time, VersionOrder};

/// Lets one judge look at a picture and a surviving log, and compares its verdict in words.
#[track_caller]
pub(crate) fn check(judge: &str, picture: &str, log: &str, expected: &str) {
    assert_eq!(finding(judge, picture, log).verdict.to_string(), expected, "\n{picture}\nlog: {log}");
}

pub(crate) fn finding(judge: &str, picture: &str, log: &str) -> Finding {
    let judge = JUDGES.iter().find(|listed| listed.name == judge).expect("the judge is in the table");
    let (history, evidence) = (history(picture), evidence(log));
    (judge.judge)(&Case::new(&history, &evidence))
}

/// Evidence whose log holds these ids, as in `1 2 y.3`.
pub(crate) fn evidence(log: &str) -> Evidence {
    let entry = |word| {
        let (key, id) = key_of(word);
        (key, number(id))
    };
    let order = VersionOrder::from_log(log.split_whitespace().map(entry));
    Evidence { version_order: Some(order), ..Evidence::default() }
}

pub(crate) fn history(picture: &str) -> History {
    let lines = || picture.lines().filter(|line| !line.trim().is_empty());
    let margin = lines().map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let mut history = History::default();
    lines().flat_map(|line| line_of(&line[margin..])).for_each(|operation| history.push(operation));
    history
}

/// The process's letter and two spaces stand before the column of time zero.
const FIRST_COLUMN: usize = 3;

fn line_of(line: &str) -> Vec<Operation> {
    let process = u32::from(line.as_bytes()[0] - b'a');
    let bars: Vec<usize> = line.match_indices('|').map(|(column, _)| column).collect();
    assert!(bars.len().is_multiple_of(2), "every operation begins and ends with a bar: {line}");
    let between = |pair: &[usize]| {
        let word = line[pair[0] + 1..pair[1]].trim_matches(['-', ' ']);
        operation(process, word, time(pair[0]), time(pair[1]))
    };
    bars.chunks(2).map(between).collect()
}

fn time(column: usize) -> Time {
    (column - FIRST_COLUMN) as Time * 1_000_000
}

fn operation(process: u32, word: &str, invoked: Time, completed: Time) -> Operation {
    let (word, outcome, completed) = match (word.strip_suffix('!'), word.strip_suffix('?')) {
        (Some(word), _) => (word, Outcome::Fail, completed),
        (_, Some(word)) => (word, Outcome::Info, Time::MAX),
        _ => (word, Outcome::Ok, completed),
    };
    let (key, word) = key_of(word);
    let (kind, previous, value) = match word.split_at(1) {
        ("r", id) => (OperationKind::Read, 0, number(id)),
        ("w", id) => (OperationKind::Write, 0, number(id)),
        ("m", ids) => {
            let (previous, value) = ids.split_once('>').expect("a read-modify-write is m1>2");
            (OperationKind::ReadModifyWrite, number(previous), number(value))
        }
        _ => panic!("neither r, w nor m: {word}"),
    };
    Operation { process, node: NO_NODE, kind, outcome, key, value, previous, invoked, completed }
}

fn key_of(word: &str) -> (u64, &str) {
    word.split_once('.').map_or((42, word), |(key, rest)| (u64::from(key.as_bytes()[0]), rest))
}

fn number(digits: &str) -> u64 {
    digits.parse().unwrap_or_else(|_| panic!("not a number: {digits}"))
}
