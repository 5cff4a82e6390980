//! The run folder: written under a temporary name beside its place, then renamed; whole or not at all.

use crate::{
    Meta, MetricInfo, ReportError,
    draft::{Draft, Parents},
    error::At,
    html, plots,
    summary::summary_json,
    tables::{File, tables},
};
use shardlab_scenarios::tables::RunReport;
use std::{
    fs,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

/// Writes the history into the file that it is handed.
pub type WriteHistory<'a> = &'a dyn Fn(&mut dyn Write) -> io::Result<()>;

/// Where a run was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenRun {
    /// The run folder.
    pub folder: PathBuf,
    /// Its `report.html`.
    pub report: PathBuf,
}

/// Writes everything that a run leaves into `folder`, in place of an older run there.
///
/// `history` writes `history.edn`; without it there is none. `latest` is made a link to the folder.
/// # Errors
/// When something cannot be written, or when `folder` exists and is no run folder: then what was there is still there.
pub fn write(
    report: &RunReport,
    info: &[MetricInfo],
    meta: &Meta,
    history: Option<WriteHistory<'_>>,
    folder: &Path,
    latest: Option<&Path>,
) -> Result<WrittenRun, ReportError> {
    check(folder, latest)?;
    let parent = parent(folder)?;
    let parents = Parents::make(&parent)?;
    let draft = Draft::beside(&parent)?;
    draft.sweep(&parent);
    write_files(draft.path(), report, info, meta)?;
    if let Some(history) = history {
        write_history(&draft.path().join("history.edn"), history)?;
    }
    publish(draft, folder, &parent)?;
    parents.keep();
    if let Some(latest) = latest {
        link(latest, folder)?;
    }
    Ok(WrittenRun { folder: folder.to_path_buf(), report: folder.join("report.html") })
}

/// Whether [`write()`] could begin: to be asked before a long run. What it tries it takes back at once.
///
/// # Errors
/// When `folder` or `latest` is somebody else's, a file stands where a folder must be made, or none can be made there.
pub fn check(folder: &Path, latest: Option<&Path>) -> Result<(), ReportError> {
    check_replaceable(folder)?;
    latest.map_or(Ok(()), check_link)?;
    let parent = parent(folder)?;
    let made = parent.ancestors().find(|ancestor| ancestor.exists());
    match made.filter(|ancestor| !ancestor.is_dir()) {
        Some(file) => Err(ReportError::new("create a folder in", file, io::ErrorKind::NotADirectory.into())),
        None => try_out(made.unwrap_or(Path::new("."))),
    }
}

/// Permissions do not say it: a file system may be read-only, full, or none that folders are made in.
fn try_out(parent: &Path) -> Result<(), ReportError> {
    Draft::beside(parent)?.close().at("remove a folder in", parent)
}

/// Only an older run or an empty folder may be replaced; somebody's other files are never deleted.
fn check_replaceable(folder: &Path) -> Result<(), ReportError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(ReportError::new("replace", folder, error)),
        Ok(entries) => entries.count(),
    };
    let older_run = ["summary.json", "resolved.toml"].iter().all(|name| folder.join(name).is_file());
    if entries == 0 || older_run {
        return Ok(());
    }
    let why = "it exists, is not empty, and is not a run folder";
    Err(ReportError::new("replace", folder, io::Error::new(io::ErrorKind::AlreadyExists, why)))
}

fn check_link(latest: &Path) -> Result<(), ReportError> {
    if fs::symlink_metadata(latest).is_ok_and(|found| !found.is_symlink()) {
        let why = io::Error::new(io::ErrorKind::AlreadyExists, "it exists and is not a link");
        return Err(ReportError::new("replace", latest, why));
    }
    Ok(())
}

fn parent(folder: &Path) -> Result<PathBuf, ReportError> {
    let unnamed = || io::Error::new(io::ErrorKind::InvalidInput, "it has no name of its own");
    if folder.file_name().is_none() {
        return Err(ReportError::new("write", folder, unnamed()));
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    Ok(parent.unwrap_or(Path::new(".")).to_path_buf())
}

fn write_files(
    draft: &Path,
    report: &RunReport,
    info: &[MetricInfo],
    meta: &Meta,
) -> Result<(), ReportError> {
    let pictures = plots::pictures(report, info);
    let mut meta = serde_json::to_string_pretty(meta).expect("plain fields can be written as JSON");
    meta.push('\n');
    let mut files: Vec<File> = vec![
        ("resolved.toml".into(), report.resolved.clone().into_bytes()),
        ("summary.json".into(), summary_json(report).into_bytes()),
        ("meta.json".into(), meta.into_bytes()),
        ("report.html".into(), html::page(report, info, &pictures).into_bytes()),
    ];
    files.extend(tables(report));
    for picture in &pictures {
        files.push((format!("plots/{}.svg", picture.name), plots::svg(picture).into_bytes()));
        files.push((format!("plots/{}.png", picture.name), plots::png(picture)));
    }
    let plots = draft.join("plots");
    fs::create_dir(&plots).at("create folder", &plots)?;
    for (name, bytes) in files {
        write_file(&draft.join(name), &bytes)?;
    }
    sync_folder(&plots)?;
    sync_folder(draft)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let mut file = fs::File::create(path).at("create", path)?;
    file.write_all(bytes).at("write", path)?;
    file.sync_all().at("write", path)
}

/// Histories are long, so they go through a buffer instead of memory.
fn write_history(path: &Path, history: WriteHistory<'_>) -> Result<(), ReportError> {
    let mut out = BufWriter::new(fs::File::create(path).at("create", path)?);
    history(&mut out).at("write", path)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error).at("write", path)?;
    file.sync_all().at("write", path)
}

/// Moves an older run aside, the draft into its place, and puts the older run back if that fails.
fn publish(draft: Draft, folder: &Path, parent: &Path) -> Result<(), ReportError> {
    let aside = Draft::beside(parent)?;
    let older = aside.path().join("older");
    let replaced = match fs::rename(folder, &older) {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(ReportError::new("replace", folder, error)),
    };
    if let Err(error) = fs::rename(draft.path(), folder) {
        if replaced {
            fs::rename(&older, folder).at("put back", folder)?;
        }
        return Err(ReportError::new("write", folder, error));
    }
    // The draft has become the run folder: there is nothing left to clean up under its old name.
    draft.keep();
    sync_folder(parent)?;
    aside.close().at("remove the older run beside", folder)
}

/// Replaces the link in one step: a reader sees the old run or the new one.
#[cfg(unix)]
fn link(latest: &Path, folder: &Path) -> Result<(), ReportError> {
    let parent = parent(latest)?;
    let target =
        folder.strip_prefix(&parent).map_or_else(|_| std::path::absolute(folder), |inner| Ok(inner.into()));
    let target = target.at("find", folder)?;
    let aside = Draft::beside(&parent)?;
    let fresh = aside.path().join("latest");
    std::os::unix::fs::symlink(&target, &fresh).at("create link", latest)?;
    fs::rename(&fresh, latest).at("create link", latest)
}

/// Links need privileges elsewhere, and `latest` is a convenience.
#[cfg(not(unix))]
fn link(_latest: &Path, _folder: &Path) -> Result<(), ReportError> {
    Ok(())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<(), ReportError> {
    fs::File::open(folder).and_then(|folder| folder.sync_all()).at("write", folder)
}

/// Folders cannot be opened for syncing elsewhere.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> Result<(), ReportError> {
    Ok(())
}
