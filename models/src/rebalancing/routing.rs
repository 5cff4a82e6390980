//! Where a key lives while keys are on the move.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::rebalancing::{Pair, Plan};
use crate::shard_map::ShardId;
use crate::sharding::{Partitioner, Shards};

/// The part of the shard map that says which shard a key lives in: by the old partitioner until its move is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    /// Where keys are that no finished move has taken elsewhere.
    pub from: Arc<Partitioner>,
    /// What is under way.
    pub plan: Option<Arc<Plan>>,
    /// The moves of the plan that are done.
    pub done: BTreeSet<Pair>,
    /// How many plans are over.
    pub finished: u32,
}

/// Partitioners follow from the configuration and the plan's number; without a plan there is nothing to tell apart.
impl Hash for Routing {
    fn hash<H: Hasher>(&self, state: &mut H) {
        if let Some(plan) = &self.plan {
            plan.hash(state);
            self.done.hash(state);
        }
    }
}

impl Routing {
    /// Nothing moves.
    #[must_use]
    pub fn settled(partitioner: Arc<Partitioner>) -> Self {
        Self { from: partitioner, plan: None, done: BTreeSet::new(), finished: 0 }
    }

    /// The shard that `key` lives in now.
    #[inline]
    #[must_use]
    pub fn shard_of(&self, key: u64) -> ShardId {
        match &self.plan {
            None => self.from.shard_of(key),
            Some(plan) => match plan.pair_of(key) {
                Some(pair) if self.done.contains(&pair) => pair.1,
                Some(pair) => pair.0,
                None => plan.from.shard_of(key),
            },
        }
    }

    /// The move that `key` is part of, unless that is done.
    #[must_use]
    pub fn move_of(&self, key: u64) -> Option<(&Plan, Pair)> {
        let plan = self.plan.as_deref()?;
        plan.pair_of(key).filter(|pair| !self.done.contains(pair)).map(|pair| (plan, pair))
    }

    /// Whether `key` is in a maintenance window.
    #[must_use]
    pub fn is_closed(&self, key: u64) -> bool {
        self.move_of(key).is_some_and(|(plan, _)| plan.protocol.begins_sealed())
    }

    /// The shards that a key may live in now, ascending: those that stay, those that keys have come to, and of those
    /// that go the ones that keys have yet to leave.
    #[must_use]
    pub fn shards(&self) -> Vec<ShardId> {
        let Some(plan) = &self.plan else { return self.from.shards() };
        let after = plan.to.shards();
        let mut shards = self.from.shards();
        shards.retain(|shard| after.contains(shard));
        shards.extend(self.done.iter().map(|pair| pair.1));
        shards.extend(self.open().map(|(_, pair)| pair.0));
        shards.sort_unstable();
        shards.dedup();
        shards
    }

    /// Keys by which shards are found that no look at keys in a row would find.
    #[must_use]
    pub fn landmarks(&self) -> Vec<u64> {
        let mut landmarks = self.from.landmarks();
        landmarks.extend(self.plan.iter().flat_map(|plan| plan.to.landmarks()));
        landmarks
    }

    /// The moves that are to be made, in their order.
    pub fn open(&self) -> impl Iterator<Item = (&Arc<Plan>, Pair)> + '_ {
        let pairs = self.plan.iter().flat_map(|plan| plan.pairs().iter().map(move |&pair| (plan, pair)));
        pairs.filter(|(_, pair)| !self.done.contains(pair))
    }

    /// Takes up a plan; the one before is over.
    ///
    /// # Panics
    /// When it is not.
    pub fn begin(&mut self, plan: Arc<Plan>) {
        assert!(self.plan.is_none(), "one plan is made at a time");
        self.plan = Some(plan);
    }

    /// A move is done; says whether it was the plan's last.
    pub fn finish(&mut self, pair: Pair) -> bool {
        self.done.insert(pair);
        let over = self.open().next().is_none();
        if over && let Some(plan) = self.plan.take() {
            self.from = Arc::new(plan.to.clone());
            self.finished = plan.number;
            self.done.clear();
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sharding::Modulo;

    fn modulo(shards: &[u32]) -> Partitioner {
        let shards: Vec<ShardId> = shards.iter().copied().map(ShardId).collect();
        Partitioner::Modulo(Modulo::of(&shards))
    }

    /// At every point of a plan, exactly those shards are named in which a key lives.
    #[test]
    fn a_shard_that_all_keys_have_left_is_not_asked_for_one() {
        for (from, to) in [(&[0, 1, 2][..], &[1, 2][..]), (&[0, 1], &[0, 1, 2])] {
            let mut routing = Routing::settled(Arc::new(modulo(from)));
            routing.begin(Arc::new(Plan::new(1, modulo(from), modulo(to), 100, 10)));
            let pairs: Vec<Pair> = routing.open().map(|(_, pair)| pair).collect();
            for pair in pairs {
                routing.finish(pair);
                let lived_in: BTreeSet<ShardId> = (0..100).map(|key| routing.shard_of(key)).collect();
                assert_eq!(routing.shards(), lived_in.into_iter().collect::<Vec<_>>(), "after {pair:?}");
            }
            assert_eq!(routing.shards(), modulo(to).shards());
        }
    }
}
