//! The world, the nodes and their desks; what the tasks of a run share.

use std::collections::{BTreeMap, BTreeSet};

use madsim::task::NodeId as Process;

use super::bug::EngineBug;
use super::clock::Ties;
use super::desk::{Desk, Timers};
use crate::key::{Key, Tag};
use crate::letters::Place;
use crate::node::{Node, NodeId, TimerSlot};
use crate::samplers::Samplers;
use crate::setup::Setup;
use crate::time::Time;
use crate::world::{Scheduler, World};

#[derive(Debug)]
pub(super) struct State<N: Node> {
    pub nodes: Vec<N>,
    pub world: World<N::Message>,
    pub desks: Vec<Desk>,
    pub agenda: Agenda,
    /// madsim's name of each node.
    pub processes: Vec<Process>,
    /// Letters that wait for a cut to heal, in the order of their arrival.
    pub held: Vec<u32>,
    /// The first of those that were released last, as it comes up: no letter of the same nanosecond overtakes it.
    pub released: Option<Key>,
    pub handled: u64,
    pub processed: u64,
    pub ties: Ties,
    pub bug: Option<EngineBug>,
    /// The ordinary event that came up last.
    last: Option<Key>,
}

impl<N: Node> State<N> {
    /// Everything that the setup asks for is scheduled; nothing has a process yet.
    pub fn new(setup: Setup<N>, ties: Ties, bug: Option<EngineBug>) -> Self {
        let Setup { config, topology, nodes, faults } = setup;
        let mut samplers = Samplers::default();
        let mut world = World::new(config.seed, &topology, faults, &mut samplers);
        let mut agenda = Agenda::new(nodes.len(), ties, bug);
        let timed: Vec<_> = world.faults.timed().collect();
        for (fault, at) in timed {
            let key = world.key(at, Tag::Strike, fault as u32);
            agenda.schedule(key);
        }
        let mut desks = Vec::with_capacity(nodes.len());
        for (machine, id) in topology.machines.iter().zip(0..) {
            let boot = world.key(0, Tag::Start, id);
            agenda.schedule(boot);
            desks.push(Desk::new(config.seed, id, machine, boot, &mut samplers));
        }
        Self {
            nodes,
            world,
            desks,
            agenda,
            processes: Vec::new(),
            held: Vec::new(),
            released: None,
            handled: 0,
            processed: 0,
            ties,
            bug,
            last: None,
        }
    }

    pub fn desk(&mut self, node: NodeId) -> &mut Desk {
        &mut self.desks[node.index()]
    }

    pub fn has(&self, bug: EngineBug) -> bool {
        self.bug == Some(bug)
    }

    /// Whose event this is. Services, other than with the native engine, are numbered by their node.
    pub fn owner(&self, key: Key) -> NodeId {
        match key.tag() {
            Tag::Delivery => self.world.letters.address(key.index()).1,
            _ => NodeId(key.index()),
        }
    }

    /// It is this event's time now.
    pub fn turn_to(&mut self, key: Key) {
        match self.ties {
            Ties::Shuffled => self.world.now = self.world.now.max(key.time()),
            Ties::Lawful => {
                assert!(key.time() >= self.world.now, "time goes forward");
                assert!(key.is_fault() || self.last < Some(key), "madsim lets events come up in their order");
                self.world.now = key.time();
                self.last = if key.is_fault() { self.last } else { Some(key) };
            }
        }
    }

    /// Lets an event come up again now, after whatever else comes now.
    pub fn reschedule(&mut self, key: Key) -> Key {
        let node = self.owner(key);
        let again = self.world.key(self.world.now, key.tag(), key.index());
        match key.tag() {
            Tag::Delivery => self.world.letters.move_to(key.index(), Place::Flying),
            Tag::Completion => {
                if let Some(cores) = &mut self.desks[node.index()].cores {
                    cores.postpone(key, again);
                }
            }
            Tag::Timer => self.agenda.timers[node.index()].postpone(key, again),
            Tag::Sync => self.world.disks[node.index()].postpone(key, again),
            Tag::Start => self.desk(node).start = Some(again),
            Tag::Strike | Tag::Heal => unreachable!("nothing holds a fault up"),
        }
        if key.tag() == Tag::Delivery {
            self.agenda.deliver_again(again);
        } else {
            self.agenda.schedule(again);
        }
        again
    }
}

