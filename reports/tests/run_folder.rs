//! The run folder: all of it or nothing, the same bytes twice, and never somebody else's files.

mod common;

use common::{HOSTILE, flash_sale, info, meta, swept};
use proptest::prelude::*;
use shardlab_reports::{ReportError, WriteHistory, WrittenRun, write};
use shardlab_scenarios::tables::{FaultRow, RunReport};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

const TABLES: [&str; 16] = [
    "variants",
    "timeline",
    "shards",
    "shares",
    "keys",
    "hotspots",
    "ownership",
    "imbalance",
    "servers",
    "moves",
    "faults",
    "anomalies",
    "latency",
    "heat",
    "divergence",
    "queries",
];

fn write_run(report: &RunReport, folder: &Path) -> Result<WrittenRun, ReportError> {
    write(report, &info(), &meta(), None, folder, None)
}

fn two() -> RunReport {
    flash_sale(&["modulo", "consistent-hash"], 1)
}

/// Every file below a folder, by its relative path.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_path_buf(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

fn entries(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn records(bytes: &[u8]) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(bytes).records().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_run_leaves_every_file_and_nothing_beside_them() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("runs/flash-sale/42");
    let history: WriteHistory = &|out| out.write_all(b"{:index 0}\n");
    let latest = place.path().join("runs/latest");
    let written = write(&two(), &info(), &meta(), Some(history), &folder, Some(&latest)).unwrap();
    assert_eq!(written.report, folder.join("report.html"));

    let files = files(&folder);
    let mut expected: Vec<PathBuf> =
        ["resolved.toml", "summary.json", "meta.json", "report.html", "history.edn"]
            .map(PathBuf::from)
            .into();
    expected.extend(TABLES.map(|table| format!("{table}.csv").into()));
    for picture in [
        "anomalies",
        "latency",
        "throughput",
        "divergence",
        "bill",
        "moves",
        "imbalance",
        "shares",
        "ownership",
        "servers",
        "shards",
        "heat",
        "latency-distribution",
    ] {
        expected.extend(["svg", "png"].map(|kind| format!("plots/{picture}.{kind}").into()));
    }
    expected.sort();
    assert_eq!(files.keys().cloned().collect::<Vec<_>>(), expected);
    assert_eq!(files[Path::new("history.edn")], b"{:index 0}\n");
    assert_eq!(entries(&place.path().join("runs")), ["flash-sale", "latest"]);
    assert_eq!(entries(folder.parent().unwrap()), ["42"]);
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let place = TempDir::new().unwrap();
    for report in [two(), swept(&["a", "b"])] {
        let folders = ["one", "two"].map(|name| place.path().join(name));
        folders.iter().for_each(|folder| drop(write_run(&report, folder).unwrap()));
        assert_eq!(files(&folders[0]), files(&folders[1]));
    }
}

#[test]
fn wall_clock_time_stands_in_meta_json_alone() {
    let place = TempDir::new().unwrap();
    let later = shardlab_reports::Meta { started: "2031-01-01T00:00:00Z".into(), wall_s: 99.0, ..meta() };
    write_run(&two(), &place.path().join("one")).unwrap();
    write(&two(), &info(), &later, None, &place.path().join("two"), None).unwrap();
    let (mut one, mut two) = (files(&place.path().join("one")), files(&place.path().join("two")));
    assert_ne!(one.remove(Path::new("meta.json")), two.remove(Path::new("meta.json")));
    assert_eq!(one, two);
}

#[cfg(unix)]
#[test]
fn latest_is_a_relative_link_that_moves_on() {
    let place = TempDir::new().unwrap();
    let latest = place.path().join("latest");
    for seed in ["flash-sale/1", "flash-sale/2"] {
        write(&two(), &info(), &meta(), None, &place.path().join(seed), Some(&latest)).unwrap();
        assert_eq!(fs::read_link(&latest).unwrap(), Path::new(seed));
    }
    assert_eq!(entries(place.path()), ["flash-sale", "latest"]);
}

#[test]
fn an_older_run_is_replaced_as_a_whole() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("run");
    write_run(&swept(&["a"]), &folder).unwrap();
    assert!(folder.join("plots/sweep.svg").exists());
    write_run(&two(), &folder).unwrap();
    assert!(!folder.join("plots/sweep.svg").exists());
    assert_eq!(entries(place.path()), ["run"]);
}

