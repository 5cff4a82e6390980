//! What the kernel promises, over random worlds and schedules of faults.

mod common;

use common::random::{NODES, QUIET_FROM, fault, nodes, profile, settings};
use common::{Busy, Seen, busy_world, exponential, link};
use proptest::prelude::*;
use shardlab_sim::{
    Action, Delivery, Direction, Fault, Finished, InFlight, LinkProfile, MICROSECOND, MILLISECOND, NodeId,
    Simulation, Target, Time, Trigger,
};

/// Runs to the end of the load, heals everything, and drains.
fn run(mut world: Simulation<Busy>) -> Finished<Busy> {
    world.run_until(QUIET_FROM);
    world.heal_all();
    world.run_until(QUIET_FROM + 20_000 * MILLISECOND);
    assert!(world.is_idle(), "after the drain nothing is to come");
    world.finish()
}

proptest! {
    #![proptest_config(settings(200))]

    /// `Busy` itself asserts that streams keep order, that timers of a previous life never fire, and that no lost
    /// write is ever synced.
    #[test]
    fn random_faults_break_no_law_and_rerun_alike(
        seed in any::<u64>(),
        cores in 1..3_u32,
        profile in profile(),
        faults in prop::collection::vec(fault(), 0..6),
    ) {
        // A degraded link doubles messages, which a receiver sees as a repetition.
        let doubles = |f: &Fault| matches!(f.action, Action::Links { duplicate_ppb, .. } if duplicate_ppb > 0);
        let duplicate_ppb = if faults.iter().any(doubles) { profile.duplicate_ppb.max(1) } else { profile.duplicate_ppb };
        let profile = LinkProfile { duplicate_ppb, ..profile };
        let world = busy_world(seed, (NODES, cores), profile, QUIET_FROM, faults);
        let (first, second) = (run(world.clone()), run(world));
        prop_assert_eq!(first.fingerprint, second.fingerprint);
        prop_assert_eq!(first.observations, second.observations);
        prop_assert_eq!(first.receipts, second.receipts);
        prop_assert_eq!(first.counters, second.counters);
        for node in &first.nodes {
            let forced_left = node.unsynced.iter().any(|id| *id <= node.synced);
            prop_assert!(!forced_left, "a sync covers all before it");
        }
    }
}

proptest! {
    #![proptest_config(settings(100))]

    #[test]
    fn pauses_and_held_messages_lose_nothing_and_keep_order(
        seed in any::<u64>(),
        spans in prop::collection::vec((0..QUIET_FROM, 0..30 * MILLISECOND, nodes(), any::<bool>()), 0..6),
    ) {
        let fault = |(at, lasts, nodes, pause): (Time, Time, Vec<NodeId>, bool)| Fault {
            name: "hold".into(),
            trigger: Trigger::At(at),
            duration: Some(lasts),
            action: if pause { Action::Pause { target: Target::Nodes(nodes) } } else { holding_cut(nodes) },
        };
        let faults = spans.into_iter().map(fault).collect();
        let stream = link(exponential(500 * MICROSECOND), Delivery::Stream);
        let finished = run(busy_world(seed, (NODES, 1), stream, QUIET_FROM, faults));
        let told = |pick: fn(&Seen) -> bool| finished.observations.iter().filter(|(_, _, seen)| pick(seen)).count();
        let sent = told(|seen| matches!(seen, Seen::Sent { .. }));
        prop_assert_eq!(sent, told(|seen| matches!(seen, Seen::Received { .. })));
        prop_assert!(sent > 100);
        prop_assert_eq!(finished.counters.messages_lost, 0);
    }
}

fn holding_cut(nodes: Vec<NodeId>) -> Action {
    let everyone = Target::Nodes((0..NODES).map(NodeId).collect());
    Action::Cut {
        from: Target::Nodes(nodes),
        to: everyone,
        direction: Direction::Both,
        in_flight: InFlight::Hold,
    }
}

/// One of each fault, on a lossy stream: any change of an order, a draw or a rule changes this number.
#[test]
fn the_torture_world_never_changes() {
    let at = |at, lasts, action| Fault {
        name: "torture".into(),
        trigger: Trigger::At(at * MILLISECOND),
        duration: Some(lasts * MILLISECOND),
        action,
    };
    let node = |id| Target::Nodes(vec![NodeId(id)]);
    let cut =
        |from, to, direction, in_flight| Action::Cut { from: node(from), to: node(to), direction, in_flight };
    let faults = vec![
        at(5, 10, cut(0, 1, Direction::Both, InFlight::Drop)),
        at(7, 10, cut(3, 0, Direction::OneWay, InFlight::Hold)),
        at(9, 2, Action::CutLinks { links: vec![(NodeId(2), NodeId(3))], in_flight: InFlight::Deliver }),
        at(10, 5, Action::Crash { target: node(2), keep_unsynced: true }),
        at(12, 9, Action::Pause { target: Target::OneOf("ticker".into()) }),
        at(15, 20, Action::Slow { target: node(1), factor_thousandths: 5000 }),
        at(
            15,
            20,
            Action::Links { target: node(4), loss_ppb: 300_000_000, duplicate_ppb: 0, delay_ns: 70_000 },
        ),
        at(20, 9, Action::ClockJump { target: node(3), by_ns: -1_000_000 }),
        Fault {
            trigger: Trigger::When { mark: "tick".into(), nth: 50, not_before: 25 * MILLISECOND },
            ..at(0, 5, Action::Crash { target: Target::Role("ticker".into()), keep_unsynced: false })
        },
    ];
    let lossy =
        LinkProfile { loss_ppb: 20_000_000, ..link(exponential(400 * MICROSECOND), Delivery::Stream) };
    let finished = run(busy_world(7, (NODES, 2), lossy, QUIET_FROM, faults));
    assert!(finished.receipts.iter().all(|receipt| receipt.changed > 0), "{:#?}", finished.receipts);
    assert_eq!(finished.fingerprint.to_string(), "0ad94fc07b56a8ea595d57314d528738");
}
