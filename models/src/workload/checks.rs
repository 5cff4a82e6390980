//! What workloads must be for clients to follow them.

use std::collections::BTreeSet;

use shardlab_sim::{Distribution, Duration, Share};

use crate::cluster::Cluster;
use crate::cluster::checks::check_known;
use crate::config::{Checks, Config};
use crate::workload::keys::hot_keys;
use crate::workload::{Arrivals, KeyDistribution, Mix, Surge, Workload};

/// Most clients of a closed load: each is simulated.
const MOST_CLIENTS: u64 = 1_000_000;
/// Keys above 2^62 are kept for probes, and inserts need room.
const MOST_KEYS: u64 = 1 << 61;
/// Most accounts of a bank: an audit reads all of them in one transaction.
const MOST_ACCOUNTS: u64 = 10_000;
/// Most steps of a transaction: beyond it lists of what was read fill the memory, and nothing commits.
const MOST_STEPS: u64 = 64;
/// Largest opening balance: all accounts together, and every sum of transfers, must fit 64 bits.
const MOST_BALANCE: i64 = 1_000_000_000_000;

pub(crate) fn check(config: &Config, checks: &mut Checks) {
    if config.workloads.is_empty() {
        checks.refuse("workload", "nobody asks for anything", "add a [[workload]]");
    }
    let mut names = BTreeSet::new();
    for workload in &config.workloads {
        check_name(workload, names.insert(&workload.name), checks);
        check_one(config, workload, checks);
    }
    check_transactions(config, checks);
}

fn path(workload: &Workload, setting: &str) -> String {
    format!("workload.{}.{setting}", workload.name)
}

fn check_name(workload: &Workload, is_new: bool, checks: &mut Checks) {
    let name = &workload.name;
    let help = "names are part of paths: letters, digits, `-` and `_`, each name once";
    let is_plain = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '_';
    if name.is_empty() || !name.chars().all(is_plain) {
        checks.refuse(path(workload, "name"), format!("`{name}` cannot be a name"), help);
    }
    if !is_new {
        checks.refuse(path(workload, "name"), format!("another workload is called `{name}`"), help);
    }
}

fn check_one(config: &Config, workload: &Workload, checks: &mut Checks) {
    check_arrivals(&config.cluster, workload, checks);
    check_keys(workload, checks);
    check_mix(workload, checks);
    check_window(config, workload, checks);
    checks.positive(path(workload, "timeout"), workload.timeout, "say how long a client waits: \"1s\"");
    checks.positive(path(workload, "backoff"), workload.backoff, "say how long a client pauses: \"20ms\"");
    if let Some(region) = &workload.region {
        check_known(&config.cluster, region, path(workload, "region"), checks);
    }
    if let Some(surge) = &workload.surge {
        check_surge(config, workload, surge, checks);
    }
}

fn check_arrivals(cluster: &Cluster, workload: &Workload, checks: &mut Checks) {
    match workload.arrivals {
        Arrivals::Open(rate) if rate.is_zero() => {
            checks.refuse(
                path(workload, "arrivals.open"),
                "nothing would arrive",
                "give a rate such as \"2000/s\"",
            );
        }
        Arrivals::Open(_) => {}
        Arrivals::Closed { clients, think } => {
            let clients_path = path(workload, "arrivals.closed.clients");
            checks.count(clients_path, u64::from(clients), MOST_CLIENTS, "clients");
            if think == Duration::ZERO && takes_no_time(cluster) {
                checks.refuse(
                    path(workload, "arrivals.closed"),
                    "answers take no time on this network, so clients that do not think would go round for ever",
                    "give `think`, or a latency in `[cluster.network]`",
                );
            }
        }
    }
}

/// Whether a request may come back in the nanosecond in which it was sent.
fn takes_no_time(cluster: &Cluster) -> bool {
    let service = &cluster.service;
    let is_instant = |time: &Distribution| time.mean_ns() == 0.0;
    [&cluster.network.same_zone, &cluster.network.cross_zone].into_iter().any(is_instant)
        && [&service.read, &service.write, &service.scan].into_iter().any(is_instant)
}

