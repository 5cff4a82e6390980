//! One change of a shard under way: who has promised the next epoch, and where their logs end.

use shardlab_sim::{NodeId, Time};

use crate::message::Position;
use crate::replication::Ack;
use crate::shard_map::{Assignment, Epoch};

/// A change under way.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) epoch: Epoch,
    /// When it began.
    pub(super) since: Time,
    /// When the shard lost its primary, if that is why. For the measures.
    pub(super) absent_since: Option<Time>,
    /// Copies that have caught up and are to count again.
    pub(super) readmitted: Vec<NodeId>,
    /// A server that gets a copy with this change.
    pub(super) joining: Option<NodeId>,
    /// A server whose copy counts no more from this change on.
    pub(super) leaving: Option<NodeId>,
    /// A primary that is to lead no more, though its copy stays.
    pub(super) abdicating: Option<NodeId>,
    /// Who is to lead, if its log is as long as any.
    pub(super) preferred: Option<NodeId>,
    // In the order of their answers.
    fenced: Vec<(NodeId, Position)>,
}

impl Change {
    pub(super) fn new(epoch: Epoch, since: Time, absent_since: Option<Time>) -> Self {
        Self {
            epoch,
            since,
            absent_since,
            readmitted: Vec::new(),
            joining: None,
            leaving: None,
            abdicating: None,
            preferred: None,
            fenced: Vec::new(),
        }
    }

    /// `copy` has promised; its log ends at `last`.
    pub(super) fn note(&mut self, copy: NodeId, last: Position) {
        if !self.counts_on(copy) {
            self.fenced.push((copy, last));
        }
    }

    pub(super) fn counts_on(&self, copy: NodeId) -> bool {
        self.fenced.iter().any(|&(fenced, _)| fenced == copy)
    }

    /// Whether what was committed is known, and nothing more can be: a majority has promised, or will never again say
    /// anything, and among those that may lead one has every committed entry, because their number and that of those
    /// that it takes to commit are more than all.
    pub(super) fn is_decided(&self, old: &Assignment, ack: Ack, is_lost: impl Fn(NodeId) -> bool) -> bool {
        let members = old.members.len();
        let promised = |&&copy: &&NodeId| self.counts_on(copy) || is_lost(copy);
        let majority = members / 2 + 1;
        let committing = if ack == Ack::Quorum { majority } else { members };
        let leaders = self.candidates(old).count();
        old.members.iter().filter(promised).count() >= majority
            && leaders > 0
            && leaders + committing > members
    }

    /// An asynchronous primary alone has what it acknowledged last: it goes on leading, where it was to leave or to hand its
    /// office over, while nobody else has its whole log. Whoever wanted that tries again.
    pub(super) fn keep_leader_that_is_ahead(&mut self, old: &Assignment) {
        let goes = |primary: &NodeId| self.leaving == Some(*primary) || self.abdicating == Some(*primary);
        let Some(primary) = old.primary.filter(goes) else { return };
        let Some(&(_, last)) = self.fenced.iter().find(|(copy, _)| *copy == primary) else { return };
        if self.candidates(old).all(|(_, end)| end < last) {
            (self.leaving, self.abdicating, self.preferred) = (None, None, None);
        }
    }

    /// Those that have promised, were members and may lead.
    fn candidates(&self, old: &Assignment) -> impl Iterator<Item = (NodeId, Position)> {
        let may = |(copy, _): &(NodeId, Position)| {
            old.members.contains(copy) && self.leaving != Some(*copy) && self.abdicating != Some(*copy)
        };
        self.fenced.iter().copied().filter(may)
    }

    /// The next assignment: the highest (last epoch, length) leads; the old primary if it has it too.
    pub(super) fn assignment(&self, old: &Assignment, ack: Ack, any_log: bool) -> Assignment {
        let members = self.members(old, ack);
        let (primary, _) = if any_log {
            self.candidates(old).next()
        } else {
            self.candidates(old).max_by_key(|&(copy, last)| {
                let wanted = self.preferred.map_or(old.primary == Some(copy), |preferred| preferred == copy);
                (last, wanted, std::cmp::Reverse(copy))
            })
        }
        .expect("somebody may lead, or the change would not be decided");
        Assignment { epoch: self.epoch, primary: Some(primary), members, copies: self.copies(old) }
    }

    fn copies(&self, old: &Assignment) -> Vec<NodeId> {
        let stays = old.copies.iter().copied().filter(|copy| self.leaving != Some(*copy));
        stays.chain(self.joining).collect()
    }

    /// Whose acknowledgements will count: every copy; with `all`, those that are there.
    fn members(&self, old: &Assignment, ack: Ack) -> Vec<NodeId> {
        let counts = |copy: &&NodeId| {
            ack != Ack::All
                || self.joining == Some(**copy)
                || (self.counts_on(**copy) && (old.members.contains(copy) || self.readmitted.contains(copy)))
        };
        self.copies(old).iter().filter(counts).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(answers: &[(u32, u32, u32)]) -> Change {
        let mut change = Change::new(Epoch(7), 0, None);
        for &(copy, epoch, index) in answers {
            change.note(NodeId(copy), Position { epoch: Epoch(epoch), index });
        }
        change
    }

    fn old(members: &[u32]) -> Assignment {
        let nodes = |numbers: &[u32]| numbers.iter().map(|&number| NodeId(number)).collect();
        Assignment {
            epoch: Epoch(6),
            primary: Some(NodeId(1)),
            members: nodes(members),
            copies: nodes(&[1, 2, 3]),
        }
    }

    fn primary(answers: &[(u32, u32, u32)]) -> u32 {
        change(answers).assignment(&old(&[1, 2, 3]), Ack::Quorum, false).primary.expect("there is one").0
    }

    #[test]
    fn the_last_epoch_counts_before_the_length() {
        assert_eq!(primary(&[(2, 4, 90), (3, 5, 10)]), 3);
        assert_eq!(primary(&[(2, 5, 11), (3, 5, 10)]), 2);
    }

    #[test]
    fn among_equals_the_old_primary_stays_and_else_the_first_copy_leads() {
        assert_eq!(primary(&[(3, 5, 10), (1, 5, 10)]), 1);
        assert_eq!(primary(&[(3, 5, 10), (2, 5, 10)]), 2);
    }

    #[test]
    fn with_all_the_members_are_those_that_answered_and_are_up_to_date() {
        let members = |members: &[u32], readmitted: &[u32], ack| {
            let mut change = change(&[(1, 5, 10), (3, 5, 10)]);
            change.readmitted = readmitted.iter().map(|&copy| NodeId(copy)).collect();
            change.assignment(&old(members), ack, false).members.iter().map(|node| node.0).collect::<Vec<_>>()
        };
        assert_eq!(members(&[1, 2, 3], &[], Ack::All), [1, 3]);
        assert_eq!(members(&[1, 2], &[], Ack::All), [1]);
        assert_eq!(members(&[1, 2], &[3], Ack::All), [1, 3]);
        assert_eq!(members(&[1, 2, 3], &[], Ack::Quorum), [1, 2, 3]);
    }
}
