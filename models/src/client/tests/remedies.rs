//! What clients do where remedies for hotspots are on: who is asked, and when.

use super::*;
use crate::message::CacheMessage;
use crate::remedies::{Cache, Coalesce, Join, Salt, SaltedWrites};

/// The sample's cache node, after the pool.
const CACHE: NodeId = NodeId(6);

/// So many clients that only read key 0, or only write it.
fn crowd(clients: u32, mix: Mix, bend: impl FnOnce(&mut Config)) -> (Script<ClientPool>, Out) {
    let mut script = pool(mix, |config| {
        config.workloads[0].arrivals = Arrivals::Closed { clients, think: Duration::ZERO };
        config.workloads[0].keys.count = 1;
        bend(config);
    });
    script.on_start();
    let out = script.on_timer(ARRIVAL);
    (script, out)
}

fn coalesced(clients: u32, join: Join, application_servers: u32) -> (Script<ClientPool>, Out) {
    crowd(clients, reads(), |config| {
        config.remedies.coalesce = Some(Coalesce { join, application_servers });
    })
}

fn values(out: &Out) -> Vec<u64> {
    let value = |observation: &Observation| match observation {
        Observation::Operation(operation) if operation.outcome == Outcome::Ok => Some(operation.value),
        _ => None,
    };
    out.observed.iter().filter_map(value).collect()
}

#[test]
fn whoever_reads_meanwhile_rides_along() {
    let (mut script, out) = coalesced(3, Join::Any, 1);
    let (to, flight) = request(&out);
    let out = script.on_message(to, ok(&flight));
    assert_eq!(values(&out), [77, 77, 77]);
    // The three read again, and again one of them asks.
    assert_eq!(requests(&out).len(), 1);
}

#[test]
fn whoever_must_not_miss_anything_takes_the_next_flight() {
    let (mut script, out) = coalesced(3, Join::Next, 1);
    let (to, first) = request(&out);
    let out = script.on_message(to, ok(&first));
    assert_eq!(values(&out), [77], "the others called when it had left");
    let (to, second) = request(&out);
    assert_ne!(second.operation.session, first.operation.session);
    let out = script.on_message(to, answer(&second, Status::Ok, 78));
    assert_eq!(values(&out), [78, 78]);
    assert_eq!(requests(&out).len(), 1, "the first reads again and was late for the second");
}

#[test]
fn application_servers_share_nothing() {
    let (_, out) = coalesced(4, Join::Any, 2);
    assert_eq!(requests(&out).len(), 2);
}

#[test]
fn a_refusal_that_is_followed_keeps_the_flight_and_silence_ends_it() {
    let (mut script, out) = coalesced(2, Join::Any, 1);
    let (to, flight) = request(&out);
    let out = script.on_message(to, not_primary(&flight, Some(3), 2));
    assert_eq!(request(&out), (NodeId(3), flight));
    let out = script.on_timer(FIRST);
    let pauses: Vec<TimerSlot> = out.timers_set.iter().map(|(slot, _)| *slot).collect();
    assert_eq!(pauses, [session_timer(1), FIRST], "both pause");
    let (to, again) = request(&script.on_timer(session_timer(1)));
    assert!(requests(&script.on_timer(FIRST)).is_empty(), "it rides now");
    // What is answered to an earlier attempt is older than the riders.
    assert!(script.on_message(NodeId(3), ok(&flight)).observed.is_empty());
    assert_eq!(values(&script.on_message(to, ok(&again))), [77, 77]);
}

#[test]
fn a_rider_without_patience_leaves_and_is_not_answered_twice() {
    let (mut script, out) = coalesced(2, Join::Any, 1);
    let (to, flight) = request(&out);
    script.on_timer(session_timer(1));
    assert_eq!(values(&script.on_message(to, ok(&flight))), [77]);
}

fn salted(mix: Mix, writes: SaltedWrites, bend: impl FnOnce(&mut Config)) -> (Script<ClientPool>, Out) {
    crowd(1, mix, |config| {
        config.remedies.salt = Some(Salt { keys: vec![0], ways: 3, writes });
        bend(config);
    })
}

