//! Whom a fault means, at the moment it strikes.

use super::Simulation;
use crate::fault::{Action, Target};
use crate::node::{Node, NodeId};

impl<N: Node> Simulation<N> {
    /// Resolves the targets of fired faults that depend on roles; whether one of them stops `id`.
    pub(super) fn resolve_roles(&mut self, id: NodeId) -> bool {
        let mut fatal = false;
        let mut fired = std::mem::take(&mut self.world.fired);
        for fired in fired.iter_mut().filter(|f| f.resolved.is_none()) {
            if self.world.faults.needs_roles(fired.fault) {
                let action = self.world.faults.fault(fired.fault).action.clone();
                let nodes = self.resolve(fired.fault, first_target(&action), Some(fired.marker));
                fatal |= nodes.contains(&id);
                fired.resolved = Some(nodes);
            }
        }
        self.world.fired = fired;
        fatal
    }

    /// Who is meant, now.
    pub(super) fn resolve(&mut self, fault: usize, target: &Target, marker: Option<NodeId>) -> Vec<NodeId> {
        match target {
            Target::Nodes(nodes) => without_repeats(nodes),
            Target::Marker => marker.into_iter().collect(),
            Target::Role(role) => self.players(role),
            Target::OneOf(role) => {
                let players = self.players(role);
                if players.is_empty() {
                    return players;
                }
                let drawn = self.world.faults.stream(fault).below(players.len() as u64);
                vec![players[drawn as usize]]
            }
        }
    }

    fn players(&self, role: &str) -> Vec<NodeId> {
        let nodes = self.nodes.iter().zip(0..);
        nodes.filter(|(node, _)| node.plays(role)).map(|(_, id)| NodeId(id)).collect()
    }
}

fn without_repeats(nodes: &[NodeId]) -> Vec<NodeId> {
    let mut seen = Vec::with_capacity(nodes.len());
    for node in nodes {
        if !seen.contains(node) {
            seen.push(*node);
        }
    }
    seen
}

/// Both ends of the links, each node once, in order.
pub(super) fn ends_of(links: &[(NodeId, NodeId)]) -> Vec<NodeId> {
    let mut ends: Vec<NodeId> = links.iter().flat_map(|(from, to)| [*from, *to]).collect();
    ends.sort_unstable();
    ends.dedup();
    ends
}

pub(super) fn first_target(action: &Action) -> &Target {
    match action {
        Action::Cut { from, .. } => from,
        Action::Crash { target, .. }
        | Action::Pause { target }
        | Action::Slow { target, .. }
        | Action::Links { target, .. }
        | Action::ClockJump { target, .. } => target,
        Action::CutLinks { .. } => unreachable!("a list of links has no target"),
    }
}
