//! One directory, one handler at a time: control plane 0, directory 1, a client 2.

use std::collections::BTreeMap;

use shardlab_sim::testing::{Outcome, Script};

use super::*;
use crate::rebalancing::Routing;
use crate::sharding::{Partitioner, directory};

const CONTROL_PLANE: NodeId = NodeId(0);
const CLIENT: NodeId = NodeId(2);

/// Groups of ten keys; group 3 lives in that shard.
fn map(version: u64, shard: u32) -> Arc<ShardMap> {
    let assigned = BTreeMap::from([(3, ShardId(shard))]);
    let partitioner = Partitioner::Directory(directory::Directory::new(4, 10, assigned));
    let routing = Routing::settled(Arc::new(partitioner));
    Arc::new(ShardMap { version, shards: Vec::new(), routing, learners: std::collections::BTreeMap::new() })
}

fn started() -> Script<Directory> {
    let mut script = Script::new(Directory::new(CONTROL_PLANE, map(1, 2)), NodeId(1), 3);
    script.on_start();
    script
}

fn find(script: &mut Script<Directory>) -> Vec<LookupMessage> {
    let out = script.on_message(CLIENT, Message::Lookup(LookupMessage::Find { group: 3, key: 37 }));
    let answer = |(to, message): (NodeId, Message)| match message {
        Message::Lookup(message) if to == CLIENT => message,
        other => panic!("{other:?} to {to:?}"),
    };
    out.sent.into_iter().map(answer).collect()
}

fn asked_for_map(out: &Outcome<Message>, version: u64) -> bool {
    let request = Message::Control(ControlMessage::MapRequest { version });
    out.sent.contains(&(CONTROL_PLANE, request))
}

fn take(script: &mut Script<Directory>, map: Arc<ShardMap>) {
    script.on_message(CONTROL_PLANE, Message::Control(ControlMessage::Map(map)));
}

#[test]
fn it_says_where_a_group_lives() {
    let found = LookupMessage::Found { group: 3, shard: ShardId(2), version: 1 };
    assert_eq!(find(&mut started()), [found]);
}

#[test]
fn after_a_crash_it_is_silent_until_it_has_the_map() {
    let mut script = started();
    script.crash();
    assert!(asked_for_map(&script.on_start(), 0));
    assert_eq!(find(&mut script), []);
    assert!(asked_for_map(&script.on_timer(ASK), 0), "the answer was lost: it asks again");
    take(&mut script, map(2, 1));
    assert_eq!(find(&mut script), [LookupMessage::Found { group: 3, shard: ShardId(1), version: 2 }]);
    assert!(!asked_for_map(&script.on_timer(ASK), 2), "it has one");
}

#[test]
fn a_map_that_was_overtaken_changes_nothing() {
    let mut script = started();
    take(&mut script, map(3, 0));
    take(&mut script, map(2, 1));
    assert_eq!(find(&mut script), [LookupMessage::Found { group: 3, shard: ShardId(0), version: 3 }]);
}
