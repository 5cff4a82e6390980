//! What a run leaves for everyone downstream: plain rows. Reports, plots and notebooks see these and nothing else.
//!
//! Times are seconds of virtual time, latencies milliseconds, shares fractions; every field's unit is its suffix.

mod moves;

use indexmap::IndexMap;
use serde::Serialize;

pub use moves::{MoveKind, MoveRow};

/// The three values of a verdict, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// Every judge that had something to judge is content.
    Pass,
    /// A judge could not tell: no evidence, or a fault that changed nothing.
    Unknown,
    /// A promise or an expectation was broken.
    Fail,
}

/// A number with its uncertainty: the mean over seeds and its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// Mean over seeds.
    pub mean: f64,
    /// Lower end of the 95 % confidence interval; equal to the mean for one seed.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How many seeds it is the mean of.
    pub seeds: u32,
}

/// Everything that one `shardlab run` found.
#[derive(Clone, Debug, Serialize)]
pub struct RunReport {
    /// The scenario's name.
    pub scenario: String,
    /// The question that it asks.
    pub question: String,
    /// First seed.
    pub seed: u64,
    /// How many seeds, counting up from the first.
    pub seeds: u32,
    /// `native` or `madsim`.
    pub engine: String,
    /// Fingerprint over all variants and seeds, 32 hex digits.
    pub fingerprint: String,
    /// The worst of the variants' verdicts.
    pub verdict: VerdictKind,
    /// Load runs from 0 to here, in seconds; then faults heal and the cluster drains.
    pub duration_s: f64,
    /// Measures begin here, in seconds.
    pub warmup_s: f64,
    /// The drain's length, in seconds.
    pub drain_s: f64,
    /// One for each variant (and each point of a sweep), in file order.
    pub variants: Vec<VariantReport>,
    /// The axis of a sweep, if there is one.
    pub sweep: Option<Sweep>,
    /// How each expectation fared.
    pub expectations: Vec<ExpectationRow>,
    /// The resolved scenario, as TOML.
    pub resolved: String,
    /// The exact command that gives this run again.
    pub replay: String,
}

/// The swept settings; `points[i]` belongs to the variants whose `sweep_point` is `i`.
#[derive(Clone, Debug, Serialize)]
pub struct Sweep {
    /// Dotted paths that are swept.
    pub axes: Vec<String>,
    /// Their values, point by point, in the order of `axes`, as written.
    pub points: Vec<Vec<String>>,
}

/// One variant's findings. Metrics, verdicts, anomalies and faults are over all seeds, other rows of the first.
#[derive(Clone, Debug, Serialize)]
pub struct VariantReport {
    /// Its name; `base` when the scenario has no variants.
    pub name: String,
    /// Index into [`Sweep::points`].
    pub sweep_point: Option<usize>,
    /// The worst over its judges, on any seed, and over the expectations on it.
    pub verdict: VerdictKind,
    /// Of the first seed.
    pub fingerprint: String,
    /// By dotted name, in the catalogue's order.
    pub metrics: IndexMap<String, Figure>,
    /// What each judge said.
    pub verdicts: Vec<JudgementRow>,
    /// Client-side measures by interval.
    pub timeline: Vec<TimelineRow>,
    /// Load by shard.
    pub shards: Vec<ShardRow>,
    /// What each shard and each server had of the whole load.
    pub shares: Vec<ShareRow>,
    /// The keys that clients asked for most.
    pub keys: Vec<KeyRow>,
    /// When somebody had too much of the load: of each level the worst.
    pub hotspots: Vec<HotspotRow>,
    /// By level, how many of these there were.
    pub hotspots_found: IndexMap<String, u64>,
    /// Which shard owns which part of the keys.
    pub ownership: Vec<OwnershipRow>,
    /// How unevenly the load lay, over time.
    pub imbalance: Vec<ImbalanceRow>,
    /// Load by server and interval.
    pub servers: Vec<ServerRow>,
    /// Moves of keys between shards; empty where no server came or went.
    pub moves: Vec<MoveRow>,
    /// What each fault did, seed by seed.
    pub faults: Vec<FaultRow>,
    /// When a workload's traffic turns to one key.
    pub surges: Vec<SurgeRow>,
    /// First witnesses, in the order of [`crate::catalogue::anomalies`].
    pub anomalies: Vec<AnomalyRow>,
    /// Latency quantiles by kind of operation.
    pub latency: Vec<LatencyRow>,
    /// Operations by key range and interval.
    pub heat: HeatMap,
    /// How far copies were apart, where they take writes by themselves.
    pub divergence: Vec<DivergenceRow>,
    /// What each query over tables cost; empty where keys are no rows of tables.
    pub queries: Vec<QueryRow>,
}