fn check_keys(workload: &Workload, checks: &mut Checks) {
    let count = workload.keys.count;
    checks.count(path(workload, "keys.count"), count, MOST_KEYS, "keys");
    check_part(workload, checks);
    if let Some(wander) = workload.keys.wander {
        let help = "give the time for which it stays, such as \"5s\"";
        checks.positive(path(workload, "keys.wander.every"), wander.every, help);
        if wander.by % count.max(1) == 0 {
            let message = format!("{} keys further it is where it was", wander.by);
            checks.refuse(path(workload, "keys.wander.by"), message, "leave `wander` out, or let it go on");
        }
    }
    match workload.keys.distribution {
        KeyDistribution::Zipfian(theta) => check_theta(workload, "zipfian", theta, checks),
        KeyDistribution::Latest(theta) => check_theta(workload, "latest", theta, checks),
        KeyDistribution::Hotspot { keys, .. } if hot_keys(count, keys) == 0 => {
            let path = path(workload, "keys.distribution.hotspot.keys");
            checks.refuse(path, format!("{keys} of {count} keys is none"), "give a larger share");
        }
        KeyDistribution::Hotspot { .. }
        | KeyDistribution::Uniform
        | KeyDistribution::ScrambledZipfian
        | KeyDistribution::Sequential => {}
    }
}

/// A part of the keys is for workloads that stay in it: new keys would be among another's, and transactions reach for
/// all.
fn check_part(workload: &Workload, checks: &mut Checks) {
    let keys = &workload.keys;
    if keys.from == 0 {
        return;
    }
    if keys.end() > MOST_KEYS {
        let help = format!("keys end before {MOST_KEYS}");
        checks.refuse(path(workload, "keys.from"), format!("{} is too high a key", keys.from), help);
    }
    if workload.mix.insert > 0.0 || workload.mix.has_transactions() {
        let other = (path(workload, "mix"), "inserts and transactions are not of a part of the keys");
        let help = "leave `from` out, or take reads, updates and scans alone";
        checks.clash(
            path(workload, "keys.from"),
            "this workload begins in the middle of the keys",
            other,
            help,
        );
    }
}

fn check_theta(workload: &Workload, distribution: &str, theta: f64, checks: &mut Checks) {
    /// Beyond this the second key is drawn once in 2^50 operations: not a distribution but a single key.
    const LARGEST: f64 = 50.0;
    if !(theta > 0.0 && theta <= LARGEST) {
        let help = "0.99 is YCSB's; the larger, the more unequal; for equal keys take \"uniform\"";
        let path = path(workload, &format!("keys.distribution.{distribution}"));
        checks.refuse(path, format!("{theta} is not above 0 and at most {LARGEST}"), help);
    }
}

fn check_mix(workload: &Workload, checks: &mut Checks) {
    if !workload.queries.is_empty() && !workload.mix.is_some_work() {
        return;
    }
    let weights = workload.mix.weights();
    let is_weight = |weight: f64| weight.is_finite() && weight >= 0.0;
    for (_, name, weight) in weights.into_iter().filter(|&(_, _, weight)| !is_weight(weight)) {
        let path = path(workload, &format!("mix.{name}"));
        checks.refuse(path, format!("{weight} is no weight"), "give zero or a positive number");
    }
    if !weights.iter().all(|&(_, _, weight)| is_weight(weight)) {
        // What they add up to would be an echo.
        return;
    }
    let sum: f64 = weights.iter().map(|(_, _, weight)| weight).sum();
    if sum == 0.0 {
        checks.refuse(
            path(workload, "mix"),
            "no operation has a weight",
            "such as mix = { read = 0.5, update = 0.5 }",
        );
    } else if !sum.is_finite() {
        checks.refuse(
            path(workload, "mix"),
            "the weights add up to infinity",
            "only their proportions matter",
        );
    }
}

/// When this workload's load ends.
pub(crate) fn stop(config: &Config, workload: &Workload) -> Duration {
    workload.stop.unwrap_or(config.duration).min(config.duration)
}

