//! What it costs to find a key's shard: `cargo bench -p shardlab-models --bench routing`.
//!
//! Each strategy routes the same keys in turn with a plain binary search over as many points as it has, in many short
//! rounds. Printed is the best round of each in nanoseconds a key, and the ratio of the two: whatever else the machine
//! does can only make a round longer, and some of those that last a few milliseconds are left alone.

// A benchmark looks at the real clock.
#![allow(clippy::disallowed_types)]

use std::hint::black_box;
use std::time::Instant;

use shardlab_models::hash::mix;
use shardlab_models::sharding::{Partitioner, Shards, Strategy};

/// Rounds of each.
const ROUNDS: usize = 60;
/// Keys a round: a few milliseconds.
const KEYS: u64 = 100_000;
/// Servers, each with a shard.
const SERVERS: u32 = 100;

fn main() {
    println!(
        "{:<40} {:>8} {:>8} {:>10} {:>8} {:>8}",
        "100 servers, ns a key", "routing", "points", "search", "ratio", "goal"
    );
    let cases: [(&str, &str, usize, Option<f64>); 12] = [
        ("ring, 100 virtual nodes each", r#"{ "consistent-hash": { "vnodes": 100 } }"#, 10_000, Some(25.0)),
        ("jump", r#"{ "jump": {} }"#, 100, Some(50.0)),
        ("maglev, 65,537 entries", r#"{ "maglev": {} }"#, 65_537, Some(5.0)),
        ("modulo", r#"{ "modulo": {} }"#, 100, None),
        ("modulo of murmur3", r#"{ "modulo": { "hash": "murmur3" } }"#, 100, None),
        (
            "bounded-load ring, 4,096 partitions",
            r#"{ "bounded-load": { "vnodes": 100, "slack": "25%" } }"#,
            4_096,
            None,
        ),
        ("rendezvous", r#"{ "rendezvous": {} }"#, 100, None),
        ("rendezvous, weighted", r#"{ "rendezvous": { "weights": [2] } }"#, 100, None),
        ("multi-probe, 21 probes", r#"{ "multi-probe": {} }"#, 100, None),
        ("slots, CRC-16", r#"{ "slots": {} }"#, 16_384, None),
        ("slots, mix", r#"{ "slots": { "hash": "mix" } }"#, 16_384, None),
        (
            "key ranges, mix, 4",
            r#"{ "key-ranges": { "shards": ["-40", "40-80", "80-c0", "c0-"], "hash": "mix" } }"#,
            4,
            None,
        ),
    ];
    for (name, text, points, goal) in cases {
        let strategy: Strategy = serde_json::from_str(text).expect("the strategy is well formed");
        compare(name, &strategy.partitioner(SERVERS, 0), points, goal);
    }
    println!("\n{:<40} {:>8}", "hash functions, ns a key", "");
    for hash in ["mix", "murmur3", "xxhash64", "crc16", "sha-256", "md5", "vitess"] {
        let text = format!(r#"{{ "modulo": {{ "shards": 1, "hash": "{hash}" }} }}"#);
        let strategy: Strategy = serde_json::from_str(&text).expect("the strategy is well formed");
        let partitioner = strategy.partitioner(1, 0);
        println!("{hash:<40} {:>8.1}", best((0..ROUNDS).map(|_| route(&partitioner))));
    }
}

fn compare(name: &str, partitioner: &Partitioner, points: usize, goal: Option<f64>) {
    let mut sorted: Vec<u64> = (0..points as u64).map(mix).collect();
    sorted.sort_unstable();
    let rounds: Vec<(f64, f64)> = (0..ROUNDS).map(|_| (route(partitioner), search(&sorted))).collect();
    let routing = best(rounds.iter().map(|round| round.0));
    let plain = best(rounds.iter().map(|round| round.1));
    let ratio = routing / plain;
    let goal = goal.map_or_else(String::new, |goal| format!("{goal:.0}"));
    println!("{name:<40} {routing:>8.1} {points:>8} {plain:>10.1} {ratio:>8.2} {goal:>8}");
}

/// Nanoseconds a key. The numbers of keys that are asked for are spread, so that no table is read in order.
fn route(partitioner: &Partitioner) -> f64 {
    timed(|key| u64::from(partitioner.shard_of(key).0))
}

/// The same for a binary search for the key's hash.
fn search(points: &[u64]) -> f64 {
    timed(|key| points.partition_point(|&point| point < mix(key)) as u64)
}

fn timed(place: impl Fn(u64) -> u64) -> f64 {
    let began = Instant::now();
    let sum =
        (0..KEYS).fold(0, |sum: u64, key| sum.wrapping_add(place(black_box(key.wrapping_mul(0x9e37_79b9)))));
    black_box(sum);
    began.elapsed().as_secs_f64() * 1e9 / KEYS as f64
}

fn best(rounds: impl Iterator<Item = f64>) -> f64 {
    rounds.fold(f64::INFINITY, f64::min)
}
