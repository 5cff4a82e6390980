//! What queries had to find: the rows that were there for certain, and those that may have been.

use std::collections::BTreeMap;

use shardlab_consistency::{History, OperationKind, Outcome, QueryEvidence};
use shardlab_sim::Time;

use crate::node::ObservedQuery;
use crate::tables::keys::{Address, address};
use crate::tables::{Matching, Schema, TableId, Tables};
use crate::world::Expirations;

/// An inserted row.
#[derive(Clone, Copy, Debug)]
struct InsertedRow {
    row: u64,
    /// When its insert was sent.
    sent: Time,
    /// When the last of its copies was acknowledged; `Time::MAX` if one never was.
    acknowledged: Time,
    copies: u32,
}

/// The inserted rows of all tables.
struct Inserts<'a> {
    tables: &'a Tables,
    /// Where partitions by time are given up.
    expirations: Option<&'a Expirations>,
    by_table: BTreeMap<TableId, Vec<InsertedRow>>,
    /// By the number of an index and a value: places in the table's list.
    by_value: BTreeMap<(usize, u64), Vec<usize>>,
}

/// Of every query that was answered from rows: how many it found, and how many it must and may have found.
pub(super) fn evidence(
    queries: &[ObservedQuery],
    tables: &Tables,
    history: &History,
    (shards, expirations): (u32, Option<&Expirations>),
) -> Vec<QueryEvidence> {
    let inserts = Inserts { expirations, ..Inserts::new(tables, history, shards) };
    let answered = |query: &&ObservedQuery| {
        query.reads_rows && query.outcome == Outcome::Ok && (!query.has_parts || query.is_refresh)
    };
    queries.iter().filter(answered).map(|query| inserts.evidence_of(query)).collect()
}

impl<'a> Inserts<'a> {
    fn new(tables: &'a Tables, history: &History, shards: u32) -> Self {
        let mut rows: BTreeMap<(TableId, u64), InsertedRow> = BTreeMap::new();
        for operation in history.operations.iter().filter(|operation| operation.kind == OperationKind::Insert)
        {
            let (Address::Row { table, row, far: false } | Address::Copy { table, row, .. }) =
                address(operation.key)
            else {
                continue;
            };
            let new = InsertedRow { row, sent: operation.invoked, acknowledged: 0, copies: 0 };
            let entry = rows.entry((table, row)).or_insert(new);
            let ended = if operation.outcome == Outcome::Ok { operation.completed } else { Time::MAX };
            entry.sent = entry.sent.min(operation.invoked);
            entry.acknowledged = entry.acknowledged.max(ended);
            entry.copies += 1;
        }
        let mut by_table: BTreeMap<TableId, Vec<InsertedRow>> = BTreeMap::new();
        for ((table, _), mut row) in rows {
            if tables.schema.is_everywhere(table) && row.copies < shards {
                row.acknowledged = Time::MAX;
            }
            by_table.entry(table).or_default().push(row);
        }
        let mut by_value: BTreeMap<(usize, u64), Vec<usize>> = BTreeMap::new();
        for (number, index) in tables.indices.iter().enumerate() {
            for (place, row) in by_table.get(&index.column.table).into_iter().flatten().enumerate() {
                let value = tables.schema.value(index.column, row.row);
                by_value.entry((number, value)).or_default().push(place);
            }
        }
        Self { tables, expirations: None, by_table, by_value }
    }

    /// The rows that may match: by the first bound, or all of them.
    fn candidates(&self, matching: &Matching) -> Vec<&InsertedRow> {
        let Some(rows) = self.by_table.get(&matching.table) else { return Vec::new() };
        let indexed =
            matching.bounds.iter().find_map(|bound| Some((self.tables.index_of(bound.column)?, bound)));
        match indexed {
            None => rows.iter().collect(),
            Some((index, bound)) => {
                let places = self.by_value.range((index, bound.low)..=(index, bound.high));
                places.flat_map(|(_, places)| places).map(|&place| &rows[place]).collect()
            }
        }
    }

    /// Whether a row must, and may, be there for a query, as far as partitions are given up: from when nobody need be asked
    /// for it any more, and until nobody answers for it.
    fn kept(&self, query: &ObservedQuery, row: u64) -> (bool, bool) {
        let position = self.tables.schema.shard_value(query.matching.table, row);
        let gone = self.expirations.zip(position).and_then(|(gone, position)| gone.of(position));
        gone.map_or((true, true), |(unasked, unanswered)| {
            (query.completed < unasked, query.invoked <= unanswered)
        })
    }

    /// How many loaded rows a query must and may find.
    fn loaded(&self, query: &ObservedQuery) -> (u64, u64) {
        if self.expirations.is_none() {
            let loaded = self.tables.count_loaded(&query.matching);
            return (loaded, loaded);
        }
        let kept = self.tables.loaded(&query.matching).map(|row| self.kept(query, row));
        kept.fold((0, 0), |(least, most), (must, may)| (least + u64::from(must), most + u64::from(may)))
    }

    fn evidence_of(&self, query: &ObservedQuery) -> QueryEvidence {
        let matching = &query.matching;
        let (mut least, mut most) = self.loaded(query);
        for row in self.candidates(matching) {
            let may_be_seen = row.sent < query.completed;
            if may_be_seen && matching.holds(&self.tables.schema, row.row) {
                let (must, may) = self.kept(query, row.row);
                most += u64::from(may);
                least += u64::from(must && row.acknowledged < query.invoked);
            }
        }
        let limit = matching.limit.map_or(u64::MAX, u64::from);
        QueryEvidence {
            query: self.tables.statements[usize::from(query.statement)].name.clone(),
            asked: words(&self.tables.schema, matching),
            invoked: query.invoked,
            completed: query.completed,
            found: query.found,
            least: least.min(limit),
            most: most.min(limit),
        }
    }
}

/// "orders where customer_id = 7".
fn words(schema: &Schema, matching: &Matching) -> String {
    let bounds = matching.bounds.iter().map(|bound| {
        let name = schema.column_name(bound.column);
        match bound.low == bound.high {
            true => format!("{name} = {}", bound.low),
            false => format!("{name} in {} to {}", bound.low, bound.high),
        }
    });
    let bounds: Vec<String> = bounds.collect();
    let table = schema.name(matching.table);
    if bounds.is_empty() { table.to_owned() } else { format!("{table} where {}", bounds.join(" and ")) }
}
