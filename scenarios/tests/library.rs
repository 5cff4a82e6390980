//! The library, the starter and the resolved file.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use shardlab_scenarios::library::LIBRARY;
use shardlab_scenarios::tables::{RunReport, VerdictKind};
use shardlab_scenarios::{Outcome, Plan, Progress, RunError, RunOptions, load, load_text, new, run_all};

fn plan(text: &str, overrides: &[&str]) -> Plan {
    let overrides: Vec<String> = overrides.iter().map(|change| (*change).to_owned()).collect();
    load_text("test.toml", text, "test", &overrides).unwrap_or_else(|error| panic!("{error}"))
}

fn run_with(plan: &Plan, options: &RunOptions) -> Outcome {
    run_all(plan, options, &|_| (), &AtomicBool::new(false)).unwrap()
}

fn run(plan: &Plan) -> RunReport {
    run_with(plan, &RunOptions::default()).report
}

const SMALL: &str = r#"
schema = 1
question = "Does it run?"
seed = 18446744073709551614
duration = "2s"
warmup = "500ms"
drain = "2s"

[replication]
mode = { primary = { replicas = 3, failover = "500ms" } }

[[workload]]
name = "orders"
arrivals = { open = "200/s" }
keys = { count = 100 }
mix = { read = 0.5, update = 0.4, scan = 0.1 }

[[fault]]
name = "crash"
at = "1s"
crash = { target = "server", restart = "200ms" }

[[fault]]
at = "1s"
for = "100ms"
partition = "minority"

[[variant]]
name = "few"

[[variant]]
name = "many"
set = { "cluster.servers" = 5, "fault.crash.crash.restart" = "300ms" }

[sweep]
"workload.orders.keys.count" = [100, 200]
"sharding.strategy" = ["modulo", { consistent-hash = { vnodes = 8 } }]

[[expect]]
metric = "writes.lost"
at_most = 0
"#;

#[test]
fn every_library_file_lints_and_names_itself() {
    for entry in LIBRARY {
        let plan = load(entry.name, &[]).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(plan.scenario.name, entry.name);
        assert!(entry.text.starts_with("#:schema "), "{}: an editor finds the schema", entry.name);
        let negative = entry.name.starts_with("negative/");
        assert_eq!(
            negative,
            !plan.scenario.bugs.is_empty(),
            "{}: bugs are for negative scenarios",
            entry.name
        );
    }
}

#[test]
fn every_file_in_the_folder_is_in_the_library_and_every_bug_has_one() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let files =
        |under: &str| std::fs::read_dir(folder.join(under)).unwrap().map(|entry| entry.unwrap().path());
    let tomls =
        files(".").chain(files("negative")).filter(|path| path.extension().is_some_and(|ext| ext == "toml"));
    let scenarios = tomls.filter(|path| path.file_name().is_some_and(|name| name != "Cargo.toml"));
    assert_eq!(scenarios.count(), LIBRARY.len());

    let schema = shardlab_scenarios::schema::text();
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let bugs =
        schema["$defs"]["Bug"]["oneOf"].as_array().unwrap().iter().map(|bug| bug["const"].as_str().unwrap());
    for bug in bugs {
        let name = format!("negative/{bug}");
        let entry = LIBRARY.iter().find(|entry| entry.name == name).unwrap_or_else(|| panic!("no {name}"));
        assert!(entry.text.contains(&format!("bugs = [\"{bug}\"]")), "{name}");
    }
}

#[test]
fn the_starter_lints_and_passes() {
    let report = run(&plan(
        new::starter(),
        &["duration=6s", "workload.orders.arrivals.open=300/s", "fault.crash.at=3s"],
    ));
    assert_eq!(
        report.verdict,
        VerdictKind::Pass,
        "{:#?}",
        (report.expectations, report.variants[0].verdicts.clone())
    );
    plan(new::starter(), &[]);
}

