//! What each fault does, one at a time, to a node that follows a small script.

mod common;

use common::{bare, link, topology};
use shardlab_sim::{
    Action, ClockSkew, Config, Context, Delivery, Direction, Disk, Distribution, Engine, Execution, Fault,
    Finished, InFlight, MICROSECOND, MILLISECOND, Node, NodeId, Payload, Receipt, Setup, Simulation, Target,
    Time, TimerSlot, Trigger, WriteId,
};

/// A message with a number.
#[derive(Clone, Debug, Hash)]
struct Note(u64);

impl Payload for Note {
    type Observation = String;
    const KINDS: &'static [&'static str] = &["note"];

    fn kind(&self) -> usize {
        0
    }

    fn bytes(&self) -> u64 {
        1_000
    }
}

type Handler = fn(&mut Probe, &mut Context<'_, Note>);

/// Node 0 does at each millisecond what the script says; everyone tells what happens to them.
#[derive(Clone, Debug)]
struct Probe {
    script: Handler,
    tick: u64,
}

impl Node for Probe {
    type Message = Note;

    fn on_start(&mut self, cx: &mut Context<'_, Note>) {
        cx.observe("start".into());
        cx.set_timer(TimerSlot(0), MILLISECOND);
    }

    fn on_message(&mut self, _: NodeId, Note(number): Note, cx: &mut Context<'_, Note>) {
        cx.observe(format!("note {number}"));
    }

    fn on_timer(&mut self, _: TimerSlot, cx: &mut Context<'_, Note>) {
        self.tick += 1;
        if self.tick < 20 {
            cx.set_timer(TimerSlot(0), MILLISECOND);
        }
        if cx.me() == NodeId(0) {
            (self.script)(self, cx);
        }
    }

    fn on_synced(&mut self, through: WriteId, cx: &mut Context<'_, Note>) {
        cx.observe(format!("synced {}", through.0));
    }

    fn on_crash(&mut self) {
        self.tick += 100;
    }

    fn plays(&self, role: &str) -> bool {
        role == "late" && self.tick >= 3
    }
}

/// Three nodes, 400 µs apart, without loss; the disks sync in 250 µs. On both engines, where there are both.
fn run(script: Handler, faults: Vec<Fault>) -> Finished<Probe> {
    let disk = Disk {
        write: Distribution::constant_ns(0),
        sync: Distribution::constant_ns(250 * MICROSECOND),
        group_commit: true,
        bandwidth_bytes_per_s: None,
    };
    let machines = (0..3).map(|id| shardlab_sim::Machine { disk: Some(disk.clone()), ..bare(id) }).collect();
    let stream = link(Distribution::constant_ns(400 * MICROSECOND), Delivery::Stream);
    let config = Config { seed: 3, warmup: 0, sample_every: None };
    let nodes = vec![Probe { script, tick: 0 }; 3];
    let setup = Setup::new(config, topology(machines, stream), nodes, faults).expect("the world is sound");
    let native = run_on(Engine::Native, setup.clone());
    if Engine::Madsim.available().is_ok() {
        let madsim = run_on(Engine::Madsim, setup);
        assert_eq!(native.observations, madsim.observations);
        assert_eq!(native.receipts, madsim.receipts);
        assert_eq!(native.fingerprint, madsim.fingerprint);
    }
    native
}

fn run_on(engine: Engine, setup: Setup<Probe>) -> Finished<Probe> {
    let end = 60 * MILLISECOND;
    let mut execution = Execution::begin(engine, setup, end).expect("the engine is there");
    execution.run_until(40 * MILLISECOND).expect("the clock suffices");
    execution.heal_all();
    execution.run_until(end).expect("the clock suffices");
    execution.finish()
}

fn at(at_us: Time, lasts_us: Time, action: Action) -> Fault {
    let (trigger, duration) = (Trigger::At(at_us * MICROSECOND), Some(lasts_us * MICROSECOND));
    Fault { name: "fault".into(), trigger, duration, action }
}

fn on_mark(nth: u64, action: Action) -> Fault {
    Fault { trigger: Trigger::When { mark: "step".into(), nth, not_before: 0 }, ..at(0, 5_000, action) }
}

const fn crash(target: Target) -> Action {
    Action::Crash { target, keep_unsynced: false }
}

fn only(node: u32) -> Target {
    Target::Nodes(vec![NodeId(node)])
}

fn cut(in_flight: InFlight) -> Action {
    Action::Cut { from: only(0), to: only(1), direction: Direction::OneWay, in_flight }
}

/// What a node told, with times in µs.
fn told(finished: &Finished<Probe>, node: u32) -> Vec<(Time, &str)> {
    let own = finished.observations.iter().filter(|(_, who, _)| *who == NodeId(node));
    own.map(|(at, _, what)| (at / MICROSECOND, what.as_str())).collect()
}

fn one_receipt(finished: &Finished<Probe>) -> &Receipt {
    let [receipt] = &finished.receipts[..] else {
        panic!("one fault leaves one receipt: {:?}", finished.receipts)
    };
    receipt
}

/// Sends node 1 a numbered note at 1, 2 and 3 ms.
fn three_notes(probe: &mut Probe, cx: &mut Context<'_, Note>) {
    if probe.tick <= 3 {
        cx.send(NodeId(1), Note(probe.tick));
    }
}

/// Forces a write, names the step, sends a note; at each of the first ticks.
fn steps(probe: &mut Probe, cx: &mut Context<'_, Note>) {
    cx.send(NodeId(1), Note(probe.tick));
    cx.mark("step");
    cx.force();
    cx.observe("after".into());
    cx.send(NodeId(2), Note(probe.tick));
}

#[test]
fn a_cut_does_to_messages_on_their_way_what_it_says() {
    // It begins at 2.2 ms, when the second note is on its way, and ends at 5 ms.
    for (in_flight, expected, changed) in [
        (InFlight::Drop, vec![(1_400, "note 1")], 2),
        (InFlight::Deliver, vec![(1_400, "note 1"), (2_400, "note 2")], 1),
        (InFlight::Hold, vec![(1_400, "note 1"), (5_000, "note 2"), (5_000, "note 3")], 2),
    ] {
        let finished = run(three_notes, vec![at(2_200, 2_800, cut(in_flight))]);
        assert_eq!(told(&finished, 1)[1..], expected, "{in_flight:?}");
        assert_eq!(one_receipt(&finished).changed, changed, "{in_flight:?}");
    }
}

#[test]
fn overlapping_cuts_heal_each_on_its_own() {
    // The first ends at 2.5 ms, the second holds on until 3.2 ms.
    let faults = vec![at(500, 2_000, cut(InFlight::Hold)), at(900, 2_300, cut(InFlight::Hold))];
    let finished = run(three_notes, faults);
    assert_eq!(told(&finished, 1)[1..], [(3_200, "note 1"), (3_200, "note 2"), (3_400, "note 3")]);
    assert_eq!(finished.receipts.iter().map(|r| r.changed).collect::<Vec<_>>(), [2, 2]);
}

#[test]
fn a_one_way_cut_leaves_the_other_way_open() {
    let away =
        Action::Cut { from: only(1), to: only(0), direction: Direction::OneWay, in_flight: InFlight::Drop };
    let finished = run(three_notes, vec![at(0, 30_000, away)]);
    assert_eq!(told(&finished, 1).len(), 4);
    assert_eq!(one_receipt(&finished).changed, 0, "a cut without traffic changed nothing");
}

#[test]
fn nothing_after_a_fatal_mark_happens() {
    for target in [Target::Marker, only(0)] {
        let finished = run(steps, vec![on_mark(2, crash(target))]);
        let seen = told(&finished, 0);
        let expected = [(0, "start"), (1_000, "after"), (1_250, "synced 1"), (7_000, "start")];
        assert_eq!(seen[..4], expected);
        // What it sent before the mark arrives, what it would have sent after it does not.
        assert!(told(&finished, 1).contains(&(2_400, "note 2")));
        assert!(!told(&finished, 2).contains(&(2_400, "note 2")));
    }
}

#[test]
fn a_role_decides_after_the_handler_whether_a_mark_was_fatal() {
    // "late" are all three nodes from their third tick on; node 0 is the first to have one.
    let second = run(steps, vec![on_mark(2, crash(Target::Role("late".into())))]);
    assert_eq!(one_receipt(&second).nodes, []);
    assert!(told(&second, 0).contains(&(2_000, "after")) && told(&second, 2).contains(&(2_400, "note 2")));
    let third = run(steps, vec![on_mark(3, crash(Target::Role("late".into())))]);
    assert_eq!(one_receipt(&third).nodes, [NodeId(0)]);
    assert!(!told(&third, 0).contains(&(3_000, "after")) && !told(&third, 2).contains(&(3_400, "note 3")));
}

#[test]
fn other_faults_on_a_mark_let_the_handler_end() {
    let slow = Action::Slow { target: Target::Marker, factor_thousandths: 2_000 };
    let finished = run(steps, vec![on_mark(1, slow)]);
    // The first sync began before the fault, the second during it.
    let seen = told(&finished, 0);
    assert!(seen.contains(&(1_250, "synced 1")) && seen.contains(&(2_500, "synced 2")), "{seen:?}");
}

#[test]
fn a_mark_that_never_comes_leaves_a_receipt_that_says_so() {
    let finished = run(steps, vec![on_mark(1_000, crash(Target::Marker))]);
    let receipt = one_receipt(&finished);
    assert_eq!((receipt.struck, receipt.changed), (None, 0));
    assert_eq!(receipt.effect, "never struck: the mark `step` occurred 20 of 1000 times");
}

#[test]
fn a_crash_loses_what_was_not_synced_unless_the_machine_keeps_its_power() {
    for keep_unsynced in [false, true] {
        let crash = Action::Crash { target: only(0), keep_unsynced };
        let finished = run(steps, vec![at(1_100, 900, crash)]);
        // The survivor is told to a process that can no longer tell anyone, so that only the restart is seen.
        assert_eq!(told(&finished, 0)[..3], [(0, "start"), (1_000, "after"), (2_000, "start")]);
        let lost = u64::from(!keep_unsynced);
        // The process, its timer, and the write.
        assert_eq!(one_receipt(&finished).changed, 2 + lost);
    }
}

#[test]
fn what_is_lost_for_ever_never_comes_back() {
    let loss = Fault { duration: None, ..at(1_100, 0, Action::Lose { target: only(0) }) };
    // Another fault takes the same machine down and gives it back.
    let finished = run(steps, vec![loss, at(1_500, 400, crash(only(0)))]);
    assert!(told(&finished, 0).iter().all(|&(at, _)| at < 1_100), "{:?}", told(&finished, 0));
    assert_eq!(finished.receipts[0].healed, None);
    assert!(finished.receipts[0].changed > 0);
}

#[test]
fn messages_to_a_node_that_is_down_are_lost() {
    let finished = run(three_notes, vec![at(500, 2_000, crash(only(1)))]);
    assert_eq!(told(&finished, 1), [(0, "start"), (2_500, "start"), (3_400, "note 3")]);
    let receipt = one_receipt(&finished);
    assert_eq!(
        receipt.effect,
        "crash of 1 node: 1 process stopped, 2 messages lost, 1 pending event dropped"
    );
    assert_eq!((receipt.struck, receipt.healed), (Some(500 * MICROSECOND), Some(2_500 * MICROSECOND)));
    assert_eq!(finished.counters.messages_lost, 2);
}

#[test]
fn a_pause_defers_everything_in_order() {
    let finished = run(three_notes, vec![at(500, 4_000, Action::Pause { target: only(1) })]);
    let expected = [(0, "start"), (4_500, "note 1"), (4_500, "note 2"), (4_500, "note 3")];
    assert_eq!(told(&finished, 1), expected);
    // Three notes, and the node's own timer.
    assert_eq!(one_receipt(&finished).changed, 4);
}

#[test]
fn a_start_that_a_pause_holds_up_does_not_outlive_another_crash() {
    let pause = Action::Pause { target: only(1) };
    let faults =
        vec![at(5_000, 20_000, pause), at(6_000, 1_000, crash(only(1))), at(10_000, 20_000, crash(only(1)))];
    let finished = run(|_, _| (), faults);
    assert_eq!(told(&finished, 1), [(0, "start"), (30_000, "start")]);
    assert!(finished.receipts.iter().all(|receipt| receipt.changed > 0), "{:#?}", finished.receipts);
}

#[test]
fn degraded_links_delay_lose_and_double() {
    let links = |loss_ppb, duplicate_ppb, delay_ns| Action::Links {
        target: only(1),
        loss_ppb,
        duplicate_ppb,
        delay_ns,
    };
    let late = run(three_notes, vec![at(0, 9_000, links(0, 0, 100_000))]);
    assert_eq!(told(&late, 1)[1..], [(1_500, "note 1"), (2_500, "note 2"), (3_500, "note 3")]);
    let double = run(three_notes, vec![at(0, 1_500, links(0, 1_000_000_000, 0))]);
    assert_eq!(told(&double, 1)[1..3], [(1_400, "note 1"), (1_400, "note 1")]);
    assert_eq!(double.counters.messages_duplicated, 1);
    // A stream tries fifteen times more, then gives up.
    let gone = run(three_notes, vec![at(0, 9_000, links(1_000_000_000, 0, 0))]);
    assert_eq!(told(&gone, 1)[1..], []);
    assert_eq!(one_receipt(&gone).changed, 3 * 16);
}

#[test]
fn a_clock_jumps_and_comes_back() {
    fn show(_: &mut Probe, cx: &mut Context<'_, Note>) {
        let shown = cx.clock() / MICROSECOND;
        cx.observe(format!("clock {shown}"));
    }
    let finished = run(show, vec![at(1_500, 1_000, Action::ClockJump { target: only(0), by_ns: 700_000 })]);
    assert_eq!(
        told(&finished, 0)[1..4],
        [(1_000, "clock 1000"), (2_000, "clock 2700"), (3_000, "clock 3000")]
    );
}

#[test]
fn what_does_not_fit_together_is_refused_with_its_place() {
    let build = |fault: Fault, skew: ClockSkew, nodes| {
        let machines = vec![shardlab_sim::Machine { clock: skew, ..bare(0) }];
        let stream = link(Distribution::constant_ns(0), Delivery::Stream);
        let config = Config { seed: 0, warmup: 0, sample_every: None };
        let probe = Probe { script: three_notes, tick: 0 };
        Simulation::new(config, topology(machines, stream), vec![probe; nodes], vec![fault]).map(|_| ())
    };
    let refused = |fault, expected: &str| {
        let error = build(fault, ClockSkew::default(), 1).expect_err(expected);
        assert_eq!(error.to_string(), format!("fault 0 `fault`: {expected}"));
    };
    refused(at(0, 1, crash(only(7))), "node 7 does not exist; there are 1");
    refused(at(0, 1, crash(Target::Marker)), "a fault at a fixed time has no node that emitted a mark");
    refused(on_mark(0, crash(Target::Marker)), "occurrences of a mark are counted from one");
    let slow = Action::Slow { target: only(0), factor_thousandths: 0 };
    refused(at(0, 1, slow), "a factor of zero makes everything instantaneous");
    let fine = || at(0, 1, crash(only(0)));
    assert!(build(fine(), ClockSkew::default(), 1).is_ok());
    let error = build(fine(), ClockSkew::default(), 2).unwrap_err();
    assert_eq!(error.to_string(), "topology: there are 1 machines for 2 nodes");
    let error = build(fine(), ClockSkew { offset_ns: 0, drift_ppb: i64::MIN }, 1).unwrap_err();
    assert!(error.to_string().starts_with("machine `node 0`: a drift of"), "{error}");
}
