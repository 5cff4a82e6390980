//! A crash and a cut at every step of a move, by every protocol: each strikes, and nothing that was acknowledged is lost.
//!
//! Random worlds (`moves.rs`) try more of everything; here no step can be left out unseen.

mod common;

use common::failures;
use shardlab_models::cluster;
use shardlab_models::config::{
    Cluster, Config, Membership, Rebalancing, Replication, Sharding, Transactions,
};
use shardlab_models::rebalancing::{MembershipChange, Protocol};
use shardlab_models::replication::{Ack, Mode, Reads};
use shardlab_models::world::{Layout, Run, World};
use shardlab_sim::{Action, Direction, Duration, Fault, InFlight, NodeId, SECOND, Size, Target, Trigger};

const SERVERS: u32 = 3;

/// The steps of every protocol, in order.
const STEPS: [&str; 9] = [
    "membership.taken",
    "move.snapshot",
    "move.catch-up",
    "move.sealed",
    "move.cut-over",
    "move.given",
    "move.owned",
    "move.published",
    "move.done",
];

/// What strikes when a step is reached.
const STRIKES: [&str; 6] = [
    "whoever takes it crashes",
    "the control plane crashes",
    "a source crashes",
    "the destination crashes",
    "the destination is cut off",
    "the control plane is cut off",
];

fn steps(protocol: Protocol) -> Vec<&'static str> {
    let own: &[&str] = match protocol {
        Protocol::Live => &["move.unsealed"],
        Protocol::StopTheWorld => &[],
        Protocol::DualWrite => &["move.second-write", "move.second-written", "move.verify", "move.repaired"],
    };
    STEPS.iter().chain(own).copied().collect()
}

/// Three servers with three copies of every shard; a fourth one comes.
fn config(protocol: Protocol) -> Config {
    let workload = r#"{ "name": "open", "arrivals": { "open": "400/s" }, "keys": { "count": 600 },
        "mix": { "read": 0.4, "update": 0.6 }, "timeout": "300ms", "retries": 20 }"#;
    let strategy = r#"{ "consistent-hash": { "vnodes": 32 } }"#;
    let come = MembershipChange::Add(1);
    Config {
        cluster: Cluster { servers: SERVERS, ..Cluster::default() },
        sharding: Sharding {
            strategy: serde_json::from_str(strategy).expect("the strategy is well formed"),
            ..Sharding::default()
        },
        replication: Replication {
            mode: Mode::Primary {
                replicas: SERVERS,
                ack: Ack::Quorum,
                failover: Some(Duration::from_ns(SECOND)),
            },
            reads: Reads::Lease,
        },
        transactions: Transactions::default(),
        tables: Vec::new(),
        workloads: vec![serde_json::from_str(workload).expect("the workload is well formed")],
        rebalancing: Rebalancing {
            protocol,
            grace: Duration::from_ns(SECOND / 4),
            chunk: Size(16_000),
            throttle: Size(400_000),
            concurrent: 2,
            seal_deadline: Duration::from_ns(SECOND / 4),
            balancer: None,
        },
        remedies: Default::default(),
        membership: vec![Membership {
            name: "fourth".into(),
            fault: 0,
            at: Duration::from_ns(SECOND / 2),
            change: come,
        }],
        bugs: Vec::new(),
        duration: Duration::from_ns(4 * SECOND),
        warmup: Duration::ZERO,
        drain: Duration::from_ns(10 * SECOND),
    }
}

fn fault(mark: &str, action: Action, lasts: u64) -> Fault {
    let trigger = Trigger::When { mark: mark.into(), nth: 1, not_before: 0 };
    Fault { name: format!("at {mark}"), trigger, duration: Some(lasts), action }
}

fn cut(from: NodeId, layout: &Layout) -> Action {
    let others = (0..layout.names.len() as u32).map(NodeId).filter(|&node| node != from);
    Action::Cut {
        from: Target::Nodes(vec![from]),
        to: Target::Nodes(others.collect()),
        direction: Direction::Both,
        in_flight: InFlight::Drop,
    }
}

fn strike(strike: &str, layout: &Layout) -> Action {
    let crash = |target| Action::Crash { target, keep_unsynced: false };
    let node = |node| Target::Nodes(vec![node]);
    let destination = layout.servers[SERVERS as usize];
    match strike {
        "whoever takes it crashes" => crash(Target::Marker),
        "the control plane crashes" => crash(node(layout.control_plane)),
        "a source crashes" => crash(node(layout.servers[0])),
        "the destination crashes" => crash(node(destination)),
        "the destination is cut off" => cut(destination, layout),
        _ => cut(layout.control_plane, layout),
    }
}

/// What has to go wrong before these steps are taken at all.
fn provocation(step: &str, layout: &Layout) -> Option<Fault> {
    let destination = layout.servers[SERVERS as usize];
    match step {
        // A seal is taken off when its deadline has passed without an answer.
        "move.unsealed" => Some(fault("move.sealed", cut(destination, layout), SECOND)),
        // A second write that is missed leaves a difference to be found.
        "move.repaired" => Some(fault("move.catch-up", cut(destination, layout), SECOND / 2)),
        _ => None,
    }
}

fn run(protocol: Protocol, step: &str, strike_of: &str) -> Run {
    let config = config(protocol);
    let layout = cluster::layout(&config);
    let mut faults: Vec<Fault> = provocation(step, &layout).into_iter().collect();
    faults.push(fault(step, strike(strike_of, &layout), SECOND / 2));
    World::build(&config, faults, 1)
        .expect("the configuration is possible")
        .run(&mut |_| true)
        .expect("nobody stops it")
}

/// Every step with every strike. What did not strike, or changed nothing, has tested nothing.
fn nothing_is_lost_at_any_step(protocol: Protocol) {
    let mut wrong = Vec::new();
    for step in steps(protocol) {
        for strike in STRIKES {
            let run = run(protocol, step, strike);
            let receipt = run.receipts.last().expect("there is a fault");
            if receipt.struck.is_none() || receipt.changed == 0 {
                wrong.push(format!("{step}, {strike}: {receipt:?}"));
            }
            let moved = run.rebalancing.moves.iter().map(|of| of.keys).sum::<u64>();
            if moved == 0 {
                wrong.push(format!("{step}, {strike}: nothing was moved"));
            }
            wrong.extend(failures(&run).into_iter().map(|failure| format!("{step}, {strike}: {failure}")));
        }
    }
    assert!(wrong.is_empty(), "{protocol:?}: {wrong:#?}");
}

#[test]
fn nothing_is_lost_at_any_step_of_a_live_move() {
    nothing_is_lost_at_any_step(Protocol::Live);
}

#[test]
fn nothing_is_lost_at_any_step_in_a_maintenance_window() {
    nothing_is_lost_at_any_step(Protocol::StopTheWorld);
}

#[test]
fn nothing_is_lost_at_any_step_of_dual_writes() {
    nothing_is_lost_at_any_step(Protocol::DualWrite);
}
