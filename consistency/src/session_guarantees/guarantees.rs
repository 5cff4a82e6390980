//! The four session guarantees (Terry et al. 1994, "Session guarantees for weakly consistent replicated data").
//!
//! They speak of the order of a register's versions, which a history shows only in part. So a guarantee is broken here
//! only where the versions' order is beyond doubt, given what writers and the reader themselves did; what is reported
//! is certain, and "holds" means that nothing shows the contrary. Of two versions the *older* is
//! - the initial value, before every other;
//! - the one that the same session wrote first;
//! - for the first two guarantees, the one that the reading session read or wrote first: a session that comes back to a
//!   version it had left has gone back.
//!
//! A read of version `v` of a register, by session `s`, breaks
//! - **read your writes**, if `s` wrote the register before, and `v` is older than such a write;
//! - **monotonic reads**, if `s` read before a version that `v` is older than;
//! - **monotonic writes**, if `s` read before what another session wrote, and that session had earlier written a version
//!   of this register that `v` is older than;
//! - **writes follow reads**, if `s` read before what another session wrote, and that session had read, no later than
//!   it wrote that, a version of this register that `v` is older than; or if that session had read `v` itself, and
//!   what it wrote was this register's.
//!
//! Where a session sees another's two writes of one register in the wrong order, either monotonic writes or monotonic
//! reads may be to blame; it is counted as the latter. An operation whose outcome is unknown is taken for a session of
//! its own, and what an indeterminate compare-and-set saw is not judged.

use super::execution::{Execution, Seen};
use crate::history::index;
use crate::linearizability::describe;
use crate::recorded::RegisterHistory;
use crate::{Anomaly, Explanation, Found};

/// One of the four.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Guarantee {
    ReadYourWrites,
    MonotonicReads,
    MonotonicWrites,
    WritesFollowReads,
}

/// All breaches, one entry a guarantee, each with its first.
pub(crate) fn check(history: &RegisterHistory, execution: &Execution) -> Vec<Found> {
    let mut breaches = Breaches { history, execution, found: Vec::new() };
    let mut session = Session::new(execution);
    for chain in 0..index(execution.chains.len()) {
        let range = execution.chains[chain as usize];
        if execution.events[range.start as usize].certain {
            session.begin(chain);
            (range.start..range.end).for_each(|event| session.take(event, &mut breaches));
        }
    }
    breaches.found.sort_by_key(|found| found.anomaly);
    breaches.found
}

struct Breaches<'a> {
    history: &'a RegisterHistory,
    execution: &'a Execution,
    found: Vec<Found>,
}

impl Breaches<'_> {
    /// A read broke a guarantee; the events are why: what its session did or saw, and what it should have known.
    fn add(&mut self, guarantee: Guarantee, reader: u32, because: &[u32]) {
        let anomaly = guarantee.anomaly();
        match self.found.iter_mut().find(|found| found.anomaly == anomaly) {
            Some(found) => found.count += 1,
            None => {
                let explanation = self.explain(guarantee, reader, because);
                self.found.push(Found { anomaly, count: 1, explanation });
            }
        }
    }

    fn explain(&self, guarantee: Guarantee, reader: u32, because: &[u32]) -> Explanation {
        let place = |&event: &u32| self.execution.events[event as usize].place;
        let say = |event| describe(self.history, place(event));
        let reasons: Vec<String> = because.iter().map(say).collect();
        let words = vec![
            format!("{} saw an older version than it had to.", say(&reader)),
            format!("{} {}.", guarantee.because(), reasons.join(", ")),
        ];
        let mut involved: Vec<usize> =
            because.iter().chain([&reader]).map(|event| place(event) as usize).collect();
        involved.sort_unstable();
        involved.dedup();
        Explanation { words, cycle: Vec::new(), involved }
    }
}

impl Guarantee {
    pub(crate) fn anomaly(self) -> Anomaly {
        match self {
            Self::ReadYourWrites => Anomaly::ReadYourWrites,
            Self::MonotonicReads => Anomaly::MonotonicReads,
            Self::MonotonicWrites => Anomaly::MonotonicWrites,
            Self::WritesFollowReads => Anomaly::WritesFollowReads,
        }
    }

