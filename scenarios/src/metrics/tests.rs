//! Metrics of runs made by hand.

use shardlab_consistency::{
    Case, Evidence, History, MicroOperation, NO_NODE, Operation, OperationKind, Outcome, Promises, Time,
    Transaction, VersionOrder, judge,
};
use shardlab_models::node::Cause;
use shardlab_models::shard_map::ShardId;
use shardlab_models::sharding::Strategy;
use shardlab_models::world::{CommandCosts, Layout, Ownership, Run, ShardOperations, TransactionCosts};
use shardlab_sim::{Counters, Fingerprint, MILLISECOND, NodeCounters, NodeId, NodeSample, Receipt, SECOND};

use super::*;
use crate::load_text;

/// Node 0 is the control plane, 1 and 2 are servers, 3 the coordinator, 4 the clients.
pub(crate) fn run(history: History) -> Run {
    let names = ["control plane", "server 0", "server 1", "coordinator 0", "clients local/orders"];
    let evidence = Evidence { version_order: Some(VersionOrder::default()), ..Evidence::default() };
    Run {
        loaded_rows: 0,
        partitions: None,
        stored_bytes: None,
        rebalancing: Default::default(),
        lookups: None,
        remedies: None,
        layout: Layout {
            control_plane: NodeId(0),
            servers: vec![NodeId(1), NodeId(2)],
            coordinators: vec![NodeId(3)],
            clients: vec![NodeId(4)],
            operator: None,
            directories: Vec::new(),
            caches: Vec::new(),
            names: names.map(str::to_owned).to_vec(),
            region: vec![0; 5],
            zone: vec![0; 5],
        },
        ended: ended(&history),
        history,
        evidence,
        promises: Promises::NONE,
        receipts: Vec::new(),
        fingerprint: Fingerprint(7),
        events: 0,
        events_processed: 0,
        counters: Counters::default(),
        samples: Vec::new(),
        sample_every: SECOND,
        primaries: vec![Some(NodeId(1)), None],
        shard_operations: vec![ShardOperations::default(); 2],
        failovers: Vec::new(),
        appointments: Vec::new(),
        ownership: Ownership::settled(Strategy::default().partitioner(2, 0)),
        transactions: TransactionCosts::default(),
        replication_lag_ns: Vec::new(),
        convergence_ns: None,
        divergence: None,
        queries: Vec::new(),
        tables: None,
        duration: 10 * SECOND,
        warmup: SECOND,
    }
}

/// What was never answered was given up after two seconds.
fn ended(history: &History) -> Vec<Time> {
    let operations = history.operations.iter().map(|operation| (operation.invoked, operation.completed));
    let transactions = history.transactions.iter().map(|txn| (txn.invoked, txn.completed));
    let calls = operations.chain(transactions);
    calls.map(|(from, to)| if to == Time::MAX { from + 2 * SECOND } else { to }).collect()
}

pub(crate) fn scenario() -> Scenario {
    let text = r#"
        schema = 1
        question = "?"
        duration = "10s"
        warmup = "1s"
        cluster = { servers = 2, cpu = 4 }
        [[workload]]
        name = "orders"
        arrivals = { open = "10/s" }
        mix = { read = 1.0 }
        surge = { at = "5s", for = "2s", key = 1, share = 0.5 }
    "#;
    load_text("test.toml", text, "test", &[]).unwrap_or_else(|error| panic!("{error}")).scenario
}

/// A read of key 1 served by server 0 that takes `latency_ms`.
pub(crate) fn read(invoked: Time, latency_ms: u64, outcome: Outcome) -> Operation {
    let completed = if outcome == Outcome::Info { Time::MAX } else { invoked + latency_ms * MILLISECOND };
    let (process, key, value, previous) = (0, 1, 0, 0);
    Operation {
        process,
        node: 1,
        kind: OperationKind::Read,
        outcome,
        key,
        value,
        previous,
        invoked,
        completed,
    }
}

