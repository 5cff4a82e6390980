//! The scenarios of the library keep what they promise.

use std::ops::RangeInclusive;

use serde_json::Value;
use shardlab_scenarios::library::LIBRARY;

use crate::twins;
use crate::workbench::{Workbench, stdout};

/// Enough to tell a property from luck: what holds by chance half of the time holds twenty times in one of a million.
pub const SEEDS: RangeInclusive<u64> = 1..=20;

/// Runs a scenario; its summary. Any exit code but `code` is a failure.
pub fn run(words: &str, code: i32) -> Value {
    let bench = Workbench::new();
    serde_json::from_str(&stdout(&bench.shardlab(&format!("run {words} --format json")).code(code))).unwrap()
}

/// A metric of a variant.
pub fn metric(summary: &Value, variant: &str, name: &str) -> f64 {
    let variants = summary["variants"].as_array().unwrap();
    let found = variants.iter().find(|row| row["name"] == variant).unwrap();
    found["metrics"][name].as_f64().unwrap_or_else(|| panic!("{variant}: {name} was not measured"))
}

/// A metric of a variant over several seeds: its `mean`, `low`, `high` or how many `seeds` have it.
fn figure(summary: &Value, variant: &str, name: &str, part: &str) -> f64 {
    let variants = summary["variants"].as_array().unwrap();
    let found = variants.iter().find(|row| row["name"] == variant).unwrap();
    found["metrics"][name][part].as_f64().unwrap_or_else(|| panic!("{variant}: {name} was not measured"))
}

/// Name and words of the judges that have failed.
pub fn failed(summary: &Value) -> Vec<(&str, &str)> {
    let variants = summary["variants"].as_array().unwrap().iter();
    let rows = variants.flat_map(|variant| variant["verdicts"].as_array().unwrap());
    let failed = rows.filter(|row| row["verdict"] == "fail");
    failed.map(|row| (row["judge"].as_str().unwrap(), row["words"].as_str().unwrap())).collect()
}

#[test]
fn every_scenario_is_tested_here() {
    let tested = [
        "flash-sale",
        "partition",
        "transfer",
        "active-active",
        "shard-keys",
        "cross-shard-joins",
        "add-a-server",
        "single-to-four-shards",
        "sharding-strategies",
        "monotonic-key",
        "events-by-day",
        "directory-outage",
        "geo-residency",
        "big-tenants",
        "celebrity",
        "thrashing-balancer",
        "lose-a-server",
        "over-sharding",
        "list-append",
        "rw-register",
        "register",
        "long-fork",
        "set",
        "counter",
        "unique-ids",
    ];
    let tested = tested.map(str::to_owned).into_iter();
    let mut tested: Vec<String> =
        tested.chain(twins::names().map(|name| format!("negative/{name}"))).collect();
    let mut library: Vec<String> = LIBRARY.iter().map(|entry| entry.name.to_owned()).collect();
    tested.sort();
    library.sort();
    assert_eq!(library, tested);
}

/// Their expectations are the claims that their files make, and stand beside the settings that they follow from.
#[test]
fn lookups_remedies_and_losses_are_as_their_scenarios_expect() {
    for name in [
        "directory-outage",
        "geo-residency",
        "big-tenants",
        "celebrity",
        "thrashing-balancer",
        "lose-a-server",
        "over-sharding",
    ] {
        let summary = run(&format!("{name} --seeds 1..3"), 0);
        let expectations =
            summary["expectations"].as_array().expect("a run tells how its expectations fared");
        assert!(expectations.len() >= 5, "{name} expects something: {summary:#}");
    }
}

/// A shorter sale than the library's, so that it can be watched in an unoptimised build too.
#[test]
fn flash_sale_loses_no_write_and_overloads_the_hot_server_alone() {
    let summary = run(
        "flash-sale --set duration=12s --set workload.checkout.surge.at=6s \
         --set fault.ninth-server.at=10s --set drain=25s",
        0,
    );
    for variant in ["modulo", "consistent-hash"] {
        assert_eq!(metric(&summary, variant, "writes.lost"), 0.0, "{variant}");
        assert!(metric(&summary, variant, "surge.p99_penalty") > 10.0, "{variant}: {summary:#}");
        let availability = metric(&summary, variant, "availability.fraction");
        assert!(
            (0.5..0.99).contains(&availability),
            "{variant}: most of the shop stays open: {availability}"
        );
    }
}