#[test]
fn other_peoples_files_are_not_replaced() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("thesis");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("chapter-1.txt"), "dear reader").unwrap();
    let error = write_run(&two(), &folder).unwrap_err();
    assert!(error.to_string().contains("is not a run folder"), "{error}");
    assert_eq!(entries(&folder), ["chapter-1.txt"]);

    let latest = place.path().join("latest");
    fs::write(&latest, "mine").unwrap();
    let error = write(&two(), &info(), &meta(), None, &place.path().join("run"), Some(&latest)).unwrap_err();
    assert_eq!(error.path(), latest);
    assert_eq!(entries(place.path()), ["latest", "thesis"]);
}

#[test]
fn places_that_cannot_be_written_are_named() {
    let place = TempDir::new().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    let cases =
        [file.clone(), file.join("below"), file.join("far/below"), PathBuf::from("/"), PathBuf::from("..")];
    for folder in cases {
        let error = write_run(&two(), &folder).unwrap_err().to_string();
        assert!(error.starts_with("cannot ") && error.contains(": "), "{error}");
    }
    assert_eq!(entries(place.path()), ["file"]);
}

#[test]
fn a_write_that_fails_leaves_nothing_and_keeps_the_older_run() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("run");
    write_run(&two(), &folder).unwrap();
    let before = files(&folder);
    let full: WriteHistory = &|out| {
        out.write_all(&[b'x'; 100_000])?;
        Err(io::Error::from(io::ErrorKind::StorageFull))
    };
    let error = write(&swept(&["a"]), &info(), &meta(), Some(full), &folder, None).unwrap_err();
    assert!(error.path().ends_with("history.edn"), "{error}");
    assert_eq!(files(&folder), before);
    assert_eq!(entries(place.path()), ["run"]);
}

#[test]
fn tables_have_a_row_for_every_row_and_the_sweeps_axes() {
    let place = TempDir::new().unwrap();
    for report in [two(), swept(&["a", "b", "c"])] {
        let folder = place.path().join("run");
        write_run(&report, &folder).unwrap();
        let count = |of: fn(&shardlab_scenarios::tables::VariantReport) -> usize| {
            report.variants.iter().map(of).sum()
        };
        let expected: [usize; 16] = [
            report.variants.len(),
            count(|variant| variant.timeline.len()),
            count(|variant| variant.shards.len()),
            count(|variant| variant.shares.len()),
            count(|variant| variant.keys.len()),
            count(|variant| variant.hotspots.len()),
            count(|variant| variant.ownership.len()),
            count(|variant| variant.imbalance.len()),
            count(|variant| variant.servers.len()),
            count(|variant| variant.moves.len()),
            count(|variant| variant.faults.len()),
            count(|variant| variant.anomalies.len()),
            count(|variant| variant.latency.len()),
            count(|variant| variant.heat.counts.iter().filter(|count| **count > 0).count()),
            count(|variant| variant.divergence.len()),
            count(|variant| variant.queries.len()),
        ];
        let axes = report.sweep.iter().flat_map(|sweep| &sweep.axes);
        let lead: Vec<String> = [String::from("variant")].into_iter().chain(axes.cloned()).collect();
        for (table, rows) in TABLES.iter().zip(expected) {
            let bytes = fs::read(folder.join(format!("{table}.csv"))).unwrap();
            let header = csv::Reader::from_reader(bytes.as_slice()).headers().unwrap().clone();
            assert_eq!(header.iter().take(lead.len()).collect::<Vec<_>>(), lead, "{table}");
            assert_eq!(records(&bytes).len(), rows, "{table}");
        }
    }
}

#[test]
fn several_seeds_give_intervals() {
    let place = TempDir::new().unwrap();
    write_run(&flash_sale(&["a", "b"], 20), &place.path().join("many")).unwrap();
    write_run(&flash_sale(&["a", "b"], 1), &place.path().join("one")).unwrap();
    let summary = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&fs::read(place.path().join(name).join("summary.json")).unwrap()).unwrap()
    };
    let metric = |name: &str| summary(name)["variants"][0]["metrics"]["throughput.ops_per_s"].clone();
    assert_eq!(metric("one"), serde_json::json!(4300.0));
    assert_eq!(
        metric("many"),
        serde_json::json!({"mean": 4300.0, "low": 4214.0, "high": 4386.0, "seeds": 20})
    );
    let keys: Vec<String> = summary("one").as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["scenario", "seed", "engine", "fingerprint", "verdict", "variants", "expectations"]);
    let keys: Vec<String> = summary("one")["variants"][0].as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["name", "verdict", "fingerprint", "metrics", "verdicts", "anomalies"]);

    let variants = fs::read_to_string(place.path().join("many/variants.csv")).unwrap();
    assert!(
        variants.starts_with("variant,verdict,fingerprint,throughput.ops_per_s,throughput.ops_per_s_low,")
    );
}

