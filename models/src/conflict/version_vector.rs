//! Version vectors: how much of each node's writes of one key is known (Parker et al., *Detection of mutual
//! inconsistency in distributed systems*, IEEE TSE 1983).

use shardlab_sim::NodeId;

/// One write of one key: the node that took it, and its count of that node's writes of the key, from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dot {
    /// Who took it.
    pub node: NodeId,
    /// Which one.
    pub counter: u32,
}

impl Dot {
    /// On the wire: node and counter, 32 bits each.
    pub const BYTES: u64 = 8;
}

/// For every node, how many of its writes: the first so many, without gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct VersionVector {
    /// Ascending by node; no counter is zero.
    counters: Vec<(NodeId, u32)>,
}

impl VersionVector {
    /// How many of `node`'s writes.
    #[must_use]
    pub fn of(&self, node: NodeId) -> u32 {
        let place = self.counters.binary_search_by_key(&node, |&(node, _)| node);
        place.map_or(0, |place| self.counters[place].1)
    }

    /// Whether a write is among them.
    #[must_use]
    pub fn covers(&self, dot: Dot) -> bool {
        dot.counter <= self.of(dot.node)
    }

    /// Whether all that `other` covers is covered.
    #[must_use]
    pub fn dominates(&self, other: &Self) -> bool {
        other.counters.iter().all(|&(node, counter)| counter <= self.of(node))
    }

    /// Covers everything up to a write from now on.
    pub fn advance(&mut self, dot: Dot) {
        match self.counters.binary_search_by_key(&dot.node, |&(node, _)| node) {
            Ok(place) => self.counters[place].1 = self.counters[place].1.max(dot.counter),
            Err(place) => self.counters.insert(place, (dot.node, dot.counter)),
        }
    }

    /// Covers what `other` covers from now on: the least upper bound.
    pub fn join(&mut self, other: &Self) {
        other.iter().for_each(|dot| self.advance(dot));
    }

    /// The last write of each node, by node.
    pub fn iter(&self) -> impl Iterator<Item = Dot> + '_ {
        self.counters.iter().map(|&(node, counter)| Dot { node, counter })
    }

    /// How many writes are covered, of all nodes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counters.iter().map(|&(_, counter)| u64::from(counter)).sum()
    }

    /// Size on the wire.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.counters.len() as u64 * Dot::BYTES
    }
}

impl FromIterator<Dot> for VersionVector {
    fn from_iter<I: IntoIterator<Item = Dot>>(dots: I) -> Self {
        let mut vector = Self::default();
        dots.into_iter().for_each(|dot| vector.advance(dot));
        vector
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dot(node: u32, counter: u32) -> Dot {
        Dot { node: NodeId(node), counter }
    }

    fn vectors() -> impl Strategy<Value = VersionVector> {
        prop::collection::vec((0_u32..4, 1_u32..4), 0..6)
            .prop_map(|dots| dots.into_iter().map(|(node, counter)| dot(node, counter)).collect())
    }

    #[test]
    fn a_vector_covers_what_came_before_and_nothing_else() {
        let vector: VersionVector = [dot(7, 2), dot(3, 1)].into_iter().collect();
        assert_eq!([dot(7, 1), dot(7, 2), dot(3, 1)].map(|dot| vector.covers(dot)), [true; 3]);
        assert_eq!([dot(7, 3), dot(3, 2), dot(5, 1)].map(|dot| vector.covers(dot)), [false; 3]);
        assert_eq!((vector.total(), vector.bytes()), (3, 16));
    }

    #[test]
    fn concurrent_vectors_dominate_neither_way() {
        let (a, b): (VersionVector, VersionVector) =
            ([dot(0, 2)].into_iter().collect(), [dot(0, 1), dot(1, 1)].into_iter().collect());
        assert_eq!((a.dominates(&b), b.dominates(&a)), (false, false));
    }

    proptest! {
        #[test]
        fn a_join_is_the_least_upper_bound(a in vectors(), b in vectors(), c in vectors()) {
            let mut join = a.clone();
            join.join(&b);
            prop_assert!(join.dominates(&a) && join.dominates(&b));
            prop_assert!(!(c.dominates(&a) && c.dominates(&b)) || c.dominates(&join));
            let mut other_way = b;
            other_way.join(&a);
            prop_assert_eq!(join, other_way);
        }
    }
}
