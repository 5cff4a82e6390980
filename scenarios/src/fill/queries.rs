//! What each query cost.

use shardlab_models::node::ObservedQuery;
use shardlab_models::world::Run;

use crate::metrics::queries::{is_of_one_shard, latency, mean, of};
use crate::tables::QueryRow;

/// A row a query, in the order of the file; none where keys are no rows of tables.
pub(crate) fn queries(run: &Run) -> Vec<QueryRow> {
    let Some(tables) = &run.tables else { return Vec::new() };
    let statements = (0..).zip(&tables.statements);
    statements.map(|(number, statement)| row(&statement.name, &of(run, number).collect::<Vec<_>>())).collect()
}

fn row(name: &str, queries: &[&ObservedQuery]) -> QueryRow {
    let latency = latency(queries);
    QueryRow {
        query: name.to_owned(),
        count: queries.len() as u64,
        p50_ms: latency.quantile_ms(0.5),
        p99_ms: latency.quantile_ms(0.99),
        fanout_mean: mean(queries, |query| query.shards.len() as f64),
        fanout_max: queries.iter().map(|query| query.shards.len() as u32).max(),
        single_shard_share: mean(queries, is_of_one_shard),
        requests_mean: mean(queries, |query| f64::from(query.requests)),
        rounds_mean: mean(queries, |query| f64::from(query.rounds)),
        bytes_mean: mean(queries, |query| query.bytes as f64),
        rows_mean: mean(queries, |query| query.found as f64),
        writes_mean: mean(queries, |query| f64::from(query.writes)),
    }
}
