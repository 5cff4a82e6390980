//! From a finished simulation to what a run leaves.

use std::collections::{BTreeMap, BTreeSet};

use shardlab_consistency::{History, Probe, Promise};
use shardlab_sim::{Counters, Finished, NodeId, Receipt, Time};

use super::build::loaded;
use super::commands::Commands;
use super::divergence::{self, Times};
use super::moves::{self, SeenMoves};
use super::partitions::{self, Expirations, SeenPartitions};
use super::queries;
use super::relocations::SeenRelocations;
use super::{Holding, LookupCosts, Ownership, RemedyMeasures, Run, ShardOperations, TransactionCosts, World};
use crate::client::{ClientMeasures, ClientPool, LookupMeasures};
use crate::control_plane::ControlPlane;
use crate::evidence::{Copies, Remains, VersionRemains};
use crate::message::Kind;
use crate::node::{DatabaseNode, Observation, ObservedQuery, ObservedTransaction};
use crate::rebalancing::loaded_rows;
use crate::remedies::CacheNode;
use crate::residency;
use crate::server::{Server, VersionServer};
use crate::shard_map::{Assignment, ShardId, ShardMap};
use crate::sharding::Shards;
use crate::state_machine::Prepared;

/// What nodes have counted so far: taken at the warm-up's end, so that it can be taken off.
#[derive(Clone, Debug, Default)]
pub(super) struct Measures {
    shards: Vec<ShardOperations>,
    committed: u64,
    aborted: u64,
    forced_writes: u64,
    lag_samples: BTreeMap<(NodeId, ShardId), usize>,
    lookups: LookupMeasures,
}

/// What observations add up to.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    history: History,
    queries: Vec<ObservedQuery>,
    operations_ended: Vec<Time>,
    transactions_ended: Vec<Time>,
    failovers: Vec<(ShardId, Time, Time)>,
    appointments: Vec<(ShardId, Option<NodeId>, Time)>,
    transactions: TransactionCosts,
    probes_sent: BTreeMap<u32, Time>,
    probed: BTreeMap<u32, Time>,
    moves: SeenMoves,
    partitions: SeenPartitions,
    pub(super) holdings: Vec<Holding>,
    lookups_ns: Vec<Time>,
    relocations: SeenRelocations,
}

impl World {
    pub(super) fn control_plane(&self) -> &ControlPlane {
        let mut nodes = self.execution.nodes().iter();
        nodes.find_map(DatabaseNode::as_control_plane).expect("there is a control plane")
    }

    /// How many shards there are, those that came during the run included.
    pub(super) fn shards(&self) -> usize {
        self.control_plane().map().shards.len()
    }

    pub(super) fn measures(&self) -> Measures {
        measures(self.execution.nodes(), self.shards())
    }

