//! The judge of transactions: what must have come before what, and where that goes round in circles.
//!
//! After Adya 1999 (dependencies and the anomalies named by their cycles) and Kingsbury & Alvaro 2020 ("Elle", how to
//! infer dependencies from what clients saw). Versions are inferred first ([`lists`], [`registers`]), then the graph of
//! dependencies is built ([`edges`]), cut down to its strongly connected components ([`core`]) and searched for short
//! cycles of every class ([`classes`]); [`verdicts`] says which models that breaks.

mod by_key;
mod classes;
mod core;
mod cycles;
mod edges;
mod findings;
mod graph;
mod list_reads;
mod lists;
mod options;
mod reasons;
mod register_order;
mod registers;
#[cfg(test)]
mod tests;
mod told;
mod true_order;
mod verdicts;
mod versions;
mod walks;
mod words;

pub use options::{Assumptions, TransactionOptions};
pub use told::{ToldCycle, ToldStep, ToldTransaction};
pub use true_order::TrueOrder;

use findings::Findings;
use lists::Lists;
use registers::Registers;
use versions::Inference;

use crate::recorded::{TransactionHistory, Versions};
use crate::{Anomaly, Report};

/// Judges a history by what its clients saw: a verdict on every transactional model, and every kind of anomaly found
/// with its smallest witness.
///
/// ```
/// use shardlab_consistency::recorded::{RecordedTransaction, Step, TransactionHistory, ValueId};
/// use shardlab_consistency::{Anomaly, Model, ModelVerdict, Outcome, TransactionOptions, check_transactions};
///
/// // Two transactions run at once. Each reads a list empty to which the other one appends: write skew.
/// let mut history = TransactionHistory::default();
/// let (x, y) = (history.keys.word("x"), history.keys.word("y"));
/// let one = ValueId(history.values.integer(1));
/// let elements = history.push_list([]);
/// let record = RecordedTransaction {
///     process: 0, outcome: Outcome::Ok, invoked: 0, completed: 2, first: 0, count: 0, line: 1,
/// };
/// history.push(record, &[Step::ReadList { key: x, elements }, Step::Append { key: y, value: one }]);
/// let record = RecordedTransaction { process: 1, invoked: 1, completed: 3, line: 2, ..record };
/// history.push(record, &[Step::ReadList { key: y, elements }, Step::Append { key: x, value: one }]);
///
/// let report = check_transactions(&history, &TransactionOptions::default());
/// assert_eq!(report.verdict(Model::SnapshotIsolation), Some(&ModelVerdict::Holds));
/// assert_eq!(report.verdict(Model::Serializable), Some(&ModelVerdict::Broken(vec![Anomaly::G2Item])));
/// assert_eq!(report.found[0].explanation.cycle[0].words, "T0 read x = [], before T1 appended 1");
/// ```
pub fn check_transactions(history: &TransactionHistory, options: &TransactionOptions) -> Report {
    let (inference, findings) = match history.versions {
        Versions::Lists => read_lists(Lists::infer(history)),
        Versions::Registers => {
            let registers = Registers::infer(history, options.assume);
            (registers.inference, registers.findings)
        }
    };
    judge(history, &inference, findings, options.budget)
}

/// The oracle: the anomalies of a history whose order of versions is known, not inferred.
pub fn check_against_order(history: &TransactionHistory, order: &TrueOrder) -> Report {
    let (inference, findings) = match history.versions {
        Versions::Lists => read_lists(Lists::ordered(history, order)),
        Versions::Registers => {
            let registers = Registers::ordered(history, order);
            (registers.inference, registers.findings)
        }
    };
    judge(history, &inference, findings, TransactionOptions::default().budget)
}

fn read_lists(mut lists: Lists<'_>) -> (Inference, Findings) {
    list_reads::judge_reads(&mut lists);
    (lists.inference, lists.findings)
}

fn judge(history: &TransactionHistory, inference: &Inference, mut findings: Findings, budget: u64) -> Report {
    let core = core::Core::new(history, &edges::graph(history, inference));
    let classes = classes::classify(&core, budget);
    for (&anomaly, row) in &classes.rows {
        let explain = || reasons::explain(history, inference, anomaly, row);
        findings.note_many(anomaly, row.count, row.shortest.len(), explain);
        if anomaly == Anomaly::GNonadjacent && classes::is_long_fork(&row.shortest) {
            findings.note(Anomaly::LongFork, row.shortest.len(), explain);
        }
    }
    let verdicts = verdicts::verdicts(&findings, &classes, inference.open);
    Report { found: findings.into_found(), verdicts }
}