    fn because(self) -> &'static str {
        match self {
            Self::ReadYourWrites => "Its session had written a newer one before:",
            Self::MonotonicReads => "Its session had seen a newer one before:",
            Self::MonotonicWrites => "Its session had seen a write of one whose earlier write is newer:",
            Self::WritesFollowReads => {
                "Its session had seen a write of one that had read a newer version before:"
            }
        }
    }
}

/// What the session at hand has done so far; `0` stands for nothing, else events count from 1. A moment is twice an
/// event, plus 1 for what it read, plus 2 for what it wrote after.
struct Session<'a> {
    execution: &'a Execution,
    chain: u32,
    reads: ReadIndex,
    /// Of every chain, how many events were done when it wrote what the session saw last of it.
    known: Vec<u32>,
    /// Of every writer, the newest of its writes that the session read.
    newest: Vec<u32>,
    registers: Vec<Register>,
    /// Of every version, the moment at which this session first read or wrote it.
    touched_at: Vec<u32>,
    /// What is not zero any more.
    touched: Vec<(u32, u32)>,
}

/// A register as the session knows it.
#[derive(Clone, Copy, Default)]
struct Register {
    /// The moment at which it first touched the version that it touched last of those it wrote.
    wrote: u32,
    /// The moment at which it first touched the version that it touched last of those it has read.
    read: u32,
    /// Its last write of it, counted from 1.
    own: u32,
}

impl<'a> Session<'a> {
    fn new(execution: &'a Execution) -> Self {
        let keys = execution.events.iter().map(|event| event.key as usize + 1).max().unwrap_or(0);
        Self {
            execution,
            chain: 0,
            reads: ReadIndex::new(execution),
            known: vec![0; execution.chains.len()],
            newest: vec![0; execution.writer_count()],
            registers: vec![Register::default(); keys],
            touched_at: vec![0; execution.events.len()],
            touched: Vec::new(),
        }
    }

    fn begin(&mut self, chain: u32) {
        self.chain = chain;
        self.known.fill(0);
        self.newest.fill(0);
        for (key, version) in self.touched.drain(..) {
            self.registers[key as usize] = Register::default();
            self.touched_at[version as usize] = 0;
        }
    }

    fn take(&mut self, event: u32, breaches: &mut Breaches<'_>) {
        let it = self.execution.events[event as usize];
        match it.seen {
            Seen::Nothing => {}
            Seen::Initial => self.read_initial(event, it.key, breaches),
            Seen::Version(version) => {
                self.read(event, it.key, version, breaches);
                self.see(it.key, version);
                let touched = self.touch(2 * event + 1, it.key, version);
                let read = &mut self.registers[it.key as usize].read;
                *read = (*read).max(touched);
            }
        }
        if it.writes {
            let touched = self.touch(2 * event + 2, it.key, event);
            let wrote = &mut self.registers[it.key as usize].wrote;
            *wrote = (*wrote).max(touched);
            self.registers[it.key as usize].own = event + 1;
        }
    }

    /// The session reads or writes a version: when it first did.
    fn touch(&mut self, moment: u32, key: u32, version: u32) -> u32 {
        let touched = &mut self.touched_at[version as usize];
        if *touched == 0 {
            *touched = moment;
            self.touched.push((key, version));
        }
        *touched
    }

    /// The session has read another's write, or its own.
    fn see(&mut self, key: u32, version: u32) {
        let writer = self.execution.events[version as usize].chain;
        let known = &mut self.known[writer as usize];
        *known = (*known).max(self.execution.position(version) + 1);
        let writer = self.writer_of(key, version);
        self.newest[writer] = self.newest[writer].max(version + 1);
    }

