//! When operations begin: open load, closed load, probes.

use shardlab_consistency::Outcome;
use shardlab_sim::{Context, Random, Time};

use crate::client::sessions::Work;
use crate::client::single::Purpose;
use crate::client::{ARRIVAL, ClientPool, observed, session_timer};
use crate::cluster::PoolPlace;
use crate::message::Message;
use crate::node::Observation;
use crate::shard_map::ShardId;
use crate::sharding::{first_keys_among, first_keys_of};
use crate::workload::{Arrivals, Intent, Poisson, Workload};

/// One pool's part of a workload's load.
#[derive(Clone, Debug)]
pub(super) enum Load {
    /// Does not wait for answers.
    Open(Poisson),
    /// So many clients, each with one operation at a time.
    Closed { clients: u32, think: Time, stagger: Random },
}

impl Load {
    /// Pools share the rate alike, and clients as alike as whole ones can be.
    pub fn new(workload: &Workload, place: PoolPlace, random: Random) -> Self {
        match workload.arrivals {
            Arrivals::Open(rate) => {
                Self::Open(Poisson::new(rate.mean_interval_ns() * place.pools as f64, random))
            }
            Arrivals::Closed { clients, think } => {
                let (each, rest) = (u64::from(clients) / place.pools, u64::from(clients) % place.pools);
                let clients = (each + u64::from(place.pool < rest)) as u32;
                Self::Closed { clients, think: think.as_ns(), stagger: random }
            }
        }
    }
}

impl ClientPool {
    pub(super) fn schedule_first_arrival(&mut self, cx: &mut Context<'_, Message>) {
        let wait = self.settings.start.saturating_sub(cx.now());
        let gap = match &mut self.load {
            Load::Open(poisson) => poisson.gap_ns(),
            Load::Closed { .. } => 0,
        };
        cx.set_timer(ARRIVAL, wait.saturating_add(gap));
    }

    /// One arrival of an open load; the first of each client of a closed one.
    pub(super) fn arrive(&mut self, cx: &mut Context<'_, Message>) {
        if cx.now() >= self.settings.stop {
            return;
        }
        match &mut self.load {
            Load::Open(poisson) => {
                let gap = poisson.gap_ns();
                cx.set_timer(ARRIVAL, gap);
                let slot = self.sessions.take();
                self.issue(slot, cx);
            }
            Load::Closed { clients, .. } => {
                for _ in 0..*clients {
                    self.start_client(cx);
                }
            }
        }
    }

    /// Clients that think between operations begin somewhere in a thought, or all would come at once.
    fn start_client(&mut self, cx: &mut Context<'_, Message>) {
        let slot = self.sessions.take();
        match &mut self.load {
            Load::Closed { think, stagger, .. } if *think > 0 => {
                cx.set_timer(session_timer(slot), stagger.below(*think));
            }
            _ => self.issue(slot, cx),
        }
    }

    /// A client has thought enough.
    pub(super) fn thought(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        if self.refreshes(slot) {
            return self.refresh(slot, cx);
        }
        if cx.now() < self.settings.stop { self.issue(slot, cx) } else { self.sessions.give_back(slot) }
    }

    /// Begins the next operation of the workload.
    #[inline]
    fn issue(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        match self.generator.next(cx.now()) {
            Intent::Query(drawn) => self.begin_query(slot, drawn, cx),
            Intent::Read(key) => self.begin_single(slot, Purpose::Read, key, cx),
            Intent::Update(key) => self.begin_single(slot, Purpose::Write, key, cx),
            Intent::Insert(key) => self.begin_single(slot, Purpose::Insert, key, cx),
            Intent::ReadModifyWrite(key) => self.begin_single(slot, Purpose::ReadThenWrite, key, cx),
            Intent::Scan(key, rows) => self.begin_scan(slot, key, rows, cx),
            Intent::Transfer { changes, rollback } => self.begin_transfer(slot, &changes, rollback, cx),
            Intent::Audit(accounts) => self.begin_audit(slot, accounts, cx),
            Intent::Transaction { content, accesses, rollback } => {
                self.begin_accesses(slot, (content, rollback), &accesses, cx);
            }
        }
    }

    /// An operation has ended and was observed: on to the next, or rest.
    #[inline]
    pub(super) fn end_operation(&mut self, slot: usize, outcome: Outcome, cx: &mut Context<'_, Message>) {
        if outcome == Outcome::Info {
            self.sessions.retire(slot);
        }
        match self.load {
            Load::Closed { think: 0, .. } if cx.now() < self.settings.stop => self.issue(slot, cx),
            Load::Closed { think, .. } if cx.now() < self.settings.stop => {
                cx.set_timer(session_timer(slot), think)
            }
            _ => {
                cx.cancel(session_timer(slot));
                self.sessions.give_back(slot);
            }
        }
    }

    /// Writes one key of every shard, beyond the keys of all workloads: the load is over, and all shards must be alive.
    pub(super) fn probe(&mut self, cx: &mut Context<'_, Message>) {
        for (key, shard) in self.probe_keys() {
            cx.observe(Observation::ProbeSent { shard });
            let slot = self.sessions.take();
            self.begin_single(slot, Purpose::Probe(shard), key, cx);
        }
    }

    /// A key of every shard that has one. While keys are on the move, a shard may have none yet, or none any more.
    fn probe_keys(&self) -> Vec<(u64, ShardId)> {
        /// Enough for a shard that owns a thousandth of the keys to be missed once in 10⁴³ times.
        const TRIED_ON_THE_MOVE: usize = 100_000;
        let routing = self.router.routing();
        let shards = routing.shards();
        let shard_of = |key| routing.shard_of(key);
        if routing.plan.is_some() {
            let keys = first_keys_among(&shards, shard_of, routing.landmarks(), TRIED_ON_THE_MOVE);
            return keys.into_iter().zip(shards).filter_map(|(key, shard)| Some((key?, shard))).collect();
        }
        let keys = first_keys_of(&shards, shard_of, routing.landmarks());
        keys.expect("every shard of a checked configuration owns a key").into_iter().zip(shards).collect()
    }

    /// After a restart: what was under way at the crash may have happened.
    pub(super) fn report_lost(&mut self, cx: &mut Context<'_, Message>) {
        for slot in 0..self.sessions.count() {
            let session = &self.sessions[slot];
            if let Some(operation) = observed::pending_operation(session) {
                cx.observe(Observation::Operation(operation));
            }
            if let Some(transaction) = observed::pending_transaction(session) {
                cx.observe(Observation::Transaction(Box::new(transaction)));
            }
            if !matches!(session.work, Work::Idle) {
                self.sessions.retire(slot);
            }
        }
        self.sessions.give_all_back();
    }
}