impl VariantReport {
    /// What each fault did with one seed.
    pub fn faults_with(&self, seed: u64) -> impl Iterator<Item = &FaultRow> + Clone {
        self.faults.iter().filter(move |row| row.seed == seed)
    }
}

/// What one judge said of one variant.
#[derive(Clone, Debug, Serialize)]
pub struct JudgementRow {
    /// The judge.
    pub judge: String,
    /// `None`: the configuration does not promise this; `anomalies` is a metric only.
    pub verdict: Option<VerdictKind>,
    /// How many violations, over all seeds.
    pub anomalies: u64,
    /// The witness, or why it is unknown, or why it is not promised: of one seed.
    pub words: String,
    /// That seed.
    pub words_seed: u64,
    /// Seeds on which it failed.
    pub failed_seeds: Vec<u64>,
}

/// One interval of the timeline.
#[derive(Clone, Debug, Serialize)]
pub struct TimelineRow {
    /// The interval's start, in seconds.
    pub time_s: f64,
    /// Operations completed with ok, a second.
    pub ok_per_s: f64,
    /// Operations failed or timed out, a second.
    pub failed_per_s: f64,
    /// Median time that those called in the interval waited: for their answer, or until they failed or gave up; `None`
    /// if nobody called.
    pub p50_ms: Option<f64>,
    /// 95th percentile.
    pub p95_ms: Option<f64>,
    /// 99th percentile.
    pub p99_ms: Option<f64>,
    /// The slowest.
    pub max_ms: Option<f64>,
}

/// Load of one shard after warm-up.
#[derive(Clone, Debug, Serialize)]
pub struct ShardRow {
    /// Shard number.
    pub shard: u32,
    /// Its primary at the end ("server 3"), or empty.
    pub primary: String,
    /// Distinct keys written, without the one that the drain probes it with.
    pub keys: u64,
    /// Operations and transactions that clients directed at it until the load's end, answered or not.
    pub operations: u64,
    /// Its share of those of all shards.
    pub share: f64,
    /// Requests that its primaries served until the drain's end.
    pub served: u64,
}

/// What one shard or one server had of the load after warm-up, until it ended.
#[derive(Clone, Debug, Serialize)]
pub struct ShareRow {
    /// `shard` or `server`.
    pub level: String,
    /// The shard's number, or the server's name ("server 3").
    pub name: String,
    /// Of a shard: operations that clients asked of it. Of a server: requests that it handled.
    pub operations: f64,
    /// Its share of those of all.
    pub operations_share: f64,
    /// Of a shard: bytes of the values asked for. Of a server: bytes that it sent.
    pub bytes: f64,
    /// Its share of those of all.
    pub bytes_share: f64,
    /// Of a shard: what its operations take of a core at the mean service time, in seconds. Of a server: how long its
    /// cores were busy.
    pub cpu_s: f64,
    /// Its share of those of all.
    pub cpu_share: f64,
}

/// One of the keys that clients asked for most, after warm-up.
#[derive(Clone, Debug, Serialize)]
pub struct KeyRow {
    /// 1 for the most.
    pub rank: u32,
    /// The key.
    pub key: u64,
    /// What people call it: in a world of tables its table and its row.
    pub name: String,
    /// The shard that it lives in when the load ends; none of a value that rows are not sharded by.
    pub shard: Option<u32>,
    /// How often it was asked for, at most: what the sketch has counted.
    pub operations: u64,
    /// How often at least.
    pub guaranteed: u64,
    /// `operations` by those of all keys.
    pub share: f64,
    /// Bytes of its values that clients asked to read or write.
    pub bytes: f64,
}

