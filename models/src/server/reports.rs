//! What primaries report of their shards, where shards are split and merged: size, load, and where the middle is.
//!
//! The place where a load can be split is found as CockroachDB finds it: among keys that were sampled, the one with as
//! many accesses before it as after it. Where most accesses are of one key there is none; then the key is isolated, as
//! Bigtable and Spanner do: the range is cut at the key, and the next time behind it, so that it is alone in its range.

use shardlab_sim::{Context, SECOND, Time};

use super::{REPORT, Server};
use crate::message::{ControlMessage, Message, ShardReport};
use crate::server::Hosted;
use crate::sharding::dynamic_range::Range;
use crate::sharding::{DynamicRange, Partitioner, Shards};

/// Time between reports.
const REPORT_INTERVAL: Time = SECOND;

/// Most keys in a sample.
const MOST_SAMPLED: usize = 128;

/// Fewer than these say nothing.
const FEWEST_SAMPLED: usize = 16;

/// Either side of a split gets at least one in so many of the sampled accesses.
const LEAST_SHARE: usize = 4;

/// What a server has to know to report.
#[derive(Clone, Copy, Debug)]
pub struct ReportSettings {
    /// How many keys were loaded.
    pub loaded: u64,
    /// Size of a row.
    pub row_bytes: u32,
}

/// The accesses to one shard since the last report. Volatile.
#[derive(Clone, Debug, Default)]
pub(super) struct Accesses {
    count: u64,
    /// Every so many is sampled: a power of two.
    stride_bits: u32,
    sampled: Vec<u64>,
}

impl Accesses {
    pub fn note(&mut self, key: u64) {
        if self.count & ((1 << self.stride_bits) - 1) == 0 {
            if self.sampled.len() == MOST_SAMPLED {
                // Every second one stays, so that the sample covers the whole time alike.
                let mut place = 0;
                self.sampled.retain(|_| {
                    place += 1;
                    place % 2 == 1
                });
                self.stride_bits += 1;
            }
            self.sampled.push(key);
        }
        self.count += 1;
    }

    fn positions(&self, position: impl Fn(u64) -> u64) -> Vec<u64> {
        let mut sampled: Vec<u64> = self.sampled.iter().map(|&key| position(key)).collect();
        sampled.sort_unstable();
        sampled
    }

    /// The place with as many accesses before it as after it; none if one key has most of them.
    fn middle(&self, position: impl Fn(u64) -> u64) -> Option<u64> {
        let sampled = self.positions(position);
        let count = sampled.len();
        let places = (1..count).filter(|&place| sampled[place - 1] != sampled[place]);
        let place = places.min_by_key(|&place| count.abs_diff(2 * place))?;
        let is_enough = count >= FEWEST_SAMPLED && place.min(count - place) * LEAST_SHARE >= count;
        is_enough.then(|| sampled[place])
    }

    /// The key that has half of the accesses or more, if one has.
    fn hottest(&self, position: impl Fn(u64) -> u64) -> Option<u64> {
        let sampled = self.positions(position);
        let key = *sampled.get(sampled.len() / 2)?;
        let of_it = sampled.iter().filter(|&&other| other == key).count();
        (sampled.len() >= FEWEST_SAMPLED && 2 * of_it >= sampled.len()).then_some(key)
    }
}

/// Where to cut so that a key comes to be alone in its range: at the key, or behind it where the range begins with it.
/// Nowhere, if it is alone.
fn beside(key: u64, ranges: &[Range]) -> Option<u64> {
    let holds = |&&(from, to): &&Range| from <= key && to.is_none_or(|to| key < to);
    let &(from, to) = ranges.iter().find(holds)?;
    if from < key { Some(key) } else { Some(key + 1).filter(|&next| to.is_none_or(|to| next < to)) }
}

impl Server {
    pub(super) fn schedule_report(&self, cx: &mut Context<'_, Message>) {
        if self.settings.reports.is_some() {
            cx.set_timer(REPORT, REPORT_INTERVAL);
        }
    }

    /// Notes an access of a client, as primary.
    #[inline]
    pub(super) fn note_access(&mut self, slot: usize, key: u64) {
        if self.settings.reports.is_some() {
            self.hosted[slot].accesses.note(key);
        }
    }

