//! What a log replica does as primary: order, ship, count acknowledgements, ship again.

use shardlab_sim::NodeId;

use super::log::{LogPort, LogReplica, Progress, Standing, Then};
use super::{Ack, Refused};
use crate::config::Bug;
use crate::message::{Command, Entries, Entry, LogMessage};
use crate::shard_map::{Assignment, Epoch};

/// Entries in one catch-up message: bounds its size; 64 entries of 1 kB fill a 64 KiB socket buffer.
const BATCH_ENTRIES: usize = 64;

/// Messages of catch-up under way to one copy at once.
const WINDOW_ENTRIES: u32 = 4 * BATCH_ENTRIES as u32;

impl LogReplica {
    pub(super) fn progress(&self, assignment: &Assignment) -> Vec<Progress> {
        let others = assignment.copies.iter().filter(|&&node| node != self.settings.me);
        others.map(|&node| fresh(node, assignment.members.contains(&node), self.log.last_index())).collect()
    }

    /// Ships the log to a learner from now on, from its beginning.
    pub fn admit(&mut self, learner: NodeId, port: &mut LogPort<'_, '_>) {
        let Standing::Primary { others, .. } = &mut self.standing else { return };
        if others.iter().all(|other| other.node != learner) {
            others.push(fresh(learner, false, 0));
            self.ship(learner, port);
        }
    }

    /// Forgets learners that come no more; copies of the epoch stay.
    pub fn dismiss(&mut self, stays: impl Fn(NodeId) -> bool) {
        if let Standing::Primary { others, .. } = &mut self.standing {
            others.retain(|other| other.member || stays(other.node));
        }
    }

    /// Whether a learner has the log within one window of its end.
    #[must_use]
    pub fn is_near(&self, learner: NodeId) -> bool {
        let Standing::Primary { others, .. } = &self.standing else { return false };
        let last = self.log.last_index();
        let near =
            |other: &Progress| last == 0 || (other.durable > 0 && other.durable + WINDOW_ENTRIES >= last);
        others.iter().any(|other| other.node == learner && near(other))
    }

    /// Begins a reign with an entry of its own, which commits what earlier epochs left (Raft §5.4.2).
    pub(super) fn take_office(&mut self, assignment: &Assignment, port: &mut LogPort<'_, '_>) {
        let others = self.progress(assignment);
        let barrier = self.log.last_index() + 1;
        self.standing = Standing::Primary { others, barrier };
        self.order(Command::Barrier, port).expect("a primary takes its own entry");
    }

    /// Logs a command on the only copy without forcing it: it counts at once, and a crash may undo it.
    ///
    /// # Errors
    /// This copy is not the primary.
    pub fn submit_lazily(&mut self, command: Command, port: &mut LogPort<'_, '_>) -> Result<(), Refused> {
        assert!(self.is_alone(), "other copies need to know when an entry is on disk");
        if !self.is_primary() {
            return Err(Refused);
        }
        self.log.push(Entry { epoch: self.promised, command });
        port.write();
        self.lazy.push_back(self.log.last_index());
        Ok(())
    }

    /// Whether there is no other copy to ship to.
    #[must_use]
    pub fn is_alone(&self) -> bool {
        !matches!(&self.standing, Standing::Primary { others, .. } if !others.is_empty())
    }

    /// Logs a command and ships it.
    pub(super) fn order(&mut self, command: Command, port: &mut LogPort<'_, '_>) -> Result<(), Refused> {
        let Standing::Primary { others, .. } = &mut self.standing else { return Err(Refused) };
        let previous = self.log.last();
        let entry = Entry { epoch: self.promised, command };
        let bulk = entry.command.bulk_bytes();
        for other in others.iter_mut().filter(|other| other.sent == previous.index) {
            other.sent += 1;
            let (epoch, committed) = (self.promised, self.committed);
            let entries = Entries::One(entry.clone());
            port.send(other.node, LogMessage::Append { epoch, previous, committed, entries });
        }
        self.log.push(entry);
        port.force_bulk(Then::Logged(self.log.last()), bulk);
        Ok(())
    }

