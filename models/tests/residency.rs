//! Rows stay where they may be when a lost server's copies are made anew, and a control plane that ignores the rule is
//! seen to.

use shardlab_consistency::{Case, Verdict, judge};
use shardlab_models::config::{
    Bug, Cluster, Config, Membership, Rebalancing, Replication, Sharding, Transactions,
};
use shardlab_models::rebalancing::MembershipChange;
use shardlab_models::replication::{Ack, Mode, Reads};
use shardlab_models::residency::{Home, Residency};
use shardlab_models::sharding::{Strategy, geographic};
use shardlab_models::world::{Run, World};
use shardlab_sim::{Duration, SECOND, Share};

/// Servers 0, 2 and 4 are in America, 1, 3 and 5 in Europe, where server 1 is lost.
fn run(bugs: Vec<Bug>, seed: u64) -> Run {
    let names = ["us-east-1", "eu-west-1"].map(String::from);
    let half = Share::from_ppb(Share::ONE.as_ppb() / 2).expect("no more than all");
    let home = |region: &String| Home { region: region.clone(), share: half };
    let europe = names[1].clone();
    let residency = Residency {
        keys: 200,
        homes: names.iter().map(home).collect(),
        allowed: [(europe.clone(), vec![europe])].into(),
    };
    let workload = r#"{ "name": "open", "arrivals": { "open": "200/s" }, "keys": { "count": 200 },
        "mix": { "read": 0.5, "update": 0.5 }, "retries": 20 }"#;
    let config = Config {
        cluster: Cluster { servers: 6, regions: names.to_vec(), ..Cluster::default() },
        sharding: Sharding {
            strategy: Strategy::Geographic(geographic::Spec { shards: 3, ..geographic::Spec::default() }),
            residency: Some(residency),
            ..Sharding::default()
        },
        replication: Replication {
            mode: Mode::Primary { replicas: 2, ack: Ack::Quorum, failover: Some(Duration::from_ns(SECOND)) },
            reads: Reads::Lease,
        },
        transactions: Transactions::default(),
        tables: Vec::new(),
        workloads: vec![serde_json::from_str(workload).expect("the workload is well formed")],
        rebalancing: Rebalancing { concurrent: 3, ..Rebalancing::default() },
        remedies: Default::default(),
        membership: vec![Membership {
            name: "loss".into(),
            fault: 0,
            at: Duration::from_ns(SECOND),
            change: MembershipChange::Lose(1),
        }],
        bugs,
        duration: Duration::from_ns(4 * SECOND),
        warmup: Duration::ZERO,
        drain: Duration::from_ns(16 * SECOND),
    };
    let world = World::build(&config, Vec::new(), seed).expect("the configuration is possible");
    world.run(&mut |_| true).expect("nobody stops it")
}

/// Copies that servers were given during the run.
fn given(run: &Run) -> usize {
    let held = &run.evidence.residency.as_ref().expect("rows belong to regions").held;
    held.iter().filter(|held| held.since > 0).count()
}

fn violations(run: &Run) -> Vec<String> {
    let judgements = judge(&Case::new(&run.history, &run.evidence), run.promises);
    let failed = judgements.iter().filter_map(|judgement| match judgement.verdict() {
        Some(Verdict::Fail(witness)) => Some(format!("{}: {witness}", judgement.judge)),
        _ => None,
    });
    failed.collect()
}

#[test]
fn copies_of_a_lost_server_are_made_anew_where_they_may_be() {
    for seed in 1..=5 {
        let run = run(Vec::new(), seed);
        assert!(given(&run) > 0, "the lost copies are made anew");
        assert_eq!(violations(&run), [""; 0]);
    }
}

#[test]
fn a_control_plane_that_ignores_the_rule_is_seen() {
    for seed in 1..=5 {
        let told = violations(&run(vec![Bug::IgnoreResidency], seed));
        assert!(told.iter().any(|told| told.starts_with("residency: residency-violation")), "{told:?}");
    }
}
