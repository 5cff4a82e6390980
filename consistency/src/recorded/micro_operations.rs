//! Transactions of the simulator's own histories, as any other recorder would have written them down.

use super::ranking::{Span, ranks};
use super::{Rank, RecordedTransaction, Step, TransactionHistory, ValueId, Versions};
use crate::{History, INITIAL_VALUE, MicroOperation, Transaction};

impl TransactionHistory {
    /// The transactions of a history that touch lists, or those that touch registers.
    ///
    /// Values keep their numbers as names; what a client was never told has no read step.
    pub fn of(history: &History, versions: Versions) -> Self {
        let belongs = |transaction: &&Transaction| {
            let mut steps = history.steps(transaction).iter();
            steps.any(|step| content(step) == Some(versions))
        };
        let mut chosen: Vec<&Transaction> = history.transactions.iter().filter(belongs).collect();
        chosen.sort_by_key(|transaction| (transaction.invoked, transaction.process));
        let spans: Vec<Span> = chosen.iter().map(|transaction| Span::of(transaction)).collect();
        let mut recorded = Self { versions, ..Self::default() };
        for (transaction, (invoked, completed)) in chosen.iter().zip(ranks(&spans)) {
            recorded.take(history, transaction, invoked, completed);
        }
        recorded.transactions.sort_by_key(|transaction| transaction.invoked);
        recorded
    }

    fn take(&mut self, history: &History, transaction: &Transaction, invoked: Rank, completed: Rank) {
        let steps: Vec<Step> =
            history.steps(transaction).iter().filter_map(|step| self.step(history, step)).collect();
        let &Transaction { process, outcome, .. } = transaction;
        let recorded =
            RecordedTransaction { process, outcome, invoked, completed, first: 0, count: 0, line: 0 };
        self.push(recorded, &steps);
    }

    fn step(&mut self, history: &History, step: &MicroOperation) -> Option<Step> {
        let key = self.keys.unsigned(step.key());
        Some(match *step {
            MicroOperation::ReadRegister { value, .. } => Step::Read { key, value: self.value(value) },
            MicroOperation::Write { value, .. } => Step::Write { key, value: self.value(value) },
            MicroOperation::Append { value, .. } => Step::Append { key, value: self.value(value) },
            MicroOperation::ReadList { start, length, .. } => {
                let list: Vec<ValueId> =
                    history.list(start, length).iter().map(|&element| self.value(element)).collect();
                Step::ReadList { key, elements: self.push_list(list) }
            }
            MicroOperation::Read { .. } | MicroOperation::Add { .. } => return None,
        })
    }

    fn value(&mut self, value: u64) -> ValueId {
        if value == INITIAL_VALUE { ValueId::NIL } else { ValueId(self.values.unsigned(value)) }
    }
}

fn content(step: &MicroOperation) -> Option<Versions> {
    match step {
        MicroOperation::ReadList { .. } | MicroOperation::Append { .. } => Some(Versions::Lists),
        MicroOperation::ReadRegister { .. } | MicroOperation::Write { .. } => Some(Versions::Registers),
        MicroOperation::Read { .. } | MicroOperation::Add { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    #[test]
    fn lists_and_registers_are_told_apart() {
        let mut history = History::default();
        let transaction = |id| Transaction::new(id, 0, Outcome::Ok, id, id + 1);
        let read = MicroOperation::ReadList { key: 7, start: 0, length: 2 };
        history.push_transaction(transaction(1), &[MicroOperation::Write { key: 1, value: 5 }]);
        history.push_transaction_with_lists(transaction(3), &[read], &[8, 9]);
        let lists = TransactionHistory::of(&history, Versions::Lists);
        let [Step::ReadList { elements, .. }] = lists.steps[..] else { panic!("{:?}", lists.steps) };
        let names: Vec<String> =
            lists.list(elements).iter().map(|&value| lists.values.value(value)).collect();
        assert_eq!((names, lists.keys.name(0)), (vec!["8".into(), "9".into()], "7".into()));
        let registers = TransactionHistory::of(&history, Versions::Registers);
        assert_eq!(registers.steps, [Step::Write { key: 0, value: ValueId(0) }]);
    }
}
