//! Where a key lies in the space that a strategy cuts into parts: for drawings of who owns what.

use super::Partitioner;

/// A place in that space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On a ring of 2⁶⁴ hashes.
    Ring(u64),
    /// On a line of 2⁶⁴ hashes, such as a table of slots.
    Line(u64),
    /// At the key's own number.
    Key,
    /// Nowhere in particular: neighbours in any order have different owners.
    Scattered,
}

impl Partitioner {
    /// Where this key lies.
    #[must_use]
    pub fn place_of(&self, key: u64) -> Place {
        match self {
            Self::ConsistentHash(ring) => Place::Ring(ring.position(key)),
            Self::BoundedLoad(bounded) => Place::Ring(bounded.position(key)),
            Self::Slots(slots) => Place::Line(slots.position(key)),
            Self::Maglev(maglev) => Place::Line(maglev.position(key)),
            Self::Ranges(ranges) if ranges.keeps_neighbours() => Place::Key,
            Self::Ranges(ranges) => Place::Line(ranges.position(key)),
            Self::DynamicRange(_) => Place::Key,
            Self::Tenant(tenant) if tenant.deals_rows() => Place::Key,
            _ => Place::Scattered,
        }
    }
}
