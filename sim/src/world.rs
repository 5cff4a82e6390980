//! What every engine shares: messages, links, disks, clocks, random streams, marks, the fingerprint.
//!
//! A world knows what happens and when; a [`Scheduler`] makes it happen. Queue, inbox, CPU, timers and crash belong
//! to the scheduler's side.

use crate::clock::Clock;
use crate::counters::Counters;
use crate::disk::{DiskQueue, Request};
use crate::fault::Fault;
use crate::fingerprint::Rolling;
use crate::key::{Key, Tag};
use crate::letters::{Letters, Place};
use crate::network::{Network, Transit};
use crate::node::{NodeId, Payload, TimerSlot, WriteId};
use crate::random::Random;
use crate::samplers::Samplers;
use crate::striking::{FaultBook, Fired, Omen};
use crate::time::Time;
use crate::topology::Topology;

/// What an engine does for a node: it lets events happen later.
pub(crate) trait Scheduler {
    /// An event comes at its key's time.
    fn schedule(&mut self, key: Key);

    /// A timer runs out at `at`; one in the same slot is replaced. Takes a sequence number.
    fn set_timer(&mut self, node: NodeId, slot: TimerSlot, at: Time, sequence: u64);

    /// The timer in this slot, if there is one, does not run out.
    fn cancel_timer(&mut self, node: NodeId, slot: TimerSlot);
}

/// Whether what a handler does takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    Live,
    /// A mark may have been fatal: effects wait until it is known.
    Withheld,
    /// A mark was fatal, or the process is about to stop: effects never happen.
    Muted,
}

/// An effect that waits.
#[derive(Clone, Debug)]
pub(crate) enum Effect<M: Payload> {
    Send(NodeId, M),
    SetTimer(TimerSlot, Time),
    Cancel(TimerSlot),
    Ask(WriteId, Request),
    Observe(M::Observation),
    Mark(&'static str),
}

/// The shared state of a run.
#[derive(Clone, Debug)]
pub(crate) struct World<M: Payload> {
    pub now: Time,
    seed: u64,
    sequence: u64,
    pub letters: Letters<M>,
    pub network: Network,
    pub disks: Vec<DiskQueue>,
    pub clocks: Vec<Clock>,
    randoms: Vec<Option<Box<Random>>>,
    /// Faults that slow each node, with their factors in thousandths.
    pub slowed: Vec<Vec<(usize, u64)>>,
    pub faults: FaultBook,
    pub fired: Vec<Fired>,
    pub voice: Voice,
    pub withheld: Vec<Effect<M>>,
    /// How long the message that is being handled waited for a core.
    pub waited: Time,
    pub observations: Vec<(Time, NodeId, M::Observation)>,
    pub counters: Counters,
    pub fingerprint: Rolling,
    /// What leaves no other trace; for [`crate::testing`].
    record: Option<Record>,
}

/// Writes (and whether they were forced) and marks, in order.
#[derive(Clone, Debug, Default)]
struct Record {
    writes: Vec<(WriteId, bool)>,
    marks: Vec<&'static str>,
}

impl<M: Payload> World<M> {
    /// The topology and the faults must have been validated.
    pub fn new(seed: u64, topology: &Topology, faults: Vec<Fault>, samplers: &mut Samplers) -> Self {
        let nodes = topology.machines.len();
        let disk = |(machine, index): (&crate::topology::Machine, u64)| {
            let random = Random::new(seed, "disk", index);
            match &machine.disk {
                Some(disk) => {
                    let takes = (samplers.get(&disk.write), samplers.get(&disk.sync));
                    DiskQueue::new(Some(takes), disk.group_commit, disk.bandwidth_bytes_per_s, random)
                }
                None => DiskQueue::new(None, true, None, random),
            }
        };
        let disks = topology.machines.iter().zip(0..).map(disk).collect();
        Self {
            now: 0,
            seed,
            sequence: 0,
            letters: Letters::new(),
            network: Network::new(seed, topology, |profile| samplers.get(&profile.latency)),
            disks,
            clocks: topology.machines.iter().map(|machine| Clock::new(machine.clock)).collect(),
            randoms: vec![None; nodes],
            slowed: vec![Vec::new(); nodes],
            faults: FaultBook::new(seed, faults),
            fired: Vec::new(),
            voice: Voice::Live,
            withheld: Vec::new(),
            waited: 0,
            observations: Vec::new(),
            counters: Counters::new(nodes, M::KINDS.len(), topology.profiles.len()),
            fingerprint: Rolling::new(),
            record: None,
        }
    }

    /// How many sequence numbers were given.
    #[cfg(madsim)]
    pub const fn sequences(&self) -> u64 {
        self.sequence
    }