#[test]
fn partition_loses_writes_without_a_quorum_and_none_with_one() {
    for seed in SEEDS {
        let summary = run(&format!("partition --seed {seed} --set duration=22s"), 0);
        let lost = |variant| metric(&summary, variant, "writes.lost");
        assert!(lost("async") >= 1.0, "seed {seed}");
        assert_eq!([lost("quorum"), lost("all")], [0.0, 0.0], "seed {seed}");
        assert!(
            metric(&summary, "quorum", "writes.acked") > 1_000.0,
            "seed {seed}: there were writes to lose"
        );
        assert!(
            metric(&summary, "quorum", "failover.count") >= 1.0,
            "seed {seed}: another primary was appointed"
        );
    }
}

#[test]
fn transfer_conserves_the_total_while_transactions_are_in_doubt_for_seconds() {
    for seed in SEEDS {
        let summary = run(&format!("transfer --seed {seed} --set duration=10s --set drain=10s"), 0);
        assert_eq!(failed(&summary), [], "seed {seed}");
        for anomaly in ["wrong-total", "partial-transaction"] {
            for variant in ["crash", "no-crash"] {
                assert_eq!(metric(&summary, variant, &format!("anomalies.{anomaly}")), 0.0, "seed {seed}");
            }
        }
        // The coordinator is away for five seconds.
        let in_doubt_ms = metric(&summary, "crash", "txn.in_doubt.max_ms");
        assert!((4_000.0..7_000.0).contains(&in_doubt_ms), "seed {seed}: {in_doubt_ms}");
        assert!(metric(&summary, "no-crash", "txn.in_doubt.max_ms") < 100.0, "seed {seed}");
        // One coordinator of two is away, and sooner or later everybody waits for it.
        assert!(metric(&summary, "crash", "outage.longest_ms") > 2_000.0, "seed {seed}");
        assert!(metric(&summary, "no-crash", "outage.longest_ms") < 500.0, "seed {seed}");
        assert!(metric(&summary, "crash", "txn.blocked") >= 1.0, "seed {seed}");
        assert!(metric(&summary, "crash", "txn.committed_per_s") > 100.0, "seed {seed}");
    }
}

/// A shorter load than the library's, and the same partition. Now and then the clocks that are drawn agree by chance,
/// so that skew costs what it costs on the mean.
#[test]
fn active_active_loses_writes_by_their_clocks_and_none_with_siblings() {
    let summary =
        run(&format!("active-active --seeds {}..{} --set duration=40s", SEEDS.start(), SEEDS.end()), 0);
    assert_eq!(failed(&summary), []);
    let variants = ["lww-no-skew", "lww-200ms-skew", "highest-node", "siblings"];
    for variant in variants {
        assert!(figure(&summary, variant, "convergence.time_ms", "mean") < 5_000.0, "{variant}");
        assert_eq!(figure(&summary, variant, "convergence.time_ms", "seeds"), 20.0, "{variant}");
        assert!(figure(&summary, variant, "divergence.keys_max", "low") > 50.0, "{variant}");
        assert!(figure(&summary, variant, "conflicts.met", "low") > 100.0, "{variant}");
    }
    let [no_skew, skew, highest_node, siblings] =
        variants.map(|variant| figure(&summary, variant, "writes.lost", "mean"));
    assert!(skew > no_skew && no_skew > 0.0 && highest_node > 0.0, "{no_skew}, {skew}, {highest_node}");
    assert_eq!((siblings, figure(&summary, "siblings", "writes.lost", "high")), (0.0, 0.0));
    assert!(figure(&summary, "siblings", "siblings.per_key_max", "low") >= 2.0);
}

