//! The judges against their definitions, stated as plainly as possible and checked the slow way.

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use shardlab_consistency::*;

/// Any operations at all, over two keys and a few milliseconds; no id is written twice, nor are
/// ids written in order: the write at position `p` of `1..=16` writes `7 p mod 17`.
fn any_history() -> impl Strategy<Value = History> {
    let operation = (0..3u8, 0..4u8, 0..2u64, 0..17u64, 0..20u64, 0..10u64);
    vec(operation, 0..16).prop_map(|rows| {
        let mut history = History::default();
        for (position, (kind, outcome, key, observed, invoked, took)) in (1..).zip(rows) {
            let id = 7 * position % 17;
            let outcome = [Outcome::Ok, Outcome::Ok, Outcome::Fail, Outcome::Info][usize::from(outcome)];
            let completed = if outcome == Outcome::Info { Time::MAX } else { invoked + took };
            let (kind, value, previous) = match kind {
                0 => (OperationKind::Read, observed, 0),
                1 => (OperationKind::Write, id, 0),
                _ => (OperationKind::ReadModifyWrite, id, observed),
            };
            let (process, node) = (position as u32, NO_NODE);
            history.push(Operation {
                process,
                node,
                kind,
                outcome,
                key,
                value,
                previous,
                invoked,
                completed,
            });
        }
        history
    })
}

/// Some of the writes, in any order, now and then one twice.
fn any_log(history: &History, picks: &[usize]) -> Vec<(u64, u64)> {
    let entry = |&pick: &usize| history.operations.get(pick).and_then(|op| Some((op.key, op.written()?)));
    picks.iter().filter_map(entry).collect()
}

/// The report by definition, in quadratic time.
fn by_definition(history: &History, log: &[(u64, u64)]) -> RegisterReport {
    let versions =
        |key| log.iter().filter(move |entry| entry.0 == key).map(|entry| entry.1).collect::<Vec<_>>();
    let first = |key, id| versions(key).iter().position(|&other| other == id).map(|place| place as u32 + 1);
    let last = |key, id| versions(key).iter().rposition(|&other| other == id).map(|place| place as u32 + 1);
    let mut report = RegisterReport::default();
    for (position, operation) in (0..).zip(&history.operations) {
        if let (Some(id), Some(_)) = (operation.written(), operation.acknowledged()) {
            report.acknowledged_writes += 1;
            report.lost_writes.extend(first(operation.key, id).is_none().then_some(position));
        }
        let Some(observed) = operation.observed() else { continue };
        report.reads += 1;
        let wrote = |op: &&Operation| op.key == operation.key && op.written() == Some(observed);
        let writer = history.operations.iter().find(wrote).map(|writer| writer.outcome);
        let rank = if observed == INITIAL_VALUE { Some(0) } else { last(operation.key, observed) };
        match (writer, rank) {
            (Some(Outcome::Fail), _) | (None, None) => report.dirty_reads.push(position),
            (Some(_), None) => report.vanished_reads.push(position),
            (_, Some(rank)) => {
                let newer = (0u32..).zip(&history.operations).filter_map(|(position, op)| {
                    let of_key = op.key == operation.key && op.acknowledged()? < operation.invoked;
                    let newer = first(op.key, op.written()?)?;
                    (of_key && newer > rank).then_some((newer, position, op.completed))
                });
                let newer: Vec<_> = newer.collect();
                report.stale_reads.extend(newer.iter().max().map(|&(newest, missed, _)| StaleRead {
                    read: position,
                    missed,
                    versions_behind: newest - rank,
                    overwritten_for_ns: operation.invoked - newer.iter().map(|write| write.2).min().unwrap(),
                }));
            }
        }
    }
    report
}

fn sorted(mut report: RegisterReport) -> RegisterReport {
    report.lost_writes.sort_unstable();
    report.dirty_reads.sort_unstable();
    report.vanished_reads.sort_unstable();
    report.stale_reads.sort_unstable_by_key(|stale| stale.read);
    report
}

/// A register that takes each operation's effect at one instant between its invocation and its end.
fn linearizable() -> impl Strategy<Value = (History, Vec<(u64, u64)>)> {
    let operation = (any::<bool>(), 0..4u8, 0..2u64, 0..40u64, 0..6u64, 0..6u64);
    vec(operation, 0..40).prop_map(|mut rows| {
        rows.sort_by_key(|&(_, _, _, instant, _, _)| instant);
        let (mut history, mut log, mut current) = (History::default(), Vec::new(), [INITIAL_VALUE; 2]);
        for (id, (writes, outcome, key, instant, before, after)) in (1..).zip(rows) {
            let outcome = [Outcome::Ok, Outcome::Ok, Outcome::Fail, Outcome::Info][usize::from(outcome)];
            let happens = outcome == Outcome::Ok || outcome == Outcome::Info && before < 3;
            let kind = if writes { OperationKind::Write } else { OperationKind::Read };
            let value = if writes { id } else { current[key as usize] };
            if writes && happens {
                current[key as usize] = id;
                log.push((key, id));
            }
            let invoked = instant.saturating_sub(before);
            let completed = if outcome == Outcome::Info { Time::MAX } else { instant + after };
            let (process, node, previous) = (id as u32, NO_NODE, 0);
            history.push(Operation {
                process,
                node,
                kind,
                outcome,
                key,
                value,
                previous,
                invoked,
                completed,
            });
        }
        (history, log)
    })
}