    /// Another copy has the log up to `durable` on its disk, and knows it committed up to `committed`.
    pub(super) fn appended(
        &mut self,
        from: NodeId,
        durable: u32,
        committed: u32,
        port: &mut LogPort<'_, '_>,
    ) {
        let now = port.now();
        let last = self.log.last_index();
        let Standing::Primary { others, .. } = &mut self.standing else { return };
        let Some(other) = others.iter_mut().find(|other| other.node == from) else { return };
        assert!(durable <= last, "a copy never has more of an epoch than its primary");
        other.durable = other.durable.max(durable);
        // It may have crashed and forgotten: what it said last counts.
        other.committed = committed;
        other.sent = other.sent.max(durable);
        if other.timed.is_some_and(|(index, _)| index <= durable) {
            let (_, sent) = other.timed.take().expect("it was just looked at");
            self.lag_ns.push(now - sent);
        }
        self.advance_commit();
        self.ship(from, port);
    }

    /// Another copy's log differs: go back, and send from there.
    pub(super) fn mismatch(&mut self, from: NodeId, retry_after: u32, port: &mut LogPort<'_, '_>) {
        let no_fencing = self.no_fencing();
        let Standing::Primary { others, .. } = &mut self.standing else { return };
        let Some(other) = others.iter_mut().find(|other| other.node == from) else { return };
        // What a copy has acknowledged it keeps, unless another primary was allowed to overwrite it.
        if no_fencing {
            other.durable = other.durable.min(retry_after);
        }
        other.sent = retry_after.max(other.durable).min(other.sent);
        self.ship(from, port);
    }

    /// Commits what enough members have: a majority, all, or the primary alone. Only entries of its own epoch count;
    /// earlier ones are committed with them (Raft §5.4.2).
    pub(super) fn advance_commit(&mut self) {
        let Standing::Primary { others, .. } = &self.standing else { return };
        let alone = self.settings.ack == Ack::Async || self.settings.bugs.contains(Bug::AckBeforeReplication);
        let members = others.iter().filter(|other| other.member);
        let reached = match self.settings.ack {
            _ if alone => self.durable,
            Ack::All => members.map(|other| other.durable).fold(self.durable, u32::min),
            Ack::Quorum | Ack::Async => {
                let copies = members.clone().count() + 1;
                highest_reached_by(copies / 2 + 1, self.durable, members.map(|other| other.durable))
            }
        };
        let own = self.log.get(reached).is_some_and(|entry| entry.epoch == self.promised);
        if own && reached > self.committed {
            self.committed = reached;
        }
    }

    /// Sends what one copy lacks, a window at a time.
    fn ship(&mut self, to: NodeId, port: &mut LogPort<'_, '_>) {
        let (epoch, committed, last) = (self.promised, self.committed, self.log.last_index());
        let Standing::Primary { others, .. } = &mut self.standing else { return };
        let Some(other) = others.iter_mut().find(|other| other.node == to) else { return };
        while other.sent < last && other.sent < other.durable + WINDOW_ENTRIES {
            let previous = self.log.position(other.sent).expect("what was sent is in the log");
            let entries = batch(self.log.after(other.sent, BATCH_ENTRIES), &mut other.sent);
            port.send(to, LogMessage::Append { epoch, previous, committed, entries });
        }
    }

    /// Whether a tick would find nothing to do, now and until something happens here.
    pub fn is_at_rest(&self) -> bool {
        let Standing::Primary { others, .. } = &self.standing else { return true };
        let last = self.log.last_index();
        others.iter().all(|other| {
            let has_all = other.durable == last && other.sent == last && other.committed >= self.committed;
            has_all && other.durable_at_tick == last && other.ticks_without_progress == 0
        })
    }

