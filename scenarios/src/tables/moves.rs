//! What moved: keys, copies of shards, offices.

use serde::Serialize;

/// What moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MoveKind {
    /// Keys, from one shard to another, because servers came or went.
    Keys,
    /// The upper part of a range, to a new shard.
    Split,
    /// All of a range, to its neighbour.
    Merge,
    /// What lies in the default partition, to a partition that was created.
    Partition,
    /// A tenant's rows, to a shard of their own.
    Isolation,
    /// A copy of a shard, from one server to another.
    Copy,
    /// The office of primary, from one copy of a shard to another.
    Office,
}

impl MoveKind {
    /// The word in tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Split => "split",
            Self::Merge => "merge",
            Self::Partition => "partition",
            Self::Isolation => "isolation",
            Self::Copy => "copy",
            Self::Office => "office",
        }
    }
}

/// One move: of keys from one shard to another, of a copy from one server to another, or of an office.
#[derive(Clone, Debug, Serialize)]
pub struct MoveRow {
    /// What moves.
    pub kind: MoveKind,
    /// Which command of the operator's it is part of, counted from zero; none where it is the balancer's.
    pub command: Option<u32>,
    /// Where the keys were; of a copy or an office, its shard.
    pub source_shard: u32,
    /// Where they are; of a copy or an office, the same shard.
    pub target_shard: u32,
    /// The source's primary at the end ("server 3"), or empty; of a copy, the server that had it; empty where one was
    /// missing.
    pub from: String,
    /// The destination's primary at the end; of a copy, the server that has it.
    pub to: String,
    /// When it began, in seconds.
    pub start_s: f64,
    /// When the destination had all loaded keys, in seconds.
    pub copied_s: Option<f64>,
    /// When the source refused operations on the keys for the last time, in seconds; none of a copy.
    pub sealed_s: Option<f64>,
    /// When the destination served the keys, in seconds; of a copy, when it counted.
    pub served_s: Option<f64>,
    /// When it was written down and everyone was told, in seconds.
    pub end_s: Option<f64>,
    /// From `sealed_s` to `served_s`, in milliseconds; of a copy or an office, for how long its changes of epoch let
    /// nobody take writes.
    pub sealed_ms: Option<f64>,
    /// Loaded keys that moved, or are in the shard of the copy.
    pub keys: u64,
    /// Rows that came after the load and moved with them; none of a copy, whose log has them, or of an office.
    pub written_rows: Option<u64>,
    /// The lowest of the keys that moved, where they are neighbours.
    pub first_key: Option<u64>,
    /// The highest of them.
    pub last_key: Option<u64>,
    /// Bytes copied, those that were sent twice included.
    pub bytes: u64,
    /// How often the source was sealed; of a copy, whether it was not given up.
    pub attempts: u32,
    /// For how long operations on the keys were refused, all seals together, in milliseconds.
    pub refused_ms: f64,
    /// Rows of both ends that were compared.
    pub compared: u64,
    /// How many of them differed.
    pub differing: u64,
    /// Whether the rows only changed hands.
    pub by_reference: bool,
}

impl MoveRow {
    /// Whether it is over and nothing was there to be moved, as when a partition is created ahead of its rows.
    #[must_use]
    pub fn is_of_nothing(&self) -> bool {
        self.end_s.is_some() && self.keys == 0 && self.written_rows == Some(0)
    }
}
