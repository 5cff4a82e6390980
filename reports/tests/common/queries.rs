//! A run of queries over tables.

use super::flash_sale;
use shardlab_scenarios::tables::{Figure, QueryRow, RunReport};

/// The same run, but what was called are three queries.
pub fn queried(names: &[&str]) -> RunReport {
    let mut report = flash_sale(names, 1);
    for (place, variant) in report.variants.iter_mut().enumerate() {
        let fanout = |query: usize| if query == place % 3 { 1.0 } else { 8.0 };
        variant.queries = ["order-history", "stock", "a-report-of-everything-that-there-is"]
            .into_iter()
            .zip(0..)
            .map(|(name, query)| row(name, 10 << query, fanout(query as usize)))
            .collect();
        for row in &variant.queries {
            for (what, value) in [("fanout_mean", row.fanout_mean), ("p99_ms", row.p99_ms)] {
                let mean = value.unwrap();
                let figure = Figure { mean, low: mean, high: mean, seeds: 1 };
                variant.metrics.insert(format!("query.{}.{what}", row.query), figure);
            }
        }
    }
    report
}

fn row(name: &str, count: u64, fanout: f64) -> QueryRow {
    QueryRow {
        query: name.into(),
        count,
        p50_ms: Some(0.5 * fanout),
        p99_ms: Some(1.1 * fanout),
        fanout_mean: Some(fanout),
        fanout_max: Some(fanout as u32),
        single_shard_share: Some(if fanout > 1.0 { 0.0 } else { 1.0 }),
        requests_mean: Some(fanout),
        rounds_mean: Some(1.0),
        bytes_mean: Some(4_321.0),
        rows_mean: Some(17.0),
        writes_mean: None,
    }
}
