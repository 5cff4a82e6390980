//! Verbs and options: what they print, and what they exit with.

use std::fs::OpenOptions;
use std::process::Stdio;

use serde_json::Value;
use snapbox::cmd::cargo_bin;
use snapbox::str;

use crate::workbench::{SMALL, Workbench, stderr, stdout};

const VERBS: [&str; 7] = ["run", "list", "lint", "schema", "new", "replay", "completions"];

#[test]
fn help_is_no_mistake_and_shows_an_example_of_every_verb() {
    let bench = Workbench::new();
    for verb in VERBS {
        let help = stdout(&bench.shardlab(&format!("{verb} --help")).code(0).stderr_eq(""));
        assert!(help.contains("Example"), "{verb}: {help}");
        assert!(
            help.contains(&format!("  shardlab {verb}")) || help.contains(&format!("(shardlab {verb}")),
            "{verb}: {help}"
        );
    }
    let help = stdout(&bench.shardlab("--help").code(0));
    assert!(VERBS.iter().all(|verb| help.contains(&format!("\n  {verb} "))), "{help}");
    assert!(help.contains("Exit codes"), "{help}");
}

#[test]
fn examples_fit_on_a_narrow_terminal() {
    let bench = Workbench::new();
    for verb in ["", "run", "list", "lint", "schema", "new", "replay", "completions"] {
        let help = stdout(&bench.shardlab(&format!("{verb} -h")).code(0));
        let examples = help.find("Example").unwrap();
        let longest = help[examples..].lines().max_by_key(|line| line.chars().count()).unwrap();
        assert!(longest.chars().count() <= 80, "{verb}: {longest}");
    }
}

#[test]
fn the_version_is_the_packages() {
    let expected = format!("shardlab {}\n", env!("CARGO_PKG_VERSION"));
    Workbench::new().shardlab("--version").code(0).stdout_eq(expected);
}

#[test]
fn a_wrong_command_line_is_64_and_says_what_would_be_right() {
    let bench = Workbench::new();
    let table = [
        ("", "Usage: shardlab <COMMAND>"),
        ("rum flash-sale", "similar subcommand exists: 'run'"),
        ("run", "<SCENARIO>"),
        ("run partition --sed 1", "similar argument exists: '--seed'"),
        ("run partition --seed -1", "a seed is a whole number from 0 to"),
        (
            "run partition --seed many",
            "a seed is a whole number from 0 to 18446744073709551615, as in --seed 42",
        ),
        ("run partition --seed 1.5", "as in --seed 42"),
        ("run partition --seeds 3..1", "the first seed, 3, comes after the last, 1"),
        ("run partition --seeds 3", "write the first and the last seed, as in 1..20"),
        ("run partition --seeds 0..18446744073709551615", "100000 seeds are the most"),
        ("run partition --seed 1 --seeds 1..2", "cannot be used with"),
        ("run partition --jobs 0", "as in --jobs 4"),
        ("run partition --jobs many", "as in --jobs 4"),
        ("run partition --format yaml", "[possible values: text, json]"),
        ("run partition --engine tokio", "[possible values: native, madsim]"),
        ("lint", "<FILES>"),
        ("new", "<NAME>"),
        ("new a/b", "use letters, digits, `-` and `_`"),
        ("new .toml", "use letters, digits, `-` and `_`"),
        ("replay", "<RUN_DIR>"),
        ("completions cobol", "[possible values: bash,"),
    ];
    for (words, said) in table {
        let output = bench.shardlab(words).code(64).stdout_eq("");
        assert!(stderr(&output).contains(said), "{words}: {}", stderr(&output));
    }
    assert_eq!(bench.files(), [""; 0], "nothing is written");
}

#[test]
fn the_library_is_listed_with_its_questions() {
    let bench = Workbench::new();
    let text = stdout(&bench.shardlab("list").code(0).stderr_eq(""));
    let list: Value = serde_json::from_str(&stdout(&bench.shardlab("list --format json").code(0))).unwrap();
    let list = list.as_array().unwrap();
    assert!(list.len() >= 13, "{list:?}");
    for entry in list {
        let (name, question) = (entry["name"].as_str().unwrap(), entry["question"].as_str().unwrap());
        assert!(question.ends_with('?'), "{name}: {question}");
        let listed = |line: &str| {
            line.split_once(' ').is_some_and(|(head, tail)| head == name && tail.trim() == question)
        };
        assert!(text.lines().any(listed), "{name}: {text}");
    }
}

