//! Bad scenario files and what is said of them: `bad_input/NAME.toml` beside `bad_input/NAME.txt`. In `doubtful_input` are
//! such as can be run, and draw a warning.
//!
//! A first line `# --set PATH=VALUE` is handed over as an override. `SNAPSHOTS=overwrite` rewrites the texts: read the
//! difference before committing it.

use std::path::{Path, PathBuf};

use shardlab_scenarios::library::LIBRARY;
use shardlab_scenarios::{LoadErrorKind, load, load_file, load_text};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

fn overrides(text: &str) -> Vec<String> {
    text.lines().map_while(|line| line.strip_prefix("# --set ")).map(str::to_owned).collect()
}

/// Holds what is said of a file against the text beside it.
fn check_said(path: &Path, said: &str) -> Result<(), String> {
    let golden = path.with_extension("txt");
    if std::env::var("SNAPSHOTS").is_ok_and(|mode| mode == "overwrite") {
        std::fs::write(&golden, said).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap_or_default();
    if said == expected { Ok(()) } else { Err(format!("{}:\n{said}\nexpected:\n{expected}", path.display())) }
}

fn check_refused(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).unwrap();
    let Err(error) = load_text("bad.toml", &text, "bad", &overrides(&text)) else {
        return Err(format!("{} was taken for a good file", path.display()));
    };
    assert_eq!(error.kind, LoadErrorKind::Invalid);
    check_said(path, &format!("{error}\n"))
}

fn check_doubtful(path: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(path).unwrap();
    let plan = load_text("doubtful.toml", &text, "doubtful", &overrides(&text))
        .map_err(|error| format!("{} was refused:\n{error}", path.display()))?;
    if plan.doubts.count() == 0 {
        return Err(format!("{} raised no doubt", path.display()));
    }
    check_said(path, &format!("{}\n", plan.doubts.render(false)))
}

fn check_all(name: &str, least: usize, check: impl Fn(&Path) -> Result<(), String>) {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    assert!(files.len() >= least, "the folder of files is there");
    let wrong: Vec<String> = files.iter().filter_map(|path| check(path).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_mistake_is_shown_with_its_place_and_a_remedy() {
    check_all("bad_input", 40, check_refused);
}

#[test]
fn what_is_hardly_meant_is_shown_with_its_place_and_can_be_run() {
    check_all("doubtful_input", 3, check_doubtful);
}

#[test]
fn the_library_means_what_it_says() {
    for entry in LIBRARY {
        let plan = load(entry.name, &[]).unwrap();
        assert_eq!(plan.doubts.count(), 0, "{}", plan.doubts.render(false));
    }
}

fn refusal(text: &str) -> String {
    load_text("bad.toml", text, "bad", &[]).unwrap_err().to_string()
}

#[test]
fn nesting_a_hundred_thousand_deep_is_refused_without_a_crash() {
    const DEPTH: usize = 100_000;
    for (open, close) in [("[", "]"), ("{a=", "}")] {
        let text = format!("schema = {}{}", open.repeat(DEPTH), close.repeat(DEPTH));
        let said = refusal(&text);
        assert!(
            said.starts_with("error: ") && said.len() < 10_000,
            "arrays and tables: {} bytes",
            said.len()
        );
    }
    let header = format!("[{}a]", "a.".repeat(DEPTH));
    assert!(refusal(&header).starts_with("error: "), "headers");
    let key = format!("{}a = 1", "a.".repeat(DEPTH));
    assert!(refusal(&key).starts_with("error: "), "keys");
}

#[test]
fn a_line_of_a_million_letters_is_shown_in_part() {
    let text = format!("schema = 1\nquestion = \"{}\"\nsede = 1\n", "x".repeat(1_000_000));
    assert!(refusal(&text).len() < 10_000);
}

#[test]
fn a_file_that_is_not_there_or_not_text_is_unreadable() {
    let missing = load_file(Path::new("/nonexistent/x.toml"), &[]).unwrap_err();
    assert_eq!(missing.kind, LoadErrorKind::Unreadable);
    assert!(missing.to_string().contains("/nonexistent/x.toml cannot be read"), "{missing}");

    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("latin-1.toml");
    std::fs::write(&path, b"schema = 1\nquestion = \"na\xefve\"\n").unwrap();
    let latin = load_file(&path, &[]).unwrap_err();
    assert_eq!(latin.kind, LoadErrorKind::Unreadable);
    assert!(latin.to_string().contains("latin-1.toml:2 is not UTF-8"), "{latin}");

    assert_eq!(load_file(Path::new("/"), &[]).unwrap_err().kind, LoadErrorKind::Unreadable, "a folder");
}

#[test]
fn a_misspelt_library_name_is_mended() {
    let error = load("flash-sail", &[]).unwrap_err();
    assert_eq!(error.kind, LoadErrorKind::Unreadable);
    assert!(error.to_string().contains("did you mean `flash-sale`?"), "{error}");
    assert!(
        load("nothing-like-it", &[]).unwrap_err().to_string().contains("flash-sale, partition, transfer")
    );
}
