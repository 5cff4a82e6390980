//! Collecting what is wrong with a configuration, so that a reader sees all of it at once.

use shardlab_sim::{Distribution, Duration, MILLISECOND};

use crate::config::BuildError;

/// Least time between two rounds of a job: a round takes messages, which take about as long, and a run has to end.
const LEAST_INTERVAL: Duration = Duration::from_ns(MILLISECOND);

/// The errors found so far.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    errors: Vec<BuildError>,
}

impl Checks {
    /// All errors, or none.
    pub fn result(self) -> Result<(), Vec<BuildError>> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }

    /// How many there are so far.
    pub fn count_so_far(&self) -> usize {
        self.errors.len()
    }

    /// One setting is wrong by itself.
    pub fn refuse(&mut self, path: impl Into<String>, message: impl Into<String>, help: impl Into<String>) {
        self.push(BuildError { path: path.into(), message: message.into(), other: None, help: help.into() });
    }

    /// One setting clashes with another.
    pub fn clash(
        &mut self,
        path: impl Into<String>,
        message: impl Into<String>,
        other: (impl Into<String>, impl Into<String>),
        help: impl Into<String>,
    ) {
        let other = Some((other.0.into(), other.1.into()));
        self.push(BuildError { path: path.into(), message: message.into(), other, help: help.into() });
    }

    pub fn push(&mut self, error: BuildError) {
        self.errors.push(error);
    }

    /// A count must lie in `1..=most`.
    pub fn count(&mut self, path: impl Into<String>, value: u64, most: u64, what: &str) {
        if value == 0 {
            self.refuse(path, format!("there are no {what}"), "give at least one");
        } else if value > most {
            self.refuse(path, format!("{value} {what} are too many"), format!("give at most {most}"));
        }
    }

    /// A span of time must be above zero.
    pub fn positive(&mut self, path: impl Into<String>, value: Duration, help: &str) {
        if value == Duration::ZERO {
            self.refuse(path, "must be above zero", help);
        }
    }

    /// The time between two rounds of what is done all through the run must be [`LEAST_INTERVAL`] or more.
    pub fn interval(&mut self, path: impl Into<String>, value: Duration, help: &str) {
        if value < LEAST_INTERVAL {
            let message = format!("{value} is too short: the run would do nothing else, and not end");
            self.refuse(path, message, format!("give at least {LEAST_INTERVAL}; {help}"));
        }
    }

    /// A distribution must be one that can be drawn from.
    pub fn distribution(&mut self, path: impl Into<String>, value: &Distribution) {
        if let Err(message) = value.validate() {
            self.refuse(path, message, "change the distribution's parameters");
        }
    }
}

/// The known name that `given` is probably meant to be: no more than one edit in four letters away.
pub fn closest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = 1 + given.chars().count() / 4;
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(given, name), name))
        .filter(|&(distance, _)| distance <= allowed)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_stranger_is_not() {
        let known = ["us-east-1", "eu-west-1", "eu-central-1"];
        assert_eq!(closest("eu-wset-1", known), Some("eu-west-1"));
        assert_eq!(closest("us-east1", known), Some("us-east-1"));
        assert_eq!(closest("atlantis", known), None);
    }
}
