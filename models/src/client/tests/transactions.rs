//! Transactions: attempts, aborts, silence.

use super::*;
use crate::message::{Found, Rollback};

pub(super) fn begin(out: &Out) -> TransactionRequest {
    match &out.sent[..] {
        [(COORDINATOR, Message::Commit(CommitMessage::Begin(request)))] => (**request).clone(),
        other => panic!("not one transaction: {other:?}"),
    }
}

fn done(request: &TransactionRequest, committed: bool, reads: Vec<(u64, i64)>) -> Message {
    let TransactionRequest { operation, transaction, .. } = *request;
    let reads = reads.into_iter().map(|(key, change)| (key, Found::Balance(change))).collect();
    let result = TransactionResult { operation, transaction, committed, rolled_back: false, reads };
    Message::Commit(CommitMessage::Done(Box::new(result)))
}

fn transaction(out: &Out) -> ObservedTransaction {
    match &out.observed[..] {
        [Observation::Transaction(transaction)] => (**transaction).clone(),
        other => panic!("not one transaction: {other:?}"),
    }
}

pub(super) fn with_bank(config: &mut Config) {
    config.workloads[0].keys.count = 6;
}

#[test]
fn a_transfer_reads_and_changes_two_accounts_by_shard() {
    let (mut script, out) = started(transfers(), with_bank);
    let request = begin(&out);
    let [(ShardId(0), first), (ShardId(1), second)] = &request.steps[..] else {
        panic!("{:?}", request.steps)
    };
    let (
        [Step::Read { key: 0 }, Step::Add { key: 0, delta: out_of }],
        [Step::Read { key: 1 }, Step::Add { key: 1, delta: into }],
    ) = (&first[..], &second[..])
    else {
        panic!("{:?}", request.steps)
    };
    assert!(*into > 0 && out_of + into == 0);
    let out = script.on_message(COORDINATOR, done(&request, true, vec![(1, 5), (0, -3)]));
    let seen = transaction(&out);
    assert_eq!((seen.transaction.outcome, seen.transaction.id), (Outcome::Ok, request.transaction.0));
    assert_eq!(
        seen.micro_operations,
        [
            MicroOperation::Read { key: 0, value: 97 },
            MicroOperation::Add { key: 0, delta: *out_of },
            MicroOperation::Read { key: 1, value: 105 },
            MicroOperation::Add { key: 1, delta: *into },
        ]
    );
}

#[test]
fn an_aborted_transfer_is_tried_again_as_a_new_attempt_of_the_same_age() {
    let (mut script, out) = started(transfers(), with_bank);
    let first = begin(&out);
    script.now = 1_000;
    assert!(script.on_message(COORDINATOR, done(&first, false, Vec::new())).sent.is_empty(), "first a pause");
    let second = begin(&script.on_timer(FIRST));
    assert_ne!(second.transaction, first.transaction);
    assert_eq!((second.age, second.operation, &second.steps), (first.age, first.operation, &first.steps));
    assert!(
        script.on_message(COORDINATOR, done(&first, true, Vec::new())).observed.is_empty(),
        "an old attempt"
    );
    script.on_message(COORDINATOR, done(&second, false, Vec::new()));
    let third = begin(&script.on_timer(FIRST));
    let seen = transaction(&script.on_message(COORDINATOR, done(&third, false, Vec::new())));
    assert_eq!((seen.transaction.outcome, seen.transaction.id), (Outcome::Fail, third.transaction.0));
    assert!(seen.micro_operations.iter().all(|step| matches!(step, MicroOperation::Add { .. })));
}

#[test]
fn a_silent_coordinator_is_sent_the_same_attempt_and_the_end_is_info() {
    let (mut script, out) = started(transfers(), with_bank);
    let first = begin(&out);
    for _ in 0..2 {
        script.on_timer(FIRST);
        assert_eq!(begin(&script.on_timer(FIRST)), first);
    }
    let out = script.on_timer(FIRST);
    assert!(matches!(&out.observed[..], [Observation::Transaction(seen)]
        if seen.transaction.outcome == Outcome::Info && seen.transaction.completed == Time::MAX));
    assert!(script.on_message(COORDINATOR, done(&first, true, Vec::new())).observed.is_empty());
}

#[test]
fn an_audit_reads_all_accounts_and_is_tried_until_the_load_stops() {
    let (mut script, out) = started(Mix { audit: 1.0, ..Mix::default() }, with_bank);
    let mut request = begin(&out);
    assert_eq!(request.steps.iter().map(|(_, steps)| steps.len()).sum::<usize>(), 6);
    for _ in 0..20 {
        assert!(script.on_message(COORDINATOR, done(&request, false, Vec::new())).observed.is_empty());
        request = begin(&script.on_timer(FIRST));
    }
    script.now = 10 * SECOND;
    for _ in 0..2 {
        assert!(script.on_message(COORDINATOR, done(&request, false, Vec::new())).observed.is_empty());
        request = begin(&script.on_timer(FIRST));
    }
    let out = script.on_message(COORDINATOR, done(&request, false, Vec::new()));
    assert_eq!((transaction(&out).transaction.outcome, out.sent.len()), (Outcome::Fail, 0));
}

#[test]
fn a_transfer_that_is_rolled_back_is_over() {
    let (mut script, out) = started(transfers(), |config| {
        with_bank(config);
        config.workloads[0].rollback = shardlab_sim::Share::ONE;
    });
    let first = begin(&out);
    assert_eq!(first.rollback, Rollback::Always);
    script.on_message(COORDINATOR, done(&first, false, Vec::new()));
    let second = begin(&script.on_timer(FIRST));
    assert_eq!(second.rollback, Rollback::Always, "it was aborted for another reason");
    let TransactionRequest { operation, transaction, .. } = second;
    let result =
        TransactionResult { operation, transaction, committed: false, rolled_back: true, reads: Vec::new() };
    let out = script.on_message(COORDINATOR, Message::Commit(CommitMessage::Done(Box::new(result))));
    assert!(
        matches!(&out.observed[..], [Observation::Transaction(seen)] if seen.transaction.outcome == Outcome::Fail)
    );
}
