//! The CSV tables of a run folder. Every table has its header, rows or not, and begins with the variant.

use csv::WriterBuilder;
use shardlab_scenarios::tables::{RunReport, VariantReport};
use std::fmt::Display;

/// A file's name and its bytes.
pub(crate) type File = (String, Vec<u8>);

/// Adds the rows of one variant to a table.
type WriteRows = fn(&VariantReport, &mut Rows);

/// All tables, in reading order.
pub(crate) fn tables(report: &RunReport) -> Vec<File> {
    let tables: [(&str, &[&str], WriteRows); 15] = [
        (
            "timeline",
            &["time_s", "ok_per_s", "failed_per_s", "p50_ms", "p95_ms", "p99_ms", "max_ms"],
            timeline,
        ),
        ("shards", &["shard", "primary", "keys", "operations", "share", "served"], shards),
        (
            "shares",
            &[
                "level",
                "name",
                "operations",
                "operations_share",
                "bytes",
                "bytes_share",
                "cpu_s",
                "cpu_share",
            ],
            shares,
        ),
        ("keys", &["rank", "key", "name", "shard", "operations", "guaranteed", "share", "bytes"], keys),
        ("hotspots", &["level", "name", "from_s", "to_s", "peak_share", "times_fair"], hotspots),
        (
            "ownership",
            &["when", "shape", "from_fraction", "to_fraction", "shard", "server", "keys_fraction"],
            ownership,
        ),
        ("imbalance", &["level", "time_s", "imbalance", "cv", "gini"], imbalance),
        ("servers", &["time_s", "server", "utilization", "queue_length", "handled_per_s"], servers),
        (
            "moves",
            &[
                "kind",
                "command",
                "source_shard",
                "target_shard",
                "from",
                "to",
                "start_s",
                "copied_s",
                "sealed_s",
                "served_s",
                "end_s",
                "sealed_ms",
                "keys",
                "written_rows",
                "first_key",
                "last_key",
                "bytes",
                "attempts",
                "refused_ms",
                "compared",
                "differing",
                "by_reference",
            ],
            moves,
        ),
        ("faults", &["seed", "fault", "struck_s", "healed_s", "nodes", "changed", "effect"], faults),
        ("anomalies", &["judge", "anomaly", "count", "promised", "witness", "witness_seed"], anomalies),
        ("latency", &["operation", "quantile", "latency_ms"], latency),
        ("heat", &["time_s", "first_key", "operations", "hottest_key", "hottest_key_operations"], heat),
        (
            "divergence",
            &["time_s", "keys", "keys_differing", "versions_per_key_mean", "versions_per_key_max"],
            divergence,
        ),
        (
            "queries",
            &[
                "query",
                "count",
                "p50_ms",
                "p99_ms",
                "fanout_mean",
                "fanout_max",
                "single_shard_share",
                "requests_mean",
                "rounds_mean",
                "bytes_mean",
                "rows_mean",
                "writes_mean",
            ],
            queries,
        ),
    ];
    let mut files = vec![("variants.csv".to_owned(), variants(report))];
    for (name, columns, write) in tables {
        files.push((format!("{name}.csv"), table(report, columns, write)));
    }
    files
}

/// The rows of one table; each begins with the variant and the point of the sweep.
struct Rows {
    out: csv::Writer<Vec<u8>>,
    lead: Vec<String>,
}

impl Rows {
    fn new() -> Self {
        Self { out: WriterBuilder::new().from_writer(Vec::new()), lead: Vec::new() }
    }

    fn push(&mut self, fields: &[&dyn Display]) {
        let fields = fields.iter().map(ToString::to_string);
        self.record(self.lead.clone().into_iter().chain(fields).collect());
    }

    fn record(&mut self, fields: Vec<String>) {
        self.out
            .write_record(fields)
            .expect("a row in memory with as many fields as the header can be written");
    }

    fn bytes(self) -> Vec<u8> {
        self.out.into_inner().expect("memory can be flushed")
    }
}

