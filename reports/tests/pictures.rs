//! What every picture must be: legible, self-contained, the same every time.

mod common;

use common::{HOSTILE, flash_sale, info, many_servers, queries::queried, swept};
use shardlab_reports::plots::{pictures, png, svg};
use shardlab_scenarios::tables::RunReport;
use std::{fs, path::Path};

/// As many variants as there are strategies.
const FOURTEEN: [&str; 14] = [
    "modulo",
    "consistent-hash",
    "bounded-load",
    "rendezvous",
    "rendezvous-weighted",
    "jump",
    "multi-probe",
    "maglev",
    "slots",
    "keyspace-ids",
    "static-ranges",
    "list",
    "composite",
    "directory",
];

/// An ordinary run, a sweep, one variant, and many with hostile and endless names.
fn runs() -> [(&'static str, RunReport); 7] {
    let endless = "a name that goes on and on ".repeat(12);
    let many = ["one", HOSTILE, &endless, "four", "five", "six", "seven", "eight"];
    [
        ("two", flash_sale(&["modulo", "consistent-hash"], 1)),
        ("sweep", swept(&["modulo", "consistent-hash", "range"])),
        ("one", flash_sale(&["base"], 1)),
        ("many", flash_sale(&many, 20)),
        ("fourteen", flash_sale(&FOURTEEN, 5)),
        ("wide", many_servers(&["modulo", "consistent-hash"])),
        ("queries", queried(&["customer_id", HOSTILE, "product_id", &endless])),
    ]
}

#[test]
fn a_run_has_every_picture_and_they_can_be_looked_at() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pictures");
    fs::create_dir_all(&folder).unwrap();
    for (run, report) in runs() {
        let (info, mut names) = (info(), Vec::new());
        for picture in pictures(&report, &info) {
            fs::write(folder.join(format!("{run}-{}.png", picture.name)), png(&picture)).unwrap();
            fs::write(folder.join(format!("{run}-{}.svg", picture.name)), svg(&picture)).unwrap();
            names.push(picture.name);
        }
        let every = [
            "anomalies",
            "sweep",
            "latency",
            "throughput",
            "divergence",
            "queries",
            "bill",
            "moves",
            "imbalance",
            "shares",
            "ownership",
            "servers",
            "shards",
            "heat",
            "latency-distribution",
        ];
        let drawn = every.into_iter().filter(|name| !["sweep", "queries"].contains(name) || run == *name);
        assert_eq!(names, drawn.collect::<Vec<_>>());
    }
}

#[test]
fn a_picture_is_the_same_every_time_it_is_drawn() {
    let (report, info) = (flash_sale(&["modulo", "consistent-hash"], 1), info());
    for (first, second) in pictures(&report, &info).iter().zip(&pictures(&report, &info)) {
        assert!(svg(first) == svg(second) && svg(first) == svg(first), "{}", first.name);
        assert!(png(first) == png(second), "{}", first.name);
    }
}

#[test]
fn no_label_leaves_the_sheet_or_touches_another() {
    for (run, report) in runs() {
        for picture in pictures(&report, &info()) {
            let labels: Vec<_> = picture.labels.iter().map(|label| (&label.text, label.bounds())).collect();
            for (index, (label, [left, top, right, bottom])) in labels.iter().enumerate() {
                let inside =
                    *left >= 0.0 && *top >= 0.0 && *right <= picture.width && *bottom <= picture.height;
                assert!(inside, "{run}/{}: {label:?} leaves the sheet", picture.name);
                for (other, [l, t, r, b]) in &labels[index + 1..] {
                    let apart = right <= l || r <= left || bottom <= t || b <= top;
                    assert!(apart, "{run}/{}: {label:?} touches {other:?}", picture.name);
                }
            }
        }
    }
}
