//! What every strategy is held to: a place for each key, its part for each shard, and no more moves than its paper says.

use proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_assert_eq, proptest};

use super::*;
use crate::hash::HashFunction;
use crate::sharding::Strategy;

/// A strategy as a file would have it.
fn strategy(text: &str) -> Strategy {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Those whose shards follow the servers.
const FOLLOWING: [&str; 9] = [
    r#"{ "modulo": {} }"#,
    r#"{ "modulo": { "hash": "murmur3" } }"#,
    r#"{ "consistent-hash": { "vnodes": 1000 } }"#,
    r#"{ "bounded-load": { "vnodes": 100, "slack": "25%" } }"#,
    r#"{ "rendezvous": {} }"#,
    r#"{ "jump": {} }"#,
    r#"{ "multi-probe": {} }"#,
    r#"{ "maglev": {} }"#,
    r#"{ "slots": {} }"#,
];

/// The same, to be tried elsewhere.
pub fn strategies() -> Vec<Strategy> {
    FOLLOWING.iter().map(|text| strategy(text)).collect()
}

/// Those that move keys to shards that come and from shards that go, and no others.
const MONOTONE: [&str; 5] = [FOLLOWING[2], FOLLOWING[4], FOLLOWING[5], FOLLOWING[6], FOLLOWING[8]];

/// Those with shards of their own.
const COUNTED: [&str; 7] = [
    r#"{ "time-partitions": { "width": 30, "partitions": 12 } }"#,
    r#"{ "jump": { "shards": 12, "hash": "xxhash64" } }"#,
    r#"{ "key-ranges": { "shards": ["-40", "40-80", "80-c0", "c0-"] } }"#,
    r#"{ "static-ranges": { "shards": [{ "to": 1000 }, { "from": 5000, "to": 9000 }], "default": 2 } }"#,
    r#"{ "list": { "shards": [[1, 2, 3], [70000000]], "default": 2 } }"#,
    r#"{ "composite": { "first": { "static-ranges": { "shards": [{ "to": 1000 }, { "from": 1000 }] } },
                        "within": { "list": { "shards": [[7, 4000], [8, 5000]], "default": 0 } } } }"#,
    r#"{ "composite": { "first": { "list": { "shards": [[1, 2, 3, 4, 5, 6, 7, 8]], "default": 1 } },
                        "within": { "modulo": { "shards": 3, "hash": "sha-256" } } } }"#,
];

const KEYS: u64 = 1_000_000;

/// The functions over so many servers, and over those without one or with one more.
fn change(text: &str, before: u32, after: &[u32]) -> (Partitioner, Partitioner) {
    let strategy = strategy(text);
    let before = strategy.partitioner(before, 0);
    let after: Vec<ShardId> = after.iter().copied().map(ShardId).collect();
    let next = strategy.next(&before, &after, 0);
    (before, next)
}

fn grown(text: &str, servers: u32) -> (Partitioner, Partitioner) {
    change(text, servers, &(0..=servers).collect::<Vec<_>>())
}

/// Of so many keys in a row, the share that each shard has.
fn shares(partitioner: &Partitioner, keys: u64) -> Vec<f64> {
    let mut counts = vec![0_u64; partitioner.count() as usize];
    (0..keys).for_each(|key| counts[partitioner.shard_of(key).index()] += 1);
    counts.into_iter().map(|count| count as f64 / keys as f64).collect()
}

#[track_caller]
fn check_moved(text: &str, servers: u32, least: f64, most: f64) {
    let (before, after) = grown(text, servers);
    let moved = moved_fraction(&before, &after, 0..KEYS);
    assert!((least..=most).contains(&moved), "{text} from {servers}: {moved} is not in {least}..={most}");
}

