//! The whole database on one core: 8 servers, 64 shards, 3 copies, quorum acknowledgements, YCSB-B, full history.
//!
//! Prints events and client operations a wall-clock second and bytes of history an operation, best of five.

#[expect(clippy::disallowed_types, reason = "a benchmark measures wall-clock time")]
use std::time::Instant;

use shardlab_consistency::Operation;
use shardlab_models::config::{Cluster, Config, Rebalancing, Replication, Sharding, Transactions, Workload};
use shardlab_models::replication::{Ack, Mode, Reads};
use shardlab_models::sharding::{Strategy, consistent_hash};
use shardlab_models::world::World;
use shardlab_sim::{Distribution, Duration};

fn config() -> Config {
    let workload = r#"{ "name": "ycsb-b", "arrivals": { "closed": { "clients": 400 } },
        "keys": { "count": 1000000, "distribution": { "zipfian": 0.99 } }, "mix": { "read": 0.95, "update": 0.05 } }"#;
    let workload: Workload = serde_json::from_str(workload).expect("the workload is well formed");
    let mut cluster = Cluster { servers: 8, cpu: 8, ..Cluster::default() };
    // Fast service, so that the simulated second holds many operations; the work for each is the same.
    cluster.service.read = Distribution::constant_ns(10_000);
    Config {
        cluster,
        sharding: Sharding {
            strategy: Strategy::ConsistentHash(consistent_hash::Spec {
                vnodes: 128,
                shards: Some(64),
                ..consistent_hash::Spec::default()
            }),
            ..Sharding::default()
        },
        replication: Replication {
            mode: Mode::Primary {
                replicas: 3,
                ack: Ack::Quorum,
                failover: Some(Duration::from_ns(3_000_000_000)),
            },
            reads: Reads::Lease,
        },
        transactions: Transactions::default(),
        tables: Vec::new(),
        workloads: vec![workload],
        rebalancing: Rebalancing::default(),
        remedies: Default::default(),
        membership: Vec::new(),
        bugs: Vec::new(),
        duration: Duration::from_ns(3_000_000_000),
        warmup: Duration::ZERO,
        drain: Duration::from_ns(100_000_000),
    }
}

#[expect(clippy::disallowed_types, reason = "a benchmark measures wall-clock time")]
fn main() {
    let config = config();
    let mut best: Option<(f64, u64, usize)> = None;
    for _ in 0..5 {
        let world = World::build(&config, Vec::new(), 1).expect("the configuration is possible");
        let began = Instant::now();
        let run = world.run(&mut |_| true).expect("nobody stops it");
        let wall_s = began.elapsed().as_secs_f64();
        if best.is_none_or(|(so_far, ..)| wall_s < so_far) {
            best = Some((wall_s, run.events_processed, run.history.operations.len()));
        }
    }
    let (wall_s, events, operations) = best.expect("five runs were made");
    println!("whole database, one thread: 8 servers, 64 shards, 3 copies, quorum, YCSB-B, full history");
    println!("  {:>6.2} M events/s", events as f64 / wall_s / 1e6);
    println!("  {:>6.2} M client operations/s", operations as f64 / wall_s / 1e6);
    println!("  {:>6.2} events an operation", events as f64 / operations as f64);
    println!("  {:>6} bytes of history an operation", size_of::<Operation>());
}