fn any_replica() -> impl Strategy<Value = ReplicaDigest> {
    let row = (0..3u32, 0..9u16, 0..2u64, 0..2u64, prop::bool::weighted(0.9));
    row.prop_map(|(shard, node, position, digest, up)| ReplicaDigest { shard, node, position, digest, up })
}

fn finding(judge: &str, history: &History, evidence: &Evidence) -> Finding {
    let judge = JUDGES.iter().find(|listed| listed.name == judge).unwrap();
    (judge.judge)(&Case::new(history, evidence))
}

/// The same cases on every machine and in every run.
fn reproducible() -> ProptestConfig {
    let rng_seed = RngSeed::Fixed(42);
    ProptestConfig { cases: 4_000, rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(reproducible())]

    #[test]
    fn registers_are_judged_by_definition(history in any_history(), picks in vec(0usize..16, 0..20)) {
        let log = any_log(&history, &picks);
        let report = RegisterReport::new(&history, &VersionOrder::from_log(log.iter().copied()));
        prop_assert_eq!(sorted(report), sorted(by_definition(&history, &log)));
    }

    #[test]
    fn a_linearizable_register_is_never_accused((history, log) in linearizable()) {
        let evidence = Evidence { version_order: Some(VersionOrder::from_log(log)), ..Evidence::default() };
        for judge in ["lost-writes", "vanished-reads", "stale-reads", "dirty-reads"] {
            let verdict = finding(judge, &history, &evidence).verdict;
            prop_assert!(!verdict.is_fail(), "{judge}: {verdict}");
        }
    }

    #[test]
    fn a_shard_has_diverged_when_two_running_replicas_differ(replicas in vec(any_replica(), 0..8)) {
        let differ = |a: &ReplicaDigest, b: &ReplicaDigest| {
            a.shard == b.shard && a.up && b.up && (a.position, a.digest) != (b.position, b.digest)
        };
        let diverged = replicas.iter().any(|a| replicas.iter().any(|b| differ(a, b)));
        let evidence = Evidence { replicas, ..Evidence::default() };
        prop_assert_eq!(finding("convergence", &History::default(), &evidence).verdict.is_fail(), diverged);
    }
}

/// Every outcome a client can be told, and every fate of a transaction on up to three shards.
#[test]
fn atomicity_by_definition_on_every_case() {
    use Effect::{Applied, Discarded, InDoubt};
    let fates = |code: usize, shards: usize| {
        (0..shards).map(move |at| [Applied, Discarded, InDoubt][code / 3usize.pow(at as u32) % 3])
    };
    for outcome in [Outcome::Ok, Outcome::Fail, Outcome::Info] {
        for shards in 1..=3 {
            for code in codes(shards) {
                let fates: Vec<Effect> = fates(code, shards).collect();
                let any = |fate| fates.contains(&fate);
                let broken = any(Applied) && any(Discarded)
                    || outcome == Outcome::Ok && any(Discarded)
                    || outcome == Outcome::Fail && any(Applied);
                let expected = if broken {
                    "fail"
                } else if any(InDoubt) {
                    "unknown"
                } else {
                    "pass"
                };
                assert_eq!(atomicity(outcome, &fates), expected, "{outcome:?} {fates:?}");
            }
        }
    }
}

fn codes(shards: usize) -> Range<usize> {
    0..3usize.pow(shards as u32)
}

fn atomicity(outcome: Outcome, fates: &[Effect]) -> &'static str {
    let mut history = History::default();
    let completed = if outcome == Outcome::Info { Time::MAX } else { 2 };
    let step = MicroOperation::Add { key: 0, delta: 1 };
    history.push_transaction(Transaction::new(7, 0, outcome, 1, completed), &[step]);
    let effect = |(shard, &effect)| TransactionEffect { transaction: 7, shard, effect };
    let transaction_effects = (0..).zip(fates).map(effect).collect();
    let evidence = Evidence { transaction_effects, ..Evidence::default() };
    finding("atomicity", &history, &evidence).verdict.word()
}
