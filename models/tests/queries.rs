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

/// A world in which nothing moves, with these tables and queries.
fn still(tables: &str, queries: &str) -> Run {
    let mut config = config(STRATEGIES[1], "order_id", Protocol::Live, Reads::Lease);
    config.membership.clear();
    config.sharding.key = None;
    config.tables = json(tables);
    let workload = format!(r#"{{ "name": "shop", "arrivals": {{ "open": "200/s" }}, "query": {queries} }}"#);
    config.workloads = vec![json(&workload)];
    let run =
        World::build(&config, Vec::new(), 7).expect("it can be built").run(&mut |_| true).expect("it runs");
    let judgements = judge(&Case::new(&run.history, &run.evidence), run.promises);
    for judgement in judgements.iter().filter(|judgement| judgement.promised) {
        assert!(!judgement.finding.verdict.is_fail(), "{}: {}", judgement.judge, judgement.finding.verdict);
    }
    run
}

fn of<'a>(run: &'a Run, name: &'a str) -> impl Iterator<Item = &'a ObservedQuery> {
    let statements = &run.tables.as_ref().expect("there are tables").statements;
    let number = statements.iter().position(|statement| statement.name == name).expect("it is there");
    run.queries
        .iter()
        .filter(move |query| usize::from(query.statement) == number && query.outcome == Outcome::Ok)
}

#[test]
fn a_summary_is_read_from_one_shard_and_made_from_all() {
    let tables = r#"[{ "name": "orders", "rows": 900, "columns": { "order_id": "id" } }]"#;
    let queries = r#"[{ "name": "all", "kind": "count", "table": "orders", "summary": "500ms" },
        { "name": "new", "kind": "insert", "table": "orders" }]"#;
    let run = still(tables, queries);
    let (made, read): (Vec<_>, Vec<_>) = of(&run, "all").partition(|query| query.is_refresh);
    assert_eq!(made.len(), 6, "one at the beginning, and one every half a second");
    assert!(made.iter().all(|query| query.shards.len() == 3 && query.found >= 900), "{made:?}");
    assert!(read.iter().all(|query| query.shards.len() == 1 && query.requests == 1));
    let values: Vec<u64> = made.iter().map(|query| query.value).collect();
    assert!(read.iter().all(|query| query.value == 0 || values.contains(&query.value)));
    assert!(read.len() > 200 && read.iter().filter(|query| query.value == 0).count() < 5);
}

#[test]
fn a_row_in_two_parts_takes_two_rounds_to_two_shards() {
    let tables = r#"[{ "name": "products", "rows": 300, "row-bytes": 50, "far-bytes": 950,
        "columns": { "product_id": "id" } }]"#;
    let queries = r#"[
        { "name": "near", "kind": "select", "table": "products", "where": { "product_id": { "equals": "uniform" } } },
        { "name": "whole", "kind": "select", "table": "products", "where": { "product_id": { "equals": "uniform" } },
          "far": true },
        { "name": "change", "kind": "update", "table": "products", "where": { "product_id": { "equals": "uniform" } } }]"#;
    let run = still(tables, queries);
    assert!(of(&run, "near").all(|query| (query.shards.len(), query.rounds, query.bytes) == (1, 1, 50)));
    assert!(of(&run, "whole").all(|query| (query.shards.len(), query.rounds, query.bytes) == (2, 2, 1_000)));
    assert!(of(&run, "change").all(|query| query.writes == 1 && query.bytes_written == 50));
    assert!(of(&run, "whole").count() > 50);
}

#[test]
fn a_partner_that_is_everywhere_or_copied_is_written_everywhere() {
    let queries = |way: &str| {
        format!(
            r#"[{{ "name": "joined", "kind": "select", "table": "orders", "where": {{ "order_id": {{ "equals": "uniform" }} }},
               "join": {{ "column": "customer_id", "way": "{way}" }} }},
            {{ "name": "change", "kind": "update", "table": "customers", "where": {{ "customer_id": {{ "equals": "uniform" }} }} }}]"#
        )
    };
    let tables = |customers: &str, orders: &str| {
        format!(
            r#"[{{ "name": "customers", "rows": 30, "row-bytes": 400, "columns": {{ "customer_id": "id" }} {customers} }},
            {{ "name": "orders", "rows": 600, "row-bytes": 100, "columns": {{ "order_id": "id",
               "customer_id": {{ "reference": {{ "table": "customers" }} }} }} {orders} }}]"#
        )
    };
    let application = still(&tables("", ""), &queries("application"));
    assert!(of(&application, "joined").all(|query| query.rounds == 2 && query.bytes == 500));
    assert!(of(&application, "change").all(|query| query.writes == 1));
    let reference = still(&tables(r#", "reference": true"#, ""), &queries("reference"));
    assert!(of(&reference, "joined").all(|query| query.rounds == 1 && query.bytes == 500));
    assert!(of(&reference, "change").all(|query| query.writes == 3 && query.shards.len() == 3));
    let embedded = still(&tables("", r#", "embeds": ["customer_id"]"#), &queries("denormalised"));
    assert!(of(&embedded, "joined").all(|query| query.rounds == 1 && query.bytes == 500));
    let tables = embedded.tables.as_ref().expect("there are tables");
    for change in of(&embedded, "change") {
        let column = tables.schema.carriers(change.matching.table).next().expect("orders carry customers");
        let customer = change.matching.bounds[0].low;
        let carriers = (0..600).filter(|&row| tables.schema.value(column, row) == customer).count() as u32;
        assert_eq!(change.writes, 1 + carriers, "customer {customer}");
    }
    let local = still(&tables_by_customer(), &queries("co-located"));
    assert!(of(&local, "joined").all(|query| query.rounds == 1 && query.bytes == 500));
}

fn tables_by_customer() -> String {
    r#"[{ "name": "customers", "rows": 30, "row-bytes": 400, "columns": { "customer_id": "id" } },
        { "name": "orders", "rows": 600, "row-bytes": 100, "shard-by": "customer_id", "columns": { "order_id": "id",
          "customer_id": { "reference": { "table": "customers" } } } }]"#
        .into()
}
