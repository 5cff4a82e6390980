//! Accounts between which money is transferred: every read of all accounts adds up to the same total.

use super::{Findings, WorkloadOperation, WorkloadReport, acknowledged};
use crate::Anomaly;
use crate::history::index;
use crate::recorded::Names;

/// What an operation on a bank does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BankAction {
    /// Moves money.
    Transfer {
        /// The account it is taken from.
        from: u32,
        /// The account it is given to.
        to: u32,
        /// How much.
        amount: i64,
    },
    /// Reads all accounts.
    Read {
        /// Where its balances begin in [`BankHistory::balances`].
        first: u32,
        /// How many there are.
        count: u32,
    },
}

/// What clients of a bank did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BankHistory {
    /// The operations, `invoked` ascending.
    pub operations: Vec<WorkloadOperation<BankAction>>,
    /// What all reads returned: accounts and their balances, `None` where an account had none.
    pub balances: Vec<(u32, Option<i64>)>,
    /// The accounts' names.
    pub accounts: Names,
}

impl BankHistory {
    /// Records what one read returned.
    pub fn push_balances(&mut self, balances: impl IntoIterator<Item = (u32, Option<i64>)>) -> BankAction {
        let first = index(self.balances.len());
        self.balances.extend(balances);
        BankAction::Read { first, count: index(self.balances.len()) - first }
    }
}

/// What a bank promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BankOptions {
    /// The total of all accounts. Where it is not given, the read that was answered first tells it, and proves nothing
    /// by itself.
    pub total: Option<i64>,
    /// Whether an account may be overdrawn.
    pub negative_balances: bool,
}

/// Judges the reads of a bank.
///
/// ```
/// use shardlab_consistency::workload_judges::*;
/// use shardlab_consistency::{Anomaly, ModelVerdict, Outcome};
///
/// let mut bank = BankHistory::default();
/// let (a, b) = (bank.accounts.word("a"), bank.accounts.word("b"));
/// // A transfer of 5 from a to b, half seen.
/// let action = bank.push_balances([(a, Some(5)), (b, Some(10))]);
/// let (process, outcome, line) = (3, Outcome::Ok, 0);
/// bank.operations.push(WorkloadOperation { process, outcome, invoked: 0, completed: 1, line, action });
///
/// let report = judge_bank(&bank, &BankOptions { total: Some(20), negative_balances: false });
/// assert_eq!(report.verdict, ModelVerdict::Broken(vec![Anomaly::WrongTotal]));
/// assert_eq!(report.found[0].explanation.words, ["process 3 read a = 5, b = 10, which is 15 in all; it should be 20."]);
/// ```
pub fn judge_bank(history: &BankHistory, options: &BankOptions) -> WorkloadReport {
    let mut findings = Findings::default();
    let mut reads = history.reads();
    reads.sort_by_key(|read| history.operations[read.place].completed);
    let inferred = reads.iter().find_map(|read| read.total());
    let total = options.total.map(i128::from).or(inferred);
    for read in &reads {
        read.judge(history, total, options, &mut findings);
    }
    let untested = match reads.len() {
        0 => Some("no read of the accounts was answered"),
        1 if options.total.is_none() => Some("one read alone, and no total to hold it against"),
        _ => None,
    };
    findings.report(untested, vec![("reads", reads.len() as u64)])
}

struct Read<'a> {
    place: usize,
    balances: &'a [(u32, Option<i64>)],
}

impl BankHistory {
    fn reads(&self) -> Vec<Read<'_>> {
        let read = |(place, operation): (usize, &WorkloadOperation<BankAction>)| match operation.action {
            BankAction::Read { first, count } => {
                Some(Read { place, balances: &self.balances[first as usize..][..count as usize] })
            }
            BankAction::Transfer { .. } => None,
        };
        acknowledged(&self.operations).filter_map(read).collect()
    }
}

