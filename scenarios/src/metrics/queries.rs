//! What queries over tables cost: shards asked, bytes shipped, rows kept and written more than once.

use std::collections::{BTreeMap, BTreeSet};

use shardlab_consistency::{OperationKind, Outcome};
use shardlab_models::node::ObservedQuery;
use shardlab_models::tables::keys::summary_key;
use shardlab_models::tables::{QueryKind, TableId, Tables};
use shardlab_models::world::Run;
use shardlab_sim::Time;

use super::{Metrics, Sorted, put, ratio};

/// Measures queries, all together and each by itself.
pub(super) fn measure(run: &Run, metrics: &mut Metrics) {
    let Some(tables) = &run.tables else { return };
    let all: Vec<&ObservedQuery> = measured(run).collect();
    put(metrics, "fanout.mean", mean(&all, |query| query.shards.len() as f64));
    put(metrics, "queries.single_shard_fraction", mean(&all, is_of_one_shard));
    put(metrics, "queries.bytes_mean", mean(&all, |query| query.bytes as f64));
    put(metrics, "storage.amplification", storage_amplification(run, tables));
    put(metrics, "writes.amplification", write_amplification(&all, tables));
    let staleness = Sorted::from(summary_staleness(run, tables));
    put(metrics, "summary.staleness_p50_ms", staleness.quantile_ms(0.5));
    put(metrics, "summary.staleness_max_ms", staleness.quantile_ms(1.0));
    for (number, statement) in (0..).zip(&tables.statements) {
        let mine: Vec<&ObservedQuery> = of(run, number).collect();
        let name = |what: &str| format!("query.{}.{what}", statement.name);
        let latency = latency(&mine);
        put(metrics, &name("p50_ms"), latency.quantile_ms(0.5));
        put(metrics, &name("p99_ms"), latency.quantile_ms(0.99));
        put(metrics, &name("fanout_mean"), mean(&mine, |query| query.shards.len() as f64));
        put(metrics, &name("single_shard_fraction"), mean(&mine, is_of_one_shard));
        put(metrics, &name("requests_mean"), mean(&mine, |query| f64::from(query.requests)));
        put(metrics, &name("bytes_mean"), mean(&mine, |query| query.bytes as f64));
    }
}

/// Queries that were begun between warm-up and the load's end, without those that make summaries.
fn measured(run: &Run) -> impl Iterator<Item = &ObservedQuery> {
    let window = run.warmup..run.duration;
    run.queries.iter().filter(move |query| window.contains(&query.invoked) && !query.is_refresh)
}

/// Of these, the queries of one statement.
pub(crate) fn of(run: &Run, statement: u16) -> impl Iterator<Item = &ObservedQuery> {
    measured(run).filter(move |query| query.statement == statement)
}

/// From call to answer, of those that were answered.
pub(crate) fn latency(queries: &[&ObservedQuery]) -> Sorted {
    let answered = queries.iter().filter(|query| query.outcome == Outcome::Ok);
    Sorted::from(answered.map(|query| query.completed - query.invoked).collect::<Vec<_>>())
}

pub(crate) fn mean(queries: &[&ObservedQuery], value: impl Fn(&ObservedQuery) -> f64) -> Option<f64> {
    ratio(queries.iter().map(|query| value(query)).sum(), queries.len() as f64)
}

/// One, or none: a router may know that no row matches.
pub(crate) fn is_of_one_shard(query: &ObservedQuery) -> f64 {
    f64::from(u8::from(query.shards.len() <= 1))
}

/// Bytes of loaded rows with all that is copied, by the bytes that they would take once.
fn storage_amplification(run: &Run, tables: &Tables) -> Option<f64> {
    let schema = &tables.schema;
    let shards = f64::from(run.ownership.shards_at_first());
    let bytes = |table: TableId, kept: bool| {
        let (rows, far) = (schema.rows(table) as f64, f64::from(schema.far_bytes(table)));
        let copies = if kept && schema.is_everywhere(table) { shards } else { 1.0 };
        let row = if kept { schema.row_bytes(table) } else { schema.own_bytes(table) };
        rows * copies * (f64::from(row) + far)
    };
    let sum = |kept| schema.tables().map(|table| bytes(table, kept)).sum();
    ratio(sum(true), sum(false))
}

/// Bytes written by updates and inserts, by those of the rows that they are of.
fn write_amplification(queries: &[&ObservedQuery], tables: &Tables) -> Option<f64> {
    let writes = queries.iter().filter(|query| query.writes > 0);
    let (mut written, mut own) = (0.0, 0.0);
    for query in writes {
        written += query.bytes_written as f64;
        own += f64::from(tables.schema.own_bytes(query.matching.table));
        if tables.statements[usize::from(query.statement)].kind == QueryKind::Insert {
            own += f64::from(tables.schema.far_bytes(query.matching.table));
        }
    }
    ratio(written, own)
}

/// For each read of a summary, how long ago the count that it shows had begun.
fn summary_staleness(run: &Run, tables: &Tables) -> Vec<Time> {
    let keys: BTreeSet<u64> = (0..)
        .zip(&tables.statements)
        .filter(|(_, statement)| statement.summary_ns.is_some())
        .map(|(number, _)| summary_key(number))
        .collect();
    let refreshes = run.queries.iter().filter(|query| query.is_refresh);
    let began: BTreeMap<u64, Time> = refreshes.map(|query| (query.value, query.invoked)).collect();
    let reads = run.history.operations.iter().filter(|operation| {
        operation.kind == OperationKind::Read
            && keys.contains(&operation.key)
            && (run.warmup..run.duration).contains(&operation.invoked)
    });
    reads.filter_map(|read| Some(read.completed - began.get(&read.observed()?)?)).collect()
}
