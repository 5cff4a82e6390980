//! One table: what was bent, and which setting must be named for it.

use shardlab_sim::{Distribution, Duration, Rate, Share};

use super::*;
use crate::config::samples::{config, workload};
use crate::conflict::Conflict;
use crate::replication::Ack;
use crate::sharding::{Strategy, composite, consistent_hash, modulo, slots};
use crate::workload::{Arrivals, KeyDistribution, Mix, Surge, Wander, Workload};

/// The configuration bent so is refused, and one of the errors names `path`.
#[track_caller]
fn check_refused(path: &str, bend: impl FnOnce(&mut Config)) {
    let mut config = config();
    bend(&mut config);
    let errors = validate(&config).expect_err("it must be refused");
    assert!(errors.iter().any(|error| error.path == path), "{path} is not among {errors:#?}");
    assert!(errors.iter().all(|error| !error.message.is_empty() && !error.help.is_empty()));
}

fn seconds(s: u64) -> Duration {
    Duration::from_ns(s * 1_000_000_000)
}

fn share(text: &str) -> Share {
    text.parse().expect("a share")
}

fn primary(replicas: u32, failover: Option<Duration>) -> Mode {
    Mode::Primary { replicas, ack: Ack::Quorum, failover }
}

#[test]
fn the_sample_is_valid() {
    assert_eq!(validate(&config()), Ok(()));
}

#[test]
fn impossible_times() {
    check_refused("duration", |c| c.duration = Duration::ZERO);
    check_refused("duration", |c| c.duration = Duration::from_ns(u64::MAX));
    check_refused("warmup", |c| c.warmup = c.duration);
}

#[test]
fn impossible_clusters() {
    check_refused("cluster.servers", |c| c.cluster.servers = 0);
    check_refused("cluster.servers", |c| c.cluster.servers = 70_000);
    check_refused("cluster.cpu", |c| c.cluster.cpu = 0);
    check_refused("cluster.zones", |c| c.cluster.zones = 0);
    check_refused("cluster.regions", |c| c.cluster.regions.clear());
    check_refused("cluster.regions", |c| c.cluster.regions = vec!["a".into(), "a".into()]);
    check_refused("cluster.regions", |c| c.cluster.regions = vec!["us-east-1".into(), "eu-wset-1".into()]);
    check_refused("cluster.regions", |c| c.cluster.regions = vec!["atlantis".into()]);
    check_refused("cluster.service.read", |c| {
        c.cluster.service.read = Distribution::Uniform { low: seconds(2), high: seconds(1) };
    });
    check_refused("cluster.disk.sync", |c| {
        c.cluster.disk.sync = Distribution::Pareto { scale: seconds(1), shape: f64::NAN };
    });
    check_refused("cluster.network.same-zone", |c| {
        c.cluster.network.same_zone = Distribution::Mixture(Vec::new())
    });
    check_refused("cluster.network.loss", |c| c.cluster.network.loss = Share::ONE);
    for jitter in [0.9, f64::NAN, f64::INFINITY] {
        check_refused("cluster.network.region-jitter-p99", |c| c.cluster.network.region_jitter_p99 = jitter);
    }
    check_refused("cluster.disk.bandwidth-per-s", |c| {
        c.cluster.disk.bandwidth_per_s = "0B".parse().expect("a size");
    });
    check_refused("cluster.network.bandwidth-per-s", |c| {
        c.cluster.network.bandwidth_per_s = Some("0B".parse().expect("a size"));
    });
    check_refused("cluster.clocks.ahead", |c| {
        c.cluster.clocks.ahead.insert("mars".into(), seconds(1));
    });
    check_refused("cluster.network.round-trips", |c| {
        c.cluster.network.round_trips = vec![("local".into(), "mars".into(), seconds(1))];
    });
}

fn multi_master(replicas: u32, exchange: Duration) -> Mode {
    Mode::MultiMaster { replicas, conflict: Conflict::Siblings, exchange }
}

#[test]
fn what_copies_that_take_writes_by_themselves_cannot_do() {
    let bent = |bend: fn(&mut Config)| {
        move |c: &mut Config| {
            c.replication.mode = multi_master(3, seconds(1));
            assert_eq!(validate(c), Ok(()));
            bend(c);
        }
    };
    check_refused("replication.mode.multi-master.replicas", bent(|c| c.cluster.servers = 2));
    check_refused(
        "replication.mode.multi-master.replicas",
        bent(|c| c.replication.mode = multi_master(0, seconds(1))),
    );
    check_refused(
        "replication.mode.multi-master.exchange",
        bent(|c| c.replication.mode = multi_master(3, Duration::ZERO)),
    );
    check_refused(
        "replication.mode.multi-master.exchange",
        bent(|c| c.replication.mode = multi_master(3, Duration::from_ns(1))),
    );
    check_refused("replication.reads", bent(|c| c.replication.reads = Reads::Quorum));
    check_refused("workload.main.mix", bent(|c| c.workloads[0].mix.audit = 0.1));
    check_refused(
        "workload.main.mix",
        bent(|c| c.workloads[0].mix = Mix { transfer: 1.0, ..Mix::default() }),
    );
}

