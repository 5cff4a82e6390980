//! A strictly serializable database of lists, and clients as Elle's generator has them: a few keys in use at a time,
//! each retired after so many appends.

use shardlab_consistency::Outcome;
use shardlab_consistency::recorded::{RecordedTransaction, Step, TransactionHistory, ValueId};

/// What the clients do, and what goes wrong.
#[derive(Clone, Copy)]
pub struct Workload {
    pub transactions: usize,
    pub processes: u32,
    pub steps: usize,
    pub active_keys: usize,
    pub appends_per_key: usize,
    /// So many reads return half of their list.
    pub stale_reads: usize,
    /// The last transaction reads the first list as if nobody had appended to it.
    pub last_reads_nothing: bool,
}

impl Default for Workload {
    fn default() -> Self {
        Self {
            transactions: 0,
            processes: 20,
            steps: 4,
            active_keys: 20,
            appends_per_key: 32,
            stale_reads: 0,
            last_reads_nothing: false,
        }
    }
}

struct Database {
    random: u64,
    keys: Vec<(u32, Vec<ValueId>)>,
    next_key: u32,
}

pub fn generate(workload: &Workload) -> TransactionHistory {
    let mut history = TransactionHistory::default();
    let mut database = Database { random: 42, keys: Vec::new(), next_key: 0 };
    (0..workload.active_keys).for_each(|_| database.open_key(&mut history));
    // Ranks come in pairs of one process: the invocation of its next transaction, a while before its completion.
    let mut free: Vec<u32> = (0..workload.processes).collect();
    let mut open: Vec<usize> = Vec::new();
    let mut rank = 0;
    while history.transactions.len() < workload.transactions || !open.is_empty() {
        let may_begin = history.transactions.len() < workload.transactions && !free.is_empty();
        if may_begin && (open.is_empty() || database.below(2) == 0) {
            let process = free.swap_remove(database.below(free.len()));
            open.push(history.transactions.len());
            begin(&mut history, &mut database, workload, process, rank);
        } else {
            let done = open.swap_remove(database.below(open.len()));
            history.transactions[done].completed = rank;
            free.push(history.transactions[done].process);
        }
        rank += 1;
    }
    history
}

/// A transaction takes effect as a whole when it is invoked.
fn begin(
    history: &mut TransactionHistory,
    database: &mut Database,
    workload: &Workload,
    process: u32,
    rank: u32,
) {
    let place = history.transactions.len();
    let is_stale =
        (1..=workload.stale_reads).any(|at| place == at * workload.transactions / (workload.stale_reads + 1));
    let mut steps: Vec<Step> =
        (0..workload.steps).map(|_| database.step(history, workload, is_stale)).collect();
    if workload.last_reads_nothing && place + 1 == workload.transactions {
        steps.push(Step::ReadList { key: 0, elements: history.push_list([]) });
    }
    let record = RecordedTransaction {
        process,
        outcome: Outcome::Ok,
        invoked: rank,
        completed: 0,
        first: 0,
        count: 0,
        line: 0,
    };
    history.push(record, &steps);
}

impl Database {
    fn step(&mut self, history: &mut TransactionHistory, workload: &Workload, is_stale: bool) -> Step {
        let at = self.below(self.keys.len());
        let key = self.keys[at].0;
        if is_stale || self.below(2) == 0 {
            let list = &self.keys[at].1;
            let seen = if is_stale { list.len() / 2 } else { list.len() };
            return Step::ReadList { key, elements: history.push_list(list[..seen].iter().copied()) };
        }
        let list = &mut self.keys[at].1;
        let value = ValueId(history.values.integer(list.len() as i64));
        list.push(value);
        if list.len() == workload.appends_per_key {
            self.keys.swap_remove(at);
            self.open_key(history);
        }
        Step::Append { key, value }
    }

    fn open_key(&mut self, history: &mut TransactionHistory) {
        self.keys.push((history.keys.integer(i64::from(self.next_key)), Vec::new()));
        self.next_key += 1;
    }

    /// SplitMix64 (Steele et al. 2014).
    fn below(&mut self, bound: usize) -> usize {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.random;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) % bound as u64) as usize
    }
}
