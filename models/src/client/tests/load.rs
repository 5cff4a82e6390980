//! When operations begin, and what is left of them at the end.

use super::transactions::{begin, with_bank};
use super::*;
use crate::sharding::PROBE_KEYS;

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
    assert_eq!(pools.iter().map(|pool| pool.probes).collect::<Vec<_>>(), [true, false]);
    let number = |mut pool: ClientPool| {
        let slot = pool.sessions.take();
        pool.sessions[slot].number
    };
    let numbers: Vec<u32> = pools.into_iter().map(number).collect();
    assert_ne!(numbers[0], numbers[1]);
}
