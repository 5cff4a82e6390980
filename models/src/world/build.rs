//! From a configuration to a world at the beginning of time.

use std::collections::BTreeMap;
use std::sync::Arc;

use shardlab_sim::{Distribution, Engine, EngineError, Execution, Fault, NodeId, Setup, Time, Topology};

use super::reduce::Seen;
use super::{Layout, World};
use crate::client::ClientPool;
use crate::cluster::{self, pool_places};
use crate::commit::{Coordinator, CoordinatorSettings};
use crate::config::{Bugs, BuildError, Config};
use crate::control_plane::{ControlPlane, ControlPlaneSettings, RebalanceSettings};
use crate::evidence;
use crate::lookup::Directory;
use crate::node::DatabaseNode;
use crate::placement::{self, Placement};
use crate::rebalancing::{Loaded, Operator, OperatorSettings, Routing, loaded_rows};
use crate::remedies::{Cache, CacheNode};
use crate::replication::{Ack, Mode, Settings, VersionSettings};
use crate::server::{
    MoveSettings, ReportSettings, Server, ServerSettings, VersionServer, VersionServerSettings, WorkCosts,
};
use crate::shard_map::{Assignment, FIRST_EPOCH, ShardId, ShardMap};
use crate::sharding::{Partitioner, Partitioning, Shards};
use crate::tables::Tables;

/// Time between a server's checks for lost messages.
const SERVER_TICK: Time = 50_000_000;

/// Heartbeats in one failover timeout: three may be lost before a server is suspected.
const HEARTBEATS_PER_FAILOVER: Time = 4;

/// Time between heartbeats where nobody is ever suspected: they still carry word of restarts and maps.
const IDLE_HEARTBEAT: Time = 250_000_000;

/// Looks at the clock in one failover timeout: a failure is noticed this fraction of a timeout late, at worst.
const LOOKS_PER_FAILOVER: Time = 16;

/// A lease is this share shorter than the failover timeout, in percent: clocks may differ in rate by as much.
const LEASE_MARGIN_PERCENT: Time = 10;

/// How long a coordinator waits before it sends again.
const COORDINATOR_RETRY: Time = 250_000_000;

/// Samples of the nodes' load in a run, about.
const SAMPLES: Time = 120;

impl World {
    /// Builds a world for the native engine. Its faults must be aimed at the nodes of [`cluster::layout`].
    ///
    /// # Errors
    /// The first setting that is impossible.
    pub fn build(config: &Config, faults: Vec<Fault>, seed: u64) -> Result<Self, BuildError> {
        Self::build_on(Engine::Native, config, faults, seed)
    }

    /// The same for either engine: the one place that knows which there are.
    ///
    /// # Errors
    /// The first setting that is impossible, or impossible for the engine.
    pub fn build_on(
        engine: Engine,
        config: &Config,
        faults: Vec<Fault>,
        seed: u64,
    ) -> Result<Self, BuildError> {
        if let Err(errors) = cluster::validate(config) {
            return Err(errors.into_iter().next().expect("an error says what is wrong"));
        }
        let layout = cluster::layout(config);
        let topology = cluster::topology(config, &layout, seed)?;
        let promises = evidence::promises(config, &faults);
        let partitioning = Partitioning::new(config, seed);
        let partitioner = Arc::new(partitioning.over(config.cluster.servers));
        let sample_every = sampling_interval(config);
        let tables = partitioning.schema().map(|schema| Arc::new(Tables::new(config, schema, &partitioner)));
        let map = Arc::new(first_map(config, &layout, &partitioner));
        let builder = Builder {
            tables: tables.as_ref(),
            map: Arc::clone(&map),
            resend_after_ticks: resend_after_ticks(&topology),
            bugs: config.bugs.iter().copied().collect(),
            partitioning: &partitioning,
            seed,
            config,
            layout: &layout,
        };
        let nodes = builder.nodes();
        let kernel =
            shardlab_sim::Config { seed, warmup: config.warmup.as_ns(), sample_every: Some(sample_every) };
        let setup = Setup::new(kernel, topology, nodes, faults).map_err(|error| BuildError {
            path: "cluster".into(),
            message: error.to_string(),
            other: None,
            help: "mend the setting that it names".into(),
        })?;
        let end = config.duration.as_ns() + config.drain.as_ns();
        let execution = Execution::begin(engine, setup, end).map_err(refused)?;
        Ok(Self {
            config: config.clone(),
            partitioning,
            tables,
            layout,
            promises,
            sample_every,
            execution,
            seen: Seen::beginning_with(&map),
        })
    }
}

