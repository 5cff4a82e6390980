//! Metrics of single queries: each has the query's name in its own.

use super::{Better, MetricInfo};

/// What is measured of a query: end of the metric's name, unit, whether a summary shows it and a picture draws it,
/// definition.
const MEASURES: [(&str, &str, bool, &str); 6] = [
    ("p50_ms", "ms", false, "Median latency, from call to answer, of those that were answered."),
    (
        "p99_ms",
        "ms",
        true,
        "99th percentile of the latency, from call to answer, of those that were answered.",
    ),
    (
        "fanout_mean",
        "shards",
        true,
        "Shards that one asks, mean; none where the router knows that no row matches, as when a partition is gone.",
    ),
    ("single_shard_fraction", "fraction", false, "Share that asked a single shard at most."),
    (
        "requests_mean",
        "requests",
        false,
        "Requests that one sends, those that are sent again included, mean.",
    ),
    ("bytes_mean", "bytes", false, "Size of all answers to one, mean."),
];

/// The metric of that name, if it is one of a query: `query.history.p99_ms`.
pub(super) fn info(name: &str) -> Option<MetricInfo> {
    let (query, measure) = name.strip_prefix("query.")?.split_once('.')?;
    let &(_, unit, headline, definition) = MEASURES.iter().find(|(known, ..)| *known == measure)?;
    let better = if measure == "single_shard_fraction" { Better::Higher } else { Better::Lower };
    Some(MetricInfo {
        name: name.to_owned(),
        unit,
        definition: format!("Of the query `{query}`: {definition}"),
        better,
        headline,
        plot: headline.then_some("queries"),
    })
}

#[cfg(test)]
mod tests {
    use super::super::{all, find, of_metrics};

    #[test]
    fn a_metric_of_a_query_has_its_name_and_a_measure() {
        assert_eq!(find("query.order-history.p99_ms").expect("it is one").unit, "ms");
        for name in ["query.order-history", "query.order-history.p98_ms", "query..", "query.a.b.p99_ms"] {
            assert!(find(name).is_none(), "{name}");
        }
        let names = ["query.a.p99_ms", "errors", "query.b.bytes_mean", "query.a.p99_ms"];
        let added: Vec<String> =
            of_metrics(names).into_iter().skip(all().len()).map(|info| info.name).collect();
        assert_eq!(added, ["query.a.p99_ms", "query.b.bytes_mean"]);
    }
}
