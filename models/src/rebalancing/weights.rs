//! Whether servers can be weighed anew.
//!
//! Where shards are counted, a server's weight is a target for copies of shards. Where each server has the shard of its
//! number, it is that shard's weight in the strategy: keys move until each has its share.

use crate::config::{Checks, Config};
use crate::rebalancing::MembershipChange;
use crate::shard_map::ShardId;
use crate::sharding::{Strategy, Weights};

/// What is impossible about the operator's commands that weigh a server anew.
pub(super) fn check(config: &Config, checks: &mut Checks) {
    let mut commands: Vec<_> = config.membership.iter().collect();
    commands.sort_by_key(|command| command.at);
    let mut weighing = Weighing::new(config);
    for command in commands {
        match command.change {
            MembershipChange::Add(count) => weighing.add(count),
            MembershipChange::Remove(server) | MembershipChange::Lose(server) => weighing.leave(server),
            MembershipChange::Reweight { server, thousandths } => {
                let path = format!("fault.{}.membership.reweight", command.fault);
                if let Some(objection) = weighing.reweigh(server, thousandths) {
                    checks.refuse(format!("{path}{}", objection.below), objection.message, objection.help);
                }
            }
            MembershipChange::Isolate { .. } | MembershipChange::Split { .. } => {}
        }
    }
}

/// Why a server cannot be weighed so.
struct Objection {
    /// Where, below the command.
    below: &'static str,
    message: String,
    help: String,
}

impl Objection {
    fn new(below: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { below, message: message.into(), help: help.into() }
    }
}

/// The weights as command follows command.
struct Weighing {
    /// Those of the world and of its tables whose shards have weights; none where copies of counted shards are shared out.
    strategies: Vec<Strategy>,
    counts_shards: bool,
    /// By server: what it is to bear, in thousandths; nothing for those that have left.
    servers: Vec<Option<u32>>,
}

impl Weighing {
    fn new(config: &Config) -> Self {
        let counts_shards = config.sharding.strategy.counts_shards();
        let own = config.tables.iter().filter_map(|table| table.strategy.as_ref());
        let all = own.chain([&config.sharding.strategy]).filter(|strategy| strategy.has_weights());
        let strategies: Vec<Strategy> = if counts_shards { Vec::new() } else { all.cloned().collect() };
        let in_file = strategies.last().cloned().and_then(|mut strategy| strategy.weights().cloned());
        let in_file = in_file.unwrap_or_else(Weights::default);
        let weight = |server| Some(in_file.of(ShardId(server)).saturating_mul(1_000));
        Self { strategies, counts_shards, servers: (0..config.cluster.servers).map(weight).collect() }
    }

    fn add(&mut self, count: u32) {
        // Too many are refused elsewhere.
        let servers = self.servers.len() + count.min(1_000_000) as usize;
        self.servers.resize(servers, Some(1_000));
    }

    fn leave(&mut self, server: u32) {
        if let Some(weight) = self.servers.get_mut(server as usize) {
            *weight = None;
        }
    }

    fn reweigh(&mut self, server: u32, thousandths: u32) -> Option<Objection> {
        if !self.counts_shards && self.strategies.is_empty() {
            let message =
                "each server has the one shard of its number, and this strategy gives all shards alike";
            let help = "use a strategy whose shards have weights: consistent-hash, bounded-load, rendezvous, multi-probe, \
                        maglev or slots; or say how many `shards` there are in `sharding.strategy`, several for each server: \
                        then their copies are shared out by weight";
            return Some(Objection::new("", message, help));
        }
        if !self.counts_shards && !thousandths.is_multiple_of(1_000) {
            let message = "where each server has the shard of its number, its weight counts points, turns or slots: a whole number";
            let help = "give a whole number; for half as much, let the others weigh 2: `weights = [2, 2, …]` in \
                        `sharding.strategy`";
            return Some(Objection::new(".weight", message, help));
        }
        // Who is not there is refused elsewhere.
        *self.servers.get_mut(server as usize)?.as_mut()? = thousandths;
        if self.servers.iter().flatten().all(|&weight| weight == 0) {
            let help = "leave one of them a weight above zero";
            return Some(Objection::new("", "no server is to bear anything", help));
        }
        self.objection_of_strategies(server, thousandths / 1_000)
    }

    /// What a strategy has against these weights and not against those before.
    fn objection_of_strategies(&mut self, server: u32, weight: u32) -> Option<Objection> {
        let servers = self.servers.len() as u32;
        self.strategies.iter_mut().find_map(|strategy| {
            let before = problems(strategy, servers).len();
            strategy.weights()?.set(ShardId(server), weight);
            let mut after = problems(strategy, servers);
            let (message, help) = after.drain(..).next().filter(|_| before == 0)?;
            Some(Objection::new(".weight", format!("with this weight, {message}"), help))
        })
    }
}

fn problems(strategy: &Strategy, servers: u32) -> Vec<(String, String)> {
    let mut checks = Checks::default();
    strategy.check("sharding.strategy", servers, &mut checks);
    let errors = checks.result().err().unwrap_or_default();
    errors.into_iter().map(|error| (error.message, error.help)).collect()
}
