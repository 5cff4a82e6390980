//! What every strategy says for itself.

use crate::config::Checks;
use crate::shard_map::ShardId;
use crate::sharding::Partitioner;

/// Most shards: each is a row in many tables.
const MOST_SHARDS: u64 = 1 << 20;

/// The parameters of a strategy, as they stand in the file.
pub(crate) trait Scheme {
    /// Refuses what is impossible about them; `at` is the path of the choice, such as "sharding.strategy".
    fn check(&self, at: &str, servers: u32, checks: &mut Checks);

    /// How many shards there are, where that does not follow the servers.
    fn own_shards(&self) -> Option<u32>;

    /// The function over these shards, ascending: some numbers may be missing, of servers that are gone.
    fn over(&self, shards: &[ShardId], seed: u64) -> Partitioner;

    /// The function that takes the place of `current` when these shards are there. The same as if they had been there
    /// from the beginning, unless the strategy keeps what is.
    fn next(&self, current: &Partitioner, shards: &[ShardId], seed: u64) -> Partitioner {
        let _ = current;
        self.over(shards, seed)
    }
}

/// Refuses a number of shards that is none, or too large.
pub(super) fn check_shards(path: String, shards: Option<u32>, checks: &mut Checks) {
    if let Some(shards) = shards {
        checks.count(path, u64::from(shards), MOST_SHARDS, "shards");
    }
}
