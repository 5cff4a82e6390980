//! `[sweep]`: settings that take several values in turn, and how many seeds each gets.

use std::fmt;

use indexmap::IndexMap;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A result has as many rows a case as it has seeds; more would sooner fill the memory than sharpen a figure.
pub const MOST_SEEDS: u32 = 100_000;

/// Settings that take several values in turn: every combination of the axes is a point, and every variant runs at
/// every point with every seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// How many seeds a point gets, counting up from the scenario's.
    pub seeds: u32,
    /// Dotted path → values.
    pub axes: IndexMap<String, Vec<toml::Value>>,
}

impl Default for Sweep {
    fn default() -> Self {
        Self { seeds: 1, axes: IndexMap::new() }
    }
}

impl Sweep {
    /// How many points there are; one when nothing is swept. Saturates.
    #[must_use]
    pub fn points(&self) -> u64 {
        self.axes.values().fold(1, |points, values| points.saturating_mul(values.len() as u64))
    }

    /// The values at a point, in the order of the axes; the last axis turns fastest.
    #[must_use]
    pub fn choice(&self, point: u64) -> Vec<usize> {
        let mut rest = point;
        let mut indices: Vec<usize> = Vec::with_capacity(self.axes.len());
        for values in self.axes.values().rev() {
            let count = values.len() as u64;
            indices.push((rest % count) as usize);
            rest /= count;
        }
        indices.reverse();
        indices
    }
}

impl Serialize for Sweep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1 + self.axes.len()))?;
        map.serialize_entry("seeds", &self.seeds)?;
        for (path, values) in &self.axes {
            map.serialize_entry(path, values)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Sweep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(SweepVisitor)
    }
}

struct SweepVisitor;

impl<'de> Visitor<'de> for SweepVisitor {
    type Value = Sweep;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of dotted paths and lists of values")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Sweep, A::Error> {
        let mut sweep = Sweep::default();
        while let Some(key) = map.next_key::<String>()? {
            if key == "seeds" {
                sweep.seeds = map.next_value()?;
            } else {
                sweep.axes.insert(key, list(map.next_value()?)?);
            }
        }
        Ok(sweep)
    }
}

fn list<E: Error>(value: toml::Value) -> Result<Vec<toml::Value>, E> {
    match value {
        toml::Value::Array(values) => Ok(values),
        other => Err(E::custom(format!("expected a list of values, found a {}", other.type_str()))),
    }
}

impl JsonSchema for Sweep {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Sweep".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Settings that take several values in turn: every combination of the axes is a point, and \
                            every variant runs at every point with every seed.",
            "type": "object",
            "properties": {
                "seeds": {
                    "description": "How many seeds a point gets, counting up from the scenario's.",
                    "type": "integer",
                    "format": "uint32",
                    "minimum": 1,
                    "default": 1
                }
            },
            "additionalProperties": {
                "description": "A dotted path in quotes, and the values that it takes: \"cluster.servers\" = [4, 8].",
                "type": "array"
            }
        })
    }
}
