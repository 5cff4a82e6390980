//! Scenario files: their types, errors, schema, variants and sweeps; the library; metrics and tables of a run.
//!
//! [`load()`] turns a file or a library name into a [`Plan`], every mistake in it shown with its place; [`run_all`] runs
//! a plan and leaves a [`RunReport`](tables::RunReport): rows, and nothing else.

pub mod catalogue;
mod checks;
pub mod edn;
pub mod fault;
mod fill;
pub mod library;
mod load;
mod metrics;
pub mod new;
mod run;
pub mod scenario;
pub mod schema;
mod student;
pub mod sweep;
pub mod tables;

pub use load::{Case, Diagnostic, Doubts, LoadError, LoadErrorKind, Plan, load, load_file, load_text};
pub use run::{Engine, Outcome, Progress, RunError, RunOptions, run_all};
pub use scenario::Scenario;
