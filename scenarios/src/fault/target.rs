//! Whom a fault strikes, as the file says it.

use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shardlab_models::config::closest;

/// Whom a fault strikes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TargetSpec {
    /// `server 3`.
    Server(u32),
    /// `coordinator 0`.
    Coordinator(u32),
    /// `server`: one of all servers, drawn.
    OneServer,
    /// `servers`: all.
    Servers,
    /// `primary`: one of the servers that are primary of a shard at that moment, drawn.
    OnePrimary,
    /// `primaries`: all of them.
    Primaries,
    /// `backup`: one of the servers that hold a copy and are not its primary at that moment, drawn.
    OneBackup,
    /// `primary:7`: the primary of shard 7 at that moment.
    PrimaryOf(u32),
    /// `backup:7`: one of the backups of shard 7 at that moment, drawn.
    BackupOf(u32),
    /// `coordinator`: one of all, drawn.
    OneCoordinator,
    /// `coordinators`: all.
    Coordinators,
    /// `directory 0`.
    Directory(u32),
    /// `directory`: one of all, drawn.
    OneDirectory,
    /// `directories`: all.
    Directories,
    /// `control-plane`.
    ControlPlane,
    /// `cache 0`.
    Cache(u32),
    /// `caches`: all of them.
    Caches,
    /// `clients`: all of them.
    Clients,
    /// `marker`: with `when`, the node that reached the step.
    Marker,
    /// `zone:2`: every server, coordinator, directory and control plane in an availability zone, counted over all regions.
    Zone(u32),
    /// `region:us-east-1`: every server, coordinator, directory and control plane there.
    Region(String),
}

impl TargetSpec {
    /// The server that it names, if it names one.
    #[must_use]
    pub const fn server(&self) -> Option<u32> {
        if let Self::Server(number) = self { Some(*number) } else { None }
    }
}

/// The words without a parameter.
const WORDS: [(&str, TargetSpec); 13] = [
    ("server", TargetSpec::OneServer),
    ("servers", TargetSpec::Servers),
    ("primary", TargetSpec::OnePrimary),
    ("primaries", TargetSpec::Primaries),
    ("backup", TargetSpec::OneBackup),
    ("coordinator", TargetSpec::OneCoordinator),
    ("coordinators", TargetSpec::Coordinators),
    ("directory", TargetSpec::OneDirectory),
    ("directories", TargetSpec::Directories),
    ("control-plane", TargetSpec::ControlPlane),
    ("caches", TargetSpec::Caches),
    ("clients", TargetSpec::Clients),
    ("marker", TargetSpec::Marker),
];

impl FromStr for TargetSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, target)) = WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(target.clone());
        }
        with_parameter(text).ok_or_else(|| unknown(text))
    }
}

/// How a target is made of its number.
type Numbered = fn(u32) -> TargetSpec;

/// Targets with a number.
const NUMBERED: [(&str, Numbered); 7] = [
    ("server ", TargetSpec::Server),
    ("coordinator ", TargetSpec::Coordinator),
    ("directory ", TargetSpec::Directory),
    ("cache ", TargetSpec::Cache),
    ("primary:", TargetSpec::PrimaryOf),
    ("backup:", TargetSpec::BackupOf),
    ("zone:", TargetSpec::Zone),
];

fn with_parameter(text: &str) -> Option<TargetSpec> {
    for (prefix, target) in NUMBERED {
        if let Some(digits) = text.strip_prefix(prefix) {
            return digits.parse().ok().map(target);
        }
    }
    let region = text.strip_prefix("region:").filter(|region| !region.is_empty());
    region.map(|region| TargetSpec::Region(region.to_owned()))
}

fn unknown(text: &str) -> String {
    if let Some(near) = closest(text, WORDS.map(|(word, _)| word)) {
        return format!("unknown target `{text}`: did you mean `{near}`?");
    }
    let words: Vec<String> = WORDS.iter().map(|(word, _)| format!("`{word}`")).collect();
    format!(
        "unknown target `{text}`: expected `server 3`, `coordinator 0`, `directory 0`, `primary:7`, `backup:7`, `zone:2`, `region:NAME`, {}",
        words.join(", ")
    )
}

impl fmt::Display for TargetSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server(number) => write!(f, "server {number}"),
            Self::Coordinator(number) => write!(f, "coordinator {number}"),
            Self::Directory(number) => write!(f, "directory {number}"),
            Self::Cache(number) => write!(f, "cache {number}"),
            Self::PrimaryOf(shard) => write!(f, "primary:{shard}"),
            Self::BackupOf(shard) => write!(f, "backup:{shard}"),
            Self::Zone(number) => write!(f, "zone:{number}"),
            Self::Region(name) => write!(f, "region:{name}"),
            word => f.write_str(WORDS.iter().find(|(_, target)| target == word).map_or("", |(word, _)| word)),
        }
    }
}

impl Serialize for TargetSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TargetSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for TargetSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Target".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Whom a fault strikes: `server 3`, `coordinator 0`, one drawn (`server`, `primary`, \
                            `backup`, `coordinator`, `directory`), a shard's (`primary:7`, `backup:7`), all (`servers`, `primaries`, `coordinators`, `directories`, `caches`), `cache 0`, `control-plane`, `clients`, \
                            `marker` (the node that reached the step of `when`), `zone:2`, `region:NAME`.",
            "type": "string",
            "pattern": "^(servers?|primary|primaries|backup|coordinators?|directory|directories|control-plane|caches|clients|marker|server \\d+|cache \\d+|\
                        coordinator \\d+|directory \\d+|(primary|backup|zone):\\d+|region:.+)$",
            "examples": ["server 3", "primary", "marker"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_reads_as_it_is_written() {
        let parameters = [
            "server 3",
            "coordinator 0",
            "directory 0",
            "cache 1",
            "primary:7",
            "backup:7",
            "zone:2",
            "region:eu-west-1",
        ];
        for text in WORDS.iter().map(|(word, _)| *word).chain(parameters) {
            assert_eq!(text.parse::<TargetSpec>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_names_nobody_is_refused() {
        for text in ["", "server x", "server -1", "zone:", "region:", "Primary", "servers 3"] {
            assert!(text.parse::<TargetSpec>().is_err(), "{text:?} was taken for a target");
        }
    }
}
