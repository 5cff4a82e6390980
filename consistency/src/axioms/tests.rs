use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::definitions::allows;
use super::levels::{LEVELS, Level};
use super::pictures::history;
use super::{AxiomOptions, check_axioms};
use crate::recorded::TransactionHistory;
use crate::{Anomaly, Model, ModelVerdict};

fn holds(history: &TransactionHistory, level: Level) -> bool {
    let report = check_axioms(history, &AxiomOptions::only([level.model()]));
    match report.verdict(level.model()).expect("it was asked for") {
        ModelVerdict::Holds => true,
        ModelVerdict::Broken(anomalies) => {
            assert!(!anomalies.is_empty(), "a broken model has an anomaly");
            let found = |anomaly| report.found.iter().any(|found| found.anomaly == anomaly);
            assert!(anomalies.iter().all(|&anomaly| found(anomaly)), "an anomaly is explained");
            false
        }
        ModelVerdict::Unknown(reason) => panic!("not decided: {reason}"),
    }
}

/// The judge against the definition, of every model, asked one by one and all at once.
fn compare(history: &TransactionHistory) -> [bool; 5] {
    let all = check_axioms(history, &AxiomOptions::default());
    LEVELS.map(|level| {
        let expected = allows(level, history);
        assert_eq!(holds(history, level), expected, "{level:?} of {history:#?}");
        assert_eq!(all.verdict(level.model()) == Some(&ModelVerdict::Holds), expected, "{level:?} of all");
        expected
    })
}

fn check(text: &str, allowed: &[Model], found: &[Anomaly]) {
    let history = history(text);
    let report = check_axioms(&history, &AxiomOptions::default());
    let names: Vec<Anomaly> = report.found.iter().map(|found| found.anomaly).collect();
    assert_eq!(names, found, "{text}\n{report:#?}");
    for (model, verdict) in &report.verdicts {
        assert_eq!(
            *verdict == ModelVerdict::Holds,
            allowed.contains(model),
            "{model} of {text}\n{report:#?}"
        );
    }
    compare(&history);
}

fn words(text: &str) -> Vec<String> {
    let report = check_axioms(&history(text), &AxiomOptions::default());
    report.found.into_iter().flat_map(|found| found.explanation.words).collect()
}

use Model::{Causal, MonotonicAtomicView, ReadAtomic, ReadCommitted, StrongSessionReadCommitted};

const ALL: &[Model] = &[Causal, ReadCommitted, MonotonicAtomicView, ReadAtomic, StrongSessionReadCommitted];
const NONE: &[Model] = &[];

#[test]
fn what_one_read_shows_breaks_every_model() {
    check("0! wx1 \n 1 rx1", NONE, &[Anomaly::G1a]);
    check("0 wx1 wx2 \n 1 rx1", NONE, &[Anomaly::G1b]);
    check("0 rx1 wx1", NONE, &[Anomaly::FutureRead]);
    check("0 wx1 rx2 \n 1 wx2", NONE, &[Anomaly::Internal]);
    check("0 ax1 \n 1 rx[2] ", NONE, &[Anomaly::GarbageRead]);
    check("0 ax1 ax2 \n 1 rx[1]", NONE, &[Anomaly::G1b]);
    check("0 ax1 rx[]", NONE, &[Anomaly::Internal]);
    check("0 ax1 \n 1 rx[1,1]", NONE, &[Anomaly::DuplicateElements, Anomaly::IncompatibleOrder]);
    check("0 ax1 \n 1 ax2 \n 2 rx[1,2] \n 3 rx[2,1]", NONE, &[Anomaly::IncompatibleOrder]);
    check("0! ax1 \n 1 ax2 \n 2 rx[1,2]", NONE, &[Anomaly::G1a]);
}

/// Whoever has written in between may read another version, though not one without its own write.
#[test]
fn a_read_after_an_own_append_repeats_no_read_before_it() {
    let weaker = &[ReadCommitted, StrongSessionReadCommitted, MonotonicAtomicView];
    check("0 ax1 \n 1 rx[] ax2 rx[1,2]", weaker, &[Anomaly::Internal]);
    check("0 ax1 \n 1 rx[] rx[1]", weaker, &[Anomaly::Internal, Anomaly::NonRepeatableRead]);
    let told = words("0 ax1 \n 1 rx[] ax2 rx[1,2]");
    assert_eq!(told, ["T1 read x = [] and then, but for its own appends, x = [1]."]);
}

