//! Transfers move money and make none: the total of all accounts never changes, and no account is overdrawn that may
//! not be.
//!
//! An *audit* is a committed transaction that reads every account once and changes none. The test is
//! Jepsen's `bank` workload, and its names for the anomalies.

use super::Finding;
use crate::{BankEvidence, Case, History, MicroOperation, Outcome, Transaction, Witness, words};

/// An audit, or the end, found another total than the beginning.
const WRONG_TOTAL: &str = "wrong-total";
/// A committed transaction read a balance below zero, or an account ended there, though none may be overdrawn.
const NEGATIVE_BALANCE: &str = "negative-balance";

/// What this judge can find, the gravest first.
pub(super) const ANOMALIES: &[&str] = &[WRONG_TOTAL, NEGATIVE_BALANCE];

pub(super) fn judge(case: &Case<'_>) -> Finding {
    let Some(bank) = &case.evidence.bank else { return Finding::unknown("the workload was not a bank") };
    let ledger = Ledger::new(case.history, bank);
    let (wrong, negative) = (ledger.wrong_total(), ledger.negative_balance());
    let count = |witness: &Option<Witness>| witness.as_ref().map_or(0, |witness| witness.count) as f64;
    let (totals, overdrafts) = (count(&wrong), count(&negative));
    let finding = Finding::of_kinds([wrong, negative].into_iter().flatten().collect(), ledger.untested())
        .with("bank.audits", ledger.audits as f64)
        .with("anomalies.wrong-total", totals);
    if bank.overdraft { finding } else { finding.with("anomalies.negative-balance", overdrafts) }
}

struct Ledger<'a> {
    history: &'a History,
    bank: &'a BankEvidence,
    transfers: u64,
    audits: u64,
    /// Positions in the history, and the total found.
    wrong_audits: Vec<(usize, i128)>,
    /// Positions in the history, and the first account that was seen overdrawn.
    overdrawn: Vec<(usize, u64, i64)>,
}

impl<'a> Ledger<'a> {
    fn new(history: &'a History, bank: &'a BankEvidence) -> Self {
        let (wrong_audits, overdrawn) = (Vec::new(), Vec::new());
        let mut ledger = Self { history, bank, transfers: 0, audits: 0, wrong_audits, overdrawn };
        let committed = |(_, transaction): &(usize, &Transaction)| transaction.outcome == Outcome::Ok;
        for (position, transaction) in history.transactions.iter().enumerate().filter(committed) {
            let steps = history.steps(transaction);
            match audit(steps, bank.accounts) {
                Some(total) => ledger.enter(position, total),
                None => ledger.transfers += u64::from(steps.iter().any(is_add)),
            }
            let seen = steps.iter().find_map(below_zero).filter(|_| !bank.overdraft);
            ledger.overdrawn.extend(seen.map(|(account, balance)| (position, account, balance)));
        }
        ledger
    }

    fn enter(&mut self, position: usize, total: i128) {
        self.audits += 1;
        if total != self.bank.initial_total {
            self.wrong_audits.push((position, total));
        }
    }

    fn wrong_end(&self) -> Option<i128> {
        self.bank.final_total.filter(|&total| total != self.bank.initial_total)
    }

    fn untested(&self) -> Option<String> {
        let reason = match (self.transfers, self.audits, self.bank.final_total) {
            (0, _, _) => "no transfer was committed",
            (_, 0, _) => "no committed transaction read all accounts",
            (_, _, None) => "not every account could be read at the end",
            _ => return None,
        };
        Some(reason.into())
    }

    fn wrong_total(&self) -> Option<Witness> {
        let count = self.wrong_audits.len() as u64 + u64::from(self.wrong_end().is_some());
        let first = self.earliest(&self.wrong_audits, |&(position, _)| position);
        let words = match (first, self.wrong_end()) {
            (Some(&(position, total)), _) => format!("{}, {}", self.told(position), self.found(total)),
            (None, Some(total)) => format!("after the drain {}", self.found(total)),
            (None, None) => return None,
        };
        Some(tell(WRONG_TOTAL, count, words, first.map(|&(position, _)| position)))
    }

