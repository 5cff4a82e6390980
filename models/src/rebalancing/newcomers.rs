//! Whether servers that come can get anything, and whether weights are of servers that ever come.

use crate::config::{BuildError, Checks, Config};
use crate::rebalancing::{MembershipChange, standby_servers};
use crate::replication::Mode;
use crate::shard_map::ShardId;
use crate::sharding::{Strategy, Weights};

/// What is impossible about the servers that come, and the weights that wait for them.
pub(super) fn check(config: &Config, checks: &mut Checks) {
    let strategies = strategies(config);
    for (at, strategy) in &strategies {
        check_surplus(config, at, strategy, checks);
    }
    let objection =
        |coming: &Coming<'_>| coming.without_room(&strategies).or_else(|| coming.without_weight(&strategies));
    Coming::all(config).for_each(|coming| coming.report(objection(&coming), checks));
}

/// Servers that come and are hardly meant to: nothing is left for them.
pub(crate) fn doubt(config: &Config, doubts: &mut Checks) {
    Coming::all(config).for_each(|coming| coming.report(coming.without_shards(), doubts));
}

/// Those of the world and of its tables, and where they stand in the file.
fn strategies(config: &Config) -> Vec<(String, Strategy)> {
    let own = config.tables.iter().filter_map(|table| {
        table.strategy.as_ref().map(|strategy| (format!("table.{}.strategy", table.name), strategy))
    });
    let all = std::iter::once(("sharding.strategy".to_owned(), &config.sharding.strategy)).chain(own);
    all.map(|(at, strategy)| (at, strategy.clone())).collect()
}

/// More weights than there are shards, of which the last ones were meant for somebody.
fn check_surplus(config: &Config, at: &str, strategy: &Strategy, checks: &mut Checks) {
    let Some((name, Weights(weights))) = weights(strategy) else { return };
    let servers = config.cluster.servers.saturating_add(standby_servers(&config.membership));
    let shards = strategy.shards(servers);
    if weights.len() <= shards as usize {
        return;
    }
    let (of, who) = match strategy.counts_shards() {
        true => ("shards", "one for each shard"),
        false => ("servers", "one for each server, those that faults add counted"),
    };
    let message = format!("{} weights are given for {shards} {of}", weights.len());
    checks.refuse(format!("{at}.{name}.weights"), message, format!("give at most {shards}: {who}"));
}

/// The name of a strategy whose shards have weights, and these.
fn weights(strategy: &Strategy) -> Option<(&'static str, Weights)> {
    let name = match strategy {
        Strategy::ConsistentHash(_) => "consistent-hash",
        Strategy::BoundedLoad(_) => "bounded-load",
        Strategy::Rendezvous(_) => "rendezvous",
        Strategy::MultiProbe(_) => "multi-probe",
        Strategy::Maglev(_) => "maglev",
        Strategy::Slots(_) => "slots",
        _ => return None,
    };
    strategy.clone().weights().map(|weights| (name, weights.clone()))
}

/// Servers about to come.
struct Coming<'a> {
    config: &'a Config,
    /// Which fault of the file it is.
    fault: usize,
    /// How many have a number already.
    known: u32,
    /// How many of those have not left.
    there: u32,
    count: u32,
    /// Whether every server has what it had at the beginning, or nothing.
    is_even: bool,
}

impl<'a> Coming<'a> {
    /// By time.
    fn all(config: &'a Config) -> impl Iterator<Item = Self> {
        let mut commands: Vec<_> = config.membership.iter().collect();
        commands.sort_by_key(|command| command.at);
        let (mut known, mut there, mut is_even) = (config.cluster.servers, config.cluster.servers, true);
        commands.into_iter().filter_map(move |command| {
            let MembershipChange::Add(count) = command.change else {
                let leaves =
                    matches!(command.change, MembershipChange::Remove(_) | MembershipChange::Lose(_));
                there = there.saturating_sub(u32::from(leaves));
                is_even = false;
                return None;
            };
            let coming = Self { config, fault: command.fault, known, there, count, is_even };
            (known, there) = (known.saturating_add(count), there.saturating_add(count));
            Some(coming)
        })
    }

    fn report(&self, objection: Option<BuildError>, checks: &mut Checks) {
        let path = format!("fault.{}.membership.add", self.fault);
        objection.into_iter().for_each(|of| checks.push(BuildError { path: path.clone(), ..of }));
    }

    /// What a strategy has against so many servers, where each has the shard of its number: too few slots, say.
    fn without_room(&self, strategies: &[(String, Strategy)]) -> Option<BuildError> {
        let problems = |at: &str, strategy: &Strategy, servers: u32| {
            let mut checks = Checks::default();
            strategy.check(at, servers, &mut checks);
            checks.result().err().unwrap_or_default()
        };
        let after = self.there.saturating_add(self.count);
        let mut following = strategies.iter().filter(|(_, strategy)| !strategy.counts_shards());
        following.find_map(|(at, strategy)| {
            let is_sound = problems(at, strategy, self.there).is_empty();
            let problem = problems(at, strategy, after).into_iter().next().filter(|_| is_sound)?;
            Some(BuildError { message: format!("with {after} servers, {}", problem.message), ..problem })
        })
    }

    /// All of them weigh nothing, so that no key moves.
    fn without_weight(&self, strategies: &[(String, Strategy)]) -> Option<BuildError> {
        let weightless = |strategy: &Strategy| {
            let (name, weights) = weights(strategy).filter(|_| !strategy.counts_shards())?;
            let mut coming = self.known..self.known.saturating_add(self.count);
            (self.count > 0 && coming.all(|server| weights.of(ShardId(server)) == 0)).then_some(name)
        };
        let names: Option<Vec<&str>> = strategies.iter().map(|(_, strategy)| weightless(strategy)).collect();
        let other = format!("{}.{}.weights", strategies.first()?.0, names?.first()?);
        let message = match self.count {
            1 => format!("server {} comes with a weight of zero, and gets nothing", self.known),
            _ => format!("the {} servers come with a weight of zero, and get nothing", self.count),
        };
        let label = format!("weights by server, from 0 on: here is that of server {}", self.known);
        let help = "give it a weight above zero; one that is left out weighs 1".to_owned();
        Some(BuildError { path: String::new(), message, other: Some((other, label)), help })
    }

    /// Shards are counted, each has one copy, and every server has one at most.
    fn without_shards(&self) -> Option<BuildError> {
        let strategy = &self.config.sharding.strategy;
        let shards = self.config.sharding.shards(self.config.cluster.servers);
        let is_known = self.is_even
            && strategy.counts_shards()
            && !matches!(strategy, Strategy::Geographic(_))
            && strategy.reshapes().is_none()
            && strategy.maintenance().is_none()
            && self.config.tables.is_empty()
            && matches!(self.config.replication.mode, Mode::Primary { replicas: 1, .. });
        if !is_known || self.count == 0 || shards > self.there {
            return None;
        }
        let message = format!("{shards} shards are on {} servers: none is left over for more", self.there);
        let other = ("sharding.strategy".to_owned(), format!("{shards} shards, of which no server has two"));
        let help = "have more shards than servers, or leave the servers out".to_owned();
        Some(BuildError { path: String::new(), message, other: Some(other), help })
    }
}
