//! Transactions that read prefixes of one log: causally consistent, and never wholly up to date.

use shardlab_consistency::Outcome;
use shardlab_consistency::recorded::{RecordedTransaction, Step, TransactionHistory, ValueId, Versions};

#[derive(Clone, Copy)]
pub(crate) struct Workload {
    pub(crate) transactions: u32,
    pub(crate) sessions: u32,
    pub(crate) keys: u32,
    pub(crate) steps: u32,
    /// How many of the newest transactions a read may miss, at most; never its session's own.
    pub(crate) lag: u32,
}

impl Workload {
    pub(crate) fn history(&self) -> TransactionHistory {
        let mut history = TransactionHistory { versions: Versions::Registers, ..Default::default() };
        (0..self.keys).for_each(|key| _ = history.keys.integer(key.into()));
        let mut random = Random(1);
        // Of each key, the log of (transaction, value).
        let mut log: Vec<Vec<(u32, ValueId)>> = vec![Vec::new(); self.keys as usize];
        let mut own_last = vec![0; self.sessions as usize];
        for transaction in 0..self.transactions {
            let process = random.below(self.sessions);
            let newest = transaction - random.below(self.lag.min(transaction) + 1);
            let through = newest.max(own_last[process as usize]);
            let steps = self.steps(&mut history, &mut random, &mut log, (transaction, through));
            own_last[process as usize] = transaction + 1;
            let (invoked, completed) = (2 * transaction, 2 * transaction + 1);
            let (outcome, line) = (Outcome::Ok, transaction + 1);
            history.push(
                RecordedTransaction { process, outcome, invoked, completed, first: 0, count: 0, line },
                &steps,
            );
        }
        history
    }

    /// The steps of a transaction that sees what those below `through` wrote. Reads come first.
    fn steps(
        &self,
        history: &mut TransactionHistory,
        random: &mut Random,
        log: &mut [Vec<(u32, ValueId)>],
        (transaction, through): (u32, u32),
    ) -> Vec<Step> {
        let mut steps = Vec::new();
        for _ in 0..self.steps / 2 {
            let key = random.below(self.keys);
            let versions = &log[key as usize];
            let seen = versions.partition_point(|&(writer, _)| writer < through);
            let value = seen.checked_sub(1).map_or(ValueId::NIL, |last| versions[last].1);
            steps.push(Step::Read { key, value });
        }
        for _ in self.steps / 2..self.steps {
            let key = random.below(self.keys);
            let value = ValueId(history.values.integer(history.values.len() as i64));
            // A key that is written twice keeps the last of them.
            log[key as usize].pop_if(|last| last.0 == transaction);
            log[key as usize].push((transaction, value));
            steps.push(Step::Write { key, value });
        }
        steps
    }
}

/// Marsaglia's xorshift: the benchmark needs numbers that are the same every time, not good ones.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (((self.0 >> 32) * u64::from(bound)) >> 32) as u32
    }
}
