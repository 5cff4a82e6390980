//! Whom a fault means, at the moment it strikes.

use super::{FaultBook, Fired};
use crate::fault::{Action, Target};
use crate::node::{Node, NodeId};

impl FaultBook {
    /// Resolves the targets of fired faults that depend on roles; whether one of them stops `id`.
    pub fn resolve_roles<N: Node>(&mut self, fired: &mut [Fired], nodes: &[N], id: NodeId) -> bool {
        let mut fatal = false;
        for fired in fired.iter_mut().filter(|f| f.resolved.is_none()) {
            if self.needs_roles(fired.fault) {
                let action = self.fault(fired.fault).action.clone();
                let resolved = self.resolve(fired.fault, first_target(&action), Some(fired.marker), nodes);
                fatal |= resolved.contains(&id);
                fired.resolved = Some(resolved);
            }
        }
        fatal
    }

    /// Who is meant, now.
    pub fn resolve<N: Node>(
        &mut self,
        fault: usize,
        target: &Target,
        marker: Option<NodeId>,
        nodes: &[N],
    ) -> Vec<NodeId> {
        match target {
            Target::Nodes(listed) => without_repeats(listed),
            Target::Marker => marker.into_iter().collect(),
            Target::Role(role) => players(nodes, role),
            Target::OneOf(role) => {
                let players = players(nodes, role);
                if players.is_empty() {
                    return players;
                }
                let drawn = self.stream(fault).below(players.len() as u64);
                vec![players[drawn as usize]]
            }
        }
    }
}

fn players<N: Node>(nodes: &[N], role: &str) -> Vec<NodeId> {
    let numbered = nodes.iter().zip(0..);
    numbered.filter(|(node, _)| node.plays(role)).map(|(_, id)| NodeId(id)).collect()
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
pub(crate) fn ends_of(links: &[(NodeId, NodeId)]) -> Vec<NodeId> {
    let mut ends: Vec<NodeId> = links.iter().flat_map(|(from, to)| [*from, *to]).collect();
    ends.sort_unstable();
    ends.dedup();
    ends
}

pub(crate) fn first_target(action: &Action) -> &Target {
    match action {
        Action::Cut { from, .. } => from,
        Action::Crash { target, .. }
        | Action::Lose { target }
        | Action::Pause { target }
        | Action::Slow { target, .. }
        | Action::Links { target, .. }
        | Action::ClockJump { target, .. } => target,
        Action::CutLinks { .. } => unreachable!("a list of links has no target"),
    }
}
