//! Ranges: every shard owns rows of neighbours, of keys or of their hashes.
//!
//! What [`static_ranges`](super::static_ranges) and [`key_ranges`](super::key_ranges) say in a file comes to this. It can
//! be split and merged, each giving another function, so that ranges can follow size and load.

use std::collections::BTreeSet;

use crate::config::Checks;
use crate::hash::HashFunction;
use crate::rebalancing::Pair;
use crate::shard_map::ShardId;
use crate::sharding::Shards;
use crate::sharding::probes::plain;

/// All positions, cut into ranges. Two neighbours are never of one shard; a shard may have several ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranges {
    /// What gives a key its position; its own number if none.
    hash: Option<HashFunction>,
    /// Where each range begins, ascending; the first at zero.
    starts: Vec<u64>,
    /// Whose each range is.
    owners: Vec<ShardId>,
}

/// A range of positions: from the first to just before the second, or to the end of all.
pub type Range = (u64, Option<u64>);

impl Ranges {
    /// Ranges that begin at these positions, ascending and the first at zero, each with its owner.
    #[must_use]
    pub fn new(hash: Option<HashFunction>, ranges: &[(u64, ShardId)]) -> Self {
        assert!(ranges.first().is_some_and(|first| first.0 == 0), "ranges cover every position");
        assert!(ranges.is_sorted_by(|one, next| one.0 < next.0), "ranges are in order");
        let mut joined = Self { hash, starts: Vec::new(), owners: Vec::new() };
        for &(start, owner) in ranges {
            if joined.owners.last() != Some(&owner) {
                joined.starts.push(start);
                joined.owners.push(owner);
            }
        }
        joined
    }

    /// Where a key stands among the positions.
    #[inline]
    #[must_use]
    pub fn position(&self, key: u64) -> u64 {
        self.hash.map_or_else(|| plain(key), |hash| hash.position(key))
    }

    #[inline]
    fn place(&self, position: u64) -> usize {
        self.starts.partition_point(|&start| start <= position) - 1
    }

    /// Whether neighbouring keys are mostly in one range.
    #[must_use]
    pub const fn keeps_neighbours(&self) -> bool {
        self.hash.is_none()
    }

    /// The ranges of a shard, in order.
    #[must_use]
    pub fn ranges_of(&self, shard: ShardId) -> Vec<Range> {
        let range = |place: usize| (self.starts[place], self.starts.get(place + 1).copied());
        (0..self.owners.len()).filter(|&place| self.owners[place] == shard).map(range).collect()
    }

    /// The same, but what `shard` owns from position `at` to the end of that range is `new`'s; nothing where `at` is not
    /// within a range of `shard`, its first position excluded.
    #[must_use]
    pub fn split(&self, shard: ShardId, at: u64, new: ShardId) -> Option<Self> {
        let place = self.place(at);
        if self.owners[place] != shard || self.starts[place] == at {
            return None;
        }
        let mut ranges = self.list();
        ranges.insert(place + 1, (at, new));
        Some(Self::new(self.hash, &ranges))
    }

    /// The same, but all that `from` owns is `into`'s; nothing where they are no neighbours.
    #[must_use]
    pub fn merge(&self, from: ShardId, into: ShardId) -> Option<Self> {
        let neighbours = |pair: &[ShardId]| pair == [from, into] || pair == [into, from];
        if !self.owners.windows(2).any(neighbours) {
            return None;
        }
        let mut ranges = self.list();
        ranges.iter_mut().filter(|range| range.1 == from).for_each(|range| range.1 = into);
        Some(Self::new(self.hash, &ranges))
    }

    fn list(&self) -> Vec<(u64, ShardId)> {
        self.starts.iter().copied().zip(self.owners.iter().copied()).collect()
    }

    /// Between which shards keys move when `next` takes its place.
    pub(super) fn moves_to(&self, next: &Self) -> Option<BTreeSet<Pair>> {
        if self.hash != next.hash {
            return None;
        }
        let starts = self.starts.iter().chain(&next.starts);
        let pairs = starts.map(|&start| (self.owners[self.place(start)], next.owners[next.place(start)]));
        Some(pairs.filter(|(source, target)| source != target).collect())
    }
}

impl Shards for Ranges {
    #[inline]
    fn shard_of(&self, key: u64) -> ShardId {
        self.owners[self.place(self.position(key))]
    }

    fn shards(&self) -> Vec<ShardId> {
        let shards: BTreeSet<ShardId> = self.owners.iter().copied().collect();
        shards.into_iter().collect()
    }

    fn landmarks(&self) -> Vec<u64> {
        if self.hash.is_some() { Vec::new() } else { self.starts.clone() }
    }
}

/// What is wrong with ranges that are to cover everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    /// What.
    pub message: String,
    /// The place of the range in the list that has to be mended; none where there is no range.
    pub at: Option<usize>,
    /// The place of the one that it clashes with.
    pub other: Option<usize>,
    /// The way out, where it is not that of every list.
    pub help: Option<&'static str>,
}

impl Flaw {
    /// Refuses the list at `path`, with the place of the range.
    pub fn refuse(self, path: &str, help: &str, checks: &mut Checks) {
        let place = |at: usize| format!("{path}.{at}");
        let help = self.help.unwrap_or(help);
        let path = self.at.map_or_else(|| path.to_owned(), place);
        match self.other {
            Some(other) => checks.clash(path, self.message, (place(other), "the range before it"), help),
            None => checks.refuse(path, self.message, help),
        }
    }
}

