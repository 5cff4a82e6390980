//! `[checks]`: what the judges of consistency models look at.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shardlab_consistency::Model;
use shardlab_models::config::closest;
use shardlab_sim::Share;

/// `[checks]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Checks {
    /// Consistency models that the history is held against; the strongest that the configuration promises if left
    /// out. A model of registers, such as `linearizable`, looks at every single-key operation: see `sample`.
    pub models: Vec<ModelName>,
    /// Share of the keys whose single-key operations are looked at.
    pub sample: Share,
    /// How many states a search may visit before it says `unknown`.
    #[schemars(range(min = 1))]
    pub budget: u64,
}

impl Default for Checks {
    fn default() -> Self {
        Self { models: Vec::new(), sample: Share::ONE, budget: shardlab_consistency::DEFAULT_BUDGET }
    }
}

impl Checks {
    /// The same in the judges' words.
    #[must_use]
    pub fn to_judges(&self) -> shardlab_consistency::Checks {
        shardlab_consistency::Checks {
            models: self.models.iter().map(|name| name.0).collect(),
            sample_ppb: self.sample.as_ppb() as u32,
            budget: self.budget,
        }
    }
}

/// A consistency model by its name, or by another name of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelName(pub Model);

impl Serialize for ModelName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for ModelName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Model::named(&name).map(Self).ok_or_else(|| {
            let near = closest(&name, Model::all().map(Model::name));
            let hint = near.map(|near| format!(": did you mean `{near}`?")).unwrap_or_default();
            serde::de::Error::custom(format!("there is no consistency model `{name}`{hint}"))
        })
    }
}

impl JsonSchema for ModelName {
    fn schema_name() -> Cow<'static, str> {
        "ModelName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = Model::all().map(Model::name).collect();
        json_schema!({ "type": "string", "description": "A consistency model.", "enum": names })
    }
}