fn axes(report: &RunReport) -> Vec<String> {
    report.sweep.as_ref().map(|sweep| sweep.axes.clone()).unwrap_or_default()
}

/// The variant's name, and its value on each of the sweep's axes.
fn lead(report: &RunReport, variant: &VariantReport) -> Vec<String> {
    let point = |sweep: &shardlab_scenarios::tables::Sweep| sweep.points.get(variant.sweep_point?).cloned();
    let mut values = report.sweep.as_ref().and_then(point).unwrap_or_default();
    values.resize(axes(report).len(), String::new());
    values.insert(0, variant.name.clone());
    values
}

fn head(report: &RunReport) -> Vec<String> {
    [vec!["variant".to_owned()], axes(report)].concat()
}

fn table(report: &RunReport, columns: &[&str], write: WriteRows) -> Vec<u8> {
    let mut rows = Rows::new();
    rows.record([head(report), columns.iter().map(ToString::to_string).collect()].concat());
    for variant in &report.variants {
        rows.lead = lead(report, variant);
        write(variant, &mut rows);
    }
    rows.bytes()
}

/// One row a variant: verdict, fingerprint, then a column a metric, with its interval when there are several seeds.
fn variants(report: &RunReport) -> Vec<u8> {
    let mut names: Vec<&str> = Vec::new();
    for name in report.variants.iter().flat_map(|variant| variant.metrics.keys()) {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let columns = names.iter().flat_map(|name| metric_columns(name, report.seeds));
    let mut rows = Rows::new();
    let fixed = ["verdict", "fingerprint"].map(String::from).to_vec();
    rows.record([head(report), fixed, columns.collect()].concat());
    for variant in &report.variants {
        let fixed = vec![crate::words::verdict(variant.verdict).to_lowercase(), variant.fingerprint.clone()];
        let cells = names.iter().flat_map(|name| metric_cells(variant, name, report.seeds));
        rows.record([lead(report, variant), fixed, cells.collect()].concat());
    }
    rows.bytes()
}

fn metric_columns(name: &str, seeds: u32) -> Vec<String> {
    match seeds {
        0 | 1 => vec![name.to_owned()],
        _ => vec![name.to_owned(), format!("{name}_low"), format!("{name}_high")],
    }
}

fn metric_cells(variant: &VariantReport, name: &str, seeds: u32) -> Vec<String> {
    let figure = variant.metrics.get(name);
    let cell = |value: Option<f64>| value.map_or_else(String::new, |value| value.to_string());
    let ends =
        [figure.map(|figure| figure.mean), figure.map(|figure| figure.low), figure.map(|figure| figure.high)];
    ends.into_iter().take(if seeds > 1 { 3 } else { 1 }).map(cell).collect()
}

fn timeline(variant: &VariantReport, rows: &mut Rows) {
    for row in &variant.timeline {
        let [p50, p95, p99, max] = [row.p50_ms, row.p95_ms, row.p99_ms, row.max_ms].map(optional);
        rows.push(&[&row.time_s, &row.ok_per_s, &row.failed_per_s, &p50, &p95, &p99, &max]);
    }
}

fn shards(variant: &VariantReport, rows: &mut Rows) {
    for row in &variant.shards {
        rows.push(&[&row.shard, &row.primary, &row.keys, &row.operations, &row.share, &row.served]);
    }
}

fn shares(variant: &VariantReport, rows: &mut Rows) {
    for row in &variant.shares {
        rows.push(&[
            &row.level,
            &row.name,
            &row.operations,
            &row.operations_share,
            &row.bytes,
            &row.bytes_share,
            &row.cpu_s,
            &row.cpu_share,
        ]);
    }
}

fn keys(variant: &VariantReport, rows: &mut Rows) {
    for row in &variant.keys {
        rows.push(&[
            &row.rank,
            &row.key,
            &row.name,
            &row.shard.map_or_else(String::new, |shard| shard.to_string()),
            &row.operations,
            &row.guaranteed,
            &row.share,
            &row.bytes,
        ]);
    }
}

fn hotspots(variant: &VariantReport, rows: &mut Rows) {
    for row in &variant.hotspots {
        rows.push(&[&row.level, &row.name, &row.from_s, &row.to_s, &row.peak_share, &row.times_fair]);
    }
}

fn ownership(variant: &VariantReport, rows: &mut Rows) {
    for row in &variant.ownership {
        rows.push(&[&row.when, &row.shape, &row.from, &row.to, &row.shard, &row.server, &row.keys]);
    }
}

fn imbalance(variant: &VariantReport, rows: &mut Rows) {
    for row in &variant.imbalance {
        rows.push(&[&row.level, &row.time_s, &row.imbalance, &row.cv, &row.gini]);
    }
}

fn servers(variant: &VariantReport, rows: &mut Rows) {
    for row in &variant.servers {
        rows.push(&[&row.time_s, &row.server, &row.utilization, &row.queue_length, &row.handled_per_s]);
    }
}

fn moves(variant: &VariantReport, rows: &mut Rows) {
    for row in &variant.moves {
        let [copied, sealed, served, end, sealed_ms] =
            [row.copied_s, row.sealed_s, row.served_s, row.end_s, row.sealed_ms].map(optional);
        let whole = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
        let command = whole(row.command.map(u64::from));
        rows.push(&[
            &row.kind.word(),
            &command,
            &row.source_shard,
            &row.target_shard,
            &row.from,
            &row.to,
            &row.start_s,
            &copied,
            &sealed,
            &served,
            &end,
            &sealed_ms,
            &row.keys,
            &whole(row.written_rows),
            &whole(row.first_key),
            &whole(row.last_key),
            &row.bytes,
            &row.attempts,
            &row.refused_ms,
            &row.compared,
            &row.differing,
            &row.by_reference,
        ]);
    }
}

fn faults(variant: &VariantReport, rows: &mut Rows) {
    for row in &variant.faults {
        let [struck, healed] = [row.struck_s, row.healed_s].map(optional);
        rows.push(&[&row.seed, &row.fault, &struck, &healed, &row.nodes, &row.changed, &row.effect]);
    }
}

fn anomalies(variant: &VariantReport, rows: &mut Rows) {
    for row in &variant.anomalies {
        let witness = row.witness.join(" | ");
        rows.push(&[&row.judge, &row.anomaly, &row.count, &row.promised, &witness, &row.witness_seed]);
    }
}

fn latency(variant: &VariantReport, rows: &mut Rows) {
    for row in &variant.latency {
        rows.push(&[&row.operation, &row.quantile, &row.latency_ms]);
    }
}

/// Cells without operations are left out: most of a wide key space is empty.
fn heat(variant: &VariantReport, rows: &mut Rows) {
    let heat = &variant.heat;
    for (index, count) in heat.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let (row, column) = (index / heat.columns.max(1), index % heat.columns.max(1));
        let first_key = (row as u64).saturating_mul(heat.keys_per_row);
        let (hottest, times) = (heat.hottest_keys[index], heat.hottest_counts[index]);
        rows.push(&[&(column as f64 * heat.interval_s), &first_key, count, &hottest, &times]);
    }
}

fn queries(variant: &VariantReport, rows: &mut Rows) {
    for row in &variant.queries {
        let [p50, p99, fanout, share, requests, rounds, bytes, found, written] = [
            row.p50_ms,
            row.p99_ms,
            row.fanout_mean,
            row.single_shard_share,
            row.requests_mean,
            row.rounds_mean,
            row.bytes_mean,
            row.rows_mean,
            row.writes_mean,
        ]
        .map(optional);
        let most = optional(row.fanout_max.map(f64::from));
        rows.push(&[
            &row.query, &row.count, &p50, &p99, &fanout, &most, &share, &requests, &rounds, &bytes, &found,
            &written,
        ]);
    }
}

fn divergence(variant: &VariantReport, rows: &mut Rows) {
    for row in &variant.divergence {
        rows.push(&[&row.time_s, &row.keys, &row.differing, &row.versions_mean, &row.versions_max]);
    }
}

fn optional(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}
