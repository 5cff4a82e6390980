//! Zones: linearizability of one register whose reads are known to their writes (Gibbons & Korach 1997, §4).
//!
//! A write and the reads of its value are a *cluster*; its operations stand together in every legal order. Let `first`
//! be the earliest completion in it and `last` the latest invocation. Cluster A must stand before cluster B exactly if
//! some operation of A completed before some operation of B was invoked: `A.first < B.last`. Take a cycle of such
//! demands, and in it the cluster whose `first` is the earliest: it stands before every other, also before the one
//! that stands before it. So there is an order exactly if no two clusters stand before each other, which is:
//! the *forward* zones (`first < last`) do not overlap, and no *backward* zone (`last < first`) lies inside a forward
//! one.
//!
//! What is ours: a cluster begun by an indeterminate write has no completion but its reads'; the initial value's
//! cluster was written before all else. A compare-and-set stands right after the cluster of the value it found, so
//! clusters chained by compare-and-sets are one block, with an order inside: no operation of a later link may have
//! completed before one of an earlier link was invoked. Between blocks the argument above is unchanged.

use crate::Outcome;
use crate::recorded::{NEVER, Rank, RegisterAction, RegisterHistory, RegisterOperation, ValueId};

/// What zones say of a register.
pub(super) enum Zoned {
    Linearizable,
    Clash(Clash),
    /// A value was written twice, or written to what it was: a read may have seen either.
    AmbiguousReads,
}

/// Operations that no order can hold, by place in the history.
pub(super) enum Clash {
    /// It saw a value that no write left.
    Unwritten { reader: u32 },
    /// It saw a value before its write began.
    BeforeItsWrite { reader: u32, writer: u32 },
    /// Both found the same version, and each replaced it.
    SameVersionTwice { one: u32, other: u32 },
    /// Compare-and-sets that each found what another one of them left.
    Circle { member: u32 },
    /// `later` follows `earlier` by the versions they saw, but was over before `earlier` was invoked.
    OutOfOrder { earlier: u32, later: u32 },
    /// Each must stand before the other.
    Zones { one: Zone, other: Zone },
}

/// When a block of operations that stand together was begun and ended.
#[derive(Clone, Copy)]
pub(super) struct Zone {
    /// Its earliest completion.
    pub first: Rank,
    /// Its latest invocation, counted from 1: 0 stands before all.
    pub last: Rank,
    /// The operation that completed first.
    pub first_done: u32,
    /// The operation that was invoked last.
    pub last_begun: u32,
}

/// The operations on one value: written by one, read by many.
#[derive(Clone, Copy)]
struct Cluster {
    zone: Zone,
    writer: u32,
    /// When its writer was invoked.
    written: Rank,
    /// The read that completed first, and when.
    first_reader: u32,
    first_read: Rank,
    /// The cluster whose value its writer found, where that is a compare-and-set.
    found: u32,
    /// The cluster of the compare-and-set that found this one's value.
    next: u32,
    kept: bool,
}

/// No operation, no cluster.
const NONE: u32 = u32::MAX;
/// The writer of the initial value.
const INITIALLY: u32 = u32::MAX - 1;

/// Judges register after register; its vectors are reused.
pub(super) struct Zones<'a> {
    history: &'a RegisterHistory,
    /// The cluster of every value, last of nil, as far as `of_register` says so.
    cluster_of: Vec<u32>,
    clusters: Vec<Cluster>,
    values: Vec<ValueId>,
    compare_and_sets: bool,
    blocks: Vec<Zone>,
}

impl<'a> Zones<'a> {
    pub(super) fn new(history: &'a RegisterHistory) -> Self {
        Self {
            history,
            cluster_of: vec![NONE; history.values.len() + 1],
            clusters: Vec::new(),
            values: Vec::new(),
            compare_and_sets: false,
            blocks: Vec::new(),
        }
    }