#[test]
fn a_write_of_all_ways_is_done_when_the_last_is() {
    let (mut script, out) = salted(updates(), SaltedWrites::All, |_| {});
    let ways = requests(&out);
    let keys: Vec<u64> = ways.iter().map(|(_, way)| way.key).collect();
    assert_eq!(keys, [1 << 63, (1 << 63) + 1, (1 << 63) + 2]);
    assert!(ways.iter().all(|(_, way)| way.value == ways[0].1.value), "with one stamp");
    assert!(script.on_message(ways[0].0, ok(&ways[0].1)).observed.is_empty());
    assert!(script.on_message(ways[0].0, ok(&ways[0].1)).observed.is_empty(), "the same way again");
    assert!(script.on_message(ways[1].0, ok(&ways[1].1)).observed.is_empty());
    let seen = operation(&script.on_message(ways[2].0, ok(&ways[2].1)));
    assert_eq!((seen.key, seen.value, seen.outcome), (0, ways[0].1.value, Outcome::Ok));
}

#[test]
fn a_retry_asks_the_ways_that_are_missing_and_one_way_is_enough_for_doubt() {
    let (mut script, out) = salted(updates(), SaltedWrites::All, |config| config.workloads[0].retries = 1);
    let ways = requests(&out);
    script.on_message(ways[1].0, ok(&ways[1].1));
    script.on_message(ways[0].0, not_primary(&ways[0].1, None, 1));
    script.on_message(ways[2].0, not_primary(&ways[2].1, None, 1));
    let again = requests(&script.on_timer(FIRST));
    assert_eq!(again, [ways[0], ways[2]]);
    script.on_message(ways[0].0, not_primary(&ways[0].1, None, 1));
    let out = script.on_message(ways[2].0, not_primary(&ways[2].1, None, 1));
    assert_eq!(operation(&out).outcome, Outcome::Info);
}

#[test]
fn a_write_of_one_way_asks_it_again_and_no_other() {
    let (mut script, out) = salted(updates(), SaltedWrites::One, |_| {});
    let (_, way) = request(&out);
    script.on_timer(FIRST);
    assert_eq!(request(&script.on_timer(FIRST)).1, way);
}

#[test]
fn a_read_of_all_ways_finds_the_newest() {
    let (mut script, out) = salted(reads(), SaltedWrites::One, |_| {});
    let ways = requests(&out);
    assert_eq!(ways.len(), 3);
    for (place, value) in [(0, 5), (1, 9)] {
        script.on_message(ways[place].0, answer(&ways[place].1, Status::Ok, value));
    }
    let out = script.on_message(ways[2].0, answer(&ways[2].1, Status::Ok, 7));
    assert_eq!((values(&out), operation(&out).node), (vec![9], ways[1].0.0 as u16));
}

#[test]
fn a_read_of_one_way_asks_one() {
    let (_, out) = salted(reads(), SaltedWrites::All, |_| {});
    assert_eq!(requests(&out).len(), 1);
}