    fn read_initial(&mut self, event: u32, key: u32, breaches: &mut Breaches<'_>) {
        let Register { read, wrote, .. } = self.registers[key as usize];
        if wrote > 0 {
            breaches.add(Guarantee::ReadYourWrites, event, &[(wrote - 1) / 2]);
        }
        if read > 0 {
            breaches.add(Guarantee::MonotonicReads, event, &[(read - 1) / 2]);
        }
        if let Some((first, seen)) = self.initial_against_writes(key) {
            breaches.add(Guarantee::MonotonicWrites, event, &[first, seen]);
        }
        if let Some((first, seen)) = self.initial_against_reads(key) {
            breaches.add(Guarantee::WritesFollowReads, event, &[first, seen]);
        }
    }

    /// A write of the register by a session of which a later write was seen, and that one.
    fn initial_against_writes(&self, key: u32) -> Option<(u32, u32)> {
        let others = self.execution.writers(key).iter().filter(|writers| writers.chain != self.chain);
        others.copied().find_map(|writers| {
            let first = self.execution.writes(&writers)[0];
            let seen = self.seen_of(writers.chain)?;
            (first < seen).then_some((first, seen))
        })
    }

    /// A read of the register by a session of which a later write was seen, and that one.
    fn initial_against_reads(&self, key: u32) -> Option<(u32, u32)> {
        let others = self.reads.of_register(key).iter().filter(|read| read.chain != self.chain);
        others.copied().find_map(|read| {
            let seen = self.seen_of(read.chain)?;
            (read.event <= seen).then_some((read.event, seen))
        })
    }

    /// The latest event of a chain whose write was seen.
    fn seen_of(&self, chain: u32) -> Option<u32> {
        let known = self.known[chain as usize].checked_sub(1)?;
        Some(self.execution.chains[chain as usize].start + known)
    }

    fn read(&mut self, event: u32, key: u32, version: u32, breaches: &mut Breaches<'_>) {
        let Register { wrote, read, own } = self.registers[key as usize];
        let newest = self.newest[self.writer_of(key, version)];
        let touched = self.touched_at[version as usize];
        let is_own = self.execution.events[version as usize].chain == self.chain;
        if is_own && version + 1 < own {
            // Also where the session had read these before it wrote them, in whatever order.
            breaches.add(Guarantee::ReadYourWrites, event, &[own - 1]);
        } else if touched > 0 && touched < wrote {
            breaches.add(Guarantee::ReadYourWrites, event, &[(wrote - 1) / 2]);
        }
        if newest > version + 1 {
            breaches.add(Guarantee::MonotonicReads, event, &[newest - 1]);
        } else if touched > 0 && touched < read {
            breaches.add(Guarantee::MonotonicReads, event, &[(read - 1) / 2]);
        }
        if let Some((next, seen)) = self.version_against_writes(key, version) {
            breaches.add(Guarantee::MonotonicWrites, event, &[next, seen]);
        }
        if let Some((read, seen)) = self.version_against_reads(key, version) {
            breaches.add(Guarantee::WritesFollowReads, event, &[read, seen]);
        }
    }

    fn writer_of(&self, key: u32, version: u32) -> usize {
        let chain = self.execution.events[version as usize].chain;
        self.execution.writer_number(key, chain).expect("it wrote the version")
    }

    /// The writer's next write of the register, if a still later write of that session was seen.
    fn version_against_writes(&self, key: u32, version: u32) -> Option<(u32, u32)> {
        let chain = self.execution.events[version as usize].chain;
        let seen = self.seen_of(chain).filter(|_| chain != self.chain)?;
        let writers = self.execution.writers(key).iter().find(|writers| writers.chain == chain)?;
        let writes = self.execution.writes(writers);
        let next = *writes.get(writes.partition_point(|&write| write <= version))?;
        (next < seen).then_some((next, seen))
    }

    /// A read of a newer version, or of this one by a writer of the register, that came before a write that was seen.
    fn version_against_reads(&self, key: u32, version: u32) -> Option<(u32, u32)> {
        let chain = self.execution.events[version as usize].chain;
        let newer = self.reads.by_reader(key, chain).iter().find_map(|range| {
            let reads = &self.reads.by_writer[range.start as usize..range.end as usize];
            let seen = self.seen_of(reads[0].chain).filter(|_| reads[0].chain != self.chain)?;
            let before = reads.partition_point(|read| read.event <= seen).checked_sub(1)?;
            (reads[before].newest > version).then(|| (reads[before].event, seen))
        });
        newer.or_else(|| self.replaced(key, version))
    }

