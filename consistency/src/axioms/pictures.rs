//! Histories of transactions as text, one transaction a line.

use crate::Outcome;
use crate::recorded::{RecordedTransaction, Step, TransactionHistory, ValueId, Versions};

/// `0 wx1 rx_ ry2` is process 0, which wrote 1 to x, read nil in x and 2 in y; `0?` is a transaction of unknown
/// outcome, `0!` an aborted one. `ax1` appends, `rx[1,2]` reads a list.
pub(super) fn history(text: &str) -> TransactionHistory {
    let mut history = TransactionHistory::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let process = words.next().expect("a line begins with a process");
        let steps: Vec<Step> = words.map(|word| step(&mut history, word)).collect();
        push(&mut history, process, &steps);
    }
    history
}

fn push(history: &mut TransactionHistory, process: &str, steps: &[Step]) {
    let outcome = match process.chars().last() {
        Some('?') => Outcome::Info,
        Some('!') => Outcome::Fail,
        _ => Outcome::Ok,
    };
    let invoked = 2 * history.transactions.len() as u32;
    let completed = if outcome == Outcome::Info { crate::recorded::NEVER } else { invoked + 1 };
    let process = process.trim_end_matches(['?', '!']).parse().expect("a process is a number");
    let line = history.transactions.len() as u32 + 1;
    history
        .push(RecordedTransaction { process, outcome, invoked, completed, first: 0, count: 0, line }, steps);
}

fn step(history: &mut TransactionHistory, word: &str) -> Step {
    let key = history.keys.word(&word[1..2]);
    let mut value = |text: &str| match text {
        "_" => ValueId::NIL,
        _ => ValueId(history.values.integer(text.parse().expect("a value is a number or _"))),
    };
    match (&word[..1], &word[2..]) {
        ("w", text) => {
            let value = value(text);
            history.versions = Versions::Registers;
            Step::Write { key, value }
        }
        ("a", text) => Step::Append { key, value: value(text) },
        (_, text) if text.starts_with('[') => {
            let inner = text.trim_matches(['[', ']']);
            let list: Vec<ValueId> = inner.split(',').filter(|text| !text.is_empty()).map(value).collect();
            Step::ReadList { key, elements: history.push_list(list) }
        }
        (_, text) => Step::Read { key, value: value(text) },
    }
}
