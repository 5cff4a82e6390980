//! What a large world keeps grows with the copies that it hosts and with what happens in it: not with shards times
//! servers, nor with keys, of which only those that were written are stored.
//!
//! Counted are the bytes that are allocated at the same time, and events: both are the same in every run.

// A global allocator is an unsafe trait; this one only counts and hands on to the system's.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use shardlab_models::config::{Cluster, Config, Rebalancing, Replication, Sharding, Transactions, Workload};
use shardlab_models::world::World;
use shardlab_sim::Duration;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

fn count(bytes: usize) {
    MOST.fetch_max(LIVE.fetch_add(bytes, Ordering::Relaxed) + bytes, Ordering::Relaxed);
}

unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// A tenth of the largest world that the benchmark measures, with as many shards and operations for each server.
fn config(shards: u32, servers: u32, keys: u64) -> Config {
    let workload = format!(
        r#"{{ "name": "ycsb-b", "arrivals": {{ "open": "10000/s" }}, "mix": {{ "read": 0.95, "update": 0.05 }},
            "keys": {{ "count": {keys}, "distribution": "uniform" }} }}"#
    );
    let workload: Workload = serde_json::from_str(&workload).expect("the workload is well formed");
    let sharding = format!(r#"{{ "strategy": {{ "modulo": {{ "shards": {shards} }} }} }}"#);
    let sharding: Sharding = serde_json::from_str(&sharding).expect("the strategy is well formed");
    let replication = r#"{ "mode": { "primary": { "replicas": 3, "failover": "3s" } } }"#;
    let replication: Replication = serde_json::from_str(replication).expect("the mode is well formed");
    Config {
        cluster: Cluster { servers, ..Cluster::default() },
        sharding,
        replication,
        transactions: Transactions::default(),
        tables: Vec::new(),
        remedies: Default::default(),
        workloads: vec![workload],
        rebalancing: Rebalancing::default(),
        membership: Vec::new(),
        bugs: Vec::new(),
        duration: Duration::from_ns(1_000_000_000),
        warmup: Duration::ZERO,
        drain: Duration::from_ns(1_000_000_000),
    }
}

/// The most bytes that were allocated at a time while such a world was built, ran and was gathered, and its events.
fn cost(shards: u32, servers: u32, keys: u64) -> (usize, u64) {
    let before = LIVE.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let world =
        World::build(&config(shards, servers, keys), Vec::new(), 1).expect("the configuration is possible");
    let run = world.run(&mut |_| true).expect("nobody stops it");
    assert!(run.evidence.probes.iter().all(|probe| probe.acknowledged.is_some()), "every shard takes writes");
    (MOST.load(Ordering::Relaxed) - before, run.events_processed)
}

#[test]
fn a_large_world_costs_what_it_hosts_and_what_happens() {
    const COPIES: usize = 3;
    let (bytes, events) = cost(10_000, 100, 10_000_000);
    let by_copy = bytes / (COPIES * 10_000);
    assert!(by_copy < 3_072, "{by_copy} bytes a copy");

    let (few_keys, _) = cost(10_000, 100, 100_000);
    assert!(bytes < few_keys + few_keys / 10, "{bytes} bytes with 10⁷ keys, {few_keys} with 10⁵");

    // Ten times the servers: what is for pairs of them, or for each of them and each shard, would show.
    let (more_servers, more_events) = cost(10_000, 1_000, 10_000_000);
    let by_server = more_servers.saturating_sub(bytes) / 900;
    assert!(by_server < 49_152, "{by_server} bytes a further server");
    let events_by_server = more_events.saturating_sub(events) / 900;
    // In two seconds: forty ticks, a few heartbeats with their answers, two inquiries, and syncs that fewer share.
    assert!(events_by_server < 90, "{events_by_server} events a further server");
    println!(
        "{by_copy} bytes a copy, {by_server} bytes and {events_by_server} events a further server, {events} events"
    );
}