    pub(super) fn reduce(self, before: &Measures, convergence_ns: Option<Time>) -> Run {
        let shards = self.shards();
        let Self { config, partitioning, tables, layout, promises, sample_every, execution, mut seen } = self;
        let (events, events_processed) = (execution.events_handled(), execution.events_processed());
        let finished = execution.finish();
        let Finished { nodes, observations, receipts, fingerprint, counters, samples } = finished;
        let warmup = config.warmup.as_ns();
        seen.collect(observations, warmup);
        let end = config.duration.as_ns() + config.drain.as_ns();
        add_pending(&nodes, &mut seen.history);
        let after = measures(&nodes, shards);
        let control_plane =
            nodes.iter().find_map(DatabaseNode::as_control_plane).expect("there is a control plane");
        let first = partitioning.over(config.cluster.servers);
        let expirations = Expirations::new(&config, control_plane.map(), &seen.partitions);
        let probes = probes(first.shards(), config.duration.as_ns() + config.drain.as_ns() / 2, &seen);
        let takes_writes = |probe: &Probe| {
            partitions::takes_writes(control_plane.map(), expirations.as_ref(), ShardId(probe.shard))
        };
        let probes: Vec<Probe> = probes.into_iter().filter(takes_writes).collect();
        let mut receipts = receipts;
        let versions = version_servers(&nodes);
        let mut evidence = if versions.is_empty() {
            let remains = Remains {
                config: &config,
                control_plane,
                copies: Copies::of(servers(&nodes), shards),
                coordinators: nodes.iter().filter_map(DatabaseNode::as_coordinator).collect(),
                moves: &seen.moves.moves,
                expirations: expirations.as_ref(),
                ended: end,
            };
            remains.prepared().for_each(|prepared| seen.transactions.add_unfinished(prepared, end));
            remains.evidence(&seen.history, probes, &receipts)
        } else {
            VersionRemains { servers: versions.clone() }.evidence(probes, &receipts)
        };
        let open = control_plane.open_commands();
        if let Some(tables) = &tables {
            evidence.queries = queries::evidence(
                &seen.queries,
                tables,
                &seen.history,
                (shards as u32, expirations.as_ref()),
            );
        }
        let commands = Commands::new(&config, &seen.moves, &seen.relocations, open);
        evidence.untested.extend(commands.untested());
        receipts.extend(commands.receipts(&layout, receipts.len()));
        // Copies differ while keys still move.
        let promises = if open > 0 { promises.without(Promise::Convergence) } else { promises };
        let healed = last_heal(&receipts, config.duration.as_ns());
        let times = Times { warmup, end, sample_every, healed };
        let divergence = (!versions.is_empty()).then(|| divergence::measure(&versions, times));
        let primaries = control_plane.map().shards.iter().map(|assignment| assignment.primary).collect();
        let ownership = Ownership::new(first, &seen.moves);
        evidence.residency =
            residency::evidence(&config, &layout, &seen.holdings, &ownership, || written_keys(&nodes));
        let (loaded, row_bytes) = loaded(&config, &partitioning);
        let loaded = loaded_rows(&partitioning.over(config.cluster.servers), &loaded);
        let partitions = partitions::costs(
            &config,
            &nodes,
            control_plane.map(),
            (&seen.partitions, expirations.as_ref(), &seen.moves.moves),
            &loaded,
        );
        let stored = partitions::stored_rows(&nodes, &loaded, control_plane.map());
        let stored_bytes = tables.as_ref().map(|_| stored * u64::from(row_bytes));
        let lookups = (!layout.directories.is_empty()).then(|| LookupCosts {
            hits: after.lookups.hits - before.lookups.hits,
            misses: after.lookups.misses - before.lookups.misses,
            latencies_ns: std::mem::take(&mut seen.lookups_ns),
        });
        Run {
            partitions,
            stored_bytes,
            loaded_rows: config.loaded_rows(),
            ownership,
            lookups,
            rebalancing: moves::costs(&config, &nodes, open, seen.moves, seen.relocations),
            queries: seen.queries,
            tables,
            evidence,
            divergence,
            remedies: remedies(&nodes),
            promises,
            receipts,
            fingerprint,
            events,
            events_processed,
            samples,
            sample_every,
            primaries,
            shard_operations: shard_operations(before, &after),
            failovers: seen.failovers,
            appointments: seen.appointments,
            transactions: costs(seen.transactions, before, &after, &counters),
            replication_lag_ns: [lag_samples(&nodes, before), divergence::lags(&versions, warmup)].concat(),
            counters,
            ended: ended(seen.operations_ended, seen.transactions_ended, &seen.history, end),
            history: seen.history,
            layout,
            convergence_ns,
            duration: config.duration.as_ns(),
            warmup,
        }
    }
}

/// By shard: the keys that some copy of it was told to write and still has.
fn written_keys(nodes: &[DatabaseNode]) -> BTreeMap<ShardId, BTreeSet<u64>> {
    let mut written: BTreeMap<ShardId, BTreeSet<u64>> = BTreeMap::new();
    for node in nodes {
        for hosted in node.as_server().into_iter().flat_map(Server::hosted) {
            written.entry(hosted.shard).or_default().extend(hosted.machine.rows().keys(|_| true));
        }
        for hosted in node.as_version_server().into_iter().flat_map(VersionServer::hosted) {
            let keys = hosted.replica.store().iter().map(|(key, _)| key);
            written.entry(hosted.shard).or_default().extend(keys);
        }
    }
    written
}

/// The last time that a fault healed while there was load.
fn last_heal(receipts: &[Receipt], load_ends: Time) -> Option<Time> {
    receipts.iter().filter_map(|receipt| receipt.healed).filter(|&at| at < load_ends).max()
}

/// Servers of versions, with their numbers; none where primaries order writes.
fn version_servers(nodes: &[DatabaseNode]) -> Vec<(NodeId, &VersionServer)> {
    numbered(nodes).filter_map(|(id, node)| node.as_version_server().map(|server| (id, server))).collect()
}

