//! Every history over a skeleton of time: what its operations do is chosen in every way.
//!
//! All operations are acknowledged, the `n`th write writes `n`, and a read returns nil or what some operation writes to
//! its key, be it later.

use super::numbers;
use crate::Outcome;
use crate::recorded::{RegisterAction, RegisterHistory, RegisterOperation, ValueId};

/// Keys and sessions of a history.
const KEYS: u32 = 2;
const SESSIONS: usize = 3;

/// When operations take place, and by whom; not what they do.
pub(crate) struct Skeleton {
    moments: Vec<Moment>,
}

#[derive(Clone, Copy)]
struct Moment {
    process: u32,
    invoked: u32,
    completed: u32,
}

impl Skeleton {
    /// Up to three sessions with so many operations together, one for every choice of their lengths.
    pub(crate) fn sessions(operations: usize) -> Vec<Self> {
        let mut all = Vec::new();
        for first in 0..=operations {
            for second in 0..=first.min(operations - first) {
                let third = operations - first - second;
                if third <= second {
                    all.push(Self::of_sessions([first, second, third]));
                }
            }
        }
        all
    }

    /// The sessions take turns: each turn is a moment in which those that have not ended overlap.
    fn of_sessions(lengths: [usize; SESSIONS]) -> Self {
        let turn = |turn| (0..SESSIONS).filter(move |&session| turn < lengths[session]);
        let spans: Vec<Span> = (0..lengths[0]).flat_map(|at| turn(at).map(move |_| (at, at))).collect();
        let mut skeleton = Self::of_spans(&spans);
        let processes = (0..lengths[0]).flat_map(turn);
        skeleton
            .moments
            .iter_mut()
            .zip(processes)
            .for_each(|(moment, process)| moment.process = process as u32);
        skeleton
    }

    /// Every order in time of so many operations of which no more than three overlap: interval orders (Fishburn 1970),
    /// one of each, drawn with as few moments as they need, so that at each some operation begins and some one ends.
    pub(crate) fn orders_in_time(operations: usize) -> Vec<Self> {
        let mut all = Vec::new();
        for moments in 1..=operations {
            extend(&mut Vec::new(), operations, moments, &mut |spans| all.push(Self::of_spans(spans)));
        }
        all
    }

    /// Spans ascending; at each moment operations begin before others end.
    fn of_spans(spans: &[Span]) -> Self {
        let mut moments = vec![Moment { process: 0, invoked: 0, completed: 0 }; spans.len()];
        let mut rank = 0;
        let mut busy = [false; SESSIONS];
        for now in 0..spans.len() {
            for at in (0..spans.len()).filter(|&at| spans[at].0 == now) {
                rank += 1;
                let process = busy.iter().position(|busy| !busy).expect("at most three overlap");
                busy[process] = true;
                (moments[at].process, moments[at].invoked) = (process as u32, rank);
            }
            for at in (0..spans.len()).filter(|&at| spans[at].1 == now) {
                rank += 1;
                busy[moments[at].process as usize] = false;
                moments[at].completed = rank;
            }
        }
        Self { moments }
    }

    /// Every history over this skeleton, but for those that differ in the keys' names only.
    pub(crate) fn histories(&self, mut visit: impl FnMut(&RegisterHistory)) {
        let operation = |moment: &Moment| RegisterOperation {
            process: moment.process,
            key: 0,
            action: RegisterAction::Read(None),
            outcome: Outcome::Ok,
            invoked: moment.invoked,
            completed: moment.completed,
            line: 0,
        };
        let mut history = RegisterHistory {
            operations: self.moments.iter().map(operation).collect(),
            keys: numbers(KEYS),
            values: numbers(self.moments.len() as u32),
        };
        // Two bits an operation: its key, of which the first is 0, and whether it writes.
        for code in (0..4u32.pow(self.moments.len() as u32)).filter(|code| code & 1 == 0) {
            each_choice_of_reads(&mut history, code, &mut visit);
        }
    }
}

/// The moments in which an operation begins and ends.
type Span = (usize, usize);

/// Adds spans in ascending order until there are enough.
fn extend(spans: &mut Vec<Span>, operations: usize, moments: usize, found: &mut impl FnMut(&[Span])) {
    let open = |at: usize, spans: &[Span]| spans.iter().filter(|span| span.0 <= at && at <= span.1).count();
    if spans.len() == operations {
        let all = |side: fn(&Span) -> usize| (0..moments).all(|at| spans.iter().any(|span| side(span) == at));
        let fits = (0..moments).all(|at| open(at, spans) <= SESSIONS);
        if fits && all(|span| span.0) && all(|span| span.1) {
            found(spans);
        }
        return;
    }
    let least = spans.last().copied().unwrap_or((0, 0));
    for begin in least.0..moments {
        for end in begin..moments {
            if (begin, end) >= least {
                spans.push((begin, end));
                extend(spans, operations, moments, found);
                spans.pop();
            }
        }
    }
}

fn each_choice_of_reads(history: &mut RegisterHistory, code: u32, visit: &mut impl FnMut(&RegisterHistory)) {
    let mut writes: [Vec<ValueId>; KEYS as usize] = Default::default();
    let mut values = 0;
    for (at, operation) in history.operations.iter_mut().enumerate() {
        let bits = code >> (2 * at) & 3;
        operation.key = bits & 1;
        operation.action = RegisterAction::Read(Some(ValueId::NIL));
        if bits & 2 != 0 {
            operation.action = RegisterAction::Write(ValueId(values));
            writes[operation.key as usize].push(ValueId(values));
            values += 1;
        }
    }
    loop {
        visit(history);
        // An odometer over the reads: nil, then each value in turn.
        let advanced = history.operations.iter_mut().any(|operation| {
            let RegisterAction::Read(Some(seen)) = &mut operation.action else { return false };
            let values = &writes[operation.key as usize];
            let place = values.iter().position(|value| value == seen).map_or(0, |place| place + 1);
            *seen = values.get(place).copied().unwrap_or(ValueId::NIL);
            place < values.len()
        });
        if !advanced {
            return;
        }
    }
}

/// Calls `judge` with the histories of up to so many operations over these skeletons that the stride meets; returns how
/// many there are in all. `BRUTE_FORCE_STRIDE=1` meets every one.
pub(crate) fn strided(
    skeletons: fn(usize) -> Vec<Skeleton>,
    operations: usize,
    stride: u64,
    mut judge: impl FnMut(&RegisterHistory),
) -> u64 {
    let stride = std::env::var("BRUTE_FORCE_STRIDE")
        .map_or(stride, |text| text.parse().expect("a stride is a whole number above zero"));
    let mut count = 0;
    for skeleton in (1..=operations).flat_map(skeletons) {
        skeleton.histories(|history| {
            count += 1;
            if count % stride == 0 {
                judge(history);
            }
        });
    }
    count
}

#[test]
fn interval_orders_are_as_many_as_there_are() {
    // Fishburn numbers 1, 2, 5, 15, 53 (OEIS A022493), less those of four and five that overlap at once.
    let counts = [1, 2, 3, 4].map(|operations| Skeleton::orders_in_time(operations).len());
    assert_eq!(counts, [1, 2, 5, 14]);
}
