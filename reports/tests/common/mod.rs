//! An invented run, shaped like a real one: a minute of load on 8 servers and 64 shards, a hot key from the
//! middle on, a partition and a crash, and one expectation that fails.
#![allow(dead_code)] // Each test file uses its part.

pub mod queries;

use shardlab_reports::{Better, Meta, MetricInfo};
use shardlab_scenarios::tables::{
    AnomalyRow, CycleEdgeRow, CycleRow, CycleStepRow, CycleTransactionRow, DivergenceRow, ExpectationRow,
    FaultRow, Figure, HeatMap, HotspotRow, ImbalanceRow, JudgementRow, KeyRow, LatencyRow, MoveKind, MoveRow,
    OwnershipRow, RunReport, ServerRow, ShardRow, ShareRow, SurgeRow, Sweep, TimelineRow, VariantReport,
    VerdictKind,
};

/// A name that breaks whatever forgets to escape it.
pub const HOSTILE: &str = "</script><b>&\"'\u{1b}[31m";

const SECONDS: u32 = 60;
const SERVERS: u32 = 8;
const SHARDS: u32 = 64;
const HEAT_ROWS: usize = 80;

/// Multiplicative congruential noise in `0.0..1.0` (Park and Miller 1988): the same picture every time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        self.0 as f64 / 2_147_483_647.0
    }
}

pub fn flash_sale(names: &[&str], seeds: u32) -> RunReport {
    RunReport {
        scenario: "flash-sale".into(),
        question: "Which way of sharding keeps a flash sale off one server?".into(),
        seed: 42,
        seeds,
        engine: "native".into(),
        fingerprint: "5d0c8b7a90e14f3b2a6f9d17c3e8b501".into(),
        verdict: VerdictKind::Fail,
        duration_s: 60.0,
        warmup_s: 5.0,
        drain_s: 10.0,
        variants: names.iter().enumerate().map(|(index, name)| variant(index, name, seeds)).collect(),
        sweep: None,
        expectations: vec![
            expectation(names[0], "shard.hottest_share at most 0.1", Some(0.351), VerdictKind::Fail, 31),
            expectation(names[0], "writes.lost at most 0", Some(0.0), VerdictKind::Pass, 34),
        ],
        resolved:
            "schema = 1\nquestion = \"Which way of sharding keeps a flash sale off one server?\"\nseed = 42\n"
                .into(),
        replay: "shardlab run flash-sale --seed 42".into(),
    }
}

/// The same on a hundred servers.
pub fn many_servers(names: &[&str]) -> RunReport {
    let mut report = flash_sale(names, 1);
    for variant in &mut report.variants {
        let few = std::mem::take(&mut variant.servers);
        for row in few {
            for copy in 0..100 / SERVERS {
                let server: u32 = row.server.trim_start_matches("server ").parse().unwrap();
                let utilization = row.utilization * (1.0 - 0.05 * f64::from(copy));
                variant.servers.push(ServerRow {
                    server: format!("server {}", server + copy * SERVERS),
                    utilization,
                    ..row.clone()
                });
            }
        }
    }
    report
}

/// Three points of one swept setting for each variant, each with twenty seeds.
pub fn swept(names: &[&str]) -> RunReport {
    let mut report = flash_sale(names, 20);
    let points = ["0.5", "0.9", "0.99", "1.2"];
    let at = |(point, base): (usize, &VariantReport)| {
        let mut variant = base.clone();
        variant.sweep_point = Some(point);
        for (name, figure) in &mut variant.metrics {
            let factor = if name == "availability.fraction" {
                1.0 - 0.001 * point as f64
            } else if name.ends_with("_fraction") {
                1.0
            } else {
                1.0 + point as f64 * 0.3
            };
            (figure.mean, figure.low, figure.high) =
                (figure.mean * factor, figure.low * factor, figure.high * factor);
        }
        variant
    };
    report.variants = (0..points.len())
        .flat_map(|point| report.variants.iter().map(move |base| at((point, base))))
        .collect();
    report.sweep = Some(Sweep {
        axes: vec!["workload.checkout.keys.distribution.zipfian".into()],
        points: points.iter().map(|point| vec![(*point).to_owned()]).collect(),
    });
    report
}

