use super::*;
use crate::message::Step;

const COORDINATOR: NodeId = NodeId(9);
const CLIENT: NodeId = NodeId(8);

/// A shard that is told one thing at a time, and answers in short words.
struct Shard(StateMachine);

impl Shard {
    fn new() -> Self {
        Self(StateMachine::new(Concurrency::WaitDie, Bugs::default()))
    }

    fn apply(&mut self, command: &Command) -> String {
        let mut effects = Vec::new();
        self.0.apply(command, 0, &mut effects);
        effects.iter().filter_map(word).collect::<Vec<_>>().join(" ")
    }

    fn prepare(&mut self, id: u64, age: u64, keys: &[u64]) -> String {
        let steps = keys.iter().map(|&key| Step::Add { key, delta: 1 }).collect();
        self.apply(&prepare(id, age, steps))
    }

    fn audit(&mut self, id: u64, age: u64, keys: &[u64]) -> String {
        self.apply(&prepare(id, age, keys.iter().map(|&key| Step::Read { key }).collect()))
    }

    fn decide(&mut self, id: u64, commit: bool) -> String {
        self.apply(&Command::Decide { transaction: TransactionId(id), commit, coordinator: COORDINATOR })
    }

    fn write(&mut self, session: u32, sequence: u32, key: u64) -> String {
        let operation = OperationId { session, sequence };
        let value = operation.as_value();
        self.apply(&Command::Write { operation, client: CLIENT, key, value, value_bytes: 10 })
    }
}

fn prepare(id: u64, age: u64, steps: Vec<Step>) -> Command {
    Command::Prepare(Box::new(Prepare {
        transaction: TransactionId(id),
        attempt: TransactionId(id),
        age,
        coordinator: COORDINATOR,
        shard: crate::shard_map::ShardId(0),
        steps,
        value_bytes: 10,
    }))
}

fn word(effect: &Effect) -> Option<String> {
    match effect {
        Effect::Written { operation, .. } => Some(format!("w{}.{}", operation.session, operation.sequence)),
        Effect::Voted { transaction, yes, .. } => {
            Some(format!("{}{}", if *yes { "yes" } else { "no" }, transaction.0))
        }
        Effect::NoPartition { operation, .. } => {
            Some(format!("none{}.{}", operation.session, operation.sequence))
        }
        Effect::Decided { transaction, commit, .. } => {
            Some(format!("{}{}", if *commit { "commit" } else { "abort" }, transaction.0))
        }
        Effect::NotOwner { operation, .. } => {
            Some(format!("gone{}.{}", operation.session, operation.sequence))
        }
        Effect::Released(_) | Effect::Moved { .. } | Effect::Applied { .. } | Effect::Expired { .. } => None,
    }
}

#[test]
fn a_retried_write_is_applied_once_and_answered_twice() {
    let mut shard = Shard::new();
    assert_eq!(shard.write(1, 1, 5), "w1.1");
    assert_eq!(shard.write(2, 1, 5), "w2.1");
    assert_eq!(shard.write(1, 1, 5), "w1.1");
    assert_eq!(shard.0.row(5).value, OperationId { session: 2, sequence: 1 }.as_value());
    assert_eq!(shard.0.row(5).version, 2);
    shard.write(1, 2, 5);
    assert_eq!(shard.write(1, 1, 5), "", "its client has gone on");
}

#[test]
fn a_commit_takes_effect_whole_and_an_abort_not_at_all() {
    let mut shard = Shard::new();
    assert_eq!(shard.prepare(1, 1, &[5, 6]), "yes1");
    assert_eq!(shard.decide(1, true), "commit1");
    assert_eq!(shard.prepare(2, 2, &[5, 6]), "yes2");
    assert_eq!(shard.decide(2, false), "abort2");
    assert_eq!((shard.0.row(5).balance, shard.0.row(6).balance), (1, 1));
    assert_eq!(shard.decide(1, true), "commit1", "a repeated decision is acknowledged and changes nothing");
    assert_eq!(shard.0.row(5).balance, 1);
}

#[test]
fn an_older_transaction_waits_and_a_younger_one_dies() {
    let mut shard = Shard::new();
    assert_eq!(shard.prepare(2, 20, &[5]), "yes2");
    assert_eq!(shard.prepare(3, 30, &[5]), "no3");
    assert_eq!(shard.prepare(1, 10, &[5]), "");
    assert_eq!(shard.prepare(4, 15, &[5]), "no4", "younger than the one that waits");
    assert_eq!(shard.decide(2, true), "commit2 yes1");
    assert_eq!(shard.decide(1, true), "commit1");
    assert_eq!(shard.0.waiting(), 0);
}

