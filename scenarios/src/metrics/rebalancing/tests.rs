//! The bill of runs made by hand: warm-up ends at 1 s, and the load at 10 s.

use shardlab_models::node::Cause;
use shardlab_models::shard_map::ShardId;
use shardlab_models::world::{HandOver, MoveCosts};
use shardlab_sim::{MILLISECOND, NodeId, SECOND, Time};

use crate::metrics::tests::{check, moved_under};

/// A split, a merge and the balancer cost clients what a command does.
#[test]
fn a_move_has_a_bill_whatever_caused_it() {
    let shard = ShardId(0);
    for cause in [Cause::Split { shard, by_load: true }, Cause::Merge { from: shard, into: ShardId(1) }] {
        let mut run = moved_under(100);
        run.rebalancing.commands[0].cause = cause;
        let bill = [("rebalance.p99_penalty", Some(3.0)), ("rebalance.duration_s", Some(2.0))];
        check(&run, &bill);
    }
    let mut run = moved_under(100);
    run.rebalancing.commands.clear();
    run.rebalancing.hand_overs = [5, 7].map(|at| handed_over(at * SECOND)).to_vec();
    check(&run, &[("rebalance.p99_before_ms", Some(10.0)), ("rebalance.p99_during_ms", Some(30.0))]);
    check(&run, &[("rebalance.failed_operations", Some(0.0)), ("rebalance.keys_moved", None)]);
}

fn handed_over(at: Time) -> HandOver {
    HandOver { at, shard: ShardId(0), from: NodeId(1), to: NodeId(2), stopped: MILLISECOND }
}

/// Warm-up ends at 1 s and the load at 10 s. What was ordered between is paid for to its end.
#[test]
fn what_begins_in_warm_up_or_drain_is_not_on_the_bill() {
    for (began, duration_s) in [(SECOND / 2, None), (9 * SECOND, Some(3.0)), (10 * SECOND, None)] {
        let mut run = moved_under(100);
        run.rebalancing.commands[0].began = began;
        run.rebalancing.commands[0].ended = Some(12 * SECOND);
        check(&run, &[("rebalance.duration_s", duration_s), ("rebalance.p99_penalty", None)]);
    }
    let mut run = moved_under(100);
    run.rebalancing.moves_needed = Some(2);
    run.rebalancing.hand_overs = [0, 2, 4, 11].map(|at| handed_over(at * SECOND + SECOND / 2)).to_vec();
    check(&run, &[("rebalance.offices_moved", Some(2.0)), ("rebalance.thrash_index", Some(1.0))]);
}

/// It was all in vain: there is nothing to divide by, and that is said by a zero of its own.
#[test]
fn what_went_there_and_back_needed_nothing() {
    for (needed, index) in [(0, None), (10, Some(2.0))] {
        let mut run = moved_under(100);
        let there = a_move(0, 5);
        run.rebalancing.moves =
            vec![there, MoveCosts { source: there.target, target: there.source, ..there }];
        run.rebalancing.rows_needed = needed;
        check(
            &run,
            &[
                ("rebalance.keys_moved", Some(20.0)),
                ("rebalance.rows_needed", Some(needed as f64)),
                ("rebalance.thrash_index", index),
            ],
        );
    }
}

fn a_move(command: u32, at_s: u64) -> MoveCosts {
    let at = at_s * SECOND;
    let done = Some(at + SECOND);
    MoveCosts {
        command,
        source: ShardId(0),
        target: ShardId(1),
        began: at,
        copied: done,
        sealed: done,
        owned: done,
        published: done,
        keys: 10,
        written: 0,
        bytes: 100,
        unsealed: 0,
        refused: 0,
        progressed: at,
        by_reference: false,
        compared: 0,
        differing: 0,
        span: None,
    }
}

/// Rows that change hands where they lie, and partitions that are created empty, are no moves.
#[test]
fn only_what_is_copied_is_a_move() {
    let mut run = moved_under(100);
    let by_reference = MoveCosts { by_reference: true, ..a_move(0, 5) };
    let empty = MoveCosts { keys: 0, bytes: 0, ..a_move(0, 5) };
    run.rebalancing.moves = vec![by_reference, empty, a_move(0, 6)];
    check(&run, &[("rebalance.moves", Some(1.0)), ("rebalance.keys_moved", Some(10.0))]);
    run.rebalancing.commands[0].cause = Cause::Partitions(1);
    run.rebalancing.moves = vec![empty];
    check(&run, &[("rebalance.moves", Some(0.0)), ("rebalance.p99_during_ms", None)]);
}
