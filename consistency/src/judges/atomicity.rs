//! A transaction happens everywhere or nowhere, and as its client was told.
//!
//! A participant still in doubt after the drain proves nothing about atomicity: the verdict is then
//! `unknown`, and it is the liveness judge who objects.

use super::Finding;
use crate::{Case, Effect, MicroOperation, Outcome, Transaction, TransactionEffect, Witness, words};

/// Applied at one participant and discarded at another.
const PARTIAL: &str = "partial-transaction";
/// Its client was told `ok`, and it is applied nowhere.
const LOST: &str = "lost-transaction";
/// Its client was told that it failed, and it is applied.
const ABORTED: &str = "applied-abort";

/// What this judge can find, the gravest first.
pub(super) const ANOMALIES: &[&str] = &[PARTIAL, LOST, ABORTED];

pub(super) fn judge(case: &Case<'_>) -> Finding {
    let court = Court::new(case);
    let violations = court.violations();
    let in_doubt =
        court.transactions().filter(|effects| effects.iter().any(|e| e.effect == Effect::InDoubt)).count();
    let count = |name| violations.iter().filter(|violation| violation.anomaly == name).count();
    let witnesses = ANOMALIES.iter().filter_map(|anomaly| court.witness(anomaly, &violations));
    Finding::of_kinds(witnesses.collect(), court.untested(in_doubt))
        .with("anomalies.partial-transaction", count(PARTIAL) as f64)
        .with("anomalies.lost-transaction", count(LOST) as f64)
        .with("anomalies.applied-abort", count(ABORTED) as f64)
        .with("txn.unresolved", in_doubt as f64)
}

struct Court<'a> {
    case: &'a Case<'a>,
    /// By transaction, then by shard.
    effects: Vec<TransactionEffect>,
    /// Positions in the history, by transaction.
    told: Vec<(u64, usize)>,
}

#[derive(Clone, Copy)]
struct Violation<'a> {
    anomaly: &'static str,
    effects: &'a [TransactionEffect],
    position: Option<usize>,
}

impl<'a> Court<'a> {
    fn new(case: &'a Case<'a>) -> Self {
        let mut effects = case.evidence.transaction_effects.clone();
        effects.sort_by_key(|effect| (effect.transaction, effect.shard));
        let transactions = case.history.transactions.iter().enumerate();
        let mut told: Vec<_> =
            transactions.map(|(position, transaction)| (transaction.id, position)).collect();
        told.sort_unstable();
        Self { case, effects, told }
    }

    fn transactions(&self) -> impl Iterator<Item = &[TransactionEffect]> {
        self.effects.chunk_by(|a, b| a.transaction == b.transaction)
    }

    fn position(&self, transaction: u64) -> Option<usize> {
        let place = self.told.binary_search_by_key(&transaction, |&(id, _)| id).ok()?;
        Some(self.told[place].1)
    }

    fn violations(&self) -> Vec<Violation<'_>> {
        self.transactions().filter_map(|effects| self.violation(effects)).collect()
    }

    fn violation<'b>(&self, effects: &'b [TransactionEffect]) -> Option<Violation<'b>> {
        let position = self.position(effects[0].transaction);
        let outcome = position.map(|position| self.case.history.transactions[position].outcome);
        let any = |effect| effects.iter().any(|entry| entry.effect == effect);
        let anomaly = match (any(Effect::Applied), any(Effect::Discarded), outcome) {
            (true, true, _) => PARTIAL,
            (false, true, Some(Outcome::Ok)) => LOST,
            (true, false, Some(Outcome::Fail)) => ABORTED,
            _ => return None,
        };
        Some(Violation { anomaly, effects, position })
    }

    fn untested(&self, in_doubt: usize) -> Option<String> {
        let unseen =
            self.case.history.transactions.iter().filter(|transaction| self.is_unseen(transaction)).count();
        if self.effects.is_empty() {
            return Some("no transaction left a trace to judge".into());
        }
        if unseen > 0 {
            let unseen = words::counted(unseen as u64, "committed transaction");
            return Some(format!("nothing is known of what became of {unseen}"));
        }
        (in_doubt > 0)
            .then(|| format!("{} in doubt after the drain", words::counted(in_doubt as u64, "transaction")))
    }

    /// Told `ok`, it changed something, and no participant says what became of it.
    fn is_unseen(&self, transaction: &Transaction) -> bool {
        transaction.outcome == Outcome::Ok
            && self.case.history.steps(transaction).iter().any(MicroOperation::writes)
            && self.effects.binary_search_by_key(&transaction.id, |effect| effect.transaction).is_err()
    }

    /// Tells of the first transaction with such an anomaly.
    fn witness(&self, anomaly: &'static str, violations: &[Violation<'_>]) -> Option<Witness> {
        let mut same = violations.iter().filter(|found| found.anomaly == anomaly);
        let count = same.clone().count() as u64;
        let first = same.next()?;
        let transactions = first.position.into_iter().collect();
        Some(Witness { transactions, ..Witness::new(anomaly, count, self.words(first)) })
    }

    fn words(&self, violation: &Violation<'_>) -> String {
        let whose = match violation.position.map(|position| &self.case.history.transactions[position]) {
            Some(&Transaction { process, outcome, completed, .. }) => {
                format!("a transaction of process {process} {}", words::told(outcome, completed))
            }
            None => "a transaction of which no client knows".into(),
        };
        let fates: Vec<String> = violation.effects.iter().map(fate).collect();
        format!("{whose}; it is {}; {}", fates.join(", "), ought(violation.anomaly))
    }
}

