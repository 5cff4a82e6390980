//! A node's disk: buffered and forced writes, one sync at a time, group commit.

use std::collections::VecDeque;

use crate::key::Key;
use crate::node::WriteId;
use crate::random::Random;
use crate::sampler::Sampler;
use crate::time::Time;

/// A disk and what waits for it.
#[derive(Clone, Debug)]
pub(crate) struct DiskQueue {
    // What the disk is like; without one, every time is zero.
    write: Option<Sampler>,
    sync: Option<Sampler>,
    group_commit: bool,
    random: Random,
    // What was written, in order, and no sync has carried yet.
    waiting: VecDeque<Write>,
    forced_waiting: usize,
    running: Option<Sync>,
    last_id: u64,
}

#[derive(Clone, Copy, Debug)]
struct Write {
    id: WriteId,
    forced: bool,
    takes: Time,
}

#[derive(Clone, Copy, Debug)]
struct Sync {
    through: WriteId,
    ends: Key,
}

impl DiskQueue {
    /// `samplers`: of a write and of a sync; `None` for a disk that takes no time.
    pub fn new(samplers: Option<(Sampler, Sampler)>, group_commit: bool, random: Random) -> Self {
        let (write, sync) = samplers.unzip();
        Self {
            write,
            sync,
            group_commit,
            random,
            waiting: VecDeque::new(),
            forced_waiting: 0,
            running: None,
            last_id: 0,
        }
    }

    /// A write's number; it is never given again.
    pub const fn next_id(&mut self) -> WriteId {
        self.last_id += 1;
        WriteId(self.last_id)
    }

    /// Takes a write in; it becomes durable with the next sync that starts.
    pub fn write(&mut self, id: WriteId, forced: bool) {
        let takes = self.write.as_ref().map_or(0, |write| write.sample(self.random.next_u64()));
        self.waiting.push_back(Write { id, forced, takes });
        self.forced_waiting += usize::from(forced);
    }

    /// Gathers the next sync if one is asked for and none runs: the last write it carries and how long it takes.
    pub fn next_sync(&mut self) -> Option<(WriteId, Time)> {
        if self.running.is_some() || self.forced_waiting == 0 {
            return None;
        }
        let mut takes = self.sync.as_ref().map_or(0, |sync| sync.sample(self.random.next_u64()));
        let mut through = WriteId::default();
        while let Some(write) = self.waiting.pop_front() {
            takes += write.takes;
            through = write.id;
            self.forced_waiting -= usize::from(write.forced);
            if write.forced && !self.group_commit {
                break;
            }
        }
        Some((through, takes))
    }

    /// The sync begins; `ends` is its event.
    pub fn begin(&mut self, through: WriteId, ends: Key) {
        assert!(self.running.is_none(), "a disk runs one sync at a time");
        self.running = Some(Sync { through, ends });
    }

    /// Gives the running sync another event.
    pub fn postpone(&mut self, from: Key, to: Key) {
        if let Some(sync) = self.running.as_mut().filter(|sync| sync.ends == from) {
            sync.ends = to;
        }
    }

    /// Whether this event ends the sync that runs; a crash outdates the events of those before it.
    pub fn expects(&self, event: Key) -> bool {
        self.running.is_some_and(|sync| sync.ends == event)
    }

    /// The sync ends; the last write it carried.
    pub fn end(&mut self) -> WriteId {
        self.running.take().expect("a sync that ends had begun").through
    }

    /// Drops everything not durable, and says what its last write was, if there was any.
    pub fn lose_unsynced(&mut self) -> Option<WriteId> {
        let running = self.running.take().map(|sync| sync.through);
        let last = self.waiting.back().map(|write| write.id).or(running);
        self.waiting.clear();
        self.forced_waiting = 0;
        last
    }
}

#[cfg(test)]
mod tests {
    use super::DiskQueue;
    use crate::distribution::Distribution;
    use crate::key::{Key, Tag};
    use crate::node::WriteId;
    use crate::random::Random;
    use crate::sampler::Sampler;

    fn disk(group_commit: bool) -> DiskQueue {
        let takes = |ns| Sampler::new(&Distribution::constant_ns(ns));
        DiskQueue::new(Some((takes(10), takes(100))), group_commit, Random::new(0, "disk", 0))
    }

    fn write(disk: &mut DiskQueue, forced: bool) -> WriteId {
        let id = disk.next_id();
        disk.write(id, forced);
        id
    }

    fn event(number: u64) -> Key {
        Key::new(number, number, Tag::Sync, 0)
    }

    #[test]
    fn one_sync_carries_all_that_waits_with_group_commit() {
        let mut disk = disk(true);
        write(&mut disk, false);
        write(&mut disk, true);
        let (through, takes) = disk.next_sync().unwrap();
        assert_eq!((through, takes), (WriteId(2), 120));
        disk.begin(through, event(1));
        write(&mut disk, true);
        write(&mut disk, true);
        write(&mut disk, false);
        assert_eq!(disk.next_sync(), None, "one sync at a time");
        assert!(disk.expects(event(1)));
        assert_eq!(disk.end(), WriteId(2));
        assert_eq!(disk.next_sync(), Some((WriteId(5), 130)));
    }

    #[test]
    fn each_forced_write_has_a_sync_of_its_own_without() {
        let mut disk = disk(false);
        for forced in [true, false, true] {
            write(&mut disk, forced);
        }
        let (first, takes) = disk.next_sync().unwrap();
        assert_eq!((first, takes), (WriteId(1), 110));
        disk.begin(first, event(1));
        disk.end();
        assert_eq!(disk.next_sync(), Some((WriteId(3), 120)));
    }

    #[test]
    fn a_buffered_write_alone_waits_for_a_forced_one() {
        let mut disk = disk(true);
        write(&mut disk, false);
        assert_eq!(disk.next_sync(), None);
    }

    #[test]
    fn a_crash_outdates_the_running_sync_and_never_reuses_an_id() {
        let mut disk = disk(true);
        write(&mut disk, true);
        let (through, _) = disk.next_sync().unwrap();
        disk.begin(through, event(1));
        write(&mut disk, true);
        assert_eq!(disk.lose_unsynced(), Some(WriteId(2)));
        assert!(!disk.expects(event(1)));
        assert_eq!(disk.lose_unsynced(), None);
        assert_eq!(write(&mut disk, true), WriteId(3));
    }
}
