//! Where every copy takes writes: who is asked, and how a set is written.

use super::*;
use crate::conflict::{Conflict, Context as Before, Dot};
use crate::message::SiblingMessage;
use crate::replication::Mode;

fn multi_master(conflict: Conflict) -> impl FnOnce(&mut Config) {
    move |config| {
        let exchange = Duration::from_ns(SECOND);
        config.replication.mode = Mode::MultiMaster { replicas: 3, conflict, exchange };
    }
}

/// The only message between a client and a copy about siblings, and to whom.
#[track_caller]
fn siblings(out: &Out) -> (NodeId, SiblingMessage) {
    match &out.sent[..] {
        [(to, Message::Siblings(message))] => (*to, (**message).clone()),
        other => panic!("not one message about siblings: {other:?}"),
    }
}

fn before() -> Before {
    let dot = Dot { node: NodeId(2), counter: 3 };
    Before { seen: [dot].into_iter().collect(), merged: vec![dot] }
}

fn fetched(fetch: &SiblingMessage) -> Message {
    let operation = fetch.operation();
    Message::Siblings(Box::new(SiblingMessage::Fetched { operation, context: before(), value_bytes: 1 }))
}

fn done(message: &SiblingMessage) -> Message {
    let (operation, shard) = (message.operation(), ShardId(0));
    Message::Response(Response { operation, shard, status: Status::Ok, value: 0, value_bytes: 0 })
}

#[test]
fn a_set_is_fetched_and_written_with_its_context_as_one_operation() {
    let (mut script, out) = started(updates(), multi_master(Conflict::Siblings));
    let (to, fetch) = siblings(&out);
    assert!(matches!(fetch, SiblingMessage::Fetch { key: 0, .. }));
    script.now = 300;
    let out = script.on_message(to, fetched(&fetch));
    let (again, put) = siblings(&out);
    let SiblingMessage::Put { operation, value, ref context, .. } = put else { panic!("{put:?}") };
    assert_eq!((again, value, context), (to, operation.as_value(), &before()));
    script.now = 500;
    let seen = super::operation(&script.on_message(to, done(&put)));
    assert_eq!(
        (seen.kind, seen.outcome, seen.invoked, seen.completed),
        (OperationKind::Write, Outcome::Ok, 0, 500)
    );
    assert_eq!(seen.value, operation.as_value());
}

#[test]
fn a_write_that_never_got_beyond_fetching_has_failed() {
    let (mut script, out) = started(updates(), multi_master(Conflict::Siblings));
    siblings(&out);
    for _ in 0..2 {
        script.on_timer(FIRST);
        siblings(&script.on_timer(FIRST));
    }
    assert_eq!(operation(&script.on_timer(FIRST)).outcome, Outcome::Fail);
}

#[test]
fn a_write_that_was_put_and_never_answered_is_info_though_a_retry_only_fetched() {
    let (mut script, out) = started(updates(), multi_master(Conflict::Siblings));
    let (to, fetch) = siblings(&out);
    siblings(&script.on_message(to, fetched(&fetch)));
    for _ in 0..2 {
        script.on_timer(FIRST);
        let (_, again) = siblings(&script.on_timer(FIRST));
        assert!(matches!(again, SiblingMessage::Fetch { .. }), "a retry looks again at what is there");
    }
    assert_eq!(operation(&script.on_timer(FIRST)).outcome, Outcome::Info);
}

#[test]
fn siblings_that_come_too_late_are_not_written() {
    let (mut script, out) = started(updates(), multi_master(Conflict::Siblings));
    let (to, fetch) = siblings(&out);
    script.on_timer(FIRST);
    assert!(script.on_message(to, fetched(&fetch)).sent.is_empty(), "the session pauses");
}

#[test]
fn without_siblings_a_write_is_one_request_to_the_copy_in_the_clients_zone() {
    for conflict in [Conflict::LastWriterWins, Conflict::HighestNode] {
        let (mut script, out) = started(updates(), multi_master(conflict));
        let (to, first) = request(&out);
        assert_eq!((to, first.action), (NodeId(1), Action::Write));
        // The next key's primary would be another server, but the same one is the nearest.
        assert_eq!(request(&script.on_message(to, ok(&first))).0, NodeId(1));
    }
}