/// An uninterrupted run of intervals in which a server, a shard or a key had too much of the load.
#[derive(Clone, Debug, Serialize)]
pub struct HotspotRow {
    /// `server`, `shard` or `key`.
    pub level: String,
    /// The server's name, the number of the shard, the key.
    pub name: String,
    /// When its first interval begins, in seconds.
    pub from_s: f64,
    /// When its last one ends.
    pub to_s: f64,
    /// Its largest share in an interval.
    pub peak_share: f64,
    /// That share by the fair one: one by the number of shards; of servers and keys, by that of servers.
    pub times_fair: f64,
}

/// A part of the ring of hashes, or of the line of keys, that one shard owns.
#[derive(Clone, Debug, Serialize)]
pub struct OwnershipRow {
    /// `before` the first plan of moves was begun, or `after` everything.
    pub when: String,
    /// `ring` of hashes; `line`, of hashes or keys; `blocks` where the parts of a shard lie scattered: then a block as
    /// large as its share of the loaded keys.
    pub shape: String,
    /// Where the part begins, as a share of the whole.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// The shard.
    pub shard: u32,
    /// Its primary at that time, or empty.
    pub server: String,
    /// Share of the loaded keys that the shard has, in all its parts.
    pub keys: f64,
}

/// How unevenly the load lay in one interval after warm-up.
#[derive(Clone, Debug, Serialize)]
pub struct ImbalanceRow {
    /// `server`, by the time of their cores, or `shard`, by operations that clients asked of them.
    pub level: String,
    /// The interval's start, in seconds.
    pub time_s: f64,
    /// The largest by the mean.
    pub imbalance: f64,
    /// Standard deviation of the population by the mean.
    pub cv: f64,
    /// Gini coefficient.
    pub gini: f64,
}

/// Load of one server in one interval.
#[derive(Clone, Debug, Serialize)]
pub struct ServerRow {
    /// The interval's start, in seconds.
    pub time_s: f64,
    /// "server 3".
    pub server: String,
    /// Share of its cores that was busy.
    pub utilization: f64,
    /// Messages waiting at the interval's end.
    pub queue_length: u64,
    /// Messages handled in the interval, a second.
    pub handled_per_s: f64,
}

/// A surge of one workload, as the scenario has it.
#[derive(Clone, Debug, Serialize)]
pub struct SurgeRow {
    /// The workload.
    pub workload: String,
    /// When it begins, in seconds.
    pub from_s: f64,
    /// When it ends, in seconds.
    pub to_s: f64,
    /// The key.
    pub key: u64,
    /// Its share of the workload's operations.
    pub share: f64,
}

/// One fault's receipt.
#[derive(Clone, Debug, Serialize)]
pub struct FaultRow {
    /// With which seed.
    pub seed: u64,
    /// Its name.
    pub fault: String,
    /// When it struck, in seconds; `None`: never.
    pub struck_s: Option<f64>,
    /// When it healed, in seconds.
    pub healed_s: Option<f64>,
    /// Whom it struck, as names; of a cut, the sides with `|` between them where they are known.
    pub nodes: String,
    /// How many things it changed.
    pub changed: u64,
    /// The same in words.
    pub effect: String,
}

/// One class of anomaly that was seen.
#[derive(Clone, Debug, Serialize)]
pub struct AnomalyRow {
    /// The judge that saw it.
    pub judge: String,
    /// Its name.
    pub anomaly: String,
    /// What it is, in one sentence; of a class that a judge has to itself, what the judge tests.
    pub meaning: String,
    /// How often, over all seeds.
    pub count: u64,
    /// Whether the configuration promised that it would not happen.
    pub promised: bool,
    /// The first one, in sentences, one a line.
    pub witness: Vec<String>,
    /// The seed with which that was seen.
    pub witness_seed: u64,
    /// The cycle of dependencies, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cycle: Option<CycleRow>,
}

/// Transactions of which each must have come before the next, and the last before the first.
#[derive(Clone, Debug, Serialize)]
pub struct CycleRow {
    /// The transactions, each at the place of the edge that leads out of it.
    pub transactions: Vec<CycleTransactionRow>,
    /// Why each comes before the next.
    pub edges: Vec<CycleEdgeRow>,
}

/// A transaction of a cycle.
#[derive(Clone, Debug, Serialize)]
pub struct CycleTransactionRow {
    /// Its number; words call it T followed by that.
    pub transaction: usize,
    /// The client that ran it, by its number in the history.
    pub process: u32,
    /// What it did; not for programs, which have it in the sentences of the witness.
    #[serde(skip)]
    pub steps: Vec<CycleStepRow>,
}

