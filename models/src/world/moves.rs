//! From observations of moves to what rebalancing cost.

use std::collections::BTreeMap;
use std::sync::Arc;

use shardlab_sim::Time;

use super::relocations::SeenRelocations;
use super::{CommandCosts, MoveCosts, RebalancingCosts, needed};
use crate::config::{Config, Membership};
use crate::control_plane::ControlPlane;
use crate::node::{Cause, DatabaseNode, MoveEvent, Observation};
use crate::rebalancing::{MembershipChange, Pair, Plan};
use crate::sharding::Shards;

/// What was seen of rebalancing so far.
#[derive(Clone, Debug, Default)]
pub(super) struct SeenMoves {
    pub taken: Vec<Time>,
    pub commands: Vec<CommandCosts>,
    /// Those that were begun, in order.
    pub plans: Vec<Arc<Plan>>,
    pub moves: Vec<MoveCosts>,
    unsplittable: u64,
    by_pair: BTreeMap<(u32, Pair), usize>,
    /// By place among the moves: since when their keys are refused.
    refused_since: BTreeMap<usize, Time>,
}

impl SeenMoves {
    pub fn add(&mut self, at: Time, observation: &Observation) {
        match observation {
            Observation::MembershipTaken { .. } => self.taken.push(at),
            Observation::Unsplittable { .. } => self.unsplittable += 1,
            Observation::PlanBegun {
                cause,
                plan,
                servers_before,
                servers_after,
                weights_before,
                weights_after,
            } => {
                let moving = plan.moving();
                self.commands.push(CommandCosts {
                    cause: *cause,
                    change: None,
                    began: at,
                    ended: None,
                    moving,
                    loaded: plan.loaded.len(),
                    row_bytes: plan.row_bytes,
                    moves: plan.pairs().len() as u32,
                    servers_before: *servers_before,
                    servers_after: *servers_after,
                    weights_before: weights_before.clone(),
                    weights_after: weights_after.clone(),
                });
                self.plans.push(Arc::clone(plan));
            }
            Observation::PlanFinished { number } => {
                if let Some(command) = self.commands.get_mut(*number as usize) {
                    command.ended = Some(at);
                }
            }
            Observation::Move { plan, pair, event } => self.note(at, *plan, *pair, *event),
            _ => {}
        }
    }

    fn note(&mut self, at: Time, plan: u32, pair: Pair, event: MoveEvent) {
        let moves = &mut self.moves;
        let of_plan = plan.checked_sub(1).and_then(|place| self.plans.get(place as usize));
        let slot = *self.by_pair.entry((plan, pair)).or_insert_with(|| {
            moves.push(MoveCosts {
                command: plan - 1,
                source: pair.0,
                target: pair.1,
                began: at,
                copied: None,
                sealed: None,
                owned: None,
                published: None,
                keys: 0,
                written: 0,
                bytes: 0,
                unsealed: 0,
                refused: 0,
                progressed: at,
                by_reference: false,
                compared: 0,
                differing: 0,
                span: of_plan.and_then(|plan| span(plan, pair)),
            });
            moves.len() - 1
        });
        let costs = &mut moves[slot];
        costs.progressed = at;
        match event {
            MoveEvent::Began | MoveEvent::Dropped => {}
            MoveEvent::Given { written } => costs.written = written,
            MoveEvent::Bytes(bytes) => costs.bytes += bytes,
            MoveEvent::Copied { keys } => {
                costs.keys = u64::from(keys);
                costs.copied.get_or_insert(at);
            }
            MoveEvent::HandedOver { keys } => {
                costs.by_reference = true;
                costs.keys = u64::from(keys);
                costs.copied.get_or_insert(at);
            }
            MoveEvent::Sealed => {
                costs.sealed = Some(at);
                self.refused_since.entry(slot).or_insert(at);
            }
            MoveEvent::Unsealed => {
                costs.unsealed += 1;
                costs.refused += self.refused_since.remove(&slot).map_or(0, |since| at - since);
            }
            MoveEvent::Owned => {
                costs.refused += self.refused_since.remove(&slot).map_or(0, |since| at - since);
                costs.owned.get_or_insert(at);
            }
            MoveEvent::Compared { rows, differing } => {
                costs.compared += u64::from(rows);
                costs.differing += u64::from(differing);
            }
            MoveEvent::Published => {
                costs.published.get_or_insert(at);
            }
        }
    }
}