    /// A session read the version and wrote the register, and that was seen.
    fn replaced(&self, key: u32, version: u32) -> Option<(u32, u32)> {
        self.reads.of_version(version).iter().filter(|read| read.chain != self.chain).find_map(|read| {
            let newest = self.newest[self.execution.writer_number(key, read.chain)?];
            (newest > read.event).then(|| (read.event, newest - 1))
        })
    }
}

/// A read of a certain operation: who read, when, and the newest write of the same writer it had read by then.
#[derive(Clone, Copy)]
struct IndexedRead {
    chain: u32,
    event: u32,
    newest: u32,
    key: u32,
    writer: u32,
    version: u32,
}

/// The reads of one reader in [`ReadIndex::by_writer`].
struct Readers {
    key: u32,
    writer: u32,
    start: u32,
    end: u32,
}

/// All reads of versions, arranged for the questions above.
struct ReadIndex {
    /// By register and writer, then by reader.
    by_writer: Vec<IndexedRead>,
    /// Where the reads of one writer's writes of a register by one reader lie in it.
    readers: Vec<Readers>,
    /// The first read of each register by each chain.
    by_register: Vec<IndexedRead>,
    /// The first read of each version by each chain.
    by_version: Vec<IndexedRead>,
}

impl ReadIndex {
    fn new(execution: &Execution) -> Self {
        let mut by_writer: Vec<IndexedRead> = (0..)
            .zip(&execution.events)
            .filter_map(|(event, it)| {
                let Seen::Version(version) = it.seen else { return None };
                let writer = execution.events[version as usize].chain;
                it.certain.then_some(IndexedRead {
                    chain: it.chain,
                    event,
                    newest: version,
                    key: it.key,
                    writer,
                    version,
                })
            })
            .collect();
        by_writer.sort_unstable_by_key(|read| (read.key, read.writer, read.event));
        for at in 1..by_writer.len() {
            let (before, read) = (by_writer[at - 1], &mut by_writer[at]);
            if (before.key, before.writer, before.chain) == (read.key, read.writer, read.chain) {
                read.newest = read.newest.max(before.newest);
            }
        }
        let mut by_register = by_writer.clone();
        by_register.sort_unstable_by_key(|read| (read.key, read.event));
        by_register.dedup_by_key(|read| (read.key, read.chain));
        let mut by_version = by_writer.clone();
        by_version.sort_unstable_by_key(|read| (read.version, read.event));
        by_version.dedup_by_key(|read| (read.version, read.chain));
        Self { readers: readers(&by_writer), by_writer, by_register, by_version }
    }

    fn by_reader(&self, key: u32, writer: u32) -> &[Readers] {
        among(&self.readers, |readers| (readers.key, readers.writer), (key, writer))
    }

    fn of_register(&self, key: u32) -> &[IndexedRead] {
        among(&self.by_register, |read| read.key, key)
    }

    fn of_version(&self, version: u32) -> &[IndexedRead] {
        among(&self.by_version, |read| read.version, version)
    }
}

fn readers(by_writer: &[IndexedRead]) -> Vec<Readers> {
    let mut end = 0;
    let same = |a: &IndexedRead, b: &IndexedRead| (a.key, a.writer, a.chain) == (b.key, b.writer, b.chain);
    let range = |reads: &[IndexedRead]| {
        let start = end;
        end += index(reads.len());
        Readers { key: reads[0].key, writer: reads[0].writer, start, end }
    };
    by_writer.chunk_by(same).map(range).collect()
}

fn among<T, K: Ord>(sorted: &[T], key: impl Fn(&T) -> K, wanted: K) -> &[T] {
    let start = sorted.partition_point(|row| key(row) < wanted);
    let end = start + sorted[start..].partition_point(|row| key(row) <= wanted);
    &sorted[start..end]
}
