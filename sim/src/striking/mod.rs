//! The fault schedule while it runs: which marks are waited for, what has struck, and what each changed.
//!
//! Both engines share it; what a crash or a pause does to inboxes and timers is theirs.

mod changes;
mod targets;

pub(crate) use changes::Changes;
pub(crate) use targets::{ends_of, first_target};

use crate::fault::{Action, Fault, Receipt, Target, Trigger};
use crate::node::NodeId;
use crate::random::Random;
use crate::time::Time;

/// The schedule and its state.
#[derive(Clone, Debug)]
pub(crate) struct FaultBook {
    seed: u64,
    entries: Vec<Entry>,
    /// Faults hung on marks that have not occurred often enough.
    watching: Vec<usize>,
    /// After the healing of everything nothing strikes any more.
    closed: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    fault: Fault,
    marks: u64,
    stream: Option<Random>,
    nodes: Vec<NodeId>,
    aimed_at: usize,
    struck: Option<Time>,
    healed: Option<Time>,
    changes: Changes,
}

/// What a mark means for the node that emits it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Omen {
    /// Nothing hangs on it, or nothing that stops this node.
    Harmless,
    /// Whether it stops this node depends on the roles that nodes play.
    Undecided,
    /// It stops this node.
    Fatal,
}

/// A fault whose mark has occurred, to be applied right after the handler.
#[derive(Clone, Debug)]
pub(crate) struct Fired {
    pub fault: usize,
    pub marker: NodeId,
    /// Targets, where they had to be resolved early.
    pub resolved: Option<Vec<NodeId>>,
}

impl FaultBook {
    pub fn new(seed: u64, faults: Vec<Fault>) -> Self {
        let hangs_on_mark = |(_, f): &(usize, &Fault)| matches!(f.trigger, Trigger::When { .. });
        let watching = faults.iter().enumerate().filter(hangs_on_mark).map(|(index, _)| index).collect();
        Self { seed, entries: faults.into_iter().map(Entry::new).collect(), watching, closed: false }
    }

    /// When each fault with a fixed time strikes.
    pub fn timed(&self) -> impl Iterator<Item = (usize, Time)> {
        self.entries.iter().enumerate().filter_map(|(index, entry)| match entry.fault.trigger {
            Trigger::At(at) => Some((index, at)),
            Trigger::When { .. } => None,
        })
    }

    pub fn fault(&self, index: usize) -> &Fault {
        &self.entries[index].fault
    }

    /// The fault's own stream, made at its first draw.
    pub fn stream(&mut self, index: usize) -> &mut Random {
        let seed = self.seed;
        self.entries[index].stream.get_or_insert_with(|| Random::new(seed, "fault", index as u64))
    }

    pub fn changes(&mut self, index: usize) -> &mut Changes {
        &mut self.entries[index].changes
    }

    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    pub const fn watches(&self) -> bool {
        !self.watching.is_empty()
    }

    /// A node emits a mark: which faults fire, and what the gravest of them means for the node.
    pub fn mark(&mut self, name: &str, marker: NodeId, now: Time, fired: &mut Vec<Fired>) -> Omen {
        let mut omen = Omen::Harmless;
        let entries = &mut self.entries;
        self.watching.retain(|&index| {
            let entry = &mut entries[index];
            let fires = entry.fires(name, now);
            if fires {
                omen = omen.max(entry.omen(marker));
                fired.push(Fired { fault: index, marker, resolved: None });
            }
            !fires
        });
        omen
    }

    /// Whether the targets of this fault depend on roles.
    pub fn needs_roles(&self, index: usize) -> bool {
        matches!(stopped(&self.entries[index].fault.action), Some(Target::Role(_) | Target::OneOf(_)))
    }

    /// Notes a stroke.
    pub fn struck(&mut self, index: usize, now: Time, nodes: Vec<NodeId>, aimed_at: usize) {
        let entry = &mut self.entries[index];
        entry.struck = Some(now);
        entry.nodes = nodes;
        entry.aimed_at = aimed_at;
    }

    /// Notes the healing; false if it was not going on.
    pub fn heal(&mut self, index: usize, now: Time) -> bool {
        let entry = &mut self.entries[index];
        let goes_on = entry.struck.is_some() && entry.healed.is_none();
        if goes_on {
            entry.healed = Some(now);
        }
        goes_on
    }

    /// Nothing strikes from here on; returns what goes on and can be healed.
    pub fn close(&mut self) -> Vec<usize> {
        self.closed = true;
        self.watching.clear();
        let heals = |e: &Entry| !matches!(e.fault.action, Action::Lose { .. });
        let goes_on = |e: &Entry| e.struck.is_some() && e.healed.is_none() && heals(e);
        (0..self.entries.len()).filter(|&index| goes_on(&self.entries[index])).collect()
    }

    /// Whom a stroke hit.
    pub fn nodes(&self, index: usize) -> &[NodeId] {
        &self.entries[index].nodes
    }

    pub fn receipts(&self) -> Vec<Receipt> {
        self.entries.iter().enumerate().map(|(index, entry)| entry.receipt(index)).collect()
    }
}

/// Whom the action kills, if it kills processes. A paused process loses nothing: what its handler began, it ends.
const fn stopped(action: &Action) -> Option<&Target> {
    match action {
        Action::Crash { target, .. } | Action::Lose { target } => Some(target),
        _ => None,
    }
}

impl Entry {
    fn new(fault: Fault) -> Self {
        let changes = Changes::default();
        Self {
            fault,
            marks: 0,
            stream: None,
            nodes: Vec::new(),
            aimed_at: 0,
            struck: None,
            healed: None,
            changes,
        }
    }

    /// Counts a mark; true at the occurrence that matters.
    fn fires(&mut self, name: &str, now: Time) -> bool {
        match &self.fault.trigger {
            Trigger::When { mark, nth, not_before } if mark == name && now >= *not_before => {
                self.marks += 1;
                self.marks == *nth
            }
            _ => false,
        }
    }

    fn omen(&self, marker: NodeId) -> Omen {
        match stopped(&self.fault.action) {
            Some(Target::Marker) => Omen::Fatal,
            Some(Target::Nodes(nodes)) if nodes.contains(&marker) => Omen::Fatal,
            Some(Target::Role(_) | Target::OneOf(_)) => Omen::Undecided,
            Some(Target::Nodes(_)) | None => Omen::Harmless,
        }
    }

    fn receipt(&self, index: usize) -> Receipt {
        let effect = match (&self.fault.trigger, self.struck) {
            (_, Some(_)) => changes::effect(&self.fault.action, &self.nodes, &self.changes),
            (Trigger::When { mark, nth, .. }, None) => {
                format!("never struck: the mark `{mark}` occurred {} of {nth} times", self.marks)
            }
            (Trigger::At(_), None) => "never struck: the run ended or was healed before".into(),
        };
        Receipt {
            fault: index,
            name: self.fault.name.clone(),
            struck: self.struck,
            healed: self.healed,
            nodes: self.nodes.clone(),
            aimed_at: self.aimed_at,
            changed: self.changes.total(),
            effect,
        }
    }
}
