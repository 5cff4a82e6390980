//! The control plane: one node that versions the shard map, suspects, fences and appoints.
//!
//! Every change of a shard is of one kind: fence a majority of the epoch's members, take the log with the highest
//! (last epoch, length), appoint (the view change of Oki & Liskov, *Viewstamped replication*, PODC 1988, §4, with the
//! choice made outside the group). An appointment is on the control plane's disk before anyone hears of it.
//!
//! Safety claim: an epoch of a shard has one primary, and it is appointed only when the one before can neither commit
//! (a majority has promised) nor answer reads (its lease is over, or it has promised too).
//! Left out: the control plane is not replicated; while it is down nothing fails over and leases run out.

mod balancer;
mod change;
mod partitions;
mod rebalance;
mod relocation;
mod reshaping;
mod separation;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use shardlab_sim::{Context, NodeId, Time, TimerSlot, WriteId};

use crate::config::{Bug, Bugs};
use crate::message::{ControlMessage, CopyMessage, Message, MoveMessage};
use crate::node::Observation;
use crate::replication::Ack;
use crate::shard_map::{Assignment, Epoch, ShardId, ShardMap};
use balancer::Balance;
use change::Change;
use partitions::Partitions;
use rebalance::Rebalance;
pub use rebalance::RebalanceSettings;
use relocation::Relocations;
use reshaping::Reshaping;

const TICK: TimerSlot = TimerSlot(0);
const MAINTENANCE: TimerSlot = TimerSlot(1);

/// How the control plane is configured.
#[derive(Clone, Debug)]
pub struct ControlPlaneSettings {
    /// The servers, whose heartbeats it listens to.
    pub servers: Vec<NodeId>,
    /// Everyone else who is told of a new map: coordinators and clients.
    pub subscribers: Vec<NodeId>,
    /// Whether shards have primaries, which it appoints. Where every copy takes writes it keeps the map and no more.
    pub appoints: bool,
    /// How long a server may be silent, in ns; `None` never suspects.
    pub failover: Option<Time>,
    /// With `all`, an epoch's members are those that were there when it began.
    pub ack: Ack,
    /// How long a change waits for copies that are not suspected and do not answer, in ns.
    pub patience: Time,
    /// Time between looks at the clock, in ns.
    pub tick: Time,
    /// How it rebalances; `None` in a cluster whose servers neither come nor go.
    pub rebalance: Option<RebalanceSettings>,
    /// What is broken.
    pub bugs: Bugs,
}

/// What is known of one server.
#[derive(Clone, Copy, Debug, Default)]
struct Watch {
    heard: Time,
    // The last heartbeat that was answered: a lease may run from then.
    leased: Time,
}

/// Why a shard gets another assignment, for the measures.
#[derive(Clone, Copy, Debug)]
struct Why {
    /// When the change began.
    began: Time,
    /// When the shard lost its primary, if that is why.
    absent_since: Option<Time>,
    /// The primary that hands its office over, if that is why.
    abdicating: Option<NodeId>,
}

/// The control plane.
#[derive(Clone, Debug)]
pub struct ControlPlane {
    // Durable.
    map: Arc<ShardMap>,
    // Durable in part.
    rebalance: Option<Rebalance>,
    relocations: Relocations,
    reshaping: Option<Reshaping>,
    partitions: Option<Partitions>,
    // Volatile in part.
    balance: Option<Balance>,
    // Volatile.
    watches: BTreeMap<NodeId, Watch>,
    changes: BTreeMap<ShardId, Change>,
    appointing: VecDeque<(WriteId, ShardId, Assignment, Why)>,
    // Configuration.
    settings: ControlPlaneSettings,
}

impl ControlPlane {
    /// A control plane that knows the first map.
    #[must_use]
    pub fn new(settings: ControlPlaneSettings, map: Arc<ShardMap>) -> Self {
        let watches = BTreeMap::new();
        let balancer = settings.rebalance.as_ref().and_then(|rebalance| rebalance.balancer);
        let balance = balancer.map(Balance::new);
        let rebalance = settings.rebalance.clone().map(Rebalance::new);
        let reshaping =
            settings.rebalance.as_ref().and_then(|spec| spec.partitioning.reshapes()).map(Reshaping::new);
        let partitions = settings
            .rebalance
            .as_ref()
            .and_then(|spec| spec.partitioning.maintenance())
            .map(|spec| Partitions::new(spec.clone()));
        Self {
            map,
            rebalance,
            relocations: Relocations::default(),
            reshaping,
            partitions,
            balance,
            watches,
            changes: BTreeMap::new(),
            appointing: VecDeque::new(),
            settings,
        }
    }

