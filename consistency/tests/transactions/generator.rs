//! Every small history that a bounded generator makes.

use shardlab_consistency::Outcome;
use shardlab_consistency::recorded::{RecordedTransaction, Step, TransactionHistory, ValueId};

/// Choices that are tried one after the other, until all combinations were; or drawn.
#[derive(Default)]
pub struct Choices {
    taken: Vec<(usize, usize)>,
    at: usize,
    random: Option<u64>,
}

impl Choices {
    pub fn drawn(seed: u64) -> Self {
        Self { random: Some(seed), ..Self::default() }
    }

    pub fn choose(&mut self, bound: usize) -> usize {
        if let Some(random) = &mut self.random {
            // Knuth's generator (MMIX), of which the high bits are good.
            *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            return (*random >> 33) as usize % bound;
        }
        if self.at == self.taken.len() {
            self.taken.push((0, bound));
        }
        self.at += 1;
        self.taken[self.at - 1].0
    }

    /// Goes on to the next combination; `false` after the last.
    pub fn advance(&mut self) -> bool {
        self.at = 0;
        while let Some((choice, bound)) = self.taken.pop() {
            if choice + 1 < bound {
                self.taken.push((choice + 1, bound));
                return true;
            }
        }
        false
    }
}

/// A history of lists over two keys: these many transactions with these many steps each, every transaction by one of
/// three processes. A list's appends are in the order of the history or in the reverse order, and every read returns
/// a beginning of that.
pub fn history(choices: &mut Choices, lengths: &[usize]) -> TransactionHistory {
    let mut kinds: Vec<(usize, bool)> = Vec::new();
    for step in 0..lengths.iter().sum() {
        // The first key to be touched is called 0.
        let key = if step == 0 { 0 } else { choices.choose(2) };
        kinds.push((key, choices.choose(2) == 0));
    }
    let orders: Vec<Vec<ValueId>> = (0..2).map(|key| order(choices, &kinds, key)).collect();
    let mut history = TransactionHistory::default();
    for key in 0..2 {
        history.keys.integer(key);
    }
    for value in 0..kinds.len() as i64 {
        history.values.integer(value);
    }
    let mut value = 0;
    let mut processes = Processes::default();
    for &length in lengths {
        let own = value..value + length;
        let steps: Vec<Step> = own
            .map(|at| match kinds[at] {
                (key, true) => Step::Append { key: key as u32, value: ValueId(at as u32) },
                (key, false) => {
                    let seen = choices.choose(orders[key].len() + 1);
                    let elements = history.push_list(orders[key][..seen].iter().copied());
                    Step::ReadList { key: key as u32, elements }
                }
            })
            .collect();
        value += length;
        let record = processes.begin(&mut history, choices);
        history.push(record, &steps);
    }
    processes.end(&mut history);
    history
}

fn order(choices: &mut Choices, kinds: &[(usize, bool)], key: usize) -> Vec<ValueId> {
    let of_key = |at: &usize| kinds[*at] == (key, true);
    let mut order: Vec<ValueId> = (0..kinds.len()).filter(of_key).map(|at| ValueId(at as u32)).collect();
    if order.len() > 1 && choices.choose(2) == 1 {
        order.reverse();
    }
    order
}

#[derive(Default)]
struct Processes {
    rank: u32,
    /// The transaction that each process has open.
    open: [Option<usize>; 3],
    used: usize,
}

impl Processes {
    /// Any process begins the next transaction; a process ends its last one only then, or one of the others does too.
    fn begin(&mut self, history: &mut TransactionHistory, choices: &mut Choices) -> RecordedTransaction {
        let process = choices.choose((self.used + 1).min(3));
        self.used = self.used.max(process + 1);
        let others = || (0..3).filter(|&other| other != process && self.open[other].is_some());
        let all_end = others().next().is_some() && choices.choose(2) == 1;
        for at in 0..3 {
            if at == process || all_end {
                self.complete(history, at);
            }
        }
        self.open[process] = Some(history.transactions.len());
        self.rank += 1;
        RecordedTransaction {
            process: process as u32,
            outcome: Outcome::Ok,
            invoked: self.rank - 1,
            completed: 0,
            first: 0,
            count: 0,
            line: 0,
        }
    }

    fn complete(&mut self, history: &mut TransactionHistory, process: usize) {
        if let Some(open) = self.open[process].take() {
            history.transactions[open].completed = self.rank;
            self.rank += 1;
        }
    }

    fn end(&mut self, history: &mut TransactionHistory) {
        (0..3).for_each(|process| self.complete(history, process));
    }
}
