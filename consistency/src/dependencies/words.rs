//! Transactions and anomalies in words.

use super::by_key::Place;
use crate::recorded::{Step, TransactionHistory, ValueId};
use crate::{Anomaly, Explanation};

/// More elements of a list than these are cut out of its middle.
const SHOWN: usize = 12;

/// `[1 2 3]`.
pub(super) fn list(history: &TransactionHistory, elements: &[ValueId]) -> String {
    let names = |elements: &[ValueId]| {
        elements.iter().map(|&value| history.values.value(value)).collect::<Vec<_>>().join(" ")
    };
    if elements.len() <= SHOWN {
        return format!("[{}]", names(elements));
    }
    let (first, last) = (&elements[..SHOWN / 2], &elements[elements.len() - SHOWN / 2..]);
    format!("[{} … {}] ({} elements)", names(first), names(last), elements.len())
}

/// `read x = [1 2]`, `appended 3 to x`.
pub(super) fn step(history: &TransactionHistory, step: &Step) -> String {
    let key = history.keys.name(step.key());
    match *step {
        Step::Append { value, .. } => format!("appended {} to {key}", history.values.value(value)),
        Step::Write { value, .. } => format!("wrote {} to {key}", history.values.value(value)),
        Step::Read { value, .. } => format!("read {key} = {}", history.values.value(value)),
        Step::ReadList { elements, .. } => format!("read {key} = {}", list(history, history.list(elements))),
        Step::ReadUnknown { .. } => format!("read {key}"),
    }
}

/// `T3 (process 1, line 7): read x = [1]; appended 2 to y`.
pub(super) fn transaction(history: &TransactionHistory, transaction: u32) -> String {
    let record = &history.transactions[transaction as usize];
    let line = if record.line == 0 { String::new() } else { format!(", line {}", record.line) };
    let steps: Vec<String> = history.steps(record).iter().map(|own| step(history, own)).collect();
    let shown = if steps.len() > SHOWN {
        format!("{}; … ({} steps)", steps[..SHOWN].join("; "), steps.len())
    } else {
        steps.join("; ")
    };
    format!("T{transaction} (process {}{line}): {shown}", record.process)
}

/// An explanation that speaks of these transactions and ends with this sentence.
fn explanation(history: &TransactionHistory, involved: &[u32], sentence: String) -> Explanation {
    let mut involved: Vec<usize> = involved.iter().map(|&transaction| transaction as usize).collect();
    involved.sort_unstable();
    involved.dedup();
    let told = involved.iter().map(|&at| transaction(history, at as u32));
    Explanation { words: told.chain([sentence]).collect(), cycle: Vec::new(), involved }
}

/// An anomaly that one step shows.
pub(super) fn one_step(
    history: &TransactionHistory,
    anomaly: Anomaly,
    transaction: u32,
    key: u32,
    at: u32,
) -> Explanation {
    let did = step(history, &history.steps[at as usize]);
    let (who, why) = match anomaly {
        Anomaly::G1a => {
            let writer = aborted_writer(history, key, at);
            (writer, "which holds what an aborted transaction wrote".to_string())
        }
        Anomaly::GarbageRead => (None, "which holds a value that nobody wrote".into()),
        Anomaly::DuplicateElements => (None, "which holds one element twice".into()),
        Anomaly::FutureRead => {
            (None, "which it had read before it wrote it, or reads before it writes it".into())
        }
        Anomaly::IncompatibleOrder => {
            (None, "but the list holds that before what it had appended earlier".into())
        }
        Anomaly::NonRepeatableRead => (None, "though it had read another version before".into()),
        _ => (None, "which is not what it had itself read and written before".into()),
    };
    let by = who.map(|writer| format!(": T{writer}")).unwrap_or_default();
    let involved: Vec<u32> = who.into_iter().chain([transaction]).collect();
    explanation(history, &involved, format!("T{transaction} {did}, {why}{by}."))
}

/// The aborted transaction whose value a read returned.
fn aborted_writer(history: &TransactionHistory, key: u32, at: u32) -> Option<u32> {
    let read: &[ValueId] = match &history.steps[at as usize] {
        Step::ReadList { elements, .. } => history.list(*elements),
        Step::Read { value, .. } => std::slice::from_ref(value),
        _ => &[],
    };
    let aborted = |record: &crate::recorded::RecordedTransaction| {
        record.outcome == crate::Outcome::Fail
            && history
                .steps(record)
                .iter()
                .any(|step| step.key() == key && step.written().is_some_and(|value| read.contains(&value)))
    };
    history.transactions.iter().position(aborted).map(|place| place as u32)
}

pub(super) fn dirty_update(history: &TransactionHistory, place: &Place, before: &[ValueId]) -> Explanation {
    let did = step(history, &history.steps[place.step as usize]);
    let sentence = format!(
        "T{} {did} and committed, on top of {}, which holds what an aborted transaction appended.",
        place.transaction,
        list(history, before),
    );
    explanation(history, &[place.transaction], sentence)
}

pub(super) fn intermediate_read(
    history: &TransactionHistory,
    transaction: u32,
    writer: u32,
    at: u32,
) -> Explanation {
    let did = step(history, &history.steps[at as usize]);
    let sentence = format!("T{transaction} {did}, a version that T{writer} itself went on to replace.");
    explanation(history, &[transaction, writer], sentence)
}

pub(super) fn incompatible_order(
    history: &TransactionHistory,
    transaction: u32,
    at: u32,
    longest: &[ValueId],
) -> Explanation {
    let did = step(history, &history.steps[at as usize]);
    let sentence = format!(
        "T{transaction} {did}, which is no beginning of {}, the longest version of the list.",
        list(history, longest)
    );
    explanation(history, &[transaction], sentence)
}

pub(super) fn lost_update(
    history: &TransactionHistory,
    [other, transaction]: [u32; 2],
    key: u32,
    at: u32,
) -> Explanation {
    let did = step(history, &history.steps[at as usize]);
    let sentence = format!(
        "T{transaction} read {} before T{other} changed it, and then {did} without having seen that change.",
        history.keys.name(key)
    );
    explanation(history, &[other, transaction], sentence)
}

pub(super) fn cyclic_versions(history: &TransactionHistory, key: u32, writers: &[u32]) -> Explanation {
    let known: Vec<u32> =
        writers.iter().copied().filter(|&writer| (writer as usize) < history.transactions.len()).collect();
    let names: Vec<String> = known.iter().map(|writer| format!("T{writer}")).collect();
    let sentence = format!(
        "By the assumptions made, what {} wrote to {} comes both before and after what the others, or nobody, wrote.",
        names.join(", "),
        history.keys.name(key)
    );
    explanation(history, &known, sentence)
}