fn measured(run: &Run) -> IndexMap<String, f64> {
    measure(&scenario(), run, &judge(&Case::new(&run.history, &run.evidence), run.promises))
}

pub(super) fn check(run: &Run, expected: &[(&str, Option<f64>)]) {
    let metrics = measured(run);
    for (name, value) in expected {
        assert!(catalogue::find(name).is_some(), "{name} is in the catalogue");
        let found = metrics.get(*name).copied();
        let close = match (found, *value) {
            (Some(found), Some(value)) => (found - value).abs() < 1e-9,
            (found, value) => found == value,
        };
        assert!(close, "{name}: {found:?}, not {value:?}");
    }
}

#[test]
fn only_calls_between_warm_up_and_the_end_count() {
    let mut history = History::default();
    history.push(read(SECOND / 2, 900, Outcome::Ok));
    history.push(read(2 * SECOND, 10, Outcome::Ok));
    history.push(read(3 * SECOND, 30, Outcome::Ok));
    history.push(read(4 * SECOND, 500, Outcome::Fail));
    history.push(read(8 * SECOND, 0, Outcome::Info));
    history.push(read(11 * SECOND, 5, Outcome::Ok));
    check(
        &run(history),
        &[
            ("operations", Some(4.0)),
            ("errors", Some(2.0)),
            ("availability.fraction", Some(0.5)),
            // The first was called in the warm-up and answered after it.
            ("throughput.ops_per_s", Some(3.0 / 9.0)),
            ("latency.all.p50_ms", Some(10.0)),
            ("latency.read.p99_ms", Some(30.0)),
            ("latency.read.mean_ms", Some(20.0)),
            ("latency.write.p99_ms", None),
            // From the answer at 3.03 s to the end.
            ("outage.longest_ms", Some(6_970.0)),
        ],
    );
}

#[test]
fn a_surge_is_held_against_what_was_before() {
    let mut history = History::default();
    for (at, latency_ms) in [(2, 10), (3, 20), (5, 100), (6, 60), (8, 700)] {
        history.push(read(at * SECOND, latency_ms, Outcome::Ok));
    }
    check(
        &run(history),
        &[
            ("surge.p99_before_ms", Some(20.0)),
            ("surge.p99_during_ms", Some(100.0)),
            ("surge.p99_penalty", Some(5.0)),
            ("surge.throughput_during_ops_per_s", Some(1.0)),
        ],
    );
}

/// Keys move from 5 s to 7 s; of a fault, when it struck and when it healed.
/// So many calls before, during and after a move; those during it take three times as long.
pub(super) fn moved_under(calls: usize) -> Run {
    let mut history = History::default();
    for (at, latency_ms) in [(2, 10), (6, 30), (8, 700)] {
        (0..calls).for_each(|_| history.push(read(at * SECOND, latency_ms, Outcome::Ok)));
    }
    let mut run = run(history);
    run.rebalancing.commands = vec![CommandCosts {
        cause: Cause::Command(0),
        change: None,
        began: 5 * SECOND,
        ended: Some(7 * SECOND),
        moving: 10,
        loaded: 100,
        row_bytes: 10,
        moves: 1,
        servers_before: 1,
        servers_after: 2,
        weights_before: vec![1],
        weights_after: vec![1, 1],
    }];
    run
}

fn check_penalty(fault: Option<(Time, Option<Time>)>, expected: Option<f64>) {
    let mut run = moved_under(100);
    run.receipts = fault.map(|(struck, healed)| receipt(Some(struck), healed)).into_iter().collect();
    check(&run, &[("rebalance.p99_penalty", expected), ("rebalance.p99_during_ms", Some(30.0))]);
}

fn receipt(struck: Option<Time>, healed: Option<Time>) -> Receipt {
    let (name, effect, nodes) = ("crash".into(), String::new(), vec![NodeId(1)]);
    Receipt { fault: 0, name, struck, healed, nodes, aimed_at: 1, changed: 1, effect }
}

