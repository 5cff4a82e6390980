//! How long something takes: the families of a scenario file, checked but not yet sampled.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::units::{Duration, Share};

/// The 0.99 quantile of the standard normal distribution.
pub(crate) const NORMAL_P99: f64 = 2.326_347_874_040_841;

/// A distribution of times.
///
/// In a file a bare text is a constant, `"80us"`; every other family is a table with the family's name as its only
/// key: `{ uniform = { low = "0.5ms", high = "1.5ms" } }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Distribution {
    /// Always the same.
    Constant(Duration),
    /// Every nanosecond from `low` to `high`, both included, alike.
    Uniform {
        /// The shortest.
        low: Duration,
        /// The longest.
        high: Duration,
    },
    /// Without memory.
    Exponential {
        /// Its mean.
        mean: Duration,
    },
    /// The exponential of a normal variable: long to the right.
    Lognormal {
        /// Half are shorter.
        median: Duration,
        /// One in a hundred is longer.
        p99: Duration,
    },
    /// A power law: `P(X > x) = (scale / x)^shape`.
    Pareto {
        /// The shortest.
        scale: Duration,
        /// The tail's exponent; the mean is infinite from one downwards.
        shape: f64,
    },
    /// One of several, drawn by weight.
    Mixture(Vec<Weighted>),
    /// A measured table: `(quantile, value)`, straight lines between; the last quantile is one.
    Empirical(Vec<(Share, Duration)>),
}

/// One part of a mixture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Weighted {
    /// How often, against the other weights; they need not add up to one.
    pub weight: f64,
    /// What.
    pub of: Distribution,
}

impl Distribution {
    /// Always `ns` nanoseconds.
    #[must_use]
    pub const fn constant_ns(ns: u64) -> Self {
        Self::Constant(Duration::from_ns(ns))
    }

    /// Whether it can be sampled.
    ///
    /// # Errors
    /// Says what is wrong with which parameter.
    pub fn validate(&self) -> Result<(), String> {
        match self {
            Self::Constant(_) | Self::Exponential { .. } => Ok(()),
            Self::Uniform { low, high } if low > high => {
                Err(format!("uniform: low {low} is above high {high}"))
            }
            Self::Uniform { .. } => Ok(()),
            Self::Lognormal { median, p99 } => validate_lognormal(*median, *p99),
            Self::Pareto { scale, shape } => validate_pareto(*scale, *shape),
            Self::Mixture(parts) => validate_mixture(parts),
            Self::Empirical(knots) => validate_empirical(knots),
        }
    }

    /// Its mean, in ns; infinite for a Pareto tail of shape one or less.
    #[must_use]
    pub fn mean_ns(&self) -> f64 {
        let ns = |d: &Duration| d.as_ns() as f64;
        match self {
            Self::Constant(value) => ns(value),
            Self::Uniform { low, high } => f64::midpoint(ns(low), ns(high)),
            Self::Exponential { mean } => ns(mean),
            Self::Lognormal { median, p99 } => {
                let sigma = lognormal_sigma(*median, *p99);
                ns(median) * libm::exp(sigma * sigma / 2.0)
            }
            Self::Pareto { shape, .. } if *shape <= 1.0 => f64::INFINITY,
            Self::Pareto { scale, shape } => ns(scale) * shape / (shape - 1.0),
            Self::Mixture(parts) => {
                let total: f64 = parts.iter().map(|p| p.weight).sum();
                parts.iter().map(|p| p.weight / total * p.of.mean_ns()).sum()
            }
            Self::Empirical(knots) => {
                segments(knots).map(|(mass, a, b)| mass.as_fraction() * f64::midpoint(ns(&a), ns(&b))).sum()
            }
        }
    }
}

/// The normal's standard deviation: `ln(p99 / median) / z(0.99)`.
pub(crate) fn lognormal_sigma(median: Duration, p99: Duration) -> f64 {
    libm::log(p99.as_ns() as f64 / median.as_ns() as f64) / NORMAL_P99
}

/// An empirical table's segments: `(mass, from, to)`; what lies below the first knot has the first value.
pub(crate) fn segments(knots: &[(Share, Duration)]) -> impl Iterator<Item = (Share, Duration, Duration)> {
    let mut before: Option<(Share, Duration)> = None;
    knots.iter().map(move |&(share, value)| {
        let (low_share, low_value) = before.unwrap_or((Share::ZERO, value));
        before = Some((share, value));
        let mass = Share::from_ppb(share.as_ppb() - low_share.as_ppb())
            .expect("quantiles of an empirical table grow");
        (mass, low_value, value)
    })
}

