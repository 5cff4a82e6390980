//! What the simulator knows and no client can: the surviving logs, replayed.
//!
//! The judges see neutral evidence (version order, digests, residues), so this is where a database's state is put into
//! their words. The order of versions is found by replaying the surviving log through a fresh state machine: the log's
//! order alone is not it, since writes may wait for locks and retries are not applied twice.

mod moved;
mod remedied;
mod versions;

use std::collections::BTreeMap;

use shardlab_consistency::{
    BankEvidence, Effect as TransactionOutcome, Evidence, History, MicroOperation, Probe, Promise, Promises,
    ReplicaDigest, Residue, ResidueKind, TransactionEffect, VersionOrder,
};
use shardlab_sim::{Action, Fault, NodeId, Receipt, Time};

use crate::commit::Coordinator;
use crate::config::{Bugs, Config};
use crate::control_plane::ControlPlane;
use crate::message::{Command, TransactionId};
use crate::rebalancing::Pair;
use crate::remedies::Salting;
use crate::replication::{Ack, Mode, Reads};
use crate::server::{Hosted, Server};
use crate::shard_map::ShardId;
use crate::sharding::Strategy;
use crate::state_machine::{Closed, Decision, Departure, Effect, Prepared, StateMachine};
use crate::workload::Mix;
use crate::world::{Expirations, MoveCosts};
pub(crate) use versions::VersionRemains;

/// The nodes that hold state, at the end of a run.
pub(crate) struct Remains<'a> {
    pub(crate) config: &'a Config,
    pub(crate) control_plane: &'a ControlPlane,
    pub(crate) copies: Copies<'a>,
    pub(crate) coordinators: Vec<&'a Coordinator>,
    pub(crate) moves: &'a [MoveCosts],
    /// Which rows may be gone, where partitions by time are given up.
    pub(crate) expirations: Option<&'a Expirations>,
    /// When the run ended, in ns.
    pub(crate) ended: Time,
}

/// By shard: its copies, in the order of their servers. Asking every server for every shard would take as long as there
/// are shards times servers.
pub(crate) struct Copies<'a>(Vec<Vec<(NodeId, &'a Hosted)>>);

impl<'a> Copies<'a> {
    /// The copies of so many shards.
    pub(crate) fn of(servers: impl Iterator<Item = (NodeId, &'a Server)>, shards: usize) -> Self {
        let mut copies = vec![Vec::new(); shards];
        for (node, server) in servers {
            server.hosted().iter().for_each(|hosted| copies[hosted.shard.index()].push((node, hosted)));
        }
        Self(copies)
    }
}

/// The copy of a shard whose state counts.
struct Survivor<'a> {
    shard: ShardId,
    node: NodeId,
    hosted: &'a Hosted,
    may_answer: bool,
}

