//! Quantities as people write them in a scenario file: `"150ms"`, `"64MiB"`, `"2000/s"`, `"1%"`.
//!
//! Each is stored as an exact integer and read through decimal integers, so that no rounding depends on the
//! platform; each writes itself in one canonical text that reads back as the same value.

mod decimal;
mod duration;
mod rate;
mod share;
mod size;

pub use duration::Duration;
pub use rate::Rate;
pub use share::Share;
pub use size::Size;

/// Implements serde and JSON Schema for a quantity that is written as text.
macro_rules! written_as_text {
    ($quantity:ident, $pattern:expr, $examples:expr) => {
        impl serde::Serialize for $quantity {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $quantity {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $quantity;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        let [example, ..] = $examples;
                        write!(f, "a text such as \"{example}\"")
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$quantity, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }

        impl schemars::JsonSchema for $quantity {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($quantity).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern, "examples": $examples })
            }
        }
    };
}
use written_as_text;
