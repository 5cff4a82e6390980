//! Rows by key, each with the id of its last write and the count of its writes.

use std::collections::BTreeMap;

use hashbrown::HashTable;

use crate::hash::mix;

/// What is known of one key. A key that was never written has the default row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Row {
    /// The id of the write that left it; zero is the initial value.
    pub value: u64,
    /// What transactions have added to the opening balance.
    pub balance: i64,
    /// How many writes it has taken.
    pub version: u32,
    /// Size of the value on the wire.
    pub value_bytes: u32,
}

impl Row {
    /// Tells rows apart.
    #[must_use]
    pub const fn digest(&self) -> u64 {
        mix(self.value ^ mix(self.balance.cast_unsigned()) ^ (self.version as u64) << 32)
    }
}

/// Rows that were written, by key.
///
/// A table that stores them inline: a read in a large shard costs a cache miss or two, and they are most of its cost.
/// Its order is that of the hashes and the memory; only sums over all rows go through it.
#[derive(Clone, Debug, Default)]
pub struct Versioned {
    rows: HashTable<(u64, Row)>,
    lists: BTreeMap<u64, Vec<u64>>,
}

impl Versioned {
    /// The row of `key`, as far as it was written.
    #[must_use]
    pub fn row(&self, key: u64) -> Option<&Row> {
        self.rows.find(hash(key), |(other, _)| *other == key).map(|(_, row)| row)
    }

    fn row_mut(&mut self, key: u64) -> &mut Row {
        let entry = self.rows.entry(hash(key), |(other, _)| *other == key, |(other, _)| hash(*other));
        &mut entry.or_insert_with(|| (key, Row::default())).into_mut().1
    }

    /// Overwrites the value of `key`.
    pub fn write(&mut self, key: u64, value: u64, value_bytes: u32) {
        let row = self.row_mut(key);
        row.value = value;
        row.value_bytes = value_bytes;
        row.version += 1;
    }

    /// Adds to the balance of `key`.
    pub fn add(&mut self, key: u64, delta: i64) {
        let row = self.row_mut(key);
        row.balance += delta;
        row.version += 1;
    }

    /// Appends to the list of `key`.
    pub fn append(&mut self, key: u64, element: u64) {
        self.lists.entry(key).or_default().push(element);
        self.row_mut(key).version += 1;
    }

    /// What was appended to the list of `key`, in order.
    #[must_use]
    pub fn list(&self, key: u64) -> &[u64] {
        self.lists.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Takes a row from elsewhere, unless the one that is here is as new.
    pub fn import(&mut self, key: u64, incoming: Row) {
        let row = self.row_mut(key);
        if incoming.version > row.version {
            *row = incoming;
        }
    }

    /// Takes a row from elsewhere, whatever is here.
    pub fn replace(&mut self, key: u64, row: Row) {
        *self.row_mut(key) = row;
    }

    /// Forgets all rows but those of keys that `keep` names.
    pub fn retain(&mut self, keep: impl Fn(u64) -> bool) {
        self.rows.retain(|(key, _)| keep(*key));
    }

    /// The keys that were written and that `wanted` names, ascending.
    #[must_use]
    pub fn keys(&self, wanted: impl Fn(u64) -> bool) -> Vec<u64> {
        let mut keys: Vec<u64> = self.rows.iter().map(|(key, _)| *key).filter(|&key| wanted(key)).collect();
        keys.sort_unstable();
        keys
    }

    /// What transactions have added to the opening balance of `key`.
    #[must_use]
    pub fn balance(&self, key: u64) -> i64 {
        self.row(key).map_or(0, |row| row.balance)
    }

    /// Sum of all balance changes.
    #[must_use]
    pub fn total_balance(&self) -> i128 {
        self.balance_of(|_| true)
    }

    /// Sum of the balance changes of the keys that `counts` names.
    #[must_use]
    pub fn balance_of(&self, counts: impl Fn(u64) -> bool) -> i128 {
        self.rows.iter().filter(|(key, _)| counts(*key)).map(|(_, row)| i128::from(row.balance)).sum()
    }

    /// How many keys were written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A digest of the rows that does not depend on the order in which their keys were first written.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let rows = self.rows.iter().fold(0, |sum: u64, (key, row)| sum.wrapping_add(mix(key ^ row.digest())));
        let of_list = |sum: u64, element: &u64| mix(sum ^ element);
        self.lists.iter().fold(rows, |sum, (&key, list)| sum ^ list.iter().fold(mix(key), of_list))
    }
}

/// The table looks at the top bits first, in which the keys of an arc of a ring are all alike: they change places.
const fn hash(key: u64) -> u64 {
    mix(key).rotate_left(32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(writes: &[(u64, u64)]) -> Versioned {
        let mut store = Versioned::default();
        writes.iter().for_each(|&(key, value)| store.write(key, value, 100));
        store
    }

    #[test]
    fn the_digest_follows_the_content_and_not_the_order_of_keys() {
        assert_eq!(store(&[(1, 10), (2, 20)]).digest(), store(&[(2, 20), (1, 10)]).digest());
        assert_ne!(store(&[(1, 10), (1, 11)]).digest(), store(&[(1, 11), (1, 10)]).digest());
        assert_ne!(store(&[(1, 10)]).digest(), store(&[(2, 10)]).digest());
    }

    #[test]
    fn the_digest_follows_the_order_within_a_list_and_not_that_of_lists() {
        let lists = |appends: &[(u64, u64)]| {
            let mut store = Versioned::default();
            appends.iter().for_each(|&(key, element)| store.append(key, element));
            store.digest()
        };
        assert_eq!(lists(&[(1, 10), (2, 20)]), lists(&[(2, 20), (1, 10)]));
        assert_ne!(lists(&[(1, 10), (1, 11)]), lists(&[(1, 11), (1, 10)]));
    }

    #[test]
    fn balances_add_up() {
        let mut store = Versioned::default();
        store.add(1, -30);
        store.add(2, 30);
        assert_eq!((store.balance(1), store.balance(2), store.balance(3)), (-30, 30, 0));
        assert_eq!(store.total_balance(), 0);
    }
}