#[test]
fn what_was_written_by_nobody_is_an_initial_version() {
    check("0 rx7 wx1 \n 1 rx7 \n 2 rx1", ALL, &[]);
    // But one transaction does not see two of them.
    let weaker = &[ReadCommitted, StrongSessionReadCommitted, MonotonicAtomicView];
    check("0 rx1 rx2", weaker, &[Anomaly::Internal, Anomaly::NonRepeatableRead]);
}

#[test]
fn read_committed_forbids_circular_information_flow() {
    check("0 wx1 ry1 \n 1 wy1 rx1", NONE, &[Anomaly::G1c]);
    let sessionless = &[ReadCommitted, MonotonicAtomicView];
    check("0 rx1 \n 1 ry1 \n 0 wy1 \n 1 wx1", sessionless, &[Anomaly::G1cProcess]);
}

#[test]
fn a_monotonic_view_never_goes_back() {
    let weaker = &[ReadCommitted, StrongSessionReadCommitted];
    check("0 wx1 wy1 \n 1 rx1 ry_", weaker, &[Anomaly::FracturedRead]);
    let view = &[ReadCommitted, StrongSessionReadCommitted, MonotonicAtomicView];
    check("0 wx1 wy1 \n 1 ry_ rx1", view, &[Anomaly::FracturedRead]);
    // Biswas & Enea 2019: one may see T0's x and then T1's y.
    check("0 wx1 wy1 \n 1 wx2 wy2 \n 3 rx1 ry2", view, &[Anomaly::FracturedRead]);
}

#[test]
fn a_session_sees_what_it_wrote() {
    let sessionless = &[ReadCommitted, StrongSessionReadCommitted, MonotonicAtomicView];
    check("0 wx1 \n 0 rx_", sessionless, &[Anomaly::ReadYourWrites]);
    check("0 wx1 \n 0 wx2 \n 0 rx1", sessionless, &[Anomaly::ReadYourWrites]);
}

#[test]
fn causal_consistency_shows_causes_with_effects() {
    let weaker = &[ReadCommitted, StrongSessionReadCommitted, MonotonicAtomicView, ReadAtomic];
    check("0 wx1 \n 1 rx1 wy1 \n 2 ry1 rx_", weaker, &[Anomaly::CausalViolation]);
    check("0 wx1 \n 0 wx2 \n 1 rx2 wy1 \n 2 ry1 rx1", weaker, &[Anomaly::CausalViolation]);
    // Long forks, lost updates and write skews are causally consistent.
    check("0 wx1 \n 1 wy1 \n 2 rx1 ry_ \n 3 rx_ ry1", ALL, &[]);
    check("0 wx1 \n 1 rx1 wx2 \n 2 rx1 wx3", ALL, &[]);
}

#[test]
fn lists_show_the_order_of_their_versions() {
    check("0 ax1 ay2 \n 1 ax2 ay1 \n 2 rx[1,2] \n 3 ry[1,2]", NONE, &[Anomaly::G0]);
    // What is not in the longest list comes after all that is.
    check("0 ax1 \n 0 ax2 \n 1 rx[2]", &[ReadCommitted, MonotonicAtomicView], &[Anomaly::G0Process]);
    check("0 ax1 \n 0 ax2 \n 1 rx[1]", ALL, &[]);
    // A transaction's own appends are no version yet.
    check("0 rx[] ax1 rx[1] \n 1 ax2 \n 2 rx[2,1]", ALL, &[]);
}

#[test]
fn an_unknown_outcome_counts_once_it_was_seen_and_binds_no_later_transaction() {
    check("0? wx1 wy1 \n 1 rx_ ry_", ALL, &[]);
    let view = &[ReadCommitted, StrongSessionReadCommitted, MonotonicAtomicView];
    check("0? wx1 wy1 \n 1 rx_ ry1", view, &[Anomaly::FracturedRead]);
    check("0? wx1 \n 0 rx_ \n 1 rx1", ALL, &[]);
    // It comes after what its session did before.
    let weaker = &[ReadCommitted, StrongSessionReadCommitted, MonotonicAtomicView, ReadAtomic];
    check("0 wx1 \n 0? wx2 \n 1 rx2 \n 1 rx1", weaker, &[Anomaly::CausalViolation]);
}