#[test]
fn as_many_keys_move_as_the_papers_say() {
    for servers in [4, 10] {
        let needed = 1.0 / f64::from(servers + 1);
        for modulo in &FOLLOWING[..2] {
            check_moved(modulo, servers, 1.0 - needed - 0.01, 1.0 - needed + 0.01);
        }
        // Rings, rendezvous, jump and slots: the least that is possible, within a tenth.
        for place in [2, 4, 5, 8] {
            check_moved(FOLLOWING[place], servers, 0.9 * needed, 1.1 * needed);
        }
        // One point of a few: a newcomer's part is as uneven as the paper's figure 1 has it for few shards.
        check_moved(FOLLOWING[6], servers, 0.75 * needed, 1.25 * needed);
        // What shifts between old shards comes on top.
        check_moved(FOLLOWING[7], servers, needed, 1.6 * needed);
        check_moved(FOLLOWING[3], servers, 0.8 * needed, 2.5 * needed);
    }
}

#[test]
fn no_key_moves_between_two_old_shards() {
    for text in MONOTONE {
        for servers in [4, 10] {
            let (before, after) = grown(text, servers);
            for key in 0..KEYS {
                let (old, new) = (before.shard_of(key), after.shard_of(key));
                assert!(old == new || new.0 == servers, "{text}: key {key} from {old:?} to {new:?}");
            }
        }
    }
}

#[test]
fn what_moves_is_foretold() {
    for text in FOLLOWING {
        for after in [&[0, 1, 2, 3, 4, 5][..], &[0, 2, 3, 4], &[0, 1, 2, 3], &[1, 2, 3, 4, 5]] {
            let (before, next) = change(text, 5, after);
            let pairs = before.moves_to(&next);
            for key in (0..20_000).chain(PROBE_KEYS..PROBE_KEYS + 1_000) {
                let pair = (before.shard_of(key), next.shard_of(key));
                assert!(pair.0 == pair.1 || pairs.contains(&pair), "{text}: key {key} moves {pair:?}");
            }
        }
    }
}

#[test]
fn a_weight_that_grows_draws_keys_and_one_that_shrinks_gives_them_up() {
    for text in FOLLOWING {
        let mut strategy = strategy(text);
        let before = strategy.partitioner(4, 0);
        let Some(weights) = strategy.weights() else { continue };
        weights.set(ShardId(2), 3);
        let shards: Vec<ShardId> = (0..4).map(ShardId).collect();
        let heavy = strategy.next(&before, &shards, 0);
        let pairs = before.moves_to(&heavy);
        for key in 0..20_000 {
            let pair = (before.shard_of(key), heavy.shard_of(key));
            assert!(pair.0 == pair.1 || pairs.contains(&pair), "{text}: key {key} moves {pair:?}");
        }
        assert!(shares(&heavy, 20_000)[2] > 1.3 * shares(&before, 20_000)[2], "{text}");
        strategy.weights().expect("it had some").set(ShardId(2), 0);
        let drained = strategy.next(&heavy, &shards, 0);
        assert_eq!(drained.shards(), [ShardId(0), ShardId(1), ShardId(3)], "{text}");
        assert_eq!(first_keys(&drained).map(|keys| keys.len()), Ok(3), "{text}");
    }
}

/// Those that move keys to a shard whose weight grows, or from one whose weight shrinks, and no others.
const MONOTONE_IN_WEIGHTS: [&str; 3] = [FOLLOWING[2], FOLLOWING[4], FOLLOWING[6]];