fn check_window(config: &Config, workload: &Workload, checks: &mut Checks) {
    if workload.stop.is_some_and(|stop| stop > config.duration) {
        let other = ("duration", format!("the load of all workloads ends after {}", config.duration));
        checks.clash(path(workload, "stop"), "is after the end", other, "leave it out to go on to the end");
    }
    let stop = stop(config, workload);
    if workload.start >= stop {
        let message = format!("{} is not before the workload's end at {stop}", workload.start);
        let other = if workload.stop.is_some() { path(workload, "stop") } else { "duration".into() };
        let other = (other, "it ends here");
        checks.clash(path(workload, "start"), message, other, "start before the end");
    }
}

fn check_surge(config: &Config, workload: &Workload, surge: &Surge, checks: &mut Checks) {
    if !(workload.keys.from..workload.keys.end()).contains(&surge.key) {
        let message = format!("there is no key {}", surge.key);
        let (from, last) = (workload.keys.from, workload.keys.end().max(1) - 1);
        let other = (path(workload, "keys.count"), format!("keys go from {from} to {last}"));
        checks.clash(path(workload, "surge.key"), message, other, "take a key that exists");
    }
    let stop = stop(config, workload);
    if surge.at >= stop {
        let message = format!("{} is not before the workload's end at {stop}", surge.at);
        checks.refuse(path(workload, "surge.at"), message, "let it begin while there is load");
    }
    if surge.lasts == Some(Duration::ZERO) {
        checks.refuse(path(workload, "surge.for"), "it would never be", "leave it out to last to the end");
    }
    if surge.share == Share::ZERO {
        checks.refuse(
            path(workload, "surge.share"),
            "it would change nothing",
            "give a share such as \"33%\"",
        );
    }
}

fn check_transactions(config: &Config, checks: &mut Checks) {
    let mut with_transactions = config.workloads.iter().filter(|workload| workload.mix.has_transactions());
    let Some(first) = with_transactions.next() else { return };
    if config.cluster.coordinators == 0 {
        let other = (path(first, "mix"), "has transactions");
        checks.clash("cluster.coordinators", "nobody could decide a transaction", other, "give at least one");
    }
    for workload in config.workloads.iter().filter(|workload| workload.mix.has_plain_writes()) {
        refuse_plain_writes(workload, first, checks);
    }
    config.workloads.iter().for_each(|workload| check_steps(config, workload, checks));
    check_counters(config, checks);
    check_bank(config, checks);
}

/// Workloads that count share one key space, and each adds the balance that its counters begin with to what it reads.
fn check_counters(config: &Config, checks: &mut Checks) {
    let mut counting = config.workloads.iter().filter(|workload| workload.mix.has_counters());
    let Some(first) = counting.next() else { return };
    for other in counting.filter(|other| other.balance != first.balance) {
        let there = (path(first, "balance"), format!("begins with {}", first.balance));
        let help = "workloads that count share one set of counters: give both the same";
        checks.clash(path(other, "balance"), format!("begins with {}", other.balance), there, help);
    }
    let counts =
        |weight: fn(&Mix) -> f64| config.workloads.iter().find(move |workload| weight(&workload.mix) > 0.0);
    if let (Some(ids), Some(counter)) = (counts(|mix| mix.unique_ids), counts(|mix| mix.counter)) {
        let there = (path(counter, "mix.counter"), "these counters are added to");
        let message = "counting would skip ids, and ids would be counted";
        let help = "put counters and ids into scenarios of their own";
        checks.clash(path(ids, "mix.unique-ids"), message, there, help);
    }
}

fn check_steps(config: &Config, workload: &Workload, checks: &mut Checks) {
    let mix = &workload.mix;
    let steps = path(workload, "transaction-steps");
    checks.count(&steps, u64::from(workload.transaction_steps), MOST_STEPS, "steps of a transaction");
    if mix.long_fork > 0.0 && workload.transaction_steps == 1 {
        let message = "a group of one register cannot be read in two orders";
        checks.refuse(steps, message, "give at least 2");
    }
    if mix.has_lists() && config.keys_move() {
        let other = ("fault", "servers come or go");
        let help = "leave the membership faults out, or take rw-register";
        checks.clash(path(workload, "mix"), "lists do not move between servers", other, help);
    }
}

