//! How often something happens.

use std::fmt;
use std::str::FromStr;

use super::decimal::{self, Suffix};
use super::written_as_text;

/// How often something happens; written `"2000/s"`, `"5/ms"`, `"300/m"`, `"10/h"`; never zero when read from text.
///
/// Stored in millionths an hour, of which every one of these units is a whole multiple, so that `"100/m"` is
/// exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate {
    millionths_per_hour: u64,
}

const PER_HOUR: u64 = 1_000_000;
const PER_MINUTE: u64 = 60 * PER_HOUR;
const PER_SECOND: u64 = 60 * PER_MINUTE;

const SUFFIXES: [Suffix; 4] = [
    Suffix { text: "/ms", units: 1000 * PER_SECOND },
    Suffix { text: "/s", units: PER_SECOND },
    Suffix { text: "/m", units: PER_MINUTE },
    Suffix { text: "/h", units: PER_HOUR },
];

impl Rate {
    /// Never; only code can say so, a text cannot.
    pub const ZERO: Self = Self { millionths_per_hour: 0 };

    /// So many a second.
    ///
    /// # Errors
    /// When that is more than can be stored (about five thousand million).
    pub fn from_per_second(per_second: u64) -> Result<Self, String> {
        let millionths_per_hour = per_second.checked_mul(PER_SECOND);
        millionths_per_hour
            .map(|millionths_per_hour| Self { millionths_per_hour })
            .ok_or_else(|| format!("{per_second}/s is too large a rate"))
    }

    /// Times a second.
    #[must_use]
    pub fn per_second(self) -> f64 {
        self.millionths_per_hour as f64 / PER_SECOND as f64
    }

    /// Mean time from one to the next, in ns; infinite when it never happens.
    #[must_use]
    pub fn mean_interval_ns(self) -> f64 {
        1e9 * PER_SECOND as f64 / self.millionths_per_hour as f64
    }

    /// Whether it never happens.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.millionths_per_hour == 0
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match decimal::parse(text, &SUFFIXES, "2000/s")? {
            0 => Err(format!("a rate of zero in \"{text}\": write for example \"2000/s\", or leave it out")),
            millionths_per_hour => Ok(Self { millionths_per_hour }),
        }
    }
}

impl fmt::Display for Rate {
    /// A second where that has a finite decimal number, else a minute or an hour.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // value / 3.6e9 ends after finitely many digits exactly when the factors of three cancel.
        let value = self.millionths_per_hour;
        let suffix = match () {
            () if value.is_multiple_of(9) => &SUFFIXES[1],
            () if value.is_multiple_of(3) => &SUFFIXES[2],
            () => &SUFFIXES[3],
        };
        decimal::write(f, value, suffix.units, suffix.text)
    }
}

written_as_text!(Rate, r"^\d+(\.\d+)?/(ms|s|m|h)$", ["2000/s", "5/ms", "300/m"]);

#[cfg(test)]
mod tests {
    use super::Rate;

    #[test]
    fn is_read_exactly_and_written_canonically() {
        for (text, per_second, canonical) in [
            ("2000/s", 2000.0, "2000/s"),
            ("5/ms", 5000.0, "5000/s"),
            ("300/m", 5.0, "5/s"),
            ("100/m", 100.0 / 60.0, "100/m"),
            ("100/h", 100.0 / 3600.0, "100/h"),
            ("0.5/s", 0.5, "0.5/s"),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!((rate.per_second(), rate.to_string().as_str()), (per_second, canonical), "{text}");
            assert_eq!(canonical.parse(), Ok(rate));
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, complaint) in
            [("0/s", "a rate of zero"), ("-3/s", "a negative"), ("5", "no unit"), ("NaN/s", "no number")]
        {
            let error = text.parse::<Rate>().unwrap_err();
            assert!(error.starts_with(complaint), "{text}: {error}");
        }
        assert!(Rate::ZERO.mean_interval_ns().is_infinite());
    }
}