pub fn info() -> Vec<MetricInfo> {
    let metric = |(name, unit, better, headline, definition): (&str, &'static str, Better, bool, &str)| {
        MetricInfo { name: name.into(), unit, better, headline, definition: definition.into(), plot: None }
    };
    [
        ("throughput.ops_per_s", "ops/s", Better::Higher, true, "Operations answered with ok, a second."),
        ("latency.read.p99_ms", "ms", Better::Lower, true, "99th percentile of the latency of reads."),
        (
            "availability.fraction",
            "fraction",
            Better::Higher,
            true,
            "Share of operations that were answered with ok.",
        ),
        (
            "shard.hottest_share",
            "fraction",
            Better::Lower,
            true,
            "Largest share of all operations on one shard.",
        ),
        ("writes.lost", "", Better::Lower, true, "Acknowledged writes that no survivor knows."),
        ("rebalance.bytes_moved", "bytes", Better::Neither, false, "Bytes copied between servers."),
    ]
    .map(metric)
    .into()
}

pub fn meta() -> Meta {
    Meta { started: "2026-11-21T12:00:00Z".into(), wall_s: 7.25, version: "0.1.0".into(), host_threads: 2 }
}

fn variant(index: usize, name: &str, seeds: u32) -> VariantReport {
    let mut noise = Noise(17 + 1_000 * index as u64);
    let badness = 1.0 / (1.0 + index as f64);
    VariantReport {
        name: name.into(),
        sweep_point: None,
        verdict: if index == 0 { VerdictKind::Fail } else { VerdictKind::Pass },
        fingerprint: format!("{:032x}", 0x5d0c_8b7a_u64 + index as u64),
        metrics: metrics(badness, seeds),
        verdicts: judgements(index),
        timeline: (0..SECONDS + 10).map(|second| timeline(second, badness, &mut noise)).collect(),
        shards: shards(badness, &mut noise),
        shares: shares(badness),
        keys: keys(badness),
        hotspots: hotspots(index as u32, badness),
        hotspots_found: Default::default(),
        ownership: ownership(index as u32),
        imbalance: imbalance(badness),
        servers: servers(index as u32, badness, &mut noise),
        moves: if index == 1 { vec![] } else { vec![a_move()] },
        faults: faults(),
        surges: vec![SurgeRow {
            workload: "checkout".into(),
            from_s: 30.0,
            to_s: 60.0,
            key: 4_711,
            share: 0.333,
        }],
        anomalies: anomalies(index),
        latency: latencies(badness),
        heat: heat(index as u64),
        queries: Vec::new(),
        divergence: (0..SECONDS + 10).map(|second| divergence(second, badness)).collect(),
    }
}

/// Copies drift apart while they are cut off from each other, and agree again when they are not.
fn divergence(second: u32, badness: f64) -> DivergenceRow {
    let cut = f64::from(second.clamp(20, 30) - 20);
    let differing = if second < 30 { 80.0 * cut } else { 30.0 };
    let differing = if second < SECONDS { (differing * badness) as u64 + 12 } else { 0 };
    let versions_mean = 1.0 + differing as f64 / 1_500.0;
    DivergenceRow { time_s: f64::from(second), keys: 1_000, differing, versions_mean, versions_max: 3 }
}

fn metrics(badness: f64, seeds: u32) -> indexmap::IndexMap<String, Figure> {
    let figure = |mean: f64| {
        let half = if seeds > 1 { (mean * 0.02).min((mean - 1.0).abs() * 0.2) } else { 0.0 };
        Figure { mean, low: mean - half, high: mean + half, seeds }
    };
    [
        ("throughput.ops_per_s", 5_000.0 - 700.0 * badness),
        ("latency.read.p99_ms", 12.5 + 480.0 * badness),
        ("availability.fraction", 1.0 - 0.0131 * badness),
        ("shard.hottest_share", 0.351 * badness),
        ("writes.lost", 0.0),
        ("rebalance.moves", 4.0),
        ("rebalance.moved_fraction", 0.2 + 0.6 * badness),
        ("rebalance.optimal_fraction", 0.2),
        ("rebalance.bytes_moved", 123_456_789.0),
        ("rebalance.duration_s", 3.0 + 9.0 * badness),
        ("rebalance.p99_before_ms", 12.5),
        ("rebalance.p99_during_ms", 12.5 + 110.0 * badness),
        ("rebalance.p99_after_ms", 14.0),
        ("rebalance.unavailable_ms", 35.0 * badness),
        ("rebalance.failed_operations", 120.0 * badness),
        ("rebalance.redirects", 1_234.0 * badness),
    ]
    .map(|(name, mean)| (name.to_owned(), figure(mean)))
    .into_iter()
    .collect()
}

