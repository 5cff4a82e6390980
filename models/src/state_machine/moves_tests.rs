//! One move, command by command, through the state machines of both ends.

use std::sync::Arc;

use shardlab_sim::NodeId;

use super::*;
use crate::message::{Chunk, ChunkId, MoveCommand, MoveStep, Step};
use crate::rebalancing::{Plan, Protocol};
use crate::shard_map::ShardId;
use crate::sharding::{Modulo, Partitioner};
use crate::storage::Row;

/// Key 2 moves from shard 0 to shard 2 when two shards become three; key 6 stays.
const MOVING: u64 = 2;
const STAYING: u64 = 6;
const PAIR: Pair = (ShardId(0), ShardId(2));

struct Ends {
    plan: Arc<Plan>,
    source: StateMachine,
    target: StateMachine,
}

impl Ends {
    fn new() -> Self {
        Self::by(Protocol::Live)
    }

    fn by(protocol: Protocol) -> Self {
        let modulo = |shards| Partitioner::Modulo(Modulo::new(shards));
        let shard = || StateMachine::new(Concurrency::WaitDie, Bugs::default());
        let plan = Arc::new(Plan::new(1, modulo(2), modulo(3), 10, 100).by(protocol));
        Self { plan, source: shard(), target: shard() }
    }

    fn step(&self, step: MoveStep) -> Command {
        Command::Move(Box::new(MoveCommand { plan: Arc::clone(&self.plan), pair: PAIR, step }))
    }

    fn at_source(&mut self, step: MoveStep) -> Vec<Effect> {
        let command = self.step(step);
        apply(&mut self.source, &command)
    }

    fn at_target(&mut self, step: MoveStep) -> Vec<Effect> {
        let command = self.step(step);
        apply(&mut self.target, &command)
    }

    /// What the source would send last under a seal.
    fn last_chunk(&self, attempt: u32) -> MoveStep {
        let keys = self.source.moves().expect("it has begun").changed(PAIR.1);
        MoveStep::Import(Box::new(Chunk {
            id: ChunkId::default(),
            source: NodeId(1),
            first: 0,
            next: 2,
            rows: keys.iter().map(|&key| (key, self.source.row(key))).collect(),
            bytes: 0,
            sessions: self.source.sessions().collect(),
            completes: Some(attempt),
        }))
    }
}

fn apply(machine: &mut StateMachine, command: &Command) -> Vec<Effect> {
    let mut effects = Vec::new();
    machine.apply(command, 0, &mut effects);
    effects
}

fn write(machine: &mut StateMachine, session: u32, sequence: u32, key: u64) -> &'static str {
    let operation = OperationId { session, sequence };
    let value = operation.as_value();
    let effects =
        apply(machine, &Command::Write { operation, client: NodeId(9), key, value, value_bytes: 100 });
    match effects[..] {
        [Effect::Written { first: true, .. }] => "written",
        [Effect::Written { first: false, .. }] => "answered again",
        [Effect::NotOwner { .. }] => "refused",
        _ => "nothing",
    }
}

#[test]
fn a_seal_refuses_the_keys_that_move_and_no_others() {
    let mut ends = Ends::new();
    ends.at_source(MoveStep::Begin);
    assert_eq!(write(&mut ends.source, 1, 1, MOVING), "written");
    ends.at_source(MoveStep::Seal);
    assert_eq!(write(&mut ends.source, 2, 1, MOVING), "refused");
    assert_eq!(write(&mut ends.source, 2, 1, STAYING), "written");
    assert_eq!(write(&mut ends.source, 1, 1, MOVING), "answered again", "it was done before the seal");
    ends.at_source(MoveStep::Unseal { attempt: 1 });
    assert_eq!(write(&mut ends.source, 3, 1, MOVING), "written");
}

#[test]
fn a_write_that_was_done_at_the_source_is_not_done_again_at_the_destination() {
    let mut ends = Ends::new();
    ends.at_source(MoveStep::Begin);
    assert_eq!(write(&mut ends.source, 1, 1, MOVING), "written");
    ends.at_source(MoveStep::Seal);
    let last = ends.last_chunk(1);
    ends.at_target(last);
    assert_eq!(write(&mut ends.target, 2, 1, MOVING), "refused", "it owns nothing yet");
    ends.at_source(MoveStep::Give { attempt: 1, fenced: true });
    ends.at_target(MoveStep::Own);
    assert_eq!(write(&mut ends.target, 3, 1, MOVING), "written");
    assert_eq!(write(&mut ends.target, 1, 1, MOVING), "answered again");
    assert_eq!(ends.target.row(MOVING).value, OperationId { session: 3, sequence: 1 }.as_value());
    assert_eq!(ends.target.row(MOVING).version, 2, "the source's version counts on");
}

#[test]
fn what_was_sealed_and_taken_back_cannot_be_given_away() {
    let mut ends = Ends::new();
    ends.at_source(MoveStep::Begin);
    ends.at_source(MoveStep::Seal);
    ends.at_source(MoveStep::Unseal { attempt: 1 });
    assert_eq!(ends.at_source(MoveStep::Give { attempt: 1, fenced: true }), []);
    ends.at_source(MoveStep::Seal);
    assert_eq!(ends.at_source(MoveStep::Give { attempt: 1, fenced: true }), [], "that was the seal before");
    let given = Effect::Moved { pair: PAIR, effect: MoveEffect::Given };
    assert_eq!(ends.at_source(MoveStep::Give { attempt: 2, fenced: true }), [given]);
    assert_eq!(ends.at_source(MoveStep::Unseal { attempt: 2 }), [], "there is no way back");
    assert_eq!(write(&mut ends.source, 1, 1, MOVING), "refused");
}

