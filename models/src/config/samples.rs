//! A small valid configuration for unit tests to bend.

use shardlab_sim::Duration;

use crate::config::Config;
use crate::workload::{Arrivals, Keys, Mix, Workload};

/// Defaults, one workload of reads and updates, ten seconds.
pub(crate) fn config() -> Config {
    let seconds = |s: u64| Duration::from_ns(s * 1_000_000_000);
    Config {
        cluster: Default::default(),
        sharding: Default::default(),
        replication: Default::default(),
        transactions: Default::default(),
        tables: Vec::new(),
        workloads: vec![workload("main")],
        rebalancing: Default::default(),
        remedies: Default::default(),
        membership: Vec::new(),
        bugs: Vec::new(),
        duration: seconds(10),
        warmup: seconds(1),
        drain: seconds(5),
    }
}

/// Reads and updates, half and half, of a thousand keys by four clients.
pub(crate) fn workload(name: &str) -> Workload {
    Workload {
        name: name.into(),
        arrivals: Arrivals::Closed { clients: 4, think: Duration::ZERO },
        keys: Keys { count: 1_000, ..Keys::default() },
        mix: Mix { read: 0.5, update: 0.5, ..Mix::default() },
        queries: Vec::new(),
        start: Duration::ZERO,
        stop: None,
        surge: None,
        value_bytes: 100,
        timeout: Duration::from_ns(1_000_000_000),
        retries: 3,
        backoff: Duration::from_ns(20_000_000),
        region: None,
        balance: 100,
        transfer_keys: 2,
        transaction_steps: 4,
        overdraft: true,
        rollback: shardlab_sim::Share::ZERO,
    }
}
