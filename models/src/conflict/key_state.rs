//! What one copy knows of one key: the versions that it keeps, and all the writes that it has seen.
//!
//! Versions carry dotted version vectors (Preguiça, Baquero, Almeida, Fonte & Gonçalves, *Dotted version vectors:
//! logical clocks for optimistic replication*, 2010; *Brief announcement*, PODC 2012): a dot that names the write, and
//! the past that it was made in sight of. The dot stands apart from the past, so that two clients that write at one
//! node without having seen each other are told apart; a plain version vector would let the second overwrite the first.

use shardlab_sim::{NodeId, Time};

use super::{Dot, Resolver, VersionVector};

/// One version of one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// Which write it is.
    pub dot: Dot,
    /// What it was made in sight of: every write that this covers.
    pub past: VersionVector,
    /// The accepting node's own clock when it accepted it, in ns.
    pub timestamp: Time,
    /// The id of the write.
    pub value: u64,
    /// Size of the value on the wire.
    pub value_bytes: u32,
}

impl Version {
    /// Whether neither was made in sight of the other.
    #[must_use]
    pub fn is_concurrent_with(&self, other: &Self) -> bool {
        self.dot != other.dot && !self.past.covers(other.dot) && !other.past.covers(self.dot)
    }
}

/// What a client had before it when it wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Context {
    /// All that the copy which it read from had seen of the key.
    pub seen: VersionVector,
    /// The versions that it was given, which its own contains from now on.
    pub merged: Vec<Dot>,
}

/// What one copy knows of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyState {
    /// Ascending by dot; none supersedes another.
    versions: Vec<Version>,
    seen: VersionVector,
}

impl KeyState {
    /// The versions that are kept, in the order of their dots.
    #[must_use]
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// Every write that this copy has seen, whether it kept it or not.
    #[must_use]
    pub fn seen(&self) -> &VersionVector {
        &self.seen
    }

    /// The version that a read of one value shows: the most events behind it, then the highest dot.
    #[must_use]
    pub fn shown(&self) -> Option<&Version> {
        self.versions.iter().max_by_key(|version| (version.past.total(), version.dot))
    }

    /// All that a client can know of the key by reading it here.
    #[must_use]
    pub fn context(&self) -> Context {
        Context { seen: self.seen.clone(), merged: self.versions.iter().map(|version| version.dot).collect() }
    }

    /// The dot of the next write that `node` takes.
    #[must_use]
    pub fn next_dot(&self, node: NodeId) -> Dot {
        Dot { node, counter: self.seen.of(node) + 1 }
    }

    /// Takes a write made here. It has been seen, whether it is kept or not.
    pub fn take(&mut self, version: Version, resolver: &impl Resolver) {
        self.seen.join(&version.past);
        self.seen.advance(version.dot);
        self.keep(version, resolver);
    }

    /// Takes what another copy knows: the union of both, less what is superseded (Preguiça et al. 2010, *sync*).
    pub fn merge(&mut self, other: &Self, resolver: &impl Resolver) {
        self.merge_versions(other, resolver);
        self.seen.join(&other.seen);
    }

    /// Takes another copy's versions without having seen what it has: a merge less its clock.
    pub fn merge_versions(&mut self, other: &Self, resolver: &impl Resolver) {
        other.versions.iter().for_each(|version| self.keep(version.clone(), resolver));
    }

    /// Drops the version with the highest dot if there is another: the bug `drop-sibling`.
    pub fn drop_sibling(&mut self) {
        if self.versions.len() > 1 {
            self.versions.pop();
        }
    }

    /// How many of another copy's versions are new here and concurrent with one that is kept.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> usize {
        let is_conflict = |version: &&Version| {
            !self.seen.covers(version.dot)
                && self.versions.iter().any(|mine| mine.is_concurrent_with(version))
        };
        other.versions.iter().filter(is_conflict).count()
    }

    fn keep(&mut self, version: Version, resolver: &impl Resolver) {
        let is_known = |kept: &Version| kept.dot == version.dot || resolver.supersedes(kept, &version);
        if self.versions.iter().any(is_known) {
            return;
        }
        self.versions.retain(|kept| !resolver.supersedes(&version, kept));
        let place = self.versions.partition_point(|kept| kept.dot < version.dot);
        self.versions.insert(place, version);
    }
}
