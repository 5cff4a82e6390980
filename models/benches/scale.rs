//! What size costs: events in worlds of 10, 100 and 1,000 servers, with three copies of every shard and 10⁸ keys.
//!
//! Two series. In the one everything stays as it is, 100,000 shards and their load, and lies on more and more servers: what
//! an event costs may not grow with the servers. In the other, shards and load grow with the servers, and an event's cost
//! grows as the world leaves the processor's caches, whose sizes decide by how much.
//!
//! Prints nanoseconds an event, the ratio of the largest world to the smallest, how long it takes to build a world and to
//! gather what a run leaves, and the most memory that the process has had. The worlds take turns in one process, so that
//! what else the machine does strikes them alike, and the best of each counts. Times are the processor's where the system
//! tells them (Linux), for long runs are interrupted more often than short ones; else the clock's.
//!
//! `cargo bench -p shardlab-models --bench scale -- memory` runs the largest alone, for three simulated seconds.

#![expect(clippy::disallowed_types, reason = "a benchmark measures wall-clock time")]

use std::time::Instant;

use shardlab_models::config::{Cluster, Config, Rebalancing, Replication, Sharding, Transactions, Workload};
use shardlab_models::world::World;
use shardlab_sim::{Distribution, Duration};

const KEYS: u64 = 100_000_000;
const MILLISECOND: u64 = 1_000_000;

/// How large a world is.
#[derive(Clone, Copy, Debug)]
struct Size {
    servers: u32,
    shards: u32,
    operations_per_s: u32,
}

impl Size {
    /// 100,000 shards and 100,000 operations a second on so many servers.
    const fn spread(servers: u32) -> Self {
        Self { servers, shards: 100_000, operations_per_s: 100_000 }
    }

    /// 100 shards and 1,000 operations a second for each server.
    const fn grown(servers: u32) -> Self {
        Self { servers, shards: 100 * servers, operations_per_s: 1_000 * servers }
    }
}

fn config(size: Size, duration_ms: u64) -> Config {
    let Size { servers, shards, operations_per_s: rate } = size;
    let workload = format!(
        r#"{{ "name": "ycsb-b", "arrivals": {{ "open": "{rate}/s" }}, "mix": {{ "read": 0.95, "update": 0.05 }},
            "keys": {{ "count": {KEYS}, "distribution": "uniform" }} }}"#
    );
    let workload: Workload = serde_json::from_str(&workload).expect("the workload is well formed");
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
        // Long enough for ten servers to take a probe of every shard.
        drain: Duration::from_ns(2_000 * MILLISECOND),
    }
}

/// One run, from nothing to what it leaves.
#[derive(Clone, Copy, Debug)]
struct Measured {
    build_s: f64,
    run_s: f64,
    /// Evidence and measures, once everything has happened.
    gather_s: f64,
    events: u64,
    operations: usize,
}

impl Measured {
    fn ns_an_event(&self) -> f64 {
        self.run_s * 1e9 / self.events as f64
    }
}

/// A point of time: what has kept this thread's processor busy, and what the clock says, in seconds.
#[derive(Clone, Copy, Debug)]
struct Point {
    processor_s: Option<f64>,
    clock: Instant,
}

impl Point {
    fn now() -> Self {
        Self { processor_s: processor_s(), clock: Instant::now() }
    }

    fn until(self, later: Self) -> f64 {
        let busy = later.processor_s.zip(self.processor_s).map(|(later, earlier)| later - earlier);
        busy.unwrap_or_else(|| later.clock.duration_since(self.clock).as_secs_f64())
    }
}

/// Seconds that this thread has had a processor (Linux, `Documentation/scheduler/sched-stats`).
fn processor_s() -> Option<f64> {
    let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let ns: f64 = statistics.split_whitespace().next()?.parse().ok()?;
    Some(ns / 1e9)
}

fn measure(config: &Config) -> Measured {
    let end = config.duration.as_ns() + config.drain.as_ns();
    let began = Point::now();
    let world = World::build(config, Vec::new(), 1).expect("the configuration is possible");
    let built = Point::now();
    let mut over = built;
    let run = world.run(&mut |now| {
        if now == end {
            over = Point::now();
        }
        true
    });
    let run = run.expect("nobody stops it");
    let (build_s, run_s, gather_s) = (began.until(built), built.until(over), over.until(Point::now()));
    assert!(run.evidence.probes.iter().all(|probe| probe.acknowledged.is_some()), "every shard takes writes");
    let (events, operations) = (run.events_processed, run.history.operations.len());
    Measured { build_s, run_s, gather_s, events, operations }
}

/// The most memory that this process has had resident, in MiB, where the system tells.
fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib / 1024.0)
}

fn print(size: Size, measured: &Measured) {
    println!(
        "  {:>5} servers, {:>6} shards: {:>6.1} ns an event, {:>9} events, {:>8} operations; \
         built in {:.3} s, gathered in {:.3} s",
        size.servers,
        size.shards,
        measured.ns_an_event(),
        measured.events,
        measured.operations,
        measured.build_s,
        measured.gather_s,
    );
}

fn print_peak() {
    match peak_mib() {
        Some(mib) => println!("  at most {mib:.0} MiB resident"),
        None => println!("  the system does not tell how much memory was resident"),
    }
}

/// The largest world by itself, so that the memory is its own.
fn memory() {
    println!("the largest world alone: 100,000 operations/s for 3 simulated seconds, full history");
    let size = Size::spread(1_000);
    let measured = measure(&config(size, 3_000));
    print(size, &measured);
    println!("  ran in {:.2} s", measured.run_s);
    print_peak();
}

/// Measures each of these worlds, so many runs a round: the small ones are short.
fn series(title: &str, worlds: [(Size, usize); 3]) {
    println!("{title}, 3 copies, quorum, YCSB-B, 10⁸ keys, one thread");
    let mut best: [Option<Measured>; 3] = [None; 3];
    for _ in 0..3 {
        for ((size, runs), best) in worlds.into_iter().zip(&mut best) {
            let config = config(size, 1_000);
            let runs = (0..runs).map(|_| measure(&config));
            let measured = best.take().into_iter().chain(runs).min_by(|a, b| a.run_s.total_cmp(&b.run_s));
            *best = measured;
        }
    }
    let best = best.map(|best| best.expect("every world was run"));
    worlds.iter().zip(&best).for_each(|((size, _), measured)| print(*size, measured));
    let ratio = best[2].ns_an_event() / best[0].ns_an_event();
    println!("  {ratio:>5.2} × the cost of an event from 10 to 1,000 servers");
}

fn main() {
    if std::env::args().any(|argument| argument == "memory") {
        return memory();
    }
    let spread = [10, 100, 1_000].map(|servers| (Size::spread(servers), 1));
    series("100,000 shards and 100,000 operations/s", spread);
    let grown = [(10, 20), (100, 4), (1_000, 1)].map(|(servers, runs)| (Size::grown(servers), runs));
    series("100 shards and 1,000 operations/s a server", grown);
    print_peak();
}
