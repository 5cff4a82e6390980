//! Last writer wins, by the accepting servers' own clocks (Johnson & Thomas, *Maintenance of duplicate databases*,
//! RFC 677, 1975; Cassandra's cells).
//!
//! Safety claim: copies that have seen the same writes show the same one. Nothing more: of concurrent writes all but
//! one are lost, and a write from behind a slow clock is acknowledged and superseded at once by what is there already,
//! even when its client has seen that. Left out: timestamps from clients, and logical parts that would mend the latter
//! (hybrid logical clocks).

use shardlab_sim::Time;

use super::{Dot, KeyState, Resolver, Version};

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastWriterWins;

/// A timestamp of 64 bits and the node that breaks ties.
const CLOCK_BYTES: u64 = 12;

impl Resolver for LastWriterWins {
    fn supersedes(&self, newer: &Version, older: &Version) -> bool {
        rank(newer) > rank(older)
    }

    /// What a version has seen matters only to whoever judges it: no copy would store it.
    fn clock_bytes(&self, state: &KeyState) -> u64 {
        CLOCK_BYTES * state.versions().len() as u64
    }
}

/// Equal times go by node; one node's own writes in one nanosecond in their order.
fn rank(version: &Version) -> (Time, Dot) {
    (version.timestamp, version.dot)
}
