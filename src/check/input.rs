//! The history: a file or standard input, with a progress bar where it is large.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use shardlab_consistency::jepsen::{self, Format, ReadError, Skipped};
use shardlab_consistency::recorded::{Recorded, Workload};

use super::fitting;
use crate::exit::Exit;
use crate::output::complain;

/// Reads the history of that name, or says what is wrong.
pub fn read(name: &str, workload: Workload) -> Result<Recorded, Exit> {
    let recorded = if name == "-" {
        read_from(io::stdin().lock(), None, workload)
    } else {
        let file = File::open(name).map_err(|error| unreadable(name, &error))?;
        let bytes = file.metadata().map_or(0, |metadata| metadata.len());
        let bar = bar(name, bytes);
        let recorded = read_from(bar.wrap_read(file), Format::of_path(Path::new(name)), workload);
        bar.finish_and_clear();
        recorded
    };
    let (recorded, skipped) = recorded.map_err(|error| malformed(name, workload, &error))?;
    judgeable(name, workload, &recorded, &skipped).map_err(|message| {
        complain(message);
        Exit::BadInput
    })?;
    if skipped.count() > 0 {
        complain(format!(
            "note: passed over, as no operation of {workload}, whatever it may have written: {skipped}"
        ));
    }
    Ok(recorded)
}

/// There must be something to judge, and it must be the greater part: else a verdict would be one on another history.
fn judgeable(name: &str, workload: Workload, recorded: &Recorded, skipped: &Skipped) -> Result<(), String> {
    let judged = recorded.len() as u64 - skipped.half_read();
    if judged == 0 && skipped.count() == 0 {
        return Err(format!(
            "error: {name} holds no operation of a client\nhelp: operations of clients have a :process that is a number"
        ));
    }
    if judged == 0 || skipped.writing() >= judged {
        let help = fitting::help(name, workload).unwrap_or("name the --workload that has these".into());
        return Err(format!(
            "error: of the operations of {name} {judged} are of {workload}, and these are not: {skipped}\nhelp: {help}"
        ));
    }
    Ok(())
}

/// Where no extension tells the format, the beginning of the text does.
fn read_from(
    input: impl Read,
    format: Option<Format>,
    workload: Workload,
) -> Result<(Recorded, Skipped), ReadError> {
    let mut input = BufReader::new(input);
    // What cannot be read here cannot be read below either, where the error is told.
    let format = format.unwrap_or_else(|| input.fill_buf().map_or(Format::Edn, Format::guess));
    jepsen::read_among_others(workload, input, format)
}

fn unreadable(name: &str, error: &io::Error) -> Exit {
    complain(format!("error: cannot read {name}: {error}\n{READABLE}"));
    Exit::InputOutput
}

const READABLE: &str =
    "help: name a history's file, such as runs/latest/history.edn, or - for standard input";

fn malformed(name: &str, workload: Workload, error: &ReadError) -> Exit {
    if error.input.is_some() {
        complain(format!("error: {name}: {}\n{READABLE}", error.message));
        return Exit::InputOutput;
    }
    let help = fitting::help(name, workload).unwrap_or_else(|| error.help.clone());
    complain(format!("error: {name}: {error}\nhelp: {help}"));
    Exit::BadInput
}

/// A bar over the bytes of the file; it shows on terminals only.
fn bar(name: &str, bytes: u64) -> ProgressBar {
    let bar = ProgressBar::new(bytes);
    let template = "{prefix} {wide_bar} {percent}% · {bytes_per_sec} · {eta} left";
    // The template is ours: it parses.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_prefix(name.to_owned());
    bar
}
