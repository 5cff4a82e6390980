//! Whether rows can get a shard of their own when the operator says so: `isolate = { tenant = 0 }`, `split = { key = 7 }`.

use crate::config::{Checks, Config};
use crate::rebalancing::{Membership, MembershipChange};
use crate::shard_map::ShardId;
use crate::sharding::dynamic_range::Threshold;
use crate::sharding::{Shards, Strategy};

/// What is impossible about such a command, given who is there by then.
pub(super) fn check(
    config: &Config,
    command: &Membership,
    path: &str,
    servers: &[bool],
    checks: &mut Checks,
) {
    if !config.tables.is_empty() {
        let message = "rows of tables stay in the shards that they are in";
        let help = "leave the command out, or let the workload ask for keys";
        return checks.clash(path, message, ("table", "rows of these are asked for"), help);
    }
    match command.change {
        MembershipChange::Isolate { tenant, to } => {
            check_tenant(config, tenant, path, checks);
            let is_there = |server: u32| servers.get(server as usize).copied().unwrap_or(false);
            if let Some(server) = to.filter(|&server| !is_there(server)) {
                let there = servers.iter().filter(|&&there| there).count();
                let help = format!("name one of the {there} servers that are there by then");
                checks.refuse(
                    format!("{path}.server"),
                    format!("there is no server {server} to move it to"),
                    help,
                );
            }
        }
        MembershipChange::Split { key } => check_split(config, command, key, path, checks),
        _ => {}
    }
}

fn check_tenant(config: &Config, tenant: u64, path: &str, checks: &mut Checks) {
    let Strategy::Tenant(spec) = &config.sharding.strategy else {
        let help = "use the strategy `tenant`, or split a range: `split = { key = 7 }`";
        return checks.clash(
            path,
            "there are no tenants to move out",
            ("sharding.strategy", "rows are not sharded by tenant"),
            help,
        );
    };
    let path = format!("{path}.tenant");
    let count = spec.tenants.as_ref().map_or_else(|| config.loaded_rows(), |tenants| tenants.count);
    if tenant >= count {
        let help = format!("there are {count}, counted from 0");
        return checks.refuse(path, format!("there is no tenant {tenant}"), help);
    }
    let orders = config.membership.iter();
    let again =
        orders.filter(|of| matches!(of.change, MembershipChange::Isolate { tenant: of, .. } if of == tenant));
    if spec.is_isolated(tenant) {
        let other = ("sharding.strategy.tenant", "it has a shard to itself from the beginning");
        checks.clash(path, format!("tenant {tenant} is alone already"), other, "leave out one of the two");
    } else if again.count() > 1 {
        let message = format!("tenant {tenant} is moved out twice");
        checks.refuse(path, message, "leave out one of the two commands");
    }
}

fn check_split(config: &Config, command: &Membership, key: u64, path: &str, checks: &mut Checks) {
    let has_ranges = matches!(
        config.sharding.strategy,
        Strategy::DynamicRange(_) | Strategy::KeyRanges(_) | Strategy::StaticRanges(_)
    );
    if !has_ranges {
        let help = "use `dynamic-range`, `static-ranges` or `key-ranges`";
        let other = ("sharding.strategy", "rows are not sharded by ranges");
        checks.clash(path, "there are no ranges to split", other, help);
    } else if key >= config.loaded_rows() {
        let message = format!("there is no key {key}");
        checks.refuse(
            format!("{path}.key"),
            message,
            format!("there are {}, counted from 0", config.loaded_rows()),
        );
    } else if let Some(message) = begun_by_then(config, command, key) {
        let help = "name a key within a range, which no range begins with; or leave the command out";
        checks.refuse(format!("{path}.key"), message, help);
    }
}

/// What is said of a split at a key that a range of the file, or of a split before this one, begins with.
fn begun_by_then(config: &Config, command: &Membership, key: u64) -> Option<String> {
    let strategy = &config.sharding.strategy;
    let mut own = Checks::default();
    strategy.check("sharding.strategy", config.cluster.servers, &mut own);
    let merges = strategy.reshapes().is_some_and(|spec| spec.merge != Threshold::default());
    // What is wrong about the ranges is told elsewhere; and of two that are merged none begins there any more.
    if own.result().is_err() || merges {
        return None;
    }
    let mut splits: Vec<_> = config.membership.iter().collect();
    splits.sort_by_key(|command| command.at);
    let before = splits.into_iter().take_while(|of| of.fault != command.fault);
    let mut ranges = strategy.partitioner(config.cluster.servers, 0);
    for command in before {
        if let MembershipChange::Split { key } = command.change
            && let Some((split, _)) = ranges.split(key, ShardId(ranges.count()))
        {
            ranges = split;
        }
    }
    let begins = ranges.split(key, ShardId(ranges.count())).is_none();
    let is_hashed = matches!(strategy, Strategy::KeyRanges(_));
    let at = if is_hashed { format!("the id of key {key}") } else { key.to_string() };
    begins.then(|| format!("a range begins at {at} already"))
}