/// All workloads share one key space, so that a bank excludes counters under the same keys.
fn check_bank(config: &Config, checks: &mut Checks) {
    let mut banks = config.workloads.iter().filter(|workload| workload.mix.has_bank());
    let Some(bank) = banks.next() else { return };
    if let Some(counter) = config.workloads.iter().find(|workload| workload.mix.has_counters()) {
        let message = "counting would change balances that transfers keep";
        let help = "put counters and banks into scenarios of their own";
        let weight = if counter.mix.counter > 0.0 { "mix.counter" } else { "mix.unique-ids" };
        checks.clash(path(counter, weight), message, (path(bank, "mix"), "these keep balances"), help);
    }
    check_accounts(bank, checks);
    for other in banks {
        check_accounts(other, checks);
        check_same_bank(bank, other, checks);
    }
}

fn check_accounts(bank: &Workload, checks: &mut Checks) {
    let accounts = bank.keys.count;
    if accounts > MOST_ACCOUNTS {
        let help = format!("an audit reads all accounts in one transaction: give at most {MOST_ACCOUNTS}");
        checks.refuse(path(bank, "keys.count"), format!("{accounts} accounts are too many"), help);
    }
    if bank.transfer_keys < 2 {
        let message = format!("money cannot move among {} accounts", bank.transfer_keys);
        checks.refuse(path(bank, "transfer-keys"), message, "give at least 2");
    } else if accounts < u64::from(bank.transfer_keys) {
        let message = format!("{accounts} accounts are fewer than one transfer touches");
        let other = (path(bank, "transfer-keys"), "a transfer touches so many");
        checks.clash(path(bank, "keys.count"), message, other, "add accounts");
    }
    if !bank.overdraft && bank.balance < 0 {
        let there = (path(bank, "overdraft"), "no account may be overdrawn");
        let message = format!("accounts would begin with {}", bank.balance);
        checks.clash(path(bank, "balance"), message, there, "open them with 0 or more");
    }
    if bank.balance.unsigned_abs() > MOST_BALANCE.unsigned_abs() {
        let message = format!("{} is too much", bank.balance);
        checks.refuse(path(bank, "balance"), message, format!("give at most {MOST_BALANCE}"));
    }
}

/// Two workloads with transactions are two kinds of customers of the same bank.
fn check_same_bank(bank: &Workload, other: &Workload, checks: &mut Checks) {
    let help = "workloads with transactions share one set of accounts: give both the same";
    if other.keys.count != bank.keys.count {
        let there = (path(bank, "keys.count"), format!("{} accounts", bank.keys.count));
        checks.clash(path(other, "keys.count"), format!("{} accounts", other.keys.count), there, help);
    }
    if other.balance != bank.balance {
        let there = (path(bank, "balance"), format!("opened with {}", bank.balance));
        checks.clash(path(other, "balance"), format!("opened with {}", other.balance), there, help);
    }
    if other.overdraft != bank.overdraft {
        let may = |workload: &Workload| {
            if workload.overdraft { "may be overdrawn" } else { "may not be overdrawn" }
        };
        checks.clash(path(other, "overdraft"), may(other), (path(bank, "overdraft"), may(bank)), help);
    }
}

fn refuse_plain_writes(workload: &Workload, bank: &Workload, checks: &mut Checks) {
    let plain = ["update", "insert", "read-modify-write"];
    let weights = workload.mix.weights();
    let written = weights.iter().find(|(_, name, weight)| plain.contains(name) && *weight > 0.0);
    let Some((_, name, _)) = written else { return };
    checks.clash(
        path(workload, &format!("mix.{name}")),
        "a plain write would overwrite what transactions keep",
        (path(bank, "mix"), "these transactions use the same keys"),
        "all workloads share one key space: put plain writes and transactions into scenarios of their own",
    );
}
