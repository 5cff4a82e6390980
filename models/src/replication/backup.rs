//! What a log replica does as backup: check, append, force, acknowledge.

use shardlab_sim::NodeId;

use super::log::{LogPort, LogReplica, Standing, Then};
use crate::message::{Entries, Entry, LogMessage, Position};
use crate::shard_map::Epoch;

impl LogReplica {
    /// Raft §5.3, the receiver's rules of AppendEntries.
    pub(super) fn append(
        &mut self,
        from: NodeId,
        epoch: Epoch,
        previous: Position,
        committed: u32,
        entries: Entries,
        port: &mut LogPort<'_, '_>,
    ) {
        if epoch < self.promised && !self.no_fencing() {
            return port.send(from, LogMessage::Deposed { epoch: self.promised });
        }
        if self.is_primary() && (epoch == self.promised || self.no_fencing()) {
            assert!(self.no_fencing(), "an epoch has one primary");
            return;
        }
        if epoch > self.promised || self.primary() != Some(from) {
            self.follow(from, epoch, port);
        }
        if self.log.position(previous.index) != Some(previous) {
            let retry_after = self.log.last_index().min(previous.index.saturating_sub(1));
            return port.send(from, LogMessage::Mismatch { epoch, retry_after });
        }
        let end = self.take(previous.index, entries, port);
        self.learn_commit(committed.min(end));
        if end <= self.durable {
            let committed = self.committed.min(end);
            port.send(from, LogMessage::Appended { epoch, durable: end, committed });
        }
    }

    /// Follows `from` in `epoch`. Without fencing an old epoch's primary is followed as readily as a new one.
    fn follow(&mut self, from: NodeId, epoch: Epoch, port: &mut LogPort<'_, '_>) {
        self.promise(epoch.max(self.promised), Some(from), port);
        self.standing = Standing::Backup { primary: Some(from), reign: epoch, verified: 0 };
    }

    /// Takes the entries after `previous`; returns where they end. Entries that are there already are kept, so that a
    /// late repetition never cuts off what came after it.
    fn take(&mut self, previous: u32, entries: Entries, port: &mut LogPort<'_, '_>) -> u32 {
        let mut index = previous;
        let (mut grown, mut bulk) = (false, 0);
        let mut take = |replica: &mut Self, entry: Entry| {
            index += 1;
            match replica.log.get(index) {
                Some(have) if have.epoch == entry.epoch => return,
                Some(_) => replica.truncate_from(index),
                None => {}
            }
            bulk += entry.command.bulk_bytes();
            replica.log.push(entry);
            grown = true;
        };
        match entries {
            Entries::None => {}
            Entries::One(entry) => take(self, entry),
            Entries::Many(entries) => entries.into_iter().for_each(|entry| take(self, entry)),
        }
        if let Standing::Backup { verified, .. } = &mut self.standing {
            *verified = (*verified).max(index);
        }
        if grown {
            port.force_bulk(Then::Logged(self.log.last()), bulk);
        }
        index
    }

    fn learn_commit(&mut self, committed: u32) {
        self.committed = self.committed.max(committed);
    }

    /// The disk has the log up to `position`, unless that entry was given up meanwhile. A backup acknowledges only
    /// what it knows to be its primary's.
    pub(super) fn logged(&mut self, position: Position, port: &mut LogPort<'_, '_>) {
        if self.log.position(position.index) == Some(position) {
            self.durable = self.durable.max(position.index);
        }
        match &self.standing {
            Standing::Primary { .. } => self.advance_commit(),
            Standing::Backup { primary: Some(primary), reign, verified } => {
                let durable = self.durable.min(*verified);
                if durable > 0 {
                    // What a deposed asynchronous primary had committed by itself does not count.
                    let (epoch, committed) = (*reign, self.committed.min(*verified));
                    port.send(*primary, LogMessage::Appended { epoch, durable, committed });
                }
            }
            Standing::Backup { primary: None, .. } => {}
        }
    }
}
