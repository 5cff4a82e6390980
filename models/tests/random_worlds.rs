//! Small random worlds with random faults: none panics, and no healthy one breaks what it promises.

use proptest::prelude::*;
use shardlab_consistency::{Case, Verdict, judge};
use shardlab_models::cluster;
use shardlab_models::concurrency::Concurrency;
use shardlab_models::config::{
    Cluster, Config, Membership, Rebalancing, Replication, Sharding, Transactions, Workload,
};
use shardlab_models::conflict::Conflict;
use shardlab_models::rebalancing::MembershipChange;
use shardlab_models::remedies::{Cache, Coalesce, FollowerReads, Join, Remedies, Salt, SaltedWrites};
use shardlab_models::replication::{Ack, Mode, Reads};
use shardlab_models::residency::{Home, Residency};
use shardlab_models::sharding::{
    Strategy as Sharded, consistent_hash, directory, geographic, modulo, tenant,
};
use shardlab_models::world::World;
use shardlab_sim::{Action, Direction, Duration, Fault, InFlight, NodeId, Share, Target, Trigger};

const SECOND: u64 = 1_000_000_000;

/// The load runs this long; faults strike within it.
const DURATION: u64 = 3 * SECOND;

/// How many worlds are tried of each family; `WORLDS=10000` tries more. The seeds are fixed, so that a failure is found
/// again.
fn worlds() -> u32 {
    const WORLDS: u32 = 1_000;
    std::env::var("WORLDS").map_or(WORLDS, |worlds| worlds.parse().expect("WORLDS is a number"))
}

fn workloads() -> impl Strategy<Value = Workload> {
    let registers = r#"{ "name": "registers", "arrivals": { "closed": { "clients": 6, "think": "10ms" } },
        "keys": { "count": 20 }, "mix": { "read": 0.5, "update": 0.4, "read-modify-write": 0.1 },
        "timeout": "300ms", "retries": 20 }"#;
    let bank = r#"{ "name": "bank", "arrivals": { "closed": { "clients": 4, "think": "10ms" } },
        "keys": { "count": 12 }, "mix": { "transfer": 0.9, "audit": 0.1 }, "timeout": "1s", "retries": 20 }"#;
    let open = r#"{ "name": "open", "arrivals": { "open": "300/s" }, "keys": { "count": 500,
        "distribution": { "zipfian": 0.99 } }, "mix": { "read": 0.6, "update": 0.2, "insert": 0.1, "scan": 0.1 },
        "timeout": "300ms", "retries": 20 }"#;
    let parse = |text: &str| serde_json::from_str::<Workload>(text).expect("the workload is well formed");
    prop_oneof![Just(parse(registers)), Just(parse(bank)), Just(parse(open))]
}

prop_compose! {
    fn configs()(
        servers in 1_u32..6,
        replicas in 1_u32..6,
        ack in prop_oneof![Just(Ack::Async), Just(Ack::Quorum), Just(Ack::All)],
        reads in prop_oneof![Just(Reads::Lease), Just(Reads::Quorum), Just(Reads::Local)],
        concurrency in prop_oneof![Just(Concurrency::WaitDie), Just(Concurrency::NoWait)],
        kind in 0_u8..4,
        shards in 1_u32..9,
        changes in prop::collection::vec((0..DURATION, any::<u32>()), 0..3),
        loss_percent in 0_u64..3,
        duplicate_percent in 0_u64..3,
        workload in workloads(),
    ) -> Config {
        let mut cluster = Cluster { servers, coordinators: 2, ..Cluster::default() };
        cluster.network.loss = Share::from_ppb(loss_percent * 10_000_000).expect("a small share");
        cluster.network.duplicate = Share::from_ppb(duplicate_percent * 10_000_000).expect("a small share");
        let replicas = replicas.min(servers);
        let membership = membership(servers, replicas, &changes);
        // Servers come and go only where shards follow them.
        let shards = membership.is_empty().then_some(shards);
        let strategy = strategy(kind, shards);
        // A lost packet takes 200 ms: five in a row, and a healthy server is suspected. At 2 % that is never seen.
        let failover = Some(Duration::from_ns(SECOND));
        Config {
            cluster,
            sharding: Sharding { strategy, ..Sharding::default() },
            replication: Replication { mode: Mode::Primary { replicas, ack, failover }, reads },
            transactions: Transactions { concurrency, ..Transactions::default() },
            tables: Vec::new(),
            workloads: vec![workload],
            rebalancing: Rebalancing { concurrent: 3, ..Rebalancing::default() },
            remedies: Default::default(),
            membership,
            bugs: Vec::new(),
            duration: Duration::from_ns(DURATION),
            warmup: Duration::ZERO,
            drain: Duration::from_ns(8 * SECOND),
        }
    }
}

