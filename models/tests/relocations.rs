//! Copies move between servers, and servers are lost for ever, while faults strike at every step: nothing that was
//! acknowledged is lost, and every command is carried out.

mod common;

use common::{failures, setting};
use shardlab_models::cluster;
use shardlab_models::config::{
    Bug, Cluster, Config, Membership, Rebalancing, Replication, Sharding, Transactions, Workload,
};
use shardlab_models::rebalancing::{Balancer, By, MembershipChange, Protocol};
use shardlab_models::replication::{Ack, Mode, Reads};
use shardlab_models::sharding::{Strategy, consistent_hash, modulo};
use shardlab_models::world::{Run, World};
use shardlab_sim::{
    Action, Direction, Duration, Fault, InFlight, NodeId, Random, SECOND, Size, Target, Trigger,
};

/// The load runs this long; servers come and go and faults strike within it.
const DURATION: u64 = 3 * SECOND;

/// How many worlds a test run tries. Set `RELOCATION_WORLDS` for more, and `RELOCATION_SEED` for the first seed.
const WORLDS: u64 = 200;

const MARKS: [&str; 11] = [
    "membership.taken",
    "relocate.begun",
    "relocate.snapshot",
    "relocate.catch-up",
    "relocate.caught-up",
    "relocate.joined",
    "relocate.cut-over",
    "relocate.left",
    "fence.promised",
    "failover.appointed",
    "2pc.prepared",
];

fn workload(random: &mut Random) -> Workload {
    let text = match random.below(3) {
        0 => {
            r#"{ "name": "registers", "arrivals": { "closed": { "clients": 8, "think": "5ms" } },
            "keys": { "count": 40 }, "mix": { "read": 0.5, "update": 0.4, "read-modify-write": 0.1 },
            "timeout": "300ms", "retries": 20 }"#
        }
        1 => {
            r#"{ "name": "bank", "arrivals": { "closed": { "clients": 5, "think": "5ms" } },
            "keys": { "count": 14 }, "mix": { "transfer": 0.9, "audit": 0.1 }, "timeout": "1s", "retries": 20 }"#
        }
        _ => {
            r#"{ "name": "open", "arrivals": { "open": "400/s" }, "keys": { "count": 600,
            "distribution": { "zipfian": 0.99 } }, "mix": { "read": 0.5, "update": 0.3, "insert": 0.2 },
            "timeout": "300ms", "retries": 20 }"#
        }
    };
    serde_json::from_str(text).expect("the workload is well formed")
}

/// Servers come, go and one is lost, one after the other, and always as many stay as there are copies.
fn membership(servers: u32, replicas: u32, counted: bool, random: &mut Random) -> Vec<Membership> {
    let mut loses = replicas > 1;
    let mut there: Vec<u32> = (0..servers).collect();
    let mut ever = servers;
    let mut at = SECOND / 2;
    let commands = 1 + random.below(2) as usize;
    (0..commands)
        .map(|fault| {
            at += random.below(SECOND);
            let change = match random.below(4) {
                3 if counted => MembershipChange::Reweight {
                    server: there[random.below(there.len() as u64) as usize],
                    thousandths: [0, 500, 2_000][random.below(3) as usize],
                },
                kind @ (0 | 1) if there.len() > replicas as usize => {
                    let server = there.remove(random.below(there.len() as u64) as usize);
                    if kind == 0 && std::mem::take(&mut loses) {
                        MembershipChange::Lose(server)
                    } else {
                        MembershipChange::Remove(server)
                    }
                }
                _ => {
                    let count = 1 + random.below(2) as u32;
                    there.extend(ever..ever + count);
                    ever += count;
                    MembershipChange::Add(count)
                }
            };
            Membership { name: format!("command {fault}"), fault, at: Duration::from_ns(at), change }
        })
        .collect()
}

fn balancer(random: &mut Random) -> Balancer {
    Balancer {
        by: [By::Count, By::Bytes, By::Load, By::Mixed][random.below(4) as usize],
        interval: Duration::from_ns([SECOND / 4, SECOND][random.below(2) as usize]),
        threshold: [1.0, 1.3][random.below(2) as usize],
        cool_down: Duration::from_ns([0, SECOND][random.below(2) as usize]),
        steps: 1 + random.below(3) as u32,
    }
}