impl Remains<'_> {
    /// Gathers the evidence.
    pub(crate) fn evidence(&self, history: &History, probes: Vec<Probe>, receipts: &[Receipt]) -> Evidence {
        let survivors: Vec<_> = self.shards().map(|shard| self.survivor(shard)).collect();
        Evidence {
            version_order: Some(self.version_order(&survivors)),
            replicas: self.digests(),
            restless: self.restless(),
            residues: survivors.iter().flat_map(|survivor| self.residues(survivor)).collect(),
            probes,
            transaction_effects: self.transaction_effects(history, &survivors),
            bank: self.bank(&survivors),
            // Whoever knows the tables fills them in.
            queries: Vec::new(),
            counters_begin_with: counters_begin_with(self.config),
            // Found where who was where is known.
            residency: None,
            untested: inert(receipts),
        }
    }

    /// The transactions that are still prepared at the copies that count.
    pub(crate) fn prepared(&self) -> impl Iterator<Item = &Prepared> {
        let survivors = self.shards().map(|shard| self.survivor(shard));
        survivors.flat_map(|survivor| survivor.hosted.machine.prepared())
    }

    fn shards(&self) -> impl Iterator<Item = ShardId> + use<> {
        (0..u32::try_from(self.control_plane.map().shards.len()).expect("fewer than 2³² shards")).map(ShardId)
    }

    fn copies(&self, shard: ShardId) -> impl Iterator<Item = (NodeId, &Hosted)> {
        self.anywhere(shard).filter(move |&(node, _)| self.counts(shard, node))
    }

    fn anywhere(&self, shard: ShardId) -> impl Iterator<Item = (NodeId, &Hosted)> {
        self.copies.0[shard.index()].iter().copied()
    }

    /// Whether a copy there is one of the shard's, and not a learner's, or one that is lost for ever.
    fn counts(&self, shard: ShardId, node: NodeId) -> bool {
        let copies = &self.control_plane.map().assignment(shard).copies;
        copies.contains(&node) && !self.control_plane.is_lost(node)
    }

    /// The appointed primary; without one, the copy that would be appointed.
    fn survivor(&self, shard: ShardId) -> Survivor<'_> {
        let appointed = self.control_plane.map().assignment(shard).primary;
        let in_office =
            self.copies(shard).find(|(node, hosted)| Some(*node) == appointed && hosted.replica.is_primary());
        let (node, hosted) = in_office
            .or_else(|| self.copies(shard).max_by_key(|(_, hosted)| hosted.replica.log().last()))
            // All of them are lost for ever: what was there is told of, and no one can reach it.
            .or_else(|| self.anywhere(shard).max_by_key(|(_, hosted)| hosted.replica.log().last()))
            .expect("every shard has had a copy");
        let may_answer = in_office.is_some() && hosted.replica.may_answer();
        Survivor { shard, node, hosted, may_answer }
    }

    fn version_order(&self, survivors: &[Survivor<'_>]) -> VersionOrder {
        let log = if self.config.keys_move() {
            let logs = survivors.iter().map(|survivor| &survivor.hosted.replica);
            moved::order(logs, self.config.transactions.concurrency, self.bugs())
        } else {
            survivors.iter().flat_map(|survivor| self.replay(survivor)).collect()
        };
        let log = self.without_dropped(survivors, log);
        let Some(salt) = &self.config.remedies.salt else { return VersionOrder::from_log(log) };
        let machines = || survivors.iter().map(|survivor| &survivor.hosted.machine);
        VersionOrder::from_log(remedied::order(&Salting::new(salt), log, machines))
    }

    /// The log has what was dropped with a partition, but nobody can have it back. What was too old is excused.
    fn without_dropped(&self, survivors: &[Survivor<'_>], mut log: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
        let Some(expirations) = self.expirations else { return log };
        let routing = &self.control_plane.map().routing;
        let is_lost = |shard: ShardId| {
            survivors[shard.index()].hosted.machine.closed() == Some(Closed::Dropped)
                && !expirations.excuses(shard)
        };
        log.retain(|&(key, _)| !is_lost(routing.shard_of(key)));
        log
    }

    fn bugs(&self) -> Bugs {
        self.config.bugs.iter().copied().collect()
    }

    /// The `(key, value)` pairs that took effect, in order.
    fn replay(&self, survivor: &Survivor<'_>) -> Vec<(u64, u64)> {
        let mut machine = StateMachine::for_order(self.config.transactions.concurrency, self.bugs());
        let (mut effects, mut order) = (Vec::new(), Vec::new());
        for entry in survivor.hosted.replica.log().up_to(survivor.hosted.replica.applied()) {
            machine.apply(&entry.command, 0, &mut effects);
            order.extend(effects.drain(..).filter_map(|effect| match effect {
                Effect::Written { key, value, first: true, .. } | Effect::Applied { key, value } => {
                    Some((key, value))
                }
                _ => None,
            }));
        }
        order
    }

    /// The last steps of a move reach a backup with the next heartbeat of its primary.
    fn restless(&self) -> Option<String> {
        const REST: Time = 1_000_000_000;
        // With dual writes the rows of a move that is done go later.
        let spec = &self.config.rebalancing;
        let grace = if spec.protocol.writes_twice() { spec.grace.as_ns() } else { 0 };
        let under_way = self.control_plane.map().routing.plan.is_some();
        let last = self.moves.iter().filter_map(|of| of.published).max().unwrap_or(0);
        let just_ended = last > 0 && last + grace + REST > self.ended;
        (under_way || just_ended).then(|| {
            "keys were on the move until the run ended: give a longer drain, or let them move faster".into()
        })
    }

    fn digests(&self) -> Vec<ReplicaDigest> {
        let of = |shard: ShardId| {
            self.copies(shard).map(move |(node, hosted)| ReplicaDigest {
                shard: shard.0,
                node: node_number(node),
                position: u64::from(hosted.replica.applied()),
                digest: hosted.machine.rows().digest(),
                up: true,
            })
        };
        self.shards().flat_map(of).collect()
    }

    fn residues(&self, survivor: &Survivor<'_>) -> Vec<Residue> {
        let residue = |kind, what, since| Residue {
            shard: survivor.shard.0,
            node: node_number(survivor.node),
            kind,
            what,
            since,
        };
        let mut found = Vec::new();
        if !survivor.may_answer {
            let since = self.control_plane.unfinished().find(|&(shard, _)| shard == survivor.shard);
            let since = since.map_or(0, |(_, since)| since);
            found.push(residue(ResidueKind::NoPrimary, "no copy may take writes".into(), since));
        }
        for prepared in survivor.hosted.machine.prepared() {
            let transaction = prepared.prepare.transaction.0;
            let what = format!("transaction {transaction} is prepared and waits for its coordinator");
            found.push(residue(ResidueKind::InDoubt, what, prepared.since));
        }
        found.extend(survivor.hosted.machine.stale_locks().map(|(key, transaction)| {
            let what = format!("key {key} is locked by transaction {}, which is over", transaction.0);
            residue(ResidueKind::Locked, what, 0)
        }));
        found.extend(self.sealed(survivor).map(|(target, since)| {
            residue(
                ResidueKind::Sealed,
                format!("keys on their way to shard {} are refused", target.0),
                since,
            )
        }));
        let waiting = survivor.hosted.machine.waiting() + survivor.hosted.waiting_reads();
        if waiting > 0 {
            found.push(residue(ResidueKind::Waiting, format!("{waiting} requests wait for locks"), 0));
        }
        found
    }

    /// Moves whose seal has outlived its deadline twice: to which shard, and since when. One that is younger is at work.
    fn sealed(&self, survivor: &Survivor<'_>) -> impl Iterator<Item = (ShardId, Time)> {
        let old = self.ended.saturating_sub(2 * self.config.rebalancing.seal_deadline.as_ns());
        let departures = survivor.hosted.machine.moves().into_iter().flat_map(|moves| moves.departures());
        let sealed = departures.filter(|(_, departure)| matches!(departure, Departure::Sealed { .. }));
        // A maintenance window has no deadline: as long as rows come, it is at work.
        let unseals = self.config.rebalancing.protocol.unseals();
        let since = move |pair: Pair| {
            let last = self.moves.iter().rev().find(|of| (of.source, of.target) == pair);
            last.and_then(|of| if unseals { of.sealed } else { Some(of.progressed) }).unwrap_or(0)
        };
        sealed.map(move |(pair, _)| (pair.1, since(pair))).filter(move |&(_, since)| since <= old)
    }

    /// For every attempt that a client reported or a coordinator committed: what each participant's state says.
    fn transaction_effects(&self, history: &History, survivors: &[Survivor<'_>]) -> Vec<TransactionEffect> {
        let mut participants = if self.config.keys_move() {
            participants_by_log(survivors)
        } else {
            self.participants_by_history(history)
        };
        for (_, record) in self.coordinators.iter().flat_map(|coordinator| coordinator.committed()) {
            participants.entry(record.result.transaction).or_insert_with(|| record.participants.clone());
        }
        let rounds = self.rounds(survivors);
        let mut effects = Vec::new();
        for (attempt, shards) in participants {
            let rounds = rounds.get(&attempt).map_or(&[][..], Vec::as_slice);
            effects.extend(shards.into_iter().map(|shard| TransactionEffect {
                transaction: attempt.0,
                shard: shard.0,
                effect: outcome(&survivors[shard.index()].hosted.machine, rounds),
            }));
        }
        effects
    }

    fn participants_by_history(&self, history: &History) -> BTreeMap<TransactionId, Vec<ShardId>> {
        let mut participants = BTreeMap::new();
        for transaction in &history.transactions {
            let keys = history.steps(transaction).iter().map(MicroOperation::key);
            let routing = &self.control_plane.map().routing;
            let mut shards: Vec<_> = keys.map(|key| routing.shard_of(key)).collect();
            shards.sort_unstable();
            shards.dedup();
            participants.insert(TransactionId(transaction.id), shards);
        }
        participants
    }

    /// The rounds of votes that each attempt had, as far as anyone who survived has heard of them.
    fn rounds(&self, survivors: &[Survivor<'_>]) -> BTreeMap<TransactionId, Vec<TransactionId>> {
        let mut rounds: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut note = |attempt, round| {
            let known: &mut Vec<TransactionId> = rounds.entry(attempt).or_default();
            if !known.contains(&round) {
                known.push(round);
            }
        };
        for (round, record) in self.coordinators.iter().flat_map(|coordinator| coordinator.committed()) {
            note(record.result.transaction, round);
        }
        for replica in survivors.iter().map(|survivor| &survivor.hosted.replica) {
            for entry in replica.log().up_to(replica.applied()) {
                if let Command::Prepare(prepare) = &entry.command {
                    note(prepare.attempt, prepare.transaction);
                }
            }
        }
        rounds
    }

    fn bank(&self, survivors: &[Survivor<'_>]) -> Option<BankEvidence> {
        let bank = self.config.workloads.iter().find(|workload| workload.mix.has_bank())?;
        let accounts = bank.keys.count;
        let initial_total = i128::from(accounts) * i128::from(bank.balance);
        let change: i128 = survivors.iter().map(|survivor| survivor.hosted.machine.held_balance()).sum();
        let machines = survivors.iter().map(|survivor| &survivor.hosted.machine);
        let below_zero = machines.flat_map(|machine| machine.held_below(-bank.balance));
        let mut overdrawn: Vec<(u64, i64)> =
            below_zero.map(|(account, change)| (account, bank.balance + change)).collect();
        overdrawn.sort_unstable();
        let (final_total, overdraft) = (Some(initial_total + change), bank.overdraft);
        Some(BankEvidence { accounts, initial_total, final_total, overdraft, overdrawn })
    }
}

/// Where keys move, what a key's shard is now says little about what it was then: the logs know who was asked.
fn participants_by_log(survivors: &[Survivor<'_>]) -> BTreeMap<TransactionId, Vec<ShardId>> {
    let mut participants: BTreeMap<_, Vec<ShardId>> = BTreeMap::new();
    for survivor in survivors {
        let replica = &survivor.hosted.replica;
        for entry in replica.log().up_to(replica.applied()) {
            if let Command::Prepare(prepare) = &entry.command {
                let shards = participants.entry(prepare.attempt).or_default();
                if shards.last() != Some(&survivor.shard) {
                    shards.push(survivor.shard);
                }
            }
        }
    }
    participants
}

/// What one participant's state says of an attempt, whatever round brought it about.
fn outcome(machine: &StateMachine, rounds: &[TransactionId]) -> TransactionOutcome {
    let any = |wanted| rounds.iter().any(|&round| machine.decision(round) == Some(wanted));
    let in_doubt = || machine.prepared().any(|prepared| rounds.contains(&prepared.prepare.transaction));
    if any(Decision::Committed) {
        TransactionOutcome::Applied
    } else if in_doubt() {
        TransactionOutcome::InDoubt
    } else {
        TransactionOutcome::Discarded
    }
}

/// All workloads that count begin with the same: that was checked.
fn counters_begin_with(config: &Config) -> i64 {
    let counters = config.workloads.iter().find(|workload| workload.mix.has_counters());
    counters.map_or(0, |workload| workload.balance)
}

fn node_number(node: NodeId) -> u16 {
    u16::try_from(node.0).expect("a world has fewer than 65,536 nodes")
}

/// Faults that changed nothing, in words.
pub(crate) fn inert(receipts: &[Receipt]) -> Vec<String> {
    let inert = receipts.iter().filter(|receipt| receipt.changed == 0);
    inert
        .map(|receipt| match receipt.struck {
            None => format!("{} never struck", receipt.name),
            Some(at) => format!("{} struck at {} s and changed nothing", receipt.name, seconds(at)),
        })
        .collect()
}

fn seconds(time: Time) -> String {
    format!("{}.{:03}", time / 1_000_000_000, time / 1_000_000 % 1_000)
}

/// What the configuration promises and its load exercises; whatever it leaves out is measured and not judged.
#[must_use]
pub fn promises(config: &Config, faults: &[Fault]) -> Promises {
    match config.replication.mode {
        Mode::Primary { replicas, ack, .. } => promises_of_a_log(config, faults, replicas, ack),
        Mode::MultiMaster { replicas, conflict, .. } => {
            let promises = versions::promises(&Load::of(config), replicas, conflict);
            if keeps_residency(config) { promises.with(Promise::Residency) } else { promises }
        }
    }
}

fn promises_of_a_log(config: &Config, faults: &[Fault], replicas: u32, ack: Ack) -> Promises {
    let load = Load::of(config);
    // An asynchronous primary acknowledges what the others may never hear of.
    let keeps = ack != Ack::Async || replicas == 1;
    let clocks_jump = faults.iter().any(|fault| matches!(fault.action, Action::ClockJump { .. }));
    let fresh = match config.replication.reads {
        Reads::Local => false,
        // Leases assume that clocks run at nearly one rate.
        Reads::Lease => !clocks_jump,
        Reads::Quorum => true,
    };
    let left = remedied::left(config, clocks_jump);
    let promised = [
        (Promise::Durability, keeps && load.writes),
        (Promise::SurvivingReads, keeps && load.writes && load.reads),
        (Promise::CommittedReads, keeps && load.reads),
        (Promise::FreshReads, keeps && load.reads && load.writes && fresh && left.fresh),
        (Promise::WholeAnswers, keeps && load.queries && fresh),
        (Promise::ConservedTotal, keeps && load.transfers && load.audits),
        (Promise::Atomicity, keeps && load.transactions),
        (Promise::Isolation, keeps && load.isolated),
        (Promise::KeptAdditions, keeps && load.adds),
        (Promise::UniqueIds, keeps && load.draws_ids),
        (Promise::Linearizability, keeps && load.reads && fresh && left.linearizable),
        (Promise::Convergence, replicas > 1),
        (Promise::Liveness, true),
        (Promise::Residency, keeps_residency(config)),
    ];
    promised.into_iter().filter_map(|(promise, holds)| holds.then_some(promise)).collect()
}

/// Whether rules on where rows may be are kept: by the one strategy that knows of regions.
fn keeps_residency(config: &Config) -> bool {
    matches!(config.sharding.strategy, Strategy::Geographic(_)) && config.sharding.rules_on_regions()
}

/// What the workloads do, as far as judges look at it.
struct Load {
    reads: bool,
    writes: bool,
    transfers: bool,
    audits: bool,
    /// Any transactions that write.
    transactions: bool,
    /// Transactions over lists or registers.
    isolated: bool,
    /// Sets or counters, and no other lists.
    adds: bool,
    /// Ids from counters.
    draws_ids: bool,
    /// Queries that return or count rows of tables.
    queries: bool,
}

impl Load {
    fn of(config: &Config) -> Self {
        let any =
            |weight: fn(&Mix) -> f64| config.workloads.iter().any(|workload| weight(&workload.mix) > 0.0);
        let queries = || config.workloads.iter().flat_map(|workload| &workload.queries);
        let mut mixes = config.workloads.iter().map(|workload| &workload.mix);
        let isolated = mixes.any(|mix| mix.has_lists() || mix.has_registers());
        Self {
            reads: any(|mix| mix.read + mix.read_modify_write)
                || queries().any(|query| query.reads_one(&config.tables)),
            writes: any(|mix| mix.update + mix.insert + mix.read_modify_write)
                || queries().any(|query| query.writes() || query.summary.is_some()),
            transfers: any(|mix| mix.transfer),
            audits: any(|mix| mix.audit),
            transactions: any(|mix| mix.transfer + mix.counter + mix.unique_ids) || isolated,
            isolated,
            adds: any(|mix| mix.set + mix.counter) && !any(|mix| mix.list_append),
            draws_ids: any(|mix| mix.unique_ids),
            queries: queries().any(|query| !query.writes()),
        }
    }
}