fn judgements(index: usize) -> Vec<JudgementRow> {
    let row = |judge: &str, verdict, anomalies, words: &str, failed_seeds| JudgementRow {
        judge: judge.into(),
        verdict,
        anomalies,
        words: words.into(),
        words_seed: 42,
        failed_seeds,
    };
    let stale =
        "client 3 read order/17 = 4 at 25.103 s, although client 1 had been told at 24.871 s that it was 5";
    vec![
        row(
            "acknowledged-writes-lost",
            Some(VerdictKind::Pass),
            0,
            "10,412 acknowledged writes, all present",
            vec![],
        ),
        match index {
            0 => row("stale-reads", Some(VerdictKind::Fail), 3, stale, vec![42]),
            _ => row("stale-reads", None, 12, "local reads promise no freshness", vec![]),
        },
        row("convergence", Some(VerdictKind::Unknown), 0, "the drain ended before server 3 was back", vec![]),
    ]
}

fn timeline(second: u32, badness: f64, noise: &mut Noise) -> TimelineRow {
    let time_s = f64::from(second);
    let load = if second < SECONDS { 5_000.0 } else { 0.0 };
    let cut = (20..30).contains(&second);
    let hot = (30..SECONDS).contains(&second);
    let lost = if cut {
        0.4
    } else if hot {
        0.12 * badness
    } else {
        0.0
    };
    let base = 1.2 + 0.2 * noise.next();
    let stress = if cut {
        60.0
    } else if hot {
        40.0 * badness
    } else {
        1.0
    };
    let some = |value: f64| (load > 0.0 && second != 21).then_some(value);
    TimelineRow {
        time_s,
        ok_per_s: load * (1.0 - lost) * (0.98 + 0.04 * noise.next()),
        failed_per_s: load * lost * (0.9 + 0.2 * noise.next()),
        p50_ms: some(base * (1.0 + stress / 30.0)),
        p95_ms: some(base * (2.5 + stress / 2.0)),
        p99_ms: some(base * (5.0 + stress * (2.0 + noise.next()))),
        max_ms: some(base * (9.0 + stress * 6.0)),
    }
}

fn shards(badness: f64, noise: &mut Noise) -> Vec<ShardRow> {
    let weights: Vec<f64> = (0..SHARDS)
        .map(|shard| 0.6 + noise.next() + if shard == 17 { 33.0 * badness } else { 0.0 })
        .collect();
    let total: f64 = weights.iter().sum();
    let row = |(shard, weight): (usize, &f64)| ShardRow {
        shard: shard as u32,
        primary: format!("server {}", shard as u32 % SERVERS),
        keys: 100_000,
        operations: (weight / total * 275_000.0) as u64,
        share: weight / total,
        served: (weight / total * 250_000.0) as u64,
    };
    weights.iter().enumerate().map(row).collect()
}

/// One shard and one server stand out.
fn shares(badness: f64) -> Vec<ShareRow> {
    let row = |level: &str, name: String, share: f64| ShareRow {
        level: level.into(),
        name,
        operations: 275_000.0 * share,
        operations_share: share,
        bytes: 27_500_000.0 * share,
        bytes_share: share,
        cpu_s: 120.0 * share,
        cpu_share: share,
    };
    let of = |count: u32, hottest: u32, number: u32| {
        let excess = 0.33 * badness;
        (1.0 - excess) / f64::from(count) + if number == hottest { excess } else { 0.0 }
    };
    let shards = (0..SHARDS).map(|shard| row("shard", shard.to_string(), of(SHARDS, 17, shard)));
    let servers =
        (0..SERVERS).map(|server| row("server", format!("server {server}"), of(SERVERS, 1, server)));
    shards.chain(servers).collect()
}