    /// At every tick: copies that made no progress are sent everything again from what they have, and those that have
    /// not heard of the last commit hear of it.
    pub(super) fn resend(&mut self, port: &mut LogPort<'_, '_>) {
        let last = self.log.last_index();
        let (epoch, committed, now) = (self.promised, self.committed, port.now());
        let Standing::Primary { others, .. } = &mut self.standing else { return };
        let mut behind = Vec::new();
        for other in others.iter_mut() {
            let waiting = other.durable < other.sent && other.durable == other.durable_at_tick;
            other.ticks_without_progress = if waiting { other.ticks_without_progress + 1 } else { 0 };
            other.durable_at_tick = other.durable;
            if other.ticks_without_progress >= self.settings.resend_after_ticks {
                other.ticks_without_progress = 0;
                other.sent = other.durable;
                other.timed = None;
            } else if other.durable < last && other.timed.is_none() {
                other.timed = Some((last, now));
            }
            if other.sent < last {
                behind.push(other.node);
            } else if other.committed < committed {
                let previous = self.log.position(other.sent).unwrap_or_default();
                let entries = Entries::None;
                port.send(other.node, LogMessage::Append { epoch, previous, committed, entries });
            }
        }
        behind.into_iter().for_each(|node| self.ship(node, port));
    }

    /// Copies that are no members and have caught up, for the control plane to readmit.
    pub fn readmittable(&self) -> impl Iterator<Item = NodeId> + '_ {
        let others: &[Progress] = match &self.standing {
            Standing::Primary { others, .. } => others,
            Standing::Backup { .. } => &[],
        };
        // Within one window of the end it will have caught up before the new epoch begins.
        let near = self.log.last_index().saturating_sub(WINDOW_ENTRIES);
        others
            .iter()
            .filter(move |other| !other.member && other.durable > 0 && other.durable >= near)
            .map(|other| other.node)
    }

    /// Whether it leads `epoch`, has committed what earlier ones left, and `copy` has that on its disk.
    #[must_use]
    pub fn is_settled(&self, epoch: Epoch, copy: NodeId) -> bool {
        let Standing::Primary { others, barrier } = &self.standing else { return false };
        let has_it = |other: &Progress| other.node == copy && other.durable >= *barrier;
        let is_there = copy == self.settings.me || others.iter().any(has_it);
        self.promised == epoch && self.may_answer() && is_there
    }

    /// The members besides itself, while it is primary.
    pub fn other_members(&self) -> impl Iterator<Item = NodeId> + '_ {
        let others: &[Progress] = match &self.standing {
            Standing::Primary { others, .. } => others,
            Standing::Backup { .. } => &[],
        };
        others.iter().filter(|other| other.member).map(|other| other.node)
    }
}

fn fresh(node: NodeId, member: bool, sent: u32) -> Progress {
    Progress {
        node,
        member,
        durable: 0,
        sent,
        committed: 0,
        durable_at_tick: 0,
        ticks_without_progress: 0,
        timed: None,
    }
}

fn batch(entries: &[Entry], sent: &mut u32) -> Entries {
    *sent += u32::try_from(entries.len()).expect("a batch is small");
    match entries {
        [] => Entries::None,
        [one] => Entries::One(one.clone()),
        many => Entries::Many(many.into()),
    }
}

/// The highest index that at least `majority` of `mine` and `others` have reached.
fn highest_reached_by(majority: usize, mine: u32, others: impl Iterator<Item = u32> + Clone) -> u32 {
    let at_least =
        |index: u32| usize::from(mine >= index) + others.clone().filter(|&other| other >= index).count();
    std::iter::once(mine)
        .chain(others.clone())
        .filter(|&index| at_least(index) >= majority)
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::highest_reached_by;

    #[test]
    fn a_majority_is_counted_and_not_guessed() {
        let reached = |mine, others: &[u32]| {
            let copies = others.len() + 1;
            highest_reached_by(copies / 2 + 1, mine, others.iter().copied())
        };
        assert_eq!(reached(7, &[]), 7);
        assert_eq!(reached(7, &[3]), 3, "two copies: a majority is both");
        assert_eq!(reached(7, &[5, 3]), 5);
        assert_eq!(reached(2, &[5, 5]), 5, "the primary's own disk may be the slow one");
        assert_eq!(reached(9, &[8, 1, 1]), 1, "four copies: a majority is three");
        assert_eq!(reached(9, &[8, 7, 1, 1]), 7);
    }
}
