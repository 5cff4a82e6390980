//! What a run found, for people and for programs: CSV tables, JSON, pictures, a terminal summary and an HTML report.
//!
//! Everything here sees plain rows ([`RunReport`](shardlab_scenarios::tables::RunReport)) and never a run; the same
//! rows give the same bytes, on every machine. Wall-clock time stands in `meta.json` alone.
//!
//! [`write()`] leaves a run folder, whole or not at all; [`terminal::summary`] is what is printed beside it.

mod compare;
mod draft;
mod error;
mod html;
mod meta;
mod numbers;
pub mod plots;
mod run_folder;
mod summary;
mod tables;
pub mod terminal;
mod winners;
mod words;

pub use error::ReportError;
pub use meta::Meta;
pub use run_folder::{WriteHistory, WrittenRun, check, write};
pub use shardlab_scenarios::catalogue::{Better, MetricInfo};
pub use summary::summary_json;
