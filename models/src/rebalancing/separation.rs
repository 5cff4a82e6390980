//! Whether rows can get a shard of their own when the operator says so: `isolate = { tenant = 0 }`, `split = { key = 7 }`.

use crate::config::{Checks, Config};
use crate::rebalancing::MembershipChange;
use crate::sharding::Strategy;

/// What is impossible about such a command, given who is there by then.
pub(super) fn check(
    config: &Config,
    change: MembershipChange,
    path: &str,
    servers: &[bool],
    checks: &mut Checks,
) {
    if !config.tables.is_empty() {
        let message = "rows of tables stay in the shards that they are in";
        let help = "leave the command out, or let the workload ask for keys";
        return checks.clash(path, message, ("table", "rows of these are asked for"), help);
    }
    match change {
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
        MembershipChange::Split { key } => check_split(config, key, path, checks),
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

fn check_split(config: &Config, key: u64, path: &str, checks: &mut Checks) {
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
    }
}
