//! Queries over tables: rounds of requests, each to the shards that may have what is asked for.
//!
//! The router prunes: what a query says of the column that rows are sharded by leads to one shard, or to those that a
//! range of it lies in; else every shard is asked, and the round ends when the slowest has answered. A join in the
//! application has a second round, to where the partners live; so has a row in two parts. An update that does not know
//! where its row lives looks for it first. Writes are operations of sessions of their own, all at once.
//!
//! Parts of an answer are of different moments. While keys move, a row could be seen at both ends of its move or at
//! neither: shards say which keys they served, and where two parts do not fit they are asked again.

mod rounds;
mod route;
mod summary;
mod writes;

use std::collections::{BTreeMap, BTreeSet};

use shardlab_consistency::{NO_NODE, Operation, OperationKind, Outcome};
use shardlab_sim::{Context, Time};

use crate::client::ClientPool;
use crate::client::fanout::Fanout;
use crate::client::sessions::{Session, Work};
use crate::message::{Message, QueryAnswer};
use crate::node::{Observation, ObservedQuery};
use crate::shard_map::ShardId;
use crate::tables::keys::{copy_key, far_key, row_key};
use crate::tables::{Bound, ColumnId, JoinWay, Matching, QueryKind, Statement, TableId};
use crate::workload::Drawn;

/// Size of a reference to a row on the wire.
const KEY_BYTES: u32 = 8;

/// A query under way.
#[derive(Clone, Debug)]
pub(super) struct QueryWork {
    drawn: Drawn,
    /// Counted from one.
    round: u8,
    now: Round,
    fanout: Fanout,
    answers: BTreeMap<ShardId, QueryAnswer>,
    /// Of a round for keys: those that have come.
    fetched: BTreeSet<u64>,
    writes_left: u32,
    /// The worst of its writes'.
    outcome: Outcome,
    /// Of a query for the row with one id: its key, and what its last write left.
    single: Option<(u64, u64)>,
    /// A job of the pool's own, not an operation of the workload.
    is_refresh: bool,
    // Measures.
    seen: ObservedQuery,
}

/// What a round is for.
#[derive(Clone, Debug)]
enum Round {
    /// Finds rows.
    Find { matching: Matching, row_bytes: u32, read_bytes: u32, then: Then },
    /// Fetches rows whose keys are known.
    Fetch { keys: Vec<u64>, row_bytes: u32 },
    /// Writes rows, or reads a summary.
    Parts,
}

/// What becomes of the rows that were found.
#[derive(Clone, Debug)]
enum Then {
    /// They are the answer.
    Answer,
    /// They are joined with those that this column refers to.
    Join(ColumnId),
    /// Their other parts are fetched.
    FetchFar,
    /// The row is where it was thought to be: on with the update.
    Update,
    /// They carry copies of the row, and are written with it.
    WriteCarriers,
}

impl QueryWork {
    pub fn awaits_answer(&self) -> bool {
        self.fanout.outstanding() > 0 || self.writes_left > 0
    }

    pub fn stop_waiting(&mut self) {
        self.fanout.stop_waiting();
    }

    /// The operation that it is in the history, if it reads.
    pub fn operation(&self, session: &Session, outcome: Outcome, completed: Time) -> Option<Operation> {
        let is_read = !self.seen.has_parts && self.seen.reads_rows && !self.is_refresh;
        // A row that was asked for by its id is one key, of which the judges of single keys know what to think.
        let (kind, key, value) = match self.single {
            Some((key, value)) => (OperationKind::Read, key, value),
            None => {
                let row = self.seen.first_row.unwrap_or(0);
                (OperationKind::Scan, row_key(self.seen.matching.table, row), self.seen.found)
            }
        };
        is_read.then(|| Operation {
            process: session.number,
            node: NO_NODE,
            kind,
            outcome,
            key,
            value,
            previous: 0,
            invoked: session.invoked,
            completed: if outcome == Outcome::Info { Time::MAX } else { completed },
        })
    }
}

impl ClientPool {
    pub(super) fn begin_query(&mut self, slot: usize, drawn: Drawn, cx: &mut Context<'_, Message>) {
        self.begin_query_as(slot, drawn, false, cx);
    }

    fn begin_query_as(&mut self, slot: usize, drawn: Drawn, is_refresh: bool, cx: &mut Context<'_, Message>) {
        let statement = self.statement(&drawn);
        let limit = (statement.kind == QueryKind::Select).then_some(statement.limit);
        let matching = Matching { table: statement.table, bounds: drawn.bounds.clone(), limit };
        let reads_rows = statement.kind == QueryKind::Select || statement.kind == QueryKind::Count;
        let seen = ObservedQuery::new(drawn.statement, matching, reads_rows, cx.now());
        let work = QueryWork {
            drawn,
            round: 0,
            now: Round::Parts,
            fanout: Fanout::new([]),
            answers: BTreeMap::new(),
            fetched: BTreeSet::new(),
            writes_left: 0,
            outcome: Outcome::Ok,
            single: None,
            is_refresh,
            seen,
        };
        self.sessions[slot].begin(Work::Query(Box::new(work)), cx.now());
        self.first_round(slot, cx);
    }

    fn statement(&self, drawn: &Drawn) -> Statement {
        let tables = self.tables.as_ref().expect("queries are drawn where there are tables");
        tables.statements[usize::from(drawn.statement)].clone()
    }

