//! Random links and schedules of faults.

use proptest::prelude::*;
use shardlab_sim::{
    Action, Delivery, Direction, Distribution, Fault, InFlight, LinkProfile, MICROSECOND, MILLISECOND,
    NodeId, Target, Time, Trigger,
};

use super::{exponential, link};

pub const NODES: u32 = 5;
/// Load stops here; a heal and a drain follow.
pub const QUIET_FROM: Time = 60 * MILLISECOND;

pub fn nodes() -> impl Strategy<Value = Vec<NodeId>> {
    prop::collection::vec((0..NODES).prop_map(NodeId), 1..4)
}

pub fn target(marked: bool) -> impl Strategy<Value = Target> {
    let role = || Just("ticker".to_string());
    let marker = if marked { Just(Target::Marker).boxed() } else { nodes().prop_map(Target::Nodes).boxed() };
    prop_oneof![
        nodes().prop_map(Target::Nodes),
        role().prop_map(Target::Role),
        role().prop_map(Target::OneOf),
        marker
    ]
}

pub fn in_flight() -> impl Strategy<Value = InFlight> {
    prop_oneof![Just(InFlight::Drop), Just(InFlight::Deliver), Just(InFlight::Hold)]
}

pub fn action(marked: bool) -> impl Strategy<Value = Action> {
    let direction = prop_oneof![Just(Direction::Both), Just(Direction::OneWay)];
    let pair = ((0..NODES).prop_map(NodeId), (0..NODES).prop_map(NodeId));
    prop_oneof![
        (target(marked), target(marked), direction, in_flight())
            .prop_map(|(from, to, direction, in_flight)| Action::Cut { from, to, direction, in_flight }),
        (prop::collection::vec(pair, 1..6), in_flight())
            .prop_map(|(links, in_flight)| Action::CutLinks { links, in_flight }),
        (target(marked), any::<bool>())
            .prop_map(|(target, keep_unsynced)| Action::Crash { target, keep_unsynced }),
        target(marked).prop_map(|target| Action::Pause { target }),
        (target(marked), 100..50_000_u64)
            .prop_map(|(target, factor_thousandths)| Action::Slow { target, factor_thousandths }),
        (target(marked), 0..1_000_000_000_u64, 0..500_000_000_u64, 0..MILLISECOND).prop_map(
            |(target, loss_ppb, duplicate_ppb, delay_ns)| Action::Links {
                target,
                loss_ppb,
                duplicate_ppb,
                delay_ns
            }
        ),
        (target(marked), -5_000_000..5_000_000_i64)
            .prop_map(|(target, by_ns)| Action::ClockJump { target, by_ns }),
    ]
}

pub fn fault() -> impl Strategy<Value = Fault> {
    let timed = ((0..QUIET_FROM).prop_map(Trigger::At), action(false));
    let occurrence = (1..40_u64, 0..QUIET_FROM / 2);
    let marked = (
        occurrence.prop_map(|(nth, not_before)| Trigger::When { mark: "tick".into(), nth, not_before }),
        action(true),
    );
    // Some last no time at all.
    let duration = prop::option::of(prop_oneof![Just(0), 0..20 * MILLISECOND]);
    (prop_oneof![timed, marked], duration).prop_map(|((trigger, action), duration)| Fault {
        name: "random".into(),
        trigger,
        duration,
        action,
    })
}

pub fn profile() -> impl Strategy<Value = LinkProfile> {
    let delivery = prop_oneof![3 => Just(Delivery::Stream), 1 => Just(Delivery::Datagram)];
    let share = || prop_oneof![Just(0_u64), 0..200_000_000_u64];
    let latency = prop_oneof![
        Just(Distribution::constant_ns(0)),
        Just(Distribution::constant_ns(300 * MICROSECOND)),
        Just(exponential(500 * MICROSECOND)),
    ];
    let bandwidth = prop::option::of(1_000_000..1_000_000_000_u64);
    (latency, delivery, share(), share(), share(), bandwidth).prop_map(
        |(latency, delivery, loss_ppb, duplicate_ppb, reorder_ppb, bandwidth_bytes_per_s)| LinkProfile {
            loss_ppb,
            duplicate_ppb,
            reorder_ppb,
            bandwidth_bytes_per_s,
            ..link(latency, delivery)
        },
    )
}

pub fn settings(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}
