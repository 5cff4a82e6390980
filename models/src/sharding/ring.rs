//! A ring of points, each of a shard, and who comes first at or after a position.

use crate::hash::mix;
use crate::shard_map::ShardId;
use crate::sharding::weights::Members;

/// Points on a circle of 2⁶⁴ positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ring {
    /// Sorted by position.
    points: Vec<Point>,
    /// By the top bits of a position: the first point that is not below that range.
    starts: Vec<u32>,
    /// How far a position is shifted to give its top bits.
    shift: u32,
}

/// Where a shard stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Point {
    pub hash: u64,
    pub shard: ShardId,
}

impl Ring {
    /// `vnodes` points for each unit of a member's weight; at least one in all.
    pub fn new(members: &Members, vnodes: u32, salt: u64) -> Self {
        assert!(!members.is_empty() && vnodes > 0, "a ring has at least one point");
        let of = |&(shard, weight): &(ShardId, u32)| {
            (0..vnodes * weight).map(move |vnode| Point { hash: point(salt, shard.0, vnode), shard })
        };
        let mut points: Vec<Point> = members.iter().flat_map(of).collect();
        points.sort_unstable();
        // At least two ranges, because a shift by 64 bits is none.
        let ranges = points.len().next_power_of_two().max(2);
        let shift = 64 - ranges.trailing_zeros();
        let starts = starts(&points, ranges as u64, shift);
        Self { points, starts, shift }
    }

    /// The points, from position zero on.
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The place among the points of the first at or after this position; past the last the ring begins again.
    #[inline]
    pub fn successor(&self, hash: u64) -> usize {
        let mut place = self.starts[(hash >> self.shift) as usize] as usize;
        while let Some(point) = self.points.get(place) {
            if point.hash >= hash {
                return place;
            }
            place += 1;
        }
        0
    }

    /// The shard of that point.
    #[inline]
    pub fn owner(&self, hash: u64) -> ShardId {
        self.points[self.successor(hash)].shard
    }
}

/// Where a virtual node stands. The constant, 2⁶⁴ divided by the golden ratio, sets points apart from keys.
fn point(salt: u64, shard: u32, vnode: u32) -> u64 {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    mix(mix(salt.wrapping_add(GOLDEN)) ^ mix((u64::from(shard) << 32 | u64::from(vnode)) ^ GOLDEN))
}

fn starts(points: &[Point], ranges: u64, shift: u32) -> Vec<u32> {
    (0..ranges).map(|range| points.partition_point(|point| point.hash >> shift < range) as u32).collect()
}
