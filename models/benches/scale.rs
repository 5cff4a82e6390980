//! What size costs: the same load for each server on 10, 100 and 1,000 servers, 100 shards each, three copies, 10⁸ keys.
//!
//! Prints nanoseconds an event, the ratio of the largest world to the smallest, the time that a world takes to build,
//! and the most memory that the process has had, which is the largest world's. The worlds take turns in one process, so
//! that what else the machine does strikes them alike, and the best of each counts.
//!
//! `cargo bench -p shardlab-models --bench scale -- memory` runs the largest alone, for three simulated seconds.

#[expect(clippy::disallowed_types, reason = "a benchmark measures wall-clock time")]
use std::time::Instant;

use shardlab_models::config::{Cluster, Config, Rebalancing, Replication, Sharding, Transactions, Workload};
use shardlab_models::world::World;
use shardlab_sim::{Distribution, Duration};

const KEYS: u64 = 100_000_000;
const SHARDS_A_SERVER: u32 = 100;
const MILLISECOND: u64 = 1_000_000;

/// The same for each server, however many there are.
fn config(servers: u32, operations_per_s: u32, duration_ms: u64) -> Config {
    let rate = servers * operations_per_s;
    let workload = format!(
        r#"{{ "name": "ycsb-b", "arrivals": {{ "open": "{rate}/s" }}, "mix": {{ "read": 0.95, "update": 0.05 }},
            "keys": {{ "count": {KEYS}, "distribution": "uniform" }} }}"#
    );
    let workload: Workload = serde_json::from_str(&workload).expect("the workload is well formed");
    let shards = servers * SHARDS_A_SERVER;
    let sharding = format!(r#"{{ "strategy": {{ "modulo": {{ "shards": {shards} }} }} }}"#);
    let sharding: Sharding = serde_json::from_str(&sharding).expect("the strategy is well formed");
    let replication = r#"{ "mode": { "primary": { "replicas": 3, "failover": "3s" } } }"#;
    let replication: Replication = serde_json::from_str(replication).expect("the mode is well formed");
    let mut cluster = Cluster { servers, ..Cluster::default() };
    cluster.service.read = Distribution::constant_ns(20_000);
    Config {
        cluster,
        sharding,
        replication,
        transactions: Transactions::default(),
        tables: Vec::new(),
        workloads: vec![workload],
        rebalancing: Rebalancing::default(),
        remedies: Default::default(),
        membership: Vec::new(),
        bugs: Vec::new(),
        duration: Duration::from_ns(duration_ms * MILLISECOND),
        warmup: Duration::ZERO,
        drain: Duration::from_ns(500 * MILLISECOND),
    }
}

/// One run, from nothing to what it leaves.
#[derive(Clone, Copy, Debug)]
struct Measured {
    build_s: f64,
    run_s: f64,
    events: u64,
    operations: usize,
}

impl Measured {
    fn ns_an_event(&self) -> f64 {
        self.run_s * 1e9 / self.events as f64
    }
}

#[expect(clippy::disallowed_types, reason = "a benchmark measures wall-clock time")]
fn measure(config: &Config) -> Measured {
    let began = Instant::now();
    let world = World::build(config, Vec::new(), 1).expect("the configuration is possible");
    let build_s = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let run = world.run(&mut |_| true).expect("nobody stops it");
    let run_s = began.elapsed().as_secs_f64();
    assert!(run.evidence.probes.iter().all(|probe| probe.acknowledged.is_some()), "every shard takes writes");
    Measured { build_s, run_s, events: run.events_processed, operations: run.history.operations.len() }
}

/// The most memory that this process has had resident, in MiB, where the system tells.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib / 1024.0)
}

fn print(servers: u32, measured: &Measured) {
    println!(
        "  {servers:>5} servers, {:>6} shards: {:>6.1} ns an event, {:>9} events, {:>8} operations, built in {:.3} s",
        servers * SHARDS_A_SERVER,
        measured.ns_an_event(),
        measured.events,
        measured.operations,
        measured.build_s,
    );
}

fn print_peak() {
    match peak_mib() {
        Some(mib) => println!("  at most {mib:.0} MiB resident"),
        None => println!("  the system does not tell how much memory was resident"),
    }
}

/// The bound of 8 GiB: 100,000 shards on 1,000 servers, 10⁸ keys, 100,000 operations a second.
fn memory() {
    println!("the largest world alone: 100,000 operations/s for 3 simulated seconds, full history");
    let measured = measure(&config(1_000, 100, 3_000));
    print(1_000, &measured);
    println!("  ran in {:.2} s", measured.run_s);
    print_peak();
}

fn main() {
    if std::env::args().any(|argument| argument == "memory") {
        return memory();
    }
    /// Servers, and runs a round: the small ones are short.
    const WORLDS: [(u32, usize); 3] = [(10, 20), (100, 4), (1_000, 1)];
    println!(
        "one thread: 1,000 operations/s a server, 100 shards a server, 3 copies, quorum, YCSB-B, 10⁸ keys"
    );
    let mut best: [Option<Measured>; WORLDS.len()] = [None; WORLDS.len()];
    for _ in 0..3 {
        for ((servers, runs), best) in WORLDS.into_iter().zip(&mut best) {
            let config = config(servers, 1_000, 1_000);
            let runs = (0..runs).map(|_| measure(&config));
            let measured = best.take().into_iter().chain(runs).min_by(|a, b| a.run_s.total_cmp(&b.run_s));
            *best = measured;
        }
    }
    let best = best.map(|best| best.expect("every world was run"));
    WORLDS.iter().zip(&best).for_each(|((servers, _), measured)| print(*servers, measured));
    println!(
        "  {:>5.2} × the cost of an event from 10 to 1,000 servers",
        best[2].ns_an_event() / best[0].ns_an_event()
    );
    print_peak();
}
