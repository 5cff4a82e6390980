//! Whether the servers that come and go can.

use crate::cluster::checks::MOST_NODES;
use crate::config::{Checks, Config};
use crate::rebalancing::{MembershipChange, balancer, newcomers, separation, weights};
use crate::replication::{Ack, Mode};
use crate::sharding::Strategy;

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
    balancer::check(config, checks);
    newcomers::check(config, checks);
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
        MembershipChange::Reweight { server, .. }
            if !servers.get(server as usize).copied().unwrap_or(false) =>
        {
            let help = format!("name one of the {there} servers that are there by then");
            Some((format!("there is no server {server} to weigh anew"), help))
        }
        MembershipChange::Lose(_) if replicas == 1 => Some((
            "what is on the only copy of a shard is gone with it".into(),
            "keep several copies, or `remove` the server, which hands over first".into(),
        )),
        MembershipChange::Remove(server) | MembershipChange::Lose(server)
            if !servers.get(server as usize).copied().unwrap_or(false) =>
        {
            let help = format!("name one of the {there} servers that are there by then");
            let verb = if matches!(change, MembershipChange::Lose(_)) { "lose" } else { "remove" };
            Some((format!("there is no server {server} to {verb}"), help))
        }
        MembershipChange::Remove(_) | MembershipChange::Lose(_) if there as u64 <= u64::from(replicas) => {
            Some((
                format!("{} servers cannot keep {replicas} copies of a shard", there - 1),
                "let fewer servers go, or keep fewer copies".into(),
            ))
        }
        _ => None,
    }
}

/// Why a server cannot go where rows may only be in some regions.
fn objection_of_regions(
    config: &Config,
    change: MembershipChange,
    servers: &[bool],
) -> Option<(String, String)> {
    let (MembershipChange::Remove(server) | MembershipChange::Lose(server)) = change else { return None };
    let Strategy::Geographic(spec) = &config.sharding.strategy else { return None };
    let residency = config.sharding.residency.as_ref()?;
    let replicas = config.replication.mode.replicas();
    spec.objection_to_less(residency, &config.cluster, replicas, servers, server)
}

fn check_commands(config: &Config, checks: &mut Checks) {
    if matches!(config.replication.mode, Mode::MultiMaster { .. }) {
        let message =
            "servers cannot come and go where every copy takes writes: a move is ordered by a shard's log";
        checks.refuse("replication.mode", message, "use `primary`, or leave the membership faults out");
    }
    check_losses(config, checks);
    weights::check(config, checks);
    let keys = config.loaded_rows();
    if keys >= MOST_KEYS {
        checks.refuse("workload", format!("{keys} keys are too many to move"), "give fewer than 2³² keys");
    }
    let mut commands: Vec<_> = config.membership.iter().collect();
    commands.sort_by_key(|command| command.at);
    let mut servers = vec![true; u64::from(config.cluster.servers).min(MOST_NODES) as usize];
    for command in commands {
        let path = format!("fault.{}.{}", command.fault, command.change.path());
        if command.change.adds_a_shard() {
            separation::check(config, command, &path, &servers, checks);
            continue;
        }
        let replicas = config.replication.mode.replicas();
        let objection = objection(command.change, &servers, replicas)
            .or_else(|| objection_of_regions(config, command.change, &servers));
        if let Some((message, help)) = objection {
            checks.refuse(&path, message, &help);
            continue;
        }
        match command.change {
            MembershipChange::Add(count) => servers.resize(servers.len() + count as usize, true),
            MembershipChange::Remove(server) | MembershipChange::Lose(server) => {
                servers[server as usize] = false
            }
            _ => {}
        }
    }
}

/// Servers that are lost at one time take their copies of some shard with them: as many must survive as are needed to
/// know what was acknowledged.
fn check_losses(config: &Config, checks: &mut Checks) {
    let Mode::Primary { replicas, ack, .. } = config.replication.mode else { return };
    let survivable = if ack == Ack::Quorum { replicas / 2 } else { replicas.saturating_sub(1) };
    let losses =
        || config.membership.iter().filter(|command| matches!(command.change, MembershipChange::Lose(_)));
    for loss in losses().filter(|_| replicas > 1) {
        let at_once = losses().filter(|other| other.at == loss.at).count() as u32;
        let is_last =
            losses().rfind(|other| other.at == loss.at).is_some_and(|last| last.fault == loss.fault);
        if at_once > survivable && is_last {
            let message = format!(
                "{at_once} servers are lost at once, and {replicas} copies outlast the loss of {survivable}"
            );
            let help = "lose fewer, give the cluster time between two losses, or keep more copies";
            checks.refuse(format!("fault.{}.membership.lose", loss.fault), message, help);
        }
    }
}