    fn negative_balance(&self) -> Option<Witness> {
        let at_the_end = self.bank.overdrawn.first().filter(|_| !self.bank.overdraft);
        let ended = at_the_end.map_or(0, |_| self.bank.overdrawn.len());
        let first = self.earliest(&self.overdrawn, |&(position, ..)| position);
        let held = |account: u64, balance: i64| {
            format!("account {account} held {balance}; no account may be overdrawn")
        };
        let words = match (first, at_the_end) {
            (Some(&(position, account, balance)), _) => {
                format!("{}, {}", self.told(position), held(account, balance))
            }
            (None, Some(&(account, balance))) => format!("after the drain {}", held(account, balance)),
            (None, None) => return None,
        };
        let count = (self.overdrawn.len() + ended) as u64;
        Some(tell(NEGATIVE_BALANCE, count, words, first.map(|&(position, ..)| position)))
    }

    /// What the transaction saw that was invoked first.
    fn earliest<'s, T>(&self, seen: &'s [T], position: impl Fn(&T) -> usize) -> Option<&'s T> {
        let invoked = |seen: &&T| {
            let position = position(seen);
            (self.history.transactions[position].invoked, position)
        };
        seen.iter().min_by_key(invoked)
    }

    /// To whom and when.
    fn told(&self, position: usize) -> String {
        let Transaction { process, invoked, completed, .. } = self.history.transactions[position];
        let (from, to) = (words::time(invoked), words::time(completed));
        format!("to process {process}, in a transaction between {from} and {to}")
    }

    fn found(&self, total: i128) -> String {
        let BankEvidence { accounts, initial_total, .. } = self.bank;
        let accounts = words::counted(*accounts, "account");
        format!("the {accounts} held {total} in all; it should have been {initial_total}")
    }
}

/// The total of a transaction that reads every account once and changes none.
fn audit(steps: &[MicroOperation], accounts: u64) -> Option<i128> {
    if steps.len() as u64 != accounts {
        return None;
    }
    let mut keys = Vec::with_capacity(steps.len());
    let mut total = 0;
    for step in steps {
        let MicroOperation::Read { key, value } = *step else { return None };
        keys.push(key);
        total += i128::from(value);
    }
    keys.sort_unstable();
    keys.is_sorted_by(|a, b| a < b).then_some(total)
}

/// An account below zero, and what it held.
fn below_zero(step: &MicroOperation) -> Option<(u64, i64)> {
    match *step {
        MicroOperation::Read { key, value } if value < 0 => Some((key, value)),
        _ => None,
    }
}

fn tell(anomaly: &'static str, count: u64, words: String, transaction: Option<usize>) -> Witness {
    let transactions = transaction.into_iter().collect();
    Witness { transactions, ..Witness::new(anomaly, count, words) }
}

