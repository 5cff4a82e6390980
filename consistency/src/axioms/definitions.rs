//! The models by their definitions, tried the slow way: every choice of the transactions of unknown outcome that
//! committed, every order of commits.

use super::levels::Level;
use crate::Outcome;
use crate::recorded::{Step, TransactionHistory, ValueId};

/// Whether a history with unique writes is one of a model's.
pub(super) fn allows(level: Level, history: &TransactionHistory) -> bool {
    let infos: Vec<usize> = of_outcome(history, Outcome::Info);
    (0..1u32 << infos.len()).any(|choice| {
        let mut committed = of_outcome(history, Outcome::Ok);
        committed.extend((0..infos.len()).filter(|bit| choice & 1 << bit != 0).map(|bit| infos[bit]));
        Definition::new(level, history, committed).is_some_and(|definition| definition.any_order())
    })
}

fn of_outcome(history: &TransactionHistory, outcome: Outcome) -> Vec<usize> {
    (0..history.transactions.len()).filter(|&place| history.transactions[place].outcome == outcome).collect()
}

/// A read of `reader`'s, its step number, its key, and the writer unless that is the initial version.
struct Seen {
    reader: usize,
    step: usize,
    key: u32,
    source: Option<usize>,
}

struct Definition<'a> {
    level: Level,
    history: &'a TransactionHistory,
    committed: Vec<usize>,
    reads: Vec<Seen>,
    /// The causal past: of each pair of places, whether the first is in the second's.
    past: Vec<Vec<bool>>,
}

impl<'a> Definition<'a> {
    /// Nothing where a single read is wrong already.
    fn new(level: Level, history: &'a TransactionHistory, committed: Vec<usize>) -> Option<Self> {
        let mut definition = Self { level, history, committed, reads: Vec::new(), past: Vec::new() };
        for reader in of_outcome(history, Outcome::Ok) {
            definition.enter_reads(reader)?;
        }
        definition.past = definition.causal_past();
        let repeatable = level < Level::ReadAtomic || definition.is_repeatable();
        repeatable.then_some(definition)
    }