    /// Judges the register whose operations stand at these places.
    pub(super) fn check(&mut self, register: &[u32], initial: ValueId) -> Zoned {
        self.forget();
        let first = self.cluster(initial);
        self.clusters[first as usize].writer = INITIALLY;
        self.clusters[first as usize].zone.first = 0;
        for &place in register {
            if !self.sort_in(place) {
                return Zoned::AmbiguousReads;
            }
        }
        self.drop_unread();
        match self.link().and_then(|()| self.blocks()).and_then(|()| no_two_clash(&mut self.blocks)) {
            Ok(()) => Zoned::Linearizable,
            Err(clash) => Zoned::Clash(clash),
        }
    }

    fn forget(&mut self) {
        for value in self.values.drain(..) {
            self.cluster_of[slot(value, self.history)] = NONE;
        }
        self.clusters.clear();
        self.blocks.clear();
        self.compare_and_sets = false;
    }

    #[inline]
    fn cluster(&mut self, value: ValueId) -> u32 {
        let cluster_of = &mut self.cluster_of[slot(value, self.history)];
        if *cluster_of == NONE {
            *cluster_of = self.clusters.len() as u32;
            self.clusters.push(Cluster::EMPTY);
            self.values.push(value);
        }
        *cluster_of
    }

    /// Adds an operation to its cluster; `false` where its value was written before.
    #[inline]
    fn sort_in(&mut self, place: u32) -> bool {
        let operation = &self.history.operations[place as usize];
        match (operation.outcome, operation.action) {
            (Outcome::Fail, _)
            | (_, RegisterAction::Read(None))
            | (Outcome::Info, RegisterAction::Read(_)) => true,
            (Outcome::Ok, RegisterAction::Read(Some(value))) => {
                let cluster = self.cluster(value);
                self.clusters[cluster as usize].add_reader(place, operation);
                true
            }
            (_, RegisterAction::Write(value)) => {
                let cluster = self.cluster(value);
                self.clusters[cluster as usize].set_writer(place, operation)
            }
            (_, RegisterAction::CompareAndSet { from, to }) => {
                self.compare_and_sets = true;
                let (found, left) = (self.cluster(from), self.cluster(to));
                self.clusters[left as usize].found = found;
                from != to && self.clusters[left as usize].set_writer(place, operation)
            }
        }
    }

    /// Leaves out indeterminate writes that nobody read; a compare-and-set that is kept has read.
    fn drop_unread(&mut self) {
        for cluster in 0..self.clusters.len() {
            let Cluster { writer, first_reader, .. } = self.clusters[cluster];
            let happened = first_reader != NONE || writer == INITIALLY || self.acknowledged(writer);
            let mut cluster = cluster;
            while happened && !self.clusters[cluster].kept {
                self.clusters[cluster].kept = true;
                let found = self.clusters[cluster].found;
                cluster = if found == NONE { cluster } else { found as usize };
            }
        }
    }

    fn acknowledged(&self, writer: u32) -> bool {
        self.history.operations.get(writer as usize).is_some_and(|writer| writer.outcome == Outcome::Ok)
    }

    /// Ties every cluster to the compare-and-set that found its value.
    fn link(&mut self) -> Result<(), Clash> {
        for cluster in 0..self.clusters.len() as u32 {
            let Cluster { writer, found, kept, first_reader, .. } = self.clusters[cluster as usize];
            if !kept {
                continue;
            }
            if writer == NONE && first_reader != NONE {
                return Err(Clash::Unwritten { reader: first_reader });
            }
            if found != NONE {
                self.tie(found, cluster, writer)?;
            }
        }
        Ok(())
    }

    fn tie(&mut self, found: u32, left: u32, writer: u32) -> Result<(), Clash> {
        let before = &mut self.clusters[found as usize];
        if before.writer == NONE {
            return Err(Clash::Unwritten { reader: writer });
        }
        let rival = std::mem::replace(&mut before.next, left);
        match rival {
            NONE => Ok(()),
            rival => {
                Err(Clash::SameVersionTwice { one: self.clusters[rival as usize].writer, other: writer })
            }
        }
    }

    /// Makes one zone of each chain of clusters, and looks whether the chain is in order.
    fn blocks(&mut self) -> Result<(), Clash> {
        let mut linked = 0;
        for head in 0..self.clusters.len() {
            if self.clusters[head].kept && self.clusters[head].found == NONE {
                let (zone, links) = self.chain(head)?;
                self.blocks.push(zone);
                linked += links;
            }
        }
        if self.compare_and_sets { self.all_linked(linked) } else { Ok(()) }
    }

