//! Partitions by time come and go while faults strike at every step: nothing that was acknowledged and is to be kept is
//! lost, nothing that is gone is found, and both engines agree.

mod common;

use common::{found_wrong, setting};
use shardlab_models::cluster;
use shardlab_models::config::{Bug, Cluster, Config, Rebalancing, Replication, Sharding, Table, Workload};
use shardlab_models::rebalancing::Protocol;
use shardlab_models::replication::{Ack, Mode, Reads};
use shardlab_models::sharding::time_partitions::{Parts, Spec};
use shardlab_models::sharding::{Expiry, Maintenance, Strategy};
use shardlab_models::world::{Run, World};
use shardlab_sim::{
    Action, Direction, Duration, Engine, Fault, InFlight, NodeId, Random, SECOND, Size, Target, Trigger,
};

/// The load runs this long.
const DURATION: u64 = 3 * SECOND;

/// How many worlds a test run tries. Set `PARTITION_WORLDS` for more, and `PARTITION_SEED` for the first seed.
const WORLDS: u64 = 150;

const MARKS: [&str; 12] = [
    "partitions.begun",
    "partitions.expired",
    "partition.expiring",
    "partition.expired",
    "move.snapshot",
    "move.sealed",
    "move.given",
    "move.owned",
    "move.published",
    "move.done",
    "fence.promised",
    "write.logged",
];

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Twenty events a day, of which about ten days come in a second.
fn events() -> (Vec<Table>, Workload) {
    let table = r#"{ "name": "events", "rows": 400, "row-bytes": 200, "columns": { "event_id": "id",
        "day": { "date": { "days": 20 } }, "type": { "category": { "view": 3, "click": 1 } } } }"#;
    let workload = r#"{ "name": "events", "arrivals": { "open": "300/s" }, "timeout": "300ms", "retries": 20, "query": [
        { "name": "new", "weight": 7, "kind": "insert", "table": "events" },
        { "name": "one", "kind": "select", "table": "events", "where": { "event_id": { "equals": { "latest": 0.9 } } } },
        { "name": "days", "kind": "count", "table": "events",
          "where": { "day": { "within": { "width": 4, "until": { "latest": 0.9 } } } } },
        { "name": "type", "kind": "count", "table": "events",
          "where": { "day": { "equals": "rows" }, "type": { "equals": "uniform" } } },
        { "name": "all", "kind": "count", "table": "events" }] }"#;
    (vec![parse(table)], parse(workload))
}

/// The same of keys, each the only event of its tenth of a day.
fn keys() -> (Vec<Table>, Workload) {
    let workload = r#"{ "name": "keys", "arrivals": { "open": "300/s" }, "keys": { "count": 400 },
        "mix": { "insert": 0.6, "read": 0.2, "update": 0.2 }, "timeout": "300ms", "retries": 20 }"#;
    (Vec::new(), parse(workload))
}