prop_compose! {
    /// The same with copies that take writes by themselves, in regions and by clocks that differ.
    fn multi_master_configs()(
        config in configs().prop_filter("two-phase commit needs a log", |config| {
            !config.workloads[0].mix.has_transactions()
        }),
        conflict in prop_oneof![
            Just(Conflict::LastWriterWins), Just(Conflict::Siblings), Just(Conflict::HighestNode)
        ],
        exchange_ms in 100_u64..1_500,
        offset_ms in prop_oneof![Just(0_u64), 0_u64..500],
        regions in 1_usize..4,
        shards_by_region in prop_oneof![Just(None), (1_u32..3).prop_map(Some)],
    ) -> Config {
        let mut config = config;
        let names = ["us-east-1", "eu-west-1", "ap-northeast-1"];
        config.cluster.regions = names[..regions].iter().map(ToString::to_string).collect();
        config.cluster.clocks.max_offset = Duration::from_ns(offset_ms * 1_000_000);
        let exchange = Duration::from_ns(exchange_ms * 1_000_000);
        let replicas = config.replication.mode.replicas();
        let mode = Mode::MultiMaster { replicas, conflict, exchange };
        config.replication = Replication { mode, reads: Reads::Local };
        // A move is ordered by a log.
        config.membership = Vec::new();
        if let Some(shards) = shards_by_region {
            by_region(&mut config, shards);
        }
        config
    }
}

fn strategy(kind: u8, shards: Option<u32>) -> Sharded {
    match (kind, shards) {
        (0, _) => Sharded::Modulo(modulo::Spec { shards, ..modulo::Spec::default() }),
        (1, _) => {
            let cache = directory::CacheSpec { entries: 4, ttl: Duration::from_ns(SECOND / 4) };
            Sharded::Directory(directory::Spec {
                shards,
                group: 3,
                nodes: 2,
                cache,
                ..directory::Spec::default()
            })
        }
        (2, Some(shards)) => {
            let tenants = tenant::Tenants { count: 6, keys: 20, size: tenant::TenantSize::Zipfian(1.0) };
            let (tenants, isolate) = (Some(tenants), vec![u64::from(shards % 6)]);
            Sharded::Tenant(tenant::Spec { shards, tenants, isolate, ..tenant::Spec::default() })
        }
        _ => Sharded::ConsistentHash(consistent_hash::Spec {
            vnodes: 32,
            shards,
            ..consistent_hash::Spec::default()
        }),
    }
}

/// Rows of every region, and copies near their readers; European ones in Europe only, where there is room.
fn by_region(config: &mut Config, shards: u32) {
    let regions = config.cluster.regions.len() as u64;
    let share = Share::from_ppb(Share::ONE.as_ppb() / regions).expect("no more than all");
    let home = |region: &String| Home { region: region.clone(), share };
    let homes = config.cluster.regions.iter().map(home).collect();
    let europe = "eu-west-1".to_string();
    let rule = config.cluster.regions.contains(&europe).then(|| (europe.clone(), vec![europe]));
    let residency = Residency { keys: 15, homes, allowed: rule.into_iter().collect() };
    let copies = geographic::Copies::NearReaders;
    config.sharding.strategy = Sharded::Geographic(geographic::Spec { shards, copies });
    config.sharding.residency = Some(residency.clone());
    if cluster::validate(config).is_err() {
        config.sharding.residency = Some(Residency { allowed: Default::default(), ..residency });
    }
}

