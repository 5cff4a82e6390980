//! What remedies for hotspots leave of the promises, and the order of versions of salted keys.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::Clocks;
use crate::config::Config;
use crate::remedies::{Cache, Join, SaltedWrites, Salting};
use crate::state_machine::StateMachine;

/// What a read of one key may still be promised, if the database promises it.
pub(super) struct Left {
    /// It returns nothing older than what was acknowledged before it.
    pub fresh: bool,
    /// It is as if at one moment between call and answer.
    pub linearizable: bool,
}

/// Each remedy's module says why.
pub(super) fn left(config: &Config, clocks_jump: bool) -> Left {
    let remedies = &config.remedies;
    let joins_late = remedies.coalesce.is_some_and(|coalesce| coalesce.join == Join::Any);
    // Tokens of before a crash are lower than those after it only if the clock runs on.
    let cache_is_fresh = |cache: &Cache| cache.keeps_reads_fresh() && !clocks_jump;
    let clocks_agree = config.cluster.clocks == Clocks::default() && !clocks_jump;
    let salt_is_atomic = remedies.salt.as_ref().is_none_or(|salt| match salt.writes {
        SaltedWrites::All => false,
        SaltedWrites::One => clocks_agree,
    });
    let fresh = !joins_late && remedies.cache.as_ref().is_none_or(cache_is_fresh);
    Left { fresh, linearizable: fresh && remedies.cache.is_none() && salt_is_atomic }
}

/// Writes of ways become writes of their keys, in the order of their stamps, each once.
///
/// Of what a way was given, that survives which is no higher than what is held in the end: the rest has been superseded. A
/// write of several ways survives where any of them has it; where another has not, readers of that one are stale.
pub(super) fn order<'a, M: Iterator<Item = &'a StateMachine>>(
    salting: &Salting,
    log: Vec<(u64, u64)>,
    machines: impl Fn() -> M,
) -> Vec<(u64, u64)> {
    let mut stamped: BTreeSet<(u64, u64)> = BTreeSet::new();
    let mut held: BTreeMap<u64, u64> = BTreeMap::new();
    let mut order = Vec::with_capacity(log.len());
    for (key, value) in log {
        let Some(salted) = salting.key_of(key) else {
            order.push((key, value));
            continue;
        };
        let row = |machine: &StateMachine| machine.row(key).value;
        let most = *held.entry(key).or_insert_with(|| machines().map(row).max().unwrap_or(0));
        if value <= most {
            stamped.insert((salted, value));
        }
    }
    order.extend(stamped);
    order
}
