//! `shardlab check`: verdicts and exit codes, what is printed and what is left, and every way to ask wrongly.

use crate::workbench::{Workbench, stderr, stdout};

/// Process 1 reads what had been overwritten before it began to read.
const STALE: &str = "
{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok,     :f :write, :value 1}
{:process 1, :type :invoke, :f :read,  :value nil}
{:process 1, :type :ok,     :f :read,  :value nil}
";

/// Two transactions each read what the other overwrites.
const SKEW: &str = "
{:process 0, :type :invoke, :f :txn, :value [[:r :x nil] [:append :y 1]]}
{:process 1, :type :invoke, :f :txn, :value [[:r :y nil] [:append :x 1]]}
{:process 0, :type :ok,     :f :txn, :value [[:r :x []] [:append :y 1]]}
{:process 1, :type :ok,     :f :txn, :value [[:r :y []] [:append :x 1]]}
{:process 0, :type :invoke, :f :txn, :value [[:r :x nil] [:r :y nil]]}
{:process 0, :type :ok,     :f :txn, :value [[:r :x [1]] [:r :y [1]]]}
";

/// A folder with both.
fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.write("stale.edn", STALE);
    bench.write("skew.edn", SKEW);
    bench.write(
        "counter.edn",
        STALE.replace("write", "add").replace("nil}\n{", "nil}{").replace(":value nil", ":value 7"),
    );
    bench
}

/// Runs `check` on a workload and a model; the exit code and what stands on standard output.
fn check(bench: &Workbench, words: &str) -> (Option<i32>, String) {
    let output = bench.shardlab(&format!("check {words}"));
    (output.get_output().status.code(), stdout(&output))
}

#[test]
fn the_verdict_is_the_exit_code_and_the_witness_is_told() {
    let bench = bench();
    let table = [
        (
            "-w register -m linearizable stale.edn",
            1,
            "stale.edn: register, 2 operations, held against linearizable\nbroken: linearizable, by nonlinearizable\n",
        ),
        (
            "-w list-append -m serializable skew.edn",
            1,
            "skew.edn: list-append, 3 operations, held against serializable\nbroken: serializable, by G2-item\n",
        ),
        (
            "-w list-append skew.edn",
            1,
            "skew.edn: list-append, 3 operations, held against strict-serializable\nbroken: strict-serializable, by G2-item",
        ),
        (
            "-w counter counter.edn",
            1,
            "counter.edn: counter, 2 operations, held against its own rule\nbroken: its own rule, by wrong-count\n",
        ),
        (
            "-w list-append -m SI skew.edn",
            0,
            "skew.edn: list-append, 3 operations, held against snapshot-isolation\nholds: snapshot-isolation\n",
        ),
    ];
    for (words, code, beginning) in table {
        let (exit, said) = check(&bench, words);
        assert_eq!(exit, Some(code), "{words}\n{said}");
        assert!(said.starts_with(beginning), "{words}\n{said}");
    }
    let (_, said) = check(&bench, "-w list-append -m serializable skew.edn");
    for line in ["G2-item × 1: ", "\nbroken from repeatable-read up; strong-snapshot-isolation holds\n"] {
        assert!(said.contains(line), "{line}\n{said}");
    }
}

