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

fn compare(lengths: &[usize], tally: &mut Tally) {
    let mut choices = Choices::default();
    loop {
        compare_one(&history(&mut choices, lengths), tally);
        if !choices.advance() {
            return;
        }
    }
}

fn compare_one(history: &TransactionHistory, tally: &mut Tally) {
    tally.histories += 1;
    let report = check_transactions(history, &TransactionOptions::default());
    for (model, definition, kept) in MODELS {
        let holds = definition(history, kept);
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
    let shapes: [&[usize]; 14] = [
        &[1],
        &[2],
        &[3],
        &[1, 1],
        &[1, 2],
        &[2, 1],
        &[2, 2],
        &[1, 3],
        &[3, 1],
        &[1, 1, 1],
        &[1, 1, 2],
        &[1, 2, 1],
        &[2, 1, 1],
        &[2, 1, 2],
    ];
    let mut tally = Tally::default();
    shapes.iter().for_each(|shape| compare(shape, &mut tally));
    assert_eq!(tally, Tally { histories: 145_484, broken: 556_294, unknown: 540 });
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
