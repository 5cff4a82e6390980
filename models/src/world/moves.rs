//! From observations of moves to what rebalancing cost.

use std::collections::BTreeMap;

use shardlab_sim::{Receipt, Time};

use super::{CommandCosts, Layout, MoveCosts, RebalancingCosts};
use crate::config::Config;
use crate::node::{DatabaseNode, MoveEvent, Observation};
use crate::rebalancing::{MembershipChange, Pair};

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
            Observation::PlanBegun { moving, loaded, servers_before, servers_after, .. } => {
                let ended = (moving == 0).then_some(at);
                let (began, servers) = (at, (servers_before, servers_after));
                let (servers_before, servers_after) = servers;
                self.commands.push(CommandCosts {
                    began,
                    ended,
                    moving,
                    loaded,
                    servers_before,
                    servers_after,
                });
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

/// The operator's commands leave receipts as faults do, numbered on from those: what each changed is the moves that
/// were made because of it.
pub(super) fn receipts(config: &Config, layout: &Layout, seen: &SeenMoves, others: usize) -> Vec<Receipt> {
    let mut commands: Vec<_> = config.membership.iter().collect();
    commands.sort_by_key(|command| command.at);
    let mut added = config.cluster.servers;
    let mut receipts = Vec::new();
    for (number, command) in commands.into_iter().enumerate() {
        let servers = match command.change {
            MembershipChange::Add(count) => {
                added += count;
                (added - count)..added
            }
            MembershipChange::Remove(server) => server..server + 1,
        };
        let begun = seen.commands.get(number);
        let moves = seen.moves.iter().filter(|of| of.command as usize == number && of.published.is_some());
        let effect = match begun {
            Some(costs) => format!(
                "{} of {} keys change owner; {} moves done",
                costs.moving,
                costs.loaded,
                moves.clone().count()
            ),
            None => "never carried out".into(),
        };
        receipts.push(Receipt {
            fault: others + number,
            name: command.name.clone(),
            struck: seen.taken.get(number).copied(),
            healed: begun.and_then(|costs| costs.ended),
            aimed_at: servers.len(),
            nodes: servers.map(|server| layout.servers[server as usize]).collect(),
            changed: moves.count() as u64,
            effect,
        });
    }
    receipts
}

/// Commands that were under way when the run ended, in words: what was not finished was not tested.
pub(super) fn unfinished(config: &Config, receipts: &[Receipt], open: usize) -> Vec<String> {
    let commands = receipts.len() - config.membership.len()..receipts.len();
    let last = receipts[commands].iter().rev().take(open).filter(|receipt| receipt.struck.is_some());
    last.map(|receipt| format!("{} was not carried out to the end: {}", receipt.name, receipt.effect))
        .collect()
}