fn refused(error: EngineError) -> BuildError {
    BuildError {
        path: "duration".into(),
        message: error.to_string(),
        other: None,
        help: "shorten `duration` or `drain`, or run it on the native engine".into(),
    }
}

/// A width of 1, 2 or 5 times a power of ten nanoseconds, at least 100 ms, that cuts the run into about 120 pieces.
fn sampling_interval(config: &Config) -> Time {
    let ideal = (config.duration.as_ns() + config.drain.as_ns()) / SAMPLES;
    let steps = (8..).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
    steps.take_while(|&step| step <= ideal).last().unwrap_or(100_000_000)
}

/// Longer than the slowest usual round trip, in ticks.
fn resend_after_ticks(topology: &Topology) -> u32 {
    let slowest = topology.profiles.iter().map(|link| mean_ns(&link.latency)).max().unwrap_or(0);
    u32::try_from(4 * slowest / SERVER_TICK + 2).unwrap_or(u32::MAX)
}

#[expect(
    clippy::cast_sign_loss,
    clippy::cast_possible_truncation,
    reason = "latencies are positive and far below 2⁵³"
)]
fn mean_ns(latency: &Distribution) -> Time {
    latency.mean_ns().min(1e15) as Time
}

fn first_map(config: &Config, layout: &Layout, partitioner: &Arc<Partitioner>) -> ShardMap {
    let mode = &config.replication.mode;
    // Those that stand by hold nothing yet.
    let servers = &layout.servers[..config.cluster.servers as usize];
    let zones: Vec<u32> = servers.iter().map(|server| layout.zone[server.index()]).collect();
    let assignment = |servers: Vec<u32>| {
        let copies: Vec<NodeId> = servers.into_iter().map(|server| layout.servers[server as usize]).collect();
        let primary = copies.first().copied().filter(|_| matches!(mode, Mode::Primary { .. }));
        Assignment { epoch: FIRST_EPOCH, primary, members: copies.clone(), copies }
    };
    let placer = placement::of(config, layout);
    let shards = placer.place(partitioner.count(), mode.replicas(), &zones).into_iter().map(assignment);
    let routing = Routing::settled(Arc::clone(partitioner));
    ShardMap { version: 1, shards: shards.collect(), routing, learners: BTreeMap::new() }
}

/// The keys that were loaded, and the size of a row of them.
pub(super) fn loaded(config: &Config, partitioning: &Partitioning) -> (Loaded, u32) {
    match partitioning.schema() {
        Some(schema) => (schema.loaded(), schema.mean_row_bytes()),
        None => {
            let workloads = || config.workloads.iter();
            let keys = workloads().map(|workload| workload.keys.end()).max().unwrap_or(0);
            // All workloads share the keys; the one with the largest rows says what a row is.
            (keys.into(), workloads().map(|workload| workload.value_bytes).max().unwrap_or(0))
        }
    }
}

struct Builder<'a> {
    config: &'a Config,
    layout: &'a Layout,
    partitioning: &'a Partitioning,
    tables: Option<&'a Arc<Tables>>,
    map: Arc<ShardMap>,
    resend_after_ticks: u32,
    bugs: Bugs,
    seed: u64,
}

