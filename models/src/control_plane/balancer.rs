//! The control plane as balancer: looks at what servers report, and evens it out step by step.
//!
//! Leading a shard and following it cost a server differently, and both are measured, each at whoever does it. Handing an
//! office over is a change of epoch as in a failover, which the old primary is asked to make room for; moving a copy is a
//! relocation like that of any command. Left out: forecasts, and any memory of loads beyond the last look.

use std::collections::BTreeMap;

use shardlab_sim::{Context, Time};

use super::ControlPlane;
use crate::message::{Message, ShardLoad};
use crate::rebalancing::{Balancer, By, Picture, Step};
use crate::shard_map::ShardId;

/// What a shard cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    /// Time of cores at its primary, in µs.
    leading: u64,
    /// The same at the busiest of its other copies.
    following: u64,
}

/// The state of the balancer.
#[derive(Clone, Debug)]
pub(super) struct Balance {
    // Volatile.
    since_look: Vec<Cost>,
    next_look: Time,
    rests_until: BTreeMap<ShardId, Time>,
    // Measures: they survive crashes, since they are ours.
    first: Option<Picture>,
    pub total: Vec<Cost>,
    // Configuration.
    spec: Balancer,
}

impl Balance {
    pub fn new(spec: Balancer) -> Self {
        Self {
            since_look: Vec::new(),
            next_look: spec.interval.as_ns(),
            rests_until: BTreeMap::new(),
            first: None,
            total: Vec::new(),
            spec,
        }
    }

    pub fn crash(&mut self) {
        self.since_look.clear();
        self.rests_until.clear();
    }

    /// There is one more shard, which lies where its parent does: at the first look it was a part of that.
    pub fn born(&mut self, parent: ShardId) {
        if let Some(first) = &mut self.first
            && let Some(part) = first.shards.get(parent.index()).cloned()
        {
            first.shards.push(part);
        }
    }

    pub fn hear(&mut self, loads: &[ShardLoad]) {
        for load in loads {
            add(&mut self.since_look, load);
            add(&mut self.total, load);
        }
    }
}

fn add(costs: &mut Vec<Cost>, load: &ShardLoad) {
    let shard = load.shard.index();
    costs.resize(costs.len().max(shard + 1), Cost::default());
    let cost = &mut costs[shard];
    if load.leads {
        cost.leading += u64::from(load.core_us);
    } else {
        cost.following = cost.following.max(u64::from(load.core_us));
    }
}

/// Parts of a whole, in millionths.
fn share(part: u64, whole: u64) -> u64 {
    (u128::from(part) * 1_000_000).checked_div(u128::from(whole)).unwrap_or(0) as u64
}

impl ControlPlane {
    /// At every tick: if it is time, takes a look and the steps that help. Commands of the operator come first.
    pub(super) fn balance(&mut self, cx: &mut Context<'_, Message>) {
        let now = cx.now();
        let is_busy = self.map.routing.plan.is_some() || self.open_command().is_some() || self.rests(cx);
        let Some(balance) = self.balance.as_mut().filter(|balance| balance.next_look <= now) else { return };
        balance.next_look = now + balance.spec.interval.as_ns();
        let costs = std::mem::take(&mut balance.since_look);
        if is_busy || costs.is_empty() {
            return;
        }
        balance.rests_until.retain(|_, until| *until > now);
        let (spec, resting) = (balance.spec, balance.rests_until.clone());
        let mut picture = self.picture(now, self.costs(spec.by, &costs));
        if let Some(balance) = &mut self.balance {
            balance.first.get_or_insert_with(|| picture.clone());
        }
        for shard in resting.keys() {
            picture.shards[shard.index()].rests = true;
        }
        for _ in 0..spec.steps {
            let may_hold = |shard, server| self.place_may_hold(shard, server);
            let Some(step) = picture.step(spec.threshold_thousandths(), may_hold) else { break };
            if !self.take_step(step, cx) {
                break;
            }
            picture.apply(step);
            let (Step::HandOver { shard, .. } | Step::Move { shard, .. }) = step;
            picture.shards[shard].rests = true;
            if let Some(balance) = &mut self.balance {
                balance.rests_until.insert(ShardId(shard as u32), now + spec.cool_down.as_ns());
            }
        }
    }

    /// Says whether it was possible.
    fn take_step(&mut self, step: Step, cx: &mut Context<'_, Message>) -> bool {
        match step {
            Step::HandOver { shard, to } => {
                let shard = ShardId(shard as u32);
                let (old, new) = (self.map.primary(shard), self.settings.servers[to]);
                self.begin_change(shard, None, cx);
                let change = self.changes.get_mut(&shard).expect("it has just begun");
                (change.abdicating, change.preferred) = (old, Some(new));
                true
            }
            Step::Move { shard, from, to } if self.may_begin_another() => {
                self.order_relocation(shard, Some(from), to, None, cx);
                true
            }
            Step::Move { .. } => false,
        }
    }

    /// What leading and following each shard costs, by what is to be even.
    pub(super) fn costs<'a>(&'a self, by: By, measured: &'a [Cost]) -> impl Fn(usize) -> (u64, u64) + 'a {
        let cost = |shard: usize| measured.get(shard).copied().unwrap_or_default();
        let copies: u64 = self.map.shards.iter().map(|of| of.copies.len() as u64).sum();
        let rows: u64 = (0..self.map.shards.len())
            .map(|shard| self.rows(shard) * self.map.shards[shard].copies.len() as u64)
            .sum();
        let cores: u64 = (0..self.map.shards.len())
            .map(|shard| {
                let followers = self.map.shards[shard].copies.len().saturating_sub(1) as u64;
                cost(shard).leading + followers * cost(shard).following
            })
            .sum();
        move |shard| {
            let cost = cost(shard);
            match by {
                By::Count => (1, 1),
                By::Bytes => (self.rows(shard), self.rows(shard)),
                By::Load => (cost.leading, cost.following),
                By::Mixed => {
                    let still = share(1, copies) + share(self.rows(shard), rows);
                    (still + share(cost.leading, cores), still + share(cost.following, cores))
                }
            }
        }
    }

    pub(super) fn rows(&self, shard: usize) -> u64 {
        let rebalance = self.rebalance.as_ref();
        rebalance.and_then(|rebalance| rebalance.rows.get(shard).copied()).unwrap_or(0)
    }

    /// How many steps would have been enough, had all that was measured been known at the first look: the same greedy
    /// steps from where copies were then, until the load of the whole run is within the threshold or no step helps.
    #[must_use]
    pub fn moves_needed(&self) -> Option<u32> {
        let balance = self.balance.as_ref()?;
        let Some(mut picture) = balance.first.clone() else { return Some(0) };
        let costs = self.costs(balance.spec.by, &balance.total);
        for (shard, of) in picture.shards.iter_mut().enumerate() {
            (of.leading, of.following) = costs(shard);
            of.rests = false;
        }
        picture.servers.iter_mut().for_each(|server| server.takes = true);
        let mut steps = 0;
        let most = 10 * picture.shards.len() as u32;
        while steps < most {
            let may_hold = |shard, server| self.place_may_hold(shard, server);
            let Some(step) = picture.step(balance.spec.threshold_thousandths(), may_hold) else { break };
            picture.apply(step);
            steps += 1;
        }
        Some(steps)
    }
}
