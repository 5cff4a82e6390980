//! The scenarios that come with shardlab: found by name, without a path.

/// A scenario of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LibraryEntry {
    /// Its name: `flash-sale`, `negative/ack-before-sync`.
    pub name: &'static str,
    /// The file.
    pub text: &'static str,
}

impl LibraryEntry {
    /// What errors and places call the file.
    #[must_use]
    pub fn label(&self) -> String {
        format!("scenarios/{}.toml", self.name)
    }
}

macro_rules! library {
    ($($name:literal),+ $(,)?) => {
        &[$(LibraryEntry { name: $name, text: include_str!(concat!("../", $name, ".toml")) }),+]
    };
}

/// Every scenario of the library, in order of interest.
pub const LIBRARY: &[LibraryEntry] = library![
    "flash-sale",
    "partition",
    "transfer",
    "active-active",
    "add-a-server",
    "negative/ack-before-sync",
    "negative/ack-before-replication",
    "negative/no-fencing",
    "negative/appoint-any-log",
    "negative/decide-before-sync",
    "negative/vote-before-sync",
    "negative/unilateral-abort",
    "negative/forget-locks",
    "negative/swap-applies",
    "negative/no-move-fence",
    "negative/ignore-lease",
    "negative/never-inquire",
    "negative/fail-on-timeout",
    "negative/drop-sibling",
    "negative/deaf-clocks",
];

/// The scenario of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static LibraryEntry> {
    LIBRARY.iter().find(|entry| entry.name == name)
}
