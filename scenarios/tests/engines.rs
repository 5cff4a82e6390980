//! The library on both engines: the same report and the same history; and with simultaneous events in random order
//! the same verdicts.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

use shardlab_scenarios::library::LIBRARY;
use shardlab_scenarios::tables::{RunReport, VerdictKind};
use shardlab_scenarios::{Engine, Outcome, Plan, RunOptions, load, run_all};

const SEEDS: std::ops::Range<u64> = 0..20;

/// What makes a scenario small enough that 20 seeds of all take less than a minute; others run as they are.
fn smaller(name: &str) -> &'static [&'static str] {
    match name {
        "flash-sale" => &[
            "duration=5s",
            "warmup=1s",
            "drain=2s",
            "workload.checkout.arrivals.open=300/s",
            "workload.checkout.keys.count=20000",
            "workload.checkout.surge.at=2s",
            "fault.ninth-server.at=3s",
        ],
        "partition" => &[
            "duration=8s",
            "drain=3s",
            "workload.register.arrivals.open=60/s",
            "fault.partition.at=3s",
            "fault.partition.for=4s",
        ],
        "transfer" => &[
            "duration=5s",
            "drain=4s",
            "workload.bank.arrivals.closed.clients=6",
            "fault.coordinator-crash.nth=50",
            "fault.coordinator-crash.crash.restart=2s",
        ],
        "active-active" => &["duration=6s", "drain=4s", "fault.partition.at=2s", "fault.partition.for=2s"],
        "add-a-server" => &[
            "duration=4s",
            "warmup=1s",
            "drain=3s",
            "workload.customers.arrivals.open=300/s",
            "workload.customers.keys.count=20000",
            "fault.fifth-server.at=2s",
        ],
        "events-by-day" => &[
            "duration=3s",
            "warmup=1s",
            "drain=3s",
            "workload.events.arrivals.open=400/s",
            "table.events.rows=9000",
        ],
        "monotonic-key" => &[
            "duration=6s",
            "warmup=1s",
            "drain=3s",
            "workload.orders.arrivals.open=1000/s",
            "workload.orders.keys.count=2000",
        ],
        "single-to-four-shards" => &[
            "duration=5s",
            "warmup=1s",
            "drain=3s",
            "workload.orders.arrivals.open=300/s",
            "workload.orders.keys.count=20000",
            "fault.three-servers.at=2s",
        ],
        "sharding-strategies" => &[
            "duration=4s",
            "warmup=1s",
            "drain=3s",
            "workload.customers.arrivals.open=100/s",
            "workload.customers.keys.count=2000",
            "fault.fifth-server.at=2s",
        ],
        "shard-keys" => &["duration=2s", "drain=2s", "workload.shop.arrivals.open=200/s"],
        "cross-shard-joins" => &["duration=3s", "drain=2s", "workload.desk.arrivals.open=100/s"],
        "directory-outage" => &[
            "duration=5s",
            "warmup=1s",
            "drain=3s",
            "workload.customers.arrivals.open=60/s",
            "fault.outage.at=2s",
            "fault.outage.crash.restart=2s",
        ],
        "geo-residency" => &[
            "duration=3s",
            "warmup=1s",
            "drain=3s",
            "workload.us-at-home.arrivals.open=60/s",
            "workload.eu-at-home.arrivals.open=60/s",
        ],
        // The tenants are moved out in the middle.
        "big-tenants" => &[
            "duration=8s",
            "warmup=1s",
            "drain=4s",
            "workload.whale.arrivals.open=20/s",
            "workload.small.arrivals.open=30/s",
        ],
        "celebrity" => &["duration=7s", "warmup=1s", "drain=2s", "workload.fans.arrivals.open=30/s"],
        "thrashing-balancer" => &[
            "duration=6s",
            "warmup=1s",
            "drain=2s",
            "workload.evenings.arrivals.open=150/s",
            "workload.capital.arrivals.open=40/s",
            "workload.second-city.arrivals.open=40/s",
        ],
        "lose-a-server" => &[
            "duration=4s",
            "warmup=1s",
            "drain=3s",
            "workload.customers.arrivals.open=100/s",
            "workload.customers.keys.count=10000",
            "fault.burnt-down.at=2s",
        ],
        "over-sharding" => &[
            "duration=4s",
            "warmup=1s",
            "drain=4s",
            "workload.customers.arrivals.open=60/s",
            "fault.failed.at=2s",
            "fault.failed.for=1s",
        ],
        "list-append" => &[
            "duration=4s",
            "drain=3s",
            "workload.lists.arrivals.closed.clients=4",
            "fault.cut.at=2s",
            "fault.cut.for=1s",
        ],
        "rw-register" => &[
            "duration=4s",
            "drain=3s",
            "workload.registers.arrivals.closed.clients=4",
            "fault.first.at=2s",
            "fault.first.crash.restart=1s",
            "fault.second.at=3s",
        ],
        "register" => &[
            "duration=4s",
            "drain=3s",
            "workload.register.arrivals.closed.clients=4",
            "fault.cut.at=2s",
            "fault.cut.for=1s",
        ],
        "long-fork" => &[
            "duration=4s",
            "drain=3s",
            "workload.readers.arrivals.closed.clients=4",
            "fault.pause.at=2s",
            "fault.pause.for=1s",
        ],
        "set" | "counter" | "unique-ids" => {
            &["duration=4s", "drain=3s", "fault.cut.at=2s", "fault.cut.for=1s"]
        }
        "negative/ack-before-replication"
        | "negative/ack-before-sync"
        | "negative/appoint-any-log"
        | "negative/fail-on-timeout"
        | "negative/no-fencing"
        | "negative/swap-applies" => &["drain=3s", "workload.register.arrivals.open=80/s"],
        "negative/order-once" | "negative/silent-restart" => {
            &["drain=4s", "workload.register.arrivals.open=80/s"]
        }
        "negative/never-inquire" | "negative/unilateral-abort" => {
            &["drain=3s", "workload.bank.arrivals.closed.clients=3"]
        }
        "negative/ignore-lease" => {
            &["drain=3s", "workload.readers.arrivals.open=50/s", "workload.writers.arrivals.open=50/s"]
        }
        _ => &[],
    }
}

