//! Highest node: one version is kept, by an order that every copy finds alike and that respects causality: the more
//! events behind it, then the higher node. CouchDB picks its winner so, by the length of the revisions' history and
//! then by their ids (Anderson, Lehnardt & Slater, *CouchDB: the definitive guide*, 2010, ch. 16).
//!
//! Safety claim: copies that have seen the same writes show the same one, and a version never gives way to one that it
//! was made in sight of. Of concurrent writes all but one are lost, whatever the clocks show.
//!
//! The rule that first comes to mind, "the causally later, else the higher node", is no order at all: let b be made in
//! sight of a, and c concurrent with both, by nodes a > c > b. Then a gives way to b, b to c, and c to a: which of them
//! stays depends on who comes first, and copies never agree. Counting events extends causality to a total order, since
//! whoever was made in sight of a version has it and all of its past behind it.

use super::{Dot, KeyState, Resolver, Version};

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HighestNode;

/// A count of 32 bits and the dot.
const CLOCK_BYTES: u64 = 4 + Dot::BYTES;

impl Resolver for HighestNode {
    fn supersedes(&self, newer: &Version, older: &Version) -> bool {
        rank(newer) > rank(older)
    }

    fn clock_bytes(&self, state: &KeyState) -> u64 {
        CLOCK_BYTES * state.versions().len() as u64
    }
}

fn rank(version: &Version) -> (u64, Dot) {
    (version.past.total(), version.dot)
}