#[test]
fn json_tells_the_same_and_out_leaves_the_report_and_the_cycles() {
    let bench = bench();
    let (exit, said) = check(&bench, "-w list-append -m serializable --format json --out found skew.edn");
    assert_eq!(exit, Some(1));
    assert_eq!(bench.read("found/report.json"), said);
    let report = bench.json("found/report.json");
    assert_eq!(report["verdict"], "broken");
    assert_eq!(report["by"][0], "G2-item");
    assert_eq!(report["operations"], 3);
    let found = &report["found"][0];
    assert_eq!((found["anomaly"].as_str(), found["breaks"].as_bool()), (Some("G2-item"), Some(true)));
    assert_eq!(found["cycle"].as_array().unwrap().len(), 2);
    assert_eq!(found["involved"][0]["line"], 2);
    let drawing = bench.read("found/cycle-G2-item.svg");
    assert!(drawing.starts_with("<svg") && !drawing.contains("<text"), "letters are outlines");
    let reason = found["cycle"][0]["words"].as_str().unwrap();
    assert!(drawing.contains(&format!("aria-label=\"rw: {reason}\"")), "{reason}");

    // What the folder held before is gone where it was drawn by `check`, and only that.
    bench.write("found/cycle-of-life.svg", "mine");
    assert_eq!(check(&bench, "-w register -m sequential --out found stale.edn").0, Some(0));
    let files = bench.files();
    assert!(!files.iter().any(|name| name.ends_with("cycle-G2-item.svg")), "{files:?}");
    assert!(files.iter().any(|name| name.ends_with("cycle-of-life.svg")), "{files:?}");
}

#[test]
fn what_was_never_told_done_proves_nothing_and_what_breaks_a_weaker_model_breaks_the_stronger() {
    let bench = bench();
    let failed = "{:process 0, :type :invoke, :f :txn, :value [[:append :x 1]]}";
    bench.write("failed.edn", format!("{failed}\n{}", failed.replace(":invoke", ":fail")));
    let (exit, said) = check(&bench, "-w list-append failed.edn");
    assert_eq!(exit, Some(2), "{said}");
    assert!(said.contains("nothing was tested"), "{said}");

    let garbage = STALE.lines().skip(3).collect::<Vec<_>>().join("\n").replace("nil}\n{", "nil}{");
    bench.write(
        "garbage.edn",
        garbage.replacen(":ok,     :f :read,  :value nil", ":ok, :f :read, :value 3", 1),
    );
    let (exit, said) = check(&bench, "-w register garbage.edn");
    assert_eq!(exit, Some(1), "{said}");
    assert!(said.contains("garbage-read") && !said.contains("which does not break"), "{said}");
}

#[test]
fn a_history_comes_from_standard_input_and_as_json() {
    let bench = bench();
    let json = r#"{"process": 0, "type": "invoke", "f": "write", "value": 1}
{"process": 0, "type": "ok", "f": "write", "value": 1}
"#;
    for (text, said) in [(json, "-: register, 1 operation,"), (STALE, "-: register, 2 operations,")] {
        let output = bench.command("check -w register -m linearizable -").stdin(text).assert();
        assert!(stdout(&output).starts_with(said), "{}{}", stdout(&output), stderr(&output));
    }
}

#[test]
fn operations_of_other_workloads_are_passed_over_and_counted_aloud() {
    let bench = bench();
    bench.write("mixed.edn", format!("{SKEW}{{:process 7, :type :invoke, :f :scan, :value [1 nil]}}"));
    let output = bench.shardlab("check -w list-append -m SI mixed.edn");
    assert!(stdout(&output).starts_with("mixed.edn: list-append, 3 operations,"), "{}", stdout(&output));
    assert!(stderr(&output).ends_with("whatever it may have written: 1 :scan\n"), "{}", stderr(&output));
}

#[test]
fn what_a_bank_and_a_counter_promise_can_be_said() {
    let bench = bench();
    let read = |value: &str| {
        format!(
            "{{:process 0, :type :invoke, :f :read}}\n{{:process 0, :type :ok, :f :read, :value {value}}}\n"
        )
    };
    bench.write("bank.edn", read("{0 -5, 1 15}") + &read("{0 5, 1 5}"));
    bench.write("from.edn", read("7"));
    let table = [
        ("-w bank bank.edn", 1),
        ("-w bank --overdraft bank.edn", 0),
        ("-w bank --overdraft --total 20 bank.edn", 1),
        ("-w counter from.edn", 1),
        ("-w counter --initial 7 from.edn", 0),
        ("-w counter --initial -7 from.edn", 1),
    ];
    for (words, code) in table {
        let (exit, said) = check(&bench, words);
        assert_eq!(exit, Some(code), "{words}\n{said}");
    }
}

