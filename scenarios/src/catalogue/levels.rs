//! How evenly the load lies: four statistics of three measures on three levels, and one name for each.

use super::{Better, MetricInfo};

/// Shards, servers or keys.
pub(crate) struct Level {
    pub name: &'static str,
    /// "shards".
    plural: &'static str,
}

/// Shards, servers, keys.
pub(crate) const LEVELS: [Level; 3] = [
    Level { name: "shard", plural: "shards" },
    Level { name: "server", plural: "servers" },
    Level { name: "key", plural: "keys that clients asked for" },
];

/// Operations, bytes or time of cores.
pub(crate) struct Measure {
    pub name: &'static str,
}

/// Operations, bytes, time of cores.
pub(crate) const MEASURES: [Measure; 3] =
    [Measure { name: "operations" }, Measure { name: "bytes" }, Measure { name: "cpu" }];

/// Name, unit, what it is of x, over what.
const STATISTICS: [(&str, &str, &str); 4] = [
    ("imbalance", "ratio", "the largest divided by the mean"),
    (
        "cv",
        "ratio",
        "coefficient of variation, √(Σ (x − mean)² / n) / mean: the population's standard deviation by the mean",
    ),
    (
        "gini",
        "ratio",
        "Gini coefficient, Σ (2i − n − 1) xᵢ / (n Σ x) with x in ascending order: 0 when all are equal, (n − 1)/n when \
         one has everything",
    ),
    ("hottest_share", "fraction", "the largest divided by the sum"),
];

/// What x is, after warm-up.
const fn what(level: &str, measure: &str) -> &'static str {
    match (level.as_bytes(), measure.as_bytes()) {
        (b"server", b"operations") => {
            "requests of clients and coordinators that it handled, to the drain's end"
        }
        (b"server", b"bytes") => "bytes that it sent to anybody, to the drain's end",
        (b"server", _) => "time that its cores were busy, to the load's end",
        (_, b"operations") => {
            "operations that clients asked of it, answered or not, to the load's end; one that is tried again counts once"
        }
        (_, b"bytes") => {
            "bytes of the values that clients asked to read or write there, to the load's end; copies and headers apart"
        }
        _ => {
            "operations that clients asked of it, each with the mean service time of its kind at the primary, to the \
             load's end; backups, repetitions and moves apart, since no core knows what shard it works for"
        }
    }
}

/// Every one of them.
pub(super) fn all() -> Vec<MetricInfo> {
    let of_level = |level: &'static Level| MEASURES.iter().flat_map(move |measure| of(level, measure));
    LEVELS.iter().flat_map(of_level).collect()
}

fn of(level: &Level, measure: &Measure) -> [MetricInfo; 4] {
    let (what, plural) = (what(level.name, measure.name), level.plural);
    STATISTICS.map(|(statistic, unit, words)| MetricInfo {
        name: format!("{}.{}.{statistic}", level.name, measure.name),
        unit,
        definition: format!(
            "Over {plural}, {words}; x is {what}.{}",
            short(level.name, measure.name, statistic)
        ),
        better: Better::Lower,
        headline: false,
        plot: Some(if level.name == "key" { "heat" } else { "shares" }),
    })
}

/// Some have a shorter name besides.
fn short(level: &str, measure: &str, statistic: &str) -> String {
    let has = match (level, measure) {
        ("shard", "operations") => matches!(statistic, "imbalance" | "cv" | "hottest_share"),
        ("server", "cpu") => statistic == "imbalance",
        _ => false,
    };
    if has { format!(" `{level}.{statistic}` for short.") } else { String::new() }
}