#[test]
fn who_waits_dies_when_an_older_one_comes() {
    let mut shard = Shard::new();
    assert_eq!(shard.prepare(3, 30, &[5]), "yes3");
    assert_eq!(shard.prepare(2, 20, &[5]), "");
    assert_eq!(
        shard.prepare(1, 10, &[5]),
        "no2",
        "it would wait for an older one, and that one may wait for it elsewhere"
    );
    assert_eq!(shard.decide(3, true), "commit3 yes1");
}

#[test]
fn a_write_waits_for_the_lock_and_is_not_answered_early_by_its_retry() {
    let mut shard = Shard::new();
    shard.prepare(1, 1, &[5]);
    assert_eq!(shard.write(7, 1, 5), "");
    assert_eq!(shard.write(7, 1, 5), "");
    assert_eq!(shard.write(8, 1, 6), "w8.1");
    assert_eq!(shard.decide(1, true), "commit1 w7.1");
    assert_eq!(shard.0.row(5).version, 2);
}

#[test]
fn readers_share_locks_and_see_what_was_committed() {
    let mut shard = Shard::new();
    shard.prepare(1, 1, &[5]);
    shard.decide(1, true);
    let mut effects = Vec::new();
    for id in 2..4 {
        shard.0.apply(&prepare(id, id, vec![Step::Read { key: 5 }]), 0, &mut effects);
    }
    let reads: Vec<_> = effects
        .iter()
        .map(|effect| match effect {
            Effect::Voted { yes: true, reads, .. } => reads.clone(),
            other => panic!("wanted two yes votes, got {other:?}"),
        })
        .collect();
    assert_eq!(reads, [vec![(5, Found::Balance(1))], vec![(5, Found::Balance(1))]]);
    assert_eq!(shard.prepare(9, 9, &[5]), "no9");
}

#[test]
fn a_late_duplicate_prepare_meets_the_remembered_decision() {
    let mut shard = Shard::new();
    shard.prepare(1, 1, &[5]);
    shard.decide(1, true);
    assert_eq!(shard.prepare(1, 1, &[5]), "yes1");
    assert_eq!(shard.decide(2, false), "abort2");
    assert_eq!(shard.prepare(2, 2, &[5]), "no2", "an abort that came first is remembered too");
    assert_eq!(shard.0.row(5).balance, 1);
    assert_eq!(shard.audit(3, 3, &[5]), "yes3", "no lock is left behind");
}

#[test]
fn an_abort_reaches_a_transaction_that_waits() {
    let mut shard = Shard::new();
    shard.prepare(2, 20, &[5]);
    assert_eq!(shard.prepare(1, 10, &[5]), "");
    assert_eq!(shard.decide(1, false), "abort1");
    assert_eq!(shard.decide(2, true), "commit2", "nobody is woken");
}

#[test]
fn a_commit_of_what_was_never_prepared_is_told_apart() {
    let mut shard = Shard::new();
    shard.decide(1, true);
    assert_eq!(shard.0.decision(TransactionId(1)), Some(Decision::CommittedUnprepared));
}

#[test]
fn an_expired_partition_takes_nothing_more_and_answers_retries() {
    for (expiry, rows) in [(crate::sharding::Expiry::Drop, 0), (crate::sharding::Expiry::Detach, 1)] {
        let mut shard = Shard::new();
        assert_eq!(shard.write(1, 1, 7), "w1.1");
        shard.apply(&Command::Expire(expiry));
        assert_eq!(shard.write(1, 1, 7), "w1.1", "it was written before");
        assert_eq!(shard.write(1, 2, 7), "none1.2");
        assert_eq!(shard.0.rows().len(), rows);
        let closed = shard.0.closed();
        shard.apply(&Command::Expire(crate::sharding::Expiry::Drop));
        assert_eq!(shard.0.closed(), closed, "what comes twice changes nothing");
    }
}

#[test]
fn what_no_partition_is_there_for_is_refused() {
    let mut shard = Shard::new();
    shard.0 = shard.0.without_partition();
    assert_eq!(shard.write(1, 1, 7), "none1.1");
    assert!(shard.0.rows().is_empty());
}