/// The lowest and the highest of the keys that move, where they are neighbours; where none was loaded, the place of the cut.
fn span(plan: &Plan, pair: Pair) -> Option<(u64, u64)> {
    let keys = plan.keys(pair);
    let (Some(&first), Some(&last)) = (keys.first(), keys.last()) else {
        let is_merge = plan.from.shards().contains(&pair.1);
        let cut = if is_merge { plan.from.first_key_of(pair.0) } else { plan.to.first_key_of(pair.1) };
        return cut.map(|cut| (cut, cut));
    };
    let [low, high] = [first, last].map(|place| plan.loaded.key(u64::from(place)));
    (high - low + 1 == keys.len() as u64).then_some((low, high))
}

pub(super) fn costs(
    config: &Config,
    nodes: &[DatabaseNode],
    open: usize,
    seen: SeenMoves,
    copies: SeenRelocations,
) -> RebalancingCosts {
    let end = config.duration.as_ns() + config.drain.as_ns();
    let servers = || nodes.iter().filter_map(DatabaseNode::as_server);
    let clients = nodes.iter().filter_map(DatabaseNode::as_clients);
    let lost_at = lost_at(config, &seen);
    let SeenMoves { mut commands, plans, mut moves, refused_since, unsplittable, .. } = seen;
    let orders = orders(config);
    for plan in &mut commands {
        if let Cause::Command(number) = plan.cause {
            plan.change = orders.get(number as usize).map(|order| order.change);
        }
    }
    for (slot, since) in refused_since {
        moves[slot].refused += end - since;
    }
    let mut costs = RebalancingCosts {
        rows_needed: 0,
        commands,
        moves,
        relocations: copies.relocations,
        hand_overs: copies.hand_overs,
        moves_needed: control_plane(nodes).and_then(ControlPlane::moves_needed),
        lost_at,
        redirects: servers().map(|server| server.redirects()).sum(),
        open,
        unsplittable,
        second_writes: servers().map(|server| server.second_writes().0).sum(),
        second_bytes: servers().map(|server| server.second_writes().1).sum(),
        second_writes_missed: clients.map(|clients| clients.second_writes_missed()).sum(),
    };
    let measured = config.warmup.as_ns()..config.duration.as_ns();
    let moves = costs.moves.iter().filter(|of| costs.counts_move(of, &measured));
    let copies = costs.relocations.iter().filter(|of| costs.counts_relocation(of, &measured));
    costs.rows_needed = needed::keys(&plans, moves) + needed::rows(copies);
    costs
}

fn control_plane(nodes: &[DatabaseNode]) -> Option<&ControlPlane> {
    nodes.iter().find_map(DatabaseNode::as_control_plane)
}

/// The operator's commands, in the order in which they are given.
fn orders(config: &Config) -> Vec<&Membership> {
    let mut orders: Vec<_> = config.membership.iter().collect();
    orders.sort_by_key(|order| order.at);
    orders
}

/// When the control plane heard for the first time that a server is lost for ever.
fn lost_at(config: &Config, seen: &SeenMoves) -> Option<Time> {
    let orders = orders(config);
    let is_loss = |change: MembershipChange| matches!(change, MembershipChange::Lose(_));
    let losses = seen.taken.iter().zip(orders).filter(|(_, order)| is_loss(order.change));
    losses.map(|(&at, _)| at).min()
}
