//! Clients: many sessions in one node, one node for each workload and region.
//!
//! A session has one operation under way at a time. It routes by its own copy of the shard map: writes and fresh reads
//! to the primary, `local` reads to the nearest copy; everything to the nearest copy where each takes writes. A refusal that names a newer primary is followed at once; any
//! other refusal, or silence, is a reason to ask the control plane for the map and to try the same operation again
//! after a pause. What ends in silence may have happened: it is recorded as `info`, and the session is retired and
//! replaced by a new one, as Jepsen's processes are, so that a session's operations stay in order.

mod fanout;
mod flights;
mod load;
mod lookups;
mod merge;
mod observed;
mod query;
mod remedied;
mod retry;
mod router;
mod salted;
mod scan;
mod second_write;
mod sessions;
mod single;
#[cfg(test)]
mod tests;
mod transaction;

use std::sync::Arc;

use shardlab_consistency::Operation;
use shardlab_sim::{Context, Node, NodeId, Random, Time, TimerSlot, WriteId};

use crate::client::load::Load;
use crate::client::lookups::Lookups;
use crate::client::remedied::Remedied;
use crate::client::router::Router;
use crate::client::sessions::Sessions;
use crate::cluster::{PoolPlace, pool_places};
use crate::config::{Bugs, Config};
use crate::conflict::Conflict;
use crate::lookup::{Cache, LookupMessage};
use crate::message::{CommitMessage, ControlMessage, Message, QueryMessage};
use crate::node::ObservedTransaction;
use crate::shard_map::ShardMap;
use crate::tables::Tables;
use crate::workload::Generator;
use crate::world::Layout;
pub use lookups::LookupMeasures;
pub use sessions::pool_of;

pub use remedied::ClientMeasures;

/// The clients of one workload in one region.
#[derive(Clone, Debug)]
pub struct ClientPool {
    // What they do.
    settings: Settings,
    load: Load,
    generator: Generator,
    /// Whether it probes the shards: the first pool does.
    probes: bool,
    // How they stand.
    router: Router,
    /// Where shards are found by lookup.
    lookups: Option<Box<Lookups>>,
    sessions: Sessions,
    /// Where remedies for hotspots are on.
    remedied: Option<Box<Remedied>>,
    /// A crash ended operations that nobody has reported yet.
    crashed: bool,
    /// How many values its transactions have written.
    values: u64,
    /// Second writes that were not answered.
    second_writes_missed: u64,
    /// Sessions that make summaries, and of which query.
    refreshing: Vec<(usize, u16)>,
    /// Where keys are rows of tables.
    tables: Option<Arc<Tables>>,
    // Streams of their own, so that retries move no other draw.
    pauses: Random,
    routes: Random,
}

/// What does not change.
#[derive(Clone, Debug)]
struct Settings {
    /// The workload's place in the configuration, and whether this is its first pool.
    workload: usize,
    is_first: bool,
    /// Which of all pools it is, and how many there are.
    pool: u64,
    pools: u64,
    coordinators: Vec<NodeId>,
    start: Time,
    /// No operation begins at or after this.
    stop: Time,
    probe_at: Time,
    timeout: Time,
    backoff: Time,
    retries: u32,
    value_bytes: u32,
    opening_balance: i64,
    overdraft: bool,
    /// Writes fetch and merge what is there first.
    merges_siblings: bool,
    /// Servers come and go: what was refused may be elsewhere by now.
    keys_move: bool,
    bugs: Bugs,
}

/// The next arrival of an open load; the beginning of a closed one.
const ARRIVAL: TimerSlot = TimerSlot(0);
/// When probes are sent.
const PROBE: TimerSlot = TimerSlot(1);
/// The first session's timer; it is its timeout, its pause before a retry or its think time.
const FIRST_SESSION: u32 = 2;

const fn session_timer(slot: usize) -> TimerSlot {
    TimerSlot(FIRST_SESSION + slot as u32)
}

impl ClientPool {
    /// All pools of a world, in the order of their nodes. The configuration has been
    /// [checked](crate::config::validate).
    #[must_use]
    pub fn all(config: &Config, layout: &Layout, map: &Arc<ShardMap>, seed: u64) -> Vec<Self> {
        let layout = Arc::new(layout.clone());
        let places = pool_places(config);
        let pool = |(index, place): (usize, &PoolPlace)| {
            let home = layout.clients[index];
            let router = Router::new(config, &layout, home, Arc::clone(map));
            let sessions = Sessions::new(index as u32, places.len() as u32);
            let mut pool = Self::new(config, *place, router, sessions, seed);
            pool.settings.coordinators.clone_from(&layout.coordinators);
            (pool.settings.pool, pool.settings.pools) = (index as u64, places.len() as u64);
            let bugs = pool.settings.bugs;
            pool.remedied = Remedied::new(config, &layout, bugs, index as u64, places.len() as u64);
            pool.probes = index == 0;
            pool.lookups = pool.lookups(config, &layout, home).map(Box::new);
            pool
        };
        places.iter().enumerate().map(pool).collect()
    }

    fn new(config: &Config, place: PoolPlace, router: Router, sessions: Sessions, seed: u64) -> Self {
        let workload = &config.workloads[place.workload];
        let stream =
            |concern| Random::new(seed, &format!("workload.{}.{concern}", workload.name), place.pool);
        Self {
            settings: Settings::new(config, place),
            load: Load::new(workload, place, stream("arrivals")),
            generator: Generator::new(workload, place.pool, place.pools, seed),
            probes: false,
            router,
            lookups: None,
            sessions,
            remedied: None,
            crashed: false,
            values: 0,
            second_writes_missed: 0,
            refreshing: Vec::new(),
            tables: None,
            pauses: stream("pauses"),
            routes: stream("routes"),
        }
    }