fn keys(badness: f64) -> Vec<KeyRow> {
    let row = |rank: u32| {
        let operations = (91_000.0 * badness / f64::from(rank * rank)) as u64;
        let (key, guaranteed) = (u64::from(4_710 + rank), operations.saturating_sub(u64::from(rank)));
        let (share, bytes) = (operations as f64 / 275_000.0, operations as f64 * 100.0);
        KeyRow { rank, key, name: key.to_string(), shard: Some(17), operations, guaranteed, share, bytes }
    };
    (1..=20).map(row).collect()
}

/// A ring, a line or blocks, of eight servers that become nine.
fn ownership(index: u32) -> Vec<OwnershipRow> {
    let parts = |when: &'static str, servers: u32| {
        let parts = if index.is_multiple_of(3) { servers * 12 } else { servers };
        (0..parts).map(move |part| OwnershipRow {
            when: when.into(),
            shape: ["ring", "line", "blocks"][index as usize % 3].into(),
            from: f64::from(part) / f64::from(parts),
            to: f64::from(part + 1) / f64::from(parts),
            shard: part * 5 % servers,
            server: format!("server {}", part * 5 % servers),
            keys: 1.0 / f64::from(servers),
        })
    };
    parts("before", SERVERS).chain(parts("after", SERVERS + 1)).collect()
}

fn imbalance(badness: f64) -> Vec<ImbalanceRow> {
    let row = |level: &str, second: u32| {
        let hot = if second >= 30 { 2.4 * badness } else { 0.1 * badness };
        let wave = 0.05 * f64::from(second % 3);
        let (level, time_s) = (level.to_owned(), f64::from(second));
        ImbalanceRow { level, time_s, imbalance: 1.0 + hot + wave, cv: hot / 2.0 + wave, gini: hot / 5.0 }
    };
    let of = |level: &'static str| (5..SECONDS).map(move |second| row(level, second));
    of("server").chain(of("shard")).collect()
}

fn hotspots(index: u32, badness: f64) -> Vec<HotspotRow> {
    let row = |level: &str, name: String, peak_share: f64, fair: f64| HotspotRow {
        level: level.into(),
        name,
        from_s: 30.0,
        to_s: 60.0,
        peak_share,
        times_fair: peak_share / fair,
    };
    vec![
        row("server", format!("server {}", (1 + 2 * index) % SERVERS), 0.4 * badness, 0.125),
        row("shard", "17".into(), 0.351 * badness, 1.0 / 64.0),
        row("key", "4711".into(), 0.333 * badness, 0.125),
    ]
}

fn servers(index: u32, badness: f64, noise: &mut Noise) -> Vec<ServerRow> {
    let mut rows = Vec::new();
    for second in 0..SECONDS + 10 {
        for server in 0..SERVERS {
            let hot = server == (1 + 2 * index) % SERVERS && (30..SECONDS).contains(&second);
            let rest = if second < SECONDS { 0.28 + 0.015 * f64::from(server) } else { 0.02 };
            let utilization = if hot { 0.5 + 0.48 * badness } else { rest } + 0.02 * noise.next();
            rows.push(ServerRow {
                time_s: f64::from(second),
                server: format!("server {server}"),
                utilization: utilization.min(1.0),
                queue_length: if hot { 240 } else { 0 },
                handled_per_s: 12_000.0 * utilization,
            });
        }
    }
    rows
}

fn a_move() -> MoveRow {
    MoveRow {
        kind: MoveKind::Keys,
        command: Some(0),
        source_shard: 17,
        target_shard: 18,
        from: "server 1".into(),
        to: "server 4".into(),
        start_s: 41.5,
        copied_s: Some(42.75),
        sealed_s: Some(43.0),
        served_s: Some(43.0125),
        end_s: Some(43.25),
        sealed_ms: Some(12.5),
        attempts: 1,
        refused_ms: 0.0,
        compared: 0,
        differing: 0,
        by_reference: false,
        keys: 100_000,
        written_rows: Some(1_250),
        first_key: None,
        last_key: None,
        bytes: 12_800_000,
    }
}

fn faults() -> Vec<FaultRow> {
    let fault = |fault: &str, struck_s, healed_s, nodes: &str, changed, effect: &str| FaultRow {
        seed: 42,
        fault: fault.into(),
        struck_s,
        healed_s,
        nodes: nodes.into(),
        changed,
        effect: effect.into(),
    };
    vec![
        fault(
            "partition majority",
            Some(20.0),
            Some(30.0),
            "server 0, server 1, server 2",
            8_112,
            "8,112 messages dropped",
        ),
        fault("crash", Some(21.0), Some(24.5), "server 3", 1, "lost 12 unsynced writes"),
        fault("clock jump", Some(52.0), Some(52.0), "server 5", 1, "its clock jumped by 200 ms"),
        fault("crash at 2pc.prepared", None, None, "", 0, "the mark never came"),
    ]
}

