//! What a run leaves on disk, and what `replay` makes of it.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::workbench::{SMALL, Workbench, stderr, stdout};

const FILES: [&str; 21] = [
    "anomalies.csv",
    "divergence.csv",
    "faults.csv",
    "heat.csv",
    "history.edn",
    "hotspots.csv",
    "imbalance.csv",
    "keys.csv",
    "latency.csv",
    "meta.json",
    "moves.csv",
    "ownership.csv",
    "queries.csv",
    "report.html",
    "resolved.toml",
    "servers.csv",
    "shards.csv",
    "shares.csv",
    "summary.json",
    "timeline.csv",
    "variants.csv",
];

const PLOTS: [&str; 9] = [
    "heat",
    "imbalance",
    "latency",
    "latency-distribution",
    "ownership",
    "servers",
    "shards",
    "shares",
    "throughput",
];

/// A bench with a run of [`SMALL`] in `run`.
fn ran() -> Workbench {
    let bench = Workbench::with_small();
    bench.shardlab("run small.toml --out run").code(0);
    bench
}

#[test]
fn a_run_leaves_these_files_and_no_others() {
    let bench = ran();
    let mut expected: Vec<String> = FILES.iter().map(|name| format!("run/{name}")).collect();
    expected.extend(
        PLOTS.iter().flat_map(|name| [format!("run/plots/{name}.png"), format!("run/plots/{name}.svg")]),
    );
    expected.push("small.toml".into());
    expected.sort();
    assert_eq!(bench.files(), expected);
}

#[test]
fn pictures_are_what_their_names_say() {
    let bench = ran();
    for name in PLOTS {
        let png = fs::read(bench.path(&format!("run/plots/{name}.png"))).unwrap();
        // PNG specification, 5.2.
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n") && png.ends_with(b"IEND\xae\x42\x60\x82"), "{name}");
        let svg = bench.read(&format!("run/plots/{name}.svg"));
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{name}: {}", &svg[..80]);
    }
}

