//! When a metric can tell which of several variants is better, and when it only looks as if.

use shardlab_consistency::JUDGES;

/// What has to be equal in all variants for a metric to tell which of them is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Presupposed {
    /// Another metric's figure.
    Figure(&'static str),
    /// The number of shards.
    Shards,
    /// Whether this metric is measured, which says what the first one counts.
    Basis(&'static str),
}

/// What must not differ between variants for `name` to tell which of them is better.
///
/// Staleness is measured against the writes that survived, and what is gone leaves no sibling: a variant that loses more
/// looks fresher and tidier for it. Keys that move are counted apart from copies of shards: a variant that moves the one
/// moves none of the other. Of more shards each has less, on the same servers. The thrash index counts a balancer's
/// steps where there is one, and rows where there is none.
#[must_use]
pub fn presupposes(name: &str) -> Option<Presupposed> {
    use Presupposed::{Basis, Figure, Shards};
    let sees_survivors_only = name.starts_with("staleness.") || name.starts_with("siblings.");
    if sees_survivors_only || of_shards(name) {
        return Some(if sees_survivors_only { Figure("writes.lost") } else { Shards });
    }
    match name {
        "reads.stale" | "anomalies.stale-read" | "cache.stale_reads" | "cache.overwritten_p99_ms" => {
            Some(Figure("writes.lost"))
        }
        // Who moves copies moves no keys, and who moves keys no copies: a zero there is no merit.
        "rebalance.moved_fraction"
        | "rebalance.keys_moved"
        | "rebalance.moves"
        | "rebalance.offices_moved" => Some(Figure("rebalance.copies_moved")),
        "rebalance.copies_moved" | "rebalance.copied_fraction" => Some(Figure("rebalance.keys_moved")),
        // Nor has who hands over offices moved any bytes.
        "rebalance.bytes_moved" => Some(Figure("rebalance.offices_moved")),
        "rebalance.thrash_index" => Some(Basis("rebalance.moves_needed")),
        _ => None,
    }
}

/// Whether a metric is about how the load lies on shards.
fn of_shards(name: &str) -> bool {
    let statistic = name.strip_prefix("shard.").map(|rest| rest.rsplit('.').next().unwrap_or(rest));
    statistic.is_some_and(|name| ["imbalance", "hottest_share", "cv", "gini"].contains(&name))
}

/// Whether a variant can look better by a metric only because it answers fewer operations: what servers had to do for
/// them, how long they took, what had to move for them.
///
/// Not what was answered, nor what was promised: a system that refuses rather than lose a write is better by that.
#[must_use]
pub fn flatters_who_refuses(name: &str) -> bool {
    let of_answers = ["throughput.", "availability.", "surge.throughput", "outage.", "errors"];
    let of_promises = [
        "writes.lost",
        "writes.invisible",
        "reads.stale",
        "staleness.",
        "anomalies.",
        "cache.stale_reads",
        "residency.",
    ];
    !of_answers.into_iter().chain(of_promises).any(|known| name.starts_with(known))
}

/// Whether a metric is of what moves cost: of somebody who moves nothing it says nothing.
#[must_use]
pub fn is_of_moves(name: &str) -> bool {
    name.starts_with("rebalance.")
}

/// Differences up to this are none, whatever they are of the whole: so much comes about by chance or by how a metric is
/// measured.
#[must_use]
pub fn least_difference(name: &str, unit: &str) -> f64 {
    match name {
        // Between two calls there is always a wait, whose longest is one of some milliseconds; copies are compared
        // every 10 ms.
        "outage.longest_ms" | "convergence.time_ms" | "convergence.after_heal_ms" => 100.0,
        // An interval or two.
        "hotspot.lasted_s" => 1.0,
        // A server that is busy for 0.3 % of its time is not busier than one at 0.4 %.
        _ if unit == "fraction" => 0.002,
        _ => 0.0,
    }
}

/// Whether what a judge counts has the same weakness: see [`presupposes`].
#[must_use]
pub fn sees_survivors_only(judge: &str) -> bool {
    let counted = JUDGES.iter().filter(|known| known.name == judge).flat_map(|known| known.anomalies);
    counted.into_iter().any(|anomaly| presupposes(&format!("anomalies.{anomaly}")).is_some())
}

#[cfg(test)]
mod tests {
    use super::super::{all, find};
    use super::*;

    #[test]
    fn what_sees_survivors_only_presupposes_that_as_many_are_lost() {
        let metrics = all().into_iter().map(|metric| metric.name);
        let presuming: Vec<String> = metrics.filter(|name| presupposes(name).is_some()).collect();
        for name in ["reads.stale", "staleness.p_fresh", "siblings.per_key_mean", "anomalies.stale-read"] {
            assert!(presuming.iter().any(|known| known == name), "{name} is not among {presuming:?}");
        }
        for presupposed in presuming.iter().filter_map(|name| presupposes(name)) {
            let (Presupposed::Figure(name) | Presupposed::Basis(name)) = presupposed else { continue };
            assert!(find(name).is_some(), "{name}");
        }
        assert_eq!(["stale-reads", "lost-writes", "?"].map(sees_survivors_only), [true, false, false]);
    }

    #[test]
    fn what_lies_on_shards_presupposes_that_there_are_as_many() {
        for name in ["shard.imbalance", "shard.hottest_share", "shard.operations.gini", "shard.cpu.cv"] {
            assert_eq!(presupposes(name), Some(Presupposed::Shards), "{name}");
        }
        assert_eq!(["server.imbalance", "shard.hottest_p99_ms"].map(presupposes), [None, None]);
    }

    #[test]
    fn who_refuses_is_flattered_by_cost_and_not_by_safety() {
        for name in
            ["latency.all.p99_ms", "server.hottest_utilization", "partitions.default_rows", "storage.bytes"]
        {
            assert!(find(name).is_some() && flatters_who_refuses(name), "{name}");
        }
        for name in
            ["writes.lost", "reads.stale", "availability.fraction", "anomalies.G1a", "throughput.ops_per_s"]
        {
            assert!(find(name).is_some() && !flatters_who_refuses(name), "{name}");
        }
    }
}
