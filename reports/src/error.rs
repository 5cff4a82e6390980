//! What can go wrong when a report is written: always a place on disk and the operating system's reason.

use std::{error::Error, fmt, io, path::Path, path::PathBuf};

/// A report that could not be written. Nothing half-written is left behind.
#[derive(Debug)]
pub struct ReportError {
    path: PathBuf,
    action: &'static str,
    reason: io::Error,
}

impl ReportError {
    pub(crate) fn new(action: &'static str, path: &Path, reason: io::Error) -> Self {
        Self { path: path.to_path_buf(), action, reason }
    }

    /// The file or folder that could not be written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl fmt::Display for ReportError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "cannot {} {}: {}", self.action, self.path.display(), self.reason)
    }
}

impl Error for ReportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.reason)
    }
}

/// Names the action and the place of an I/O error.
pub(crate) trait At<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, ReportError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, action: &'static str, path: &Path) -> Result<T, ReportError> {
        self.map_err(|reason| ReportError::new(action, path, reason))
    }
}