/// The simulator's histories have many sets, counters and generators of ids: each is judged on its own, and the witness
/// says which it is. `check` knows less than the simulator's judges, and says the same.
#[test]
fn histories_of_the_simulator_are_judged_key_by_key_as_the_simulator_judges_them() {
    let bench = Workbench::new();
    let table = [
        ("set --set duration=14s", "set -m linearizable", "lost-element", ""),
        ("counter --set duration=14s", "counter", "wrong-count", ""),
        ("unique-ids --set duration=14s", "unique-ids", "duplicate-id", ""),
        ("negative/lost-element", "set -m linearizable", "lost-element", "key "),
        ("negative/unexpected-element", "set -m linearizable", "unexpected-element", "key "),
        ("negative/retried-additions", "counter", "wrong-count", "key "),
        ("negative/duplicate-ids", "unique-ids", "duplicate-id", " of counter "),
    ];
    for (scenario, workload, anomaly, witness) in table {
        bench.shardlab(&format!("run {scenario} --out run"));
        let history = bench.read("run/history.edn");
        let name = history.lines().next().unwrap().rsplit_once("variant ").unwrap().1;
        let variants = bench.json("run/summary.json")["variants"].as_array().unwrap().clone();
        let variant = variants.iter().find(|variant| variant["name"] == name).unwrap();
        let seen = variant["metrics"][format!("anomalies.{anomaly}")].as_f64().unwrap();
        let most = variants.iter().map(|variant| variant["anomalies"].as_array().map_or(0, Vec::len)).max();
        let kinds = variant["anomalies"].as_array().map_or(0, Vec::len);
        let is_worst = variant["verdict"] != "pass" || Some(kinds) == most;
        assert!(is_worst, "{scenario}: {name} has less to show than another");
        let (exit, said) = check(&bench, &format!("-w {workload} --format json run/history.edn"));
        assert_eq!(exit, Some(i32::from(seen > 0.0)), "{scenario}\n{said}");
        let report: serde_json::Value = serde_json::from_str(&said).unwrap();
        let found = report["found"].as_array().unwrap().iter().find(|found| found["anomaly"] == anomaly);
        assert_eq!(found.map_or(0.0, |found| found["count"].as_f64().unwrap()), seen, "{scenario}");
        if let Some(found) = found {
            assert!(found["words"][0].as_str().unwrap().contains(witness), "{scenario}: {found}");
            let line = found["involved"][0]["line"].as_u64().unwrap() as usize;
            assert!(history.lines().nth(line - 1).unwrap().contains(":type :invoke"), "{scenario}: {found}");
        }
        std::fs::remove_dir_all(bench.path("run")).unwrap();
    }
}