/// What is wrong with ranges that are to cover everything, if anything: two that overlap, or the first hole.
pub(super) fn flaw<'a>(ranges: impl Iterator<Item = (Range, &'a str)>, has_default: bool) -> Option<Flaw> {
    let mut ranges: Vec<(usize, (Range, &str))> = ranges.enumerate().collect();
    ranges.sort_by_key(|&(_, ((from, to), _))| (from, to.unwrap_or(u64::MAX)));
    let one = |at, message| Some(Flaw { message, at: Some(at), other: None, help: None });
    let two = |at, other, message| Some(Flaw { message, at: Some(at), other: Some(other), help: None });
    if let Some((at, ((from, to), name))) =
        ranges.iter().find(|(_, ((from, to), _))| to.is_some_and(|to| to <= *from))
    {
        let help = match to.is_some_and(|to| to < *from) {
            true => "swap the two bounds: a range goes from the lower one to just before the higher one",
            false => "give it a higher end: a range ends just before its second bound",
        };
        let message = format!("the range {name} is empty");
        return Some(Flaw { message, at: Some(*at), other: None, help: Some(help) });
    }
    for pair in ranges.windows(2) {
        let ((before, ((_, to), one)), (at, ((from, _), next))) = (pair[0], pair[1]);
        if to.is_none_or(|to| to > from) {
            return two(at, before, format!("the ranges {one} and {next} overlap"));
        }
    }
    if has_default {
        return None;
    }
    for pair in ranges.windows(2) {
        let ((before, ((_, to), one)), (at, ((from, _), next))) = (pair[0], pair[1]);
        if to != Some(from) {
            return two(at, before, format!("there is a hole between the ranges {one} and {next}"));
        }
    }
    match (ranges.first(), ranges.last()) {
        (Some((_, ((0, _), _))), Some((_, ((_, None), _)))) => None,
        (Some((_, ((0, _), _))), Some((at, (_, name)))) => {
            one(*at, format!("there is a hole after the range {name}"))
        }
        (Some((at, (_, name))), _) => one(*at, format!("there is a hole before the range {name}")),
        (None, _) => Some(Flaw { message: "there is no range".into(), at: None, other: None, help: None }),
    }
}

/// Ranges without overlap, in any order, and the default for what they leave out.
pub(super) fn fill(
    ranges: impl Iterator<Item = (Range, ShardId)>,
    default: Option<ShardId>,
) -> Vec<(u64, ShardId)> {
    let mut ranges: Vec<(Range, ShardId)> = ranges.collect();
    ranges.sort_by_key(|&((from, _), _)| from);
    let mut filled = Vec::new();
    let mut end = Some(0);
    for ((from, to), owner) in ranges {
        if let (Some(end), Some(default)) = (end, default)
            && end < from
        {
            filled.push((end, default));
        }
        filled.push((from, owner));
        end = to;
    }
    filled.extend(end.zip(default));
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: ShardId = ShardId(0);
    const B: ShardId = ShardId(1);
    const C: ShardId = ShardId(2);

    fn two() -> Ranges {
        Ranges::new(None, &[(0, A), (100, B)])
    }

    #[test]
    fn a_split_gives_the_upper_part_away_and_a_merge_takes_it_back() {
        let three = two().split(B, 150, C).expect("150 is within");
        assert_eq!([99, 100, 149, 150].map(|key| three.shard_of(key)), [A, B, B, C]);
        assert_eq!(two().moves_to(&three), Some([(B, C)].into()));
        assert_eq!(three.ranges_of(B), [(100, Some(150))]);
        assert_eq!(three.merge(C, B), Some(two()));
        assert_eq!(three.merge(B, A).map(|two| two.ranges_of(A)), Some(vec![(0, Some(150))]));
    }

    #[test]
    fn what_cannot_be_split_or_merged_is_not() {
        assert_eq!(two().split(B, 100, C), None);
        assert_eq!(two().split(A, 100, C), None);
        assert_eq!(two().merge(A, C), None);
        let three = two().split(B, 150, C).expect("150 is within");
        assert_eq!(three.merge(A, C), None);
    }

    #[test]
    fn a_flaw_names_the_range_that_has_to_be_mended_wherever_it_stands() {
        let at = |ranges: &[Range], has_default| {
            let flaw = flaw(ranges.iter().map(|&range| (range, "")), has_default)?;
            Some((flaw.at, flaw.other))
        };
        assert_eq!(at(&[(50, None), (0, Some(50))], false), None);
        assert_eq!(at(&[(50, None), (0, Some(60))], false), Some((Some(0), Some(1))));
        assert_eq!(at(&[(60, None), (0, Some(50))], false), Some((Some(0), Some(1))));
        assert_eq!(at(&[(60, None), (0, Some(50))], true), None);
        assert_eq!(at(&[(50, Some(90)), (0, Some(50))], false), Some((Some(0), None)));
        assert_eq!(at(&[(0, None), (7, Some(7))], true), Some((Some(1), None)));
        assert_eq!(at(&[], false), Some((None, None)));
    }

    #[test]
    fn probes_lie_beside_the_keys_they_stand_for() {
        assert_eq!(two().shard_of(crate::sharding::PROBE_KEYS + 99), A);
        assert_eq!(two().shard_of(crate::sharding::PROBE_KEYS + 100), B);
    }
}