fn cached(clients: u32, mix: Mix, leases: bool) -> (Script<ClientPool>, Out) {
    crowd(clients, mix, |config| {
        let cache = format!(r#"{{ "ttl": "1s", "nodes": 1, "leases": {leases} }}"#);
        config.remedies.cache = Some(serde_json::from_str::<Cache>(&cache).expect("it is well formed"));
        config.workloads[0].retries = 0;
    })
}

/// What was said to the cache.
fn said(out: &Out) -> Vec<CacheMessage> {
    let said = |(to, message): &(NodeId, Message)| match message {
        Message::Cache(message) if *to == CACHE => Some(*message),
        _ => None,
    };
    out.sent.iter().filter_map(said).collect()
}

fn from_cache(script: &mut Script<ClientPool>, message: CacheMessage) -> Out {
    script.on_message(CACHE, Message::Cache(message))
}

#[track_caller]
fn get(out: &Out) -> OperationId {
    match said(out)[..] {
        [CacheMessage::Get { operation, key: 0 }] => operation,
        ref other => panic!("not one get: {other:?}"),
    }
}

#[test]
fn a_hit_asks_no_server_and_a_miss_sets_what_was_found() {
    let (mut script, out) = cached(1, reads(), false);
    let operation = get(&out);
    let out = from_cache(&mut script, CacheMessage::Hit { operation, value: 5, value_bytes: 100 });
    assert_eq!((values(&out), super::operation(&out).node), (vec![5], CACHE.0 as u16));
    let operation = get(&out);
    let out = from_cache(&mut script, CacheMessage::Miss { operation, token: 3 });
    let (to, read) = request(&out);
    let out = script.on_message(to, ok(&read));
    assert_eq!(values(&out), [77]);
    let set = CacheMessage::Set { key: 0, value: 77, value_bytes: read.value_bytes, token: 3 };
    assert_eq!(said(&out)[0], set);
}

#[test]
fn a_silent_cache_is_done_without() {
    let (mut script, _) = cached(1, reads(), false);
    let (to, read) = request(&script.on_timer(FIRST));
    let out = script.on_message(to, ok(&read));
    assert_eq!(values(&out), [77]);
    assert!(!said(&out).iter().any(|said| matches!(said, CacheMessage::Set { .. })), "it gave no token");
}

#[test]
fn a_write_is_told_when_the_cache_has_forgotten() {
    let (mut script, out) = cached(1, updates(), false);
    let (to, write) = request(&out);
    let out = script.on_message(to, ok(&write));
    assert!(out.observed.is_empty());
    let [CacheMessage::Delete { operation, key: 0 }] = said(&out)[..] else { panic!("{:?}", out.sent) };
    let seen = super::operation(&from_cache(&mut script, CacheMessage::Deleted { operation }));
    assert_eq!((seen.outcome, seen.node, seen.value), (Outcome::Ok, 1, write.value));
}

#[test]
fn without_word_from_the_cache_a_write_is_told_only_where_nothing_hangs_on_it() {
    for (leases, outcome) in [(false, Outcome::Ok), (true, Outcome::Info)] {
        let (mut script, out) = cached(1, updates(), leases);
        let (to, write) = request(&out);
        script.on_message(to, ok(&write));
        assert_eq!(operation(&script.on_timer(FIRST)).outcome, outcome, "leases: {leases}");
    }
}

#[test]
fn a_flight_asks_the_cache_once_for_all() {
    let (mut script, out) = crowd(3, reads(), |config| {
        config.remedies.coalesce = Some(Coalesce { join: Join::Any, application_servers: 1 });
        config.remedies.cache = serde_json::from_str(r#"{ "ttl": "1s", "nodes": 1 }"#).expect("well formed");
    });
    let operation = get(&out);
    let out = from_cache(&mut script, CacheMessage::Hit { operation, value: 5, value_bytes: 100 });
    assert_eq!(values(&out), [5, 5, 5]);
}

#[test]
fn a_crash_ends_flights() {
    let (mut script, _) = coalesced(2, Join::Any, 1);
    script.node.on_crash();
    script.on_start();
    let out = script.on_timer(ARRIVAL);
    assert_eq!(requests(&out).len(), 1, "a new one has left");
}

#[test]
fn reads_are_spread_as_far_as_they_may() {
    use crate::remedies::FollowerReads;
    let asked = |spread| {
        let (mut script, out) = started(reads(), |config| {
            config.replication.reads = Reads::Local;
            config.remedies.follower_reads = spread;
            // One key, so that all reads are of one shard, whose copies are in three zones.
            config.workloads[0].keys.count = 1;
        });
        let mut asked = std::collections::BTreeSet::new();
        let (mut to, mut read) = request(&out);
        for _ in 0..50 {
            asked.insert(to);
            (to, read) = request(&script.on_message(to, ok(&read)));
        }
        asked.len()
    };
    assert_eq!(
        [FollowerReads::Nearest, FollowerReads::Region, FollowerReads::Everywhere].map(asked),
        [1, 3, 3]
    );
}