impl Read<'_> {
    /// The sum, where every account has a balance.
    fn total(&self) -> Option<i128> {
        self.balances.iter().map(|&(_, balance)| balance.map(i128::from)).sum()
    }

    fn judge(
        &self,
        history: &BankHistory,
        total: Option<i128>,
        options: &BankOptions,
        findings: &mut Findings,
    ) {
        if self.total() != total || total.is_none() {
            findings.add(Anomaly::WrongTotal, &[self.place], || {
                self.wrong_total(history, total, options.total.is_none())
            });
        }
        let overdrawn = self.balances.iter().find(|(_, balance)| balance.is_some_and(|balance| balance < 0));
        if let Some(&(account, balance)) = overdrawn.filter(|_| !options.negative_balances) {
            findings.add(Anomaly::NegativeBalance, &[self.place], || {
                let account = history.accounts.name(account);
                let balance = balance.expect("an overdrawn account has a balance");
                format!("{} read {account} = {balance}; no account may be overdrawn.", self.who(history))
            });
        }
    }

    fn wrong_total(&self, history: &BankHistory, total: Option<i128>, inferred: bool) -> String {
        let balance = |&(account, balance): &(u32, Option<i64>)| {
            let balance = balance.map_or("nothing".into(), |balance| balance.to_string());
            format!("{} = {balance}", history.accounts.name(account))
        };
        let balances: Vec<String> = self.balances.iter().map(balance).collect();
        let found = match self.total() {
            Some(found) => format!("which is {found} in all"),
            None => "which is no total".into(),
        };
        let expected = match total {
            Some(total) if inferred => {
                format!("it should be {total}, as in the read that was answered first")
            }
            Some(total) => format!("it should be {total}"),
            None => "every account should have a balance".into(),
        };
        format!("{} read {}, {found}; {expected}.", self.who(history), balances.join(", "))
    }

    fn who(&self, history: &BankHistory) -> String {
        history.operations[self.place].who()
    }
}

#[cfg(test)]
mod tests {
    use super::super::pictures::{fail, ok};
    use super::*;
    use crate::ModelVerdict;

    /// Each row is one read of accounts a, b and c.
    fn check(rows: &[[Option<i64>; 3]], options: BankOptions, expected: &[(Anomaly, u64)]) -> ModelVerdict {
        let mut history = BankHistory::default();
        let accounts = ["a", "b", "c"].map(|name| history.accounts.word(name));
        let transfer = BankAction::Transfer { from: 0, to: 1, amount: 5 };
        history.operations.push(ok(0, 0, 1, transfer));
        for (row, rank) in rows.iter().zip((2..).step_by(2)) {
            let action = history.push_balances(accounts.into_iter().zip(*row));
            history.operations.push(ok(1, rank, rank + 1, action));
        }
        // A read that failed says nothing.
        let action = history.push_balances([(0, Some(1))]);
        history.operations.push(fail(1, 98, 99, action));
        let report = judge_bank(&history, &options);
        let found: Vec<_> = report.found.iter().map(|found| (found.anomaly, found.count)).collect();
        assert_eq!(found, expected, "{rows:?}");
        report.verdict
    }

    const INFERRED: BankOptions = BankOptions { total: None, negative_balances: false };
    const GIVEN: BankOptions = BankOptions { total: Some(30), negative_balances: false };

    fn row(balances: [i64; 3]) -> [Option<i64>; 3] {
        balances.map(Some)
    }

    #[test]
    fn every_read_adds_up_to_the_total() {
        assert_eq!(check(&[row([10, 10, 10]), row([5, 15, 10])], INFERRED, &[]), ModelVerdict::Holds);
        check(&[row([10, 10, 10]), row([5, 10, 10])], INFERRED, &[(Anomaly::WrongTotal, 1)]);
        check(&[row([5, 10, 10]), row([5, 15, 15])], GIVEN, &[(Anomaly::WrongTotal, 2)]);
        check(&[[Some(30), None, Some(0)]], GIVEN, &[(Anomaly::WrongTotal, 1)]);
    }

    #[test]
    fn a_total_does_not_overflow() {
        check(&[row([i64::MAX, i64::MAX, 32])], GIVEN, &[(Anomaly::WrongTotal, 1)]);
    }

    #[test]
    fn an_account_is_overdrawn_only_where_it_may_be() {
        let overdrawn = [row([40, -5, -5])];
        check(&overdrawn, GIVEN, &[(Anomaly::NegativeBalance, 1)]);
        assert_eq!(
            check(&overdrawn, BankOptions { negative_balances: true, ..GIVEN }, &[]),
            ModelVerdict::Holds
        );
    }

    #[test]
    fn too_few_reads_prove_nothing() {
        let unknown = |verdict| matches!(verdict, ModelVerdict::Unknown(_));
        assert!(unknown(check(&[], GIVEN, &[])));
        assert!(unknown(check(&[row([1, 2, 3])], INFERRED, &[])));
        assert_eq!(check(&[row([10, 10, 10])], GIVEN, &[]), ModelVerdict::Holds);
    }
}
