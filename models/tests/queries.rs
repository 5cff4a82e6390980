//! Queries over tables, before, during and after moves, under every strategy and by every column: what they find is
//! what a look at every row finds.

use std::collections::BTreeMap;

use shardlab_consistency::{Case, OperationKind, Outcome, Time, Verdict, judge};
use shardlab_models::config::{
    Bug, Cluster, Config, Membership, Rebalancing, Replication, Sharding, Transactions, Workload,
};
use shardlab_models::node::ObservedQuery;
use shardlab_models::rebalancing::{MembershipChange, Protocol};
use shardlab_models::replication::{Ack, Mode, Reads};
use shardlab_models::sharding::Strategy;
use shardlab_models::tables::keys::{Address, address};
use shardlab_models::tables::{Table, TableId};
use shardlab_models::world::{Run, World};
use shardlab_sim::{Action, Duration, Fault, Random, SECOND, Size, Target, Trigger};

const TABLES: &str = r#"[
    { "name": "customers", "rows": 40, "row-bytes": 200, "shard-by": "customer_id", "columns": {
        "customer_id": "id", "region": { "category": { "eu": 5.0, "us": 3.0 } } } },
    { "name": "orders", "rows": 900, "row-bytes": 100, "columns": {
        "order_id": "id",
        "customer_id": { "reference": { "table": "customers", "chooser": { "zipfian": 0.8 } } },
        "order_date": { "date": { "days": 30 } },
        "region": { "copy": { "through": "customer_id", "column": "region" } } } }
]"#;

const WORKLOAD: &str = r#"{ "name": "shop", "arrivals": { "open": "400/s" }, "timeout": "300ms", "retries": 20, "query": [
    { "name": "history", "weight": 3, "kind": "select", "table": "orders", "also": ["region"],
      "where": { "customer_id": { "equals": { "zipfian": 0.8 } } }, "limit": 1000 },
    { "name": "newest", "kind": "select", "table": "orders", "where": { "customer_id": { "equals": "rows" } }, "limit": 5,
      "join": { "column": "customer_id", "way": "application" } },
    { "name": "status", "kind": "select", "table": "orders", "where": { "order_id": { "equals": { "latest": 0.9 } } } },
    { "name": "days", "kind": "count", "table": "orders",
      "where": { "order_date": { "within": { "width": 4, "until": "rows" } }, "region": { "is": "eu" } } },
    { "name": "all", "weight": 2, "kind": "count", "table": "orders" },
    { "name": "new", "weight": 3, "kind": "insert", "table": "orders" },
    { "name": "change", "kind": "update", "table": "orders", "where": { "order_id": { "equals": "uniform" } } }
] }"#;

fn json<T: serde::de::DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("it is well formed")
}

fn config(strategy: &str, key: &str, protocol: Protocol, reads: Reads) -> Config {
    let at = |seconds: f64| Duration::from_ns((seconds * SECOND as f64) as u64);
    let command = |fault, seconds, change| Membership {
        name: format!("command {fault}"),
        fault,
        at: at(seconds),
        change,
    };
    Config {
        cluster: Cluster { servers: 3, ..Cluster::default() },
        sharding: Sharding {
            strategy: json::<Strategy>(strategy),
            key: Some(key.into()),
            ..Sharding::default()
        },
        replication: Replication {
            mode: Mode::Primary { replicas: 2, ack: Ack::Quorum, failover: Some(at(1.0)) },
            reads,
        },
        transactions: Transactions::default(),
        tables: json::<Vec<Table>>(TABLES),
        workloads: vec![json::<Workload>(WORKLOAD)],
        rebalancing: Rebalancing {
            protocol,
            // Small chunks: a few dozen rows are a long way.
            chunk: Size(2_000),
            throttle: Size(200_000),
            concurrent: 2,
            ..Rebalancing::default()
        },
        remedies: Default::default(),
        membership: vec![
            command(0, 0.6, MembershipChange::Add(1)),
            command(1, 1.6, MembershipChange::Remove(0)),
        ],
        bugs: Vec::new(),
        duration: at(3.0),
        warmup: Duration::ZERO,
        drain: at(16.0),
    }
}

/// On even seeds whoever comes to a step of a move crashes there.
fn faults(random: &mut Random) -> Vec<Fault> {
    let marks =
        ["move.snapshot", "move.catch-up", "move.sealed", "move.cut-over", "move.given", "move.owned"];
    let fault = |number: u32, mark: &str| Fault {
        name: format!("fault {number}"),
        trigger: Trigger::When { mark: mark.into(), nth: 1, not_before: 0 },
        duration: Some(SECOND),
        action: Action::Crash { target: Target::Marker, keep_unsynced: false },
    };
    match random.below(2) {
        0 => vec![fault(0, marks[random.below(6) as usize])],
        _ => Vec::new(),
    }
}

