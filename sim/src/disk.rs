//! A node's disk: buffered and forced writes, one sync at a time, group commit; and bulk that takes time by its bytes.
//!
//! Reads wait in the same queue as writes: whoever copies a table keeps commits waiting. A read needs no sync of its
//! own, but where others commit with it, one answer comes to all.

use std::collections::VecDeque;

use crate::key::Key;
use crate::node::WriteId;
use crate::random::Random;
use crate::sampler::Sampler;
use crate::time::{SECOND, Time};

/// A disk and what waits for it.
#[derive(Clone, Debug)]
pub(crate) struct DiskQueue {
    // What the disk is like; without one, every time is zero.
    write: Option<Sampler>,
    sync: Option<Sampler>,
    group_commit: bool,
    bandwidth_bytes_per_s: Option<u64>,
    random: Random,
    // What was asked for, in order, and is not under way yet.
    waiting: VecDeque<Waiting>,
    urgent: usize,
    running: Option<Round>,
    last_id: u64,
}

/// What a node asks of its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Durable with the next sync that starts.
    Write,
    /// A sync of its own, or one with others; so many bytes beyond a record's.
    Force { bytes: u64 },
    /// So many bytes, from the disk into memory.
    Read { bytes: u64 },
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    id: WriteId,
    request: Request,
    takes: Time,
}

#[derive(Clone, Copy, Debug)]
struct Round {
    through: WriteId,
    ends: Key,
    /// Not if it only reads.
    syncs: bool,
}

/// What the disk does next, and how long that takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    pub through: WriteId,
    pub takes: Time,
    pub syncs: bool,
}

impl DiskQueue {
    /// `samplers`: of a write and of a sync; `None` for a disk that takes no time.
    pub fn new(
        samplers: Option<(Sampler, Sampler)>,
        group_commit: bool,
        bandwidth_bytes_per_s: Option<u64>,
        random: Random,
    ) -> Self {
        let (write, sync) = samplers.unzip();
        Self {
            write,
            sync,
            group_commit,
            bandwidth_bytes_per_s,
            random,
            waiting: VecDeque::new(),
            urgent: 0,
            running: None,
            last_id: 0,
        }
    }

    /// A write's number; it is never given again.
    pub const fn next_id(&mut self) -> WriteId {
        self.last_id += 1;
        WriteId(self.last_id)
    }

    /// Takes a request in.
    pub fn ask(&mut self, id: WriteId, request: Request) {
        let takes = match request {
            Request::Write => self.hand_over(),
            Request::Force { bytes } => self.hand_over().saturating_add(self.carry(bytes)),
            Request::Read { bytes } => self.carry(bytes),
        };
        self.waiting.push_back(Waiting { id, request, takes });
        self.urgent += usize::from(request.is_urgent());
    }

    fn hand_over(&mut self) -> Time {
        self.write.as_ref().map_or(0, |write| write.sample(self.random.next_u64()))
    }

    fn carry(&self, bytes: u64) -> Time {
        let Some(rate) = self.bandwidth_bytes_per_s else { return 0 };
        let takes = u128::from(bytes) * u128::from(SECOND) / u128::from(rate);
        Time::try_from(takes).unwrap_or(Time::MAX)
    }

    /// Gathers what the disk does next, if anybody waits for it and it is free.
    pub fn next_round(&mut self) -> Option<Next> {
        if self.running.is_some() || self.urgent == 0 {
            return None;
        }
        let (mut takes, mut syncs) = (0, false);
        let mut through = WriteId::default();
        while let Some(waiting) = self.waiting.pop_front() {
            let is_write = !matches!(waiting.request, Request::Read { .. });
            if is_write && !std::mem::replace(&mut syncs, true) {
                takes += self.sync.as_ref().map_or(0, |sync| sync.sample(self.random.next_u64()));
            }
            takes = takes.saturating_add(waiting.takes);
            through = waiting.id;
            self.urgent -= usize::from(waiting.request.is_urgent());
            if waiting.request.is_urgent() && !self.group_commit {
                break;
            }
        }
        Some(Next { through, takes, syncs })
    }

    /// The round begins; `ends` is its event.
    pub fn begin(&mut self, next: Next, ends: Key) {
        assert!(self.running.is_none(), "a disk does one thing at a time");
        self.running = Some(Round { through: next.through, ends, syncs: next.syncs });
    }

    /// Gives the running round another event.
    pub fn postpone(&mut self, from: Key, to: Key) {
        if let Some(round) = self.running.as_mut().filter(|round| round.ends == from) {
            round.ends = to;
        }
    }

