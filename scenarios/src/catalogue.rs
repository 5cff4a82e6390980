//! The catalogue of metrics: every name, unit and definition, which way is better, and which picture shows it.
//!
//! Nothing downstream knows a metric that is not listed here; an expectation on any other name is an error.

use serde::Serialize;
use shardlab_consistency::{Anomaly, JUDGES};

mod comparable;
mod levels;
mod queries;
mod rows;

pub use comparable::{
    Presupposed, flatters_who_refuses, is_of_moves, least_difference, presupposes, sees_survivors_only,
};
pub(crate) use levels::{LEVELS, MEASURES};
use rows::{LATENCIES_COME_AFTER, Row, SINGLE};

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// Less is better.
    Lower,
    /// More is better.
    Higher,
    /// It describes, and does not judge.
    Neither,
}

/// One metric of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MetricInfo {
    /// Dotted name, unit last: `latency.read.p99_ms`.
    pub name: String,
    /// Its unit in words: `ms`, `operations/s`, `fraction`.
    pub unit: &'static str,
    /// What exactly it is.
    pub definition: String,
    /// Which way is better.
    pub better: Better,
    /// Whether a summary shows it.
    pub headline: bool,
    /// The picture that shows it.
    pub plot: Option<&'static str>,
}

/// Kinds of operation with a latency of their own, in order of display.
pub const OPERATIONS: [&str; 8] = ["all", "read", "write", "insert", "rmw", "scan", "transfer", "audit"];

/// Latency statistics, in order of display: suffix of the name, quantile (`None` for mean), in words.
pub(crate) const LATENCIES: [(&str, Option<f64>, &str); 6] = [
    ("mean_ms", None, "Mean"),
    ("p50_ms", Some(0.5), "Median"),
    ("p95_ms", Some(0.95), "95th percentile"),
    ("p99_ms", Some(0.99), "99th percentile"),
    ("p999_ms", Some(0.999), "99.9th percentile"),
    ("max_ms", Some(1.0), "Maximum"),
];

/// Every metric, in order of display.
#[must_use]
pub fn all() -> Vec<MetricInfo> {
    let (before, after) = SINGLE.split_at(LATENCIES_COME_AFTER);
    let single = |rows: &[Row]| rows.iter().map(Row::info).collect::<Vec<_>>();
    let mut metrics = single(before);
    for operation in OPERATIONS {
        metrics.extend(LATENCIES.map(|latency| latency_info(operation, latency)));
    }
    metrics.extend(single(after));
    metrics.extend(levels::all());
    metrics.extend(anomalies().into_iter().map(anomaly_info));
    metrics
}

/// The metric of that name.
#[must_use]
pub fn find(name: &str) -> Option<MetricInfo> {
    all()
        .into_iter()
        .find(|metric| metric.name == name)
        .or_else(|| of_workload(name))
        .or_else(|| queries::info(name))
}

/// What clients of one workload felt before the first move and after the last, by suffix.
const AROUND_MOVES: [(&str, &str); 2] = [
    ("p99_before_ms", "between warm-up and the first move's beginning"),
    ("p99_after_ms", "after the last move was done"),
];

/// The latency of one workload, where a scenario has several: `workload.checkout.p99_ms`.
#[must_use]
pub fn of_workload(name: &str) -> Option<MetricInfo> {
    let (workload, suffix) = name.strip_prefix("workload.")?.rsplit_once('.')?;
    if let Some((_, when)) = AROUND_MOVES.iter().find(|(known, _)| *known == suffix) {
        return Some(MetricInfo {
            name: name.into(),
            unit: "ms",
            definition: format!(
                "99th percentile of latency of the operations of the workload `{workload}` that were called {when}. \
                 Measured where there are several workloads and something moved."
            ),
            better: Better::Lower,
            headline: false,
            plot: None,
        });
    }
    let (_, _, words) = LATENCIES.iter().find(|(known, _, _)| *known == suffix)?;
    Some(MetricInfo {
        name: name.into(),
        unit: "ms",
        definition: format!(
            "{words} of the operations of the workload `{workload}`, from the client's call to its ok, retries included; \
             calls made after warm-up. Measured where there are several workloads."
        ),
        better: Better::Lower,
        headline: suffix == "p99_ms",
        plot: None,
    })
}