fn ring(vnodes: u32, shards: Option<u32>) -> Strategy {
    Strategy::ConsistentHash(consistent_hash::Spec { vnodes, shards, ..consistent_hash::Spec::default() })
}

#[test]
fn impossible_shards_and_copies() {
    check_refused("sharding.strategy.modulo.shards", |c| {
        c.sharding.strategy = Strategy::Modulo(modulo::Spec { shards: Some(0), hash: None });
    });
    check_refused("sharding.strategy.consistent-hash.vnodes", |c| {
        c.sharding.strategy = ring(0, None);
    });
    check_refused("sharding.strategy.consistent-hash.vnodes", |c| {
        c.sharding.strategy = ring(u32::MAX, Some(1_000));
    });
    check_refused("replication.mode.primary.replicas", |c| c.replication.mode = primary(0, None));
    check_refused("replication.mode.primary.replicas", |c| c.replication.mode = primary(4, None));
    check_refused("replication.mode.primary.failover", |c| {
        c.replication.mode = primary(1, Some(Duration::ZERO))
    });
    check_refused("replication.mode.primary.failover", |c| {
        c.replication.mode = primary(1, Some(Duration::from_ns(1)))
    });
    check_refused("transactions.vote-timeout", |c| c.transactions.vote_timeout = Duration::ZERO);
}

/// This sharding is refused, and one of the errors names this setting beneath `sharding.strategy`.
#[track_caller]
fn check_sharding_refused(path: &str, text: &str) {
    let strategy = serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    check_refused(&format!("sharding.strategy.{path}"), |c| c.sharding.strategy = strategy);
}

