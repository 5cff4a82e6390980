//! Both engines give the same run: fingerprint, observations, counters, receipts, samples and the nodes at the end.
//!
//! Without the flag `--cfg madsim` there is no second engine, and these tests fail and say so.

mod common;

use common::random::{NODES, QUIET_FROM, fault, nodes, profile, settings};
use common::{Busy, Seen, bare, busy_setup, link, topology};
use proptest::prelude::*;
use shardlab_sim::{
    Action, Config, Cpu, Delivery, Direction, Disk, Distribution, Engine, EngineError, Execution, Fault,
    Finished, InFlight, LinkProfile, MICROSECOND, MILLISECOND, Machine, NodeId, Overflow, Random, SECOND,
    Setup, Target, Time, Trigger,
};

/// Long enough for retransmissions and slowed services.
const DRAIN: Time = 2 * SECOND;

/// Runs to the end of the load, heals everything, drains; everything that a run leaves, as text.
fn run(mut execution: Execution<Busy>) -> (Finished<Busy>, u64) {
    let until = |execution: &mut Execution<Busy>, end| execution.run_until(end).expect("the clock suffices");
    until(&mut execution, QUIET_FROM / 2);
    until(&mut execution, QUIET_FROM);
    execution.heal_all();
    until(&mut execution, QUIET_FROM + DRAIN);
    let processed = execution.events_processed();
    (execution.finish(), processed)
}

fn run_on(engine: Engine, setup: Setup<Busy>) -> (Finished<Busy>, u64) {
    run(Execution::begin(engine, setup, QUIET_FROM + DRAIN).unwrap_or_else(|error| panic!("{error}")))
}

/// The first difference, where two runs are not the same.
fn difference(left: &(Finished<Busy>, u64), right: &(Finished<Busy>, u64)) -> Option<String> {
    let ((left, left_processed), (right, right_processed)) = (left, right);
    for (index, pair) in left.observations.iter().zip(&right.observations).enumerate() {
        if pair.0 != pair.1 {
            return Some(format!("observation {index}: {pair:?}"));
        }
    }
    let parts = [
        ("fingerprint", left.fingerprint == right.fingerprint),
        ("number of observations", left.observations.len() == right.observations.len()),
        ("counters", left.counters == right.counters),
        ("receipts", left.receipts == right.receipts),
        ("samples", left.samples == right.samples),
        ("nodes", format!("{:?}", left.nodes) == format!("{:?}", right.nodes)),
        ("events that came up", left_processed == right_processed),
    ];
    let (part, _) = parts.into_iter().find(|(_, same)| !same)?;
    Some(format!(
        "{part}\n{:#?}\n{:#?}",
        (&left.receipts, left_processed),
        (&right.receipts, right_processed)
    ))
}

/// Everything comes at multiples of this, so that most things happen in one nanosecond with others.
const GRID: Time = 100 * MICROSECOND;

/// Millisecond outages under CPU queueing, zero and constant latencies, and one of everything else, drawn from the
/// seed and placed on the grid.
fn torture(seed: u64) -> Setup<Busy> {
    let mut random = Random::new(seed, "torture", 0);
    let faults = (0..24).map(|_| stroke(&mut random)).collect();
    let latency = Distribution::constant_ns(random.below(3) * GRID);
    let delivery = if random.below(3) == 0 { Delivery::Datagram } else { Delivery::Stream };
    let profile = LinkProfile {
        loss_ppb: random.below(2) * 50_000_000,
        duplicate_ppb: 100_000_000,
        retransmit_ns: GRID,
        ..link(latency, delivery)
    };
    let mut node = Busy::new(NODES, false, QUIET_FROM);
    node.grid = GRID;
    let config = Config { seed, warmup: 3 * MILLISECOND, sample_every: Some(MILLISECOND) };
    let machines = (0..NODES).map(machine).collect();
    Setup::new(config, topology(machines, profile), vec![node; NODES as usize], faults).expect("it is sound")
}

/// Different for each: cores, what is served, overflow, disk; one has no processor.
fn machine(id: u32) -> Machine {
    let overflow = if id.is_multiple_of(2) { Overflow::DropNewest } else { Overflow::DropOldest };
    let service = vec![Some(grids(1)), id.is_multiple_of(3).then(|| grids(2))];
    let queue_limit = (id == 1).then_some(3);
    let cpu = (id != 4).then_some(Cpu { cores: 1 + id % 2, queue_limit, overflow, service });
    let disk = Disk {
        write: grids(0),
        sync: grids(u64::from(id)),
        group_commit: id.is_multiple_of(2),
        bandwidth_bytes_per_s: id.is_multiple_of(3).then_some(1_000_000),
    };
    Machine { cpu, disk: Some(disk), ..bare(id) }
}

