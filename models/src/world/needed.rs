//! What had to be copied, all things considered: the first owner of a key held against its last.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{MoveCosts, RelocationCosts};
use crate::rebalancing::Plan;
use crate::shard_map::ShardId;

/// Of the loaded keys that `moves` copied, those that are not back where the first of them took them from.
pub(super) fn keys<'a>(plans: &[Arc<Plan>], moves: impl Iterator<Item = &'a MoveCosts>) -> u64 {
    let mut ends: BTreeMap<u64, (ShardId, ShardId)> = BTreeMap::new();
    for of in moves.filter(|of| !of.by_reference && of.published.is_some()) {
        let Some(plan) = plans.get(of.command as usize) else { continue };
        for &place in plan.keys((of.source, of.target)) {
            let key = plan.loaded.key(u64::from(place));
            ends.entry(key).or_insert((of.source, of.target)).1 = of.target;
        }
    }
    ends.values().filter(|(first, last)| first != last).count() as u64
}

/// Loaded rows of the copies that are where none of their shard was before the first of `relocations`.
pub(super) fn rows<'a>(relocations: impl Iterator<Item = &'a RelocationCosts>) -> u64 {
    let (mut came, mut went, mut rows) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
    for of in relocations.filter(|of| of.is_done()) {
        rows.insert(of.shard, of.rows);
        if !went.remove(&(of.shard, of.to)) {
            came.insert((of.shard, of.to));
        }
        if let Some(from) = of.from.filter(|&from| !came.remove(&(of.shard, from))) {
            went.insert((of.shard, from));
        }
    }
    came.iter().map(|(shard, _)| rows[shard]).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shardlab_sim::NodeId;

    /// A copy of ten rows of shard 0, done.
    fn copy(from: Option<u32>, to: u32) -> RelocationCosts {
        RelocationCosts {
            command: None,
            shard: ShardId(0),
            from: from.map(NodeId),
            to: NodeId(to),
            rows: 10,
            began: 0,
            copied: Some(1),
            joined: Some(1),
            left: Some(1),
            given_up: None,
            bytes: 0,
            stopped: 0,
            led: false,
        }
    }

    #[test]
    fn copies_that_went_back_were_not_needed() {
        let needed = |copies: &[RelocationCosts]| rows(copies.iter());
        assert_eq!(needed(&[copy(Some(1), 2)]), 10);
        assert_eq!(needed(&[copy(Some(1), 2), copy(Some(2), 1)]), 0);
        assert_eq!(needed(&[copy(Some(1), 2), copy(Some(2), 3)]), 10, "one step would have been enough");
        assert_eq!(needed(&[copy(None, 2)]), 10, "a copy that was lost is made anew");
        assert_eq!(
            needed(&[RelocationCosts { left: None, ..copy(Some(1), 2) }]),
            0,
            "it never came to its end"
        );
    }
}