/// A step of a transaction of a cycle.
#[derive(Clone, Debug, Serialize)]
pub struct CycleStepRow {
    /// The key it touches.
    pub key: String,
    /// "appended 3 to 17", "read 4 = [1 2]".
    pub words: String,
}

/// Why one transaction of a cycle comes before the next.
#[derive(Clone, Debug, Serialize)]
pub struct CycleEdgeRow {
    /// The number of the transaction that comes first.
    pub from: usize,
    /// The number of the one that comes after it.
    pub to: usize,
    /// `ww`, `wr`, `rw`, `process` or `realtime`.
    pub dependency: String,
    /// The key it is about; `None` for orders of sessions and of real time.
    pub key: Option<String>,
    /// In words.
    pub words: String,
}

/// One quantile of one kind of operation.
#[derive(Clone, Debug, Serialize)]
pub struct LatencyRow {
    /// `read`, `write`, … or `all`.
    pub operation: String,
    /// In `0.0..=1.0`.
    pub quantile: f64,
    /// Latency at the quantile.
    pub latency_ms: f64,
}

/// Operations by key range (rows) and time (columns), and the hottest single key of each cell: among thousands of
/// keys that share a row, one that takes a third of the load would not be seen.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HeatMap {
    /// Width of a column, in seconds.
    pub interval_s: f64,
    /// Columns.
    pub columns: usize,
    /// Rows: equal slices of the key space, lowest keys first.
    pub rows: usize,
    /// How many keys one row stands for.
    pub keys_per_row: u64,
    /// Operations, row by row.
    pub counts: Vec<u32>,
    /// The key with most operations in each cell, the lowest if several have as many; 0 where there are none.
    pub hottest_keys: Vec<u64>,
    /// How many operations that key has.
    pub hottest_counts: Vec<u32>,
    /// What people call the key that has most in one column; the earliest of equals.
    pub hottest_name: String,
    /// Share of operations that name no key, or no row: counts, ranges, and whoever found nothing. They have no place here.
    pub nameless_fraction: f64,
}

/// How far copies that take writes by themselves were apart at one time.
#[derive(Clone, Debug, Serialize)]
pub struct DivergenceRow {
    /// When, in seconds.
    pub time_s: f64,
    /// Keys that some copy has seen a write of.
    pub keys: u64,
    /// Keys of which some copy has seen a write that another has not.
    pub differing: u64,
    /// Versions that a copy keeps of a key, mean over copies and keys.
    pub versions_mean: f64,
    /// The most.
    pub versions_max: u32,
}

/// What the queries of one name cost that were called between warm-up and the load's end.
#[derive(Clone, Debug, Serialize)]
pub struct QueryRow {
    /// The query.
    pub query: String,
    /// How often it was called.
    pub count: u64,
    /// Median latency of those that were answered.
    pub p50_ms: Option<f64>,
    /// 99th percentile.
    pub p99_ms: Option<f64>,
    /// Shards that one asks, mean.
    pub fanout_mean: Option<f64>,
    /// The most.
    pub fanout_max: Option<u32>,
    /// Share that asked a single shard.
    pub single_shard_share: Option<f64>,
    /// Requests that one sends, mean.
    pub requests_mean: Option<f64>,
    /// Rounds of requests, mean.
    pub rounds_mean: Option<f64>,
    /// Size of all answers to one, mean.
    pub bytes_mean: Option<f64>,
    /// Rows that one finds, mean.
    pub rows_mean: Option<f64>,
    /// Rows that one writes, copies included, mean.
    pub writes_mean: Option<f64>,
}

/// How one expectation fared on one variant.
#[derive(Clone, Debug, Serialize)]
pub struct ExpectationRow {
    /// Which variant.
    pub variant: String,
    /// "writes.lost at most 0".
    pub expectation: String,
    /// What was measured; `None` if the metric does not exist for this variant.
    pub measured: Option<f64>,
    /// What it takes for the metric to be measured, where it was not and that is known; otherwise empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub needs: String,
    /// Met, not met, or not to be told.
    pub verdict: VerdictKind,
    /// `file:line` of the expectation.
    pub place: String,
}