/// What is done about hotspots; most worlds have more than one remedy.
fn remedies() -> impl Strategy<Value = Remedies> {
    let salt = (2_u32..5, any::<bool>()).prop_map(|(ways, all)| {
        let writes = if all { SaltedWrites::All } else { SaltedWrites::One };
        Salt { keys: vec![0, 3, 11], ways, writes }
    });
    let coalesce = (any::<bool>(), 1_u32..4).prop_map(|(any, application_servers)| {
        let join = if any { Join::Any } else { Join::Next };
        Coalesce { join, application_servers }
    });
    let cache = (20_u64..2_000, 1_u32..20, 1_u32..4, any::<[bool; 4]>()).prop_map(
        |(ttl_ms, entries, nodes, [invalidate, leases, single_flight, early])| Cache {
            invalidate: invalidate || leases,
            leases,
            single_flight,
            early_refresh: if early { 1.0 } else { 0.0 },
            ..serde_json::from_str(&format!(
                r#"{{ "ttl": "{ttl_ms}ms", "entries": {entries}, "nodes": {nodes}, "jitter": "30%" }}"#
            ))
            .expect("the cache is well formed")
        },
    );
    let follower_reads = prop_oneof![Just(FollowerReads::Nearest), Just(FollowerReads::Everywhere)];
    (prop::option::of(salt), prop::option::of(coalesce), prop::option::of(cache), follower_reads).prop_map(
        |(salt, coalesce, cache, follower_reads)| Remedies { salt, coalesce, cache, follower_reads },
    )
}

prop_compose! {
    /// The same with remedies for hotspots, and with clocks that differ now and then.
    fn remedied_configs()(
        config in configs().prop_filter("transactions go past caches and ways", |config| {
            !config.workloads[0].mix.has_transactions()
        }),
        remedies in remedies(),
        offset_ms in prop_oneof![Just(0_u64), 0_u64..500],
    ) -> Config {
        let mut config = config;
        config.cluster.clocks.max_offset = Duration::from_ns(offset_ms * 1_000_000);
        config.remedies = remedies;
        if config.replication.reads != Reads::Local {
            config.remedies.follower_reads = FollowerReads::Nearest;
        }
        // Few shards may hold all ways of a key, which is refused, as is some company.
        if cluster::validate(&config).is_err() {
            config.remedies.salt = None;
        }
        if cluster::validate(&config).is_err() {
            config.remedies = Remedies::default();
        }
        config
    }
}

/// Servers that come, and some that go where there are enough left.
fn membership(servers: u32, replicas: u32, changes: &[(u64, u32)]) -> Vec<Membership> {
    let mut changes = changes.to_vec();
    changes.sort_unstable();
    let mut there: Vec<u32> = (0..servers).collect();
    let mut ever = servers;
    let mut commands = Vec::new();
    for (fault, &(at, draw)) in changes.iter().enumerate() {
        let change = if draw % 3 == 0 && there.len() > replicas as usize {
            MembershipChange::Remove(there.remove((draw / 3) as usize % there.len()))
        } else {
            there.push(ever);
            ever += 1;
            MembershipChange::Add(1)
        };
        let at = Duration::from_ns(at.max(1));
        commands.push(Membership { name: format!("command {fault}"), fault, at, change });
    }
    commands
}

/// A fault as plain numbers, since the nodes are known only with the configuration.
#[derive(Clone, Debug)]
struct Plan {
    kind: u8,
    at: u64,
    lasts: u64,
    victims: u32,
    mark: Option<usize>,
}