fn config(random: &mut Random) -> Config {
    let has_tables = random.below(3) > 0;
    let (tables, workload) = if has_tables { events() } else { keys() };
    // Of keys a day is a twentieth as long.
    let scale = if has_tables { 1 } else { 20 };
    let width = scale * (1 + random.below(3));
    let retention = (random.below(4) > 0).then(|| width * (1 + random.below(8)));
    let maintenance = Maintenance {
        day: Duration::from_ns(SECOND / 10 / scale),
        today: 20 * scale,
        every: Duration::from_ns(SECOND / 20 * (1 + random.below(12))),
        ahead: random.below(3) as u32,
        retention,
        expire: [Expiry::Drop, Expiry::Detach][random.below(2) as usize],
    };
    let parts = (has_tables && random.below(3) == 0)
        .then(|| Parts { by: ["type", "event_id"][random.below(2) as usize].into(), count: 2 });
    let default = random.below(4) > 0;
    // What is loaded may lie in the default partition, if there is one.
    let covered = if default { 20 * scale / width } else { (20 * scale).div_ceil(width) };
    let partitions = covered as u32 + random.below(3) as u32;
    let strategy =
        Strategy::TimePartitions(Spec { width, partitions, parts, default, maintenance: Some(maintenance) });
    let servers = 2 + random.below(3) as u32;
    let replicas = 1 + random.below(u64::from(servers.min(3))) as u32;
    let ack = [Ack::Quorum, Ack::Quorum, Ack::All, Ack::Async][random.below(4) as usize];
    let reads = [Reads::Lease, Reads::Quorum, Reads::Local][random.below(3) as usize];
    Config {
        cluster: Cluster { servers, ..Cluster::default() },
        sharding: Sharding { strategy, key: has_tables.then(|| "day".into()), residency: None },
        replication: Replication {
            mode: Mode::Primary { replicas, ack, failover: Some(Duration::from_ns(SECOND)) },
            reads,
        },
        transactions: Default::default(),
        tables,
        workloads: vec![workload],
        rebalancing: Rebalancing {
            protocol: [Protocol::Live, Protocol::Live, Protocol::StopTheWorld][random.below(3) as usize],
            chunk: Size(4_000),
            concurrent: 1 + random.below(4) as u32,
            ..Rebalancing::default()
        },
        remedies: Default::default(),
        membership: Vec::new(),
        bugs: Vec::new(),
        duration: Duration::from_ns(DURATION),
        warmup: Duration::ZERO,
        drain: Duration::from_ns(16 * SECOND),
    }
}

fn fault(number: usize, nodes: &[NodeId], random: &mut Random) -> Fault {
    let roles = ["primary", "server", "control-plane", "backup"];
    let on_mark = random.below(5) > 0;
    let target = match random.below(2) {
        0 if on_mark => Target::Marker,
        _ => Target::OneOf(roles[random.below(roles.len() as u64) as usize].into()),
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
        Trigger::When { mark: mark.into(), nth: 1 + random.below(12), not_before: 0 }
    } else {
        Trigger::At(random.below(DURATION))
    };
    let lasts = SECOND / 50 + random.below(2 * SECOND);
    Fault { name: format!("fault {number}"), trigger, duration: Some(lasts), action }
}

fn run(engine: Engine, config: &Config, seed: u64, random: &mut Random) -> Run {
    let layout = cluster::layout(config);
    let nodes: Vec<NodeId> = (0..layout.names.len() as u32).map(NodeId).collect();
    let faults = (0..random.below(4) as usize).map(|number| fault(number, &nodes, random)).collect();
    let world = World::build_on(engine, config, faults, seed).expect("the configuration is possible");
    world.run(&mut |_| true).expect("nobody stops it")
}

fn failures(run: &Run) -> Vec<String> {
    found_wrong(run).into_iter().chain(run.evidence.restless.clone()).collect()
}

#[test]
fn nothing_that_is_to_be_kept_is_lost_while_partitions_come_and_go_and_faults_strike() {
    let (mut created, mut expired, mut moved, mut refused, mut failed) = (0, 0, 0, 0, Vec::new());
    let first = setting("PARTITION_SEED", 1);
    for seed in first..first + setting("PARTITION_WORLDS", WORLDS) {
        let mut random = Random::new(seed, "partitions", 0);
        let config = config(&mut random);
        let run = run(Engine::Native, &config, seed, &mut random);
        let costs = run.partitions.expect("there are partitions by time");
        created += costs.created;
        expired += costs.expired;
        moved += costs.moved_rows;
        refused += costs.refused;
        let wrong = failures(&run);
        if !wrong.is_empty() {
            println!("seed {seed}: {wrong:#?} {:?} {:?}", config.replication, config.sharding);
            run.receipts.iter().for_each(|receipt| println!("  {receipt:?}"));
            failed.push(seed);
        }
    }
    println!("{created} created, {expired} expired, {moved} rows moved, {refused} operations refused");
    assert!(failed.is_empty(), "seeds {failed:?} failed");
    assert!(created > 0 && expired > 0 && moved > 0 && refused > 0, "the load must reach what it is for");
}

