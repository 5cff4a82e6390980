//! Which rows of a shard a query means.

use super::keys::row_key;
use super::{ColumnId, Inserted, Schema, TableId, Tables};
use crate::shard_map::ShardId;

/// A column's value must be in `low..=high`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bound {
    /// The column.
    pub column: ColumnId,
    /// The least.
    pub low: u64,
    /// The most.
    pub high: u64,
}

/// The rows of a table for which all bounds hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Matching {
    /// The table.
    pub table: TableId,
    /// All of them must hold.
    pub bounds: Vec<Bound>,
    /// Most rows that are wanted; none to count them all.
    pub limit: Option<u32>,
}

/// What was found in one shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The rows, as far as they are wanted, newest first.
    pub rows: Vec<u64>,
    /// How many there are, as far as that was looked.
    pub count: u64,
    /// How many rows were read for it.
    pub examined: u64,
}

impl Matching {
    /// Whether they hold for a row.
    #[must_use]
    pub fn holds(&self, schema: &Schema, row: u64) -> bool {
        self.bounds.iter().all(|bound| (bound.low..=bound.high).contains(&schema.value(bound.column, row)))
    }
}

/// A shard, as far as a query looks into it.
pub(crate) struct Within<'a, Serves> {
    /// Which.
    pub shard: ShardId,
    /// Whether it serves a key; asked where keys have moved, or else the shard has what it had at the beginning.
    pub serves: Option<Serves>,
    /// Rows that were inserted.
    pub inserted: Option<&'a Inserted>,
}

impl Tables {
    /// The matching rows that a shard serves.
    pub(crate) fn find<Serves: Fn(u64) -> bool>(
        &self,
        within: &Within<'_, Serves>,
        matching: &Matching,
    ) -> Found {
        let driver = self.driver(matching);
        let mut search = Search { tables: self, within, matching, found: Found::default() };
        let inserted = within.inserted.into_iter();
        match driver {
            Some((index, bound)) => {
                let loaded = self.indices[index].rows(bound.low, bound.high);
                let newest_first = loaded.iter().rev().map(|&row| u64::from(row));
                let inserted = inserted.flat_map(|rows| rows.of(index, bound.low, bound.high));
                search.look(inserted, newest_first);
            }
            None if matching.limit.is_none() && matching.bounds.is_empty() && within.serves.is_none() => {
                search.found.count = self.served_at_first(within.shard, matching.table);
                search.found.examined = search.found.count;
                search.look(inserted.flat_map(|rows| rows.all(matching.table)), std::iter::empty());
            }
            None => {
                let loaded = (0..self.schema.rows(matching.table)).rev();
                search.look(inserted.flat_map(|rows| rows.all(matching.table)), loaded);
            }
        }
        search.found
    }

    /// The bound that leaves fewest loaded rows to look at.
    fn driver(&self, matching: &Matching) -> Option<(usize, Bound)> {
        let indexed = |bound: &Bound| Some((self.index_of(bound.column)?, *bound));
        let rows = |&(index, bound): &(usize, Bound)| self.indices[index].rows(bound.low, bound.high).len();
        matching.bounds.iter().filter_map(indexed).min_by_key(rows)
    }

    /// How many loaded rows of a table a shard has at the beginning.
    fn served_at_first(&self, shard: ShardId, table: TableId) -> u64 {
        if self.schema.is_everywhere(table) {
            return self.schema.rows(table);
        }
        self.counts[table.index()].get(shard.index()).copied().unwrap_or(0)
    }

    /// The loaded rows that match, in all shards together.
    pub(crate) fn loaded<'a>(&'a self, matching: &'a Matching) -> Box<dyn Iterator<Item = u64> + 'a> {
        let holds = |row: &u64| matching.holds(&self.schema, *row);
        match self.driver(matching) {
            Some((index, bound)) => {
                let rows = self.indices[index].rows(bound.low, bound.high).iter().map(|&row| u64::from(row));
                Box::new(rows.filter(holds))
            }
            None => Box::new((0..self.schema.rows(matching.table)).filter(holds)),
        }
    }

    /// How many loaded rows match, in all shards together.
    #[must_use]
    pub fn count_loaded(&self, matching: &Matching) -> u64 {
        match (self.driver(matching), &matching.bounds[..]) {
            (_, []) => self.schema.rows(matching.table),
            (Some((index, bound)), [_]) => self.indices[index].rows(bound.low, bound.high).len() as u64,
            (Some((index, bound)), _) => {
                let rows = self.indices[index].rows(bound.low, bound.high).iter();
                rows.filter(|&&row| matching.holds(&self.schema, row.into())).count() as u64
            }
            (None, _) => (0..self.schema.rows(matching.table))
                .filter(|&row| matching.holds(&self.schema, row))
                .count() as u64,
        }
    }
}

struct Search<'a, Serves> {
    tables: &'a Tables,
    within: &'a Within<'a, Serves>,
    matching: &'a Matching,
    found: Found,
}

impl<Serves: Fn(u64) -> bool> Search<'_, Serves> {
    fn look(&mut self, inserted: impl Iterator<Item = u64>, loaded: impl Iterator<Item = u64>) {
        for row in inserted {
            if self.is_done() {
                return;
            }
            let serves = self.within.serves.as_ref();
            let is_here = serves.is_none_or(|serves| serves(row_key(self.matching.table, row)));
            self.take(row, is_here);
        }
        for row in loaded {
            if self.is_done() {
                return;
            }
            let is_here = self.has_loaded(row);
            self.take(row, is_here);
        }
    }

    fn is_done(&self) -> bool {
        self.matching.limit.is_some_and(|limit| self.found.count >= u64::from(limit))
    }

    /// Rows of other shards are not in this shard's index, and cost it nothing.
    fn take(&mut self, row: u64, is_here: bool) {
        if !is_here {
            return;
        }
        self.found.examined += 1;
        if self.matching.holds(&self.tables.schema, row) {
            self.found.count += 1;
            if self.matching.limit.is_some() {
                self.found.rows.push(row);
            }
        }
    }

    fn has_loaded(&self, row: u64) -> bool {
        let table = self.matching.table;
        let at_first = || self.tables.placed[table.index()][row as usize] == self.within.shard.0;
        self.tables.schema.is_everywhere(table)
            || self.within.serves.as_ref().map_or_else(at_first, |serves| serves(row_key(table, row)))
    }
}
