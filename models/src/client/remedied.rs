//! Operations on one key where remedies for hotspots are on: shared requests first, then the cache, then the database,
//! whose key may be salted. See [`crate::remedies`].

use shardlab_consistency::{NO_NODE, Outcome};
use shardlab_sim::{Context, NodeId, Time};

use crate::client::flights::{Flights, Seat};
use crate::client::sessions::Work;
use crate::client::single::{Purpose, Stage};
use crate::client::{ClientPool, session_timer};
use crate::config::{Bug, Bugs, Config};
use crate::hash::mix;
use crate::message::{CacheMessage, Message, OperationId};
use crate::remedies::salt::Stamps;
use crate::remedies::{Cache, Salting};
use crate::shard_map::ShardId;
use crate::world::Layout;

/// What a pool knows of remedies, where there are any.
#[derive(Clone, Debug)]
pub(super) struct Remedied {
    pub salting: Option<Salting>,
    pub stamps: Stamps,
    flights: Option<Flights>,
    cache: Option<CacheAccess>,
    pub measures: ClientMeasures,
    /// Measures count operations that were called in here.
    window: std::ops::Range<Time>,
}

/// The cache, as its clients see it.
#[derive(Clone, Debug)]
struct CacheAccess {
    nodes: Vec<NodeId>,
    invalidate: bool,
    leases: bool,
    timeout: Time,
}

/// What clients did about hotspots, of operations called between the warm-up's end and the load's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientMeasures {
    /// When a call was made for which a shard of the database was asked for a single key, and which shard, in no order;
    /// each way of a salted key is one.
    pub asked: Vec<(Time, ShardId)>,
    /// Reads that wanted an answer.
    pub reads: u64,
    /// Those of them that were answered with somebody else's.
    pub joined: u64,
    /// How often the cache did not answer in time.
    pub cache_timeouts: u64,
}

impl ClientMeasures {
    /// Adds another pool's.
    pub(crate) fn add(&mut self, other: &Self) {
        self.asked.extend_from_slice(&other.asked);
        self.reads += other.reads;
        self.joined += other.joined;
        self.cache_timeouts += other.cache_timeouts;
    }
}

impl Remedied {
    /// Nothing where no remedy changes what clients do.
    pub fn new(config: &Config, layout: &Layout, bugs: Bugs, pool: u64, pools: u64) -> Option<Box<Self>> {
        let remedies = &config.remedies;
        remedies.change_clients().then(|| {
            Box::new(Self {
                salting: remedies.salt.as_ref().map(Salting::new),
                stamps: Stamps::new(pool, pools),
                flights: remedies.coalesce.map(|coalesce| Flights::new(coalesce, bugs)),
                cache: remedies.cache.as_ref().map(|cache| CacheAccess::new(cache, layout)),
                measures: ClientMeasures::default(),
                window: config.warmup.as_ns()..config.duration.as_ns(),
            })
        })
    }

    pub fn note_asked(&mut self, shard: ShardId, invoked: Time) {
        if self.window.contains(&invoked) {
            self.measures.asked.push((invoked, shard));
        }
    }

    fn measure(&mut self, invoked: Time, count: impl FnOnce(&mut ClientMeasures)) {
        if self.window.contains(&invoked) {
            count(&mut self.measures);
        }
    }

    pub fn crash(&mut self) {
        if let Some(flights) = &mut self.flights {
            flights.crash();
        }
    }
}

impl CacheAccess {
    fn new(cache: &Cache, layout: &Layout) -> Self {
        Self {
            nodes: layout.caches.clone(),
            invalidate: cache.invalidate,
            leases: cache.leases,
            timeout: cache.timeout.as_ns(),
        }
    }

    /// All clients agree on where a key's entry is.
    fn node_of(&self, key: u64) -> NodeId {
        self.nodes[(mix(key) % self.nodes.len() as u64) as usize]
    }
}

impl ClientPool {
    /// Where an attempt begins: for a read, whose answer is wanted; for a write, what is left to do of it.
    pub(super) fn attempt_remedied(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let Some(single) = self.sessions[slot].work.single() else { return };
        match single.stage {
            _ if single.purpose.is_probe() => self.ask_database(slot, cx),
            Stage::Invalidate { .. } => self.invalidate(slot, cx),
            _ if single.purpose.writes() => self.ask_owner(slot, None, cx),
            _ => self.attempt_read(slot, single.key, cx),
        }
    }