/// Every metric, and those of these names that workloads and queries have of their own.
#[must_use]
pub fn of_metrics<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<MetricInfo> {
    let mut metrics = all();
    for name in names {
        if !metrics.iter().any(|info| info.name == name) {
            metrics.extend(of_workload(name).or_else(|| queries::info(name)));
        }
    }
    metrics
}

/// Every metric that a scenario with these workloads can have, in order of display.
#[must_use]
pub fn with_workloads<'a>(workloads: impl IntoIterator<Item = &'a str>) -> Vec<MetricInfo> {
    let around = || AROUND_MOVES.iter().map(|(suffix, _)| suffix);
    let suffixes = || LATENCIES.iter().map(|(suffix, _, _)| suffix).chain(around());
    let of = |name: &str| {
        suffixes().filter_map(|suffix| of_workload(&format!("workload.{name}.{suffix}"))).collect()
    };
    let mut metrics = all();
    metrics.extend(workloads.into_iter().flat_map(|name| -> Vec<MetricInfo> { of(name) }));
    metrics
}

/// Whether a summary that has room for little leaves a headline out, because others that were measured say it better or
/// because nobody asks for it.
///
/// The median of a mix of reads and writes is one of neither: it lies among the reads or the writes, whichever are
/// more, and jumps with their proportion. Where there is one kind only, its median is that of all. What an operation
/// sends is a headline where clocks travel with every version.
#[must_use]
pub fn is_left_out(name: &str, is_measured: impl Fn(&str) -> bool) -> bool {
    let is_mixed = ["latency.read.p50_ms", "latency.write.p50_ms"].into_iter().all(&is_measured);
    match name {
        "latency.all.p50_ms" => is_mixed,
        "latency.read.p50_ms" | "latency.write.p50_ms" => !is_mixed,
        // Where nothing moves unasked, work is hardly ever done twice.
        "rebalance.thrash_index" => !is_measured("rebalance.moves_needed"),
        "network.bytes_per_op" => !is_measured("clock.bytes_per_key"),
        _ => false,
    }
}

/// What it takes for a metric to be measured, of those that need more than a load; in words.
#[must_use]
pub fn needs(name: &str) -> Option<&'static str> {
    match name {
        "convergence.after_heal_ms" => {
            Some("a fault has to heal before the load ends, and all copies have to hear of everything")
        }
        "convergence.time_ms" => Some("all copies have to be equal when the drain ends"),
        "failover.duration_ms" => Some("a primary has to be replaced"),
        "hotspot.began_s" | "hotspot.times_fair" => Some("a server or a shard has to be hot"),
        "rebalance.duration_s" => Some("every move has to end before the drain does"),
        "rebalance.p99_penalty" => Some(
            "no other fault may be at work between warm-up and the last move, which must take 100 calls or more",
        ),
        "rebalance.p99_before_ms" | "rebalance.p99_during_ms" | "rebalance.p99_after_ms" => {
            Some("100 calls have to be answered in that time")
        }
        "writes.acked" | "writes.lost" => Some("a workload has to write single keys"),
        "reads.stale" => Some("a workload has to read single keys"),
        _ => None,
    }
}

/// The names of all anomalies that judges count.
#[must_use]
pub fn anomalies() -> Vec<&'static str> {
    let mut names: Vec<&str> = Vec::new();
    for anomaly in JUDGES.iter().flat_map(|judge| judge.anomalies.iter().copied()) {
        if !names.contains(&anomaly) {
            names.push(anomaly);
        }
    }
    names
}