    fn steps(&self, place: usize) -> &'a [Step] {
        self.history.steps(&self.history.transactions[place])
    }

    fn last_write(&self, place: usize, key: u32, before: usize) -> Option<ValueId> {
        let steps = self.steps(place)[..before].iter().filter(|step| step.key() == key);
        steps.filter_map(Step::written).next_back()
    }

    fn enter_reads(&mut self, reader: usize) -> Option<()> {
        for (step, action) in self.steps(reader).iter().enumerate() {
            let (key, source) = match *action {
                Step::Read { key, value } => match self.last_write(reader, key, step) {
                    Some(own) if own == value => continue,
                    Some(_) => return None,
                    None => (key, self.source(reader, key, value)?),
                },
                Step::ReadList { key, elements } => {
                    let base = self.base(reader, step, key, self.history.list(elements))?;
                    match base.last() {
                        Some(&value) => (key, Some(self.source(reader, key, value)??)),
                        None => (key, None),
                    }
                }
                _ => continue,
            };
            self.reads.push(Seen { reader, step, key, source });
        }
        Some(())
    }

    fn base<'b>(&self, reader: usize, before: usize, key: u32, list: &'b [ValueId]) -> Option<&'b [ValueId]> {
        let own = self.steps(reader)[..before].iter().filter(|step| step.key() == key);
        let own: Vec<ValueId> = own.filter_map(Step::written).collect();
        list.strip_suffix(own.as_slice())
    }

    /// The writer of a value; nothing inside where nobody wrote it, nothing at all where it must not be read.
    fn source(&self, reader: usize, key: u32, value: ValueId) -> Option<Option<usize>> {
        let writes = |place: &usize| {
            self.steps(*place).iter().any(|step| step.key() == key && step.written() == Some(value))
        };
        let Some(writer) = (0..self.history.transactions.len()).find(writes) else { return Some(None) };
        let last = self.last_write(writer, key, self.steps(writer).len()) == Some(value);
        (writer != reader && last && self.committed.contains(&writer)).then_some(Some(writer))
    }

    fn is_repeatable(&self) -> bool {
        let mut seen = Vec::new();
        for &reader in &of_outcome(self.history, Outcome::Ok) {
            for (step, action) in self.steps(reader).iter().enumerate() {
                let (key, value) = match *action {
                    Step::Read { key, value } if self.last_write(reader, key, step).is_none() => {
                        (key, vec![value])
                    }
                    Step::ReadList { key, elements } => {
                        let base = self.base(reader, step, key, self.history.list(elements));
                        (key, base.expect("it was looked at before").to_vec())
                    }
                    _ => continue,
                };
                seen.push((reader, key, value));
            }
        }
        seen.iter()
            .all(|one| seen.iter().all(|other| (one.0, one.1) != (other.0, other.1) || one.2 == other.2))
    }

    fn in_session(&self, before: usize, after: usize) -> bool {
        let (one, other) = (&self.history.transactions[before], &self.history.transactions[after]);
        before < after && one.process == other.process && one.outcome == Outcome::Ok
    }

    fn read_from(&self, before: usize, after: usize) -> bool {
        self.reads.iter().any(|read| read.reader == after && read.source == Some(before))
    }

    fn causal_past(&self) -> Vec<Vec<bool>> {
        let places = self.history.transactions.len();
        let mut past = vec![vec![false; places]; places];
        for &one in &self.committed {
            for &other in &self.committed {
                past[one][other] = self.in_session(one, other) || self.read_from(one, other);
            }
        }
        for via in 0..places {
            for one in 0..places {
                for other in 0..places {
                    past[one][other] |= past[one][via] && past[via][other];
                }
            }
        }
        past
    }

    fn any_order(&self) -> bool {
        let mut rest = self.committed.clone();
        self.extend(&mut Vec::new(), &mut rest)
    }

    fn extend(&self, order: &mut Vec<usize>, rest: &mut Vec<usize>) -> bool {
        if rest.is_empty() {
            return self.is_right(order);
        }
        for next in 0..rest.len() {
            let place = rest.swap_remove(next);
            order.push(place);
            if self.extend(order, rest) {
                return true;
            }
            order.pop();
            rest.push(place);
            let last = rest.len() - 1;
            rest.swap(next, last);
        }
        false
    }

    fn is_right(&self, order: &[usize]) -> bool {
        let rank = |place: usize| order.iter().position(|&other| other == place).expect("it committed");
        let sessions = !matches!(self.level, Level::ReadCommitted | Level::MonotonicView);
        let kept = |one: usize, other: usize| {
            let known = self.read_from(one, other) || sessions && self.in_session(one, other);
            !known || rank(one) < rank(other)
        };
        order.iter().all(|&one| order.iter().all(|&other| kept(one, other)))
            && self.reads.iter().all(|read| self.is_newest(read, order, &rank))
            && self.lists_grow(order)
    }

    /// No writer of the key that is visible to a read committed after the one it saw.
    fn is_newest(&self, read: &Seen, order: &[usize], rank: &impl Fn(usize) -> usize) -> bool {
        order.iter().all(|&other| {
            let writes =
                self.steps(other).iter().any(|step| step.key() == read.key && step.written().is_some());
            let matters =
                writes && Some(other) != read.source && other != read.reader && self.is_visible(other, read);
            !matters || read.source.is_some_and(|source| rank(other) < rank(source))
        })
    }

    fn is_visible(&self, other: usize, read: &Seen) -> bool {
        let earlier = |before: &Seen| {
            before.reader == read.reader && before.source == Some(other) && before.step < read.step
        };
        match self.level {
            Level::ReadCommitted | Level::SessionReadCommitted => false,
            Level::MonotonicView => self.reads.iter().any(earlier),
            Level::ReadAtomic => self.read_from(other, read.reader) || self.in_session(other, read.reader),
            Level::Causal => self.past[other][read.reader],
        }
    }

    /// A list is what was appended to it in the order of commits, and every read shows the beginning of that.
    fn lists_grow(&self, order: &[usize]) -> bool {
        let appended = |key: u32| -> Vec<ValueId> {
            let steps = order.iter().flat_map(|&place| self.steps(place));
            steps.filter(|step| step.key() == key).filter_map(Step::written).collect()
        };
        self.reads.iter().all(|read| match self.steps(read.reader)[read.step] {
            Step::ReadList { key, elements } => {
                let base = self.base(read.reader, read.step, key, self.history.list(elements));
                appended(key).starts_with(base.expect("it was looked at before"))
            }
            _ => true,
        })
    }
}