    /// It is time to report.
    pub(super) fn report(&mut self, cx: &mut Context<'_, Message>) {
        let Some(settings) = self.settings.reports else { return };
        let map = self.map.clone();
        // While keys move, nobody decides anything.
        if let Some(Partitioner::DynamicRange(ranges)) = map.as_ref().map(|map| &*map.routing.from) {
            let led = self.hosted.iter().filter(|hosted| hosted.replica.may_answer());
            let reports: Box<[ShardReport]> =
                led.filter_map(|hosted| hosted.report(ranges, settings)).collect();
            cx.send(self.settings.control_plane, Message::Control(ControlMessage::Report(reports)));
        }
        self.hosted.iter_mut().for_each(|hosted| hosted.accesses = Accesses::default());
        self.schedule_report(cx);
    }
}

impl Hosted {
    /// Nothing, of a shard that no key lives in.
    fn report(&self, ranges: &DynamicRange, settings: ReportSettings) -> Option<ShardReport> {
        let mine = ranges.ranges_of(self.shard);
        let inserted =
            self.machine.rows().keys(|key| key >= settings.loaded && ranges.shard_of(key) == self.shard);
        let loaded = |&(from, to): &Range| {
            let to = to.unwrap_or(u64::MAX).min(settings.loaded);
            from.min(to)..to
        };
        let keys: Vec<std::ops::Range<u64>> = mine.iter().map(loaded).collect();
        let rows = keys.iter().map(|keys| keys.end - keys.start).sum::<u64>() + inserted.len() as u64;
        let middle = nth(&keys, &inserted, rows / 2).map(DynamicRange::position);
        let alone = || beside(self.accesses.hottest(DynamicRange::position)?, &mine);
        (!mine.is_empty()).then(|| ShardReport {
            shard: self.shard,
            operations_per_s: self.accesses.count * SECOND / REPORT_INTERVAL,
            bytes: rows * u64::from(settings.row_bytes),
            middle,
            load_middle: self.accesses.middle(DynamicRange::position).or_else(alone),
        })
    }
}

/// The key at that place, of loaded keys in ascending ranges and then of inserted ones.
fn nth(loaded: &[std::ops::Range<u64>], inserted: &[u64], mut place: u64) -> Option<u64> {
    for keys in loaded {
        let count = keys.end - keys.start;
        if place < count {
            return Some(keys.start + place);
        }
        place -= count;
    }
    inserted.get(usize::try_from(place).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accesses(keys: impl Iterator<Item = u64>) -> Accesses {
        let mut accesses = Accesses::default();
        keys.for_each(|key| accesses.note(key));
        accesses
    }

    #[test]
    fn a_load_is_split_where_half_of_the_accesses_are() {
        let middle = accesses((0..10_000).map(|place| place % 100)).middle(|key| key);
        assert!(middle.is_some_and(|middle| (40..60).contains(&middle)), "{middle:?}");
    }

    #[test]
    fn a_load_of_one_key_has_no_middle() {
        assert_eq!(accesses((0..1_000).map(|_| 7)).middle(|key| key), None);
        let mostly = accesses((0..1_000).map(|place| if place % 10 == 0 { place } else { 7 }));
        assert_eq!(mostly.middle(|key| key), None, "nine in ten are of one key");
        assert_eq!(mostly.hottest(|key| key), Some(7));
        assert_eq!(accesses(0..3).middle(|key| key), None, "that is too few to tell");
        assert_eq!(accesses((0..1_000).map(|place| place % 3)).hottest(|key| key), None);
    }

    /// The two cuts that isolate it, and none when it is alone.
    #[test]
    fn a_hot_key_is_cut_off_from_those_before_it_and_then_from_those_behind_it() {
        assert_eq!(beside(7, &[(0, Some(5)), (5, Some(10))]), Some(7));
        assert_eq!(beside(7, &[(7, Some(10))]), Some(8));
        assert_eq!(beside(7, &[(7, None)]), Some(8));
        assert_eq!(beside(7, &[(7, Some(8))]), None);
    }

    #[test]
    fn the_middle_row_is_a_loaded_or_an_inserted_one() {
        assert_eq!(nth(&[10..20, 30..40], &[90, 95], 9), Some(19));
        assert_eq!(nth(&[10..20, 30..40], &[90, 95], 10), Some(30));
        assert_eq!(nth(&[10..20, 30..40], &[90, 95], 21), Some(95));
    }
}
