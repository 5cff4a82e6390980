//! What two-phase commit with presumed abort costs, counted by the simulator and held against the published table.
//!
//! Source: Lampson & Lomet, *A new presumed commit optimization for two phase commit*, VLDB 1993, table of presumed
//! abort; Mohan, Lindsay & Obermarck 1986. With N participants and a coordinator of its own: a commit costs 4N
//! messages and 1 + 2N forced writes; an abort after N yes votes costs 3N messages and N forced writes.

use shardlab_models::config::{Cluster, Config, Rebalancing, Replication, Sharding, Transactions, Workload};
use shardlab_models::world::{Run, World};
use shardlab_sim::{Duration, Share};

fn run(participants: u32, rollback: bool) -> Run {
    let bank = format!(
        r#"{{ "name": "bank", "arrivals": {{ "closed": {{ "clients": 1 }} }}, "keys": {{ "count": {participants} }},
             "mix": {{ "transfer": 1.0 }}, "transfer-keys": {participants} }}"#
    );
    let mut workload: Workload = serde_json::from_str(&bank).expect("the workload is well formed");
    workload.rollback = if rollback { Share::ONE } else { Share::ZERO };
    let config = Config {
        // One shard on each server, one copy of each: key k lives in shard k.
        cluster: Cluster { servers: participants, ..Cluster::default() },
        sharding: Sharding::default(),
        replication: Replication::default(),
        transactions: Transactions::default(),
        tables: Vec::new(),
        workloads: vec![workload],
        rebalancing: Rebalancing::default(),
        remedies: Default::default(),
        membership: Vec::new(),
        bugs: Vec::new(),
        duration: Duration::from_ns(2_000_000_000),
        warmup: Duration::ZERO,
        drain: Duration::from_ns(2_000_000_000),
    };
    let world = World::build(&config, Vec::new(), 1).expect("the configuration is possible");
    world.run(&mut |_| true).expect("nobody stops it")
}

#[test]
fn a_commit_costs_what_presumed_abort_says() {
    for participants in 2..=5 {
        let costs = run(participants, false).transactions;
        let (n, count) = (u64::from(participants), costs.committed);
        assert!(count > 100 && costs.aborted == 0, "{costs:?}");
        assert_eq!(costs.messages, count * 4 * n, "messages of {count} commits with {n} participants");
        assert_eq!(
            costs.forced_writes,
            count * (1 + 2 * n),
            "forced writes of {count} commits with {n} participants"
        );
    }
}

#[test]
fn an_abort_after_all_votes_costs_what_presumed_abort_says() {
    for participants in 2..=5 {
        let costs = run(participants, true).transactions;
        let (n, count) = (u64::from(participants), costs.aborted);
        assert!(count > 100 && costs.committed == 0, "{costs:?}");
        assert_eq!(costs.messages, count * 3 * n, "messages of {count} aborts with {n} participants");
        assert_eq!(costs.forced_writes, count * n, "forced writes of {count} aborts with {n} participants");
    }
}
