//! Conflict resolution: what a key keeps of versions that were written without knowing of each other.
//!
//! Where every copy takes writes, two writes of one key can be concurrent (Lamport, *Time, clocks, and the ordering of
//! events in a distributed system*, 1978): neither was made in sight of the other. A [`Resolver`] says which versions
//! another one supersedes, and a key keeps those that none supersedes, so that a choice is one relation and merging is
//! the same for all. Saito & Shapiro, *Optimistic replication*, ACM Computing Surveys 2005, §5 and §6, is the survey.
//!
//! Merging is commutative, associative and idempotent as long as the relation is a strict partial order: then what is
//! kept is the set of its maximal elements, whatever came first.

mod highest_node;
mod key_state;
mod last_writer_wins;
mod siblings;
mod version_vector;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use highest_node::HighestNode;
pub use key_state::{Context, KeyState, Version};
pub use last_writer_wins::LastWriterWins;
pub use siblings::Siblings;
pub use version_vector::{Dot, VersionVector};

/// One way to resolve conflicts.
pub trait Resolver {
    /// Whether `newer` takes the place of `older`; a strict partial order.
    fn supersedes(&self, newer: &Version, older: &Version) -> bool;

    /// What a real copy would have to store and send of a key beside its values, in bytes.
    fn clock_bytes(&self, state: &KeyState) -> u64;
}

/// How concurrent versions of a key are resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Conflict {
    /// The highest timestamp of the accepting servers' own clocks wins, as in Cassandra.
    LastWriterWins,
    /// Concurrent versions are all kept and given to the client, which merges them, as in Dynamo and Riak.
    Siblings,
    /// The version with the most events behind it wins, then the highest node, as CouchDB picks its winner.
    HighestNode,
}

impl Conflict {
    /// Whether a key may keep several versions, which a client must merge before it writes.
    #[must_use]
    pub const fn keeps_siblings(self) -> bool {
        matches!(self, Self::Siblings)
    }
}

impl Resolver for Conflict {
    fn supersedes(&self, newer: &Version, older: &Version) -> bool {
        match self {
            Self::LastWriterWins => LastWriterWins.supersedes(newer, older),
            Self::Siblings => Siblings.supersedes(newer, older),
            Self::HighestNode => HighestNode.supersedes(newer, older),
        }
    }

    fn clock_bytes(&self, state: &KeyState) -> u64 {
        match self {
            Self::LastWriterWins => LastWriterWins.clock_bytes(state),
            Self::Siblings => Siblings.clock_bytes(state),
            Self::HighestNode => HighestNode.clock_bytes(state),
        }
    }
}

#[cfg(test)]
mod tests;
