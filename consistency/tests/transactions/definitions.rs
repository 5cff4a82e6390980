//! What serializability and snapshot isolation mean, tried out.

use shardlab_consistency::recorded::{Step, TransactionHistory, ValueId};

/// What must be kept beside the reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Nothing,
    Sessions,
    RealTime,
}

/// Whether the first transaction must come before the second, by place in the history.
fn must_precede(history: &TransactionHistory, first: usize, second: usize, kept: Kept) -> bool {
    let [first, second] = [first, second].map(|at| history.transactions[at]);
    match kept {
        Kept::Nothing => false,
        Kept::Sessions => first.process == second.process && first.invoked < second.invoked,
        Kept::RealTime => first.completed < second.invoked,
    }
}

/// Some order of all transactions gives every read what it returned.
pub fn is_serializable(history: &TransactionHistory, kept: Kept) -> bool {
    let left: Vec<usize> = (0..history.transactions.len()).collect();
    serial(history, kept, &left, &[Vec::new(), Vec::new()])
}

fn serial(history: &TransactionHistory, kept: Kept, left: &[usize], lists: &[Vec<ValueId>; 2]) -> bool {
    left.is_empty()
        || left.iter().any(|&next| {
            let others: Vec<usize> = left.iter().copied().filter(|&other| other != next).collect();
            let is_free = others.iter().all(|&other| !must_precede(history, other, next, kept));
            let mut after = lists.clone();
            is_free && run(history, next, &mut after) && serial(history, kept, &others, &after)
        })
}

/// Runs one transaction on these lists; whether its reads return what they returned.
fn run(history: &TransactionHistory, transaction: usize, lists: &mut [Vec<ValueId>; 2]) -> bool {
    history.steps(&history.transactions[transaction]).iter().all(|step| match *step {
        Step::Append { key, value } => {
            lists[key as usize].push(value);
            true
        }
        Step::ReadList { key, elements } => history.list(elements) == lists[key as usize],
        _ => unreachable!("the generator makes lists"),
    })
}

/// Some order of starts and commits gives every read what its start left, and no two transactions that append to one
/// list overlap (Berenson et al. 1995).
pub fn is_snapshot_isolated(history: &TransactionHistory, kept: Kept) -> bool {
    snapshots(history, kept, &mut Snapshots::default())
}

#[derive(Clone, Default)]
struct Snapshots {
    open: Vec<(usize, [Vec<ValueId>; 2])>,
    committed: Vec<usize>,
    lists: [Vec<ValueId>; 2],
}

fn snapshots(history: &TransactionHistory, kept: Kept, state: &mut Snapshots) -> bool {
    if state.committed.len() == history.transactions.len() {
        return true;
    }
    let is_new = |at: &usize| !state.committed.contains(at) && state.open.iter().all(|(open, _)| open != at);
    let all = 0..history.transactions.len();
    let starts: Vec<usize> = all
        .clone()
        .filter(is_new)
        .filter(|&next| {
            all.clone()
                .all(|other| !must_precede(history, other, next, kept) || state.committed.contains(&other))
        })
        .collect();
    let start = |&next: &usize| {
        let mut after = state.clone();
        after.open.push((next, state.lists.clone()));
        snapshots(history, kept, &mut after)
    };
    starts.iter().any(start) || (0..state.open.len()).any(|at| commit(history, kept, state, at))
}

fn commit(history: &TransactionHistory, kept: Kept, state: &Snapshots, at: usize) -> bool {
    let mut after = state.clone();
    let (transaction, mut seen) = after.open.remove(at);
    let snapshot = seen.clone();
    if !run(history, transaction, &mut seen) {
        return false;
    }
    for key in 0..2 {
        if seen[key].len() > snapshot[key].len() {
            // First committer wins.
            if after.lists[key] != snapshot[key] {
                return false;
            }
            after.lists[key] = seen[key].clone();
        }
    }
    after.committed.push(transaction);
    snapshots(history, kept, &mut after)
}