fn config(random: &mut Random) -> Config {
    let servers = 2 + random.below(4) as u32;
    let replicas = 1 + random.below(u64::from(servers.min(3))) as u32;
    let ack = [Ack::Quorum, Ack::Quorum, Ack::All, Ack::Async][random.below(4) as usize];
    let reads = [Reads::Lease, Reads::Quorum, Reads::Local][random.below(3) as usize];
    let shards = [Some(servers + 1), Some(3 * servers), None][random.below(3) as usize];
    Config {
        cluster: Cluster { servers, coordinators: 2, ..Cluster::default() },
        sharding: Sharding {
            strategy: Strategy::ConsistentHash(consistent_hash::Spec {
                vnodes: 16,
                shards,
                salted: true,
                ..consistent_hash::Spec::default()
            }),
            ..Sharding::default()
        },
        replication: Replication {
            mode: Mode::Primary { replicas, ack, failover: Some(Duration::from_ns(SECOND)) },
            reads,
        },
        transactions: Transactions::default(),
        tables: Vec::new(),
        workloads: vec![workload(random)],
        rebalancing: Rebalancing {
            chunk: Size(4_000),
            throttle: Size([200_000, 2_000_000][random.below(2) as usize]),
            concurrent: 1 + random.below(4) as u32,
            seal_deadline: Duration::from_ns([SECOND / 20, SECOND][random.below(2) as usize]),
            balancer: (shards.is_some() && random.below(2) == 0).then(|| balancer(random)),
            ..Rebalancing::default()
        },
        remedies: Default::default(),
        membership: membership(servers, replicas, shards.is_some(), random),
        bugs: Vec::new(),
        duration: Duration::from_ns(DURATION),
        warmup: Duration::ZERO,
        drain: Duration::from_ns(25 * SECOND),
    }
}

fn fault(number: usize, nodes: &[NodeId], random: &mut Random) -> Fault {
    let roles = ["primary", "server", "control-plane", "coordinator", "backup"];
    let role = roles[random.below(roles.len() as u64) as usize];
    let on_mark = random.below(5) > 0;
    let target = match random.below(2) {
        0 if on_mark => Target::Marker,
        _ => Target::OneOf(role.into()),
    };
    let action = match random.below(6) {
        0..3 => Action::Crash { target, keep_unsynced: random.below(3) == 0 },
        3 => Action::Pause { target },
        4 => Action::Links { target, loss_ppb: 100_000_000, duplicate_ppb: 100_000_000, delay_ns: 5_000_000 },
        _ => Action::Cut {
            from: target,
            to: Target::Nodes(nodes.to_vec()),
            direction: if random.below(2) == 0 { Direction::Both } else { Direction::OneWay },
            in_flight: if random.below(2) == 0 { InFlight::Drop } else { InFlight::Hold },
        },
    };
    let trigger = if on_mark {
        let mark = MARKS[random.below(MARKS.len() as u64) as usize];
        Trigger::When { mark: mark.into(), nth: 1 + random.below(6), not_before: 0 }
    } else {
        Trigger::At(random.below(DURATION))
    };
    let lasts = SECOND / 50 + random.below(2 * SECOND);
    Fault { name: format!("fault {number}"), trigger, duration: Some(lasts), action }
}

/// The machines of servers that are lost.
fn losses(config: &Config) -> Vec<Fault> {
    let layout = cluster::layout(config);
    let lost = config.membership.iter().filter_map(|command| match command.change {
        MembershipChange::Lose(server) => Some((command.at, layout.servers[server as usize])),
        _ => None,
    });
    lost.map(|(at, server)| Fault {
        name: "loss".into(),
        trigger: Trigger::At(at.as_ns()),
        duration: None,
        action: Action::Lose { target: Target::Nodes(vec![server]) },
    })
    .collect()
}

