//! Folders that are there only while a run is being written: the draft of the run folder, and what had to be made around
//! it.

use crate::{ReportError, error::At};
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// How the name of a draft begins; letters and digits follow.
const PREFIX: &str = ".shardlab-";

/// A folder that disappears when writing fails. While it is a draft it is locked, so that what a killed program has left
/// behind can be told from what another one is writing.
pub(crate) struct Draft {
    folder: TempDir,
    _lock: Option<fs::File>,
}

impl Draft {
    /// A new one in `parent`.
    pub(crate) fn beside(parent: &Path) -> Result<Self, ReportError> {
        loop {
            let folder = temporary_folder(parent).at("create a folder in", parent)?;
            let lock = lock(folder.path());
            // Between the making and the locking somebody may have taken it for a leftover.
            if folder.path().exists() {
                return Ok(Self { folder, _lock: lock });
            }
        }
    }

    /// Its place.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves it for good.
    pub(crate) fn keep(self) {
        let _ = self.folder.keep();
    }

    /// Removes it, and says if that fails.
    pub(crate) fn close(self) -> io::Result<()> {
        self.folder.close()
    }

    /// Removes the drafts in `parent` that are older than this one and that nobody writes: those of programs that were
    /// killed. What cannot be removed is no reason not to write a run.
    pub(crate) fn sweep(&self, parent: &Path) {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        for leftover in entries.map(|entry| entry.path()).filter(|path| self.is_leftover(path)) {
            let _ = fs::remove_dir_all(leftover);
        }
    }

    fn is_leftover(&self, path: &Path) -> bool {
        let changed = |path: &Path| fs::symlink_metadata(path).and_then(|about| about.modified()).ok();
        is_draft(path) && path != self.path() && changed(path) <= changed(self.path()) && is_unlocked(path)
    }
}

fn is_draft(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(PREFIX));
    let is_ours =
        name.is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric()));
    is_ours && fs::symlink_metadata(path).is_ok_and(|about| about.is_dir())
}

fn temporary_folder(parent: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    // Temporary folders are private by default, a run folder is not; the process' umask still applies.
    #[cfg(unix)]
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    #[cfg(unix)]
    builder.permissions(permissions);
    builder.tempdir_in(parent)
}

/// The lock goes with the process, however that ends. File systems without locks have no leftovers removed.
#[cfg(unix)]
fn lock(folder: &Path) -> Option<fs::File> {
    let file = fs::File::open(folder).ok()?;
    file.lock().ok().map(|()| file)
}

/// Folders cannot be opened for locking elsewhere.
#[cfg(not(unix))]
fn lock(_folder: &Path) -> Option<fs::File> {
    None
}

#[cfg(unix)]
fn is_unlocked(folder: &Path) -> bool {
    fs::File::open(folder).is_ok_and(|file| file.try_lock().is_ok())
}

#[cfg(not(unix))]
fn is_unlocked(_folder: &Path) -> bool {
    false
}

/// The folders that had to be made around a run folder: they go again, as far as they are empty, unless it was written.
pub(crate) struct Parents(Vec<PathBuf>);

impl Parents {
    /// Makes `folder` and all around it.
    pub(crate) fn make(folder: &Path) -> Result<Self, ReportError> {
        let missing =
            folder.ancestors().take_while(|around| !around.as_os_str().is_empty() && !around.exists());
        let made = Self(missing.map(Path::to_path_buf).collect());
        fs::create_dir_all(folder).at("create folder", folder)?;
        Ok(made)
    }

    /// Leaves them for good.
    pub(crate) fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Parents {
    fn drop(&mut self) {
        for folder in &self.0 {
            // Somebody else may have written there by now; then it stays.
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_go_and_what_is_being_written_stays() {
        let parent = TempDir::new().unwrap();
        let place = |name: &str| parent.path().join(name);
        for name in [".shardlab-killed", ".shardlab-two-parts", "7"] {
            fs::create_dir(place(name)).unwrap();
            fs::write(place(name).join("report.html"), "half").unwrap();
        }
        fs::write(place(".shardlab-file"), "no folder").unwrap();
        let other = Draft::beside(parent.path()).unwrap();
        let mine = Draft::beside(parent.path()).unwrap();
        mine.sweep(parent.path());
        assert!(!place(".shardlab-killed").exists());
        for kept in [&place(".shardlab-two-parts"), &place("7"), &place(".shardlab-file")] {
            assert!(kept.exists(), "{}", kept.display());
        }
        assert!(other.path().exists() && mine.path().exists());
    }

    #[test]
    fn folders_around_a_run_that_was_not_written_go_again() {
        let root = TempDir::new().unwrap();
        let folder = root.path().join("runs/flash-sale");
        drop(Parents::make(&folder).unwrap());
        assert!(root.path().exists() && !root.path().join("runs").exists());
        Parents::make(&folder).unwrap().keep();
        assert!(folder.exists());
    }
}
