//! Partitions as the file says them: who is cut off from whom, which way, and where everybody else stands.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shardlab_models::config::closest;

/// Cut the network. `partition = "majority"` is short for `partition = { split = "majority" }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Partition {
    /// Which servers are cut off from which.
    pub split: Split,
    /// Which way messages are lost.
    #[serde(default)]
    pub direction: CutDirection,
    /// What happens to messages on their way when the cut comes, and to those sent into it.
    #[serde(default)]
    pub in_flight: MessagesInFlight,
    /// Which side clients reach.
    #[serde(default)]
    pub clients: Side,
    /// Where the control plane stands.
    #[serde(default = "Side::rest")]
    pub control_plane: Side,
    /// Where coordinators stand.
    #[serde(default = "Side::rest")]
    pub coordinators: Side,
}

impl From<Split> for Partition {
    fn from(split: Split) -> Self {
        Self {
            split,
            direction: CutDirection::default(),
            in_flight: MessagesInFlight::default(),
            clients: Side::default(),
            control_plane: Side::rest(),
            coordinators: Side::rest(),
        }
    }
}

/// Which servers are cut off. Each split has a part that is cut off and a rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Split {
    /// One server, drawn.
    One,
    /// A third at most of the servers, at least one, drawn (Jepsen's `minority-third`).
    Minority,
    /// Two halves, drawn; the larger one has a majority, the smaller one is cut off (Jepsen's `majority`).
    Majority,
    /// Every server hears a majority, and no two the same one (Jepsen's `majorities-ring`).
    Ring,
    /// The servers that are primary of a shard at that moment, together.
    Primaries,
    /// Everything in a region.
    Region(String),
    /// These lists of servers are cut off from each other; servers in no list are the rest. A list of servers alone is
    /// one such list.
    Groups(Vec<Vec<String>>),
}

/// Which way messages are lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CutDirection {
    /// Neither side hears the other.
    #[default]
    Both,
    /// Nobody hears those that are cut off; they hear everybody.
    Outbound,
    /// Those that are cut off hear nobody; everybody hears them.
    Inbound,
}

/// What happens to messages on their way when the cut comes, and to those sent into it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MessagesInFlight {
    /// All are lost.
    #[default]
    Drop,
    /// Those on their way still arrive; those sent into the cut are lost.
    Deliver,
    /// All wait and arrive, in order, when the cut heals.
    Hold,
}

/// Where somebody stands who is not a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// Hears, and is heard by, everybody.
    #[default]
    Both,
    /// With those that are cut off; of several groups, the first.
    CutOff,
    /// With the rest; when every server is in a group, with the largest.
    Rest,
}

impl Side {
    const fn rest() -> Self {
        Self::Rest
    }
}

/// The words for splits without a parameter.
const WORDS: [(&str, Split); 5] = [
    ("one", Split::One),
    ("minority", Split::Minority),
    ("majority", Split::Majority),
    ("ring", Split::Ring),
    ("primaries", Split::Primaries),
];

impl FromStr for Split {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, split)) = WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(split.clone());
        }
        let region = text.strip_prefix("region:").filter(|region| !region.is_empty());
        region.map(|region| Self::Region(region.to_owned())).ok_or_else(|| {
            if let Some(near) = closest(text, WORDS.map(|(word, _)| word)) {
                return format!("unknown split `{text}`: did you mean `{near}`?");
            }
            format!(
                "unknown split `{text}`: expected `one`, `minority`, `majority`, `ring`, `primaries`, \
                 `region:NAME` or a list of servers"
            )
        })
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Region(name) => write!(f, "region:{name}"),
            Self::Groups(groups) => {
                let groups: Vec<String> = groups.iter().map(|group| group.join(", ")).collect();
                f.write_str(&groups.join(" | "))
            }
            word => f.write_str(WORDS.iter().find(|(_, split)| split == word).map_or("", |(word, _)| word)),
        }
    }
}

impl Serialize for Split {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Groups(groups) => groups.serialize(serializer),
            word => serializer.collect_str(word),
        }
    }
}

impl<'de> Deserialize<'de> for Split {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SplitVisitor)
    }
}

struct SplitVisitor;

impl<'de> Visitor<'de> for SplitVisitor {
    type Value = Split;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a split or lists of servers")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Split, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Split, A::Error> {
        let mut listed = Vec::new();
        while let Some(item) = items.next_element()? {
            listed.push(item);
        }
        groups(listed).ok_or_else(|| A::Error::custom("list servers, or lists of servers, but not both"))
    }
}

/// An element of a list of groups, or of the only one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Listed {
    Server(String),
    Group(Vec<String>),
}

/// One list of servers is one group, which is cut off from the rest.
fn groups(listed: Vec<Listed>) -> Option<Split> {
    let (mut servers, mut groups) = (Vec::new(), Vec::new());
    for item in listed {
        match item {
            Listed::Server(name) => servers.push(name),
            Listed::Group(group) => groups.push(group),
        }
    }
    match (servers.is_empty(), groups.is_empty()) {
        (false, false) => None,
        (false, true) => Some(Split::Groups(vec![servers])),
        (true, _) => Some(Split::Groups(groups)),
    }
}

/// Reads a partition from its short form (a split) or from a table with options.
///
/// # Errors
/// When it is neither, or an option is wrong.
pub(super) fn short_or_table<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Partition>, D::Error> {
    deserializer.deserialize_any(PartitionVisitor).map(Some)
}

struct PartitionVisitor;

impl<'de> Visitor<'de> for PartitionVisitor {
    type Value = Partition;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a split, lists of servers or a table with `split`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Partition, E> {
        SplitVisitor.visit_str(text).map(Partition::from)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Partition, A::Error> {
        SplitVisitor.visit_seq(items).map(Partition::from)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Partition, A::Error> {
        Partition::deserialize(MapAccessDeserializer::new(map))
    }
}

/// Either form, as the schema shows it.
pub(super) struct SplitOrPartition;

impl JsonSchema for SplitOrPartition {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SplitOrPartition".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (split, table) = (generator.subschema_for::<Split>(), generator.subschema_for::<Partition>());
        json_schema!({
            "description": "Cut the network: a split by its name, lists of servers, or a table with options.",
            "anyOf": [split, table]
        })
    }
}

impl JsonSchema for Split {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Split".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Which servers are cut off: `one` or a `minority` (a third at most), drawn; `majority`: \
                            two halves, drawn, of which the smaller is cut off; `ring`: every server hears a \
                            majority, no two the same; `primaries`: the primaries of that moment together; \
                            `region:NAME`; a list of servers, which is cut off from the rest; or lists of \
                            servers, which are cut off from each other.",
            "anyOf": [
                {
                    "type": "string",
                    "pattern": "^(one|minority|majority|ring|primaries|region:.+)$",
                    "examples": ["majority"]
                },
                {
                    "type": "array",
                    "items": {
                        "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
                    }
                }
            ]
        })
    }
}