/// The columns that `docs/tables.md` explains, by table.
fn documented() -> BTreeMap<String, Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/tables.md");
    let text = fs::read_to_string(path).unwrap();
    let section = |section: &str| {
        let (name, rest) = section.split_once('\n').unwrap();
        let cells = rest.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" | "));
        let columns = cells.flat_map(|(columns, _)| {
            columns.split(", ").map(|column| column.trim_matches('`').to_owned()).collect::<Vec<_>>()
        });
        (name.to_owned(), columns.collect())
    };
    text.split("\n## ").skip(1).map(section).collect()
}

#[test]
fn every_column_of_every_table_is_explained_in_its_order() {
    let place = TempDir::new().unwrap();
    let folder = place.path().join("run");
    let report = two();
    write_run(&report, &folder).unwrap();
    let mut written = BTreeMap::new();
    for table in TABLES {
        let bytes = fs::read(folder.join(format!("{table}.csv"))).unwrap();
        let header = csv::Reader::from_reader(bytes.as_slice()).headers().unwrap().clone();
        let is_metric = |column: &&str| report.variants[0].metrics.contains_key(*column);
        let columns: Vec<String> =
            header.iter().filter(|column| !is_metric(column)).map(str::to_owned).collect();
        written.insert(format!("{table}.csv"), columns);
    }
    assert_eq!(documented(), written, "docs/tables.md on the left, what is written on the right");
}

/// Rows whose words and figures are anything at all, not-a-number included.
fn strange_run(name: &str, words: &str, figures: &[f64]) -> RunReport {
    let mut report = flash_sale(&[name, HOSTILE], 1);
    report.question = words.into();
    let figure = |index: usize| figures[index % figures.len()];
    for variant in &mut report.variants {
        for (index, row) in variant.timeline.iter_mut().enumerate() {
            (row.ok_per_s, row.p99_ms) = (figure(index), Some(figure(index + 1)));
        }
        variant.timeline[1].time_s = figure(2);
        variant.servers.iter_mut().enumerate().for_each(|(index, row)| row.utilization = figure(index));
        variant.shards.iter_mut().enumerate().for_each(|(index, row)| row.share = figure(index));
        variant.latency.iter_mut().enumerate().for_each(|(index, row)| row.latency_ms = figure(index));
        for (index, cell) in variant.metrics.values_mut().enumerate() {
            (cell.mean, cell.low, cell.high) = (figure(index), figure(index + 1), figure(index + 2));
        }
        let (struck_s, effect) = (Some(figure(3)), words.to_owned());
        let healed_s = Some(figure(4));
        variant.faults.push(FaultRow {
            seed: 42,
            fault: effect.clone(),
            struck_s,
            healed_s,
            nodes: effect.clone(),
            changed: 1,
            effect,
        });
    }
    report
}

const FIGURES: prop::num::f64::Any = prop::num::f64::ANY;

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_rows_can_be_shown(name in ".{0,40}", words in "[\\PC\\x00-\\x1f]{0,60}", figures in prop::collection::vec(FIGURES, 8)) {
        let report = strange_run(&name, &words, &figures);
        for picture in shardlab_reports::plots::pictures(&report, &info()) {
            let svg = shardlab_reports::plots::svg(&picture);
            prop_assert!(!svg.contains("=\"NaN") && !svg.contains("inf\"") && !svg.contains("MNaN"));
        }
        let summary = shardlab_reports::terminal::summary(&report, &info(), Path::new("report.html"), 80);
        prop_assert!(summary.contains("Report"));
    }
}

proptest! {
    // Each case renders six pictures and waits for the disk.
    #![proptest_config(ProptestConfig { cases: 5, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_rows_can_be_written(name in ".{0,40}", words in "[\\PC\\x00-\\x1f]{0,60}", figures in prop::collection::vec(FIGURES, 8)) {
        let place = TempDir::new().unwrap();
        let folder = place.path().join("run");
        write_run(&strange_run(&name, &words, &figures), &folder).unwrap();
        let rows = records(&fs::read(folder.join("faults.csv")).unwrap());
        prop_assert_eq!(rows.len(), 10);
        prop_assert_eq!((&rows[4][0], &rows[4][2], &rows[4][7]), (name.as_str(), words.as_str(), words.as_str()));
    }
}