    fn chain(&self, head: usize) -> Result<(Zone, usize), Clash> {
        let mut zone = self.clusters[head].alone()?;
        let (mut links, mut next) = (1, self.clusters[head].next);
        while next != NONE {
            let link = self.clusters[next as usize].alone()?;
            if link.first < zone.last {
                return Err(Clash::OutOfOrder { earlier: zone.last_begun, later: link.first_done });
            }
            zone = zone.with(link);
            (links, next) = (links + 1, self.clusters[next as usize].next);
        }
        Ok((zone, links))
    }

    /// What no chain from a write reaches goes in a circle.
    fn all_linked(&self, linked: usize) -> Result<(), Clash> {
        if linked == self.clusters.iter().filter(|cluster| cluster.kept).count() {
            return Ok(());
        }
        let mut reached = vec![false; self.clusters.len()];
        for head in (0..self.clusters.len()).filter(|&head| self.clusters[head].found == NONE) {
            let mut at = head as u32;
            while at != NONE {
                reached[at as usize] = true;
                at = self.clusters[at as usize].next;
            }
        }
        let circle = self.clusters.iter().zip(reached).find(|(cluster, reached)| cluster.kept && !reached);
        let (cluster, _) = circle.expect("fewer links than clusters: one is not reached");
        Err(Clash::Circle { member: cluster.writer })
    }
}

#[inline]
fn slot(value: ValueId, history: &RegisterHistory) -> usize {
    (value.0 as usize).min(history.values.len())
}

impl Cluster {
    const EMPTY: Self = Self {
        zone: Zone { first: NEVER, last: 0, first_done: NONE, last_begun: NONE },
        writer: NONE,
        written: 0,
        first_reader: NONE,
        first_read: NEVER,
        found: NONE,
        next: NONE,
        kept: false,
    };

    #[inline]
    fn add_reader(&mut self, place: u32, operation: &RegisterOperation) {
        self.zone.add(place, operation);
        if operation.completed < self.first_read || self.first_reader == NONE {
            (self.first_read, self.first_reader) = (operation.completed, place);
        }
    }

    #[inline]
    fn set_writer(&mut self, place: u32, operation: &RegisterOperation) -> bool {
        self.zone.add(place, operation);
        self.written = operation.invoked;
        std::mem::replace(&mut self.writer, place) == NONE
    }

    /// Its zone, where no read of it was over before its write began.
    #[inline]
    fn alone(&self) -> Result<Zone, Clash> {
        if self.first_read < self.written {
            return Err(Clash::BeforeItsWrite { reader: self.first_reader, writer: self.writer });
        }
        Ok(self.zone)
    }
}

impl Zone {
    #[inline]
    fn add(&mut self, place: u32, operation: &RegisterOperation) {
        if operation.completed < self.first {
            (self.first, self.first_done) = (operation.completed, place);
        }
        if operation.invoked >= self.last {
            (self.last, self.last_begun) = (operation.invoked + 1, place);
        }
    }

    fn with(self, other: Self) -> Self {
        let earlier = if other.first < self.first { other } else { self };
        let later = if other.last > self.last { other } else { self };
        Self {
            first: earlier.first,
            first_done: earlier.first_done,
            last: later.last,
            last_begun: later.last_begun,
        }
    }

    fn is_forward(&self) -> bool {
        self.first < self.last
    }
}

fn no_two_clash(blocks: &mut [Zone]) -> Result<(), Clash> {
    blocks.sort_unstable_by_key(|zone| zone.first.min(zone.last));
    // Sorted by their lower ends, the forward zones so far are disjoint: only the last can reach further.
    let mut forward: Option<Zone> = None;
    for &zone in &*blocks {
        let clash = |other: &Zone| zone.first < other.last && (zone.is_forward() || other.first < zone.last);
        match forward.filter(clash) {
            Some(other) => return Err(Clash::Zones { one: other, other: zone }),
            None if zone.is_forward() => forward = Some(zone),
            None => {}
        }
    }
    Ok(())
}
