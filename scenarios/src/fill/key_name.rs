//! What people call a key.

use shardlab_models::tables::TableId;
use shardlab_models::tables::keys::{Address, address};

use crate::scenario::Scenario;

/// Its number; of a world of tables the table and the row, or the rows that a query asked for together.
pub(super) fn key_name(scenario: &Scenario, key: u64) -> String {
    let table = |TableId(table): TableId| scenario.table.get(usize::from(table));
    let named = match address(key) {
        Address::Row { table: of, row, far: false } | Address::Copy { table: of, row, .. } => {
            table(of).map(|table| format!("{} {row}", table.name))
        }
        Address::Row { table: of, row, far: true } => {
            table(of).map(|table| format!("{} {row}, the part kept apart", table.name))
        }
        Address::Value { table: of, value } => table(of).map(|table| {
            let by = table.shard_by.as_ref().or(scenario.sharding.key.as_ref());
            format!("{} of {} {value}", table.name, by.map_or("row", String::as_str))
        }),
        Address::Named { column, value } => table(column.table).and_then(|table| {
            let name = table.columns.keys().nth(column.column.into())?;
            Some(format!("{} of {name} {value}", table.name))
        }),
        Address::Other => None,
    };
    named.unwrap_or_else(|| key.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tests::scenario;
    use shardlab_models::tables::keys::{far_key, row_key, summary_key, value_key};

    #[test]
    fn a_key_of_a_table_is_called_by_table_and_row() {
        let mut scenario = scenario();
        assert_eq!(key_name(&scenario, 7), "7");
        scenario.table = ["customers", "orders"]
            .map(|name| {
                toml::from_str(&format!("name = '{name}'\nrows = 10\nshard-by = 'customer_id'")).unwrap()
            })
            .into();
        let names =
            [row_key(TableId(1), 7), far_key(TableId(0), 8), value_key(TableId(1), 9), summary_key(0)]
                .map(|key| key_name(&scenario, key));
        let summary = summary_key(0).to_string();
        let expected =
            ["orders 7", "customers 8, the part kept apart", "orders of customer_id 9", summary.as_str()];
        assert_eq!(names, expected);
    }
}