#[test]
fn an_unknown_scenario_is_65_with_the_name_that_was_meant() {
    Workbench::new().shardlab("run flash-sail").code(65).stdout_eq("").stderr_eq(str![[r#"
error: there is no scenario `flash-sail`
 |
 = help: did you mean `flash-sale`?

"#]]);
}

#[test]
fn what_lies_in_the_folder_does_not_hide_the_library() {
    let bench = Workbench::new();
    bench.write("flash-sale", "not a scenario");
    for folder in ["partition", "negative/swap-applies"] {
        std::fs::create_dir_all(bench.path(folder)).unwrap();
    }
    bench.shardlab("lint flash-sale partition negative/swap-applies").code(0).stderr_eq("");
    bench.shardlab("list").code(0).stderr_eq("");
}

#[test]
fn a_bare_word_is_no_file_and_the_file_is_suggested() {
    let bench = Workbench::with_small();
    bench.write("tiny", SMALL);
    bench.shardlab("lint ./tiny").code(0);
    bench.shardlab("lint tiny").code(65).stdout_eq("");
    let output = bench.shardlab("lint small").code(65).stdout_eq("");
    assert!(stderr(&output).contains("did you mean `small.toml`?"), "{}", stderr(&output));
}

#[test]
fn lint_goes_on_after_a_bad_file_and_shows_its_line() {
    let bench = Workbench::with_small();
    bench.write("bad.toml", SMALL.replace("servers = 3", "sevrers = 3"));
    bench.shardlab("lint small.toml transfer").code(0).stderr_eq("").stdout_eq(str![[r#"
small.toml: fine (2 cases)
transfer: fine (2 cases)

"#]]);
    let output = bench.shardlab("lint bad.toml missing.toml small.toml").code(65);
    assert_eq!(stdout(&output), "small.toml: fine (2 cases)\n");
    for said in ["bad.toml:10:1", "sevrers = 3", "did you mean `servers`?", "missing.toml cannot be read"] {
        assert!(stderr(&output).contains(said), "{said}: {}", stderr(&output));
    }
}

#[test]
fn lint_warns_of_what_is_hardly_meant_and_lets_it_pass() {
    let bench = Workbench::new();
    let doubtful = include_str!("../../scenarios/tests/doubtful_input/rows_ahead_of_today.toml");
    bench.write("doubtful.toml", doubtful);
    let output = bench.shardlab("lint doubtful.toml").code(0);
    assert_eq!(stdout(&output), "doubtful.toml: can be run, with one warning (1 case)\n");
    assert!(stderr(&output).contains("doubtful.toml:8:51"), "{}", stderr(&output));
}

#[test]
fn the_schema_is_the_one_beside_the_library() {
    let schema = stdout(&Workbench::new().shardlab("schema").code(0));
    let parsed: Value = serde_json::from_str(&schema).unwrap();
    assert!(parsed["properties"]["cluster"].is_object());
    assert!(schema == include_str!("../../scenarios/schema.json"), "scenarios/schema.json is out of date");
}

#[test]
fn a_new_scenario_lints_runs_and_passes() {
    let bench = Workbench::new();
    bench.shardlab("new first").code(0).stdout_eq("first.toml: written. Next: shardlab run first.toml\n");
    bench.shardlab("lint first.toml").code(0);
    bench.shardlab("run first.toml").code(0);
    assert_eq!(bench.json("runs/latest/summary.json")["verdict"], "pass");
}

#[test]
fn new_writes_over_nothing() {
    let bench = Workbench::new();
    bench.write("mine.toml", "precious");
    let output = bench.shardlab("new mine.toml").code(74).stdout_eq("");
    assert!(stderr(&output).contains("mine.toml exists already"), "{}", stderr(&output));
    assert_eq!(bench.read("mine.toml"), "precious");
}

#[test]
fn completions_know_the_verbs() {
    let bench = Workbench::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = stdout(&bench.shardlab(&format!("completions {shell}")).code(0));
        assert!(VERBS.iter().all(|verb| script.contains(verb)), "{shell}: {script}");
    }
}

#[test]
fn the_json_on_standard_output_is_the_summary_of_the_run_folder() {
    let bench = Workbench::with_small();
    bench.shardlab("run small.toml --format json --out run").code(0).stderr_eq("");
    let printed = stdout(&bench.shardlab("run small.toml --format json --out run").code(0).stderr_eq(""));
    assert_eq!(printed, bench.read("run/summary.json"));
}

#[test]
fn the_first_and_the_last_line_name_scenario_seed_and_fingerprint() {
    let bench = Workbench::with_small();
    let text = stdout(&bench.shardlab("run small.toml --seed 9").code(0).stderr_eq(""));
    let summary = bench.json("runs/small/9/summary.json");
    let name = format!("small · seed 9 · fingerprint {}", summary["fingerprint"].as_str().unwrap());
    assert_eq!(text.lines().next(), Some(name.as_str()));
    assert_eq!(text.lines().last(), Some(format!("{name} · PASS").as_str()));
    assert!(text.contains("runs/small/9/report.html"), "{text}");
}

#[test]
fn a_missed_expectation_is_1_and_shows_the_line_that_replays_it() {
    let bench = Workbench::with_small();
    bench.write("wish.toml", format!("{SMALL}\n[[expect]]\nmetric = \"operations\"\nat_least = 1e9\n"));
    let output = bench.shardlab("run wish.toml --set cluster.cpu=2").code(1);
    for said in [
        "operations at least 1000000000",
        "(wish.toml:41)",
        "replay: shardlab run wish.toml --seed 5 --set cluster.cpu=2",
    ] {
        assert!(stdout(&output).contains(said), "{said}: {}", stdout(&output));
    }
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let bench = Workbench::with_small();
    bench.write("bad.toml", "schema = 2\n");
    let escapes = |words: &str, name: &str, value: &str| {
        let output = bench.command(words).env(name, value).assert();
        stdout(&output).contains('\x1b') || stderr(&output).contains('\x1b')
    };
    for words in ["run small.toml", "lint bad.toml"] {
        assert!(!escapes(words, "TERM", "xterm-256color"), "{words}: piped");
        assert!(escapes(words, "CLICOLOR_FORCE", "1"), "{words}: asked for");
        let both = bench.command(words).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").assert();
        assert!(!(stdout(&both) + &stderr(&both)).contains('\x1b'), "{words}: NO_COLOR");
    }
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    for words in [&["list"][..], &["schema"], &["completions", "bash"], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status =
            std::process::Command::new(cargo_bin!("shardlab")).args(words).stdout(writer).status().unwrap();
        assert_eq!(status.code(), Some(0), "{words:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_74() {
    for words in [&["list"][..], &["schema"], &["lint", "transfer"]] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = std::process::Command::new(cargo_bin!("shardlab"));
        let output = command.args(words).stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(74), "{words:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("error: cannot write to standard output"), "{words:?}: {said}");
    }
}
