//! Scenario files: their types, errors, schema, variants and sweeps; the library; metrics and tables of a run.
//!
//! [`load`](load::load) turns a file or a library name into a [`Plan`], every mistake in it shown with its place;
//! [`run_all`](run::run_all) runs a plan and leaves a [`RunReport`](tables::RunReport): rows, and nothing else.

pub mod catalogue;
pub mod fault;
pub mod library;
mod load;
pub mod scenario;
pub mod schema;
pub mod sweep;
pub mod tables;

pub use load::{Case, Diagnostic, LoadError, LoadErrorKind, Plan, load, load_file, load_text};
pub use scenario::Scenario;