fn anomalies(index: usize) -> Vec<AnomalyRow> {
    let stale = AnomalyRow {
        judge: "stale-reads".into(),
        anomaly: "stale-read".into(),
        meaning: "No read returns an older version than one acknowledged before the read began.".into(),
        count: 3,
        promised: index == 0,
        witness: vec!["client 3 read order/17 = 4, \"told\" 5".into()],
        witness_seed: 42,
        cycle: None,
    };
    let skew = AnomalyRow {
        judge: "isolation".into(),
        anomaly: "G2-item".into(),
        meaning: "A cycle with two adjacent rw dependencies (Adya 1999, §4.2).".into(),
        count: 12_345,
        promised: false,
        witness: vec![
            "T3 comes before T4 (rw): T3 read stock = [], before T4 appended 7.".into(),
            "T4 comes before T3 (rw): T4 read order = [], before T3 appended 8.".into(),
        ],
        witness_seed: 43,
        cycle: Some(cycle()),
    };
    vec![stale, skew]
}

/// Write skew.
fn cycle() -> CycleRow {
    let step = |key: &str, words: &str| CycleStepRow { key: key.into(), words: words.into() };
    let transaction = |transaction, steps| CycleTransactionRow { transaction, process: 6, steps };
    let edge = |from, to, key: &str| CycleEdgeRow {
        from,
        to,
        dependency: "rw".into(),
        key: Some(key.into()),
        words: format!("T{from} read {key} before T{to} appended to it"),
    };
    CycleRow {
        transactions: vec![
            transaction(3, vec![step("stock", "read stock = []"), step("order", "appended 8 to order")]),
            transaction(4, vec![step("order", "read order = []"), step("stock", "appended 7 to stock")]),
        ],
        edges: vec![edge(3, 4, "stock"), edge(4, 3, "order")],
    }
}

fn latencies(badness: f64) -> Vec<LatencyRow> {
    let quantiles = [0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 1.0];
    let kinds = [("all", 1.0), ("read", 0.8), ("write", 1.9)];
    let row = |(kind, factor): (&str, f64), quantile: f64| LatencyRow {
        operation: kind.into(),
        quantile,
        latency_ms: factor * (0.6 + 0.9 * quantile + 0.1 * badness / (1.0002 - quantile)),
    };
    kinds.into_iter().flat_map(|kind| quantiles.map(|quantile| row(kind, quantile))).collect()
}

fn heat(seed: u64) -> HeatMap {
    let mut noise = Noise(99 + seed);
    let columns = SECONDS as usize;
    let cell = |index: usize| {
        let (row, column) = (index / columns, index % columns);
        let hot = if row == 23 && column >= 30 { 1_700.0 } else { 0.0 };
        (4.0 + 400.0 / (1.0 + row as f64) + hot + 12.0 * noise.next()) as u32
    };
    let counts: Vec<u32> = (0..HEAT_ROWS * columns).map(cell).collect();
    let keys_per_row = 85_875;
    // The surge's key stands out of its row; of any other row a tenth falls on its first key.
    let hottest_keys = (0..counts.len()).map(|index| (index / columns) as u64 * keys_per_row).collect();
    let hottest = |count: &u32| if *count > 1_000 { count - 100 } else { count / 10 };
    let hottest_counts = counts.iter().map(hottest).collect();
    HeatMap {
        interval_s: 1.0,
        columns,
        rows: HEAT_ROWS,
        keys_per_row,
        counts,
        hottest_keys,
        hottest_counts,
        hottest_name: "1975125".into(),
        nameless_fraction: 0.0,
    }
}

fn expectation(
    variant: &str,
    words: &str,
    measured: Option<f64>,
    verdict: VerdictKind,
    line: u32,
) -> ExpectationRow {
    ExpectationRow {
        variant: variant.into(),
        expectation: words.into(),
        measured,
        needs: String::new(),
        verdict,
        place: format!("flash-sale.toml:{line}"),
    }
}