    fn attempt_read(&mut self, slot: usize, key: u64, cx: &mut Context<'_, Message>) {
        let session = &mut self.sessions[slot];
        let is_first = session.failures == 0;
        if !is_first {
            // An answer to an earlier attempt is older than this one's riders, and than its token.
            session.renumber();
            session.work.begin_anew();
        }
        let (operation, invoked) = (session.operation(), session.invoked);
        let Some(remedied) = &mut self.remedied else { return };
        if is_first {
            remedied.measure(invoked, |measures| measures.reads += 1);
        }
        let seat = remedied.flights.as_mut().map(|flights| flights.board(slot, key, operation));
        match seat {
            Some(Seat::Rider) => self.ride(slot, cx),
            Some(Seat::Leader) | None => self.ask_cache(slot, key, cx),
        }
    }

    /// Waits for somebody else's answer, on the application server.
    fn ride(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let home = self.router.home();
        self.stand(slot, Stage::Riding, Some(home));
        cx.set_timer(session_timer(slot), self.settings.timeout);
    }

    fn stand(&mut self, slot: usize, stage: Stage, asked: Option<NodeId>) {
        if let Some(single) = self.sessions[slot].work.single_mut() {
            (single.stage, single.asked) = (stage, asked);
        }
    }

    fn ask_cache(&mut self, slot: usize, key: u64, cx: &mut Context<'_, Message>) {
        let Some(cache) = self.cache() else { return self.ask_owner(slot, None, cx) };
        let (node, timeout) = (cache.node_of(key), cache.timeout);
        self.stand(slot, Stage::Cache, Some(node));
        let operation = self.sessions[slot].operation();
        cx.send(node, Message::Cache(CacheMessage::Get { operation, key }));
        cx.set_timer(session_timer(slot), timeout);
    }

    fn cache(&self) -> Option<&CacheAccess> {
        self.remedied.as_ref()?.cache.as_ref()
    }

    /// Asks the database, and lets the cache know afterwards if it gave a token.
    fn ask_owner(&mut self, slot: usize, fills: Option<u64>, cx: &mut Context<'_, Message>) {
        let session = &mut self.sessions[slot];
        let (invoked, is_first) = (session.invoked, session.failures == 0);
        let Some(single) = session.work.single_mut() else { return };
        (single.stage, single.asked) = (Stage::Database { fills }, None);
        let shard = single.shard;
        if let Work::Salted(_) = session.work {
            return self.attempt_salted(slot, cx);
        }
        if is_first && let Some(remedied) = &mut self.remedied {
            remedied.note_asked(shard, invoked);
        }
        self.ask_database(slot, cx);
    }

    /// From a cache node.
    pub(super) fn on_cache(&mut self, from: NodeId, message: CacheMessage, cx: &mut Context<'_, Message>) {
        let (CacheMessage::Hit { operation, .. }
        | CacheMessage::Miss { operation, .. }
        | CacheMessage::Deleted { operation }) = message
        else {
            return;
        };
        let Some((slot, stage)) = self.standing(operation, from) else { return };
        match (message, stage) {
            (CacheMessage::Hit { value, .. }, Stage::Cache) => {
                self.answered(slot, value, from.0 as u16, cx);
            }
            (CacheMessage::Miss { token, .. }, Stage::Cache) => self.ask_owner(slot, Some(token), cx),
            (CacheMessage::Deleted { .. }, Stage::Invalidate { node }) => {
                self.end_single(slot, Outcome::Ok, 0, node, cx);
            }
            // It comes too late.
            _ => {}
        }
    }

    /// Where an operation stands that waits for `node`.
    fn standing(&self, operation: OperationId, node: NodeId) -> Option<(usize, Stage)> {
        let slot = self.sessions.find(operation)?;
        let single = self.sessions[slot].work.single()?;
        (single.asked == Some(node)).then_some((slot, single.stage))
    }

    /// The cache has not answered a read in time: then without it. Says whether it was that which was waited for.
    pub(super) fn does_without_cache(&mut self, slot: usize, cx: &mut Context<'_, Message>) -> bool {
        let session = &self.sessions[slot];
        let (invoked, single) = (session.invoked, session.work.single());
        if single.is_none_or(|single| single.stage != Stage::Cache || single.asked.is_none()) {
            return false;
        }
        if let Some(remedied) = &mut self.remedied {
            remedied.measure(invoked, |measures| measures.cache_timeouts += 1);
        }
        self.ask_owner(slot, None, cx);
        true
    }

    /// The database has carried an operation out.
    pub(super) fn carried_out(
        &mut self,
        slot: usize,
        (value, value_bytes): (u64, u32),
        node: u16,
        cx: &mut Context<'_, Message>,
    ) {
        let Some(single) = self.sessions[slot].work.single() else { return };
        if single.purpose.writes() {
            return self.written(slot, node, single.purpose, cx);
        }
        if let (Stage::Database { fills: Some(token) }, Some(cache)) = (single.stage, self.cache()) {
            let set = CacheMessage::Set { key: single.key, value, value_bytes, token };
            cx.send(cache.node_of(single.key), Message::Cache(set));
        }
        self.answered(slot, value, node, cx);
    }

