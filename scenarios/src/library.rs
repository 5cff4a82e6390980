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
    "shard-keys",
    "cross-shard-joins",
    "add-a-server",
    "single-to-four-shards",
    "sharding-strategies",
    "directory-outage",
    "geo-residency",
    "big-tenants",
    "monotonic-key",
    "events-by-day",
    "celebrity",
    "thrashing-balancer",
    "list-append",
    "rw-register",
    "register",
    "long-fork",
    "set",
    "counter",
    "unique-ids",
    "lose-a-server",
    "over-sharding",
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
    "negative/no-verification",
    "negative/ignore-lease",
    "negative/never-inquire",
    "negative/fail-on-timeout",
    "negative/drop-sibling",
    "negative/join-late",
    "negative/forget-a-way",
    "negative/set-with-void-token",
    "negative/forget-invalidation",
    "negative/deaf-clocks",
    "negative/blind-to-own-writes",
    "negative/dirty-reads",
    "negative/forgotten-votes",
    "negative/keep-aborted-writes",
    "negative/lost-append",
    "negative/lost-element",
    "negative/lost-sessions",
    "negative/misdirected-reads",
    "negative/misdirected-registers",
    "negative/no-locks",
    "negative/no-read-locks",
    "negative/read-ahead",
    "negative/retried-additions",
    "negative/retried-writes",
    "negative/retry-as-new",
    "negative/stale-lists",
    "negative/stale-snapshot",
    "negative/unexpected-element",
    "negative/unrepeatable-reads",
    "negative/duplicate-ids",
    "negative/failed-appends",
    "negative/keep-locks",
    "negative/order-once",
    "negative/trust-every-part",
    "negative/drop-early",
    "negative/find-arrivals",
    "negative/overdrawn",
    "negative/silent-restart",
    "negative/ignore-residency",
    "negative/no-copy-fence",
    "negative/appoint-newcomer",
];

/// The scenario of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static LibraryEntry> {
    LIBRARY.iter().find(|entry| entry.name == name)
}