/// Servers of logs, with their numbers.
fn servers(nodes: &[DatabaseNode]) -> impl Iterator<Item = (NodeId, &Server)> {
    numbered(nodes).filter_map(|(id, node)| node.as_server().map(|server| (id, server)))
}

fn numbered(nodes: &[DatabaseNode]) -> impl Iterator<Item = (NodeId, &DatabaseNode)> {
    (0..).map(NodeId).zip(nodes)
}

fn measures(nodes: &[DatabaseNode], shards: usize) -> Measures {
    let mut sum = Measures { shards: vec![ShardOperations::default(); shards], ..Measures::default() };
    for (id, node) in numbered(nodes) {
        if let Some(server) = node.as_server() {
            sum.forced_writes += server.transaction_forces();
            for (shard, operations) in server.left() {
                sum.shards[shard.index()].reads += operations.reads;
                sum.shards[shard.index()].writes += operations.writes;
            }
            for hosted in server.hosted() {
                let shard = &mut sum.shards[hosted.shard.index()];
                shard.reads += hosted.operations.reads;
                shard.writes += hosted.operations.writes;
                shard.keys_written = shard.keys_written.max(hosted.machine.rows().len() as u64);
                if !hosted.replica.lag_ns.is_empty() {
                    sum.lag_samples.insert((id, hosted.shard), hosted.replica.lag_ns.len());
                }
            }
        }
        for hosted in node.as_version_server().into_iter().flat_map(VersionServer::hosted) {
            let shard = &mut sum.shards[hosted.shard.index()];
            shard.reads += hosted.operations.reads;
            shard.writes += hosted.operations.writes;
            shard.keys_written = shard.keys_written.max(hosted.replica.store().iter().count() as u64);
        }
        if let Some(clients) = node.as_clients() {
            let measured = clients.lookup_measures();
            sum.lookups.hits += measured.hits;
            sum.lookups.misses += measured.misses;
        }
        if let Some(coordinator) = node.as_coordinator() {
            let measured = coordinator.measures();
            sum.committed += measured.committed;
            sum.aborted += measured.aborted;
            sum.forced_writes += measured.forced_writes;
        }
    }
    sum
}

impl Seen {
    /// The copies of this map are there from the beginning.
    pub(super) fn beginning_with(map: &ShardMap) -> Self {
        let of = |(shard, assignment): (u32, &Assignment)| {
            let shard = ShardId(shard);
            assignment.copies.clone().into_iter().map(move |node| Holding { node, shard, since: 0 })
        };
        Self { holdings: (0..).zip(&map.shards).flat_map(of).collect(), ..Self::default() }
    }

    /// Adds what was observed since the last time.
    pub(super) fn collect(&mut self, observations: Vec<(Time, NodeId, Observation)>, warmup: Time) {
        for (at, node, observation) in observations {
            if let Observation::Hosted { shard } = observation {
                self.holdings.push(Holding { node, shard, since: at });
            }
            self.add(at, observation, warmup);
        }
    }

    fn add(&mut self, at: Time, observation: Observation, warmup: Time) {
        match observation {
            Observation::Operation(operation) => {
                self.operations_ended.push(at);
                self.history.push(operation);
            }
            Observation::Query(query) => self.queries.push(*query),
            Observation::Transaction(observed) => {
                self.transactions_ended.push(at);
                let ObservedTransaction { transaction, micro_operations, elements } = *observed;
                self.history.push_transaction_with_lists(transaction, &micro_operations, &elements);
            }
            Observation::Appointed { shard, since, before, .. } => {
                self.failovers.extend(since.map(|since| (shard, since, at)));
                self.appointments.push((shard, before, at));
            }
            Observation::Released { since, decided, blocked, .. } if at >= warmup => {
                self.transactions.in_doubt_ns.push(decided - since);
                self.transactions.lock_held_ns.push(at - since);
                self.transactions.blocked += u64::from(blocked);
            }
            Observation::Released { .. } | Observation::Hosted { .. } => {}
            Observation::LookedUp { since } => {
                if at >= warmup {
                    self.lookups_ns.push(at - since);
                }
            }
            Observation::ProbeSent { shard } => {
                self.probes_sent.entry(shard.0).or_insert(at);
            }
            moves @ (Observation::MembershipTaken { .. }
            | Observation::PlanBegun { .. }
            | Observation::PlanFinished { .. }
            | Observation::Unsplittable { .. }
            | Observation::Move { .. }) => self.moves.add(at, &moves),
            partitions @ (Observation::PartitionsExpired { .. } | Observation::ShardExpired { .. }) => {
                self.partitions.add(at, &partitions);
            }
            copies @ (Observation::Relocation { .. } | Observation::HandedOver { .. }) => {
                self.relocations.add(at, &copies);
            }
            Observation::Probed { shard } => {
                self.probed.entry(shard.0).or_insert(at);
            }
        }
    }
}

