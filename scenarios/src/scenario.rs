//! The scenario file: one question, and everything that is needed to answer it again.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shardlab_models::config::{
    Bug, Cluster, Config, Membership, Rebalancing, Remedies, Replication, Sharding, Table, Transactions,
    Workload,
};
use shardlab_sim::Duration;

use crate::checks::Checks;
use crate::fault::FaultSpec;
use crate::sweep::Sweep;

/// The version of the file format that this program reads.
pub const SCHEMA_VERSION: u32 = 1;

/// A scenario: a question, a cluster, a load, faults, and what is expected of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Scenario {
    /// Version of the file format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub schema: u32,
    /// The scenario's name in reports and paths; the file's name without `.toml` if left out.
    #[serde(default)]
    pub name: String,
    /// What the run is to answer, in one sentence.
    pub question: String,
    /// Every random draw follows from this.
    #[serde(default = "default_seed")]
    pub seed: u64,
    /// Load runs this long; then faults heal and the cluster drains.
    #[serde(default = "default_duration")]
    pub duration: Duration,
    /// Measures, and faults hung on marks, count from here.
    #[serde(default = "default_warmup")]
    pub warmup: Duration,
    /// Time to converge after the load has stopped.
    #[serde(default = "default_drain")]
    pub drain: Duration,
    /// Protocol steps left out on purpose, so that a judge can be seen to catch it.
    #[serde(default)]
    pub bugs: Vec<Bug>,
    /// Machines and network.
    #[serde(default)]
    pub cluster: Cluster,
    /// Which key lives in which shard.
    #[serde(default)]
    pub sharding: Sharding,
    /// What the rows are that are stored, where queries ask for them by their columns.
    #[serde(default)]
    pub table: Vec<Table>,
    /// How the copies of a shard agree.
    #[serde(default)]
    pub replication: Replication,
    /// How several shards commit together.
    #[serde(default)]
    pub transactions: Transactions,
    /// How keys move when servers come or go.
    #[serde(default)]
    pub rebalancing: Rebalancing,
    /// What is done about hotspots.
    #[serde(default)]
    pub remedies: Remedies,
    /// Who asks for what, how often and of which keys.
    #[serde(default)]
    pub workload: Vec<Workload>,
    /// What the judges of consistency models look at.
    #[serde(default)]
    pub checks: Checks,
    /// What goes wrong, and when.
    #[serde(default)]
    pub fault: Vec<FaultSpec>,
    /// The same scenario with settings replaced; all variants see the same arrivals, keys and faults.
    #[serde(default)]
    pub variant: Vec<Variant>,
    /// Settings that take several values in turn.
    #[serde(default)]
    pub sweep: Sweep,
    /// What must come out.
    #[serde(default)]
    pub expect: Vec<Expectation>,
}

impl Scenario {
    /// The part of the scenario that a world is built from.
    #[must_use]
    pub fn config(&self) -> Config {
        Config {
            cluster: self.cluster.clone(),
            sharding: self.sharding.clone(),
            replication: self.replication.clone(),
            transactions: self.transactions.clone(),
            tables: self.table.clone(),
            workloads: self.workload.clone(),
            rebalancing: self.rebalancing.clone(),
            remedies: self.remedies.clone(),
            membership: self.membership(),
            bugs: self.bugs.clone(),
            duration: self.duration,
            warmup: self.warmup,
            drain: self.drain,
        }
    }

    fn membership(&self) -> Vec<Membership> {
        let faults = self.fault.iter().enumerate();
        faults.filter_map(|(index, fault)| fault.command(index)).collect()
    }

    /// The resolved file: every setting, defaults included, as TOML.
    #[must_use]
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("every scenario can be written as TOML")
    }
}

/// The same scenario with settings replaced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Variant {
    /// Its name in tables and pictures.
    pub name: String,
    /// What it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Dotted paths and their new values: `{ "cluster.servers" = 12 }`. A value is replaced whole, an enum with its
    /// choice; an element of an array is found by its name.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, serde_json::Value>")]
    pub set: IndexMap<String, toml::Value>,
}

/// What must come out: a bound on a metric's mean over seeds, or on the number of an anomaly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// A metric of the catalogue: `latency.read.p99_ms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// An anomaly that a judge counts: `lost-write`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anomaly: Option<String>,
    /// The variant that it is expected of; of all if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Lower bound, itself allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// Upper bound, itself allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
}

impl Expectation {
    /// The dotted name of the metric that is bounded; an anomaly's count is one too.
    #[must_use]
    pub fn metric_name(&self) -> String {
        match (&self.metric, &self.anomaly) {
            (Some(metric), _) => metric.clone(),
            (None, Some(anomaly)) => format!("anomalies.{anomaly}"),
            (None, None) => String::new(),
        }
    }
}

/// Any number does; this one is the answer to everything (Adams 1979).
const fn default_seed() -> u64 {
    42
}

fn default_duration() -> Duration {
    Duration::from_ns(60 * shardlab_sim::SECOND)
}

fn default_warmup() -> Duration {
    Duration::from_ns(5 * shardlab_sim::SECOND)
}

fn default_drain() -> Duration {
    Duration::from_ns(10 * shardlab_sim::SECOND)
}
