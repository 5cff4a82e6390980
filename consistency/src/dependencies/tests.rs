//! Every anomaly by a small history of its own, in a tiny language: transactions stand side by side and run at once
//! (`|`) or after all before them (`>`). `ax1` appends 1 to x, `rx12` reads x = [1 2], `wx1` writes 1, `rx-` reads
//! nothing; `p0` names the process, `fail` and `info` the outcome.

use super::{
    Assumptions, ToldCycle, ToldStep, ToldTransaction, TransactionOptions, TrueOrder, check_against_order,
    check_transactions,
};
use crate::recorded::{NEVER, RecordedTransaction, Step, TransactionHistory, ValueId, Versions};
use crate::{Anomaly, Explanation, Model, ModelVerdict, Outcome, Report, weakest_broken};

fn parse(text: &str) -> TransactionHistory {
    let mut history = TransactionHistory::default();
    if text.contains('w') {
        history.versions = Versions::Registers;
    }
    let mut rank = 0;
    for group in text.split('>') {
        let first = history.transactions.len();
        group.split('|').for_each(|words| push(&mut history, words, &mut rank));
        for record in &mut history.transactions[first..] {
            record.completed = if record.outcome == Outcome::Info { NEVER } else { rank };
            rank += 1;
        }
    }
    history
}

fn push(history: &mut TransactionHistory, words: &str, rank: &mut u32) {
    let mut record = RecordedTransaction {
        process: history.transactions.len() as u32,
        outcome: Outcome::Ok,
        invoked: *rank,
        completed: 0,
        first: 0,
        count: 0,
        line: 0,
    };
    *rank += 1;
    let mut steps = Vec::new();
    for word in words.split_whitespace() {
        match word {
            "fail" => record.outcome = Outcome::Fail,
            "info" => record.outcome = Outcome::Info,
            process if process.starts_with('p') => record.process = process[1..].parse().unwrap(),
            step => steps.push(parse_step(history, step)),
        }
    }
    history.push(record, &steps);
}

fn parse_step(history: &mut TransactionHistory, word: &str) -> Step {
    let key = history.keys.word(&word[1..2]);
    let digits = word[2..].chars().filter_map(|digit| digit.to_digit(10));
    let values: Vec<ValueId> = digits.map(|digit| ValueId(history.values.integer(digit.into()))).collect();
    let first = values.first().copied().unwrap_or(ValueId::NIL);
    match &word[..1] {
        "a" => Step::Append { key, value: first },
        "w" => Step::Write { key, value: first },
        _ if history.versions == Versions::Registers => Step::Read { key, value: first },
        _ => Step::ReadList { key, elements: history.push_list(values) },
    }
}

fn judge(text: &str) -> Report {
    check_transactions(&parse(text), &TransactionOptions::default())
}

/// What is found, and the weakest models that it breaks.
#[track_caller]
fn check(text: &str, found: &[Anomaly], weakest: &[Model]) {
    check_report(text, &judge(text), found, weakest);
}

#[track_caller]
fn check_assuming(assume: &str, text: &str, found: &[Anomaly], weakest: &[Model]) {
    let assume = Assumptions::default().with(assume).unwrap();
    let report =
        check_transactions(&parse(text), &TransactionOptions { assume, ..TransactionOptions::default() });
    check_report(text, &report, found, weakest);
}

#[track_caller]
fn check_report(text: &str, report: &Report, found: &[Anomaly], weakest: &[Model]) {
    let anomalies: Vec<Anomaly> = report.found.iter().map(|found| found.anomaly).collect();
    assert_eq!(anomalies, found, "{text}\n{report:#?}");
    assert_eq!(weakest_broken(report), weakest, "{text}\n{report:#?}");
}

#[test]
fn lists_that_are_as_they_should_be() {
    for text in [
        "",
        "ax1",
        "ax1 ax2 | rx12",
        "rx- ax1 rx1 > rx1",
        "ax1 info | rx-",
        "ax1 info > rx- > rx1",
        "ax1 fail > rx-",
    ] {
        check(text, &[], &[]);
        assert_eq!(judge(text).verdict(Model::StrictSerializable), Some(&ModelVerdict::Holds), "{text}");
    }
}