#[test]
fn repeated_values_leave_the_verdict_open() {
    let report = check_axioms(&history("0 wx1 \n 1 wx1 \n 2 rx1"), &AxiomOptions::default());
    let unknown = |(_, verdict): &(Model, ModelVerdict)| {
        *verdict
            == ModelVerdict::Unknown(
                "T0 and T1 both wrote 1 to x, so that it is not known which of them was read".into(),
            )
    };
    assert!(report.verdicts.iter().all(unknown), "{report:#?}");
    // What is broken whichever was read is broken.
    let report = check_axioms(&history("0 wx1 \n 1 wx1 wy1 wy2 \n 2 rx1 ry1"), &AxiomOptions::default());
    assert_eq!(report.verdict(ReadCommitted), Some(&ModelVerdict::Broken(vec![Anomaly::G1b])));
}

#[test]
fn witnesses_tell_every_step() {
    assert_eq!(
        words("0 wx1 \n 0 wx2 \n 1 rx2 wy1 \n 2 ry1 rx1"),
        [
            "No order of commits is causal:",
            "process 0 ran T0 before T1.",
            "T3 read x = 1, which T0 had written, though T1, which wrote 2 to x, was visible to it: T1 must have \
             committed before T0.",
            "T1 was visible to T3: T2 read x = 2, which T1 had written; T3 read y = 1, which T2 had written.",
            "So T0 would have to commit before itself.",
        ]
    );
    assert_eq!(
        words("0 wx1 wy1 \n 1 rx1 ry_"),
        [
            "T1 read x = 1, which T0 had written.",
            "T1 read the initial version of y, which T0 overwrote with 1.",
            "So T1 should have seen T0's write.",
        ]
    );
}

#[test]
fn anomalies_of_several_models_are_all_named() {
    check("0 wx1 ry1 \n 1 wy1 rx1 \n 2 wa1 wb1 \n 3 rb_ ra1", NONE, &[Anomaly::FracturedRead, Anomaly::G1c]);
    let view = &[ReadCommitted, StrongSessionReadCommitted, MonotonicAtomicView];
    let text = "2 wa1 wb1 \n 3 rb_ ra1 \n 4 wc1 \n 5 rc1 wd1 \n 6 rd1 rc_";
    check(text, view, &[Anomaly::FracturedRead, Anomaly::CausalViolation]);
}

/// Every history of three transactions of two steps each over two keys, in one, two or three sessions, but for those
/// that differ in the keys' names only: 120,970 of them.
#[test]
fn every_small_history_is_judged_as_defined() {
    let mut counts = [0; 6];
    for sessions in ["0 0 0", "0 0 1", "0 1 0", "0 1 1", "0 1 2"] {
        for shape in (0..4u32.pow(6)).filter(|shape| shape & 1 == 0) {
            each_choice_of_reads(sessions, shape, &mut |text| {
                let allowed = compare(&history(text));
                counts[5] += 1;
                (0..5).for_each(|level| counts[level] += u32::from(allowed[level]));
            });
        }
    }
    // So many does each model allow, of so many.
    assert_eq!(counts, [57_340, 44_464, 49_015, 25_144, 24_064, 120_970]);
}