#[test]
fn both_engines_agree_on_partitions_that_come_and_go() {
    for seed in 1..8 {
        let fingerprint = |engine| {
            let mut random = Random::new(seed, "partitions", 0);
            let config = config(&mut random);
            run(engine, &config, seed, &mut random).fingerprint
        };
        assert_eq!(fingerprint(Engine::Native), fingerprint(Engine::Madsim), "seed {seed}");
    }
}

/// Days are 100 ms long, and five of them are kept.
fn kept_for_five_days() -> Config {
    let mut config = config(&mut Random::new(1, "early", 0));
    (config.tables, config.workloads[0]) = events();
    config.sharding.key = Some("day".into());
    let mut spec: Spec =
        parse(r#"{ "partitions": 22, "maintenance": { "day": "100ms", "every": "100ms" } }"#);
    if let Some(maintenance) = &mut spec.maintenance {
        (maintenance.today, maintenance.ahead, maintenance.retention) = (20, 1, Some(5));
    }
    config.sharding.strategy = Strategy::TimePartitions(spec);
    config.replication.mode = Mode::Primary { replicas: 1, ack: Ack::Quorum, failover: None };
    config.replication.reads = Reads::Lease;
    config
}

/// A job that counts one day too few drops what is to be kept; and a healthy one with the same days does not.
#[test]
fn a_partition_that_is_dropped_early_is_missed() {
    for (bugs, is_lost) in [(Vec::new(), false), (vec![Bug::DropEarly], true)] {
        let mut config = kept_for_five_days();
        config.bugs = bugs;
        let world = World::build(&config, Vec::new(), 1).expect("the configuration is possible");
        let run = world.run(&mut |_| true).expect("nobody stops it");
        let wrong = failures(&run);
        assert_eq!(!wrong.is_empty(), is_lost, "{wrong:#?}");
        assert_eq!(wrong.iter().any(|witness| witness.contains("lost")), is_lost, "{wrong:#?}");
        let early = run.partitions.expect("there are partitions by time").early_rows;
        assert_eq!(early > 0, is_lost, "{early}");
    }
}

/// While its clock is ahead, the job drops what is to be kept; when that has healed it goes on as if nothing had been. A
/// clock that is behind, or ahead by less than a day is long, loses nothing.
#[test]
fn a_job_whose_clock_is_ahead_drops_what_is_to_be_kept_and_goes_on_when_it_is_right() {
    let config = kept_for_five_days();
    let control_plane = cluster::layout(&config).control_plane;
    let with = |by_ns: i64| {
        let action = Action::ClockJump { target: Target::Nodes(vec![control_plane]), by_ns };
        let trigger = Trigger::At(SECOND / 2);
        let fault = Fault { name: "jump".into(), trigger, duration: Some(SECOND / 2), action };
        let faults = if by_ns == 0 { Vec::new() } else { vec![fault] };
        let run = World::build(&config, faults, 1).expect("the configuration is possible");
        let run = run.run(&mut |_| true).expect("nobody stops it");
        let is_lost = failures(&run).iter().any(|witness| witness.contains("lost"));
        (is_lost, run.partitions.expect("there are partitions by time"))
    };
    let (is_lost, healthy) = with(0);
    assert_eq!((is_lost, healthy.early_rows), (false, 0));
    let second = SECOND as i64;
    // Further ahead than the load is long: for the job its end seems to have come.
    for (ahead, is_too_far) in [(second, true), (20 * second, true), (-second, false)] {
        let (is_lost, costs) = with(ahead);
        assert_eq!((is_lost, costs.early_rows > 0), (is_too_far, is_too_far), "{ahead} ns: {costs:?}");
        assert!(costs.created >= healthy.created, "{ahead} ns: {costs:?}, without {healthy:?}");
    }
}
