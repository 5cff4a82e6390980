//! The versions of all keys in the order that is known of them.

/// No transaction, no version.
pub(super) const NONE: u32 = u32::MAX;

/// The versions of all keys, numbered; every key has an initial one, which nobody wrote.
#[derive(Debug, Default)]
pub(super) struct Versions {
    /// Who installed each version; [`NONE`] for initial versions, and where that is not known or never committed.
    pub writers: Vec<u32>,
    /// What comes after each.
    next: Vec<Next>,
    /// The versions after those that have several.
    fans: Vec<Box<[u32]>>,
}

/// What comes after a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Nothing,
    Version(u32),
    /// Several, in an order among themselves that is not known.
    Fan(u32),
}

impl Versions {
    /// No versions yet, and room for this many.
    pub fn with_capacity(versions: usize) -> Self {
        Self { writers: Vec::with_capacity(versions), next: Vec::with_capacity(versions), fans: Vec::new() }
    }

    /// A version more, by this transaction, with nothing after it yet.
    pub fn push(&mut self, writer: u32) -> u32 {
        let version = crate::history::index(self.writers.len());
        self.writers.push(writer);
        self.next.push(Next::Nothing);
        version
    }

    /// `after` comes right after `version`.
    pub fn set_next(&mut self, version: u32, after: &[u32]) {
        self.next[version as usize] = match *after {
            [] => Next::Nothing,
            [one] => Next::Version(one),
            _ => {
                self.fans.push(after.into());
                Next::Fan(crate::history::index(self.fans.len() - 1))
            }
        };
    }

    /// The versions known to come right after one.
    pub fn after(&self, version: u32) -> &[u32] {
        match &self.next[version as usize] {
            Next::Nothing => &[],
            Next::Version(one) => std::slice::from_ref(one),
            Next::Fan(fan) => &self.fans[*fan as usize],
        }
    }

    pub fn writer(&self, version: u32) -> u32 {
        if version == NONE { NONE } else { self.writers[version as usize] }
    }
}

/// What the reads of a history tell: versions, and which of them each step met.
#[derive(Debug, Default)]
pub(super) struct Inference {
    pub versions: Versions,
    /// For each step: the version it installed, or the one it read from others; [`NONE`] where it did neither.
    pub met: Vec<u32>,
    /// Whether each transaction committed: it was told so, or somebody read what it wrote.
    pub committed: Vec<bool>,
    /// Why the order of versions is not known in full, if it is not.
    pub open: Option<Open>,
}

/// Why the order of versions is not known in full, from the least to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Open {
    /// Some lists have several appends that nobody read: they come last, in an unknown order among themselves.
    UnreadAppends,
    /// The versions of some registers are not in one line.
    PartialOrder,
    /// Some value was written twice, so nobody can say whose it is.
    RepeatedWrites,
}

impl Open {
    pub fn words(self) -> &'static str {
        match self {
            Self::UnreadAppends => {
                "some lists have several appends that nobody read, so their order is not known"
            }
            Self::PartialOrder => "the order of some register's versions is not known in full",
            Self::RepeatedWrites => {
                "some value was written twice to one key, so its readers read from nobody knows whom"
            }
        }
    }
}

impl Inference {
    pub fn leave_open(&mut self, why: Open) {
        self.open = self.open.max(Some(why));
    }
}