    /// Whether the load is over: what looks at the load by itself rests then, so that the world does. That is the
    /// experiment's end and no protocol's, and goes by true time.
    fn rests(&self, cx: &Context<'_, Message>) -> bool {
        self.settings.rebalance.as_ref().is_some_and(|spec| cx.now() >= spec.until)
    }

    /// The map as it stands.
    #[must_use]
    pub fn map(&self) -> &ShardMap {
        &self.map
    }

    /// Shards whose change has not ended, and since when.
    pub fn unfinished(&self) -> impl Iterator<Item = (ShardId, Time)> + '_ {
        self.changes.iter().map(|(&shard, change)| (shard, change.since))
    }

    /// Boot, and every restart: nobody is suspected before there was time to hear from them.
    pub fn on_start(&mut self, cx: &mut Context<'_, Message>) {
        let now = cx.now();
        let fresh = Watch { heard: now, leased: now };
        self.watches = self.settings.servers.iter().map(|&server| (server, fresh)).collect();
        if self.settings.appoints {
            cx.set_timer(TICK, self.settings.tick);
        }
        self.look_at_partitions(cx);
    }

    /// A message.
    pub fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Message>) {
        let message = match message {
            Message::Control(message) => message,
            Message::Move(MoveMessage::Done { plan, pair }) => return self.move_done(plan, pair, cx),
            Message::Copy(CopyMessage::CaughtUp { shard, epoch, copy }) => {
                return self.caught_up(shard, epoch, copy, cx);
            }
            _ => return,
        };
        match message {
            ControlMessage::Settled { shard, epoch } => self.settled(shard, epoch, cx),
            ControlMessage::Report(reports) => self.take_reports(&reports, cx),
            ControlMessage::ChangeMembership { number, change } => {
                self.change_membership(from, number, change, cx);
            }
            ControlMessage::Heartbeat { sent, map_version, leaderless, caught_up } => {
                self.hear(from, map_version, cx);
                if map_version == self.map.version {
                    self.give_leader(from, &leaderless, cx);
                }
                self.readmit(&caught_up, cx);
                self.lease(from, sent, cx);
            }
            ControlMessage::Fenced { shard, epoch, last } => {
                let Some(change) = self.changes.get_mut(&shard).filter(|change| change.epoch == epoch) else {
                    return;
                };
                change.note(from, last);
                self.try_appoint(shard, cx);
            }
            ControlMessage::Loads(loads) => {
                if let Some(balance) = &mut self.balance {
                    balance.hear(&loads);
                }
            }
            ControlMessage::MapRequest { version } if version < self.map.version => self.send_map(from, cx),
            _ => {}
        }
    }

    fn hear(&mut self, server: NodeId, map_version: u64, cx: &mut Context<'_, Message>) {
        if let Some(watch) = self.watches.get_mut(&server) {
            watch.heard = cx.now();
        }
        // A server that has restarted knows no map.
        if map_version < self.map.version {
            self.send_map(server, cx);
        }
    }

    /// A server that knows the map and yet has no primary to follow needs a new epoch: it is the primary and has
    /// restarted, so that it may have lost the end of its reign; or it was fenced for a change that we forgot in a
    /// crash of our own.
    fn give_leader(
        &mut self,
        server: NodeId,
        leaderless: &[(ShardId, Epoch)],
        cx: &mut Context<'_, Message>,
    ) {
        for &(shard, promised) in leaderless {
            let assignment = self.map.assignment(shard);
            let lost = promised > assignment.epoch || assignment.primary == Some(server);
            if lost && !self.is_changing(shard) {
                self.begin_change(shard, Some(self.absent_since(shard, cx.now())), cx);
            }
        }
    }

    fn shards(&self) -> impl Iterator<Item = ShardId> + use<> {
        (0..u32::try_from(self.map.shards.len()).expect("fewer than 2³² shards")).map(ShardId)
    }

    /// Copies that have caught up count again, from a new epoch on.
    fn readmit(&mut self, caught_up: &[(ShardId, NodeId)], cx: &mut Context<'_, Message>) {
        for &(shard, node) in caught_up {
            let assignment = self.map.assignment(shard);
            let known = assignment.members.contains(&node) || !assignment.copies.contains(&node);
            if !known && !self.is_suspected(node, cx.now()) && !self.is_changing(shard) {
                self.begin_change(shard, None, cx);
                self.changes.get_mut(&shard).expect("it has just begun").readmitted.push(node);
            }
        }
    }

    /// Answers a heartbeat, which lets the server's primaries answer reads for a while; not while one of them is being
    /// replaced.
    fn lease(&mut self, server: NodeId, sent: Time, cx: &mut Context<'_, Message>) {
        let replaced = self.changes.keys().any(|&shard| self.map.assignment(shard).primary == Some(server));
        if replaced {
            return;
        }
        if let Some(watch) = self.watches.get_mut(&server) {
            watch.leased = cx.now();
            cx.send(server, Message::Control(ControlMessage::HeartbeatAck { sent }));
        }
    }

    fn send_map(&self, to: NodeId, cx: &mut Context<'_, Message>) {
        cx.send(to, Message::Control(ControlMessage::Map(Arc::clone(&self.map))));
    }

    fn is_suspected(&self, server: NodeId, now: Time) -> bool {
        let silent_since = self.watches.get(&server).map_or(0, |watch| watch.heard);
        self.settings.failover.is_some_and(|failover| silent_since + failover <= now)
    }

    fn is_changing(&self, shard: ShardId) -> bool {
        self.changes.contains_key(&shard) || self.appointing.iter().any(|&(_, of, ..)| of == shard)
    }

    /// Looks who is silent, and urges changes on.
    pub fn on_timer(&mut self, slot: TimerSlot, cx: &mut Context<'_, Message>) {
        if slot == MAINTENANCE {
            return self.look_at_partitions(cx);
        }
        let before = self.map.version;
        for shard in self.shards() {
            if self.changes.contains_key(&shard) {
                self.send_fences(shard, cx);
                self.try_appoint(shard, cx);
            } else if !self.is_changing(shard) && self.lacks_primary(shard, cx.now()) {
                self.begin_change(shard, Some(self.absent_since(shard, cx.now())), cx);
            } else if !self.is_changing(shard) && self.waits_in_vain(shard, cx.now()) {
                self.begin_change(shard, None, cx);
            }
        }
        self.order_moves(cx);
        self.maintain(cx);
        self.relocate(cx);
        self.balance(cx);
        self.finish_command(cx);
        // One may have waited for a shard to lie still.
        self.begin_next_plan(cx);
        if self.map.version > before {
            self.tell_everyone(cx);
        }
        cx.set_timer(TICK, self.settings.tick);
    }

    fn lacks_primary(&self, shard: ShardId, now: Time) -> bool {
        let primary = self.map.assignment(shard).primary;
        primary.is_none_or(|primary| self.is_suspected(primary, now) || self.is_lost(primary))
    }

    /// Whether writes wait for the acknowledgement of a member that is silent.
    fn waits_in_vain(&self, shard: ShardId, now: Time) -> bool {
        let members = &self.map.assignment(shard).members;
        self.settings.ack == Ack::All && members.iter().any(|&member| self.is_suspected(member, now))
    }

    /// When the primary was heard last, if it is suspected; else now.
    fn absent_since(&self, shard: ShardId, now: Time) -> Time {
        let absent = self.map.assignment(shard).primary.filter(|&primary| self.is_suspected(primary, now));
        absent.and_then(|primary| self.watches.get(&primary)).map_or(now, |watch| watch.heard)
    }

    /// `absent_since`: when the shard lost its primary, if that is why.
    fn begin_change(&mut self, shard: ShardId, absent_since: Option<Time>, cx: &mut Context<'_, Message>) {
        assert!(!self.is_changing(shard), "a shard changes once at a time");
        let next = Epoch(self.map.assignment(shard).epoch.0 + 1);
        self.changes.insert(shard, Change::new(next, cx.now(), absent_since));
        self.send_fences(shard, cx);
    }

    /// Fences every copy that has not promised yet.
    fn send_fences(&self, shard: ShardId, cx: &mut Context<'_, Message>) {
        let change = &self.changes[&shard];
        let unheard = |&&copy: &&NodeId| !change.counts_on(copy) && !self.is_lost(copy);
        for &copy in self.map.assignment(shard).copies.iter().filter(unheard) {
            cx.send(copy, Message::Control(ControlMessage::Fence { shard, epoch: change.epoch }));
        }
    }

    /// Appoints when the old primary can neither commit nor answer. Waits for every copy that is not suspected, for
    /// what is left out of an epoch has to be let in again by another; but not for longer than a failover takes.
    fn try_appoint(&mut self, shard: ShardId, cx: &mut Context<'_, Message>) {
        let now = cx.now();
        let assignment = self.map.assignment(shard);
        let change = &self.changes[&shard];
        let fenced = |&copy: &NodeId| change.counts_on(copy);
        let is_lost = |copy| self.is_lost(copy);
        let decided = change.is_decided(assignment, self.settings.ack, is_lost);
        let silenced =
            assignment.primary.is_none_or(|old| fenced(&old) || is_lost(old) || self.lease_is_over(old, now));
        let all = assignment
            .copies
            .iter()
            .all(|&copy| fenced(&copy) || is_lost(copy) || self.is_suspected(copy, now));
        let waited_enough = change.since + self.settings.patience <= now;
        if !(decided && silenced && (all || waited_enough)) {
            return;
        }
        let any_log = self.settings.bugs.contains(Bug::AppointAnyLog);
        let mut change = change.clone();
        if self.settings.ack == Ack::Async {
            change.keep_leader_that_is_ahead(assignment);
        }
        let mut next = change.assignment(assignment, self.settings.ack, any_log);
        if let Some(joining) = change.joining.filter(|_| self.settings.bugs.contains(Bug::AppointNewcomer)) {
            next.primary = Some(joining);
        }
        let why = Why {
            began: change.since,
            absent_since: change.absent_since,
            abdicating: change.abdicating.filter(|_| next.primary != assignment.primary),
        };
        self.changes.remove(&shard);
        self.write_assignment(shard, next, why, cx);
    }

    fn write_assignment(
        &mut self,
        shard: ShardId,
        next: Assignment,
        why: Why,
        cx: &mut Context<'_, Message>,
    ) {
        let write = cx.force();
        self.appointing.push_back((write, shard, next, why));
    }

    fn lease_is_over(&self, server: NodeId, now: Time) -> bool {
        let leased = self.watches.get(&server).map_or(0, |watch| watch.leased);
        self.settings.failover.is_some_and(|failover| leased + failover <= now)
    }

    /// Appointments are on disk: tell everyone.
    pub fn on_synced(&mut self, through: WriteId, cx: &mut Context<'_, Message>) {
        let before = self.map.version;
        while self.appointing.front().is_some_and(|&(write, ..)| write <= through) {
            let (_, shard, assignment, why) = self.appointing.pop_front().expect("it was just looked at");
            self.appoint(shard, assignment, why, cx);
        }
        self.relocations_recorded(through, cx);
        self.finish_command(cx);
        self.recorded(through, cx);
        self.reshapes_recorded(through, cx);
        self.maintenance_recorded(through, cx);
        if self.map.version > before {
            self.tell_everyone(cx);
        }
    }

    fn tell_everyone(&self, cx: &mut Context<'_, Message>) {
        let everyone = self.settings.servers.iter().chain(&self.settings.subscribers);
        everyone.for_each(|&node| self.send_map(node, cx));
    }

    fn appoint(&mut self, shard: ShardId, assignment: Assignment, why: Why, cx: &mut Context<'_, Message>) {
        let since = why.absent_since;
        let map = Arc::make_mut(&mut self.map);
        map.version += 1;
        let before = map.shards[shard.index()].primary;
        cx.observe(Observation::Appointed { shard, epoch: assignment.epoch, since, before });
        let shared = Arc::new(assignment.clone());
        for &copy in &assignment.copies {
            let assignment = Arc::clone(&shared);
            cx.send(copy, Message::Control(ControlMessage::Appoint { shard, assignment }));
        }
        let old = std::mem::replace(&mut map.shards[shard.index()], assignment);
        self.copies_changed(shard, &old, why, cx);
        cx.mark("failover.appointed");
    }

    /// Forgets what is volatile.
    pub fn on_crash(&mut self) {
        self.watches.clear();
        self.changes.clear();
        self.appointing.clear();
        self.relocations.crash();
        if let Some(balance) = &mut self.balance {
            balance.crash();
        }
        if let Some(rebalance) = &mut self.rebalance {
            rebalance.crash();
        }
        if let Some(reshaping) = &mut self.reshaping {
            reshaping.crash();
        }
        if let Some(partitions) = &mut self.partitions {
            partitions.crash();
        }
    }
}
