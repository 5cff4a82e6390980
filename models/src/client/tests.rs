//! One pool, one handler at a time.
//!
//! The cluster is the sample's: control plane 0, servers 1 to 3, coordinator 4, the pool 5; shard s is on server
//! s + 1, and key k in shard k mod 3.

use std::sync::Arc;

use shardlab_consistency::{MicroOperation, Operation, OperationKind, Outcome};
use shardlab_sim::testing::{self, Script};
use shardlab_sim::{Duration, NodeId, SECOND, Time, TimerSlot};

use super::*;
use crate::cluster::layout;
use crate::config::samples::config;
use crate::message::{
    Action, OperationId, Request, Response, Status, Step, TransactionRequest, TransactionResult,
};
use crate::node::Observation;
use crate::replication::Reads;
use crate::shard_map::{Assignment, Epoch, ShardId};
use crate::workload::{Arrivals, KeyDistribution, Mix};

type Out = testing::Outcome<Message>;

const CONTROL_PLANE: NodeId = NodeId(0);
const COORDINATOR: NodeId = NodeId(4);
const FIRST: TimerSlot = session_timer(0);

fn map(version: u64, epoch: u32, primaries: [Option<u32>; 3]) -> Arc<ShardMap> {
    let servers: Vec<NodeId> = [1, 2, 3].map(NodeId).into();
    let assignment = |primary: Option<u32>| Assignment {
        epoch: Epoch(epoch),
        primary: primary.map(NodeId),
        members: servers.clone(),
        copies: servers.clone(),
    };
    Arc::new(ShardMap { version, shards: primaries.map(assignment).into() })
}

/// One client, keys in turn from zero.
fn pool(mix: Mix, bend: impl FnOnce(&mut Config)) -> Script<ClientPool> {
    let mut config = config();
    config.workloads[0].arrivals = Arrivals::Closed { clients: 1, think: Duration::ZERO };
    config.workloads[0].keys.distribution = KeyDistribution::Sequential;
    config.workloads[0].mix = mix;
    config.workloads[0].retries = 2;
    bend(&mut config);
    let pools = ClientPool::all(&config, &layout(&config), &map(1, 1, [Some(1), Some(2), Some(3)]), 7);
    Script::new(pools.into_iter().next().expect("one pool"), NodeId(5), 6)
}

/// Started, with its first operation sent.
fn started(mix: Mix, bend: impl FnOnce(&mut Config)) -> (Script<ClientPool>, Out) {
    let mut script = pool(mix, bend);
    script.on_start();
    let out = script.on_timer(ARRIVAL);
    (script, out)
}

fn reads() -> Mix {
    Mix { read: 1.0, ..Mix::default() }
}

fn updates() -> Mix {
    Mix { update: 1.0, ..Mix::default() }
}

fn transfers() -> Mix {
    Mix { transfer: 1.0, ..Mix::default() }
}

/// The only request sent, and to whom.
#[track_caller]
fn request(out: &Out) -> (NodeId, Request) {
    let mut requests = requests(out);
    assert_eq!(requests.len(), 1, "{:?}", out.sent);
    requests.remove(0)
}

fn requests(out: &Out) -> Vec<(NodeId, Request)> {
    let request = |(to, message): &(NodeId, Message)| match message {
        Message::Request(request) => Some((*to, *request)),
        _ => None,
    };
    out.sent.iter().filter_map(request).collect()
}

fn map_requests(out: &Out) -> usize {
    let is_request =
        |message: &Message| matches!(message, Message::Control(ControlMessage::MapRequest { .. }));
    out.sent.iter().filter(|(to, message)| *to == CONTROL_PLANE && is_request(message)).count()
}

#[track_caller]
fn operation(out: &Out) -> Operation {
    match &out.observed[..] {
        [Observation::Operation(operation)] => *operation,
        other => panic!("not one operation: {other:?}"),
    }
}

fn answer(request: &Request, status: Status, value: u64) -> Message {
    let Request { operation, shard, value_bytes, .. } = *request;
    Message::Response(Response { operation, shard, status, value, value_bytes })
}

fn ok(request: &Request) -> Message {
    answer(request, Status::Ok, 77)
}

fn not_primary(request: &Request, hint: Option<u32>, epoch: u32) -> Message {
    answer(request, Status::NotPrimary { primary: hint.map(NodeId), epoch: Epoch(epoch) }, 0)
}

