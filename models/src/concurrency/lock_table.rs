//! Locks by key: shared by many or held by one.

use std::collections::BTreeMap;

use super::Age;

/// How a key is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// For reading, together with others.
    Shared,
    /// For writing, alone.
    Exclusive,
}

#[derive(Clone, Debug)]
struct Lock {
    mode: Mode,
    holders: Vec<Age>,
}

/// Which transaction holds which key. Only locked keys are stored.
#[derive(Clone, Debug, Default)]
pub struct LockTable {
    locks: BTreeMap<u64, Lock>,
}

impl LockTable {
    /// Adds to `into` the holders that stand in the way of `mine` locking `key` in `mode`.
    pub fn conflicts(&self, key: u64, mode: Mode, mine: Age, into: &mut Vec<Age>) {
        let Some(lock) = self.locks.get(&key) else { return };
        if lock.mode == Mode::Exclusive || mode == Mode::Exclusive {
            into.extend(lock.holders.iter().filter(|holder| holder.transaction != mine.transaction));
        }
    }

    /// Gives `key` to `mine`; what it holds already becomes exclusive if either asks for it.
    pub fn lock(&mut self, key: u64, mode: Mode, mine: Age) {
        let lock = self.locks.entry(key).or_insert(Lock { mode, holders: Vec::new() });
        if !lock.holders.contains(&mine) {
            lock.holders.push(mine);
        }
        if mode == Mode::Exclusive {
            lock.mode = Mode::Exclusive;
        }
        assert!(lock.mode == Mode::Shared || lock.holders.len() == 1, "an exclusive lock has one holder");
    }

    /// Takes `key` from `mine`.
    pub fn unlock(&mut self, key: u64, mine: Age) {
        let Some(lock) = self.locks.get_mut(&key) else { return };
        lock.holders.retain(|&holder| holder != mine);
        if lock.holders.is_empty() {
            self.locks.remove(&key);
        }
    }

    /// Whether someone may be about to change `key`.
    #[must_use]
    pub fn is_write_locked(&self, key: u64) -> bool {
        self.locks.get(&key).is_some_and(|lock| lock.mode == Mode::Exclusive)
    }

    /// Whether someone reads or may change `key`.
    #[must_use]
    pub fn is_locked(&self, key: u64) -> bool {
        self.locks.contains_key(&key)
    }

    /// Every lock: the key, and who holds it.
    pub fn holders(&self) -> impl Iterator<Item = (u64, Age)> {
        self.locks.iter().flat_map(|(&key, lock)| lock.holders.iter().map(move |&holder| (key, holder)))
    }

    /// How many keys are locked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.locks.len()
    }

    /// Whether nothing is locked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.locks.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::TransactionId;

    fn age(began: u64) -> Age {
        Age { began, transaction: TransactionId(began) }
    }

    fn conflicts(table: &LockTable, mode: Mode, mine: Age) -> Vec<Age> {
        let mut found = Vec::new();
        table.conflicts(7, mode, mine, &mut found);
        found
    }

    #[test]
    fn readers_share_and_a_writer_does_not() {
        let mut table = LockTable::default();
        table.lock(7, Mode::Shared, age(1));
        table.lock(7, Mode::Shared, age(2));
        assert_eq!(conflicts(&table, Mode::Shared, age(3)), []);
        assert_eq!(conflicts(&table, Mode::Exclusive, age(3)), [age(1), age(2)]);
        table.unlock(7, age(1));
        assert_eq!(conflicts(&table, Mode::Exclusive, age(2)), [], "its own lock is no conflict");
        table.lock(7, Mode::Exclusive, age(2));
        assert!(table.is_write_locked(7));
        table.unlock(7, age(2));
        assert!(table.is_empty());
    }

    #[test]
    #[should_panic(expected = "an exclusive lock has one holder")]
    fn a_lock_granted_against_a_holder_is_our_own_fault() {
        let mut table = LockTable::default();
        table.lock(7, Mode::Shared, age(1));
        table.lock(7, Mode::Exclusive, age(2));
    }
}
