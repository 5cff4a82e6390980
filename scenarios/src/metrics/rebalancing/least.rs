//! The least that any strategy has to move: what the even shares of servers differ by, before the first command and after
//! the last.

use shardlab_models::node::Cause;
use shardlab_models::rebalancing::MembershipChange;
use shardlab_models::world::CommandCosts;

use super::super::ratio;
use super::counted::Counted;
use crate::scenario::Scenario;

/// The least share of the keys (Karger et al. 1997, monotonicity): where shards follow the servers, what these differ by;
/// and a tenant that is moved out, itself.
pub(super) fn of_keys(scenario: &Scenario, commands: &[CommandCosts], counted: &Counted) -> f64 {
    let is_isolation = |plan: &&&CommandCosts| matches!(plan.change, Some(MembershipChange::Isolate { .. }));
    let isolated = counted.plans.iter().filter(is_isolation);
    let isolated: f64 = isolated.filter_map(|plan| ratio(plan.moving as f64, plan.loaded as f64)).sum();
    let follows = !scenario.config().sharding.strategy.counts_shards();
    isolated + if follows { of_servers(scenario, commands, counted) } else { 0.0 }
}

/// The least share of the rows in copies: where the file counts shards, what servers' even shares differ by. Nothing where
/// shards follow the servers, or none came, went or was to bear more.
pub(super) fn of_copies(scenario: &Scenario, commands: &[CommandCosts], counted: &Counted) -> Option<f64> {
    let is_of_servers = |plan: &&CommandCosts| {
        let of_rows =
            |change| matches!(change, MembershipChange::Isolate { .. } | MembershipChange::Split { .. });
        matches!(plan.cause, Cause::Command(_)) && plan.change.is_none_or(|change| !of_rows(change))
    };
    let counts = scenario.config().sharding.strategy.counts_shards();
    (counts && counted.plans.iter().any(is_of_servers)).then(|| of_servers(scenario, commands, counted))
}

/// Half of all that shares differ by, which is what those together gain that have more.
fn of_servers(scenario: &Scenario, commands: &[CommandCosts], counted: &Counted) -> f64 {
    let of_command = |plan: &&CommandCosts| matches!(plan.cause, Cause::Command(_));
    let Some(first) = counted.plans.iter().copied().find(of_command) else { return 0.0 };
    let Some(last) = counted.plans.iter().copied().rfind(of_command) else { return 0.0 };
    // Where shards follow the servers, the plans say what these weigh; a weight of the file counts there, too.
    if !last.weights_after.is_empty() {
        return gained(&first.weights_before, &last.weights_after);
    }
    let mut weights = vec![1_000_u32; scenario.config().cluster.servers as usize];
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for plan in commands.iter().filter(of_command) {
        if std::ptr::eq(plan, first) {
            before.clone_from(&weights);
        }
        apply(&mut weights, plan);
        if std::ptr::eq(plan, last) {
            after.clone_from(&weights);
        }
    }
    gained(&before, &after)
}

fn apply(weights: &mut Vec<u32>, plan: &CommandCosts) {
    let mut set = |server: u32, weight| {
        if let Some(known) = weights.get_mut(server as usize) {
            *known = weight;
        }
    };
    match plan.change {
        Some(MembershipChange::Add(count)) => weights.extend((0..count).map(|_| 1_000)),
        Some(MembershipChange::Remove(server) | MembershipChange::Lose(server)) => set(server, 0),
        Some(MembershipChange::Reweight { server, thousandths }) => set(server, thousandths),
        Some(MembershipChange::Isolate { .. } | MembershipChange::Split { .. }) | None => {}
    }
}

/// What those gain, of the whole, that are to bear more than before.
fn gained(before: &[u32], after: &[u32]) -> f64 {
    let share = |weights: &[u32], server: usize| {
        let all: f64 = weights.iter().map(|&weight| f64::from(weight)).sum();
        ratio(weights.get(server).map_or(0.0, |&weight| f64::from(weight)), all).unwrap_or(0.0)
    };
    let gain = |server| (share(after, server) - share(before, server)).max(0.0);
    (0..after.len()).map(gain).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_is_what_those_gain_who_are_to_bear_more() {
        let gained = |before: &[u32], after: &[u32]| (gained(before, after) * 1e6).round() / 1e6;
        assert_eq!(gained(&[1; 4], &[1; 5]), 0.2);
        assert_eq!(gained(&[1; 5], &[1, 1, 0, 1, 1]), 0.2);
        assert_eq!(gained(&[1; 4], &[3, 1, 1, 1]), 0.25);
        assert_eq!(gained(&[1; 4], &[1, 1, 1, 1, 0]), 0.0, "one that came has gone");
        assert_eq!(gained(&[], &[]), 0.0);
    }
}
