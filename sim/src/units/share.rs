//! Parts of a whole.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::decimal::{self, Suffix};

/// A part of a whole or a probability, from nothing to all, in parts per billion; written `0.01` or `"1%"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share {
    ppb: u64,
}

/// All of it, in parts per billion.
const WHOLE_PPB: u64 = 1_000_000_000;

const SUFFIXES: [Suffix; 2] =
    [Suffix { text: "%", units: WHOLE_PPB / 100 }, Suffix { text: "", units: WHOLE_PPB }];

impl Share {
    /// Nothing.
    pub const ZERO: Self = Self { ppb: 0 };
    /// All.
    pub const ONE: Self = Self { ppb: WHOLE_PPB };

    /// In parts per billion.
    ///
    /// # Errors
    /// When it is more than the whole.
    pub fn from_ppb(ppb: u64) -> Result<Self, String> {
        if ppb > WHOLE_PPB {
            Err(format!("{ppb} parts per billion are more than all"))
        } else {
            Ok(Self { ppb })
        }
    }

    /// In parts per billion.
    #[must_use]
    pub const fn as_ppb(self) -> u64 {
        self.ppb
    }

    /// As a number from 0 to 1.
    #[must_use]
    pub fn as_fraction(self) -> f64 {
        self.ppb as f64 / WHOLE_PPB as f64
    }

    fn from_fraction(fraction: f64) -> Result<Self, String> {
        if (0.0..=1.0).contains(&fraction) {
            Ok(Self { ppb: (fraction * WHOLE_PPB as f64).round() as u64 })
        } else {
            Err(format!("{fraction} is not between 0 and 1: write for example 0.01 or \"1%\""))
        }
    }
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let ppb = decimal::parse(text, &SUFFIXES, "1%")?;
        Self::from_ppb(ppb).map_err(|_| format!("more than all in \"{text}\": write for example \"1%\""))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, self.ppb, WHOLE_PPB / 100, "%")
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_fraction())
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrPercent)
    }
}

struct NumberOrPercent;

impl Visitor<'_> for NumberOrPercent {
    type Value = Share;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a share such as 0.01 or \"1%\"")
    }
    fn visit_f64<E: de::Error>(self, fraction: f64) -> Result<Share, E> {
        Share::from_fraction(fraction).map_err(E::custom)
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Share, E> {
        self.visit_f64(number as f64)
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Share, E> {
        self.visit_f64(number as f64)
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Share, E> {
        text.parse().map_err(E::custom)
    }
}

impl JsonSchema for Share {
    fn schema_name() -> Cow<'static, str> {
        "Share".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "oneOf": [
                { "type": "number", "minimum": 0, "maximum": 1 },
                { "type": "string", "pattern": r"^\d+(\.\d+)?%?$" },
            ],
            "examples": [0.01, "1%"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    #[test]
    fn is_a_fraction_or_a_percentage() {
        for (text, ppb, canonical) in [
            ("1%", 10_000_000, "1%"),
            ("0.5%", 5_000_000, "0.5%"),
            ("0.01", 10_000_000, "1%"),
            ("100%", 1_000_000_000, "100%"),
        ] {
            let share: Share = text.parse().unwrap();
            assert_eq!((share.as_ppb(), share.to_string().as_str()), (ppb, canonical), "{text}");
        }
        assert_eq!(Share::from_fraction(0.01), "1%".parse());
    }

    #[test]
    fn is_never_more_than_all_nor_less_than_nothing() {
        assert!("101%".parse::<Share>().unwrap_err().starts_with("more than all"));
        for bad in [-0.01, 1.01, f64::NAN, f64::INFINITY] {
            assert!(Share::from_fraction(bad).is_err(), "{bad}");
        }
    }
}
