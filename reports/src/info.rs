//! What the caller knows and the rows do not say: the metrics' meaning, and the run's wall-clock circumstances.

use serde::Serialize;

/// Which way a metric is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Less is better: latencies, lost writes.
    Lower,
    /// More is better: throughput, availability.
    Higher,
    /// Neither: it describes, and has no winner.
    Neither,
}

impl Better {
    /// The word for tables; empty where there is no winner.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Higher => "higher",
            Self::Neither => "",
        }
    }
}

/// One metric of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricInfo {
    /// Dotted name, as in [`VariantReport::metrics`](shardlab_scenarios::tables::VariantReport::metrics).
    pub name: String,
    /// Its unit: `ms`, `ops/s`, `fraction`, `bytes`, …; empty for pure numbers.
    pub unit: String,
    /// Which way it is better.
    pub better: Better,
    /// Whether it belongs in the short table.
    pub headline: bool,
    /// What it is, in one sentence.
    pub definition: String,
}

impl MetricInfo {
    /// For a metric that the catalogue does not know: shown, but it wins nothing.
    pub(crate) fn unknown(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            unit: String::new(),
            better: Better::Neither,
            headline: false,
            definition: String::new(),
        }
    }
}

/// Circumstances of the run that differ from one execution to the next: the contents of `meta.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Meta {
    /// When the run began, RFC 3339.
    pub started: String,
    /// How long it took on the wall clock, in seconds.
    pub wall_s: f64,
    /// Version of shardlab.
    pub version: String,
    /// Threads that the host offers.
    pub host_threads: u32,
}