fn grids(count: u64) -> Distribution {
    Distribution::constant_ns(count * GRID)
}

/// Nodes that keep the order of what arrives, and whose events all lie on the grid.
fn on_grid(seed: u64, cores: u32, profile: LinkProfile, faults: Vec<Fault>) -> Setup<Busy> {
    let mut node = Busy::new(NODES, true, QUIET_FROM);
    node.grid = GRID;
    let service = vec![Some(grids(1)), Some(grids(1))];
    let cpu = Cpu { cores, queue_limit: None, overflow: Overflow::DropNewest, service };
    let machines = (0..NODES).map(|id| Machine { cpu: Some(cpu.clone()), ..bare(id) }).collect();
    let config = Config { seed, warmup: 0, sample_every: None };
    Setup::new(config, topology(machines, profile), vec![node; NODES as usize], faults).expect("it is sound")
}

fn stroke(random: &mut Random) -> Fault {
    let at = random.below(QUIET_FROM / GRID) * GRID;
    let marked = random.below(3) == 0;
    let trigger = if marked {
        Trigger::When { mark: "tick".into(), nth: 1 + random.below(100), not_before: random.below(2) * at }
    } else {
        Trigger::At(at)
    };
    let mut target = || match random.below(if marked { 4 } else { 3 }) {
        0 => Target::Role("ticker".into()),
        1 => Target::OneOf("ticker".into()),
        2 => Target::Nodes(
            (0..1 + random.below(2) as u32)
                .map(|step| NodeId((random.below(5) as u32 + step) % NODES))
                .collect(),
        ),
        _ => Target::Marker,
    };
    let (from, to) = (target(), target());
    let in_flight =
        [InFlight::Hold, InFlight::Drop, InFlight::Deliver, InFlight::Hold][random.below(4) as usize];
    let direction = if random.below(2) == 0 { Direction::Both } else { Direction::OneWay };
    let action = match random.below(10) {
        0 | 1 => Action::Cut { from, to, direction, in_flight },
        2 => Action::CutLinks { links: vec![(NodeId(0), NodeId(1)), (NodeId(2), NodeId(0))], in_flight },
        3..=5 => Action::Crash { target: from, keep_unsynced: random.below(2) == 0 },
        6 | 7 => Action::Pause { target: from },
        8 => Action::Slow { target: from, factor_thousandths: 1000 * (1 + random.below(9)) },
        _ if random.below(2) == 0 => Action::ClockJump { target: from, by_ns: 5_000_000 },
        _ => {
            Action::Links { target: from, loss_ppb: 100_000_000, duplicate_ppb: 100_000_000, delay_ns: GRID }
        }
    };
    let duration =
        (random.below(8) > 0).then(|| random.below(50) * random.below(2) * GRID + random.below(10) * GRID);
    Fault { name: "torture".into(), trigger, duration, action }
}

#[test]
fn this_build_has_both_engines() {
    assert_eq!(
        Engine::Madsim.available(),
        Ok(()),
        "the flag `--cfg madsim` is lost: .cargo/config.toml sets it, RUSTFLAGS in the environment replaces it"
    );
}

#[test]
fn both_engines_give_the_same_torture() {
    for seed in 0..20 {
        let (native, madsim) = (run_on(Engine::Native, torture(seed)), run_on(Engine::Madsim, torture(seed)));
        if let Some(difference) = difference(&native, &madsim) {
            panic!("seed {seed}: {difference}");
        }
    }
}

proptest! {
    #![proptest_config(settings(200))]

    #[test]
    fn both_engines_give_the_same_run_of_any_world(
        seed in any::<u64>(),
        cores in 1..3_u32,
        profile in profile(),
        faults in prop::collection::vec(fault(), 0..8),
    ) {
        // A repetition is no reordering: `Busy` need not look for one here.
        let profile = LinkProfile { duplicate_ppb: profile.duplicate_ppb.max(1), ..profile };
        let setup = busy_setup(seed, (NODES, cores), profile, QUIET_FROM, faults);
        let (native, madsim) = (run_on(Engine::Native, setup.clone()), run_on(Engine::Madsim, setup));
        prop_assert_eq!(difference(&native, &madsim), None);
    }
}