    fn first_round(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let Work::Query(query) = &self.sessions[slot].work else { return };
        let (drawn, matching, is_refresh) =
            (query.drawn.clone(), query.seen.matching.clone(), query.is_refresh);
        let statement = self.statement(&drawn);
        match statement.kind {
            QueryKind::Count if statement.summary_ns.is_some() && !is_refresh => {
                self.read_summary(slot, drawn.statement, cx);
            }
            QueryKind::Select | QueryKind::Count => {
                let round = self.find_rows(&statement, matching);
                self.begin_round(slot, round, cx);
            }
            QueryKind::Update => self.locate(slot, matching, cx),
            QueryKind::Insert => self.write_row(slot, Vec::new(), cx),
        }
    }

    fn find_rows(&self, statement: &Statement, matching: Matching) -> Round {
        let schema = self.schema();
        let table = statement.table;
        let partner = statement.join.map(|(column, way)| {
            let other = schema.refers_to(column).expect("a checked join has a partner");
            (column, way, schema.own_bytes(other))
        });
        // What a local join reads and returns besides; what rows carry along is part of them.
        let beside = match partner {
            Some((_, JoinWay::Reference | JoinWay::CoLocated, bytes)) => bytes,
            _ => 0,
        };
        let whole = schema.row_bytes(table) + beside;
        let returned = match statement.join {
            Some((_, JoinWay::Denormalised)) => whole,
            _ => schema.own_bytes(table) + beside,
        };
        let then = match partner {
            Some((column, JoinWay::Application, _)) => Then::Join(column),
            _ if statement.far => Then::FetchFar,
            _ => Then::Answer,
        };
        let row_bytes = if statement.kind == QueryKind::Count { 0 } else { returned };
        Round::Find { matching, row_bytes, read_bytes: whole, then }
    }

    /// A round has come to its end: what was found is what the next goes by.
    fn next_round(&mut self, slot: usize, cx: &mut Context<'_, Message>) {
        let single = self.by_id(slot);
        let Work::Query(query) = &mut self.sessions[slot].work else { return };
        let Round::Find { matching, then, .. } = &query.now else {
            return self.end_query(slot, Outcome::Ok, cx);
        };
        let (table, then) = (matching.table, then.clone());
        let mut rows: Vec<u64> =
            query.answers.values().flat_map(|answer| answer.rows.iter().copied()).collect();
        rows.sort_unstable_by(|one, other| other.cmp(one));
        match then {
            Then::WriteCarriers => return self.write_row(slot, carriers(table, &rows), cx),
            Then::Update => return self.update_located(slot, cx),
            Then::Answer | Then::Join(_) | Then::FetchFar => {}
        }
        let most = query.seen.matching.limit.map_or(u64::MAX, u64::from);
        rows.truncate(most as usize);
        query.seen.found = query.answers.values().map(|answer| answer.count).sum::<u64>().min(most);
        query.seen.first_row = rows.first().copied();
        query.single = single;
        let is_refresh = query.is_refresh;
        match then {
            Then::Join(column) => self.fetch_partners(slot, column, &rows, cx),
            Then::FetchFar => {
                let keys = rows.iter().map(|&row| far_key(table, row)).collect();
                self.fetch(slot, keys, self.schema().far_bytes(table), cx);
            }
            _ if is_refresh => self.write_summary(slot, cx),
            _ => self.end_query(slot, Outcome::Ok, cx),
        }
    }

    /// The key of the only row that was asked for and found, by its id, and what its last write left.
    fn by_id(&self, slot: usize) -> Option<(u64, u64)> {
        let Work::Query(query) = &self.sessions[slot].work else { return None };
        let schema = self.schema();
        let matching = &query.seen.matching;
        let is_one = |bound: &&Bound| bound.low == bound.high && schema.is_id(bound.column);
        matching.bounds.iter().find(is_one).filter(|_| matching.limit.is_some())?;
        let (&shard, answer) = query.answers.iter().find(|(_, answer)| !answer.rows.is_empty())?;
        let row = answer.rows[0];
        let key = match schema.is_everywhere(matching.table) {
            true => copy_key(matching.table, row, shard),
            false => row_key(matching.table, row),
        };
        Some((key, answer.value))
    }

    fn fetch_partners(&mut self, slot: usize, column: ColumnId, rows: &[u64], cx: &mut Context<'_, Message>) {
        let schema = self.schema();
        let partners = rows.iter().filter_map(|&row| schema.referred(column, row));
        let keys: BTreeSet<u64> = partners.map(|(other, partner)| row_key(other, partner)).collect();
        let bytes = schema.refers_to(column).map_or(0, |other| schema.own_bytes(other));
        self.fetch(slot, keys.into_iter().collect(), bytes, cx);
    }

    fn fetch(&mut self, slot: usize, keys: Vec<u64>, row_bytes: u32, cx: &mut Context<'_, Message>) {
        if keys.is_empty() {
            return self.end_query(slot, Outcome::Ok, cx);
        }
        self.begin_round(slot, Round::Fetch { keys, row_bytes }, cx);
    }

    /// Ends the query, whatever came of it.
    pub(super) fn end_query(&mut self, slot: usize, outcome: Outcome, cx: &mut Context<'_, Message>) {
        let session = &mut self.sessions[slot];
        let Work::Query(mut query) = std::mem::replace(&mut session.work, Work::Idle) else { return };
        let operation = query.operation(session, outcome, cx.now());
        query.seen.outcome = outcome;
        query.seen.completed = cx.now();
        query.seen.is_refresh = query.is_refresh;
        let is_refresh = query.is_refresh;
        if let Some(operation) = operation {
            cx.observe(Observation::Operation(operation));
        }
        cx.observe(Observation::Query(Box::new(query.seen)));
        if is_refresh {
            return self.rest_until_refresh(slot, outcome, cx);
        }
        self.end_operation(slot, outcome, cx);
    }
}

/// The keys of rows that carry copies.
fn carriers(table: TableId, rows: &[u64]) -> Vec<u64> {
    rows.iter().map(|&row| row_key(table, row)).collect()
}
