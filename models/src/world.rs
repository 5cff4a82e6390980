//! A whole cluster with its clients, ready to run; and what a run leaves.

mod build;
mod commands;
mod convergence;
mod divergence;
mod moves;
mod needed;
mod ownership;
mod partitions;
mod queries;
mod reduce;
mod relocations;

use std::ops::Range;
use std::sync::Arc;

use shardlab_consistency::{Evidence, History, Promises};
use shardlab_sim::{Counters, EngineError, Execution, Fingerprint, NodeId, NodeSample, Receipt, Time};

use crate::client::ClientMeasures;
use crate::config::Config;
use crate::node::{Cause, DatabaseNode, ObservedQuery};
use crate::rebalancing::MembershipChange;
use crate::remedies::CacheMeasures;
use crate::shard_map::ShardId;
use crate::sharding::Partitioning;
use crate::tables::Tables;
pub use divergence::{Divergence, DivergenceSample};
pub use ownership::Ownership;
pub(crate) use partitions::Expirations;
pub use partitions::PartitionCosts;
use reduce::Seen;

/// Which node is who. Node numbers are dense: control plane, servers, coordinators, client pools, operator, directories,
/// caches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The control plane.
    pub control_plane: NodeId,
    /// Servers, in order.
    pub servers: Vec<NodeId>,
    /// Coordinators, in order.
    pub coordinators: Vec<NodeId>,
    /// Client pools, one for each region and workload.
    pub clients: Vec<NodeId>,
    /// Whoever adds and removes servers, where somebody does.
    pub operator: Option<NodeId>,
    /// Directories, in order, where shards are found by lookup.
    pub directories: Vec<NodeId>,
    /// Cache nodes, in order; the last nodes.
    pub caches: Vec<NodeId>,
    /// By node: "server 3", "coordinator 0", "control plane", "clients us-east-1/checkout".
    pub names: Vec<String>,
    /// By node: index into the configuration's regions.
    pub region: Vec<usize>,
    /// By node: zone, dense over all regions.
    pub zone: Vec<u32>,
}

/// What a run leaves, whole; judged and measured afterwards.
#[derive(Debug)]
pub struct Run {
    /// Who was who.
    pub layout: Layout,
    /// What clients saw, warm-up included.
    pub history: History,
    /// When each call of the history ended: operations first, then transactions. A call whose outcome stayed unknown
    /// ended when its client gave it up, or with the run; the history has no time for that, since its effect has none.
    pub ended: Vec<Time>,
    /// Every query over tables that has ended, in the order in which they did; warm-up included.
    pub queries: Vec<ObservedQuery>,
    /// What rows are, where keys are rows of tables.
    pub tables: Option<Arc<Tables>>,
    /// What the simulator knows: version order, replica digests, residues.
    pub evidence: Evidence,
    /// Which judges' properties the configuration promises.
    pub promises: Promises,
    /// What each fault changed.
    pub receipts: Vec<Receipt>,
    /// Over every handled event.
    pub fingerprint: Fingerprint,
    /// Events handled, in the fingerprint's sense: messages, timers, syncs, starts, crashes, faults.
    pub events: u64,
    /// Events taken from the queue: arrivals that wait for a core too.
    pub events_processed: u64,
    /// Counters by node.
    pub counters: Counters,
    /// Load of each node by interval.
    pub samples: Vec<NodeSample>,
    /// Width of an interval, in ns.
    pub sample_every: Time,
    /// By shard: primary at the end.
    pub primaries: Vec<Option<NodeId>>,
    /// By shard: operations served by its primaries.
    pub shard_operations: Vec<ShardOperations>,
    /// Failovers: `(shard, old primary last heard at, new one appointed at)`.
    pub failovers: Vec<(ShardId, Time, Time)>,
    /// Whenever a shard was given a primary, in order: `(shard, who was it before, at)`.
    pub appointments: Vec<(ShardId, Option<NodeId>, Time)>,
    /// What transactions cost.
    pub transactions: TransactionCosts,
    /// Samples of how far copies were behind, in ns: time from an entry's append at the primary to its durability at a
    /// backup, or from a version's durability where it was taken to that on another copy.
    pub replication_lag_ns: Vec<Time>,
    /// What rebalancing cost; nothing where no server came or went.
    pub rebalancing: RebalancingCosts,
    /// What became of partitions by time; `None` where there are none.
    pub partitions: Option<PartitionCosts>,
    /// Size of the rows of tables that are on disk at the end, in one copy of each shard, by the mean size of a loaded row;
    /// `None` where keys are no rows.
    pub stored_bytes: Option<u64>,
    /// Loaded rows of all shards.
    pub loaded_rows: u64,
    /// Which shard owned which key when.
    pub ownership: Ownership,
    /// What looking shards up cost; `None` where clients know them.
    pub lookups: Option<LookupCosts>,
    /// What remedies for hotspots did; nothing where none changes what clients do.
    pub remedies: Option<RemedyMeasures>,
    /// From the heal until the copies of every shard were equal, in ns; `None` if they never were, or are not at the end.
    pub convergence_ns: Option<Time>,
    /// How far copies were apart that take writes by themselves; `None` where primaries order them.
    pub divergence: Option<Divergence>,
    /// Load ends here, in ns.
    pub duration: Time,
    /// Measures begin here, in ns.
    pub warmup: Time,
}

