//! Servers come while faults strike at every step of the moves: nothing that was acknowledged is lost, and every move
//! comes to its end.

mod common;

use common::{failures, setting};
use shardlab_consistency::{Case, judge};
use shardlab_models::cluster;
use shardlab_models::config::{
    Bug, Cluster, Config, Membership, Rebalancing, Replication, Sharding, Transactions, Workload,
};
use shardlab_models::node::Cause;
use shardlab_models::rebalancing::{Balancer, By, MembershipChange, Protocol};
use shardlab_models::replication::{Ack, Mode, Reads};
use shardlab_models::sharding::dynamic_range::{self, Threshold};
use shardlab_models::sharding::{Strategy, directory};
use shardlab_models::world::{Run, World};
use shardlab_sim::{
    Action, Direction, Duration, Fault, InFlight, NodeId, Random, Rate, SECOND, Size, Target, Trigger,
};

/// The load runs this long; servers come and faults strike within it.
const DURATION: u64 = 3 * SECOND;

/// How many worlds a test run tries of each protocol. Set `MOVE_WORLDS` for more, and `MOVE_SEED` for the first seed.
const WORLDS: u64 = 200;

/// Every strategy whose shards follow the servers, with small tables.
const STRATEGIES: [&str; 9] = [
    r#"{ "modulo": {} }"#,
    r#"{ "modulo": { "hash": "xxhash64" } }"#,
    r#"{ "consistent-hash": { "vnodes": 16, "salted": true, "weights": [1, 2] } }"#,
    r#"{ "bounded-load": { "vnodes": 16, "slack": "25%", "partitions": 256 } }"#,
    r#"{ "rendezvous": { "weights": [3, 1] } }"#,
    r#"{ "jump": {} }"#,
    r#"{ "multi-probe": {} }"#,
    r#"{ "maglev": { "table": 251 } }"#,
    r#"{ "slots": { "slots": 64, "group": 3 } }"#,
];

const MARKS: [&str; 20] = [
    "membership.taken",
    "move.snapshot",
    "move.catch-up",
    "move.sealed",
    "move.cut-over",
    "move.given",
    "move.owned",
    "move.published",
    "move.done",
    "move.unsealed",
    "move.second-write",
    "move.second-written",
    "move.verify",
    "move.repaired",
    "split.begun",
    "merge.begun",
    "separate.begun",
    "fence.promised",
    "2pc.prepared",
    "2pc.voted",
];

