//! The scenario to begin with.

/// The text of a commented scenario file, which lints, runs and passes as it is.
#[must_use]
pub fn starter() -> &'static str {
    include_str!("starter.toml")
}
