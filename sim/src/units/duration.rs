//! Spans of time.

use std::fmt;
use std::str::FromStr;

use super::decimal::{self, Suffix};
use super::written_as_text;
use crate::time::Time;

/// A span of virtual time, in whole nanoseconds; written `"80us"`, `"150ms"`, `"1.5s"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(pub Time);

const SUFFIXES: [Suffix; 6] = [
    Suffix { text: "ns", units: 1 },
    Suffix { text: "us", units: 1_000 },
    Suffix { text: "ms", units: 1_000_000 },
    Suffix { text: "s", units: 1_000_000_000 },
    Suffix { text: "m", units: 60_000_000_000 },
    Suffix { text: "h", units: 3_600_000_000_000 },
];

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// So many ns.
    #[must_use]
    pub const fn from_ns(ns: Time) -> Self {
        Self(ns)
    }

    /// Its length, in ns.
    #[must_use]
    pub const fn as_ns(self) -> Time {
        self.0
    }

    /// Its length, in seconds; for tables, never for simulated time.
    #[must_use]
    pub fn as_seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl FromStr for Duration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        decimal::parse(text, &SUFFIXES, "150ms").map(Self)
    }
}

impl fmt::Display for Duration {
    /// The largest of ns, us, ms and s that is not larger than the span.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let largest = SUFFIXES[..4].iter().rev().find(|s| s.units <= self.0);
        match largest {
            Some(suffix) => decimal::write(f, self.0, suffix.units, suffix.text),
            None => f.write_str("0s"),
        }
    }
}

written_as_text!(Duration, r"^\d+(\.\d+)?(ns|us|ms|s|m|h)$", ["150ms", "1.5s", "80us"]);

#[cfg(test)]
mod tests {
    use super::Duration;

    #[test]
    fn is_read_exactly_and_written_canonically() {
        for (text, ns, canonical) in [
            ("150ms", 150_000_000, "150ms"),
            ("1.5s", 1_500_000_000, "1.5s"),
            ("1500ms", 1_500_000_000, "1.5s"),
            ("0.25us", 250, "250ns"),
            ("2m", 120_000_000_000, "120s"),
            ("1.5h", 5_400_000_000_000, "5400s"),
            ("0ms", 0, "0s"),
            ("0.000000001s", 1, "1ns"),
            ("1.50s", 1_500_000_000, "1.5s"),
        ] {
            let duration: Duration = text.parse().unwrap();
            assert_eq!((duration.as_ns(), duration.to_string().as_str()), (ns, canonical), "{text}");
            assert_eq!(canonical.parse(), Ok(duration));
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, complaint) in [
            ("150", "no unit"),
            ("ms", "no number"),
            ("", "no number"),
            ("-5ms", "a negative number"),
            ("5 ms", "unknown unit \" ms\""),
            ("5 parsecs", "unknown unit"),
            ("1.5ns", "a finer step than can be stored"),
            ("1.s", "a malformed number"),
            ("1..5s", "a malformed number"),
            (".5s", "a malformed number"),
            ("99999999999h", "too large a number"),
            ("99999999999999999999999ns", "too large a number"),
            ("0.1234567890123456789s", "too many digits"),
            ("NaN", "no number"),
        ] {
            let error = text.parse::<Duration>().unwrap_err();
            assert!(error.starts_with(complaint) && error.ends_with("\"150ms\""), "{text}: {error}");
        }
    }
}
