//! Which query comes next, and for which values.

use std::collections::BTreeMap;
use std::sync::Arc;

use shardlab_sim::Random;

use crate::tables::schema::Domain;
use crate::tables::{Bound, ColumnId, Pick, QueryKind, Schema, Statement, TableId, Tables, Wanted};
use crate::workload::keys::{Chooser, KeySpace, Latest, Zipfian};

/// A query to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Which, of all queries of all workloads.
    pub statement: u16,
    /// What its columns must be.
    pub bounds: Vec<Bound>,
    /// The row that it writes.
    pub row: Option<u64>,
}

/// Draws the queries of one pool of one workload.
#[derive(Clone, Debug)]
pub(super) struct QueryGenerator {
    tables: Arc<Tables>,
    /// The workload's statements by number, each with the sum of weights up to and including it.
    statements: Vec<(u16, f64)>,
    /// By table: the rows that the pool knows of.
    rows: Vec<KeySpace>,
    /// By statement and predicate: what needs a table of its own to be drawn.
    zipfian: BTreeMap<(u16, usize), Zipfian>,
    latest: BTreeMap<(u16, usize), Latest>,
    // Streams, one a concern: which query, and by statement which values.
    kinds: Random,
    values: BTreeMap<u16, Random>,
}

impl QueryGenerator {
    /// For pool `pool` of the `pools` that share this workload; `stream` gives a stream a concern.
    pub fn new(
        (workload, pool, pools): (usize, u64, u64),
        tables: &Arc<Tables>,
        stream: &dyn Fn(&str) -> Random,
    ) -> Self {
        let schema = &tables.schema;
        let all = (0..).zip(&tables.statements);
        let mine: Vec<(u16, &Statement)> =
            all.filter(|(_, statement)| statement.workload == workload).collect();
        let statements = mine.iter().scan(0.0, |sum, (number, statement)| {
            *sum += statement.weight;
            Some((*number, *sum))
        });
        let (mut zipfian, mut latest) = (BTreeMap::new(), BTreeMap::new());
        for (number, statement) in &mine {
            for (place, &(column, wanted)) in statement.predicates.iter().enumerate() {
                match wanted {
                    Wanted::Drawn { pick: Pick::Zipfian(theta), .. } => {
                        let Domain::Ids(table) = schema.domain(column) else { continue };
                        zipfian.insert((*number, place), Zipfian::new(schema.rows(table), theta));
                    }
                    Wanted::Drawn { pick: Pick::Latest(theta), .. } => {
                        latest.insert((*number, place), Latest::new(schema.rows(column.table), theta));
                    }
                    Wanted::Drawn { .. } | Wanted::Fixed(_) => {}
                }
            }
        }
        Self {
            statements: statements.collect(),
            rows: schema.tables().map(|table| KeySpace::new(schema.rows(table), pool, pools)).collect(),
            zipfian,
            latest,
            kinds: stream("operations"),
            values: mine
                .iter()
                .map(|(number, statement)| (*number, stream(&format!("query.{}", statement.name))))
                .collect(),
            tables: Arc::clone(tables),
        }
    }

    /// The next query.
    pub fn next(&mut self) -> Drawn {
        let number = self.choose();
        let tables = Arc::clone(&self.tables);
        let statement = &tables.statements[usize::from(number)];
        if statement.kind == QueryKind::Insert {
            let row = self.rows[statement.table.index()].insert();
            return Drawn { statement: number, bounds: Vec::new(), row: Some(row) };
        }
        let predicates = statement.predicates.iter().enumerate();
        let mut bounds: Vec<Bound> = predicates
            .map(|(place, &(column, wanted))| self.bound((number, place), column, wanted, &tables.schema))
            .collect();
        let besides: Vec<Bound> =
            statement.also.iter().filter_map(|&column| besides(&tables.schema, &bounds, column)).collect();
        let row = bounds.first().filter(|_| statement.kind == QueryKind::Update);
        let row = row.map(|bound| tables.schema.row_of_id(bound.column.table, bound.low));
        bounds.extend(besides);
        Drawn { statement: number, bounds, row }
    }

    fn choose(&mut self) -> u16 {
        let (last, total) = self.statements[self.statements.len() - 1];
        let place = self.kinds.unit() * total;
        // Rounding can carry the place onto the total itself, which is the last one's.
        self.statements.iter().find(|&&(_, sum)| place < sum).map_or(last, |&(number, _)| number)
    }

    fn bound(&mut self, name: (u16, usize), column: ColumnId, wanted: Wanted, schema: &Schema) -> Bound {
        match wanted {
            Wanted::Fixed(value) => Bound { column, low: value, high: value },
            Wanted::Drawn { width, pick } => {
                let high = self.value(name, column, pick, schema);
                Bound { column, low: (high + 1).saturating_sub(width), high }
            }
        }
    }

    fn value(&mut self, name: (u16, usize), column: ColumnId, pick: Pick, schema: &Schema) -> u64 {
        let random = self.values.get_mut(&name.0).expect("every statement has a stream");
        let rows = &self.rows[column.table.index()];
        match (pick, schema.domain(column)) {
            (Pick::Latest(_), _) => {
                let latest = self.latest.get_mut(&name).expect("its table was made");
                schema.value(column, rows.key(latest.choose(rows.count(), random)))
            }
            (Pick::Rows, _) => schema.value(column, rows.key(random.below(rows.count()))),
            (Pick::Uniform, Domain::Numbers { low, count }) => low + random.below(count),
            (Pick::Uniform, Domain::Ids(table)) if table == column.table => {
                schema.id(table, rows.key(random.below(rows.count())))
            }
            (Pick::Uniform, Domain::Ids(table)) => schema.id(table, random.below(schema.rows(table))),
            (Pick::Zipfian(_), Domain::Ids(table)) => popular(schema, table, &self.zipfian[&name], random),
            (Pick::Zipfian(_), Domain::Numbers { .. }) => unreachable!("only ids are more or less popular"),
        }
    }
}

fn popular(schema: &Schema, table: TableId, law: &Zipfian, random: &mut Random) -> u64 {
    schema.id(table, schema.popular(table, law.rank(random)))
}

/// What the application knows besides: it follows from what was drawn.
fn besides(schema: &Schema, bounds: &[Bound], column: ColumnId) -> Option<Bound> {
    let exact = bounds.iter().filter(|bound| bound.low == bound.high);
    let value = exact.filter_map(|bound| schema.determined((bound.column, bound.low), column)).next()?;
    Some(Bound { column, low: value, high: value })
}