const MARKS: [&str; 18] = [
    "write.logged",
    "write.acked",
    "versions.merged",
    "exchange.begun",
    "fence.promised",
    "failover.appointed",
    "membership.taken",
    "move.snapshot",
    "move.catch-up",
    "move.cut-over",
    "move.owned",
    "move.done",
    "2pc.prepared",
    "2pc.voted",
    "2pc.decided",
    "2pc.applied",
    "cache.set",
    "cache.deleted",
];

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let mark = prop_oneof![3 => Just(None), 1 => (0..MARKS.len()).prop_map(Some)];
    let plan = (0_u8..7, 0..DURATION, SECOND / 50..2 * SECOND, any::<u32>(), mark)
        .prop_map(|(kind, at, lasts, victims, mark)| Plan { kind, at, lasts, victims, mark });
    prop::collection::vec(plan, 0..4)
}

fn fault(plan: &Plan, nodes: &[NodeId]) -> Fault {
    let struck: Vec<NodeId> = nodes
        .iter()
        .enumerate()
        .filter(|(index, _)| plan.victims >> (index % 32) & 1 == 1)
        .map(|(_, &node)| node)
        .collect();
    let target = match plan.mark {
        Some(_) if plan.victims.is_multiple_of(2) => Target::Marker,
        _ => Target::Nodes(struck),
    };
    let action = match plan.kind {
        0 | 1 => Action::Crash { target, keep_unsynced: plan.kind == 1 },
        2 => Action::Pause { target },
        3 => Action::Slow { target, factor_thousandths: 8_000 },
        4 => Action::Links { target, loss_ppb: 100_000_000, duplicate_ppb: 50_000_000, delay_ns: 2_000_000 },
        kind => Action::Cut {
            from: target,
            to: Target::Nodes(nodes.to_vec()),
            direction: if plan.victims.is_multiple_of(3) { Direction::OneWay } else { Direction::Both },
            in_flight: if kind == 5 { InFlight::Drop } else { InFlight::Hold },
        },
    };
    let trigger = match plan.mark {
        Some(mark) => Trigger::When {
            mark: MARKS[mark].into(),
            nth: 1 + u64::from(plan.victims % 50),
            not_before: plan.at,
        },
        None => Trigger::At(plan.at),
    };
    Fault { name: format!("fault {}", plan.kind), trigger, duration: Some(plan.lasts), action }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: worlds(),
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_260_101),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_healthy_world_breaks_a_promise(config in configs(), plans in plans(), seed in any::<u64>()) {
        check(&config, &plans, seed)?;
    }

    #[test]
    fn no_healthy_world_of_several_masters_breaks_a_promise(
        config in multi_master_configs(), plans in plans(), seed in any::<u64>(),
    ) {
        check(&config, &plans, seed)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: worlds() / 2,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(20_260_102),
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_healthy_world_with_remedies_breaks_a_promise(
        config in remedied_configs(), plans in plans(), seed in any::<u64>(),
    ) {
        check(&config, &plans, seed)?;
    }
}

fn check(config: &Config, plans: &[Plan], seed: u64) -> Result<(), TestCaseError> {
    let layout = cluster::layout(config);
    let mut nodes = vec![layout.control_plane];
    let with_own_state = layout.servers.iter().chain(&layout.coordinators);
    nodes.extend(with_own_state.chain(&layout.directories).chain(&layout.caches));
    let faults = plans.iter().map(|plan| fault(plan, &nodes)).collect();
    let world = World::build(config, faults, seed).expect("the configuration is possible");
    let run = world.run(&mut |_| true).expect("nobody stops it");
    for judgement in judge(&Case::new(&run.history, &run.evidence), run.promises) {
        if let Some(Verdict::Fail(witness)) = judgement.verdict() {
            prop_assert!(false, "{}: {witness}", judgement.judge);
        }
    }
    Ok(())
}