/// Keys that change owner: by modulo all but one in five, by the ring the newcomer's fifth (Karger et al. 1997).
#[test]
fn add_a_server_moves_what_theory_says_and_is_felt() {
    let mut ring = Vec::new();
    for seed in SEEDS {
        let command = format!("add-a-server --seed {seed} --set workload.customers.keys.count=60000");
        let summary =
            run(&format!("{command} --set duration=10s --set warmup=2s --set fault.fifth-server.at=6s"), 0);
        let of = |variant, name| metric(&summary, variant, name);
        assert!((of("modulo", "rebalance.moved_fraction") - 0.8).abs() < 0.01, "seed {seed}");
        assert_eq!(of("ring", "rebalance.optimal_fraction"), 0.2, "seed {seed}");
        ring.push(of("ring", "rebalance.moved_fraction"));
        for variant in ["modulo", "ring"] {
            assert_eq!(of(variant, "writes.lost"), 0.0, "seed {seed}");
            assert!(of(variant, "rebalance.p99_penalty") > 1.0, "seed {seed}, {variant}");
        }
    }
    let mean = ring.iter().sum::<f64>() / ring.len() as f64;
    assert!((mean / 0.2 - 1.0).abs() < 0.05, "{mean} of the keys moved on the ring");
}

/// One protocol refuses keys for a moment, one is noticed by nobody but the clock, one locks customers out: as the
/// scenario expects, with fewer orders.
#[test]
fn single_to_four_shards_costs_time_bandwidth_or_customers() {
    let quick = "--set workload.orders.keys.count=200000 --set duration=40s";
    for seed in SEEDS {
        let summary = run(&format!("single-to-four-shards --seed {seed} {quick} --set expect=[]"), 0);
        let of = |variant, name| metric(&summary, variant, name);
        for variant in ["live", "live-slowly", "dual-write", "stop-the-world"] {
            assert_eq!(of(variant, "writes.lost"), 0.0, "seed {seed}, {variant}");
            assert_eq!(of(variant, "rebalance.moved_fraction"), 0.75, "seed {seed}, {variant}");
        }
        assert!(of("stop-the-world", "rebalance.unavailable_ms") > 500.0, "seed {seed}");
        assert!(of("stop-the-world", "availability.fraction") < 0.999, "seed {seed}");
        for variant in ["live", "dual-write"] {
            assert_eq!(of(variant, "availability.fraction"), 1.0, "seed {seed}, {variant}");
            let ratio = of(variant, "rebalance.duration_s") / of("stop-the-world", "rebalance.duration_s");
            assert!(ratio > 4.0, "seed {seed}, {variant}: {ratio}");
        }
    }
}

/// Each strategy in a short run: what its paper says moves, and nothing is lost.
#[test]
fn sharding_strategies_move_what_their_papers_say_and_lose_nothing() {
    let keys_move = [
        ("modulo", 0.79..=0.81),
        ("hashed-modulo", 0.79..=0.81),
        ("ring", 0.18..=0.22),
        ("bounded-load", 0.15..=0.5),
        ("rendezvous", 0.19..=0.21),
        ("jump", 0.19..=0.21),
        ("multi-probe", 0.15..=0.25),
        ("maglev", 0.2..=0.35),
        ("slots", 0.19..=0.21),
        ("directory", 0.19..=0.21),
    ];
    // Copies of shards of their own are what moves.
    let copies_move = [
        ("key-ranges", 0.15..=0.2),
        ("static-ranges", 0.15..=0.2),
        ("dynamic-range", 0.15..=0.4),
        ("list", 0.0..=0.01),
        ("list-then-hash", 0.0..=0.01),
        ("range-then-list", 0.15..=0.2),
        ("time-partitions", 0.15..=0.2),
        ("tenant", 0.15..=0.2),
        ("geographic", 0.15..=0.2),
    ];
    let summary = run("sharding-strategies --seeds 1..5", 0);
    assert_eq!(summary["variants"].as_array().unwrap().len(), keys_move.len() + copies_move.len());
    let moved = keys_move.map(|row| (row, "rebalance.moved_fraction"));
    let copied = copies_move.map(|row| (row, "rebalance.copied_fraction"));
    for ((variant, share), name) in moved.into_iter().chain(copied) {
        let [low, high] = ["low", "high"].map(|part| figure(&summary, variant, name, part));
        assert!(share.contains(&low) && share.contains(&high), "{variant}: {low} to {high}");
        assert_eq!(figure(&summary, variant, "writes.lost", "high"), 0.0, "{variant}");
    }
}

