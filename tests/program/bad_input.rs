//! Bad input and folders that cannot be written: the exit code, a word on the remedy, and nothing left behind.

use std::fs;
use std::path::Path;

use crate::workbench::{SMALL, Workbench, stderr, stdout};

/// Runs the program: it must end with `code`, say why, and write nothing.
fn refuses(bench: &Workbench, words: &str, code: i32, said: &str) {
    let before = bench.files();
    let output = bench.shardlab(words);
    let text = stderr(&output);
    assert_eq!(output.get_output().status.code(), Some(code), "{words}: {said}\n{text}");
    assert_eq!(stdout(&output), "", "{words}");
    assert!(text.starts_with("error: ") && text.contains(said), "{words}: {said}\n{text}");
    assert_eq!(bench.files(), before, "{words}: something was written");
}

/// Replaces a piece of [`SMALL`] that is there.
fn small(piece: &str, by: &str) -> String {
    assert!(SMALL.contains(piece), "{piece}");
    SMALL.replacen(piece, by, 1)
}

#[test]
fn every_kind_of_mistake_is_65_and_writes_nothing() {
    let fault = |text: &str| small("crash = { target = \"server 0\"", &format!("crash = {{ target = {text}"));
    let table = [
        (small("duration", "durration"), "did you mean `duration`?"),
        (small("\"3s\"", "3"), "duration"),
        (small("\"3s\"", "\"-3s\""), "-3s"),
        (small("servers = 3", "servers = 2"), "replicas"),
        (small("servers = 3", "servers = 0"), "servers"),
        (small("servers = 3", "servers = -1"), "-1"),
        (small("servers = 3", "servers = 3\nregions = [\"us-east-1\", \"atlantis-1\"]"), "atlantis-1"),
        (small("\"200/s\"", "\"-200/s\""), "-200/s"),
        (small("\"200/s\"", "nan"), "nan"),
        (small("read = 0.5, update = 0.5", ""), "mix"),
        (small("read = 0.5, update = 0.5", "read = nan"), "nan"),
        (small("read = 0.5, update = 0.5", "read = 0.0"), "mix"),
        (small("mode.primary.ack", "mode.primary.acks"), "did you mean"),
        (fault("\"server 3\""), "server 3"),
        (fault("\"coordinator 9\""), "coordinator 9"),
        (small("at = \"2s\"", "at = \"20s\""), "20s"),
        (small("\"writes.lost\"", "\"writes.lots\""), "did you mean `writes.lost`?"),
        (small("schema = 1", "schema = 1\nname = \"../elsewhere\""), "is no name for a scenario"),
        (small("schema = 1", "schema = 1\nname = \"/elsewhere\""), "is no name for a scenario"),
        (format!("{SMALL}\n[sweep]\nseeds = 4_294_967_295\n"), "are the most"),
        (String::new(), "schema"),
        ("\0\0\0".into(), "bad.toml:1"),
        (format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000)), "bad.toml:1"),
        (format!("{}b = 1", "a.".repeat(100_000)), "bad.toml:1"),
    ];
    for (text, said) in table {
        let bench = Workbench::new();
        bench.write("bad.toml", text);
        refuses(&bench, "run bad.toml", 65, said);
        refuses(&bench, "lint bad.toml", 65, said);
    }
}

/// The words are held fast by the tests of `shardlab-scenarios`; here it is that the program ends as it should.
#[test]
fn every_bad_file_of_the_loader_is_65_and_writes_nothing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/tests/bad_input");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let bad: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect();
    assert!(bad.len() >= 40, "the folder of bad files is there");
    for path in bad {
        let text = fs::read_to_string(&path).unwrap();
        let overrides = text.lines().map_while(|line| line.strip_prefix("# --set "));
        let bench = Workbench::new();
        let command = bench.command("run").arg(&path).args(overrides.flat_map(|change| ["--set", change]));
        let output = command.assert().code(65).stdout_eq("");
        assert!(stderr(&output).starts_with("error: "), "{}: {}", path.display(), stderr(&output));
        assert_eq!(bench.files(), [""; 0], "{}", path.display());
    }
}