impl Run {
    /// Who led a shard at that time, by the control plane's word.
    #[must_use]
    pub fn primary_at(&self, shard: ShardId, at: Time) -> Option<NodeId> {
        let next = self.appointments.iter().find(|&&(of, _, since)| of == shard && since > at);
        next.map_or_else(|| self.primaries.get(shard.index()).copied().flatten(), |&(_, before, _)| before)
    }
}

/// How often a shard's primaries served clients, from the warm-up's end on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardOperations {
    /// Point reads and scans.
    pub reads: u64,
    /// Writes, and steps of transactions.
    pub writes: u64,
    /// Distinct keys written.
    pub keys_written: u64,
}

/// What remedies for hotspots did, from the warm-up's end on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemedyMeasures {
    /// At the clients.
    pub clients: ClientMeasures,
    /// At each cache node.
    pub caches: Vec<CacheMeasures>,
}

/// What transactions cost, from the warm-up's end on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransactionCosts {
    /// Decided to commit.
    pub committed: u64,
    /// Decided to abort.
    pub aborted: u64,
    /// Prepare, vote, decision and acknowledgement messages between nodes.
    pub messages: u64,
    /// Forced writes asked for by coordinators and participants on behalf of transactions.
    pub forced_writes: u64,
    /// For each participant of each transaction: how long it was in doubt, in ns; up to the run's end if it still is.
    pub in_doubt_ns: Vec<Time>,
    /// For each participant of each transaction: how long it held locks, in ns; up to the run's end if it still does.
    pub lock_held_ns: Vec<Time>,
    /// Operations and transactions that had to wait for a lock, or gave way because of one.
    pub blocked: u64,
}

/// What looking shards up cost, from the warm-up's end on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookupCosts {
    /// Groups that clients remembered when an operation needed them.
    pub hits: u64,
    /// Groups that they did not.
    pub misses: u64,
    /// For each answer: how long it took from the client's question, in ns.
    pub latencies_ns: Vec<Time>,
}

/// A copy of a shard that a server has, or had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// The server.
    pub node: NodeId,
    /// The shard.
    pub shard: ShardId,
    /// Since when, in ns.
    pub since: Time,
}

