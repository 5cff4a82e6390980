//! Which loaded rows have which value: an index of each column that a query goes by, made once for a world.

use super::{ColumnId, Schema};

/// The loaded rows of a table in the order of one of its columns, those of one value by row.
#[derive(Clone, Debug)]
pub struct ColumnIndex {
    /// Which column.
    pub column: ColumnId,
    /// The values that occur, ascending.
    values: Vec<u64>,
    /// Where in `rows` each value's begin; one more, for the end.
    starts: Vec<u32>,
    rows: Vec<u32>,
}

impl ColumnIndex {
    /// Of one column.
    #[must_use]
    pub fn new(schema: &Schema, column: ColumnId) -> Self {
        let mut pairs: Vec<(u64, u32)> = (0..schema.rows(column.table))
            .map(|row| {
                (schema.value(column, row), u32::try_from(row).expect("checked tables have fewer rows"))
            })
            .collect();
        pairs.sort_unstable();
        let (mut values, mut starts) = (Vec::new(), Vec::new());
        for (place, &(value, _)) in (0..).zip(&pairs) {
            if values.last() != Some(&value) {
                values.push(value);
                starts.push(place);
            }
        }
        starts.push(pairs.len() as u32);
        Self { column, values, starts, rows: pairs.into_iter().map(|(_, row)| row).collect() }
    }

    /// The rows whose value is in `low..=high`, by value and then by row.
    #[must_use]
    pub fn rows(&self, low: u64, high: u64) -> &[u32] {
        let first = self.values.partition_point(|&value| value < low);
        let end = self.values.partition_point(|&value| value <= high);
        if first >= end { &[] } else { &self.rows[self.starts[first] as usize..self.starts[end] as usize] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::sample;

    #[test]
    fn it_finds_what_a_look_at_every_row_finds() {
        let schema = Schema::new(&sample(), None, 5);
        let orders = schema.table("orders").expect("it is there");
        for (name, low, high) in [
            ("customer_id", 3, 3),
            ("order_date", 4, 9),
            ("region", 1, 1),
            ("order_date", 29, 500),
            ("product_id", 90, 95),
        ] {
            let column = schema.column(orders, name).expect("it is there");
            let mut found = ColumnIndex::new(&schema, column).rows(low, high).to_vec();
            found.sort_unstable();
            let looked: Vec<u32> =
                (0..600).filter(|&row| (low..=high).contains(&schema.value(column, row.into()))).collect();
            assert_eq!(found, looked, "{name} {low} to {high}");
        }
    }
}