#[test]
fn what_moves_cost_is_not_told_while_another_fault_is_at_work() {
    check_penalty(None, Some(3.0));
    for (struck, healed) in [(2, Some(3)), (4, Some(6)), (6, Some(9)), (6, None), (0, None)] {
        check_penalty(Some((struck * SECOND, healed.map(|at| at * SECOND))), None);
    }
    check_penalty(Some((0, Some(SECOND / 2))), Some(3.0));
    check_penalty(Some((8 * SECOND, None)), Some(3.0));
}

/// The slowest of a handful is no 99th percentile.
#[test]
fn a_move_that_few_calls_met_has_no_percentiles() {
    check(&moved_under(99), &[("rebalance.p99_penalty", None), ("rebalance.p99_during_ms", None)]);
}

#[test]
fn the_hottest_shard_and_server_are_held_against_the_mean() {
    // Even keys are in shard 0 of two, odd ones in shard 1; what is never answered was asked for all the same.
    let mut history = History::default();
    for (key, outcome) in [(1, Outcome::Ok), (3, Outcome::Fail), (1, Outcome::Info), (2, Outcome::Ok)] {
        history.push(Operation { key, ..read(2 * SECOND, 5, outcome) });
    }
    history.push(Operation { key: 2, ..read(SECOND / 2, 5, Outcome::Ok) });
    let mut run = run(history);
    run.shard_operations =
        [(1, 0), (99, 0)].map(|(reads, writes)| ShardOperations { reads, writes, keys_written: 0 }).to_vec();
    let sample = |at: u64, node, busy_s: u64, queue_length| NodeSample {
        at: at * SECOND,
        node: NodeId(node),
        busy_ns: busy_s * SECOND,
        queue_length,
        handled: 0,
    };
    // Nine measured seconds of four cores; the first sample is the warm-up's, the last the drain's.
    run.samples = vec![
        sample(1, 1, 4, 99),
        sample(2, 1, 1, 0),
        sample(10, 1, 2, 3),
        sample(10, 2, 1, 7),
        sample(11, 1, 4, 99),
    ];
    check(
        &run,
        &[
            ("shard.imbalance", Some(1.5)),
            ("shard.hottest_share", Some(0.75)),
            ("shard.cv", Some(0.5)),
            ("server.imbalance", Some(1.5)),
            ("server.hottest_utilization", Some(3.0 / 36.0)),
            ("server.longest_queue", Some(7.0)),
        ],
    );
}

#[test]
fn transactions_are_counted_by_decision() {
    let mut history = History::default();
    let steps = [MicroOperation::Add { key: 1, delta: 1 }, MicroOperation::Add { key: 2, delta: -1 }];
    history.push_transaction(Transaction::new(1, 0, Outcome::Ok, 2 * SECOND, 3 * SECOND), &steps);
    let audit = [MicroOperation::Read { key: 1, value: 1 }];
    history.push_transaction(Transaction::new(2, 0, Outcome::Ok, 4 * SECOND, 6 * SECOND), &audit);
    let mut run = run(history);
    run.transactions = TransactionCosts {
        committed: 2,
        aborted: 6,
        messages: 24,
        forced_writes: 10,
        in_doubt_ns: vec![MILLISECOND, 3 * MILLISECOND],
        lock_held_ns: vec![5 * MILLISECOND],
        blocked: 4,
    };
    check(
        &run,
        &[
            ("latency.transfer.p50_ms", Some(1_000.0)),
            ("latency.audit.p50_ms", Some(2_000.0)),
            ("txn.committed_per_s", Some(2.0 / 9.0)),
            ("txn.abort_fraction", Some(0.75)),
            ("txn.messages_per_commit", Some(12.0)),
            ("txn.forced_writes_per_commit", Some(5.0)),
            ("txn.in_doubt.p50_ms", Some(1.0)),
            ("txn.in_doubt.max_ms", Some(3.0)),
            ("txn.blocked", Some(4.0)),
            // Keys 1 and 2 are in different shards of modulo 2.
            ("fanout.mean", Some(1.5)),
        ],
    );
}