/// Step `n` is two bits of the shape: the key, and whether it writes; each write writes its own number.
fn each_choice_of_reads(sessions: &str, shape: u32, visit: &mut impl FnMut(&str)) {
    let key = |step: u32| if shape >> (2 * step) & 1 == 0 { 'x' } else { 'y' };
    let writes = |step: u32| shape >> (2 * step) & 2 == 0;
    let values = |of: u32| -> Vec<String> {
        let same = (0..6).filter(|&step| writes(step) && key(step) == key(of));
        same.map(|step| step.to_string()).chain(["_".into()]).collect()
    };
    let choices: Vec<Vec<String>> =
        (0..6).map(|step| if writes(step) { vec![step.to_string()] } else { values(step) }).collect();
    let total: usize = choices.iter().map(Vec::len).product();
    for choice in 0..total {
        let mut rest = choice;
        let mut text = String::new();
        for step in 0..6 {
            if step % 2 == 0 {
                text += &format!("\n{}", sessions.split(' ').nth(step as usize / 2).expect("three"));
            }
            let options = &choices[step as usize];
            let verb = if writes(step) { 'w' } else { 'r' };
            text += &format!(" {verb}{}{}", key(step), options[rest % options.len()]);
            rest /= options.len();
        }
        visit(&text);
    }
}

/// Up to five transactions of up to four steps over three keys. Reads see values that were written, mostly.
fn any_registers() -> impl Strategy<Value = String> {
    let step = (0..3usize, 0..2u8, 0..8usize);
    vec((0..3u8, 0..8u8, vec(step, 1..5)), 1..6).prop_map(|rows| {
        let mut written: [Vec<usize>; 3] = Default::default();
        let mut number = 0;
        for (key, writes, _) in rows.iter().flat_map(|row| &row.2) {
            number += 1;
            if *writes == 1 {
                written[*key].push(number);
            }
        }
        let mut number = 0;
        let line = |(process, outcome, steps): (u8, u8, Vec<(usize, u8, usize)>)| {
            let steps: Vec<String> = steps
                .into_iter()
                .map(|(key, writes, pick)| {
                    number += 1;
                    let name = ["x", "y", "z"][key];
                    match (writes, written[key].get(pick % (written[key].len() + 1))) {
                        (1, _) => format!("w{name}{number}"),
                        (_, Some(value)) => format!("r{name}{value}"),
                        (_, None) => format!("r{name}_"),
                    }
                })
                .collect();
            format!("{process}{} {}", outcome_mark(outcome), steps.join(" "))
        };
        rows.into_iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

fn outcome_mark(outcome: u8) -> &'static str {
    match outcome {
        0 => "?",
        1 => "!",
        _ => "",
    }
}

/// A transaction of lists: its process, its outcome, its steps as key, whether it appends, what it would read.
type ListRow = (u8, u8, Vec<(usize, u8, Vec<usize>)>);

/// Up to four transactions of up to three steps over two lists; reads show some of what was appended, in any order.
fn any_lists() -> impl Strategy<Value = String> {
    let step = (0..2usize, 0..2u8, vec(0..6usize, 0..4));
    vec((0..3u8, 0..8u8, vec(step, 1..4)), 1..5).prop_map(|rows| {
        let mut appended: [Vec<usize>; 2] = Default::default();
        let mut number = 0;
        for (key, appends, _) in rows.iter().flat_map(|row| &row.2) {
            number += 1;
            if *appends == 1 {
                appended[*key].push(number);
            }
        }
        let mut number = 0;
        let line = |(process, outcome, steps): ListRow| {
            let steps: Vec<String> = steps
                .into_iter()
                .map(|(key, appends, picks)| {
                    number += 1;
                    let name = ["x", "y"][key];
                    if appends == 1 {
                        return format!("a{name}{number}");
                    }
                    format!("r{name}{}", list_of(&appended[key], &picks))
                })
                .collect();
            format!("{process}{} {}", outcome_mark(outcome), steps.join(" "))
        };
        rows.into_iter().map(line).collect::<Vec<_>>().join("\n")
    })
}

/// The first few elements, with two of them exchanged now and then.
fn list_of(appended: &[usize], picks: &[usize]) -> String {
    let mut list = appended.to_vec();
    if let [one, other, ..] = *picks
        && one < list.len()
        && other < list.len()
    {
        list.swap(one, other);
    }
    list.truncate(picks.iter().sum());
    let words: Vec<String> = list.iter().map(ToString::to_string).collect();
    format!("[{}]", words.join(","))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_registers_are_judged_as_defined(text in any_registers()) {
        compare(&history(&text));
    }

    #[test]
    fn random_lists_are_judged_as_defined(text in any_lists()) {
        compare(&history(&text));
    }
}