fn latency_info(operation: &str, (suffix, _, words): (&str, Option<f64>, &str)) -> MetricInfo {
    let what = match operation {
        "all" => "of all operations",
        "read" => "of point reads",
        "write" => "of overwrites",
        "insert" => "of writes of new keys",
        "rmw" => "of read-modify-writes",
        "scan" => "of scans",
        "transfer" => "of transactions that move money",
        _ => "of transactions that read every account",
    };
    MetricInfo {
        name: format!("latency.{operation}.{suffix}"),
        unit: "ms",
        definition: format!(
            "{words} {what}, from the client's call to its ok, retries included; calls made after warm-up."
        ),
        better: Better::Lower,
        headline: match suffix {
            "p50_ms" => matches!(operation, "all" | "read" | "write"),
            "p99_ms" => operation == "all",
            _ => false,
        },
        plot: Some(if suffix == "max_ms" { "latency" } else { "latency-cdf" }),
    }
}

/// What an anomaly is, in one sentence; of a class that a judge has to itself, what the judge tests.
pub(crate) fn meaning(judge: &str, anomaly: &str) -> &'static str {
    // By its first name alone: what one judge calls a dirty read is another one's alias for G1a.
    let class = Anomaly::all().find(|class| class.name() == anomaly).map(Anomaly::doc);
    let tested = JUDGES.iter().find(|known| known.name == judge).map(|known| known.doc);
    class.or(tested).unwrap_or_default()
}

fn anomaly_info(anomaly: &str) -> MetricInfo {
    let judges = JUDGES.iter().filter(|judge| judge.anomalies.contains(&anomaly));
    let docs: Vec<&str> = judges.map(|judge| judge.doc).collect();
    MetricInfo {
        name: format!("anomalies.{anomaly}"),
        unit: if anomaly == "residency-violation" { "copies of rows" } else { "count" },
        definition: format!("How often `{anomaly}` was seen. {}", docs.join(" ")),
        better: Better::Lower,
        headline: false,
        plot: Some("anomalies"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Anomalies keep the spelling of those who named them: `G1a`, `G-single-item`.
    #[test]
    fn names_are_unique_and_dotted_in_lower_case() {
        let mut names: Vec<String> = all().into_iter().map(|metric| metric.name).collect();
        let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        let is_sound = |name: &&String| {
            let anomaly = name.strip_prefix("anomalies.");
            anomaly
                .map_or_else(|| name.chars().all(sound), |name| name.to_ascii_lowercase().chars().all(sound))
        };
        let unsound: Vec<&String> = names.iter().filter(|name| !is_sound(name)).collect();
        assert_eq!(unsound, [""; 0]);
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "a metric is listed twice");
    }

    #[test]
    fn a_metric_is_found_by_its_name_only() {
        assert_eq!(find("latency.read.p99_ms").unwrap().unit, "ms");
        assert_eq!(find("writes.lost").unwrap().better, Better::Lower);
        assert_eq!(find("latency.read.p98_ms"), None);
        assert_eq!(find(""), None);
    }

    #[test]
    fn a_workload_has_latencies_of_its_own() {
        let info = find("workload.check-out.p99_ms").expect("it ends in a latency");
        assert!(info.headline && info.definition.starts_with("99th percentile of the operations"));
        assert!(["workload.p99_ms", "workload.a.p98_ms", "a.p99_ms"].iter().all(|name| find(name).is_none()));
        let names: Vec<String> = with_workloads(["a", "b"]).into_iter().map(|info| info.name).collect();
        assert_eq!(names.last().map(String::as_str), Some("workload.b.p99_after_ms"));
        assert_eq!(names.len(), all().len() + 2 * (LATENCIES.len() + AROUND_MOVES.len()));
    }

    #[test]
    fn what_a_metric_needs_is_said_of_metrics_that_there_are() {
        assert_eq!(all().iter().filter(|metric| needs(&metric.name).is_some()).count(), 13);
    }

    #[test]
    fn latencies_follow_throughput() {
        let metrics = all();
        assert_eq!(metrics[LATENCIES_COME_AFTER - 1].name, "outage.longest_ms");
        assert_eq!(metrics[LATENCIES_COME_AFTER].name, "latency.all.mean_ms");
    }
}