#[test]
fn anomalies_that_one_read_shows() {
    use Anomaly::*;
    check("ax1 fail | rx1", &[G1a], &[Model::ReadCommitted]);
    check("ax1 fail | ax2 | rx12", &[DirtyUpdate, G1a], &[Model::ReadCommitted]);
    check("ax1 ax2 | rx1 rx12", &[Internal, G1b, NonRepeatableRead, GSingle], &[Model::ReadCommitted]);
    check("rx1", &[GarbageRead], &[Model::ReadUncommitted]);
    check("ax1 | rx11", &[DuplicateElements], &[Model::ReadUncommitted]);
    check("ax1 | ax2 | rx1 | rx2", &[IncompatibleOrder], &[Model::ReadCommitted]);
    check("rx1 ax1", &[FutureRead], &[Model::ReadCommitted]);
    check("ax1 rx- | rx1", &[Internal], &[Model::ReadAtomic, Model::UpdateAtomic, Model::ConsistentView]);
}

#[test]
fn anomalies_that_are_cycles() {
    use Anomaly::*;
    check("ax1 ay1 | ax2 ay2 | rx12 ry21", &[G0], &[Model::ReadUncommitted]);
    check("ax1 ry1 | ay1 rx1", &[G1c], &[Model::ReadCommitted]);
    check("ax1 ay1 | rx1 ry-", &[GSingle], &[Model::ConsistentView]);
    check("rx- ay1 | ry- ax1", &[G2Item], &[Model::RepeatableRead]);
    check(
        "ax1 | ay1 | rx1 ry- | ry1 rx-",
        &[GNonadjacent, LongFork],
        &[Model::RepeatableRead, Model::SnapshotIsolation],
    );
    check("ax0 | rx0 ax1 | rx0 ax2", &[LostUpdate, G2Item], &[Model::CursorStability]);
}

#[test]
fn anomalies_that_need_the_order_of_sessions_or_real_time() {
    use Anomaly::*;
    check("ax1 > p7 ax2 > p7 rx1 | rx12", &[GSingleProcess], &[Model::StrongSessionConsistentView]);
    check("ax1 > ax2 > rx1 > rx12", &[GSingleRealtime], &[Model::StrongConsistentView]);
    check("ax1 > ax2 > rx21", &[G0Realtime], &[Model::StrongReadUncommitted]);
    check("rx1 > ax1", &[G1cRealtime], &[Model::StrongReadCommitted]);
}

#[test]
fn whoever_never_heard_may_take_effect_later_than_all_its_session_did() {
    check("p1 ax1 info > p1 rx- > rx1", &[], &[]);
    check("p1 ax1 > p1 rx- > rx1", &[Anomaly::GSingleProcess], &[Model::StrongSessionConsistentView]);
}

#[test]
fn an_append_read_by_one_was_committed_for_all() {
    check("ax1 ay1 info | rx1 ry-", &[Anomaly::GSingle], &[Model::ConsistentView]);
}

#[test]
fn appends_that_nobody_read_come_last_in_an_unknown_order() {
    let report = judge("ax1 > ax2 > ax3 > rx1");
    assert_eq!(weakest_broken(&report), [Model::StrongConsistentView]);
    check("ax1 | ax2 | ax3 | ax4 | ax5 | ax6 | rx-", &[], &[]);
    let torn = "rx- ax1 | ax2 ay1 | ax3 | ax4 | ax5 | ax6 | ry1 rx-";
    check(torn, &[Anomaly::GSingle, Anomaly::G2Item], &[Model::ConsistentView]);
}

#[test]
fn a_value_appended_twice_has_no_known_writer_and_leaves_the_verdict_open() {
    let report = judge("ax1 | ax1 | rx1");
    assert!(report.found.is_empty());
    assert!(matches!(report.verdict(Model::Serializable), Some(ModelVerdict::Unknown(_))));
}

#[test]
fn registers_by_what_is_certain() {
    use Anomaly::*;
    check("wx1 fail | rx1", &[G1a], &[Model::ReadCommitted]);
    check("wx1 wx2 | rx1", &[G1b], &[Model::ReadCommitted]);
    check("wx1 ry1 | wy1 rx1", &[G1c], &[Model::ReadCommitted]);
    check("rx- ry1 | wy1 wx2", &[GSingle], &[Model::ConsistentView]);
    check("rx0 wx1 | rx0 wx2", &[LostUpdate, G2Item], &[Model::CursorStability]);
    check("wx1 rx2 | wx2", &[Internal], &[Model::ReadAtomic, Model::UpdateAtomic, Model::ConsistentView]);
    check("rx1 wx1", &[FutureRead], &[Model::ReadCommitted]);
}

#[test]
fn registers_without_a_full_order_are_not_judged_serializable() {
    let report = judge("wx1 > wx2 > rx2");
    assert!(report.found.is_empty());
    assert!(matches!(report.verdict(Model::Serializable), Some(ModelVerdict::Unknown(_))));
    assert_eq!(report.verdict(Model::ReadCommitted), Some(&ModelVerdict::Holds));
    assert_eq!(judge("rx- wx1 > rx1").verdict(Model::StrictSerializable), Some(&ModelVerdict::Holds));
}