/// The runs that differ from the native engine's, or that break a law which `Busy` asserts.
#[cfg(madsim)]
fn noticed(bug: shardlab_sim::EngineBug) -> usize {
    let differs = |seed: &u64| {
        let buggy = || Execution::begin_with_bug(torture(*seed), QUIET_FROM + DRAIN, bug).map(run);
        let Ok(buggy) = std::panic::catch_unwind(buggy) else { return true };
        difference(&run_on(Engine::Native, torture(*seed)), &buggy.expect("the clock suffices")).is_some()
    };
    (0..20).filter(differs).count()
}

#[cfg(madsim)]
#[test]
fn planted_bugs_of_an_engine_are_noticed() {
    use shardlab_sim::EngineBug::{InboxSurvivesCrash, PauseLosesMessage, StaleTimerFires};
    for bug in [StaleTimerFires, InboxSurvivesCrash, PauseLosesMessage] {
        assert!(noticed(bug) > 0, "{bug:?} is not noticed in any of 20 seeds");
    }
}

#[test]
fn shuffled_events_break_no_law_and_lose_nothing() {
    for seed in 0..100 {
        let fault = |at: Time, action| Fault {
            name: "holds".into(),
            trigger: Trigger::At(at * GRID),
            duration: Some(50 * GRID),
            action,
        };
        let all = Target::Nodes((0..NODES).map(NodeId).collect());
        let one = Target::Nodes(vec![NodeId(seed as u32 % NODES)]);
        let (direction, in_flight) = (Direction::Both, InFlight::Hold);
        let faults = vec![
            fault(100, Action::Pause { target: one.clone() }),
            fault(130, Action::Cut { from: one, to: all.clone(), direction, in_flight }),
            fault(200, Action::Pause { target: all }),
        ];
        let stream = link(Distribution::constant_ns(seed % 3 * GRID), Delivery::Stream);
        let (shuffled, _) = run_on(Engine::Shuffled, on_grid(seed, 1, stream, faults));
        let told =
            |pick: fn(&Seen) -> bool| shuffled.observations.iter().filter(|(_, _, seen)| pick(seen)).count();
        let sent = told(|seen| matches!(seen, Seen::Sent { .. }));
        assert!(sent > 100, "seed {seed}");
        assert_eq!(sent, told(|seen| matches!(seen, Seen::Received { .. })), "seed {seed}");
        assert!(shuffled.receipts.iter().all(|receipt| receipt.changed > 0), "{:#?}", shuffled.receipts);
    }
}

/// Crashes and pauses that strike at the same few marks, most of them for no time at all: strokes and healings of one
/// nanosecond, in the midst of its events.
fn at_marks() -> impl Strategy<Value = Vec<Fault>> {
    let fault = (1..4_u64, nodes(), 0..4_u8, prop::option::of(0..2_u64));
    let fault = fault.prop_map(|(nth, nodes, kind, milliseconds)| Fault {
        name: "at a mark".into(),
        trigger: Trigger::When { mark: "tick".into(), nth, not_before: 0 },
        duration: milliseconds.filter(|_| kind < 3).map(|count| count * MILLISECOND),
        action: match kind {
            0 => Action::Crash { target: Target::Nodes(nodes), keep_unsynced: true },
            1 => Action::Crash { target: Target::OneOf("ticker".into()), keep_unsynced: false },
            2 => Action::Pause { target: Target::Nodes(nodes) },
            _ => Action::Lose { target: Target::Nodes(vec![nodes[0]]) },
        },
    });
    prop::collection::vec(fault, 2..7)
}

proptest! {
    #![proptest_config(settings(100))]

    #[test]
    fn both_engines_give_the_same_run_of_faults_upon_faults(
        seed in any::<u64>(),
        profile in profile(),
        faults in at_marks(),
    ) {
        let profile = LinkProfile { duplicate_ppb: profile.duplicate_ppb.max(1), ..profile };
        let setup = busy_setup(seed, (NODES, 2), profile, QUIET_FROM, faults);
        let (native, madsim) = (run_on(Engine::Native, setup.clone()), run_on(Engine::Madsim, setup));
        prop_assert_eq!(difference(&native, &madsim), None);
    }
}

#[test]
fn a_run_beyond_the_clock_is_refused_before_it_begins() {
    let begun = Execution::begin(Engine::Madsim, torture(0), 10_000 * SECOND);
    assert_eq!(begun.err(), Some(EngineError::TooLong { end: 10_000 * SECOND, limit: 9_000 * SECOND }));
}