fn pause_of(out: &Out) -> Time {
    out.timers_set.iter().find(|(slot, _)| *slot == FIRST).expect("a timer is set").1
}

#[test]
fn a_write_goes_to_the_primary_and_the_next_follows_its_answer() {
    let (mut script, out) = started(updates(), |_| {});
    let (to, first) = request(&out);
    assert_eq!((to, first.action, first.key), (NodeId(1), Action::Write, 0));
    assert_eq!(first.value, first.operation.as_value());
    script.now = 500;
    let out = script.on_message(to, ok(&first));
    let seen = operation(&out);
    assert_eq!((seen.kind, seen.outcome, seen.key, seen.node), (OperationKind::Write, Outcome::Ok, 0, 1));
    assert_eq!((seen.value, seen.invoked, seen.completed), (first.value, 0, 500));
    let (to, second) = request(&out);
    assert_eq!((to, second.key, second.operation.sequence), (NodeId(2), 1, 2));
    assert_eq!(second.operation.session, first.operation.session);
}

#[test]
fn a_read_tells_what_it_found() {
    let (mut script, out) = started(reads(), |_| {});
    let (to, first) = request(&out);
    let seen = operation(&script.on_message(to, ok(&first)));
    assert_eq!((seen.kind, seen.value), (OperationKind::Read, 77));
}

#[test]
fn a_write_that_is_never_answered_is_info_and_its_session_retires() {
    let (mut script, out) = started(updates(), |_| {});
    let (_, first) = request(&out);
    for _ in 0..2 {
        let out = script.on_timer(FIRST);
        assert!(requests(&out).is_empty(), "first a pause");
        let (_, again) = request(&script.on_timer(FIRST));
        assert_eq!(again, first, "a retry is the same operation");
    }
    let out = script.on_timer(FIRST);
    let seen = operation(&out);
    assert_eq!((seen.outcome, seen.completed, seen.value), (Outcome::Info, Time::MAX, first.value));
    let (_, next) = request(&out);
    assert_ne!(next.operation.session, first.operation.session);
    assert_eq!(next.operation.sequence, 1);
    assert!(script.on_message(NodeId(1), ok(&first)).observed.is_empty(), "too late");
}

#[test]
fn a_write_that_is_only_refused_fails_and_its_session_goes_on() {
    let (mut script, mut out) = started(updates(), |_| {});
    let (to, first) = request(&out);
    for _ in 0..2 {
        assert!(requests(&script.on_message(to, not_primary(&first, None, 1))).is_empty());
        assert_eq!(request(&script.on_timer(FIRST)).1, first);
    }
    out = script.on_message(to, not_primary(&first, None, 1));
    assert_eq!(operation(&out).outcome, Outcome::Fail);
    assert_eq!(request(&out).1.operation, OperationId { sequence: 2, ..first.operation });
}

#[test]
fn one_silence_among_refusals_is_enough_for_doubt() {
    let (mut script, out) = started(updates(), |_| {});
    let (to, first) = request(&out);
    script.on_timer(FIRST);
    script.on_timer(FIRST);
    script.on_message(to, not_primary(&first, None, 1));
    script.on_timer(FIRST);
    assert_eq!(operation(&script.on_message(to, not_primary(&first, None, 1))).outcome, Outcome::Info);
}

#[test]
fn a_read_that_is_never_answered_fails_since_it_changed_nothing() {
    let (mut script, _) = started(reads(), |config| config.workloads[0].retries = 0);
    let out = script.on_timer(FIRST);
    assert_eq!((operation(&out).outcome, operation(&out).value), (Outcome::Fail, 0));
}

#[test]
fn a_newer_hint_is_followed_at_once_and_an_older_one_is_not() {
    let (mut script, out) = started(updates(), |_| {});
    let (to, first) = request(&out);
    let out = script.on_message(to, not_primary(&first, Some(3), 2));
    assert_eq!(request(&out), (NodeId(3), first));
    let out = script.on_message(NodeId(3), not_primary(&first, Some(1), 2));
    assert_eq!((requests(&out).len(), map_requests(&out)), (0, 1));
    assert_eq!(request(&script.on_timer(FIRST)).0, NodeId(3));
}

