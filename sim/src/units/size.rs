//! Amounts of data.

use std::fmt;
use std::str::FromStr;

use super::decimal::{self, Suffix};
use super::written_as_text;

/// An amount of data, in whole bytes; written `"512B"`, `"10KB"`, `"64MiB"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(pub u64);

/// IEC 80000-13: decimal and binary multiples, from small to large.
const SUFFIXES: [Suffix; 9] = [
    Suffix { text: "B", units: 1 },
    Suffix { text: "KB", units: 1_000 },
    Suffix { text: "KiB", units: 1 << 10 },
    Suffix { text: "MB", units: 1_000_000 },
    Suffix { text: "MiB", units: 1 << 20 },
    Suffix { text: "GB", units: 1_000_000_000 },
    Suffix { text: "GiB", units: 1 << 30 },
    Suffix { text: "TB", units: 1_000_000_000_000 },
    Suffix { text: "TiB", units: 1 << 40 },
];

impl Size {
    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(self) -> u64 {
        self.0
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        decimal::parse(text, &SUFFIXES, "64MiB").map(Self)
    }
}

impl fmt::Display for Size {
    /// The largest unit of which it is a whole multiple.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = SUFFIXES.iter().rev().find(|s| self.0 > 0 && self.0.is_multiple_of(s.units));
        let suffix = whole.unwrap_or(&SUFFIXES[0]);
        decimal::write(f, self.0, suffix.units, suffix.text)
    }
}

written_as_text!(Size, r"^\d+(\.\d+)?(B|KB|KiB|MB|MiB|GB|GiB|TB|TiB)$", ["64MiB", "10KB", "512B"]);

#[cfg(test)]
mod tests {
    use super::Size;

    #[test]
    fn is_read_exactly_and_written_canonically() {
        for (text, bytes, canonical) in [
            ("64MiB", 64 << 20, "64MiB"),
            ("10KB", 10_000, "10KB"),
            ("1.5KiB", 1536, "1536B"),
            ("0B", 0, "0B"),
            ("1024KiB", 1 << 20, "1MiB"),
        ] {
            let size: Size = text.parse().unwrap();
            assert_eq!((size.as_bytes(), size.to_string().as_str()), (bytes, canonical), "{text}");
            assert_eq!(canonical.parse(), Ok(size));
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let error = "64mb".parse::<Size>().unwrap_err();
        assert!(error.contains("unknown unit \"mb\""), "{error}");
        assert!("1.5B".parse::<Size>().unwrap_err().contains("finer step"));
    }
}
