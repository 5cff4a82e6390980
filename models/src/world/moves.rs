//! From observations of moves to what rebalancing cost.

use std::collections::BTreeMap;

use shardlab_sim::Time;

use super::{CommandCosts, MoveCosts, RebalancingCosts};
use crate::node::{DatabaseNode, MoveEvent, Observation};
use crate::rebalancing::Pair;

/// What was seen of rebalancing so far.
#[derive(Clone, Debug, Default)]
pub(super) struct SeenMoves {
    pub taken: Vec<Time>,
    pub commands: Vec<CommandCosts>,
    pub moves: Vec<MoveCosts>,
    by_pair: BTreeMap<(u32, Pair), usize>,
}

impl SeenMoves {
    pub fn add(&mut self, at: Time, observation: &Observation) {
        match *observation {
            Observation::MembershipTaken { .. } => self.taken.push(at),
            Observation::PlanBegun { moving, loaded, moves, servers_before, servers_after, .. } => {
                let (began, ended) = (at, (moving == 0).then_some(at));
                let costs =
                    CommandCosts { began, ended, moving, loaded, moves, servers_before, servers_after };
                self.commands.push(costs);
            }
            Observation::PlanFinished { number } => {
                if let Some(command) = self.commands.get_mut(number as usize) {
                    command.ended = Some(at);
                }
            }
            Observation::Move { plan, pair, event } => self.note(at, plan, pair, event),
            _ => {}
        }
    }

    fn note(&mut self, at: Time, plan: u32, pair: Pair, event: MoveEvent) {
        let moves = &mut self.moves;
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
                bytes: 0,
                unsealed: 0,
            });
            moves.len() - 1
        });
        let costs = &mut moves[slot];
        match event {
            MoveEvent::Began | MoveEvent::Given | MoveEvent::Dropped => {}
            MoveEvent::Bytes(bytes) => costs.bytes += bytes,
            MoveEvent::Copied { keys } => {
                costs.keys = u64::from(keys);
                costs.copied.get_or_insert(at);
            }
            MoveEvent::Sealed => costs.sealed = Some(at),
            MoveEvent::Unsealed => costs.unsealed += 1,
            MoveEvent::Owned => {
                costs.owned.get_or_insert(at);
            }
            MoveEvent::Published => {
                costs.published.get_or_insert(at);
            }
        }
    }
}

pub(super) fn costs(nodes: &[DatabaseNode], open: usize, seen: SeenMoves) -> RebalancingCosts {
    let redirects = nodes.iter().filter_map(DatabaseNode::as_server).map(|server| server.redirects()).sum();
    RebalancingCosts { commands: seen.commands, moves: seen.moves, redirects, open }
}