#[test]
fn what_is_asked_wrongly_is_told_with_a_remedy_and_judges_nothing() {
    let bench = bench();
    bench.write("cut.edn", &STALE[..STALE.len() - 10]);
    bench.write("typo.edn", "{:process 0, :type :invoke, :f :txn, :value [[:appnd 1 2]]}");
    bench.write("empty.edn", "; nothing\n");
    bench.write("nemesis.edn", "{:process :nemesis, :type :info, :f :kill}");
    let table = [
        ("-w regsiter -m linearizable stale.edn", 64, "did you mean `register`?"),
        ("-w register -m linearisable stale.edn", 64, "did you mean `linearizable`?"),
        ("-w register -m strong stale.edn", 64, "there are eventual-convergence, "),
        ("-w bank -m serializable stale.edn", 64, "leave out --consistency-model"),
        ("-w register -m serializable stale.edn", 64, "judge them by read-your-writes, "),
        ("-w rw-register -m serializable --assume wrf-keys stale.edn", 64, "did you mean `wfr-keys`?"),
        ("-w register -m linearizable --assume wfr-keys stale.edn", 64, "--workload rw-register?"),
        ("-w register -m linearizable", 64, "<HISTORY>"),
        ("-w register -m linearizable nowhere.edn", 74, "help: name a history's file"),
        ("-w register -m linearizable .", 74, "error: "),
        ("-w register -m linearizable cut.edn", 65, "line 5, column 42: the text ends inside an operation"),
        ("-w list-append -m serializable stale.edn", 65, "is this --workload register?"),
        ("-w rw-register -m serializable skew.edn", 65, "is this --workload list-append?"),
        ("-w list-append -m serializable typo.edn", 65, "line 1, column 47: `:appnd` is no step"),
        ("-w register --total 7 stale.edn", 64, "is this --workload bank?"),
        ("-w bank --initial 7 stale.edn", 64, "is this --workload counter?"),
        ("-w register -m linearizable empty.edn", 65, "holds no operation of a client"),
        ("-w register -m linearizable nemesis.edn", 65, "holds no operation of a client"),
        ("-w register -m linearizable --out stale.edn stale.edn", 74, "cannot write to stale.edn"),
    ];
    for (words, code, said) in table {
        let output = bench.shardlab(&format!("check {words}"));
        let text = stderr(&output);
        assert_eq!(output.get_output().status.code(), Some(code), "{words}\n{text}");
        assert!(text.starts_with("error: ") && text.contains(said), "{words}: {said}\n{text}");
    }
}

/// The examples of `check --help` are what a newcomer copies: they must do what it says.
#[test]
fn the_examples_of_the_help_give_the_answers_it_promises() {
    let bench = Workbench::new();
    let help = stdout(&bench.shardlab("check --help"));
    let lines: Vec<&str> = help.lines().map(str::trim).collect();
    let (first, second) = lines.split_at(lines.iter().position(|line| line.starts_with("Second")).unwrap());
    for (part, name) in [(first, "stale.edn"), (second, "skew.edn")] {
        let history: Vec<&str> = part.iter().filter(|line| line.starts_with("{:")).copied().collect();
        assert_eq!(history.len(), 4, "{name}");
        bench.write(name, history.join("\n"));
        let command: Vec<&str> =
            part.iter().skip_while(|line| !line.starts_with("shardlab check")).copied().collect();
        let end = 1 + usize::from(command[0].ends_with('\\'));
        let words = command[..end].join(" ").replace('\\', "").replacen("shardlab ", "", 1);
        let output = bench.shardlab(&words);
        let promised = part.join(" ");
        let promised =
            promised.split("The answer is `").nth(1).unwrap().split('`').next().unwrap().to_owned();
        assert!(stdout(&output).contains(&promised), "{words}: {promised}\n{}", stdout(&output));
        assert_eq!(output.get_output().status.code(), Some(1));
    }
    assert!(bench.files().contains(&"skew/cycle-G2-item.svg".to_owned()));
}

/// What the manual shows is what the program says, to the letter.
#[test]
fn the_examples_of_the_manual_print_what_it_shows() {
    let bench = Workbench::new();
    let manual = include_str!("../../README.md");
    let section = manual.split("\n## ").find(|text| text.starts_with("Judging a history")).unwrap();
    let blocks: Vec<&str> = section.split("```").skip(1).step_by(2).collect();
    let [stale, stale_said, skew, skew_said] = blocks[..] else { panic!("{} blocks", blocks.len()) };
    for (name, history, said) in [("stale.edn", stale, stale_said), ("skew.edn", skew, skew_said)] {
        bench.write(name, history.strip_prefix("clojure\n").unwrap());
        let (command, said) = said.strip_prefix("console\n$ shardlab ").unwrap().split_once('\n').unwrap();
        assert_eq!(stdout(&bench.shardlab(command)), said);
    }
    assert!(bench.files().contains(&"skew/cycle-G2-item.svg".to_owned()));
}