    pub fn next_sequence(&mut self) -> u64 {
        let sequence = self.sequence;
        self.sequence += 1;
        sequence
    }

    /// A key for the next event in sequence.
    #[inline]
    pub fn key(&mut self, at: Time, tag: Tag, index: u32) -> Key {
        Key::new(at, self.next_sequence(), tag, index)
    }

    pub fn random(&mut self, node: NodeId) -> &mut Random {
        let seed = self.seed;
        self.randoms[node.index()]
            .get_or_insert_with(|| Box::new(Random::new(seed, "node", u64::from(node.0))))
    }

    #[inline]
    pub fn send(&mut self, from: NodeId, to: NodeId, message: M, scheduler: &mut (impl Scheduler + ?Sized)) {
        let bytes = message.bytes();
        let counters = &mut self.counters.nodes[from.index()];
        counters.sent[message.kind()] += 1;
        counters.bytes_sent += bytes;
        if !self.counters.bytes_by_link.is_empty() && from != to {
            self.counters.bytes_by_link[self.network.profile_of(from, to)] += bytes;
        }
        match self.network.transit(self.now, from, to, bytes, &mut self.faults) {
            Transit::Lost => self.counters.messages_lost += 1,
            Transit::Arrives { at, copy_at: None, gated } => {
                self.post(from, to, message, at, gated, scheduler)
            }
            Transit::Arrives { at, copy_at: Some(copy_at), gated } => {
                self.counters.messages_duplicated += 1;
                self.post(from, to, message.clone(), at, gated, scheduler);
                self.post(from, to, message, copy_at, gated, scheduler);
            }
        }
    }

    #[inline]
    fn post(
        &mut self,
        from: NodeId,
        to: NodeId,
        message: M,
        at: Time,
        gated: bool,
        scheduler: &mut (impl Scheduler + ?Sized),
    ) {
        let place = if gated { Place::Gated } else { Place::Flying };
        let letter = self.letters.post(from, to, place, message);
        let key = self.key(at, Tag::Delivery, letter);
        scheduler.schedule(key);
    }

    /// Starts the node's next sync if one is due.
    pub fn start_sync(&mut self, node: NodeId, scheduler: &mut (impl Scheduler + ?Sized)) {
        let Some(next) = self.disks[node.index()].next_round() else { return };
        let at = self.now.saturating_add(self.slow(node, next.takes));
        let ends = self.key(at, Tag::Sync, node.0);
        self.disks[node.index()].begin(next, ends);
        scheduler.schedule(ends);
    }

    /// Takes a request to the disk in, and starts on it if somebody waits for it and the disk is free.
    pub fn ask_disk(
        &mut self,
        node: NodeId,
        id: WriteId,
        request: Request,
        scheduler: &mut (impl Scheduler + ?Sized),
    ) {
        let forced = matches!(request, Request::Force { .. });
        self.counters.nodes[node.index()].forces_requested += u64::from(forced);
        self.disks[node.index()].ask(id, request);
        if let Some(record) = self.record.as_mut().filter(|_| !matches!(request, Request::Read { .. })) {
            record.writes.push((id, forced));
        }
        self.start_sync(node, scheduler);
    }

    /// How long something that begins now takes on a node that faults may have slowed.
    #[inline]
    pub fn slow(&mut self, node: NodeId, takes: Time) -> Time {
        let mut slowed = takes;
        for &(fault, factor_thousandths) in &self.slowed[node.index()] {
            let product = u128::from(slowed) * u128::from(factor_thousandths) / 1000;
            let longer = Time::try_from(product).unwrap_or(Time::MAX);
            self.faults.changes(fault).slowed += u64::from(longer != slowed);
            slowed = longer;
        }
        slowed
    }

    /// Faults hung on this mark fire; what that means for the node decides whether it can go on.
    pub fn mark(&mut self, node: NodeId, name: &'static str) {
        if let Some(record) = &mut self.record {
            record.marks.push(name);
        }
        if self.faults.watches() {
            self.voice = match self.faults.mark(name, node, self.now, &mut self.fired) {
                Omen::Harmless => Voice::Live,
                Omen::Undecided => Voice::Withheld,
                Omen::Fatal => Voice::Muted,
            };
        }
    }

    /// Records writes and marks from here on.
    pub fn record(&mut self) {
        self.record = Some(Record::default());
    }

    pub fn take_written(&mut self) -> Vec<(WriteId, bool)> {
        self.record.as_mut().map(|record| std::mem::take(&mut record.writes)).unwrap_or_default()
    }

    pub fn take_marks(&mut self) -> Vec<&'static str> {
        self.record.as_mut().map(|record| std::mem::take(&mut record.marks)).unwrap_or_default()
    }
}