/// By strategy: how far a shard's share may be from what its weight says, as a share of that. A ring's: four times the
/// standard deviation of its arcs; of one point for each unit of weight: what its paper's figure 1 has for few shards.
const SHARE_TOLERANCE: [(&str, f64); 6] = [
    (r#"{ "consistent-hash": { "vnodes": 1000, "salted": true } }"#, 0.14),
    (r#"{ "bounded-load": { "vnodes": 1000, "slack": "1%" } }"#, 0.14),
    (FOLLOWING[4], 0.05),
    (FOLLOWING[6], 0.35),
    (FOLLOWING[7], 0.05),
    (FOLLOWING[8], 0.10),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Any server may be weighed anew, and again, in any world.
    #[test]
    fn a_shard_that_is_weighed_anew_gets_the_share_that_its_weight_says(
        servers in 2_u32..9, which in 0_u32..9, weights in (1_u32..6, 0_u32..6), seed: u64
    ) {
        let shard = ShardId(which % servers);
        let shards: Vec<ShardId> = (0..servers).map(ShardId).collect();
        for (text, tolerance) in SHARE_TOLERANCE {
            let mut strategy = strategy(text);
            let mut current = strategy.partitioner(servers, seed);
            for weight in [weights.0, weights.1] {
                strategy.weights().expect("it has weights").set(shard, weight);
                current = strategy.next(&current, &shards, seed);
                let share = shares(&current, 40_000).get(shard.index()).copied().unwrap_or(0.0);
                let part = f64::from(weight) / f64::from(servers - 1 + weight);
                prop_assert!((share - part).abs() <= tolerance * part + 1e-9, "{text}: {share}, not {part}");
            }
        }
    }

    /// Between shards whose weight stays nothing moves.
    #[test]
    fn a_weight_moves_keys_of_its_own_shard_only(
        servers in 2_u32..9, which in 0_u32..9, weights in (1_u32..6, 0_u32..6), seed: u64
    ) {
        let shard = ShardId(which % servers);
        let shards: Vec<ShardId> = (0..servers).map(ShardId).collect();
        for text in MONOTONE_IN_WEIGHTS {
            let mut strategy = strategy(text);
            strategy.weights().expect("it has weights").set(shard, weights.0);
            let before = strategy.partitioner(servers, seed);
            strategy.weights().expect("it has weights").set(shard, weights.1);
            let after = strategy.next(&before, &shards, seed);
            for key in 0..5_000 {
                let (old, new) = (before.shard_of(key), after.shard_of(key));
                let allowed = if weights.1 > weights.0 { new } else { old };
                prop_assert!(old == new || allowed == shard, "{text}: {key} from {old:?} to {new:?}");
            }
        }
    }
}

#[test]
fn shares_follow_the_weights() {
    // Tolerances: of keys 4σ of a binomial (0.002), of a ring's arcs and partitions 4 of their coefficient of variation.
    let weighted = [
        (r#"{ "consistent-hash": { "vnodes": 1000, "weights": [1, 1, 2, 4] } }"#, 0.10),
        (r#"{ "bounded-load": { "vnodes": 1000, "slack": "1%", "weights": [1, 1, 2, 4] } }"#, 0.08),
        (r#"{ "rendezvous": { "weights": [1, 1, 2, 4] } }"#, 0.01),
        (r#"{ "maglev": { "weights": [1, 1, 2, 4] } }"#, 0.01),
        (r#"{ "slots": { "weights": [1, 1, 2, 4] } }"#, 0.05),
    ];
    for (text, tolerance) in weighted {
        let shares = shares(&strategy(text).partitioner(4, 0), KEYS);
        for (share, part) in shares.iter().zip([0.125, 0.125, 0.25, 0.5]) {
            assert!((share / part - 1.0).abs() < tolerance, "{text}: {share}, not {part}");
        }
    }
}

#[test]
fn shares_are_as_even_as_the_papers_say() {
    // The fullest of ten shards against the mean.
    let fullest = [(1, 1.02), (2, 1.15), (3, 1.26), (4, 1.02), (5, 1.02), (6, 1.15), (7, 1.02), (8, 1.05)];
    for (place, most) in fullest {
        let shares = shares(&strategy(FOLLOWING[place]).partitioner(10, 0), KEYS);
        let full = 10.0 * shares.iter().copied().fold(0.0, f64::max);
        assert!(full <= most, "{}: {full} times the mean", FOLLOWING[place]);
    }
}

#[test]
fn every_hash_spreads_keys_in_a_row() {
    use HashFunction::{Crc16, Md5, Mix, Murmur3, Sha256, Vitess, Xxhash64};
    for hash in [Mix, Murmur3, Xxhash64, Crc16, Sha256, Md5, Vitess] {
        let mut parts = [[0_u32; 8]; 2];
        for key in 0..40_000 {
            parts[0][(hash.number(key) % 8) as usize] += 1;
            parts[1][(hash.position(key) >> 61) as usize] += 1;
        }
        // χ² of seven degrees of freedom exceeds 29.9 once in ten thousand.
        for part in parts {
            let chi: f64 = part.iter().map(|&count| (f64::from(count) - 5_000.0).powi(2) / 5_000.0).sum();
            assert!(chi < 29.9, "{hash:?}: {part:?}");
        }
    }
}

#[test]
fn every_shard_is_found_by_a_key_beyond_the_workloads() {
    for text in FOLLOWING.iter().chain(&COUNTED) {
        let partitioner = strategy(text).partitioner(7, 0);
        let keys = first_keys(&partitioner).unwrap_or_else(|shard| panic!("{text}: no key for {shard:?}"));
        for (shard, key) in partitioner.shards().into_iter().zip(keys) {
            assert!(key >= PROBE_KEYS && partitioner.shard_of(key) == shard, "{text}: {key}");
        }
    }
}

#[test]
fn shards_follow_servers_unless_they_are_counted() {
    for text in FOLLOWING {
        assert_eq!((strategy(text).counts_shards(), strategy(text).partitioner(5, 0).count()), (false, 5));
    }
    let counts = COUNTED.map(|text| strategy(text).partitioner(5, 0).count());
    assert_eq!(counts, [13, 12, 4, 3, 3, 4, 6]);
}

#[test]
fn nothing_moves_between_equals() {
    let modulo = Modulo::new(4);
    assert_eq!(moved_fraction(&modulo, &modulo, 0..100), 0.0);
    assert_eq!(moved_fraction(&modulo, &modulo, 5..5), 0.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Any servers may be there, and any one may go.
    #[test]
    fn every_key_has_a_shard_and_who_goes_has_none(
        there in prop::collection::btree_set(0_u32..12, 2..8), which: prop::sample::Index,
        keys in prop::collection::vec(any::<u64>(), 300)
    ) {
        let there: Vec<ShardId> = there.into_iter().map(ShardId).collect();
        let gone = there[which.index(there.len())];
        let left: Vec<ShardId> = there.iter().copied().filter(|&shard| shard != gone).collect();
        for text in FOLLOWING {
            let strategy = strategy(text);
            let before = strategy.next(&strategy.partitioner(2, 0), &there, 0);
            let after = strategy.next(&before, &left, 0);
            prop_assert_eq!((before.shards(), after.shards()), (there.clone(), left.clone()));
            for &key in &keys {
                let (old, new) = (before.shard_of(key), after.shard_of(key));
                prop_assert!(there.contains(&old) && left.contains(&new));
                // With jump the last takes the place of who goes.
                let stays = MONOTONE.contains(&text) && !text.contains("jump");
                prop_assert!(!stays || old == new || old == gone, "{}: {} from {:?}", text, key, old);
            }
        }
    }

    #[test]
    fn splits_and_merges_move_what_they_say(splits in prop::collection::vec(any::<u64>(), 1..20), keys in prop::collection::vec(any::<u64>(), 100)) {
        let mut ranges = Ranges::new(Some(HashFunction::Mix), &[(0, ShardId(0))]);
        for (at, new) in splits.into_iter().zip(1..) {
            let Some(split) = (0..new).find_map(|shard| ranges.split(ShardId(shard), at, ShardId(new))) else { continue };
            for &key in &keys {
                let (old, now) = (ranges.shard_of(key), split.shard_of(key));
                prop_assert_eq!(old != now, now == ShardId(new));
                prop_assert!(now != ShardId(new) || HashFunction::Mix.position(key) >= at);
            }
            ranges = split;
        }
    }
}