#[test]
fn a_resolved_file_resolves_to_itself_and_gives_the_same_run() {
    let first = plan(SMALL, &["workload.orders.timeout=300ms", "cluster.queue-limit=1000"]);
    let again = load_text("resolved.toml", &first.resolved, "resolved", &[])
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again.resolved, first.resolved);
    assert_eq!(again.scenario.workload[0].timeout.to_string(), "300ms");
    assert_eq!(run(&again).fingerprint, run(&first).fingerprint);
    for default in
        ["warmup", "drain", "max-drift-ppm", "inquiry-interval", "retries", "in-flight", "control-plane"]
    {
        assert!(first.resolved.contains(&format!("{default} = ")), "{default} is in\n{}", first.resolved);
    }
}

#[test]
fn variants_run_at_every_point_of_the_sweep() {
    let plan = plan(SMALL, &[]);
    assert_eq!(
        plan.points,
        [
            ["100", "modulo"],
            ["100", "{ consistent-hash = { vnodes = 8 } }"],
            ["200", "modulo"],
            ["200", "{ consistent-hash = { vnodes = 8 } }"],
        ]
    );
    let cases: Vec<(&str, usize)> =
        plan.cases.iter().map(|case| (case.variant.as_str(), case.point.unwrap())).collect();
    let expected = ["few", "many"].iter().flat_map(|name| (0..4).map(move |point| (*name, point)));
    assert_eq!(cases, expected.collect::<Vec<_>>());
    let last = &plan.cases[7].scenario;
    assert_eq!((last.cluster.servers, last.workload[0].keys.count), (5, 200));
    assert_eq!(plan.cases[0].scenario.cluster.servers, 3);
}

#[test]
fn how_many_run_at_once_does_not_show() {
    let plan = plan(SMALL, &[]);
    let options =
        |jobs| RunOptions { seeds: Some(2), jobs: NonZeroUsize::new(jobs).unwrap(), ..RunOptions::default() };
    let (one, three) = (run_with(&plan, &options(1)), run_with(&plan, &options(3)));
    assert_eq!(serde_json::to_string(&one.report).unwrap(), serde_json::to_string(&three.report).unwrap());
    assert_eq!(one.histories, three.histories);
    assert_eq!(one.histories.len(), 2, "a history a variant, of the first point");
    assert!(one.report.variants.iter().all(|variant| variant.metrics["operations"].seeds == 2));
    assert_eq!(one.report.seeds, 2);
    assert!(one.report.replay.ends_with("--seeds 18446744073709551614..18446744073709551615"));
}

#[test]
fn seeds_beyond_the_last_are_refused() {
    let options = RunOptions { seeds: Some(3), ..RunOptions::default() };
    let result = run_all(&plan(SMALL, &[]), &options, &|_| (), &AtomicBool::new(false));
    assert_eq!(result.unwrap_err(), RunError::SeedsOverflow);
}

#[test]
fn progress_reaches_the_end_and_a_stop_is_heeded() {
    let plan = plan(SMALL, &[]);
    let seen: Mutex<Vec<Progress>> = Mutex::new(Vec::new());
    run_all(
        &plan,
        &RunOptions::default(),
        &|progress| seen.lock().unwrap().push(progress),
        &AtomicBool::new(false),
    )
    .unwrap();
    let last = *seen.lock().unwrap().last().unwrap();
    assert_eq!((last.runs_done, last.runs, last.virtual_ms_done), (8, 8, last.virtual_ms));
    assert_eq!(last.virtual_ms, 8 * 4_000);

    let stop = AtomicBool::new(false);
    let halt = |progress: Progress| stop.store(progress.runs_done == 1, Ordering::Relaxed);
    assert_eq!(run_all(&plan, &RunOptions::default(), &halt, &stop).unwrap_err(), RunError::Stopped);
}