#[test]
fn the_report_is_one_file_that_asks_nothing_of_the_network() {
    let bench = ran();
    let page = bench.read("run/report.html");
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    assert!(page.contains("What does the program leave?"));
    for outside in ["src=\"http", "href=\"http", "url(http", "@import", "src=\"plots"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn every_table_has_its_header_and_rows_of_that_length() {
    let bench = ran();
    let headers = [
        ("timeline", "variant,time_s,ok_per_s,failed_per_s,p50_ms,p95_ms,p99_ms,max_ms"),
        ("shards", "variant,shard,primary,keys,operations,share,served"),
        ("servers", "variant,time_s,server,utilization,queue_length,handled_per_s"),
        (
            "moves",
            "variant,kind,command,source_shard,target_shard,from,to,start_s,copied_s,sealed_s,served_s,end_s,sealed_ms,keys,\
             written_rows,first_key,last_key,bytes,attempts,refused_ms,compared,differing,by_reference",
        ),
        ("faults", "variant,seed,fault,struck_s,healed_s,nodes,changed,effect"),
        ("anomalies", "variant,judge,anomaly,count,promised,witness,witness_seed"),
        ("latency", "variant,operation,quantile,latency_ms"),
        ("heat", "variant,time_s,first_key,operations,hottest_key,hottest_key_operations"),
    ];
    for (name, header) in headers {
        let table = Table::read(&bench, name);
        assert_eq!(table.columns.join(","), header, "{name}");
        // Nothing moves and nothing goes wrong in this run.
        assert_eq!(table.rows.is_empty(), ["moves", "anomalies"].contains(&name), "{name}");
        assert!(
            table.column("variant").iter().all(|variant| ["quorum", "all"].contains(&variant.as_str())),
            "{name}"
        );
    }
}

#[test]
fn tables_agree_with_each_other_and_with_the_summary() {
    let bench = ran();
    let summary = bench.json("run/summary.json");
    let (variants, shards) = (Table::read(&bench, "variants"), Table::read(&bench, "shards"));
    assert_eq!(variants.column("variant"), ["quorum", "all"]);
    for (row, variant) in summary["variants"].as_array().unwrap().iter().enumerate() {
        for (metric, value) in variant["metrics"].as_object().unwrap() {
            let (table, json) = (variants.column(metric)[row].parse::<f64>(), value.as_f64());
            let (table, json) = (table.expect("a metric is a number"), json.expect("a metric is a number"));
            // The reader of JSON may be off by the last bit.
            assert!((table - json).abs() <= 1e-15 * json.abs(), "{metric}: {table}, {json}");
        }
        assert_eq!(Some(variants.column("fingerprint")[row].as_str()), variant["fingerprint"].as_str());
        let keys: u64 = shards
            .of(variant["name"].as_str().unwrap(), "keys")
            .map(|keys| keys.parse::<u64>().unwrap())
            .sum();
        assert_eq!(keys, 50, "every key once, and none of those with which the drain probes the shards");
        let share: f64 = shards
            .of(variant["name"].as_str().unwrap(), "share")
            .map(|share| share.parse::<f64>().unwrap())
            .sum();
        assert!((share - 1.0).abs() < 1e-9, "{share}");
    }
    assert_eq!(Table::read(&bench, "faults").column("struck_s"), ["2", "2"]);
}

#[test]
fn the_summary_has_its_shape() {
    let bench = ran();
    let summary = bench.json("run/summary.json");
    assert_eq!(
        keys(&summary),
        ["scenario", "seed", "engine", "fingerprint", "verdict", "variants", "expectations"]
    );
    assert_eq!((&summary["scenario"], &summary["seed"]), (&"small".into(), &5.into()));
    assert_eq!((&summary["engine"], &summary["verdict"]), (&"native".into(), &"pass".into()));
    let fingerprint = summary["fingerprint"].as_str().unwrap();
    assert!(fingerprint.len() == 32 && fingerprint.chars().all(|c| c.is_ascii_hexdigit()), "{fingerprint}");
    for variant in summary["variants"].as_array().unwrap() {
        assert_eq!(keys(variant), ["name", "verdict", "fingerprint", "metrics", "verdicts"]);
        assert!(variant["metrics"].as_object().unwrap().values().all(Value::is_f64), "{variant:#}");
        let judges = variant["verdicts"].as_array().unwrap().iter().map(|row| row["judge"].as_str().unwrap());
        assert_eq!(
            judges.filter(|judge| ["lost-writes", "convergence", "liveness"].contains(judge)).count(),
            3
        );
    }
}

/// The same rows in the table, in the summary and on the page: words, and a drawing where it is a cycle.
#[test]
fn an_anomaly_is_told_and_drawn() {
    let bench = Workbench::new();
    bench.shardlab("run negative/no-read-locks --out run").code(1);
    let summary = bench.json("run/summary.json");
    let rows = summary["variants"][0]["anomalies"].as_array().unwrap();
    let table = Table::read(&bench, "anomalies");
    let (page, plot) = (bench.read("run/report.html"), bench.read("run/plots/anomalies.svg"));
    assert_eq!(table.column("anomaly").len(), rows.len());
    for (row, told) in rows.iter().zip(table.column("witness")) {
        let words: Vec<&str> =
            row["witness"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        assert!(words.len() > 1 && told == words.join(" | "), "{row:#}");
        assert_eq!(row["promised"], true, "{row:#}");
        let edges = row["cycle"]["edges"].as_array().unwrap();
        let names: Vec<String> = edges.iter().map(|edge| format!("T{}", edge["from"])).collect();
        let title = format!("{} → {}</title>", names.join(" → "), names[0]);
        assert!(page.contains(&title), "{title}");
        assert!(plot.contains(&format!("aria-label={}", row["anomaly"])), "{row:#}");
    }
    assert_eq!(rows.iter().filter(|row| row["anomaly"] == "G2-item").count(), 1);
}

#[test]
fn several_seeds_give_intervals_instead_of_numbers() {
    let bench = Workbench::with_small();
    bench.shardlab("run small.toml --seeds 5..7 --out run").code(0);
    let summary = bench.json("run/summary.json");
    assert_eq!(summary["seeds"], 3);
    let operations = &summary["variants"][0]["metrics"]["operations"];
    assert_eq!(keys(operations), ["mean", "low", "high", "seeds"]);
    let [low, mean, high] = ["low", "mean", "high"].map(|end| operations[end].as_f64().unwrap());
    assert!(low < mean && mean < high, "{operations}");
    let header = Table::read(&bench, "variants").columns;
    assert!(
        ["operations", "operations_low", "operations_high"]
            .iter()
            .all(|name| header.contains(&(*name).into()))
    );
}

#[test]
fn the_history_has_two_lines_an_operation_in_order() {
    let bench = ran();
    let history = bench.read("run/history.edn");
    let (comments, lines): (Vec<&str>, Vec<&str>) = history.lines().partition(|line| line.starts_with(';'));
    assert_eq!(comments, ["; small, seed 5, variant quorum"]);
    let (mut invoked, mut time) = (BTreeMap::new(), 0);
    for (index, line) in lines.iter().enumerate() {
        assert!(line.starts_with(&format!("{{:index {index}, :type :")) && line.ends_with('}'), "{line}");
        let now: u64 = field(line, ":time ").parse().unwrap();
        assert!(now >= time, "{line}");
        time = now;
        let open = invoked.insert(field(line, ":process "), field(line, ":type ") == ":invoke");
        assert_eq!(
            open.unwrap_or(false),
            field(line, ":type ") != ":invoke",
            "a process does one thing at a time: {line}"
        );
    }
    assert!(invoked.values().all(|is_open| !is_open), "what was invoked was completed, or is :info");
    // 200 a second for three seconds are 600; six standard deviations of a Poisson count are 147.
    assert!((lines.len() / 2).abs_diff(600) < 147, "{} lines", lines.len());
}

#[test]
fn the_resolved_file_shows_defaults_and_overrides_and_gives_the_same_run() {
    let bench = Workbench::with_small();
    bench.shardlab("run small.toml --set cluster.cpu=3 --out first").code(0);
    let resolved = bench.read("first/resolved.toml");
    assert!(resolved.contains("cpu = 3") && resolved.contains("coordinators ="), "{resolved}");
    bench.shardlab("run first/resolved.toml --out second").code(0);
    assert_eq!(bench.read("second/resolved.toml"), resolved);
    // Expectations stand in other lines of the resolved file.
    let [first, second] = ["first", "second"].map(|folder| bench.json(&format!("{folder}/summary.json")));
    assert_eq!(first["variants"], second["variants"]);
    assert_eq!(first["fingerprint"], second["fingerprint"]);
}

#[test]
fn wall_clock_time_stands_in_meta_alone() {
    let bench = ran();
    let meta = bench.json("run/meta.json");
    assert_eq!(keys(&meta), ["started", "wall_s", "version", "host_threads"]);
    let date = meta["started"].as_str().unwrap()[..10].to_owned();
    for name in FILES.iter().filter(|name| **name != "meta.json") {
        assert!(!bench.read(&format!("run/{name}")).contains(&date), "{name}");
    }
}

#[test]
fn latest_is_a_link_to_the_last_run() {
    let bench = Workbench::with_small();
    for seed in ["1", "2"] {
        bench.shardlab(&format!("run small.toml --seed {seed}")).code(0);
        assert_eq!(
            fs::read_link(bench.path("runs/latest")).unwrap().to_str(),
            Some(format!("small/{seed}").as_str())
        );
    }
    assert_eq!(bench.json("runs/small/1/summary.json")["seed"], 1, "the older run is still there");
}

#[test]
fn a_run_takes_the_place_of_an_older_one_whole() {
    let bench = ran();
    bench.write("run/plots/stray.svg", "from another version");
    bench.shardlab("run small.toml --seed 6 --out run").code(0);
    assert_eq!(bench.json("run/summary.json")["seed"], 6);
    assert!(
        !bench.files().iter().any(|name| name.contains("stray") || name.contains("shardlab-")),
        "{:?}",
        bench.files()
    );
}

#[test]
fn replay_gives_the_same_fingerprint_and_notices_another() {
    let bench = ran();
    let before = bench.files();
    let output = bench.shardlab("replay run").code(0).stderr_eq("");
    let fingerprint = bench.json("run/summary.json")["fingerprint"].as_str().unwrap().to_owned();
    assert_eq!(stdout(&output), format!("small · seed 5 · the same fingerprint {fingerprint}\n"));
    assert_eq!(bench.files(), before, "replay writes nothing");

    let resolved = bench.read("run/resolved.toml");
    assert!(resolved.contains("servers = 3"));
    bench.write("run/resolved.toml", resolved.replace("servers = 3", "servers = 4"));
    let output = bench.shardlab("replay run").code(1).stdout_eq("");
    assert!(stderr(&output).contains(&format!("{fingerprint} then")), "{}", stderr(&output));
}

#[test]
fn replay_knows_how_many_seeds_there_were() {
    let bench = Workbench::with_small();
    bench.write("sweep.toml", format!("{SMALL}\n[sweep]\nseeds = 2\n"));
    bench.shardlab("run sweep.toml --seeds 8..10 --out three").code(0);
    bench.shardlab("replay three").code(0);
    bench.shardlab("run sweep.toml").code(0);
    assert_eq!(bench.json("runs/latest/summary.json")["seeds"], 2);
    bench.shardlab("replay runs/latest").code(0);
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// What stands behind `name` in a line of EDN.
fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let tail = &line[line.find(name).unwrap_or_else(|| panic!("{name} in {line}")) + name.len()..];
    &tail[..tail.find([',', '}']).unwrap()]
}

/// A CSV table. Reading it fails when a row is longer or shorter than the header.
struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(bench: &Workbench, name: &str) -> Self {
        let text = bench.read(&format!("run/{name}.csv"));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let words = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
        let columns = words(reader.headers().unwrap());
        Self { columns, rows: reader.records().map(|row| words(&row.unwrap())).collect() }
    }

    fn index(&self, column: &str) -> usize {
        self.columns.iter().position(|name| name == column).unwrap_or_else(|| panic!("no column {column}"))
    }

    fn column(&self, name: &str) -> Vec<String> {
        let index = self.index(name);
        self.rows.iter().map(|row| row[index].clone()).collect()
    }

    /// A variant's values in a column.
    fn of(&self, variant: &str, column: &str) -> impl Iterator<Item = &str> {
        let (lead, index) = (self.index("variant"), self.index(column));
        self.rows.iter().filter(move |row| row[lead] == variant).map(move |row| row[index].as_str())
    }
}