/// What rebalancing cost, over the whole run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RebalancingCosts {
    /// The plans that were begun, in order.
    pub commands: Vec<CommandCosts>,
    /// The moves, in the order in which they began.
    pub moves: Vec<MoveCosts>,
    /// The copies that moved between servers, in the order in which they began.
    pub relocations: Vec<RelocationCosts>,
    /// Offices of primary that were handed over to even out the load.
    pub hand_overs: Vec<HandOver>,
    /// How many steps of the balancer would have been enough, had the load of the whole run been known at its first look;
    /// nothing without a balancer.
    pub moves_needed: Option<u32>,
    /// Loaded rows that had to be copied for what began while the load was measured: of its moves and copies, what is not
    /// back where the first of them took it from.
    pub rows_needed: u64,
    /// When the control plane heard for the first time that a server is lost for ever, in ns.
    pub lost_at: Option<Time>,
    /// Operations that servers sent elsewhere, because their key was on the move or gone.
    pub redirects: u64,
    /// Commands that were not carried out to the end.
    pub open: usize,
    /// Shards that were too busy and could not be split, as often as that was noticed.
    pub unsplittable: u64,
    /// Second writes that new owners took of clients that write twice.
    pub second_writes: u64,
    /// Their bytes.
    pub second_bytes: u64,
    /// Second writes that clients do not know to be done.
    pub second_writes_missed: u64,
}

impl RebalancingCosts {
    /// Whether a move counts, for what began while the load was measured: its plan did.
    #[must_use]
    pub fn counts_move(&self, of: &MoveCosts, measured: &Range<Time>) -> bool {
        let plan = self.commands.get(of.command as usize);
        plan.is_none_or(|plan| measured.contains(&plan.began))
    }

    /// Whether a copy that moved does: the operator's command did, or where it is the balancer's, the copy.
    #[must_use]
    pub fn counts_relocation(&self, of: &RelocationCosts, measured: &Range<Time>) -> bool {
        let plan = |number| self.commands.iter().find(|plan| plan.cause == Cause::Command(number));
        measured.contains(&of.command.and_then(plan).map_or(of.began, |plan| plan.began))
    }
}

/// What one plan brought about: a command of the operator, a split or a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandCosts {
    /// Why it was made.
    pub cause: Cause,
    /// What the operator ordered, where that is why.
    pub change: Option<MembershipChange>,
    /// When its moves began, in ns.
    pub began: Time,
    /// When the last of them was done, in ns.
    pub ended: Option<Time>,
    /// Loaded keys that change owner.
    pub moving: u64,
    /// All loaded keys.
    pub loaded: u64,
    /// Size of a row, in bytes.
    pub row_bytes: u32,
    /// How many moves it takes.
    pub moves: u32,
    /// How many servers there were.
    pub servers_before: u32,
    /// How many there were after.
    pub servers_after: u32,
    /// By shard: how many times as many keys it was to have as one that weighs one, zero for numbers that were not there.
    /// Nothing where shards do not follow the servers.
    pub weights_before: Vec<u32>,
    /// By shard: what it weighed after.
    pub weights_after: Vec<u32>,
}

/// One copy of a shard that moved to another server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelocationCosts {
    /// Which command's it is, counted from zero; `None`: the balancer's.
    pub command: Option<u32>,
    /// Of which shard.
    pub shard: ShardId,
    /// Which server had it; none where a copy was missing.
    pub from: Option<NodeId>,
    /// Which server has it.
    pub to: NodeId,
    /// Loaded rows of the shard.
    pub rows: u64,
    /// When it was ordered, in ns.
    pub began: Time,
    /// When the newcomer had the snapshot, in ns.
    pub copied: Option<Time>,
    /// When it counted, in ns.
    pub joined: Option<Time>,
    /// When the old copy counted no more, and everything was done, in ns.
    pub left: Option<Time>,
    /// When it was given up, in ns.
    pub given_up: Option<Time>,
    /// Bytes of the snapshot that arrived, those that came twice included.
    pub bytes: u64,
    /// For how long its changes of epoch let nobody take writes of the shard, in ns.
    pub stopped: Time,
    /// Whether the old copy was the primary's.
    pub led: bool,
}

/// The office of primary handed over to another copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// When it was done, in ns.
    pub at: Time,
    /// Of which shard.
    pub shard: ShardId,
    /// Who led it before.
    pub from: NodeId,
    /// Who leads it from then on.
    pub to: NodeId,
    /// For how long nobody took writes of the shard, in ns.
    pub stopped: Time,
}

