//! Protocols by which keys move from one shard to another.
//!
//! An axis: what they share is that the source's log says who serves the keys ([`Departure`]), that the destination's
//! log says what has come, and that the source's primary drives. They differ in what the source does next while the
//! keys are still its own, which is a pure function of how far the move is; `server::moves` carries it out. Where both
//! ends lie on the same servers nothing has to be copied, whatever the protocol.
//! Survey: Elmore et al., *Zephyr: live migration in shared nothing databases*, SIGMOD 2011, §2.
//!
//! [`Departure`]: crate::state_machine::Departure

mod by_reference;
mod dual_write;
mod live;
mod stop_the_world;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How keys move from one shard to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Snapshot, change stream, seal: the keys are refused for as long as the last of the changes takes.
    #[default]
    Live,
    /// A maintenance window: the keys are refused from the beginning of the plan until the destination has them, and
    /// are copied as fast as it goes.
    StopTheWorld,
    /// Clients write twice, to the old owner and to the new one; backfill, verification, cut-over.
    DualWrite,
}

/// How far the source of a move is that has not given its keys away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Loaded keys of the move.
    pub loaded: usize,
    /// How many of them the destination has.
    pub copied: usize,
    /// How many of them have been compared since.
    pub compared: usize,
    /// Keys that were inserted before the beginning: they are the first of those that changed.
    pub inserted: usize,
    /// Changes noted so far.
    pub changed: usize,
    /// How many of those the destination has, or has compared.
    pub streamed: usize,
    /// Whether the destination has had the loaded keys for longer than this one look.
    pub has_caught_up: bool,
    /// Rows that fit into one chunk.
    pub chunk: usize,
    /// The seal that the keys are under; `None`: they are served.
    pub seal: Option<u32>,
    /// Not the bug `no-move-fence`.
    pub fences: bool,
    /// Not the bug `no-verification`.
    pub verifies: bool,
    /// Both ends lie on the same servers.
    pub is_local: bool,
}

/// What the source does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send the next loaded rows.
    Copy,
    /// Send at most so many of the rows that have changed.
    Stream(usize),
    /// Have the next loaded rows compared.
    Compare,
    /// Have at most so many of the rows that have changed compared.
    CompareChanged(usize),
    /// Refuse operations on the keys.
    Seal,
    /// Send the last message: the client sessions, and of the rows that have changed so many as are missing.
    Complete {
        /// Under which seal; zero is none.
        seal: u32,
        /// At most so many rows.
        rows: usize,
    },
    /// Tell the destination that the rows are its own, where they lie.
    HandOver {
        /// Under which seal.
        seal: u32,
    },
}

impl Protocol {
    /// What the source does next.
    #[must_use]
    pub fn next(self, progress: &Progress) -> Next {
        match self {
            _ if progress.is_local => by_reference::next(progress),
            // The keys were to change hands, and one of the shards has come to other servers meanwhile.
            _ if progress.seal.is_some() && progress.copied < progress.loaded => Next::Copy,
            Self::Live => live::next(progress),
            Self::StopTheWorld => stop_the_world::next(progress),
            Self::DualWrite => dual_write::next(progress),
        }
    }

    /// Whether a move begins with refusing operations on its keys.
    #[must_use]
    pub const fn begins_sealed(self) -> bool {
        matches!(self, Self::StopTheWorld)
    }

    /// Whether a seal stops reads too, and not writes alone.
    #[must_use]
    pub const fn seals_reads(self) -> bool {
        !matches!(self, Self::DualWrite)
    }

    /// Whether copying leaves bandwidth to others: it keeps to the throttle, and to so many moves at once.
    #[must_use]
    pub const fn is_throttled(self) -> bool {
        !matches!(self, Self::StopTheWorld)
    }

    /// Whether a seal that lasts is taken back.
    #[must_use]
    pub const fn unseals(self) -> bool {
        !matches!(self, Self::StopTheWorld)
    }

    /// Whether clients write to both ends of a move.
    #[must_use]
    pub const fn writes_twice(self) -> bool {
        matches!(self, Self::DualWrite)
    }
}

impl Progress {
    /// Changes that the destination has not.
    #[must_use]
    pub const fn behind(&self) -> usize {
        self.changed.saturating_sub(self.streamed)
    }
}

#[cfg(test)]
impl Progress {
    /// Ten loaded keys, none copied, chunks of four rows.
    pub(crate) fn beginning() -> Self {
        Self {
            loaded: 10,
            copied: 0,
            compared: 0,
            inserted: 0,
            changed: 0,
            streamed: 0,
            has_caught_up: false,
            chunk: 4,
            seal: None,
            fences: true,
            verifies: true,
            is_local: false,
        }
    }
}