fn run(config: &Config, seed: u64, random: &mut Random) -> Run {
    let layout = cluster::layout(config);
    let nodes: Vec<NodeId> = (0..layout.names.len() as u32).map(NodeId).collect();
    let mut faults: Vec<Fault> =
        (0..random.below(4) as usize).map(|number| fault(number, &nodes, random)).collect();
    faults.extend(losses(config));
    let world = World::build(config, faults, seed).expect("the configuration is possible");
    world.run(&mut |_| true).expect("nobody stops it")
}

#[test]
fn nothing_is_lost_while_copies_move_and_faults_strike() {
    let first = setting("RELOCATION_SEED", 1);
    let (mut moved, mut offices, mut remade, mut given_up, mut failed) = (0, 0, 0, 0, Vec::new());
    let (mut by_itself, mut handed_over) = (0, 0);
    for seed in first..first + setting("RELOCATION_WORLDS", WORLDS) {
        let mut random = Random::new(seed, "relocations", 0);
        let config = config(&mut random);
        let run = run(&config, seed, &mut random);
        let done = || run.rebalancing.relocations.iter().filter(|of| of.is_done());
        moved += done().count();
        offices += done().filter(|of| of.led).count();
        remade += done().filter(|of| of.from.is_none()).count();
        by_itself += done().filter(|of| of.command.is_none()).count();
        handed_over += run.rebalancing.hand_overs.len();
        given_up += run.rebalancing.relocations.iter().filter(|of| of.given_up.is_some()).count();
        let wrong = failures(&run);
        if !wrong.is_empty() {
            println!("seed {seed}: {wrong:#?} {:?} {:?}", config.replication, config.sharding);
            println!("  {:?} {:?}", config.membership, config.rebalancing);
            run.receipts.iter().for_each(|receipt| println!("  {receipt:?}"));
            failed.push(seed);
        }
    }
    println!("{moved} copies moved, {offices} of them primaries', {remade} made anew, {given_up} given up");
    println!("the balancer moved {by_itself} copies and handed {handed_over} offices over");
    assert!(by_itself > 0 && handed_over > 0, "the balancer has to act");
    assert!(failed.is_empty(), "seeds {failed:?} failed");
    assert!(
        moved > 0 && offices > 0 && remade > 0 && given_up > 0,
        "the faults must reach what they are for"
    );
}

/// A newcomer that takes over without a fence, or without the log, loses writes, and that is seen.
#[test]
fn a_copy_that_takes_over_too_soon_loses_writes() {
    for bugs in [vec![], vec![Bug::NoCopyFence], vec![Bug::AppointNewcomer]] {
        let mut random = Random::new(1, "bug", 0);
        let mut config = config(&mut random);
        config.cluster.servers = 3;
        config.sharding.strategy =
            Strategy::Modulo(modulo::Spec { shards: Some(6), ..modulo::Spec::default() });
        config.membership = vec![Membership {
            name: "removal".into(),
            fault: 0,
            at: Duration::from_ns(SECOND),
            change: MembershipChange::Remove(0),
        }];
        config.replication.mode =
            Mode::Primary { replicas: 1, ack: Ack::Quorum, failover: Some(Duration::from_ns(SECOND)) };
        config.workloads[0] = serde_json::from_str(
            r#"{ "name": "open", "arrivals": { "open": "2000/s" }, "keys": { "count": 50 }, "mix": { "update": 1.0 } }"#,
        )
        .expect("the workload is well formed");
        config.bugs = bugs;
        // For a second nobody but the clients hears the old primary, and those hear nothing of the new one.
        let layout = cluster::layout(&config);
        let old = layout.servers[0];
        let others = layout.servers[1..].iter().copied().chain([layout.control_plane]).collect();
        let cuts = [
            (Target::Nodes(vec![old]), Target::Nodes(others)),
            (Target::Nodes(vec![layout.control_plane]), Target::Nodes(layout.clients.clone())),
        ];
        let cuts = cuts.map(|(from, to)| Fault {
            name: "unheard".into(),
            trigger: Trigger::When { mark: "relocate.caught-up".into(), nth: 1, not_before: 0 },
            duration: Some(SECOND),
            action: Action::Cut { from, to, direction: Direction::Both, in_flight: InFlight::Drop },
        });
        let world = World::build(&config, cuts.into(), 1).expect("the configuration is possible");
        let run = world.run(&mut |_| true).expect("nobody stops it");
        let lost = failures(&run).iter().any(|failure| failure.contains("lost") || failure.contains("durab"));
        assert_eq!(lost, !config.bugs.is_empty(), "{:?}: {:?}", config.bugs, failures(&run));
    }
}