impl Builder<'_> {
    fn nodes(&self) -> Vec<DatabaseNode> {
        let mut nodes = vec![DatabaseNode::ControlPlane(Box::new(self.control_plane()))];
        let shards = self.shards_by_node();
        nodes.extend(self.layout.servers.iter().map(|&me| self.server(me, &shards[me.index()])));
        let coordinators = self.layout.coordinators.iter();
        nodes.extend(coordinators.map(|&me| DatabaseNode::Coordinator(Box::new(self.coordinator(me)))));
        let mut pools = ClientPool::all(self.config, self.layout, &self.map, self.seed);
        if let Some(tables) = self.tables {
            pools = ClientPool::with_tables(pools, self.config, tables, self.seed);
        }
        nodes.extend(pools.into_iter().map(|pool| DatabaseNode::Clients(Box::new(pool))));
        nodes.extend(self.layout.operator.map(|_| DatabaseNode::Operator(Box::new(self.operator()))));
        let directory = || Directory::new(self.layout.control_plane, Arc::clone(&self.map));
        let directories = self.layout.directories.iter();
        nodes.extend(directories.map(|_| DatabaseNode::Directory(Box::new(directory()))));
        nodes.extend(self.config.remedies.cache.iter().flat_map(|cache| self.caches(cache)));
        assert_eq!(nodes.len(), self.layout.names.len(), "the layout names every node");
        assert_eq!(self.layout.clients.len(), pool_places(self.config).len(), "the layout places every pool");
        nodes
    }

    /// By node: the shards that it has a copy of, ascending.
    fn shards_by_node(&self) -> Vec<Vec<ShardId>> {
        let mut shards = vec![Vec::new(); self.layout.names.len()];
        for (shard, assignment) in (0..).map(ShardId).zip(&self.map.shards) {
            assignment.copies.iter().for_each(|copy| shards[copy.index()].push(shard));
        }
        shards
    }

    fn failover(&self) -> Option<Time> {
        match self.config.replication.mode {
            Mode::Primary { failover, .. } => failover.map(|failover| failover.as_ns()),
            Mode::MultiMaster { .. } => None,
        }
    }

    fn heartbeat_interval(&self) -> Time {
        self.failover().map_or(IDLE_HEARTBEAT, |failover| (failover / HEARTBEATS_PER_FAILOVER).max(1))
    }

    fn control_plane(&self) -> ControlPlane {
        let ack = match self.config.replication.mode {
            Mode::Primary { ack, .. } => Some(ack),
            Mode::MultiMaster { .. } => None,
        };
        let settings = ControlPlaneSettings {
            servers: self.layout.servers.clone(),
            subscribers: self.subscribers(),
            appoints: ack.is_some(),
            failover: self.failover(),
            ack: ack.unwrap_or_default(),
            patience: self.failover().unwrap_or(IDLE_HEARTBEAT * HEARTBEATS_PER_FAILOVER),
            tick: self.failover().map_or(IDLE_HEARTBEAT, |failover| (failover / LOOKS_PER_FAILOVER).max(1)),
            rebalance: self.config.rebalances().then(|| self.rebalance()),
            bugs: self.bugs,
        };
        ControlPlane::new(settings, Arc::clone(&self.map))
    }

    /// Everyone who routes by the map, and no server.
    fn subscribers(&self) -> Vec<NodeId> {
        let Layout { coordinators, clients, directories, .. } = self.layout;
        coordinators.iter().chain(clients).chain(directories).copied().collect()
    }

    fn rebalance(&self) -> RebalanceSettings {
        let (loaded, row_bytes) = self.loaded();
        RebalanceSettings {
            partitioning: self.partitioning.clone(),
            zones: self.layout.servers.iter().map(|server| self.layout.zone[server.index()]).collect(),
            regions: self.layout.servers.iter().map(|server| self.layout.region[server.index()]).collect(),
            residence: placement::residence(self.config),
            servers: self.config.cluster.servers,
            replicas: self.config.replication.mode.replicas(),
            loaded_rows: loaded_rows(self.map.routing.from.as_ref(), &loaded),
            loaded,
            row_bytes,
            concurrent: self.config.rebalancing.concurrent as usize,
            protocol: self.config.rebalancing.protocol,
            balancer: self.config.rebalancing.balancer,
            until: self.config.duration.as_ns(),
        }
    }

    fn costs(&self) -> WorkCosts {
        let service = &self.config.cluster.service;
        WorkCosts {
            read: mean_ns(&service.read),
            write: mean_ns(&service.write),
            scan: mean_ns(&service.scan),
            append: mean_ns(&service.append),
            prepare: mean_ns(&service.prepare),
        }
    }

    /// The keys that were loaded, and the size of a row of them.
    fn loaded(&self) -> (Loaded, u32) {
        loaded(self.config, self.partitioning)
    }

    fn moves(&self) -> MoveSettings {
        let spec = &self.config.rebalancing;
        MoveSettings {
            bytes_per_s: spec.throttle.as_bytes(),
            chunk_bytes: spec.chunk.as_bytes(),
            seal_deadline: spec.seal_deadline.as_ns(),
            grace: spec.grace.as_ns(),
        }
    }

    /// Where shards are split and merged, servers report how they are.
    fn reports(&self) -> Option<ReportSettings> {
        self.config.sharding.strategy.reshapes()?;
        // Tables are not sharded by ranges that split.
        let (loaded, row_bytes) = self.loaded();
        Some(ReportSettings { loaded: loaded.len(), row_bytes })
    }

    fn caches(&self, cache: &Cache) -> impl Iterator<Item = DatabaseNode> + use<> {
        let node = CacheNode::new(cache, self.config.warmup.as_ns(), self.bugs);
        let nodes = self.layout.caches.len();
        std::iter::repeat_n(node, nodes).map(|node| DatabaseNode::Cache(Box::new(node)))
    }

    fn operator(&self) -> Operator {
        let commands = self.config.membership.clone();
        Operator::new(OperatorSettings { control_plane: self.layout.control_plane, commands })
    }

    /// Each family has a server of its own.
    fn server(&self, me: NodeId, shards: &[ShardId]) -> DatabaseNode {
        match self.config.replication.mode {
            Mode::Primary { ack, .. } => DatabaseNode::Server(Box::new(self.log_server(me, ack, shards))),
            Mode::MultiMaster { conflict, exchange, .. } => {
                let replica = VersionSettings { me, conflict, bugs: self.bugs };
                let settings = VersionServerSettings { replica, exchange: exchange.as_ns() };
                DatabaseNode::VersionServer(Box::new(VersionServer::new(settings, &self.map, shards)))
            }
        }
    }

    fn log_server(&self, me: NodeId, ack: Ack, shards: &[ShardId]) -> Server {
        let replica = Settings { me, ack, resend_after_ticks: self.resend_after_ticks, bugs: self.bugs };
        let settings = ServerSettings {
            replica,
            control_plane: self.layout.control_plane,
            reads: self.config.replication.reads,
            concurrency: self.config.transactions.concurrency,
            heartbeat_interval: self.heartbeat_interval(),
            lease: self.failover().map(|failover| failover - failover * LEASE_MARGIN_PERCENT / 100),
            tick: SERVER_TICK,
            inquiry_interval: self.config.transactions.inquiry_interval.as_ns(),
            costs: self.config.rebalancing.balancer.map(|_| self.costs()),
            moves: self.config.rebalances().then(|| self.moves()),
            reports: self.reports(),
            tables: self.tables.map(Arc::clone),
            expiry: self.config.sharding.strategy.maintenance().map(|maintenance| maintenance.expire),
            rest: self.rest(),
        };
        Server::new(settings, &self.map, shards)
    }

    /// The shard of what no partition by time is there for, where nobody is to keep that.
    fn rest(&self) -> Option<ShardId> {
        let partitions = self.map.routing.from.time_partitions()?;
        (!partitions.has_default()).then(|| partitions.rest())
    }

    fn coordinator(&self, me: NodeId) -> Coordinator {
        let settings = CoordinatorSettings {
            me,
            control_plane: self.layout.control_plane,
            vote_timeout: self.config.transactions.vote_timeout.as_ns(),
            retry_interval: COORDINATOR_RETRY,
            bugs: self.bugs,
        };
        Coordinator::new(settings, Arc::clone(&self.map))
    }
}
