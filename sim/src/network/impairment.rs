//! What a fault does to links while it lasts.

use std::collections::BTreeSet;

use crate::fault::{Direction, InFlight};
use crate::node::NodeId;
use crate::striking::FaultBook;
use crate::time::Time;

/// A cut or a degradation that is going on.
#[derive(Clone, Debug)]
pub(crate) struct Impairment {
    /// Index into the schedule.
    pub fault: usize,
    pub effect: LinkEffect,
}

#[derive(Clone, Debug)]
pub(crate) enum LinkEffect {
    Cut { links: LinkSet, in_flight: InFlight },
    Degrade { nodes: NodeSet, loss_ppb: u64, duplicate_ppb: u64, delay_ns: Time },
}

/// How a cut stops what is sent into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    Block,
    Hold,
}

impl Impairment {
    /// How it stops messages over this link, if it does.
    pub fn gate(&self, from: NodeId, to: NodeId) -> Option<Gate> {
        match &self.effect {
            LinkEffect::Cut { links, in_flight } if links.contains(from, to) => {
                Some(if *in_flight == InFlight::Hold { Gate::Hold } else { Gate::Block })
            }
            _ => None,
        }
    }

    /// By how much it delays a message.
    pub fn delay(&self, from: NodeId, to: NodeId, faults: &mut FaultBook) -> Time {
        match &self.effect {
            LinkEffect::Degrade { nodes, delay_ns, .. } if *delay_ns > 0 && nodes.touches(from, to) => {
                faults.changes(self.fault).delayed += 1;
                *delay_ns
            }
            _ => 0,
        }
    }

    /// Whether it loses this attempt; `retried`: the link will send it again.
    pub fn loses(&mut self, from: NodeId, to: NodeId, retried: bool, faults: &mut FaultBook) -> bool {
        match &self.effect {
            LinkEffect::Degrade { nodes, loss_ppb, .. } if *loss_ppb > 0 && nodes.touches(from, to) => {
                let lost = faults.stream(self.fault).chance_ppb(*loss_ppb);
                let changes = faults.changes(self.fault);
                *(if retried { &mut changes.delayed } else { &mut changes.lost }) += u64::from(lost);
                lost
            }
            _ => false,
        }
    }

    /// Whether it doubles this message.
    pub fn duplicates(&mut self, from: NodeId, to: NodeId, faults: &mut FaultBook) -> bool {
        match &self.effect {
            LinkEffect::Degrade { nodes, duplicate_ppb, .. }
                if *duplicate_ppb > 0 && nodes.touches(from, to) =>
            {
                let doubled = faults.stream(self.fault).chance_ppb(*duplicate_ppb);
                faults.changes(self.fault).duplicated += u64::from(doubled);
                doubled
            }
            _ => false,
        }
    }
}

/// Directed links.
#[derive(Clone, Debug)]
pub(crate) enum LinkSet {
    /// From one group to another; and back.
    Between { from: NodeSet, to: NodeSet, direction: Direction },
    /// These.
    Listed(BTreeSet<(NodeId, NodeId)>),
}

impl LinkSet {
    pub fn contains(&self, from: NodeId, to: NodeId) -> bool {
        match self {
            Self::Between { from: here, to: there, direction } => {
                let forth = here.contains(from) && there.contains(to);
                let back = here.contains(to) && there.contains(from);
                forth || (*direction == Direction::Both && back)
            }
            Self::Listed(links) => links.contains(&(from, to)),
        }
    }
}

/// A set of nodes, one bit each.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeSet {
    words: Vec<u64>,
}

impl NodeSet {
    pub fn contains(&self, node: NodeId) -> bool {
        self.words.get(node.index() / 64).is_some_and(|word| word >> (node.index() % 64) & 1 == 1)
    }

    fn touches(&self, from: NodeId, to: NodeId) -> bool {
        self.contains(from) || self.contains(to)
    }
}

impl<'a> FromIterator<&'a NodeId> for NodeSet {
    fn from_iter<I: IntoIterator<Item = &'a NodeId>>(nodes: I) -> Self {
        let mut words = Vec::new();
        for node in nodes {
            let word = node.index() / 64;
            if word >= words.len() {
                words.resize(word + 1, 0);
            }
            words[word] |= 1 << (node.index() % 64);
        }
        Self { words }
    }
}
