//! `--engine madsim`: the same files as from the native engine, but for its name; and a replay on the same engine.

use crate::workbench::{Workbench, stderr};

#[test]
fn both_engines_leave_the_same_tables_and_history() {
    let bench = Workbench::with_small();
    bench.shardlab("run small.toml --out native").code(0);
    bench.shardlab("run small.toml --engine madsim --out madsim").code(0);
    for name in ["history.edn", "variants.csv", "timeline.csv", "servers.csv", "latency.csv", "faults.csv"] {
        assert_eq!(bench.read(&format!("native/{name}")), bench.read(&format!("madsim/{name}")), "{name}");
    }
    let [mut native, mut madsim] =
        ["native", "madsim"].map(|folder| bench.json(&format!("{folder}/summary.json")));
    assert_eq!((&native["engine"], &madsim["engine"]), (&"native".into(), &"madsim".into()));
    native["engine"] = "either".into();
    madsim["engine"] = "either".into();
    assert_eq!(native, madsim);
}

#[test]
fn a_run_is_replayed_on_its_own_engine() {
    let bench = Workbench::with_small();
    bench.shardlab("run small.toml --engine madsim --out madsim").code(0);
    assert!(
        bench.read("madsim/report.html").contains(" --engine madsim"),
        "how to have it again says the engine"
    );
    bench.shardlab("replay madsim").code(0);
    let summary =
        bench.read("madsim/summary.json").replace("\"engine\": \"madsim\"", "\"engine\": \"other\"");
    bench.write("madsim/summary.json", summary);
    let output = bench.shardlab("replay madsim").code(65);
    assert!(stderr(&output).contains("there is no engine `other`"), "{}", stderr(&output));
}

#[test]
fn a_run_that_is_too_long_for_madsim_is_refused_before_it_begins() {
    let bench = Workbench::with_small();
    let output = bench.shardlab("run small.toml --engine madsim --set duration=3h").code(65).stdout_eq("");
    let said = stderr(&output);
    assert!(said.contains("the madsim engine's clock ends after 9000 s"), "{said}");
    assert!(said.contains("on the native engine"), "{said}");
}
