//! The same scenario and the same seed give the same bytes: twice, with one thread and with four, on every machine.

use std::collections::BTreeMap;
use std::fs;

use crate::workbench::{SMALL, Workbench};

/// Fingerprint of [`SMALL`] with its seed, 5, and with five seeds. It changes with every change of the simulation, and
/// with nothing else: not with the machine, the build profile, or the number of threads.
const FINGERPRINT: &str = "c295069b419d11f5a8ea00c96e4d5a23";
const FINGERPRINT_OF_FIVE: &str = "592709227ceb3d964e8f8c8687d6614c";

/// Every file of a run folder but `meta.json`, where the wall clock stands.
fn contents(bench: &Workbench, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let names = bench.files().into_iter();
    let names = names.filter_map(|name| Some((name.strip_prefix(&format!("{folder}/"))?.to_owned(), name)));
    let files = names.filter(|(inner, _)| inner != "meta.json");
    files.map(|(inner, name)| (inner, fs::read(bench.path(&name)).unwrap())).collect()
}

fn assert_same(bench: &Workbench, folders: [&str; 2]) {
    let [one, other] = folders.map(|folder| contents(bench, folder));
    assert!(one.len() > 20, "{:?}", one.keys());
    assert!(one.keys().eq(other.keys()), "{:?}\n{:?}", one.keys(), other.keys());
    for (name, bytes) in &one {
        assert!(bytes == &other[name], "{name} differs between {folders:?}");
    }
}

fn fingerprint(bench: &Workbench, folder: &str) -> String {
    bench.json(&format!("{folder}/summary.json"))["fingerprint"].as_str().unwrap().to_owned()
}

#[test]
fn two_processes_leave_the_same_bytes() {
    let bench = Workbench::with_small();
    bench.shardlab("run small.toml --out one").code(0);
    bench.shardlab("run small.toml --out two").code(0);
    assert_same(&bench, ["one", "two"]);
    assert_eq!(fingerprint(&bench, "one"), FINGERPRINT);
}

#[test]
fn one_thread_and_four_leave_the_same_bytes() {
    let bench = Workbench::with_small();
    bench.write("sweep.toml", format!("{SMALL}\n[sweep]\n\"cluster.cpu\" = [1, 2]\n"));
    bench.shardlab("run sweep.toml --seeds 5..9 --jobs 1 --out one").code(0);
    bench.shardlab("run sweep.toml --seeds 5..9 --jobs 4 --out four").code(0);
    assert_same(&bench, ["one", "four"]);
    assert_eq!(fingerprint(&bench, "one"), FINGERPRINT_OF_FIVE);
}

#[test]
fn transactions_under_a_crash_leave_the_same_bytes() {
    let bench = Workbench::new();
    for folder in ["one", "two"] {
        bench.shardlab(&format!("run negative/unilateral-abort --set duration=4s --out {folder}")).code(1);
    }
    assert_same(&bench, ["one", "two"]);
}

#[test]
fn another_seed_is_another_run() {
    let bench = Workbench::with_small();
    bench.shardlab("run small.toml --seed 5 --out five").code(0);
    bench.shardlab("run small.toml --seed 6 --out six").code(0);
    assert_ne!(fingerprint(&bench, "five"), fingerprint(&bench, "six"));
    assert_ne!(bench.read("five/history.edn"), bench.read("six/history.edn"));
}