#[test]
fn a_decision_passes_a_seal_and_then_the_move_is_drained() {
    let mut ends = Ends::new();
    let prepare = |id| {
        Command::Prepare(Box::new(Prepare {
            transaction: TransactionId(id),
            attempt: TransactionId(id),
            age: id,
            coordinator: NodeId(8),
            shard: PAIR.0,
            steps: vec![Step::Add { key: MOVING, delta: -5 }],
            value_bytes: 10,
        }))
    };
    ends.at_source(MoveStep::Begin);
    apply(&mut ends.source, &prepare(2));
    // An older one waits for it, and is sent away by the seal.
    assert_eq!(apply(&mut ends.source, &prepare(1)), []);
    let sealed = ends.at_source(MoveStep::Seal);
    assert!(
        matches!(sealed[0], Effect::Voted { transaction: TransactionId(1), yes: false, .. }),
        "{sealed:?}"
    );
    assert!(!ends.source.is_drained(PAIR));
    let late = apply(&mut ends.source, &prepare(3));
    assert!(matches!(late[..], [Effect::Voted { yes: false, .. }]), "{late:?}");
    let commit = Command::Decide { transaction: TransactionId(2), commit: true, coordinator: NodeId(8) };
    apply(&mut ends.source, &commit);
    assert!(ends.source.is_drained(PAIR));
    assert_eq!(ends.source.moves().expect("it has begun").changed(PAIR.1), [MOVING]);
    let last = ends.last_chunk(1);
    ends.at_target(last);
    let held = |ends: &Ends| (ends.source.held_balance(), ends.target.held_balance());
    assert_eq!(held(&ends), (-5, 0), "money in transit is counted once");
    ends.at_source(MoveStep::Give { attempt: 1, fenced: true });
    ends.at_target(MoveStep::Own);
    assert_eq!(held(&ends), (0, -5));
    ends.at_source(MoveStep::Drop);
    assert!(ends.source.rows().row(MOVING).is_none());
}

/// A second write at the destination.
fn second(ends: &mut Ends, value: u64, version: u32) -> u64 {
    let operation = OperationId { session: 5, sequence: version };
    let row = Row { value, balance: 0, version, value_bytes: 100 };
    let taken = ends.at_target(MoveStep::Second { operation, client: NodeId(9), key: MOVING, row });
    let effect = MoveEffect::TookSecond { operation, client: NodeId(9) };
    assert_eq!(taken, [Effect::Moved { pair: PAIR, effect }]);
    ends.target.row(MOVING).value
}

#[test]
fn a_second_write_replaces_no_newer_row_and_nothing_once_the_keys_are_served() {
    let mut ends = Ends::by(Protocol::DualWrite);
    assert_eq!(second(&mut ends, 70, 2), 70);
    assert_eq!(second(&mut ends, 60, 1), 70, "it comes late");
    let repair = |ends: &Ends| {
        let MoveStep::Import(chunk) = ends.last_chunk(0) else { unreachable!("it is one") };
        let rows = vec![(MOVING, Row { value: 50, version: 2, ..Row::default() })];
        MoveStep::Repair(Box::new(Chunk { rows, ..*chunk }))
    };
    ends.at_source(MoveStep::Begin);
    let step = repair(&ends);
    ends.at_target(step);
    assert_eq!(ends.target.row(MOVING).value, 50, "the source is right, whatever the versions");
    ends.at_target(MoveStep::Own);
    let step = repair(&ends);
    assert_eq!(write(&mut ends.target, 3, 1, MOVING), "written");
    ends.at_target(step);
    let owner = OperationId { session: 3, sequence: 1 }.as_value();
    assert_eq!(second(&mut ends, 90, 9), owner, "the destination is the owner now");
}

#[test]
fn while_writes_go_twice_a_seal_stops_writes_and_not_reads() {
    for (protocol, answers) in [(Protocol::Live, false), (Protocol::DualWrite, true)] {
        let mut ends = Ends::by(protocol);
        ends.at_source(MoveStep::Begin);
        ends.at_source(MoveStep::Seal);
        assert_eq!(write(&mut ends.source, 1, 1, MOVING), "refused");
        assert_eq!(ends.source.answers(MOVING), answers);
        ends.at_source(MoveStep::Give { attempt: 1, fenced: true });
        assert!(!ends.source.answers(MOVING), "they are the destination's");
    }
}

#[test]
fn a_maintenance_window_begins_at_once_and_is_not_taken_back() {
    let mut ends = Ends::by(Protocol::StopTheWorld);
    ends.at_source(MoveStep::Begin);
    assert_eq!(write(&mut ends.source, 1, 1, MOVING), "refused");
    assert_eq!(write(&mut ends.source, 1, 1, STAYING), "written");
    assert_eq!(
        ends.source.moves().expect("it has begun").departure(PAIR.1),
        Some(Departure::Sealed { attempt: 1 })
    );
}

#[test]
fn the_version_to_write_again_is_that_of_the_write_itself() {
    let mut ends = Ends::by(Protocol::DualWrite);
    assert_eq!(write(&mut ends.source, 1, 1, MOVING), "written");
    let first = OperationId { session: 1, sequence: 1 }.as_value();
    assert_eq!(ends.source.version_to_write_again(MOVING, first), None, "nobody writes twice yet");
    ends.at_source(MoveStep::Begin);
    assert_eq!(ends.source.version_to_write_again(MOVING, first), Some(1));
    assert_eq!(write(&mut ends.source, 2, 1, MOVING), "written");
    assert_eq!(ends.source.version_to_write_again(MOVING, first), None, "somebody has written it since");
}
