//! Which format a history is written in.

use std::path::Path;

/// A format of histories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Clojure's: maps, records, keywords, tags.
    Edn,
    /// JSON, one object a line or all in one array.
    Json,
}

impl Format {
    /// The format that a file's extension stands for: `edn`, or `json`, `jsonl`, `ndjson`.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "edn" => Some(Self::Edn),
            "json" | "jsonl" | "ndjson" => Some(Self::Json),
            _ => None,
        }
    }

    /// The format that a text looks like by its beginning: in JSON, the first word is a string.
    pub fn guess(beginning: &[u8]) -> Self {
        let is_frame = |byte: &u8| byte.is_ascii_whitespace() || b"[{".contains(byte);
        match beginning.iter().find(|byte| !is_frame(byte)) {
            Some(b'"') => Self::Json,
            _ => Self::Edn,
        }
    }
}
