//! Siblings: concurrent versions are all kept, and the client merges them (DeCandia et al., *Dynamo*, SOSP 2007, §4.4;
//! Almeida, Baquero, Gonçalves, Preguiça & Fonte, *Scalable and accurate causality tracking for eventually consistent
//! stores*, DAIS 2014).
//!
//! Safety claim: a version gives way only to one whose client had it in hand. A client that merges what it is given (a
//! union of sets loses nothing) and writes with the context that came with it loses no acknowledged write.
//! Left out: deletions, which need tombstones, and the pruning of clocks, which gives up the claim.

use super::{Dot, KeyState, Resolver, Version};

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Siblings;

impl Resolver for Siblings {
    fn supersedes(&self, newer: &Version, older: &Version) -> bool {
        newer.past.covers(older.dot)
    }

    /// What the copy has seen, and for each version its dot and its past.
    fn clock_bytes(&self, state: &KeyState) -> u64 {
        let versions = state.versions().iter().map(|version| Dot::BYTES + version.past.bytes());
        state.seen().bytes() + versions.sum::<u64>()
    }
}