#[test]
fn impossible_shardings() {
    let cases = [
        ("consistent-hash.weights", r#"{ "consistent-hash": { "vnodes": 8, "weights": [0, 0, 0] } }"#),
        ("consistent-hash.weights", r#"{ "consistent-hash": { "vnodes": 8, "weights": [10001] } }"#),
        ("bounded-load.vnodes", r#"{ "bounded-load": { "vnodes": 0, "slack": "25%" } }"#),
        ("bounded-load.slack", r#"{ "bounded-load": { "vnodes": 8, "slack": "0%" } }"#),
        (
            "bounded-load.partitions",
            r#"{ "bounded-load": { "vnodes": 8, "slack": "25%", "partitions": 2 } }"#,
        ),
        ("rendezvous.weights", r#"{ "rendezvous": { "weights": [0, 0, 0] } }"#),
        ("jump.shards", r#"{ "jump": { "shards": 0 } }"#),
        ("multi-probe.probes", r#"{ "multi-probe": { "probes": 0 } }"#),
        ("maglev.table", r#"{ "maglev": { "table": 0 } }"#),
        ("maglev.table", r#"{ "maglev": { "table": 65536 } }"#),
        ("maglev.table", r#"{ "maglev": { "table": 2 } }"#),
        ("slots.slots", r#"{ "slots": { "slots": 0 } }"#),
        ("slots.slots", r#"{ "slots": { "slots": 65537 } }"#),
        ("slots.shards", r#"{ "slots": { "slots": 64, "shards": 65 } }"#),
        ("slots.group", r#"{ "slots": { "group": 0 } }"#),
        ("key-ranges.shards", r#"{ "key-ranges": { "shards": [] } }"#),
        ("key-ranges.shards.1", r#"{ "key-ranges": { "shards": ["-40", "80-"] } }"#),
        ("key-ranges.shards.1", r#"{ "key-ranges": { "shards": ["-80", "40-"] } }"#),
        ("key-ranges.shards.0", r#"{ "key-ranges": { "shards": ["-8", "8-"] } }"#),
        ("static-ranges.shards.1", r#"{ "static-ranges": { "shards": [{ "to": 9 }, { "from": 8 }] } }"#),
        ("static-ranges.shards.1", r#"{ "static-ranges": { "shards": [{ "to": 9 }, { "from": 10 }] } }"#),
        ("static-ranges.shards.0", r#"{ "static-ranges": { "shards": [{ "to": 9 }] } }"#),
        (
            "static-ranges.shards.0",
            r#"{ "static-ranges": { "shards": [{ "from": 9, "to": 9 }], "default": 1 } }"#,
        ),
        ("static-ranges.default", r#"{ "static-ranges": { "shards": [{}], "default": 1 } }"#),
        ("static-ranges.default", r#"{ "static-ranges": { "shards": [{}], "default": 7 } }"#),
        ("list.shards", r#"{ "list": { "shards": [[1], [2, 1]], "default": 2 } }"#),
        ("list.shards", r#"{ "list": { "shards": [[1], []], "default": 2 } }"#),
        ("list.default", r#"{ "list": { "shards": [[1]], "default": 2 } }"#),
        (
            "composite.first",
            r#"{ "composite": { "first": { "jump": {} }, "within": { "jump": { "shards": 2 } } } }"#,
        ),
        (
            "composite.within.maglev.table",
            r#"{ "composite": { "first": { "jump": { "shards": 2 } }, "within": { "maglev": { "shards": 2, "table": 8 } } } }"#,
        ),
    ];
    for (path, text) in cases {
        check_sharding_refused(path, text);
    }
    // More servers than slots; and two strategies that look at the same.
    check_refused("cluster.servers", |c| {
        c.sharding.strategy = Strategy::Slots(slots::Spec { slots: 2, ..slots::Spec::default() });
    });
    check_refused("sharding.strategy", |c| {
        let modulo = || Box::new(Strategy::Modulo(modulo::Spec { shards: Some(2), hash: None }));
        c.sharding.strategy = Strategy::Composite(composite::Spec { first: modulo(), within: modulo() });
    });
}

#[test]
fn a_clash_names_both_settings() {
    let mut config = config();
    config.replication.mode = primary(4, None);
    let errors = validate(&config).expect_err("three servers hold no four copies");
    assert_eq!(errors[0].other, Some(("cluster.servers".into(), "there are 3".into())));
}

#[test]
fn impossible_workloads() {
    check_refused("workload", |c| c.workloads.clear());
    check_refused("workload.main.name", |c| c.workloads.push(workload("main")));
    check_refused("workload.a.b.name", |c| c.workloads[0].name = "a.b".into());
    check_refused("workload.main.mix", |c| c.workloads[0].mix = Mix::default());
    for weight in [-1.0, f64::NAN, f64::INFINITY] {
        check_refused("workload.main.mix.scan", |c| c.workloads[0].mix.scan = weight);
    }
    check_refused("workload.main.mix", |c| {
        c.workloads[0].mix = Mix { read: f64::MAX, update: f64::MAX, ..Mix::default() };
    });
    check_refused("workload.main.arrivals.open", |c| c.workloads[0].arrivals = Arrivals::Open(Rate::ZERO));
    check_refused("workload.main.arrivals.closed.clients", |c| {
        c.workloads[0].arrivals = Arrivals::Closed { clients: 0, think: Duration::ZERO };
    });
    check_refused("workload.main.arrivals.closed", |c| {
        let no_time = Distribution::constant_ns(0);
        (c.cluster.network.same_zone, c.cluster.service.read) = (no_time.clone(), no_time);
        c.workloads[0].arrivals = Arrivals::Closed { clients: 1, think: Duration::ZERO };
    });
    check_refused("workload.main.timeout", |c| c.workloads[0].timeout = Duration::ZERO);
    check_refused("workload.main.backoff", |c| c.workloads[0].backoff = Duration::ZERO);
    check_refused("workload.main.region", |c| c.workloads[0].region = Some("locla".into()));
    check_refused("workload.main.start", |c| c.workloads[0].start = seconds(10));
    check_refused("workload.main.start", |c| {
        c.workloads[0].start = seconds(3);
        c.workloads[0].stop = Some(seconds(3));
    });
    check_refused("workload.main.stop", |c| c.workloads[0].stop = Some(seconds(11)));
}

#[test]
fn impossible_keys() {
    check_refused("workload.main.keys.count", |c| c.workloads[0].keys.count = 0);
    check_refused("workload.main.keys.count", |c| c.workloads[0].keys.count = 1 << 63);
    for theta in [0.0, -0.5, f64::NAN, f64::INFINITY] {
        check_refused("workload.main.keys.distribution.zipfian", |c| {
            c.workloads[0].keys.distribution = KeyDistribution::Zipfian(theta);
        });
        check_refused("workload.main.keys.distribution.latest", |c| {
            c.workloads[0].keys.distribution = KeyDistribution::Latest(theta);
        });
    }
    check_refused("workload.main.keys.distribution.hotspot.keys", |c| {
        c.workloads[0].keys.distribution =
            KeyDistribution::Hotspot { keys: share("0.01%"), operations: share("80%") };
    });
    let wander = |every, by| Some(Wander { every, by });
    check_refused("workload.main.keys.wander.every", |c| {
        c.workloads[0].keys.wander = wander(Duration::ZERO, 7);
    });
    check_refused("workload.main.keys.wander.by", |c| c.workloads[0].keys.wander = wander(seconds(1), 2_000));
    let surge = Surge { at: seconds(5), lasts: None, key: 7, share: share("30%") };
    check_refused("workload.main.surge.key", |c| {
        c.workloads[0].surge = Some(Surge { key: 1_000, ..surge.clone() });
    });
    check_refused("workload.main.surge.at", |c| {
        c.workloads[0].surge = Some(Surge { at: seconds(10), ..surge.clone() });
    });
    check_refused("workload.main.surge.for", |c| {
        c.workloads[0].surge = Some(Surge { lasts: Some(Duration::ZERO), ..surge.clone() });
    });
    check_refused("workload.main.surge.share", |c| {
        c.workloads[0].surge = Some(Surge { share: Share::ZERO, ..surge.clone() });
    });
}

/// A bank of 100 accounts beside nothing else.
fn bank(c: &mut Config) {
    c.workloads[0].mix = Mix { transfer: 0.9, audit: 0.1, ..Mix::default() };
    c.workloads[0].keys.count = 100;
}

#[test]
fn impossible_banks() {
    let mut good = config();
    bank(&mut good);
    assert_eq!(validate(&good), Ok(()));
    let check_bank = |path: &str, bend: &dyn Fn(&mut Config)| {
        check_refused(path, |c| {
            bank(c);
            bend(c);
        });
    };
    check_bank("cluster.coordinators", &|c| c.cluster.coordinators = 0);
    check_bank("workload.main.keys.count", &|c| c.workloads[0].keys.count = 1);
    check_bank("workload.main.keys.count", &|c| c.workloads[0].keys.count = 10_001);
    check_bank("workload.main.transfer-keys", &|c| c.workloads[0].transfer_keys = 1);
    check_bank("workload.main.mix.update", &|c| c.workloads[0].mix.update = 0.1);
    check_bank("workload.other.mix.update", &|c| c.workloads.push(workload("other")));
    check_bank("workload.other.keys.count", &|c| {
        let mut other = c.workloads[0].clone();
        other.name = "other".into();
        other.keys.count = 50;
        c.workloads.push(other);
    });
    check_bank("workload.other.balance", &|c| {
        let mut other = c.workloads[0].clone();
        other.name = "other".into();
        other.balance = 50;
        c.workloads.push(other);
    });
    check_bank("workload.main.balance", &|c| c.workloads[0].balance = i64::MAX);
    check_bank("workload.main.balance", &|c| {
        c.workloads[0].balance = -1;
        c.workloads[0].overdraft = false;
    });
    check_bank("workload.other.overdraft", &|c| {
        let mut other = c.workloads[0].clone();
        other.name = "other".into();
        other.overdraft = false;
        c.workloads.push(other);
    });
    check_bank("workload.ids.mix.unique-ids", &|c| {
        c.workloads.push(Workload { name: "ids".into(), mix: ids(), ..c.workloads[0].clone() });
    });
}

#[test]
fn all_errors_are_told_at_once() {
    let mut config = config();
    config.cluster.servers = 0;
    config.cluster.cpu = 0;
    config.workloads[0].mix = Mix::default();
    assert_eq!(validate(&config).expect_err("three mistakes").len(), 3);
}

fn ids() -> Mix {
    Mix { unique_ids: 1.0, ..Mix::default() }
}

#[test]
fn counters_are_no_ids() {
    check_refused("workload.ids.mix.unique-ids", |c| {
        c.workloads[0].mix = Mix { counter: 1.0, ..Mix::default() };
        c.workloads.push(Workload { name: "ids".into(), mix: ids(), ..c.workloads[0].clone() });
    });
}

#[test]
fn impossible_remedies() {
    use crate::remedies::{Coalesce, FollowerReads, Join, Salt, SaltedWrites};
    let salt = |keys: &[u64], ways| Some(Salt { keys: keys.into(), ways, writes: SaltedWrites::All });
    let mut good = config();
    good.remedies.salt = salt(&[7, 8], 3);
    good.remedies.cache = serde_json::from_str(r#"{ "ttl": "1s" }"#).expect("it is well formed");
    good.remedies.coalesce = Some(Coalesce::default());
    assert_eq!(validate(&good), Ok(()));
    for ways in [0, 1, 1_025] {
        check_refused("remedies.salt.ways", |c| c.remedies.salt = salt(&[7], ways));
    }
    for keys in [&[][..], &[7, 7], &[1_000]] {
        check_refused("remedies.salt.keys", |c| c.remedies.salt = salt(keys, 3));
    }
    check_refused("remedies.salt", |c| {
        c.remedies.salt = salt(&[7], 3);
        bank(c);
    });
    // Ways of a ring with few points may fall into one shard.
    check_refused("remedies.salt", |c| {
        let ring = r#"{ "consistent-hash": { "vnodes": 1, "shards": 2 } }"#;
        c.sharding.strategy = serde_json::from_str(ring).expect("it is well formed");
        c.remedies.salt = salt(&(0..200).collect::<Vec<u64>>(), 2);
    });
    check_refused("remedies.coalesce.application-servers", |c| {
        c.remedies.coalesce = Some(Coalesce { join: Join::Any, application_servers: 0 });
    });
    check_refused("remedies.follower-reads", |c| c.remedies.follower_reads = FollowerReads::Region);
    let caches = [
        ("ttl", r#"{ "ttl": "0s" }"#),
        ("entries", r#"{ "ttl": "1s", "entries": 0 }"#),
        ("nodes", r#"{ "ttl": "1s", "nodes": 0 }"#),
        ("cpu", r#"{ "ttl": "1s", "cpu": 0 }"#),
        ("timeout", r#"{ "ttl": "1s", "timeout": "0s" }"#),
        ("leases", r#"{ "ttl": "1s", "leases": true, "invalidate": false }"#),
        ("early-refresh", r#"{ "ttl": "1s", "early-refresh": -1.0 }"#),
    ];
    for (setting, cache) in caches {
        check_refused(&format!("remedies.cache.{setting}"), |c| {
            c.remedies.cache = serde_json::from_str(cache).expect("it is well formed");
        });
    }
}

/// Where no single row is read, none can be seen to vanish: a judge of that would never come to a verdict.
#[test]
fn a_load_without_single_reads_promises_nothing_of_them() {
    use shardlab_consistency::Promise;
    let promises = |mix: &str| {
        let mut config = config();
        config.workloads[0].mix = serde_json::from_str(mix).expect("it is well formed");
        let promises = crate::evidence::promises(&config, &[]);
        [Promise::Durability, Promise::SurvivingReads].map(|promise| promises.contains(promise))
    };
    assert_eq!(promises(r#"{ "read": 0.5, "update": 0.5 }"#), [true, true]);
    assert_eq!(promises(r#"{ "update": 1.0 }"#), [true, false]);
    assert_eq!(promises(r#"{ "read": 1.0 }"#), [false, false]);
}

/// What is promised of reads of one key, by remedy: fresh, linearizable.
#[test]
fn remedies_take_from_promises_what_they_must() {
    use shardlab_consistency::Promise;
    type Bend = fn(&mut Config);
    let promised = |remedies: &str, bend: Bend| {
        let mut config = config();
        config.remedies = serde_json::from_str(remedies).expect("it is well formed");
        bend(&mut config);
        assert_eq!(validate(&config), Ok(()), "{remedies}");
        let promises = crate::evidence::promises(&config, &[]);
        [Promise::FreshReads, Promise::Linearizability].map(|promise| promises.contains(promise))
    };
    let skewed: Bend = |c| c.cluster.clocks.max_offset = Duration::from_ns(1);
    let table: [(&str, Bend, [bool; 2]); 9] = [
        ("{}", |_| {}, [true, true]),
        (r#"{ "coalesce": { "join": "next" } }"#, |_| {}, [true, true]),
        (r#"{ "coalesce": { "join": "any" } }"#, |_| {}, [false, false]),
        (r#"{ "salt": { "keys": [7], "ways": 3 } }"#, |_| {}, [true, false]),
        (r#"{ "salt": { "keys": [7], "ways": 3, "writes": "one" } }"#, |_| {}, [true, true]),
        (r#"{ "salt": { "keys": [7], "ways": 3, "writes": "one" } }"#, skewed, [true, false]),
        (r#"{ "cache": { "ttl": "1s" } }"#, |_| {}, [false, false]),
        (r#"{ "cache": { "ttl": "1s", "leases": true } }"#, |_| {}, [true, false]),
        (r#"{ "follower-reads": "region" }"#, |c| c.replication.reads = Reads::Local, [false, false]),
    ];
    for (remedies, bend, expected) in table {
        assert_eq!(promised(remedies, bend), expected, "{remedies}");
    }
}