#[test]
fn who_writes_nothing_writes_no_version() {
    check("wx- | rx- wx1 | rx1", &[], &[]);
}

#[test]
fn registers_by_what_is_assumed() {
    use Anomaly::*;
    let stale = "wx1 > wx2 > rx1 | rx2";
    check(stale, &[], &[]);
    check_assuming("linearizable-keys", "wx1 > wx2 > rx2", &[], &[]);
    check_assuming("linearizable-keys", stale, &[CyclicVersions], &[Model::ReadUncommitted]);
    check_assuming(
        "sequential-keys",
        "p0 wx1 > p0 wx2 > p0 rx1",
        &[CyclicVersions],
        &[Model::ReadUncommitted],
    );
    let crossed = "p0 wx1 wy2 > p1 wx2 wy1 > p0 rx2 > p1 ry2";
    check_assuming("sequential-keys", crossed, &[G0], &[Model::ReadUncommitted]);
    check_assuming("wfr-keys", "rx- wx1 | rx1 wx2 wy1 | rx1 ry1", &[GSingle], &[Model::ConsistentView]);
    check("rx- wx1 | rx1 wx2 wy1 | rx1 ry1", &[], &[]);
}

#[test]
fn a_witness_says_why_each_transaction_comes_before_the_next() {
    let history = parse("ax1 ay1 | rx1 ry-");
    let report = check_transactions(&history, &TransactionOptions::default());
    let explanation = &report.found[0].explanation;
    assert_eq!(
        explanation.words,
        [
            "T0 (process 0): appended 1 to x; appended 1 to y",
            "T1 (process 1): read x = [1]; read y = []",
            "T1 comes before T0 (rw): T1 read y = [], before T0 appended 1.",
            "T0 comes before T1 (wr): T1 read x = [1], whose last element T0 appended.",
            "So T1 < T0 < T1, which no order allows: G-single-item, read skew.",
        ]
    );
    let told = ToldCycle::of(&history, explanation).unwrap();
    let step = |key: &str, words: &str| ToldStep { key: key.into(), words: words.into() };
    let one = vec![step("x", "appended 1 to x"), step("y", "appended 1 to y")];
    let two = vec![step("x", "read x = [1]"), step("y", "read y = []")];
    let transactions = [(1, two), (0, one)];
    assert_eq!(
        told.transactions,
        transactions.map(|(place, steps)| ToldTransaction { place, process: place as u32, steps })
    );
    assert_eq!(told.edges, explanation.cycle);
    assert_eq!(ToldCycle::of(&history, &Explanation::default()), None);
}

#[test]
fn a_read_that_fits_nowhere_still_shows_garbage_and_aborted_elements() {
    use Anomaly::*;
    let weakest = [Model::ReadUncommitted];
    check("ax1 | ax2 | rx12 | rx19", &[IncompatibleOrder, GarbageRead], &weakest);
    check("ax1 | ax2 | rx12 | ax3 fail | rx13", &[IncompatibleOrder, G1a], &[Model::ReadCommitted]);
    check("ax1 | ax2 | rx12 | ax3 | rx13", &[IncompatibleOrder], &[Model::ReadCommitted]);
}

/// What the oracle finds, by the order of the versions of x: one digit each.
#[track_caller]
fn check_order(text: &str, order: &str, found: &[Anomaly]) {
    let mut history = parse(text);
    let digits = order.chars().filter_map(|digit| digit.to_digit(10));
    let versions: Vec<ValueId> = digits.map(|digit| ValueId(history.values.integer(digit.into()))).collect();
    let report = check_against_order(&history, &TrueOrder::new([versions]));
    let anomalies: Vec<Anomaly> = report.found.iter().map(|found| found.anomaly).collect();
    assert_eq!(anomalies, found, "{text} by {order}\n{report:#?}");
}

#[test]
fn the_oracle_knows_the_order_that_no_client_saw() {
    use Anomaly::*;
    check_order("wx1 > wx2", "12", &[]);
    check_order("wx1 > wx2", "21", &[G0Realtime]);
    // Carried out twice in a row is carried out once; with another between, it comes back.
    check_order("wx1 > wx2", "1122", &[]);
    check_order("wx1 | wx2", "121", &[CyclicVersions]);
    // Nobody was told of 2, and yet it came between.
    check_order("wx1 > wx2 info > rx1", "12", &[]);
    check_order("wx1 | rx1 wx2 info > rx1 wx3", "123", &[GSingle]);
}