#[test]
fn what_cannot_be_read_as_text_is_65() {
    let bench = Workbench::with_small();
    bench.write("latin-1.toml", b"schema = 1\nquestion = \"na\xefve\"\n");
    fs::create_dir(bench.path("folder.toml")).unwrap();
    refuses(&bench, "run latin-1.toml", 65, "latin-1.toml:2 is not UTF-8");
    refuses(&bench, "run missing.toml", 65, "missing.toml cannot be read");
    refuses(&bench, "run folder.toml", 65, "folder.toml cannot be read");
    refuses(&bench, "run small.toml/inside.toml", 65, "small.toml/inside.toml cannot be read");
}

#[test]
fn overrides_are_read_as_carefully_as_files() {
    let bench = Workbench::with_small();
    let table = [
        ("cluster.servers=2", "replicas"),
        ("cluster.sevrers=5", "did you mean"),
        ("cluster.servers", "--set"),
        ("cluster.servers=", "--set"),
        ("=5", "--set"),
        ("workload.missing.timeout=1s", "missing"),
        ("drain=soon", "soon"),
        ("name=../elsewhere", "is no name for a scenario"),
        ("sweep.seeds=100001", "are the most"),
    ];
    for (change, said) in table {
        refuses(&bench, &format!("run small.toml --set {change}"), 65, said);
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_74_and_what_stood_there_still_stands() {
    let bench = Workbench::with_small();
    bench.write("file", "precious");
    fs::create_dir(bench.path("mine")).unwrap();
    bench.write("mine/notes.txt", "precious");
    refuses(&bench, "run small.toml --out file", 74, "file");
    refuses(&bench, "run small.toml --out file/run", 74, "file");
    refuses(&bench, "run small.toml --out mine", 74, "is not a run folder");
    refuses(&bench, "run small.toml --out /dev/full", 74, "/dev/full");
    refuses(&bench, "run small.toml --out /dev/full/run", 74, "/dev/full");
    // An endless run: what cannot be written is said before it, or never.
    bench.write("endless.toml", small("duration = \"3s\"", "duration = \"100000s\""));
    #[cfg(target_os = "linux")]
    refuses(&bench, "run endless.toml --out /proc/run", 74, "cannot create a folder in /proc");
    #[cfg(target_os = "linux")]
    refuses(&bench, "run endless.toml --out /proc/deep/run", 74, "cannot create a folder in /proc");
    refuses(&bench, "run small.toml --out ..", 74, "is not a run folder");
    refuses(&bench, "run small.toml --out missing/..", 74, "it has no name of its own");
    bench.write("runs", "precious");
    refuses(&bench, "run small.toml", 74, "runs");
    for name in ["file", "mine/notes.txt", "runs"] {
        assert_eq!(bench.read(name), "precious", "{name}");
    }
}

#[test]
fn a_link_to_the_latest_run_replaces_nobodys_file() {
    let bench = Workbench::with_small();
    fs::create_dir(bench.path("runs")).unwrap();
    bench.write("runs/latest", "precious");
    refuses(&bench, "run small.toml", 74, "latest");
    assert_eq!(bench.read("runs/latest"), "precious");
}

#[test]
fn what_is_no_run_folder_cannot_be_replayed() {
    let bench = Workbench::with_small();
    refuses(&bench, "replay missing", 65, "missing/summary.json");
    refuses(&bench, "replay small.toml", 65, "name a run folder");
    fs::create_dir(bench.path("run")).unwrap();
    for summary in ["", "{}", "[1]", &"[".repeat(100_000)] {
        bench.write("run/summary.json", summary);
        refuses(&bench, "replay run", 65, "is no run's summary");
    }
    let summary = r#"{"scenario":"x","seed":1,"engine":"native","fingerprint":"0"}"#;
    bench.write("run/summary.json", summary);
    refuses(&bench, "replay run", 65, "resolved.toml cannot be read");
    bench.write("run/resolved.toml", "schema = 1\n");
    refuses(&bench, "replay run", 65, "the file lacks `question`");
    bench.write("run/resolved.toml", SMALL);
    bench.write("run/summary.json", summary.replace("native", "martian"));
    refuses(&bench, "replay run", 65, "martian");
}
