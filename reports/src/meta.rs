//! What the rows do not say: the circumstances of one execution.

use serde::Serialize;

/// Circumstances of the run that differ from one execution to the next: the contents of `meta.json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Meta {
    /// When the run began, RFC 3339.
    pub started: String,
    /// How long it took on the wall clock, in seconds.
    pub wall_s: f64,
    /// Version of shardlab.
    pub version: String,
    /// Threads that the host offers.
    pub host_threads: u32,
}
