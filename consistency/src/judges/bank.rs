//! Transfers move money and make none: the total of all accounts never changes.
//!
//! An *audit* is a committed transaction that reads every account once and changes none. The test is
//! Jepsen's `bank` workload, and its name for the anomaly.

use super::Finding;
use crate::{BankEvidence, Case, History, MicroOperation, Outcome, Transaction, Witness, words};

/// An audit, or the end, found another total than the beginning.
pub(super) const WRONG_TOTAL: &str = "wrong-total";

pub(super) fn judge(case: &Case<'_>) -> Finding {
    let Some(bank) = &case.evidence.bank else { return Finding::unknown("the workload was not a bank") };
    let ledger = Ledger::new(case.history, bank);
    let wrong = ledger.wrong_audits.len() as u64 + u64::from(ledger.wrong_end().is_some());
    Finding::new(ledger.witness(wrong), ledger.untested())
        .with("bank.audits", ledger.audits as f64)
        .with("anomalies.wrong-total", wrong as f64)
}

struct Ledger<'a> {
    history: &'a History,
    bank: &'a BankEvidence,
    transfers: u64,
    audits: u64,
    /// Positions in the history, and the total found.
    wrong_audits: Vec<(usize, i128)>,
}

impl<'a> Ledger<'a> {
    fn new(history: &'a History, bank: &'a BankEvidence) -> Self {
        let mut ledger = Self { history, bank, transfers: 0, audits: 0, wrong_audits: Vec::new() };
        let committed = |(_, transaction): &(usize, &Transaction)| transaction.outcome == Outcome::Ok;
        for (position, transaction) in history.transactions.iter().enumerate().filter(committed) {
            let steps = history.steps(transaction);
            match audit(steps, bank.accounts) {
                Some(total) => ledger.enter(position, total),
                None => ledger.transfers += u64::from(steps.iter().any(is_add)),
            }
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

    fn witness(&self, count: u64) -> Option<Witness> {
        let invoked =
            |&(position, _): &(usize, i128)| (self.history.transactions[position].invoked, position);
        let first = self.wrong_audits.iter().copied().min_by_key(invoked);
        let words = match (first, self.wrong_end()) {
            (Some((position, total)), _) => self.audit_words(position, total),
            (None, Some(total)) => format!("after the drain {}", self.found(total)),
            (None, None) => return None,
        };
        let transactions = first.iter().map(|&(position, _)| position).collect();
        Some(Witness { transactions, ..Witness::new(WRONG_TOTAL, count, words) })
    }

    fn audit_words(&self, position: usize, total: i128) -> String {
        let Transaction { id, process, invoked, completed, .. } = self.history.transactions[position];
        let (from, to) = (words::time(invoked), words::time(completed));
        format!("to process {process}, in transaction {id} between {from} and {to}, {}", self.found(total))
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

fn is_add(step: &MicroOperation) -> bool {
    matches!(step, MicroOperation::Add { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row is one committed transaction; three accounts hold 300 in all.
    fn check(rows: &[&[MicroOperation]], final_total: Option<i128>, expected: &str) {
        let mut history = History::default();
        for (id, steps) in (1..).zip(rows) {
            history.push_transaction(
                Transaction::new(id, 4, Outcome::Ok, id * 1_000_000, id * 2_000_000),
                steps,
            );
        }
        let bank = BankEvidence { accounts: 3, initial_total: 300, final_total };
        let evidence = crate::Evidence { bank: Some(bank), ..crate::Evidence::default() };
        assert_eq!(judge(&Case::new(&history, &evidence)).verdict.to_string(), expected);
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
            "fail: wrong-total, one of 2: to process 4, in transaction 2 between 0.002 s and 0.004 s, \
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
            "fail: wrong-total: to process 4, in transaction 2 between 0.002 s and 0.004 s, \
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