    /// Whether this event ends the round that runs; a crash outdates the events of those before it.
    pub fn expects(&self, event: Key) -> bool {
        self.running.is_some_and(|round| round.ends == event)
    }

    /// The round ends: the last request it carried, and whether it was a sync.
    pub fn end(&mut self) -> (WriteId, bool) {
        let round = self.running.take().expect("a round that ends had begun");
        (round.through, round.syncs)
    }

    /// Drops everything not durable, and says what its last write was, if there was any.
    pub fn lose_unsynced(&mut self) -> Option<WriteId> {
        let running = self.running.take().map(|round| round.through);
        let last = self.waiting.back().map(|write| write.id).or(running);
        self.waiting.clear();
        self.urgent = 0;
        last
    }
}

impl Request {
    /// Whether somebody waits for it.
    const fn is_urgent(self) -> bool {
        !matches!(self, Self::Write)
    }
}

#[cfg(test)]
mod tests {
    use super::{DiskQueue, Next, Request};
    use crate::distribution::Distribution;
    use crate::key::{Key, Tag};
    use crate::node::WriteId;
    use crate::random::Random;
    use crate::sampler::Sampler;

    fn disk(group_commit: bool) -> DiskQueue {
        let takes = |ns| Sampler::new(&Distribution::constant_ns(ns));
        DiskQueue::new(
            Some((takes(10), takes(100))),
            group_commit,
            Some(1_000_000_000),
            Random::new(0, "disk", 0),
        )
    }

    fn write(disk: &mut DiskQueue, forced: bool) -> WriteId {
        let id = disk.next_id();
        disk.ask(id, if forced { Request::Force { bytes: 0 } } else { Request::Write });
        id
    }

    fn syncs(through: u64, takes: u64) -> Next {
        Next { through: WriteId(through), takes, syncs: true }
    }

    fn event(number: u64) -> Key {
        Key::new(number, number, Tag::Sync, 0)
    }

    #[test]
    fn one_sync_carries_all_that_waits_with_group_commit() {
        let mut disk = disk(true);
        write(&mut disk, false);
        write(&mut disk, true);
        let next = disk.next_round().unwrap();
        assert_eq!(next, syncs(2, 120));
        disk.begin(next, event(1));
        write(&mut disk, true);
        write(&mut disk, true);
        write(&mut disk, false);
        assert_eq!(disk.next_round(), None, "one sync at a time");
        assert!(disk.expects(event(1)));
        assert_eq!(disk.end(), (WriteId(2), true));
        assert_eq!(disk.next_round(), Some(syncs(5, 130)));
    }

    #[test]
    fn each_forced_write_has_a_sync_of_its_own_without() {
        let mut disk = disk(false);
        for forced in [true, false, true] {
            write(&mut disk, forced);
        }
        let first = disk.next_round().unwrap();
        assert_eq!(first, syncs(1, 110));
        disk.begin(first, event(1));
        disk.end();
        assert_eq!(disk.next_round(), Some(syncs(3, 120)));
    }

    #[test]
    fn a_buffered_write_alone_waits_for_a_forced_one() {
        let mut disk = disk(true);
        write(&mut disk, false);
        assert_eq!(disk.next_round(), None);
    }

    #[test]
    fn a_crash_outdates_the_running_sync_and_never_reuses_an_id() {
        let mut disk = disk(true);
        write(&mut disk, true);
        let next = disk.next_round().unwrap();
        disk.begin(next, event(1));
        write(&mut disk, true);
        assert_eq!(disk.lose_unsynced(), Some(WriteId(2)));
        assert!(!disk.expects(event(1)));
        assert_eq!(disk.lose_unsynced(), None);
        assert_eq!(write(&mut disk, true), WriteId(3));
    }

    #[test]
    fn a_read_takes_its_bytes_and_no_sync() {
        let mut disk = disk(true);
        let id = disk.next_id();
        disk.ask(id, Request::Read { bytes: 64 });
        let next = disk.next_round().unwrap();
        assert_eq!(next, Next { through: id, takes: 64, syncs: false });
        disk.begin(next, event(1));
        assert_eq!(disk.end(), (id, false));
    }

    #[test]
    fn a_commit_waits_for_the_bulk_beside_it() {
        let mut disk = disk(true);
        write(&mut disk, true);
        let (read, bulk) = (disk.next_id(), disk.next_id());
        disk.ask(read, Request::Read { bytes: 1_000 });
        disk.ask(bulk, Request::Force { bytes: 500 });
        assert_eq!(disk.next_round(), Some(syncs(3, 100 + 10 + 1_000 + 10 + 500)));
    }
}
