//! Whether the servers that come and go can.

use crate::cluster::checks::MOST_NODES;
use crate::config::{Checks, Config};
use crate::rebalancing::MembershipChange;
use crate::replication::Mode;

/// Most keys that can be moved: their numbers are kept in 32 bits.
const MOST_KEYS: u64 = 1 << 32;

/// What is impossible about `[rebalancing]`, and about the commands of the operator.
pub(crate) fn check(config: &Config, checks: &mut Checks) {
    let spec = &config.rebalancing;
    for (path, size) in [("rebalancing.throttle", spec.throttle), ("rebalancing.chunk", spec.chunk)] {
        if size.as_bytes() == 0 {
            checks.refuse(path, "nothing would ever be copied", "give a size such as \"1MiB\"");
        }
    }
    checks.count("rebalancing.concurrent", u64::from(spec.concurrent), 1_000_000, "moves at once");
    let help = "give a time that the keys may be refused at most, such as \"1s\"";
    checks.positive("rebalancing.seal-deadline", spec.seal_deadline, help);
    if !config.membership.is_empty() {
        check_commands(config, checks);
    }
    if config.keys_move() && spec.protocol.writes_twice() {
        check_that_second_writes_can_be_made(config, checks);
    }
}

/// The second write of a transaction would have to be part of it, in the log of a shard that does not own the key yet.
fn check_that_second_writes_can_be_made(config: &Config, checks: &mut Checks) {
    let transacts = config.workloads.iter().find(|workload| workload.mix.has_transactions());
    if let Some(workload) = transacts {
        checks.clash(
            "rebalancing.protocol",
            "dual writes are made by clients, one key at a time: a transaction has no second write"
                .to_owned(),
            (&format!("workload.{}.mix", workload.name), "these are transactions".to_owned()),
            "use protocol = \"live\", or leave the transactions out",
        );
    }
}

/// Why `change` cannot be made of `servers` (who is there, by number), if it cannot: what is wrong, and the way out.
fn objection(change: MembershipChange, servers: &[bool], replicas: u32) -> Option<(String, String)> {
    let there = servers.iter().filter(|&&there| there).count();
    match change {
        MembershipChange::Add(0) => Some(("no server is added".into(), "add one or more".into())),
        MembershipChange::Add(count) if servers.len() as u64 + u64::from(count) > MOST_NODES => Some((
            format!(
                "{count} more servers are too many: with those before them {}",
                servers.len() as u64 + u64::from(count)
            ),
            format!("add fewer: there are at most {MOST_NODES} in a run, those that left counted too"),
        )),
        MembershipChange::Add(_) => None,
        MembershipChange::Remove(server) if !servers.get(server as usize).copied().unwrap_or(false) => {
            let help = format!("name one of the {there} servers that are there by then");
            Some((format!("there is no server {server} to remove"), help))
        }
        MembershipChange::Remove(_) if there as u64 <= u64::from(replicas) => Some((
            format!("{} servers cannot keep {replicas} copies of a shard", there - 1),
            "remove fewer servers, or keep fewer copies".into(),
        )),
        MembershipChange::Remove(_) => None,
    }
}

fn check_commands(config: &Config, checks: &mut Checks) {
    if matches!(config.replication.mode, Mode::MultiMaster { .. }) {
        let message =
            "servers cannot come and go where every copy takes writes: a move is ordered by a shard's log";
        checks.refuse("replication.mode", message, "use `primary`, or leave the membership faults out");
    }
    if config.sharding.strategy.counts_shards() {
        let message = "servers can come and go only where the shard count follows the servers";
        checks.refuse("sharding.strategy", message, "leave `shards` out");
    }
    let keys = config.workloads.iter().map(|workload| workload.keys.end()).max().unwrap_or(0);
    if keys >= MOST_KEYS {
        checks.refuse("workload", format!("{keys} keys are too many to move"), "give fewer than 2³² keys");
    }
    let mut commands: Vec<_> = config.membership.iter().collect();
    commands.sort_by_key(|command| command.at);
    let mut servers = vec![true; u64::from(config.cluster.servers).min(MOST_NODES) as usize];
    for command in commands {
        let verb = if matches!(command.change, MembershipChange::Add(_)) { "add" } else { "remove" };
        let path = format!("fault.{}.membership.{verb}", command.fault);
        if let Some((message, help)) = objection(command.change, &servers, config.replication.mode.replicas())
        {
            checks.refuse(&path, message, &help);
            continue;
        }
        match command.change {
            MembershipChange::Add(count) => servers.resize(servers.len() + count as usize, true),
            MembershipChange::Remove(server) => servers[server as usize] = false,
        }
    }
}