/// A server that is to bear twice as much gets twice as many copies, and one that is to bear nothing is emptied.
#[test]
fn weights_share_copies_out() {
    let mut random = Random::new(1, "weights", 0);
    let mut config = config(&mut random);
    config.cluster.servers = 4;
    config.sharding.strategy = Strategy::Modulo(modulo::Spec { shards: Some(24), ..modulo::Spec::default() });
    config.replication.mode =
        Mode::Primary { replicas: 1, ack: Ack::Quorum, failover: Some(Duration::from_ns(SECOND)) };
    config.rebalancing.balancer = None;
    let reweight = |fault, server, thousandths| Membership {
        name: format!("weight {fault}"),
        fault,
        at: Duration::from_ns(SECOND),
        change: MembershipChange::Reweight { server, thousandths },
    };
    config.membership = vec![reweight(0, 0, 2_000), reweight(1, 3, 0)];
    let world = World::build(&config, Vec::new(), 1).expect("the configuration is possible");
    let run = world.run(&mut |_| true).expect("nobody stops it");
    assert_eq!(failures(&run), [""; 0]);
    let led = |server: usize| {
        let node = Some(run.layout.servers[server]);
        run.primaries.iter().filter(|&&primary| primary == node).count()
    };
    assert_eq!([0, 1, 2, 3].map(led), [12, 6, 6, 0]);
}

/// Where each server has the shard of its number, its weight is the shard's: by every protocol just so many keys move that
/// each has its share.
#[test]
fn weights_share_keys_out() {
    let strategies = [
        r#"{ "consistent-hash": { "vnodes": 500 } }"#,
        r#"{ "bounded-load": { "vnodes": 100, "slack": "5%" } }"#,
        r#"{ "rendezvous": {} }"#,
        r#"{ "multi-probe": {} }"#,
        r#"{ "maglev": {} }"#,
        r#"{ "slots": {} }"#,
    ];
    for protocol in [Protocol::Live, Protocol::StopTheWorld, Protocol::DualWrite] {
        for text in strategies {
            let mut random = Random::new(1, "shares", 0);
            let mut config = config(&mut random);
            config.cluster.servers = 4;
            config.sharding.strategy = serde_json::from_str(text).expect("the strategy is well formed");
            config.workloads[0] = serde_json::from_str(
                r#"{ "name": "open", "arrivals": { "open": "400/s" }, "keys": { "count": 4000 },
                "mix": { "read": 0.5, "update": 0.5 } }"#,
            )
            .expect("the workload is well formed");
            config.rebalancing =
                Rebalancing { protocol, throttle: Size(20_000_000), ..Rebalancing::default() };
            config.membership = vec![Membership {
                name: "weight".into(),
                fault: 0,
                at: Duration::from_ns(SECOND),
                change: MembershipChange::Reweight { server: 1, thousandths: 2_000 },
            }];
            let world = World::build(&config, Vec::new(), 1).expect("the configuration is possible");
            let run = world.run(&mut |_| true).expect("nobody stops it");
            assert_eq!(failures(&run), [""; 0], "{text} by {protocol:?}");
            let costs = &run.rebalancing.commands[0];
            assert_eq!(costs.weights_before, [1, 1, 1, 1], "{text}");
            assert_eq!(costs.weights_after, [1, 2, 1, 1], "{text}");
            // Two fifths, where it was a quarter; a ring's arcs and a few points differ from that.
            let moved = costs.moving as f64 / costs.loaded as f64;
            assert!((0.11..0.19).contains(&moved), "{text} by {protocol:?}: {moved}");
        }
    }
}