fn validate_lognormal(median: Duration, p99: Duration) -> Result<(), String> {
    match () {
        () if median == Duration::ZERO => Err("lognormal: the median is zero".into()),
        () if p99 < median => Err(format!("lognormal: p99 {p99} is below the median {median}")),
        () => Ok(()),
    }
}

fn validate_pareto(scale: Duration, shape: f64) -> Result<(), String> {
    match () {
        () if scale == Duration::ZERO => Err("pareto: the scale is zero".into()),
        // Below a tenth one draw in a million is longer than 10^60 scales: no such thing is measured in time.
        () if !(0.1..=1e6).contains(&shape) => {
            Err(format!("pareto: the shape {shape} is not between 0.1 and 1000000"))
        }
        () => Ok(()),
    }
}

fn validate_mixture(parts: &[Weighted]) -> Result<(), String> {
    if parts.is_empty() {
        return Err("mixture: it has no parts".into());
    }
    for (index, part) in parts.iter().enumerate() {
        if !(part.weight > 0.0 && part.weight <= 1e9) {
            return Err(format!("mixture: weight {} of part {} is not positive", part.weight, index + 1));
        }
        part.of.validate().map_err(|e| format!("mixture: part {}: {e}", index + 1))?;
    }
    Ok(())
}

fn validate_empirical(knots: &[(Share, Duration)]) -> Result<(), String> {
    for pair in knots.windows(2) {
        let [(low_share, low_value), (share, value)] = pair else { unreachable!("windows of two") };
        if share <= low_share {
            return Err(format!("empirical: quantile {share} comes after {low_share}"));
        }
        if value < low_value {
            return Err(format!("empirical: the value falls from {low_value} to {value}"));
        }
    }
    match knots.last() {
        None => Err("empirical: it has no rows".into()),
        Some((share, _)) if *share != Share::ONE => {
            Err(format!("empirical: the last quantile is {share}, not 100%"))
        }
        Some(_) => Ok(()),
    }
}

impl Serialize for Distribution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Constant(value) => Serialize::serialize(value, serializer),
            // The derived body, not this function: `remote = "Self"` makes it an inherent one.
            family => Self::serialize(family, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Distribution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrFamily)
    }
}

struct TextOrFamily;

impl<'de> Visitor<'de> for TextOrFamily {
    type Value = Distribution;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration such as \"80us\" or a table such as { exponential = { mean = \"1ms\" } }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Distribution, E> {
        text.parse().map(Distribution::Constant).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Distribution, A::Error> {
        let distribution = Distribution::deserialize(MapAccessDeserializer::new(&mut map))?;
        match map.next_key::<String>()? {
            None => Ok(distribution),
            Some(second) => {
                Err(de::Error::custom(format!("a distribution has one family: `{second}` is a second one")))
            }
        }
    }
}

impl JsonSchema for Distribution {
    fn schema_name() -> Cow<'static, str> {
        "Distribution".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let duration = generator.subschema_for::<Duration>();
        let family = |name: &str, body: Schema| json_schema!({ "type": "object", "properties": { name: body }, "required": [name], "additionalProperties": false });
        let two = |a: &str, b: &str| json_schema!({ "type": "object", "properties": { a: duration, b: duration }, "required": [a, b], "additionalProperties": false });
        let exponential = json_schema!({ "type": "object", "properties": { "mean": duration }, "required": ["mean"], "additionalProperties": false });
        let pareto = json_schema!({
            "type": "object",
            "properties": { "scale": duration, "shape": { "type": "number", "minimum": 0.1, "maximum": 1e6 } },
            "required": ["scale", "shape"],
            "additionalProperties": false,
        });
        let mixture =
            json_schema!({ "type": "array", "minItems": 1, "items": generator.subschema_for::<Weighted>() });
        let knot = json_schema!({ "type": "array", "prefixItems": [generator.subschema_for::<Share>(), duration], "minItems": 2, "maxItems": 2 });
        let empirical = json_schema!({ "type": "array", "minItems": 1, "items": knot });
        json_schema!({
            "description": "A distribution of times: a bare duration is a constant, else a table with one family.",
            "oneOf": [
                duration,
                family("constant", duration.clone()),
                family("uniform", two("low", "high")),
                family("exponential", exponential),
                family("lognormal", two("median", "p99")),
                family("pareto", pareto),
                family("mixture", mixture),
                family("empirical", empirical),
            ],
        })
    }
}

#[cfg(test)]
mod tests;