#[test]
fn a_refusal_by_a_server_asked_before_is_out_of_date_but_its_ok_counts() {
    let (mut script, out) = started(updates(), |_| {});
    let (_, first) = request(&out);
    script.on_message(NodeId(1), not_primary(&first, Some(3), 2));
    assert!(script.on_message(NodeId(1), not_primary(&first, None, 1)).timers_set.is_empty());
    let seen = operation(&script.on_message(NodeId(1), ok(&first)));
    assert_eq!((seen.outcome, seen.node), (Outcome::Ok, 1));
}

#[test]
fn the_map_is_asked_for_once_in_a_while_and_followed() {
    let (mut script, _) = started(updates(), |config| {
        config.workloads[0].arrivals = Arrivals::Closed { clients: 2, think: Duration::ZERO };
    });
    assert_eq!(map_requests(&script.on_timer(FIRST)), 1);
    assert_eq!(map_requests(&script.on_timer(session_timer(1))), 0, "one is under way");
    script.on_message(
        CONTROL_PLANE,
        Message::Control(ControlMessage::Map(map(2, 2, [Some(2), Some(2), Some(3)]))),
    );
    assert_eq!(request(&script.on_timer(FIRST)).0, NodeId(2));
    assert_eq!(map_requests(&script.on_timer(FIRST)), 1);
    script.now += MAP_REQUEST_INTERVAL_PASSED;
    script.on_timer(FIRST);
    assert_eq!(map_requests(&script.on_timer(FIRST)), 1, "the answer may have been lost");
}

/// Longer than any interval between requests for the map.
const MAP_REQUEST_INTERVAL_PASSED: Time = SECOND;

#[test]
fn an_older_map_does_not_undo_a_hint() {
    let (mut script, out) = started(updates(), |_| {});
    let (to, first) = request(&out);
    script.on_message(to, not_primary(&first, Some(3), 5));
    script.on_message(
        CONTROL_PLANE,
        Message::Control(ControlMessage::Map(map(2, 4, [Some(2), Some(2), Some(3)]))),
    );
    script.on_timer(FIRST);
    assert_eq!(request(&script.on_timer(FIRST)).0, NodeId(3));
}

#[test]
fn without_a_primary_nobody_is_asked_but_the_control_plane_and_the_end_comes_after_a_pause() {
    let mut script = pool(updates(), |config| config.workloads[0].retries = 0);
    script.on_message(CONTROL_PLANE, Message::Control(ControlMessage::Map(map(2, 2, [None, None, None]))));
    script.on_start();
    let out = script.on_timer(ARRIVAL);
    assert_eq!((out.sent.len(), map_requests(&out)), (1, 1));
    assert!(out.observed.is_empty() && pause_of(&out) > 0);
    assert_eq!(operation(&script.on_timer(FIRST)).outcome, Outcome::Fail);
}

#[test]
fn pauses_double_with_jitter_and_stop_doubling() {
    let backoff = 1_000;
    let (mut script, _) = started(updates(), |config| {
        config.workloads[0].retries = 20;
        config.workloads[0].backoff = Duration::from_ns(backoff);
    });
    for attempt in 0..10 {
        let pause = pause_of(&script.on_timer(FIRST));
        let longest = backoff << attempt.min(5);
        assert!((longest / 2..=longest).contains(&pause), "pause {attempt}: {pause}");
        script.on_timer(FIRST);
    }
}

#[test]
fn a_read_modify_write_is_a_read_and_then_a_write_of_the_same_key() {
    let (mut script, out) = started(Mix { read_modify_write: 1.0, ..Mix::default() }, |_| {});
    let (to, read) = request(&out);
    assert_eq!(read.action, Action::Read);
    let out = script.on_message(to, ok(&read));
    assert_eq!(operation(&out).kind, OperationKind::Read);
    let (to, write) = request(&out);
    assert_eq!((write.action, write.key), (Action::Write, read.key));
    assert_eq!(write.operation, OperationId { sequence: 2, ..read.operation });
    assert_eq!(operation(&script.on_message(to, ok(&write))).kind, OperationKind::Write);
}

#[test]
fn inserts_write_new_keys() {
    let (mut script, out) = started(Mix { insert: 1.0, ..Mix::default() }, |_| {});
    let (to, first) = request(&out);
    let out = script.on_message(to, ok(&first));
    assert_eq!((first.key, operation(&out).kind), (1_000, OperationKind::Insert));
    assert_eq!(request(&out).1.key, 1_001);
}