#[test]
fn a_panic_in_one_run_of_many_names_it_and_how_to_have_it_again() {
    let plan = plan(SMALL, &["drain=3s"]);
    let halt = |progress: Progress| assert!(progress.runs_done < 4, "the fourth run is broken");
    let result = run_all(&plan, &RunOptions::default(), &halt, &AtomicBool::new(false));
    let RunError::Panicked { which, replay } = result.unwrap_err() else { panic!("it was another error") };
    assert!(which.starts_with("test, seed 18446744073709551614, variant few, at "), "{which}");
    assert!(
        which.contains("workload.orders.keys.count = 200")
            && which.contains("consistent-hash = { vnodes = 8 }"),
        "{which}"
    );
    assert_eq!(
        replay,
        "shardlab run test.toml --seed 18446744073709551614 --set drain=3s --set 'sweep={ \
         \"workload.orders.keys.count\" = [200], \"sharding.strategy\" = [{ consistent-hash = { vnodes = 8 } }] }'"
    );
    let change = "sweep={ \"workload.orders.keys.count\" = [200], \
                  \"sharding.strategy\" = [{ consistent-hash = { vnodes = 8 } }] }";
    assert_eq!(self::plan(SMALL, &[change]).cases.len(), 2, "that point alone, with both variants");
}

#[test]
fn a_list_of_servers_is_one_group_cut_off_from_the_rest() {
    let strike =
        |split: &str| plan(&SMALL.replace("partition = \"minority\"", &format!("partition = {split}")), &[]);
    let (flat, nested) = (strike("[\"server 1\", \"server 2\"]"), strike("[[\"server 1\", \"server 2\"]]"));
    assert_eq!(flat.resolved, nested.resolved);
    let report = run(&flat);
    assert_eq!(
        report.variants[4].faults[1].nodes,
        "server 1, server 2 | control plane, server 0, server 3, server 4, coordinator 0"
    );
}

#[test]
fn an_expectation_weighs_on_its_variant_and_on_no_other() {
    let text = SMALL.split("[sweep]").next().unwrap();
    let text = format!("{text}[[expect]]\nmetric = \"operations\"\nvariant = \"many\"\nat_most = 0\n");
    let report = run(&plan(&text, &[]));
    let verdicts: Vec<VerdictKind> = report.variants.iter().map(|variant| variant.verdict).collect();
    assert_eq!(verdicts, [VerdictKind::Pass, VerdictKind::Fail]);
    assert_eq!(report.verdict, VerdictKind::Fail);
}

#[test]
fn a_sweep_is_set_by_its_quoted_path() {
    let plan = plan(SMALL, &["sweep.\"workload.orders.keys.count\"=[10, 20, 30]"]);
    assert_eq!(plan.points.len(), 6);
}

#[test]
fn variants_meet_the_same_arrivals() {
    let report = run(&plan(SMALL, &[]));
    let operations: Vec<f64> =
        report.variants.iter().map(|variant| variant.metrics["operations"].mean).collect();
    assert!(
        operations[0] > 100.0 && operations.iter().all(|count| *count == operations[0]),
        "{operations:?}"
    );
}

/// Two servers are to join, and copying is so slow that the first is not done when everything ends.
#[test]
fn commands_that_were_not_carried_out_say_how_far_they_came_and_what_to_do() {
    let changes = ["rebalancing.throttle=2KiB", "fault.crash.crash.restart=100ms"];
    let text = SMALL.split("[[variant]]").next().unwrap();
    let grow = |name: &str, at: &str| {
        format!("[[fault]]\nname = \"{name}\"\nat = \"{at}\"\nmembership = {{ add = 1 }}\n")
    };
    let text = format!("{text}\n{}{}", grow("grow", "700ms"), grow("grow-again", "900ms"));
    let report = run(&plan(&text, &changes));
    let variant = &report.variants[0];
    assert_eq!(variant.verdict, VerdictKind::Unknown);
    let reason =
        &variant.verdicts.iter().find(|row| row.verdict == Some(VerdictKind::Unknown)).unwrap().words;
    for said in [
        "grow was not carried out to the end (",
        " moves done, ",
        "rebalancing.throttle",
        "grow-again was never begun",
    ] {
        assert!(reason.contains(said), "{said} is not in {reason}");
    }
    assert!(!reason.contains("changed nothing"), "bytes were copied: {reason}");
    let effect = |name: &str| &variant.faults.iter().find(|row| row.fault == name).unwrap().effect;
    assert!(effect("grow").contains("keys change owner; "), "{}", effect("grow"));
    assert_eq!(effect("grow-again"), "never begun, since grow was still under way");
}
