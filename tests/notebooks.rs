//! Every notebook gives what is stored in it: figures to the letter, pictures by being there.
//!
//! The notebooks' packages are installed once for each `requirements.txt`, into a virtual environment below the build
//! folder; that needs the network. `PYTHON` names the interpreter, `python3` is the default.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

const INSTALL: &str = "the notebooks' packages could not be installed: this needs Python 3.11 or later (PYTHON names \
                       the interpreter) with venv, and the network once";

fn notebooks() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("notebooks")
}

/// Runs a program to its end; panics with all that it said if it failed.
fn run(program: impl Into<OsString>, arguments: &[OsString], what: &str) {
    let program = program.into();
    let output = Command::new(&program)
        .args(arguments)
        .env("SHARDLAB", env!("CARGO_BIN_EXE_shardlab"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap_or_else(|error| panic!("{what}: {} does not start: {error}", program.display()));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{what}\n{out}\n{err}");
}

fn words<const N: usize>(words: [&dyn AsRef<std::ffi::OsStr>; N]) -> [OsString; N] {
    words.map(|word| word.as_ref().to_owned())
}

/// The interpreter of an environment that has the packages; made anew when the requirements are others.
fn interpreter() -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("notebooks");
    fs::create_dir_all(&home).expect("the build folder can be written");
    // Another `cargo test` may be about to do the same.
    let lock = File::create(home.join("lock")).expect("the build folder can be written");
    lock.lock().expect("the build folder can be locked");
    let requirements = notebooks().join("requirements.txt");
    let wanted = fs::read_to_string(&requirements).expect("the requirements are there");
    let environment = home.join("environment");
    let python = environment.join("bin/python");
    let ready = home.join("installed.txt");
    if fs::read_to_string(&ready).is_ok_and(|installed| installed == wanted) && python.exists() {
        return python;
    }
    let base = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    run(base, &words([&"-m", &"venv", &"--clear", &environment]), INSTALL);
    let install =
        words([&"-m", &"pip", &"install", &"--quiet", &"--disable-pip-version-check", &"-r", &requirements]);
    run(&python, &install, INSTALL);
    fs::write(ready, wanted).expect("the build folder can be written");
    python
}

#[test]
fn notebooks_give_what_is_stored_in_them() {
    let entries = fs::read_dir(notebooks()).expect("the notebooks are there");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let mut notebooks: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|e| e == "ipynb")).collect();
    notebooks.sort();
    assert!(!notebooks.is_empty(), "there is a notebook");
    let python = interpreter();
    let program = self::notebooks().join("run.py");
    let mut arguments = words([&program, &"--check"]).to_vec();
    arguments.extend(notebooks.iter().map(|notebook| notebook.clone().into_os_string()));
    run(python, &arguments, "a notebook gives something else than what is stored in it");
}
