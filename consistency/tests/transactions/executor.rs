//! The judge against the oracle, on histories of a tiny database whose isolation is kept or broken.

use proptest::prelude::*;
use shardlab_consistency::recorded::{RecordedTransaction, Step, TransactionHistory, ValueId, Versions};
use shardlab_consistency::{
    Assumptions, Model, ModelVerdict, Outcome, TransactionOptions, TrueOrder, check_against_order,
    check_transactions,
};

/// How reads find their versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Isolation {
    /// All steps of a transaction at one moment.
    Serial,
    /// Reads see what was there at the transaction's beginning, writes take effect at its end.
    Snapshot,
    /// Every step on its own.
    Nothing,
}

/// One step as it is planned: key, and whether it writes.
type Plan = Vec<(u32, bool)>;

struct Run {
    history: TransactionHistory,
    order: TrueOrder,
}

/// Runs transactions on `KEYS` keys; `turns` says which process goes on next.
fn run(plans: &[Plan], turns: &[u8], isolation: Isolation, versions: Versions) -> Run {
    let mut history = TransactionHistory { versions, ..TransactionHistory::default() };
    for key in 0..KEYS {
        history.keys.integer(i64::from(key));
    }
    let mut database = Database { keys: vec![Vec::new(); KEYS as usize], next: 0, rank: 0 };
    let mut open: [Option<Open>; 3] = [None, None, None];
    let mut plans = plans.iter();
    let turns = turns.iter().cycle().map(|&turn| turn as usize % 3);
    for process in turns {
        let is_quiet = open.iter().all(Option::is_none);
        match &mut open[process] {
            Some(under_way) if under_way.at < under_way.plan.len() && isolation == Isolation::Nothing => {
                under_way.step(&mut history, &mut database.keys, &mut database.next);
            }
            Some(_) => {
                let done = open[process].take().expect("matched above");
                database.end(&mut history, done, isolation);
            }
            // The last transaction begins when all others have ended.
            None if plans.len() == 1 && !is_quiet => {}
            None => match plans.next() {
                Some(plan) => open[process] = Some(database.begin(&mut history, plan, process as u32)),
                None if is_quiet => break,
                None => {}
            },
        }
    }
    let order = TrueOrder::new(database.keys);
    Run { history, order }
}

const KEYS: u32 = 3;

struct Database {
    keys: Vec<Vec<ValueId>>,
    next: i64,
    rank: u32,
}

struct Open {
    place: usize,
    plan: Plan,
    at: usize,
    steps: Vec<Step>,
    seen: Vec<Vec<ValueId>>,
}

impl Database {
    fn begin(&mut self, history: &mut TransactionHistory, plan: &Plan, process: u32) -> Open {
        let record = RecordedTransaction {
            process,
            outcome: Outcome::Ok,
            invoked: self.rank,
            completed: 0,
            first: 0,
            count: 0,
            line: 0,
        };
        self.rank += 1;
        history.push(record, &[]);
        let place = history.transactions.len() - 1;
        Open { place, plan: plan.clone(), at: 0, steps: Vec::new(), seen: self.keys.clone() }
    }

    fn end(&mut self, history: &mut TransactionHistory, mut done: Open, isolation: Isolation) {
        let mut seen = if isolation == Isolation::Snapshot { done.seen.clone() } else { self.keys.clone() };
        let before: Vec<usize> = seen.iter().map(Vec::len).collect();
        while done.at < done.plan.len() {
            done.step(history, &mut seen, &mut self.next);
        }
        for key in 0..KEYS as usize {
            self.keys[key].extend_from_slice(&seen[key][before[key]..]);
        }
        let record = &mut history.transactions[done.place];
        record.completed = self.rank;
        record.first = history.steps.len() as u32;
        record.count = done.steps.len() as u32;
        history.steps.extend(done.steps);
        self.rank += 1;
    }
}

impl Open {
    fn step(&mut self, history: &mut TransactionHistory, keys: &mut [Vec<ValueId>], next: &mut i64) {
        let (key, writes) = self.plan[self.at];
        let list = &mut keys[key as usize];
        let step = match (history.versions, writes) {
            (Versions::Lists, false) => {
                Step::ReadList { key, elements: history.push_list(list.iter().copied()) }
            }
            (Versions::Registers, false) => {
                Step::Read { key, value: list.last().copied().unwrap_or(ValueId::NIL) }
            }
            (versions, true) => {
                let value = ValueId(history.values.integer(*next));
                *next += 1;
                list.push(value);
                if versions == Versions::Lists {
                    Step::Append { key, value }
                } else {
                    Step::Write { key, value }
                }
            }
        };
        self.at += 1;
        self.steps.push(step);
    }
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    prop::collection::vec(prop::collection::vec((0..KEYS, any::<bool>()), 1..5), 1..9)
}

fn isolations() -> impl Strategy<Value = Isolation> {
    prop_oneof![Just(Isolation::Serial), Just(Isolation::Snapshot), Just(Isolation::Nothing)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_the_judge_says_of_lists_read_to_the_end_the_oracle_says(
        plans in plans(), turns in prop::collection::vec(any::<u8>(), 8..40), isolation in isolations(),
    ) {
        // A last transaction reads every list, so that the order of versions is known in full.
        let plans: Vec<Plan> = plans.into_iter().chain([(0..KEYS).map(|key| (key, false)).collect()]).collect();
        let Run { history, order } = run(&plans, &turns, isolation, Versions::Lists);
        let oracle = check_against_order(&history, &order);
        let judged = check_transactions(&history, &TransactionOptions::default());
        prop_assert_eq!(&judged, &oracle);
        if isolation == Isolation::Serial {
            prop_assert_eq!(oracle.verdict(Model::StrictSerializable), Some(&ModelVerdict::Holds));
        }
    }

    #[test]
    fn what_breaks_by_the_known_order_of_registers_breaks_by_the_true_one(
        plans in plans(), turns in prop::collection::vec(any::<u8>(), 8..40), isolation in isolations(),
    ) {
        let Run { history, order } = run(&plans, &turns, isolation, Versions::Registers);
        let oracle = check_against_order(&history, &order);
        let judged = check_transactions(&history, &TransactionOptions::default());
        for (model, verdict) in &judged.verdicts {
            let is_broken = matches!(oracle.verdict(*model), Some(ModelVerdict::Broken(_)));
            prop_assert!(is_broken || !matches!(verdict, ModelVerdict::Broken(_)), "{model}: {judged:#?} {oracle:#?}");
        }
    }

    #[test]
    fn linearizable_registers_are_judged_as_by_the_oracle(
        plans in plans(), turns in prop::collection::vec(any::<u8>(), 8..40),
    ) {
        let Run { history, order } = run(&plans, &turns, Isolation::Serial, Versions::Registers);
        let assume = Assumptions { linearizable_keys: true, sequential_keys: true, wfr_keys: true };
        let judged = check_transactions(&history, &TransactionOptions { assume, ..TransactionOptions::default() });
        prop_assert!(judged.found.is_empty(), "{:#?}", judged.found);
        prop_assert!(check_against_order(&history, &order).found.is_empty());
    }
}