fn plan(name: &str) -> Plan {
    let changes: Vec<String> = smaller(name).iter().map(|change| (*change).to_owned()).collect();
    load(name, &changes).unwrap_or_else(|error| panic!("{error}"))
}

fn run(plan: &Plan, seed: u64, engine: Engine) -> Outcome {
    let options = RunOptions { seed: Some(seed), seeds: Some(1), jobs: NonZeroUsize::MIN, engine };
    run_all(plan, &options, &|_| (), &AtomicBool::new(false)).unwrap_or_else(|error| panic!("{error}"))
}

/// The report without the engine's name.
fn words(mut report: RunReport) -> String {
    report.engine.clear();
    report.replay.clear();
    serde_json::to_string(&report).expect("a report is rows")
}

fn agree(name: &str) {
    let plan = plan(name);
    for seed in SEEDS {
        let (native, madsim) = (run(&plan, seed, Engine::Native), run(&plan, seed, Engine::Madsim));
        assert_eq!(native.report.fingerprint, madsim.report.fingerprint, "{name}, seed {seed}");
        assert_eq!(native.histories, madsim.histories, "{name}, seed {seed}");
        assert_eq!(words(native.report), words(madsim.report), "{name}, seed {seed}");
    }
}

/// Of the library, every second one: two tests keep two cores busy.
fn every_second(first: usize) {
    LIBRARY.iter().skip(first).step_by(2).for_each(|entry| agree(entry.name));
}

#[test]
fn both_engines_agree_on_one_half_of_the_library() {
    every_second(0);
}

#[test]
fn both_engines_agree_on_the_other_half_of_the_library() {
    every_second(1);
}

#[test]
fn the_order_of_simultaneous_events_changes_no_verdict_of_a_healthy_protocol() {
    for name in ["flash-sale", "partition", "transfer", "rw-register"] {
        let plan = plan(name);
        for seed in 0..5 {
            let (native, shuffled) = (run(&plan, seed, Engine::Native), run(&plan, seed, Engine::Shuffled));
            assert_ne!(
                native.report.fingerprint, shuffled.report.fingerprint,
                "{name}: nothing was shuffled"
            );
            for (lawful, shuffled) in native.report.variants.iter().zip(&shuffled.report.variants) {
                for (lawful, shuffled) in lawful.verdicts.iter().zip(&shuffled.verdicts) {
                    assert_ne!(
                        shuffled.verdict,
                        Some(VerdictKind::Fail),
                        "{name}, seed {seed}: {shuffled:?}"
                    );
                    assert_eq!(lawful.verdict, shuffled.verdict, "{name}, seed {seed}: {shuffled:?}");
                }
            }
        }
    }
}