#[test]
fn a_scan_waits_for_every_shard_and_asks_only_the_missing_again() {
    let (mut script, out) = started(Mix { scan: 1.0, ..Mix::default() }, |_| {});
    let asked = requests(&out);
    assert_eq!(
        asked.iter().map(|(to, request)| (to.0, request.shard.0)).collect::<Vec<_>>(),
        [(1, 0), (2, 1), (3, 2)]
    );
    let found = |request: &Request| answer(request, Status::Ok, 1);
    assert!(script.on_message(NodeId(1), found(&asked[0].1)).observed.is_empty());
    assert!(script.on_message(NodeId(1), found(&asked[0].1)).observed.is_empty(), "a duplicate counts once");
    script.on_message(NodeId(2), not_primary(&asked[1].1, None, 1));
    script.on_timer(FIRST);
    let again = requests(&script.on_timer(FIRST));
    assert_eq!(again, asked[1..], "shard 1 refused and shard 2 was silent");
    script.on_message(NodeId(3), found(&again[1].1));
    let out = script.on_message(NodeId(2), found(&again[0].1));
    assert_eq!((operation(&out).kind, operation(&out).outcome), (OperationKind::Scan, Outcome::Ok));
    assert_eq!(
        operation(&out).value,
        3.min(u64::from(match asked[0].1.action {
            Action::Scan(rows) => rows,
            other => panic!("not a scan: {other:?}"),
        }))
    );
}

#[test]
fn local_reads_go_to_the_copy_next_door_until_it_fails() {
    // The pool is in zone 0, as server 1 is; keys 1 and 2 have their primaries elsewhere.
    let (mut script, mut out) = started(reads(), |config| config.replication.reads = Reads::Local);
    for _ in 0..3 {
        let (to, read) = request(&out);
        assert_eq!(to, NodeId(1));
        out = script.on_message(to, ok(&read));
    }
    let mut others = 0;
    for _ in 0..40 {
        script.on_timer(FIRST);
        others += requests(&script.on_timer(FIRST)).iter().filter(|(to, _)| *to != NodeId(1)).count();
    }
    assert!(others > 5, "after a failure every copy may be asked");
}

fn begin(out: &Out) -> TransactionRequest {
    match &out.sent[..] {
        [(COORDINATOR, Message::Commit(CommitMessage::Begin(request)))] => (**request).clone(),
        other => panic!("not one transaction: {other:?}"),
    }
}

fn done(request: &TransactionRequest, committed: bool, reads: Vec<(u64, i64)>) -> Message {
    let TransactionRequest { operation, transaction, .. } = *request;
    let result = TransactionResult { operation, transaction, committed, rolled_back: false, reads };
    Message::Commit(CommitMessage::Done(Box::new(result)))
}

fn transaction(out: &Out) -> ObservedTransaction {
    match &out.observed[..] {
        [Observation::Transaction(transaction)] => (**transaction).clone(),
        other => panic!("not one transaction: {other:?}"),
    }
}

fn with_bank(config: &mut Config) {
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
    assert!(first.rollback);
    script.on_message(COORDINATOR, done(&first, false, Vec::new()));
    let second = begin(&script.on_timer(FIRST));
    assert!(second.rollback, "it was aborted for another reason");
    let TransactionRequest { operation, transaction, .. } = second;
    let result =
        TransactionResult { operation, transaction, committed: false, rolled_back: true, reads: Vec::new() };
    let out = script.on_message(COORDINATOR, Message::Commit(CommitMessage::Done(Box::new(result))));
    assert!(
        matches!(&out.observed[..], [Observation::Transaction(seen)] if seen.transaction.outcome == Outcome::Fail)
    );
}

#[test]
fn an_open_load_does_not_wait_for_answers_and_ends() {
    let mut script = pool(updates(), |config| {
        config.workloads[0].arrivals = Arrivals::Open("1000/s".parse().expect("a rate"));
        config.workloads[0].start = Duration::from_ns(SECOND);
        config.workloads[0].stop = Some(Duration::from_ns(3 * SECOND));
    });
    assert!(script.on_start().timers_set.iter().any(|(slot, after)| *slot == ARRIVAL && *after >= SECOND));
    script.now = SECOND;
    let mut sessions = Vec::new();
    for _ in 0..10 {
        let out = script.on_timer(ARRIVAL);
        sessions.push(request(&out).1.operation.session);
        assert!(out.timers_set.iter().any(|(slot, _)| *slot == ARRIVAL));
    }
    sessions.dedup();
    assert_eq!(sessions.len(), 10);
    script.now = 3 * SECOND;
    let out = script.on_timer(ARRIVAL);
    assert!(out.sent.is_empty() && out.timers_set.is_empty());
}