/// One move of keys from one shard to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoveCosts {
    /// Which plan's it is, counted from zero.
    pub command: u32,
    /// From which shard.
    pub source: ShardId,
    /// To which.
    pub target: ShardId,
    /// When the source began, in ns.
    pub began: Time,
    /// When the destination had all loaded keys, in ns.
    pub copied: Option<Time>,
    /// When the source refused operations on the keys for the last time, in ns.
    pub sealed: Option<Time>,
    /// When the destination served them, in ns.
    pub owned: Option<Time>,
    /// When everyone was told, in ns.
    pub published: Option<Time>,
    /// Loaded keys.
    pub keys: u64,
    /// Rows that came after the load, and were at the source.
    pub written: u64,
    /// Bytes that arrived, those that came twice included.
    pub bytes: u64,
    /// How often the source took the keys back because the cut-over took too long.
    pub unsealed: u32,
    /// For how long operations on the keys were refused, all seals together, in ns; to the run's end if they still are.
    pub refused: Time,
    /// When a step of it was seen last, in ns.
    pub progressed: Time,
    /// Whether the rows only changed hands: both ends lay on the same servers.
    pub by_reference: bool,
    /// Rows of both ends that were compared, each time counted.
    pub compared: u64,
    /// How many of them differed, and were written over.
    pub differing: u64,
    /// The lowest and the highest of the keys that move, where they are neighbours.
    pub span: Option<(u64, u64)>,
}

/// A world ready to run, on the engine it was built for.
#[derive(Debug)]
pub struct World {
    config: Config,
    partitioning: Partitioning,
    tables: Option<Arc<Tables>>,
    layout: Layout,
    promises: Promises,
    sample_every: Time,
    execution: Execution<DatabaseNode>,
    seen: Seen,
}

/// Why a run did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// Nobody wanted the rest.
    Stopped,
    /// The engine cannot go on.
    Engine(EngineError),
}

/// How often progress is told, at most: this many times a run.
const PROGRESS_STEPS: u64 = 200;

/// How finely the drain is watched for convergence, in ns: what it is measured to.
const CONVERGENCE_STEP: Time = 10_000_000;

impl World {
    /// Who is who.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Runs the load, heals all faults, drains, and gathers what is left.
    ///
    /// `progress` is told the virtual time now and then; when it answers false the run is given up.
    ///
    /// # Errors
    /// When it was given up, or had more events than its engine can take.
    pub fn run(mut self, progress: &mut dyn FnMut(Time) -> bool) -> Result<Run, Halt> {
        let (warmup, duration) = (self.config.warmup.as_ns(), self.config.duration.as_ns());
        let end = duration + self.config.drain.as_ns();
        self.advance(warmup, end, progress)?;
        let before = self.measures();
        self.advance(duration, end, progress)?;
        self.execution.heal_all();
        let convergence_ns = self.drain(duration, end, progress)?;
        Ok(self.reduce(&before, convergence_ns))
    }

    fn advance(&mut self, to: Time, end: Time, progress: &mut dyn FnMut(Time) -> bool) -> Result<(), Halt> {
        let step = (end / PROGRESS_STEPS).max(1);
        while self.execution.now() < to {
            let next = (self.execution.now() + step).min(to);
            self.execution.run_until(next).map_err(Halt::Engine)?;
            let observations = self.execution.take_observations();
            self.seen.collect(observations, self.config.warmup.as_ns());
            if !progress(next) {
                return Err(Halt::Stopped);
            }
        }
        Ok(())
    }

    /// Runs to the end; returns when, after the heal, all copies were equal for the first time: nothing if they differ
    /// at the end.
    fn drain(
        &mut self,
        healed: Time,
        end: Time,
        progress: &mut dyn FnMut(Time) -> bool,
    ) -> Result<Option<Time>, Halt> {
        while self.execution.now() < end {
            if self.has_converged() {
                let converged = self.execution.now() - healed;
                self.advance(end, end, progress)?;
                return Ok(self.are_copies_equal().then_some(converged));
            }
            let next = (self.execution.now() + CONVERGENCE_STEP).min(end);
            self.advance(next, end, progress)?;
        }
        Ok(self.has_converged().then_some(end - healed))
    }
}
