//! Where the copies of a shard may be: the rule that placement and every move of a copy keep to.

use crate::shard_map::ShardId;

/// By shard the region that its rows belong to, and those that may hold a copy of it.
///
/// Whoever gives a shard one more copy asks [`Residence::may_hold`]: the placement at the beginning, and the control
/// plane whenever a server takes another's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Residence {
    homes: Vec<usize>,
    allowed: Vec<Vec<usize>>,
}

impl Residence {
    /// By shard; regions are indices into the cluster's.
    #[must_use]
    pub fn new(homes: Vec<usize>, allowed: Vec<Vec<usize>>) -> Self {
        assert_eq!(homes.len(), allowed.len(), "every shard has a home and a rule");
        Self { homes, allowed }
    }

    /// The region that the shard's rows belong to.
    #[must_use]
    pub fn home(&self, shard: ShardId) -> usize {
        self.homes[shard.index()]
    }

    /// Whether a server in `region` may hold a copy of `shard`. A shard that nobody has a rule for may be anywhere.
    #[must_use]
    pub fn may_hold(&self, shard: ShardId, region: usize) -> bool {
        self.allowed.get(shard.index()).is_none_or(|allowed| allowed.contains(&region))
    }
}
