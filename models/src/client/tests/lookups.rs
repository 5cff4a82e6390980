//! Operations whose shard a directory knows. It is node 6, and all keys are one group.

use super::*;
use crate::config::Config;
use crate::lookup::LookupMessage;
use crate::sharding::directory::{CacheSpec, Spec};

const DIRECTORY: NodeId = NodeId(6);
const TTL: Time = 2 * SECOND;

fn by_directory(entries: u32) -> impl FnOnce(&mut Config) {
    move |config| {
        let cache = CacheSpec { entries, ttl: Duration::from_ns(TTL) };
        config.sharding.strategy =
            Strategy::Directory(Spec { shards: Some(3), group: 1_000, cache, ..Spec::default() });
    }
}

/// With a directory's map, in which the one group lives in shard 0.
fn pool_of(mix: Mix, bend: impl FnOnce(&mut Config)) -> Script<ClientPool> {
    let mut config = config();
    config.workloads[0].arrivals = Arrivals::Closed { clients: 2, think: Duration::ZERO };
    config.workloads[0].keys.distribution = KeyDistribution::Sequential;
    config.workloads[0].mix = mix;
    config.workloads[0].retries = 2;
    bend(&mut config);
    let mut first = (*map(1, 1, [Some(1), Some(2), Some(3)])).clone();
    first.routing = Routing::settled(Arc::new(config.sharding.partitioner(3, 0)));
    let pools = ClientPool::all(&config, &layout(&config), &Arc::new(first), 7);
    Script::new(pools.into_iter().next().expect("one pool"), NodeId(5), 7)
}

fn begun(mix: Mix, entries: u32) -> (Script<ClientPool>, Out) {
    let mut script = pool_of(mix, by_directory(entries));
    script.on_start();
    let out = script.on_timer(ARRIVAL);
    (script, out)
}

fn questions(out: &Out) -> usize {
    let is_question =
        |message: &Message| matches!(message, Message::Lookup(LookupMessage::Find { group: 0, .. }));
    out.sent.iter().filter(|(to, message)| *to == DIRECTORY && is_question(message)).count()
}

fn found(shard: u32, version: u64) -> Message {
    Message::Lookup(LookupMessage::Found { group: 0, shard: ShardId(shard), version })
}

#[test]
fn operations_that_wait_for_one_group_ask_once_and_go_on_together() {
    let (mut script, out) = begun(reads(), 10);
    assert_eq!((questions(&out), requests(&out).len()), (1, 0));
    let out = script.on_message(DIRECTORY, found(2, 1));
    let sent = requests(&out);
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|(to, request)| *to == NodeId(3) && request.shard == ShardId(2)));
    // The next one is remembered.
    let next = script.on_message(NodeId(3), ok(&sent[0].1));
    assert_eq!((questions(&next), requests(&next).len()), (0, 1));
}

#[test]
fn an_answer_is_believed_until_its_time_is_over() {
    let (mut script, _) = begun(reads(), 10);
    let sent = requests(&script.on_message(DIRECTORY, found(2, 1)));
    script.now += TTL;
    let next = script.on_message(NodeId(3), ok(&sent[0].1));
    assert_eq!((questions(&next), requests(&next).len()), (1, 0));
}

#[test]
fn without_a_memory_every_operation_asks() {
    let (mut script, _) = begun(reads(), 0);
    let sent = requests(&script.on_message(DIRECTORY, found(2, 1)));
    assert_eq!(sent.len(), 2, "the answer still serves those that asked for it");
    assert_eq!(questions(&script.on_message(NodeId(3), ok(&sent[0].1))), 1);
}

#[test]
fn a_write_that_hears_of_no_shard_has_failed_for_certain() {
    let (mut script, _) = begun(updates(), 10);
    for _ in 0..2 {
        script.now += SECOND;
        let out = script.on_timer(FIRST);
        assert!(out.observed.is_empty(), "it tries again");
        script.now += SECOND;
        script.on_timer(FIRST);
    }
    script.now += SECOND;
    let out = script.on_timer(FIRST);
    assert_eq!(operation(&out).outcome, Outcome::Fail);
}

#[test]
fn a_question_without_an_answer_is_asked_again_after_a_pause() {
    let (mut script, _) = begun(reads(), 10);
    script.now += SECOND;
    let out = script.on_timer(FIRST);
    assert_eq!(questions(&out), 0);
    script.now += pause_of(&out);
    assert_eq!(questions(&script.on_timer(FIRST)), 1);
}

#[test]
fn a_shard_that_refuses_sends_the_client_back_to_the_directory() {
    let (mut script, _) = begun(reads(), 10);
    let sent = requests(&script.on_message(DIRECTORY, found(2, 1)));
    let out = script.on_message(NodeId(3), answer(&sent[0].1, Status::NotOwner, 0));
    assert_eq!((questions(&out), requests(&out).len()), (1, 0));
    let again = requests(&script.on_message(DIRECTORY, found(1, 2)));
    assert_eq!((again.len(), again[0].0, again[0].1.shard), (1, NodeId(2), ShardId(1)));
    // A directory that is as far behind as the client was is given time.
    let out = script.on_message(NodeId(2), answer(&again[0].1, Status::NotOwner, 0));
    assert_eq!(questions(&out), 0);
    assert!(pause_of(&out) > 0);
}

#[test]
fn an_answer_that_was_overtaken_by_a_newer_one_is_not_believed() {
    let (mut script, _) = begun(reads(), 10);
    let sent = requests(&script.on_message(DIRECTORY, found(1, 2)));
    script.on_message(DIRECTORY, found(2, 1));
    let (_, next) = request(&script.on_message(NodeId(2), ok(&sent[0].1)));
    assert_eq!(next.shard, ShardId(1));
}

#[test]
fn a_crash_forgets_what_was_known() {
    let (mut script, _) = begun(reads(), 10);
    script.on_message(DIRECTORY, found(2, 1));
    script.crash();
    script.on_start();
    let out = script.on_timer(ARRIVAL);
    assert_eq!((questions(&out), requests(&out).len()), (1, 0));
}

#[test]
fn a_transaction_begins_when_all_its_groups_are_known() {
    let (mut script, out) = begun(transfers(), 10);
    assert_eq!((questions(&out), out.sent.len()), (1, 1));
    let out = script.on_message(DIRECTORY, found(2, 1));
    let begun = out.sent.iter().filter_map(|(to, message)| match message {
        Message::Commit(CommitMessage::Begin(begin)) if *to == COORDINATOR => Some(begin.steps.clone()),
        _ => None,
    });
    let begun: Vec<_> = begun.collect();
    assert_eq!(begun.len(), 2);
    assert!(begun.iter().all(|steps| steps.len() == 1 && steps[0].0 == ShardId(2)));
}
