//! The judge agrees with the definitions on every history that the generator makes.

use shardlab_consistency::recorded::TransactionHistory;
use shardlab_consistency::{Model, ModelVerdict, TransactionOptions, check_transactions};

use crate::definitions::{Kept, is_serializable, is_snapshot_isolated};
use crate::generator::{Choices, history};

type Definition = fn(&TransactionHistory, Kept) -> bool;

const MODELS: [(Model, Definition, Kept); 6] = [
    (Model::Serializable, is_serializable, Kept::Nothing),
    (Model::StrongSessionSerializable, is_serializable, Kept::Sessions),
    (Model::StrictSerializable, is_serializable, Kept::RealTime),
    (Model::SnapshotIsolation, is_snapshot_isolated, Kept::Nothing),
    (Model::StrongSessionSnapshotIsolation, is_snapshot_isolated, Kept::Sessions),
    (Model::StrongSnapshotIsolation, is_snapshot_isolated, Kept::RealTime),
];

/// How many histories were compared, and on how many of the snapshot verdicts the judge knew no answer.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    histories: u64,
    broken: u64,
    unknown: u64,
}

/// Compares every so many of the histories with up to so many steps; returns how many there are in all.
fn compare(steps: usize, stride: u64, tally: &mut Tally) -> u64 {
    let mut count = 0;
    for lengths in (1..=steps).flat_map(shapes) {
        let mut choices = Choices::default();
        loop {
            count += 1;
            let history = history(&mut choices, &lengths);
            if count % stride == 0 {
                compare_one(&history, tally);
            }
            if !choices.advance() {
                break;
            }
        }
    }
    count
}

/// The lengths of up to three transactions with so many steps together, in every order.
fn shapes(steps: usize) -> Vec<Vec<usize>> {
    let mut all = vec![vec![steps]];
    for first in 1..steps {
        all.push(vec![first, steps - first]);
        all.extend((1..steps - first).map(|second| vec![first, second, steps - first - second]));
    }
    all
}

fn compare_one(history: &TransactionHistory, tally: &mut Tally) {
    tally.histories += 1;
    let report = check_transactions(history, &TransactionOptions::default());
    let mut holds = true;
    for (model, definition, kept) in MODELS {
        // What must be kept grows from model to model of a kind: where no order was found, none will be.
        holds = (holds || kept == Kept::Nothing) && definition(history, kept);
        match report.verdict(model).expect("every transactional model has a verdict") {
            ModelVerdict::Holds => assert!(holds, "{model} is broken: {history:?}\n{report:?}"),
            ModelVerdict::Broken(_) => {
                assert!(!holds, "{model} holds: {history:?}\n{report:?}");
                tally.broken += 1;
            }
            ModelVerdict::Unknown(_) => {
                assert!(!model.all_implied().contains(&Model::Serializable) && model != Model::Serializable);
                tally.unknown += 1;
            }
        }
    }
}

#[test]
fn the_judge_agrees_with_the_definitions_on_every_history_of_up_to_five_steps() {
    let mut tally = Tally::default();
    compare(5, 1, &mut tally);
    assert_eq!(tally, Tally { histories: 522_234, broken: 2_176_777, unknown: 1_732 });
}

/// Every 997th of up to six steps; every one of up to seven with `BRUTE_FORCE_STRIDE=1`.
#[test]
fn the_judge_agrees_with_the_definitions_on_histories_of_up_to_seven_steps() {
    let stride = std::env::var("BRUTE_FORCE_STRIDE");
    let (steps, stride, expected) = match stride {
        Ok(text) => (7, text.parse().expect("a stride is a whole number above zero"), 115_772_561),
        Err(_) => (6, 997, 7_883_562),
    };
    let mut tally = Tally::default();
    assert_eq!(compare(steps, stride, &mut tally), expected);
    eprintln!("{tally:?}");
    assert!(0 < tally.broken && tally.broken < tally.histories * MODELS.len() as u64);
}

#[test]
fn the_judge_agrees_with_the_definitions_on_drawn_histories_of_seven_steps() {
    let mut tally = Tally::default();
    for seed in 0..20_000 {
        let shapes: [&[usize]; 4] = [&[2, 2, 3], &[2, 3, 2], &[3, 1, 3], &[3, 3, 1]];
        let history = history(&mut Choices::drawn(seed), shapes[seed as usize % shapes.len()]);
        compare_one(&history, &mut tally);
    }
    assert!(tally.broken > 50_000 && tally.unknown < 1_000, "{tally:?}");
}
