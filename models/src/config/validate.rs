//! Whether a world can be built from a configuration. The file's syntax and types were checked before.

use shardlab_sim::Duration;

use crate::cluster;
use crate::commit::Transactions;
use crate::config::{BuildError, Checks, Config, bugs};
use crate::rebalancing;
use crate::remedies;
use crate::replication::{Mode, Reads, Replication};
use crate::sharding::{Sharding, first_keys};
use crate::tables;
use crate::workload;

/// Checks everything that makes a world impossible or a run meaningless.
///
/// # Errors
/// All that is wrong, in the order of the file's sections.
pub fn validate(config: &Config) -> Result<(), Vec<BuildError>> {
    let mut checks = Checks::default();
    check_times(config, &mut checks);
    cluster::checks::check(&config.cluster, &mut checks);
    Sharding::check(config, &mut checks);
    tables::check(config, &mut checks);
    check_replication(&config.replication, config.cluster.servers, &mut checks);
    check_transactions_have_a_log(config, &mut checks);
    check_transactions(&config.transactions, &mut checks);
    workload::checks::check(config, &mut checks);
    rebalancing::checks::check(config, &mut checks);
    remedies::check(config, &mut checks);
    bugs::check(config, &mut checks);
    checks.result()?;
    check_shares(config)
}

/// What can be run and is hardly meant, in a configuration that was found valid.
#[must_use]
pub fn doubts(config: &Config) -> Vec<BuildError> {
    let mut doubts = Checks::default();
    Sharding::doubt(config, &mut doubts);
    rebalancing::newcomers::doubt(config, &mut doubts);
    doubts.result().err().unwrap_or_default()
}

/// Every shard must own something, which can only be asked of a sharding that can be built.
fn check_shares(config: &Config) -> Result<(), Vec<BuildError>> {
    let partitioner = config.sharding.partitioner(config.cluster.servers, 0);
    let mut checks = Checks::default();
    if let Some(salt) = &config.remedies.salt {
        salt.check_spread(&partitioner, &mut checks);
    }
    let Err(shard) = first_keys(&partitioner) else { return checks.result() };
    let message = format!("shard {} owns next to none of the keys", shard.0);
    checks.refuse(
        "sharding.strategy",
        message,
        "give it more: virtual nodes, weight, other bounds or values; or have fewer shards",
    );
    checks.result()
}

fn check_times(config: &Config, checks: &mut Checks) {
    /// Nanoseconds are counted in 64 bits, and sums of times must not overflow.
    const LONGEST: Duration = Duration::from_ns(365 * 24 * 3_600 * 1_000_000_000);
    checks.positive("duration", config.duration, "say how long the load runs: duration = \"60s\"");
    let help =
        "give the system time to come to rest, such as \"10s\": convergence and liveness are judged after it";
    checks.positive("drain", config.drain, help);
    for (path, time) in [("duration", config.duration), ("drain", config.drain)] {
        if time > LONGEST {
            checks.refuse(path, format!("{time} is too long"), "simulate at most a year");
        }
    }
    if config.warmup >= config.duration && config.duration > Duration::ZERO {
        checks.clash(
            "warmup",
            format!("the warm-up of {} leaves nothing to measure", config.warmup),
            ("duration", format!("the load stops after {}", config.duration)),
            "make the warm-up shorter than the duration",
        );
    }
}

fn check_replication(replication: &Replication, servers: u32, checks: &mut Checks) {
    match &replication.mode {
        Mode::Primary { replicas, failover, .. } => {
            check_replicas("replication.mode.primary.replicas", *replicas, servers, checks);
            check_failover(*failover, checks);
        }
        Mode::MultiMaster { replicas, exchange, .. } => {
            check_replicas("replication.mode.multi-master.replicas", *replicas, servers, checks);
            let help = "copies compare notes every so often: exchange = \"1s\"";
            checks.interval("replication.mode.multi-master.exchange", *exchange, help);
            check_reads_have_a_primary(replication, checks);
        }
    }
}

fn check_replicas(path: &str, replicas: u32, servers: u32, checks: &mut Checks) {
    if replicas == 0 {
        let help = "`replicas` counts all copies, the primary's too";
        checks.refuse(path, "a shard without a copy keeps nothing", help);
    } else if replicas > servers && servers > 0 {
        checks.clash(
            path,
            format!("{replicas} copies of a shard need as many servers"),
            ("cluster.servers", format!("there are {servers}")),
            format!("set replicas to at most {servers}, or add servers"),
        );
    }
}

/// The default, `lease`, is not held against a file that says nothing of reads.
fn check_reads_have_a_primary(replication: &Replication, checks: &mut Checks) {
    if replication.reads == Reads::Quorum {
        let message = "there is no primary whose epoch a majority could confirm";
        let other = ("replication.mode", "every copy takes writes and answers reads at once");
        checks.clash("replication.reads", message, other, "set reads = \"local\", or leave it out");
    }
}

fn check_failover(failover: Option<Duration>, checks: &mut Checks) {
    if failover == Some(Duration::ZERO) {
        let help = "give a time that a server may be silent, such as \"3s\", or leave it out for no failover";
        checks.refuse("replication.mode.primary.failover", "every server would be suspected at once", help);
    } else if let Some(failover) = failover {
        // Servers say several times within it that they are there.
        checks.interval("replication.mode.primary.failover", failover, "failover = \"3s\" is usual");
    }
}

/// Locks, votes and decisions are commands in a shard's log: that is what makes them one for all copies.
fn check_transactions_have_a_log(config: &Config, checks: &mut Checks) {
    let Mode::MultiMaster { .. } = config.replication.mode else { return };
    for workload in config.workloads.iter().filter(|workload| workload.mix.has_transactions()) {
        let path = format!("workload.{}.mix", workload.name);
        let message = "two-phase commit needs a log in each shard to lock and vote in, and copies that take writes by \
                       themselves have none: two transactions could lock one key on two copies";
        let other = ("replication.mode", "every copy takes writes");
        let help = "leave out `transfer` and `audit`, or set replication.mode to primary";
        checks.clash(path, message, other, help);
    }
}

fn check_transactions(transactions: &Transactions, checks: &mut Checks) {
    let help = "give a time such as \"500ms\"";
    checks.positive("transactions.vote-timeout", transactions.vote_timeout, help);
    checks.positive("transactions.inquiry-interval", transactions.inquiry_interval, help);
}

#[cfg(test)]
mod tests;