fn is_add(step: &MicroOperation) -> bool {
    matches!(step, MicroOperation::Add { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row is one committed transaction; three accounts hold 300 in all.
    fn check(rows: &[&[MicroOperation]], final_total: Option<i128>, expected: &str) {
        assert_eq!(judged(rows, final_total, true, &[]).verdict.to_string(), expected);
    }

    fn judged(
        rows: &[&[MicroOperation]],
        final_total: Option<i128>,
        overdraft: bool,
        overdrawn: &[(u64, i64)],
    ) -> Finding {
        let mut history = History::default();
        for (id, steps) in (1..).zip(rows) {
            history.push_transaction(
                Transaction::new(id, 4, Outcome::Ok, id * 1_000_000, id * 2_000_000),
                steps,
            );
        }
        let overdrawn = overdrawn.to_vec();
        let bank = BankEvidence { accounts: 3, initial_total: 300, final_total, overdraft, overdrawn };
        let evidence = crate::Evidence { bank: Some(bank), ..crate::Evidence::default() };
        judge(&Case::new(&history, &evidence))
    }

    fn transfer() -> [MicroOperation; 2] {
        [MicroOperation::Add { key: 1, delta: -10 }, MicroOperation::Add { key: 2, delta: 10 }]
    }

    fn audit(balances: [i64; 3]) -> Vec<MicroOperation> {
        (1..).zip(balances).map(|(key, value)| MicroOperation::Read { key, value }).collect()
    }

    #[test]
    fn every_audit_finds_the_first_total() {
        check(&[&transfer(), &audit([90, 110, 100])], Some(300), "pass");
        check(
            &[&transfer(), &audit([90, 100, 100]), &audit([100, 110, 100])],
            Some(300),
            "fail: wrong-total, one of 2: to process 4, in a transaction between 0.002 s and 0.004 s, \
             the 3 accounts held 290 in all; it should have been 300",
        );
    }

    #[test]
    fn the_end_counts_too() {
        let wrong =
            "fail: wrong-total: after the drain the 3 accounts held 310 in all; it should have been 300";
        check(&[&transfer(), &audit([90, 110, 100])], Some(310), wrong);
        check(&[&transfer()], Some(310), wrong);
    }

    #[test]
    fn an_account_below_zero_is_seen_by_whoever_reads_it_and_at_the_end() {
        let (audit, seen) = (audit([-10, 210, 100]), [MicroOperation::Read { key: 2, value: -7 }]);
        let check = |rows: &[&[MicroOperation]], overdraft, end: &[(u64, i64)], expected: &str| {
            assert_eq!(judged(rows, Some(300), overdraft, end).verdict.to_string(), expected);
        };
        check(&[&transfer(), &audit, &seen], true, &[(1, -10)], "pass");
        check(
            &[&transfer(), &audit, &seen],
            false,
            &[(1, -10)],
            "fail: negative-balance, one of 3: to process 4, in a transaction between 0.002 s and 0.004 s, \
             account 1 held -10; no account may be overdrawn",
        );
        let good = self::audit([90, 110, 100]);
        let end = "fail: negative-balance: after the drain account 1 held -10; no account may be overdrawn";
        check(&[&transfer(), &good], false, &[(1, -10)], end);
        check(&[&transfer(), &good], false, &[], "pass");
    }

    #[test]
    fn each_kind_has_its_witness() {
        let found = judged(&[&transfer(), &audit([-10, 90, 100])], Some(300), false, &[]);
        let kinds: Vec<(&str, u64)> = found.witnesses().map(|of| (of.anomaly, of.count)).collect();
        assert_eq!((kinds, found.anomalies), (vec![(WRONG_TOTAL, 1), (NEGATIVE_BALANCE, 1)], 2));
        assert!(found.verdict.to_string().starts_with("fail: wrong-total"), "{}", found.verdict);
    }

    #[test]
    fn a_read_of_some_accounts_or_of_one_twice_is_no_audit() {
        let unaudited = "unknown: no committed transaction read all accounts";
        check(&[&transfer(), &audit([1, 2, 3])[..2]], Some(300), unaudited);
        let twice = [1, 2, 2].map(|key| MicroOperation::Read { key, value: 7 });
        check(&[&transfer(), &twice], Some(300), unaudited);
    }

    #[test]
    fn balances_beyond_64_bits_are_summed_exactly() {
        let found = i128::from(i64::MAX) * 3;
        let wrong = format!(
            "fail: wrong-total: to process 4, in a transaction between 0.002 s and 0.004 s, \
             the 3 accounts held {found} in all; it should have been 300"
        );
        check(&[&transfer(), &audit([i64::MAX; 3])], Some(300), &wrong);
    }

    #[test]
    fn without_transfers_audits_or_an_end_nothing_is_known() {
        check(&[&audit([100; 3])], Some(300), "unknown: no transfer was committed");
        check(&[&transfer()], Some(300), "unknown: no committed transaction read all accounts");
        check(&[&transfer(), &audit([100; 3])], None, "unknown: not every account could be read at the end");
    }
}