/// By call; those that nobody saw end did so with the run.
fn ended(operations: Vec<Time>, transactions: Vec<Time>, history: &History, end: Time) -> Vec<Time> {
    let mut ended = operations;
    ended.resize(history.operations.len(), end);
    ended.extend(transactions);
    ended.resize(history.operations.len() + history.transactions.len(), end);
    ended
}

impl TransactionCosts {
    /// A transaction whose locks are still held when everything ends: it counts up to there.
    fn add_unfinished(&mut self, prepared: &Prepared, end: Time) {
        self.in_doubt_ns.push(prepared.decided.unwrap_or(end).saturating_sub(prepared.since));
        self.lock_held_ns.push(end.saturating_sub(prepared.since));
        self.blocked += u64::from(prepared.blocked);
    }
}

/// What clients were still waiting for: it may have happened.
fn add_pending(nodes: &[DatabaseNode], history: &mut History) {
    for clients in nodes.iter().filter_map(DatabaseNode::as_clients) {
        clients.pending().into_iter().for_each(|operation| history.push(operation));
        for observed in clients.pending_transactions() {
            history.push_transaction(observed.transaction, &observed.micro_operations);
        }
    }
}

/// Every shard that owns a key must answer; where servers came or went, every one that keys could live in when probes
/// were sent.
fn probes(owning: Vec<ShardId>, sent: Time, seen: &Seen) -> Vec<Probe> {
    let settled = seen.moves.commands.is_empty();
    let wanted = if settled {
        owning.into_iter().map(|shard| shard.0).collect()
    } else {
        seen.probes_sent.keys().copied().collect::<Vec<u32>>()
    };
    let acknowledged = |shard| seen.probed.get(&shard).copied();
    wanted.into_iter().map(|shard| Probe { shard, sent, acknowledged: acknowledged(shard) }).collect()
}

fn remedies(nodes: &[DatabaseNode]) -> Option<RemedyMeasures> {
    let clients = nodes.iter().filter_map(DatabaseNode::as_clients);
    let clients =
        clients.filter_map(ClientPool::measures).fold(None, |sum: Option<ClientMeasures>, next| {
            let mut sum = sum.unwrap_or_default();
            sum.add(next);
            Some(sum)
        })?;
    let caches = nodes.iter().filter_map(DatabaseNode::as_cache).map(CacheNode::measures).collect();
    Some(RemedyMeasures { clients, caches })
}

fn shard_operations(before: &Measures, after: &Measures) -> Vec<ShardOperations> {
    // Shards that came later had done nothing before.
    let before = before.shards.iter().copied().chain(std::iter::repeat(ShardOperations::default()));
    let pairs = before.zip(&after.shards);
    pairs
        .map(|(before, after)| ShardOperations {
            reads: after.reads - before.reads,
            writes: after.writes - before.writes,
            keys_written: after.keys_written,
        })
        .collect()
}

fn costs(
    mut seen: TransactionCosts,
    before: &Measures,
    after: &Measures,
    counters: &Counters,
) -> TransactionCosts {
    let kinds = [Kind::Prepare, Kind::Vote, Kind::Decide, Kind::Decided];
    let sent = |kind: Kind| counters.nodes.iter().map(|node| node.sent[kind as usize]).sum::<u64>();
    seen.committed = after.committed - before.committed;
    seen.aborted = after.aborted - before.aborted;
    seen.forced_writes = after.forced_writes - before.forced_writes;
    seen.messages = kinds.into_iter().map(sent).sum();
    seen
}

fn lag_samples(nodes: &[DatabaseNode], before: &Measures) -> Vec<Time> {
    let mut samples = Vec::new();
    for (id, server) in servers(nodes) {
        for hosted in server.hosted() {
            let skip = before.lag_samples.get(&(id, hosted.shard)).copied().unwrap_or(0);
            // A copy that has left and come back counts anew.
            samples.extend(hosted.replica.lag_ns.get(skip..).unwrap_or(&hosted.replica.lag_ns));
        }
    }
    samples
}
