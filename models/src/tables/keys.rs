//! What a key of a row says: which table, which row, and which of several places it is kept in.
//!
//! ```text
//!  61   60 … 48        47          46 … 40        39 … 0
//!   0   copy's shard   far part    table          row
//!
//!  61   60 … 55   54 … 48        47 … 0
//!   1   column    table          a value; no column for the one that its rows are sharded by
//! ```
//! Keys from 2⁶² on are the probes'. A table's ordinary rows have zeros above the table, so that a single table's keys
//! are its row numbers.

use crate::shard_map::ShardId;
use crate::tables::{ColumnId, TableId};

const ROW_BITS: u32 = 40;
const TABLE_BITS: u32 = 7;
const FAR_BIT: u32 = ROW_BITS + TABLE_BITS;
const COPY_SHIFT: u32 = FAR_BIT + 1;
const VALUE_BIT: u32 = 61;
const VALUE_TABLE_SHIFT: u32 = 48;
const NAMED_COLUMN_SHIFT: u32 = VALUE_TABLE_SHIFT + TABLE_BITS;
const MOST_NAMED_COLUMNS: u64 = (1 << (VALUE_BIT - NAMED_COLUMN_SHIFT)) - 1;

/// Rows of a table.
pub const MOST_ROWS: u64 = 1 << ROW_BITS;
/// Tables of a schema; the last number is that of summaries.
pub const MOST_TABLES: usize = (1 << TABLE_BITS) - 1;
const SUMMARIES: TableId = TableId(MOST_TABLES as u8);
/// Shards that may hold a copy of a reference table.
pub const MOST_COPIES: u32 = (1 << (VALUE_BIT - COPY_SHIFT)) - 1;
/// Values of a column that rows are sharded by are below this.
pub const MOST_VALUES: u64 = 1 << VALUE_TABLE_SHIFT;

/// What a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Address {
    /// A row, where its table's sharding puts it.
    Row {
        /// Its table.
        table: TableId,
        /// Its number, from zero.
        row: u64,
        /// Whether it is the part of the row that is kept apart.
        far: bool,
    },
    /// The copy of a reference table's row in one shard.
    Copy {
        /// Its table.
        table: TableId,
        /// Its number, from zero.
        row: u64,
        /// The shard.
        shard: ShardId,
    },
    /// Any row of a table that has this value in the column that it is sharded by.
    Value {
        /// The table.
        table: TableId,
        /// The value.
        value: u64,
    },
    /// Rows of a table that have this value in another column: no place, but a name for what is asked for.
    Named {
        /// The column.
        column: ColumnId,
        /// The value.
        value: u64,
    },
    /// No row at all.
    Other,
}

/// The key of a row.
#[must_use]
pub const fn row_key(table: TableId, row: u64) -> u64 {
    (table.0 as u64) << ROW_BITS | row
}

/// The key of the part of a row that is kept apart.
#[must_use]
pub const fn far_key(table: TableId, row: u64) -> u64 {
    row_key(table, row) | 1 << FAR_BIT
}

/// The key of a reference table's row in one shard.
#[must_use]
pub const fn copy_key(table: TableId, row: u64, shard: ShardId) -> u64 {
    row_key(table, row) | (shard.0 as u64 + 1) << COPY_SHIFT
}

/// A key that lives where all rows of a table live that have this value in the column that they are sharded by.
#[must_use]
pub const fn value_key(table: TableId, value: u64) -> u64 {
    1 << VALUE_BIT | (table.0 as u64) << VALUE_TABLE_SHIFT | value
}

/// What rows with a value in a column are called that they are not sharded by; `None` where numbers are too large.
#[must_use]
pub fn named_key(column: ColumnId, value: u64) -> Option<u64> {
    let number = u64::from(column.column) + 1;
    (number <= MOST_NAMED_COLUMNS && value < MOST_VALUES)
        .then(|| value_key(column.table, value) | number << NAMED_COLUMN_SHIFT)
}

/// The key of a query's summary: a row of its own, which lives where its number leads.
#[must_use]
pub const fn summary_key(statement: u16) -> u64 {
    value_key(SUMMARIES, statement as u64)
}

/// What a key stands for.
#[must_use]
#[inline]
pub const fn address(key: u64) -> Address {
    if key >> (VALUE_BIT + 1) != 0 {
        return Address::Other;
    }
    if key >> VALUE_BIT != 0 {
        let table = TableId((key >> VALUE_TABLE_SHIFT) as u8 & MOST_TABLES as u8);
        let value = key & (MOST_VALUES - 1);
        return match key >> NAMED_COLUMN_SHIFT & MOST_NAMED_COLUMNS {
            0 => Address::Value { table, value },
            number => Address::Named { column: ColumnId { table, column: number as u8 - 1 }, value },
        };
    }
    let row = key & (MOST_ROWS - 1);
    let table = TableId((key >> ROW_BITS) as u8 & MOST_TABLES as u8);
    match key >> COPY_SHIFT {
        0 => Address::Row { table, row, far: key >> FAR_BIT & 1 != 0 },
        copy => Address::Copy { table, row, shard: ShardId(copy as u32 - 1) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_what_it_was_made_of() {
        let (table, row, shard) = (TableId(127), MOST_ROWS - 1, ShardId(MOST_COPIES - 1));
        assert_eq!(address(row_key(table, row)), Address::Row { table, row, far: false });
        assert_eq!(address(far_key(table, row)), Address::Row { table, row, far: true });
        assert_eq!(address(copy_key(table, row, shard)), Address::Copy { table, row, shard });
        assert_eq!(
            address(copy_key(TableId(0), 0, ShardId(0))),
            Address::Copy { table: TableId(0), row: 0, shard: ShardId(0) }
        );
        let value = MOST_VALUES - 1;
        assert_eq!(address(value_key(table, value)), Address::Value { table, value });
        let column = ColumnId { table, column: 5 };
        let named = named_key(column, value).expect("it is small enough");
        assert_eq!(address(named), Address::Named { column, value });
        assert_eq!(named_key(column, MOST_VALUES), None);
        assert_eq!(named_key(ColumnId { table, column: u8::MAX }, 0), None);
        assert_eq!(address(crate::sharding::PROBE_KEYS), Address::Other);
        assert_eq!(row_key(TableId(0), 77), 77);
    }
}