#[test]
fn failovers_lag_and_convergence_are_taken_as_they_are() {
    let mut run = run(History::default());
    run.failovers = vec![(ShardId(0), SECOND, 2 * SECOND), (ShardId(1), SECOND, 4 * SECOND)];
    run.replication_lag_ns = vec![MILLISECOND; 98].into_iter().chain([9 * MILLISECOND; 2]).collect();
    run.convergence_ns = Some(250 * MILLISECOND);
    check(
        &run,
        &[
            ("failover.count", Some(2.0)),
            ("failover.duration_ms", Some(2_000.0)),
            ("replication.lag.p99_ms", Some(9.0)),
            ("convergence.time_ms", Some(250.0)),
        ],
    );
}

#[test]
fn an_empty_run_has_no_ratios_and_does_not_divide_by_zero() {
    let metrics = measured(&run(History::default()));
    assert!(metrics.values().all(|value| value.is_finite()), "{metrics:?}");
    assert_eq!(metrics.get("availability.fraction"), None);
    assert_eq!(metrics.get("operations"), Some(&0.0));
}

#[test]
fn what_no_workload_asks_for_is_left_out() {
    let run = run(History::default());
    let judgements = judge(&Case::new(&run.history, &run.evidence), run.promises);
    let named = |mix: Mix| {
        let mut scenario = scenario();
        scenario.workload[0].mix = mix;
        let metrics = measure(&scenario, &run, &judgements);
        ["writes.acked", "writes.lost", "reads.stale"].map(|name| metrics.contains_key(name))
    };
    assert_eq!(named(Mix { transfer: 0.9, audit: 0.1, ..Mix::default() }), [false, false, false]);
    assert_eq!(named(Mix { read: 1.0, ..Mix::default() }), [false, false, true]);
    assert_eq!(named(Mix { read_modify_write: 1.0, ..Mix::default() }), [true, true, true]);
}

#[test]
fn metrics_come_in_the_catalogues_order() {
    let mut history = History::default();
    history.push(Operation { node: NO_NODE, ..read(2 * SECOND, 10, Outcome::Ok) });
    let names: Vec<String> = measured(&run(history)).into_keys().collect();
    let catalogued = catalogue::all().into_iter().map(|info| info.name);
    assert_eq!(names, catalogued.filter(|name| names.contains(name)).collect::<Vec<_>>());
}

/// Keys and how often each is read in every tenth of a second, from one second on to another.
fn load(history: &mut History, keys: &[(u64, usize)], seconds: std::ops::Range<u64>) {
    for tenth in seconds.start * 10..seconds.end * 10 {
        for &(key, times) in keys {
            let at = tenth * SECOND / 10;
            (0..times).for_each(|_| history.push(Operation { key, ..read(at, 1, Outcome::Ok) }));
        }
    }
}

