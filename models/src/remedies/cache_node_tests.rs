//! A cache node by itself: who is answered what.

use shardlab_sim::testing::{Outcome, Script};

use super::*;

const MILLISECOND: Time = 1_000_000;

/// A cache whose entries live a hundred milliseconds, with more settings as JSON.
fn cache(settings: &str) -> Script<CacheNode> {
    let spec: Cache =
        serde_json::from_str(&format!(r#"{{ "ttl": "100ms", {settings} }}"#)).expect("it is well formed");
    Script::new(CacheNode::new(&spec, 0, Bugs::default()), NodeId(0), 10)
}

fn operation(client: u32) -> OperationId {
    OperationId { session: client, sequence: 1 }
}

/// "get 1 of 7" of client 1; "set 7=5 by 3" with token 3; "delete 7". What the cache said to whom: "1 hit 5", "1 miss 3".
fn say(script: &mut Script<CacheNode>, word: &str) -> Vec<String> {
    let parts: Vec<u64> =
        word.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
    let (from, message) = match (word.split(' ').next(), &parts[..]) {
        (Some("get"), &[client, key]) => {
            (client as u32, CacheMessage::Get { operation: operation(client as u32), key })
        }
        (Some("set"), &[key, value, token]) => (9, CacheMessage::Set { key, value, value_bytes: 10, token }),
        (Some("delete"), &[key]) => (9, CacheMessage::Delete { operation: operation(9), key }),
        _ => panic!("not understood: {word}"),
    };
    told(&script.on_message(NodeId(from), Message::Cache(message)))
}

fn told(out: &Outcome<Message>) -> Vec<String> {
    let told = |(to, message): &(NodeId, Message)| match message {
        Message::Cache(CacheMessage::Hit { value, .. }) => format!("{} hit {value}", to.0),
        Message::Cache(CacheMessage::Miss { token, .. }) => format!("{} miss {token}", to.0),
        Message::Cache(CacheMessage::Deleted { .. }) => format!("{} deleted", to.0),
        other => panic!("a cache does not say {other:?}"),
    };
    out.sent.iter().map(told).collect()
}

/// Says one word a line, `word -> what is told`; "+50" lets so many milliseconds pass.
#[track_caller]
fn play(settings: &str, script: &str) -> CacheMeasures {
    let mut cache = cache(settings);
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(pause) = line.strip_prefix('+') {
            cache.now += pause.parse::<Time>().expect("a number") * MILLISECOND;
            continue;
        }
        let (word, expected) = line.split_once("->").expect("a word and what is told");
        assert_eq!(say(&mut cache, word.trim()).join(", "), expected.trim(), "{line}");
    }
    cache.node.measures()
}

#[test]
fn what_was_set_is_hit_until_it_expires() {
    let seen = play(
        "\"entries\": 10",
        "
        get 1 of 7    -> 1 miss 1
        set 7=5 by 1  ->
        get 2 of 7    -> 2 hit 5
        +99
        get 2 of 7    -> 2 hit 5
        +1
        get 2 of 7    -> 2 miss 100000000
        ",
    );
    assert_eq!((seen.hits, seen.misses, seen.sets), (2, 2, 1));
}

/// Nishtala et al. 2013, §3.2.1: a slow reader sets what it read before the write.
#[test]
fn without_leases_a_slow_reader_sets_an_old_row() {
    play(
        "\"leases\": false",
        "
        get 1 of 7    -> 1 miss 1
        delete 7      -> 9 deleted
        set 7=5 by 1  ->
        get 2 of 7    -> 2 hit 5
        ",
    );
}

#[test]
fn with_leases_a_delete_makes_tokens_void() {
    let seen = play(
        "\"leases\": true",
        "
        get 1 of 7    -> 1 miss 1
        delete 7      -> 9 deleted
        set 7=5 by 1  ->
        get 2 of 7    -> 2 miss 2
        set 7=6 by 2  ->
        get 3 of 7    -> 3 hit 6
        ",
    );
    assert_eq!(seen.refused_sets, 1);
}

#[test]
fn an_entry_that_expires_is_missed_by_all_at_once() {
    let seen = play(
        "\"nodes\": 1",
        "
        get 1 of 7    -> 1 miss 1
        get 2 of 7    -> 2 miss 1
        get 3 of 7    -> 3 miss 1
        set 7=5 by 1  ->
        get 4 of 7    -> 4 hit 5
        ",
    );
    assert_eq!(seen.stampede_peak, 3);
}

#[test]
fn in_single_flight_one_asks_and_the_others_wait_for_it() {
    let seen = play(
        "\"single-flight\": true",
        "
        get 1 of 7    -> 1 miss 1
        get 2 of 7    ->
        get 3 of 7    ->
        set 7=5 by 1  -> 2 hit 5, 3 hit 5
        ",
    );
    assert_eq!((seen.stampede_peak, seen.waited, seen.hits), (1, 2, 2));
}

#[test]
fn in_single_flight_with_leases_a_delete_sends_the_next_one() {
    play(
        "\"single-flight\": true, \"leases\": true",
        "
        get 1 of 7    -> 1 miss 1
        get 2 of 7    ->
        get 3 of 7    ->
        delete 7      -> 2 miss 2, 9 deleted
        set 7=5 by 1  ->
        set 7=6 by 2  -> 3 hit 6
        ",
    );
}

#[test]
fn a_reader_that_never_sets_is_taken_for_lost() {
    play(
        "\"single-flight\": true",
        "
        get 1 of 7    -> 1 miss 1
        +999
        get 2 of 7    ->
        +2
        get 3 of 7    -> 3 miss 1001000000
        set 7=5 by 2  -> 2 hit 5
        ",
    );
}

#[test]
fn the_least_recently_used_entry_makes_room() {
    let seen = play(
        "\"entries\": 2",
        "
        set 1=5 by 1 ->
        set 2=5 by 1 ->
        get 1 of 1   -> 1 hit 5
        set 3=5 by 1 ->
        get 1 of 2   -> 1 miss 1
        get 1 of 1   -> 1 hit 5
        get 1 of 3   -> 1 hit 5
        ",
    );
    assert_eq!(seen.evictions, 1);
}

#[test]
fn a_crash_empties_it_and_old_tokens_stay_void() {
    let mut cache = cache("\"leases\": true");
    assert_eq!(say(&mut cache, "get 1 of 7"), ["1 miss 1"]);
    cache.now = 5;
    cache.node.on_crash();
    assert_eq!(say(&mut cache, "get 2 of 7"), ["2 miss 5"]);
    say(&mut cache, "set 7=3 by 1");
    assert_eq!(say(&mut cache, "get 3 of 7"), ["3 miss 5"]);
}

#[test]
fn jitter_lets_entries_expire_apart_and_never_late() {
    let mut cache = cache("\"jitter\": 0.5");
    let mut lifetimes = std::collections::BTreeSet::new();
    for key in 0..50 {
        say(&mut cache, &format!("set {key}=1 by 1"));
        lifetimes.insert(cache.node.entries[&key].expires / MILLISECOND);
    }
    assert!(lifetimes.iter().all(|lifetime| (50..=100).contains(lifetime)), "{lifetimes:?}");
    assert!(lifetimes.len() > 10, "{lifetimes:?}");
}

/// The chance that one look renews an entry with so much time left is exp(−left / (δ β)).
#[test]
fn an_entry_is_renewed_early_the_likelier_the_nearer_its_end() {
    let renewed = |left: Time| {
        let mut cache = cache("\"early-refresh\": 1.0");
        say(&mut cache, "get 1 of 7");
        cache.now = 10 * MILLISECOND;
        say(&mut cache, "set 7=5 by 1");
        cache.now = 110 * MILLISECOND - left;
        let looks = 2_000;
        let missed = (0..looks).filter(|_| say(&mut cache, "get 2 of 7")[0].contains("miss")).count();
        missed as f64 / f64::from(looks)
    };
    for left in [5 * MILLISECOND, 20 * MILLISECOND] {
        let chance = libm::exp(-(left as f64) / 1e7);
        let seen = renewed(left);
        assert!((seen - chance).abs() < 0.035, "{seen} instead of {chance}");
    }
    assert_eq!(renewed(99 * MILLISECOND), 0.0);
}