    fn written(&mut self, slot: usize, node: u16, purpose: Purpose, cx: &mut Context<'_, Message>) {
        let forgets = self.settings.bugs.contains(Bug::ForgetInvalidation);
        if purpose.is_probe() || forgets || self.cache().is_none_or(|cache| !cache.invalidate) {
            return self.end_single(slot, Outcome::Ok, 0, node, cx);
        }
        // A second acknowledgement, to a retry, finds the cache asked already.
        if let Some(Stage::Invalidate { .. }) = self.sessions[slot].work.single().map(|single| single.stage) {
            return;
        }
        self.stand(slot, Stage::Invalidate { node }, None);
        self.invalidate(slot, cx);
    }

    /// Deletes what has been written from the cache.
    fn invalidate(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let Some(single) = self.sessions[slot].work.single() else { return };
        let Some(cache) = self.cache() else { return };
        let (node, timeout) = (cache.node_of(single.key), cache.timeout);
        self.stand(slot, single.stage, Some(node));
        let operation = self.sessions[slot].operation();
        cx.send(node, Message::Cache(CacheMessage::Delete { operation, key: single.key }));
        cx.set_timer(session_timer(slot), timeout);
    }

    /// How an operation ends that is given up after it was written, if it was: with leases it is not acknowledged, since
    /// the cache may hold what is older.
    pub(super) fn outcome_of_written(&self, slot: usize) -> Option<(Outcome, u16)> {
        let Stage::Invalidate { node } = self.sessions[slot].work.single()?.stage else { return None };
        let leases = self.cache().is_some_and(|cache| cache.leases);
        Some(if leases { (Outcome::Info, NO_NODE) } else { (Outcome::Ok, node) })
    }

    /// A read has its answer, and with it those who ride along; then those who were late take off.
    fn answered(&mut self, slot: usize, value: u64, node: u16, cx: &mut Context<'_, Message>) {
        let flight = self.land(slot);
        let (riders, late) = flight.map_or_else(Default::default, |flight| (flight.riders, flight.late));
        let riders: Vec<usize> = riders.into_iter().filter_map(|rider| self.riding(rider)).collect();
        self.take_off(late, cx);
        self.end_single(slot, Outcome::Ok, value, node, cx);
        for rider in riders {
            let invoked = self.sessions[rider].invoked;
            if let Some(remedied) = &mut self.remedied {
                remedied.measure(invoked, |measures| measures.joined += 1);
            }
            self.end_single(rider, Outcome::Ok, value, node, cx);
        }
    }

    /// The flight that the session in `slot` leads, which is over.
    fn land(&mut self, slot: usize) -> Option<super::flights::Flight> {
        let session = &self.sessions[slot];
        let (key, operation) = (session.work.single()?.key, session.operation());
        self.remedied.as_mut()?.flights.as_mut()?.land(slot, key, operation)
    }

    fn riding(&self, read: OperationId) -> Option<usize> {
        let slot = self.sessions.find(read)?;
        (self.sessions[slot].work.single()?.stage == Stage::Riding).then_some(slot)
    }

    fn take_off(&mut self, late: Vec<OperationId>, cx: &mut Context<'_, Message>) {
        let mut seats = late.into_iter().filter(|&read| self.riding(read).is_some());
        let Some(leader) = seats.next() else { return };
        let riders = seats.collect();
        let Some(slot) = self.sessions.find(leader) else { return };
        let Some(single) = self.sessions[slot].work.single() else { return };
        if let Some(flights) = self.remedied.as_mut().and_then(|remedied| remedied.flights.as_mut()) {
            flights.depart(slot, single.key, leader, riders);
        }
        self.ask_cache(slot, single.key, cx);
    }

    /// An attempt has come to nothing: whoever leads takes those down with it who rode along or waited for the next.
    pub(super) fn leave_flight(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        if self.remedied.as_ref().is_none_or(|remedied| remedied.flights.is_none()) {
            return;
        }
        if let Some(flight) = self.land(slot) {
            let others = flight.riders.into_iter().chain(flight.late);
            let others: Vec<usize> = others.filter_map(|read| self.riding(read)).collect();
            for other in others {
                self.stand(other, Stage::Begin, None);
                self.attempt_failed(other, cx);
            }
            return;
        }
        let session = &self.sessions[slot];
        let (Some(single), operation) = (session.work.single(), session.operation()) else { return };
        if let Some(flights) = self.remedied.as_mut().and_then(|remedied| remedied.flights.as_mut()) {
            flights.leave(slot, single.key, operation);
        }
    }
}