#[test]
fn a_hot_key_makes_its_shard_hot_for_as_long_as_it_is_asked_for() {
    let mut history = History::default();
    let even: Vec<(u64, usize)> = (0..100).map(|key| (key, 2)).collect();
    load(&mut history, &even, 0..10);
    load(&mut history, &[(7, 600)], 4..6);
    let run = run(history);
    // In an interval shard 1 of two has 100 + 600 of 800: 7/8, or 1.75 times its fair share; key 7 has 602 of them.
    let found = hotspots(&scenario(), &run);
    let spans: Vec<_> = found.iter().map(|hot| (hot.level, hot.which, hot.from, hot.to)).collect();
    let (from, to) = (4 * SECOND, 6 * SECOND);
    assert_eq!(spans, [(Level::Shard, 1, from, to), (Level::Key, 7, from, to)]);
    let shares: Vec<f64> = found.iter().flat_map(|hot| [hot.peak_share, hot.times_fair]).collect();
    let expected = [0.875, 1.75, 0.7525, 1.505];
    assert!(shares.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{shares:?}");
    check(
        &run,
        &[
            ("hotspot.count", Some(2.0)),
            ("hotspot.began_s", Some(4.0)),
            ("hotspot.lasted_s", Some(2.0)),
            ("hotspot.times_fair", Some(1.75)),
        ],
    );
}

#[test]
fn chance_is_no_hotspot_and_an_even_load_has_none() {
    let mut history = History::default();
    // Three of four in one shard: but of so few, chance would do that.
    load(&mut history, &[(1, 2), (3, 1), (2, 1)], 0..10);
    let run = run(history);
    assert_eq!(hotspots(&scenario(), &run), []);
    check(&run, &[("hotspot.count", Some(0.0)), ("hotspot.began_s", None), ("hotspot.lasted_s", Some(0.0))]);
}

#[test]
fn a_server_that_is_nearly_idle_is_not_hot() {
    let hot = |busy_ms: u64| {
        let mut run = run(History::default());
        let sample = |node, busy_ms: u64| NodeSample {
            at: 3 * SECOND,
            node: NodeId(node),
            busy_ns: busy_ms * MILLISECOND,
            queue_length: 0,
            handled: 1_000,
        };
        run.samples.extend([sample(1, busy_ms), sample(2, 10)]);
        hotspots(&scenario(), &run).len()
    };
    // Of four cores for a second.
    assert_eq!([hot(390), hot(410)], [0, 1]);
}

#[test]
fn a_server_is_hot_while_its_cores_are_and_a_pause_makes_two_hotspots_of_one() {
    let mut run = run(History::default());
    let sample = |second: u64, node, busy_ms: u64| NodeSample {
        at: second * SECOND,
        node: NodeId(node),
        busy_ns: busy_ms * MILLISECOND,
        queue_length: 0,
        handled: 1_000,
    };
    // The last is the drain's.
    for (second, busy_ms) in [(2, 100), (3, 900), (4, 800), (5, 150), (6, 700), (11, 900)] {
        run.samples.extend([sample(second, 1, busy_ms), sample(second, 2, 100)]);
    }
    let found = hotspots(&scenario(), &run);
    let spans: Vec<_> = found.iter().map(|hot| (hot.level, hot.which, hot.from, hot.to)).collect();
    let server = |from, to| (Level::Server, 0, from * SECOND, to * SECOND);
    assert_eq!(spans, [server(2, 4), server(5, 6)]);
    assert!((found[0].peak_share - 0.9).abs() < 1e-9 && (found[0].times_fair - 1.8).abs() < 1e-9);
}

#[test]
fn loads_are_measured_alike_on_shards_servers_and_keys() {
    // Shard 0 is read once and written once, shard 1 is read twice: 80 us a read, 120 us a write, 1,000 bytes each.
    let mut history = History::default();
    let kinds = [
        (2, OperationKind::Read),
        (2, OperationKind::Write),
        (1, OperationKind::Read),
        (3, OperationKind::Read),
    ];
    for (key, kind) in kinds {
        history.push(Operation { key, kind, value: 1, ..read(2 * SECOND, 5, Outcome::Ok) });
    }
    let mut run = run(history);
    let node = |bytes_sent, handled: [u64; 3]| NodeCounters {
        bytes_sent,
        handled: handled.to_vec(),
        ..NodeCounters::default()
    };
    run.counters.nodes = vec![node(9, [0; 3]), node(300, [2, 1, 0]), node(100, [0, 0, 1])];
    check(
        &run,
        &[
            ("shard.operations.cv", Some(0.0)),
            ("shard.bytes.imbalance", Some(1.0)),
            ("shard.cpu.hottest_share", Some(200.0 / 360.0)),
            ("server.operations.gini", Some(0.25)),
            ("server.bytes.hottest_share", Some(0.75)),
            ("server.cpu.cv", None),
            ("key.operations.hottest_share", Some(0.5)),
            ("key.operations.imbalance", Some(1.5)),
            ("key.operations.cv", Some(0.125_f64.sqrt())),
            ("key.bytes.gini", Some(1.0 / 6.0)),
            ("key.hottest_p99_ms", Some(5.0)),
            ("shard.hottest_p99_ms", Some(5.0)),
        ],
    );
}