/// Neighbours that live together, and new keys that are neighbours: one server writes, however often its range is split.
#[test]
fn monotonic_keys_keep_one_server_busy_unless_they_are_hashed() {
    for seed in SEEDS {
        let command = format!("monotonic-key --seed {seed} --set duration=12s --set expect=[]");
        let summary = run(&command, 0);
        let of = |variant, name| metric(&summary, variant, name);
        for ranges in ["ranges", "ranges-that-split"] {
            assert!(of(ranges, "server.imbalance") > 3.4, "seed {seed}, {ranges}");
        }
        assert!(of("ranges-that-split", "rebalance.splits") >= 3.0, "seed {seed}");
        assert!(of("hash", "server.imbalance") < 1.2, "seed {seed}");
    }
}

/// What primaries report of a drain tells of no load: nothing is split or evened out by it.
#[test]
fn nothing_is_split_or_balanced_when_the_load_is_over() {
    let bench = Workbench::new();
    for (scenario, duration_s) in [("monotonic-key", 12.0), ("celebrity", 20.0)] {
        let set = format!("--set duration={duration_s}s --set expect=[]");
        bench.shardlab(&format!("run {scenario} --seed 42 {set} --out {scenario} --format json"));
        let moves = bench.read(&format!("{scenario}/moves.csv"));
        let mut rows = csv::Reader::from_reader(moves.as_bytes());
        let headers = rows.headers().unwrap().clone();
        let start = headers.iter().position(|name| name == "start_s").unwrap();
        let starts: Vec<f64> = rows.records().map(|row| row.unwrap()[start].parse().unwrap()).collect();
        assert!(starts.iter().any(|&at| at > 0.5 * duration_s), "{scenario}: {starts:?}");
        // A decision takes a few milliseconds to be on disk and told.
        assert!(starts.iter().all(|&at| at < duration_s + 0.1), "{scenario}: {starts:?}");
    }
}

/// Ahead of time nothing is late and old days cost nothing; too late they cost moves, or refusals.
#[test]
fn partitions_by_day_are_made_ahead_and_forgotten_whole() {
    for seed in 1..=5 {
        let summary = run(&format!("events-by-day --seed {seed}"), 0);
        let of = |variant, name| metric(&summary, variant, name);
        assert!(of("by-day", "partitions.expired") >= 20.0, "seed {seed}");
        // Of days that are gone nobody is asked.
        assert!(of("by-day", "query.type-of-day.fanout_mean") < 0.95, "seed {seed}");
        assert_eq!(of("by-day", "query.type-of-day.single_shard_fraction"), 1.0, "seed {seed}");
        assert!(of("by-day", "storage.bytes") < 0.9 * of("detached", "storage.bytes"), "seed {seed}");
        assert!(
            of("late", "partitions.moved_rows") > 0.5 * of("late", "partitions.default_rows"),
            "seed {seed}"
        );
        assert!(of("no-default", "availability.fraction") < 0.7, "seed {seed}");
        let hot = of("by-day", "latency.insert.p99_ms");
        assert!(of("day-and-number", "latency.insert.p99_ms") < hot, "seed {seed}");
    }
}

/// What waits for a majority keeps its model through the cut; what does not is seen to break it.
#[test]
fn histories_are_what_their_models_allow_only_where_a_majority_agreed() {
    let broken_without = [
        ("list-append", "async", "incompatible-order"),
        ("register", "local", "nonlinearizable"),
        ("set", "async", "lost-element"),
        ("counter", "async", "wrong-count"),
        ("unique-ids", "async", "duplicate-id"),
    ];
    for (scenario, careless, anomaly) in broken_without {
        let summary = run(&format!("{scenario} --seeds 1..5 --set duration=14s"), 0);
        assert_eq!(failed(&summary), [], "{scenario}");
        let name = format!("anomalies.{anomaly}");
        assert!(figure(&summary, careless, &name, "mean") >= 1.0, "{scenario}");
        assert_eq!(figure(&summary, "quorum", &name, "high"), 0.0, "{scenario}");
        let told = judge_of(
            &summary,
            "quorum",
            &["isolation", "linearizability", "sets-and-counters", "unique-ids"],
        );
        assert!(told.contains(&"pass"), "{scenario}: {told:?}");
    }
    for (scenario, variant) in [("rw-register", "no-wait"), ("long-fork", "base")] {
        let summary = run(&format!("{scenario} --seeds 1..3 --set duration=13s"), 0);
        assert_eq!(judge_of(&summary, variant, &["isolation"]), ["pass"], "{scenario}");
        assert!(figure(&summary, variant, "txn.committed_per_s", "mean") > 100.0, "{scenario}");
    }
}

