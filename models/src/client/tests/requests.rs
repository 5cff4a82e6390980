//! Operations on one key or on a range of keys: routes, retries and how they end.

use super::*;

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
