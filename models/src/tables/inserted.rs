//! The rows of one shard that were inserted, by the values of the columns that queries go by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::keys::{Address, address};
use super::{TableId, Tables};

/// Rows beyond those that were loaded. A part of the shard's state: it follows from the rows that were written.
#[derive(Clone, Debug)]
pub struct Inserted {
    tables: Arc<Tables>,
    by_table: Vec<BTreeSet<u64>>,
    /// In the order of the indices of loaded rows: by value, the rows.
    by_value: Vec<BTreeMap<u64, BTreeSet<u64>>>,
}

impl Inserted {
    /// None yet.
    #[must_use]
    pub fn new(tables: Arc<Tables>) -> Self {
        let by_table = vec![BTreeSet::new(); tables.schema.tables().len()];
        let by_value = vec![BTreeMap::new(); tables.indices.len()];
        Self { tables, by_table, by_value }
    }

    /// A row was written; nothing changes if it was known.
    pub fn note(&mut self, key: u64) {
        let (Address::Row { table, row, far: false } | Address::Copy { table, row, .. }) = address(key)
        else {
            return;
        };
        let schema = &self.tables.schema;
        if table.index() >= self.by_table.len()
            || row < schema.rows(table)
            || !self.by_table[table.index()].insert(row)
        {
            return;
        }
        for (index, by_value) in self.tables.indices.iter().zip(&mut self.by_value) {
            if index.column.table == table {
                by_value.entry(schema.value(index.column, row)).or_default().insert(row);
            }
        }
    }

    /// How many there are, of all tables.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.by_table.iter().map(|rows| rows.len() as u64).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        *self = Self::new(Arc::clone(&self.tables));
    }

    /// Forgets all rows but those of keys that `keep` names.
    pub fn retain(&mut self, keep: impl Fn(u64) -> bool) {
        let mut kept = Self::new(Arc::clone(&self.tables));
        for (table, rows) in self.tables.schema.tables().zip(&self.by_table) {
            let keys = rows.iter().map(|&row| super::keys::row_key(table, row));
            keys.filter(|&key| keep(key)).for_each(|key| kept.note(key));
        }
        *self = kept;
    }

    /// All rows of a table, the newest first.
    pub fn all(&self, table: TableId) -> impl Iterator<Item = u64> + '_ {
        self.by_table[table.index()].iter().rev().copied()
    }

    /// Those whose value is in `low..=high`, by the index of that number, value by value downwards.
    pub fn of(&self, index: usize, low: u64, high: u64) -> impl Iterator<Item = u64> + '_ {
        self.by_value[index].range(low..=high).rev().flat_map(|(_, rows)| rows.iter().rev().copied())
    }
}