/// Transactions have no second write.
fn workload(protocol: Protocol, random: &mut Random) -> Workload {
    let drawn = random.below(3);
    let text = match if protocol == Protocol::DualWrite && drawn == 1 { 2 } else { drawn } {
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

fn config(protocol: Protocol, random: &mut Random) -> Config {
    let servers = 2 + random.below(3) as u32;
    let replicas = 1 + random.below(u64::from(servers.min(3))) as u32;
    let ack = [Ack::Quorum, Ack::Quorum, Ack::All, Ack::Async][random.below(4) as usize];
    let reads = [Reads::Lease, Reads::Quorum, Reads::Local][random.below(3) as usize];
    let strategy = match random.below(STRATEGIES.len() as u64 + 1) {
        // Clients believe an answer for longer than a move takes: the shards themselves have to send them back.
        0 => {
            let cache = directory::CacheSpec { entries: 10, ttl: Duration::from_ns(2 * SECOND) };
            Strategy::Directory(directory::Spec { group: 3, nodes: 2, cache, ..directory::Spec::default() })
        }
        place => serde_json::from_str(STRATEGIES[place as usize - 1]).expect("the strategy is well formed"),
    };
    let at = |ns| Duration::from_ns(SECOND / 2 + ns);
    let command =
        |fault, ns, change| Membership { name: format!("command {fault}"), fault, at: at(ns), change };
    let mut membership =
        vec![command(0, random.below(SECOND), MembershipChange::Add(1 + random.below(2) as u32))];
    match random.below(3) {
        0 => membership.push(command(1, SECOND + random.below(SECOND), MembershipChange::Add(1))),
        1 => {
            let gone = MembershipChange::Remove(random.below(u64::from(servers) + 1) as u32);
            membership.push(command(1, SECOND + random.below(SECOND), gone));
        }
        // A server that bears nothing for a while, or bears more or less from now on.
        _ if strategy.has_weights() => {
            let server = random.below(u64::from(servers)) as u32;
            let weights = [[0, 2_000], [3_000, 1_000], [2_000, 0], [1_000, 4_000]][random.below(4) as usize];
            for (number, thousandths) in (1..).zip(weights) {
                let change = MembershipChange::Reweight { server, thousandths };
                membership.push(command(
                    number,
                    number as u64 * SECOND / 2 + random.below(SECOND / 2),
                    change,
                ));
            }
        }
        _ => {}
    }
    Config {
        cluster: Cluster { servers, coordinators: 2, ..Cluster::default() },
        sharding: Sharding { strategy, ..Sharding::default() },
        replication: Replication {
            mode: Mode::Primary { replicas, ack, failover: Some(Duration::from_ns(SECOND)) },
            reads,
        },
        transactions: Transactions::default(),
        tables: Vec::new(),
        workloads: vec![workload(protocol, random)],
        rebalancing: Rebalancing {
            protocol,
            grace: Duration::from_ns([0, SECOND / 2][random.below(2) as usize]),
            // Small chunks: a few dozen keys are a long way.
            chunk: Size(4_000),
            throttle: Size([200_000, 2_000_000][random.below(2) as usize]),
            concurrent: 1 + random.below(4) as u32,
            seal_deadline: Duration::from_ns([SECOND / 20, SECOND][random.below(2) as usize]),
            balancer: None,
        },
        remedies: Default::default(),
        membership,
        bugs: Vec::new(),
        duration: Duration::from_ns(DURATION),
        warmup: Duration::ZERO,
        drain: Duration::from_ns(16 * SECOND),
    }
}

/// Shards that are split and merged by size and by load, as fast as reports come; nobody comes or goes.
fn reshaping(random: &mut Random) -> Config {
    let mut config = config(Protocol::Live, random);
    let rate = |per_second| Some(Rate::from_per_second(per_second).expect("it is small"));
    let by_size = random.below(2) == 0;
    let size = |bytes| by_size.then_some(Size(bytes));
    let split = Threshold { bytes: size(9_000), load: rate(60) };
    let merge = Threshold { bytes: size(6_000), load: rate(20) };
    let bounds = if random.below(2) == 0 { Vec::new() } else { vec![5, 10] };
    config.sharding.strategy = Strategy::DynamicRange(dynamic_range::Spec {
        bounds,
        split,
        merge,
        most: 2 + random.below(12) as u32 + 2,
    });
    config.membership.clear();
    // What is split may lie elsewhere by then, and be on its way.
    config.rebalancing.balancer = (random.below(2) == 0).then_some(Balancer {
        by: By::Load,
        interval: Duration::from_ns(SECOND / 4),
        threshold: 1.1,
        cool_down: Duration::ZERO,
        steps: 2,
    });
    config
}

/// Tenants are moved out and ranges are cut by the operator, while servers come or go.
fn separating(protocol: Protocol, random: &mut Random) -> Config {
    let mut config = config(protocol, random);
    let strategies = [
        r#"{ "tenant": { "shards": 3, "tenants": { "count": 6, "keys": 14, "size": { "zipfian": 0.99 } } } }"#,
        r#"{ "tenant": { "shards": 5 } }"#,
        r#"{ "dynamic-range": { "bounds": [8] } }"#,
        r#"{ "key-ranges": { "shards": ["-80", "80-"] } }"#,
        r#"{ "static-ranges": { "shards": [{ "to": 10 }, { "from": 10 }] } }"#,
    ];
    let place = random.below(strategies.len() as u64) as usize;
    config.sharding.strategy = serde_json::from_str(strategies[place]).expect("the strategy is well formed");
    let servers = config.cluster.servers;
    let change = |number: u64, random: &mut Random| match place {
        0 | 1 => {
            let to = (random.below(2) == 0).then(|| random.below(u64::from(servers)) as u32);
            MembershipChange::Isolate { tenant: number, to }
        }
        _ => MembershipChange::Split { key: 2 + 3 * number + random.below(3) },
    };
    let first = config.membership.len();
    for number in 0..1 + random.below(2) {
        let fault = first + number as usize;
        let at = Duration::from_ns(SECOND / 4 + random.below(2 * SECOND));
        let change = change(number, random);
        // Whom a tenant is moved to has to be there.
        let others_leave =
            config.membership.iter().any(|of| matches!(of.change, MembershipChange::Remove(_)));
        let change = match change {
            MembershipChange::Isolate { tenant, .. } if others_leave => {
                MembershipChange::Isolate { tenant, to: None }
            }
            change => change,
        };
        config.membership.push(Membership { name: format!("command {fault}"), fault, at, change });
    }
    config
}

fn fault(number: usize, nodes: &[NodeId], random: &mut Random) -> Fault {
    let roles = ["primary", "server", "control-plane", "coordinator", "backup", "directory"];
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

fn run(config: &Config, seed: u64, random: &mut Random) -> Run {
    let layout = cluster::layout(config);
    let nodes: Vec<NodeId> = (0..layout.names.len() as u32).map(NodeId).collect();
    let faults = (0..random.below(4) as usize).map(|number| fault(number, &nodes, random)).collect();
    let world = World::build(config, faults, seed).expect("the configuration is possible");
    world.run(&mut |_| true).expect("nobody stops it")
}

/// Runs worlds of one protocol; `reached` says whether they have shown what they are for.
fn nothing_is_lost(protocol: Protocol, reached: impl Fn(&Sum) -> bool) {
    let first = setting("MOVE_SEED", 1);
    let (mut sum, mut failed) = (Sum::default(), Vec::new());
    for seed in first..first + setting("MOVE_WORLDS", WORLDS) {
        let mut random = Random::new(seed, "moves", protocol as u64);
        let config = config(protocol, &mut random);
        let run = run(&config, seed, &mut random);
        sum.add(&run);
        let wrong = failures(&run);
        if !wrong.is_empty() {
            let ack = &config.replication;
            println!("seed {seed}: {wrong:#?} {ack:?} {:?} {:?}", config.sharding, config.rebalancing);
            run.receipts.iter().for_each(|receipt| println!("  {receipt:?}"));
            failed.push(seed);
        }
    }
    println!("{sum:?}");
    assert!(failed.is_empty(), "seeds {failed:?} failed");
    assert!(reached(&sum), "the faults must reach what they are for");
}

/// What worlds have shown together.
#[derive(Debug, Default)]
struct Sum {
    moves: usize,
    unsealed: u32,
    redirects: u64,
    second_writes: u64,
    missed: u64,
    differing: u64,
}

impl Sum {
    fn add(&mut self, run: &Run) {
        let costs = &run.rebalancing;
        self.moves += costs.moves.len();
        self.unsealed += costs.moves.iter().map(|of| of.unsealed).sum::<u32>();
        self.redirects += costs.redirects;
        self.second_writes += costs.second_writes;
        self.missed += costs.second_writes_missed;
        self.differing += costs.moves.iter().map(|of| of.differing).sum::<u64>();
    }
}

#[test]
fn nothing_is_lost_by_live_moves_while_servers_come_and_faults_strike() {
    nothing_is_lost(Protocol::Live, |sum| sum.moves > 0 && sum.unsealed > 0 && sum.redirects > 0);
}

#[test]
fn nothing_is_lost_by_moves_in_a_maintenance_window_while_faults_strike() {
    nothing_is_lost(Protocol::StopTheWorld, |sum| sum.moves > 0 && sum.unsealed == 0 && sum.redirects > 0);
}

#[test]
fn nothing_is_lost_by_dual_writes_while_faults_strike() {
    nothing_is_lost(Protocol::DualWrite, |sum| {
        sum.moves > 0 && sum.second_writes > 0 && sum.missed > 0 && sum.differing > 0
    });
}

#[test]
fn nothing_is_lost_while_shards_are_split_and_merged_and_faults_strike() {
    let (mut splits, mut merges, mut failed) = (0, 0, Vec::new());
    let first = setting("MOVE_SEED", 1);
    for seed in first..first + setting("MOVE_WORLDS", WORLDS) {
        let mut random = Random::new(seed, "reshaping", 0);
        let config = reshaping(&mut random);
        let run = run(&config, seed, &mut random);
        let count =
            |is: fn(&Cause) -> bool| run.rebalancing.commands.iter().filter(|plan| is(&plan.cause)).count();
        splits += count(|cause| matches!(cause, Cause::Split { .. }));
        merges += count(|cause| matches!(cause, Cause::Merge { .. }));
        let mut wrong = failures(&run);
        // What was begun when everything had healed comes to its end.
        let late = DURATION + 12 * SECOND;
        let stuck = run.rebalancing.moves.iter().filter(|of| of.published.is_none() && of.began < late);
        wrong.extend(stuck.map(|of| format!("{of:?}")));
        if !wrong.is_empty() {
            println!("seed {seed}: {wrong:#?} {:?} {:?}", config.replication, config.sharding);
            run.receipts.iter().for_each(|receipt| println!("  {receipt:?}"));
            failed.push(seed);
        }
    }
    println!("{splits} splits, {merges} merges");
    assert!(failed.is_empty(), "seeds {failed:?} failed");
    assert!(splits > 0 && merges > 0, "the load must reach what it is for");
}

/// What a split brings forth lies where its parent does. The second cut comes in the moment in which the balancer hands the
/// upper half's office over: it waits for that, and nothing is copied.
#[test]
fn a_split_copies_nothing_while_a_balancer_moves_shards() {
    let mut config = reshaping(&mut Random::new(1, "reshaping", 1));
    config.cluster.servers = 3;
    config.replication.mode =
        Mode::Primary { replicas: 2, ack: Ack::Quorum, failover: Some(Duration::from_ns(2 * SECOND)) };
    config.sharding.strategy = Strategy::DynamicRange(dynamic_range::Spec {
        bounds: vec![5_000],
        split: Threshold::default(),
        merge: Threshold::default(),
        most: 8,
    });
    config.workloads = vec![
        serde_json::from_str(
            r#"{ "name": "open", "arrivals": { "open": "500/s" }, "keys": { "count": 10000 },
        "mix": { "read": 0.5, "update": 0.5 } }"#,
        )
        .expect("the workload is well formed"),
    ];
    config.rebalancing.balancer = Some(Balancer {
        by: By::Load,
        interval: Duration::from_ns(SECOND),
        threshold: 1.1,
        cool_down: Duration::ZERO,
        steps: 1,
    });
    let cut = |fault: usize, seconds, key| Membership {
        name: format!("cut {fault}"),
        fault,
        at: Duration::from_ns(seconds * SECOND),
        change: MembershipChange::Split { key },
    };
    config.membership = vec![cut(0, 2, 77), cut(1, 3, 78)];
    config.duration = Duration::from_ns(5 * SECOND);
    let world = World::build(&config, Vec::new(), 42).expect("the configuration is possible");
    let run = world.run(&mut |_| true).expect("nobody stops it");
    assert_eq!(failures(&run), [""; 0]);
    let handed_over = run.rebalancing.hand_overs.first().expect("the balancer hands an office over");
    let second = run.rebalancing.moves[1];
    assert!((handed_over.at - handed_over.stopped..second.began).contains(&(3 * SECOND)), "{handed_over:?}");
    for of in &run.rebalancing.moves {
        assert_eq!((of.by_reference, of.bytes), (true, 0), "{of:?}");
        // Everyone is told of the plan when it is made: nobody waits for the next heartbeat to say that there is a new map.
        let took = of.published.expect("it is done") - of.began;
        assert!(took < SECOND / 20, "{took} ns");
    }
}

/// A chunk is read from the source's disk and then written to the destination's, each at the disk's bandwidth: a move
/// takes at least twice as long as its bytes take once.
#[test]
fn bytes_take_both_disks_their_time() {
    const RATE: u64 = 200_000;
    let mut config = config(Protocol::Live, &mut Random::new(1, "disks", 0));
    config.membership.truncate(1);
    config.sharding.strategy = Strategy::default();
    config.replication.mode =
        Mode::Primary { replicas: 1, ack: Ack::Quorum, failover: Some(Duration::from_ns(SECOND)) };
    config.workloads = vec![
        serde_json::from_str(
            r#"{ "name": "open", "arrivals": { "open": "10/s" }, "keys": { "count": 600 }, "mix": { "read": 1.0 } }"#,
        )
        .expect("the workload is well formed"),
    ];
    config.rebalancing.throttle = Size(1_000_000_000);
    let mut took = |rate| {
        config.cluster.disk.bandwidth_per_s = Size(rate);
        let world = World::build(&config, Vec::new(), 1).expect("the configuration is possible");
        let run = world.run(&mut |_| true).expect("nobody stops it");
        assert_eq!(failures(&run), [""; 0]);
        let took = run.rebalancing.moves.iter().map(|of| of.published.expect("it is done") - of.began);
        let bytes = run.rebalancing.moves.iter().map(|of| of.bytes);
        (took.max().expect("something moves"), bytes.max().expect("something moves"))
    };
    let (fast, _) = took(1_000_000_000);
    let (slow, bytes) = took(RATE);
    // Where bytes are all but free they take a little all the same.
    let both = 2 * bytes * SECOND / RATE;
    assert!(slow - fast >= both / 100 * 99, "{slow} ns for {bytes} bytes, {fast} ns where bytes are free");
}

/// A crash at every step of moving a tenant out, or of cutting a range, by each protocol.
#[test]
fn nothing_is_lost_while_tenants_are_moved_out_and_ranges_are_cut_and_faults_strike() {
    let (mut moved, mut failed) = (0, Vec::new());
    let first = setting("MOVE_SEED", 1);
    for seed in first..first + setting("MOVE_WORLDS", WORLDS) {
        let mut random = Random::new(seed, "separating", 0);
        let protocol =
            [Protocol::Live, Protocol::StopTheWorld, Protocol::DualWrite][random.below(3) as usize];
        let config = separating(protocol, &mut random);
        let run = run(&config, seed, &mut random);
        let separations = run.rebalancing.commands.iter().filter(|plan| {
            plan.change.is_some_and(MembershipChange::adds_a_shard) && plan.ended.is_some() && plan.moves > 0
        });
        moved += separations.count();
        let wrong = failures(&run);
        if !wrong.is_empty() {
            println!("seed {seed}: {wrong:#?} {protocol:?} {:?} {:?}", config.sharding, config.membership);
            run.receipts.iter().for_each(|receipt| println!("  {receipt:?}"));
            failed.push(seed);
        }
    }
    println!("{moved} tenants and ranges");
    assert!(failed.is_empty(), "seeds {failed:?} failed");
    assert!(moved as u64 >= setting("MOVE_WORLDS", WORLDS) / 2, "most commands must move something");
}

/// The tenant's rows, and nobody else's, are led by the server that was named.
#[test]
fn a_tenant_is_moved_to_the_server_that_was_named() {
    let mut config = separating(Protocol::Live, &mut Random::new(1, "named", 0));
    config.cluster.servers = 4;
    config.replication.mode =
        Mode::Primary { replicas: 2, ack: Ack::Quorum, failover: Some(Duration::from_ns(SECOND)) };
    config.sharding.strategy =
        serde_json::from_str(r#"{ "tenant": { "shards": 3, "tenants": { "count": 4, "keys": 40 } } }"#)
            .expect("the strategy is well formed");
    let command = |fault, change| Membership {
        name: format!("command {fault}"),
        fault,
        at: Duration::from_ns(SECOND),
        change,
    };
    config.membership = vec![
        command(0, MembershipChange::Isolate { tenant: 2, to: Some(3) }),
        command(1, MembershipChange::Isolate { tenant: 1, to: None }),
    ];
    config.workloads = vec![serde_json::from_str(
        r#"{ "name": "open", "arrivals": { "open": "400/s" }, "keys": { "count": 40 }, "mix": { "update": 1.0 } }"#,
    )
    .expect("the workload is well formed")];
    let layout = cluster::layout(&config);
    let world = World::build(&config, Vec::new(), 1).expect("the configuration is possible");
    let run = world.run(&mut |_| true).expect("nobody stops it");
    assert_eq!(failures(&run), [""; 0]);
    let moves: Vec<_> = run.rebalancing.moves.iter().map(|of| (of.target.0, of.keys)).collect();
    assert_eq!(moves, [(3, 10), (4, 10)]);
    assert_eq!(run.primaries[3], Some(layout.servers[3]));
    // Shard 3's leader leads nobody else's rows; of the others the one that bears least leads shard 4.
    assert_ne!(run.primaries[4], run.primaries[3]);
}

/// While keys are still copied when the run ends, copies differ by what is under way: that is no divergence.
#[test]
fn a_run_that_ends_in_the_middle_of_a_move_fails_nothing() {
    let (mut unfinished, mut failed) = (0, Vec::new());
    for seed in 1..40 {
        let mut random = Random::new(seed, "unfinished", 0);
        let mut config = config(Protocol::Live, &mut random);
        config.rebalancing.throttle = Size(20_000);
        config.drain = Duration::from_ns(2 * SECOND);
        let world = World::build(&config, Vec::new(), seed).expect("the configuration is possible");
        let run = world.run(&mut |_| true).expect("nobody stops it");
        unfinished += run.rebalancing.moves.iter().filter(|of| of.published.is_none()).count();
        let judgements = judge(&Case::new(&run.history, &run.evidence), run.promises);
        let convergence = judgements.iter().find(|judgement| judgement.judge == "convergence");
        failed.extend(convergence.filter(|judgement| judgement.word() == "fail").map(|_| seed));
    }
    assert!(unfinished > 0, "some moves must still be under way");
    assert_eq!(failed, [0; 0]);
}

/// Whether a healthy move, and one with that bug, lose what was acknowledged.
fn loses_writes(protocol: Protocol, bug: Bug) -> [bool; 2] {
    let mut random = Random::new(1, "bug", 0);
    let mut config = config(protocol, &mut random);
    config.membership.truncate(1);
    config.sharding.strategy = Strategy::default();
    config.replication.mode =
        Mode::Primary { replicas: 1, ack: Ack::Quorum, failover: Some(Duration::from_ns(SECOND)) };
    config.workloads[0] = serde_json::from_str(
        r#"{ "name": "open", "arrivals": { "open": "2000/s" }, "keys": { "count": 50 }, "mix": { "update": 1.0 } }"#,
    )
    .expect("the workload is well formed");
    [vec![], vec![bug]].map(|bugs| {
        config.bugs = bugs;
        let layout = cluster::layout(&config);
        // Clients that know of a maintenance window would not be there to be stopped.
        let old_map = Fault {
            name: "old map".into(),
            trigger: Trigger::When { mark: "membership.taken".into(), nth: 1, not_before: 0 },
            duration: Some(SECOND),
            action: Action::Cut {
                from: Target::Nodes(vec![layout.control_plane]),
                to: Target::Nodes(layout.clients.clone()),
                direction: Direction::OneWay,
                in_flight: InFlight::Drop,
            },
        };
        let world = World::build(&config, vec![old_map], 1).expect("the configuration is possible");
        let run = world.run(&mut |_| true).expect("nobody stops it");
        let failures = failures(&run);
        assert_eq!(
            failures.is_empty(),
            config.bugs.is_empty(),
            "{protocol:?} {:?}: {failures:?}",
            config.bugs
        );
        failures.iter().any(|failure| failure.contains("lost") || failure.contains("durab"))
    })
}

/// Without the seal, what is written between the last chunk and the new map is lost, and that is seen.
#[test]
fn a_cut_over_without_a_seal_loses_writes() {
    for protocol in [Protocol::Live, Protocol::StopTheWorld, Protocol::DualWrite] {
        assert_eq!(loses_writes(protocol, Bug::NoMoveFence), [false, true], "{protocol:?}");
    }
}