    /// How many of its second writes were not known to be done.
    #[must_use]
    pub fn second_writes_missed(&self) -> u64 {
        self.second_writes_missed
    }

    /// What it remembers of directories' answers, if shards are found by lookup.
    fn lookups(&self, config: &Config, layout: &Layout, home: NodeId) -> Option<Lookups> {
        let spec = config.sharding.strategy.directory()?;
        let cache = Cache::new(spec.cache.entries as usize, spec.cache.ttl.as_ns());
        let mut directories = layout.directories.clone();
        let is_elsewhere = |node: NodeId| {
            let (at, home) = (node.index(), home.index());
            (layout.region[at] != layout.region[home], layout.zone[at] != layout.zone[home])
        };
        directories.sort_by_key(|&node| is_elsewhere(node));
        Some(Lookups::new(cache, directories, self.settings.timeout))
    }

    /// How often what it remembers of directories' answers sufficed.
    #[must_use]
    pub fn lookup_measures(&self) -> LookupMeasures {
        self.lookups.as_ref().map_or(LookupMeasures::default(), |lookups| lookups.measures())
    }

    /// The same pools where keys are rows of these tables.
    #[must_use]
    pub fn with_tables(pools: Vec<Self>, config: &Config, tables: &Arc<Tables>, seed: u64) -> Vec<Self> {
        let with = |(pool, place): (Self, PoolPlace)| {
            let workload = (place.workload, &config.workloads[place.workload]);
            let generator = pool.generator.with_queries(workload, (place.pool, place.pools), tables, seed);
            Self { generator, tables: Some(Arc::clone(tables)), ..pool }
        };
        pools.into_iter().zip(pool_places(config)).map(with).collect()
    }

    /// Operations under way, as `info`: nobody knows what will come of them.
    #[must_use]
    pub fn pending(&self) -> Vec<Operation> {
        self.sessions.iter().filter_map(observed::pending_operation).collect()
    }

    /// What they did about hotspots; nothing where no remedy is on.
    #[must_use]
    pub fn measures(&self) -> Option<&ClientMeasures> {
        self.remedied.as_ref().map(|remedied| &remedied.measures)
    }

    /// Transactions under way, as `info`.
    #[must_use]
    pub fn pending_transactions(&self) -> Vec<ObservedTransaction> {
        self.sessions.iter().filter_map(observed::pending_transaction).collect()
    }
}

impl Settings {
    fn new(config: &Config, place: PoolPlace) -> Self {
        let workload = &config.workloads[place.workload];
        let duration = config.duration.as_ns();
        Self {
            workload: place.workload,
            is_first: place.pool == 0,
            pool: 0,
            pools: 1,
            coordinators: Vec::new(),
            start: workload.start.as_ns(),
            stop: workload.stop.map_or(duration, |stop| stop.as_ns().min(duration)),
            probe_at: duration + config.drain.as_ns() / 2,
            timeout: workload.timeout.as_ns(),
            backoff: workload.backoff.as_ns(),
            retries: workload.retries,
            value_bytes: workload.value_bytes,
            opening_balance: workload.balance,
            overdraft: workload.overdraft,
            merges_siblings: config.replication.mode.conflict().is_some_and(Conflict::keeps_siblings),
            keys_move: config.keys_move(),
            bugs: config.bugs.iter().copied().collect(),
        }
    }
}

impl Node for ClientPool {
    type Message = Message;

    fn on_start(&mut self, cx: &mut Context<'_, Message>) {
        if std::mem::take(&mut self.crashed) {
            self.report_lost(cx);
        }
        let now = cx.now();
        if now < self.settings.stop {
            self.schedule_first_arrival(cx);
        }
        if self.settings.is_first {
            self.begin_refreshing(cx);
        }
        if self.probes {
            cx.set_timer(PROBE, self.settings.probe_at.saturating_sub(now));
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Message>) {
        match message {
            Message::Response(response) => self.on_response(from, response, cx),
            Message::Siblings(message) => self.on_siblings(from, *message, cx),
            Message::Query(message) => {
                if let QueryMessage::Answer(answer) = *message {
                    self.on_answer(answer, cx);
                }
            }
            Message::Cache(message) => self.on_cache(from, message, cx),
            Message::Commit(CommitMessage::Done(result)) => self.on_done(&result, cx),
            Message::Control(ControlMessage::Map(map)) => self.router.take_map(map),
            Message::Lookup(LookupMessage::Found { group, shard, version }) => {
                self.on_found((group, shard, version), cx);
            }
            // Nothing else is sent to clients.
            _ => {}
        }
    }

    fn on_timer(&mut self, slot: TimerSlot, cx: &mut Context<'_, Message>) {
        match slot {
            ARRIVAL => self.arrive(cx),
            PROBE => self.probe(cx),
            TimerSlot(number) => self.on_session_timer((number - FIRST_SESSION) as usize, cx),
        }
    }

    /// Clients write nothing.
    fn on_synced(&mut self, _through: WriteId, _cx: &mut Context<'_, Message>) {}

    /// What a client was waiting for is out of its hands; the report waits for the restart, since the dead are silent.
    fn on_crash(&mut self) {
        self.crashed = true;
        self.router.forget_request();
        if let Some(lookups) = &mut self.lookups {
            lookups.crash();
        }
        if let Some(remedied) = &mut self.remedied {
            remedied.crash();
        }
    }
}