/// When a letter arrives, its place in the order of sending, and its event.
type OnLink = (Time, u64, Key);

/// What a delay ends with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Turn {
    /// This event.
    Of(Key),
    /// The first of the faults that were scheduled for the nanosecond of their scheduling. Its first half may be over
    /// on madsim's clock: then their delays end at once, and in any order.
    FirstFault,
    /// The first letter on its way over this link, where simultaneous events are shuffled: streams keep their order.
    FirstOnLink((NodeId, NodeId)),
}

/// What handlers and faults have scheduled, until a task is begun for it.
#[derive(Debug)]
pub(super) struct Agenda {
    pub new: Vec<Key>,
    pub timers: Vec<Timers>,
    at_once: BTreeSet<Key>,
    /// By link, what is on its way; if simultaneous events are shuffled.
    links: Option<BTreeMap<(NodeId, NodeId), BTreeSet<OnLink>>>,
    /// By letter, the first of its sequence numbers: its place in the order of sending.
    sent: BTreeMap<u32, u64>,
    /// Letters that come up again, and so keep that place.
    again: BTreeSet<u32>,
    /// Something has no place on madsim's clock.
    pub is_full: bool,
}

impl Agenda {
    fn new(nodes: usize, ties: Ties, bug: Option<EngineBug>) -> Self {
        let keep_stale = bug == Some(EngineBug::StaleTimerFires);
        Self {
            new: Vec::new(),
            timers: vec![Timers::new(keep_stale); nodes],
            at_once: BTreeSet::new(),
            links: (ties == Ties::Shuffled).then(BTreeMap::new),
            sent: BTreeMap::new(),
            again: BTreeSet::new(),
            is_full: false,
        }
    }

    /// Whose turn it will be at the event's time; `link`: of its letter, if it has one.
    pub fn turn(&mut self, key: Key, now: Time, link: Option<(NodeId, NodeId)>) -> Turn {
        if key.is_fault() && key.time() == now {
            self.at_once.insert(key);
            return Turn::FirstFault;
        }
        match (&mut self.links, link) {
            (Some(links), Some(link)) => {
                let letter = key.index();
                if !self.again.remove(&letter) {
                    self.sent.insert(letter, key.sequence());
                }
                links.entry(link).or_default().insert((key.time(), self.sent[&letter], key));
                Turn::FirstOnLink(link)
            }
            _ => Turn::Of(key),
        }
    }

    /// Has a letter that was held up come up again.
    pub fn deliver_again(&mut self, key: Key) {
        if self.links.is_some() {
            self.again.insert(key.index());
        }
        self.new.push(key);
    }

    /// Which event has the turn.
    pub fn take(&mut self, turn: Turn) -> Key {
        let first = match turn {
            Turn::Of(key) => return key,
            Turn::FirstFault => self.at_once.pop_first(),
            Turn::FirstOnLink(link) => {
                let on_link = self.links.as_mut().and_then(|links| links.get_mut(&link));
                on_link.and_then(BTreeSet::pop_first).map(|(_, _, key)| key)
            }
        };
        first.expect("as many are waiting as have turns")
    }
}

impl Scheduler for Agenda {
    fn schedule(&mut self, key: Key) {
        self.new.push(key);
    }

    fn set_timer(&mut self, node: NodeId, slot: TimerSlot, at: Time, sequence: u64) {
        let key = Key::new(at, sequence, Tag::Timer, node.0);
        self.timers[node.index()].set(slot, key);
        self.new.push(key);
    }

    fn cancel_timer(&mut self, node: NodeId, slot: TimerSlot) {
        self.timers[node.index()].cancel(slot);
    }
}
