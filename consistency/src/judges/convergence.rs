//! Replicas of a shard that have nothing left to do hold the same.

use super::Finding;
use crate::{Case, ReplicaDigest, Witness};

/// A shard whose running replicas differ after the drain.
pub(super) const DIVERGED_SHARD: &str = "diverged-shard";

pub(super) fn judge(case: &Case<'_>) -> Finding {
    let mut replicas = case.evidence.replicas.clone();
    replicas.sort_by_key(|replica| (replica.shard, replica.node));
    let shards: Vec<&[ReplicaDigest]> = replicas.chunk_by(|a, b| a.shard == b.shard).collect();
    if let Some(reason) = &case.evidence.restless {
        return Finding::unknown(reason.as_str());
    }
    let diverged: Vec<_> = shards.iter().filter_map(|shard| differing(shard)).collect();
    let witness = diverged.first().map(|&pair| witness(pair, diverged.len() as u64));
    Finding::new(witness, untested(&shards)).with("anomalies.diverged-shard", diverged.len() as f64)
}

/// The replica that is furthest on, and one that is not like it.
fn differing(shard: &[ReplicaDigest]) -> Option<(ReplicaDigest, ReplicaDigest)> {
    let running = || shard.iter().filter(|replica| replica.up);
    let state = |replica: &ReplicaDigest| (replica.position, replica.digest);
    let ahead = running().max_by_key(|replica| replica.position)?;
    running().find(|replica| state(replica) != state(ahead)).map(|other| (*ahead, *other))
}

fn untested(shards: &[&[ReplicaDigest]]) -> Option<String> {
    if let Some(down) = shards.iter().copied().flatten().find(|replica| !replica.up) {
        return Some(format!("shard {}: its replica on node {} is down or missing", down.shard, down.node));
    }
    let lonely = shards.iter().all(|shard| shard.len() < 2);
    lonely.then(|| "no shard has a second replica to compare with".into())
}

fn witness((ahead, other): (ReplicaDigest, ReplicaDigest), count: u64) -> Witness {
    let state = |replica: ReplicaDigest| {
        format!(
            "node {} is at position {} with digest {:016x}",
            replica.node, replica.position, replica.digest
        )
    };
    let words = format!(
        "shard {}: {}, {}; after the drain they should be equal",
        ahead.shard,
        state(ahead),
        state(other)
    );
    Witness::new(DIVERGED_SHARD, count, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows are shard, node, position, digest, up.
    fn check(rows: &[(u32, u16, u64, u64, bool)], expected: &str) {
        let replica =
            |&(shard, node, position, digest, up): &_| ReplicaDigest { shard, node, position, digest, up };
        let evidence = crate::Evidence { replicas: rows.iter().map(replica).collect(), ..Default::default() };
        let history = crate::History::default();
        assert_eq!(judge(&Case::new(&history, &evidence)).verdict.to_string(), expected);
    }

    #[test]
    fn equal_replicas_have_converged() {
        check(
            &[(0, 1, 7, 0xa, true), (1, 1, 9, 0xb, true), (0, 2, 7, 0xa, true), (1, 2, 9, 0xb, true)],
            "pass",
        );
    }

    #[test]
    fn a_replica_that_lags_or_differs_has_not() {
        let lag = "fail: diverged-shard: shard 0: node 2 is at position 8 with digest 000000000000000a, \
                   node 1 is at position 7 with digest 000000000000000a; after the drain they should be equal";
        check(&[(0, 1, 7, 0xa, true), (0, 2, 8, 0xa, true)], lag);
        let differ = "fail: diverged-shard: shard 3: node 2 is at position 7 with digest 000000000000000b, \
                      node 1 is at position 7 with digest 000000000000000a; after the drain they should be equal";
        check(&[(3, 1, 7, 0xa, true), (3, 2, 7, 0xb, true), (4, 1, 0, 0, true)], differ);
    }

    #[test]
    fn a_replica_that_is_down_leaves_it_open_but_excuses_nobody() {
        let down = "unknown: shard 0: its replica on node 3 is down or missing";
        check(&[(0, 1, 7, 0xa, true), (0, 2, 7, 0xa, true), (0, 3, 2, 0xc, false)], down);
        let differ = "fail: diverged-shard: shard 0: node 2 is at position 8 with digest 000000000000000b, \
                      node 1 is at position 7 with digest 000000000000000a; after the drain they should be equal";
        check(&[(0, 1, 7, 0xa, true), (0, 2, 8, 0xb, true), (0, 3, 2, 0xc, false)], differ);
    }

    #[test]
    fn copies_that_are_not_at_rest_are_not_compared() {
        let replica = |node, digest| ReplicaDigest { shard: 0, node, position: 7, digest, up: true };
        let restless = Some("keys were on the move when the run ended".into());
        let evidence = crate::Evidence {
            replicas: vec![replica(1, 0xa), replica(2, 0xb)],
            restless,
            ..Default::default()
        };
        let history = crate::History::default();
        let verdict = judge(&Case::new(&history, &evidence)).verdict;
        assert_eq!(verdict.to_string(), "unknown: keys were on the move when the run ended");
    }

    #[test]
    fn a_single_replica_proves_nothing() {
        check(&[(0, 1, 7, 0xa, true)], "unknown: no shard has a second replica to compare with");
        check(&[], "unknown: no shard has a second replica to compare with");
    }
}