#[test]
fn a_client_that_thinks_waits_between_operations_and_not_beyond_the_end() {
    let mut script = pool(reads(), |config| {
        config.workloads[0].arrivals = Arrivals::Closed { clients: 1, think: Duration::from_ns(100) };
    });
    script.on_start();
    let out = script.on_timer(ARRIVAL);
    assert!(out.sent.is_empty() && pause_of(&out) < 100, "it begins somewhere in a thought");
    let (to, read) = request(&script.on_timer(FIRST));
    let out = script.on_message(to, ok(&read));
    assert_eq!((out.sent.len(), pause_of(&out)), (0, 100));
    script.now = 10 * SECOND;
    assert!(script.on_timer(FIRST).sent.is_empty());
}

#[test]
fn every_shard_is_probed_beyond_all_keys_until_it_answers() {
    let mut script = pool(reads(), |_| {});
    let out = script.on_start();
    assert!(out.timers_set.contains(&(PROBE, 12 * SECOND + SECOND / 2)), "{:?}", out.timers_set);
    script.now = 12 * SECOND + SECOND / 2;
    let out = script.on_timer(PROBE);
    let probes = requests(&out);
    assert_eq!(
        probes.iter().map(|(to, probe)| (to.0, probe.shard.0)).collect::<Vec<_>>(),
        [(1, 0), (2, 1), (3, 2)]
    );
    assert!(probes.iter().all(|(_, probe)| probe.action == Action::Write && probe.key >= PROBE_KEYS));
    for _ in 0..50 {
        script.on_timer(FIRST);
        assert_eq!(request(&script.on_timer(FIRST)), probes[0]);
    }
    assert!(script.node.pending().is_empty(), "probes are nobody's operation");
    let out = script.on_message(NodeId(1), ok(&probes[0].1));
    assert_eq!(out.observed, [Observation::Probed { shard: ShardId(0) }]);
    assert!(out.sent.is_empty(), "the load is over");
}

#[test]
fn what_is_under_way_at_the_end_is_info() {
    let (script, out) = started(updates(), |_| {});
    let pending = script.node.pending();
    assert_eq!(
        (pending.len(), pending[0].outcome, pending[0].value),
        (1, Outcome::Info, request(&out).1.value)
    );
    let (script, out) = started(transfers(), with_bank);
    let pending = script.node.pending_transactions();
    assert_eq!((pending.len(), pending[0].transaction.id), (1, begin(&out).transaction.0));
    assert_eq!(pending[0].transaction.outcome, Outcome::Info);
}

#[test]
fn a_crash_of_the_clients_leaves_info_and_new_sessions() {
    let (mut script, out) = started(updates(), |_| {});
    let (to, first) = request(&out);
    script.crash();
    script.now = SECOND;
    let out = script.on_start();
    assert_eq!((operation(&out).outcome, operation(&out).value), (Outcome::Info, first.value));
    let (_, next) = request(&script.on_timer(ARRIVAL));
    assert_ne!(next.operation.session, first.operation.session);
    assert!(script.on_message(to, ok(&first)).observed.is_empty());
}

#[test]
fn all_pools_probe_once_and_number_sessions_apart() {
    let mut config = config();
    config.cluster.regions = vec!["us-east-1".into(), "eu-west-1".into()];
    let map = map(1, 1, [Some(1), Some(2), Some(3)]);
    let pools = ClientPool::all(&config, &layout(&config), &map, 1);
    assert_eq!(pools.iter().map(|pool| pool.probe_keys.len()).collect::<Vec<_>>(), [3, 0]);
    let number = |mut pool: ClientPool| {
        let slot = pool.sessions.take();
        pool.sessions[slot].number
    };
    let numbers: Vec<u32> = pools.into_iter().map(number).collect();
    assert_ne!(numbers[0], numbers[1]);
}
