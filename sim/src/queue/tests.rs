//! The wheel against the plain heap.

use proptest::prelude::*;

use super::heap::KeyHeap;
use super::{EventQueue, Wheel};
use crate::key::{Key, Tag};

/// One thing done to a queue; times are from the present.
#[derive(Clone, Copy, Debug)]
enum Step {
    Push { after: u64 },
    Fault { after: u64 },
    SetTimer { timer: u32, after: u64 },
    Cancel { timer: u32 },
    Run { span: u64 },
}

/// Spans inside a bucket, on bucket borders, inside the ring, around its end at 33.5 ms, and far beyond.
fn span() -> impl Strategy<Value = u64> {
    prop_oneof![0..20_u64, 8_000..8_400_u64, 0..2_000_000_u64, 33_400_000..33_700_000_u64, 0..500_000_000_u64]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => span().prop_map(|after| Step::Push { after }),
        1 => span().prop_map(|after| Step::Fault { after }),
        4 => (0..20_u32, span()).prop_map(|(timer, after)| Step::SetTimer { timer, after }),
        2 => (0..20_u32).prop_map(|timer| Step::Cancel { timer }),
        2 => span().prop_map(|span| Step::Run { span }),
    ]
}

/// What comes out of a queue, and how many were left after each step.
fn outcome(queue: &mut impl EventQueue, steps: &[Step]) -> (Vec<Key>, Vec<usize>) {
    let (mut now, mut out, mut lengths) = (0, Vec::new(), Vec::new());
    for (step, sequence) in steps.iter().zip(0..) {
        match *step {
            Step::Push { after } => queue.push(Key::new(now + after, sequence, Tag::Delivery, 7)),
            Step::Fault { after } => queue.push(Key::new(now + after, sequence, Tag::Strike, 7)),
            Step::SetTimer { timer, after } => {
                queue.push(Key::new(now + after, sequence, Tag::Timer, timer));
            }
            Step::Cancel { timer } => queue.cancel(timer),
            Step::Run { span } => {
                now += span;
                out.extend(std::iter::from_fn(|| queue.pop_until(now)));
            }
        }
        lengths.push(queue.len());
    }
    out.extend(std::iter::from_fn(|| queue.pop_until(u64::MAX)));
    (out, lengths)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_queues_give_one_order(steps in prop::collection::vec(step(), 0..200)) {
        let wheel = outcome(&mut Wheel::new(), &steps);
        prop_assert_eq!(&wheel, &outcome(&mut KeyHeap::default(), &steps));
        let runs = wheel.0;
        prop_assert!(runs.windows(2).all(|pair| pair[0].time() <= pair[1].time()));
    }
}

#[test]
fn a_crowded_bucket_comes_out_in_order() {
    let mut wheel = Wheel::new();
    // A permutation of 1000 times in the first bucket after the current one, each twice.
    let keys = (0..2000_u64).map(|n| Key::new(8192 + n * 367 % 1000 * 8, n, Tag::Delivery, 0));
    keys.clone().for_each(|key| wheel.push(key));
    let mut expected: Vec<Key> = keys.collect();
    expected.sort_unstable();
    let out: Vec<Key> = std::iter::from_fn(|| wheel.pop_until(u64::MAX)).collect();
    assert_eq!(out, expected);
}

#[test]
fn setting_and_cancelling_for_ever_takes_no_memory() {
    // Into the current bucket, the ring, and the overflow.
    for after in [5, 10_000_000, 100_000_000] {
        let mut wheel = Wheel::new();
        for sequence in 0..100_000 {
            // Put off, brought forward, and cancelled now and then.
            let jitter = sequence % 7 * 100;
            wheel.push(Key::new(1_000 + after + jitter, sequence, Tag::Timer, 3));
            if sequence % 5 == 0 {
                wheel.cancel(3);
            }
        }
        assert!(wheel.stored() < 200, "{} keys stored for one timer at {after}", wheel.stored());
        wheel.cancel(3);
        assert_eq!(wheel.len(), 0);
        assert_eq!(wheel.pop_until(u64::MAX), None);
    }
}