/// What counters begin with is the counting workload's affair, whoever else stands before it in the file.
#[test]
fn counters_beside_sets_are_judged_by_their_own_beginning() {
    let bench = Workbench::new();
    let workload = |name, mix, balance| {
        format!(
            "[[workload]]\nname = \"{name}\"\narrivals = {{ closed = {{ clients = 4, think = \"10ms\" }} }}\n\
             keys = {{ count = 20 }}\nmix = {{ {mix} = 1.0 }}\nbalance = {balance}\n"
        )
    };
    let head = "schema = 1\nquestion = \"Do counters count?\"\nduration = \"4s\"\nwarmup = \"1s\"\n";
    let (sets, counters) = (workload("sets", "set", 100), workload("counters", "counter", 7));
    bench.write("both.toml", format!("{head}{sets}{counters}"));
    bench.shardlab("run both.toml").code(0);
}

/// What some judges said of a variant.
fn judge_of<'a>(summary: &'a Value, variant: &str, judges: &[&str]) -> Vec<&'a str> {
    let variants = summary["variants"].as_array().unwrap();
    let found = variants.iter().find(|row| row["name"] == variant).unwrap();
    let rows = found["verdicts"].as_array().unwrap().iter();
    let rows = rows.filter(|row| judges.contains(&row["judge"].as_str().unwrap()));
    rows.filter_map(|row| row["verdict"].as_str()).collect()
}

#[test]
fn the_customer_is_the_best_key_for_a_shop_and_the_numbers_say_why() {
    let summary = run("shard-keys --set duration=3s", 0);
    let mean = |variant, metric_name| metric(&summary, variant, metric_name);
    let others = ["order_id", "product_id", "order_date", "region"];
    let busiest = |variant| mean(variant, "server.hottest_utilization");
    for other in others {
        assert!(busiest("customer_id") < 0.8 * busiest(other), "{other}: {}", busiest(other));
    }
    for other in ["order_id", "product_id", "order_date"] {
        let share = |variant| mean(variant, "queries.single_shard_fraction");
        assert!(share("customer_id") > share(other) + 0.2, "{other}: {}", share(other));
    }
    // Every server leads one shard and keeps no copies: what is measured of shards is what servers say of themselves.
    for variant in others.into_iter().chain(["customer_id"]) {
        // Servers count headers, heartbeats and what is still answered after the load, too.
        for (measure, tolerance) in [("operations", 0.02), ("bytes", 0.1), ("cpu", 0.05)] {
            let [shards, servers] = ["shard", "server"]
                .map(|level| metric(&summary, variant, &format!("{level}.{measure}.imbalance")));
            assert!((shards / servers - 1.0).abs() < tolerance, "{variant}: {measure}: {shards}, {servers}");
        }
        let (requests, fanout) = (mean(variant, "database.requests_per_op"), mean(variant, "fanout.mean"));
        assert!((requests / fanout - 1.0).abs() < 0.02, "{variant}: {requests}, {fanout}");
    }
    assert!(mean("region", "shard.cpu.imbalance") > 3.0);
}

#[test]
fn every_way_to_join_pays_somewhere() {
    let summary = run("cross-shard-joins --set duration=4s", 0);
    let mean = |variant, metric_name| metric(&summary, variant, metric_name);
    let p50 = |variant| mean(variant, "query.order-with-customer.p50_ms");
    for local in ["denormalised", "reference", "co-located"] {
        assert!(
            p50("application") > 1.3 * p50(local),
            "{local}: {} against {}",
            p50(local),
            p50("application")
        );
    }
    let written = |variant| mean(variant, "writes.amplification");
    assert_eq!((written("application"), written("co-located")), (1.0, 1.0));
    assert!(written("denormalised") > 2.0 && written("reference") > 2.0);
    assert_eq!(mean("denormalised", "query.customer-moves.fanout_mean"), 8.0);
    // Co-location is cheap for those who know the customer.
    assert_eq!(mean("co-located-blind", "query.order-with-customer.fanout_mean"), 8.0);
    let busiest = |variant| mean(variant, "server.hottest_utilization");
    assert!(busiest("co-located-blind") > 2.0 * busiest("application"));
}