fn fate(entry: &TransactionEffect) -> String {
    let fate = match entry.effect {
        Effect::Applied => "applied",
        Effect::Discarded => "not applied",
        Effect::InDoubt => "in doubt",
    };
    format!("{fate} on shard {}", entry.shard)
}

fn ought(anomaly: &str) -> &'static str {
    match anomaly {
        PARTIAL => "it should be on all of them or on none",
        LOST => "it should be on all of them",
        _ => "it should be on none of them",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Evidence, History};
    use Effect::{Applied, Discarded, InDoubt};

    /// Each row is what the client was told, and what became of it on shards 0, 1, …
    fn check(rows: &[(Outcome, &[Effect])], expected: &str) {
        let (mut history, mut evidence) = (History::default(), Evidence::default());
        for (id, &(outcome, effects)) in (1..).zip(rows) {
            let step = MicroOperation::Add { key: 1, delta: 1 };
            history
                .push_transaction(Transaction::new(id, 4, outcome, id * 1_000_000, id * 2_000_000), &[step]);
            let effect = |(shard, &effect)| TransactionEffect { transaction: id, shard, effect };
            evidence.transaction_effects.extend((0..).zip(effects).map(effect));
        }
        assert_eq!(judge(&Case::new(&history, &evidence)).verdict.to_string(), expected);
    }

    #[test]
    fn all_or_nothing_as_the_client_was_told() {
        check(&[(Outcome::Ok, &[Applied, Applied]), (Outcome::Fail, &[Discarded, Discarded])], "pass");
        check(&[(Outcome::Info, &[Applied, Applied]), (Outcome::Info, &[Discarded, Discarded])], "pass");
    }

    #[test]
    fn a_transaction_in_part_breaks_it_whatever_was_told() {
        for (outcome, told) in [
            (Outcome::Ok, "was told ok at 0.002 s"),
            (Outcome::Fail, "was told at 0.002 s that it failed"),
            (Outcome::Info, "was never told the outcome"),
        ] {
            let partial = format!(
                "fail: partial-transaction: a transaction of process 4 {told}; it is applied on shard 0, \
                 not applied on shard 1; it should be on all of them or on none"
            );
            check(&[(outcome, &[Applied, Discarded])], &partial);
        }
    }

    #[test]
    fn an_acknowledged_commit_must_be_there_and_an_abort_must_not() {
        check(
            &[(Outcome::Ok, &[Discarded, InDoubt])],
            "fail: lost-transaction: a transaction of process 4 was told ok at 0.002 s; it is not applied on shard 0, \
             in doubt on shard 1; it should be on all of them",
        );
        check(
            &[(Outcome::Fail, &[Applied])],
            "fail: applied-abort: a transaction of process 4 was told at 0.002 s that it failed; it is applied on \
             shard 0; it should be on none of them",
        );
    }

    #[test]
    fn the_gravest_anomaly_is_told_and_all_are_counted() {
        let rows: [(Outcome, &[Effect]); 3] =
            [(Outcome::Fail, &[Applied]), (Outcome::Ok, &[Discarded]), (Outcome::Ok, &[Discarded, Applied])];
        check(
            &rows,
            "fail: partial-transaction: a transaction of process 4 was told ok at 0.006 s; it is not applied on \
             shard 0, applied on shard 1; it should be on all of them or on none",
        );
    }

    #[test]
    fn doubt_is_not_a_violation_and_not_a_pass() {
        let doubt = "unknown: 1 transaction in doubt after the drain";
        check(&[(Outcome::Ok, &[Applied, InDoubt]), (Outcome::Ok, &[Applied, Applied])], doubt);
    }

    #[test]
    fn without_traces_nothing_is_known() {
        check(&[], "unknown: no transaction left a trace to judge");
        let unseen = "unknown: nothing is known of what became of 1 committed transaction";
        check(&[(Outcome::Ok, &[Applied]), (Outcome::Ok, &[]), (Outcome::Info, &[])], unseen);
    }

    #[test]
    fn a_transaction_no_client_knows_must_be_whole_too() {
        let effect = |(shard, effect)| TransactionEffect { transaction: 9, shard, effect };
        let transaction_effects = [(0, Applied), (1, Discarded)].map(effect).to_vec();
        let evidence = Evidence { transaction_effects, ..Evidence::default() };
        let finding = judge(&Case::new(&History::default(), &evidence));
        assert_eq!((finding.verdict.is_fail(), finding.anomalies), (true, 1));
    }
}