fn ran(config: &Config, seed: u64) -> Run {
    let faults = faults(&mut Random::new(seed, "queries", 0));
    World::build(config, faults, seed).expect("it can be built").run(&mut |_| true).expect("it runs")
}

/// When each row was sent and acknowledged that was not loaded.
fn inserted(run: &Run) -> BTreeMap<(TableId, u64), (Time, Option<Time>)> {
    let inserts = run.history.operations.iter().filter(|operation| operation.kind == OperationKind::Insert);
    let row = |operation: &shardlab_consistency::Operation| match address(operation.key) {
        Address::Row { table, row, .. } => ((table, row), (operation.invoked, operation.acknowledged())),
        other => panic!("{other:?} was inserted"),
    };
    inserts.map(row).collect()
}

/// A look at every row.
fn expected(
    run: &Run,
    query: &ObservedQuery,
    inserted: &BTreeMap<(TableId, u64), (Time, Option<Time>)>,
) -> (u64, u64) {
    let schema = &run.tables.as_ref().expect("there are tables").schema;
    let matching = &query.matching;
    let loaded = (0..schema.rows(matching.table)).filter(|&row| matching.holds(schema, row)).count() as u64;
    let (mut least, mut most) = (loaded, loaded);
    for (&(table, row), &(sent, acknowledged)) in inserted {
        if table == matching.table && matching.holds(schema, row) && sent < query.completed {
            most += 1;
            least += u64::from(acknowledged.is_some_and(|at| at < query.invoked));
        }
    }
    let limit = matching.limit.map_or(u64::MAX, u64::from);
    (least.min(limit), most.min(limit))
}

const STRATEGIES: [&str; 2] = [r#"{ "modulo": {} }"#, r#"{ "consistent-hash": { "vnodes": 32 } }"#];

#[test]
fn what_is_found_is_what_a_look_at_every_row_finds() {
    let keys = ["order_id", "customer_id", "order_date", "region"];
    let protocols = [Protocol::Live, Protocol::StopTheWorld, Protocol::DualWrite];
    let reads = [Reads::Lease, Reads::Quorum];
    let (mut answered, mut during) = (0, 0);
    for seed in 0..24 {
        let pick = |of: u64, among: usize| (seed / of) as usize % among;
        let strategy = STRATEGIES[pick(1, STRATEGIES.len())];
        let (key, protocol) = (keys[pick(2, 4)], protocols[pick(8, 3)]);
        let config = config(strategy, key, protocol, reads[pick(3, 2)]);
        let run = ran(&config, seed);
        let case = format!("seed {seed}: {strategy} by {key}, {protocol:?}");
        let inserted = inserted(&run);
        for query in run.queries.iter().filter(|query| query.reads_rows && query.outcome == Outcome::Ok) {
            let (least, most) = expected(&run, query, &inserted);
            assert!((least..=most).contains(&query.found), "{case}: {least} to {most}, but {query:?}");
            answered += 1;
            let overlaps = |of: &shardlab_models::world::MoveCosts| {
                query.completed > of.began && of.published.is_none_or(|at| query.invoked < at)
            };
            during += u32::from(run.rebalancing.moves.iter().any(overlaps));
        }
        let judgements = judge(&Case::new(&run.history, &run.evidence), run.promises);
        for judgement in judgements.iter().filter(|judgement| judgement.promised) {
            let verdict = &judgement.finding.verdict;
            assert!(!verdict.is_fail(), "{case}: {}: {verdict}", judgement.judge);
            if judgement.judge == "query-answers" {
                assert_eq!(*verdict, Verdict::Pass, "{case}");
            }
        }
    }
    assert!(answered > 10_000 && during > 1_000, "{answered} queries, {during} while rows moved");
}

#[test]
fn parts_that_are_trusted_whatever_they_counted_are_caught() {
    let caught = (0..6).filter(|&seed| {
        let mut config = config(STRATEGIES[0], "order_id", Protocol::StopTheWorld, Reads::Lease);
        config.bugs = vec![Bug::TrustEveryPart];
        let run = World::build(&config, Vec::new(), seed)
            .expect("it can be built")
            .run(&mut |_| true)
            .expect("it runs");
        let judgements = judge(&Case::new(&run.history, &run.evidence), run.promises);
        judgements
            .iter()
            .any(|judgement| judgement.judge == "query-answers" && judgement.finding.verdict.is_fail())
    });
    assert_eq!(caught.count(), 6);
}
