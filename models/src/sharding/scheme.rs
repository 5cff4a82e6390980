//! What every strategy says for itself.

use crate::config::Checks;
use crate::shard_map::ShardId;
use crate::sharding::{Partitioner, Weights};

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

    /// The weights of the shards, where it has any.
    fn weights(&mut self) -> Option<&mut Weights> {
        None
    }
}

/// Refuses a number of shards that is none, or too large.
pub(super) fn check_shards(path: String, shards: Option<u32>, checks: &mut Checks) {
    if let Some(shards) = shards {
        checks.count(path, u64::from(shards), MOST_SHARDS, "shards");
    }
}

/// Refuses a default shard that is neither one of so many, nor the next.
pub(super) fn check_default(at: &str, shards: usize, default: Option<u32>, checks: &mut Checks) {
    if let Some(default) = default.filter(|&default| default as usize > shards) {
        let message = format!("there is no shard {default}: {shards} are given, from 0 on");
        checks.refuse(
            format!("{at}.default"),
            message,
            format!("name one of them, or {shards} for one more"),
        );
    }
}

/// How many shards there are with the default.
pub(super) fn with_default(shards: usize, default: Option<u32>) -> u32 {
    (shards as u32).max(default.map_or(0, |default| default.saturating_add(1)))
}
